//! Compute environments. They hold no instances: a job on an enabled queue finds a place as long as one of the queue's
//! environments is enabled and not INVALID.

use serde_json::{Map, Value, json};

use super::{Entity, arn_of, change, check_name, invalid, paged, refused, required, state, state_name};
use crate::{AwsError, Input, World};

/// Settings that only travel through.
const DESCRIBED: &[&str] = &[
    "type",
    "unmanagedvCpus",
    "computeResources",
    "serviceRole",
    "updatePolicy",
    "eksConfiguration",
    "context",
    "tags",
];

pub(super) fn create_environment(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "computeEnvironmentName")?;
    let arn = create(world, name, input)?;
    Ok(json!({"computeEnvironmentName": name, "computeEnvironmentArn": arn}))
}

/// Create an environment of a name; gives its ARN.
pub(super) fn create(world: &mut World, name: &str, input: Input<'_>) -> Result<String, AwsError> {
    check_name(name)?;
    let is_enabled = state(input)?.unwrap_or(true);
    let arn = world.arn("batch", &format!("compute-environment/{name}"));
    if world.batch.environments.contains_key(&arn) {
        return Err(refused("Object already exists"));
    }
    let described =
        DESCRIBED.iter().filter_map(|name| Some(((*name).to_owned(), input.0.get(*name)?.clone()))).collect();
    world.batch.environments.insert(arn.clone(), Entity::new(name, &arn, is_enabled, described));
    change(world, &arn, "CREATING");
    Ok(arn)
}

pub(super) fn update_environment(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "computeEnvironment")?;
    let (name, arn) = update(world, name, input)?;
    Ok(json!({"computeEnvironmentName": name, "computeEnvironmentArn": arn}))
}

/// Change what is given of an environment; what isn't given inside `computeResources` stays.
pub(super) fn update(world: &mut World, name: &str, input: Input<'_>) -> Result<(String, String), AwsError> {
    let unknown = || refused(format!("{name} does not exist"));
    let arn = arn_of(&world.batch.environments, name).ok_or_else(unknown)?;
    let enabled = state(input)?;
    let environment = world.batch.environments.get_mut(&arn).ok_or_else(unknown)?;
    invalid::check_update(environment)?;
    // "update the compute environment with the correct service role": what was given anew may be what was wrong.
    if input.has("serviceRole") || input.has("computeResources") {
        environment.invalid = None;
    }
    for field in DESCRIBED {
        match (input.0.get(*field), environment.described.get_mut(*field)) {
            (Some(Value::Object(new)), Some(Value::Object(old))) if *field == "computeResources" => {
                old.extend(new.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            (Some(new), _) => {
                environment.described.insert((*field).to_owned(), new.clone());
            }
            (None, _) => {}
        }
    }
    environment.is_enabled = enabled.unwrap_or(environment.is_enabled);
    let name = environment.name.clone();
    change(world, &arn, "UPDATING");
    Ok((name, arn))
}

pub(super) fn delete_environment(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "computeEnvironment")?;
    // Deleting what isn't there succeeds.
    let Some(arn) = arn_of(&world.batch.environments, name) else { return Ok(json!({})) };
    let environment = world.batch.environments.get(&arn);
    if environment.is_some_and(|environment| environment.is_enabled) {
        // AWS documents no words for this, only that the environment has to be disabled first.
        return Err(refused("Cannot delete, the compute environment must be disabled first"));
    }
    check_unused(world, &arn)?;
    world.batch.environments.remove(&arn);
    Ok(json!({}))
}

/// A queue that names an environment keeps it.
pub(super) fn check_unused(world: &World, arn: &str) -> Result<(), AwsError> {
    let used = world.batch.queues.values().any(|queue| {
        let order = queue.described.get("computeEnvironmentOrder").and_then(Value::as_array);
        order.into_iter().flatten().any(|place| Input(place).string("computeEnvironment") == Some(arn))
    });
    if used { Err(refused("Cannot delete, found existing JobQueue relationship")) } else { Ok(()) }
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let names: Vec<&str> = input.strings("computeEnvironments").collect();
    let found = world.batch.environments.values().filter(|environment| environment.is_among(&names));
    let page = paged(input, found.map(|environment| (environment.arn.clone(), to_api(environment))))?;
    Ok(super::answer("computeEnvironments", page))
}

fn to_api(environment: &Entity) -> Value {
    let mut fields: Map<String, Value> = environment.described.clone();
    for (name, value) in [
        ("computeEnvironmentName", environment.name.as_str()),
        ("computeEnvironmentArn", environment.arn.as_str()),
        ("state", state_name(environment.is_enabled)),
        ("status", environment.status),
        (
            "statusReason",
            environment.invalid.as_ref().map_or("ComputeEnvironment Healthy", |invalid| &invalid.reason),
        ),
    ] {
        fields.insert(name.to_owned(), json!(value));
    }
    fields.entry("tags").or_insert_with(|| json!({}));
    Value::Object(fields)
}
