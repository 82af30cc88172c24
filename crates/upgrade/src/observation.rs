//! What the cloud showed. Facts only: what they mean is decided in the steps.

use serde::{Deserialize, Serialize};

use crate::circumstances::Machine;
use crate::comparison::Change;
use crate::facts::Facts;
use crate::hooks::{HookFinding, HooksSeen};
use crate::obstacles::ObstaclesSeen;
use crate::platform::PlatformObservation;

/// What the cloud showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Observation {
    /// Answer to [`crate::FleetQuery::GateRules`].
    GateRules(Vec<DoorSeen>),
    /// Answer to [`crate::FleetQuery::JobQueues`].
    JobQueues(Vec<JobQueue>),
    /// Answer to [`crate::FleetQuery::Jobs`].
    Jobs(Vec<Job>),
    /// Answer to [`crate::FleetQuery::WorkerGroups`].
    WorkerGroups(Vec<WorkerGroup>),
    /// Answer to [`crate::FleetQuery::EcsServices`].
    EcsServices(Vec<EcsService>),
    /// Answer to [`crate::StackQuery::ChangeSet`]; `None` when there is no such change set.
    ChangeSet(Option<ChangeSetSeen>),
    /// Answer to [`crate::StackQuery::Events`].
    StackEvents {
        /// Oldest first.
        events: Vec<StackEvent>,
        /// Those of the groups asked for that are still there.
        worker_groups: Vec<WorkerGroup>,
    },
    /// Answer to [`crate::StackQuery::Status`]; `None` when there is no such stack.
    StackStatus(Option<String>),
    /// Answer to [`crate::FleetQuery::Resources`].
    Resources(Vec<LogicalResource>),
    /// Answer to [`crate::FleetQuery::Alarms`].
    Alarms(Vec<AlarmSeen>),
    /// Answer to [`crate::FleetQuery::Machines`].
    Machines(Vec<Machine>),
    /// Answer to [`crate::FleetQuery::Snapshots`].
    Snapshots(Vec<SnapshotSeen>),
    /// Answer to [`crate::StackQuery::Contents`]: sentences.
    Contents {
        /// What is something else than was approved.
        differences: Vec<String>,
        /// What could not be looked at.
        unread: Vec<String>,
    },
    /// Answer to [`crate::FleetQuery::Facts`].
    Facts(Facts),
    /// Answer to [`crate::FleetQuery::Obstacles`].
    Obstacles(Box<ObstaclesSeen>),
    /// Answer to [`crate::FleetQuery::Calm`].
    Calm(CalmSeen),
    /// Answer to [`crate::FleetQuery::Standing`].
    Standing(StandingSeen),
    /// Answer to [`crate::Query::Health`].
    Health(Vec<HealthFinding>),
    /// Answer to [`crate::Query::Platform`].
    Platform(PlatformObservation),
}

/// A listener on which the gate stands, or should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorSeen {
    pub listener_arn: String,
    /// Whether it is there at all.
    pub exists: bool,
    /// The rules on it that carry our tag.
    pub rules: Vec<GateRuleSeen>,
    /// The other numbered rules on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherRule>,
}

/// A numbered rule on a listener that isn't the gate's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherRule {
    pub rule_arn: String,
    /// 1 to 50000.
    pub priority: i32,
    /// The value of our tag on it: its priority before it made room for the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<String>,
}

/// What the calm is made of, as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CalmSeen {
    /// The listeners that were asked for.
    pub doors: Vec<DoorSeen>,
    pub queues: Vec<JobQueue>,
    /// Unfinished jobs of the queues whose jobs were asked for.
    pub jobs: Vec<Job>,
    pub groups: Vec<WorkerGroup>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<EcsService>,
    pub alarms: Vec<AlarmSeen>,
}

/// Everything that an end is told from, as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StandingSeen {
    /// The primary stack's status.
    pub stack_status: String,
    /// The version that its template tells.
    pub version: Option<String>,
    /// What maintenance touches.
    pub calm: CalmSeen,
}

/// One thing that was asked for its health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthFinding {
    /// What was asked, such as `target group web` or `https://example.com/ready`.
    pub what: String,
    /// Whether it is well.
    pub healthy: bool,
    /// What it answered.
    pub detail: String,
}

impl HealthFinding {
    /// What the platform says of itself.
    pub const PLATFORM: &str = "platform";
}

/// An alarm's switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmSeen {
    pub name: String,
    /// Whether it acts when it fires.
    pub actions_enabled: bool,
    /// The value of our tag on it: that it acted before maintenance.
    pub remembered: Option<String>,
}

/// A snapshot of this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotSeen {
    /// The planned name.
    pub name: String,
    /// Its id in the account.
    pub id: String,
    /// Whether it is complete.
    pub complete: bool,
    /// Why it never will be.
    pub failure: Option<String>,
    /// How far it is: 0 to 100, where AWS tells.
    pub percent: Option<u8>,
}

/// A listener rule that closes the gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRuleSeen {
    pub rule_arn: String,
    /// Its priority; `None` for one that ELB shows without a number.
    pub priority: Option<i32>,
    /// The run that made it, from its tag.
    pub run_id: String,
    /// Whether it keeps users out; else it lets admitted addresses in.
    pub closes: bool,
    /// The value of our other tag on it: since when, and by whom ([`crate::Note`]).
    pub note: Option<String>,
}

/// A Batch job queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobQueue {
    /// The queue's ARN.
    pub arn: String,
    /// `ENABLED` (true) or `DISABLED`.
    pub enabled: bool,
    /// `VALID`, `UPDATING` while a change is under way, `INVALID` when Batch can't use it.
    pub status: String,
    /// Why, in Batch's words.
    pub status_reason: Option<String>,
    /// The value of our tag on it: its state before maintenance.
    pub remembered: Option<String>,
}

/// An unfinished Batch job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Job {
    /// The job's id.
    pub id: String,
    /// The job's name.
    pub name: String,
    pub queue_arn: String,
    /// `SUBMITTED`, `PENDING`, `RUNNABLE`, `STARTING` or `RUNNING`.
    pub status: String,
    /// Whose it is, where a tag of the job says so (`owner`, `user`, `created-by`, in any case and with any prefix).
    pub owner: Option<String>,
}

/// An Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerGroup {
    /// The group's name.
    pub name: String,
    /// Least number of instances.
    pub min_size: i32,
    /// Greatest number of instances.
    pub max_size: i32,
    /// Wanted number of instances.
    pub desired_capacity: i32,
    /// Whether new instances are protected from scale-in.
    pub new_instances_protected: bool,
    pub warm_pool: Option<WarmPool>,
    /// Instances in service, on their way in or out, and in the warm pool.
    pub instances: Vec<Instance>,
    /// The lifecycle hooks' names: those at launch and those at termination.
    pub hooks: Vec<LifecycleHook>,
    /// Its processes that are suspended, such as `Terminate`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspended: Vec<String>,
    /// The value of our tag on it: its sizes before maintenance.
    pub remembered: Option<String>,
}

/// An Amazon ECS service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsService {
    /// The service's ARN.
    pub arn: String,
    /// How many tasks it is to have.
    pub desired_count: i32,
    /// How many run.
    pub running_count: i32,
    /// `ACTIVE`, or `DRAINING` while it is being deleted.
    pub status: String,
    /// Whether all of its tasks are of its newest definition.
    pub is_steady: bool,
    /// What ECS said last of it, where it said anything.
    pub last_event: Option<String>,
    /// Its tasks that have not stopped.
    pub tasks: Vec<EcsTask>,
    /// The value of our tag on it: its count before maintenance.
    pub remembered: Option<String>,
}

impl EcsService {
    /// The last part of its ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        crate::act::short_name(&self.arn)
    }
}

/// A task of an ECS service that has not stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsTask {
    /// The task's ARN.
    pub arn: String,
    pub service_arn: String,
    /// `PROVISIONING`, `PENDING`, `ACTIVATING`, `RUNNING`, `DEACTIVATING`, `STOPPING` or `DEPROVISIONING`.
    pub status: String,
}

impl EcsTask {
    /// Whether nothing ends it yet.
    #[must_use]
    pub fn stays(&self) -> bool {
        !matches!(self.status.as_str(), "DEACTIVATING" | "STOPPING" | "DEPROVISIONING" | "STOPPED")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleHook {
    pub name: String,
    /// At termination; else at launch.
    pub terminating: bool,
}

/// An Auto Scaling group's warm pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmPool {
    /// Least number of instances kept warm.
    pub min_size: i32,
    /// Greatest number of prepared instances; `None`: the group's greatest size.
    pub max_group_prepared_capacity: Option<i32>,
}

/// An instance of a worker group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The instance's id.
    pub id: String,
    /// Auto Scaling's lifecycle state, such as `InService` or `Terminating:Wait`.
    pub lifecycle_state: String,
    pub protected_from_scale_in: bool,
    pub in_warm_pool: bool,
    /// The value of our tag on it: that it was protected from scale-in before maintenance.
    pub remembered: Option<String>,
}

/// A change set as AWS made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSetSeen {
    /// `CREATE_PENDING`, `CREATE_IN_PROGRESS`, `CREATE_COMPLETE`, `FAILED`, …
    pub status: String,
    /// Why, in AWS's words.
    pub status_reason: Option<String>,
    /// What was found wrong with it before anything was touched, a line each: resource, path in the template, reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// `AVAILABLE`, `EXECUTE_IN_PROGRESS`, `EXECUTE_COMPLETE`, …
    pub execution_status: String,
    /// All pages of its changes; empty until it is complete.
    pub changes: Vec<Change>,
    /// The account's hooks that will look at it; `None` while it can't be executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hooks: Option<HooksSeen>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackEvent {
    pub event_id: String,
    /// When, as AWS wrote it (ISO 8601, UTC).
    pub timestamp: String,
    /// The resource, or the stack's own name.
    pub logical_id: String,
    /// The resource's id in the account, once there is one.
    pub physical_id: Option<String>,
    /// Such as `AWS::Batch::JobQueue`.
    pub resource_type: String,
    /// Such as `UPDATE_COMPLETE`.
    pub status: String,
    /// Why, in AWS's words.
    pub status_reason: Option<String>,
    /// What a hook of the account found in the resource, which is then as its status says; `None`: it tells of something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<HookFinding>,
}

impl StackEvent {
    /// Why, for a person.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.hook.as_ref().map(ToString::to_string).or_else(|| self.status_reason.clone())
    }

    /// Whether it tells of the stack itself, and not of a resource or a nested stack.
    #[must_use]
    pub fn is_of_stack(&self, stack_name: &str) -> bool {
        self.resource_type == "AWS::CloudFormation::Stack" && self.logical_id == stack_name
    }

    /// Whether a resource failed by itself. CloudFormation cancels what is under way when something fails, and
    /// says so in the reason ("Resource update cancelled"); the stack's own failure repeats its resources'.
    #[must_use]
    pub fn is_root_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
            && self.resource_type != "AWS::CloudFormation::Stack"
            && !self.status_reason.as_deref().is_some_and(|reason| reason.contains("cancelled"))
    }
}

/// A resource of the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogicalResource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its id in the account.
    pub physical_id: String,
}

/// Their ids in the account.
#[must_use]
pub fn physical_ids(resources: &[LogicalResource]) -> Vec<String> {
    resources.iter().map(|resource| resource.physical_id.clone()).collect()
}

/// Of what was there before, what the stack has no more: it may be there all the same, kept, or because it couldn't be deleted.
pub(crate) fn left_behind<'a>(
    before: impl Iterator<Item = &'a String>,
    targets: &[LogicalResource],
) -> impl Iterator<Item = String> {
    before.filter(|id| targets.iter().all(|target| target.physical_id != **id)).cloned()
}

impl Observation {
    /// Which kind of answer it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Observation::GateRules(_) => "gate rules",
            Observation::JobQueues(_) => "job queues",
            Observation::Jobs(_) => "jobs",
            Observation::WorkerGroups(_) => "worker groups",
            Observation::EcsServices(_) => "ECS services",
            Observation::ChangeSet(_) => "a change set",
            Observation::StackEvents { .. } => "stack events",
            Observation::StackStatus(_) => "a stack's status",
            Observation::Resources(_) => "resources",
            Observation::Alarms(_) => "alarms",
            Observation::Machines(_) => "machines",
            Observation::Snapshots(_) => "snapshots",
            Observation::Contents { .. } => "contents",
            Observation::Facts(_) => "facts",
            Observation::Obstacles(_) => "obstacles",
            Observation::Calm(_) => "a look at the calm",
            Observation::Standing(_) => "a look at what is so",
            Observation::Health(_) => "findings of health",
            Observation::Platform(PlatformObservation::Sessions(_)) => "sessions",
            Observation::Platform(PlatformObservation::Computations(_)) => "computations",
            Observation::Platform(PlatformObservation::Status(_)) => "the platform's status",
            Observation::Platform(PlatformObservation::Banner(_)) => "the banner",
        }
    }
}
