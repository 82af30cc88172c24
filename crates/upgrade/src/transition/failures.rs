//! What follows when a call fails: wait and look again, give the step up, or ask.

use super::{Effect, follow, proceed, wait};
use crate::Timestamp;
use crate::act::{Act, FleetAct, StackAct};
use crate::journal::{PortError, PortErrorKind};
use crate::plan::{Plan, UpdateKind};
use crate::question::Question;
use crate::state::State;
use crate::step::{Ends, Step};
use crate::steps::{Decision, UPDATE_ROLLBACK_FAILED, workers};

/// How long an update that has begun may be out of sight before a person is asked. AWS's own disturbances and a
/// renewal of keys are usually over by then.
const UNSEEN_SECONDS: u64 = 1800;

/// An act was refused: it did not happen.
pub(super) fn not_begun(state: &mut State) {
    if let Some(Act::Stack(StackAct::ExecuteChangeSet { update, .. })) = state.intended.take() {
        state.update(update).begun = false;
    }
}

/// What came back could not be taken away again: it is told, and the run goes on.
pub(super) fn not_taken_away(
    plan: &Plan,
    mut state: State,
    at: Timestamp,
    error: &PortError,
) -> (State, Effect) {
    state.watching = false;
    if let Some(act) = state.intended.take()
        && error.kind == PortErrorKind::Refused
        && state.watch_refused.insert(act.to_string())
    {
        state.remarks.push(format!("behind the closed gate it was not possible to {act}: {error}"));
    }
    proceed(plan, state, at)
}

/// Scheduled actions may not be suspended: nobody is kept out for that, since what they raise is taken away again.
pub(super) fn is_refused_suspension(state: &State, error: &PortError) -> bool {
    error.kind == PortErrorKind::Refused
        && state.intended.as_ref().is_some_and(workers::schedules::is_suspension)
}

/// A call failed: wait and look again, or give the step up.
pub(super) fn cope(plan: &Plan, mut state: State, at: Timestamp, error: &PortError) -> (State, Effect) {
    if let Step::ExecuteChangeSet(kind) | Step::FollowUpdate(kind) = state.step
        && state.has_begun(kind)
    {
        return unseen(plan, state, at, kind, error);
    }
    let limit = plan.deadline_seconds(&plan.planned(state.step));
    let decision = match error.kind {
        // Nobody is kept out for a platform whose API hasn't answered for as long as the drain may take. Without the
        // cloud nothing could be put back either: that is waited for.
        PortErrorKind::Transient if matches!(state.step.rules().ends, Ends::DrainOfWork(_)) => {
            let since = *state.unseen_since.get_or_insert(at);
            match limit.filter(|seconds| at.milliseconds_since(since) > seconds * 1000) {
                Some(seconds) => Decision::Fail(format!("no answer for {seconds} s: {error}")),
                None => Decision::Wait(vec![error.to_string()]),
            }
        }
        PortErrorKind::Transient | PortErrorKind::Expired => Decision::Wait(vec![error.to_string()]),
        // Whoever gives up here keeps users out: keys can be renewed and rights given back while there is time.
        PortErrorKind::Refused
            if state.step.is_leaving()
                && limit.is_some_and(|seconds| state.elapsed_seconds(at) <= seconds) =>
        {
            Decision::Wait(vec![error.to_string()])
        }
        PortErrorKind::Refused => Decision::Fail(error.to_string()),
    };
    follow(plan, state, at, decision)
}

/// An update goes on whether we may look at it or not: who can't see it neither gives up nor lets users in, whatever
/// the step's deadline. Rights can be given back, and keys renewed; when nobody does, a person is asked.
pub(super) fn unseen(
    plan: &Plan,
    mut state: State,
    at: Timestamp,
    kind: UpdateKind,
    error: &PortError,
) -> (State, Effect) {
    let since = *state.unseen_since.get_or_insert(at);
    let seconds = at.milliseconds_since(since) / 1000;
    if seconds > UNSEEN_SECONDS {
        let question = Question::Unseen { update: kind, error: error.to_string(), minutes: seconds / 60 };
        return follow(plan, state, at, Decision::Ask(question));
    }
    wait(plan, state, vec![error.to_string()])
}

/// An act on an update that is under way was refused. One that can't be cancelled goes on, and is followed; whether a
/// rollback is led on in another way is asked again.
pub(super) fn refused_under_way(
    plan: &Plan,
    mut state: State,
    at: Timestamp,
    kind: UpdateKind,
    error: &PortError,
) -> (State, Effect) {
    match state.intended.take() {
        Some(Act::Stack(StackAct::CancelUpdate { .. })) => {
            state.update(kind).cancelled = true;
            state.remarks.push(format!("the update could not be cancelled, so it went on: {error}"));
            wait(plan, state, vec![error.to_string()])
        }
        Some(Act::Fleet(FleetAct::RemoveScaleInProtection { group_name, .. })) => {
            state.update(kind).deleting_groups.remove(&group_name);
            state.remarks.push(format!(
                "{group_name} is being deleted, and its instances' protection could not be taken off: {error}"
            ));
            wait(plan, state, vec![error.to_string()])
        }
        Some(act @ Act::Fleet(FleetAct::Remember { .. })) => {
            state.watch_refused.insert(act.to_string());
            state.remarks.push(format!("it was not possible to {act}: {error}"));
            wait(plan, state, vec![error.to_string()])
        }
        Some(Act::Stack(StackAct::ContinueUpdateRollback { .. })) => {
            let update = state.update(kind);
            update.status = Some((UPDATE_ROLLBACK_FAILED.to_owned(), None));
            let question = Question::RollbackFailed {
                update: kind,
                root_cause: update.root_cause.clone().unwrap_or_else(|| "AWS gave no reason".to_owned()),
                resources: update.stuck.clone(),
                refused: Some(error.to_string()),
            };
            follow(plan, state, at, Decision::Ask(question))
        }
        Some(_) | None => follow(plan, state, at, Decision::Stuck(error.to_string())),
    }
}
