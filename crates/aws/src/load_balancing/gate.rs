//! The gate: the rule that answers everybody with the maintenance page, and the rules before it through which
//! allow-listed addresses reach the platform.
//!
//! ELB has no condition "not from this address". So an address passes through copies of the platform's own rules, each
//! with one condition more: where the request comes from.

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, PathPatternConditionConfig, Rule, RuleCondition,
    RulePriorityPair, SourceIpConditionConfig, Tag,
};
use upgrade::{AdmittingRule, DoorSeen, Gate, GateRuleSeen, OtherRule, PortError, PortErrorKind, RuleMove};

use super::{OurTags, our_tags, priority, rules, rules_if_any};
use crate::errors::{code, look_again, port_error};
use crate::tags::{MEMORY_TAG, RUN_TAG};
use crate::together::each;

const OPERATION: &str = "elasticloadbalancing:CreateRule";

/// The tags of the gate's rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tags<'a> {
    /// The run that makes them.
    pub run_id: &'a str,
    /// Since when, and by whom.
    pub note: &'a str,
}

/// The numbered rules on a listener: ours, and the others.
pub(crate) async fn door(client: &Client, listener_arn: &str) -> Result<DoorSeen, PortError> {
    let absent = || DoorSeen {
        listener_arn: listener_arn.to_owned(),
        exists: false,
        rules: Vec::new(),
        others: Vec::new(),
    };
    // A classic load balancer is a door without rules, and without an ARN.
    if !listener_arn.starts_with("arn:") {
        return Ok(absent());
    }
    let Some(rules) = rules_if_any(client, listener_arn).await? else { return Ok(absent()) };
    let tags = our_tags(client, &numbered(&rules)).await?;
    Ok(door_of(listener_arn, &rules, &tags))
}

/// ARNs of the rules that can be ours: the default one can't.
pub(super) fn numbered(rules: &[Rule]) -> Vec<String> {
    let numbered = rules.iter().filter(|rule| priority(rule).is_some());
    numbered.filter_map(|rule| rule.rule_arn.clone()).collect()
}

/// What a listener's rules and their tags tell.
pub(super) fn door_of(listener_arn: &str, rules: &[Rule], tags: &HashMap<String, OurTags>) -> DoorSeen {
    let mut door = DoorSeen {
        listener_arn: listener_arn.to_owned(),
        exists: true,
        rules: Vec::new(),
        others: Vec::new(),
    };
    for rule in rules {
        let (Some(rule_arn), Some(priority)) = (rule.rule_arn().map(str::to_owned), priority(rule)) else {
            continue;
        };
        match tags.get(&rule_arn).cloned().unwrap_or_default() {
            OurTags { run_id: Some(run_id), note } => door.rules.push(GateRuleSeen {
                rule_arn,
                priority: Some(priority),
                run_id,
                closes: rule.actions().iter().any(|action| action.fixed_response_config().is_some()),
                note,
            }),
            OurTags { run_id: None, note: remembered } => {
                door.others.push(OtherRule { rule_arn, priority, remembered });
            }
        }
    }
    door
}

/// Give rules other priorities, all in one call: either every one has its new place, or none.
pub(crate) async fn set_priorities(client: &Client, moves: &[RuleMove]) -> Result<(), PortError> {
    let pairs = moves
        .iter()
        .map(|one| RulePriorityPair::builder().rule_arn(&one.rule_arn).priority(one.to).build())
        .collect();
    client
        .set_rule_priorities()
        .set_rule_priorities(Some(pairs))
        .send()
        .await
        .map(drop)
        .map_err(|error| port_error("elasticloadbalancing:SetRulePriorities", &error))
}

/// Write down on a rule where it was before it made room.
pub(crate) async fn remember(client: &Client, rule_arn: &str, text: &str) -> Result<(), PortError> {
    client
        .add_tags()
        .resource_arns(rule_arn)
        .tags(Tag::builder().key(MEMORY_TAG).value(text).build())
        .send()
        .await
        .map(drop)
        .map_err(|error| port_error("elasticloadbalancing:AddTags", &error))
}

/// Take that off again; a rule that is gone bears nothing.
pub(crate) async fn forget(client: &Client, rule_arn: &str) -> Result<(), PortError> {
    match client.remove_tags().resource_arns(rule_arn).tag_keys(MEMORY_TAG).send().await {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some("RuleNotFound") => Ok(()),
        Err(error) => Err(port_error("elasticloadbalancing:RemoveTags", &error)),
    }
}

/// Make the missing rules, in the order in which they are named: one after the other, so that the gate itself is last
/// and nobody who may pass is ever kept out.
pub(crate) async fn close_gate(
    client: &Client,
    listener_arn: &str,
    gate: &Gate,
    tags: Tags<'_>,
    missing: &[i32],
) -> Result<(), PortError> {
    let wanted: Vec<&AdmittingRule> =
        gate.admitting_rules.iter().filter(|rule| missing.contains(&rule.priority)).collect();
    let originals = if wanted.is_empty() { Vec::new() } else { rules(client, listener_arn).await? };
    for number in missing {
        let (conditions, actions) = match wanted.iter().find(|rule| rule.priority == *number) {
            Some(rule) => copy(rule, &originals)?,
            None if *number == gate.priority => closed(gate),
            None => {
                return Err(refused(format!("the gate has no rule of priority {number}")));
            }
        };
        make(client, listener_arn, *number, conditions, actions, tags).await?;
    }
    Ok(())
}

/// The page for everybody.
fn closed(gate: &Gate) -> (Vec<RuleCondition>, Vec<Action>) {
    let page = FixedResponseActionConfig::builder()
        .status_code(gate.status_code.to_string())
        .content_type(&gate.content_type)
        .message_body(&gate.body)
        .build();
    let action = Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(page).build();
    (vec![every_path()], vec![action])
}

fn every_path() -> RuleCondition {
    let pattern = PathPatternConditionConfig::builder().values("*").build();
    RuleCondition::builder().field("path-pattern").path_pattern_config(pattern).build()
}

/// A copy of one of the platform's rules for some addresses.
fn copy(rule: &AdmittingRule, originals: &[Rule]) -> Result<(Vec<RuleCondition>, Vec<Action>), PortError> {
    let original = originals
        .iter()
        .find(|original| original.rule_arn() == Some(rule.copy_of.as_str()))
        .ok_or_else(|| refused(format!("the rule {} is gone, which was to be copied", rule.copy_of)))?;
    // ELB never shows the secret of an OIDC client, and a new rule needs it (AuthenticateOidcActionConfig).
    if original.actions().iter().any(|action| action.r#type() == Some(&ActionTypeEnum::AuthenticateOidc)) {
        return Err(refused(format!(
            "the rule {} signs users in with OpenID Connect, whose client secret can't be read, so it can't be copied",
            rule.copy_of
        )));
    }
    let mut conditions: Vec<RuleCondition> = original.conditions().iter().map(sendable).collect();
    if conditions.is_empty() {
        // The default rule has no condition: it is for every path.
        conditions.push(every_path());
    }
    let addresses = SourceIpConditionConfig::builder().set_values(Some(rule.addresses.clone())).build();
    conditions.push(RuleCondition::builder().field("source-ip").source_ip_config(addresses).build());
    Ok((conditions, original.actions().to_vec()))
}

/// A condition as CreateRule takes it: ELB shows paths and hosts in an older form as well, and takes only one of the two.
fn sendable(condition: &RuleCondition) -> RuleCondition {
    let mut sendable = condition.clone();
    if sendable.host_header_config.is_some() || sendable.path_pattern_config.is_some() {
        sendable.values = None;
    }
    sendable
}

async fn make(
    client: &Client,
    listener_arn: &str,
    priority: i32,
    conditions: Vec<RuleCondition>,
    actions: Vec<Action>,
    tags: Tags<'_>,
) -> Result<(), PortError> {
    client
        .create_rule()
        .listener_arn(listener_arn)
        .priority(priority)
        .set_conditions(Some(conditions))
        .set_actions(Some(actions.into_iter().map(sendable_action).collect()))
        .tags(Tag::builder().key(RUN_TAG).value(tags.run_id).build())
        .tags(Tag::builder().key(MEMORY_TAG).value(tags.note).build())
        .send()
        .await
        .map(drop)
        .map_err(|error| {
            let sorted = port_error(OPERATION, &error);
            // The rule may be our own, made by a call whose answer was lost.
            if code(&error) == Some("PriorityInUse") { look_again(sorted) } else { sorted }
        })
}

/// An action as CreateRule takes it: a forward to one target group is shown in two forms, and both are taken only when
/// they agree, so the fuller one is sent.
fn sendable_action(mut action: Action) -> Action {
    if action.forward_config.is_some() {
        action.target_group_arn = None;
    }
    action
}

fn refused(message: String) -> PortError {
    PortError { kind: PortErrorKind::Refused, operation: OPERATION.to_owned(), message }
}

/// Delete gate rules; one that is gone is as good as deleted.
pub(crate) async fn open_gate(client: &Client, rule_arns: &[String]) -> Result<(), PortError> {
    each(rule_arns, async |arn| match client.delete_rule().rule_arn(arn).send().await {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some("RuleNotFound") => Ok(()),
        Err(error) => Err(port_error("elasticloadbalancing:DeleteRule", &error)),
    })
    .await
}
