//! Deployments over the API: how they are, their maintenance, their banner.

use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upgrade::{ApprovedPlan, Plan};

use super::audited::audited;
use super::operation::{Done, Optional};
use crate::answers::{Banner, DeploymentStanding, Gate, Known};
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

/// A deployment as it is, with what maintenance has taken away.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deployment {
    #[serde(flatten)]
    standing: DeploymentStanding,
    /// What is as maintenance leaves it, a line each: leaving puts it back.
    taken_away: Known<String>,
}

pub(super) async fn get(call: Call) -> Result<Deployment, Failure> {
    let look = call.panel.looks.deployment(&call.id).await?;
    let Look {
        at,
        version,
        status,
        users,
        doors,
        health,
        taken_away,
        jobs,
        workers,
        services,
        sessions,
        computations: _,
    } = &*look;
    let (gate, maintenance) = Gate::seen(users.as_ref().ok());
    let standing = DeploymentStanding {
        name: call.id,
        at: (*at).into(),
        version: version.clone(),
        stack_status: status.clone(),
        gate,
        doors: doors.clone(),
        health: Known::of(health),
        gate_run: maintenance.map(|found| found.run_id.clone()),
        gate_since: maintenance.and_then(|found| found.since).map(Moment::from),
        gate_by: maintenance.and_then(|found| found.by.clone()),
        jobs: Known::of(jobs),
        workers: Known::of(workers),
        services: Known::of(services),
        sessions: sessions.as_ref().map(Known::of),
    };
    Ok(Deployment { standing, taken_away: Known::new(taken_away, String::clone) })
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

pub(super) async fn banner(call: Call) -> Result<Option<Banner>, Failure> {
    let banner = call.panel.looks.banner(&call.id).await?;
    Ok((*banner).clone().map(Banner::from))
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
