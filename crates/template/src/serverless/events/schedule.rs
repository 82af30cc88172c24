//! `ScheduleV2`: a schedule of EventBridge Scheduler, which works as a role of its own.

use super::{Called, Event, dead_letter_queue};
use crate::node::Node;
use crate::serverless::generated::Generated;
use crate::serverless::problem::Expanded;
use crate::serverless::role::{allowing, assumed_by};
use crate::serverless::source::{Declared, Form};
use crate::serverless::tree::map;

const PROPERTIES: &[Declared] = &[
    ("PermissionsBoundary", Form::Text, false),
    ("ScheduleExpression", Form::Text, true),
    ("FlexibleTimeWindow", Form::Map, false),
    ("Name", Form::Text, false),
    ("State", Form::Text, false),
    ("Description", Form::Text, false),
    ("StartDate", Form::Text, false),
    ("EndDate", Form::Text, false),
    ("ScheduleExpressionTimezone", Form::Text, false),
    ("GroupName", Form::Text, false),
    ("KmsKeyArn", Form::Text, false),
    ("Input", Form::Text, false),
    ("RoleArn", Form::Text, false),
    ("DeadLetterConfig", Form::Map, false),
    ("RetryPolicy", Form::Map, false),
    ("OmitName", Form::Exactly(&Form::Bool), false),
];

/// Writes out a schedule.
pub(super) fn expand(called: &Called<'_>, name: &str, event: &Node) -> Expanded<Vec<Generated>> {
    let event = Event::read(called, name, event, &[PROPERTIES])?;
    let source = &event.source;
    let mut schedule = Generated::new(event.id(), "AWS::Scheduler::Schedule", &called.attributes());
    schedule.set_some("State", source.something("State"));
    match (source.something("OmitName"), source.something("Name")) {
        (Some(_), Some(_)) => return source.wrong("with OmitName there is no Name"),
        (Some(_), None) => {}
        (None, Some(name)) => schedule.set("Name", name),
        (None, None) => schedule.set("Name", event.id()),
    }
    let window = source.something("FlexibleTimeWindow").cloned();
    schedule.set("FlexibleTimeWindow", window.unwrap_or_else(|| map! {"Mode" => "OFF"}));
    for name in [
        "ScheduleExpression",
        "Description",
        "StartDate",
        "EndDate",
        "ScheduleExpressionTimezone",
        "GroupName",
        "KmsKeyArn",
    ] {
        schedule.set_some(name, source.get(name));
    }
    let mut made = Vec::new();
    let mut dead_letters = None;
    if let Some((arn, queue)) = dead_letter_queue(&event, called)? {
        dead_letters = Some(arn);
        made.extend(queue);
    }
    let role_arn = match source.something("RoleArn") {
        Some(arn) => arn.clone(),
        None => {
            let role = role(called, &event, dead_letters.as_ref());
            let arn = role.attribute("Arn");
            made.push(role);
            arn
        }
    };
    let mut target = map! {"Arn" => &called.arn, "RoleArn" => role_arn};
    if let Some(arn) = &dead_letters {
        target.put("DeadLetterConfig", map! {"Arn" => arn});
    }
    for name in ["Input", "RetryPolicy"] {
        if let Some(value) = source.get(name) {
            target.put(name, value);
        }
    }
    schedule.set("Target", target);
    made.push(schedule);
    Ok(made)
}

fn role(called: &Called<'_>, event: &Event, dead_letters: Option<&Node>) -> Generated {
    let id = event.id();
    let mut role = Generated::new(format!("{id}Role"), "AWS::IAM::Role", &called.attributes());
    role.set("AssumeRolePolicyDocument", assumed_by("scheduler.amazonaws.com"));
    let (name, action) = match called.starts {
        None => ("LambdaPolicy", "lambda:InvokeFunction"),
        Some(_) => ("StartExecutionPolicy", "states:StartExecution"),
    };
    let mut policies = vec![allowing(format!("{id}{name}"), &[(action, &called.arn)])];
    if let Some(queue) = dead_letters.filter(|arn| arn.is_something()) {
        policies.push(allowing(format!("{id}SQSPolicy"), &[("sqs:SendMessage", queue)]));
    }
    role.set("Policies", policies);
    role.set_some("PermissionsBoundary", event.source.something("PermissionsBoundary"));
    role
}
