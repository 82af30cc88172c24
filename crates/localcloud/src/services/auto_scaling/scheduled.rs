//! Scheduled actions: at their time they set what they name of a group's sizes.
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html>

use serde_json::{Map, Value, json};

use super::cron::Cron;
use super::group::Group;
use super::time_zone::Zone;
use super::{Timer, describe, find, find_mut, scaling, settings};
use crate::{AwsError, Input, Timestamp, World, timers};

/// Scheduled actions of one group.
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html>
const MOST_ACTIONS: usize = 125;
/// Actions of one call of the batch operations.
const MOST_OF_A_BATCH: usize = 50;

/// A scheduled action.
#[derive(Debug, Clone)]
pub(super) struct ScheduledAction {
    name: String,
    arn: String,
    /// As it was given; a recurring action without one begins at once.
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// As it was given, and what it says.
    recurrence: Option<(String, Cron)>,
    time_zone: Option<(String, Zone)>,
    minimum: Option<i64>,
    maximum: Option<i64>,
    desired: Option<i64>,
    next: Option<Timestamp>,
    /// Which of its plans a timer is of.
    step: u64,
}

impl ScheduledAction {
    /// Its time after a moment.
    fn time_after(&self, now: Timestamp) -> Option<Timestamp> {
        let next = match (self.start, &self.recurrence) {
            (Some(start), _) if start > now => Some(start),
            (_, Some((_, cron))) => {
                cron.next(now, self.time_zone.as_ref().map_or(Zone::UTC, |(_, zone)| *zone))
            }
            (_, None) => None,
        };
        next.filter(|next| self.end.is_none_or(|end| *next <= end))
    }

    /// "scheduled actions that haven't run or that have not reached their end time" are described.
    fn is_described(&self, now: Timestamp) -> bool {
        self.next.is_some() || self.recurrence.is_some() && self.end.is_none_or(|end| end > now)
    }

    /// What it wants of the group, as an update of the group would say it.
    fn sizes(&self) -> Value {
        let mut sizes = Map::new();
        for (name, size) in
            [("MinSize", self.minimum), ("MaxSize", self.maximum), ("DesiredCapacity", self.desired)]
        {
            if let Some(size) = size {
                sizes.insert(name.to_owned(), json!(size));
            }
        }
        Value::Object(sizes)
    }
}

pub(super) fn put(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    set(world, input.required_string("AutoScalingGroupName")?, input)?;
    Ok(json!({}))
}

/// Each by itself: what can't be put is in the answer.
pub(super) fn put_batch(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let group = input.required_string("AutoScalingGroupName")?;
    find(world, group)?;
    let actions: Vec<Input<'_>> = input.objects("ScheduledUpdateGroupActions").collect();
    check_batch("scheduledUpdateGroupActions", actions.len())?;
    for action in &actions {
        action.required_string("ScheduledActionName")?;
    }
    let mut failed = Vec::new();
    for action in actions {
        match configure(world, group, action) {
            Ok(made) => plan(world, group, made),
            Err(error) => failed.push(failure(action.string("ScheduledActionName"), &error)),
        }
    }
    Ok(json!({"FailedScheduledUpdateGroupActions": failed}))
}

pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let group = input.required_string("AutoScalingGroupName")?;
    remove(world, group, input.required_string("ScheduledActionName")?)?;
    Ok(json!({}))
}

pub(super) fn delete_batch(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let group = input.required_string("AutoScalingGroupName")?;
    find(world, group)?;
    let names: Vec<&str> = input.strings("ScheduledActionNames").collect();
    check_batch("scheduledActionNames", names.len())?;
    let failed =
        names.iter().filter_map(|name| Some(failure(Some(*name), &remove(world, group, name).err()?)));
    let failed: Vec<Value> = failed.collect();
    Ok(json!({"FailedScheduledActions": failed}))
}

fn failure(name: Option<&str>, error: &AwsError) -> Value {
    json!({"ScheduledActionName": name, "ErrorCode": error.code, "ErrorMessage": error.message})
}

fn check_batch(name: &str, count: usize) -> Result<(), AwsError> {
    if (1..=MOST_OF_A_BATCH).contains(&count) {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length between \
         1 and {MOST_OF_A_BATCH}"
    )))
}

/// Take an action away.
///
/// # Errors
/// When the group has no such action.
pub(super) fn remove(world: &mut World, group: &str, name: &str) -> Result<(), AwsError> {
    match find_mut(world, group)?.scheduled.remove(name) {
        Some(_) => Ok(()),
        None => Err(AwsError::validation("Scheduled action name not found")),
    }
}

/// By names, or between two times; of one group or of all.
pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let groups: Vec<&Group> = match input.string("AutoScalingGroupName") {
        Some(name) => vec![find(world, name)?],
        None => world.auto_scaling.groups.values().collect(),
    };
    let names: Vec<&str> = input.strings("ScheduledActionNames").collect();
    let (from, to) = (time(input, "StartTime")?, time(input, "EndTime")?);
    let is_wanted = |action: &ScheduledAction| {
        if !names.is_empty() {
            return names.contains(&action.name.as_str());
        }
        let time = action.next.or(action.start);
        from.is_none_or(|from| time.is_some_and(|time| time >= from))
            && to.is_none_or(|to| time.is_some_and(|time| time <= to))
    };
    let found = groups.into_iter().flat_map(|group| {
        let actions =
            group.scheduled.values().filter(|action| action.is_described(world.now) && is_wanted(action));
        actions.map(move |action| (format!("{} {}", group.name, action.name), to_api(group, action)))
    });
    let page = describe::paged(input, 100, found.collect::<Vec<_>>())?;
    Ok(json!({"ScheduledUpdateGroupActions": page.items, "NextToken": page.next_token}))
}

fn to_api(group: &Group, action: &ScheduledAction) -> Value {
    let next = action.next.or(action.start).map(Timestamp::iso8601_seconds);
    let mut fields = action.sizes();
    for (name, value) in [
        ("AutoScalingGroupName", json!(group.name)),
        ("ScheduledActionName", json!(action.name)),
        ("ScheduledActionARN", json!(action.arn)),
        ("Time", json!(next)),
        ("StartTime", json!(next)),
        ("EndTime", json!(action.end.map(Timestamp::iso8601_seconds))),
        ("Recurrence", json!(action.recurrence.as_ref().map(|(text, _)| text))),
        ("TimeZone", json!(action.time_zone.as_ref().map(|(name, _)| name))),
    ] {
        if let Some(fields) = fields.as_object_mut().filter(|_| !value.is_null()) {
            fields.insert(name.to_owned(), value);
        }
    }
    fields
}

fn time(input: Input<'_>, name: &str) -> Result<Option<Timestamp>, AwsError> {
    match input.0.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_str().and_then(Timestamp::parse) {
            Some(time) => Ok(Some(time)),
            None => Err(AwsError::validation(format!("{name} must be a time such as 2026-06-01T00:00:00Z"))),
        },
    }
}

/// An action as a request or a template wants it, over the one of that name that is there: "If you leave a parameter
/// unspecified when updating a scheduled scaling action, the corresponding value remains unchanged" (API reference,
/// 2011-01-01, of 2019).
///
/// # Errors
/// Assumption: AWS publishes the words for an invalid recurrence and a time in the past in nothing but its answers; the
/// others are ours.
fn configure(world: &mut World, group_name: &str, input: Input<'_>) -> Result<ScheduledAction, AwsError> {
    let (now, group) = (world.now, find(world, group_name)?);
    let name = input.required_string("ScheduledActionName")?;
    if name.chars().count() > 255 || name.contains(':') {
        return Err(AwsError::validation(
            "ScheduledActionName must be 1 to 255 characters and contain no colon",
        ));
    }
    let before = group.scheduled.get(name);
    let uuid = |world: &mut World| world.identities.uuid(&format!("scheduled action {group_name} {name}"));
    let (given_start, given_end) = (time(input, "StartTime")?, time(input, "EndTime")?);
    let recurrence = match input.string("Recurrence") {
        None => before.and_then(|before| before.recurrence.clone()),
        Some(text) => match Cron::parse(text) {
            Some(cron) => Some((text.to_owned(), cron)),
            None => {
                return Err(AwsError::validation(format!("Given recurrence string:{text} is invalid")));
            }
        },
    };
    let time_zone = match input.string("TimeZone") {
        None => before.and_then(|before| before.time_zone.clone()),
        Some(text) => match Zone::named(text) {
            Some(zone) => Some((text.to_owned(), zone)),
            None => {
                return Err(AwsError::validation(format!(
                    "The time zone {text} is not known in this local cloud"
                )));
            }
        },
    };
    let size = |name: &str, before: Option<i64>| match input.integer(name)?.or(before) {
        Some(size) if !(0..=10_000).contains(&size) => {
            Err(AwsError::validation(format!("{name} must be between 0 and 10000")))
        }
        size => Ok(size),
    };
    let mut made = ScheduledAction {
        name: name.to_owned(),
        arn: before.map_or(String::new(), |before| before.arn.clone()),
        start: given_start.or(before.and_then(|before| before.start)),
        end: given_end.or(before.and_then(|before| before.end)),
        recurrence,
        time_zone,
        minimum: size("MinSize", before.and_then(|before| before.minimum))?,
        maximum: size("MaxSize", before.and_then(|before| before.maximum))?,
        desired: size("DesiredCapacity", before.and_then(|before| before.desired))?,
        next: None,
        step: 0,
    };
    if given_start.is_some_and(|start| start <= now) {
        return Err(AwsError::validation("Given start time is in the past"));
    }
    if given_end.is_some_and(|end| end <= now) {
        return Err(AwsError::validation("Given end time is in the past"));
    }
    if let (Some(start), Some(end)) = (made.start, made.end)
        && start > end
    {
        return Err(AwsError::validation("Given start time is after the end time"));
    }
    if made.start.is_none() && made.recurrence.is_none() {
        return Err(AwsError::validation("Either StartTime or Recurrence must be specified"));
    }
    check_sizes(&made)?;
    // "If you attempt to schedule an activity at a time when another scaling activity is already scheduled, the call is
    // rejected" (user guide, considerations).
    let mut others = group.scheduled.values().filter(|other| other.name != name);
    if given_start.is_some_and(|start| others.any(|other| other.next == Some(start))) {
        return Err(AwsError::new(
            400,
            "AlreadyExists",
            "A scheduled action with this scheduled start time already exists",
        ));
    }
    if before.is_none()
        && group.scheduled.values().filter(|action| action.is_described(now)).count() >= MOST_ACTIONS
    {
        return Err(AwsError::new(
            400,
            "LimitExceeded",
            format!("A group can have at most {MOST_ACTIONS} scheduled actions"),
        ));
    }
    if made.arn.is_empty() {
        let uuid = uuid(world);
        made.arn = world.arn(
            "autoscaling",
            &format!("scheduledUpdateGroupAction:{uuid}:autoScalingGroupName/{group_name}:scheduledActionName/{name}"),
        );
    }
    Ok(made)
}

fn check_sizes(action: &ScheduledAction) -> Result<(), AwsError> {
    let (minimum, maximum, desired) = (action.minimum, action.maximum, action.desired);
    if minimum.or(maximum).or(desired).is_none() {
        return Err(AwsError::validation(
            "At least one of MinSize, MaxSize and DesiredCapacity must be specified",
        ));
    }
    if let (Some(minimum), Some(maximum)) = (minimum, maximum)
        && minimum > maximum
    {
        return Err(AwsError::validation("Min size must be less than or equal to max size"));
    }
    // The words of an answer of AWS (terraform-buildkite-elastic-ci-stack-for-aws, pull request 146).
    if desired.is_some_and(|desired| minimum.is_some_and(|minimum| desired < minimum)) {
        return Err(AwsError::validation("Desired capacity must be greater than or equal to min size"));
    }
    if desired.is_some_and(|desired| maximum.is_some_and(|maximum| desired > maximum)) {
        return Err(AwsError::validation("Desired capacity must be less than or equal to max size"));
    }
    Ok(())
}

/// Make an action of a group, or put it in the place of the one of its name.
///
/// # Errors
/// As [`configure`].
pub(super) fn set(world: &mut World, group: &str, input: Input<'_>) -> Result<(), AwsError> {
    let action = configure(world, group, input)?;
    plan(world, group, action);
    Ok(())
}

/// Keep an action, and let it wait for its next time if it has one.
fn plan(world: &mut World, group_name: &str, mut action: ScheduledAction) {
    world.auto_scaling.plans += 1;
    action.step = world.auto_scaling.plans;
    action.next = action.time_after(world.now);
    if let Some(at) = action.next {
        let (group, step) = (group_name.to_owned(), action.step);
        let timer = Timer::Scheduled { group, action: action.name.clone(), step };
        world.timers.schedule(at, timers::Timer::AutoScaling(timer));
    }
    if let Some(group) = world.auto_scaling.groups.get_mut(group_name) {
        group.scheduled.insert(action.name.clone(), action);
    }
}

/// An action's time has come. What is due while `ScheduledActions` is suspended isn't made up for: "only evaluates
/// scheduled actions whose run time has not yet passed"
/// (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-how-suspending-processes-affects-other-processes.html>).
pub(super) fn run(world: &mut World, group_name: &str, name: &str, step: u64) {
    let now = world.now;
    let Some(group) = world.auto_scaling.groups.get_mut(group_name) else { return };
    if group.scheduled.get(name).is_none_or(|action| action.step != step) {
        return;
    }
    let Some(action) = group.scheduled.remove(name) else { return };
    if !group.is_suspended("ScheduledActions") && !group.is_deleting {
        act(group, &action, now);
    }
    if action.recurrence.is_some() {
        plan(world, group_name, action);
    }
    scaling::reconcile(world, group_name);
    if let Some(group) = world.auto_scaling.groups.get_mut(group_name) {
        group.scheduled_cause = None;
    }
}

/// Assumption: sizes that contradict each other or the group's change nothing.
fn act(group: &mut Group, action: &ScheduledAction, now: Timestamp) {
    let Ok(sizes) = settings::sizes(Input(&action.sizes()), Some(group)) else { return };
    let before = std::mem::replace(&mut group.desired, sizes.desired);
    (group.minimum, group.maximum) = (sizes.minimum, sizes.maximum);
    if before != sizes.desired {
        // The words of <https://repost.aws/knowledge-center/auto-scaling-scale-down>.
        let at = now.iso8601_seconds();
        let settings::Sizes { minimum, maximum, desired } = sizes;
        group.scheduled_cause = Some(format!(
            "At {at} a scheduled action update of AutoScalingGroup constraints to min: {minimum}, max: {maximum}, \
             desired: {desired} changing the desired capacity from {before} to {desired}. At {at} the scheduled action \
             {} executed. Setting desired capacity from {before} to {desired}. ",
            action.name
        ));
    }
}

#[cfg(test)]
mod tests;
