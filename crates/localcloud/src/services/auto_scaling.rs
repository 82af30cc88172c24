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
#[derive(Debug, Default)]
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
                group::State::InService => Some((instance.id.clone(), false)),
                group::State::Terminating
                | group::State::TerminatingWait
                | group::State::TerminatingProceed => {
                    instance.in_service_since.map(|_| (instance.id.clone(), true))
                }
                group::State::Pending
                | group::State::PendingWait
                | group::State::PendingProceed
                | group::State::WarmedPending
                | group::State::WarmedPendingWait
                | group::State::WarmedPendingProceed
                | group::State::WarmedStopped
                | group::State::WarmedRunning
                | group::State::WarmedHibernated
                | group::State::WarmedTerminating
                | group::State::WarmedTerminatingWait
                | group::State::WarmedTerminatingProceed => None,
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

/// Answer a request.
///
/// # Errors
/// In Auto Scaling's words.
pub fn handle(world: &mut World, operation: &str, input: Input<'_>) -> Result<serde_json::Value, AwsError> {
    match operation {
        "CreateAutoScalingGroup" => operations::create_group(world, input),
        "DeleteAutoScalingGroup" => operations::delete_group(world, input),
        "DescribeAutoScalingGroups" => describe::groups(world, input),
        "DescribeAutoScalingInstances" => describe::instances(world, input),
        "DescribeLifecycleHooks" => describe::hooks(world, input),
        "DescribeScalingActivities" => describe::activities(world, input),
        "UpdateAutoScalingGroup" => operations::update_group(world, input),
        "SetDesiredCapacity" => operations::set_desired_capacity(world, input),
        "SetInstanceHealth" => health::set(world, input),
        "SetInstanceProtection" => operations::set_instance_protection(world, input),
        "TerminateInstanceInAutoScalingGroup" => operations::terminate_instance(world, input),
        "CompleteLifecycleAction" => operations::complete_lifecycle_action(world, input),
        "CreateOrUpdateTags" => tags::create_or_update(world, input),
        "DeleteTags" => tags::delete(world, input),
        "SuspendProcesses" => operations::suspend(world, input, true),
        "ResumeProcesses" => operations::suspend(world, input, false),
        "StartInstanceRefresh" => refresh::start(world, input),
        "CancelInstanceRefresh" => refresh::cancel(world, input),
        "DescribeInstanceRefreshes" => refresh::describe(world, input),
        "PutScheduledUpdateGroupAction" => scheduled::put(world, input),
        "BatchPutScheduledUpdateGroupAction" => scheduled::put_batch(world, input),
        "DeleteScheduledAction" => scheduled::delete(world, input),
        "BatchDeleteScheduledAction" => scheduled::delete_batch(world, input),
        "DescribeScheduledActions" => scheduled::describe(world, input),
        "DescribeWarmPool" => warm_pool::describe(world, input),
        "PutWarmPool" => warm_pool::put(world, input),
        "DeleteWarmPool" => warm_pool::delete(world, input),
        _ => Err(AwsError::invalid_action(operation)),
    }
}

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
