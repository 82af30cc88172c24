//! What a rehearsal tells, for people and programs alike: what came of it, where its times are from, and what it doesn't know.

use std::collections::BTreeSet;

use changeset::durations::Provenance;
use changeset::estimate::PointOfNoReturn;
use localcloud::services::resource_type;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use upgrade::{Plan, Timestamp, UpdateKind};

use super::compared::Compared;
use super::durations::Drawn;
use super::every_failure::Failures;
use super::many::{Distribution, operation};
use super::summary::{End, Operation, critical_path, operations};
use super::{Came, Rehearsal};
use crate::answers::{self, Answer};
use crate::snapshot::Snapshot;
use crate::words;

/// What a rehearsal tells.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Rehearsal")]
pub struct Told {
    /// The version of the program.
    pub program: String,
    pub deployment: String,
    pub from_version: Option<String>,
    pub to_version: Option<String>,
    /// The first run's seed; each following run has the next.
    pub seed: u64,
    /// When the deployment was looked at; `None`: it is made up from templates.
    #[serde(serialize_with = "words::as_moment")]
    #[schemars(with = "Option<panel::Moment>")]
    pub taken_at: Option<Timestamp>,
    pub distribution: Distribution,
    /// Of the primary stack's update.
    #[serde(serialize_with = "as_answer")]
    #[schemars(with = "Option<answers::PointOfNoReturn>")]
    pub point_of_no_return: Option<PointOfNoReturn>,
    pub affected: Affected,
    /// The run whose downtime is the middle one, in its course.
    pub timeline: Timeline,
    /// Every failure, one at a time, where it was asked for.
    pub failures: Option<Failures>,
    /// Types that the updates touch and of which nobody has measured how long they take, each with what is done.
    pub assumed: Vec<String>,
    /// Upgrades of this deployment that were held against the rehearsal before them.
    pub compared: Vec<Compared>,
    /// What the rehearsal doesn't simulate, a sentence each.
    pub not_simulated: Vec<String>,
    /// Secret parameters whose values are made up, as `STACK/PARAMETER`.
    pub made_up: Vec<String>,
    /// Checks that warn, and were accepted for the rehearsal.
    pub accepted: Vec<String>,
}

/// Who is kept out, and what is stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Affected {
    pub sessions: usize,
    pub computations: usize,
    pub jobs: usize,
    pub tasks: usize,
    pub instances: usize,
    /// The owners that are known, sorted.
    pub owners: Vec<String>,
}

/// A run in its course. Times are milliseconds since its beginning.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    pub seed: u64,
    /// When users were kept out, and let in.
    pub kept_out: Option<Span>,
    pub steps: Vec<Bar>,
    /// The operations of the primary stack's update.
    pub resources: Vec<Bar>,
}

/// From when until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Span {
    pub from: u64,
    pub until: u64,
}

/// Something that took a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bar {
    pub name: String,
    pub from: u64,
    pub until: u64,
    /// On the critical path.
    pub critical: bool,
}

impl Answer for Told {
    const NAME: &'static str = "rehearsal";
}

fn as_answer<S: Serializer>(point: &Option<PointOfNoReturn>, serializer: S) -> Result<S::Ok, S::Error> {
    point.as_ref().map(answers::PointOfNoReturn::from).serialize(serializer)
}

impl Told {
    /// Whether every run finished, and nothing that was made to fail came to what must never happen.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let failures = self.failures.iter().flat_map(|failures| &failures.outcomes);
        self.distribution.unfinished.is_empty() && failures.into_iter().all(|one| one.end != End::Broken)
    }

    /// What came of the runs of a rehearsal.
    #[must_use]
    pub fn of(
        rehearsal: &Rehearsal,
        snapshot: &Snapshot,
        seed: u64,
        distribution: Distribution,
        middle: &Came,
        (middle_seed, figures): (u64, &Drawn),
    ) -> Told {
        let plan = &rehearsal.plan;
        let primary = plan.primary();
        Told {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            deployment: snapshot.deployment.clone(),
            from_version: plan.from_version.clone(),
            to_version: plan.to_version.clone(),
            seed,
            taken_at: snapshot.taken_at,
            distribution,
            point_of_no_return: primary.and_then(|update| update.point_of_no_return.clone()),
            affected: affected(middle),
            timeline: Timeline::of(middle_seed, middle),
            failures: None,
            assumed: assumed(plan, figures),
            compared: Vec::new(),
            not_simulated: not_simulated(plan, snapshot),
            made_up: rehearsal.stage.made_up.clone(),
            accepted: rehearsal.accepted.clone(),
        }
    }
}

fn affected(came: &Came) -> Affected {
    let report = &came.report;
    let sessions = report.stopped_sessions.iter().map(|one| one.owner.clone());
    let computations = report.stopped_computations.iter().map(|one| one.owner.clone());
    let jobs = report.stopped_jobs.iter().filter_map(|one| one.owner.clone());
    let owners: BTreeSet<String> = sessions.chain(computations).chain(jobs).collect();
    Affected {
        sessions: report.stopped_sessions.len(),
        computations: report.stopped_computations.len(),
        jobs: report.stopped_jobs.len(),
        tasks: report.stopped_tasks.len(),
        instances: report.stopped_instances.len() + report.stopped_machines.len(),
        owners: owners.into_iter().collect(),
    }
}

impl Timeline {
    fn of(seed: u64, came: &Came) -> Timeline {
        let since = |at: Timestamp| at.milliseconds_since(came.began_at);
        let report = &came.report;
        let steps = report.steps.iter().map(|step| Bar {
            name: step.step.title().to_owned(),
            from: since(step.started_at),
            until: since(step.ended_at.unwrap_or(came.ended_at)),
            critical: false,
        });
        let critical = critical_path(report);
        let resource = |one: Operation<'_>| Bar {
            name: one.logical_id.to_owned(),
            from: since(Timestamp(one.from)),
            until: since(Timestamp(one.until)),
            critical: critical.iter().any(|critical| critical.logical_id == one.logical_id),
        };
        Timeline {
            seed,
            kept_out: report.gate_closed.map(|(from, until)| Span {
                from: since(from),
                until: since(until.unwrap_or(came.ended_at)),
            }),
            steps: steps.filter(|bar| bar.until > bar.from).collect(),
            resources: operations(report).into_iter().map(resource).collect(),
        }
    }
}

/// Types whose times nobody has measured.
fn assumed(plan: &Plan, figures: &Drawn) -> Vec<String> {
    let mut found = BTreeSet::new();
    for update in &plan.updates {
        for one in &update.expected {
            let Some(operation) = operation(one.expected) else { continue };
            let figure = figures.figure(&update.stack_name, &one.logical_id, &one.resource_type, operation);
            if figure.provenance == Provenance::Assumed {
                found.insert(format!("{} ({}, {} s)", one.resource_type, operation.word(), figure.seconds));
            }
        }
    }
    found.into_iter().collect()
}

/// What nobody should take from a rehearsal.
fn not_simulated(plan: &Plan, snapshot: &Snapshot) -> Vec<String> {
    let mut sentences = Vec::new();
    let types: BTreeSet<&str> = plan
        .updates
        .iter()
        .flat_map(|update| &update.expected)
        .filter(|one| operation(one.expected).is_some())
        .map(|one| one.resource_type.as_str())
        .collect();
    let by_schema: Vec<&str> =
        types.iter().copied().filter(|name| resource_type(name).name != *name).collect();
    let custom = |name: &&str| name.starts_with("Custom::") || *name == "AWS::CloudFormation::CustomResource";
    let (custom, by_schema): (Vec<&str>, Vec<&str>) = by_schema.into_iter().partition(custom);
    if !by_schema.is_empty() {
        sentences.push(format!(
            "What these services do with a resource: they are made and changed by what their schemas say alone: {}.",
            by_schema.join(", ")
        ));
    }
    if !custom.is_empty() {
        sentences.push(format!(
            "The functions behind custom resources: each answers with success: {}.",
            custom.join(", ")
        ));
    }
    sentences.push(
        "What runs on instances and in containers: a new release that doesn't start is not found here."
            .to_owned(),
    );
    sentences.push(
        "Quotas, capacity and outages of the account and Region, and what other people change meanwhile."
            .to_owned(),
    );
    if !plan.platform.sessions {
        sentences.push("People's sessions and computations: the platform's own API isn't known.".to_owned());
    }
    if snapshot.taken_at.is_none() {
        sentences.push(
            "What runs in this deployment: it is made up, two instances a group and three jobs a queue."
                .to_owned(),
        );
    }
    if plan.update(UpdateKind::BackupStack).is_none() && plan.update(UpdateKind::RoleStack).is_none() {
        sentences.push("Updates of linked stacks: none is named, or none changes.".to_owned());
    }
    sentences.extend(snapshot.unread.iter().cloned());
    sentences
}
