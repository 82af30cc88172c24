//! The gate: the rule that answers everybody with the maintenance page, and the rules before it through which
//! allow-listed addresses reach the platform.
//!
//! ELB has no condition "not from this address". So an address passes through copies of the platform's own rules, each
//! with one condition more: where the request comes from.

use std::collections::HashMap;

use upgrade::{AdmittingRule, DoorSeen, Gate, GateRuleSeen, OtherRule, PortError, PortErrorKind, RuleMove};

use super::{OurTags, Rule, describe_rules, our_tags, rules_if_any};
use crate::concurrency::each;
use crate::endpoints::LOAD_BALANCING;
use crate::errors::{OrAbsent, look_again};
use crate::tags::{MEMORY_TAG, RUN_TAG};
use crate::wire::Wire;
use crate::wire::query::Form;
use crate::xml::Element;

const CREATE_RULE: &str = "elasticloadbalancing:CreateRule";
const RULE_NOT_FOUND: &str = "RuleNotFound";

/// The tags of the gate's rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tags<'a> {
    /// The run that makes them.
    pub run_id: &'a str,
    /// Since when, and by whom.
    pub note: &'a str,
}

/// The numbered rules on a listener: ours, and the others.
pub(crate) async fn door(wire: &Wire, listener_arn: &str) -> Result<DoorSeen, PortError> {
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
    let Some(rules) = rules_if_any(wire, listener_arn).await? else { return Ok(absent()) };
    let tags = our_tags(wire, &numbered(&rules)).await?;
    Ok(read_door(listener_arn, &rules, &tags))
}

/// ARNs of the rules that can be ours: the default one can't.
pub(super) fn numbered(rules: &[Rule]) -> Vec<String> {
    let numbered = rules.iter().filter(|rule| rule.priority().is_some());
    numbered.map(|rule| rule.rule_arn.clone()).collect()
}

/// What a listener's rules and their tags tell.
pub(super) fn read_door(listener_arn: &str, rules: &[Rule], tags: &HashMap<String, OurTags>) -> DoorSeen {
    let mut door = DoorSeen {
        listener_arn: listener_arn.to_owned(),
        exists: true,
        rules: Vec::new(),
        others: Vec::new(),
    };
    for rule in rules {
        let Some(priority) = rule.priority() else { continue };
        let rule_arn = rule.rule_arn.clone();
        match tags.get(&rule_arn).cloned().unwrap_or_default() {
            OurTags { run_id: Some(run_id), note } => door.rules.push(GateRuleSeen {
                rule_arn,
                priority: Some(priority),
                run_id,
                closes: rule.actions.iter().any(|action| action.fixed_response_config.is_some()),
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
pub(crate) async fn set_priorities(wire: &Wire, moves: &[RuleMove]) -> Result<(), PortError> {
    let form = Form::new(&LOAD_BALANCING, "SetRulePriorities").with_members("RulePriorities", moves, |one| {
        [("RuleArn", one.rule_arn.clone()), ("Priority", one.to.to_string())]
    });
    Ok(wire.tell(&form).await?)
}

/// Write down on a rule where it was before it made room.
pub(crate) async fn remember(wire: &Wire, rule_arn: &str, text: &str) -> Result<(), PortError> {
    let form = Form::new(&LOAD_BALANCING, "AddTags")
        .with_list("ResourceArns.member", [rule_arn])
        .with_members("Tags", [text], |text| [("Key", MEMORY_TAG), ("Value", text)]);
    Ok(wire.tell(&form).await?)
}

/// Take that off again; a rule that is gone bears nothing.
pub(crate) async fn forget(wire: &Wire, rule_arn: &str) -> Result<(), PortError> {
    let form = Form::new(&LOAD_BALANCING, "RemoveTags")
        .with_list("ResourceArns.member", [rule_arn])
        .with_list("TagKeys.member", [MEMORY_TAG]);
    wire.tell(&form).await.or_absent(|error| error.code() == RULE_NOT_FOUND).map(drop)
}

/// Make the missing rules, in the order in which they are named: one after the other, so that the gate itself is last
/// and nobody who may pass is ever kept out.
pub(crate) async fn close_gate(
    wire: &Wire,
    listener_arn: &str,
    gate: &Gate,
    tags: Tags<'_>,
    missing: &[i32],
) -> Result<(), PortError> {
    let wanted: Vec<&AdmittingRule> =
        gate.admitting_rules.iter().filter(|rule| missing.contains(&rule.priority)).collect();
    // As they are shown, with all that there is in them.
    let originals = if wanted.is_empty() {
        Vec::new()
    } else {
        wire.items(&describe_rules(listener_arn), &["Rules"]).await?
    };
    for number in missing {
        let form = Form::new(&LOAD_BALANCING, "CreateRule")
            .with("ListenerArn", listener_arn)
            .with("Priority", number)
            .with_members("Tags", [(RUN_TAG, tags.run_id), (MEMORY_TAG, tags.note)], |(key, value)| {
                [("Key", key), ("Value", value)]
            });
        let form = match wanted.iter().find(|rule| rule.priority == *number) {
            Some(rule) => copied(form, rule, &originals)?,
            None if *number == gate.priority => closed(form, gate),
            None => {
                return Err(refused(format!("the gate has no rule of priority {number}")));
            }
        };
        wire.tell(&form).await.map_err(|error| match error.code() {
            // The rule may be our own, made by a call whose answer was lost.
            "PriorityInUse" => look_again(error.into()),
            _ => error.into(),
        })?;
    }
    Ok(())
}

/// The page for everybody.
fn closed<'f>(form: Form<'f>, gate: &Gate) -> Form<'f> {
    every_path(form)
        .with("Actions.member.1.Type", "fixed-response")
        .with("Actions.member.1.FixedResponseConfig.StatusCode", gate.status_code)
        .with("Actions.member.1.FixedResponseConfig.ContentType", &gate.content_type)
        .with("Actions.member.1.FixedResponseConfig.MessageBody", &gate.body)
}

/// A condition of this number: what it is about, the name of its settings, what it compares with.
fn with_condition<'f>(
    form: Form<'f>,
    number: usize,
    (field, config): (&str, &str),
    values: &[impl AsRef<str>],
) -> Form<'f> {
    let path = format!("Conditions.member.{number}");
    form.with(format!("{path}.Field"), field).with_list(&format!("{path}.{config}.Values.member"), values)
}

fn every_path(form: Form<'_>) -> Form<'_> {
    with_condition(form, 1, ("path-pattern", "PathPatternConfig"), &["*"])
}

/// A copy of one of the platform's rules for some addresses.
fn copied<'f>(
    mut form: Form<'f>,
    rule: &AdmittingRule,
    originals: &[Element],
) -> Result<Form<'f>, PortError> {
    let original = originals
        .iter()
        .find(|original| original.text_of("RuleArn") == rule.copy_of)
        .ok_or_else(|| refused(format!("the rule {} is gone, which was to be copied", rule.copy_of)))?;
    let (conditions, actions) = (original.list("Conditions"), original.list("Actions"));
    // ELB never shows the secret of an OIDC client, and a new rule needs it (AuthenticateOidcActionConfig).
    if actions.iter().any(|action| action.text_of("Type") == "authenticate-oidc") {
        return Err(refused(format!(
            "the rule {} signs users in with OpenID Connect, whose client secret can't be read, so it can't be copied",
            rule.copy_of
        )));
    }
    for (index, condition) in conditions.iter().enumerate() {
        // ELB shows paths and hosts in an older form as well, and takes only one of the two.
        let condition = condition.without("Values", &["HostHeaderConfig", "PathPatternConfig"]);
        form = form.with_element(&format!("Conditions.member.{}", index + 1), &condition);
    }
    if conditions.is_empty() {
        // The default rule has no condition: it is for every path.
        form = every_path(form);
    }
    let number = conditions.len().max(1) + 1;
    form = with_condition(form, number, ("source-ip", "SourceIpConfig"), &rule.addresses);
    for (index, action) in actions.iter().enumerate() {
        // A forward to one target group is shown in two forms, and both are taken only when they agree.
        let action = action.without("TargetGroupArn", &["ForwardConfig"]);
        form = form.with_element(&format!("Actions.member.{}", index + 1), &action);
    }
    Ok(form)
}

fn refused(message: String) -> PortError {
    PortError { kind: PortErrorKind::Refused, operation: CREATE_RULE.to_owned(), message }
}

/// Delete gate rules; one that is gone is as good as deleted.
pub(crate) async fn open_gate(wire: &Wire, rule_arns: &[String]) -> Result<(), PortError> {
    each(rule_arns, async |arn| {
        let form = Form::new(&LOAD_BALANCING, "DeleteRule").with("RuleArn", arn);
        wire.tell(&form).await.or_absent(|error| error.code() == RULE_NOT_FOUND).map(drop)
    })
    .await
}
