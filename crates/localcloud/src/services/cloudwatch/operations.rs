//! The operations on alarms.

use serde_json::{Value, json};

use super::alarm::{Alarm, Kind};
use crate::services::paging::page;
use crate::{AwsError, Input, World};

/// The most alarms of one call of the operations that take names.
const MOST_NAMES: usize = 100;

/// By names, by prefix, by state, by an action's prefix; 50 a page unless asked otherwise.
pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let names: Vec<&str> = input.strings("AlarmNames").collect();
    let prefix = input.string("AlarmNamePrefix").unwrap_or_default();
    check_names(&names)?;
    if !names.is_empty() && !prefix.is_empty() {
        return Err(AwsError::new(
            400,
            "InvalidParameterCombination",
            "AlarmNamePrefix and AlarmNames cannot both be specified",
        ));
    }
    let most = match input.integer("MaxRecords")? {
        None => 50,
        Some(number) => {
            usize::try_from(number).ok().filter(|number| (1..=100).contains(number)).ok_or_else(|| {
                AwsError::validation(format!(
                    "1 validation error detected: Value '{number}' at 'maxRecords' failed to satisfy constraint: \
                     Member must have value between 1 and 100"
                ))
            })?
        }
    };
    // "If you omit this parameter, only metric alarms are returned, even if composite alarms exist in the account."
    let kinds: Vec<&str> = input.strings("AlarmTypes").collect();
    let wants = |kind: Kind| match kinds.is_empty() {
        true => kind == Kind::Metric,
        false => kinds.contains(&kind.name()),
    };
    let state = input.string("StateValue");
    let action = input.string("ActionPrefix");
    let found = world.cloudwatch.alarms.values().filter(|alarm| {
        wants(alarm.kind)
            && (names.is_empty() || names.contains(&alarm.name.as_str()))
            && alarm.name.starts_with(prefix)
            && state.is_none_or(|state| alarm.state() == state)
            && action.is_none_or(|action| alarm.acts_on(action))
    });
    let found = found.map(|alarm| (alarm.name.clone(), (alarm.kind, alarm.to_api())));
    let page = page(found, input.string("NextToken"), most)
        .map_err(|_| AwsError::new(400, "InvalidNextToken", "The next token specified is invalid."))?;
    let (composite, metric): (Vec<_>, Vec<_>) =
        page.items.into_iter().partition(|(kind, _)| *kind == Kind::Composite);
    let shown = |alarms: Vec<(Kind, Value)>| alarms.into_iter().map(|(_, alarm)| alarm).collect::<Value>();
    Ok(json!({
        "CompositeAlarms": shown(composite), "MetricAlarms": shown(metric), "NextToken": page.next_token,
    }))
}

pub(super) fn put(world: &mut World, input: Input<'_>, kind: Kind) -> Result<Value, AwsError> {
    let name = input.required_string("AlarmName")?;
    configure(world, kind, name, input)?;
    Ok(json!({}))
}

/// Make an alarm of a name, or configure the one there is anew.
pub(super) fn configure(world: &mut World, kind: Kind, name: &str, input: Input<'_>) -> Result<(), AwsError> {
    let arn = world.arn("cloudwatch", &format!("alarm:{name}"));
    let before = world.cloudwatch.alarms.get(name);
    let alarm = Alarm::configured(kind, name, arn, input, before, world.now)?;
    world.cloudwatch.alarms.insert(name.to_owned(), alarm);
    Ok(())
}

/// All of them or none.
pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let names: Vec<&str> = input.strings("AlarmNames").collect();
    check_names(&names)?;
    if names.iter().any(|name| !world.cloudwatch.alarms.contains_key(*name)) {
        return Err(not_found());
    }
    for name in names {
        world.cloudwatch.alarms.remove(name);
    }
    Ok(json!({}))
}

/// Names that aren't alarms are passed over: the operation knows no error for them
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DisableAlarmActions.html>).
pub(super) fn set_actions(world: &mut World, input: Input<'_>, enabled: bool) -> Result<Value, AwsError> {
    let names: Vec<&str> = input.strings("AlarmNames").collect();
    check_names(&names)?;
    for name in names {
        if let Some(alarm) = world.cloudwatch.alarms.get_mut(name) {
            alarm.actions_enabled = enabled;
        }
    }
    Ok(json!({}))
}

pub(super) fn set_state(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AlarmName")?;
    let value = input.required_string("StateValue")?;
    let reason = input.required_string("StateReason")?;
    if !["OK", "ALARM", "INSUFFICIENT_DATA"].contains(&value) {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{value}' at 'stateValue' failed to satisfy constraint: Member must \
             satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
        )));
    }
    let now = world.now;
    let alarm = world.cloudwatch.alarms.get_mut(name).ok_or_else(not_found)?;
    alarm.set_state(value, reason, input.string("StateReasonData"), now);
    Ok(json!({}))
}

fn check_names(names: &[&str]) -> Result<(), AwsError> {
    if names.len() <= MOST_NAMES {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: Member must have length \
         less than or equal to {MOST_NAMES}"
    )))
}

/// The code is of the API reference. Assumption: the words, which it doesn't give.
fn not_found() -> AwsError {
    AwsError::new(404, "ResourceNotFound", "The named alarm does not exist.")
}
