//! What is asked of the cloud, of the platform, and of what proves it healthy.

use serde::{Deserialize, Serialize};

use crate::observation::physical_ids;
use crate::obstacles::ObstacleParts;
use crate::plan::{Piece, PlannedSnapshot, StackUpdate, Targets, UpdateKind};
use crate::platform::PlatformQuery;
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
        stack_id: String,
        /// The change set's name.
        name: String,
    },
    /// The events of one stack operation. They tell the stack's status too, so one call serves both.
    Events {
        /// Whose: says in which account and Region to ask.
        update: UpdateKind,
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
        stack_id: String,
    },
    /// Whether what an update will be made of is what was approved.
    Contents {
        planned: Box<StackUpdate>,
        /// What updates bring in.
        pieces: Vec<Piece>,
    },
}

/// A question about what the primary stack is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FleetQuery {
    /// The rules on listeners: those of the gate, and which priorities are taken.
    GateRules { listener_arns: Vec<String> },
    /// State and status of Batch job queues.
    JobQueues { arns: Vec<String> },
    /// Every unfinished job of Batch job queues.
    Jobs { queue_arns: Vec<String> },
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
