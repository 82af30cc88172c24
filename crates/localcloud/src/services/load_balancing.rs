//! Elastic Load Balancing v2: load balancers, listeners, rules and target groups, as records with their rules
//! of consistency, and what a listener decides about a request. Carrying it is the machine room's work.

mod attached;
mod balancers;
mod carry;
mod listeners;
mod patterns;
pub mod provision;
mod rule_parts;
mod rules;
mod tags;
mod target_groups;
mod targets;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(crate) use attached::{attach, detach, target_group};
pub(crate) use carry::{
    Candidate, Check, Choice, Decision, ForwardedFor, Listening, Settings, checks, decide, endpoints,
    listening, longest_drain, settings,
};
pub(crate) use patterns::{Facts, fits};
pub(crate) use targets::{Health, forget_health, is_unhealthy, set_health};

use crate::descriptor::{
    Descriptor, Errors, Permission, QUERY, QUERY_ERRORS, Rate, Target, changes, surveys,
};
use crate::services::paging::{Page, page};
use crate::{AwsError, Input};

/// Everything by ARN.
#[derive(Debug, Clone, Default)]
pub struct LoadBalancing {
    balancers: BTreeMap<String, Balancer>,
    listeners: BTreeMap<String, Listener>,
    rules: BTreeMap<String, Rule>,
    target_groups: BTreeMap<String, TargetGroup>,
    /// Tags of any of them, by ARN, then by key.
    tags: BTreeMap<String, BTreeMap<String, String>>,
    /// What was found of real targets: by target group, target and port.
    health: BTreeMap<(String, String, u16), Health>,
}

#[derive(Debug, Clone)]
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

#[derive(Debug, Clone)]
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

#[derive(Debug, Clone)]
struct TargetGroup {
    name: String,
    described: Map<String, Value>,
    attributes: BTreeMap<String, String>,
    /// Those registered by name; those of Auto Scaling groups are asked for when they are needed.
    targets: Vec<targets::Target>,
    /// Those deregistered by name, and until when they are shown as draining.
    draining: Vec<(targets::Target, crate::Timestamp)>,
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "Elastic Load Balancing",
    signing_name: "elasticloadbalancing",
    version: Some("2015-12-01"),
    namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    // <https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html>
    errors: Errors { throttled: (400, "ThrottlingException", "Rate exceeded"), ..QUERY_ERRORS },
    target: Target::Named(&[
        ("ResourceArns", ""),
        ("RuleArn", ""),
        ("ListenerArn", ""),
        ("TargetGroupArn", ""),
        ("LoadBalancerArn", ""),
    ]),
    // Who makes a thing with tags, tags it (the reference: CreateRule depends on AddTags).
    besides: |_world, operation, input| match (operation, input.string("ListenerArn")) {
        ("CreateRule", Some(listener)) if input.objects("Tags").next().is_some() => {
            let rules = format!("{}/*", listener.replacen(":listener/", ":listener-rule/", 1));
            let tag = Permission::new("elasticloadbalancing:AddTags", rules);
            vec![tag.with("elasticloadbalancing:CreateAction", "CreateRule")]
        }
        _ => Vec::new(),
    },
    // The same page: non-mutating actions. Nobody has read the figures of the mutating ones from it yet.
    rates: &[Rate::shared("non-mutating", &["Describe*"], 10).with_burst(40)],
    resource_types: provision::TYPES,
    operations: &[
        surveys("DescribeLoadBalancers", balancers::describe),
        surveys("DescribeLoadBalancerAttributes", balancers::attributes),
        changes("ModifyLoadBalancerAttributes", balancers::modify_attributes),
        surveys("DescribeListeners", listeners::describe),
        surveys("DescribeRules", rules::describe),
        changes("CreateRule", rules::create_rule),
        changes("ModifyRule", rules::modify_rule),
        changes("DeleteRule", rules::delete_rule),
        changes("SetRulePriorities", rules::set_priorities).on(Target::Computed(|_, _, input| {
            let moved = input.objects("RulePriorities");
            moved.filter_map(|one| one.string("RuleArn").map(str::to_owned)).collect()
        })),
        changes("RegisterTargets", targets::register),
        changes("DeregisterTargets", targets::deregister),
        surveys("DescribeTags", tags::describe),
        changes("AddTags", tags::add),
        changes("RemoveTags", tags::remove),
        surveys("DescribeTargetGroups", target_groups::describe),
        surveys("DescribeTargetHealth", targets::describe),
    ],
    ..QUERY
};

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
