//! `S3`: a bucket of the same template tells the function of its objects.

use super::{Called, Event, changed, permission};
use crate::node::Node;
use crate::serverless::Expansion;
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::source::{Declared, Form, Source};
use crate::serverless::tree::{conditional, map, reference};

const PROPERTIES: &[Declared] = &[
    ("Bucket", Form::Text, true),
    ("Events", Form::Exactly(&Form::TextOrTexts), true),
    ("Filter", Form::MapOfTexts, false),
];

const BUCKET: &str = "AWS::S3::Bucket";

/// The properties that a bucket with events may have.
const BUCKET_PROPERTIES: [&str; 20] = [
    "AccessControl",
    "AccelerateConfiguration",
    "AnalyticsConfigurations",
    "BucketEncryption",
    "BucketName",
    "CorsConfiguration",
    "IntelligentTieringConfigurations",
    "InventoryConfigurations",
    "LifecycleConfiguration",
    "LoggingConfiguration",
    "MetricsConfigurations",
    "NotificationConfiguration",
    "ObjectLockConfiguration",
    "ObjectLockEnabled",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "ReplicationConfiguration",
    "Tags",
    "VersioningConfiguration",
    "WebsiteConfiguration",
];

/// Writes out the permission and the bucket with its notifications.
pub(super) fn expand(
    expansion: &mut Expansion<'_>,
    called: &Called<'_>,
    name: &str,
    event: &Node,
) -> Expanded<Vec<Generated>> {
    let event = Event::read(called, name, event, &[PROPERTIES])?;
    let source = &event.source;
    let (bucket_id, mut bucket) = event.referred(expansion, "Bucket", BUCKET, "bucket")?;
    let mut permission = permission(called, event.id(), "", "s3.amazonaws.com");
    permission.set("SourceAccount", reference("AWS::AccountId"));
    match called.condition() {
        Some(condition) => depend_by_tag(source, &mut bucket, &permission, condition)?,
        None => depend(&mut bucket, &permission.logical_id),
    }
    notify(source, called, &mut bucket)?;
    Ok(vec![permission, changed(expansion, &bucket_id, BUCKET, bucket, &BUCKET_PROPERTIES)?])
}

/// The bucket is made after the permission.
fn depend(bucket: &mut Node, permission_id: &str) {
    let mut ids: Vec<Node> = match bucket.get("DependsOn") {
        None => Vec::new(),
        Some(one) => one.as_sequence().map_or_else(|| vec![one.clone()], <[Node]>::to_vec),
    };
    if !ids.iter().any(|id| id.as_str() == Some(permission_id)) {
        ids.push(Node::from(permission_id));
    }
    bucket.put("DependsOn", ids);
}

/// The bucket is made after a permission that may not be there: a tag refers to it under the same condition.
fn depend_by_tag(
    source: &Source,
    bucket: &mut Node,
    permission: &Generated,
    condition: &Node,
) -> Expanded<()> {
    let Some(properties) = properties_of(bucket) else {
        return Ok(());
    };
    let mut tags = match properties.get("Tags") {
        None => Vec::new(),
        Some(tags) => match tags.as_sequence() {
            Some(tags) => tags.to_vec(),
            None => return source.wrong("the Tags of the bucket must be a list"),
        },
    };
    tags.push(map! {
        "Key" => format!("sam:ConditionalDependsOn:{}", permission.logical_id),
        "Value" => conditional(condition, permission.reference(), Some(Node::from("no dependency"))),
    });
    properties.put("Tags", tags);
    Ok(())
}

fn notify(source: &Source, called: &Called<'_>, bucket: &mut Node) -> Expanded<()> {
    let events = source.get("Events").cloned().unwrap_or_else(|| Node::from(Vec::new()));
    let events = events.as_sequence().map_or_else(|| vec![events.clone()], <[Node]>::to_vec);
    let Some(properties) = properties_of(bucket) else {
        return Ok(());
    };
    if properties.get("NotificationConfiguration").is_none() {
        properties.put("NotificationConfiguration", Node::from_pairs([]));
    }
    let Some(config) =
        properties.get_mut("NotificationConfiguration").filter(|one| one.as_mapping().is_some())
    else {
        return source.wrong("the NotificationConfiguration of the bucket must be a map");
    };
    if config.get("LambdaConfigurations").is_none() {
        config.put("LambdaConfigurations", Vec::new());
    }
    let Some(notified) = config.get_mut("LambdaConfigurations").and_then(Node::elements_mut) else {
        return source.wrong("the LambdaConfigurations of the bucket must be a list");
    };
    for event in events {
        let mut one = map! {"Function" => &called.arn};
        if let Some(filter) = source.get("Filter") {
            one.put("Filter", filter);
        }
        one.put("Event", event);
        if let Some(condition) = called.condition() {
            one = conditional(condition, one, None);
        }
        if !notified.contains(&one) {
            notified.push(one);
        }
    }
    Ok(())
}

/// The properties of a bucket, which is a map.
fn properties_of(bucket: &mut Node) -> Option<&mut Node> {
    if bucket.get("Properties").is_none() {
        bucket.put("Properties", Node::from_pairs([]));
    }
    bucket.get_mut("Properties")
}
