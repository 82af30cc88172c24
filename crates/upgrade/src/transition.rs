//! The state machine: what happened, in; what to do next, out.

#![warn(clippy::wildcard_enum_match_arm)]

mod credentials;
mod failures;
mod people;
mod renewal;
mod ways;

use failures::{cope, is_refused_suspension, not_begun, not_taken_away, refused_under_way};
pub use people::{StopDoes, stop_does};
use people::{answered, stop};
use renewal::{is_renewing, not_renewed, reclose, renew};
use ways::{fail, finish, go_back, is_behind_gate, next, stuck};

use crate::Timestamp;
use crate::act::Act;
use crate::journal::{Event, Handover, PortErrorKind, Record, What};
use crate::observation::Observation;
use crate::plan::{Plan, UpdateKind};
use crate::query::Query;
use crate::question::Question;
use crate::state::{Outcome, State, Stays};
use crate::step::Step;
use crate::steps::{self, Decision, Inquiry, gate, second_look};
use crate::takeover;
use crate::watch::{self, Watched};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Effect {
    /// Ask the cloud; answer with `Observed` or `ObserveFailed`.
    Observe(Query),
    /// Write the intent down, do it; answer with `Acted` or `ActFailed`.
    Act(Act),
    /// Wait; answer with `Waited`.
    Wait { milliseconds: u64 },
    /// Only a person leads on; answer with `Answered`. A run that nobody answers can be left and resumed.
    Ask(Question),
    /// Nothing more: the run has ended.
    End,
}

/// An event that can't happen in this state: the journal isn't this plan's, or the program is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalTransition {
    /// An event after the end.
    #[error("the run has ended; nothing can happen to it any more")]
    Ended,
    /// An answer to another question.
    #[error("step \"{}\" was answered with {answer}, which it did not ask for", step.title())]
    WrongAnswer {
        step: Step,
        /// The kind of observation that came.
        answer: &'static str,
    },
    /// A person's answer that the run's question doesn't take, or that nobody asked for.
    #[error("this is not an answer to what the run asks")]
    NotAnAnswer,
    /// The journal doesn't begin with `Started`.
    #[error("the journal does not begin with the start of a run")]
    NotStarted,
    /// The journal's plan is not the one that was approved.
    #[error("the run's plan is not the one that {by} approved")]
    OtherPlan {
        /// Who approved.
        by: String,
    },
}

/// The state of a run, from its journal.
pub fn fold<'a>(
    plan: &Plan,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<State, IllegalTransition> {
    let mut records = records.into_iter();
    let mut state = match records.next() {
        Some(Record::Happened(event @ Event { at, what: What::Started { .. } })) => {
            transition(plan, State::new(plan, *at), event)?.0
        }
        _ => return Err(IllegalTransition::NotStarted),
    };
    for record in records {
        state = match record {
            Record::Intended { act, .. } => state.intending(act.clone()),
            Record::Happened(event) => transition(plan, state, event)?.0,
        };
    }
    Ok(state)
}

/// What follows from an event.
pub fn transition(
    plan: &Plan,
    mut state: State,
    event: &Event,
) -> Result<(State, Effect), IllegalTransition> {
    if state.outcome.is_some() {
        return Err(IllegalTransition::Ended);
    }
    let at = event.at;
    match &event.what {
        What::Started { approval } => {
            if approval.plan_sha256 != plan.sha256() {
                return Err(IllegalTransition::OtherPlan { by: approval.by.clone() });
            }
            state.begun_by.clone_from(&approval.by);
            Ok(start(plan, state, at))
        }
        What::Waited => {
            // What a person is asked about may be tried on meanwhile.
            Ok(match &state.question {
                Some(Question::NoCredentials { .. }) => ask_what_is_due(plan, state, at),
                Some(question) if question.is_tried_on() => ask_step(plan, state, at),
                Some(_) | None => proceed(plan, state, at),
            })
        }
        What::Resumed { .. } | What::StoodStill => {
            if let What::Resumed { after: Handover::Overtaken { holder: _ } } = &event.what {
                takeover::overtaken(plan, &mut state, at);
            }
            begin_anew(&mut state, at);
            credentials::forget(&mut state);
            state.unseen_since = None;
            state.healthy_since = None;
            state.watching = false;
            match state.question {
                // Somebody may have continued the rollback in the console meanwhile.
                Some(Question::RollbackFailed { update, .. }) => {
                    state.update(update).led_elsewhere = true;
                    Ok(ask_step(plan, state, at))
                }
                // Keys were renewed, or rights given back. Where they weren't, it is asked again.
                Some(Question::Unseen { .. }) => Ok(ask_step(plan, state, at)),
                Some(
                    Question::Unhealthy { .. }
                    | Question::Leaving { .. }
                    | Question::NoCredentials { .. }
                    | Question::GateGone { .. }
                    | Question::WindowPassed { .. },
                )
                | None => Ok(proceed(plan, state, at)),
            }
        }
        What::Acted => {
            credentials::work_again(&mut state, at);
            state.note_done();
            steps::note_told(&mut state, at);
            Ok(proceed(plan, state, at))
        }
        What::Observed(observation) => {
            let is_trial = credentials::trial(plan, &state, at).is_some();
            credentials::work_again(&mut state, at);
            if is_trial {
                return Ok(proceed(plan, state, at));
            }
            state.unseen_since = None;
            if let Some(Question::Unseen { .. }) = state.question {
                state.question = None;
            }
            if state.reclosing
                && let Observation::GateRules(seen) = observation
            {
                let decision = gate::close(plan, &mut state, seen, at);
                return Ok(reclose(plan, state, at, decision));
            }
            if is_renewing(&state)
                && let Observation::GateRules(seen) = observation
            {
                let decision = gate::renew(plan, &mut state, seen, at);
                return Ok(renew(plan, state, at, decision));
            }
            let decision = steps::decide(plan, &mut state, observation, at)?;
            Ok(follow(plan, state, at, decision))
        }
        What::ObserveFailed(error) | What::WatchFailed(error) if error.kind == PortErrorKind::Expired => {
            Ok(credentials::ended(plan, state, at, error))
        }
        What::ActFailed(error) if error.kind == PortErrorKind::Expired => {
            not_begun(&mut state);
            state.watching = false;
            Ok(credentials::ended(plan, state, at, error))
        }
        What::ObserveFailed(error) if is_renewing(&state) => Ok(not_renewed(plan, state, at, error)),
        What::ObserveFailed(error) => Ok(cope(plan, state, at, error)),
        What::Watched(calm) => {
            credentials::work_again(&mut state, at);
            let watched = watch::judge(plan, &mut state, calm, at);
            Ok(watched_so(plan, state, at, watched))
        }
        What::WatchFailed(error) => {
            // Nothing that can't be undone is done unseen.
            let waiting_on = vec![format!("a look at the gate before going on: {error}")];
            Ok(follow(plan, state, at, Decision::Wait(waiting_on)))
        }
        What::ActFailed(error) if state.watching => Ok(not_taken_away(plan, state, at, error)),
        What::ActFailed(error) if is_refused_suspension(&state, error) => {
            Ok(not_taken_away(plan, state, at, error))
        }
        What::ActFailed(error) if is_renewing(&state) => Ok(not_renewed(plan, state, at, error)),
        What::ActFailed(error) => {
            if error.kind == PortErrorKind::Refused
                && let Step::FollowUpdate(kind) = state.step
            {
                return Ok(refused_under_way(plan, state, at, kind, error));
            }
            // A refused act did not happen. After a transient failure nobody knows: the next look tells.
            if error.kind == PortErrorKind::Refused {
                not_begun(&mut state);
            }
            Ok(cope(plan, state, at, error))
        }
        What::StopRequested { by, request: _ } => Ok(stop(plan, state, at, by)),
        What::Answered { answer, by, request: _ } => answered(plan, state, at, answer, by),
        What::PassedOver { request: _ } => Ok(proceed(plan, state, at)),
        What::Unanswered => {
            state.unanswered_at = Some(at);
            // What came of the act follows.
            Ok((state, Effect::Wait { milliseconds: 0 }))
        }
        What::GivenUp { by, request: _ } => {
            let reason = format!("{}: given up by {by}, as it was", state.step.title());
            Ok(end(state, Outcome::GateClosed { reason }))
        }
    }
}

/// How long after the announced closing time a run may begin without asking: people were told a time.
const WINDOW_PASSED_MILLISECONDS: u64 = 60_000;

fn start(plan: &Plan, state: State, at: Timestamp) -> (State, Effect) {
    match plan.announcement.closes_at {
        Some(closes_at) if at.milliseconds_since(closes_at) > WINDOW_PASSED_MILLISECONDS => {
            follow(plan, state, at, Decision::Ask(Question::WindowPassed { closes_at }))
        }
        Some(_) | None => proceed(plan, state, at),
    }
}

/// What a look at the calm leads to. What was due is looked at anew afterwards.
fn watched_so(plan: &Plan, mut state: State, at: Timestamp, watched: Watched) -> (State, Effect) {
    match watched {
        Watched::Calm => proceed(plan, state, at),
        Watched::Act(act) => {
            state.watching = true;
            (state, Effect::Act(act))
        }
        Watched::Ask(question) => follow(plan, state, at, Decision::Ask(question)),
        Watched::Wait(left) => follow(plan, state, at, Decision::Wait(left)),
    }
}

/// The time in which nobody acted or looked, or in which something else was done, is not the step's.
fn begin_anew(state: &mut State, at: Timestamp) {
    state.step_started_at = at;
    state.work_ends_since = state.work_ends_since.map(|_| at);
}

/// Look at what the step asks, or at what is known without asking.
fn proceed(plan: &Plan, state: State, at: Timestamp) -> (State, Effect) {
    if let Some(question) = &state.question {
        let effect = Effect::Ask(question.clone());
        return (state, effect);
    }
    ask_what_is_due(plan, state, at)
}

/// The same, whatever a person is asked.
fn ask_what_is_due(plan: &Plan, state: State, at: Timestamp) -> (State, Effect) {
    if state.reclosing {
        let query = gate::query_to_close(&state);
        return (state, Effect::Observe(query));
    }
    if let Some(renewal) = state.renewals.first() {
        let query = gate::query(vec![renewal.listener_arn.clone()]);
        return (state, Effect::Observe(query));
    }
    ask_step(plan, state, at)
}

fn ask_step(plan: &Plan, state: State, at: Timestamp) -> (State, Effect) {
    if let Some(query) = credentials::trial(plan, &state, at) {
        return (state, Effect::Observe(query));
    }
    match steps::inquiry(plan, &state, at) {
        Inquiry::Ask(query) => (state, Effect::Observe(query)),
        Inquiry::Known(decision) => follow(plan, state, at, decision),
    }
}

/// Wait, and look again.
fn wait(plan: &Plan, mut state: State, waiting_on: Vec<String>) -> (State, Effect) {
    state.waiting_on = waiting_on;
    let milliseconds = plan.planned(state.step).poll_milliseconds;
    (state, Effect::Wait { milliseconds })
}

fn follow(plan: &Plan, mut state: State, at: Timestamp, decision: Decision) -> (State, Effect) {
    if let Some(question) = state.question.clone().filter(Question::is_tried_on) {
        return try_on(plan, state, at, question, decision);
    }
    match decision {
        Decision::Act(act) if state.done.as_ref() == Some(&act) => {
            // It was done just now and doesn't show yet: AWS's answers lag behind its acts.
            state.done = None;
            follow(plan, state, at, Decision::Wait(vec![format!("the effect of: {act}")]))
        }
        Decision::Act(act) => {
            if let Some(seconds) = overdue(plan, &state, at) {
                let held = match state.waiting_on.as_slice() {
                    [] => String::new(),
                    held => format!("; held by {}", named(held)),
                };
                let reason = format!("not done after {seconds} s; it still takes: {act}{held}");
                // Users are in by then: where the platform's own rules stand holds nobody.
                if state.step == Step::OpenGate && gate::gives_room_back(&act) {
                    state.still_to_put_back.push(format!("{}: {reason}", state.step.title()));
                    return follow(plan, state, at, Decision::Done);
                }
                return follow(plan, state, at, Decision::Fail(reason));
            }
            state.waiting_on.clear();
            (state, Effect::Act(act))
        }
        Decision::Look => proceed(plan, state, at),
        Decision::MakeAnew(kind) => {
            state.remaking |= is_behind_gate(plan, &state);
            let update = state.update(kind);
            (update.revoked, update.begun) = (false, false);
            enter(plan, state, at, Step::CreateChangeSet(kind))
        }
        Decision::Wait(waiting_on) => {
            if let Some(seconds) = overdue(plan, &state, at) {
                let reason = format!("not done after {seconds} s; held by {}", named(&waiting_on));
                return follow(plan, state, at, Decision::Fail(reason));
            }
            wait(plan, state, waiting_on)
        }
        Decision::Done => {
            let follows_way_back = state.step == Step::FollowUpdate(UpdateKind::WayBack);
            if follows_way_back && state.found.is_some() && state.taken.begun {
                // The old release stands again, in the maintenance that its administrator had entered.
                state.stays = Some(Stays::AsFound);
            }
            // Where there is no gate, work goes on from here.
            if state.step == Step::OpenGate || (plan.gateless && state.step == Step::UnmuteAlarms) {
                state.opened_at.get_or_insert(at);
            }
            if state.step == Step::LookOnceMore {
                second_look::begin(&mut state, at);
            }
            match next(plan, &state, at) {
                Some(next) => enter(plan, state, at, next),
                None => finish(plan, state),
            }
        }
        Decision::Ask(question) => {
            state.waiting_on = vec!["a person's decision".to_owned()];
            state.question = Some(question.clone());
            (state, Effect::Ask(question))
        }
        Decision::GoBack(reason) => go_back(plan, state, at, reason),
        Decision::Fail(reason) => fail(plan, state, at, &reason),
        Decision::Stuck(reason) => stuck(plan, state, at, reason),
    }
}

/// A step is tried on while a person is asked about it: it still acts and looks, and what it waits for holds the question.
fn try_on(
    plan: &Plan,
    mut state: State,
    at: Timestamp,
    question: Question,
    decision: Decision,
) -> (State, Effect) {
    match decision {
        Decision::Act(act) if state.done.as_ref() == Some(&act) => {
            state.done = None;
            (state, Effect::Ask(question))
        }
        Decision::Act(act) => (state, Effect::Act(act)),
        Decision::Look => ask_step(plan, state, at),
        Decision::Done => {
            state.question = None;
            state.waiting_on.clear();
            follow(plan, state, at, Decision::Done)
        }
        Decision::Wait(_)
        | Decision::MakeAnew(_)
        | Decision::Ask(_)
        | Decision::GoBack(_)
        | Decision::Fail(_)
        | Decision::Stuck(_) => (state, Effect::Ask(question)),
    }
}

/// The step's deadline in seconds, when it has passed.
fn overdue(plan: &Plan, state: &State, at: Timestamp) -> Option<u64> {
    let deadline_seconds = plan.planned(state.step).deadline_seconds?;
    (at.milliseconds_since(state.step_started_at) > deadline_seconds * 1000).then_some(deadline_seconds)
}

fn enter(plan: &Plan, mut state: State, at: Timestamp, step: Step) -> (State, Effect) {
    state.remaking &= matches!(step, Step::CreateChangeSet(_));
    // Rules that are to be deleted are not made anew.
    if step == Step::OpenGate {
        state.renewals.clear();
    }
    if step.is_leaving() {
        state.leaving_since.get_or_insert(at);
    }
    state.step = step;
    state.step_started_at = at;
    state.unseen_since = None;
    state.expired_since = None;
    state.waiting_on.clear();
    proceed(plan, state, at)
}

fn end(mut state: State, outcome: Outcome) -> (State, Effect) {
    state.waiting_on.clear();
    state.outcome = Some(outcome);
    (state, Effect::End)
}

/// The first few of what holds a step.
pub(crate) fn named(waiting_on: &[String]) -> String {
    let shown: Vec<&str> = waiting_on.iter().take(3).map(String::as_str).collect();
    match waiting_on.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
