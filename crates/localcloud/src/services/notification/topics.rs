//! Topics.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Topic, entries, invalid, listed, topic};
use crate::services::tags;
use crate::{AwsError, Input, World};

/// "Topic names must include only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be
/// between 1 and 256 characters long" (CreateTopic).
pub(super) fn check_name(name: &str) -> Result<(), AwsError> {
    let plain = name.strip_suffix(".fifo").unwrap_or(name);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=256).contains(&name.len()) && !plain.is_empty() && plain.bytes().all(allowed) {
        Ok(())
    } else {
        Err(invalid("Invalid parameter: Topic Name"))
    }
}

/// A topic of this name that is there already is answered.
pub(super) fn create_topic(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.string("Name").unwrap_or_default();
    check_name(name)?;
    let arn = world.arn("sns", name);
    let given = input.object("Attributes").and_then(|attributes| attributes.0.as_object());
    let attributes = given.into_iter().flatten();
    let attributes =
        attributes.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    let pair = |tag: Input<'_>| Some((tag.string("Key")?.to_owned(), tag.string("Value")?.to_owned()));
    let tags = input.objects("Tags").filter_map(pair).collect();
    let topics = &mut world.notification.topics;
    topics.entry(arn.clone()).or_insert_with(|| Topic { arn: arn.clone(), attributes, tags });
    Ok(json!({"TopicArn": arn}))
}

/// Deleting a topic that isn't there succeeds.
pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = input.string("TopicArn").filter(|arn| arn.starts_with("arn:"));
    let arn = arn.ok_or_else(|| invalid("Invalid parameter: TopicArn"))?;
    remove(world, arn);
    Ok(json!({}))
}

/// Remove a topic with its subscriptions.
pub(super) fn remove(world: &mut World, arn: &str) {
    world.notification.topics.remove(arn);
    world.notification.subscriptions.retain(|_, subscription| subscription.topic_arn != arn);
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let topics = world.notification.topics.keys();
    listed(input, "Topics", topics.map(|arn| (arn.clone(), json!({"TopicArn": arn}))))
}

pub(super) fn attributes(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let topic = topic(world, input, "TopicArn")?;
    let of_topic = world.notification.subscriptions.values().filter(|one| one.topic_arn == topic.arn);
    let (confirmed, pending): (Vec<_>, Vec<_>) = of_topic.partition(|one| one.is_confirmed);
    let mut shown: BTreeMap<String, String> = topic.attributes.clone();
    for (key, value) in [
        ("TopicArn", topic.arn.clone()),
        ("Owner", world.config.account_id.clone()),
        ("SubscriptionsConfirmed", confirmed.len().to_string()),
        ("SubscriptionsPending", pending.len().to_string()),
        ("SubscriptionsDeleted", "0".to_owned()),
    ] {
        shown.insert(key.to_owned(), value);
    }
    shown.entry("DisplayName".to_owned()).or_default();
    // Recorded (`test_sns_topic_update_attributes`).
    shown.entry("Policy".to_owned()).or_insert_with(|| default_policy(world, &topic.arn));
    shown.entry("EffectiveDeliveryPolicy".to_owned()).or_insert_with(default_delivery_policy);
    Ok(json!({"Attributes": entries(&shown)}))
}

/// The topic's owner may do everything, and nobody else.
fn default_policy(world: &World, arn: &str) -> String {
    const ACTIONS: [&str; 8] = [
        "SNS:GetTopicAttributes",
        "SNS:SetTopicAttributes",
        "SNS:AddPermission",
        "SNS:RemovePermission",
        "SNS:DeleteTopic",
        "SNS:Subscribe",
        "SNS:ListSubscriptionsByTopic",
        "SNS:Publish",
    ];
    let statement = json!({
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ACTIONS,
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": world.config.account_id}},
    });
    json!({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}).to_string()
}

fn default_delivery_policy() -> String {
    let retries = json!({
        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
        "numMinDelayRetries": 0, "backoffFunction": "linear",
    });
    let http = json!({
        "defaultHealthyRetryPolicy": retries,
        "disableSubscriptionOverrides": false,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
    });
    json!({"http": http}).to_string()
}

pub(super) fn set_attribute(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = topic(world, input, "TopicArn")?.arn.clone();
    let name = input.string("AttributeName").unwrap_or_default();
    if !matches!(
        name,
        "DisplayName" | "Policy" | "DeliveryPolicy" | "KmsMasterKeyId" | "TracingConfig" | "SignatureVersion"
    ) {
        return Err(invalid("Invalid parameter: AttributeName"));
    }
    let value = input.string("AttributeValue").unwrap_or_default();
    if let Some(topic) = world.notification.topics.get_mut(&arn) {
        topic.attributes.insert(name.to_owned(), value.to_owned());
    }
    Ok(json!({}))
}

pub(super) fn tags(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    Ok(json!({"Tags": tags::list(&topic(world, input, "ResourceArn")?.tags)}))
}
