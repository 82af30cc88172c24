//! What was found out for an upgrade in the making.

use schemars::JsonSchema;
use serde::Serialize;
use upgrade::{ParameterPlace, ParameterRow, PlannedRisk};

use super::deployment::{ListedComputation, ListedJob, ListedMachine, ListedSession};

/// A parameter, three ways. Of a secret only whether it has a value is told: its values are `****`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedParameter {
    pub name: String,
    /// Under which heading the vendor shows it.
    pub group: Option<String>,
    /// What the vendor calls it.
    pub label: Option<String>,
    pub place: ParameterPlaceWord,
    /// The stack's value; for a parameter store type the name in the store.
    pub current: Option<String>,
    /// The deployed release's default.
    pub old_default: Option<String>,
    /// The new release's default.
    pub new_default: Option<String>,
    /// The value that the update gives it; `null`: it has none, or leaves.
    pub will_be: Option<String>,
    /// Both releases have it, with different defaults.
    pub changed_default: bool,
    /// It is NoEcho, in one of the two releases.
    pub secret: bool,
    /// Why CloudFormation would refuse the value, or the lack of one. Never says the value.
    pub constraint_error: Option<String>,
    /// What the new release takes; `null`: it leaves, or is a secret, which nobody gives here.
    pub constraints: Option<Constraints>,
}

/// In which release a parameter is: in both, only in the new one, only in the deployed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ParameterPlaceWord {
    Kept,
    New,
    Gone,
}

/// The constraints of a parameter, as the new release's template has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ParameterConstraints")]
pub struct Constraints {
    /// As templates write it.
    #[serde(rename = "type")]
    pub type_name: String,
    pub description: Option<String>,
    /// Empty: there is no such constraint.
    pub allowed_values: Vec<String>,
    /// A regular expression of Java's for the whole value.
    pub allowed_pattern: Option<String>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    /// As a number is written.
    pub min_value: Option<String>,
    /// As a number is written.
    pub max_value: Option<String>,
    /// What is said when one isn't met.
    pub constraint_description: Option<String>,
}

impl From<ParameterRow> for ListedParameter {
    fn from(row: ParameterRow) -> ListedParameter {
        let ParameterRow {
            name,
            group,
            label,
            place,
            current,
            old_default,
            new_default,
            will_be,
            changed_default,
            secret,
            constraint_error,
            constraints,
        } = row;
        let place = match place {
            ParameterPlace::Kept => ParameterPlaceWord::Kept,
            ParameterPlace::New => ParameterPlaceWord::New,
            ParameterPlace::Gone => ParameterPlaceWord::Gone,
        };
        ListedParameter {
            name,
            group,
            label,
            place,
            current,
            old_default,
            new_default,
            will_be,
            changed_default,
            secret,
            constraint_error,
            constraints: constraints.map(Constraints::from),
        }
    }
}

impl From<upgrade::ParameterConstraints> for Constraints {
    fn from(constraints: upgrade::ParameterConstraints) -> Constraints {
        let upgrade::ParameterConstraints {
            type_name,
            description,
            allowed_values,
            allowed_pattern,
            min_length,
            max_length,
            min_value,
            max_value,
            constraint_description,
        } = constraints;
        Constraints {
            type_name,
            description,
            allowed_values,
            allowed_pattern,
            min_length,
            max_length,
            min_value,
            max_value,
            constraint_description,
        }
    }
}

/// A danger of the update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Risk {
    /// Which update, in words.
    pub update: String,
    /// Its kind, in a few words.
    pub kind: String,
    /// `false`: it depends on something that only AWS knows.
    pub certain: bool,
    /// The resource, where it is one.
    pub logical_id: Option<String>,
    /// Why, in a sentence.
    pub because: String,
}

impl From<PlannedRisk> for Risk {
    fn from(risk: PlannedRisk) -> Risk {
        let PlannedRisk { update, kind, certain, logical_id, because } = risk;
        Risk { update: update.title().to_owned(), kind, certain, logical_id, because }
    }
}

/// Who and what was at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AtWork {
    pub sessions: Vec<ListedSession>,
    pub computations: Vec<ListedComputation>,
    /// Unfinished jobs.
    pub jobs: Vec<ListedJob>,
    /// Instances of worker groups.
    pub worker_instances: usize,
    /// Tasks of ECS services.
    pub service_tasks: usize,
    pub dedicated_machines: Vec<ListedMachine>,
}

impl From<&upgrade::AtWork> for AtWork {
    fn from(found: &upgrade::AtWork) -> AtWork {
        let upgrade::AtWork {
            sessions,
            computations,
            jobs,
            worker_instances,
            service_tasks,
            dedicated_machines,
        } = found;
        AtWork {
            sessions: sessions.iter().map(ListedSession::from).collect(),
            computations: computations.iter().map(ListedComputation::from).collect(),
            jobs: jobs.iter().map(ListedJob::from).collect(),
            worker_instances: *worker_instances,
            service_tasks: *service_tasks,
            dedicated_machines: dedicated_machines.iter().map(ListedMachine::from).collect(),
        }
    }
}
