//! `slackwater status`: how deployments stand. Looking is here; what a person must mind is in `attention`, what is
//! printed in `text` and `answer`, all pure.

mod answer;
mod attention;
mod text;

use std::process::ExitCode;
use std::time::Duration;

use conductor::{Cloud, JournalStore};
use upgrade::{
    Computation, Deployment, EcsService, FleetQuery, HealthFinding, Job, JobQueue, LogicalResource, Looked,
    Machine, Maintenance, PortError, Session, Targets, Timestamp, WorkerGroup, find_targets_with,
};

use crate::answers;
use crate::arguments::{DataDir, Format, Status};
use crate::configuration::DeploymentSettings;
use crate::error::{CliError, Exit};
use crate::listed_run::ListedRun;
use crate::planning::calm::health_now;
use crate::planning::doors::{door_lines, entrance, open_doors};
use crate::site::{self, Site};
use crate::terminal;

pub(crate) use text::maintenance;

/// How a deployment stands. What could not be looked at carries the reason.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Its name in the settings.
    pub deployment: String,
    /// When it was looked at.
    pub at: Timestamp,
    /// The primary stack's name.
    pub stack: String,
    /// Such as `UPDATE_COMPLETE`.
    pub stack_status: String,
    /// The deployed release.
    pub version: Option<String>,
    /// The gate.
    pub gate: Looked<Gate>,
    /// Every way in and how it stands, a line each.
    pub doors: Vec<String>,
    /// Each part that proves the platform healthy; none: the settings ask none.
    pub health: Looked<Vec<HealthFinding>>,
    /// What people and jobs do.
    pub at_work: AtWork,
    /// Job queues, with our notes.
    pub job_queues: Looked<Vec<JobQueue>>,
    /// Worker groups, with our notes.
    pub worker_groups: Looked<Vec<WorkerGroup>>,
    /// ECS services that work, with our notes.
    pub ecs_services: Looked<Vec<EcsService>>,
    /// Alarms that maintenance has muted: those that bear its note.
    pub muted_alarms: Looked<Vec<String>>,
    /// The banner that users see; `None`: the platform has no API of banners.
    pub banner: Option<Looked<Option<String>>>,
    /// Our change sets that wait to be executed.
    pub change_sets: Looked<Vec<String>>,
    /// The last run in the journal.
    pub last_run: Option<ListedRun>,
    /// Why the journal can't be read: nobody knows here of any run.
    pub journal_unreadable: Option<String>,
    /// What a person must mind.
    pub attention: Vec<String>,
}

/// The gate; where there is none, whether work is stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Gate {
    /// Whether users are kept out: every way in is closed.
    pub closed: bool,
    /// There is no gate: `closed` says whether work is stopped, by the notes on it.
    pub gateless: bool,
    /// Ways in that stand open although others are closed.
    pub open: Vec<String>,
    /// The run that closed it.
    pub run: Option<String>,
    /// When, as the gate itself tells.
    pub since: Option<Timestamp>,
    /// Who closed it, as the gate itself tells.
    pub by: Option<String>,
}

/// Who and what is at work.
#[derive(Debug)]
pub(crate) struct AtWork {
    /// `None`: the platform has no API.
    pub sessions: Option<Looked<Vec<Session>>>,
    /// `None`: the platform has no API.
    pub computations: Option<Looked<Vec<Computation>>>,
    /// Unfinished jobs.
    pub jobs: Looked<Vec<Job>>,
    /// Machines outside of every group.
    pub machines: Looked<Vec<Machine>>,
}

pub(crate) async fn run(arguments: &Status) -> Result<ExitCode, CliError> {
    let configuration = site::configuration(&arguments.places.config)?;
    let chosen: Vec<DeploymentSettings> = match &arguments.deployment {
        Some(name) => vec![configuration.deployment(Some(name))?.clone()],
        None if configuration.deployments.is_empty() => vec![configuration.deployment(None)?.clone()],
        None => configuration.deployments.clone(),
    };
    let alone = chosen.len() == 1;
    let (mut told, mut failure) = (answers::Status::default(), None);
    for settings in chosen {
        let name = settings.name.clone();
        let looked = async {
            let site = Site::of(settings, configuration.directory(), "status").await?;
            look(&site, Some(&arguments.places.data)).await
        };
        match (looked.await, arguments.printed.format) {
            (Ok(standing), Format::Json) => told.deployments.push(answer::answer(standing)),
            (Ok(standing), Format::Text) => {
                print_styled!("{}", terminal::fit(&text::render(&standing, terminal::width())));
            }
            // One that can't be reached hides no other.
            (Err(error), format) => {
                match format {
                    Format::Json => {
                        told.unreached.push(answers::Unreached { name, because: error.to_string() });
                    }
                    Format::Text if alone => return Err(error),
                    Format::Text => println!("{name}: cannot be looked at: {error}\n"),
                }
                failure = Some(error);
            }
        }
    }
    if arguments.printed.format == Format::Json {
        answers::print(&told);
    }
    Ok(failure.map_or(Exit::Done, |error| error.kind()).into())
}

/// One deployment's, as `slackwater status` prints all of them.
pub(crate) fn print_alone(standing: Standing) {
    answers::print(&answers::Status { deployments: vec![answer::answer(standing)], unreached: Vec::new() });
}

impl Standing {
    /// The maintenance in which the deployment is, when everything of it is as it should be: entering it again would change
    /// nothing.
    pub(crate) fn calm(&self) -> Option<Maintenance> {
        let gate = self.gate.as_ref().ok().filter(|gate| gate.closed)?;
        let queues = self.job_queues.as_ref().is_ok_and(|queues| queues.iter().all(|queue| !queue.enabled));
        let groups = self
            .worker_groups
            .as_ref()
            .is_ok_and(|groups| groups.iter().all(|group| group.max_size == 0 && group.instances.is_empty()));
        let services = self.ecs_services.as_ref().is_ok_and(|services| {
            services.iter().all(|service| service.desired_count == 0 && service.tasks.is_empty())
        });
        let jobs = self.at_work.jobs.as_ref().is_ok_and(Vec::is_empty);
        let machines = self.at_work.machines.as_ref().is_ok_and(Vec::is_empty);
        (queues && groups && services && jobs && machines).then(|| Maintenance {
            run_id: gate.run.clone().unwrap_or_default(),
            since: gate.since,
            by: gate.by.clone(),
            state: None,
        })
    }

    /// Whether anything is as maintenance leaves it, or could not be looked at.
    pub(crate) fn has_taken_away(&self) -> bool {
        self.gate.as_ref().map_or(true, |gate| gate.run.is_some())
            || self.muted_alarms.as_ref().map_or(true, |alarms| !alarms.is_empty())
            || self.job_queues.is_err()
            || self.worker_groups.is_err()
            || self.ecs_services.is_err()
            || self.notes().next().is_some()
    }

    /// What bears a note of how it was before maintenance: its name, and the note.
    fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        let groups = self.worker_groups.iter().flatten();
        let groups = groups.map(|group| (group.name.as_str(), group.remembered.as_deref()));
        let queues =
            self.job_queues.iter().flatten().map(|queue| {
                (queue.arn.rsplit('/').next().unwrap_or(&queue.arn), queue.remembered.as_deref())
            });
        let services = self.ecs_services.iter().flatten();
        let services = services.map(|service| (service.name(), service.remembered.as_deref()));
        groups.chain(queues).chain(services).filter_map(|(name, note)| Some((name, note?)))
    }
}

/// What a person must mind about a deployment, a sentence each.
///
/// # Errors
/// The stack can't be seen at all.
pub async fn attention(site: &Site) -> Result<Vec<String>, CliError> {
    Ok(look(site, None).await?.attention)
}

/// How a deployment stands, as `slackwater status --output json` prints it. Nothing is told of its runs.
///
/// # Errors
/// The stack can't be seen at all.
pub async fn standing(site: &Site) -> Result<serde_json::Value, CliError> {
    let deployments = vec![answer::answer(look(site, None).await?)];
    Ok(answers::document(&answers::Status { deployments, unreached: Vec::new() }))
}

/// Look at a deployment. Only a stack that can't be seen at all is an error. Without a data directory nothing is told of its
/// runs.
pub(crate) async fn look(site: &Site, data: Option<&DataDir>) -> Result<Standing, CliError> {
    let cloud = &site.ports.clouds.primary;
    let deployment = cloud.deployment(&site.settings.stack).await?;
    let (_, targets) = find_targets_with(&deployment, site.profile.as_ref())?;
    // A journal that can't be read hides nothing of what is.
    let (last_run, journal_unreadable) = match last_run(site, data).await {
        Ok(last_run) => (last_run, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let queues = ids(&targets.job_queues);
    let machines = FleetQuery::Machines { tags: targets.dedicated_machine_tags.clone() };
    let groups = FleetQuery::WorkerGroups { names: ids(&targets.worker_groups) };
    let services = FleetQuery::EcsServices { arns: ids(&targets.ecs_services) };
    let (gate, doors) = gate(site, &deployment, &targets).await;
    let in_maintenance = gate.as_ref().is_ok_and(|gate| gate.run.is_some());
    let mut standing = Standing {
        deployment: site.settings.name.clone(),
        at: site.clock.now(),
        stack: deployment.stack_name.clone(),
        stack_status: deployment.status.clone(),
        version: upgrade::ReleaseSide::deployed(&deployment)?.version(site.profile.as_ref()),
        gate,
        doors,
        health: health_within(site, &targets, in_maintenance).await,
        at_work: AtWork {
            sessions: sessions(site).await,
            computations: computations(site).await,
            jobs: cloud.jobs_with_owners(&queues).await.map_err(in_words),
            machines: looked!(site, machines, Machines),
        },
        job_queues: looked!(site, FleetQuery::JobQueues { arns: queues }, JobQueues),
        worker_groups: looked!(site, groups, WorkerGroups),
        ecs_services: looked!(site, services, EcsServices),
        muted_alarms: muted(site, &targets).await,
        banner: match site.ports.platform.capabilities().banner {
            false => None,
            true => Some(
                site.ports
                    .platform
                    .banner()
                    .await
                    .map(|banner| banner.map(|banner| banner.text))
                    .map_err(in_words),
            ),
        },
        change_sets: cloud
            .waiting_change_sets(&deployment.stack_id)
            .await
            .map(|names| names.into_iter().filter(|name| name.starts_with("slackwater-")).collect())
            .map_err(in_words),
        last_run,
        journal_unreadable,
        attention: Vec::new(),
    };
    standing.attention = attention::of(&standing);
    Ok(standing)
}

fn in_words(error: PortError) -> String {
    error.to_string()
}

fn ids(resources: &[LogicalResource]) -> Vec<String> {
    resources.iter().map(|resource| resource.physical_id.clone()).collect()
}

async fn gate(site: &Site, deployment: &Deployment, targets: &Targets) -> (Looked<Gate>, Vec<String>) {
    let entrance = match entrance(site, deployment, targets).await {
        Ok(entrance) => entrance,
        Err(error) => return (Err(in_words(error)), Vec::new()),
    };
    let gateless = site.settings.gateless;
    let gate = match Maintenance::from_calm(&entrance.calm) {
        None => Gate { gateless, ..Gate::default() },
        Some(Maintenance { run_id, since, by, state: _ }) => {
            let open = open_doors(&entrance);
            Gate { closed: open.is_empty(), gateless, open, run: Some(run_id), since, by }
        }
    };
    (Ok(gate), door_lines(site, &entrance))
}

/// How long a look at the platform's health may hold everything else up: a sick platform may not answer at all.
const HEALTH_SECONDS: u64 = 4;

/// How healthy each part of the platform is, if that is told soon.
pub(crate) async fn health_within(
    site: &Site,
    targets: &Targets,
    in_maintenance: bool,
) -> Looked<Vec<HealthFinding>> {
    let asked = health_now(site, targets, in_maintenance);
    match tokio::time::timeout(Duration::from_secs(HEALTH_SECONDS), asked).await {
        Ok(found) => found.map_err(in_words),
        Err(_) => Err(format!("its parts did not all answer within {HEALTH_SECONDS} s")),
    }
}

async fn sessions(site: &Site) -> Option<Looked<Vec<Session>>> {
    if !site.ports.platform.capabilities().sessions {
        return None;
    }
    Some(site.ports.platform.sessions().await.map_err(|error| error.to_string()))
}

async fn computations(site: &Site) -> Option<Looked<Vec<Computation>>> {
    if !site.ports.platform.capabilities().computations {
        return None;
    }
    Some(site.ports.platform.computations().await.map_err(|error| error.to_string()))
}

/// Alarms that maintenance has muted. One that its owner muted bears no note, and is nobody else's business.
async fn muted(site: &Site, targets: &Targets) -> Looked<Vec<String>> {
    let names = ids(&targets.alarms);
    let seen = looked!(site, FleetQuery::Alarms { names }, Alarms)?;
    let muted = seen.into_iter().filter(|seen| !seen.actions_enabled && seen.remembered.is_some());
    Ok(muted.map(|seen| seen.name).collect())
}

async fn last_run(site: &Site, data: Option<&DataDir>) -> Result<Option<ListedRun>, CliError> {
    let Some(data) = data else { return Ok(None) };
    let Some(journal) = site.journal_if_any(&data.path).await? else { return Ok(None) };
    let found = journal.runs().await?.into_iter().rev().find(|run| run.deployment == site.settings.name);
    let Some(run) = found else { return Ok(None) };
    ListedRun::read(&journal, &run, site.clock.now()).await.map(Some)
}
