//! The calm is watched, not proven once: between closing and opening the gate, everything that was taken away is looked at
//! every half minute, and before every act that can't be undone.
//!
//! Watching is no step. Whoever carries a run out asks [`watch_due`] before each effect; an answer that shows nothing new
//! changes no state, is not written down, and the effect that was due follows. What it shows else is an event like any other.

use crate::Timestamp;
use crate::act::Act;
use crate::observation::{CalmSeen, DoorSeen, physical_ids};
use crate::plan::{Plan, UpdateKind};
use crate::query::{CalmParts, FleetQuery, Query};
use crate::question::Question;
use crate::state::{Door, State};
use crate::step::Step;
use crate::steps::{alarms, gate, job_queues, services, workers};
use crate::takeover;
use crate::transition::Effect;

/// Between two looks at the calm.
pub const WATCH_SECONDS: u64 = 30;

/// The same while a door that the update made stands open.
const NEW_DOOR_SECONDS: u64 = 2;

/// The look that is due before an effect; `None`: none is. `watched_at` is when the calm was last looked at by this
/// conducting.
#[must_use]
pub fn watch_due(
    plan: &Plan,
    state: &State,
    effect: &Effect,
    watched_at: Option<Timestamp>,
    at: Timestamp,
) -> Option<Query> {
    let seconds = watch_seconds(plan, state)?;
    let due = match effect {
        Effect::Act(act) if act.is_irrevocable() => true,
        // What is being put right is looked at when it is done.
        Effect::Act(_) => false,
        Effect::Observe(_) | Effect::Wait { .. } => {
            watched_at.is_none_or(|then| at.milliseconds_since(then) >= seconds * 1000)
        }
        Effect::Ask(_) | Effect::End => false,
    };
    due.then(|| Query::Fleet(FleetQuery::Calm(parts(plan, state))))
}

/// Between two looks at the calm as things are; `None`: it isn't watched.
#[must_use]
pub fn watch_seconds(plan: &Plan, state: &State) -> Option<u64> {
    let new_door = state.doors.iter().any(|door| !door.closed);
    is_watched(plan, state).then_some(if new_door { NEW_DOOR_SECONDS } else { WATCH_SECONDS })
}

/// From the gate's closing until maintenance is left, or has been entered for good: what was taken away is to stay so.
fn is_watched(plan: &Plan, state: &State) -> bool {
    state.taken.begun
        && state.outcome.is_none()
        && state.question.is_none()
        && !state.watching
        && !state.reclosing
        && state.stays.is_none()
        && (!state.step.is_leaving()
            || (state.step == Step::LookOnceMore && takeover::stays_entered(plan, state)))
}

/// What is looked at.
fn parts(plan: &Plan, state: &State) -> CalmParts {
    let ids = |taken: bool, resources: &[crate::LogicalResource]| -> Vec<String> {
        if taken { physical_ids(resources) } else { Vec::new() }
    };
    let (taken, targets) = (state.taken, &state.targets);
    CalmParts {
        listener_arns: state.doors.iter().map(|door| door.listener_arn.clone()).collect(),
        queue_arns: ids(taken.queues, &targets.job_queues),
        job_queue_arns: state.reopened_queues.iter().cloned().collect(),
        group_names: ids(taken.groups, &targets.worker_groups),
        service_arns: ids(taken.services, &targets.ecs_services),
        alarm_names: ids(taken.alarms && plan.maintenance.mute_alarms, &targets.alarms),
    }
}

/// What a look at the calm leads to.
pub(crate) enum Watched {
    /// It holds.
    Calm,
    /// Take away again what came back, or close what is open.
    Act(Act),
    /// Only a person leads on.
    Ask(Question),
    /// What was taken away again is on its way out: nothing that can't be undone happens before it is gone.
    Wait(Vec<String>),
}

/// What to make of it.
pub(crate) fn judge(plan: &Plan, state: &mut State, calm: &CalmSeen, at: Timestamp) -> Watched {
    let CalmSeen { doors, queues, jobs, groups, services: seen_services, alarms: seen_alarms } = calm;
    let gone: Vec<String> = doors
        .iter()
        .filter(|door| is_gone(state, door))
        .map(|door| plan.door_name(&door.listener_arn))
        .collect();
    if !gone.is_empty() {
        return Watched::Ask(Question::GateGone { updating: is_updating(state), doors: gone });
    }
    for door in doors {
        if let Some(found) = judge_door(plan, state, door, at) {
            return found;
        }
    }
    if let Some(act) = job_queues::take_away_again(plan, state, queues, jobs) {
        return wanted(state, act);
    }
    if let Some(act) = services::take_away_again(state, seen_services) {
        return wanted(state, act);
    }
    if let Some(act) = workers::take_away_again(plan, state, groups, at) {
        return wanted(state, act);
    }
    if let Some(act) = alarms::mute_again(state, seen_alarms) {
        return wanted(state, act);
    }
    let begins = !is_updating(state)
        && [UpdateKind::Primary, UpdateKind::WayBack]
            .into_iter()
            .any(|kind| state.step == Step::ExecuteChangeSet(kind));
    let mut left: Vec<String> = jobs.iter().map(job_queues::in_words).collect();
    left.extend(services::left(&services::without_updated(state, seen_services)));
    // Instances that an update made don't go before the next one begins: nobody takes them away.
    left.extend(workers::left(&workers::without_updated(state, groups)));
    if begins && !left.is_empty() { Watched::Wait(left) } else { Watched::Calm }
}

/// An act that was refused before isn't tried again: what came back was told.
fn wanted(state: &State, act: Act) -> Watched {
    if state.watch_refused.contains(&act.to_string()) { Watched::Calm } else { Watched::Act(act) }
}

/// Whether an update of the primary stack has begun and goes on.
fn is_updating(state: &State) -> bool {
    [UpdateKind::Primary, UpdateKind::WayBack].into_iter().any(|kind| {
        state.has_begun(kind)
            && (state.step == Step::ExecuteChangeSet(kind) || state.step == Step::FollowUpdate(kind))
    })
}

/// A door that was closed and no longer is was opened by somebody: users may be at work, and the run never shuts them out
/// again by itself.
fn is_gone(state: &State, seen: &DoorSeen) -> bool {
    let known = state.doors.iter().find(|door| door.listener_arn == seen.listener_arn);
    seen.exists && !seen.rules.iter().any(|rule| rule.closes) && known.is_some_and(|door| door.closed)
}

/// A door that the update made was never closed.
fn judge_door(plan: &Plan, state: &mut State, seen: &DoorSeen, at: Timestamp) -> Option<Watched> {
    if !seen.exists {
        return None;
    }
    let closes = seen.rules.iter().any(|rule| rule.closes);
    let known = state.doors.iter_mut().find(|door| door.listener_arn == seen.listener_arn)?;
    match (closes, known.closed) {
        (true, true) => None,
        (true, false) => {
            known.closed = true;
            state.came_back.push(format!(
                "the update made a new listener; the gate was closed there as well: {}",
                seen.listener_arn
            ));
            None
        }
        // Somebody opened it: that was asked about.
        (false, true) => None,
        (false, false) => gate::close_new_door(plan, &state.begun_by, seen, at).map(|act| wanted(state, act)),
    }
}

/// A listener that the update makes is a door from its first moment on.
pub(crate) fn note_listener(state: &mut State, physical_id: &str, gone: bool) {
    if gone {
        state.doors.retain(|door| door.listener_arn != physical_id);
    } else if !state.doors.iter().any(|door| door.listener_arn == physical_id) && state.taken.begun {
        state.doors.push(Door { listener_arn: physical_id.to_owned(), closed: false, gate: None });
    }
}
