//! Listener rules. A rule's priority is unique in its listener; the default rule comes last and can't be
//! changed or deleted here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Rule, listeners, paged, refused, required, rule_parts, tags, tail, target_groups};
use crate::{AwsError, Input, World};

/// The most rules of a load balancer, default rules not counted: the default quota.
const MOST_RULES: usize = 100;

pub(super) fn create_rule(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = create(world, input)?;
    let rule = world.load_balancing.rules.get(&arn).map(|rule| to_api(&arn, rule));
    Ok(json!({"Rules": rule.into_iter().collect::<Vec<_>>()}))
}

/// Create a rule with its tags; gives its ARN.
pub(super) fn create(world: &mut World, input: Input<'_>) -> Result<String, AwsError> {
    let listener_arn = required(input, "ListenerArn")?.to_owned();
    let listener = world.load_balancing.listeners.get(&listener_arn).ok_or_else(listeners::not_found)?;
    let balancer = listener.balancer_arn.clone();
    let priority =
        priority(input)?.ok_or_else(|| AwsError::validation("A value for Priority is required"))?;
    let conditions = rule_parts::conditions(input)?;
    let actions = rule_parts::actions(world, input, "Actions")?;
    target_groups::check_one_balancer(world, &actions, &balancer)?;
    let given_tags = tags::given(input)?;
    check_free(world, &listener_arn, priority, None)?;
    let count = world.load_balancing.rules.values().filter(|rule| {
        world
            .load_balancing
            .listeners
            .get(&rule.listener_arn)
            .is_some_and(|listener| listener.balancer_arn == balancer)
    });
    if count.count() >= MOST_RULES {
        return Err(refused(
            "TooManyRules",
            "The maximum number of rules on this load balancer has been reached",
        ));
    }
    let path = tail(&listener_arn, ":listener/").to_owned();
    let id = world.identities.hex(&format!("rule of {path}"), 16);
    let arn = world.arn("elasticloadbalancing", &format!("listener-rule/{path}/{id}"));
    world.load_balancing.rules.insert(arn.clone(), Rule { listener_arn, priority, conditions, actions });
    if !given_tags.is_empty() {
        world.load_balancing.tags.insert(arn.clone(), given_tags.into_iter().collect());
    }
    Ok(arn)
}

fn priority(input: Input<'_>) -> Result<Option<u32>, AwsError> {
    let Some(number) = input.integer("Priority")? else { return Ok(None) };
    let allowed = u32::try_from(number).ok().filter(|number| (1..=50_000).contains(number));
    allowed.map(Some).ok_or_else(|| {
        let bound = if number < 1 { "greater than or equal to 1" } else { "less than or equal to 50000" };
        AwsError::validation(format!(
            "1 validation error detected: Value '{number}' at 'priority' failed to satisfy constraint: Member must \
             have value {bound}"
        ))
    })
}

fn check_free(
    world: &World,
    listener_arn: &str,
    priority: u32,
    own_arn: Option<&str>,
) -> Result<(), AwsError> {
    let is_used = world.load_balancing.rules.iter().any(|(arn, rule)| {
        rule.listener_arn == listener_arn && rule.priority == priority && Some(arn.as_str()) != own_arn
    });
    if is_used { Err(in_use(priority)) } else { Ok(()) }
}

fn in_use(priority: u32) -> AwsError {
    refused("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

pub(super) fn modify_rule(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = required(input, "RuleArn")?;
    update(world, arn, input)?;
    let rule = world.load_balancing.rules.get(arn).map(|rule| to_api(arn, rule));
    Ok(json!({"Rules": rule.into_iter().collect::<Vec<_>>()}))
}

/// Change what is given of a rule: conditions, actions, and (from a template) its priority.
pub(super) fn update(world: &mut World, arn: &str, input: Input<'_>) -> Result<(), AwsError> {
    check_changeable(world, arn, "modified")?;
    let mut rule = world.load_balancing.rules.get(arn).cloned().ok_or_else(not_found)?;
    if let Some(priority) = priority(input)? {
        check_free(world, &rule.listener_arn, priority, Some(arn))?;
        rule.priority = priority;
    }
    if input.has("Conditions") {
        rule.conditions = rule_parts::conditions(input)?;
    }
    if input.has("Actions") {
        rule.actions = rule_parts::actions(world, input, "Actions")?;
        if let Some(listener) = world.load_balancing.listeners.get(&rule.listener_arn) {
            target_groups::check_one_balancer(world, &rule.actions, &listener.balancer_arn)?;
        }
    }
    world.load_balancing.rules.insert(arn.to_owned(), rule);
    Ok(())
}

pub(super) fn delete_rule(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = required(input, "RuleArn")?;
    check_changeable(world, arn, "deleted")?;
    if !world.load_balancing.rules.contains_key(arn) {
        return Err(not_found());
    }
    remove(world, arn);
    Ok(json!({}))
}

/// Remove a rule and its tags.
pub(super) fn remove(world: &mut World, arn: &str) {
    world.load_balancing.rules.remove(arn);
    world.load_balancing.tags.remove(arn);
}

fn check_changeable(world: &World, arn: &str, verb: &str) -> Result<(), AwsError> {
    if world.load_balancing.listeners.keys().any(|listener| default_arn(listener) == arn) {
        return Err(refused("OperationNotPermitted", format!("Default rule '{arn}' cannot be {verb}")));
    }
    Ok(())
}

fn not_found() -> AwsError {
    refused("RuleNotFound", "One or more rules not found")
}

/// All priorities change at once, so rules can change places; nothing changes when one of them can't.
pub(super) fn set_priorities(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let mut changed: BTreeMap<String, Rule> = BTreeMap::new();
    for pair in input.objects("RulePriorities") {
        let arn = required(pair, "RuleArn")?;
        check_changeable(world, arn, "modified")?;
        let mut rule = world.load_balancing.rules.get(arn).cloned().ok_or_else(not_found)?;
        rule.priority =
            priority(pair)?.ok_or_else(|| AwsError::validation("A value for Priority is required"))?;
        changed.insert(arn.to_owned(), rule);
    }
    for (arn, rule) in &changed {
        let others = world.load_balancing.rules.iter().filter(|(other, _)| *other != arn);
        let clashes = others
            .map(|(other, before)| changed.get(other).unwrap_or(before))
            .any(|other| other.listener_arn == rule.listener_arn && other.priority == rule.priority);
        if clashes {
            return Err(in_use(rule.priority));
        }
    }
    let shown: Vec<Value> = changed.iter().map(|(arn, rule)| to_api(arn, rule)).collect();
    world.load_balancing.rules.extend(changed);
    Ok(json!({"Rules": shown}))
}

/// In the order of their priorities, the default rule last.
pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let state = &world.load_balancing;
    let arns: Vec<&str> = input.strings("RuleArns").collect();
    let listener = input.string("ListenerArn");
    match (arns.is_empty(), listener) {
        (true, None) | (false, Some(_)) => {
            return Err(AwsError::validation("You must specify either listener rule ARNs or a listener ARN"));
        }
        (true, Some(arn)) if !state.listeners.contains_key(arn) => return Err(listeners::not_found()),
        _ => {}
    }
    let is_wanted = |arn: &str, of: &str| arns.contains(&arn) || listener == Some(of);
    let own = state.rules.iter().filter(|(arn, rule)| is_wanted(arn, &rule.listener_arn));
    let mut found: Vec<(String, Value)> =
        own.map(|(arn, rule)| (format!("{:05} {arn}", rule.priority), to_api(arn, rule))).collect();
    for (arn, listener) in &state.listeners {
        let rule_arn = default_arn(arn);
        if is_wanted(&rule_arn, arn) {
            let actions = listener.described.get("DefaultActions");
            let shown = json!({"RuleArn": rule_arn, "Priority": "default", "Conditions": [], "Actions": actions, "IsDefault": true});
            found.push((format!("default {arn}"), shown));
        }
    }
    let known = |arn: &str| {
        state.rules.contains_key(arn) || state.listeners.keys().any(|listener| default_arn(listener) == arn)
    };
    if arns.iter().any(|arn| !known(arn)) {
        return Err(not_found());
    }
    let page = paged(input, found)?;
    Ok(json!({"Rules": page.items, "NextMarker": page.next_token}))
}

fn to_api(arn: &str, rule: &Rule) -> Value {
    json!({
        "RuleArn": arn,
        // The API writes it as text, since the default rule's is a word.
        "Priority": rule.priority.to_string(),
        "Conditions": rule.conditions,
        "Actions": rule.actions,
        "IsDefault": false,
    })
}

/// The default rule's ARN ends as its listener's does.
pub(super) fn default_arn(listener_arn: &str) -> String {
    let id = listener_arn.rsplit('/').next().unwrap_or_default();
    format!("{}/{id}", listener_arn.replacen(":listener/", ":listener-rule/", 1))
}
