//! CloudWatch, as far as an upgrade touches it: metric alarms, whose actions are switched off for the time of a
//! maintenance and on again. No metric is collected, so nothing changes an alarm's state but `SetAlarmState`.
//!
//! Times in answers are milliseconds; the wire writes them as each of its three protocols does.

mod alarm;
mod operations;
pub mod provision;
mod tags;

use std::collections::BTreeMap;

use alarm::Alarm;

use crate::{AwsError, Input, World};

/// The alarms by name.
#[derive(Debug, Default)]
pub struct CloudWatch {
    alarms: BTreeMap<String, Alarm>,
}

/// Answer a request.
///
/// # Errors
/// In CloudWatch's words.
pub fn handle(world: &mut World, operation: &str, input: Input<'_>) -> Result<serde_json::Value, AwsError> {
    match operation {
        "DescribeAlarms" => operations::describe(world, input),
        "PutMetricAlarm" => operations::put(world, input),
        "DeleteAlarms" => operations::delete(world, input),
        "EnableAlarmActions" => operations::set_actions(world, input, true),
        "DisableAlarmActions" => operations::set_actions(world, input, false),
        "SetAlarmState" => operations::set_state(world, input),
        "ListTagsForResource" => tags::list(world, input),
        "TagResource" => tags::add(world, input),
        "UntagResource" => tags::remove(world, input),
        _ => Err(AwsError::invalid_action(operation)),
    }
}

#[cfg(test)]
mod tests;
