//! Single attributes of an instance. Those that this cloud has can be read, and what protects an instance from the API
//! can be changed.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html>

use serde_json::{Map, Value, json};

use super::instances::{self, Instance, Protection};
use super::{flag, missing, refused, required};
use crate::{AwsError, Input, World};

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = instance_id(input)?;
    let attribute = required(input, "Attribute")?;
    let instance = world.ec2.instances.get(id).ok_or_else(|| instances::not_found(id))?;
    let value = value_of(instance, attribute)?;
    let mut answer = Map::new();
    answer.insert("instanceId".to_owned(), json!(id));
    answer.insert(attribute.to_owned(), json!({"value": value}));
    Ok(Value::Object(answer))
}

fn value_of(instance: &Instance, attribute: &str) -> Result<Value, AwsError> {
    let data = Input(&instance.data);
    Ok(match attribute {
        "disableApiTermination" => json!(instance.protection.from_termination),
        "disableApiStop" => json!(instance.protection.from_stop),
        "instanceType" => json!(data.string("InstanceType")),
        "userData" => json!(data.string("UserData")),
        "ebsOptimized" => json!(flag(data, "EbsOptimized")?.unwrap_or(false)),
        _ => return Err(unknown(attribute)),
    })
}

/// As `DisableApiTermination.Value`, or as `Attribute` and `Value`; one attribute a call.
pub(super) fn modify(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = instance_id(input)?;
    let instance = world.ec2.instances.get(id).ok_or_else(|| instances::not_found(id))?;
    let mut given: Vec<(&str, bool)> = Vec::new();
    if let Some(attribute) = input.string("Attribute") {
        given.push((attribute, flag(input, "Value")?.ok_or_else(|| missing("value"))?));
    }
    for (name, attribute) in
        [("DisableApiTermination", "disableApiTermination"), ("DisableApiStop", "disableApiStop")]
    {
        if let Some(object) = input.object(name) {
            given.push((attribute, flag(object, "Value")?.ok_or_else(|| missing("value"))?));
        }
    }
    let protection = match given.as_slice() {
        [] => return Err(refused("InvalidParameterCombination", "No attributes specified.")),
        [("disableApiTermination", value)] => Protection { from_termination: *value, ..instance.protection },
        [("disableApiStop", value)] => Protection { from_stop: *value, ..instance.protection },
        [(other, _)] => return Err(unknown(other)),
        [_, ..] => {
            let words = "Fields for multiple attribute types specified";
            return Err(refused("InvalidParameterCombination", words));
        }
    };
    if let Some(instance) = world.ec2.instances.get_mut(id) {
        instance.protection = protection;
    }
    Ok(json!({"return": true}))
}

fn instance_id<'a>(input: Input<'a>) -> Result<&'a str, AwsError> {
    let id = required(input, "InstanceId")?;
    if id.starts_with("i-") {
        return Ok(id);
    }
    Err(refused("InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\"")))
}

fn unknown(attribute: &str) -> AwsError {
    let shown: String = attribute.chars().take(100).collect();
    refused(
        "InvalidParameterValue",
        format!("The attribute {shown} is not one of those that this local cloud has of an instance"),
    )
}

#[cfg(test)]
mod tests;
