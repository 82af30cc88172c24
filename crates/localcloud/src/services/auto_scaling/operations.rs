//! The operations that change groups.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::group::{Group, LifecycleState};
use super::{find, find_mut, lifecycle, machines, scaling, settings};
use crate::{AwsError, Input, World};

/// The processes that can be suspended.
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html>
const PROCESSES: &[&str] = &[
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
];

pub(super) fn create_group(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?.to_owned();
    create(world, &name, input)?;
    Ok(json!({}))
}

/// Create a group of a name; gives its ARN.
pub(super) fn create(world: &mut World, name: &str, input: Input<'_>) -> Result<String, AwsError> {
    if name.is_empty() || name.chars().count() > 255 || name.contains(':') {
        return Err(AwsError::validation(
            "AutoScalingGroupName must be 1 to 255 characters and contain no colon",
        ));
    }
    if world.auto_scaling.groups.contains_key(name) {
        return Err(AwsError::new(
            400,
            "AlreadyExists",
            format!(
                "AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            ),
        ));
    }
    let sizes = settings::sizes(input, None)?;
    let (hooks, tags) = (settings::hooks(input)?, settings::tags(input)?);
    let new_instances_protected = input.boolean("NewInstancesProtectedFromScaleIn")?.unwrap_or(false);
    let uuid = world.identities.uuid(&format!("auto scaling group {name}"));
    let arn = world.arn("autoscaling", &format!("autoScalingGroup:{uuid}:autoScalingGroupName/{name}"));
    let group = Group {
        name: name.to_owned(),
        arn: arn.clone(),
        created: world.now,
        minimum: sizes.minimum,
        maximum: sizes.maximum,
        desired: sizes.desired,
        new_instances_protected,
        hooks,
        tags,
        described: settings::kept(input, None, &world.config.region),
        suspended: BTreeMap::new(),
        scheduled: BTreeMap::new(),
        refreshes: Vec::new(),
        scheduled_cause: None,
        instances: Vec::new(),
        warm_pool: None,
        activities: Vec::new(),
        is_deleting: false,
        deletion_looks: 0,
        next_launch: world.now,
    };
    world.auto_scaling.groups.insert(name.to_owned(), group);
    scaling::reconcile(world, name);
    Ok(arn)
}

pub(super) fn delete_group(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?;
    let group = find(world, name)?;
    let has_instances = !group.instances.is_empty();
    if has_instances && input.boolean("ForceDelete")? != Some(true) {
        return Err(AwsError::new(
            400,
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) \
             still in the group.",
        ));
    }
    // With `ForceDelete` the group is gone at once and its instances with it.
    if let Some(group) = world.auto_scaling.groups.remove(name) {
        let left: Vec<String> = group.instances.into_iter().map(|instance| instance.id).collect();
        machines::abandoned(world, &left);
    }
    Ok(json!({}))
}

pub(super) fn update_group(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?.to_owned();
    update(world, &name, input)?;
    Ok(json!({}))
}

/// Change what is given of a group's settings.
pub(super) fn update(world: &mut World, name: &str, input: Input<'_>) -> Result<(), AwsError> {
    let group = find(world, name)?;
    if group.is_deleting {
        return Err(AwsError::new(
            400,
            "ScalingActivityInProgress",
            format!("AutoScalingGroup {name} is pending delete"),
        ));
    }
    let sizes = settings::sizes(input, Some(group))?;
    let described = settings::kept(input, Some(group), &world.config.region);
    let protected = input.boolean("NewInstancesProtectedFromScaleIn")?;
    let group = find_mut(world, name)?;
    group.minimum = sizes.minimum;
    group.maximum = sizes.maximum;
    group.desired = sizes.desired;
    group.described = described;
    group.new_instances_protected = protected.unwrap_or(group.new_instances_protected);
    scaling::reconcile(world, name);
    Ok(())
}

pub(super) fn set_desired_capacity(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?;
    let desired = input
        .integer("DesiredCapacity")?
        .ok_or_else(|| AwsError::validation("DesiredCapacity is required"))?;
    let group = find_mut(world, name)?;
    if desired > group.maximum {
        return Err(AwsError::validation(format!(
            "New SetDesiredCapacity value {desired} is above max value {} for the AutoScalingGroup.",
            group.maximum
        )));
    }
    if desired < group.minimum {
        return Err(AwsError::validation(format!(
            "New SetDesiredCapacity value {desired} is below min value {} for the AutoScalingGroup.",
            group.minimum
        )));
    }
    group.desired = desired;
    scaling::reconcile(world, name);
    Ok(json!({}))
}

/// At most 50 instances a call, and not those of a warm pool.
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceProtection.html>
pub(super) fn set_instance_protection(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?;
    let protect = input
        .boolean("ProtectedFromScaleIn")?
        .ok_or_else(|| AwsError::validation("ProtectedFromScaleIn is required"))?;
    let ids: Vec<&str> = input.strings("InstanceIds").collect();
    if ids.is_empty() || ids.len() > 50 {
        let bound = if ids.is_empty() { "greater than or equal to 1" } else { "less than or equal to 50" };
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '[{}]' at 'instanceIds' failed to satisfy constraint: Member must \
             have length {bound}",
            ids.join(", ")
        )));
    }
    let group = find_mut(world, name)?;
    for id in &ids {
        match group.instance_mut(id).map(|instance| instance.state) {
            None => {
                return Err(AwsError::validation(format!(
                    "The instance {id} is not part of Auto Scaling group {name}."
                )));
            }
            Some(LifecycleState::InService) => {}
            Some(_) => {
                return Err(AwsError::validation(format!(
                    "The instance {id} is not in InService or EnteringStandby or Standby."
                )));
            }
        }
    }
    for instance in &mut group.instances {
        if ids.contains(&instance.id.as_str()) {
            instance.is_protected = protect;
        }
    }
    scaling::reconcile(world, name);
    Ok(json!({}))
}

/// Terminates also a protected instance: protection is from scale-in alone. Assumption: so does one whose group has
/// `Terminate` suspended, since it is asked for and not decided by the group.
pub(super) fn terminate_instance(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = input.required_string("InstanceId")?;
    let decrement = input
        .boolean("ShouldDecrementDesiredCapacity")?
        .ok_or_else(|| AwsError::validation("ShouldDecrementDesiredCapacity is required"))?;
    let group = world
        .auto_scaling
        .groups
        .values_mut()
        .find(|group| group.instances.iter().any(|instance| instance.id == id))
        .ok_or_else(|| {
            AwsError::validation(format!(
                "Instance Id not found - No managed instance found for instance ID: {id}"
            ))
        })?;
    let counts = group.instance_mut(id).is_some_and(|instance| instance.state.counts());
    if decrement && counts {
        if group.desired <= group.minimum {
            return Err(AwsError::validation(format!(
                "Currently, desiredSize equals minSize ({}). Terminating instance without replacement will violate \
                 group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower \
                 group's min size.",
                group.minimum
            )));
        }
        group.desired -= 1;
    }
    let name = group.name.clone();
    lifecycle::terminate(world, &name, id);
    let activity = find(world, &name)?.activities.last().map(super::describe::activity);
    let activity = activity.map(|mut activity| {
        activity["AutoScalingGroupName"] = json!(name);
        activity
    });
    scaling::reconcile(world, &name);
    Ok(json!({"Activity": activity}))
}

pub(super) fn complete_lifecycle_action(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?;
    let hook = input.required_string("LifecycleHookName")?;
    let proceed = match input.required_string("LifecycleActionResult")? {
        "CONTINUE" => true,
        "ABANDON" => false,
        other => return Err(AwsError::validation(format!("Lifecycle action result {other} is not valid"))),
    };
    let (token, id) = (input.string("LifecycleActionToken"), input.string("InstanceId"));
    let instance = find_mut(world, name)?.instances.iter_mut().find(|instance| {
        let held = instance.waiting.get(hook);
        held.is_some()
            && (id == Some(instance.id.as_str())
                || token.is_some_and(|token| held.is_some_and(|held| held == token)))
    });
    let Some(instance) = instance else {
        return Err(AwsError::validation(match (token, id) {
            (Some(token), _) => format!("No active Lifecycle Action found with token {token}"),
            (None, Some(id)) => format!("No active Lifecycle Action found with instance ID {id}"),
            (None, None) => "Either LifecycleActionToken or InstanceId must be specified".to_owned(),
        }));
    };
    instance.waiting.remove(hook);
    let id = instance.id.clone();
    lifecycle::after_hook(world, name, &id, proceed);
    Ok(json!({}))
}

pub(super) fn suspend(world: &mut World, input: Input<'_>, suspends: bool) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?;
    let given: Vec<&str> = input.strings("ScalingProcesses").collect();
    if let Some(unknown) = given.iter().find(|process| !PROCESSES.contains(process)) {
        return Err(AwsError::validation(format!("Invalid process name: {unknown}")));
    }
    // None given means all.
    let processes = if given.is_empty() { PROCESSES } else { given.as_slice() };
    let now = world.now;
    let group = find_mut(world, name)?;
    for process in processes {
        if suspends {
            group.suspended.entry((*process).to_owned()).or_insert(now);
        } else {
            group.suspended.remove(*process);
        }
    }
    if !suspends {
        machines::look_again(world, name);
    }
    scaling::reconcile(world, name);
    Ok(json!({}))
}
