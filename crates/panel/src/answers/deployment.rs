//! How a deployment is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use upgrade::{
    Computation, EcsService, HealthFinding, Job, JobQueue, Machine, Maintenance, Session, Unsaved, Users,
    WorkerGroup,
};

use crate::backend::MOST_MESSAGE;
use crate::moment::Moment;

/// Whether users are let in. `none`: there is no gate to keep them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    Open,
    Closed,
    None,
    Unknown,
}

impl Gate {
    /// What a look showed, with the maintenance that the deployment is in.
    #[must_use]
    pub fn seen(users: Option<&Users>) -> (Gate, Option<&Maintenance>) {
        let gate = match users {
            Some(Users::In) => Gate::Open,
            Some(Users::Out(_)) => Gate::Closed,
            Some(Users::AtWork | Users::Stopped(_)) => Gate::None,
            None => Gate::Unknown,
        };
        (gate, users.and_then(Users::maintenance))
    }
}

/// A deployment as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentStanding {
    pub name: String,
    /// When it was looked at.
    pub at: Moment,
    /// The deployed release, where its template tells it.
    pub version: Option<String>,
    /// CloudFormation's word, such as `UPDATE_COMPLETE`.
    pub stack_status: String,
    pub gate: Gate,
    /// Every way in and how it stands, a line each.
    pub doors: Vec<String>,
    /// Each part that proves the platform healthy. In maintenance its pages and the platform itself aren't asked.
    pub health: Known<PartHealth>,
    /// The run that entered the maintenance which the deployment is in.
    pub gate_run: Option<String>,
    pub gate_since: Option<Moment>,
    pub gate_by: Option<String>,
    /// Unfinished jobs.
    pub jobs: Known<ListedJob>,
    pub workers: Known<Workers>,
    pub services: Known<Service>,
    /// `null`: the platform has no way to tell.
    pub sessions: Option<Known<ListedSession>>,
}

/// A list, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Known{T}")]
pub struct Known<T> {
    pub items: Option<Vec<T>>,
    pub unknown_because: Option<String>,
}

impl<T> Known<T> {
    /// What was found, item by item.
    pub fn new<S>(found: &Result<Vec<S>, String>, item: impl Fn(&S) -> T) -> Known<T> {
        let items = found.as_ref().ok().map(|all| all.iter().map(item).collect());
        Known { items, unknown_because: found.as_ref().err().cloned() }
    }

    /// The same, of things that are told as they are by `T`.
    pub fn of<'s, S>(found: &'s Result<Vec<S>, String>) -> Known<T>
    where
        T: From<&'s S>,
    {
        let items = found.as_ref().ok().map(|all| all.iter().map(T::from).collect());
        Known { items, unknown_because: found.as_ref().err().cloned() }
    }
}

/// A part of the platform, and how it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartHealth {
    /// What was asked, such as `target group web` or `platform`.
    pub part: String,
    pub healthy: bool,
    /// What it answered.
    pub detail: String,
}

impl From<&HealthFinding> for PartHealth {
    fn from(finding: &HealthFinding) -> PartHealth {
        let HealthFinding { what, healthy, detail } = finding.clone();
        PartHealth { part: what, healthy, detail }
    }
}

/// An unfinished job of AWS Batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ListedJob {
    pub id: String,
    pub name: String,
    /// Batch's word, such as `RUNNING`.
    pub status: String,
    /// Whose it is, where a tag of the job says so.
    pub owner: Option<String>,
}

impl From<&Job> for ListedJob {
    fn from(job: &Job) -> ListedJob {
        let Job { id, name, status, owner, queue_arn: _ } = job.clone();
        ListedJob { id, name, status, owner }
    }
}

/// A job queue of AWS Batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Queue {
    pub name: String,
    pub enabled: bool,
    /// Batch's word, such as `VALID`.
    pub status: String,
    /// Maintenance has changed it, and noted how it was.
    pub noted: bool,
}

impl From<&JobQueue> for Queue {
    fn from(queue: &JobQueue) -> Queue {
        let JobQueue { arn, enabled, status, status_reason: _, remembered } = queue;
        Queue {
            name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
            enabled: *enabled,
            status: status.clone(),
            noted: remembered.is_some(),
        }
    }
}

/// A worker group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workers {
    pub name: String,
    pub instances: usize,
    pub min_size: i32,
    pub max_size: i32,
    pub desired_capacity: i32,
    /// Maintenance has changed it, and noted how it was.
    pub noted: bool,
}

impl From<&WorkerGroup> for Workers {
    fn from(group: &WorkerGroup) -> Workers {
        Workers {
            name: group.name.clone(),
            instances: group.instances.len(),
            min_size: group.min_size,
            max_size: group.max_size,
            desired_capacity: group.desired_capacity,
            noted: group.remembered.is_some(),
        }
    }
}

/// An ECS service, with its numbers of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Service {
    pub name: String,
    pub running: i32,
    pub desired: i32,
    /// Maintenance has changed it, and noted how it was.
    pub noted: bool,
}

impl From<&EcsService> for Service {
    fn from(service: &EcsService) -> Service {
        Service {
            name: service.name().to_owned(),
            running: service.running_count,
            desired: service.desired_count,
            noted: service.remembered.is_some(),
        }
    }
}

/// Somebody's interactive work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedSession {
    pub id: String,
    pub name: String,
    pub owner: String,
    pub unsaved: UnsavedWork,
    /// As the platform wrote it.
    pub started_at: Option<String>,
}

/// Whether something would be lost if a session ended now. `unknown`: the platform can't tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnsavedWork {
    Yes,
    No,
    Unknown,
}

impl From<&Session> for ListedSession {
    fn from(session: &Session) -> ListedSession {
        let Session { id, name, owner, kind: _, unsaved, last_save: _, started_at } = session.clone();
        let unsaved = match unsaved {
            Unsaved::No => UnsavedWork::No,
            Unsaved::Yes { items: _ } => UnsavedWork::Yes,
            Unsaved::Unknown => UnsavedWork::Unknown,
        };
        ListedSession { id, name, owner, unsaved, started_at }
    }
}

/// A run of the platform's that nobody sits in front of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedComputation {
    pub id: String,
    pub name: String,
    pub owner: String,
    /// The platform's word, such as `running`.
    pub status: String,
    /// As the platform wrote it.
    pub started_at: Option<String>,
}

impl From<&Computation> for ListedComputation {
    fn from(computation: &Computation) -> ListedComputation {
        let Computation { id, name, owner, status, started_at } = computation.clone();
        ListedComputation { id, name, owner, status, started_at }
    }
}

/// An instance outside of every worker group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedMachine {
    pub instance_id: String,
    /// EC2's word, such as `running`.
    pub state: String,
    pub name: Option<String>,
    pub owner: Option<String>,
}

impl From<&Machine> for ListedMachine {
    fn from(machine: &Machine) -> ListedMachine {
        let Machine { instance_id, state, name, owner } = machine.clone();
        ListedMachine { instance_id, state, name, owner }
    }
}

/// What users of a platform see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Banner {
    #[schemars(length(min = 1, max = MOST_MESSAGE))]
    pub text: String,
    #[serde(with = "BannerLevel")]
    pub level: upgrade::BannerLevel,
    /// `null`: at once.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    pub from: Option<String>,
    /// `null`: until it is cleared.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    pub until: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "upgrade::BannerLevel", rename_all = "lowercase")]
pub enum BannerLevel {
    Info,
    Warning,
    Critical,
}

impl From<upgrade::Banner> for Banner {
    fn from(banner: upgrade::Banner) -> Banner {
        let upgrade::Banner { text, level, from, until } = banner;
        Banner { text, level, from, until }
    }
}
