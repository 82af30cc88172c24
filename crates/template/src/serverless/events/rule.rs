//! Rules of EventBridge: `Schedule`, `CloudWatchEvent` and `EventBridgeRule`.

use super::{Called, Event, dead_letter_queue, permission};
use crate::node::Node;
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::role::{allowing, assumed_by};
use crate::serverless::source::{Declared, Form};
use crate::serverless::tree::{list, map};

const PRINCIPAL: &str = "events.amazonaws.com";

/// The most letters that the id of a target has.
const LONGEST_TARGET_ID: usize = 64;

const COMMON: &[Declared] = &[
    ("Input", Form::Text, false),
    ("State", Form::Text, false),
    ("DeadLetterConfig", Form::Map, false),
    ("RetryPolicy", Form::Map, false),
];

const SCHEDULE: &[Declared] = &[
    ("Schedule", Form::Text, true),
    ("Enabled", Form::Bool, false),
    ("Name", Form::Text, false),
    ("Description", Form::Text, false),
];

const PATTERN: &[Declared] = &[
    ("EventBusName", Form::Text, false),
    ("RuleName", Form::Text, false),
    ("Pattern", Form::Map, false),
    ("InputPath", Form::Text, false),
    ("InputTransformer", Form::Map, false),
];

/// What only functions' rules have, by kind.
const SCHEDULE_OF_FUNCTION: &[Declared] = &[("RuleName", Form::Text, false)];
const PATTERN_OF_FUNCTION: &[Declared] = &[("Enabled", Form::Bool, false), ("Target", Form::Map, false)];

/// What only state machines' rules have, by kind.
const SCHEDULE_OF_STATE_MACHINE: &[Declared] =
    &[("Target", Form::Exactly(&Form::Map), false), ("RoleArn", Form::Exactly(&Form::Text), false)];
const PATTERN_OF_STATE_MACHINE: &[Declared] = &[("Target", Form::Exactly(&Form::Map), false)];

/// A rule that calls at times.
pub(super) fn schedule(called: &Called<'_>, name: &str, event: &Node) -> Expanded<Vec<Generated>> {
    let own = if called.starts.is_some() { SCHEDULE_OF_STATE_MACHINE } else { SCHEDULE_OF_FUNCTION };
    let event = Event::read(called, name, event, &[COMMON, SCHEDULE, own])?;
    let mut rule = rule(called, &event)?;
    rule.set_some("ScheduleExpression", event.source.get("Schedule"));
    rule.set_some("Name", event.source.get("Name"));
    rule.set_some("Description", event.source.get("Description"));
    with_target(called, &event, rule)
}

/// A rule that calls for what fits a pattern.
pub(super) fn pattern(called: &Called<'_>, name: &str, event: &Node) -> Expanded<Vec<Generated>> {
    let own = if called.starts.is_some() { PATTERN_OF_STATE_MACHINE } else { PATTERN_OF_FUNCTION };
    let event = Event::read(called, name, event, &[COMMON, PATTERN, own])?;
    let mut rule = rule(called, &event)?;
    rule.set_some("EventBusName", event.source.get("EventBusName"));
    rule.set_some("EventPattern", event.source.get("Pattern"));
    rule.set_some("Name", event.source.get("RuleName"));
    with_target(called, &event, rule)
}

fn rule(called: &Called<'_>, event: &Event) -> Expanded<Generated> {
    let source = &event.source;
    let mut rule = Generated::new(event.id(), "AWS::Events::Rule", &called.attributes());
    match (source.something("State"), source.get("Enabled")) {
        (Some(_), Some(_)) => return source.wrong("an event has State or Enabled, not both"),
        (Some(state), None) => rule.set("State", state),
        (None, Some(enabled)) => {
            rule.set("State", if enabled.is_something() { "ENABLED" } else { "DISABLED" })
        }
        (None, None) => {}
    }
    Ok(rule)
}

fn with_target(called: &Called<'_>, event: &Event, mut rule: Generated) -> Expanded<Vec<Generated>> {
    let source = &event.source;
    let suffix = if called.starts.is_some() { "StepFunctionsTarget" } else { "LambdaTarget" };
    let id = match source.something("Target").and_then(|target| target.get("Id")) {
        Some(id) => id.clone(),
        None => Node::from(target_id(event.id(), suffix)),
    };
    let mut target = map! {"Arn" => &called.arn, "Id" => id};
    for name in ["Input", "InputPath", "RetryPolicy", "InputTransformer"] {
        if let Some(value) = source.get(name) {
            target.put(name, value);
        }
    }
    let mut made = Vec::new();
    if let Some((arn, queue)) = dead_letter_queue(event, called)? {
        target.put("DeadLetterConfig", map! {"Arn" => &arn});
        if let Some(queue) = queue {
            made.push(queue_policy(called, event, &rule, &queue));
            made.push(queue);
        }
    }
    match (&called.starts, source.get("RoleArn")) {
        (None, _) => {
            let mut permission = permission(called, event.id(), "", PRINCIPAL);
            permission.set("SourceArn", rule.attribute("Arn"));
            made.push(permission);
        }
        (Some(_), Some(role)) => target.put("RoleArn", role),
        (Some(boundary), None) => {
            let role = starting_role(called, event, boundary.as_ref());
            target.put("RoleArn", role.attribute("Arn"));
            made.push(role);
        }
    }
    rule.set("Targets", list![target]);
    made.push(rule);
    Ok(made)
}

/// The role as which a rule starts a state machine.
fn starting_role(called: &Called<'_>, event: &Event, boundary: Option<&Node>) -> Generated {
    let id = format!("{}Role", event.id());
    let mut role = Generated::new(id.as_str(), "AWS::IAM::Role", &called.attributes());
    role.set("AssumeRolePolicyDocument", assumed_by(PRINCIPAL));
    let policy = allowing(format!("{id}StartExecutionPolicy"), &[("states:StartExecution", &called.arn)]);
    role.set("Policies", list![policy]);
    role.set_some("PermissionsBoundary", boundary.filter(|boundary| boundary.is_something()));
    role
}

/// Lets the rule send to its own dead-letter queue.
fn queue_policy(called: &Called<'_>, event: &Event, rule: &Generated, queue: &Generated) -> Generated {
    let mut policy =
        Generated::new(format!("{}QueuePolicy", event.id()), "AWS::SQS::QueuePolicy", &called.attributes());
    policy.set(
        "PolicyDocument",
        map! {
            "Version" => "2012-10-17",
            "Statement" => list![map! {
                "Action" => "sqs:SendMessage",
                "Effect" => "Allow",
                "Principal" => map! {"Service" => PRINCIPAL},
                "Resource" => queue.attribute("Arn"),
                "Condition" => map! {"ArnEquals" => map! {"aws:SourceArn" => rule.attribute("Arn")}},
            }],
        },
    );
    policy.set("Queues", list![queue.reference()]);
    policy
}

fn target_id(logical_id: &str, suffix: &str) -> String {
    let kept: String = logical_id.chars().take(LONGEST_TARGET_ID - suffix.len()).collect();
    format!("{kept}{suffix}")
}
