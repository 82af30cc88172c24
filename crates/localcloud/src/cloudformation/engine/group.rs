//! An Auto Scaling group seen from CloudFormation: through the group's own API, as anybody sees it.

use std::borrow::Cow;

use serde_json::{Value as Json, json};
use template::Value;

use crate::cloudformation::stack::{Definition, Properties, StackResource};
use crate::cloudformation::submission::Silent;
use crate::services::Service;
use crate::{AwsError, Input, World};

/// The type.
pub const TYPE: &str = "AWS::AutoScaling::AutoScalingGroup";

/// What a group is asked for in an update: with `IgnoreUnmodifiedGroupSizeProperties` the sizes that the template leaves as
/// they were are left out, so that those count that a scheduled action, or somebody, has set since. Without it the
/// template's are set (user guide, "UpdatePolicy attribute", `AutoScalingScheduledAction`).
pub fn asked<'a>(
    properties: &'a Properties,
    previous: &Properties,
    update_policy: Option<&Value>,
) -> Cow<'a, Properties> {
    let policy = match update_policy {
        Some(Value::Map(parts)) => parts.get("AutoScalingScheduledAction"),
        _ => None,
    };
    let flag = match policy {
        Some(Value::Map(settings)) => settings.get("IgnoreUnmodifiedGroupSizeProperties"),
        _ => None,
    };
    if flag.and_then(Value::scalar_text) != Some("true") {
        return Cow::Borrowed(properties);
    }
    let mut asked = properties.clone();
    for name in ["MinSize", "MaxSize", "DesiredCapacity"] {
        let size = |of: &Properties| of.get(name).and_then(Value::scalar_text).map(str::to_owned);
        if size(properties) == size(previous) {
            asked.shift_remove(name);
        }
    }
    Cow::Owned(asked)
}

/// `UpdatePolicy` of a group in a definition; what can't be evaluated without resources counts as none.
pub fn update_policy(definition: &Definition, logical_id: &str) -> Option<Value> {
    let evaluation = definition.evaluation().ok()?;
    let node = definition.template.resources.get(logical_id)?.update_policy.as_ref()?;
    evaluation.evaluate(node, &Silent).ok()
}

/// An instance of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Whether it is in service.
    pub in_service: bool,
}

/// What a group is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// `MinSize`.
    pub minimum: i64,
    /// `MaxSize`.
    pub maximum: i64,
    /// `DesiredCapacity`.
    pub desired: i64,
}

/// The instances of a stack's group that are in service or on their way there; none of anything else.
pub fn instances_of(world: &mut World, resource: &StackResource) -> Vec<Instance> {
    match resource.physical_id.as_deref() {
        Some(name) if resource.type_name == TYPE => instances(world, name),
        Some(_) | None => Vec::new(),
    }
}

/// The instances of a group that are in service or on their way there, in the order of their launch.
pub fn instances(world: &mut World, name: &str) -> Vec<Instance> {
    let described = describe_group(world, name);
    let listed = Input(&described).objects("Instances").filter_map(|instance| {
        let state = instance.string("LifecycleState")?;
        (state == "InService" || state.starts_with("Pending")).then(|| Instance {
            id: instance.string("InstanceId").unwrap_or_default().to_owned(),
            in_service: state == "InService",
        })
    });
    listed.collect()
}

/// The ids of all instances of a group, those on their way out as well.
pub fn all_ids(world: &mut World, name: &str) -> Vec<String> {
    let described = describe_group(world, name);
    let listed = Input(&described).objects("Instances");
    listed.filter_map(|instance| instance.string("InstanceId").map(str::to_owned)).collect()
}

/// The processes of a group that are suspended.
pub fn suspended(world: &mut World, name: &str) -> Vec<String> {
    let described = describe_group(world, name);
    let listed = Input(&described).objects("SuspendedProcesses");
    listed.filter_map(|process| process.string("ProcessName").map(str::to_owned)).collect()
}

/// What a group is asked for now.
pub fn sizes(world: &mut World, name: &str) -> Sizes {
    let described = describe_group(world, name);
    let number = |field: &str| described.get(field).and_then(Json::as_i64).unwrap_or_default();
    Sizes { minimum: number("MinSize"), maximum: number("MaxSize"), desired: number("DesiredCapacity") }
}

/// Ask a group for other sizes.
pub fn resize(world: &mut World, name: &str, sizes: Sizes) -> Result<(), AwsError> {
    let input = json!({
        "AutoScalingGroupName": name, "MinSize": sizes.minimum, "MaxSize": sizes.maximum,
        "DesiredCapacity": sizes.desired,
    });
    Service::AutoScaling.call(world, "UpdateAutoScalingGroup", Input(&input)).map(|_| ())
}

/// Terminate an instance; the group launches another one unless its capacity shrinks with it.
pub fn terminate(world: &mut World, id: &str, shrink: bool) -> Result<(), AwsError> {
    let input = json!({"InstanceId": id, "ShouldDecrementDesiredCapacity": shrink});
    Service::AutoScaling.call(world, "TerminateInstanceInAutoScalingGroup", Input(&input)).map(|_| ())
}

fn describe_group(world: &mut World, name: &str) -> Json {
    let input = json!({"AutoScalingGroupNames": [name]});
    let answer =
        Service::AutoScaling.call(world, "DescribeAutoScalingGroups", Input(&input)).unwrap_or_default();
    answer.get("AutoScalingGroups").and_then(|groups| groups.get(0)).cloned().unwrap_or_default()
}
