//! `AWS::SNS::Topic`, `AWS::SNS::Subscription` and `AWS::SNS::TopicPolicy`. Their ARNs are made as for every type without a service of its own.

use super::{Topic, subscriptions, topics};
use crate::generic;
use crate::properties;
use crate::resource::{Desired, ProvisionError, Provisioned, ResourceType};
use crate::services::tags;
use crate::{Input, World};

const TOPIC: &str = "AWS::SNS::Topic";
const POLICY: &str = "AWS::SNS::TopicPolicy";
const ATTRIBUTES: &[&str] = &[
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoTopic",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
];

const ANY: ResourceType = ResourceType { create, update, finish_delete, ..generic::ANY };

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType { name: TOPIC, ..ANY },
    ResourceType { name: "AWS::SNS::Subscription", ..ANY },
    ResourceType { name: POLICY, ..ANY },
];

/// Create the resource.
///
/// # Errors
/// In SNS's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    if let Some(name) = Input(&properties).string("TopicName") {
        topics::check_name(name)?;
    }
    let provisioned = generic::create(world, desired)?;
    keep(world, desired, &provisioned.physical_id, Input(&properties));
    Ok(provisioned)
}

/// Change the resource in place.
///
/// # Errors
/// In SNS's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let provisioned = generic::update(world, desired)?;
    keep(world, desired, &provisioned.physical_id, Input(&properties));
    Ok(provisioned)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    let was = world.generic.properties(type_name, physical_id).map(properties::to_json);
    generic::finish_delete(world, type_name, physical_id);
    match type_name {
        TOPIC => topics::remove(world, physical_id),
        POLICY => set_policy(world, Input(&was.unwrap_or_default()), None),
        _ => {
            world.notification.subscriptions.remove(physical_id);
        }
    }
}

/// Give the topics of a policy resource its document, or their default policy back.
fn set_policy(world: &mut World, input: Input<'_>, document: Option<&str>) {
    for arn in input.strings("Topics") {
        let Some(topic) = world.notification.topics.get_mut(arn) else { continue };
        match document {
            Some(document) => topic.attributes.insert("Policy".to_owned(), document.to_owned()),
            None => topic.attributes.remove("Policy"),
        };
    }
}

fn keep(world: &mut World, desired: &Desired<'_>, arn: &str, input: Input<'_>) {
    if desired.type_name == POLICY {
        let document = input.0.get("PolicyDocument").map(|document| match document {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        return set_policy(world, input, document.as_deref());
    }
    if desired.type_name != TOPIC {
        if let (Some(topic), Some(protocol)) = (input.string("TopicArn"), input.string("Protocol")) {
            let endpoint = input.string("Endpoint").unwrap_or_default();
            subscriptions::add(world, topic, protocol, endpoint, Some(arn));
        }
        return;
    }
    let given =
        ATTRIBUTES.iter().filter_map(|name| Some(((*name).to_owned(), input.string(name)?.to_owned())));
    let mut topic =
        Topic { arn: arn.to_owned(), attributes: given.collect(), tags: desired.tags(tags::read(input)) };
    // A policy that has come by a resource of its own stays.
    let before = world.notification.topics.get(arn);
    if let Some(policy) = before.and_then(|before| before.attributes.get("Policy")) {
        topic.attributes.insert("Policy".to_owned(), policy.clone());
    }
    world.notification.topics.insert(arn.to_owned(), topic);
    for wanted in input.objects("Subscription") {
        if let (Some(protocol), Some(endpoint)) = (wanted.string("Protocol"), wanted.string("Endpoint")) {
            subscriptions::add(world, arn, protocol, endpoint, None);
        }
    }
}
