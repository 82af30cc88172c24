//! What is asked of the cloud and what it showed. Facts only: what they mean is decided in the steps.

use serde::{Deserialize, Serialize};

use crate::circumstances::Machine;
use crate::comparison::Change;
use crate::facts::Facts;
use crate::obstacles::{ObstacleParts, ObstaclesSeen};
use crate::plan::{Piece, PlannedSnapshot, StackUpdate, Targets, UpdateKind};
use crate::platform::{PlatformObservation, PlatformQuery};
use crate::policy::HttpCheck;
use crate::version::VersionSource;

/// A question, by where it goes. Asking changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Query {
    /// To CloudFormation, of one of the deployment's stacks.
    Stack(StackQuery),
    /// To what the primary stack is made of.
    Fleet(FleetQuery),
    /// Everything that proves the platform healthy, looked at once.
    Health(HealthQuery),
    /// To the platform's own API.
    Platform(PlatformQuery),
}

/// A question about a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StackQuery {
    /// A change set and, when it is complete, its changes.
    ChangeSet {
        /// Whose: says in which account and Region to ask.
        update: UpdateKind,
        /// The stack's id.
        stack_id: String,
        /// The change set's name.
        name: String,
    },
    /// The events of one stack operation. They tell the stack's status too, so one call serves both.
    Events {
        /// Whose: says in which account and Region to ask.
        update: UpdateKind,
        /// The stack's id.
        stack_id: String,
        /// The operation: only events with this token.
        client_request_token: String,
        /// Only events after this one.
        after_event_id: Option<String>,
        /// Names of Auto Scaling groups that the operation is deleting: their instances are looked at, too.
        worker_groups: Vec<String>,
    },
    /// The stack's status, whoever led it there.
    Status {
        /// Whose: says in which account and Region to ask.
        update: UpdateKind,
        /// The stack's id.
        stack_id: String,
    },
    /// Whether what an update will be made of is what was approved.
    Contents {
        /// The update.
        planned: Box<StackUpdate>,
        /// What updates bring in.
        pieces: Vec<Piece>,
    },
}

/// A question about what the primary stack is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FleetQuery {
    /// The rules on listeners: those of the gate, and which priorities are taken.
    GateRules {
        /// The listeners.
        listener_arns: Vec<String>,
    },
    /// State and status of Batch job queues.
    JobQueues {
        /// Their ARNs.
        arns: Vec<String>,
    },
    /// Every unfinished job of Batch job queues.
    Jobs {
        /// The queues' ARNs.
        queue_arns: Vec<String>,
    },
    /// Auto Scaling groups with instances and warm pool.
    WorkerGroups {
        /// Their names. A group that is gone is left out of the answer.
        names: Vec<String>,
    },
    /// Amazon ECS services with their tasks.
    EcsServices {
        /// Their ARNs. One that is gone is left out of the answer.
        arns: Vec<String>,
    },
    /// Physical ids of resources of the primary stack.
    Resources {
        /// The stack's id.
        stack_id: String,
        /// Which. One that is gone is left out of the answer.
        logical_ids: Vec<String>,
    },
    /// CloudWatch alarms.
    Alarms {
        /// Their names. One that is gone is left out of the answer.
        names: Vec<String>,
    },
    /// Machines that carry all of these tags, are in no Auto Scaling group and aren't terminated.
    Machines {
        /// Tags, each with its value where one is wanted.
        tags: Vec<(String, Option<String>)>,
    },
    /// The snapshots of this run that are there.
    Snapshots {
        /// Those that the plan wants.
        planned: Vec<PlannedSnapshot>,
        /// The run, which volume snapshots carry as a tag.
        run_id: String,
    },
    /// What a plan stands on, as it is now.
    Facts {
        /// The primary stack's id.
        stack_id: String,
        /// What the plan touches.
        targets: Targets,
        /// The listeners that the gate closes; none: there is no gate.
        listener_arns: Vec<String>,
    },
    /// What the drain can't end.
    Obstacles(ObstacleParts),
    /// Whether the calm holds.
    Calm(CalmParts),
    /// Everything that an end is told from.
    Standing {
        /// The primary stack's id.
        stack_id: String,
        /// What maintenance touches.
        parts: CalmParts,
        /// Where the deployed template tells its version.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        version_sources: Vec<VersionSource>,
    },
}

/// What is looked at together to see whether the calm holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CalmParts {
    /// The listeners on which the gate stands, or should.
    pub listener_arns: Vec<String>,
    /// Batch job queues.
    pub queue_arns: Vec<String>,
    /// Those of them whose jobs are looked at as well.
    pub job_queue_arns: Vec<String>,
    /// Auto Scaling groups, by name.
    pub group_names: Vec<String>,
    /// ARNs of Amazon ECS services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_arns: Vec<String>,
    /// CloudWatch alarms, by name.
    pub alarm_names: Vec<String>,
}

impl CalmParts {
    /// The work of these targets, without listeners and without alarms.
    #[must_use]
    pub fn of_work(targets: &Targets) -> CalmParts {
        let Targets { job_queues, worker_groups, ecs_services, .. } = targets;
        CalmParts {
            queue_arns: physical_ids(job_queues),
            group_names: physical_ids(worker_groups),
            service_arns: physical_ids(ecs_services),
            ..CalmParts::default()
        }
    }
}

/// What proves a platform healthy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HealthQuery {
    /// ARNs of target groups that must have healthy targets, and only such.
    pub target_group_arns: Vec<String>,
    /// ARNs of Amazon ECS services that must have as many tasks as they want.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_arns: Vec<String>,
    /// Whether the platform itself is asked.
    pub platform: bool,
    /// The version that it must answer with.
    pub version: Option<String>,
    /// The owner's own checks.
    pub http: Vec<HttpCheck>,
}

impl From<StackQuery> for Query {
    fn from(query: StackQuery) -> Query {
        Query::Stack(query)
    }
}

impl From<FleetQuery> for Query {
    fn from(query: FleetQuery) -> Query {
        Query::Fleet(query)
    }
}

impl StackQuery {
    /// Whose stack it is about: says in which account and Region to ask.
    #[must_use]
    pub fn update(&self) -> UpdateKind {
        match self {
            StackQuery::ChangeSet { update, .. }
            | StackQuery::Events { update, .. }
            | StackQuery::Status { update, .. } => *update,
            StackQuery::Contents { planned, .. } => planned.kind,
        }
    }
}

/// What the cloud showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Observation {
    /// Answer to [`FleetQuery::GateRules`].
    GateRules(Vec<DoorSeen>),
    /// Answer to [`FleetQuery::JobQueues`].
    JobQueues(Vec<JobQueue>),
    /// Answer to [`FleetQuery::Jobs`].
    Jobs(Vec<Job>),
    /// Answer to [`FleetQuery::WorkerGroups`].
    WorkerGroups(Vec<WorkerGroup>),
    /// Answer to [`FleetQuery::EcsServices`].
    EcsServices(Vec<EcsService>),
    /// Answer to [`StackQuery::ChangeSet`]; `None` when there is no such change set.
    ChangeSet(Option<ChangeSetSeen>),
    /// Answer to [`StackQuery::Events`].
    StackEvents {
        /// Oldest first.
        events: Vec<StackEvent>,
        /// Those of the groups asked for that are still there.
        worker_groups: Vec<WorkerGroup>,
    },
    /// Answer to [`StackQuery::Status`]; `None` when there is no such stack.
    StackStatus(Option<String>),
    /// Answer to [`FleetQuery::Resources`].
    Resources(Vec<LogicalResource>),
    /// Answer to [`FleetQuery::Alarms`].
    Alarms(Vec<AlarmSeen>),
    /// Answer to [`FleetQuery::Machines`].
    Machines(Vec<Machine>),
    /// Answer to [`FleetQuery::Snapshots`].
    Snapshots(Vec<SnapshotSeen>),
    /// Answer to [`StackQuery::Contents`]: sentences.
    Contents {
        /// What is something else than was approved.
        differences: Vec<String>,
        /// What could not be looked at.
        unread: Vec<String>,
    },
    /// Answer to [`FleetQuery::Facts`].
    Facts(Facts),
    /// Answer to [`FleetQuery::Obstacles`].
    Obstacles(Box<ObstaclesSeen>),
    /// Answer to [`FleetQuery::Calm`].
    Calm(CalmSeen),
    /// Answer to [`FleetQuery::Standing`].
    Standing(StandingSeen),
    /// Answer to [`Query::Health`].
    Health(Vec<HealthFinding>),
    /// Answer to [`Query::Platform`].
    Platform(PlatformObservation),
}

/// A listener on which the gate stands, or should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorSeen {
    /// The listener.
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
    /// The rule's ARN.
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
    /// The queues.
    pub queues: Vec<JobQueue>,
    /// Unfinished jobs of the queues whose jobs were asked for.
    pub jobs: Vec<Job>,
    /// The groups that are there.
    pub groups: Vec<WorkerGroup>,
    /// The ECS services that are there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<EcsService>,
    /// The alarms that are there.
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
    /// Its name.
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
    /// The rule's ARN.
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
pub struct Job {
    /// The job's id.
    pub id: String,
    /// The job's name.
    pub name: String,
    /// The queue it is in.
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
    /// The warm pool, if there is one.
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
    /// Its service's ARN.
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

/// A lifecycle hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleHook {
    /// Its name.
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
    /// Protected from scale-in.
    pub protected_from_scale_in: bool,
    /// It is in the warm pool.
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
    /// `AVAILABLE`, `EXECUTE_IN_PROGRESS`, `EXECUTE_COMPLETE`, …
    pub execution_status: String,
    /// All pages of its changes; empty until it is complete.
    pub changes: Vec<Change>,
}

/// A stack event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackEvent {
    /// The event's id.
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
}

impl StackEvent {
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
