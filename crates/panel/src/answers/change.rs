//! What an update does to a resource.

use schemars::JsonSchema;
use serde::Serialize;
use upgrade::Fate;

/// What we expect to really happen to a resource; AWS's own words may differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpectedChange {
    pub logical_id: String,
    pub resource_type: String,
    pub expected: FateWord,
    /// What AWS says without property values, such as `Modify, replacement Conditional`; `null`: nothing.
    pub aws_plain: Option<String>,
    /// What AWS says with property values.
    pub aws_values: Option<String>,
    /// Whether one of AWS's two answers is something else than what we expect.
    pub differs_from_aws: bool,
    /// Why, in short sentences.
    pub because: Vec<String>,
}

/// What happens to a resource. `instances-replaced`: the group stays, its instances are replaced in batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FateWord {
    Fails,
    Removed,
    Replaced,
    MayBeReplaced,
    InstancesReplaced,
    Added,
    UpdatedInPlace,
    MayBeUpdated,
    Unchanged,
}

impl From<upgrade::ExpectedChange> for ExpectedChange {
    fn from(change: upgrade::ExpectedChange) -> ExpectedChange {
        let upgrade::ExpectedChange {
            logical_id,
            resource_type,
            expected,
            aws_plain,
            aws_values,
            differs_from_aws,
            because,
        } = change;
        let expected = match expected {
            Fate::Fails => FateWord::Fails,
            Fate::Removed => FateWord::Removed,
            Fate::Replaced => FateWord::Replaced,
            Fate::MayBeReplaced => FateWord::MayBeReplaced,
            Fate::InstancesReplaced => FateWord::InstancesReplaced,
            Fate::Added => FateWord::Added,
            Fate::UpdatedInPlace => FateWord::UpdatedInPlace,
            Fate::MayBeUpdated => FateWord::MayBeUpdated,
            Fate::Unchanged => FateWord::Unchanged,
        };
        ExpectedChange {
            logical_id,
            resource_type,
            expected,
            aws_plain,
            aws_values,
            differs_from_aws,
            because,
        }
    }
}
