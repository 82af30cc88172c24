//! A run whose credentials are over: it waits, asks, and tries on. Time in which no call was taken is no step's, in a drain as
//! little as on the way out.

use super::people::{StopDoes, stop_does};
use super::{Effect, begin_anew, follow, wait};
use crate::Timestamp;
use crate::journal::PortError;
use crate::plan::Plan;
use crate::query::Query;
use crate::question::Question;
use crate::state::State;
use crate::steps::{self, Decision, Inquiry, targets};

/// How long it is waited for other credentials before a person is asked. Whoever renews them by habit has done so by then.
const ASKS_SECONDS: u64 = 300;

/// A call was refused for want of credentials.
pub(super) fn ended(plan: &Plan, mut state: State, at: Timestamp, error: &PortError) -> (State, Effect) {
    let since = *state.expired_since.get_or_insert(at);
    // What is asked already is tried on.
    if let Some(question) = state.question.clone() {
        return (state, Effect::Ask(question));
    }
    if at.milliseconds_since(since) < ASKS_SECONDS * 1000 {
        return wait(plan, state, vec![error.to_string()]);
    }
    let question = Question::NoCredentials {
        step: state.step,
        error: error.to_string(),
        can_leave: stop_does(&state) == StopDoes::LeaveMaintenance,
    };
    follow(plan, state, at, Decision::Ask(question))
}

/// What is looked at instead of what is due, to see whether there are credentials again: a platform's own API is asked without
/// any, so its answer says nothing of them, and what is to be done next may not be done before the calm was looked at.
pub(super) fn trial(plan: &Plan, state: &State, at: Timestamp) -> Option<Query> {
    state.expired_since?;
    match steps::inquiry(plan, state, at) {
        Inquiry::Ask(Query::Platform(_)) => Some(targets::query(plan)),
        Inquiry::Ask(Query::Stack(_) | Query::Fleet(_) | Query::Health(_)) | Inquiry::Known(_) => None,
    }
}

/// A call was taken: whatever was waited for or asked for want of credentials is over.
pub(super) fn work_again(state: &mut State, at: Timestamp) {
    if state.expired_since.is_none() {
        return;
    }
    forget(state);
    begin_anew(state, at);
    // Nobody has seen whether it was healthy meanwhile.
    state.healthy_since = None;
}

/// Another process has credentials of its own.
pub(super) fn forget(state: &mut State) {
    state.expired_since = None;
    if let Some(Question::NoCredentials { .. }) = state.question {
        state.question = None;
        state.waiting_on.clear();
    }
}
