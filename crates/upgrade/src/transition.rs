//! The state machine: what happened, in; what to do next, out.

use crate::Timestamp;
use crate::act::Act;
use crate::journal::{Event, PortError, PortErrorKind, Record, What};
use crate::observation::Query;
use crate::plan::{Plan, Step};
use crate::state::{Outcome, State};
use crate::steps::{self, Decision};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Effect {
    /// Ask the cloud; answer with `Observed` or `ObserveFailed`.
    Observe(Query),
    /// Write the intent down, do it; answer with `Acted` or `ActFailed`.
    Act(Act),
    /// Wait; answer with `Waited`.
    Wait {
        /// How long.
        milliseconds: u64,
    },
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
        /// The step.
        step: Step,
        /// The kind of observation that came.
        answer: &'static str,
    },
    /// The journal doesn't begin with `Started`.
    #[error("the journal does not begin with the start of a run")]
    NotStarted,
}

/// The state of a run, from its journal.
pub fn fold<'a>(
    plan: &Plan,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<State, IllegalTransition> {
    let mut records = records.into_iter();
    let mut state = match records.next() {
        Some(Record::Happened(Event { at, what: What::Started })) => State::new(plan, *at),
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
    match &event.what {
        What::Started | What::Resumed | What::Waited => {
            let effect = Effect::Observe(steps::query(plan, &state));
            Ok((state, effect))
        }
        What::Acted => {
            state.done = state.intended.take();
            if let Some(Act::TerminateJobs { job_ids, .. }) = &state.done {
                state.jobs_told_to_end.extend(job_ids.iter().cloned());
            }
            let effect = Effect::Observe(steps::query(plan, &state));
            Ok((state, effect))
        }
        What::Observed(observation) => {
            let decision = steps::decide(plan, &mut state, observation)?;
            Ok(follow(plan, state, event.at, decision))
        }
        What::ObserveFailed(error) => Ok(cope(plan, state, event.at, error)),
        What::ActFailed(error) => {
            // A refused act did not happen. After a transient failure nobody knows: the next look tells.
            if error.kind == PortErrorKind::Refused {
                state.intended = None;
            }
            Ok(cope(plan, state, event.at, error))
        }
    }
}

/// A call failed: wait and look again, or give the step up.
fn cope(plan: &Plan, state: State, at: Timestamp, error: &PortError) -> (State, Effect) {
    let decision = match error.kind {
        PortErrorKind::Transient => Decision::Wait(vec![error.to_string()]),
        PortErrorKind::Refused => Decision::Fail(error.to_string()),
    };
    follow(plan, state, at, decision)
}

fn follow(plan: &Plan, mut state: State, at: Timestamp, decision: Decision) -> (State, Effect) {
    match decision {
        Decision::Act(act) if state.done.as_ref() == Some(&act) => {
            // It was done just now and doesn't show yet: AWS's answers lag behind its acts.
            state.done = None;
            follow(plan, state, at, Decision::Wait(vec![format!("the effect of: {act}")]))
        }
        Decision::Act(act) => {
            if let Some(seconds) = overdue(plan, &state, at) {
                let reason = format!("not done after {seconds} s; it still takes: {act}");
                return follow(plan, state, at, Decision::Fail(reason));
            }
            state.waiting_on.clear();
            (state, Effect::Act(act))
        }
        Decision::Look => {
            let effect = Effect::Observe(steps::query(plan, &state));
            (state, effect)
        }
        Decision::Wait(waiting_on) => {
            if let Some(seconds) = overdue(plan, &state, at) {
                let reason = format!("not done after {seconds} s; held by {}", named(&waiting_on));
                return follow(plan, state, at, Decision::Fail(reason));
            }
            state.waiting_on = waiting_on;
            let milliseconds = plan.planned(state.step).map_or(1000, |planned| planned.poll_milliseconds);
            (state, Effect::Wait { milliseconds })
        }
        Decision::Done => match state.step.next() {
            Some(next) => enter(plan, state, at, next),
            None => {
                let outcome = match state.failure.take() {
                    None => Outcome::Upgraded,
                    Some(reason) => Outcome::NotUpgraded { reason },
                };
                end(state, outcome)
            }
        },
        Decision::Fail(reason) => {
            let reason = format!("{}: {reason}", state.step.title());
            if state.step.is_leaving() {
                let reason = match &state.failure {
                    None => reason,
                    Some(first) => format!("{reason} (after: {first})"),
                };
                return end(state, Outcome::GateClosed { reason });
            }
            state.failure = Some(reason);
            enter(plan, state, at, Step::LocateTargets)
        }
        Decision::Stuck(reason) => {
            let reason = format!("{}: {reason}", state.step.title());
            end(state, Outcome::GateClosed { reason })
        }
    }
}

/// The step's deadline in seconds, when it has passed.
fn overdue(plan: &Plan, state: &State, at: Timestamp) -> Option<u64> {
    let deadline_seconds = plan.planned(state.step)?.deadline_seconds?;
    (at.milliseconds_since(state.step_started_at) > deadline_seconds * 1000).then_some(deadline_seconds)
}

fn enter(plan: &Plan, mut state: State, at: Timestamp, step: Step) -> (State, Effect) {
    state.step = step;
    state.step_started_at = at;
    state.waiting_on.clear();
    let effect = Effect::Observe(steps::query(plan, &state));
    (state, effect)
}

fn end(mut state: State, outcome: Outcome) -> (State, Effect) {
    state.waiting_on.clear();
    state.outcome = Some(outcome);
    (state, Effect::End)
}

/// The first few of what holds a step.
fn named(waiting_on: &[String]) -> String {
    let shown: Vec<&str> = waiting_on.iter().take(3).map(String::as_str).collect();
    match waiting_on.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
