//! Job queues.

use serde_json::{Map, Value, json};

use super::{
    Batch, Entity, arn_of, change, check_name, entity, invalid, paged, refused, required, state, state_name,
};
use crate::{AwsError, Input, World};

/// Settings that only travel through.
const DESCRIBED: &[&str] = &[
    "priority",
    "computeEnvironmentOrder",
    "serviceEnvironmentOrder",
    "schedulingPolicyArn",
    "jobStateTimeLimitActions",
    "jobQueueType",
    "tags",
];

pub(super) fn create_queue(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "jobQueueName")?;
    let arn = create(world, name, input)?;
    Ok(json!({"jobQueueName": name, "jobQueueArn": arn}))
}

/// Create a queue of a name; gives its ARN.
pub(super) fn create(world: &mut World, name: &str, input: Input<'_>) -> Result<String, AwsError> {
    check_name(name)?;
    let is_enabled = state(input)?.unwrap_or(true);
    let arn = world.arn("batch", &format!("job-queue/{name}"));
    if world.batch.queues.contains_key(&arn) {
        return Err(refused("Object already exists"));
    }
    let mut described = Map::new();
    settings(&world.batch, &mut described, input)?;
    world.batch.queues.insert(arn.clone(), Entity::new(name, &arn, is_enabled, described));
    change(world, &arn, "CREATING");
    Ok(arn)
}

pub(super) fn update_queue(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "jobQueue")?;
    let (name, arn) = update(world, name, input)?;
    Ok(json!({"jobQueueName": name, "jobQueueArn": arn}))
}

/// Change what is given of a queue, found by name or ARN; gives its name and ARN.
pub(super) fn update(world: &mut World, name: &str, input: Input<'_>) -> Result<(String, String), AwsError> {
    let unknown = || refused(format!("{name} does not exist"));
    let arn = arn_of(&world.batch.queues, name).ok_or_else(unknown)?;
    let enabled = state(input)?;
    let queue = world.batch.queues.get(&arn).ok_or_else(unknown)?;
    invalid::check_update(queue)?;
    let mut described = queue.described.clone();
    settings(&world.batch, &mut described, input)?;
    let queue = world.batch.queues.get_mut(&arn).ok_or_else(unknown)?;
    queue.described = described;
    queue.is_enabled = enabled.unwrap_or(queue.is_enabled);
    let name = queue.name.clone();
    change(world, &arn, "UPDATING");
    Ok((name, arn))
}

/// Compute environments are shown by their ARN, however they were named.
fn settings(batch: &Batch, described: &mut Map<String, Value>, input: Input<'_>) -> Result<(), AwsError> {
    for name in DESCRIBED {
        let Some(value) = input.0.get(*name) else { continue };
        let mut value = value.clone();
        if *name == "computeEnvironmentOrder" {
            for place in value.as_array_mut().into_iter().flatten() {
                let wanted = Input(place).string("computeEnvironment").unwrap_or_default().to_owned();
                let arn = arn_of(&batch.environments, &wanted)
                    .ok_or_else(|| refused(format!("{wanted} does not exist")))?;
                invalid::check_association(batch, described, &arn)?;
                if let Some(field) = place.get_mut("computeEnvironment") {
                    *field = Value::String(arn);
                }
            }
        }
        described.insert((*name).to_owned(), value);
    }
    Ok(())
}

pub(super) fn delete_queue(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "jobQueue")?;
    // Deleting what isn't there succeeds.
    let Some(queue) = entity(&mut world.batch.queues, name) else { return Ok(json!({})) };
    if queue.is_enabled {
        // AWS documents no words for this, only that the queue has to be disabled first.
        return Err(refused("Cannot delete, the job queue must be disabled first"));
    }
    if queue.is_changing() {
        return Err(refused("Cannot delete, resource is being modified."));
    }
    let arn = queue.arn.clone();
    remove(world, &arn);
    Ok(json!({}))
}

/// Remove a queue; its jobs end ("All jobs in the queue are eventually terminated when you delete a job queue").
pub(super) fn remove(world: &mut World, arn: &str) {
    world.batch.queues.remove(arn);
    super::job::end_all_of_queue(world, arn);
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let names: Vec<&str> = input.strings("jobQueues").collect();
    let found = world.batch.queues.values().filter(|queue| queue.is_among(&names));
    let page = paged(input, found.map(|queue| (queue.arn.clone(), to_api(queue))))?;
    Ok(super::answer("jobQueues", page))
}

fn to_api(queue: &Entity) -> Value {
    let mut fields = queue.described.clone();
    for (name, value) in [
        ("jobQueueName", queue.name.as_str()),
        ("jobQueueArn", queue.arn.as_str()),
        ("state", state_name(queue.is_enabled)),
        ("status", queue.status),
        ("statusReason", queue.invalid.as_ref().map_or("JobQueue Healthy", |invalid| &invalid.reason)),
    ] {
        fields.insert(name.to_owned(), json!(value));
    }
    fields.entry("computeEnvironmentOrder").or_insert_with(|| json!([]));
    fields.entry("priority").or_insert_with(|| json!(0));
    fields.entry("tags").or_insert_with(|| json!({}));
    Value::Object(fields)
}
