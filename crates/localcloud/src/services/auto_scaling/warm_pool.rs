//! The operations on warm pools.

use serde_json::{Value, json};

use super::group::Group;
use super::{describe, find, find_mut, lifecycle, scaling, settings};
use crate::{AwsError, Input, World};

pub(super) fn put(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?;
    set(world, name, input)?;
    Ok(json!({}))
}

/// Create or change a group's warm pool.
pub(super) fn set(world: &mut World, name: &str, input: Input<'_>) -> Result<(), AwsError> {
    let group = find_mut(world, name)?;
    if group.is_deleting || group.warm_pool.as_ref().is_some_and(|pool| pool.is_deleting) {
        return Err(AwsError::new(
            400,
            "ScalingActivityInProgress",
            format!("The warm pool of group {name} is pending delete"),
        ));
    }
    if input.string("PoolState").is_some()
        || input.has("MinSize")
        || input.has("MaxGroupPreparedCapacity")
        || group.warm_pool.is_none()
    {
        group.warm_pool = Some(settings::warm_pool(input, group.warm_pool.as_ref())?);
    }
    scaling::reconcile(world, name);
    Ok(())
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let group = find(world, input.required_string("AutoScalingGroupName")?)?;
    let warm = group.instances.iter().filter(|instance| instance.state.belongs_to_warm_pool());
    let page = describe::paged(input, 50, warm.map(|found| (found.id.clone(), describe::instance(found))))?;
    let configuration = group.warm_pool.is_some().then(|| configuration(group));
    Ok(json!({
        "WarmPoolConfiguration": configuration,
        "Instances": page.items,
        "NextToken": page.next_token,
    }))
}

/// The configuration of a group that has a warm pool.
pub(super) fn configuration(group: &Group) -> Value {
    let Some(pool) = &group.warm_pool else { return Value::Null };
    json!({
        "MaxGroupPreparedCapacity": pool.prepared,
        "MinSize": pool.minimum,
        "PoolState": pool.state.name().trim_start_matches("Warmed:"),
        "Status": pool.is_deleting.then_some("PendingDelete"),
        "InstanceReusePolicy": pool.reuse_on_scale_in.map(|reuse| json!({"ReuseOnScaleIn": reuse})),
    })
}

/// Without `ForceDelete` the pool goes when its instances have; with it they go at once.
pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?;
    let force = input.boolean("ForceDelete")?.unwrap_or(false);
    if find(world, name)?.warm_pool.is_none() {
        // AWS documents no words for this.
        return Err(AwsError::validation(format!("No warm pool found for group {name}")));
    }
    begin_delete(world, name, force)?;
    Ok(json!({}))
}

/// Let a group's warm pool go; nothing when it has none.
pub(super) fn begin_delete(world: &mut World, name: &str, force: bool) -> Result<(), AwsError> {
    let group = find_mut(world, name)?;
    if let Some(pool) = &mut group.warm_pool {
        pool.is_deleting = true;
    }
    let warm: Vec<String> = group
        .instances
        .iter()
        .filter(|instance| instance.state.belongs_to_warm_pool())
        .map(|instance| instance.id.clone())
        .collect();
    for instance in warm {
        if force {
            scaling::remove(world, name, &instance);
        } else {
            lifecycle::terminate(world, name, &instance);
        }
    }
    scaling::reconcile(world, name);
    Ok(())
}
