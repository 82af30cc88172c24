//! EC2 Auto Scaling: groups reach their desired capacity over time, instances pass through their lifecycle,
//! hooks hold them, protection keeps them from scale-in, warm pools keep some in reserve, scheduled actions set their
//! sizes, instance refreshes replace what is there. Scaling policies and rebalancing between zones are not simulated, so
//! suspending `AlarmNotification` or `AZRebalance` is kept and shown and has nothing to keep from happening.

mod cron;
mod describe;
mod durations;
mod group;
mod health;
mod lifecycle;
mod machines;
mod operations;
pub mod provision;
mod refresh;
mod scaling;
mod scheduled;
mod scheduled_provision;
mod settings;
mod tags;
mod time_zone;
mod warm_pool;

use std::collections::BTreeMap;

use group::Group;
pub(crate) use health::target_is_unhealthy;
pub(crate) use machines::instance_is_dead;

use crate::descriptor::{Descriptor, QUERY, Target, changes, surveys};
use crate::{AwsError, Input, World};

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Timer {
    /// An instance's present state has lasted its time.
    Step {
        /// The group's name.
        group: String,
        /// The instance.
        instance: String,
        /// Which of the instance's states is meant; another one means that it has moved on.
        step: u64,
    },
    /// A lifecycle hook's heartbeat timeout has run out, or the instance completes the hook itself.
    Hook {
        /// The group's name.
        group: String,
        /// The instance.
        instance: String,
        /// The hook's name.
        hook: String,
        /// Which of the instance's states is meant.
        step: u64,
        /// `CONTINUE`, or not.
        proceed: bool,
    },
    /// The health check grace period of an instance that was found unhealthy is over.
    GraceOver {
        /// The group's name.
        group: String,
        /// The instance.
        instance: String,
        /// Which of the instance's states is meant.
        step: u64,
    },
    /// A scheduled action's time has come.
    Scheduled {
        /// The group's name.
        group: String,
        /// The action's name.
        action: String,
        /// Which of its plans is meant.
        step: u64,
    },
    /// An instance refresh goes on.
    Refresh {
        /// The group's name.
        group: String,
    },
    /// A group may launch again after a launch that failed.
    Retry {
        /// The group's name.
        group: String,
    },
}

/// The groups by name.
#[derive(Debug, Clone, Default)]
pub struct AutoScaling {
    groups: BTreeMap<String, Group>,
    /// Times that scheduled actions were given.
    plans: u64,
}

impl AutoScaling {
    /// The instances whose group has this target group, registered there: with whether they are being deregistered.
    pub(crate) fn registered_with(&self, target_group_arn: &str) -> Vec<(String, bool)> {
        let groups = self.groups.values().filter(|group| {
            Input(&group.described).strings("TargetGroupARNs").any(|arn| arn == target_group_arn)
        });
        groups
            .flat_map(|group| &group.instances)
            .filter(|instance| instance.is_in_load_balancer)
            .filter_map(|instance| match instance.state {
                group::LifecycleState::InService => Some((instance.id.clone(), false)),
                group::LifecycleState::Terminating
                | group::LifecycleState::TerminatingWait
                | group::LifecycleState::TerminatingProceed => {
                    instance.in_service_since.map(|_| (instance.id.clone(), true))
                }
                group::LifecycleState::Pending
                | group::LifecycleState::PendingWait
                | group::LifecycleState::PendingProceed
                | group::LifecycleState::WarmedPending
                | group::LifecycleState::WarmedPendingWait
                | group::LifecycleState::WarmedPendingProceed
                | group::LifecycleState::WarmedStopped
                | group::LifecycleState::WarmedRunning
                | group::LifecycleState::WarmedHibernated
                | group::LifecycleState::WarmedTerminating
                | group::LifecycleState::WarmedTerminatingWait
                | group::LifecycleState::WarmedTerminatingProceed => None,
            })
            .collect()
    }
}

/// Whether an instance belongs to a group.
pub(crate) fn has_member(world: &World, instance: &str) -> bool {
    let mut groups = world.auto_scaling.groups.values();
    groups.any(|group| group.instances.iter().any(|member| member.id == instance))
}

/// A timer is due.
pub fn happen(world: &mut World, timer: Timer) {
    match timer {
        Timer::Step { group, instance, step } => lifecycle::step_is_over(world, &group, &instance, step),
        Timer::Hook { group, instance, hook, step, proceed } => {
            lifecycle::hook_is_over(world, &group, &instance, &hook, step, proceed);
        }
        Timer::GraceOver { group, instance, step } => health::grace_is_over(world, &group, &instance, step),
        Timer::Scheduled { group, action, step } => scheduled::run(world, &group, &action, step),
        Timer::Refresh { group } => refresh::go_on(world, &group),
        Timer::Retry { group } => scaling::reconcile(world, &group),
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "EC2 Auto Scaling",
    signing_name: "autoscaling",
    version: Some("2011-01-01"),
    namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
    target: Target::Computed(|world, _operation, input| {
        let tagged = input.objects("Tags").filter_map(|tag| tag.string("ResourceId"));
        let names = input.string("AutoScalingGroupName").into_iter().chain(tagged);
        let names: std::collections::BTreeSet<&str> = names.collect();
        let arn = |name| world.arn("autoscaling", &format!("autoScalingGroup:*:autoScalingGroupName/{name}"));
        names.into_iter().map(arn).collect()
    }),
    tags: |world, arn| {
        let name = arn.rsplit("autoScalingGroupName/").next().unwrap_or_default();
        let tags = world.auto_scaling.groups.get(name).map(|group| group.tags.as_slice()).unwrap_or_default();
        tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
    },
    resource_types: provision::TYPES,
    operations: &[
        changes("CreateAutoScalingGroup", operations::create_group),
        changes("DeleteAutoScalingGroup", operations::delete_group),
        surveys("DescribeAutoScalingGroups", describe::groups),
        surveys("DescribeAutoScalingInstances", describe::instances),
        surveys("DescribeLifecycleHooks", describe::hooks),
        surveys("DescribeScalingActivities", describe::activities),
        changes("UpdateAutoScalingGroup", operations::update_group),
        changes("SetDesiredCapacity", operations::set_desired_capacity),
        changes("SetInstanceHealth", health::set),
        changes("SetInstanceProtection", operations::set_instance_protection),
        changes("TerminateInstanceInAutoScalingGroup", operations::terminate_instance),
        changes("CompleteLifecycleAction", operations::complete_lifecycle_action),
        changes("CreateOrUpdateTags", tags::create_or_update),
        changes("DeleteTags", tags::delete),
        changes("SuspendProcesses", |world, input| operations::suspend(world, input, true)),
        changes("ResumeProcesses", |world, input| operations::suspend(world, input, false)),
        changes("StartInstanceRefresh", refresh::start),
        changes("CancelInstanceRefresh", refresh::cancel),
        surveys("DescribeInstanceRefreshes", refresh::describe),
        changes("PutScheduledUpdateGroupAction", scheduled::put),
        changes("BatchPutScheduledUpdateGroupAction", scheduled::put_batch),
        changes("DeleteScheduledAction", scheduled::delete),
        changes("BatchDeleteScheduledAction", scheduled::delete_batch),
        surveys("DescribeScheduledActions", scheduled::describe),
        surveys("DescribeWarmPool", warm_pool::describe),
        changes("PutWarmPool", warm_pool::put),
        changes("DeleteWarmPool", warm_pool::delete),
    ],
    ..QUERY
};

fn find<'w>(world: &'w World, name: &str) -> Result<&'w Group, AwsError> {
    world.auto_scaling.groups.get(name).ok_or_else(not_found)
}

fn find_mut<'w>(world: &'w mut World, name: &str) -> Result<&'w mut Group, AwsError> {
    world.auto_scaling.groups.get_mut(name).ok_or_else(not_found)
}

/// AWS says "null" there in earnest.
fn not_found() -> AwsError {
    AwsError::validation("AutoScalingGroup name not found - null")
}

#[cfg(test)]
mod tests;
