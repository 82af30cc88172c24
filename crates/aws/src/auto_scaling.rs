//! Amazon EC2 Auto Scaling: worker groups, their instances, warm pools and lifecycle hooks.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::SdkError;
use aws_sdk_autoscaling::types::{AutoScalingGroup, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use upgrade::{
    GroupSize, Instance, InstanceRefresh, LifecycleAction, LifecycleHook, PortError, ScheduledAction,
    WarmPool, WarmPoolSize, WorkerGroup,
};

use crate::ec2;
use crate::errors::{code, look_again, port_error};
use crate::tags::MEMORY_TAG;
use crate::together::{all, each, each_by_itself};
use crate::wire::Wire;

/// DescribeAutoScalingGroups gives 50 groups a page when it isn't told otherwise.
const GROUPS_A_CALL: usize = 50;

/// SetInstanceProtection takes at most 50 instances (Auto Scaling API reference).
const INSTANCES_A_CALL: usize = 50;

/// What a group's tags are tags of.
const GROUP: &str = "auto-scaling-group";

pub(crate) async fn worker_groups(
    client: &Client,
    wire: &Wire,
    names: &[String],
) -> Result<Vec<WorkerGroup>, PortError> {
    // Without names DescribeAutoScalingGroups would tell of every group in the account; no chunk has none.
    let pages = all(names.chunks(GROUPS_A_CALL), |some| described(client, some)).await?;
    let described = pages.into_iter().flatten();
    let mut groups = all(described, async |group| worker_group(client, &group).await).await?;
    if groups.iter().any(|group| group.instances.iter().any(|instance| !instance.in_warm_pool)) {
        let notes = ec2::notes_on_instances(wire).await?;
        for instance in groups.iter_mut().flat_map(|group| &mut group.instances) {
            instance.remembered = notes.get(&instance.id).cloned();
        }
    }
    Ok(groups)
}

async fn described(client: &Client, names: &[String]) -> Result<Vec<AutoScalingGroup>, PortError> {
    let mut groups = Vec::new();
    let mut next_token = None;
    loop {
        let page = client
            .describe_auto_scaling_groups()
            .set_auto_scaling_group_names(Some(names.to_vec()))
            .set_next_token(next_token)
            .send()
            .await
            .map_err(|error| port_error("autoscaling:DescribeAutoScalingGroups", &error))?;
        groups.extend(page.auto_scaling_groups.unwrap_or_default());
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(groups);
        }
    }
}

/// Whether a group of this name exists.
pub(crate) async fn exists(client: &Client, name: &str) -> Result<bool, PortError> {
    Ok(!described(client, &[name.to_owned()]).await?.is_empty())
}

async fn worker_group(client: &Client, group: &AutoScalingGroup) -> Result<WorkerGroup, PortError> {
    let name = group.auto_scaling_group_name().unwrap_or_default();
    let mut instances: Vec<Instance> =
        group.instances().iter().map(|instance| seen(instance, false)).collect();
    let warm_pool = group.warm_pool_configuration().map(|pool| WarmPool {
        min_size: pool.min_size().unwrap_or(0),
        // -1 is how AWS writes "the group's greatest size" (PutWarmPool).
        max_group_prepared_capacity: pool.max_group_prepared_capacity().filter(|capacity| *capacity >= 0),
    });
    if warm_pool.is_some() {
        instances.extend(warm_instances(client, name).await?);
    }
    let note = group.tags().iter().find(|tag| tag.key() == Some(MEMORY_TAG));
    Ok(WorkerGroup {
        name: name.to_owned(),
        min_size: group.min_size().unwrap_or(0),
        max_size: group.max_size().unwrap_or(0),
        desired_capacity: group.desired_capacity().unwrap_or(0),
        new_instances_protected: group.new_instances_protected_from_scale_in().unwrap_or(false),
        warm_pool,
        instances,
        hooks: hooks(client, name).await?,
        suspended: suspended(group),
        remembered: note.and_then(|tag| tag.value()).map(str::to_owned),
    })
}

/// In the order of their names: the same journal for the same world.
fn suspended(group: &AutoScalingGroup) -> Vec<String> {
    let mut names: Vec<String> =
        group.suspended_processes().iter().filter_map(|one| one.process_name()).map(str::to_owned).collect();
    names.sort_unstable();
    names
}

/// A group's lifecycle hooks; none when the group went away meanwhile.
async fn hooks(client: &Client, group_name: &str) -> Result<Vec<LifecycleHook>, PortError> {
    match client.describe_lifecycle_hooks().auto_scaling_group_name(group_name).send().await {
        Ok(answer) => Ok(answer
            .lifecycle_hooks()
            .iter()
            .map(|hook| LifecycleHook {
                name: hook.lifecycle_hook_name().unwrap_or_default().to_owned(),
                terminating: hook.lifecycle_transition() == Some("autoscaling:EC2_INSTANCE_TERMINATING"),
            })
            .collect()),
        Err(error) => gone("autoscaling:DescribeLifecycleHooks", &error).map(|()| Vec::new()),
    }
}

/// That a group isn't there (any more) is no error: "AutoScalingGroup name not found - null".
fn gone<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Result<(), PortError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let sorted = port_error(operation, error);
    let is_gone = code(error) == Some("ValidationError") && sorted.message.contains("not found");
    if is_gone { Ok(()) } else { Err(sorted) }
}

async fn warm_instances(client: &Client, group_name: &str) -> Result<Vec<Instance>, PortError> {
    let mut instances = Vec::new();
    let mut next_token = None;
    loop {
        let page = client
            .describe_warm_pool()
            .auto_scaling_group_name(group_name)
            .set_next_token(next_token)
            .send()
            .await
            .map_err(|error| port_error("autoscaling:DescribeWarmPool", &error))?;
        instances.extend(page.instances().iter().map(|instance| seen(instance, true)));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(instances);
        }
    }
}

fn seen(instance: &aws_sdk_autoscaling::types::Instance, in_warm_pool: bool) -> Instance {
    Instance {
        id: instance.instance_id().unwrap_or_default().to_owned(),
        lifecycle_state: instance
            .lifecycle_state()
            .map(|state| state.as_str().to_owned())
            .unwrap_or_default(),
        protected_from_scale_in: instance.protected_from_scale_in().unwrap_or(false),
        in_warm_pool,
        remembered: None,
    }
}

pub(crate) async fn resize_worker_groups(client: &Client, sizes: &[GroupSize]) -> Result<(), PortError> {
    each_by_itself(sizes, async |size| {
        let resized = client
            .update_auto_scaling_group()
            .auto_scaling_group_name(&size.group_name)
            .min_size(size.min_size)
            .max_size(size.max_size)
            .desired_capacity(size.desired_capacity)
            .new_instances_protected_from_scale_in(size.new_instances_protected)
            .send()
            .await;
        resized.map(drop).map_err(|error| port_error("autoscaling:UpdateAutoScalingGroup", &error))
    })
    .await
}

pub(crate) async fn resize_warm_pools(client: &Client, sizes: &[WarmPoolSize]) -> Result<(), PortError> {
    each_by_itself(sizes, async |size| {
        let resized = client
            .put_warm_pool()
            .auto_scaling_group_name(&size.group_name)
            .min_size(size.min_size)
            .max_group_prepared_capacity(size.max_group_prepared_capacity.unwrap_or(-1))
            .send()
            .await;
        resized.map(drop).map_err(|error| port_error("autoscaling:PutWarmPool", &error))
    })
    .await
}

pub(crate) async fn protect_from_scale_in(
    client: &Client,
    group_name: &str,
    instance_ids: &[String],
    protected: bool,
) -> Result<(), PortError> {
    each(instance_ids.chunks(INSTANCES_A_CALL), async |some| {
        let set = client
            .set_instance_protection()
            .auto_scaling_group_name(group_name)
            .set_instance_ids(Some(some.to_vec()))
            .protected_from_scale_in(protected)
            .send()
            .await;
        set.map(drop).map_err(|error| {
            let sorted = port_error("autoscaling:SetInstanceProtection", &error);
            // An instance may have gone, or not have come up yet, since we looked.
            if code(&error) == Some("ValidationError") { look_again(sorted) } else { sorted }
        })
    })
    .await
}

/// Let the instances go on. CONTINUE rather than ABANDON: at termination it lets the other hooks have their turn, at
/// launch it brings the instance to where scaling in can end it (CompleteLifecycleAction).
pub(crate) async fn complete_lifecycle_actions(
    client: &Client,
    actions: &[LifecycleAction],
) -> Result<(), PortError> {
    each(actions, async |action| {
        let completed = client
            .complete_lifecycle_action()
            .auto_scaling_group_name(&action.group_name)
            .lifecycle_hook_name(&action.hook_name)
            .instance_id(&action.instance_id)
            .lifecycle_action_result("CONTINUE")
            .send()
            .await;
        let Err(error) = completed else { return Ok(()) };
        let sorted = port_error("autoscaling:CompleteLifecycleAction", &error);
        // Completed before, by us or by whoever the hook was made for.
        let is_over = code(&error) == Some("ValidationError")
            && sorted.message.contains("No active Lifecycle Action found");
        if is_over { Ok(()) } else { Err(sorted) }
    })
    .await
}

/// The scheduled actions of groups; a group that is gone has none.
pub(crate) async fn scheduled_actions(
    client: &Client,
    group_names: &[String],
) -> Result<Vec<ScheduledAction>, PortError> {
    let found = all(group_names, async |group_name| {
        let mut actions = Vec::new();
        let mut next_token = None;
        loop {
            let page = client
                .describe_scheduled_actions()
                .auto_scaling_group_name(group_name)
                .set_next_token(next_token)
                .send()
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    return gone("autoscaling:DescribeScheduledActions", &error).map(|()| Vec::new());
                }
            };
            actions.extend(page.scheduled_update_group_actions().iter().map(|action| ScheduledAction {
                group_name: group_name.clone(),
                name: action.scheduled_action_name().unwrap_or_default().to_owned(),
                next: action.start_time().map(ToString::to_string),
                recurrence: action.recurrence().map(str::to_owned),
            }));
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(actions);
            }
        }
    })
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// The instance refreshes of groups that are under way; a group that is gone has none. DescribeInstanceRefreshes tells the
/// newest first, and there is one at a time: the first page tells.
pub(crate) async fn instance_refreshes(
    client: &Client,
    group_names: &[String],
) -> Result<Vec<InstanceRefresh>, PortError> {
    use aws_sdk_autoscaling::types::InstanceRefreshStatus as Status;
    let found = all(group_names, async |group_name| {
        let answer = client.describe_instance_refreshes().auto_scaling_group_name(group_name).send().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                return gone("autoscaling:DescribeInstanceRefreshes", &error).map(|()| Vec::new());
            }
        };
        let is_over = |status: &Status| {
            matches!(
                status,
                Status::Successful
                    | Status::Failed
                    | Status::Cancelled
                    | Status::RollbackFailed
                    | Status::RollbackSuccessful
            )
        };
        let under_way =
            answer.instance_refreshes().iter().filter(|one| one.status().is_some_and(|one| !is_over(one)));
        let seen = under_way.map(|refresh| InstanceRefresh {
            group_name: group_name.clone(),
            status: refresh.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            percent: refresh.percentage_complete().and_then(|percent| u8::try_from(percent).ok()),
        });
        Ok(seen.collect())
    })
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// What sets groups' sizes at set times.
const SCHEDULED_ACTIONS: &str = "ScheduledActions";

/// Suspend, or resume, the scheduled actions of groups. A group that is gone has none.
pub(crate) async fn set_scheduled_actions(
    client: &Client,
    group_names: &[String],
    active: bool,
) -> Result<(), PortError> {
    each_by_itself(group_names, async |name| {
        if active {
            let resume = client.resume_processes().auto_scaling_group_name(name);
            match resume.scaling_processes(SCHEDULED_ACTIONS).send().await {
                Ok(_) => Ok(()),
                Err(error) => gone("autoscaling:ResumeProcesses", &error),
            }
        } else {
            let suspend = client.suspend_processes().auto_scaling_group_name(name);
            match suspend.scaling_processes(SCHEDULED_ACTIONS).send().await {
                Ok(_) => Ok(()),
                Err(error) => gone("autoscaling:SuspendProcesses", &error),
            }
        }
    })
    .await
}

/// Write a note on a group; its instances don't get it.
pub(crate) async fn remember(client: &Client, group_name: &str, text: &str) -> Result<(), PortError> {
    let note = note(group_name).value(text).propagate_at_launch(false).build();
    let tagged = client.create_or_update_tags().tags(note).send().await;
    tagged.map(drop).map_err(|error| port_error("autoscaling:CreateOrUpdateTags", &error))
}

/// Take the note off again. A group that is gone has none.
pub(crate) async fn forget(client: &Client, group_name: &str) -> Result<(), PortError> {
    match client.delete_tags().tags(note(group_name).build()).send().await {
        Ok(_) => Ok(()),
        Err(error) => gone("autoscaling:DeleteTags", &error),
    }
}

fn note(group_name: &str) -> aws_sdk_autoscaling::types::builders::TagBuilder {
    Tag::builder().resource_id(group_name).resource_type(GROUP).key(MEMORY_TAG)
}
