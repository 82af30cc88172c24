//! The steps of a run: their order, their names, their usual limits.

use serde::{Deserialize, Serialize};

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
    /// Everybody gets the maintenance page.
    CloseGate,
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
}

impl Step {
    /// For a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Step::Announce => "Announce maintenance",
            Step::CreateChangeSet(UpdateKind::BackupStack) => "Create the backup stack's change set",
            Step::CreateChangeSet(UpdateKind::RoleStack) => "Create the role stack's change set",
            Step::CreateChangeSet(UpdateKind::Primary) => "Create the change set",
            Step::CreateChangeSet(UpdateKind::WayBack) => "Create the change set for the way back",
            Step::ExecuteChangeSet(UpdateKind::BackupStack) => "Execute the backup stack's change set",
            Step::ExecuteChangeSet(UpdateKind::RoleStack) => "Execute the role stack's change set",
            Step::ExecuteChangeSet(UpdateKind::Primary) => "Execute the change set",
            Step::ExecuteChangeSet(UpdateKind::WayBack) => "Execute the change set for the way back",
            Step::FollowUpdate(UpdateKind::BackupStack) => "Update the backup stack",
            Step::FollowUpdate(UpdateKind::RoleStack) => "Update the role stack",
            Step::FollowUpdate(UpdateKind::Primary) => "Update the stack",
            Step::FollowUpdate(UpdateKind::WayBack) => "Update the stack back",
            Step::AwaitWindow => "Wait for the window",
            Step::CloseGate => "Close the gate",
            Step::SaveSessions => "Save and stop sessions",
            Step::StopComputations => "Stop computations",
            Step::MuteAlarms => "Mute alarms",
            Step::DisableJobQueues => "Disable job queues",
            Step::TerminateJobs => "Terminate jobs",
            Step::TerminateWorkers => "Terminate workers",
            Step::TerminateDedicatedMachines => "Terminate dedicated machines",
            Step::ConfirmQuiet => "Confirm quiet",
            Step::TakeSnapshots => "Take safety snapshots",
            Step::LocateTargets => "Find the stack's parts",
            Step::CheckHealth => "Check health",
            Step::RestoreWorkers => "Restore worker groups",
            Step::RestoreJobQueues => "Restore job queues",
            Step::UnmuteAlarms => "Unmute alarms",
            Step::OpenGate => "Open the gate",
            Step::ClearBanner => "Clear the banner",
            Step::DiscardChangeSet => "Discard the unused change set",
        }
    }

    /// From here on maintenance is being left.
    #[must_use]
    pub fn is_leaving(self) -> bool {
        Step::LEAVING.contains(&self)
    }

    /// The way out of maintenance, in order. Each does nothing where nothing was done.
    pub const LEAVING: [Step; 8] = [
        Step::LocateTargets,
        Step::CheckHealth,
        Step::RestoreWorkers,
        Step::RestoreJobQueues,
        Step::UnmuteAlarms,
        Step::OpenGate,
        Step::ClearBanner,
        Step::DiscardChangeSet,
    ];

    /// The way into maintenance, in order, after the gate's closing.
    pub const DRAINING: [Step; 8] = [
        Step::SaveSessions,
        Step::StopComputations,
        Step::MuteAlarms,
        Step::DisableJobQueues,
        Step::TerminateJobs,
        Step::TerminateWorkers,
        Step::TerminateDedicatedMachines,
        Step::ConfirmQuiet,
    ];

    /// The steps of one stack update.
    #[must_use]
    pub fn of_update(kind: UpdateKind) -> [Step; 3] {
        [Step::CreateChangeSet(kind), Step::ExecuteChangeSet(kind), Step::FollowUpdate(kind)]
    }

    /// The step with limits that suit AWS. Drains have their deadlines from the maintenance policy, and the wait for
    /// the window ends with the window.
    #[must_use]
    pub fn usual(self) -> PlannedStep {
        let deadline_seconds = match self {
            Step::Announce
            | Step::CloseGate
            | Step::LocateTargets
            | Step::OpenGate
            | Step::ClearBanner
            | Step::MuteAlarms
            | Step::DiscardChangeSet => Some(120),
            Step::DisableJobQueues | Step::RestoreJobQueues | Step::RestoreWorkers | Step::UnmuteAlarms => {
                Some(600)
            }
            Step::CreateChangeSet(_) | Step::ExecuteChangeSet(_) => Some(900),
            Step::ConfirmQuiet => Some(1800),
            // A first snapshot of a large volume takes hours; it is a copy from the moment it has begun.
            Step::TakeSnapshots => Some(4 * 3600),
            Step::AwaitWindow
            | Step::SaveSessions
            | Step::StopComputations
            | Step::TerminateJobs
            | Step::TerminateWorkers
            | Step::TerminateDedicatedMachines
            | Step::CheckHealth
            | Step::FollowUpdate(_) => None,
        };
        let poll_milliseconds = match self {
            // Asking for events too often is throttled; the rest is cheap to ask. The end is noticed a second late.
            Step::FollowUpdate(_) => 2000,
            Step::TakeSnapshots => 5000,
            Step::AwaitWindow
            | Step::SaveSessions
            | Step::StopComputations
            | Step::TerminateJobs
            | Step::TerminateWorkers
            | Step::TerminateDedicatedMachines
            | Step::CheckHealth
            | Step::Announce
            | Step::CloseGate
            | Step::LocateTargets
            | Step::OpenGate
            | Step::ClearBanner
            | Step::MuteAlarms
            | Step::DiscardChangeSet
            | Step::DisableJobQueues
            | Step::RestoreJobQueues
            | Step::RestoreWorkers
            | Step::UnmuteAlarms
            | Step::CreateChangeSet(_)
            | Step::ExecuteChangeSet(_)
            | Step::ConfirmQuiet => 1000,
        };
        PlannedStep { step: self, deadline_seconds, poll_milliseconds }
    }
}
