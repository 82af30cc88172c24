//! A group's way to its desired capacity: launch, take from the warm pool, terminate; and what it notes of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::group::{Activity, Group, Instance, LifecycleState};
use super::{Timer, durations, lifecycle, machines};
use crate::{Input, World, timers};

/// Activities kept of each group; AWS keeps six weeks of them.
const MOST_ACTIVITIES: usize = 200;

/// Bring a group nearer to what it should be. Does nothing when it is there already.
pub(super) fn reconcile(world: &mut World, name: &str) {
    scale(world, name);
    scale_warm_pool(world, name);
}

fn scale(world: &mut World, name: &str) {
    let now = world.now;
    let Some(group) = world.auto_scaling.groups.get_mut(name) else { return };
    let missing = group.desired.saturating_sub(group.counted());
    if missing > 0 && !group.is_suspended("Launch") && now >= group.next_launch {
        for _ in 0..missing {
            match take_warm(world, name) {
                Some(instance) => note_launch(world, name, &instance),
                None => launch(world, name, LifecycleState::Pending),
            }
        }
    } else if missing < 0 && !group.is_suspended("Terminate") {
        let excess = usize::try_from(missing.unsigned_abs()).unwrap_or(usize::MAX);
        let chosen = choose(group, excess);
        if chosen.len() < excess {
            note_all_protected(world, name);
        }
        for instance in chosen {
            lifecycle::terminate(world, name, &instance);
        }
    }
}

/// The instances that scale-in takes. The default policy weighs zones, launch templates and billing hours; here
/// it is the oldest unprotected ones, an assumption that tests of an upgrade don't depend on.
fn choose(group: &Group, excess: usize) -> Vec<String> {
    let unprotected =
        group.instances.iter().filter(|instance| instance.state.counts() && !instance.is_protected);
    unprotected.take(excess).map(|instance| instance.id.clone()).collect()
}

fn scale_warm_pool(world: &mut World, name: &str) {
    let now = world.now;
    let Some(group) = world.auto_scaling.groups.get_mut(name) else { return };
    let missing = group.wanted_warm().saturating_sub(group.warm());
    if missing > 0 && !group.is_suspended("Launch") && now >= group.next_launch {
        for _ in 0..missing {
            launch(world, name, LifecycleState::WarmedPending);
        }
    } else if missing < 0 && !group.is_suspended("Terminate") {
        let excess = usize::try_from(missing.unsigned_abs()).unwrap_or(usize::MAX);
        let warm = group.instances.iter().filter(|instance| instance.state.is_warm());
        let chosen: Vec<String> = warm.take(excess).map(|instance| instance.id.clone()).collect();
        for instance in chosen {
            lifecycle::terminate(world, name, &instance);
        }
    }
    forget_empty_pool(world, name);
}

/// A warm pool that is being deleted is gone when its last instance is.
fn forget_empty_pool(world: &mut World, name: &str) {
    if let Some(group) = world.auto_scaling.groups.get_mut(name)
        && group.warm_pool.as_ref().is_some_and(|pool| pool.is_deleting)
        && !group.instances.iter().any(|instance| instance.state.belongs_to_warm_pool())
    {
        group.warm_pool = None;
    }
}

fn launch(world: &mut World, name: &str, state: LifecycleState) {
    let id = format!("i-{}", world.identities.hex(&format!("instance of {name}"), 17));
    let Some(group) = world.auto_scaling.groups.remove(name) else { return };
    let launch_template = launch_template(Input(&group.described));
    let instance = Instance {
        id: id.clone(),
        zone: emptiest_zone(&group),
        instance_type: instance_type(world, Input(&group.described), &launch_template),
        state,
        step: 0,
        is_protected: group.new_instances_protected,
        in_service_since: None,
        launch_template,
        unhealthy: None,
        is_in_load_balancer: false,
        waiting: BTreeMap::new(),
    };
    machines::launched(world, &group, &instance);
    let group = world.auto_scaling.groups.entry(name.to_owned()).or_insert(group);
    group.instances.push(instance);
    lifecycle::enter(world, name, &id, state, Some(durations::LAUNCH));
    note_launch(world, name, &id);
}

fn take_warm(world: &mut World, name: &str) -> Option<String> {
    let group = world.auto_scaling.groups.get_mut(name)?;
    let instance = group.instances.iter().find(|instance| instance.state.is_ready())?.id.clone();
    lifecycle::enter(world, name, &instance, LifecycleState::Pending, Some(durations::START));
    Some(instance)
}

fn emptiest_zone(group: &Group) -> String {
    let zones = Input(&group.described).strings("AvailabilityZones");
    let fullness = |zone: &str| group.instances.iter().filter(|instance| instance.zone == zone).count();
    zones.min_by_key(|zone| fullness(zone)).unwrap_or_default().to_owned()
}

/// The first override of a mixed instances policy, else the launch template's own type. A launch template that
/// isn't known here has the type that the Auto Scaling guide's examples use.
fn instance_type(world: &World, described: Input<'_>, launch_template: &Value) -> String {
    let policy = described.object("MixedInstancesPolicy").and_then(|policy| policy.object("LaunchTemplate"));
    let first = policy.and_then(|template| template.objects("Overrides").next());
    let overridden = first.and_then(|first| first.string("InstanceType")).map(str::to_owned);
    overridden.or_else(|| machines::type_of(world, launch_template)).unwrap_or_else(|| "t3.micro".to_owned())
}

fn launch_template(described: Input<'_>) -> Value {
    let mixed = described
        .object("MixedInstancesPolicy")
        .and_then(|policy| policy.object("LaunchTemplate"))
        .and_then(|template| template.object("LaunchTemplateSpecification"));
    mixed.or_else(|| described.object("LaunchTemplate")).map_or(Value::Null, |found| found.0.clone())
}

/// An instance is gone.
pub(super) fn remove(world: &mut World, name: &str, instance: &str) {
    let now = world.now;
    if let Some(group) = world.auto_scaling.groups.get_mut(name) {
        group.instances.retain(|kept| kept.id != instance);
        finish(group, instance, "Terminating EC2 instance", now);
    }
    machines::gone(world, instance);
    reconcile(world, name);
}

/// A launch was abandoned: the next attempt waits a while.
pub(super) fn launch_failed(world: &mut World, name: &str, instance: &str) {
    let now = world.now;
    let pause = world.scaled(durations::RETRY).max(durations::SHORTEST_RETRY);
    let Some(group) = world.auto_scaling.groups.get_mut(name) else { return };
    group.next_launch = now.after(pause);
    if let Some(activity) = open_activity(group, instance, "Launching a new EC2 instance") {
        activity.status = "Cancelled";
        activity.end = Some(now);
        activity.message = Some("Instance failed to complete user's Lifecycle Action: ABANDON".to_owned());
    }
    let timer = timers::Timer::AutoScaling(Timer::Retry { group: name.to_owned() });
    world.timers.schedule(now.after(pause), timer);
}

fn note_launch(world: &mut World, name: &str, instance: &str) {
    note(
        world,
        name,
        instance,
        "Launching a new EC2 instance",
        "an instance was started in response to a difference between desired and actual capacity, increasing the capacity",
    );
}

/// Note that a termination begins.
pub(super) fn note_termination(world: &mut World, name: &str, instance: &str) {
    note(
        world,
        name,
        instance,
        "Terminating EC2 instance",
        "an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity",
    );
}

/// A termination that has just been noted is because of a health check, whose words are given.
pub(super) fn note_health_check(world: &mut World, name: &str, instance: &str, words: &str) {
    let now = world.now;
    if let Some(group) = world.auto_scaling.groups.get_mut(name)
        && let Some(activity) = open_activity(group, instance, "Terminating EC2 instance")
    {
        activity.cause = format!("At {} {words}", now.iso8601());
    }
}

/// Note that a launch is complete.
pub(super) fn note_launched(world: &mut World, name: &str, instance: &str) {
    let now = world.now;
    if let Some(group) = world.auto_scaling.groups.get_mut(name) {
        finish(group, instance, "Launching a new EC2 instance", now);
    }
}

/// AWS's words for a scale-in that protection holds; once, not at every look.
fn note_all_protected(world: &mut World, name: &str) {
    const MESSAGE: &str =
        "Could not scale to desired capacity because all remaining instances are protected from scale in.";
    let now = world.now;
    let Some(group) = world.auto_scaling.groups.get_mut(name) else { return };
    if group.activities.last().and_then(|last| last.message.as_deref()) == Some(MESSAGE) {
        return;
    }
    note(world, name, "", MESSAGE, "a difference between desired and actual capacity");
    if let Some(activity) =
        world.auto_scaling.groups.get_mut(name).and_then(|group| group.activities.last_mut())
    {
        activity.description = MESSAGE.to_owned();
        activity.message = Some(MESSAGE.to_owned());
        activity.status = "Failed";
        activity.end = Some(now);
    }
}

fn note(world: &mut World, name: &str, instance: &str, what: &str, why: &str) {
    let (now, id) = (world.now, world.identities.uuid(&format!("activity of {name}")));
    let Some(group) = world.auto_scaling.groups.get_mut(name) else { return };
    if group.activities.len() >= MOST_ACTIVITIES {
        group.activities.remove(0);
    }
    group.activities.push(Activity {
        id,
        instance: instance.to_owned(),
        description: format!("{what}: {instance}"),
        cause: format!("{}At {} {why}.", group.scheduled_cause.as_deref().unwrap_or_default(), now.iso8601()),
        start: now,
        end: None,
        status: "InProgress",
        message: None,
    });
}

fn finish(group: &mut Group, instance: &str, what: &str, now: crate::Timestamp) {
    if let Some(activity) = open_activity(group, instance, what) {
        activity.status = "Successful";
        activity.end = Some(now);
    }
}

fn open_activity<'g>(group: &'g mut Group, instance: &str, what: &str) -> Option<&'g mut Activity> {
    group.activities.iter_mut().rev().find(|activity| {
        activity.end.is_none() && activity.instance == instance && activity.description.starts_with(what)
    })
}
