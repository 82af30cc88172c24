//! What an update will do.

use std::collections::BTreeMap;

use changeset::estimate::{self, Timed};
use changeset::risks;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Answer;

/// `slackwater changeset`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Changes {
    /// In the form of DescribeChangeSet, which is AWS's.
    #[serde(rename = "Changes")]
    pub changes: Value,
    pub expectations: Vec<Expected>,
    pub risks: Vec<Risk>,
    /// The least IAM policy that the update needs.
    pub permissions: Value,
    pub estimate: Estimate,
    /// Keys of the new template that don't count, a sentence each.
    pub displaced_keys: Vec<String>,
    pub parameters: Vec<ChangedParameter>,
}

impl Answer for Changes {
    const NAME: &'static str = "changeset";
}

/// What we expect to happen to a resource. Its members and words are those of the first releases: scripts of others score this
/// program by them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Expected {
    pub logical_id: String,
    pub resource_type: String,
    /// As the table has it, such as `changed in place`.
    pub expected: &'static str,
    /// Whether AWS's change set says something else.
    pub differs_from_aws: bool,
    /// The properties that change, or may.
    pub changed_properties: Vec<String>,
    pub because: Vec<String>,
}

/// A danger of the update, in the same form.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Risk {
    /// In a few words, such as `data lost`.
    pub kind: &'static str,
    /// False when it depends on something that only AWS knows.
    pub certain: bool,
    pub logical_id: Option<String>,
    pub resource_type: Option<String>,
    pub because: String,
}

impl From<&risks::Risk> for Risk {
    fn from(risk: &risks::Risk) -> Risk {
        let risks::Risk { kind, certain, logical_id, resource_type, because } = risk.clone();
        Risk { kind: kind.title(), certain, logical_id, resource_type, because }
    }
}

/// A parameter of the new template. Secrets are `****`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChangedParameter {
    pub name: String,
    pub before: Option<String>,
    pub after: String,
    pub source: ValueSource,
    pub changed: bool,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ValueSource {
    Given,
    Previous,
    Default,
}

/// How long the update takes; an estimate, not a promise.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Estimate {
    pub update_seconds: u64,
    pub clean_up_seconds: u64,
    pub operations: Vec<Operation>,
    pub critical_path: Vec<Operation>,
    /// Of the operations' time, how much is known from where.
    pub provenance_percent: BTreeMap<String, u64>,
    pub point_of_no_return: Option<PointOfNoReturn>,
}

/// What is done with a resource, and for how long.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    pub logical_id: String,
    pub resource_type: String,
    /// `create`, `update` or `delete`.
    pub operation: &'static str,
    pub begins_seconds: u64,
    pub seconds: u64,
    /// Where that is from: `own-events`, `documented`, `averages`, `assumed`.
    pub provenance: String,
}

/// From where on the update can't be taken back.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PointOfNoReturn {
    pub logical_id: String,
    /// The earliest time, after the update's beginning.
    pub begins_seconds: u64,
    /// What is lost, as a clause.
    pub why: String,
    /// How many more such resources there are.
    pub more: usize,
}

impl From<&estimate::PointOfNoReturn> for PointOfNoReturn {
    fn from(point: &estimate::PointOfNoReturn) -> PointOfNoReturn {
        let estimate::PointOfNoReturn { logical_id, begins_seconds, why, more } = point.clone();
        PointOfNoReturn { logical_id, begins_seconds, why, more }
    }
}

/// The word by which something is written in JSON.
fn word(of: impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

impl From<&Timed> for Operation {
    fn from(timed: &Timed) -> Operation {
        Operation {
            logical_id: timed.logical_id.clone(),
            resource_type: timed.resource_type.clone(),
            operation: timed.operation.word(),
            begins_seconds: timed.begins_seconds,
            seconds: timed.figure.seconds,
            provenance: word(timed.figure.provenance),
        }
    }
}

impl From<&estimate::Estimate> for Estimate {
    fn from(estimate: &estimate::Estimate) -> Estimate {
        let estimate::Estimate {
            update_seconds,
            clean_up_seconds,
            operations,
            critical_path,
            point_of_no_return,
        } = estimate;
        Estimate {
            update_seconds: *update_seconds,
            clean_up_seconds: *clean_up_seconds,
            operations: operations.iter().map(Operation::from).collect(),
            critical_path: critical_path.iter().map(Operation::from).collect(),
            provenance_percent: estimate
                .shares()
                .into_iter()
                .map(|(from, share)| (word(from), share))
                .collect(),
            point_of_no_return: point_of_no_return.as_ref().map(PointOfNoReturn::from),
        }
    }
}
