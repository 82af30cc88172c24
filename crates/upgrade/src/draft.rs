//! From a deployment as observed and a new release to a plan.

mod doors;
mod foretold;
mod gate;
mod new_doors;
mod options;
mod priorities;
mod properties;
mod secrets;
mod update;

use std::collections::{BTreeMap, BTreeSet};

use template::{Evaluation, Outside};

use crate::checks::{self, CheckResult};
use crate::deployment::Deployment;
use crate::door::{DoorWord, ListenerSeen};
use crate::facts::{Facts, FactsBefore};
use crate::observation::LogicalResource;
use crate::plan::{
    Acceptance, AtWork, PLAN_FORMAT, Plan, PlannedSnapshot, PlannedStep, RunKind, SnapshotKind, StackUpdate,
    Targets, UpdateKind,
};
use crate::platform::PlatformCapabilities;
use crate::policy::{Announcement, HealthPolicy, MaintenancePolicy};
use crate::profile::{Profile, ProfileError, Survey};
use crate::state::{Before, Maintenance};
use crate::step::Step;

pub use doors::makes_room;
pub use foretold::Foretold;
pub use gate::MOST_PAGE_BYTES;
pub(crate) use gate::gate_on;
pub use new_doors::new_doors;
pub use options::{MOST_ARNS, MOST_MONITORING_MINUTES, MOST_TAGS, UnfitOption, UpdateOptions};
pub use priorities::new_priorities;
pub use properties::ChangedProperty;
pub(crate) use update::pseudo;
pub use update::{DraftedUpdate, ReleaseSide, UpdateRequest, draft_update, draft_way_back, is_updatable};

/// Why there is no plan. Nothing was touched.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The stack can't be updated in the state it is in.
    #[error(
        "stack {stack_name} is {status}; it can be updated when it is in a _COMPLETE state that is not ROLLBACK_COMPLETE"
    )]
    NotUpdatable { stack_name: String, status: String },
    /// A template can't be read.
    #[error(transparent)]
    Template(#[from] template::TemplateError),
    /// Parameters are missing or refused.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Parameters(Vec<template::ParameterError>),
    /// Assertions of the template's rules don't hold.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Rules(Vec<template::RuleViolation>),
    /// A secret would have to be in the plan.
    #[error(
        "parameter {0} is NoEcho and new or changed; slackwater does not keep secrets in a plan, so set it on the stack first"
    )]
    SecretInPlan(String),
    /// Conditions can't be decided.
    #[error(transparent)]
    Evaluate(#[from] template::EvaluateError),
    /// The change set can't be foretold.
    #[error(transparent)]
    Predict(#[from] changeset::PredictError),
    /// The profile doesn't fit.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A part of the platform is not in the account.
    #[error(
        "{logical_id} is in the template of stack {stack_name}, but the stack has no such resource; has it drifted?"
    )]
    NotDeployed {
        /// The resource.
        logical_id: String,
        stack_name: String,
    },
    /// The platform's parts can't be found in a stack that isn't whole.
    #[error("stack {stack_name} is {status}, and isn't whole ({source}). {way_out}")]
    NotWhole {
        stack_name: String,
        status: String,
        /// What leads out of it.
        way_out: &'static str,
        /// What is missing.
        source: Box<DraftError>,
    },
    /// The rules that close the gate must come before every other.
    #[error(
        "the listener {listener} has a rule of priority {lowest}, and the gate needs {needed} before it; move it (elbv2 set-rule-priorities) to make room"
    )]
    NoRoomForGate {
        /// The listener's logical id.
        listener: String,
        /// How many rules the gate needs.
        needed: i32,
        /// The lowest priority of the platform's own rules.
        lowest: i32,
    },
    /// A copy of a rule can't take an address.
    #[error(
        "rule {rule_arn} has 5 condition values already, so a copy of it for the admitted addresses is not possible; admit nobody"
    )]
    NoRoomForAddress { rule_arn: String },
    /// The maintenance page is too long.
    #[error(
        "the maintenance page would have {bytes} bytes, and a load balancer shows at most {most}: shorten the message"
    )]
    PageTooLong {
        /// Its length.
        bytes: usize,
        /// ELB's limit.
        most: usize,
    },
    /// Nothing keeps users out, and nobody has said that there is no gate.
    #[error(
        "no listener of an application load balancer was found, so nothing can keep users out; where that is meant to be so, say \
         `gate = \"none\"` in the deployment's settings: work is then stopped, and nobody is kept out"
    )]
    NoGate,
    /// Users would come in by listeners that can't be closed.
    #[error(
        "users could come in by what can't be closed: {}; settle each in the deployment's settings: doors = {{ NAME = \
         \"not-for-users: WHY\" }}, or \"stays-open: WHY\"", .0.join("; ")
    )]
    DoorsStayOpen(Vec<String>),
    /// The update would change nothing.
    #[error("the update would change nothing: the stack already has this template with these parameters")]
    NoChanges,
}

/// Find the parts of a deployment that maintenance touches.
pub fn find_targets(deployment: &Deployment) -> Result<(Profile, Targets), DraftError> {
    find_targets_with(deployment, None)
}

/// The same with the owner's profile; without one, the profile that the template tells.
pub fn find_targets_with(
    deployment: &Deployment,
    profile: Option<&Profile>,
) -> Result<(Profile, Targets), DraftError> {
    find_in_whole(deployment, profile).map_err(|source| match checks::way_out(&deployment.status) {
        None => source,
        Some(way_out) => DraftError::NotWhole {
            stack_name: deployment.stack_name.clone(),
            status: deployment.status.clone(),
            way_out,
            source: Box::new(source),
        },
    })
}

fn find_in_whole(
    deployment: &Deployment,
    profile: Option<&Profile>,
) -> Result<(Profile, Targets), DraftError> {
    let deployed = ReleaseSide::deployed(deployment)?;
    let (pseudo, outside) = (pseudo(deployment), Outside::default());
    let evaluation = Evaluation::new(&deployed.template, &deployed.parameters, &pseudo, &outside)?;
    let profile = profile.cloned().unwrap_or_else(|| Profile::from_template(&deployed.template));
    let targets = targets(deployment, &profile, &evaluation)?;
    Ok((profile, targets))
}

/// What the profile that a deployment's template tells finds in it, also where something is amiss.
///
/// # Errors
/// The deployed template can't be read, or its parameters don't fit.
pub fn survey_deployment(deployment: &Deployment) -> Result<(Profile, Survey), DraftError> {
    let deployed = ReleaseSide::deployed(deployment)?;
    let (pseudo, outside) = (pseudo(deployment), Outside::default());
    let evaluation = Evaluation::new(&deployed.template, &deployed.parameters, &pseudo, &outside)?;
    let profile = Profile::from_template(&deployed.template);
    let survey = profile.survey(&evaluation);
    Ok((profile, survey))
}

/// The parts that a profile finds, with their ids.
fn targets(
    deployment: &Deployment,
    profile: &Profile,
    evaluation: &Evaluation<'_>,
) -> Result<Targets, DraftError> {
    let roles = profile.roles(evaluation)?;
    let find = |logical_id: &String| {
        deployment.resources.iter().find(|resource| resource.logical_id == *logical_id).cloned().ok_or_else(
            || DraftError::NotDeployed {
                logical_id: logical_id.clone(),
                stack_name: deployment.stack_name.clone(),
            },
        )
    };
    let find_all = |ids: &[String]| ids.iter().map(find).collect::<Result<Vec<LogicalResource>, _>>();
    let databases: Vec<String> = roles.databases.iter().map(|one| one.logical_id.clone()).collect();
    Ok(Targets {
        listeners: find_all(&roles.listeners)?,
        target_groups: find_all(&roles.target_groups)?,
        job_queues: find_all(&roles.job_queues)?,
        worker_groups: find_all(&roles.worker_groups)?,
        ecs_services: find_all(&roles.ecs_services)?,
        serving_services: find_all(&roles.serving_services)?,
        alarms: find_all(&roles.alarms)?,
        databases: find_all(&databases)?,
        volumes: find_all(&roles.volumes)?,
        dedicated_machine_tags: roles.dedicated_machine_tags,
    })
}

/// What a plan is assembled from, beside the updates themselves.
#[derive(Debug, Clone)]
pub struct PlanSettings {
    /// The deployment's name, as the operator knows it.
    pub deployment_name: String,
    /// Names the run: letters, digits and hyphens.
    pub run_id: String,
    /// Where the deployment's state is; empty: nobody said.
    pub state: String,
    /// Maintenance is left though that state can't be read.
    pub left_without_state: bool,
    /// How each kind of workload is treated.
    pub maintenance: MaintenancePolicy,
    /// What proves the platform healthy.
    pub health: HealthPolicy,
    /// How users are told, and when the gate closes.
    pub announcement: Announcement,
    /// The owner says that there is no gate.
    pub gateless: bool,
    /// What the owner says of listeners, by their name in the template or their ARN.
    pub door_words: BTreeMap<String, DoorWord>,
    /// Addresses that pass the closed gate (CIDR blocks).
    pub admitted: Vec<String>,
    /// What the maintenance page says.
    pub message: Option<String>,
    /// Whether databases are copied before the update.
    pub snapshot_databases: bool,
    /// Whether data volumes are copied before the update.
    pub snapshot_volumes: bool,
    /// What the platform's own API can do.
    pub platform: PlatformCapabilities,
}

/// What was found out for a plan.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// The deployment, as observed.
    pub deployment: &'a Deployment,
    /// Its parts.
    pub targets: &'a Targets,
    /// The profile that found them.
    pub profile: &'a Profile,
    /// The listeners of the deployment's load balancers.
    pub listeners: &'a [ListenerSeen],
    /// Priorities that the update gives to rules, by the listener's name in the template: the gate takes none of them, and is
    /// before all of them.
    pub new_priorities: &'a BTreeMap<String, BTreeSet<i32>>,
    pub at_work: &'a AtWork,
    pub checks: &'a [CheckResult],
    /// What the operator accepted.
    pub accepted: &'a [Acceptance],
    /// The maintenance in which the deployment is.
    pub found: Option<&'a Maintenance>,
    /// How everything was before, as far as it is known.
    pub before: &'a Before,
    /// What the plan stands on.
    pub facts: &'a Facts,
}

/// Assemble the plan of an upgrade. The linked stacks' updates come first, in the order given.
pub fn upgrade_plan(
    settings: &PlanSettings,
    findings: &Findings<'_>,
    linked: &[DraftedUpdate],
    primary: &DraftedUpdate,
    way_back: Option<StackUpdate>,
) -> Result<Plan, DraftError> {
    let mut plan = maintenance_plan(RunKind::Upgrade, settings, findings)?;
    let drafted = || linked.iter().chain([primary]);
    plan.from_version = primary.update.from_version.clone();
    plan.to_version = primary.update.to_version.clone();
    plan.updates = drafted().map(|drafted| drafted.update.clone()).collect();
    plan.way_back = way_back;
    plan.risks = update::planned_risks(drafted());
    plan.permissions = primary.policy();
    if !settings.gateless {
        let words = &settings.door_words;
        plan.doors.extend(new_doors(primary).into_iter().filter_map(|door| door.planned(words)));
        doors::refuse_open(&plan.doors)?;
    }
    plan.snapshots = snapshots(settings, findings.targets);
    plan.steps = upgrade_steps(&plan);
    Ok(plan)
}

/// Assemble the plan of entering or leaving maintenance by itself.
pub fn maintenance_plan(
    kind: RunKind,
    settings: &PlanSettings,
    findings: &Findings<'_>,
) -> Result<Plan, DraftError> {
    let Findings { deployment, targets, .. } = *findings;
    let doors = doors::planned(kind, settings, findings)?;
    let mut plan = Plan {
        format: PLAN_FORMAT,
        run_id: settings.run_id.clone(),
        deployment: settings.deployment_name.clone(),
        state: settings.state.clone(),
        left_without_state: settings.left_without_state,
        kind,
        stack_name: deployment.stack_name.clone(),
        stack_id: deployment.stack_id.clone(),
        profile: findings.profile.name.clone(),
        version_sources: findings.profile.version_sources(),
        from_version: ReleaseSide::deployed(deployment)?.version(Some(findings.profile)),
        to_version: None,
        updates: Vec::new(),
        way_back: None,
        pieces: Vec::new(),
        unpinned: Vec::new(),
        targets: targets.clone(),
        doors,
        gateless: settings.gateless,
        // Who is out already is told nothing more, and no window is waited for.
        announcement: match findings.found {
            Some(_) => Announcement { banner: None, closes_at: None },
            None => settings.announcement.clone(),
        },
        maintenance: settings.maintenance.clone(),
        platform: settings.platform,
        snapshots: Vec::new(),
        health: settings.health.clone(),
        before: findings.before.clone(),
        found: findings.found.cloned(),
        stands_on: findings.facts.clone(),
        checks: findings.checks.to_vec(),
        accepted: findings.accepted.to_vec(),
        risks: Vec::new(),
        permissions: String::new(),
        at_work: findings.at_work.clone(),
        steps: Vec::new(),
    };
    plan.steps = match kind {
        RunKind::Upgrade => Vec::new(),
        RunKind::EnterMaintenance => {
            let way_in = [Step::ANNOUNCING, Step::AWAITING, Step::CLOSING, Step::DRAINING];
            needed(&plan, way_in.concat().into_iter().chain([Step::TakeStock]))
        }
        RunKind::LeaveMaintenance => needed(&plan, Step::LEAVING.iter().copied()),
    };
    Ok(plan)
}

/// The straight way of an upgrade: linked stacks while users still work, the change set compared before anybody is
/// disturbed, then the gate.
fn upgrade_steps(plan: &Plan) -> Vec<PlannedStep> {
    let linked = plan.updates.iter().filter(|update| update.kind != UpdateKind::Primary);
    let linked: Vec<Step> = linked.flat_map(|update| Step::of_update(update.kind)).collect();
    let [create, contents, execute, follow] = Step::of_update(UpdateKind::Primary);
    let (before_gate, before_update) =
        (Step::ConfirmFacts(FactsBefore::Gate), Step::ConfirmFacts(FactsBefore::Update));
    let way = [
        Step::ANNOUNCING,
        &linked,
        Step::AWAITING,
        &[create, before_gate],
        Step::CLOSING,
        Step::DRAINING,
        Step::SAVING,
        &[before_update, contents, execute, follow],
        Step::LEAVING,
    ];
    needed(plan, way.concat())
}

/// Those that have anything to do in this plan, with their usual limits.
fn needed(plan: &Plan, steps: impl IntoIterator<Item = Step>) -> Vec<PlannedStep> {
    steps.into_iter().filter(|step| step.is_needed(plan)).map(Step::usual).collect()
}

fn snapshots(settings: &PlanSettings, targets: &Targets) -> Vec<PlannedSnapshot> {
    let of = |kind, resources: &[LogicalResource]| -> Vec<PlannedSnapshot> {
        resources
            .iter()
            .map(|resource| PlannedSnapshot {
                kind,
                logical_id: resource.logical_id.clone(),
                source_id: resource.physical_id.clone(),
                name: snapshot_name(&settings.run_id, &resource.logical_id),
            })
            .collect()
    };
    let mut planned = Vec::new();
    if settings.snapshot_databases {
        planned.extend(of(SnapshotKind::Database, &targets.databases));
    }
    if settings.snapshot_volumes {
        planned.extend(of(SnapshotKind::Volume, &targets.volumes));
    }
    planned
}

/// DBSnapshotIdentifier: letters, digits and single hyphens, the first a letter (RDS API reference).
fn snapshot_name(run_id: &str, logical_id: &str) -> String {
    let name = format!("slackwater-{run_id}-{logical_id}").to_lowercase();
    name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
}
