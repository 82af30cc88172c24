//! What was found in an account, in a deployment and in the settings.

use schemars::JsonSchema;
use serde::Serialize;

use super::Answer;

/// `slackwater init`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProposedSettings {
    /// What was found, and by what.
    pub found: Vec<String>,
    /// What a person must look at.
    pub to_look_at: Vec<String>,
    /// The text of `slackwater.toml`.
    pub settings: String,
    /// The file; `null`: none was written.
    pub written: Option<String>,
}

impl Answer for ProposedSettings {
    const NAME: &'static str = "init";
}

/// `slackwater snapshot`: what is in the file that it wrote, which has a form of its own.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SnapshotTaken {
    pub file: String,
    pub deployment: String,
    pub stacks: usize,
    pub resources: usize,
    /// Of the stacks' history.
    pub events: usize,
    /// What could not be read, a sentence each.
    pub unread: Vec<String>,
    /// Parameters that are left out, as `STACK/PARAMETER`.
    pub secret_parameters: Vec<String>,
    pub masked: bool,
    /// With `--mask`: parameters whose values are as they are.
    pub parameters_as_they_are: Vec<String>,
}

impl Answer for SnapshotTaken {
    const NAME: &'static str = "snapshot";
}

/// `slackwater notify`: who is told of a deployment's runs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ways {
    pub deployment: String,
    /// What notices link to.
    pub panel_url: Option<String>,
    pub ways: Vec<Way>,
}

impl Answer for Ways {
    const NAME: &'static str = "notify";
}

/// A way of telling.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Way {
    /// Such as `slack`.
    pub kind: &'static str,
    /// For a person, without secrets.
    pub name: String,
    /// With `--test`.
    pub test: Option<TestOfWay>,
}

/// Whether a way took the test.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TestOfWay {
    pub taken: bool,
    /// The status with which it was answered, where it is HTTP.
    pub code: Option<u16>,
    /// Why it wasn't taken.
    pub because: Option<String>,
}
