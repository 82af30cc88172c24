//! Health checks of load balancers, for groups whose `HealthCheckType` asks for them: an instance whose target is
//! unhealthy is replaced once its grace period is over.
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html>

use std::time::Duration;

use super::group::{Group, LifecycleState};
use super::{Timer, durations, lifecycle, scaling};
use crate::services::load_balancing;
use crate::{AwsError, Input, Timestamp, World, timers};

impl Group {
    fn checks_with_load_balancers(&self) -> bool {
        // One type, or several with commas between.
        let kinds = Input(&self.described).string("HealthCheckType").unwrap_or_default();
        kinds.split(',').any(|kind| kind.trim() == "ELB") && !self.is_suspended("HealthCheck")
    }
}

/// A target has become unhealthy.
pub(crate) fn target_is_unhealthy(world: &mut World, instance: &str) {
    let groups = world.auto_scaling.groups.values();
    let found = groups.filter(|group| group.checks_with_load_balancers()).find_map(|group| {
        let member = group.instances.iter().find(|member| member.id == instance)?;
        let since = member.in_service_since.filter(|_| member.state == LifecycleState::InService)?;
        Some((group.name.clone(), member.step, grace(world, group), since))
    });
    let Some((group, step, grace, since)) = found else { return };
    let over: Timestamp = since.after(grace);
    if over <= world.now {
        mark(world, &group, instance, LOAD_BALANCER);
    } else {
        let timer = Timer::GraceOver { group, instance: instance.to_owned(), step };
        world.timers.schedule(over, timers::Timer::AutoScaling(timer));
    }
}

/// How long a process may take to come up.
fn grace(world: &World, group: &Group) -> Duration {
    let seconds = Input(&group.described).integer("HealthCheckGracePeriod").ok().flatten().unwrap_or(0);
    match u64::try_from(seconds) {
        Ok(0) | Err(_) => Duration::ZERO,
        Ok(seconds) => world.scaled(Duration::from_secs(seconds)).max(durations::SHORTEST_GRACE),
    }
}

/// An instance's grace period is over, and it was unhealthy during it.
pub(super) fn grace_is_over(world: &mut World, group: &str, instance: &str, step: u64) {
    let is_meant = world.auto_scaling.groups.get(group).is_some_and(|group| {
        group.checks_with_load_balancers()
            && group.instances.iter().any(|member| member.id == instance && member.step == step)
    });
    if is_meant && load_balancing::is_unhealthy(world, instance) {
        mark(world, group, instance, LOAD_BALANCER);
    }
}

/// Processes are resumed: who is unhealthy by now is seen now, and who was marked meanwhile is replaced.
pub(super) fn look_again(world: &mut World, name: &str) {
    let Some(group) = world.auto_scaling.groups.get(name) else { return };
    let unhealthy: Vec<String> = group
        .instances
        .iter()
        .filter(|member| load_balancing::is_unhealthy(world, &member.id))
        .map(|member| member.id.clone())
        .collect();
    let marked: Vec<String> = group
        .instances
        .iter()
        .filter(|member| member.unhealthy.is_some())
        .map(|member| member.id.clone())
        .collect();
    for instance in marked {
        replace(world, name, &instance);
    }
    for instance in unhealthy {
        target_is_unhealthy(world, &instance);
    }
}

/// SetInstanceHealth: somebody says how an instance is.
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html>
///
/// Assumption: an unhealthy one is replaced at once; within the grace period `Unhealthy` is not heard, unless the request
/// says otherwise. Suspending `HealthCheck` doesn't keep it from being heard: "Your custom health checks continue to
/// function properly".
pub(super) fn set(world: &mut World, input: Input<'_>) -> Result<serde_json::Value, AwsError> {
    let id = input.required_string("InstanceId")?;
    let unhealthy = match input.required_string("HealthStatus")? {
        status if status.eq_ignore_ascii_case("unhealthy") => true,
        status if status.eq_ignore_ascii_case("healthy") => false,
        other => {
            return Err(AwsError::validation(format!(
                "{other} is not a valid health status. Valid values are Healthy and Unhealthy."
            )));
        }
    };
    let respects_grace = input.boolean("ShouldRespectGracePeriod")?.unwrap_or(true);
    let mut groups = world.auto_scaling.groups.values();
    let found = groups
        .find_map(|group| Some((group, group.instances.iter().find(|member| member.id == id)?)))
        .ok_or_else(|| {
            AwsError::validation(format!(
                "Instance Id not found - No managed instance found for instance ID: {id}"
            ))
        })?;
    let (group, member) = found;
    let is_young = member.in_service_since.is_none_or(|since| since.after(grace(world, group)) > world.now);
    let in_service = member.state == LifecycleState::InService;
    let name = group.name.clone();
    if !unhealthy {
        if let Some(group) = world.auto_scaling.groups.get_mut(&name)
            && let Some(member) = group.instance_mut(id)
        {
            member.unhealthy = None;
        }
    } else if in_service && !(respects_grace && is_young) {
        mark(world, &name, id, CUSTOM);
    }
    Ok(serde_json::json!({}))
}

/// How the cause of a termination goes on.
pub(super) const STATUS_CHECK: &str = "an EC2 health check indicating it has been terminated or stopped.";
const LOAD_BALANCER: &str = "an ELB system health check failure.";
const CUSTOM: &str = "a user health-check.";

/// An instance is unhealthy; it is replaced as soon as the group may.
pub(super) fn mark(world: &mut World, group: &str, instance: &str, why: &'static str) {
    if let Some(found) =
        world.auto_scaling.groups.get_mut(group).and_then(|found| found.instance_mut(instance))
    {
        found.unhealthy = Some(why);
    }
    replace(world, group, instance);
}

/// Replace an instance that was marked, unless that is suspended: `ReplaceUnhealthy` itself, or `Terminate`, without which
/// it is inactive. With `Launch` suspended it goes, and nothing comes.
fn replace(world: &mut World, name: &str, instance: &str) {
    let Some(group) = world.auto_scaling.groups.get_mut(name) else { return };
    if group.is_suspended("ReplaceUnhealthy") || group.is_suspended("Terminate") {
        return;
    }
    let Some(why) = group.instance_mut(instance).and_then(|member| member.unhealthy) else { return };
    lifecycle::terminate(world, name, instance);
    let words = format!("an instance was taken out of service in response to {why}");
    scaling::note_health_check(world, name, instance, &words);
    scaling::reconcile(world, name);
}
