//! CloudWatch, as far as an upgrade touches it: alarms, whose actions are switched off for the time of a
//! maintenance and on again. No metric is collected and no composite alarm's rule is evaluated, so nothing changes an
//! alarm's state but `SetAlarmState`.
//!
//! Times in answers are milliseconds; the wire writes them as each of its three protocols does.

mod alarm;
mod operations;
pub mod provision;
mod tags;

use std::collections::BTreeMap;

use alarm::{Alarm, Kind};

use crate::descriptor::{Descriptor, QUERY, Target, changes, reads};
use crate::wire::{Protocol, cbor, target_json};

/// The alarms by name.
#[derive(Debug, Clone, Default)]
pub struct CloudWatch {
    alarms: BTreeMap<String, Alarm>,
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "CloudWatch",
    signing_name: "monitoring",
    arn_name: Some("cloudwatch"),
    version: Some("2010-08-01"),
    other_protocols: &[
        (cbor::PROTOCOL_HEADER, Protocol::Cbor),
        (target_json::TARGET_HEADER, Protocol::TargetJson),
    ],
    namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
    json_type: "application/x-amz-json-1.0",
    target: Target::Named(&[("AlarmName", "alarm:"), ("AlarmNames", "alarm:"), ("ResourceARN", "alarm:")]),
    resource_types: provision::TYPES,
    operations: &[
        // "cloudwatch:DescribeAlarms … on resource: …:alarm:*", whichever alarms are named.
        reads("DescribeAlarms", operations::describe).on(Target::All("alarm:*")),
        changes("PutMetricAlarm", |world, input| operations::put(world, input, Kind::Metric)),
        changes("PutCompositeAlarm", |world, input| operations::put(world, input, Kind::Composite)),
        changes("DeleteAlarms", operations::delete),
        changes("EnableAlarmActions", |world, input| operations::set_actions(world, input, true)),
        changes("DisableAlarmActions", |world, input| operations::set_actions(world, input, false)),
        changes("SetAlarmState", operations::set_state),
        reads("ListTagsForResource", tags::list),
        changes("TagResource", tags::add),
        changes("UntagResource", tags::remove),
    ],
    ..QUERY
};

#[cfg(test)]
mod tests;
