//! Target groups.

use serde_json::{Map, Value, json};

use super::{TargetGroup, balancers, paged, refused, rule_parts, targets};
use crate::{AwsError, Input, World};

/// Settings that only travel through.
const DESCRIBED: &[&str] = &[
    "HealthCheckEnabled",
    "HealthCheckIntervalSeconds",
    "HealthCheckPath",
    "HealthCheckPort",
    "HealthCheckProtocol",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "IpAddressType",
    "Matcher",
    "Port",
    "Protocol",
    "ProtocolVersion",
    "TargetType",
    "UnhealthyThresholdCount",
    "VpcId",
];

/// Create a target group of a name; gives its ARN.
pub(super) fn create(world: &mut World, name: &str, input: Input<'_>) -> Result<String, AwsError> {
    if name.is_empty() || name.len() > 32 {
        return Err(AwsError::validation(format!(
            "Target group name '{name}' must be 1 to 32 characters long"
        )));
    }
    if world.load_balancing.target_groups.values().any(|group| group.name == name) {
        return Err(refused(
            "DuplicateTargetGroupName",
            format!("A target group with the same name '{name}' exists, but with different settings"),
        ));
    }
    let id = world.identities.hex(&format!("target group {name}"), 16);
    let arn = world.arn("elasticloadbalancing", &format!("targetgroup/{name}/{id}"));
    let group = TargetGroup {
        name: name.to_owned(),
        described: Map::new(),
        attributes: Default::default(),
        targets: Vec::new(),
        draining: Vec::new(),
    };
    world.load_balancing.target_groups.insert(arn.clone(), group);
    update(world, &arn, input)?;
    Ok(arn)
}

/// Change what is given of a target group.
pub(super) fn update(world: &mut World, arn: &str, input: Input<'_>) -> Result<(), AwsError> {
    let named = targets::given(input, "Targets")?;
    let group = world.load_balancing.target_groups.get_mut(arn).ok_or_else(not_found)?;
    for name in DESCRIBED {
        if let Some(value) = input.0.get(*name) {
            group.described.insert((*name).to_owned(), value.clone());
        }
    }
    group.attributes.extend(balancers::given_attributes(input, "TargetGroupAttributes"));
    if input.has("Targets") {
        targets::replace(world, arn, named);
    }
    Ok(())
}

/// A target group that a listener or a rule names can't be deleted.
pub(super) fn check_unused(world: &World, arn: &str) -> Result<(), AwsError> {
    if balancers_of(world, arn).is_empty() {
        Ok(())
    } else {
        Err(refused(
            "ResourceInUse",
            format!("Target group '{arn}' is currently in use by a listener or a rule"),
        ))
    }
}

/// The load balancers whose listeners or rules forward to a target group.
pub(super) fn balancers_of(world: &World, arn: &str) -> Vec<String> {
    let state = &world.load_balancing;
    let by_default = state.listeners.values().filter(|listener| {
        listener.described.get("DefaultActions").is_some_and(|actions| rule_parts::forwards_to(actions, arn))
    });
    let by_rule = state.rules.values().filter(|rule| rule_parts::forwards_to(&rule.actions, arn));
    let by_rule = by_rule.filter_map(|rule| state.listeners.get(&rule.listener_arn));
    let mut found: Vec<String> =
        by_default.chain(by_rule).map(|listener| listener.balancer_arn.clone()).collect();
    found.sort();
    found.dedup();
    found
}

/// "a target group can be associated with only one load balancer": what actions forward to may not be in use by
/// another one (`TargetGroupAssociationLimit` of
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html>).
pub(super) fn check_one_balancer(world: &World, actions: &Value, balancer_arn: &str) -> Result<(), AwsError> {
    let forwarded =
        world.load_balancing.target_groups.keys().filter(|arn| rule_parts::forwards_to(actions, arn));
    for arn in forwarded {
        if balancers_of(world, arn).iter().any(|user| user != balancer_arn) {
            return Err(refused(
                "TargetGroupAssociationLimit",
                format!(
                    "The following target groups cannot be associated with more than one load balancer: {arn}"
                ),
            ));
        }
    }
    Ok(())
}

pub(super) fn not_found() -> AwsError {
    refused("TargetGroupNotFound", "One or more target groups not found")
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let groups = &world.load_balancing.target_groups;
    let arns: Vec<&str> = input.strings("TargetGroupArns").collect();
    let names: Vec<&str> = input.strings("Names").collect();
    let balancer = input.string("LoadBalancerArn");
    let is_missing = |name: &&str| !groups.values().any(|group| group.name == **name);
    if arns.iter().any(|arn| !groups.contains_key(*arn)) || names.iter().any(is_missing) {
        return Err(not_found());
    }
    let found = groups.iter().filter(|(arn, group)| {
        (arns.is_empty() || arns.contains(&arn.as_str()))
            && (names.is_empty() || names.contains(&group.name.as_str()))
            && balancer.is_none_or(|balancer| balancers_of(world, arn).iter().any(|found| found == balancer))
    });
    let page = paged(
        input,
        found.map(|(arn, group)| {
            let mut fields = group.described.clone();
            fields.insert("TargetGroupArn".to_owned(), json!(arn));
            fields.insert("TargetGroupName".to_owned(), json!(group.name));
            fields.insert("LoadBalancerArns".to_owned(), json!(balancers_of(world, arn)));
            fields.entry("TargetType").or_insert_with(|| json!("instance"));
            (arn.clone(), Value::Object(fields))
        }),
    )?;
    Ok(json!({"TargetGroups": page.items, "NextMarker": page.next_token}))
}
