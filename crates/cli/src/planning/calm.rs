//! The maintenance in which a deployment is, looked at; and what the journal knows of how everything was before.

use conductor::{Cloud, JournalStore, read_run};
use upgrade::{
    BannerBefore, Before, Deployment, HealthFinding, HealthQuery, Maintenance, Observation, Outcome,
    PortError, Query, State, Targets,
};

use super::doors::{Entrance, entrance};
use crate::error::CliError;
use crate::site::Site;

/// The maintenance in which the deployment is; `None`: users are let in.
///
/// # Errors
/// The listeners can't be looked at.
pub async fn maintenance_of(
    site: &Site,
    deployment: &Deployment,
    targets: &Targets,
) -> Result<Option<Maintenance>, PortError> {
    Ok(Maintenance::from_calm(&entrance(site, deployment, targets).await?.calm))
}

/// The same, with how everything was before it: what a journal knows counts only while the gate stands. With why nobody knows how
/// healthy it was, where nobody does.
pub(super) async fn as_found(
    site: &Site,
    deployment: &Deployment,
    targets: &Targets,
    inherited: Before,
) -> Result<(Entrance, Option<Maintenance>, Before, Option<String>), CliError> {
    let entrance = entrance(site, deployment, targets).await?;
    let found = Maintenance::from_calm(&entrance.calm);
    let mut before = if found.is_some() { inherited } else { Before::default() };
    let mut health_unknown = None;
    if before.health.is_empty() {
        match health_now(site, targets, found.is_some()).await {
            Ok(health) => before.health = health,
            Err(error) => health_unknown = Some(error.to_string()),
        }
    }
    if before.banner.is_none() {
        before.banner = left_over_banner(site).await;
    }
    Ok((entrance, found, before, health_unknown))
}

/// The banner that is shown, when its words are ours: an earlier maintenance, of which no journal is left, has put it up.
/// What its administrator showed before isn't known any more.
async fn left_over_banner(site: &Site) -> Option<BannerBefore> {
    if !site.ports.platform.capabilities().banner {
        return None;
    }
    match site.ports.platform.banner().await {
        Ok(Some(ours)) if site.settings.may_have_written(&ours.text) => {
            Some(BannerBefore { ours, before: None })
        }
        // What can't be asked is taken for nobody's: a banner is no reason to draw up no plan.
        Ok(_) | Err(_) => None,
    }
}

/// How healthy the platform is at this moment: what is sick already proves nothing later. What can't be asked isn't known
/// to be sick. In maintenance only the target groups tell of before: pages and the platform itself may be down for its sake.
pub async fn health_now(
    site: &Site,
    targets: &Targets,
    in_maintenance: bool,
) -> Result<Vec<HealthFinding>, PortError> {
    let policy = &site.settings.health;
    let groups = if policy.targets { targets.target_groups.as_slice() } else { &[] };
    let services = if policy.targets { targets.serving_services.as_slice() } else { &[] };
    let query = Query::Health(HealthQuery {
        target_group_arns: groups.iter().map(|group| group.physical_id.clone()).collect(),
        service_arns: services.iter().map(|service| service.physical_id.clone()).collect(),
        platform: !in_maintenance && policy.platform && site.ports.platform.capabilities().status,
        version: None,
        http: if in_maintenance { Vec::new() } else { policy.http.clone() },
    });
    match site.ports.observe(&query).await? {
        Observation::Health(findings) => Ok(findings),
        _ => Ok(Vec::new()),
    }
}

/// What the journal knows of how everything was before the maintenance in which a deployment's last run left it. Nothing
/// when that run put everything back, or can't be read: the notes on the things themselves are left then.
pub async fn inherited(journal: &impl JournalStore, deployment: &str) -> Before {
    let Ok(runs) = journal.runs().await else { return Before::default() };
    let last = runs.into_iter().rev().find(|run| run.deployment == deployment);
    let Some(run) = last else { return Before::default() };
    let Ok((_, _, state)) = read_run(journal, &run.run_id).await else { return Before::default() };
    if left_in_maintenance(&state) { state.left_to_put_back() } else { Before::default() }
}

/// Whether a run ended with the deployment in maintenance. What a run has put back is its owner's again.
fn left_in_maintenance(state: &State) -> bool {
    match &state.outcome {
        Some(Outcome::InMaintenance | Outcome::GateClosed { .. }) => true,
        Some(Outcome::NotUpgraded { .. } | Outcome::WentBack { .. }) => state.stays.is_some(),
        Some(Outcome::Upgraded | Outcome::OutOfMaintenance) | None => false,
    }
}
