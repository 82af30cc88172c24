//! Where a run goes from a step: on, out of maintenance, back to the previous release, or to its end.

use super::{Effect, end, enter, follow};
use crate::Timestamp;
use crate::facts::FactsBefore;
use crate::plan::{Plan, RunKind, UpdateKind};
use crate::question::Question;
use crate::state::{Outcome, State, Stays};
use crate::step::{OnFailure, Step};
use crate::steps::{Decision, health, second_look};
use crate::takeover;

/// Nothing leads on. Where users have been shut out they stay out; before that they keep what they have.
pub(super) fn stuck(plan: &Plan, mut state: State, at: Timestamp, reason: String) -> (State, Effect) {
    if is_before_gate(plan, &state) {
        return fail(plan, state, at, &reason);
    }
    state.stuck = Some(format!("{}: {reason}", state.step.title()));
    enter(plan, state, at, Step::TakeStock)
}

/// What a step's failure leads to.
pub(super) fn fail(plan: &Plan, mut state: State, at: Timestamp, reason: &str) -> (State, Effect) {
    let held = reason.to_owned();
    let reason = format!("{}: {reason}", state.step.title());
    if state.stays.is_some() {
        // The run ends in the maintenance that it found, whatever of it can't be made calm again.
        state.remarks.push(reason);
        return follow(plan, state, at, Decision::Done);
    }
    match state.step.rules().on_failure {
        OnFailure::Remark => {
            state.remarks.push(reason);
            follow(plan, state, at, Decision::Done)
        }
        OnFailure::LeaveOnList => {
            state.still_to_put_back.push(reason);
            follow(plan, state, at, Decision::Done)
        }
        OnFailure::AskAboutRelease => {
            let question = Question::Unhealthy { findings: vec![reason], can_go_back: false };
            state.step = Step::CheckHealth;
            state.step_started_at = at;
            follow(plan, state, at, Decision::Ask(question))
        }
        OnFailure::AskAndTryOn => {
            let question = Question::Leaving {
                step: state.step,
                held: vec![held],
                can_go_back: health::can_go_back(plan, &state),
                tried_on: true,
            };
            follow(plan, state, at, Decision::Ask(question))
        }
        OnFailure::PutBack => leave(plan, state, at, reason),
    }
}

/// The update doesn't happen. A deployment that was found in maintenance stays in it; else users get back what they had,
/// unless the policy stays closed.
pub(super) fn leave(plan: &Plan, mut state: State, at: Timestamp, reason: String) -> (State, Effect) {
    state.failure = Some(reason);
    let behind_gate = is_behind_gate(plan, &state);
    // Until the gate's turn comes, it is as the plan has found it. A maintenance that somebody has ended meanwhile, users being
    // in, is stayed in by nobody: their work would be ended.
    let is_found = state.found.is_some() || plan.found.is_some();
    state.stays = if is_found && (state.taken.begun || !behind_gate) {
        Some(Stays::AsFound)
    } else if plan.maintenance.stay_closed_on_failure
        && state.stop.is_none()
        && behind_gate
        && state.taken.begun
    {
        // Nothing is put back: whoever tries again finds the calm as it is, and leaving maintenance puts it back.
        Some(Stays::ByPolicy)
    } else {
        None
    };
    let step = match state.stays {
        Some(_) if !state.has_begun(UpdateKind::Primary) => Step::DiscardChangeSet,
        // Nothing was taken away yet: there is nothing to find, to prove or to put back.
        None if is_before_gate(plan, &state) => Step::ClearBanner,
        Some(_) | None => Step::LocateTargets,
    };
    enter(plan, state, at, step)
}

/// Whether the gate has been closed when the step that is under way begins.
pub(super) fn is_behind_gate(plan: &Plan, state: &State) -> bool {
    let places = (place_of_gate(plan), place(plan, state.step));
    state.remaking || matches!(places, (Some(gate), Some(step)) if step > gate)
}

/// Whether users are still at work when the step that is under way ends.
pub(super) fn is_before_gate(plan: &Plan, state: &State) -> bool {
    let places = (place_of_gate(plan), place(plan, state.step));
    !state.remaking && matches!(places, (Some(gate), Some(step)) if step < gate)
}

/// Where people's work begins to end: at the gate, or where there is none, before the first of it is stopped.
fn place_of_gate(plan: &Plan) -> Option<usize> {
    place(plan, Step::CloseGate).or_else(|| place(plan, Step::FindMaintenance))
}

pub(super) fn place(plan: &Plan, step: Step) -> Option<usize> {
    plan.steps.iter().position(|planned| planned.step == step)
}

/// The step after this one; `None` at the end of the way. Before the last look a run waits for what may still arrive late.
pub(super) fn next(plan: &Plan, state: &State, at: Timestamp) -> Option<Step> {
    if state.step == Step::LookOnceMore {
        return Some(second_look::first_step(plan, state));
    }
    let next = next_on_the_way(plan, state)?;
    if next != Step::LookOnceMore && next != Step::TakeStock {
        return Some(next);
    }
    let is_to_wait = takeover::is_to_look_once_more(plan, state, at);
    Some(if is_to_wait { Step::LookOnceMore } else { Step::TakeStock })
}

fn next_on_the_way(plan: &Plan, state: &State) -> Option<Step> {
    let after = |way: &[Step]| {
        let index = way.iter().position(|step| *step == state.step)?;
        way.get(index + 1).copied()
    };
    if state.remaking && state.step == Step::CreateChangeSet(UpdateKind::Primary) {
        // Users are out already: on from where it was found that the change set had to be made anew.
        return Some(Step::ConfirmFacts(FactsBefore::Update));
    }
    let [create, contents, execute, follow] = Step::of_update(UpdateKind::WayBack);
    if let Some(next) = after(&[create, contents, execute, follow, Step::LocateTargets]) {
        return Some(next);
    }
    if state.stays.is_some() {
        return after(&Step::staying().collect::<Vec<Step>>());
    }
    if state.step.is_leaving() {
        let next = after(Step::LEAVING)?;
        // What can't be closed isn't opened.
        let opens_nothing = next == Step::OpenGate && !next.is_needed(plan);
        return Some(if opens_nothing { Step::ClearBanner } else { next });
    }
    let index = place(plan, state.step)?;
    plan.steps.get(index + 1).map(|planned| planned.step)
}

/// The end of the way has been reached.
pub(super) fn finish(plan: &Plan, mut state: State) -> (State, Effect) {
    if let Some(reason) = state.stuck.clone() {
        return end(state, Outcome::GateClosed { reason });
    }
    let outcome = match (plan.kind, state.failure.take()) {
        (RunKind::EnterMaintenance, None) => Outcome::InMaintenance,
        (RunKind::LeaveMaintenance, None) => Outcome::OutOfMaintenance,
        (RunKind::Upgrade, None) => Outcome::Upgraded,
        (_, Some(reason)) if state.stays == Some(Stays::ByPolicy) => {
            let keeps = if plan.gateless { "keeps work stopped" } else { "keeps users out" };
            Outcome::GateClosed { reason: format!("{reason} (stay_closed_on_failure {keeps})") }
        }
        (RunKind::Upgrade, Some(reason)) if state.stays.is_none() && new_release_stands(&state) => {
            state.remarks.push(format!("the new release stands, though it was to be taken back: {reason}"));
            Outcome::Upgraded
        }
        (_, Some(reason)) if state.has_begun(UpdateKind::WayBack) => Outcome::WentBack { reason },
        (_, Some(reason)) => Outcome::NotUpgraded { reason },
    };
    if outcome == Outcome::Upgraded
        && let Some(words) = updated_since(plan, &state)
    {
        state.remarks.push(words);
    }
    end(state, outcome)
}

/// The update came to its end, and the last look found another release: somebody has updated the stack since.
fn updated_since(plan: &Plan, state: &State) -> Option<String> {
    let stands = state.seen.as_ref()?.release.as_ref()?;
    let brought = plan.to_version.as_ref()?;
    (stands != brought).then(|| {
        format!("the update brought {brought}, and {stands} stands: somebody has updated the stack since (its events say who)")
    })
}

/// Whether the update came to its end, and no way back did: the outcome is of what is, not of what was wanted.
fn new_release_stands(state: &State) -> bool {
    let is_complete = |kind: UpdateKind| {
        let status = state.updates.get(&kind).and_then(|update| update.status.as_ref());
        status.is_some_and(|(status, _)| status == "UPDATE_COMPLETE")
    };
    is_complete(UpdateKind::Primary) && !is_complete(UpdateKind::WayBack)
}

pub(super) fn go_back(plan: &Plan, mut state: State, at: Timestamp, reason: String) -> (State, Effect) {
    if state.found.is_some() {
        state.stays = None;
    }
    state.failure = Some(reason);
    enter(plan, state, at, Step::CreateChangeSet(UpdateKind::WayBack))
}
