//! Tags of load balancers, listeners, rules and target groups.

use serde_json::{Value, json};

use super::{balancers, listeners, refused, required, rules, target_groups};
use crate::services::tags;
use crate::{AwsError, Input, World};

/// The most resources of one call.
const MOST_RESOURCES: usize = 20;
/// The most tags of one resource.
const MOST_TAGS: usize = 50;

/// The tags of a request.
pub(super) fn given(input: Input<'_>) -> Result<Vec<(String, String)>, AwsError> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for tag in input.objects("Tags") {
        let (key, value) = (required(tag, "Key")?, tag.string("Value").unwrap_or_default());
        for (name, text, most) in [("key", key, 128), ("value", value, 256)] {
            if text.chars().count() > most {
                return Err(AwsError::validation(format!(
                    "1 validation error detected: Value at 'tags.{name}' failed to satisfy constraint: Member must \
                     have length less than or equal to {most}"
                )));
            }
        }
        if tags.iter().any(|(known, _)| known == key) {
            return Err(refused("DuplicateTagKeys", "A tag key was specified more than once"));
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    Ok(tags)
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arns = resources(world, input)?;
    let shown = arns.iter().map(|arn| {
        let tags = world.load_balancing.tags.get(*arn).map_or_else(|| json!([]), tags::list);
        json!({"ResourceArn": arn, "Tags": tags})
    });
    Ok(json!({"TagDescriptions": shown.collect::<Vec<_>>()}))
}

pub(super) fn add(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arns: Vec<String> = resources(world, input)?.into_iter().map(str::to_owned).collect();
    let given = given(input)?;
    for arn in &arns {
        let mut tags = world.load_balancing.tags.get(arn).cloned().unwrap_or_default();
        tags.extend(given.iter().cloned());
        if tags.len() > MOST_TAGS {
            return Err(refused("TooManyTags", "The maximum number of tags has been reached"));
        }
    }
    for arn in arns {
        world.load_balancing.tags.entry(arn).or_default().extend(given.iter().cloned());
    }
    Ok(json!({}))
}

pub(super) fn remove(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arns: Vec<String> = resources(world, input)?.into_iter().map(str::to_owned).collect();
    for arn in arns {
        if let Some(tags) = world.load_balancing.tags.get_mut(&arn) {
            for key in input.strings("TagKeys") {
                tags.remove(key);
            }
        }
    }
    Ok(json!({}))
}

/// The resources of a request, all of which exist.
fn resources<'a>(world: &World, input: Input<'a>) -> Result<Vec<&'a str>, AwsError> {
    let arns: Vec<&str> = input.strings("ResourceArns").collect();
    if arns.is_empty() || arns.len() > MOST_RESOURCES {
        return Err(AwsError::validation(format!(
            "Between 1 and {MOST_RESOURCES} resource ARNs must be specified"
        )));
    }
    let state = &world.load_balancing;
    for arn in &arns {
        let is_known = state.balancers.contains_key(*arn)
            || state.listeners.contains_key(*arn)
            || state.rules.contains_key(*arn)
            || state.listeners.keys().any(|listener| rules::default_arn(listener) == *arn)
            || state.target_groups.contains_key(*arn);
        if !is_known {
            return Err(if arn.contains(":listener-rule/") {
                refused("RuleNotFound", "One or more rules not found")
            } else if arn.contains(":listener/") {
                listeners::not_found()
            } else if arn.contains(":targetgroup/") {
                target_groups::not_found()
            } else {
                balancers::not_found()
            });
        }
    }
    Ok(arns)
}
