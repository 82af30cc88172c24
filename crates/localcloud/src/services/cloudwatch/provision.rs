//! `AWS::CloudWatch::Alarm` and `AWS::CloudWatch::CompositeAlarm`: the name and the attributes are the generic resource's, the record is ours.

use serde_json::json;

use super::alarm::{Alarm, Kind};
use super::{operations, tags};
use crate::generic;
use crate::properties;
use crate::resource::{Desired, Live, ProvisionError, Provisioned, ResourceType, answer_at};
use crate::{Input, World};

const COMPOSITE: &str = "AWS::CloudWatch::CompositeAlarm";

const ANY: ResourceType = ResourceType { create, update, finish_delete, ..generic::ANY };

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType {
        name: "AWS::CloudWatch::Alarm",
        live: Some(Live {
            ask: |world, name| {
                let asked = json!({"AlarmNames": [name]});
                answer_at(operations::describe(world, Input(&asked)), "/MetricAlarms/0")
            },
            within: None,
            properties: &[("ActionsEnabled", "ActionsEnabled"), ("Threshold", "Threshold")],
        }),
        ..ANY
    },
    ResourceType {
        name: COMPOSITE,
        live: Some(Live {
            ask: |world, name| {
                let asked = json!({"AlarmNames": [name], "AlarmTypes": [Kind::Composite.name()]});
                answer_at(operations::describe(world, Input(&asked)), "/CompositeAlarms/0")
            },
            within: None,
            properties: &[("ActionsEnabled", "ActionsEnabled"), ("AlarmRule", "AlarmRule")],
        }),
        ..ANY
    },
];

fn kind(desired: &Desired<'_>) -> Kind {
    if desired.type_name == COMPOSITE { Kind::Composite } else { Kind::Metric }
}

/// Create an alarm.
///
/// # Errors
/// When its name is taken or a setting is missing.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let input = Input(&properties);
    // Made outside of CloudFormation; the generic resource knows of those inside.
    let taken = input.string("AlarmName").filter(|name| {
        world.cloudwatch.alarms.contains_key(*name) && !world.generic.exists(desired.type_name, name)
    });
    if let Some(name) = taken {
        return Err(ProvisionError { reason: format!("{name} already exists") });
    }
    Alarm::configured(kind(desired), "checked first", String::new(), input, None, world.now)?;
    let provisioned = generic::create(world, desired)?;
    operations::configure(world, kind(desired), &provisioned.physical_id, input)?;
    set_tags(world, desired, input, &provisioned.physical_id)?;
    Ok(provisioned)
}

/// Configure it anew, as `PutMetricAlarm` does: actions that somebody disabled are enabled, unless the template
/// says that they are disabled.
///
/// # Errors
/// When a setting is missing.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let input = Input(&properties);
    tags::parse(input)?;
    let provisioned = generic::update(world, desired)?;
    operations::configure(world, kind(desired), &provisioned.physical_id, input)?;
    set_tags(world, desired, input, &provisioned.physical_id)?;
    Ok(provisioned)
}

/// The template's tags, the stack's, and CloudFormation's own three; those that the template had before and has no more
/// go. Assumption: tags that somebody else has put stay, since the handler compares the template's tags of before with
/// those of now.
fn set_tags(
    world: &mut World,
    desired: &Desired<'_>,
    input: Input<'_>,
    name: &str,
) -> Result<(), ProvisionError> {
    let wanted = desired.tags(tags::parse(input)?);
    let before = desired.previous.map(properties::to_json).unwrap_or_default();
    if let Some(alarm) = world.cloudwatch.alarms.get_mut(name) {
        for tag in Input(&before).objects("Tags") {
            alarm.tags.remove(tag.string("Key").unwrap_or_default());
        }
        alarm.tags.extend(wanted);
    }
    Ok(())
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    generic::finish_delete(world, type_name, physical_id);
    world.cloudwatch.alarms.remove(physical_id);
}
