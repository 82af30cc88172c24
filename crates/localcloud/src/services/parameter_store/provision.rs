//! `AWS::SSM::Parameter`. Its physical id, the name, is made as for every type without a service of its own.

use template::Value;

use super::write;
use crate::generic;
use crate::properties;
use crate::resource::{ArnForm, Desired, ProvisionError, Provisioned, ResourceType};
use crate::{Input, World};

/// The type.
pub const TYPES: &[ResourceType] = &[ResourceType {
    name: "AWS::SSM::Parameter",
    create,
    update,
    finish_delete,
    arn: ArnForm::Id("ssm", "parameter/"),
    ..generic::ANY
}];

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
            && !world.generic.exists(desired.type_name, name)
        {
            return Err(ProvisionError { reason: format!("{name} already exists") });
        }
    }
    check(input)?;
    let provisioned = generic::create(world, desired)?;
    keep(world, desired, &provisioned.physical_id, input);
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
    keep(world, desired, &provisioned.physical_id, Input(&properties));
    Ok(provisioned)
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

fn keep(world: &mut World, desired: &Desired<'_>, name: &str, input: Input<'_>) {
    let kind = input.string("Type").and_then(|kind| write::kind(kind).ok());
    let value = desired.properties.get("Value").and_then(Value::scalar_text);
    if let (Some(kind), Some(value)) = (kind, value) {
        write::store(world, name, kind, value, input);
    }
}
