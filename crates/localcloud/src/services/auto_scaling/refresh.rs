//! Instance refreshes: the instances that a group has when one starts are replaced one after the other.
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html>
//!
//! Simulated is what an upgrade may meet: that one is under way, that another one is refused, that it can be cancelled, that
//! suspended processes hold it, and that it waits an hour for instances that are protected from scale-in. Preferences,
//! desired configurations, rollbacks, bake times and warm pools are not.

use serde_json::{Value, json};

use super::group::{Group, LifecycleState};
use super::{Timer, describe, find, find_mut, lifecycle, scaling};
use crate::{AwsError, Input, Speed, Timestamp, World, timers};

/// Refreshes kept of each group; AWS keeps six weeks of them.
const MOST_KEPT: usize = 50;
/// Between two looks whether the next instance can be replaced.
const LOOK: std::time::Duration = std::time::Duration::from_secs(30);
/// After so many looks at nothing but protected instances it fails: an hour ("Wait", the default of
/// `ScaleInProtectedInstances`).
const MOST_WAITS: u32 = 120;

/// One refresh.
#[derive(Debug, Clone)]
pub(super) struct Refresh {
    id: String,
    started: Timestamp,
    ended: Option<Timestamp>,
    status: &'static str,
    reason: Option<&'static str>,
    /// What it replaces, as far as it is left.
    old: Vec<String>,
    /// How many there were.
    total: usize,
    waits: u32,
}

impl Refresh {
    fn is_active(&self) -> bool {
        matches!(self.status, "Pending" | "InProgress" | "Cancelling")
    }
}

fn active(group: &mut Group) -> Option<&mut Refresh> {
    group.refreshes.last_mut().filter(|refresh| refresh.is_active())
}

/// The words are those of answers of AWS in public issue threads (terraform-provider-aws).
pub(super) fn start(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?;
    if active(find_mut(world, name)?).is_some() {
        return Err(AwsError::new(
            400,
            "InstanceRefreshInProgress",
            "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
        ));
    }
    let (now, id) = (world.now, world.identities.uuid(&format!("instance refresh of {name}")));
    let group = find_mut(world, name)?;
    let own = group.instances.iter().filter(|instance| instance.state.counts());
    let old: Vec<String> = own.map(|instance| instance.id.clone()).collect();
    if group.refreshes.len() >= MOST_KEPT {
        group.refreshes.remove(0);
    }
    group.refreshes.push(Refresh {
        id: id.clone(),
        started: now,
        ended: None,
        status: "Pending",
        reason: None,
        total: old.len(),
        old,
        waits: 0,
    });
    look_later(world, name);
    Ok(json!({"InstanceRefreshId": id}))
}

pub(super) fn cancel(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.required_string("AutoScalingGroupName")?;
    let group = find_mut(world, name)?;
    let Some(refresh) = active(group) else {
        return Err(AwsError::new(
            400,
            "ActiveInstanceRefreshNotFound",
            format!("No in progress or pending Instance Refresh found for Auto Scaling group {name}"),
        ));
    };
    refresh.status = "Cancelling";
    Ok(json!({"InstanceRefreshId": refresh.id}))
}

/// The newest first.
pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let group = find(world, input.required_string("AutoScalingGroupName")?)?;
    let ids: Vec<&str> = input.strings("InstanceRefreshIds").collect();
    let found = group.refreshes.iter().enumerate();
    let found = found.filter(|(_, refresh)| ids.is_empty() || ids.contains(&refresh.id.as_str()));
    let shown = found.map(|(place, refresh)| (format!("{:020}", usize::MAX - place), to_api(group, refresh)));
    let page = describe::paged(input, 100, shown.collect::<Vec<_>>())?;
    Ok(json!({"InstanceRefreshes": page.items, "NextToken": page.next_token}))
}

fn to_api(group: &Group, refresh: &Refresh) -> Value {
    let Refresh { id, started, ended, status, reason, old, total, waits: _ } = refresh;
    let done = total.saturating_sub(old.len());
    json!({
        "InstanceRefreshId": id,
        "AutoScalingGroupName": group.name,
        "Status": status,
        "StatusReason": reason,
        "StartTime": started.iso8601_seconds(),
        "EndTime": ended.map(Timestamp::iso8601_seconds),
        "PercentageComplete": if *total == 0 { 100 } else { done * 100 / total },
        "InstancesToUpdate": old.len(),
    })
}

fn look_later(world: &mut World, name: &str) {
    world.schedule(LOOK, timers::Timer::AutoScaling(Timer::Refresh { group: name.to_owned() }));
}

/// One that is held is looked at again when time has passed, however fast the cloud is: where everything is done at once, it
/// would be looked at without end.
fn look_when_time_has_passed(world: &mut World, name: &str) {
    let lasts = if world.config.speed == Speed::Instant { LOOK } else { world.scaled(LOOK) };
    let timer = timers::Timer::AutoScaling(Timer::Refresh { group: name.to_owned() });
    world.timers.schedule(world.now.after(lasts), timer);
}

/// It is time for the next instance.
pub(super) fn go_on(world: &mut World, name: &str) {
    let now = world.now;
    let Some(group) = world.auto_scaling.groups.get_mut(name) else { return };
    let is_held =
        ["Launch", "Terminate", "InstanceRefresh"].iter().any(|process| group.is_suspended(process));
    let there: Vec<(String, LifecycleState, bool)> = group
        .instances
        .iter()
        .map(|instance| (instance.id.clone(), instance.state, instance.is_protected))
        .collect();
    let Some(refresh) = active(group) else { return };
    refresh.old.retain(|id| there.iter().any(|(one, state, _)| one == id && state.counts()));
    let end = if refresh.status == "Cancelling" {
        Some(("Cancelled", None))
    } else if refresh.old.is_empty() {
        Some(("Successful", None))
    } else if refresh.waits >= MOST_WAITS {
        Some(("Failed", Some("Instances that are protected from scale in were not released in time.")))
    } else {
        None
    };
    if let Some((status, reason)) = end {
        (refresh.status, refresh.reason, refresh.ended) = (status, reason, Some(now));
        return;
    }
    refresh.status = "InProgress";
    let is_settled = there
        .iter()
        .filter(|(_, state, _)| state.counts())
        .all(|(_, state, _)| *state == LifecycleState::InService);
    if is_held {
        return look_when_time_has_passed(world, name);
    }
    if is_settled {
        let free = |id: &&String| there.iter().any(|(one, _, is_protected)| one == *id && !is_protected);
        let next = refresh.old.iter().find(free).cloned();
        refresh.waits = if next.is_some() { 0 } else { refresh.waits + 1 };
        if let Some(next) = next {
            lifecycle::terminate(world, name, &next);
            scaling::reconcile(world, name);
        }
    }
    look_later(world, name);
}
