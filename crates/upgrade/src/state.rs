//! Where a run stands: a fold over its journal.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::act::Act;
use crate::observation::{JobQueue, WorkerGroup};
use crate::plan::{Plan, Step, Targets};

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
    /// Jobs that this process, or one before it, has told to end.
    pub jobs_told_to_end: BTreeSet<String>,
    /// In [`Step::ConfirmQuiet`]: no job was left when we looked.
    pub jobs_seen_quiet: bool,
    /// The stack's status in the update, and AWS's reason for it; `None` until its first event was seen.
    pub stack_status: Option<(String, Option<String>)>,
    /// The last stack event seen.
    pub last_event_id: Option<String>,
    /// The first resource failure of the update, in words.
    pub root_cause: Option<String>,
    /// Why the run leaves maintenance without an upgrade.
    pub failure: Option<String>,
    /// How the run ended; `None` while it goes on.
    pub outcome: Option<Outcome>,
}

/// How everything was before maintenance changed it. Nothing is put back that isn't here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before {
    /// The job queues; `None` until they were seen.
    pub job_queues: Option<Vec<JobQueue>>,
    /// The worker groups; `None` until they were seen.
    pub worker_groups: Option<Vec<WorkerGroup>>,
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
    /// Users are still kept out.
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
            step: Step::CloseGate,
            step_started_at: at,
            intended: None,
            done: None,
            waiting_on: Vec::new(),
            before: Before::default(),
            targets: plan.targets.clone(),
            jobs_told_to_end: BTreeSet::new(),
            jobs_seen_quiet: false,
            stack_status: None,
            last_event_id: None,
            root_cause: None,
            failure: None,
            outcome: None,
        }
    }

    /// The state with the intent to do an act written down.
    #[must_use]
    pub fn intending(mut self, act: Act) -> State {
        self.intended = Some(act);
        self
    }
}
