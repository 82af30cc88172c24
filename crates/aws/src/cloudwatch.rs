//! Amazon CloudWatch: alarms and their switches.

use upgrade::{Alarm, AlarmSeen, LogicalResource, PortError};

use crate::concurrency::{all, each};
use crate::endpoints::CLOUDWATCH;
use crate::errors::{CallError, OrAbsent};
use crate::tags::MEMORY_TAG;
use crate::wire::Wire;
use crate::wire::query::Form;
use crate::xml::Element;

/// DescribeAlarms, EnableAlarmActions and DisableAlarmActions take at most 100 names (CloudWatch API reference).
const NAMES_A_CALL: usize = 100;

/// Alarms by name; those that are gone are left out.
async fn describe_alarms(wire: &Wire, names: &[String]) -> Result<Vec<Element>, PortError> {
    let found = all(names.chunks(NAMES_A_CALL), async |some| {
        let form = Form::new(&CLOUDWATCH, "DescribeAlarms")
            .with_list("AlarmNames.member", some)
            // Without types it leaves composite alarms out.
            .with_list("AlarmTypes.member", ["MetricAlarm", "CompositeAlarm"])
            .with("MaxRecords", "100");
        Ok(wire.items(&form, &["MetricAlarms", "CompositeAlarms"]).await?)
    })
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// Alarms with their switch. `with_note` says of which, by whether they act, the note is asked for: a call each.
pub(crate) async fn alarms(
    wire: &Wire,
    names: &[String],
    with_note: fn(bool) -> bool,
) -> Result<Vec<AlarmSeen>, PortError> {
    let described = describe_alarms(wire, names).await?;
    all(described, async |alarm| {
        let actions_enabled = alarm.text_of("ActionsEnabled") == "true";
        let arn = alarm.text_of("AlarmArn");
        let remembered = if with_note(actions_enabled) { note(wire, arn).await? } else { None };
        Ok(AlarmSeen { name: alarm.text_of("AlarmName").to_owned(), actions_enabled, remembered })
    })
    .await
}

/// The note on an alarm; an alarm that has gone meanwhile has none.
async fn note(wire: &Wire, arn: &str) -> Result<Option<String>, PortError> {
    let form = Form::new(&CLOUDWATCH, "ListTagsForResource").with("ResourceARN", arn);
    let answer = wire.query(&form).await.or_absent(is_gone)?;
    let tags = answer.as_ref().map_or(&[][..], |answer| answer.list("Tags"));
    let ours = tags.iter().find(|tag| tag.text_of("Key") == MEMORY_TAG);
    Ok(ours.map(|tag| tag.text_of("Value").to_owned()))
}

/// `ResourceNotFound` (Query) or `ResourceNotFoundException` (JSON): CloudWatch API reference, TagResource.
fn is_gone(error: &CallError) -> bool {
    error.code().starts_with("ResourceNotFound")
}

/// Write a note on an alarm.
pub(crate) async fn remember(wire: &Wire, name: &str, text: &str) -> Result<(), PortError> {
    let Some(arn) = alarm_arn(wire, name).await? else { return Ok(()) };
    let form = Form::new(&CLOUDWATCH, "TagResource")
        .with("ResourceARN", arn)
        .with("Tags.member.1.Key", MEMORY_TAG)
        .with("Tags.member.1.Value", text);
    Ok(wire.tell(&form).await?)
}

/// Take the note off again. An alarm that is gone has none.
pub(crate) async fn forget(wire: &Wire, name: &str) -> Result<(), PortError> {
    let Some(arn) = alarm_arn(wire, name).await? else { return Ok(()) };
    let form = Form::new(&CLOUDWATCH, "UntagResource")
        .with("ResourceARN", arn)
        .with_list("TagKeys.member", [MEMORY_TAG]);
    wire.tell(&form).await.or_absent(is_gone).map(drop)
}

async fn alarm_arn(wire: &Wire, name: &str) -> Result<Option<String>, PortError> {
    let found = describe_alarms(wire, &[name.to_owned()]).await?;
    Ok(found.first().map(|alarm| alarm.text_of("AlarmArn").to_owned()))
}

/// The alarms of a stack with what they watch.
pub(crate) async fn stack_alarms(
    wire: &Wire,
    resources: &[LogicalResource],
) -> Result<Vec<Alarm>, PortError> {
    let names: Vec<String> = resources.iter().map(|resource| resource.physical_id.clone()).collect();
    let described = describe_alarms(wire, &names).await?;
    Ok(resources
        .iter()
        .filter_map(|resource| {
            let alarm = described.iter().find(|alarm| alarm.text_of("AlarmName") == resource.physical_id)?;
            Some(Alarm {
                logical_id: resource.logical_id.clone(),
                name: resource.physical_id.clone(),
                actions_enabled: alarm.text_of("ActionsEnabled") == "true",
                state: alarm.text_of("StateValue").to_owned(),
                metric: metric(alarm),
            })
        })
        .collect())
}

/// What an alarm watches: namespace and metric; the first metric of an expression; a composite alarm's rule.
fn metric(alarm: &Element) -> String {
    let watched = alarm.find("MetricName").map(|name| name.text.as_str()).unwrap_or_default();
    let namespace = alarm.find("Namespace").map(|name| name.text.as_str()).unwrap_or_default();
    match (namespace, watched) {
        ("", "") => alarm.text_of("AlarmRule").to_owned(),
        (namespace, watched) => format!("{namespace} {watched}"),
    }
}

pub(crate) async fn set_alarm_actions(wire: &Wire, names: &[String], enabled: bool) -> Result<(), PortError> {
    let action = if enabled { "EnableAlarmActions" } else { "DisableAlarmActions" };
    each(names.chunks(NAMES_A_CALL), async |some| {
        let form = Form::new(&CLOUDWATCH, action).with_list("AlarmNames.member", some);
        Ok(wire.tell(&form).await?)
    })
    .await
}
