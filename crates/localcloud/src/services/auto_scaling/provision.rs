//! `AWS::AutoScaling::AutoScalingGroup` and `AWS::AutoScaling::WarmPool`; `ScheduledAction` is in `scheduled_provision`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::group::Instance;
use super::{
    describe, durations, find_mut, lifecycle, machines, operations, scheduled_provision, settings, warm_pool,
};
use crate::generic;
use crate::properties;
use crate::resource::{ArnForm, Desired, Live, ProvisionError, Provisioned, ResourceType, answer_at};
use crate::{AwsError, Input, World};

const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";
const WARM_POOL: &str = "AWS::AutoScaling::WarmPool";

/// What stands before a group's name in its ARN.
const ARN_OF_GROUP: &str = "autoScalingGroup:*:autoScalingGroupName/";

/// A type whose resources belong to a group, and are reached by its ARN.
const fn of_group(name: &'static str) -> ResourceType {
    let arn = ArnForm::Property("autoscaling", ARN_OF_GROUP, "AutoScalingGroupName");
    ResourceType { name, arn, ..generic::ANY }
}

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType {
        name: GROUP,
        create,
        update,
        delete,
        finish_delete,
        looks_again,
        check_deleted,
        arn: ArnForm::Id("autoscaling", ARN_OF_GROUP),
        live: Some(Live {
            ask: |world, name| {
                let asked = json!({"AutoScalingGroupNames": [name]});
                answer_at(describe::groups(world, Input(&asked)), "/AutoScalingGroups/0")
            },
            within: None,
            properties: &[
                ("MinSize", "MinSize"),
                ("MaxSize", "MaxSize"),
                ("DesiredCapacity", "DesiredCapacity"),
                ("HealthCheckGracePeriod", "HealthCheckGracePeriod"),
                ("NewInstancesProtectedFromScaleIn", "NewInstancesProtectedFromScaleIn"),
            ],
        }),
        ..generic::ANY
    },
    ResourceType { create, update, delete, finish_delete, ..of_group(WARM_POOL) },
    ResourceType {
        create: scheduled_provision::create,
        update: scheduled_provision::update,
        delete: scheduled_provision::delete,
        ..of_group(scheduled_provision::TYPE)
    },
    of_group("AWS::AutoScaling::LifecycleHook"),
    of_group("AWS::AutoScaling::ScalingPolicy"),
];

/// Create a group or a warm pool. The physical id of both is the group's name.
///
/// # Errors
/// In Auto Scaling's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let given = Input(&properties).string("AutoScalingGroupName");
    if desired.type_name == WARM_POOL {
        let name = given.ok_or_else(|| AwsError::validation("AutoScalingGroupName is required"))?.to_owned();
        warm_pool::set(world, &name, Input(&properties))?;
        return Ok(provisioned(name));
    }
    let name = match given {
        Some(name) => name.to_owned(),
        None => desired.generated_name(&mut world.identities),
    };
    let mut properties = properties;
    add_stack_tags(&mut properties, desired);
    operations::create(world, &name, Input(&properties))?;
    let arn = find_mut(world, &name)?.arn.clone();
    Ok(Provisioned { attributes: with_arn(arn), ..provisioned(name) })
}

/// Change a group or a warm pool in place. A group without a desired capacity in its template keeps the one it
/// has, as far as the new bounds allow.
///
/// # Errors
/// In Auto Scaling's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let mut properties = properties::to_json(desired.properties);
    let name = desired.physical_id.unwrap_or_default().to_owned();
    if desired.type_name == WARM_POOL {
        warm_pool::set(world, &name, Input(&properties))?;
        return Ok(provisioned(name));
    }
    add_stack_tags(&mut properties, desired);
    let tags = settings::tags(Input(&properties))?;
    let hooks = settings::hooks(Input(&properties))?;
    operations::update(world, &name, Input(&properties))?;
    let group = find_mut(world, &name)?;
    group.tags = tags;
    group.hooks = hooks;
    let arn = group.arn.clone();
    Ok(Provisioned { attributes: with_arn(arn), ..provisioned(name) })
}

/// Begin to delete. A group is scaled to zero first and takes as long as its instances take to terminate.
///
/// Assumption: an instance that is protected from scale-in stays, and CloudFormation waits its three hours for
/// it ([`looks_again`]); so does every instance of a group whose process `Terminate` is suspended.
///
/// # Errors
/// None so far.
pub fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    let name = desired.physical_id.unwrap_or_default();
    let Some(group) = world.auto_scaling.groups.get_mut(name) else { return Ok(Duration::ZERO) };
    if desired.type_name == WARM_POOL {
        let has_instances = group.instances.iter().any(|instance| instance.state.belongs_to_warm_pool());
        warm_pool::begin_delete(world, name, false)?;
        return Ok(if has_instances { durations::TERMINATION } else { Duration::ZERO });
    }
    group.is_deleting = true;
    group.deletion_looks = 0;
    (group.minimum, group.maximum, group.desired) = (0, 0, 0);
    let hook_seconds =
        group.hooks.iter().filter(|hook| !hook.at_launch).map(|hook| hook.heartbeat_seconds).max();
    let keeps_all = group.is_suspended("Terminate");
    let stays = |instance: &Instance| (instance.is_protected || keeps_all) && instance.state.counts();
    let holds = group.instances.iter().any(stays);
    let leaving: Vec<String> = group
        .instances
        .iter()
        .filter(|instance| !stays(instance))
        .map(|instance| instance.id.clone())
        .collect();
    warm_pool::begin_delete(world, name, false)?;
    for instance in &leaving {
        lifecycle::terminate(world, name, instance);
    }
    Ok(if holds {
        durations::DRAINED_LOOK
    } else if leaving.is_empty() {
        Duration::ZERO
    } else {
        durations::TERMINATION + Duration::from_secs(hook_seconds.unwrap_or(0))
    })
}

/// When to look next whether a deleted group's instances are gone; `None` when they are, or when it has been looked
/// often enough.
pub fn looks_again(world: &mut World, physical_id: &str) -> Option<Duration> {
    let group = world.auto_scaling.groups.get_mut(physical_id)?;
    if group.counted() == 0 || group.deletion_looks >= durations::DRAINED_LOOKS {
        return None;
    }
    group.deletion_looks += 1;
    Some(durations::DRAINED_LOOK)
}

/// A group that still has instances when its deletion's time is over has not been deleted.
///
/// # Errors
/// Assumption: AWS documents no words for this; these are in the form that people quote from its events.
pub fn check_deleted(world: &World, physical_id: &str) -> Result<(), ProvisionError> {
    match world.auto_scaling.groups.get(physical_id) {
        Some(group) if group.counted() > 0 => Err(ProvisionError {
            reason: format!(
                "Group did not stabilize. {{current/minSize/maxSize group size}} = {{{}/0/0}}.",
                group.counted()
            ),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    let Some(group) = world.auto_scaling.groups.get_mut(physical_id) else { return };
    let whole = type_name == GROUP;
    let left: Vec<String> = group
        .instances
        .extract_if(.., |instance| whole || instance.state.belongs_to_warm_pool())
        .map(|instance| instance.id)
        .collect();
    group.warm_pool = None;
    if whole {
        world.auto_scaling.groups.remove(physical_id);
    }
    machines::abandoned(world, &left);
}

/// CloudFormation hands the stack's tags and its own three on to the group, to be propagated.
fn add_stack_tags(properties: &mut Value, desired: &Desired<'_>) {
    let stack = desired.owner.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let mut tags: Vec<Value> = Input(properties).objects("Tags").map(|tag| tag.0.clone()).collect();
    for (key, value) in stack.chain(desired.system_tags()) {
        if !tags.iter().any(|tag| Input(tag).string("Key") == Some(key)) {
            tags.push(json!({"Key": key, "Value": value, "PropagateAtLaunch": true}));
        }
    }
    if let Some(fields) = properties.as_object_mut() {
        fields.insert("Tags".to_owned(), Value::Array(tags));
    }
}

fn provisioned(name: String) -> Provisioned {
    Provisioned { physical_id: name, attributes: BTreeMap::new(), extra: Duration::ZERO }
}

/// What `Fn::GetAtt` gives of a group: an attribute of the newer schema (template reference, "AWS::AutoScaling::AutoScalingGroup").
fn with_arn(arn: String) -> BTreeMap<String, template::Value> {
    BTreeMap::from([("AutoScalingGroupARN".to_owned(), template::Value::String(arn))])
}
