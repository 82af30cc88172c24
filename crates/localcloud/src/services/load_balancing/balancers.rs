//! Load balancers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Balancer, attribute_list, paged, refused, required};
use crate::{AwsError, Input, World};

/// Attributes that an application load balancer has without being told
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html>).
const DEFAULT_ATTRIBUTES: &[(&str, &str)] = &[
    ("access_logs.s3.enabled", "false"),
    ("deletion_protection.enabled", "false"),
    ("idle_timeout.timeout_seconds", "60"),
    ("routing.http2.enabled", "true"),
    ("routing.http.drop_invalid_header_fields.enabled", "false"),
];

/// What `CanonicalHostedZoneID` gives: AWS has one for each Region and kind; these are us-east-1's.
/// <https://docs.aws.amazon.com/general/latest/gr/elb.html>
const APPLICATION_ZONE: &str = "Z35SXDOTRQ7X7K";
const NETWORK_ZONE: &str = "Z26RNL4JYFTOTI";

/// Create a load balancer of a name; gives its ARN.
pub(super) fn create(world: &mut World, name: &str, input: Input<'_>) -> Result<String, AwsError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.is_empty()
        || name.len() > 32
        || !name.bytes().all(allowed)
        || name.starts_with('-')
        || name.ends_with('-')
    {
        return Err(AwsError::validation(format!(
            "The load balancer name '{name}' must be 1 to 32 letters, digits and hyphens, and must not begin or end \
             with a hyphen"
        )));
    }
    if world.load_balancing.balancers.values().any(|balancer| balancer.name == name) {
        return Err(refused(
            "DuplicateLoadBalancerName",
            format!("A load balancer with the same name '{name}' exists, but with different settings"),
        ));
    }
    let kind = match input.string("Type") {
        None | Some("application") => "app",
        Some("network") => "net",
        Some("gateway") => "gwy",
        Some(other) => {
            return Err(AwsError::validation(format!("Load balancer type '{other}' is not valid")));
        }
    };
    let entity = format!("load balancer {name}");
    let id = world.identities.hex(&entity, 16);
    let full_name = format!("{kind}/{name}/{id}");
    let arn = world.arn("elasticloadbalancing", &format!("loadbalancer/{full_name}"));
    let region = &world.config.region;
    let is_internal = input.string("Scheme") == Some("internal");
    let prefix = if is_internal { "internal-" } else { "" };
    let dns_name = if kind == "net" {
        format!("{prefix}{name}-{id}.elb.{region}.amazonaws.com")
    } else {
        // AWS puts a number of nine or ten digits there.
        let number = u32::from_str_radix(id.get(..8).unwrap_or_default(), 16).unwrap_or_default();
        format!("{prefix}{name}-{number}.{region}.elb.amazonaws.com")
    };
    let subnets: Vec<&str> = input.strings("Subnets").collect();
    let zones: Vec<Value> = ('a'..='f')
        .zip(&subnets)
        .map(|(letter, subnet)| json!({"ZoneName": format!("{region}{letter}"), "SubnetId": subnet}))
        .collect();
    let described = Map::from_iter([
        (
            "CanonicalHostedZoneId".to_owned(),
            json!(if kind == "net" { NETWORK_ZONE } else { APPLICATION_ZONE }),
        ),
        ("CreatedTime".to_owned(), json!(world.now.iso8601())),
        ("Scheme".to_owned(), json!(if is_internal { "internal" } else { "internet-facing" })),
        ("Type".to_owned(), json!(input.string("Type").unwrap_or("application"))),
        ("IpAddressType".to_owned(), json!(input.string("IpAddressType").unwrap_or("ipv4"))),
        ("SecurityGroups".to_owned(), json!(input.strings("SecurityGroups").collect::<Vec<_>>())),
        ("AvailabilityZones".to_owned(), Value::Array(zones)),
    ]);
    let mut attributes: BTreeMap<String, String> =
        DEFAULT_ATTRIBUTES.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    attributes.extend(given_attributes(input, "LoadBalancerAttributes"));
    let balancer = Balancer { name: name.to_owned(), full_name, dns_name, described, attributes };
    world.load_balancing.balancers.insert(arn.clone(), balancer);
    Ok(arn)
}

/// Change what can be changed in place.
pub(super) fn update(world: &mut World, arn: &str, input: Input<'_>) -> Result<(), AwsError> {
    let balancer = world.load_balancing.balancers.get_mut(arn).ok_or_else(not_found)?;
    balancer.attributes.extend(given_attributes(input, "LoadBalancerAttributes"));
    for name in ["SecurityGroups", "IpAddressType"] {
        if let Some(value) = input.0.get(name) {
            balancer.described.insert(name.to_owned(), value.clone());
        }
    }
    Ok(())
}

/// Keys and values of a list of attributes.
pub(super) fn given_attributes(input: Input<'_>, name: &str) -> Vec<(String, String)> {
    let given = input.objects(name);
    given
        .filter_map(|pair| Some((pair.string("Key")?.to_owned(), pair.string("Value")?.to_owned())))
        .collect()
}

/// Remove a load balancer with its listeners and their rules.
pub(super) fn remove(world: &mut World, arn: &str) {
    let listeners: Vec<String> = listener_arns(world, arn);
    for listener in listeners {
        super::listeners::remove(world, &listener);
    }
    world.load_balancing.balancers.remove(arn);
    world.load_balancing.tags.remove(arn);
}

fn listener_arns(world: &World, arn: &str) -> Vec<String> {
    let of_balancer =
        world.load_balancing.listeners.iter().filter(|(_, listener)| listener.balancer_arn == arn);
    of_balancer.map(|(arn, _)| arn.clone()).collect()
}

/// Whether a load balancer may be deleted.
pub(super) fn check_deletion(world: &World, arn: &str) -> Result<(), AwsError> {
    let balancer = world.load_balancing.balancers.get(arn);
    let protection = balancer.and_then(|balancer| balancer.attributes.get("deletion_protection.enabled"));
    if protection.is_some_and(|value| value == "true") {
        return Err(refused(
            "OperationNotPermitted",
            format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled"),
        ));
    }
    Ok(())
}

pub(super) fn not_found() -> AwsError {
    refused("LoadBalancerNotFound", "One or more load balancers not found")
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let balancers = &world.load_balancing.balancers;
    let arns: Vec<&str> = input.strings("LoadBalancerArns").collect();
    let names: Vec<&str> = input.strings("Names").collect();
    if arns.iter().any(|arn| !balancers.contains_key(*arn)) {
        return Err(not_found());
    }
    let missing: Vec<&str> = names
        .iter()
        .filter(|name| !balancers.values().any(|balancer| balancer.name == **name))
        .copied()
        .collect();
    if !missing.is_empty() {
        let message = format!("Load balancers '[{}]' not found", missing.join(", "));
        return Err(refused("LoadBalancerNotFound", message));
    }
    let found = balancers.iter().filter(|(arn, balancer)| {
        (arns.is_empty() || arns.contains(&arn.as_str()))
            && (names.is_empty() || names.contains(&balancer.name.as_str()))
    });
    let page = paged(input, found.map(|(arn, balancer)| (arn.clone(), to_api(arn, balancer))))?;
    Ok(json!({"LoadBalancers": page.items, "NextMarker": page.next_token}))
}

fn to_api(arn: &str, balancer: &Balancer) -> Value {
    let mut fields = balancer.described.clone();
    fields.insert("LoadBalancerArn".to_owned(), json!(arn));
    fields.insert("LoadBalancerName".to_owned(), json!(balancer.name));
    fields.insert("DNSName".to_owned(), json!(balancer.dns_name));
    fields.insert("State".to_owned(), json!({"Code": "active"}));
    Value::Object(fields)
}

pub(super) fn attributes(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = required(input, "LoadBalancerArn")?;
    let balancer = world.load_balancing.balancers.get(arn).ok_or_else(not_found)?;
    Ok(json!({"Attributes": attribute_list(&balancer.attributes)}))
}

pub(super) fn modify_attributes(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = required(input, "LoadBalancerArn")?;
    let balancer = world.load_balancing.balancers.get_mut(arn).ok_or_else(not_found)?;
    balancer.attributes.extend(given_attributes(input, "Attributes"));
    Ok(json!({"Attributes": attribute_list(&balancer.attributes)}))
}
