//! Health checks of load balancers, for groups whose `HealthCheckType` asks for them: an instance whose target is
//! unhealthy is replaced once its grace period is over.
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html>

use std::time::Duration;

use super::group::{Group, State};
use super::{Timer, durations, lifecycle, scaling};
use crate::services::load_balancing;
use crate::{AwsError, Input, Timestamp, World, timers};

impl Group {
    fn checks_with_load_balancers(&self) -> bool {
        // One type, or several with commas between.
        let kinds = Input(&self.described).string("HealthCheckType").unwrap_or_default();
        kinds.split(',').any(|kind| kind.trim() == "ELB")
            && !["HealthCheck", "ReplaceUnhealthy"].iter().any(|process| self.suspended.contains(*process))
    }
}

/// A target has become unhealthy.
pub(crate) fn target_is_unhealthy(world: &mut World, instance: &str) {
    let groups = world.auto_scaling.groups.values();
    let found = groups.filter(|group| group.checks_with_load_balancers()).find_map(|group| {
        let member = group.instances.iter().find(|member| member.id == instance)?;
        let since = member.in_service_since.filter(|_| member.state == State::InService)?;
        Some((group.name.clone(), member.step, grace(world, group), since))
    });
    let Some((group, step, grace, since)) = found else { return };
    let over: Timestamp = since.after(grace);
    if over <= world.now {
        replace(world, &group, instance);
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
        replace(world, group, instance);
    }
}

/// Health checks are resumed: who is unhealthy by now is seen now.
pub(super) fn look_again(world: &mut World, name: &str) {
    let Some(group) = world.auto_scaling.groups.get(name) else { return };
    let unhealthy: Vec<String> = group
        .instances
        .iter()
        .filter(|member| load_balancing::is_unhealthy(world, &member.id))
        .map(|member| member.id.clone())
        .collect();
    for instance in unhealthy {
        target_is_unhealthy(world, &instance);
    }
}

/// SetInstanceHealth: somebody says how an instance is.
/// <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html>
///
/// Assumption: an unhealthy one is replaced at once, so `Healthy` has nothing to take back; within the grace period
/// `Unhealthy` is not heard, unless the request says otherwise.
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
    let is_suspended =
        ["HealthCheck", "ReplaceUnhealthy"].iter().any(|process| group.suspended.contains(*process));
    let is_young = member.in_service_since.is_none_or(|since| since.after(grace(world, group)) > world.now);
    let in_service = member.state == State::InService;
    let name = group.name.clone();
    if unhealthy && in_service && !is_suspended && !(respects_grace && is_young) {
        take_out(world, &name, id, "a user health-check.");
    }
    Ok(serde_json::json!({}))
}

fn replace(world: &mut World, group: &str, instance: &str) {
    take_out(world, group, instance, "an ELB system health check failure.");
}

fn take_out(world: &mut World, group: &str, instance: &str, what: &str) {
    lifecycle::terminate(world, group, instance);
    let words = format!("an instance was taken out of service in response to {what}");
    scaling::note_health_check(world, group, instance, &words);
    scaling::reconcile(world, group);
}
