//! One instance's way through its states, one timer after the other, held by hooks.

use std::time::Duration;

use super::group::{Hook, LifecycleState};
use super::{Timer, durations, machines, scaling};
use crate::World;
use crate::timers;

/// Put an instance into a state, and let it last for a time if it doesn't last for ever.
pub(super) fn enter(
    world: &mut World,
    group: &str,
    instance: &str,
    state: LifecycleState,
    lasts: Option<Duration>,
) {
    let now = world.now;
    // "However, it does not add the instances that were launched while this process was suspended": not later either.
    let adds =
        world.auto_scaling.groups.get(group).is_some_and(|group| !group.is_suspended("AddToLoadBalancer"));
    let Some(found) = find(world, group, instance) else { return };
    if state == LifecycleState::InService {
        found.in_service_since = Some(now);
        found.is_in_load_balancer = adds;
    }
    found.state = state;
    found.step += 1;
    let step = found.step;
    machines::entered(world, instance, state);
    if let Some(lasts) = lasts {
        let timer = Timer::Step { group: group.to_owned(), instance: instance.to_owned(), step };
        world.schedule(lasts, timers::Timer::AutoScaling(timer));
    }
}

/// An instance's state has lasted its time.
pub(super) fn step_is_over(world: &mut World, group: &str, instance: &str, step: u64) {
    let Some(found) = find(world, group, instance) else { return };
    if found.step != step {
        return;
    }
    match found.state {
        LifecycleState::Pending => {
            wait_or(world, group, instance, true, LifecycleState::PendingWait, LifecycleState::InService)
        }
        LifecycleState::WarmedPending => {
            let ready = warm_state(world, group);
            wait_or(world, group, instance, true, LifecycleState::WarmedPendingWait, ready);
        }
        LifecycleState::PendingProceed => settle(world, group, instance, LifecycleState::InService),
        LifecycleState::WarmedPendingProceed => {
            let ready = warm_state(world, group);
            settle(world, group, instance, ready);
        }
        LifecycleState::Terminating
        | LifecycleState::TerminatingProceed
        | LifecycleState::WarmedTerminating
        | LifecycleState::WarmedTerminatingProceed => scaling::remove(world, group, instance),
        // These last until something else happens.
        LifecycleState::PendingWait
        | LifecycleState::WarmedPendingWait
        | LifecycleState::TerminatingWait
        | LifecycleState::WarmedTerminatingWait
        | LifecycleState::InService
        | LifecycleState::WarmedStopped
        | LifecycleState::WarmedRunning
        | LifecycleState::WarmedHibernated => {}
    }
}

/// Begin to terminate an instance. One that is on its way out already is left alone.
pub(super) fn terminate(world: &mut World, group: &str, instance: &str) {
    let Some(found) = find(world, group, instance) else { return };
    found.waiting.clear();
    let (plain, waiting) = match found.state {
        LifecycleState::Terminating
        | LifecycleState::TerminatingWait
        | LifecycleState::TerminatingProceed
        | LifecycleState::WarmedTerminating
        | LifecycleState::WarmedTerminatingWait
        | LifecycleState::WarmedTerminatingProceed => return,
        state if state.is_warm() => {
            (LifecycleState::WarmedTerminating, LifecycleState::WarmedTerminatingWait)
        }
        _ => (LifecycleState::Terminating, LifecycleState::TerminatingWait),
    };
    scaling::note_termination(world, group, instance);
    if hooks(world, group, false).is_empty() {
        enter(world, group, instance, plain, Some(durations::TERMINATION));
    } else {
        wait_or(world, group, instance, false, waiting, plain);
    }
}

/// Complete one hook's wait. `None`: by its time, so its default counts.
pub(super) fn hook_is_over(
    world: &mut World,
    group: &str,
    instance: &str,
    hook: &str,
    step: u64,
    proceed: bool,
) {
    let Some(found) = find(world, group, instance) else { return };
    if found.step == step && found.waiting.remove(hook).is_some() {
        after_hook(world, group, instance, proceed);
    }
}

/// A hook has been taken from the instance's list.
pub(super) fn after_hook(world: &mut World, group: &str, instance: &str, proceed: bool) {
    let Some(found) = find(world, group, instance) else { return };
    let is_held = !found.waiting.is_empty();
    match found.state {
        LifecycleState::PendingWait | LifecycleState::WarmedPendingWait if !proceed => {
            scaling::launch_failed(world, group, instance);
            terminate(world, group, instance);
        }
        LifecycleState::PendingWait if !is_held => {
            enter(world, group, instance, LifecycleState::PendingProceed, Some(durations::PROCEED));
        }
        LifecycleState::WarmedPendingWait if !is_held => {
            enter(world, group, instance, LifecycleState::WarmedPendingProceed, Some(durations::PROCEED));
        }
        // At termination both results let it go on; ABANDON skips the hooks that are left.
        LifecycleState::TerminatingWait if !is_held || !proceed => {
            found.waiting.clear();
            enter(world, group, instance, LifecycleState::TerminatingProceed, Some(durations::TERMINATION));
        }
        LifecycleState::WarmedTerminatingWait if !is_held || !proceed => {
            found.waiting.clear();
            enter(
                world,
                group,
                instance,
                LifecycleState::WarmedTerminatingProceed,
                Some(durations::TERMINATION),
            );
        }
        _ => {}
    }
}

/// Wait for the hooks of a transition, or go on at once when there are none.
fn wait_or(
    world: &mut World,
    group: &str,
    instance: &str,
    at_launch: bool,
    waiting: LifecycleState,
    otherwise: LifecycleState,
) {
    let hooks = hooks(world, group, at_launch);
    if hooks.is_empty() {
        settle(world, group, instance, otherwise);
        return;
    }
    enter(world, group, instance, waiting, None);
    for hook in hooks {
        let token = world.identities.uuid(&format!("lifecycle action {instance}"));
        let Some(found) = find(world, group, instance) else { return };
        found.waiting.insert(hook.name.clone(), token);
        let step = found.step;
        let heartbeat = Duration::from_secs(hook.heartbeat_seconds);
        // A real one does so, or doesn't.
        let completes_itself = at_launch
            && hook.notification_target.is_none()
            && durations::INITIALISATION < heartbeat
            && !machines::is_process(world, instance);
        let (lasts, proceed) = if completes_itself {
            (durations::INITIALISATION, true)
        } else {
            (heartbeat, hook.proceeds_by_default)
        };
        let timer = Timer::Hook {
            group: group.to_owned(),
            instance: instance.to_owned(),
            hook: hook.name,
            step,
            proceed,
        };
        let mut lasts = world.scaled(lasts);
        if machines::is_process(world, instance) {
            lasts = lasts.max(durations::SHORTEST_HEARTBEAT.min(heartbeat));
        }
        let at = world.now.after(lasts);
        world.timers.schedule(at, timers::Timer::AutoScaling(timer));
    }
}

/// Put an instance into a state that lasts.
fn settle(world: &mut World, group: &str, instance: &str, state: LifecycleState) {
    enter(world, group, instance, state, None);
    scaling::note_launched(world, group, instance);
    scaling::reconcile(world, group);
}

fn hooks(world: &World, group: &str, at_launch: bool) -> Vec<Hook> {
    let Some(group) = world.auto_scaling.groups.get(group) else { return Vec::new() };
    group.hooks.iter().filter(|hook| hook.at_launch == at_launch).cloned().collect()
}

fn warm_state(world: &World, group: &str) -> LifecycleState {
    let pool = world.auto_scaling.groups.get(group).and_then(|group| group.warm_pool.as_ref());
    pool.map_or(LifecycleState::WarmedStopped, |pool| pool.state)
}

fn find<'w>(world: &'w mut World, group: &str, instance: &str) -> Option<&'w mut super::group::Instance> {
    world.auto_scaling.groups.get_mut(group)?.instance_mut(instance)
}
