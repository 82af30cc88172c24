//! Listeners. A listener's default rule is not stored: it is what its default actions say.

use serde_json::{Map, Value, json};

use super::{Listener, balancers, paged, refused, required, rule_parts, tail, target_groups};
use crate::{AwsError, Input, World};

/// Settings that only travel through.
const DESCRIBED: &[&str] = &["Protocol", "Certificates", "SslPolicy", "AlpnPolicy", "MutualAuthentication"];

/// Create a listener; gives its ARN.
pub(super) fn create(world: &mut World, input: Input<'_>) -> Result<String, AwsError> {
    let balancer_arn = required(input, "LoadBalancerArn")?.to_owned();
    if !world.load_balancing.balancers.contains_key(&balancer_arn) {
        return Err(balancers::not_found());
    }
    let described = settings(world, input, Map::new(), &balancer_arn, None)?;
    let path = tail(&balancer_arn, ":loadbalancer/").to_owned();
    let id = world.identities.hex(&format!("listener of {path}"), 16);
    let arn = world.arn("elasticloadbalancing", &format!("listener/{path}/{id}"));
    world.load_balancing.listeners.insert(arn.clone(), Listener { balancer_arn, described });
    Ok(arn)
}

/// Change what is given of a listener.
pub(super) fn update(world: &mut World, arn: &str, input: Input<'_>) -> Result<(), AwsError> {
    let listener = world.load_balancing.listeners.get(arn).ok_or_else(not_found)?;
    let before = listener.described.clone();
    let described = settings(world, input, before, &listener.balancer_arn, Some(arn))?;
    if let Some(listener) = world.load_balancing.listeners.get_mut(arn) {
        listener.described = described;
    }
    Ok(())
}

fn settings(
    world: &World,
    input: Input<'_>,
    mut fields: Map<String, Value>,
    balancer_arn: &str,
    own_arn: Option<&str>,
) -> Result<Map<String, Value>, AwsError> {
    if let Some(port) = input.integer("Port")? {
        if !(1..=65_535).contains(&port) {
            return Err(AwsError::validation(format!("Port '{port}' must be between 1 and 65535")));
        }
        let is_taken = world.load_balancing.listeners.iter().any(|(arn, listener)| {
            Some(arn.as_str()) != own_arn
                && listener.balancer_arn == balancer_arn
                && listener.described.get("Port") == Some(&json!(port))
        });
        if is_taken {
            return Err(refused(
                "DuplicateListener",
                format!("A listener already exists on this port for this load balancer '{balancer_arn}'"),
            ));
        }
        fields.insert("Port".to_owned(), json!(port));
    }
    for name in DESCRIBED {
        if let Some(value) = input.0.get(*name) {
            fields.insert((*name).to_owned(), value.clone());
        }
    }
    if input.has("DefaultActions") {
        let actions = rule_parts::actions(world, input, "DefaultActions")?;
        target_groups::check_one_balancer(world, &actions, balancer_arn)?;
        fields.insert("DefaultActions".to_owned(), actions);
    }
    if !fields.contains_key("DefaultActions") {
        return Err(AwsError::validation("A listener must have a default action"));
    }
    Ok(fields)
}

/// Remove a listener with its rules.
pub(super) fn remove(world: &mut World, arn: &str) {
    let rules = world.load_balancing.rules.iter().filter(|(_, rule)| rule.listener_arn == arn);
    let rules: Vec<String> = rules.map(|(arn, _)| arn.clone()).collect();
    for rule in rules {
        world.load_balancing.rules.remove(&rule);
        world.load_balancing.tags.remove(&rule);
    }
    world.load_balancing.listeners.remove(arn);
    world.load_balancing.tags.remove(arn);
}

pub(super) fn not_found() -> AwsError {
    refused("ListenerNotFound", "One or more listeners not found")
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arns: Vec<&str> = input.strings("ListenerArns").collect();
    let balancer = input.string("LoadBalancerArn");
    if arns.is_empty() && balancer.is_none() {
        return Err(AwsError::validation("You must specify either listener ARNs or a load balancer ARN"));
    }
    if arns.iter().any(|arn| !world.load_balancing.listeners.contains_key(*arn)) {
        return Err(not_found());
    }
    if balancer.is_some_and(|arn| !world.load_balancing.balancers.contains_key(arn)) {
        return Err(balancers::not_found());
    }
    let found = world.load_balancing.listeners.iter().filter(|(arn, listener)| {
        (arns.is_empty() || arns.contains(&arn.as_str()))
            && balancer.is_none_or(|balancer| listener.balancer_arn == balancer)
    });
    let page = paged(
        input,
        found.map(|(arn, listener)| {
            let mut fields = listener.described.clone();
            fields.insert("ListenerArn".to_owned(), json!(arn));
            fields.insert("LoadBalancerArn".to_owned(), json!(listener.balancer_arn));
            (arn.clone(), Value::Object(fields))
        }),
    )?;
    Ok(json!({"Listeners": page.items, "NextMarker": page.next_token}))
}
