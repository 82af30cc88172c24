//! Tags of groups, changed after their creation.
//! <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateOrUpdateTags.html>

use serde_json::{Value, json};

use super::group::Tag;
use super::{find, find_mut};
use crate::{AwsError, Input, World};

/// The most tags of a group (CreateOrUpdateTags, quotas of Auto Scaling).
const MOST_TAGS: usize = 50;

/// The group that a tag of a request is for.
fn resource(tag: Input<'_>) -> Result<&str, AwsError> {
    match tag.string("ResourceType") {
        None | Some("auto-scaling-group") => tag.required_string("ResourceId"),
        Some(other) => Err(AwsError::validation(format!("Resource type {other} is not supported"))),
    }
}

pub(super) fn create_or_update(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    for tag in input.objects("Tags") {
        // All of them are looked at before any is written.
        find(world, resource(tag)?)?;
        let key = tag.required_string("Key")?;
        if key.is_empty() || key.chars().count() > 128 || key.starts_with("aws:") {
            return Err(AwsError::validation(format!("Tag key {key} is not valid")));
        }
        if tag.string("Value").unwrap_or_default().chars().count() > 256 {
            return Err(AwsError::validation("Tag value must be at most 256 characters"));
        }
    }
    for tag in input.objects("Tags") {
        let group = find_mut(world, resource(tag)?)?;
        let key = tag.required_string("Key")?;
        let made = Tag {
            key: key.to_owned(),
            value: tag.string("Value").unwrap_or_default().to_owned(),
            propagate_at_launch: tag.boolean("PropagateAtLaunch")?.unwrap_or(false),
        };
        let count = group.tags.len();
        match group.tags.iter_mut().find(|known| known.key == key) {
            Some(known) => *known = made,
            None if count >= MOST_TAGS => {
                return Err(AwsError::new(400, "LimitExceeded", "A group can have at most 50 tags"));
            }
            None => group.tags.push(made),
        }
    }
    Ok(json!({}))
}

/// A tag that isn't there is deleted all the same.
pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    for tag in input.objects("Tags") {
        let key = tag.required_string("Key")?;
        find_mut(world, resource(tag)?)?.tags.retain(|known| known.key != key);
    }
    Ok(json!({}))
}
