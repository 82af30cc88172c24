//! SNS: topics, subscriptions, and what was published. Nothing is delivered to anybody.

pub mod provision;
mod publish;
mod subscriptions;
mod topics;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::descriptor::{Descriptor, Errors, QUERY, QUERY_ERRORS, Rate, Target, changes, reads};
use crate::services::paging::page;
use crate::{AwsError, Input, Timestamp, World};

/// Topics and subscriptions by ARN.
#[derive(Debug, Clone, Default)]
pub struct Notification {
    topics: BTreeMap<String, Topic>,
    subscriptions: BTreeMap<String, Subscription>,
    published: Vec<Published>,
}

#[derive(Debug, Clone)]
struct Topic {
    arn: String,
    /// `DisplayName`, `Policy`, `KmsMasterKeyId`…
    attributes: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Subscription {
    arn: String,
    topic_arn: String,
    protocol: String,
    endpoint: String,
    /// E-mail has to be confirmed by its reader, which nobody does here.
    is_confirmed: bool,
}

/// A message that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// To this topic.
    pub topic_arn: String,
    /// At this time.
    pub at: Timestamp,
    /// Its id.
    pub message_id: String,
    /// Its subject, if it has one.
    pub subject: Option<String>,
    /// Its text.
    pub message: String,
}

impl Notification {
    /// What was published, oldest first. Only the newest thousand are kept.
    #[must_use]
    pub fn published(&self) -> &[Published] {
        &self.published
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "SNS",
    signing_name: "sns",
    version: Some("2010-03-31"),
    namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    errors: Errors {
        // <https://repost.aws/knowledge-center/sns-throttling-exception-errors>
        throttled: (400, "ThrottlingException", "Rate exceeded"),
        denied: (403, "AuthorizationError", ""),
        ..QUERY_ERRORS
    },
    target: Target::Named(&[("TopicArn", "")]),
    // <https://docs.aws.amazon.com/general/latest/gr/sns.html>
    rates: &[
        Rate::each(&["ListTopics", "ListSubscriptions", "ListSubscriptionsByTopic"], 30),
        Rate::each(&["Subscribe", "Unsubscribe"], 100),
    ],
    resource_types: provision::TYPES,
    operations: &[
        changes("CreateTopic", topics::create_topic),
        changes("DeleteTopic", topics::delete),
        reads("ListTopics", topics::list),
        reads("GetTopicAttributes", topics::attributes),
        changes("SetTopicAttributes", topics::set_attribute),
        reads("ListTagsForResource", topics::tags),
        changes("Publish", publish::publish),
        changes("Subscribe", subscriptions::subscribe),
        changes("Unsubscribe", subscriptions::unsubscribe),
        reads("ListSubscriptions", subscriptions::list),
        reads("ListSubscriptionsByTopic", subscriptions::list_by_topic),
    ],
    ..QUERY
};

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidParameter", message)
}

/// The topic of a request.
fn topic<'w>(world: &'w World, input: Input<'_>, name: &str) -> Result<&'w Topic, AwsError> {
    let arn = input.string(name).unwrap_or_default();
    if arn.split(':').count() < 6 || !arn.starts_with("arn:") {
        return Err(invalid(format!("Invalid parameter: {name}")));
    }
    let found = world.notification.topics.get(arn);
    found.ok_or_else(|| AwsError::new(404, "NotFound", "Topic does not exist"))
}

/// A page of a hundred.
fn listed(
    input: Input<'_>,
    under: &str,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Value, AwsError> {
    let page = page(items, input.string("NextToken"), 100)
        .map_err(|_| invalid("Invalid parameter: NextToken Reason: not a valid token"))?;
    Ok(json!({under: page.items, "NextToken": page.next_token}))
}

/// A map as the Query protocol writes it.
fn entries(map: &BTreeMap<String, String>) -> Value {
    let entries = map.iter().map(|(key, value)| json!({"key": key, "value": value}));
    json!({"entry": entries.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests;
