//! A group's instances as EC2 sees them: launched with the group's launch template, following their lifecycle,
//! and dead when somebody terminated them there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::group::{Group, Instance, LifecycleState};
use super::health;
use crate::services::ec2::{self, GroupMember, InstanceState};
use crate::{Input, World};

/// EC2's state of an instance in a state of its lifecycle.
fn state_of(state: LifecycleState) -> InstanceState {
    match state {
        LifecycleState::Pending | LifecycleState::WarmedPending => InstanceState::Pending,
        LifecycleState::PendingWait
        | LifecycleState::PendingProceed
        | LifecycleState::InService
        | LifecycleState::TerminatingWait
        | LifecycleState::WarmedPendingWait
        | LifecycleState::WarmedPendingProceed
        | LifecycleState::WarmedRunning => InstanceState::Running,
        LifecycleState::WarmedStopped
        | LifecycleState::WarmedHibernated
        | LifecycleState::WarmedTerminatingWait => InstanceState::Stopped,
        LifecycleState::Terminating
        | LifecycleState::TerminatingProceed
        | LifecycleState::WarmedTerminating
        | LifecycleState::WarmedTerminatingProceed => InstanceState::ShuttingDown,
    }
}

/// The group has launched an instance.
pub(super) fn launched(world: &mut World, group: &Group, instance: &Instance) {
    let described = Input(&group.described);
    let position = described.strings("AvailabilityZones").position(|zone| zone == instance.zone);
    let subnets = described.string("VPCZoneIdentifier").unwrap_or_default();
    let subnets: Vec<&str> = subnets.split(',').map(str::trim).filter(|subnet| !subnet.is_empty()).collect();
    let subnet = position.and_then(|position| subnets.get(position)).or(subnets.first());
    let tags: BTreeMap<String, String> = group
        .tags
        .iter()
        .filter(|tag| tag.propagate_at_launch)
        .map(|tag| (tag.key.clone(), tag.value.clone()))
        .collect();
    ec2::launch_for_group(
        world,
        GroupMember {
            id: instance.id.clone(),
            group: group.name.clone(),
            zone: instance.zone.clone(),
            subnet: subnet.map(|subnet| (*subnet).to_owned()),
            instance_type: instance.instance_type.clone(),
            launch_template: instance.launch_template.clone(),
            tags,
        },
    );
}

/// An instance has come into a state.
pub(super) fn entered(world: &mut World, instance: &str, state: LifecycleState) {
    ec2::follow(world, instance, state_of(state));
}

/// An instance is gone.
pub(super) fn gone(world: &mut World, instance: &str) {
    ec2::follow(world, instance, InstanceState::Terminated);
}

/// A group, or its warm pool, is gone with the instances that it still had.
pub(super) fn abandoned(world: &mut World, instances: &[String]) {
    for instance in instances {
        ec2::lost(world, instance);
    }
}

/// The type of a launch template.
pub(super) fn type_of(world: &World, launch_template: &Value) -> Option<String> {
    let resolved = ec2::resolve_launch_template(world, Input(launch_template))?;
    Input(&resolved.data).string("InstanceType").map(str::to_owned)
}

/// Whether an instance is an operating system process.
pub(super) fn is_process(world: &World, instance: &str) -> bool {
    ec2::is_process(world, instance)
}

/// An instance was terminated behind its group's back. The group takes it out and launches another, unless its
/// health checks are suspended.
pub(crate) fn instance_is_dead(world: &mut World, instance: &str) {
    let groups = world.auto_scaling.groups.values();
    let Some(group) =
        groups.into_iter().find(|group| group.instances.iter().any(|found| found.id == instance))
    else {
        return;
    };
    if group.is_suspended("HealthCheck") {
        return;
    }
    let name = group.name.clone();
    health::mark(world, &name, instance, health::STATUS_CHECK);
}

/// Health checks are resumed: what died meanwhile is seen now.
pub(super) fn look_again(world: &mut World, name: &str) {
    let Some(group) = world.auto_scaling.groups.get(name) else { return };
    let dead: Vec<String> = group
        .instances
        .iter()
        .filter(|instance| ec2::is_gone(world, &instance.id))
        .map(|instance| instance.id.clone())
        .collect();
    for instance in dead {
        instance_is_dead(world, &instance);
    }
    health::look_again(world, name);
}
