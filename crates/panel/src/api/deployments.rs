//! Deployments over the API: how they are, their maintenance, their banner.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upgrade::{ApprovedPlan, EcsService, Job, Maintenance, Plan, Session, Users, WorkerGroup};

use super::audited::audited;
use super::operation::{Done, Optional};
use crate::backend::{DeploymentSummary, Leaving, LeavingWish, Look, MOST_MESSAGE, MaintenanceWish};
use crate::moment::Moment;
use crate::web::{Call, Failure};

#[derive(Serialize, JsonSchema)]
pub(super) struct Deployments {
    deployments: Vec<DeploymentSummary>,
}

pub(super) async fn list(call: Call) -> Result<Deployments, Failure> {
    Ok(Deployments { deployments: call.panel.backend.deployments() })
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deployment {
    name: String,
    /// When it was looked at.
    at: Moment,
    version: Option<String>,
    stack_status: String,
    gate: Gate,
    /// Every way in and how it stands, a line each.
    doors: Vec<String>,
    /// The run that entered the maintenance which the deployment is in.
    gate_run: Option<String>,
    gate_since: Option<Moment>,
    gate_by: Option<String>,
    /// What is as maintenance leaves it, a line each: leaving puts it back.
    taken_away: Known<String>,
    jobs: Known<ListedJob>,
    workers: Known<Workers>,
    services: Known<Service>,
    /// `null`: the platform has no way to tell.
    sessions: Option<Known<ListedSession>>,
}

/// Whether users are let in. `none`: there is no gate to keep them out.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Gate {
    Open,
    Closed,
    None,
    Unknown,
}

impl Gate {
    /// What a look showed, with the maintenance that the deployment is in.
    pub(super) fn seen(users: Option<&Users>) -> (Gate, Option<&Maintenance>) {
        let gate = match users {
            Some(Users::In) => Gate::Open,
            Some(Users::Out(_)) => Gate::Closed,
            Some(Users::AtWork | Users::Stopped(_)) => Gate::None,
            None => Gate::Unknown,
        };
        (gate, users.and_then(Users::maintenance))
    }
}

/// A list, or why there is none.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Known{T}")]
struct Known<T> {
    items: Option<Vec<T>>,
    unknown_because: Option<String>,
}

impl<T> Known<T> {
    fn new<S>(found: &Result<Vec<S>, String>, item: impl Fn(&S) -> T) -> Known<T> {
        let items = found.as_ref().ok().map(|all| all.iter().map(item).collect());
        Known { items, unknown_because: found.as_ref().err().cloned() }
    }
}

#[derive(Serialize, JsonSchema)]
struct ListedJob {
    id: String,
    name: String,
    status: String,
    owner: Option<String>,
}

/// A worker group.
#[derive(Serialize, JsonSchema)]
struct Workers {
    name: String,
    instances: usize,
}

/// An ECS service, with its numbers of tasks.
#[derive(Serialize, JsonSchema)]
struct Service {
    name: String,
    running: i32,
    desired: i32,
}

#[derive(Serialize, JsonSchema)]
struct ListedSession {
    name: String,
    owner: String,
}

pub(super) async fn get(call: Call) -> Result<Deployment, Failure> {
    let look = call.panel.looks.deployment(&call.id).await?;
    let Look {
        at,
        version,
        status,
        users,
        doors,
        taken_away,
        jobs,
        workers,
        services,
        sessions,
        computations: _,
    } = &*look;
    let (gate, maintenance) = Gate::seen(users.as_ref().ok());
    let job = |job: &Job| {
        let Job { id, name, status, owner, queue_arn: _ } = job.clone();
        ListedJob { id, name, status, owner }
    };
    let group = |group: &WorkerGroup| Workers { name: group.name.clone(), instances: group.instances.len() };
    let service = |service: &EcsService| Service {
        name: service.name().to_owned(),
        running: service.running_count,
        desired: service.desired_count,
    };
    let session = |one: &Session| ListedSession { name: one.name.clone(), owner: one.owner.clone() };
    Ok(Deployment {
        name: call.id,
        at: (*at).into(),
        version: version.clone(),
        stack_status: status.clone(),
        gate,
        doors: doors.clone(),
        gate_run: maintenance.map(|found| found.run_id.clone()),
        gate_since: maintenance.and_then(|found| found.since).map(Moment::from),
        gate_by: maintenance.and_then(|found| found.by.clone()),
        taken_away: Known::new(taken_away, String::clone),
        jobs: Known::new(jobs, job),
        workers: Known::new(workers, group),
        services: Known::new(services, service),
        sessions: sessions.as_ref().map(|found| Known::new(found, session)),
    })
}

/// The run that was begun, or that leaves maintenance.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Started {
    pub(super) run_id: String,
}

pub(super) async fn enable(
    call: Call,
    Optional(wish): Optional<MaintenanceWish>,
) -> Result<Started, Failure> {
    call.deployment()?;
    let (panel, deployment) = (&call.panel, &call.id);
    let work = async {
        if let Some(message) = &wish.message {
            message_fits(message)?;
        }
        let plan = panel.backend.prepare_entering(deployment, &wish).await?;
        let run_id = start_as_asked(&call, plan).await?;
        panel.looks.forget(deployment);
        Ok(Started { run_id })
    };
    audited(&call, "enable maintenance", deployment, work).await
}

/// The run that leaves maintenance is one that has not ended and is asked to, or its own.
pub(super) async fn disable(call: Call, Optional(wish): Optional<LeavingWish>) -> Result<Started, Failure> {
    call.deployment()?;
    let (panel, deployment) = (&call.panel, &call.id);
    let work = async {
        let leaving = panel.backend.prepare_leaving(deployment, wish, &call.asker.signature()).await?;
        panel.looks.forget(deployment);
        match leaving {
            Leaving::By(plan) => Ok(Started { run_id: start_as_asked(&call, *plan).await? }),
            Leaving::From { run_id, asks, conducted } => {
                for request in asks {
                    panel.live.ask(&run_id, request, panel.now()).await?;
                }
                if !conducted {
                    panel.backend.resume(&run_id).await?;
                }
                Ok(Started { run_id })
            }
        }
    };
    audited(&call, "disable maintenance", deployment, work).await
}

/// Whoever asks for maintenance, or for its end, approves what was drawn up for it.
async fn start_as_asked(call: &Call, plan: Plan) -> Result<String, Failure> {
    let (run_id, drawn) = (plan.run_id.clone(), plan.sha256());
    let approved = ApprovedPlan::new(plan, &drawn, &call.asker.signature(), call.panel.now())
        .map_err(|error| Failure::Conflict(error.to_string()))?;
    call.panel.backend.start(approved).await?;
    Ok(run_id)
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Banner {
    #[schemars(length(min = 1, max = MOST_MESSAGE))]
    text: String,
    #[serde(with = "BannerLevel")]
    level: upgrade::BannerLevel,
    /// `null`: at once.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    from: Option<String>,
    /// `null`: until it is cleared.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "upgrade::BannerLevel", rename_all = "lowercase")]
enum BannerLevel {
    Info,
    Warning,
    Critical,
}

pub(super) async fn banner(call: Call) -> Result<Option<Banner>, Failure> {
    let banner = call.panel.looks.banner(&call.id).await?;
    Ok((*banner).clone().map(|upgrade::Banner { text, level, from, until }| Banner {
        text,
        level,
        from,
        until,
    }))
}

pub(super) async fn set_banner(call: Call, sent: Banner) -> Result<Done, Failure> {
    call.deployment()?;
    let Banner { text, level, from, until } = sent;
    if from.iter().chain(&until).any(|time| OffsetDateTime::parse(time, &Rfc3339).is_err()) {
        return Err(Failure::BadInput("Times are RFC 3339.".to_owned()));
    }
    let work = async {
        message_fits(&text)?;
        if let (Some(from), Some(until)) = (&from, &until)
            && until <= from
        {
            return Err(Failure::BadInput("A banner ends after it begins.".to_owned()));
        }
        show_banner(&call, Some(upgrade::Banner { text, level, from, until })).await
    };
    audited(&call, "set banner", &call.id, work).await
}

pub(super) async fn clear_banner(call: Call) -> Result<Done, Failure> {
    call.deployment()?;
    audited(&call, "clear banner", &call.id, show_banner(&call, None)).await
}

async fn show_banner(call: &Call, banner: Option<upgrade::Banner>) -> Result<Done, Failure> {
    let set = call.panel.backend.set_banner(&call.id, banner).await;
    call.panel.looks.forget(&call.id);
    set?;
    Ok(Done)
}

fn message_fits(message: &str) -> Result<(), Failure> {
    let strange = |one: char| one.is_control() && one != '\n';
    if message.trim().is_empty() || message.chars().count() > MOST_MESSAGE || message.chars().any(strange) {
        return Err(Failure::BadInput(format!(
            "A message has 1 to {MOST_MESSAGE} characters, and no control characters."
        )));
    }
    Ok(())
}
