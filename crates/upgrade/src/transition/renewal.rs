//! The gate is closed again, as somebody decided, or made anew after a takeover.

use super::{Effect, begin_anew, follow, proceed, wait};
use crate::Timestamp;
use crate::journal::{PortError, PortErrorKind};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::{Decision, gate};
use crate::takeover;

/// Close the gate again, as somebody decided.
pub(super) fn reclose(plan: &Plan, mut state: State, at: Timestamp, decision: Decision) -> (State, Effect) {
    if decision == Decision::Done {
        state.reclosing = false;
        return proceed(plan, state, at);
    }
    follow(plan, state, at, decision)
}

/// Whether the next look is at a gate that is to be made anew.
pub(super) fn is_renewing(state: &State) -> bool {
    state.question.is_none() && !state.reclosing && !state.watching && !state.renewals.is_empty()
}

/// Make the gate anew after a takeover.
pub(super) fn renew(plan: &Plan, mut state: State, at: Timestamp, decision: Decision) -> (State, Effect) {
    match decision {
        Decision::Act(act) if state.done.as_ref() == Some(&act) => {
            state.done = None;
            wait(plan, state, vec![format!("the effect of: {act}")])
        }
        Decision::Act(_) if !takeover::is_late_possible(plan, &state, at) => {
            gate::keep(&mut state, "it took too long, and no call can arrive any more");
            begin_anew(&mut state, at);
            proceed(plan, state, at)
        }
        Decision::Act(act) => (state, Effect::Act(act)),
        Decision::Look
        | Decision::MakeAnew(_)
        | Decision::Wait(_)
        | Decision::Done
        | Decision::Ask(_)
        | Decision::GoBack(_)
        | Decision::Fail(_)
        | Decision::Stuck(_) => {
            begin_anew(&mut state, at);
            proceed(plan, state, at)
        }
    }
}

/// The gate could not be looked at, or not be made anew. It is tried for as long as a late call could open it.
pub(super) fn not_renewed(
    plan: &Plan,
    mut state: State,
    at: Timestamp,
    error: &PortError,
) -> (State, Effect) {
    state.intended = None;
    if error.kind == PortErrorKind::Transient && takeover::is_late_possible(plan, &state, at) {
        return wait(plan, state, vec![error.to_string()]);
    }
    gate::keep(&mut state, &error.to_string());
    begin_anew(&mut state, at);
    proceed(plan, state, at)
}
