//! How deployments stand.

use panel::answers::{Banner, DeploymentStanding, Known, ListedComputation, ListedMachine, Queue};
use schemars::JsonSchema;
use serde::Serialize;

use super::Answer;
use super::run::ListedRun;

/// `slackwater status` and `maintenance status`.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    pub deployments: Vec<Standing>,
    /// Those that can't be looked at.
    pub unreached: Vec<Unreached>,
}

impl Answer for Status {
    const NAME: &'static str = "status";
}

/// A deployment that can't be looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Unreached {
    pub name: String,
    pub because: String,
}

/// A deployment as it is: what the API says of it, and more.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    #[serde(flatten)]
    pub standing: DeploymentStanding,
    /// The primary stack's name.
    pub stack: String,
    /// Why nobody knows how the gate stands.
    pub gate_unknown_because: Option<String>,
    /// Work is stopped, or the gate is closed, by the notes on it.
    pub in_maintenance: bool,
    /// Ways in that stand open although others are closed.
    pub open_doors: Vec<String>,
    /// `null`: the platform has no way to tell.
    pub computations: Option<Known<ListedComputation>>,
    /// Instances outside of every worker group.
    pub machines: Known<ListedMachine>,
    pub queues: Known<Queue>,
    /// Alarms that maintenance has muted.
    pub muted_alarms: Known<String>,
    /// The text that users see; `null`: the platform has no way to tell.
    pub banner: Option<Known<String>>,
    /// Our change sets that wait to be executed.
    pub change_sets: Known<String>,
    /// The last run that is known here.
    pub last_run: Option<ListedRun>,
    /// Why nobody knows here of any run.
    pub runs_unknown_because: Option<String>,
    /// What a person must mind, a sentence each, the gravest first.
    pub attention: Vec<String>,
}

/// `slackwater banner`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BannerShown {
    pub deployment: String,
    /// `null`: none is shown.
    pub banner: Option<Banner>,
}

impl Answer for BannerShown {
    const NAME: &'static str = "banner";
}
