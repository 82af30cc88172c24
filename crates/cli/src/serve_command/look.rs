//! How a deployment is at this moment, for the panel's overview: every part by itself, so that one that can't be asked
//! hides no other.

use conductor::Cloud as _;
use panel::{BackendError, GatePicture, Look, Workers};
use upgrade::{
    FleetQuery, LogicalResource, Observation, PlatformObservation, PlatformQuery, Query, ReleaseFacts,
    ReleaseSide, find_targets_with,
};

use super::backend::unanswered;
use crate::site::Site;

/// Ask for everything.
pub(super) async fn look(site: &Site) -> Result<Look, BackendError> {
    let deployment = site.ports.clouds.primary.deployment(&site.settings.stack).await.map_err(unanswered)?;
    let side = ReleaseSide::deployed(&deployment).ok();
    let version = side.and_then(|side| ReleaseFacts::of(&side.template).version);
    let at = site.clock.now();
    let targets = find_targets_with(&deployment, site.profile.as_ref()).map(|(_, targets)| targets);
    let targets = match targets {
        Ok(targets) => targets,
        Err(error) => {
            let why = error.to_string();
            let gate = GatePicture::Unknown(why.clone());
            let (jobs, workers) = (Err(why.clone()), Err(why));
            let status = deployment.status;
            return Ok(Look { at, version, status, gate, jobs, workers, sessions: None, computations: None });
        }
    };
    let ids = |all: &[LogicalResource]| all.iter().map(|one| one.physical_id.clone()).collect::<Vec<_>>();
    let rules: Query = FleetQuery::GateRules { listener_arn: targets.listener.physical_id.clone() }.into();
    let gate = match site.ports.observe(&rules).await {
        Ok(Observation::GateRules(rules)) => rules
            .iter()
            .find(|rule| rule.closes)
            .map_or(GatePicture::Open, |rule| GatePicture::Closed { run_id: rule.run_id.clone() }),
        Ok(other) => GatePicture::Unknown(format!("answered with {}", other.kind())),
        Err(error) => GatePicture::Unknown(error.to_string()),
    };
    let jobs =
        match site.ports.observe(&FleetQuery::Jobs { queue_arns: ids(&targets.job_queues) }.into()).await {
            Ok(Observation::Jobs(jobs)) => Ok(jobs),
            Ok(other) => Err(format!("answered with {}", other.kind())),
            Err(error) => Err(error.to_string()),
        };
    let groups: Query = FleetQuery::WorkerGroups { names: ids(&targets.worker_groups) }.into();
    let workers = match site.ports.observe(&groups).await {
        Ok(Observation::WorkerGroups(groups)) => Ok(groups
            .into_iter()
            .map(|group| Workers {
                name: group.name,
                instances: group.instances.len(),
                min_size: group.min_size,
                max_size: group.max_size,
            })
            .collect()),
        Ok(other) => Err(format!("answered with {}", other.kind())),
        Err(error) => Err(error.to_string()),
    };
    let platform = &site.ports.platform;
    let capabilities = platform.capabilities();
    let sessions = if capabilities.sessions {
        Some(match platform.observe(&PlatformQuery::Sessions).await {
            Ok(PlatformObservation::Sessions(sessions)) => Ok(sessions),
            Ok(other) => Err(format!("answered with {}", Observation::Platform(other).kind())),
            Err(error) => Err(error.to_string()),
        })
    } else {
        None
    };
    let computations = if capabilities.computations {
        Some(match platform.observe(&PlatformQuery::Computations).await {
            Ok(PlatformObservation::Computations(computations)) => Ok(computations),
            Ok(other) => Err(format!("answered with {}", Observation::Platform(other).kind())),
            Err(error) => Err(error.to_string()),
        })
    } else {
        None
    };
    Ok(Look { at, version, status: deployment.status, gate, jobs, workers, sessions, computations })
}
