//! The plan: everything an upgrade will do, frozen. The executor obeys.

use std::fmt::Write as _;

use changeset::expect::{Expectation, Expected, Said};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::comparison::Change;
use crate::observation::LogicalResource;

/// Version of the plan's format. 1: the first.
pub const PLAN_FORMAT: u32 = 1;

/// What an upgrade will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_FORMAT`] of the writer.
    pub format: u32,
    /// The run that will carry it out: letters, digits and hyphens. Also the stack operation's
    /// ClientRequestToken and the tag of what the run makes.
    pub run_id: String,
    /// The stack's name.
    pub stack_name: String,
    /// The stack's id.
    pub stack_id: String,
    /// The profile that found the targets.
    pub profile: String,
    /// The deployed release's version, when its template tells it.
    pub from_version: Option<String>,
    /// The new release's version, when its template tells it.
    pub to_version: Option<String>,
    /// What is asked of CloudFormation.
    pub proposal: Proposal,
    /// The change set we expect AWS to make of it (plain mode).
    pub predicted: Vec<Change>,
    /// What we expect to really happen, and why.
    pub expected: Vec<ExpectedChange>,
    /// What maintenance touches.
    pub targets: Targets,
    /// The rule that closes the gate.
    pub gate: Gate,
    /// Every step in order.
    pub steps: Vec<PlannedStep>,
}

/// What we expect to really happen to a resource; AWS's own words may differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedChange {
    /// The resource's name in the template.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// What will happen to it.
    pub expected: Fate,
    /// What AWS says without property values, such as `Modify, replacement Conditional`; `None`: nothing.
    pub aws_plain: Option<String>,
    /// What AWS says with property values.
    pub aws_values: Option<String>,
    /// Whether one of AWS's two answers is something else than what we expect.
    pub differs_from_aws: bool,
    /// Why, in short sentences.
    pub because: Vec<String>,
}

impl ExpectedChange {
    /// An expectation as a plan keeps it.
    #[must_use]
    pub fn from_expectation(expectation: &Expectation) -> ExpectedChange {
        ExpectedChange {
            logical_id: expectation.logical_id.clone(),
            resource_type: expectation.resource_type.clone(),
            expected: match expectation.expected {
                Expected::Unchanged => Fate::Unchanged,
                Expected::MayBeUpdated => Fate::MayBeUpdated,
                Expected::UpdatedInPlace => Fate::UpdatedInPlace,
                Expected::InstancesReplaced => Fate::InstancesReplaced,
                Expected::MayBeReplaced => Fate::MayBeReplaced,
                Expected::Replaced => Fate::Replaced,
                Expected::Added => Fate::Added,
                Expected::Removed => Fate::Removed,
                Expected::Fails => Fate::Fails,
            },
            aws_plain: expectation.aws_plain.map(in_words),
            aws_values: expectation.aws_values.map(in_words),
            differs_from_aws: expectation.differs(),
            because: expectation.because.clone(),
        }
    }
}

fn in_words(said: Said) -> String {
    match said.replacement {
        Some(replacement) => format!("{}, replacement {}", said.action.word(), replacement.word()),
        None => said.action.word().to_owned(),
    }
}

/// What happens to a resource; the order is the order in which a person must mind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Fate {
    /// The update fails here.
    Fails,
    /// It leaves the stack.
    Removed,
    /// Replaced.
    Replaced,
    /// Perhaps replaced.
    MayBeReplaced,
    /// The group stays; its instances are replaced in batches.
    InstancesReplaced,
    /// Made.
    Added,
    /// Changed in place.
    UpdatedInPlace,
    /// Perhaps changed in place.
    MayBeUpdated,
    /// Nothing, though AWS may list it.
    Unchanged,
}

impl Fate {
    /// For a person.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Fate::Fails => "fails",
            Fate::Removed => "removed",
            Fate::Replaced => "replaced",
            Fate::MayBeReplaced => "perhaps replaced",
            Fate::InstancesReplaced => "instances replaced",
            Fate::Added => "added",
            Fate::UpdatedInPlace => "changed in place",
            Fate::MayBeUpdated => "perhaps changed",
            Fate::Unchanged => "unchanged",
        }
    }
}

/// What is asked of CloudFormation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Name of the change set.
    pub change_set_name: String,
    /// Where the new template is.
    pub template_url: String,
    /// SHA-256 of the new template's bytes, hex.
    pub template_sha256: String,
    /// Every parameter of the new template that is not left to its default.
    pub parameters: Vec<ParameterSetting>,
    /// Acknowledged capabilities.
    pub capabilities: Vec<String>,
}

/// A parameter as it is sent. A NoEcho parameter is only ever `None`: its value is never in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterSetting {
    /// The parameter's name.
    pub key: String,
    /// The new value; `None`: the previous value.
    pub value: Option<String>,
}

/// What maintenance touches, by name in the template and id in the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// The public listener.
    pub listener: LogicalResource,
    /// Batch job queues.
    pub job_queues: Vec<LogicalResource>,
    /// Auto Scaling groups of workers.
    pub worker_groups: Vec<LogicalResource>,
}

/// The rule that shows everybody the maintenance page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Before every rule of the platform: 1 to 50000, lower first.
    pub priority: i32,
    /// 503.
    pub status_code: u16,
    /// `text/html` or `text/plain`.
    pub content_type: String,
    /// At most 1,024 bytes (ELB's limit for fixed responses).
    pub body: String,
}

/// A step with its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Which.
    pub step: Step,
    /// It has failed when it takes longer than this many seconds; `None`: as long as CloudFormation takes.
    pub deadline_seconds: Option<u64>,
    /// Milliseconds between looks while it waits.
    pub poll_milliseconds: u64,
}

/// The steps of an upgrade. Their order is the order here; what a plan doesn't need has nothing to do and
/// ends at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Step {
    /// Everybody gets the maintenance page.
    CloseGate,
    /// No new jobs are placed.
    DisableJobQueues,
    /// Unfinished jobs end.
    TerminateJobs,
    /// Worker groups and warm pools go to zero.
    TerminateWorkers,
    /// All of it is looked at once more.
    ConfirmQuiet,
    /// CloudFormation makes the change set, which must be the approved one.
    CreateChangeSet,
    /// CloudFormation begins the update.
    ExecuteChangeSet,
    /// CloudFormation carries it out.
    FollowUpdate,
    /// Find listener, queues and groups as the stack has them now.
    LocateTargets,
    /// Sizes are put back.
    RestoreWorkers,
    /// Queues take jobs again.
    RestoreJobQueues,
    /// Users are let in.
    OpenGate,
}

impl Step {
    /// All steps in order.
    pub const ALL: [Step; 12] = [
        Step::CloseGate,
        Step::DisableJobQueues,
        Step::TerminateJobs,
        Step::TerminateWorkers,
        Step::ConfirmQuiet,
        Step::CreateChangeSet,
        Step::ExecuteChangeSet,
        Step::FollowUpdate,
        Step::LocateTargets,
        Step::RestoreWorkers,
        Step::RestoreJobQueues,
        Step::OpenGate,
    ];

    /// For a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Step::CloseGate => "Close the gate",
            Step::DisableJobQueues => "Disable job queues",
            Step::TerminateJobs => "Terminate jobs",
            Step::TerminateWorkers => "Terminate workers",
            Step::ConfirmQuiet => "Confirm quiet",
            Step::CreateChangeSet => "Create the change set",
            Step::ExecuteChangeSet => "Execute the change set",
            Step::FollowUpdate => "Update the stack",
            Step::LocateTargets => "Find the new release's parts",
            Step::RestoreWorkers => "Restore worker groups",
            Step::RestoreJobQueues => "Restore job queues",
            Step::OpenGate => "Open the gate",
        }
    }

    /// The step after this one.
    #[must_use]
    pub fn next(self) -> Option<Step> {
        let index = Step::ALL.iter().position(|step| *step == self)?;
        Step::ALL.get(index + 1).copied()
    }

    /// From here on maintenance is being left.
    #[must_use]
    pub fn is_leaving(self) -> bool {
        self >= Step::LocateTargets
    }
}

/// The steps with limits that suit AWS: a job gets 30 s between SIGTERM and SIGKILL, an instance several
/// minutes for its shutdown and lifecycle hooks.
#[must_use]
pub fn default_steps() -> Vec<PlannedStep> {
    Step::ALL
        .into_iter()
        .map(|step| PlannedStep {
            step,
            deadline_seconds: match step {
                Step::CloseGate | Step::LocateTargets | Step::OpenGate => Some(120),
                Step::DisableJobQueues | Step::RestoreJobQueues | Step::RestoreWorkers => Some(600),
                Step::TerminateJobs => Some(900),
                Step::TerminateWorkers | Step::ConfirmQuiet => Some(1800),
                Step::CreateChangeSet | Step::ExecuteChangeSet => Some(900),
                Step::FollowUpdate => None,
            },
            // Asking for events too often is throttled; the rest is cheap to ask.
            poll_milliseconds: if step == Step::FollowUpdate { 3000 } else { 1000 },
        })
        .collect()
}

impl Plan {
    /// SHA-256 over all of it, hex. Approval is of this.
    #[must_use]
    pub fn sha256(&self) -> String {
        // A plan holds only text, numbers and lists of them: writing it as JSON cannot fail. Were it ever
        // to, the hash of nothing approves nothing.
        let json = serde_json::to_vec(self).unwrap_or_default();
        hex(&Sha256::digest(json))
    }

    /// The limits of a step.
    #[must_use]
    pub fn planned(&self, step: Step) -> Option<&PlannedStep> {
        self.steps.iter().find(|planned| planned.step == step)
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
