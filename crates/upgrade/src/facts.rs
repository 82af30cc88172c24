//! What a plan stands on: facts that were looked at when it was made, and are looked at again before the gate closes and
//! before the update. What no longer holds stops the run there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::circumstances::Database;
use crate::deployment::Deployment;
use crate::observation::{LogicalResource, WorkerGroup};
use crate::plan::{Targets, sha256_of};
use crate::state::Maintenance;

/// Something that a plan stands on. A secret parameter is what AWS shows of it: `****`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The primary stack's status.
    StackStatus,
    /// When the primary stack was last updated, as AWS writes it.
    LastUpdated,
    /// SHA-256 of the deployed template.
    Template,
    /// A parameter's value.
    Parameter(String),
    /// The physical id of something that maintenance touches.
    Target(String),
    /// The least and the greatest size of a worker group.
    Sizes(String),
    /// A database's storage.
    Storage(String),
    /// The run whose maintenance the deployment is in.
    Maintenance,
}

impl std::fmt::Display for Fact {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fact::StackStatus => formatter.write_str("the stack's status"),
            Fact::LastUpdated => formatter.write_str("the stack's last update"),
            Fact::Template => formatter.write_str("the deployed template"),
            Fact::Parameter(name) => write!(formatter, "the stack's parameter {name}"),
            Fact::Target(logical_id) => write!(formatter, "what stands behind {logical_id}"),
            Fact::Sizes(group) => write!(formatter, "the sizes of group {group}"),
            Fact::Storage(database) => write!(formatter, "the storage of database {database}"),
            Fact::Maintenance => formatter.write_str("the maintenance that the deployment is in"),
        }
    }
}

/// Facts as they were seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(Vec<(Fact, String)>);

/// Where facts are looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactsBefore {
    /// Nothing has been taken away yet: all of them count.
    Gate,
    /// Sizes and gate are maintenance's own by now.
    Update,
}

impl FactsBefore {
    pub(crate) const ALL: [FactsBefore; 2] = [FactsBefore::Gate, FactsBefore::Update];
}

impl Facts {
    /// What was seen of a deployment.
    #[must_use]
    pub fn gather(
        deployment: &Deployment,
        targets: &Targets,
        groups: &[WorkerGroup],
        databases: &[Database],
        found: Option<&Maintenance>,
    ) -> Facts {
        let mut facts: BTreeMap<Fact, String> = BTreeMap::new();
        facts.insert(Fact::StackStatus, deployment.status.clone());
        facts.insert(Fact::LastUpdated, deployment.last_updated.clone().unwrap_or_default());
        facts.insert(Fact::Template, sha256_of(deployment.template.as_bytes()));
        for (name, value) in &deployment.parameters {
            facts.insert(Fact::Parameter(name.clone()), value.clone());
        }
        let planned: BTreeSet<&str> = targets.all().map(|resource| resource.logical_id.as_str()).collect();
        let there = |resource: &&LogicalResource| planned.contains(resource.logical_id.as_str());
        for resource in deployment.resources.iter().filter(there) {
            facts.insert(Fact::Target(resource.logical_id.clone()), resource.physical_id.clone());
        }
        for group in groups {
            facts
                .insert(Fact::Sizes(group.name.clone()), format!("{} to {}", group.min_size, group.max_size));
        }
        for database in databases {
            let storage = format!("{} GiB", database.allocated_storage);
            facts.insert(Fact::Storage(database.identifier.clone()), storage);
        }
        if let Some(found) = found {
            facts.insert(Fact::Maintenance, found.run_id.clone());
        }
        Facts(facts.into_iter().collect())
    }

    /// What no longer holds, a sentence each.
    #[must_use]
    pub fn changed(&self, now: &Facts, before: FactsBefore) -> Vec<String> {
        let counts = |fact: &Fact| match (fact, before) {
            (Fact::Sizes(_) | Fact::Maintenance, FactsBefore::Update) => false,
            (
                Fact::StackStatus
                | Fact::LastUpdated
                | Fact::Template
                | Fact::Parameter(_)
                | Fact::Target(_)
                | Fact::Sizes(_)
                | Fact::Storage(_)
                | Fact::Maintenance,
                FactsBefore::Gate | FactsBefore::Update,
            ) => true,
        };
        let value = |facts: &Facts, fact: &Fact| {
            facts.0.iter().find(|(one, _)| one == fact).map(|(_, value)| value.clone())
        };
        let known: BTreeSet<&Fact> = self.0.iter().chain(&now.0).map(|(fact, _)| fact).collect();
        known
            .into_iter()
            .filter(|fact| counts(fact))
            .filter_map(|fact| {
                let (was, is) = (value(self, fact), value(now, fact));
                let word =
                    |value: Option<String>| value.filter(|one| !one.is_empty()).unwrap_or("none".to_owned());
                (was != is).then(|| format!("{fact} was {}, and is {}", word(was), word(is)))
            })
            .collect()
    }
}
