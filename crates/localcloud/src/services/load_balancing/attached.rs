//! Targets that another of AWS's services registers and deregisters on its own, as ECS does with its tasks. What such a
//! target is, that service knows; it isn't checked here.

use std::time::Duration;

use super::target_groups;
use super::targets::{self, Target};
use crate::World;

/// What has to be known of a target group by who registers with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TargetGroupFacts {
    /// Whether its targets are IP addresses.
    pub(crate) is_by_address: bool,
    /// Whether a load balancer forwards to it.
    pub(crate) is_in_use: bool,
}

/// A target group by its ARN; `None` when this cloud has none of it.
pub(crate) fn target_group(world: &World, arn: &str) -> Option<TargetGroupFacts> {
    let group = world.load_balancing.target_groups.get(arn)?;
    let kind = group.described.get("TargetType").and_then(serde_json::Value::as_str);
    Some(TargetGroupFacts {
        is_by_address: kind == Some("ip"),
        is_in_use: !target_groups::balancers_of(world, arn).is_empty(),
    })
}

/// Register a target; nothing happens when the group is gone.
pub(crate) fn attach(world: &mut World, arn: &str, id: &str, port: u16) {
    let Some(group) = world.load_balancing.target_groups.get(arn) else { return };
    let mut all = group.targets.clone();
    let target = Target { id: id.to_owned(), port: Some(port) };
    if !all.contains(&target) {
        all.push(target);
        targets::replace(world, arn, all);
    }
}

/// Deregister a target; gives how long it drains.
pub(crate) fn detach(world: &mut World, arn: &str, id: &str, port: u16) -> Duration {
    let Some(group) = world.load_balancing.target_groups.get(arn) else { return Duration::ZERO };
    let delay = targets::deregistration_delay(group);
    let target = Target { id: id.to_owned(), port: Some(port) };
    let left = group.targets.iter().filter(|known| **known != target).cloned().collect();
    targets::replace(world, arn, left);
    delay
}
