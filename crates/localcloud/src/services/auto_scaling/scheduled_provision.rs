//! `AWS::AutoScaling::ScheduledAction`: names and attributes are the generic resource's, the action is ours.

use std::time::Duration;

use serde_json::{Value, json};
use template::Value as Attribute;

use super::scheduled;
use crate::generic;
use crate::properties;
use crate::resource::{Desired, ProvisionError, Provisioned};
use crate::{Input, World};

/// The type.
pub(super) const TYPE: &str = "AWS::AutoScaling::ScheduledAction";

pub(super) fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let provisioned = generic::create(world, desired)?;
    match set(world, desired, &provisioned) {
        Ok(()) => Ok(provisioned),
        Err(error) => {
            generic::finish_delete(world, TYPE, &provisioned.physical_id);
            Err(error)
        }
    }
}

pub(super) fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let provisioned = generic::update(world, desired)?;
    set(world, desired, &provisioned)?;
    Ok(provisioned)
}

fn set(world: &mut World, desired: &Desired<'_>, provisioned: &Provisioned) -> Result<(), ProvisionError> {
    let mut properties = properties::to_json(desired.properties);
    let name = name(provisioned.attributes.get("ScheduledActionName"), &provisioned.physical_id);
    if let Some(fields) = properties.as_object_mut() {
        fields.insert("ScheduledActionName".to_owned(), json!(name));
    }
    let group = Input(&properties).required_string("AutoScalingGroupName")?;
    scheduled::set(world, group, Input(&properties))?;
    Ok(())
}

/// The identifier is `name|group` where it is shown whole.
fn name(attribute: Option<&Attribute>, physical_id: &str) -> String {
    match attribute {
        Some(Attribute::String(name)) => name.clone(),
        Some(_) | None => physical_id.split('|').next().unwrap_or_default().to_owned(),
    }
}

/// An action that is gone already, with its group or by hand, is as good as deleted.
pub(super) fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    let physical_id = desired.physical_id.unwrap_or_default();
    let generic = &world.generic;
    let properties = generic.properties(TYPE, physical_id).map(properties::to_json).unwrap_or(Value::Null);
    let name = name(generic.attribute(TYPE, physical_id, "ScheduledActionName"), physical_id);
    let group = Input(&properties).string("AutoScalingGroupName").unwrap_or_default();
    let _gone = scheduled::remove(world, group, &name);
    Ok(Duration::ZERO)
}
