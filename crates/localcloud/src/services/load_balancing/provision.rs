//! `AWS::ElasticLoadBalancingV2::LoadBalancer`, `Listener`, `ListenerRule` and `TargetGroup`. The physical id of
//! each is its ARN.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use template::Value as Attribute;

use super::{balancers, listeners, rules, tags, tail, target_groups};
use crate::generic;
use crate::properties;
use crate::resource::{ArnForm, Desired, ProvisionError, Provisioned, ResourceType};
use crate::{Input, World};

const LOAD_BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const LISTENER_RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";

const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// They have their ARN for an id as soon as they are there.
const fn kept(name: &'static str, arn_prefix: &'static str) -> ResourceType {
    let arn = ArnForm::Name("elasticloadbalancing", arn_prefix, None);
    ResourceType { name, create, update, delete, finish_delete, arn, ..generic::ANY }
}

/// The types.
pub const TYPES: &[ResourceType] = &[
    kept(LOAD_BALANCER, "loadbalancer/app/"),
    kept(LISTENER, "listener/app/"),
    kept(LISTENER_RULE, "listener-rule/app/"),
    kept(TARGET_GROUP, "targetgroup/"),
];

/// Create the resource.
///
/// # Errors
/// In Elastic Load Balancing's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let input = Input(&properties);
    let arn = match desired.type_name {
        LOAD_BALANCER => {
            let name = input.string("Name").map_or_else(|| generated_name(world, desired), str::to_owned);
            balancers::create(world, &name, input)?
        }
        LISTENER => listeners::create(world, input)?,
        LISTENER_RULE => rules::create(world, input)?,
        _ => {
            let name = input.string("Name").map_or_else(|| generated_name(world, desired), str::to_owned);
            target_groups::create(world, &name, input)?
        }
    };
    set_tags(world, desired, &properties, &arn)?;
    Ok(provisioned(world, desired.type_name, arn))
}

/// Change the resource in place.
///
/// # Errors
/// In Elastic Load Balancing's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let (input, arn) = (Input(&properties), desired.physical_id.unwrap_or_default());
    match desired.type_name {
        LOAD_BALANCER => balancers::update(world, arn, input)?,
        LISTENER => listeners::update(world, arn, input)?,
        LISTENER_RULE => rules::update(world, arn, input)?,
        _ => target_groups::update(world, arn, input)?,
    }
    set_tags(world, desired, &properties, arn)?;
    Ok(provisioned(world, desired.type_name, arn.to_owned()))
}

/// Begin to delete.
///
/// # Errors
/// When deletion protection is on, or a target group is in use.
pub fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    let arn = desired.physical_id.unwrap_or_default();
    match desired.type_name {
        LOAD_BALANCER => balancers::check_deletion(world, arn)?,
        LISTENER | LISTENER_RULE => {}
        _ => target_groups::check_unused(world, arn)?,
    }
    Ok(Duration::ZERO)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    match type_name {
        LOAD_BALANCER => balancers::remove(world, physical_id),
        LISTENER => listeners::remove(world, physical_id),
        LISTENER_RULE => rules::remove(world, physical_id),
        _ => {
            world.load_balancing.target_groups.remove(physical_id);
            world.load_balancing.tags.remove(physical_id);
        }
    }
}

/// Names have at most 32 characters, so CloudFormation takes a few of the stack's and of the logical id.
fn generated_name(world: &mut World, desired: &Desired<'_>) -> String {
    let short = |text: &str| -> String {
        text.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(6).collect()
    };
    let entity = format!("{} {}", desired.owner.stack_name, desired.logical_id);
    let suffix = world.identities.alphanumeric(&entity, 12);
    let (stack, id) = (short(&desired.owner.stack_name), short(desired.logical_id));
    format!("{}-{id}-{suffix}", stack.trim_matches('-'))
}

/// The template's tags, the stack's, and CloudFormation's own three.
fn set_tags(
    world: &mut World,
    desired: &Desired<'_>,
    properties: &Value,
    arn: &str,
) -> Result<(), ProvisionError> {
    let tags = desired.tags(tags::given(Input(properties))?);
    world.load_balancing.tags.insert(arn.to_owned(), tags);
    Ok(())
}

fn provisioned(world: &World, type_name: &str, arn: String) -> Provisioned {
    let text = |value: &str| Attribute::String(value.to_owned());
    let list = |values: Vec<String>| Attribute::List(values.into_iter().map(Attribute::String).collect());
    let mut attributes = BTreeMap::new();
    let mut give = |name: &str, value: Attribute| attributes.insert(name.to_owned(), value);
    let state = &world.load_balancing;
    match type_name {
        LOAD_BALANCER => {
            give("LoadBalancerArn", text(&arn));
            if let Some(balancer) = state.balancers.get(&arn) {
                let described = balancer.described.get("CanonicalHostedZoneId").and_then(Value::as_str);
                let groups = balancer.described.get("SecurityGroups").and_then(Value::as_array);
                let groups = groups.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
                give("DNSName", text(&balancer.dns_name));
                give("LoadBalancerName", text(&balancer.name));
                give("LoadBalancerFullName", text(&balancer.full_name));
                give("CanonicalHostedZoneID", text(described.unwrap_or_default()));
                give("SecurityGroups", list(groups.collect()));
            }
        }
        LISTENER => {
            give("ListenerArn", text(&arn));
        }
        LISTENER_RULE => {
            give("RuleArn", text(&arn));
            give("IsDefault", Attribute::Bool(false));
        }
        _ => {
            give("TargetGroupArn", text(&arn));
            give("TargetGroupFullName", text(&format!("targetgroup/{}", tail(&arn, ":targetgroup/"))));
            give("LoadBalancerArns", list(target_groups::balancers_of(world, &arn)));
            if let Some(group) = state.target_groups.get(&arn) {
                give("TargetGroupName", text(&group.name));
            }
        }
    }
    Provisioned { physical_id: arn, attributes, extra: Duration::ZERO }
}
