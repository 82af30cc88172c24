//! Runs: their list, the report of one, and one line by line while it goes on.

use panel::Moment;
use panel::answers::{
    AskedQuestion, FoundMaintenance, Gate, Line, ListedComputation, ListedJob, ListedMachine, ListedSession,
    Outcome, ResourceEvent, RunStep, RunSummary, Seen,
};
use schemars::JsonSchema;
use serde::Serialize;
use upgrade::{Acceptance, EcsTask, SnapshotSeen};

use super::Answer;

/// `slackwater run list`, the oldest first.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Runs {
    pub runs: Vec<ListedRun>,
    /// Where runs are kept that could not be read, and why: what is listed may not be all.
    pub unreached: Vec<super::Unreached>,
}

impl Answer for Runs {
    const NAME: &'static str = "runs";
}

/// A run in a line, as the API has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedRun {
    #[serde(flatten)]
    pub summary: RunSummary,
    /// It was claimed, and its first record isn't written: soon, or never.
    pub not_begun: bool,
    /// It waits for a person's decision.
    pub asks: bool,
    /// Who carries it out; `null`: nobody.
    pub carried_out_by: Option<String>,
    /// Why its plan or its records can't be read.
    pub unreadable_because: Option<String>,
}

/// `slackwater run show`: what the API says of a run, and more.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunReport {
    #[serde(flatten)]
    pub summary: RunSummary,
    pub plan_sha256: String,
    pub approval: Option<Approval>,
    pub accepted: Vec<Accepted>,
    /// What a person must decide.
    pub question: Option<AskedQuestion>,
    /// What was seen of the deployment when it had ended.
    pub seen: Option<Seen>,
    /// The maintenance in which it found the deployment.
    pub found: Option<FoundMaintenance>,
    /// Since when users were kept out, or work was stopped.
    pub users_out_from: Option<Moment>,
    /// Until when; `null`: this run has not let them in.
    pub users_out_until: Option<Moment>,
    pub steps: Vec<RunStep>,
    pub stopped: Stopped,
    pub snapshots: Vec<TakenSnapshot>,
    /// What came back behind the closed gate.
    pub came_back: Vec<String>,
    pub still_to_put_back: Vec<String>,
    /// What CloudFormation's clean-up could not delete.
    pub left_behind: Vec<String>,
    pub decisions: Vec<String>,
    pub remarks: Vec<String>,
    /// How often another process had to go on with it.
    pub times_resumed: usize,
    /// How often the machine that carried it out stood still.
    pub times_stood_still: usize,
    /// The events of the updates, oldest first.
    pub stack_events: Vec<ResourceEvent>,
}

impl Answer for RunReport {
    const NAME: &'static str = "run";
}

/// Who approved a plan.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Approval {
    pub by: String,
    pub at: Moment,
    pub plan_sha256: String,
}

impl From<&upgrade::Approval> for Approval {
    fn from(approval: &upgrade::Approval) -> Approval {
        let upgrade::Approval { by, at, plan_sha256 } = approval.clone();
        Approval { by, at: at.into(), plan_sha256 }
    }
}

/// What somebody accepted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Accepted {
    /// A check's id, or the logical id of a resource.
    pub what: String,
    pub who: String,
    pub why: String,
    /// Of a check that is accepted by itself: its warnings, as they were read.
    pub of: Vec<String>,
}

impl From<&Acceptance> for Accepted {
    fn from(acceptance: &Acceptance) -> Accepted {
        let Acceptance { what, who, why, of } = acceptance.clone();
        Accepted { what, who, why, of }
    }
}

/// What a run stopped, as it was when maintenance came to it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Stopped {
    pub sessions: Vec<ListedSession>,
    pub computations: Vec<ListedComputation>,
    pub jobs: Vec<ListedJob>,
    pub instances: Vec<StoppedInstance>,
    pub machines: Vec<ListedMachine>,
    pub tasks: Vec<StoppedTask>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoppedInstance {
    pub group: String,
    pub instance_id: String,
    /// Auto Scaling's word, such as `InService`.
    pub lifecycle_state: String,
    pub in_warm_pool: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoppedTask {
    pub task_arn: String,
    pub service_arn: String,
    /// ECS's word, such as `RUNNING`.
    pub status: String,
}

impl From<&EcsTask> for StoppedTask {
    fn from(task: &EcsTask) -> StoppedTask {
        let EcsTask { arn, service_arn, status } = task.clone();
        StoppedTask { task_arn: arn, service_arn, status }
    }
}

/// A snapshot that was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TakenSnapshot {
    pub name: String,
    pub id: String,
    pub complete: bool,
    /// Why it never will be.
    pub failure: Option<String>,
}

impl From<&SnapshotSeen> for TakenSnapshot {
    fn from(seen: &SnapshotSeen) -> TakenSnapshot {
        let SnapshotSeen { name, id, complete, failure, percent: _ } = seen.clone();
        TakenSnapshot { name, id, complete, failure }
    }
}

/// A line of a run that goes on, as the API has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunLine {
    pub run_id: String,
    #[serde(flatten)]
    pub line: Line,
}

impl Answer for RunLine {
    const NAME: &'static str = "run-line";
}

/// The last line of a run that has ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunEnded {
    pub run_id: String,
    pub outcome: Outcome,
    /// `null`: nobody could look.
    pub seen: Option<Seen>,
    /// Users are kept out, which nobody asked for, or nobody knows.
    pub needs_somebody: bool,
}

impl Answer for RunEnded {
    const NAME: &'static str = "run-end";
}

/// The last line of a run that waits for a person's decision.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunAsked {
    pub run_id: String,
    pub question: AskedQuestion,
    /// By a look at that moment.
    pub gate: Gate,
}

impl Answer for RunAsked {
    const NAME: &'static str = "run-question";
}

/// The last line of a run that was interrupted, and is left where it was.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeftRun {
    pub run_id: String,
    /// The signal.
    pub by: String,
    /// What it was doing.
    pub step: String,
    pub users_kept_out: bool,
    pub seen_by: UsersSeenBy,
}

impl Answer for LeftRun {
    const NAME: &'static str = "run-interrupted";
}

/// How it is known where users are: by a look at the gate, or only by what the run has written.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UsersSeenBy {
    Gate,
    Journal,
}

/// `slackwater maintenance enable` where there is nothing to do.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlreadyInMaintenance {
    pub deployment: String,
    pub maintenance: FoundMaintenance,
}

impl Answer for AlreadyInMaintenance {
    const NAME: &'static str = "already-in-maintenance";
}

/// What was asked of a run, by `slackwater run stop` or `run answer`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunRequested {
    pub run_id: String,
    /// Whether anything was asked of it.
    pub asked: bool,
    /// What follows, in a sentence.
    pub message: String,
    /// What it waits for.
    pub question: Option<AskedQuestion>,
    /// Whether somebody carries it out, and takes it up; else `slackwater run resume` does.
    pub carried_out: bool,
}

impl Answer for RunRequested {
    const NAME: &'static str = "run-request";
}
