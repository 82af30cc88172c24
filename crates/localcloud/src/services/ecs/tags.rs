//! Tags of clusters, services, tasks and task definitions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{definitions, invalid, names};
use crate::{AwsError, Input, World};

/// "Maximum number of tags per resource - 50" (API reference of `TagResource`).
const MOST: usize = 50;

/// The tags of a request.
pub(super) fn given(input: Input<'_>) -> Result<BTreeMap<String, String>, AwsError> {
    let pairs = input.objects("tags").map(|tag| {
        let key = tag.string("key").filter(|key| (1..=128).contains(&key.chars().count()));
        let key = key.ok_or_else(|| invalid("Tag keys must have between 1 and 128 characters"))?;
        Ok((key.to_owned(), tag.string("value").unwrap_or_default().to_owned()))
    });
    let tags: BTreeMap<String, String> = pairs.collect::<Result<_, AwsError>>()?;
    check_count(tags.len())?;
    Ok(tags)
}

fn check_count(count: usize) -> Result<(), AwsError> {
    if count > MOST { Err(invalid(format!("The maximum number of tags is {MOST}"))) } else { Ok(()) }
}

/// Tags as ECS shows them.
pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

pub(super) fn add(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let given = given(input)?;
    let tags = of_resource(world, input)?;
    let new = given.keys().filter(|key| !tags.contains_key(*key)).count();
    check_count(tags.len() + new)?;
    tags.extend(given);
    Ok(json!({}))
}

pub(super) fn remove(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let tags = of_resource(world, input)?;
    for key in input.strings("tagKeys") {
        tags.remove(key);
    }
    Ok(json!({}))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = resource_arn(input)?;
    let (ecs, cluster) = (&world.ecs, names::cluster_name(arn));
    let tags = (ecs.services.get(arn).map(|service| &service.tags))
        .or_else(|| ecs.tasks.get(arn).map(|task| &task.tags))
        .or_else(|| definitions::find_revision(world, arn).map(|definition| &definition.tags))
        .or_else(|| Some(&ecs.clusters.get(cluster).filter(|cluster| cluster.is_active)?.tags));
    Ok(json!({"tags": tag_list(tags.ok_or_else(not_found)?)}))
}

fn resource_arn<'a>(input: Input<'a>) -> Result<&'a str, AwsError> {
    let arn = input.string("resourceArn").filter(|arn| arn.starts_with("arn:"));
    arn.ok_or_else(|| invalid("Invalid ARN: resourceArn must be an ARN"))
}

fn not_found() -> AwsError {
    AwsError::new(400, "ResourceNotFoundException", "The specified resource was not found.")
}

/// The tags of what a request names by its ARN.
fn of_resource<'w>(
    world: &'w mut World,
    input: Input<'_>,
) -> Result<&'w mut BTreeMap<String, String>, AwsError> {
    let arn = resource_arn(input)?;
    let ecs = &mut world.ecs;
    let found = if let Some(service) = ecs.services.get_mut(arn) {
        Some(&mut service.tags)
    } else if let Some(task) = ecs.tasks.get_mut(arn) {
        Some(&mut task.tags)
    } else if let Some(definition) = definitions::find_mut(&mut ecs.definitions, arn) {
        Some(&mut definition.tags)
    } else {
        let cluster = ecs.clusters.get_mut(names::cluster_name(arn)).filter(|cluster| cluster.is_active);
        cluster.map(|cluster| &mut cluster.tags)
    };
    found.ok_or_else(not_found)
}
