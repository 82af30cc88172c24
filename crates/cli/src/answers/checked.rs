//! What came of the checks.

use panel::answers::Check;
use schemars::JsonSchema;
use serde::Serialize;

use super::Answer;
use super::run::Accepted;

/// `slackwater check`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checked {
    pub deployment: String,
    pub from_version: Option<String>,
    pub checks: Vec<Check>,
    /// What is accepted, and had to be.
    pub accepted: Vec<Accepted>,
    /// The checks that stand in the way of a plan, by id.
    pub in_the_way: Vec<String>,
    /// The update is foretold to fail.
    pub foretold_to_fail: bool,
    /// Addresses of what was written beside the deployment.
    pub written: Vec<String>,
    /// With `--drift`.
    pub drift: Option<Vec<StackDrift>>,
}

impl Answer for Checked {
    const NAME: &'static str = "check";
}

/// What was changed in a stack outside of CloudFormation.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StackDrift {
    pub stack: String,
    /// `null`: it could not be looked at.
    pub drifted: Option<Vec<Drift>>,
    pub unknown_because: Option<String>,
}

/// A property that was changed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Drift {
    pub logical_id: String,
    pub resource_type: String,
    /// Such as `/Properties/Description`; `null`: the resource was deleted.
    pub path: Option<String>,
    /// Whether the release wants it so.
    pub agrees: bool,
    /// The report by which AWS sees drift where there is none.
    pub perhaps_false: Option<&'static str>,
}
