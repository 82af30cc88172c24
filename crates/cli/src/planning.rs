//! From a deployment within reach and a new release to a plan: look at everything, check it, draw the plan up. The
//! deployment isn't changed; templates are copied into the owner's bucket, under their hashes, for an approval is of
//! contents.

mod acceptances;
mod around;
pub(crate) mod calm;
mod catalogue;
pub(crate) mod doors;
mod pieces;
mod pins;
mod release;
pub(crate) mod rights;
mod texts;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use aws::AwsCloud;
use template::{Evaluation, Outside};
use upgrade::{
    Acceptance, AtWork, Before, CheckInput, CheckResult, Circumstances, Deployment, DraftError,
    DraftedUpdate, Facts, Findings, Foretold, LinkedStack, Obstacle, ParameterRow, Plan, Profile,
    ReleaseSide, RunKind, StackSettings, Targets, Timestamp, Trial, UpdateKind, UpdateOptions, UpdateRequest,
    UpgradeChoices, Weight, check, draft_update, draft_way_back, find_targets_with, in_the_way,
    maintenance_plan, new_priorities, new_targets, obstacles, parameter_table, upgrade_plan,
};

use crate::configuration::Window;
use crate::error::{CliError, Exit, UNTOUCHED};
use crate::site::Site;
use acceptances::{accept_replacements, accept_warnings, accepted, needed, tell_expired};
use around::{at_work, circumstances};
use catalogue::release_facts;
use pieces::{Pieces, gather};
use pins::pin;

pub use calm::{inherited, maintenance_of};
pub(crate) use catalogue::{catalogue_file, catalogue_of};
pub use release::{NewRelease, run_id};
pub use texts::TemplateTexts;

/// What an operator wants.
#[derive(Debug, Clone)]
pub struct UpgradeRequest {
    /// The release.
    pub release: NewRelease,
    pub choices: UpgradeChoices,
    /// Whether offered parameter values are taken (a database's grown storage).
    pub take_fixes: bool,
    /// Names the run.
    pub run_id: String,
    /// What an earlier run's journal knows of how everything was, where the deployment is in its maintenance.
    pub inherited: Before,
}

/// Everything that was found out, and the plan where there may be one.
#[derive(Debug)]
pub struct Prepared {
    /// The checks' results.
    pub checks: Vec<CheckResult>,
    /// Every parameter, three ways.
    pub parameters: Vec<ParameterRow>,
    /// Logical ids of the stack's resources, before and after.
    pub resources: BTreeSet<String>,
    /// Sessions that there are, by id.
    pub sessions: Vec<String>,
    /// Who and what is at work.
    pub at_work: AtWork,
    /// The stack's settings as they are.
    pub stack: StackSettings,
    /// The deployed release's version, when its template tells it.
    pub version: Option<String>,
    /// What is accepted, and had to be.
    pub accepted: Vec<Acceptance>,
    /// What the updates will do, where that can be told.
    pub foretold: Option<Foretold>,
    /// Each updated stack's templates, in the order of the updates.
    pub templates: Vec<TemplateTexts>,
    /// The plan; why there is none otherwise.
    pub plan: Result<Plan, NoPlan>,
}

/// Why there is no plan, though everything could be looked at.
#[derive(Debug, thiserror::Error)]
pub enum NoPlan {
    /// Checks failed, or warn of what nobody accepted: their ids.
    #[error("there is no plan: {}", .0.join(", "))]
    Blocked(Vec<String>),
    /// The update can't be drawn up.
    #[error(transparent)]
    Undrawn(DraftError),
}

/// Why a deployment is not brought into maintenance, or its linked stacks can't be updated.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// The deployment is in the maintenance of a run of another state.
    #[error(
        "the deployment's gate or notes belong to a run of the state {theirs}, and the settings here say {ours}: two states of one deployment know nothing of each other"
    )]
    OtherState { theirs: String, ours: String },
    /// The store takes conditional writes for plain ones: it ignores this header.
    #[error(
        "the state {location} ignores {ignores}, so two operators could hold the deployment's claim at once"
    )]
    UnfitState { location: String, ignores: &'static str },
    #[error("whether the state {location} keeps a claim could not be tried: {reason}")]
    UntriedState { location: String, reason: String },
    /// A drain would meet what it can't end: a sentence each.
    #[error("maintenance could not be entered: {}", .0.join(" "))]
    Undrainable(Vec<String>),
    #[error("the update of the linked stack {stack} can't be drawn up: {source}")]
    Linked { stack: String, source: Box<DraftError> },
}

impl From<PlanningError> for CliError {
    fn from(error: PlanningError) -> CliError {
        let hint = match error {
            PlanningError::OtherState { .. } => {
                "go to where that state is: in S3 by `state = \"s3://…\"` in the settings, in a data directory on its machine with `state = \"data-directory\"` and --data-dir; or end that maintenance from here (`slackwater maintenance disable`); nothing was touched"
            }
            PlanningError::UnfitState { .. } => {
                "name a bucket of S3, or of a store that takes conditional writes in earnest (state = \"s3://BUCKET/PREFIX\"); nothing was touched"
            }
            PlanningError::UntriedState { .. } => {
                "allow s3:GetObject and s3:PutObject on the prefix, s3:ListBucket limited to it, and kms:GenerateDataKey and kms:Decrypt where it is encrypted (docs/state.md); nothing was touched"
            }
            PlanningError::Undrainable(_) => "nothing was touched, and users are where they were",
            PlanningError::Linked { .. } => UNTOUCHED,
        };
        CliError::new(Exit::BadInput, error).hint(hint)
    }
}

/// Look, check, and draw the plan up.
pub async fn prepare(site: &Site, request: &UpgradeRequest) -> Result<Prepared, CliError> {
    let cloud = &site.ports.clouds.primary;
    let deployment = cloud.deployment(&site.settings.stack).await?;
    let (profile, targets) = find_targets_with(&deployment, site.profile.as_ref())?;
    let pinned = pin(site, UpdateKind::Primary, &request.release).await?;
    let linked = linked_updates(site, &request.run_id).await?;
    let mut given = request.choices.given.clone();
    let mut accepted = accepted(site, request);
    let options = update_options(cloud, &deployment, request).await?;
    let draft = |given: &BTreeMap<String, String>| {
        draft_update(&UpdateRequest {
            kind: UpdateKind::Primary,
            deployment: &deployment,
            template_name: &request.release.name,
            template: &request.release.bytes,
            template_url: &pinned.url,
            given,
            options: &options,
            run_id: &request.run_id,
            profile: Some(&profile),
        })
    };
    let mut drafted = draft(&given);
    let (entrance, found, before, health_unknown) =
        calm::as_found(site, &deployment, &targets, request.inherited.clone()).await?;
    let mut around =
        circumstances(site, &deployment, (&targets, &entrance), true, drafted.as_ref().ok(), &linked).await?;
    around.health.clone_from(&before.health);
    around.health_unknown = health_unknown;
    let mut brought = brought_in(site, &deployment, &drafted, &linked).await;
    // A catalogue that can't be read says nothing; the template's own word is left.
    let facts = release_facts(catalogue_of(site).await.ok().flatten(), &request.release.template, &profile);
    let deployed = ReleaseSide::deployed(&deployment)?;
    let judge = |given: &BTreeMap<String, String>,
                 drafted: &Result<DraftedUpdate, DraftError>,
                 brought: &Pieces,
                 accepted: &[Acceptance]| {
        let after = drafted.as_ref().map_or(&request.release.template, |drafted| &drafted.after.template);
        let new = match drafted {
            Ok(drafted) => new_targets(&profile, drafted),
            Err(error) => Err(error.to_string()),
        };
        let mut results = check(&CheckInput {
            found: found.as_ref(),
            deployment: &deployment,
            circumstances: &around,
            before: &deployed,
            after,
            given,
            foretold: drafted.as_ref(),
            profile: &profile,
            deployed_version: None,
            release: &facts,
            planned_versions: &linked.versions(),
            maintenance: &policy(site, request),
            window: window_of(site, request),
            health: &site.settings.health,
            targets: &targets,
            new_targets: &new,
            gateless: site.settings.gateless,
            door_words: &site.settings.doors,
            new_priorities: &drafted.as_ref().map(new_priorities).unwrap_or_default(),
            admitted: &site.settings.maintenance.admitted,
            storage_parameters: &storage_parameters(&profile, drafted.as_ref().ok()),
            recovery_point_age_seconds: site.settings.maximum_recovery_point_age_seconds,
            template_reachable: Some(&brought.readable()),
            accepted,
            now: site.clock.now(),
        });
        tell_expired(&mut results, accepted, site);
        Ok::<_, CliError>((results, parameter_table(&deployed, after, given)))
    };
    let (mut checks, mut parameters) = judge(&given, &drafted, &brought, &accepted)?;
    let fixes = checks.iter().flat_map(|result| &result.fixes);
    let fixes: BTreeMap<String, String> =
        fixes.map(|fix| (fix.parameter.clone(), fix.value.clone())).collect();
    if request.take_fixes && !fixes.is_empty() {
        given.extend(fixes);
        drafted = draft(&given);
        brought = brought_in(site, &deployment, &drafted, &linked).await;
        (checks, parameters) = judge(&given, &drafted, &brought, &accepted)?;
    }
    if request.choices.accepts_everything {
        accept_replacements(&mut accepted, drafted.as_ref().ok());
        (checks, parameters) = judge(&given, &drafted, &brought, &accepted)?;
        accept_warnings(&mut accepted, &checks);
    }
    let blocked: Vec<String> =
        in_the_way(&checks, &accepted).iter().map(|result| result.id.clone()).collect();
    let foretold = drafted.as_ref().ok().map(|drafted| Foretold::by_updates(&linked.drafted, drafted));
    let accepted = needed(&accepted, &checks);
    let plan = match drafted {
        Err(error) => Err(NoPlan::Undrawn(error)),
        Ok(_) if !blocked.is_empty() => Err(NoPlan::Blocked(blocked)),
        Ok(drafted) => {
            let at_work = at_work(&around);
            let new_priorities = new_priorities(&drafted);
            let closing = doors::closing(site, &entrance.listeners);
            let facts = cloud.facts(&deployment.stack_id, &targets, &closing).await?;
            let found_out = Findings {
                facts: &facts,
                deployment: &deployment,
                targets: &targets,
                profile: &profile,
                listeners: &entrance.listeners,
                new_priorities: &new_priorities,
                at_work: &at_work,
                checks: &checks,
                accepted: &accepted,
                found: found.as_ref(),
                before: &before,
            };
            let way_back = way_back(site, cloud, &deployment, &drafted, request, &mut brought).await?;
            let window = Window {
                closes_at: request.choices.closes_at,
                lasts_milliseconds: site.expected_milliseconds,
            };
            let mut settings =
                site.settings.plan_settings(&request.run_id, site.clock.now(), window, around.platform);
            settings.maintenance = policy(site, request);
            settings.state.clone_from(&site.state);
            let mut plan = upgrade_plan(&settings, &found_out, &linked.drafted, &drafted, way_back)?;
            (plan.pieces, plan.unpinned) = (brought.pinned, brought.unpinned);
            Ok(plan)
        }
    };
    let mut templates = linked.texts;
    templates.push(TemplateTexts::new(UpdateKind::Primary, &deployment, &request.release));
    let after = request.release.template.resources.keys().cloned();
    let resources = deployment.resources.iter().map(|one| one.logical_id.clone()).chain(after).collect();
    let at_work = at_work(&around);
    let sessions = at_work.sessions.iter().map(|session| session.id.clone()).collect();
    let version = deployed.version(Some(&profile));
    let stack = around.stack;
    Ok(Prepared {
        checks,
        parameters,
        resources,
        sessions,
        at_work,
        stack,
        version,
        accepted,
        foretold,
        templates,
        plan,
    })
}

/// A deployment and everything around it, with no release in view.
pub(crate) struct Surroundings {
    pub(crate) deployment: Deployment,
    pub(crate) targets: Targets,
    pub(crate) around: Circumstances,
    /// The maintenance in which it is.
    pub(crate) found: Option<upgrade::Maintenance>,
}

/// Look at a deployment as planning does.
///
/// # Errors
/// The stack can't be described.
pub(crate) async fn surroundings(site: &Site) -> Result<Surroundings, CliError> {
    let deployment = site.ports.clouds.primary.deployment(&site.settings.stack).await?;
    let (_, targets) = find_targets_with(&deployment, site.profile.as_ref())?;
    let (entrance, found, ..) = calm::as_found(site, &deployment, &targets, Before::default()).await?;
    let nobody = Linked::default();
    let around = circumstances(site, &deployment, (&targets, &entrance), true, None, &nobody).await?;
    Ok(Surroundings { deployment, targets, around, found })
}

/// The settings of the stack operation, whole, and without those that only repeat what the stack has.
async fn update_options(
    cloud: &AwsCloud,
    deployment: &Deployment,
    request: &UpgradeRequest,
) -> Result<UpdateOptions, CliError> {
    let wished = &request.choices.options;
    if *wished == UpdateOptions::default() {
        return Ok(wished.clone());
    }
    let now = cloud.stack_settings(&deployment.stack_id).await?;
    // What differs is found first: of two that belong together the one that stays goes with the other.
    Ok(wished.clone().differing(&now).completed(&now))
}

/// What the updates bring in; of an update that can't be drawn up nothing is known.
async fn brought_in(
    site: &Site,
    deployment: &Deployment,
    drafted: &Result<DraftedUpdate, DraftError>,
    linked: &Linked,
) -> Pieces {
    let mut brought = linked.brought.clone();
    if let Ok(drafted) = drafted {
        let cloud = &site.ports.clouds.primary;
        let (release, pseudo) = (&drafted.after, &drafted.pseudo);
        brought.extend(gather(cloud, UpdateKind::Primary, release, pseudo, deployment).await);
    }
    brought
}

/// Whether maintenance is left with the deployment's state, which says what goes on elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithState {
    /// It is.
    Yes,
    /// It can't be read.
    No,
}

/// Draw up the plan of entering or of leaving maintenance.
pub async fn prepare_maintenance(
    site: &Site,
    kind: RunKind,
    run_id: &str,
    force_sessions: &[String],
    closes_at: Option<Timestamp>,
    inherited: Before,
) -> Result<Plan, CliError> {
    draw_up_maintenance(site, kind, run_id, (force_sessions, closes_at), inherited, WithState::Yes).await
}

/// Draw up the plan of leaving maintenance.
pub async fn prepare_leaving(
    site: &Site,
    run_id: &str,
    inherited: Before,
    state: WithState,
) -> Result<Plan, CliError> {
    draw_up_maintenance(site, RunKind::LeaveMaintenance, run_id, (&[], None), inherited, state).await
}

async fn draw_up_maintenance(
    site: &Site,
    kind: RunKind,
    run_id: &str,
    (force_sessions, closes_at): (&[String], Option<Timestamp>),
    inherited: Before,
    state: WithState,
) -> Result<Plan, CliError> {
    let cloud = &site.ports.clouds.primary;
    let deployment = cloud.deployment(&site.settings.stack).await?;
    let (profile, targets) = find_targets_with(&deployment, site.profile.as_ref())?;
    let (entrance, found, before, _) = calm::as_found(site, &deployment, &targets, inherited).await?;
    let nobody = Linked::default();
    let around = circumstances(site, &deployment, (&targets, &entrance), false, None, &nobody).await?;
    let at_work = at_work(&around);
    let found_out = Findings {
        facts: &Facts::default(),
        deployment: &deployment,
        targets: &targets,
        profile: &profile,
        listeners: &entrance.listeners,
        new_priorities: &BTreeMap::new(),
        at_work: &at_work,
        checks: &[],
        accepted: &[],
        found: found.as_ref(),
        before: &before,
    };
    let window = Window { closes_at, lasts_milliseconds: None };
    let mut settings = site.settings.plan_settings(run_id, site.clock.now(), window, around.platform);
    settings.maintenance.force_sessions = force_sessions.to_vec();
    settings.state.clone_from(&site.state);
    settings.left_without_state = state == WithState::No;
    if kind == RunKind::EnterMaintenance {
        refuse_unfit_state(&around)?;
        refuse_undrainable(&around, &settings.maintenance)?;
    }
    if kind == RunKind::LeaveMaintenance {
        // Nobody is admitted through a gate that is opened; room for it isn't asked for.
        settings.admitted.clear();
        settings.announcement = upgrade::Announcement { banner: None, closes_at: None };
    }
    Ok(maintenance_plan(kind, &settings, &found_out)?)
}

/// Nobody is kept out by a run whose claim can't be kept, or beside a run of another state. Leaving is never refused for it.
fn refuse_unfit_state(around: &Circumstances) -> Result<(), PlanningError> {
    let Circumstances { state, elsewhere, .. } = around;
    // What could not be looked at is seen when the gate is closed.
    if let Some(theirs) = elsewhere.iter().flatten().next() {
        return Err(PlanningError::OtherState { theirs: theirs.clone(), ours: state.location.clone() });
    }
    let location = state.location.clone();
    match state.bucket.as_ref().map(|bucket| &bucket.trial) {
        None | Some(Ok(Trial::Holds)) => Ok(()),
        Some(Ok(Trial::CreatesTwice)) => {
            Err(PlanningError::UnfitState { location, ignores: "If-None-Match" })
        }
        Some(Ok(Trial::ReplacesAny)) => Err(PlanningError::UnfitState { location, ignores: "If-Match" }),
        Some(Err(reason)) => Err(PlanningError::UntriedState { location, reason: reason.clone() }),
    }
}

/// Nobody is kept out for a drain that can't come to its end.
fn refuse_undrainable(
    around: &Circumstances,
    policy: &upgrade::MaintenancePolicy,
) -> Result<(), PlanningError> {
    let found = obstacles(&around.obstacles, policy);
    let held: Vec<String> = found
        .into_iter()
        .filter(|one| one.weight == Weight::Holds)
        .map(|Obstacle { weight: _, told, advice }| format!("{told}. {advice}"))
        .collect();
    if held.is_empty() { Ok(()) } else { Err(PlanningError::Undrainable(held)) }
}

fn policy(site: &Site, request: &UpgradeRequest) -> upgrade::MaintenancePolicy {
    let mut policy = site.settings.maintenance.policy.clone();
    policy.force_sessions.clone_from(&request.choices.force_sessions);
    policy
}

/// How long users are kept out where no earlier run tells.
const USUAL_WINDOW_MILLISECONDS: u64 = 2 * 3_600_000;

/// From when to when users are kept out, as far as that can be said.
fn window_of(site: &Site, request: &UpgradeRequest) -> (Timestamp, Timestamp) {
    let lasts = site.expected_milliseconds.unwrap_or(USUAL_WINDOW_MILLISECONDS);
    let (now, window) =
        (site.clock.now(), Window { closes_at: request.choices.closes_at, lasts_milliseconds: Some(lasts) });
    let from = site.settings.closes_at(now, window).unwrap_or(now);
    (from, Timestamp(from.0.saturating_add(lasts)))
}

/// The updates of the linked stacks, and what was found of them.
#[derive(Default)]
struct Linked {
    backup: Option<LinkedStack>,
    role: Option<LinkedStack>,
    drafted: Vec<DraftedUpdate>,
    texts: Vec<TemplateTexts>,
    brought: Pieces,
}

impl Linked {
    /// The versions that linked stacks will have when the primary stack's turn comes.
    fn versions(&self) -> BTreeMap<UpdateKind, String> {
        let updates = self.drafted.iter().map(|drafted| &drafted.update);
        updates.filter_map(|update| Some((update.kind, update.to_version.clone()?))).collect()
    }
}

async fn linked_updates(site: &Site, run_id: &str) -> Result<Linked, CliError> {
    let mut linked = Linked::default();
    if let Some(stack) = &site.settings.backup_stack {
        let template = stack.template.as_deref();
        let found = linked.look(site, UpdateKind::BackupStack, &stack.stack, template, run_id).await?;
        linked.backup = Some(found);
    }
    if let Some(stack) = &site.settings.role_stack {
        let template = stack.template.as_deref();
        let found = linked.look(site, UpdateKind::RoleStack, &stack.stack, template, run_id).await?;
        linked.role = Some(found);
    }
    Ok(linked)
}

impl Linked {
    /// A linked stack as it is; its update, where its newest template is known and changes something, joins the others.
    async fn look(
        &mut self,
        site: &Site,
        kind: UpdateKind,
        stack: &str,
        template: Option<&str>,
        run_id: &str,
    ) -> Result<LinkedStack, CliError> {
        let cloud = site.ports.clouds.cloud_for(kind)?;
        let found = cloud.deployment(stack).await.map_err(|error| error.to_string());
        if let (Ok(deployment), Some(template)) = (&found, template) {
            let release = NewRelease::read(site, cloud, template).await?;
            let pinned = pin(site, kind, &release).await?;
            let drafted = draft_update(&UpdateRequest {
                kind,
                deployment,
                template_name: &release.name,
                template: &release.bytes,
                template_url: &pinned.url,
                given: &BTreeMap::new(),
                options: &UpdateOptions::default(),
                run_id,
                profile: None,
            });
            match drafted {
                Ok(drafted) => {
                    let brought = gather(cloud, kind, &drafted.after, &drafted.pseudo, deployment).await;
                    self.brought.extend(brought);
                    self.drafted.push(drafted);
                    self.texts.push(TemplateTexts::new(kind, deployment, &release));
                }
                Err(DraftError::NoChanges) => {}
                Err(source) => {
                    let (stack, source) = (stack.to_owned(), Box::new(source));
                    return Err(PlanningError::Linked { stack, source }.into());
                }
            }
        }
        Ok(LinkedStack { name: stack.to_owned(), found })
    }
}

/// The way back needs the deployed template where CloudFormation can read it again, and all that it brings in.
async fn way_back(
    site: &Site,
    cloud: &AwsCloud,
    deployment: &Deployment,
    drafted: &DraftedUpdate,
    request: &UpgradeRequest,
    brought: &mut Pieces,
) -> Result<Option<upgrade::StackUpdate>, CliError> {
    if site.settings.template_bucket.is_none() {
        return Ok(None);
    }
    let bytes = deployment.template.as_bytes().to_vec();
    let deployed = NewRelease::of("the deployed template", bytes, None)?;
    let pinned = pin(site, UpdateKind::WayBack, &deployed).await?;
    let drafted_back =
        draft_way_back(deployment, drafted, &request.release.bytes, &pinned.url, &request.run_id);
    // A release that can't be gone back from has no way back: the health check then asks without offering one.
    let Ok(update) = drafted_back else { return Ok(None) };
    let (release, pseudo) = (&drafted.before, &drafted.pseudo);
    let pieces = gather(cloud, UpdateKind::WayBack, release, pseudo, deployment).await;
    if let Err(why) = pieces.readable() {
        brought.unpinned.push(upgrade::UnpinnedPiece {
            update: UpdateKind::WayBack,
            what: "the way back".to_owned(),
            why: format!("the deployed release can't be deployed again, so it isn't offered: {why}"),
        });
        return Ok(None);
    }
    brought.extend(pieces);
    Ok(Some(update))
}

/// The parameters that pin databases' storage, as the profile says.
fn storage_parameters(profile: &Profile, drafted: Option<&DraftedUpdate>) -> Vec<(String, String)> {
    let Some(drafted) = drafted else { return Vec::new() };
    let (before, outside) = (&drafted.before, Outside::default());
    let evaluation = Evaluation::new(&before.template, &before.parameters, &drafted.pseudo, &outside);
    let roles = evaluation.ok().and_then(|evaluation| profile.resolve(&evaluation).ok());
    let databases = roles.into_iter().flat_map(|roles| roles.databases);
    databases.filter_map(|one| Some((one.logical_id, one.storage_parameter?))).collect()
}
