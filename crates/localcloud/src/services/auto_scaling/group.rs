//! What a group is: its settings, its instances, its warm pool.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refresh::Refresh;
use super::scheduled::ScheduledAction;
use crate::Timestamp;

/// A group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) created: Timestamp,
    pub(super) minimum: i64,
    pub(super) maximum: i64,
    pub(super) desired: i64,
    pub(super) new_instances_protected: bool,
    pub(super) hooks: Vec<Hook>,
    pub(super) tags: Vec<Tag>,
    /// Settings that are given back as they came, in the API's form.
    pub(super) described: Value,
    /// Since when.
    pub(super) suspended: BTreeMap<String, Timestamp>,
    pub(super) scheduled: BTreeMap<String, ScheduledAction>,
    /// Instance refreshes, the newest last.
    pub(super) refreshes: Vec<Refresh>,
    /// Why capacity changes just now, if a scheduled action is why.
    pub(super) scheduled_cause: Option<String>,
    /// In the order of their launch, warm ones included.
    pub(super) instances: Vec<Instance>,
    pub(super) warm_pool: Option<WarmPool>,
    /// The newest last.
    pub(super) activities: Vec<Activity>,
    pub(super) is_deleting: bool,
    /// How often CloudFormation has looked whether its instances are gone.
    pub(super) deletion_looks: u32,
    /// No launch before this, after one that failed.
    pub(super) next_launch: Timestamp,
}

/// A tag on a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) propagate_at_launch: bool,
}

/// A lifecycle hook.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hook {
    pub(super) name: String,
    /// At launch, or at termination.
    pub(super) at_launch: bool,
    pub(super) heartbeat_seconds: u64,
    /// What happens when the heartbeat runs out: CONTINUE, or ABANDON.
    pub(super) proceeds_by_default: bool,
    pub(super) notification_target: Option<String>,
    pub(super) notification_metadata: Option<String>,
    pub(super) role: Option<String>,
}

/// The states of <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LifecycleState {
    Pending,
    PendingWait,
    PendingProceed,
    InService,
    Terminating,
    TerminatingWait,
    TerminatingProceed,
    WarmedPending,
    WarmedPendingWait,
    WarmedPendingProceed,
    WarmedStopped,
    WarmedRunning,
    WarmedHibernated,
    WarmedTerminating,
    WarmedTerminatingWait,
    WarmedTerminatingProceed,
}

impl LifecycleState {
    /// AWS's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            LifecycleState::Pending => "Pending",
            LifecycleState::PendingWait => "Pending:Wait",
            LifecycleState::PendingProceed => "Pending:Proceed",
            LifecycleState::InService => "InService",
            LifecycleState::Terminating => "Terminating",
            LifecycleState::TerminatingWait => "Terminating:Wait",
            LifecycleState::TerminatingProceed => "Terminating:Proceed",
            LifecycleState::WarmedPending => "Warmed:Pending",
            LifecycleState::WarmedPendingWait => "Warmed:Pending:Wait",
            LifecycleState::WarmedPendingProceed => "Warmed:Pending:Proceed",
            LifecycleState::WarmedStopped => "Warmed:Stopped",
            LifecycleState::WarmedRunning => "Warmed:Running",
            LifecycleState::WarmedHibernated => "Warmed:Hibernated",
            LifecycleState::WarmedTerminating => "Warmed:Terminating",
            LifecycleState::WarmedTerminatingWait => "Warmed:Terminating:Wait",
            LifecycleState::WarmedTerminatingProceed => "Warmed:Terminating:Proceed",
        }
    }

    /// On its way into service or there: it counts towards the desired capacity.
    pub(super) fn counts(self) -> bool {
        matches!(
            self,
            LifecycleState::Pending
                | LifecycleState::PendingWait
                | LifecycleState::PendingProceed
                | LifecycleState::InService
        )
    }

    /// On its way into the warm pool or there.
    pub(super) fn is_warm(self) -> bool {
        matches!(
            self,
            LifecycleState::WarmedPending
                | LifecycleState::WarmedPendingWait
                | LifecycleState::WarmedPendingProceed
        ) || self.is_ready()
    }

    /// In the warm pool, to be had.
    pub(super) fn is_ready(self) -> bool {
        matches!(
            self,
            LifecycleState::WarmedStopped | LifecycleState::WarmedRunning | LifecycleState::WarmedHibernated
        )
    }

    /// Shown with the warm pool rather than with the group.
    pub(super) fn belongs_to_warm_pool(self) -> bool {
        self.name().starts_with("Warmed:")
    }
}

/// An instance of a group.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) id: String,
    pub(super) zone: String,
    pub(super) instance_type: String,
    pub(super) state: LifecycleState,
    /// Counts its states, so that a timer of an earlier one is known as stale.
    pub(super) step: u64,
    pub(super) is_protected: bool,
    /// Since when it has been in service, or was before it began to terminate.
    pub(super) in_service_since: Option<Timestamp>,
    /// The launch template it was launched with.
    pub(super) launch_template: Value,
    /// Why it was found unhealthy: how its termination's cause goes on.
    pub(super) unhealthy: Option<&'static str>,
    /// Put into the group's target groups when it came into service.
    pub(super) is_in_load_balancer: bool,
    /// Hooks that hold it, with their tokens.
    pub(super) waiting: BTreeMap<String, String>,
}

/// A warm pool's configuration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WarmPool {
    pub(super) minimum: i64,
    /// `None` is the group's maximum.
    pub(super) prepared: Option<i64>,
    pub(super) state: LifecycleState,
    /// Kept and shown.
    pub(super) reuse_on_scale_in: Option<bool>,
    pub(super) is_deleting: bool,
}

/// Something that a group did.
#[derive(Debug, Clone)]
pub(super) struct Activity {
    pub(super) id: String,
    pub(super) instance: String,
    pub(super) description: String,
    pub(super) cause: String,
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
    pub(super) status: &'static str,
    pub(super) message: Option<String>,
}

impl Group {
    /// Whether one of its processes is suspended.
    pub(super) fn is_suspended(&self, process: &str) -> bool {
        self.suspended.contains_key(process)
    }

    /// Instances that count towards the desired capacity.
    pub(super) fn counted(&self) -> i64 {
        count(self.instances.iter().filter(|instance| instance.state.counts()))
    }

    /// Instances of the warm pool, on their way out ones not counted.
    pub(super) fn warm(&self) -> i64 {
        count(self.instances.iter().filter(|instance| instance.state.is_warm()))
    }

    /// How many instances the warm pool should have.
    pub(super) fn wanted_warm(&self) -> i64 {
        match &self.warm_pool {
            Some(pool) if !pool.is_deleting => {
                let prepared = pool.prepared.unwrap_or(self.maximum);
                prepared.saturating_sub(self.desired).max(pool.minimum).max(0)
            }
            Some(_) | None => 0,
        }
    }

    /// One of its instances.
    pub(super) fn instance_mut(&mut self, id: &str) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|instance| instance.id == id)
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}
