//! What happened, told from the journal alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::Timestamp;
use crate::circumstances::Machine;
use crate::journal::{Record, What};
use crate::observation::{Instance, Job, Observation, SnapshotSeen, StackEvent};
use crate::plan::Plan;
use crate::platform::{Computation, PlatformObservation, Session};
use crate::state::{Outcome, State};
use crate::step::Step;
use crate::transition::{IllegalTransition, transition};

/// What happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    /// Sessions that were there when maintenance came to them.
    pub stopped_sessions: Vec<Session>,
    /// Computations that hadn't ended when maintenance came to them.
    pub stopped_computations: Vec<Computation>,
    /// Machines outside of every group that were terminated.
    pub stopped_machines: Vec<Machine>,
    /// Snapshots that were taken.
    pub snapshots: Vec<SnapshotSeen>,
    /// Every stack event of the updates, oldest first.
    pub stack_events: Vec<StackEvent>,
    /// What a person decided, and who.
    pub decisions: Vec<String>,
    /// What went wrong without changing the run's end; a person must know.
    pub remarks: Vec<String>,
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
        let mut teller = Teller {
            report: Report {
                started_at: first.at,
                last_at: first.at,
                steps: Vec::new(),
                outcome: None,
                times_resumed: 0,
                gate_closed: None,
                stopped_jobs: Vec::new(),
                stopped_instances: Vec::new(),
                stopped_sessions: Vec::new(),
                stopped_computations: Vec::new(),
                stopped_machines: Vec::new(),
                snapshots: Vec::new(),
                stack_events: Vec::new(),
                decisions: Vec::new(),
                remarks: Vec::new(),
            },
            ..Teller::default()
        };
        let mut state = State::new(plan, first.at);
        teller.report.steps.push(StepReport::new(state.step, first.at));
        for record in records {
            teller.report.last_at = record.at();
            let event = match record {
                Record::Intended { act, .. } => {
                    if let Some(step) = teller.report.steps.last_mut() {
                        step.acts.push(act.to_string());
                    }
                    state = state.intending(act.clone());
                    continue;
                }
                Record::Happened(event) => event,
            };
            teller.note(&state, &event.what);
            let step_before = state.step;
            state = transition(plan, state, event)?.0;
            teller.report.note_step(step_before, &state, event.at);
        }
        // A long list of jobs isn't asked for their owners at every look; the plan has asked.
        for job in teller.jobs.values_mut().filter(|job| job.owner.is_none()) {
            let planned = plan.at_work.jobs.iter().find(|planned| planned.id == job.id);
            job.owner = planned.and_then(|planned| planned.owner.clone());
        }
        Ok(teller.finish(state))
    }

    fn note_step(&mut self, step_before: Step, state: &State, at: Timestamp) {
        let ended = state.outcome.is_some();
        if state.step == step_before && !ended {
            return;
        }
        if let Some(step) = self.steps.last_mut() {
            step.ended_at = Some(at);
        }
        if step_before == Step::CloseGate && !state.step.is_leaving() {
            self.gate_closed = Some((at, None));
        }
        if step_before == Step::OpenGate
            && !matches!(state.outcome, Some(Outcome::GateClosed { .. }))
            && let Some((_, until)) = &mut self.gate_closed
        {
            *until = Some(at);
        }
        if !ended {
            self.steps.push(StepReport::new(state.step, at));
        }
    }
}

/// Gathers what was seen on the way: each thing once, as it was seen first.
#[derive(Default)]
struct Teller {
    report: Report,
    jobs: BTreeMap<String, Job>,
    sessions: BTreeMap<String, Session>,
    computations: BTreeMap<String, Computation>,
    machines: BTreeMap<String, Machine>,
    events_seen: BTreeSet<String>,
}

impl Teller {
    fn note(&mut self, state: &State, what: &What) {
        match what {
            What::Observed(observation) => self.observed(state, observation),
            What::Resumed => self.report.times_resumed += 1,
            What::StopRequested { by } => self.report.decisions.push(format!("{by} asked the run to stop")),
            What::Answered { answer, by } => {
                self.report.decisions.push(format!("{by} decided: {}", answer.in_words()));
            }
            What::ObserveFailed(_) | What::Started | What::Acted | What::ActFailed(_) | What::Waited => {}
        }
    }

    fn observed(&mut self, state: &State, observation: &Observation) {
        match observation {
            Observation::Jobs(seen) if state.step == Step::TerminateJobs => {
                for job in seen {
                    self.jobs.entry(job.id.clone()).or_insert_with(|| job.clone());
                }
            }
            Observation::WorkerGroups(groups)
                if state.step == Step::TerminateWorkers && state.before.worker_groups.is_none() =>
            {
                self.report.stopped_instances = groups
                    .iter()
                    .flat_map(|group| {
                        group.instances.iter().map(|instance| (group.name.clone(), instance.clone()))
                    })
                    .collect();
            }
            Observation::Machines(seen) if state.step == Step::TerminateDedicatedMachines => {
                for machine in seen {
                    self.machines.entry(machine.instance_id.clone()).or_insert_with(|| machine.clone());
                }
            }
            Observation::Platform(PlatformObservation::Sessions(seen))
                if state.step == Step::SaveSessions =>
            {
                for session in seen {
                    self.sessions.entry(session.id.clone()).or_insert_with(|| session.clone());
                }
            }
            Observation::Platform(PlatformObservation::Computations(seen))
                if state.step == Step::StopComputations =>
            {
                for computation in seen {
                    self.computations.entry(computation.id.clone()).or_insert_with(|| computation.clone());
                }
            }
            Observation::Snapshots(seen) => self.report.snapshots = seen.clone(),
            Observation::StackEvents(events) => {
                let new = events.iter().filter(|event| self.events_seen.insert(event.event_id.clone()));
                self.report.stack_events.extend(new.cloned());
            }
            Observation::GateRules(_)
            | Observation::JobQueues(_)
            | Observation::Jobs(_)
            | Observation::WorkerGroups(_)
            | Observation::ChangeSet(_)
            | Observation::Resources(_)
            | Observation::Alarms(_)
            | Observation::Machines(_)
            | Observation::Health(_)
            | Observation::Platform(_) => {}
        }
    }

    fn finish(self, state: State) -> Report {
        Report {
            stopped_jobs: self.jobs.into_values().collect(),
            stopped_sessions: self.sessions.into_values().collect(),
            stopped_computations: self.computations.into_values().collect(),
            stopped_machines: self.machines.into_values().collect(),
            outcome: state.outcome,
            remarks: state.remarks,
            ..self.report
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
