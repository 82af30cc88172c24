//! The operations that read groups.

use serde_json::{Map, Value, json};

use super::group::{Activity, Group, Hook, Instance, Tag};
use super::{find, not_found};
use crate::services::paging::{Page, page};
use crate::{AwsError, Input, World};

pub(super) fn groups(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let names: Vec<&str> = input.strings("AutoScalingGroupNames").collect();
    let filters: Vec<Filter<'_>> = input.objects("Filters").map(filter).collect::<Result<_, _>>()?;
    let found = world.auto_scaling.groups.values().filter(|group| {
        (names.is_empty() || names.contains(&group.name.as_str()))
            && filters.iter().all(|filter| group.tags.iter().any(|tag| filter.takes(tag)))
    });
    let page = paged(input, 100, found.map(|group| (group.name.clone(), self::group(group))))?;
    Ok(json!({"AutoScalingGroups": page.items, "NextToken": page.next_token}))
}

struct Filter<'a> {
    name: &'a str,
    values: Vec<&'a str>,
}

fn filter(input: Input<'_>) -> Result<Filter<'_>, AwsError> {
    let name = input.string("Name").unwrap_or_default();
    if matches!(name, "tag-key" | "tag-value") || name.starts_with("tag:") {
        Ok(Filter { name, values: input.strings("Values").collect() })
    } else {
        Err(AwsError::validation(format!(
            "Filter type {name} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>"
        )))
    }
}

impl Filter<'_> {
    fn takes(&self, tag: &Tag) -> bool {
        match self.name {
            "tag-key" => self.values.contains(&tag.key.as_str()),
            "tag-value" => self.values.contains(&tag.value.as_str()),
            _ => {
                self.name.strip_prefix("tag:") == Some(tag.key.as_str())
                    && self.values.contains(&tag.value.as_str())
            }
        }
    }
}

fn group(group: &Group) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("AutoScalingGroupName", json!(group.name));
    put("AutoScalingGroupARN", json!(group.arn));
    put("MinSize", json!(group.minimum));
    put("MaxSize", json!(group.maximum));
    put("DesiredCapacity", json!(group.desired));
    put("CreatedTime", json!(group.created.iso8601()));
    put("NewInstancesProtectedFromScaleIn", json!(group.new_instances_protected));
    let own = group.instances.iter().filter(|instance| !instance.state.belongs_to_warm_pool());
    put("Instances", own.map(instance).collect());
    let suspended = group.suspended.iter();
    put(
        "SuspendedProcesses",
        suspended
            .map(|(process, since)| {
                let reason = format!("User suspended at {}", since.iso8601_seconds());
                json!({"ProcessName": process, "SuspensionReason": reason})
            })
            .collect(),
    );
    put("EnabledMetrics", json!([]));
    put("Tags", group.tags.iter().map(|found| tag(group, found)).collect());
    if group.is_deleting {
        put("Status", json!("Delete in progress"));
    }
    if group.warm_pool.is_some() {
        put("WarmPoolConfiguration", super::warm_pool::configuration(group));
        put("WarmPoolSize", json!(group.warm()));
    }
    for (name, value) in group.described.as_object().into_iter().flatten() {
        fields.insert(name.clone(), value.clone());
    }
    Value::Object(fields)
}

fn tag(group: &Group, tag: &Tag) -> Value {
    json!({
        "ResourceId": group.name,
        "ResourceType": "auto-scaling-group",
        "Key": tag.key,
        "Value": tag.value,
        "PropagateAtLaunch": tag.propagate_at_launch,
    })
}

/// An instance as groups and warm pools show it.
pub(super) fn instance(instance: &Instance) -> Value {
    json!({
        "InstanceId": instance.id,
        "InstanceType": instance.instance_type,
        "AvailabilityZone": instance.zone,
        "LifecycleState": instance.state.name(),
        "HealthStatus": if instance.unhealthy.is_some() { "Unhealthy" } else { "Healthy" },
        "LaunchTemplate": instance.launch_template,
        "ProtectedFromScaleIn": instance.is_protected,
    })
}

pub(super) fn instances(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let ids: Vec<&str> = input.strings("InstanceIds").collect();
    let found = world
        .auto_scaling
        .groups
        .values()
        .flat_map(|group| group.instances.iter().map(move |found| (group, found)));
    let found = found.filter(|(_, found)| ids.is_empty() || ids.contains(&found.id.as_str())).map(
        |(group, found)| {
            let mut described = instance(found);
            described["AutoScalingGroupName"] = json!(group.name);
            // This operation alone writes it in capitals.
            described["HealthStatus"] =
                json!(if found.unhealthy.is_some() { "UNHEALTHY" } else { "HEALTHY" });
            (found.id.clone(), described)
        },
    );
    let page = paged(input, 50, found)?;
    Ok(json!({"AutoScalingInstances": page.items, "NextToken": page.next_token}))
}

pub(super) fn hooks(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let group = find(world, input.required_string("AutoScalingGroupName")?)?;
    let names: Vec<&str> = input.strings("LifecycleHookNames").collect();
    let hooks = group.hooks.iter().filter(|hook| names.is_empty() || names.contains(&hook.name.as_str()));
    Ok(json!({"LifecycleHooks": hooks.map(|found| hook(group, found)).collect::<Value>()}))
}

fn hook(group: &Group, hook: &Hook) -> Value {
    let transition = if hook.at_launch { "LAUNCHING" } else { "TERMINATING" };
    json!({
        "LifecycleHookName": hook.name,
        "AutoScalingGroupName": group.name,
        "LifecycleTransition": format!("autoscaling:EC2_INSTANCE_{transition}"),
        "NotificationTargetARN": hook.notification_target,
        "RoleARN": hook.role,
        "NotificationMetadata": hook.notification_metadata,
        "HeartbeatTimeout": hook.heartbeat_seconds,
        // AWS: the lesser of 172,800 and a hundred times the heartbeat.
        "GlobalTimeout": hook.heartbeat_seconds.saturating_mul(100).min(172_800),
        "DefaultResult": if hook.proceeds_by_default { "CONTINUE" } else { "ABANDON" },
    })
}

/// The newest first.
pub(super) fn activities(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.string("AutoScalingGroupName");
    if name.is_some_and(|name| !world.auto_scaling.groups.contains_key(name)) {
        return Err(not_found());
    }
    let groups =
        world.auto_scaling.groups.values().filter(|group| name.is_none_or(|name| group.name == name));
    let found = groups.flat_map(|group| {
        group.activities.iter().enumerate().map(move |(position, found)| {
            let mut described = activity(found);
            described["AutoScalingGroupName"] = json!(group.name);
            // A key that grows as time goes back.
            (
                format!("{:020}{:020} {}", u64::MAX - found.start.0, usize::MAX - position, group.name),
                described,
            )
        })
    });
    let page = paged(input, 100, found)?;
    Ok(json!({"Activities": page.items, "NextToken": page.next_token}))
}

/// An activity, its group's name left to the caller.
pub(super) fn activity(activity: &Activity) -> Value {
    json!({
        "ActivityId": activity.id,
        "AutoScalingGroupName": "",
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.start.iso8601(),
        "EndTime": activity.end.map(crate::Timestamp::iso8601),
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
        "Progress": if activity.end.is_some() { 100 } else { 50 },
        "Details": "{}",
    })
}

/// `MaxRecords` and `NextToken`; without a number there are 50 a page.
pub(super) fn paged(
    input: Input<'_>,
    most: usize,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Page<Value>, AwsError> {
    let asked = match input.integer("MaxRecords")? {
        None => 50,
        Some(number) => usize::try_from(number).ok().filter(|number| (1..=most).contains(number)).ok_or_else(|| {
            AwsError::validation(format!(
                "1 validation error detected: Value '{number}' at 'maxRecords' failed to satisfy constraint: Member \
                 must have value between 1 and {most}"
            ))
        })?,
    };
    page(items, input.string("NextToken"), asked)
        .map_err(|_| AwsError::new(400, "InvalidNextToken", "The token you specified is not valid."))
}
