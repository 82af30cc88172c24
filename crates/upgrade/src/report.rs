//! What happened, told from the journal alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::Timestamp;
use crate::journal::{Record, What};
use crate::observation::{Instance, Job, Observation, StackEvent};
use crate::plan::{Plan, Step};
use crate::state::{Outcome, State};
use crate::transition::{IllegalTransition, transition};

/// What happened in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// When it began.
    pub started_at: Timestamp,
    /// When its last record was written.
    pub last_at: Timestamp,
    /// Steps in the order they were entered.
    pub steps: Vec<StepReport>,
    /// How it ended; `None` while it goes on.
    pub outcome: Option<Outcome>,
    /// How often another process had to go on with it.
    pub times_resumed: usize,
    /// When users were kept out, and until when (`None`: still).
    pub gate_closed: Option<(Timestamp, Option<Timestamp>)>,
    /// Jobs that were unfinished when maintenance came to them.
    pub stopped_jobs: Vec<Job>,
    /// Instances that ran when maintenance came to them, each with its group's name.
    pub stopped_instances: Vec<(String, Instance)>,
    /// Every stack event of the update, oldest first.
    pub stack_events: Vec<StackEvent>,
}

/// One step of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
    /// Which.
    pub step: Step,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None`: under way, or the run ended in it.
    pub ended_at: Option<Timestamp>,
    /// What was done, one line an act.
    pub acts: Vec<String>,
}

impl Report {
    /// Tell a run from its journal.
    pub fn from_journal(plan: &Plan, records: &[Record]) -> Result<Report, IllegalTransition> {
        let Some(Record::Happened(first)) = records.first() else {
            return Err(IllegalTransition::NotStarted);
        };
        let mut state = State::new(plan, first.at);
        let mut report = Report {
            started_at: first.at,
            last_at: first.at,
            steps: vec![StepReport::new(state.step, first.at)],
            outcome: None,
            times_resumed: 0,
            gate_closed: None,
            stopped_jobs: Vec::new(),
            stopped_instances: Vec::new(),
            stack_events: Vec::new(),
        };
        let mut jobs: BTreeMap<String, Job> = BTreeMap::new();
        let mut events_seen: BTreeSet<String> = BTreeSet::new();
        for record in records.iter().skip(1) {
            report.last_at = record.at();
            let event = match record {
                Record::Intended { act, .. } => {
                    if let Some(step) = report.steps.last_mut() {
                        step.acts.push(act.to_string());
                    }
                    state = state.intending(act.clone());
                    continue;
                }
                Record::Happened(event) => event,
            };
            match &event.what {
                What::Observed(Observation::Jobs(seen)) if state.step == Step::TerminateJobs => {
                    jobs.extend(seen.iter().map(|job| (job.id.clone(), job.clone())));
                }
                What::Observed(Observation::WorkerGroups(groups))
                    if state.step == Step::TerminateWorkers && state.before.worker_groups.is_none() =>
                {
                    report.stopped_instances = groups
                        .iter()
                        .flat_map(|group| {
                            group.instances.iter().map(|instance| (group.name.clone(), instance.clone()))
                        })
                        .collect();
                }
                What::Observed(Observation::StackEvents(events)) => {
                    let new = events.iter().filter(|event| events_seen.insert(event.event_id.clone()));
                    report.stack_events.extend(new.cloned());
                }
                What::Resumed => report.times_resumed += 1,
                What::Observed(_)
                | What::ObserveFailed(_)
                | What::Started
                | What::Acted
                | What::ActFailed(_)
                | What::Waited => {}
            }
            let step_before = state.step;
            state = transition(plan, state, event)?.0;
            report.note_step(step_before, &state, event.at);
        }
        report.stopped_jobs = jobs.into_values().collect();
        report.outcome = state.outcome;
        Ok(report)
    }

    fn note_step(&mut self, step_before: Step, state: &State, at: Timestamp) {
        let ended = state.outcome.is_some();
        if state.step == step_before && !ended {
            return;
        }
        if let Some(step) = self.steps.last_mut() {
            step.ended_at = Some(at);
        }
        if step_before == Step::CloseGate && state.failure.is_none() && !ended {
            self.gate_closed = Some((at, None));
        }
        if ended {
            let open = !matches!(state.outcome, Some(Outcome::GateClosed { .. }));
            if let (true, Some((_, until))) = (open, &mut self.gate_closed) {
                *until = Some(at);
            }
        } else {
            self.steps.push(StepReport::new(state.step, at));
        }
    }
}

impl StepReport {
    fn new(step: Step, at: Timestamp) -> StepReport {
        StepReport { step, started_at: at, ended_at: None, acts: Vec::new() }
    }

    /// How long the step took, in milliseconds; `None` while it is under way.
    #[must_use]
    pub fn milliseconds(&self) -> Option<u64> {
        self.ended_at.map(|ended| ended.milliseconds_since(self.started_at))
    }
}
