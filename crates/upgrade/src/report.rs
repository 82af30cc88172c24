//! What happened, told from the journal alone.

use std::collections::BTreeSet;

use crate::Timestamp;
use crate::approval::Approval;
use crate::circumstances::Machine;
use crate::ending::Seen;
use crate::journal::{Record, What};
use crate::journal_lines::{self, Line, LineKind};
use crate::observation::{EcsTask, Instance, Job, Observation, SnapshotSeen, StackEvent};
use crate::plan::Plan;
use crate::platform::{Computation, PlatformObservation, Session};
use crate::repeated_failures::{Novelty, Repeated};
use crate::state::{Maintenance, Outcome, State};
use crate::step::Step;
use crate::transition::{IllegalTransition, transition};

/// What happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Who approved its plan.
    pub approval: Option<Approval>,
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
    /// How often the machine that carried it out stood still.
    pub times_stood_still: usize,
    /// Since when users were kept out, as the gate tells it, whoever closed it; and when this run let them in. Where there is no
    /// gate, since when work was stopped, and until when.
    pub gate_closed: Option<(Timestamp, Option<Timestamp>)>,
    /// The maintenance in which the run found the deployment.
    pub found: Option<Maintenance>,
    /// What came back behind the closed gate, a line each.
    pub came_back: Vec<String>,
    /// What could not be put back, each with the reason.
    pub still_to_put_back: Vec<String>,
    /// What CloudFormation's clean-up could not delete, each with the reason: no update will ever touch it again.
    pub left_behind: Vec<String>,
    /// What was seen at the end.
    pub seen: Option<Seen>,
    /// Jobs that were unfinished when maintenance came to them.
    pub stopped_jobs: Vec<Job>,
    /// Instances that ran when maintenance came to them, each with its group's name.
    pub stopped_instances: Vec<(String, Instance)>,
    /// Tasks of ECS services that were there when maintenance came to them.
    pub stopped_tasks: Vec<EcsTask>,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
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
        let mut telling = RunningReport::default();
        for record in records {
            telling.tell(plan, record)?;
        }
        match telling.state {
            None => Err(IllegalTransition::NotStarted),
            Some(_) => Ok(telling.report),
        }
    }

    fn note_step(&mut self, plan: &Plan, step_before: Step, state: &State, at: Timestamp) {
        let ended = state.outcome.is_some();
        if state.step == step_before && !ended {
            return;
        }
        if let Some(step) = self.steps.last_mut() {
            step.ended_at = Some(at);
        }
        // Where there is no gate, from when work begins to be stopped until it goes on.
        let closing = if plan.gateless { Step::FindMaintenance } else { Step::CloseGate };
        // Where nothing is to be put back the last of those steps begins and ends in one moment.
        let opens = match (plan.gateless, self.gate_closed) {
            (true, Some((_, until))) => state.opened_at.is_some() && until.is_none(),
            (true, None) => false,
            (false, _) => step_before == Step::OpenGate,
        };
        if step_before == closing && !state.step.is_leaving() {
            let since = state.found.as_ref().and_then(|found| found.since).unwrap_or(at);
            self.gate_closed = Some((since, None));
        }
        if opens
            && state.stuck.is_none()
            && !state.looking_once_more
            && let Some((_, until)) = &mut self.gate_closed
        {
            *until = Some(at);
        }
        if !ended {
            self.steps.push(StepReport::new(state.step, at));
        }
    }
}

/// A report and a state that grow with the journal, record by record: for whoever follows a run while it goes on.
/// Each thing that was seen on the way is told once, as it was seen first.
#[derive(Debug, Clone, Default)]
pub struct RunningReport {
    report: Report,
    state: Option<State>,
    lines: Vec<Line>,
    told: usize,
    events_seen: BTreeSet<String>,
    repeated: Repeated,
    /// Ids of what the last look at what is being ended showed to be there.
    alive: BTreeSet<String>,
}

impl RunningReport {
    /// Tell the next record.
    ///
    /// # Errors
    /// It doesn't follow from the ones before. The telling stays where it was.
    pub fn tell(&mut self, plan: &Plan, record: &Record) -> Result<(), IllegalTransition> {
        let events_before = self.report.stack_events.len();
        let before = self.state.clone();
        let mut repeated = self.repeated.clone();
        let novelty = repeated.record(record);
        let after = match (&before, record) {
            (None, Record::Intended { .. }) => return Err(IllegalTransition::NotStarted),
            (None, Record::Happened(event)) => {
                let state = State::new(plan, event.at);
                let step = state.step;
                let after = transition(plan, state, event)?.0;
                if let What::Started { approval } = &event.what {
                    self.report.approval = Some(approval.clone());
                }
                self.report.started_at = event.at;
                self.report.steps.push(StepReport::new(step, event.at));
                self.report.note_step(plan, step, &after, event.at);
                after
            }
            (Some(state), Record::Intended { act, .. }) => {
                if let Some(step) = self.report.steps.last_mut()
                    && novelty != Novelty::Again
                {
                    step.acts.push(act.to_string());
                }
                state.clone().intending(act.clone())
            }
            (Some(state), Record::Happened(event)) => {
                let after = transition(plan, state.clone(), event)?.0;
                self.note(state, &event.what);
                if Step::DRAINING.contains(&state.step) && after.step.is_leaving() {
                    self.leave_out_what_lives_on(state);
                }
                self.report.note_step(plan, state.step, &after, event.at);
                after
            }
        };
        let new_events = self.report.stack_events.get(events_before..).unwrap_or_default().to_vec();
        self.repeated = repeated;
        if let Novelty::Over(times) = novelty {
            self.add_line(record.at(), LineKind::FailedAgain(times));
        }
        for kind in journal_lines::kinds(plan.kind, before.as_ref(), record, &after, new_events) {
            let is_failure = matches!(kind, LineKind::Failed(_));
            if novelty == Novelty::Again && (is_failure || matches!(kind, LineKind::Act(_))) {
                continue;
            }
            if !is_failure && let Some(times) = self.repeated.over() {
                self.add_line(record.at(), LineKind::FailedAgain(times));
            }
            self.add_line(record.at(), kind);
        }
        // A long list of jobs isn't asked for their owners at every look; the plan has asked.
        for job in self.report.stopped_jobs.iter_mut().filter(|job| job.owner.is_none()) {
            let planned = plan.at_work.jobs.iter().find(|planned| planned.id == job.id);
            job.owner = planned.and_then(|planned| planned.owner.clone());
        }
        self.told += 1;
        self.report.last_at = record.at();
        self.report.outcome.clone_from(&after.outcome);
        self.report.remarks.clone_from(&after.remarks);
        self.report.found.clone_from(&after.found);
        self.report.came_back.clone_from(&after.came_back);
        self.report.still_to_put_back.clone_from(&after.still_to_put_back);
        self.report.left_behind = after.left_behind();
        self.report.seen.clone_from(&after.seen);
        self.state = Some(after);
        Ok(())
    }

    fn add_line(&mut self, at: Timestamp, kind: LineKind) {
        let number = self.lines.len();
        self.lines.push(Line { number, record: self.told, at, kind });
    }

    /// Every line so far, oldest first.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines that the records from this place on tell.
    #[must_use]
    pub fn lines_since(&self, record: usize) -> &[Line] {
        let from = self.lines.partition_point(|line| line.record < record);
        self.lines.get(from..).unwrap_or_default()
    }

    /// What happened so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Where the run stands; `None` before its first record.
    #[must_use]
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// How many records were told.
    #[must_use]
    pub fn told(&self) -> usize {
        self.told
    }

    fn note(&mut self, state: &State, what: &What) {
        match what {
            What::Observed(observation) => self.observed(state, observation),
            What::Resumed { .. } => self.report.times_resumed += 1,
            What::StoodStill => self.report.times_stood_still += 1,
            What::StopRequested { by, .. } => {
                self.report.decisions.push(format!("{by} asked the run to stop"));
            }
            What::Answered { answer, by, .. } => {
                self.report.decisions.push(format!("{by} decided: {}", answer.in_words()));
            }
            What::GivenUp { by, .. } => {
                self.report.decisions.push(format!("{by} had the run end as it was"));
            }
            What::PassedOver { .. }
            | What::Unanswered
            | What::ObserveFailed(_)
            | What::Watched(_)
            | What::WatchFailed(_)
            | What::Started { .. }
            | What::Acted
            | What::ActFailed(_)
            | What::Waited => {}
        }
    }

    /// The drain was given up: what was still there, and was not told to end, was not stopped.
    fn leave_out_what_lives_on(&mut self, state: &State) {
        let (alive, told) = (&self.alive, &state.told);
        let stopped = |id: &String, told: &BTreeSet<String>| !alive.contains(id) || told.contains(id);
        let report = &mut self.report;
        report.stopped_jobs.retain(|job| stopped(&job.id, &told.jobs));
        report.stopped_instances.retain(|(_, instance)| stopped(&instance.id, &told.instances));
        report.stopped_tasks.retain(|task| stopped(&task.arn, &told.tasks));
        report.stopped_machines.retain(|machine| stopped(&machine.instance_id, &told.instances));
        report.stopped_sessions.retain(|session| stopped(&session.id, &told.sessions));
        report.stopped_computations.retain(|computation| stopped(&computation.id, &told.computations));
    }

    fn observed(&mut self, state: &State, observation: &Observation) {
        let is_drain = state.step.is_drain();
        match observation {
            Observation::Jobs(seen) if is_drain => {
                self.alive = seen.iter().map(|job| job.id.clone()).collect();
                once(&mut self.report.stopped_jobs, seen, |job| &job.id);
            }
            Observation::WorkerGroups(groups) if is_drain => {
                let seen: Vec<(String, Instance)> = groups
                    .iter()
                    .flat_map(|group| {
                        group.instances.iter().map(|instance| (group.name.clone(), instance.clone()))
                    })
                    .collect();
                let stays = |instance: &&Instance| !instance.lifecycle_state.contains("Terminat");
                let instances = groups.iter().flat_map(|group| &group.instances);
                self.alive = instances.filter(stays).map(|instance| instance.id.clone()).collect();
                once(&mut self.report.stopped_instances, &seen, |(_, instance)| &instance.id);
            }
            Observation::EcsServices(services) if is_drain => {
                let tasks: Vec<EcsTask> =
                    services.iter().flat_map(|service| service.tasks.iter().cloned()).collect();
                self.alive = tasks.iter().filter(|task| task.stays()).map(|task| task.arn.clone()).collect();
                once(&mut self.report.stopped_tasks, &tasks, |task| &task.arn);
            }
            Observation::Machines(seen) if is_drain => {
                let stays = |machine: &&Machine| machine.state != "shutting-down";
                self.alive = seen.iter().filter(stays).map(|machine| machine.instance_id.clone()).collect();
                once(&mut self.report.stopped_machines, seen, |machine| &machine.instance_id);
            }
            Observation::Platform(PlatformObservation::Sessions(seen)) if is_drain => {
                self.alive = seen.iter().map(|session| session.id.clone()).collect();
                once(&mut self.report.stopped_sessions, seen, |session| &session.id);
            }
            Observation::Platform(PlatformObservation::Computations(seen)) if is_drain => {
                self.alive = seen.iter().map(|computation| computation.id.clone()).collect();
                once(&mut self.report.stopped_computations, seen, |computation| &computation.id);
            }
            Observation::Snapshots(seen) => self.report.snapshots = seen.clone(),
            Observation::StackEvents { events, .. } => {
                let new = events.iter().filter(|event| self.events_seen.insert(event.event_id.clone()));
                self.report.stack_events.extend(new.cloned());
            }
            // The others show nothing that ends, or that is kept.
            _ => {}
        }
    }
}

/// Keep each thing as it was seen first, in the order of its id.
fn once<T: Clone>(kept: &mut Vec<T>, seen: &[T], id: impl Fn(&T) -> &String) {
    for thing in seen {
        if let Err(place) = kept.binary_search_by(|one| id(one).cmp(id(thing))) {
            kept.insert(place, thing.clone());
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
