//! Runs: where they stand, and what was seen when they had ended.

use conductor::Claim;
use schemars::JsonSchema;
use serde::Serialize;
use upgrade::{Maintenance, RunKind, StepReport};

use super::deployment::Gate;
use crate::moment::Moment;

/// A run in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunSummary {
    pub run_id: String,
    pub deployment: String,
    pub stack: String,
    /// `null`: its plan can't be read.
    pub kind: Option<RunKind>,
    pub from_version: Option<String>,
    pub to_version: Option<String>,
    pub started_at: Moment,
    pub last_at: Moment,
    /// Where it stands, in a few words; or why it can't be read.
    pub standing: String,
    pub ended: bool,
    /// `null`: it goes on, or can't be read.
    pub outcome: Option<Outcome>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Outcome {
    pub word: OutcomeWord,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeWord {
    Upgraded,
    NotUpgraded,
    WentBack,
    InMaintenance,
    OutOfMaintenance,
    GateClosed,
}

impl From<&upgrade::Outcome> for Outcome {
    fn from(outcome: &upgrade::Outcome) -> Outcome {
        let (word, reason) = match outcome {
            upgrade::Outcome::Upgraded => (OutcomeWord::Upgraded, None),
            upgrade::Outcome::NotUpgraded { reason } => (OutcomeWord::NotUpgraded, Some(reason)),
            upgrade::Outcome::WentBack { reason } => (OutcomeWord::WentBack, Some(reason)),
            upgrade::Outcome::InMaintenance => (OutcomeWord::InMaintenance, None),
            upgrade::Outcome::OutOfMaintenance => (OutcomeWord::OutOfMaintenance, None),
            upgrade::Outcome::GateClosed { reason } => (OutcomeWord::GateClosed, Some(reason)),
        };
        Outcome { word, reason: reason.cloned() }
    }
}

/// Who carries a run out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CarriedOutBy {
    pub holder: String,
    /// What was being done when that was last said.
    pub doing: String,
    /// When that was.
    pub at: Moment,
}

impl From<&Claim> for CarriedOutBy {
    fn from(claim: &Claim) -> CarriedOutBy {
        let Claim { holder, doing, beat_at } = claim;
        CarriedOutBy { holder: holder.to_string(), doing: doing.clone(), at: (*beat_at).into() }
    }
}

/// A step of a run, and what was done in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Step")]
pub struct RunStep {
    pub step: String,
    pub started_at: Moment,
    pub ended_at: Option<Moment>,
    pub milliseconds: Option<u64>,
    pub acts: Vec<String>,
}

impl From<&StepReport> for RunStep {
    fn from(report: &StepReport) -> RunStep {
        RunStep {
            step: report.step.title().to_owned(),
            started_at: report.started_at.into(),
            ended_at: report.ended_at.map(Moment::from),
            milliseconds: report.milliseconds(),
            acts: report.acts.clone(),
        }
    }
}

/// The maintenance in which a run found its deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundMaintenance {
    /// The run that entered it.
    pub run_id: String,
    pub since: Option<Moment>,
    pub by: Option<String>,
}

impl From<&Maintenance> for FoundMaintenance {
    fn from(found: &Maintenance) -> FoundMaintenance {
        let Maintenance { run_id, since, by, state: _ } = found;
        FoundMaintenance { run_id: run_id.clone(), since: since.map(Moment::from), by: by.clone() }
    }
}

/// What was seen of the deployment when a run had ended. What it is by now, the deployment's own operation tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    pub at: Moment,
    pub stack_status: String,
    pub version: Option<String>,
    pub gate: Gate,
    pub doors: Vec<SeenDoor>,
    pub maintenance: Option<FoundMaintenance>,
    pub still_to_put_back: Vec<String>,
    pub not_come_back: Vec<String>,
    pub not_running: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeenDoor {
    pub listener_arn: String,
    pub closed: bool,
}

impl From<&upgrade::Seen> for Seen {
    fn from(seen: &upgrade::Seen) -> Seen {
        let upgrade::Seen {
            at,
            stack_status,
            release,
            users,
            doors,
            still_to_put_back,
            not_come_back,
            not_running,
        } = seen.clone();
        let (gate, maintenance) = Gate::seen(Some(&users));
        let doors = doors.into_iter();
        Seen {
            at: at.into(),
            stack_status,
            version: release,
            gate,
            doors: doors
                .map(|upgrade::DoorStanding { listener_arn, closed }| SeenDoor { listener_arn, closed })
                .collect(),
            maintenance: maintenance.map(FoundMaintenance::from),
            still_to_put_back,
            not_come_back,
            not_running,
        }
    }
}
