//! Subscriptions.

use serde_json::{Value, json};

use super::{Subscription, invalid, listed, topic};
use crate::{AwsError, Input, World};

const PROTOCOLS: &[&str] =
    &["http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"];

pub(super) fn subscribe(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let topic_arn = topic(world, input, "TopicArn")?.arn.clone();
    let protocol = input.string("Protocol").unwrap_or_default();
    if !PROTOCOLS.contains(&protocol) {
        let shown: String = protocol.chars().take(100).collect();
        return Err(invalid(format!("Invalid parameter: Does not support this protocol string: {shown}")));
    }
    let endpoint = input.string("Endpoint").filter(|endpoint| !endpoint.is_empty());
    let endpoint = endpoint.ok_or_else(|| invalid("Invalid parameter: Endpoint"))?;
    let wants_arn = input.boolean("ReturnSubscriptionArn")?.unwrap_or(false);
    let (arn, is_confirmed) = add(world, &topic_arn, protocol, endpoint, None);
    let shown = is_confirmed || wants_arn;
    Ok(json!({"SubscriptionArn": if shown { arn.as_str() } else { "pending confirmation" }}))
}

/// Add a subscription, or find the same one; gives its ARN and whether it is confirmed.
pub(super) fn add(
    world: &mut World,
    topic_arn: &str,
    protocol: &str,
    endpoint: &str,
    arn: Option<&str>,
) -> (String, bool) {
    let mut known = world.notification.subscriptions.values();
    if let Some(same) =
        known.find(|one| one.topic_arn == topic_arn && one.protocol == protocol && one.endpoint == endpoint)
    {
        return (same.arn.clone(), same.is_confirmed);
    }
    let arn = match arn {
        Some(arn) => arn.to_owned(),
        None => {
            let id = world.identities.uuid(&format!("subscription {topic_arn} {protocol} {endpoint}"));
            format!("{topic_arn}:{id}")
        }
    };
    // What belongs to AWS confirms by itself.
    let is_confirmed = matches!(protocol, "sqs" | "lambda" | "firehose" | "application" | "sms");
    let subscription = Subscription {
        arn: arn.clone(),
        topic_arn: topic_arn.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        is_confirmed,
    };
    world.notification.subscriptions.insert(arn.clone(), subscription);
    (arn, is_confirmed)
}

pub(super) fn unsubscribe(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = input.string("SubscriptionArn").filter(|arn| arn.starts_with("arn:"));
    let arn = arn.ok_or_else(|| {
        invalid("Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements")
    })?;
    world.notification.subscriptions.remove(arn);
    Ok(json!({}))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let all = world.notification.subscriptions.values();
    listed(input, "Subscriptions", all.map(|one| (one.arn.clone(), to_api(world, one))))
}

pub(super) fn list_by_topic(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let topic = topic(world, input, "TopicArn")?;
    let of_topic = world.notification.subscriptions.values().filter(|one| one.topic_arn == topic.arn);
    listed(input, "Subscriptions", of_topic.map(|one| (one.arn.clone(), to_api(world, one))))
}

fn to_api(world: &World, subscription: &Subscription) -> Value {
    let arn = if subscription.is_confirmed { subscription.arn.as_str() } else { "PendingConfirmation" };
    json!({
        "SubscriptionArn": arn,
        "Owner": world.config.account_id,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic_arn,
    })
}
