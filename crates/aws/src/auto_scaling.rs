//! Amazon EC2 Auto Scaling: worker groups, their instances, warm pools and lifecycle hooks.

use serde::Deserialize;
use upgrade::{
    GroupSize, Instance, InstanceRefresh, LifecycleAction, LifecycleHook, PortError, ScheduledAction,
    WarmPool, WarmPoolSize, WorkerGroup,
};

use crate::concurrency::{all, each, each_by_itself};
use crate::ec2;
use crate::endpoints::AUTO_SCALING;
use crate::errors::{CallError, OrAbsent, look_again};
use crate::tags::{MEMORY_TAG, Tag};
use crate::wire::Wire;
use crate::wire::query::{Form, time};

/// DescribeAutoScalingGroups gives 50 groups a page when it isn't told otherwise.
const GROUPS_A_CALL: usize = 50;

/// SetInstanceProtection takes at most 50 instances (Auto Scaling API reference).
const INSTANCES_A_CALL: usize = 50;

/// A group as DescribeAutoScalingGroups shows it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Group {
    auto_scaling_group_name: String,
    min_size: i32,
    max_size: i32,
    desired_capacity: i32,
    new_instances_protected_from_scale_in: bool,
    warm_pool_configuration: Option<WarmPoolConfiguration>,
    instances: Vec<GroupInstance>,
    suspended_processes: Vec<SuspendedProcess>,
    tags: Vec<Tag>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WarmPoolConfiguration {
    min_size: i32,
    max_group_prepared_capacity: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct GroupInstance {
    instance_id: String,
    lifecycle_state: String,
    protected_from_scale_in: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SuspendedProcess {
    process_name: String,
}

pub(crate) fn on_group(action: &'static str, group_name: &str) -> Form<'static> {
    Form::new(&AUTO_SCALING, action).with("AutoScalingGroupName", group_name)
}

pub(crate) async fn worker_groups(wire: &Wire, names: &[String]) -> Result<Vec<WorkerGroup>, PortError> {
    // Without names DescribeAutoScalingGroups would tell of every group in the account; no chunk has none.
    let pages = all(names.chunks(GROUPS_A_CALL), |some| groups(wire, some)).await?;
    let described = pages.into_iter().flatten();
    let mut groups = all(described, async |group| worker_group(wire, group).await).await?;
    if groups.iter().any(|group| group.instances.iter().any(|instance| !instance.in_warm_pool)) {
        let notes = ec2::notes_on_instances(wire).await?;
        for instance in groups.iter_mut().flat_map(|group| &mut group.instances) {
            instance.remembered = notes.get(&instance.id).cloned();
        }
    }
    Ok(groups)
}

async fn groups(wire: &Wire, names: &[String]) -> Result<Vec<Group>, PortError> {
    let form = Form::new(&AUTO_SCALING, "DescribeAutoScalingGroups")
        .with_list("AutoScalingGroupNames.member", names);
    Ok(wire.list(&form, "AutoScalingGroups").await?)
}

/// Whether a group of this name exists.
pub(crate) async fn exists(wire: &Wire, name: &str) -> Result<bool, PortError> {
    Ok(!groups(wire, &[name.to_owned()]).await?.is_empty())
}

async fn worker_group(wire: &Wire, group: Group) -> Result<WorkerGroup, PortError> {
    let name = group.auto_scaling_group_name;
    let mut instances: Vec<Instance> =
        group.instances.into_iter().map(|instance| instance.seen(false)).collect();
    if group.warm_pool_configuration.is_some() {
        let warm: Vec<GroupInstance> = wire.list(&on_group("DescribeWarmPool", &name), "Instances").await?;
        instances.extend(warm.into_iter().map(|instance| instance.seen(true)));
    }
    let mut suspended: Vec<String> =
        group.suspended_processes.into_iter().map(|process| process.process_name).collect();
    // In the order of their names: the same journal for the same world.
    suspended.sort_unstable();
    Ok(WorkerGroup {
        min_size: group.min_size,
        max_size: group.max_size,
        desired_capacity: group.desired_capacity,
        new_instances_protected: group.new_instances_protected_from_scale_in,
        warm_pool: group.warm_pool_configuration.map(|pool| WarmPool {
            min_size: pool.min_size,
            // -1 is how AWS writes "the group's greatest size" (PutWarmPool).
            max_group_prepared_capacity: pool.max_group_prepared_capacity.filter(|capacity| *capacity >= 0),
        }),
        instances,
        hooks: hooks(wire, &name).await?,
        suspended,
        remembered: Tag::find(&group.tags, MEMORY_TAG),
        name,
    })
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Hook {
    lifecycle_hook_name: String,
    lifecycle_transition: String,
}

/// A group's lifecycle hooks; none when the group went away meanwhile.
async fn hooks(wire: &Wire, group_name: &str) -> Result<Vec<LifecycleHook>, PortError> {
    let hooks = wire.list(&on_group("DescribeLifecycleHooks", group_name), "LifecycleHooks").await;
    let hooks: Vec<Hook> = hooks.or_absent(is_gone)?.unwrap_or_default();
    let hook = |hook: Hook| LifecycleHook {
        name: hook.lifecycle_hook_name,
        terminating: hook.lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING",
    };
    Ok(hooks.into_iter().map(hook).collect())
}

/// That a group isn't there (any more) is no error: "AutoScalingGroup name not found - null".
fn is_gone(error: &CallError) -> bool {
    error.code() == "ValidationError" && error.message().contains("not found")
}

impl GroupInstance {
    fn seen(self, in_warm_pool: bool) -> Instance {
        Instance {
            id: self.instance_id,
            lifecycle_state: self.lifecycle_state,
            protected_from_scale_in: self.protected_from_scale_in,
            in_warm_pool,
            remembered: None,
        }
    }
}

pub(crate) async fn resize_worker_groups(wire: &Wire, sizes: &[GroupSize]) -> Result<(), PortError> {
    each_by_itself(sizes, async |size| {
        let form = on_group("UpdateAutoScalingGroup", &size.group_name)
            .with("MinSize", size.min_size)
            .with("MaxSize", size.max_size)
            .with("DesiredCapacity", size.desired_capacity)
            .with("NewInstancesProtectedFromScaleIn", size.new_instances_protected);
        Ok(wire.tell(&form).await?)
    })
    .await
}

pub(crate) async fn resize_warm_pools(wire: &Wire, sizes: &[WarmPoolSize]) -> Result<(), PortError> {
    each_by_itself(sizes, async |size| {
        let form = on_group("PutWarmPool", &size.group_name)
            .with("MinSize", size.min_size)
            .with("MaxGroupPreparedCapacity", size.max_group_prepared_capacity.unwrap_or(-1));
        Ok(wire.tell(&form).await?)
    })
    .await
}

pub(crate) async fn protect_from_scale_in(
    wire: &Wire,
    group_name: &str,
    instance_ids: &[String],
    protected: bool,
) -> Result<(), PortError> {
    each(instance_ids.chunks(INSTANCES_A_CALL), async |some| {
        let form = on_group("SetInstanceProtection", group_name)
            .with_list("InstanceIds.member", some)
            .with("ProtectedFromScaleIn", protected);
        wire.tell(&form).await.map_err(|error| match error.code() {
            // An instance may have gone, or not have come up yet, since we looked.
            "ValidationError" => look_again(error.into()),
            _ => error.into(),
        })
    })
    .await
}

/// Let the instances go on. CONTINUE rather than ABANDON: at termination it lets the other hooks have their turn, at
/// launch it brings the instance to where scaling in can end it (CompleteLifecycleAction).
pub(crate) async fn complete_lifecycle_actions(
    wire: &Wire,
    actions: &[LifecycleAction],
) -> Result<(), PortError> {
    each(actions, async |action| {
        let form = on_group("CompleteLifecycleAction", &action.group_name)
            .with("LifecycleHookName", &action.hook_name)
            .with("InstanceId", &action.instance_id)
            .with("LifecycleActionResult", "CONTINUE");
        // Completed before, by us or by whoever the hook was made for.
        let is_over = |error: &CallError| {
            error.code() == "ValidationError" && error.message().contains("No active Lifecycle Action found")
        };
        wire.tell(&form).await.or_absent(is_over).map(drop)
    })
    .await
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ScheduledUpdate {
    scheduled_action_name: String,
    #[serde(deserialize_with = "time")]
    start_time: Option<String>,
    recurrence: Option<String>,
}

/// The scheduled actions of groups; a group that is gone has none.
pub(crate) async fn scheduled_actions(
    wire: &Wire,
    group_names: &[String],
) -> Result<Vec<ScheduledAction>, PortError> {
    let found = all(group_names, async |group_name| {
        let form = on_group("DescribeScheduledActions", group_name);
        let updates = wire.list(&form, "ScheduledUpdateGroupActions").await.or_absent(is_gone)?;
        let action = |update: ScheduledUpdate| ScheduledAction {
            group_name: group_name.clone(),
            name: update.scheduled_action_name,
            next: update.start_time,
            recurrence: update.recurrence,
        };
        Ok(updates.unwrap_or_default().into_iter().map(action).collect::<Vec<_>>())
    })
    .await?;
    Ok(found.into_iter().flatten().collect())
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Refreshes {
    instance_refreshes: Vec<Refresh>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Refresh {
    status: String,
    percentage_complete: Option<i32>,
}

/// How an instance refresh ends (Auto Scaling API reference, InstanceRefresh).
const REFRESHED: [&str; 5] = ["Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful"];

/// The instance refreshes of groups that are under way; a group that is gone has none. DescribeInstanceRefreshes tells the
/// newest first, and there is one at a time: the first page tells.
pub(crate) async fn instance_refreshes(
    wire: &Wire,
    group_names: &[String],
) -> Result<Vec<InstanceRefresh>, PortError> {
    let found = all(group_names, async |group_name| {
        let answer = wire.read(&on_group("DescribeInstanceRefreshes", group_name)).await;
        let Refreshes { instance_refreshes } = answer.or_absent(is_gone)?.unwrap_or_default();
        let is_under_way =
            |one: &Refresh| !one.status.is_empty() && !REFRESHED.contains(&one.status.as_str());
        let under_way = instance_refreshes.into_iter().filter(is_under_way).map(|refresh| InstanceRefresh {
            group_name: group_name.clone(),
            status: refresh.status,
            percent: refresh.percentage_complete.and_then(|percent| u8::try_from(percent).ok()),
        });
        Ok(under_way.collect::<Vec<_>>())
    })
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// Suspend, or resume, the scheduled actions of groups, which set their sizes at set times. A group that is gone has none.
pub(crate) async fn set_scheduled_actions(
    wire: &Wire,
    group_names: &[String],
    active: bool,
) -> Result<(), PortError> {
    let action = if active { "ResumeProcesses" } else { "SuspendProcesses" };
    each_by_itself(group_names, async |name| {
        let form = on_group(action, name).with_list("ScalingProcesses.member", ["ScheduledActions"]);
        wire.tell(&form).await.or_absent(is_gone).map(drop)
    })
    .await
}

/// Write a note on a group; its instances don't get it.
pub(crate) async fn remember(wire: &Wire, group_name: &str, text: &str) -> Result<(), PortError> {
    let form = on_note("CreateOrUpdateTags", group_name)
        .with("Tags.member.1.Value", text)
        .with("Tags.member.1.PropagateAtLaunch", false);
    Ok(wire.tell(&form).await?)
}

/// Take the note off again. A group that is gone has none.
pub(crate) async fn forget(wire: &Wire, group_name: &str) -> Result<(), PortError> {
    wire.tell(&on_note("DeleteTags", group_name)).await.or_absent(is_gone).map(drop)
}

fn on_note(action: &'static str, group_name: &str) -> Form<'static> {
    Form::new(&AUTO_SCALING, action).with_members("Tags", [group_name], |name| {
        [("ResourceId", name), ("ResourceType", "auto-scaling-group"), ("Key", MEMORY_TAG)]
    })
}
