//! `AWS::SNS::Topic` and `AWS::SNS::Subscription`. Their ARNs are made as for every type without a service of its own.

use super::{Topic, subscriptions, topics};
use crate::generic;
use crate::properties;
use crate::resource::{Desired, ProvisionError, Provisioned, ResourceType};
use crate::services::tags;
use crate::{Input, World};

const TOPIC: &str = "AWS::SNS::Topic";
const ATTRIBUTES: &[&str] = &["DisplayName", "KmsMasterKeyId", "SignatureVersion", "TracingConfig"];

const ANY: ResourceType = ResourceType { create, update, finish_delete, ..generic::ANY };

/// The types.
pub const TYPES: &[ResourceType] =
    &[ResourceType { name: TOPIC, ..ANY }, ResourceType { name: "AWS::SNS::Subscription", ..ANY }];

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
    generic::finish_delete(world, type_name, physical_id);
    if type_name == TOPIC {
        topics::remove(world, physical_id);
    } else {
        world.notification.subscriptions.remove(physical_id);
    }
}

fn keep(world: &mut World, desired: &Desired<'_>, arn: &str, input: Input<'_>) {
    if desired.type_name != TOPIC {
        if let (Some(topic), Some(protocol)) = (input.string("TopicArn"), input.string("Protocol")) {
            let endpoint = input.string("Endpoint").unwrap_or_default();
            subscriptions::add(world, topic, protocol, endpoint, Some(arn));
        }
        return;
    }
    let given =
        ATTRIBUTES.iter().filter_map(|name| Some(((*name).to_owned(), input.string(name)?.to_owned())));
    let mut topic = Topic {
        arn: arn.to_owned(),
        attributes: given.collect(),
        tags: desired.owner.tags.iter().cloned().collect(),
    };
    topic.tags.extend(tags::read(input));
    world.notification.topics.insert(arn.to_owned(), topic);
    for wanted in input.objects("Subscription") {
        if let (Some(protocol), Some(endpoint)) = (wanted.string("Protocol"), wanted.string("Endpoint")) {
            subscriptions::add(world, arn, protocol, endpoint, None);
        }
    }
}
