//! The steps of a run: their order, their names, their usual limits.

use serde::{Deserialize, Serialize};

use crate::facts::FactsBefore;
use crate::plan::{PlannedStep, UpdateKind};

/// A step. Which ones a run has, and in which order, stands in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Users are told.
    Announce,
    /// CloudFormation makes a change set, which must be the approved one.
    CreateChangeSet(UpdateKind),
    /// CloudFormation begins an update.
    ExecuteChangeSet(UpdateKind),
    /// CloudFormation carries it out.
    FollowUpdate(UpdateKind),
    /// Until the announced time has come.
    AwaitWindow,
    /// What the plan stands on is looked at again.
    ConfirmFacts(FactsBefore),
    /// What the drain can't end is looked for once more.
    ConfirmDrainable,
    /// What a change set would execute is compared with what was approved.
    ConfirmContents(UpdateKind),
    /// Everybody gets the maintenance page.
    CloseGate,
    /// Where there is no gate: whether work is stopped already.
    FindMaintenance,
    /// Sessions are saved, and stopped when their save is confirmed.
    SaveSessions,
    /// Computations end.
    StopComputations,
    /// The stack's alarms are muted.
    MuteAlarms,
    /// No new jobs are placed.
    DisableJobQueues,
    /// Unfinished jobs end.
    TerminateJobs,
    /// Amazon ECS services go to no tasks.
    StopServices,
    /// Worker groups and warm pools go to zero.
    TerminateWorkers,
    /// Machines outside of every group end.
    TerminateDedicatedMachines,
    /// All of it is looked at once more.
    ConfirmQuiet,
    /// Databases and volumes are copied.
    TakeSnapshots,
    /// Find listener, queues and groups as the stack has them now.
    LocateTargets,
    /// The platform proves itself healthy.
    CheckHealth,
    /// Sizes are put back.
    RestoreWorkers,
    /// ECS services have their tasks again.
    RestoreServices,
    /// Queues take jobs again.
    RestoreJobQueues,
    /// Alarms act again.
    UnmuteAlarms,
    /// Users are let in.
    OpenGate,
    /// The banner is taken down.
    ClearBanner,
    /// A change set that was made and not executed is deleted.
    DiscardChangeSet,
    /// When no call of another conducting can arrive any more: what was done is looked at once more.
    LookOnceMore,
    /// Everything is looked at that the end is told from.
    TakeStock,
}

/// What is fixed about a step, whatever the plan. One line of [`Step::facts`] says all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepFacts {
    /// For a person.
    pub title: &'static str,
    /// It has failed when it takes longer than this; `None`: its policy says, or CloudFormation takes what it takes.
    pub deadline_seconds: Option<u64>,
    /// Between looks while it waits.
    pub poll_milliseconds: u64,
    /// When a plan has it.
    pub needed: Needed,
    /// What its failure leads to.
    pub on_failure: OnFailure,
    /// What a stop does in it.
    pub on_stop: OnStop,
}

/// When a plan has a step: what the platform can't do, or doesn't have, is planned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needed {
    /// Always: what has nothing to do ends at once.
    Always,
    /// There is a banner to show, and the platform shows banners.
    Banner,
    /// A closing time was announced.
    Window,
    /// The platform tells of sessions.
    Sessions,
    /// The platform tells of computations.
    Computations,
    /// Alarms are to be muted.
    Alarms,
    /// There is a gate.
    Gate,
    /// There is none.
    NoGate,
    /// There are listeners on which rules of ours may stand.
    Doors,
    /// There are job queues.
    Queues,
    /// There are ECS services that work.
    Services,
    /// There are worker groups.
    Groups,
    /// Machines outside of groups are told by tags.
    Machines,
    /// Snapshots are to be taken.
    Snapshots,
    /// Another conducting's calls may arrive late.
    LateCalls,
}

/// What a step's failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// Whatever this run took away is put back, and users are let in; or they stay in the maintenance that was found.
    PutBack,
    /// Noise or tidiness, and no reason to keep anybody out: the report says it.
    Remark,
    /// It is named, left on the list of what is still to be put back, and keeps nobody out.
    LeaveOnList,
    /// Users are out, and what would let them in doesn't come about: a person is asked, and it is tried on.
    AskAndTryOn,
    /// The new release stands and isn't healthy, and the way back is barred: a person is asked.
    AskAboutRelease,
}

/// What a stop does in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnStop {
    /// Nothing was updated yet: as after a failure.
    Leave,
    /// Once the update has begun it is cancelled; before, as after a failure.
    Cancel,
    /// A person decides: open, go back, wait on.
    Ask,
    /// Users are in, or nothing is under way: there is nothing to stop any more.
    Nothing,
    /// Where maintenance has been entered, as after a failure; else nothing.
    LeaveIfOut,
}

impl Step {
    /// The table of steps. Limits suit AWS; drains have theirs from the maintenance policy, the wait for the window ends
    /// with the window. A first snapshot of a large volume takes hours; it is a copy from the moment it has begun. Asking for
    /// events too often is throttled; the rest is cheap to ask.
    pub(crate) fn facts(self) -> StepFacts {
        use Needed::{
            Alarms, Always, Banner, Computations, Doors, Gate, Groups, LateCalls, Machines, NoGate, Queues,
            Services, Sessions, Snapshots, Window,
        };
        use OnFailure::{AskAboutRelease, AskAndTryOn, LeaveOnList, PutBack, Remark};
        use OnStop::{Ask, Cancel, Leave, LeaveIfOut, Nothing};
        use UpdateKind::{BackupStack, Primary, RoleStack, WayBack};
        let (title, deadline_seconds, poll_milliseconds, needed, on_failure, on_stop) = match self {
            Step::Announce => ("Announce maintenance", Some(120), 1000, Banner, PutBack, Leave),
            Step::AwaitWindow => ("Wait for the window", None, 1000, Window, PutBack, Leave),
            Step::ConfirmFacts(FactsBefore::Gate) => {
                ("Confirm what the plan stands on", Some(120), 1000, Always, PutBack, Leave)
            }
            Step::ConfirmFacts(FactsBefore::Update) => {
                ("Confirm again what the plan stands on", Some(120), 1000, Always, PutBack, Leave)
            }
            Step::ConfirmDrainable => {
                ("Look for what can't be ended", Some(120), 1000, Always, PutBack, Leave)
            }
            Step::ConfirmContents(BackupStack) => {
                ("Compare the backup stack's contents", Some(120), 1000, Always, PutBack, Leave)
            }
            Step::ConfirmContents(RoleStack) => {
                ("Compare the role stack's contents", Some(120), 1000, Always, PutBack, Leave)
            }
            Step::ConfirmContents(Primary) => {
                ("Compare the contents", Some(120), 1000, Always, PutBack, Leave)
            }
            Step::ConfirmContents(WayBack) => {
                ("Compare the contents of the way back", Some(120), 1000, Always, AskAboutRelease, Ask)
            }
            Step::CloseGate => ("Close the gate", Some(120), 1000, Gate, PutBack, Leave),
            Step::FindMaintenance => {
                ("See whether work is stopped already", Some(120), 1000, NoGate, PutBack, Leave)
            }
            Step::SaveSessions => ("Save and stop sessions", None, 1000, Sessions, PutBack, Leave),
            Step::StopComputations => ("Stop computations", None, 1000, Computations, PutBack, Leave),
            Step::MuteAlarms => ("Mute alarms", Some(120), 1000, Alarms, Remark, Leave),
            Step::DisableJobQueues => ("Disable job queues", Some(600), 1000, Queues, PutBack, Leave),
            Step::TerminateJobs => ("Terminate jobs", None, 1000, Queues, PutBack, Leave),
            Step::StopServices => ("Stop ECS services", None, 1000, Services, PutBack, Leave),
            Step::TerminateWorkers => ("Terminate workers", None, 1000, Groups, PutBack, Leave),
            Step::TerminateDedicatedMachines => {
                ("Terminate dedicated machines", None, 1000, Machines, PutBack, Leave)
            }
            Step::ConfirmQuiet => ("Confirm quiet", Some(1800), 1000, Always, PutBack, Leave),
            Step::TakeSnapshots => ("Take safety snapshots", Some(4 * 3600), 5000, Snapshots, PutBack, Leave),
            Step::LocateTargets => ("Find the stack's parts", Some(120), 1000, Always, AskAndTryOn, Ask),
            Step::CheckHealth => ("Check health", None, 1000, Always, AskAndTryOn, Ask),
            Step::RestoreWorkers => ("Restore worker groups", Some(600), 1000, Always, LeaveOnList, Ask),
            Step::RestoreServices => ("Restore ECS services", Some(600), 1000, Always, LeaveOnList, Ask),
            Step::RestoreJobQueues => ("Restore job queues", Some(600), 1000, Always, LeaveOnList, Ask),
            Step::UnmuteAlarms => ("Unmute alarms", Some(600), 1000, Always, LeaveOnList, Ask),
            Step::OpenGate => ("Open the gate", Some(120), 1000, Doors, AskAndTryOn, Ask),
            Step::ClearBanner => ("Clear the banner", Some(120), 1000, Always, Remark, Nothing),
            Step::DiscardChangeSet => {
                ("Discard the unused change set", Some(120), 1000, Always, Remark, Nothing)
            }
            Step::CreateChangeSet(BackupStack) => {
                ("Create the backup stack's change set", Some(900), 1000, Always, PutBack, Leave)
            }
            Step::ExecuteChangeSet(BackupStack) => {
                ("Execute the backup stack's change set", Some(900), 1000, Always, PutBack, Cancel)
            }
            Step::FollowUpdate(BackupStack) => {
                ("Update the backup stack", None, 2000, Always, PutBack, Cancel)
            }
            Step::CreateChangeSet(RoleStack) => {
                ("Create the role stack's change set", Some(900), 1000, Always, PutBack, Leave)
            }
            Step::ExecuteChangeSet(RoleStack) => {
                ("Execute the role stack's change set", Some(900), 1000, Always, PutBack, Cancel)
            }
            Step::FollowUpdate(RoleStack) => ("Update the role stack", None, 2000, Always, PutBack, Cancel),
            Step::CreateChangeSet(Primary) => {
                ("Create the change set", Some(900), 1000, Always, PutBack, Leave)
            }
            Step::ExecuteChangeSet(Primary) => {
                ("Execute the change set", Some(900), 1000, Always, PutBack, Cancel)
            }
            Step::FollowUpdate(Primary) => ("Update the stack", None, 2000, Always, PutBack, Cancel),
            Step::CreateChangeSet(WayBack) => {
                ("Create the change set for the way back", Some(900), 1000, Always, AskAboutRelease, Ask)
            }
            Step::ExecuteChangeSet(WayBack) => {
                ("Execute the change set for the way back", Some(900), 1000, Always, AskAboutRelease, Cancel)
            }
            Step::FollowUpdate(WayBack) => {
                ("Update the stack back", None, 2000, Always, AskAboutRelease, Cancel)
            }
            Step::LookOnceMore => {
                ("Look once more for late calls", None, 5000, LateCalls, Remark, LeaveIfOut)
            }
            Step::TakeStock => ("Look at what is so", Some(120), 1000, Always, Remark, Nothing),
        };
        StepFacts { title, deadline_seconds, poll_milliseconds, needed, on_failure, on_stop }
    }

    /// For a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.facts().title
    }

    /// From here on maintenance is being left.
    #[must_use]
    pub fn is_leaving(self) -> bool {
        Step::LEAVING.contains(&self)
    }

    /// The way out of maintenance, in order. Each does nothing where nothing was done; [`Step::LookOnceMore`] is passed over
    /// where no call can arrive late.
    pub const LEAVING: [Step; 11] = [
        Step::LocateTargets,
        Step::CheckHealth,
        Step::RestoreWorkers,
        Step::RestoreServices,
        Step::RestoreJobQueues,
        Step::UnmuteAlarms,
        Step::OpenGate,
        Step::ClearBanner,
        Step::DiscardChangeSet,
        Step::LookOnceMore,
        Step::TakeStock,
    ];

    /// The way of a run that ends in the maintenance which it found, after it has touched the stack: what the update
    /// brought is made calm again. Each does nothing where nothing is to be done.
    pub(crate) const STAYING: [Step; 8] = [
        Step::LocateTargets,
        Step::MuteAlarms,
        Step::DisableJobQueues,
        Step::TerminateJobs,
        Step::StopServices,
        Step::TerminateWorkers,
        Step::DiscardChangeSet,
        Step::TakeStock,
    ];

    /// The way into maintenance, in order, after the gate's closing.
    pub const DRAINING: [Step; 9] = [
        Step::SaveSessions,
        Step::StopComputations,
        Step::MuteAlarms,
        Step::DisableJobQueues,
        Step::TerminateJobs,
        Step::StopServices,
        Step::TerminateWorkers,
        Step::TerminateDedicatedMachines,
        Step::ConfirmQuiet,
    ];

    /// The steps of one stack update.
    #[must_use]
    pub fn of_update(kind: UpdateKind) -> [Step; 4] {
        [
            Step::CreateChangeSet(kind),
            Step::ConfirmContents(kind),
            Step::ExecuteChangeSet(kind),
            Step::FollowUpdate(kind),
        ]
    }

    /// The step with its usual limits.
    #[must_use]
    pub fn usual(self) -> PlannedStep {
        let StepFacts { deadline_seconds, poll_milliseconds, .. } = self.facts();
        PlannedStep { step: self, deadline_seconds, poll_milliseconds }
    }
}
