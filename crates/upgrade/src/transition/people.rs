//! What people ask of a run, and what they answer it.

use super::ways::{go_back, leave, stuck};
use super::{Effect, IllegalTransition, credentials, enter, follow, named, proceed};
use crate::Timestamp;
use crate::plan::{Plan, UpdateKind};
use crate::question::{Answer, Question};
use crate::state::{Continued, State};
use crate::step::{OnFailure, OnStop, Step};
use crate::steps::{Decision, health};

/// Somebody wants the run to stop. What that does depends on how far it is; [`stop_does`] says it beforehand.
pub(super) fn stop(plan: &Plan, mut state: State, at: Timestamp, by: &str) -> (State, Effect) {
    let does = stop_does(&state);
    credentials::forget(&mut state);
    match does {
        StopDoes::LeaveMaintenance => {
            state.stop = Some(by.to_owned());
            let reason = format!("{}: stopped by {by}", state.step.title());
            leave(plan, state, at, reason)
        }
        StopDoes::CancelUpdate => {
            state.stop = Some(by.to_owned());
            proceed(plan, state, at)
        }
        StopDoes::Ask => {
            let can_go_back = health::can_go_back(plan, &state);
            let held = if state.unhealthy.is_empty() { &state.waiting_on } else { &state.unhealthy };
            let mut held = held.clone();
            held.push(format!("{by} asked the run to stop"));
            let question = if state.step == Step::CheckHealth {
                Question::Unhealthy { findings: held, can_go_back }
            } else {
                Question::Leaving { step: state.step, held, can_go_back, tried_on: false }
            };
            follow(plan, state, at, Decision::Ask(question))
        }
        StopDoes::Nothing => {
            state.remarks.push(format!("{by} asked to stop when nothing could be stopped any more"));
            proceed(plan, state, at)
        }
    }
}

/// What stopping a run does at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopDoes {
    /// Nothing was updated yet: everything is put back and users are let in, or stay in the maintenance that was found.
    LeaveMaintenance,
    /// The stack's update is cancelled; CloudFormation rolls it back, then it goes on as after a failure.
    CancelUpdate,
    /// Maintenance is being left already: a person is asked whether to open, go back, or wait on.
    Ask,
    /// It has ended, waits for an answer, or has let users in.
    Nothing,
}

/// What stopping a run would do now.
#[must_use]
pub fn stop_does(state: &State) -> StopDoes {
    // For want of credentials nothing is decided: the step is where it was.
    let decides =
        state.question.as_ref().is_some_and(|asked| !matches!(asked, Question::NoCredentials { .. }));
    if state.outcome.is_some() || decides || state.stop.is_some() || state.stays.is_some() {
        return StopDoes::Nothing;
    }
    let rules = state.step.rules();
    let begun = UpdateKind::ALL
        .into_iter()
        .any(|kind| Step::of_update(kind).contains(&state.step) && state.has_begun(kind));
    match rules.on_stop {
        OnStop::Leave => StopDoes::LeaveMaintenance,
        OnStop::Ask => StopDoes::Ask,
        OnStop::Nothing => StopDoes::Nothing,
        OnStop::LeaveIfOut if state.taken.begun && state.opened_at.is_none() => StopDoes::LeaveMaintenance,
        OnStop::LeaveIfOut => StopDoes::Nothing,
        OnStop::Cancel if begun => StopDoes::CancelUpdate,
        // The new release stands, and isn't healthy: that is asked about.
        OnStop::Cancel if rules.on_failure == OnFailure::AskAboutRelease => StopDoes::Ask,
        OnStop::Cancel => StopDoes::LeaveMaintenance,
    }
}

/// A person has answered.
pub(super) fn answered(
    plan: &Plan,
    mut state: State,
    at: Timestamp,
    answer: &Answer,
    by: &str,
) -> Result<(State, Effect), IllegalTransition> {
    let question = state.question.take().filter(|question| question.takes(answer));
    let Some(question) = question else { return Err(IllegalTransition::NotAnAnswer) };
    state.waiting_on.clear();
    Ok(match answer {
        Answer::ContinueRollback { skip } => {
            let skipped = skip.join(", ");
            continue_rollback(
                &mut state,
                Continued { times: 0, skip: skip.clone(), force: false },
                &skipped,
                by,
            );
            proceed(plan, state, at)
        }
        Answer::ForceRollback => {
            let stuck: Vec<&str> = question.stuck().iter().map(|one| one.logical_id.as_str()).collect();
            let skipped = format!("whatever failed ({})", stuck.join(", "));
            continue_rollback(
                &mut state,
                Continued { times: 0, skip: Vec::new(), force: true },
                &skipped,
                by,
            );
            proceed(plan, state, at)
        }
        Answer::LookAgain => {
            state.step_started_at = at;
            state.unseen_since = None;
            state.expired_since = None;
            if let Question::RollbackFailed { update, .. } = question {
                state.update(update).led_elsewhere = true;
            }
            proceed(plan, state, at)
        }
        Answer::GoBack => go_back(plan, state, at, format!("{}; {by} chose to go back", words(&question))),
        Answer::Open => open(plan, state, at, &question, by),
        Answer::StayClosed => {
            let reason = format!("{}; {by} chose to end the run so", words(&question));
            stuck(plan, state, at, reason)
        }
        Answer::CloseAgain => {
            state.remarks.push(format!("{}; {by} had it closed again", words(&question)));
            state.reclosing = true;
            proceed(plan, state, at)
        }
        Answer::GoOn => {
            state.remarks.push(format!("{}; {by} went on", words(&question)));
            proceed(plan, state, at)
        }
        Answer::Leave => {
            if matches!(question, Question::GateGone { .. }) {
                are_in(&mut state);
            }
            state.stop = Some(by.to_owned());
            let reason = format!("{}; {by} chose to stop there", words(&question));
            leave(plan, state, at, reason)
        }
    })
}

/// Somebody opened the gate, and it stays open: what is watched is watched no more.
fn are_in(state: &mut State) {
    state.taken.begun = false;
    state.doors.clear();
}

/// Users are let in, or left in, as it is.
pub(super) fn open(
    plan: &Plan,
    mut state: State,
    at: Timestamp,
    question: &Question,
    by: &str,
) -> (State, Effect) {
    state.remarks.push(format!("{}; {by} {} all the same", words(question), plan.let_in()));
    match question {
        Question::GateGone { .. } => {
            are_in(&mut state);
            proceed(plan, state, at)
        }
        Question::Leaving { step, held, .. } => match step.rules().on_failure {
            OnFailure::LeaveOnList => {
                state.still_to_put_back.extend(held.iter().map(|held| format!("{}: {held}", step.title())));
                enter(plan, state, at, Step::OpenGate)
            }
            OnFailure::AskAndTryOn if *step == Step::OpenGate => {
                state.step_started_at = at;
                proceed(plan, state, at)
            }
            OnFailure::AskAndTryOn | OnFailure::AskAboutRelease | OnFailure::PutBack | OnFailure::Remark => {
                follow(plan, state, at, Decision::Done)
            }
        },
        Question::Unhealthy { .. } => follow(plan, state, at, Decision::Done),
        Question::RollbackFailed { .. }
        | Question::Unseen { .. }
        | Question::NoCredentials { .. }
        | Question::WindowPassed { .. } => proceed(plan, state, at),
    }
}

pub(super) fn words(question: &Question) -> String {
    match question {
        Question::RollbackFailed { root_cause, .. } => format!("the rollback failed (after: {root_cause})"),
        Question::Unhealthy { findings, .. } => format!("the platform isn't healthy: {}", named(findings)),
        Question::Unseen { update, error, minutes } => {
            format!("the update of the {} could not be looked at for {minutes} min: {error}", update.title())
        }
        Question::NoCredentials { step, error, can_leave: _ } => {
            format!("there were no credentials ({}): {error}", step.title())
        }
        Question::Leaving { step, held, .. } => {
            format!("maintenance was being left ({}): {}", step.title(), named(held))
        }
        Question::GateGone { updating: _, doors } if doors.is_empty() => "the gate was found open".to_owned(),
        Question::GateGone { updating: _, doors } => {
            format!("the gate was found open on {}", doors.join(", "))
        }
        Question::WindowPassed { .. } => "the announced closing time had passed".to_owned(),
    }
}

/// A failed rollback is to go on; `skipped` is what it passes over, in words.
fn continue_rollback(state: &mut State, way: Continued, skipped: &str, by: &str) {
    if let Step::FollowUpdate(kind) = state.step {
        let update = state.update(kind);
        let times = update.continued.as_ref().map_or(0, |last| last.times) + 1;
        update.continued = Some(Continued { times, ..way });
        update.status = None;
        update.led_elsewhere = false;
    }
    if !skipped.is_empty() {
        state.remarks.push(format!(
            "{by} had CloudFormation pass over {skipped} in the rollback: it believes them rolled back, whatever they are"
        ));
    }
}
