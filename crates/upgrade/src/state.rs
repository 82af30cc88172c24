//! Where a run stands: a fold over its journal.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::act::Act;
use crate::observation::{AlarmSeen, JobQueue, WorkerGroup};
use crate::plan::{Plan, Targets, UpdateKind};
use crate::question::{Question, StuckResource};
use crate::step::Step;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The step under way; the last one when the run has ended.
    pub step: Step,
    /// When the step began.
    pub step_started_at: Timestamp,
    /// An act that was begun and of which nothing more is known.
    pub intended: Option<Act>,
    /// The act that was done last, until its effect has been waited for once.
    pub done: Option<Act>,
    /// What holds the step, each named. Empty when nothing does.
    pub waiting_on: Vec<String>,
    /// How everything was before maintenance changed it.
    pub before: Before,
    /// What maintenance touches, as the stack has it now.
    pub targets: Targets,
    /// Who and what has been told already.
    pub told: Told,
    /// In [`Step::ConfirmQuiet`]: how many of its looks found nothing left.
    pub quiet_looks: usize,
    /// The stack updates that have been begun, or whose change set has been made.
    pub updates: BTreeMap<UpdateKind, UpdateState>,
    /// Since when nobody has answered: the platform's API in a drain, or CloudFormation of an update that has begun.
    pub unseen_since: Option<Timestamp>,
    /// Since when the platform has been healthy without a break.
    pub healthy_since: Option<Timestamp>,
    /// The question that holds the run.
    pub question: Option<Question>,
    /// Who asked the run to stop.
    pub stop: Option<String>,
    /// Why the run leaves maintenance without an upgrade.
    pub failure: Option<String>,
    /// The run has failed behind its closed gate, and the policy keeps users out.
    pub stays_closed: bool,
    /// What went wrong without changing the run's end; a person must know.
    pub remarks: Vec<String>,
    /// How the run ended; `None` while it goes on.
    pub outcome: Option<Outcome>,
}

/// How everything was before maintenance changed it. Nothing is put back that isn't here, or noted on the resource
/// itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Before {
    /// The job queues; `None` until they were seen.
    pub job_queues: Option<Vec<JobQueue>>,
    /// The worker groups; `None` until they were seen.
    pub worker_groups: Option<Vec<WorkerGroup>>,
    /// The alarms; `None` until they were seen.
    pub alarms: Option<Vec<AlarmSeen>>,
}

/// Who and what this run, in whatever process, has told already: telling twice would be rude, or an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Jobs that were told to end.
    pub jobs: BTreeSet<String>,
    /// Computations that were told to stop.
    pub computations: BTreeSet<String>,
    /// Sessions that were shown the notice.
    pub notified: BTreeSet<String>,
    /// Sessions that were told to save, and when last.
    pub saves: BTreeMap<String, Timestamp>,
    /// Sessions that were told to stop.
    pub sessions: BTreeSet<String>,
    /// Instances that were terminated directly.
    pub instances: BTreeSet<String>,
    /// Lifecycle actions that were completed: instance and hook.
    pub lifecycle: BTreeSet<(String, String)>,
}

/// Where one stack update stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpdateState {
    /// Its change set was made by this run.
    pub change_set_made: bool,
    /// It may have begun: the act was intended.
    pub begun: bool,
    /// The stack's status, and AWS's reason for it; `None` until the operation's first event was seen.
    pub status: Option<(String, Option<String>)>,
    /// The last stack event seen.
    pub last_event_id: Option<String>,
    /// The first resource failure, in words.
    pub root_cause: Option<String>,
    /// It is being rolled back.
    pub rolling_back: bool,
    /// Resources whose rollback failed, since the rollback last began.
    pub stuck: Vec<StuckResource>,
    /// Names of the Auto Scaling groups that CloudFormation is deleting.
    pub deleting_groups: BTreeSet<String>,
    /// It was cancelled.
    pub cancelled: bool,
    /// How often the rollback was continued, and what the last time skips.
    pub continued: Option<(u32, Vec<String>)>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The new release is deployed and users are let in.
    Upgraded,
    /// The old release stands, everything was put back, and users are let in.
    NotUpgraded {
        /// Why.
        reason: String,
    },
    /// The new release was deployed, wasn't healthy, and the stack was updated back; users are let in.
    WentBack {
        /// Why.
        reason: String,
    },
    /// Maintenance was entered, as was asked: users are kept out until it is left.
    InMaintenance,
    /// Maintenance was left, as was asked: users are let in.
    OutOfMaintenance,
    /// Users are still kept out, which nobody asked for.
    GateClosed {
        /// Why.
        reason: String,
    },
}

impl State {
    /// A run at its beginning.
    #[must_use]
    pub fn new(plan: &Plan, at: Timestamp) -> State {
        State {
            step: plan.steps.first().map_or(Step::LocateTargets, |planned| planned.step),
            step_started_at: at,
            intended: None,
            done: None,
            waiting_on: Vec::new(),
            before: plan.before.clone().unwrap_or_default(),
            targets: plan.targets.clone(),
            told: Told::default(),
            quiet_looks: 0,
            updates: BTreeMap::new(),
            unseen_since: None,
            healthy_since: None,
            question: None,
            stop: None,
            failure: None,
            stays_closed: false,
            remarks: Vec::new(),
            outcome: None,
        }
    }

    /// The state with the intent to do an act written down.
    #[must_use]
    pub fn intending(mut self, act: Act) -> State {
        if let Act::ExecuteChangeSet { update, .. } = &act {
            self.update(*update).begun = true;
        }
        self.intended = Some(act);
        self
    }

    /// Where an update stands.
    pub(crate) fn update(&mut self, kind: UpdateKind) -> &mut UpdateState {
        self.updates.entry(kind).or_default()
    }

    /// Whether the update may have begun.
    #[must_use]
    pub fn has_begun(&self, kind: UpdateKind) -> bool {
        self.updates.get(&kind).is_some_and(|update| update.begun)
    }

    /// Seconds since the step began.
    pub(crate) fn elapsed_seconds(&self, at: Timestamp) -> u64 {
        at.milliseconds_since(self.step_started_at) / 1000
    }

    /// What was done, as far as it was remembered: an act is told once.
    pub(crate) fn note_done(&mut self) {
        self.done = self.intended.take();
        let Some(done) = &self.done else { return };
        match done {
            Act::TerminateJobs { job_ids, .. } => self.told.jobs.extend(job_ids.iter().cloned()),
            Act::TerminateInstances { instance_ids } => {
                self.told.instances.extend(instance_ids.iter().cloned());
            }
            Act::CreateChangeSet { update, .. } => {
                self.updates.entry(*update).or_default().change_set_made = true;
            }
            Act::CancelUpdate { update, .. } => self.updates.entry(*update).or_default().cancelled = true,
            Act::CompleteLifecycleActions { actions } => {
                let told =
                    actions.iter().map(|action| (action.instance_id.clone(), action.hook_name.clone()));
                self.told.lifecycle.extend(told);
            }
            Act::Platform { .. }
            | Act::DeleteChangeSet { .. }
            | Act::CloseGate { .. }
            | Act::OpenGate { .. }
            | Act::SetJobQueueStates { .. }
            | Act::ResizeWorkerGroups { .. }
            | Act::ResizeWarmPools { .. }
            | Act::RemoveScaleInProtection { .. }
            | Act::Remember { .. }
            | Act::Forget { .. }
            | Act::SetAlarmActions { .. }
            | Act::CreateSnapshots { .. }
            | Act::ExecuteChangeSet { .. }
            | Act::ContinueUpdateRollback { .. } => {}
        }
    }
}
