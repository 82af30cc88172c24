//! How the engine has a resource made, changed and removed: if the stack's role may do it, by the service that keeps the
//! type, and as slowly as somebody has ordered.

use std::time::Duration;

use super::durations::{self, Durations};
use super::service_role::{self, ResourceOperation};
use crate::World;
use crate::faults::SlowResource;
use crate::resource::{Desired, ProvisionError, Provisioned};
use crate::services::resource_type;

pub(crate) fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    service_role::permit(world, desired, ResourceOperation::Create)?;
    let mut provisioned = (resource_type(desired.type_name).create)(world, desired)?;
    provisioned.extra += slowed(world, desired, |usual| usual.create, provisioned.extra);
    Ok(provisioned)
}

pub(super) fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    service_role::permit(world, desired, ResourceOperation::Update)?;
    let mut provisioned = (resource_type(desired.type_name).update)(world, desired)?;
    provisioned.extra += slowed(world, desired, |usual| usual.update, provisioned.extra);
    Ok(provisioned)
}

/// Begin to delete the resource; gives what that adds to the type's usual duration.
pub(super) fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    service_role::permit(world, desired, ResourceOperation::Delete)?;
    let extra = (resource_type(desired.type_name).delete)(world, desired)?;
    Ok(extra + slowed(world, desired, |usual| usual.delete, extra))
}

/// What a resource takes longer that somebody has ordered to be slow.
fn slowed(
    world: &World,
    desired: &Desired<'_>,
    pick: impl FnOnce(Durations) -> Duration,
    extra: Duration,
) -> Duration {
    match world.faults.times(&desired.owner.stack_name, desired.logical_id) {
        Some(times) => SlowResource::added(times, pick(durations::usual(desired.type_name)) + extra),
        None => Duration::ZERO,
    }
}
