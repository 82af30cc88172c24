//! `AWS::SSM::Parameter`. Its physical id, the name, is made as for every type without a service of its own.

use std::time::Duration;

use super::write;
use crate::cloudformation::generic;
use crate::provision::{Desired, ProvisionError, Provisioned};
use crate::services::properties;
use crate::{Input, World};

/// Whether the parameter store keeps resources of this type.
#[must_use]
pub fn keeps(type_name: &str) -> bool {
    type_name == "AWS::SSM::Parameter"
}

/// Create the parameter.
///
/// # Errors
/// In Systems Manager's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let input = Input(&properties);
    if let Some(name) = input.string("Name") {
        write::check_name(name)?;
        // A parameter of another stack is refused in CloudFormation's words.
        if world.parameter_store.parameters.contains_key(name)
            && !world.cloudformation.generic.exists(desired.type_name, name)
        {
            return Err(ProvisionError { reason: format!("{name} already exists") });
        }
    }
    check(input)?;
    let provisioned = generic::create(world, desired)?;
    keep(world, &provisioned.physical_id, input);
    Ok(provisioned)
}

/// Change the parameter in place.
///
/// # Errors
/// In Systems Manager's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    check(Input(&properties))?;
    let provisioned = generic::update(world, desired)?;
    keep(world, &provisioned.physical_id, Input(&properties));
    Ok(provisioned)
}

/// Begin to delete.
///
/// # Errors
/// None so far.
pub fn delete(_world: &mut World, _desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    Ok(Duration::ZERO)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    generic::finish_delete(world, type_name, physical_id);
    write::remove(world, physical_id);
}

fn check(input: Input<'_>) -> Result<(), ProvisionError> {
    if let Some(kind) = input.string("Type") {
        write::kind(kind)?;
    }
    write::check_value(input.string("Value").unwrap_or_default())?;
    Ok(())
}

fn keep(world: &mut World, name: &str, input: Input<'_>) {
    let kind = input.string("Type").and_then(|kind| write::kind(kind).ok());
    if let (Some(kind), Some(value)) = (kind, input.string("Value")) {
        write::store(world, name, kind, value, input);
    }
}
