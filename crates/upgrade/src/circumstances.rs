//! Everything that was looked at before a plan is made, beyond the deployment's own template and parameters. Facts
//! only: [`crate::check`] says what they mean. What could not be looked at carries the reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::deployment::Deployment;
use crate::door::ListenerSeen;
use crate::observation::{Job, WorkerGroup};
use crate::obstacles::ObstaclesSeen;
use crate::plan::UpdateKind;
use crate::platform::{Computation, PlatformCapabilities, PlatformStatus, Session};
use crate::shared_state::SharedState;

/// Something that was looked at, or the reason why it couldn't be.
pub type Looked<T> = Result<T, String>;

/// What was found around a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// Who asks: the ARN that STS answers with.
    pub caller_arn: Looked<String>,
    /// Of the plan's actions, those that IAM says are denied to the caller.
    pub denied_to_caller: Looked<Vec<DeniedAction>>,
    /// The same for the role that CloudFormation assumes; `None`: the stack has none.
    pub denied_to_role: Option<Looked<Vec<DeniedAction>>>,
    /// Of what the updates of linked stacks ask, what the principals are denied that reach those alone.
    pub denied_to_linked: Vec<(UpdateKind, Looked<Vec<DeniedAction>>)>,
    /// Where the deployment's claim and journals are.
    pub state: SharedState,
    /// Locations of other states that the gate or notes name ([`crate::SharedState::elsewhere`]).
    pub elsewhere: Looked<Vec<String>>,
    pub stack: StackSettings,
    /// Drift of the resources that the update touches: those that drifted.
    pub drift: Looked<Vec<Drift>>,
    /// The backup stack, when the deployment has one.
    pub backup: Option<LinkedStack>,
    /// When the newest completed recovery point of the deployment's resources was made; `None`: there is none.
    pub newest_recovery_point: Looked<Option<crate::Timestamp>>,
    /// The deployment role's stack, when there is one.
    pub role_stack: Option<LinkedStack>,
    /// Databases of the stack as they are.
    pub databases: Looked<Vec<Database>>,
    /// Maintenance actions that wait for the databases' windows.
    pub pending_maintenance: Looked<Vec<PendingMaintenance>>,
    /// Alarms of the stack.
    pub alarms: Looked<Vec<Alarm>>,
    /// The listeners of the deployment's load balancers.
    pub listeners: Looked<Vec<ListenerSeen>>,
    /// What works in nested stacks, each as `NESTED/RESOURCE (TYPE)`.
    pub nested_work: Looked<Vec<String>>,
    /// Quotas, and how much of each is used.
    pub quotas: Looked<Vec<Quota>>,
    /// Single quotas that could not be looked at, each with the reason.
    pub unknown_quotas: Vec<String>,
    /// Custom names that the update would take and that exist already outside of the stack, by logical id.
    pub taken_names: Looked<BTreeMap<String, String>>,
    /// Single names that could not be looked at, each with the reason.
    pub unknown_names: Vec<String>,
    /// Unfinished jobs of the stack's queues.
    pub jobs: Looked<Vec<Job>>,
    /// Worker groups with their instances.
    pub worker_groups: Looked<Vec<WorkerGroup>>,
    pub dedicated_machines: Looked<Vec<Machine>>,
    /// What a drain may meet.
    pub obstacles: ObstaclesSeen,
    /// What the platform's adapter can do.
    pub platform: PlatformCapabilities,
    /// What the platform says of itself; `None`: its adapter can't ask.
    pub platform_status: Option<Looked<PlatformStatus>>,
    /// Of what proves the platform healthy, how it was before maintenance; empty: it wasn't looked at.
    pub health: Vec<crate::observation::HealthFinding>,
    /// Why nobody knows how healthy it was; `None`: it was looked at.
    pub health_unknown: Option<String>,
    /// Sessions; `None`: the adapter can't ask.
    pub sessions: Option<Looked<Vec<Session>>>,
    /// Computations; `None`: the adapter can't ask.
    pub computations: Option<Looked<Vec<Computation>>>,
}

/// An action that IAM's simulation denies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedAction {
    /// Such as `autoscaling:UpdateAutoScalingGroup`.
    pub action: String,
    /// `implicitDeny` or `explicitDeny`.
    pub decision: String,
}

/// A stack's settings, as DescribeStacks and GetStackPolicy tell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StackSettings {
    pub termination_protection: bool,
    /// The stack policy's text.
    pub stack_policy: Option<String>,
    /// Why nobody knows whether there is one.
    pub stack_policy_unknown: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// The role that CloudFormation assumes for this stack.
    pub role_arn: Option<String>,
    /// SNS topics.
    pub notification_arns: Vec<String>,
    /// Capabilities of the last operation.
    pub capabilities: Vec<String>,
    /// ARNs of rollback triggers.
    pub rollback_triggers: Vec<String>,
    /// For how many minutes after an update they are watched.
    pub monitoring_minutes: u64,
    /// Whether rollback is disabled for the stack.
    pub disable_rollback: bool,
    /// The stack's status while an operation is under way; `None`: none is.
    pub operation_under_way: Option<String>,
}

/// A stack beside the primary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedStack {
    /// Its name, as configured.
    pub name: String,
    /// What was found; the reason when it wasn't.
    pub found: Looked<Deployment>,
}

/// A resource that isn't as CloudFormation left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    pub logical_id: String,
    /// `MODIFIED` or `DELETED`.
    pub status: String,
    /// The properties that differ, as JSON pointers.
    pub properties: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its name in the template.
    pub logical_id: String,
    /// DBInstanceIdentifier.
    pub identifier: String,
    /// GiB now.
    pub allocated_storage: u32,
    /// GiB that storage autoscaling may go to.
    pub max_allocated_storage: Option<u32>,
    /// Such as `gp3`.
    pub storage_type: String,
    /// Such as `available`.
    pub status: String,
    /// Such as `16.4`; empty: RDS doesn't tell.
    #[serde(default)]
    pub engine_version: String,
    /// The weekly window in which RDS maintains it, UTC, such as `sun:05:00-sun:05:30`; empty: RDS doesn't tell.
    #[serde(default)]
    pub maintenance_window: String,
    /// Settings whose changes wait for that window, in RDS's words.
    #[serde(default)]
    pub waiting: Vec<String>,
}

/// A maintenance action that waits for a database's window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingMaintenance {
    /// The database's name in the template.
    pub logical_id: String,
    /// Such as `system-update`.
    pub action: String,
    /// When it is applied, as AWS writes it, where that is decided.
    pub applied_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in CloudWatch.
    pub name: String,
    /// Whether it does anything when it fires.
    pub actions_enabled: bool,
    /// `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: String,
    /// What it watches: namespace and metric.
    pub metric: String,
}

/// A rule of a listener, as it must be known to copy it for allow-listed addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerRule {
    pub listener_arn: String,
    /// The rule's own ARN.
    pub rule_arn: String,
    /// `None`: the default rule.
    pub priority: Option<i32>,
    /// Condition values in all (5 a rule at most).
    pub condition_values: u32,
    /// The run that made it, when it carries our tag.
    pub run_id: Option<String>,
    /// Whether it signs users in by OpenID Connect: its client secret can't be read, so the rule can't be copied.
    pub signs_in: bool,
}

/// A service quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// In AWS's words.
    pub name: String,
    /// The resource type whose additions count.
    pub resource_type: String,
    /// How many there may be.
    pub limit: u64,
    /// How many there are.
    pub used: u64,
}

/// A machine outside of every group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Machine {
    pub instance_id: String,
    /// EC2's state, such as `running`.
    pub state: String,
    /// Its tag `Name`.
    pub name: Option<String>,
    /// Whose it is, where a tag says so.
    pub owner: Option<String>,
}
