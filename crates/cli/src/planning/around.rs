//! Everything around a deployment, looked at before a plan is made. Facts only; what they mean is judged elsewhere.

use std::collections::BTreeSet;
use std::time::Duration;

use aws::{CustomName, Lookup};
use changeset::expect::Expected;
use conductor::Cloud as _;
use platform::Adapter;
use upgrade::rights::{Asked, asked_of_caller};
use upgrade::{
    AtWork, CalmParts, CalmSeen, Circumstances, DeniedAction, Deployment, DraftedUpdate, FleetQuery,
    LogicalResource, ObstacleParts, SharedState, Targets, UpdateKind, actions_of_role,
};

use super::Linked;
use super::doors::{Entrance, ways_in};
use crate::error::CliError;
use crate::planning::rights::{linked_grounds, primary_grounds};
use crate::site::Site;

/// How long drift may take to be detected before a plan goes without it.
const DRIFT_SECONDS: u64 = 60;

/// Look at everything; where no update is planned, at what maintenance meets. Only a stack that can't be described at all is an
/// error.
pub(super) async fn circumstances(
    site: &Site,
    deployment: &Deployment,
    (targets, entrance): (&Targets, &Entrance),
    for_update: bool,
    drafted: Option<&DraftedUpdate>,
    linked: &Linked,
) -> Result<Circumstances, CliError> {
    let of_role = drafted.map(|drafted| actions_of_role(&drafted.permissions)).unwrap_or_default();
    let asked_of_role = Asked::everywhere(of_role);
    let mut asked = Vec::new();
    if let Some(drafted) = drafted {
        let mut grounds = primary_grounds(site, deployment, targets, &entrance.listeners);
        grounds.passed_roles.extend(drafted.update.proposal.role_arn.clone());
        asked = asked_of_caller(&grounds);
    }
    let touched: Vec<String> = drafted
        .map(|drafted| {
            // What isn't there yet has no drift, and DetectStackDrift refuses to be asked about it.
            let there = drafted.expectations.iter().filter(|one| one.expected != Expected::Added);
            there.map(|one| one.logical_id.clone()).collect()
        })
        .unwrap_or_default();
    let added: BTreeSet<String> = drafted
        .into_iter()
        .flat_map(|drafted| &drafted.expectations)
        .filter(|one| one.expected == Expected::Added)
        .map(|one| one.resource_type.clone())
        .collect();
    let expectations = drafted.into_iter().flat_map(|drafted| &drafted.expectations);
    let names: Vec<CustomName> = expectations
        .filter_map(|one| {
            Some(CustomName {
                logical_id: one.logical_id.clone(),
                resource_type: one.resource_type.clone(),
                name: one.takes_name.clone()?,
            })
        })
        .collect();
    let role_arn = drafted.and_then(|drafted| drafted.update.proposal.role_arn.as_deref());
    let parts = ObstacleParts::from_targets(targets, &site.settings.maintenance.policy);
    let lookup = Lookup {
        stack_id: &deployment.stack_id,
        targets,
        resources: &deployment.resources,
        asked_of_caller: &asked,
        asked_of_role: &asked_of_role,
        role_arn,
        drift_of: &touched,
        drift_wait: Duration::from_secs(DRIFT_SECONDS),
        added_types: &added.into_iter().collect::<Vec<_>>(),
        names: &names,
        without_update: !for_update,
        obstacles: &parts,
    };
    let mut circumstances = site.ports.clouds.primary.circumstances(&lookup, &site.clock).await?;
    circumstances.backup = linked.backup.clone();
    circumstances.role_stack = linked.role.clone();
    circumstances.state = site.shared_state(&deployment.stack_id, for_update).await;
    circumstances.listeners = Ok(entrance.listeners.clone());
    circumstances.nested_work = match ways_in(site, deployment) {
        Ok(ways) => {
            site.ports.clouds.primary.nested_work(&ways.nested).await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    if for_update {
        circumstances.denied_to_linked = denied_to_linked(site, linked).await;
    }
    circumstances.elsewhere = elsewhere(site, (targets, entrance), &circumstances.state).await;
    ask_platform(&site.ports.platform, &mut circumstances).await;
    Ok(circumstances)
}

/// What the updates of linked stacks ask of principals that the primary stack's isn't.
async fn denied_to_linked(
    site: &Site,
    linked: &Linked,
) -> Vec<(UpdateKind, upgrade::Looked<Vec<DeniedAction>>)> {
    let settings = &site.settings;
    let stacks = [
        (UpdateKind::BackupStack, &settings.backup_stack, &linked.backup),
        (UpdateKind::RoleStack, &settings.role_stack, &linked.role),
    ];
    let mut denied = Vec::new();
    for (kind, stack, found) in stacks {
        let drafted = linked.drafted.iter().find(|drafted| drafted.update.kind == kind);
        let found = found.as_ref().and_then(|found| found.found.as_ref().ok());
        let (Some(stack), Some(deployment), Some(drafted)) = (stack, found, drafted) else { continue };
        let Ok(cloud) = site.ports.clouds.cloud_for(kind) else { continue };
        if stack.access == settings.access {
            continue;
        }
        let mut asked = asked_of_caller(&linked_grounds(site, &stack.access, deployment));
        // A stack that can't be asked for its role shows elsewhere.
        if let Ok(None) = cloud.stack_role(&deployment.stack_id).await {
            asked.push(Asked::everywhere(actions_of_role(&drafted.permissions)));
        }
        denied.push((kind, cloud.denied_to_caller(&asked).await));
    }
    denied
}

/// Other states that the gate and the notes name.
async fn elsewhere(
    site: &Site,
    (targets, entrance): (&Targets, &Entrance),
    state: &SharedState,
) -> upgrade::Looked<Vec<String>> {
    let ids = |resources: &[LogicalResource]| -> Vec<String> {
        resources.iter().map(|resource| resource.physical_id.clone()).collect()
    };
    let query = FleetQuery::Calm(CalmParts {
        // The listeners have just been looked at.
        listener_arns: Vec::new(),
        alarm_names: ids(&targets.alarms),
        ..CalmParts::of_work(targets)
    });
    let calm = looked!(site, query, Calm)?;
    Ok(state.elsewhere(&CalmSeen { doors: entrance.calm.doors.clone(), ..calm }))
}

async fn ask_platform(platform: &Adapter, around: &mut Circumstances) {
    around.platform = platform.capabilities();
    if around.platform.sessions {
        around.sessions = Some(platform.sessions().await.map_err(|error| error.to_string()));
    }
    if around.platform.computations {
        around.computations = Some(platform.computations().await.map_err(|error| error.to_string()));
    }
    if around.platform.status {
        around.platform_status = Some(platform.status().await.map_err(|error| error.to_string()));
    }
}

/// Who and what is at work, as far as it could be looked at.
pub(super) fn at_work(around: &Circumstances) -> AtWork {
    AtWork {
        sessions: around.sessions.clone().and_then(Result::ok).unwrap_or_default(),
        computations: around.computations.clone().and_then(Result::ok).unwrap_or_default(),
        jobs: around.jobs.clone().unwrap_or_default(),
        worker_instances: around
            .worker_groups
            .as_ref()
            .map_or(0, |groups| groups.iter().map(|group| group.instances.len()).sum()),
        service_tasks: around
            .obstacles
            .services
            .as_ref()
            .map_or(0, |services| services.iter().map(|service| service.tasks.len()).sum()),
        dedicated_machines: around.dedicated_machines.clone().unwrap_or_default(),
    }
}
