//! Tags of alarms. `DescribeAlarms` doesn't show them, `ListTagsForResource` does.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_TagResource.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::alarm::Alarm;
use crate::services::tags;
use crate::{AwsError, Input, World};

/// The most tags of one alarm.
const MOST_TAGS: usize = 50;

/// Values by key.
pub(super) type Tags = BTreeMap<String, String>;

/// The tags of a request or of a template.
///
/// # Errors
/// When a key or a value isn't one, or there are more than an alarm can have.
pub(super) fn parse(input: Input<'_>) -> Result<Tags, AwsError> {
    let mut tags = Tags::new();
    for tag in input.objects("Tags") {
        let key = tag.required_string("Key")?;
        // An empty value is one; none at all isn't.
        let value = match tag.string("Value") {
            Some(value) => value,
            None => tag.required_string("Value")?,
        };
        check_length("key", key, 128)?;
        check_length("value", value, 256)?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format!(
                "{key}: tag keys that begin with aws: are reserved for the use of AWS"
            )));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    check_count(&tags)?;
    Ok(tags)
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = arn(input)?;
    let alarm =
        world.cloudwatch.alarms.values().find(|alarm| alarm.arn == arn).ok_or_else(|| unknown(arn))?;
    Ok(json!({"Tags": tags::list(&alarm.tags)}))
}

pub(super) fn add(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let alarm = find(world, arn(input)?)?;
    let mut tags = alarm.tags.clone();
    tags.extend(parse(input)?);
    check_count(&tags)?;
    alarm.tags = tags;
    Ok(json!({}))
}

/// Keys that the alarm doesn't have are passed over.
pub(super) fn remove(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let alarm = find(world, arn(input)?)?;
    for key in input.strings("TagKeys") {
        alarm.tags.remove(key);
    }
    Ok(json!({}))
}

fn arn<'a>(input: Input<'a>) -> Result<&'a str, AwsError> {
    let arn = input.required_string("ResourceARN")?;
    check_length("resourceARN", arn, 1024)?;
    Ok(arn)
}

fn find<'w>(world: &'w mut World, arn: &str) -> Result<&'w mut Alarm, AwsError> {
    world.cloudwatch.alarms.values_mut().find(|alarm| alarm.arn == arn).ok_or_else(|| unknown(arn))
}

/// Assumption: the quota's code, which the reference of `TagResource` doesn't tell apart from other bad values.
fn check_count(tags: &Tags) -> Result<(), AwsError> {
    let own = tags.keys().filter(|key| !key.starts_with("aws:")).count();
    if own <= MOST_TAGS {
        return Ok(());
    }
    Err(invalid(format!("An alarm can have at most {MOST_TAGS} tags")))
}

fn check_length(name: &str, text: &str, most: usize) -> Result<(), AwsError> {
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length less \
         than or equal to {most}"
    )))
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidParameterValue", message)
}

/// The code is of the API reference. Assumption: the words, which it doesn't give.
fn unknown(arn: &str) -> AwsError {
    AwsError::new(404, "ResourceNotFoundException", format!("The resource {arn} does not exist."))
}
