//! `RollbackConfiguration`: the alarms that are watched while a stack is created or updated, and for how long
//! afterwards (API reference, RollbackConfiguration).
//!
//! Assumptions: they are looked at whenever a resource is done and when the monitoring time is over; composite
//! alarms aren't simulated, so they are kept and never raised; the words of the failure are made up.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::stack::Stack;
use crate::services::Service;
use crate::{AwsError, Input, World};

/// The most triggers, and the longest monitoring (API reference, RollbackConfiguration).
const MOST_TRIGGERS: usize = 5;
const LONGEST_MINUTES: i64 = 180;

/// What a request says; `None` when it says nothing.
pub fn given(input: Input<'_>) -> Result<Option<Json>, AwsError> {
    let Some(configuration) = input.object("RollbackConfiguration") else { return Ok(None) };
    let mut triggers = Vec::new();
    for trigger in configuration.objects("RollbackTriggers") {
        let (arn, kind) = (trigger.required_string("Arn")?, trigger.required_string("Type")?);
        // Recorded, both.
        if !matches!(kind, "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm") {
            return Err(AwsError::validation("Rollback Trigger Type not supported"));
        }
        if !arn.contains(":alarm:") {
            return Err(AwsError::validation("RelativeId of a Rollback Trigger's ARN is incorrect"));
        }
        triggers.push(json!({"Arn": arn, "Type": kind}));
    }
    if triggers.len() > MOST_TRIGGERS {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value at 'rollbackConfiguration.rollbackTriggers' failed to satisfy constraint: Member must have length less than or equal to {MOST_TRIGGERS}"
        )));
    }
    let mut made = json!({"RollbackTriggers": triggers});
    if let Some(minutes) = configuration.integer("MonitoringTimeInMinutes")? {
        if !(0..=LONGEST_MINUTES).contains(&minutes) {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{minutes}' at 'rollbackConfiguration.monitoringTimeInMinutes' failed to satisfy constraint: Member must have value less than or equal to {LONGEST_MINUTES}"
            )));
        }
        super::describe::put(&mut made, "MonitoringTimeInMinutes", json!(minutes));
    }
    Ok(Some(made))
}

/// Whether two say something else: none and one without alarms say the same.
pub fn differ(one: &Json, other: &Json) -> bool {
    let triggers = |of: &Json| {
        let triggers = of.get("RollbackTriggers").and_then(Json::as_array).cloned();
        triggers.unwrap_or_default()
    };
    let minutes = |of: &Json| of.get("MonitoringTimeInMinutes").and_then(Json::as_i64).unwrap_or(0);
    triggers(one) != triggers(other) || minutes(one) != minutes(other)
}

/// How long the alarms are watched after everything is done.
pub fn monitoring(stack: &Stack) -> Duration {
    let minutes = stack.rollback_configuration.get("MonitoringTimeInMinutes").and_then(Json::as_u64);
    let watched = Input(&stack.rollback_configuration).objects("RollbackTriggers").next().is_some();
    Duration::from_secs(minutes.filter(|_| watched).unwrap_or(0).saturating_mul(60))
}

/// Why the operation has to be undone: an alarm is raised, or isn't there at all.
pub fn raised(world: &mut World, stack: &Stack) -> Option<String> {
    let triggers = Input(&stack.rollback_configuration).objects("RollbackTriggers");
    let metric_alarms = triggers.filter(|trigger| trigger.string("Type") == Some("AWS::CloudWatch::Alarm"));
    metric_alarms.filter_map(|trigger| trigger.string("Arn")).find_map(|arn| {
        let name = arn.split_once(":alarm:").map_or(arn, |(_, name)| name);
        let answer = Service::CloudWatch.call(world, "DescribeAlarms", Input(&json!({"AlarmNames": [name]})));
        let answer = answer.unwrap_or_default();
        let alarm =
            Input(&answer).objects("MetricAlarms").find(|alarm| alarm.string("AlarmName") == Some(name));
        match alarm.and_then(|alarm| alarm.string("StateValue")) {
            None => Some(format!("Rollback trigger {arn} does not exist.")),
            Some("ALARM") => Some(format!("Rollback trigger {arn} went to ALARM.")),
            Some(_) => None,
        }
    })
}
