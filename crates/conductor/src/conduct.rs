//! The loop: one effect at a time, everything written down before it counts.

mod copied;
mod hold;

use std::time::Duration;

use upgrade::{
    Act, Answer, ApprovedPlan, Effect, Event, Handover, IllegalTransition, Limit, Observation, Outcome, Plan,
    PortError, PortErrorKind, Question, Record, State, Step, Timestamp, Users, WATCH_SECONDS, What,
    stop_does, transition, users_query, watch_due, watch_seconds,
};

use crate::claim::Holder;
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::journal::{Asked, JournalError, JournalStore, Request, read_run};

pub use copied::Here;
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

    /// An act is about to be written down and done: a copy of the conducting can go on from here
    /// ([`Conductor::go_on_from`]).
    fn about_to_act(&mut self, _here: Here<'_>) {}

    /// The journal can't be written at this moment. It is tried again until `until`, then the conducting ends.
    fn hindered(&mut self, _run_id: &str, _error: &JournalError, _until: Timestamp) {}
}

/// What came of asking a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// They decided.
    Answer { answer: Answer, by: String },
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
    /// No sign of life could be given, or nothing written down, for so long that another conducting may act from now on.
    #[error(
        "run {run_id} could not be written down; nothing was done for it since {seconds} s after its last sign of life, and this process does nothing more: {source}"
    )]
    Silenced {
        run_id: String,
        /// How long after its last sign of life a conducting sends calls.
        seconds: u64,
        /// Why it could not.
        source: JournalError,
    },
    /// The journal doesn't fit its plan.
    #[error("the journal of run {run_id} does not fit its plan: {source}")]
    Illegal {
        run_id: String,
        /// What doesn't fit.
        source: IllegalTransition,
    },
    /// The run has ended before.
    #[error("run {run_id} has ended; there is nothing to resume")]
    Ended { run_id: String },
}

/// What carries runs out.
#[derive(Debug)]
pub struct Conductor<'a, C, J> {
    /// The cloud, and the platform.
    pub cloud: &'a C,
    /// What remembers.
    pub journal: &'a J,
    /// What the time is.
    pub clock: &'a Clock,
    /// Who this is.
    pub holder: &'a Holder,
}

impl<C: Cloud, J: JournalStore> Conductor<'_, C, J> {
    /// Begin an approved plan's run and carry it to its end. A plan runs once.
    pub async fn start(
        &self,
        approved: &ApprovedPlan,
        watcher: &mut impl Watcher,
    ) -> Result<Ended, ConductError> {
        let plan = approved.plan();
        let what = What::Started { approval: approved.approval().clone() };
        let event = Event { at: self.clock.now(), what };
        let record = Record::Happened(event.clone());
        let hold = self.begin(plan, &record, watcher).await?;
        hold.written.set(1);
        let going_on = async {
            let (state, effect) = transition(plan, State::new(plan, event.at), &event)
                .map_err(|source| illegal(plan, source))?;
            watcher.recorded(plan, &record, &state);
            self.go_on(plan, (state, effect), None, &hold, watcher).await
        };
        let ended = self.beside(&plan.run_id, &hold, going_on).await;
        self.give_back(&plan.run_id, ended).await
    }

    /// Go on with a run whose process died, or left it. An act that was begun is not trusted either way: the step looks
    /// at the cloud again and does what is still to do.
    pub async fn resume(&self, run_id: &str, watcher: &mut impl Watcher) -> Result<Ended, ConductError> {
        // The claim first: whoever is refused has read nothing.
        let (hold, taken) = self.take(run_id, watcher).await?;
        let going_on = async {
            // Calls of the one before may be under way: nobody acts until they can't be sent any more.
            let early = taken.act_at.milliseconds_since(self.clock.now());
            self.clock.sleep(Duration::from_millis(early)).await;
            let (plan, state, effect) = self.follow_on(run_id, taken.from.as_ref(), &hold, watcher).await?;
            self.go_on(&plan, (state, effect), None, &hold, watcher).await
        };
        let ended = self.beside(run_id, &hold, going_on).await;
        self.give_back(run_id, ended).await
    }

    /// Write down that this conducting goes on from here. It acts only when that stands: where the place has been filled
    /// meanwhile, by whoever carried the run on before, the journal is read once more.
    async fn follow_on(
        &self,
        run_id: &str,
        from: Option<&Holder>,
        hold: &Hold,
        watcher: &mut impl Watcher,
    ) -> Result<(Plan, State, Effect), ConductError> {
        loop {
            let read = async |_| read_run(self.journal, run_id).await;
            let (plan, records, state) = self.insist(run_id, hold, watcher, read).await?;
            let plan = &plan;
            if state.outcome.is_some() {
                return Err(ConductError::Ended { run_id: run_id.to_owned() });
            }
            hold.written.set(records.len());
            hold.taken.replace(records.iter().filter_map(request_of).cloned().collect());
            // A clock that was set back since then, or another machine's: time goes on from where the journal is.
            let now = self.clock.now();
            let at = now.max(records.last().map_or(now, Record::at));
            let event = Event { at, what: What::Resumed { after: handover(&records, from) } };
            let (state, effect) = transition(plan, state, &event).map_err(|source| illegal(plan, source))?;
            let record = Record::Happened(event);
            match self.write(plan, &record, state.outcome.is_some(), hold, watcher).await {
                Ok(()) => {
                    watcher.recorded(plan, &record, &state);
                    return Ok((plan.clone(), state, effect));
                }
                Err(ConductError::Journal(JournalError::Overtaken { .. })) => {
                    let confirm = async |_| self.journal.confirm(run_id, self.holder).await;
                    self.insist(run_id, hold, watcher, confirm).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// `watched_at`: when the calm was looked at last.
    async fn go_on(
        &self,
        plan: &Plan,
        (mut state, mut effect): (State, Effect),
        mut watched_at: Option<Timestamp>,
        hold: &Hold,
        watcher: &mut impl Watcher,
    ) -> Result<Ended, ConductError> {
        let (cloud, clock) = (self.cloud, self.clock);
        // Whether the last call failed.
        let mut failed = false;
        // Until when nothing changes of what the last look at the calm saw.
        let mut calm_until: Option<Timestamp> = None;
        // Whether the calm was looked at right before the effect that is due.
        let mut just_watched = watched_at == Some(clock.now());
        // Whether users are in, as it was seen last while a question stood.
        let mut users: Option<(Timestamp, Option<Users>)> = None;
        loop {
            if let Some(outcome) = &state.outcome {
                return Ok(Ended::Run(outcome.clone()));
            }
            hold.doing.set(state.step.title());
            let mut asked = self.request(plan, &state, hold, watcher, false).await?;
            if asked.is_none() && !just_watched {
                match self.watch(plan, &state, &effect, watched_at, hold).await? {
                    Watch::NotDue => {}
                    Watch::Calm => {
                        watched_at = Some(self.clock.now());
                        calm_until = cloud.unchanged_until();
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
            let mut what = match asked {
                Some(asked) => asked,
                None => match effect {
                    // The end always comes with an outcome, so the loop has returned before; looking once more is
                    // the harmless answer to a state machine that says otherwise.
                    Effect::End => What::Waited,
                    Effect::Wait { milliseconds } => {
                        // What could not be looked at isn't known not to have changed.
                        let mut looks = 1;
                        if !failed {
                            (looks, watched_at) =
                                self.next_look(plan, &state, milliseconds, watched_at, calm_until);
                        }
                        clock.sleep(Duration::from_millis(milliseconds.saturating_mul(looks))).await;
                        What::Waited
                    }
                    Effect::Observe(query) => match self.call(hold, cloud.observe(&query)).await {
                        Ok(observation) => What::Observed(observation),
                        Err(error) => What::ObserveFailed(error),
                    },
                    Effect::Ask(question) => {
                        let now = clock.now();
                        let seen = match users.take() {
                            Some((at, seen)) if now.milliseconds_since(at) < WATCH_SECONDS * 1000 => {
                                (at, seen)
                            }
                            Some(_) | None => (now, self.users(plan, &state, hold).await),
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
                        watcher.about_to_act(Here { state: &state, act: &act, watched_at });
                        let record = Record::Intended { at: clock.now(), act: act.clone() };
                        self.write(plan, &record, false, hold, watcher).await?;
                        state = state.intending(act.clone());
                        watcher.recorded(plan, &record, &state);
                        if act.is_irrevocable() {
                            let confirm = async |_| self.journal.confirm(&plan.run_id, self.holder).await;
                            self.insist(&plan.run_id, hold, watcher, confirm).await?;
                        }
                        self.until_held(hold).await;
                        // What was seen before the machine stood still is no reason to act.
                        let done = match hold.stood_still.get() {
                            true => Err(stood_still(&act)),
                            false => {
                                // A look that was given up before changes nothing when it arrives late.
                                let _look = hold.limit.take_unanswered();
                                self.call(hold, cloud.act(&act)).await
                            }
                        };
                        if hold.limit.take_unanswered() {
                            // Before what came of the act, so that whoever follows knows of it in any case.
                            let event = Event { at: clock.now(), what: What::Unanswered };
                            state =
                                transition(plan, state, &event).map_err(|source| illegal(plan, source))?.0;
                            let record = Record::Happened(event);
                            self.write(plan, &record, false, hold, watcher).await?;
                            watcher.recorded(plan, &record, &state);
                        }
                        match done {
                            Ok(()) => What::Acted,
                            Err(error) => What::ActFailed(error),
                        }
                    }
                },
            };
            if matches!(what, What::Acted | What::ActFailed(_)) {
                calm_until = None;
            }
            failed = match &what {
                What::Waited => failed,
                what => matches!(what, What::ObserveFailed(_) | What::WatchFailed(_) | What::ActFailed(_)),
            };
            if let Some(anew) = self.after_standing_still(plan, &state, hold, watcher).await? {
                (state, effect) = anew;
                (watched_at, users) = (None, None);
                // What was seen before that is looked at anew; what was done or said stands.
                match &what {
                    What::Acted
                    | What::ActFailed(_)
                    | What::StopRequested { .. }
                    | What::GivenUp { .. }
                    | What::PassedOver { .. } => {}
                    What::Answered { answer, by: _, request } => {
                        if !state.question.as_ref().is_some_and(|question| question.takes(answer)) {
                            // Whoever answered is asked again, if there is still something to ask.
                            let Some(request) = request.clone() else { continue };
                            what = What::PassedOver { request };
                        }
                    }
                    What::Started { .. }
                    | What::Resumed { .. }
                    | What::StoodStill
                    | What::Observed(_)
                    | What::ObserveFailed(_)
                    | What::Watched(_)
                    | What::WatchFailed(_)
                    | What::Unanswered
                    | What::Waited => continue,
                }
            }
            let mut event = Event { at: clock.now(), what };
            let (mut next, mut next_effect) =
                transition(plan, state.clone(), &event).map_err(|source| illegal(plan, source))?;
            // What somebody asked while it could be done is taken up: a look after which a stop does something else, or nothing
            // any more, is made again.
            if (next.outcome.is_some() || stop_does(&next) != stop_does(&state))
                && matches!(event.what, What::Observed(_) | What::Waited)
                && let Some(what) = self.request(plan, &state, hold, watcher, true).await?
            {
                event = Event { at: clock.now(), what };
                (next, next_effect) =
                    transition(plan, state.clone(), &event).map_err(|source| illegal(plan, source))?;
            }
            // A look that showed nothing new is not written down: the fold is the same without it.
            if next != state || matches!(next_effect, Effect::Act(_)) || matters_by_itself(&event.what) {
                let record = Record::Happened(event);
                self.write(plan, &record, next.outcome.is_some(), hold, watcher).await?;
                hold.taken.borrow_mut().extend(request_of(&record).cloned());
                watcher.recorded(plan, &record, &next);
            }
            if next.question != state.question {
                users = None;
            }
            (state, effect) = (next, next_effect);
        }
    }

    /// How many looks on the next one is that is made, so many milliseconds lying between two: the next. Where it is known that
    /// nothing changes before, the first at which something may have: those before it would show nothing new, and nothing of them
    /// would be written down.
    fn looks_to_next(&self, plan: &Plan, state: &State, milliseconds: u64) -> u64 {
        // Sessions are asked again to be saved when they haven't answered for a while.
        if state.step == Step::SaveSessions || milliseconds == 0 {
            return 1;
        }
        let Some(unchanged) = self.cloud.unchanged_until() else { return 1 };
        let now = self.clock.now();
        let limit = Limit::next(plan, state, now).map(|limit| limit.at);
        let proven = state.healthy_since.map(|since| since.plus_seconds(plan.health.quiet_seconds));
        let until = limit.into_iter().chain(proven.filter(|at| *at > now)).fold(unchanged, Timestamp::min);
        until.milliseconds_since(now).div_ceil(milliseconds).max(1)
    }

    /// The same, with what is watched beside: at which look the next one is, and when the calm would have been looked at last by the
    /// looks that are not made, so that the next look at it keeps its time. `calm_until`: until when nothing changes of what the last
    /// look at it saw; what has changed since is seen when it is time, and not passed over.
    fn next_look(
        &self,
        plan: &Plan,
        state: &State,
        milliseconds: u64,
        watched_at: Option<Timestamp>,
        calm_until: Option<Timestamp>,
    ) -> (u64, Option<Timestamp>) {
        let looks = self.looks_to_next(plan, state, milliseconds);
        let watched = watched_at.zip(watch_seconds(plan, state)).filter(|_| looks > 1);
        let Some((mut watched_at, seconds)) = watched else { return (looks, watched_at) };
        let now = self.clock.now();
        let due = |then: Timestamp| {
            then.plus_seconds(seconds).milliseconds_since(now).div_ceil(milliseconds).max(1)
        };
        if calm_until.is_none_or(|until| until <= now) {
            return (looks.min(due(watched_at)), Some(watched_at));
        }
        // The last look is made.
        while due(watched_at) < looks {
            watched_at = Timestamp(now.0.saturating_add(milliseconds.saturating_mul(due(watched_at))));
        }
        (looks, Some(watched_at))
    }

    /// Go on after the machine stood still (a closed laptop) and nobody took the run over meanwhile, as whoever takes a run up
    /// does: time in which nobody acted or looked is not the step's. `None`: it didn't.
    async fn after_standing_still(
        &self,
        plan: &Plan,
        state: &State,
        hold: &Hold,
        watcher: &mut impl Watcher,
    ) -> Result<Option<(State, Effect)>, ConductError> {
        let mut anew: Option<(State, Effect)> = None;
        loop {
            self.until_held(hold).await;
            if !hold.stood_still.take() {
                return Ok(anew);
            }
            let state = anew.map_or_else(|| state.clone(), |(state, _)| state);
            let event = Event { at: self.clock.now(), what: What::StoodStill };
            let (next, effect) = transition(plan, state, &event).map_err(|source| illegal(plan, source))?;
            let record = Record::Happened(event);
            self.write(plan, &record, next.outcome.is_some(), hold, watcher).await?;
            watcher.recorded(plan, &record, &next);
            anew = Some((next, effect));
        }
    }

    /// Whether users are in, by a look at the gate; `None`: it can't be looked at.
    async fn users(&self, plan: &Plan, state: &State, hold: &Hold) -> Option<Users> {
        let query = users_query(plan, state);
        match self.call(hold, self.cloud.observe(&query)).await {
            Ok(Observation::Calm(calm)) => Some(Users::from_calm(&calm)),
            Ok(_) | Err(_) => None,
        }
    }

    /// Look whether the calm holds, when it is time, or before what can't be undone.
    async fn watch(
        &self,
        plan: &Plan,
        state: &State,
        effect: &Effect,
        watched_at: Option<Timestamp>,
        hold: &Hold,
    ) -> Result<Watch, ConductError> {
        let Some(query) = watch_due(plan, state, effect, watched_at, self.clock.now()) else {
            return Ok(Watch::NotDue);
        };
        let calm = match self.call(hold, self.cloud.observe(&query)).await {
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

    /// What somebody has asked of the run meanwhile. The record that takes it up names it.
    async fn request(
        &self,
        plan: &Plan,
        state: &State,
        hold: &Hold,
        watcher: &mut impl Watcher,
        for_the_last: bool,
    ) -> Result<Option<What>, ConductError> {
        let taken = hold.taken.borrow().clone();
        let listen = async |_| self.journal.requests(&plan.run_id, &taken, for_the_last).await;
        let asked = self.insist(&plan.run_id, hold, watcher, listen).await?.into_iter().next();
        let Some(Asked { id, request }) = asked else { return Ok(None) };
        let fits = |answer: &Answer| state.question.as_ref().is_some_and(|question| question.takes(answer));
        Ok(Some(match request {
            Request::Stop { by } => What::StopRequested { by, request: Some(id) },
            Request::GiveUp { by } => What::GivenUp { by, request: Some(id) },
            Request::Answer { answer, by } if fits(&answer) => {
                What::Answered { answer, by, request: Some(id) }
            }
            // What doesn't fit any more must not fit another question later.
            Request::Answer { .. } => What::PassedOver { request: id },
        }))
    }
}

fn stood_still(act: &Act) -> PortError {
    PortError {
        kind: PortErrorKind::Transient,
        operation: "not sent".to_owned(),
        message: format!("this machine stood still before it could {act}; it looks again"),
    }
}

/// The request that a record takes up.
fn request_of(record: &Record) -> Option<&String> {
    let Record::Happened(event) = record else { return None };
    match &event.what {
        What::StopRequested { request, .. }
        | What::GivenUp { request, .. }
        | What::Answered { request, .. } => request.as_ref(),
        What::PassedOver { request } => Some(request),
        What::Started { .. }
        | What::Resumed { .. }
        | What::StoodStill
        | What::Observed(_)
        | What::ObserveFailed(_)
        | What::Watched(_)
        | What::WatchFailed(_)
        | What::Acted
        | What::ActFailed(_)
        | What::Unanswered
        | What::Waited => None,
    }
}

/// How a run was handed over. Every act is written down before its first call, and nobody writes after the one who follows: so
/// calls may be under way only where the last thing written is an act of which nobody knows what came of it.
fn handover(records: &[Record], from: Option<&Holder>) -> Handover {
    let unknown = match records.last() {
        Some(Record::Intended { .. } | Record::Happened(Event { what: What::Unanswered, .. })) => true,
        Some(Record::Happened(_)) | None => false,
    };
    match from {
        _ if !unknown => Handover::GivenBack,
        Some(holder) => Handover::Overtaken { holder: holder.to_string() },
        // Interrupted in the middle of an act: it has said so, and what it had sent goes on.
        None => Handover::Overtaken { holder: "a conducting that was interrupted".to_owned() },
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
        | What::StoodStill
        | What::PassedOver { .. }
        | What::Unanswered
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
