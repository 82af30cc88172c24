//! The ARN on which an action of a resource operation is checked.

use template::Value;

use crate::World;
use crate::cloudformation::generic;
use crate::provision::Desired;

/// The resource's ARN: what it is known by, or what it would get. `*` where nothing tells.
///
/// A name that CloudFormation would make up is made up the same way, so a policy for `STACK-*` fits; its random end is
/// another than the resource's own.
pub(super) fn arn(world: &mut World, desired: &Desired<'_>) -> String {
    if let Some(id) = desired.physical_id.filter(|id| id.starts_with("arn:")) {
        return id.to_owned();
    }
    let mut properties = desired.properties.clone();
    if let (Some(id), Some(name)) = (desired.physical_id, generic::name_property(desired.type_name)) {
        properties.insert(name.to_owned(), Value::String(id.to_owned()));
    }
    let named = Desired { properties: &properties, ..desired.clone() };
    let (made_up, attributes) = generic::would_be(world, &named);
    let id = desired.physical_id.map_or(made_up, str::to_owned);
    match desired.type_name {
        "AWS::AutoScaling::AutoScalingGroup" => {
            return world.arn("autoscaling", &format!("autoScalingGroup:*:autoScalingGroupName/{id}"));
        }
        // A warm pool is a group's.
        "AWS::AutoScaling::WarmPool"
        | "AWS::AutoScaling::LifecycleHook"
        | "AWS::AutoScaling::ScalingPolicy"
        | "AWS::AutoScaling::ScheduledAction" => {
            let group = match desired.properties.get("AutoScalingGroupName") {
                Some(Value::String(name)) => name.as_str(),
                _ => "*",
            };
            return world.arn("autoscaling", &format!("autoScalingGroup:*:autoScalingGroupName/{group}"));
        }
        "AWS::SSM::Parameter" => {
            return world.arn("ssm", &format!("parameter/{}", id.trim_start_matches('/')));
        }
        "AWS::Batch::JobQueue" | "AWS::Batch::ComputeEnvironment" | "AWS::Batch::JobDefinition" => {
            let kind = desired.type_name.rsplit("::").next().unwrap_or_default();
            let name = match desired.properties.get(&format!("{kind}Name")) {
                Some(Value::String(name)) => name.clone(),
                _ => made_up_name(world, desired),
            };
            return world.arn("batch", &format!("{}/{name}", kebab(kind)));
        }
        // These have their ARN for an id as soon as they are there.
        "AWS::ElasticLoadBalancingV2::LoadBalancer"
        | "AWS::ElasticLoadBalancingV2::TargetGroup"
        | "AWS::ElasticLoadBalancingV2::Listener"
        | "AWS::ElasticLoadBalancingV2::ListenerRule" => {
            let kind = match desired.type_name.rsplit("::").next() {
                Some("LoadBalancer") => "loadbalancer/app",
                Some("TargetGroup") => "targetgroup",
                Some("Listener") => "listener/app",
                _ => "listener-rule/app",
            };
            let name = made_up_name(world, desired);
            return world.arn("elasticloadbalancing", &format!("{kind}/{name}"));
        }
        "AWS::ECS::Service" => {
            let name = match desired.properties.get("ServiceName") {
                Some(Value::String(name)) => name.clone(),
                _ => made_up_name(world, desired),
            };
            let given = crate::services::properties::to_json(desired.properties);
            return crate::services::ecs::provision::service_arn(world, &given, &name);
        }
        "AWS::RDS::DBSubnetGroup" => return world.arn("rds", &format!("subgrp:{id}")),
        _ => {}
    }
    if id.starts_with("arn:") {
        return id;
    }
    let own = attributes.into_iter().find_map(|(name, value)| match value {
        Value::String(text) if name.to_lowercase().ends_with("arn") && text.starts_with("arn:") => Some(text),
        _ => None,
    });
    match own {
        Some(arn) => arn,
        None if desired.type_name.starts_with("AWS::EC2::") => {
            let kind = kebab(desired.type_name.rsplit("::").next().unwrap_or_default());
            world.arn("ec2", &format!("{kind}/{id}"))
        }
        None => "*".to_owned(),
    }
}

fn made_up_name(world: &mut World, desired: &Desired<'_>) -> String {
    let random = world.identities.alphanumeric(&format!("{}/would be", desired.owner.stack_id), 12);
    format!("{}-{}-{random}", desired.owner.stack_name, desired.logical_id)
}

/// `SecurityGroup` as `security-group`, `VPC` as `vpc`.
fn kebab(name: &str) -> String {
    let mut made = String::new();
    let mut before_is_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before_is_lower {
            made.push('-');
        }
        before_is_lower = letter.is_ascii_lowercase();
        made.push(letter.to_ascii_lowercase());
    }
    made
}

/// A service as the SDKs name it in their messages: `Lambda`, `Rds`, `SecretsManager`.
pub(super) fn service_name(type_name: &str) -> String {
    let part = type_name.split("::").nth(1).unwrap_or_default();
    match part.get(..1) {
        Some(first) if part.chars().all(|letter| !letter.is_ascii_lowercase()) => {
            format!("{first}{}", part.get(1..).unwrap_or_default().to_lowercase())
        }
        _ => part.to_owned(),
    }
}
