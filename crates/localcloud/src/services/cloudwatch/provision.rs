//! `AWS::CloudWatch::Alarm`: the name and the attributes are the generic resource's, the record is ours.

use std::time::Duration;

use super::operations;
use crate::cloudformation::generic;
use crate::provision::{Desired, ProvisionError, Provisioned};
use crate::services::properties;
use crate::{Input, World};

/// Create an alarm.
///
/// # Errors
/// When its name is taken or a setting is missing.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let input = Input(&properties);
    // Made outside of CloudFormation; the generic resource knows of those inside.
    let taken = input.string("AlarmName").filter(|name| {
        world.cloudwatch.alarms.contains_key(*name)
            && !world.cloudformation.generic.exists(desired.type_name, name)
    });
    if let Some(name) = taken {
        return Err(ProvisionError { reason: format!("{name} already exists") });
    }
    super::alarm::Alarm::configured("checked first", String::new(), input, None, world.now)?;
    let provisioned = generic::create(world, desired)?;
    operations::configure(world, &provisioned.physical_id, input)?;
    Ok(provisioned)
}

/// Configure it anew, as `PutMetricAlarm` does: actions that somebody disabled are enabled, unless the template
/// says that they are disabled.
///
/// # Errors
/// When a setting is missing.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let provisioned = generic::update(world, desired)?;
    operations::configure(world, &provisioned.physical_id, Input(&properties))?;
    Ok(provisioned)
}

/// Nothing holds an alarm.
///
/// # Errors
/// None so far.
pub fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    generic::delete(world, desired)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    generic::finish_delete(world, type_name, physical_id);
    world.cloudwatch.alarms.remove(physical_id);
}
