//! How a deployment is at this moment, for the panel's overview: every part by itself, so that one that can't be asked
//! hides no other.

use conductor::Cloud as _;
use panel::{BackendError, Look};
use upgrade::{
    CalmParts, CalmSeen, FleetQuery, LogicalResource, ReleaseSide, Users, find_targets_with,
    still_to_put_back,
};

use super::refusals::unanswered;
use crate::planning::doors::{door_lines, entrance};
use crate::site::Site;
use crate::status::health_within;

/// Ask for everything.
///
/// # Errors
/// The stack itself can't be looked at.
pub async fn look(site: &Site) -> Result<Look, BackendError> {
    let deployment = site.ports.clouds.primary.deployment(&site.settings.stack).await.map_err(unanswered)?;
    let side = ReleaseSide::deployed(&deployment).ok();
    let version = side.and_then(|side| side.version(site.profile.as_ref()));
    let at = site.clock.now();
    let targets = find_targets_with(&deployment, site.profile.as_ref()).map(|(_, targets)| targets);
    let targets = match targets {
        Ok(targets) => targets,
        Err(error) => {
            let why = error.to_string();
            return Ok(Look {
                at,
                version,
                status: deployment.status,
                users: Err(why.clone()),
                doors: Vec::new(),
                health: Err(why.clone()),
                taken_away: Err(why.clone()),
                jobs: Err(why.clone()),
                workers: Err(why.clone()),
                services: Err(why),
                sessions: None,
                computations: None,
            });
        }
    };
    let ids = |all: &[LogicalResource]| all.iter().map(|one| one.physical_id.clone()).collect::<Vec<_>>();
    let (users, doors, closed) = match entrance(site, &deployment, &targets).await {
        Ok(entrance) => {
            let (users, doors) = (Users::from_calm(&entrance.calm), door_lines(site, &entrance));
            // Where some doors are open users are in, and those that are closed are still to be opened.
            let closed = if users.maintenance().is_none() { entrance.calm.doors } else { Vec::new() };
            (Ok(users), doors, closed)
        }
        Err(error) => (Err(error.to_string()), Vec::new(), Vec::new()),
    };
    let in_maintenance = users.as_ref().is_ok_and(|users: &Users| users.maintenance().is_some());
    let health = health_within(site, &targets, in_maintenance).await;
    let parts = CalmParts { alarm_names: ids(&targets.alarms), ..CalmParts::of_work(&targets) };
    let standing =
        FleetQuery::Standing { stack_id: deployment.stack_id.clone(), parts, version_sources: Vec::new() };
    let taken_away = looked!(site, standing, Standing)
        .map(|seen| still_to_put_back(&CalmSeen { doors: closed, ..seen.calm }));
    let jobs = looked!(site, FleetQuery::Jobs { queue_arns: ids(&targets.job_queues) }, Jobs);
    let groups = FleetQuery::WorkerGroups { names: ids(&targets.worker_groups) };
    let workers = looked!(site, groups, WorkerGroups);
    let services = FleetQuery::EcsServices { arns: ids(&targets.ecs_services) };
    let services = looked!(site, services, EcsServices);
    let platform = &site.ports.platform;
    let capabilities = platform.capabilities();
    let sessions = match capabilities.sessions {
        true => Some(platform.sessions().await.map_err(|error| error.to_string())),
        false => None,
    };
    let computations = match capabilities.computations {
        true => Some(platform.computations().await.map_err(|error| error.to_string())),
        false => None,
    };
    Ok(Look {
        at,
        version,
        status: deployment.status,
        users,
        doors,
        health,
        taken_away,
        jobs,
        workers,
        services,
        sessions,
        computations,
    })
}
