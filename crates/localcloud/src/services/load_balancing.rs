//! Elastic Load Balancing v2: load balancers, listeners, rules and target groups, as records with their rules
//! of consistency. Carrying requests is not done here.

mod balancers;
mod listeners;
pub mod provision;
mod rule_parts;
mod rules;
mod tags;
mod target_groups;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::services::paging::{Page, page};
use crate::{AwsError, Input, World};

/// Everything by ARN.
#[derive(Debug, Default)]
pub struct LoadBalancing {
    balancers: BTreeMap<String, Balancer>,
    listeners: BTreeMap<String, Listener>,
    rules: BTreeMap<String, Rule>,
    target_groups: BTreeMap<String, TargetGroup>,
    /// Tags of any of them, by ARN, then by key.
    tags: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug)]
struct Balancer {
    name: String,
    /// `app/name/id`, what an ARN ends with.
    full_name: String,
    dns_name: String,
    /// Settings that are given back as they came, in the API's form.
    described: Map<String, Value>,
    /// Such as `idle_timeout.timeout_seconds`.
    attributes: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Listener {
    balancer_arn: String,
    described: Map<String, Value>,
}

#[derive(Debug, Clone)]
struct Rule {
    listener_arn: String,
    priority: u32,
    conditions: Value,
    actions: Value,
}

#[derive(Debug)]
struct TargetGroup {
    name: String,
    described: Map<String, Value>,
    attributes: BTreeMap<String, String>,
    /// Ids that a template names; those of Auto Scaling groups are asked for when they are shown.
    targets: Vec<String>,
}

/// Answer a request.
///
/// # Errors
/// In Elastic Load Balancing's words.
pub fn handle(world: &mut World, operation: &str, input: Input<'_>) -> Result<Value, AwsError> {
    match operation {
        "DescribeLoadBalancers" => balancers::describe(world, input),
        "DescribeLoadBalancerAttributes" => balancers::attributes(world, input),
        "ModifyLoadBalancerAttributes" => balancers::modify_attributes(world, input),
        "DescribeListeners" => listeners::describe(world, input),
        "DescribeRules" => rules::describe(world, input),
        "CreateRule" => rules::create_rule(world, input),
        "ModifyRule" => rules::modify_rule(world, input),
        "DeleteRule" => rules::delete_rule(world, input),
        "SetRulePriorities" => rules::set_priorities(world, input),
        "DescribeTags" => tags::describe(world, input),
        "AddTags" => tags::add(world, input),
        "RemoveTags" => tags::remove(world, input),
        "DescribeTargetGroups" => target_groups::describe(world, input),
        "DescribeTargetHealth" => target_groups::health(world, input),
        _ => Err(AwsError::invalid_action(operation)),
    }
}

fn refused(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(400, code, message)
}

fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, AwsError> {
    input
        .string(name)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| AwsError::validation(format!("A value for {name} is required")))
}

/// The last part of an ARN's resource, of which listeners and rules make theirs.
fn tail<'a>(arn: &'a str, kind: &str) -> &'a str {
    arn.split_once(kind).map_or("", |(_, tail)| tail)
}

/// `PageSize` and `Marker`; at most, and without a number, 400 a page.
fn paged(
    input: Input<'_>,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Page<Value>, AwsError> {
    let asked = input.integer("PageSize")?.unwrap_or(400);
    let asked = usize::try_from(asked).ok().filter(|asked| (1..=400).contains(asked));
    let asked = asked.ok_or_else(|| AwsError::validation("PageSize must be between 1 and 400"))?;
    page(items, input.string("Marker"), asked).map_err(|_| AwsError::validation("The marker is not valid"))
}

/// The attributes of an answer: a list of keys and values.
fn attribute_list(attributes: &BTreeMap<String, String>) -> Value {
    attributes.iter().map(|(key, value)| serde_json::json!({"Key": key, "Value": value})).collect()
}

#[cfg(test)]
mod tests;
