//! The loop: one effect at a time, everything written down before it counts.

mod hold;

use std::time::Duration;

use upgrade::{
    Answer, ApprovedPlan, Effect, Event, FleetQuery, Handover, IllegalTransition, Maintenance, Observation,
    Outcome, Plan, Query, Question, Record, State, Timestamp, Users, WATCH_SECONDS, What, transition,
    watch_due,
};

use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::journal::{JournalError, JournalStore, Request, read_run};
use crate::lease::Holder;

use hold::Hold;

/// How often a run that waits for an answer, or for long, looks whether somebody asked something of it.
const LISTEN_MILLISECONDS: u64 = 1000;

/// Is told of every record as it is written, to show it; and asked what only a person may decide.
pub trait Watcher {
    /// A record was written; `state` is what followed from it.
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State);

    /// Ask a person. Without an answer in the journal either, what is said here follows. `users`: whether users are in, by a
    /// look at the gate within the last [`WATCH_SECONDS`]; `None`: it could not be looked at.
    fn asked(&mut self, _plan: &Plan, _question: &Question, _users: Option<&Users>) -> Reply {
        Reply::Leave
    }

    /// The journal can't be written at this moment. It is tried again until `until`, then the conducting ends.
    fn hindered(&mut self, _plan: &Plan, _error: &JournalError, _until: Timestamp) {}
}

/// What came of asking a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// They decided.
    Answer {
        /// What.
        answer: Answer,
        /// Who.
        by: String,
    },
    /// Nobody is here, but somebody may answer through the journal: wait.
    Wait,
    /// Nobody is here: leave the run where it is, to be resumed with an answer.
    Leave,
}

/// How the conducting ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The run has ended.
    Run(Outcome),
    /// The run waits for an answer, and nobody gave one. It can be resumed. With it whether users are in, as it was just
    /// seen; `None`: it could not be looked at.
    NeedsAnswer(Question, Option<Users>),
}

/// Why a run could not go on. It can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum ConductError {
    /// The journal can't be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal could not be written for as long as a lease lasts: from now on another conducting may act.
    #[error(
        "run {run_id} could not be written down for {seconds} s, and this process does nothing more for it: {source}"
    )]
    Silenced {
        /// The run.
        run_id: String,
        /// How long it was tried.
        seconds: u64,
        /// Why it could not.
        source: JournalError,
    },
    /// The journal doesn't fit its plan.
    #[error("the journal of run {run_id} does not fit its plan: {source}")]
    Illegal {
        /// The run.
        run_id: String,
        /// What doesn't fit.
        source: IllegalTransition,
    },
    /// The run has ended before.
    #[error("run {run_id} has ended; there is nothing to resume")]
    Ended {
        /// The run.
        run_id: String,
    },
}

/// What carries runs out.
#[derive(Debug)]
pub struct Conductor<'a, C, J> {
    /// The cloud, and the platform.
    pub cloud: &'a C,
    /// What remembers.
    pub journal: &'a mut J,
    /// What the time is.
    pub clock: &'a Clock,
    /// Who this is.
    pub holder: &'a Holder,
}

impl<C: Cloud, J: JournalStore> Conductor<'_, C, J> {
    /// Begin an approved plan's run and carry it to its end. A plan runs once.
    pub async fn start(
        &mut self,
        approved: &ApprovedPlan,
        watcher: &mut impl Watcher,
    ) -> Result<Ended, ConductError> {
        let plan = approved.plan();
        let what = What::Started { approval: approved.approval().clone() };
        let event = Event { at: self.clock.now(), what };
        let record = Record::Happened(event.clone());
        self.begin(plan, &record, watcher).await?;
        let ended = async {
            let state = State::new(plan, event.at);
            let (state, effect) = transition(plan, state, &event).map_err(|source| illegal(plan, source))?;
            watcher.recorded(plan, &record, &state);
            self.go_on(plan, state, effect, Hold::since(event.at, 1), watcher).await
        };
        let ended = ended.await;
        self.give_back(&plan.run_id, ended)
    }

    /// Go on with a run whose process died, or left it. An act that was begun is not trusted either way: the step looks
    /// at the cloud again and does what is still to do.
    pub async fn resume(&mut self, run_id: &str, watcher: &mut impl Watcher) -> Result<Ended, ConductError> {
        let (plan, ..) = read_run(self.journal, run_id)?;
        self.take(&plan, watcher).await?;
        let ended = async {
            // Read once more: whoever held it may have written until now.
            let (plan, records, state) = read_run(self.journal, run_id)?;
            let plan = &plan;
            if state.outcome.is_some() {
                return Err(ConductError::Ended { run_id: run_id.to_owned() });
            }
            // A clock that was set back since then: time goes on from where the journal is.
            let now = self.clock.now();
            let at = now.max(records.last().map_or(now, Record::at));
            let event = Event { at, what: What::Resumed { after: Handover::GivenBack } };
            let (state, effect) = transition(plan, state, &event).map_err(|source| illegal(plan, source))?;
            let record = Record::Happened(event);
            let mut hold = Hold::since(now, records.len());
            self.write(plan, &record, state.outcome.is_some(), &mut hold, watcher).await?;
            watcher.recorded(plan, &record, &state);
            self.go_on(plan, state, effect, hold, watcher).await
        };
        let ended = ended.await;
        self.give_back(run_id, ended)
    }

    async fn go_on(
        &mut self,
        plan: &Plan,
        mut state: State,
        mut effect: Effect,
        mut hold: Hold,
        watcher: &mut impl Watcher,
    ) -> Result<Ended, ConductError> {
        let (cloud, clock) = (self.cloud, self.clock);
        // When the calm was looked at last, and whether that was right before the effect that is due.
        let (mut watched_at, mut just_watched) = (None, false);
        // Whether users are in, as it was seen last while a question stood.
        let mut users: Option<(Timestamp, Option<Users>)> = None;
        loop {
            if let Some(outcome) = &state.outcome {
                return Ok(Ended::Run(outcome.clone()));
            }
            let mut asked = self.request(plan, &state, &hold, watcher).await?;
            if asked.is_none() && !just_watched {
                match self.watch(plan, &state, &effect, watched_at, &mut hold).await? {
                    Watch::NotDue => {}
                    Watch::Calm => {
                        watched_at = Some(self.clock.now());
                        just_watched = true;
                        continue;
                    }
                    // What comes of it is looked at soon.
                    Watch::New(what) => {
                        watched_at = None;
                        asked = Some(what);
                    }
                }
            }
            just_watched = false;
            let what = match asked {
                Some(asked) => asked,
                None => match effect {
                    // The end always comes with an outcome, so the loop has returned before; looking once more is
                    // the harmless answer to a state machine that says otherwise.
                    Effect::End => What::Waited,
                    Effect::Wait { milliseconds } => {
                        let waiting = clock.sleep(Duration::from_millis(milliseconds));
                        self.beside(plan, &mut hold, waiting).await?;
                        What::Waited
                    }
                    Effect::Observe(query) => {
                        match self.beside(plan, &mut hold, cloud.observe(&query)).await? {
                            Ok(observation) => What::Observed(observation),
                            Err(error) => What::ObserveFailed(error),
                        }
                    }
                    Effect::Ask(question) => {
                        let now = clock.now();
                        let seen = match users.take() {
                            Some((at, seen)) if now.milliseconds_since(at) < WATCH_SECONDS * 1000 => {
                                (at, seen)
                            }
                            Some(_) | None => (now, self.users(plan, &state, &mut hold).await?),
                        };
                        let (_, seen) = users.insert(seen);
                        match watcher.asked(plan, &question, seen.as_ref()) {
                            Reply::Answer { answer, by } if question.takes(&answer) => {
                                What::Answered { answer, by, request: None }
                            }
                            Reply::Answer { .. } | Reply::Leave => {
                                return Ok(Ended::NeedsAnswer(question, seen.clone()));
                            }
                            Reply::Wait => {
                                clock.sleep(Duration::from_millis(LISTEN_MILLISECONDS)).await;
                                What::Waited
                            }
                        }
                    }
                    Effect::Act(act) => {
                        let record = Record::Intended { at: clock.now(), act: act.clone() };
                        self.write(plan, &record, false, &mut hold, watcher).await?;
                        state = state.intending(act.clone());
                        watcher.recorded(plan, &record, &state);
                        // Written late, it has renewed the lease for a part of its time only.
                        self.renew(plan, &mut hold, watcher).await?;
                        match self.beside(plan, &mut hold, cloud.act(&act)).await? {
                            Ok(()) => What::Acted,
                            Err(error) => What::ActFailed(error),
                        }
                    }
                },
            };
            let event = Event { at: clock.now(), what };
            let (next, next_effect) =
                transition(plan, state.clone(), &event).map_err(|source| illegal(plan, source))?;
            // A look that showed nothing new is not written down: the fold is the same without it.
            if next != state || matches!(next_effect, Effect::Act(_)) || matters_by_itself(&event.what) {
                let record = Record::Happened(event);
                self.write(plan, &record, next.outcome.is_some(), &mut hold, watcher).await?;
                watcher.recorded(plan, &record, &next);
            } else {
                self.renew(plan, &mut hold, watcher).await?;
            }
            if next.question != state.question {
                users = None;
            }
            (state, effect) = (next, next_effect);
        }
    }

    /// Whether users are in, by a look at the gate; `None`: it can't be looked at.
    async fn users(
        &mut self,
        plan: &Plan,
        state: &State,
        hold: &mut Hold,
    ) -> Result<Option<Users>, ConductError> {
        let listener_arn = state.targets.listener.physical_id.clone();
        let query = Query::Fleet(FleetQuery::GateRules { listener_arn });
        let cloud = self.cloud;
        Ok(match self.beside(plan, hold, cloud.observe(&query)).await? {
            Ok(Observation::GateRules(rules)) => Some(Maintenance::of(&rules).map_or(Users::In, Users::Out)),
            Ok(_) | Err(_) => None,
        })
    }

    /// Look whether the calm holds, when it is time, or before what can't be undone.
    async fn watch(
        &mut self,
        plan: &Plan,
        state: &State,
        effect: &Effect,
        watched_at: Option<Timestamp>,
        hold: &mut Hold,
    ) -> Result<Watch, ConductError> {
        let Some(query) = watch_due(plan, state, effect, watched_at, self.clock.now()) else {
            return Ok(Watch::NotDue);
        };
        let cloud = self.cloud;
        let calm = match self.beside(plan, hold, cloud.observe(&query)).await? {
            Ok(Observation::Calm(calm)) => calm,
            Ok(other) => {
                let source = IllegalTransition::WrongAnswer { step: state.step, answer: other.kind() };
                return Err(illegal(plan, source));
            }
            Err(error) => {
                let waits = matches!(effect, Effect::Act(act) if act.is_irrevocable());
                // What may wait is looked at again when it is time; the run goes on meanwhile.
                return Ok(if waits { Watch::New(What::WatchFailed(error)) } else { Watch::Calm });
            }
        };
        let what = What::Watched(calm);
        let event = Event { at: self.clock.now(), what: what.clone() };
        let (next, _) = transition(plan, state.clone(), &event).map_err(|source| illegal(plan, source))?;
        Ok(if next == *state { Watch::Calm } else { Watch::New(what) })
    }

    /// What somebody has asked of the run meanwhile. What doesn't fit any more is taken up and dropped.
    async fn request(
        &mut self,
        plan: &Plan,
        state: &State,
        hold: &Hold,
        watcher: &mut impl Watcher,
    ) -> Result<Option<What>, ConductError> {
        let run_id = &plan.run_id;
        while let Some((number, request)) =
            self.insist(plan, hold, watcher, |journal| journal.next_request(run_id)).await?
        {
            self.insist(plan, hold, watcher, |journal| journal.take_request(run_id, number)).await?;
            match request {
                Request::Stop { by } => return Ok(Some(What::StopRequested { by, request: None })),
                Request::GiveUp { by } => return Ok(Some(What::GivenUp { by, request: None })),
                Request::Answer { answer, by } => {
                    if state.question.as_ref().is_some_and(|question| question.takes(&answer)) {
                        return Ok(Some(What::Answered { answer, by, request: None }));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// What came of watching the calm.
enum Watch {
    /// It is not time.
    NotDue,
    /// It holds.
    Calm,
    /// Something is new, or it could not be looked at.
    New(What),
}

fn matters_by_itself(what: &What) -> bool {
    match what {
        What::Started { .. }
        | What::Resumed { .. }
        | What::PassedOver { .. }
        | What::Acted
        | What::ActFailed(_)
        | What::StopRequested { .. }
        | What::GivenUp { .. }
        | What::Answered { .. } => true,
        What::Observed(_)
        | What::ObserveFailed(_)
        | What::Watched(_)
        | What::WatchFailed(_)
        | What::Waited => false,
    }
}

fn illegal(plan: &Plan, source: IllegalTransition) -> ConductError {
    ConductError::Illegal { run_id: plan.run_id.clone(), source }
}
