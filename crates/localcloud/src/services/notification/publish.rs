//! Publishing: the message is kept.

use serde_json::{Value, json};

use super::{Published, invalid, topic};
use crate::{AwsError, Input, World};

/// "Messages … at most 256 KB in size (262,144 bytes)" (Publish).
const LONGEST_MESSAGE_BYTES: usize = 262_144;
/// Messages beyond these are forgotten, the oldest first.
const MOST_KEPT: usize = 1000;

pub(super) fn publish(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let target = if input.has("TopicArn") { "TopicArn" } else { "TargetArn" };
    if target == "TargetArn" && !input.has("TargetArn") {
        return Err(invalid(
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter",
        ));
    }
    let topic_arn = topic(world, input, target)?.arn.clone();
    let message = input.string("Message").unwrap_or_default();
    if message.is_empty() {
        return Err(invalid("Invalid parameter: Empty message"));
    }
    if message.len() > LONGEST_MESSAGE_BYTES {
        return Err(invalid("Invalid parameter: Message too long"));
    }
    let subject = input.string("Subject");
    if subject.is_some_and(|subject| subject.is_empty() || subject.chars().count() > 100) {
        return Err(invalid("Invalid parameter: Subject"));
    }
    let message_id = world.identities.uuid(&format!("message {topic_arn}"));
    let published = Published {
        topic_arn,
        at: world.now,
        message_id: message_id.clone(),
        subject: subject.map(str::to_owned),
        message: message.to_owned(),
    };
    let kept = &mut world.notification.published;
    kept.push(published);
    if kept.len() > MOST_KEPT {
        kept.remove(0);
    }
    Ok(json!({"MessageId": message_id}))
}
