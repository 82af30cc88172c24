//! The deployment of a rehearsal: its stacks in clouds in this process, its people's work, and what reaches them. A stage is set
//! once; each run has a fork of it.

use std::collections::BTreeMap;
use std::path::Path;

use aws::{AwsCloud, AwsClouds};
use conductor::Clock;
use localcloud::{AccessKeys, Config, LocalCloud};
use platform::{Adapter, AdapterKind, PlatformConfig, Secret};
use serde_json::{Map, Value, json};
use template::Template;
use upgrade::Timestamp;

use super::calls::CallLog;
use super::made_up;
use super::simulated_platform::{SimulatedComputation, SimulatedPlatform, SimulatedSession};
use crate::configuration::{Configuration, ConfigurationError, DeploymentSettings, parse_profile};
use crate::error::CliError;
use crate::ports::Ports;
use crate::seed::{self, Caller, Dedicated, Jobs, Seed, StackSeed, Storage, Workers, Workload, unwritten};
use crate::site::Site;
use crate::snapshot::{Part, QueueSnapshot, Snapshot, StackSnapshot, WorkSnapshot};
use crate::unknown_platform::{is_gateless, usual_workload};

/// When every rehearsal's deployment begins to be built: 2026-01-01T00:00:00Z. No rehearsal knows what time it is.
pub const BEGINNING: Timestamp = Timestamp(1_767_225_600_000);

/// The bucket that templates are copied to.
pub(crate) const BUCKET: &str = "slackwater-rehearsal";

/// How long jobs would run: nobody can tell when real ones end, so these are still there when maintenance comes.
const JOB_SECONDS: u32 = 360_000;

/// How long the save of a session takes. Assumption: nobody has measured it.
const SAVING_MILLISECONDS: u64 = 20_000;

/// What stands in a request to the platform. No secret: the platform is in this process.
const TOKEN: &str = "rehearsal";

/// The deployment, in this process.
pub struct Stage {
    pub primary: LocalCloud,
    /// Where linked stacks are that aren't in the primary's account and Region, by theirs.
    elsewhere: BTreeMap<(String, String), LocalCloud>,
    pub platform: Option<SimulatedPlatform>,
    adapter: &'static AdapterKind,
    settings: DeploymentSettings,
    profile: Option<upgrade::Profile>,
    /// Where the linked stacks are: their accounts and Regions.
    places: BTreeMap<Part, (String, String)>,
    /// The time that it has come to.
    pub at: Timestamp,
    pub clock: Clock,
    /// Secret parameters, by stack, whose values are made up.
    pub made_up: Vec<String>,
}

impl Stage {
    /// Bring a deployment to where the snapshot has it. To be called where tokio's clock is paused.
    ///
    /// # Errors
    /// The local cloud refuses something, a secret can't be made up, or the settings don't fit.
    pub async fn set(snapshot: &Snapshot, secrets: &BTreeMap<String, String>) -> Result<Stage, CliError> {
        let clock = Clock::starting_at(BEGINNING);
        let Some(primary) = snapshot.stack(Part::Primary) else {
            return Err(CliError::bad_input("the snapshot has no primary stack"));
        };
        let cloud_of = |stack: &StackSnapshot| {
            // Identifiers are the same whatever is drawn: one run of many is that run again by its seed alone.
            let config = Config {
                account_id: stack.account_id.clone(),
                region: stack.region.clone(),
                ..Config::default()
            };
            let keys = AccessKeys::new("AKIAREHEARSAL", "a-rehearsal-has-no-secrets");
            let beginning = localcloud::Clock::starting_at(localcloud::Timestamp(BEGINNING.0));
            LocalCloud::in_memory(config, beginning, keys)
        };
        let place = |stack: &StackSnapshot| (stack.account_id.clone(), stack.region.clone());
        let here = cloud_of(primary);
        let mut stage = Stage {
            primary: here,
            elsewhere: BTreeMap::new(),
            platform: None,
            adapter: adapter(&snapshot.settings.adapter)?,
            settings: settings(snapshot, &BTreeMap::new())?,
            profile: None,
            places: snapshot.stacks.iter().map(|stack| (stack.part, place(stack))).collect(),
            at: BEGINNING,
            clock,
            made_up: Vec::new(),
        };
        if let Some(text) = &snapshot.settings.profile_text {
            let profile = parse_profile("the snapshot's profile", text);
            stage.profile = Some(profile.map_err(ConfigurationError::Problems)?);
        }
        let mut next_templates = BTreeMap::new();
        // What the primary one refers to is there first.
        for part in [Part::Backup, Part::Role, Part::Primary] {
            let Some(stack) = snapshot.stack(part) else { continue };
            let cloud = match place(stack) {
                there if there == place(primary) => stage.primary.clone(),
                there => stage.elsewhere.entry(there).or_insert_with(|| cloud_of(stack)).clone(),
            };
            let url = stage.create(&cloud, stack, secrets, snapshot.taken_at.is_some()).await?;
            next_templates.extend(url.map(|url| (part, url)));
        }
        stage.settings = settings(snapshot, &next_templates)?;
        if stage.adapter.is_reached() {
            stage.platform = Some(stage.people(&primary.name, snapshot));
        }
        if snapshot.taken_at.is_none() {
            // It has no owner who would settle each way in.
            stage.settings.gateless = is_gateless(&stage.site()?, &primary.name).await?;
        }
        stage.at = clock.now();
        Ok(stage)
    }

    /// Create a stack and set it to work. Gives the address of its next template.
    async fn create(
        &mut self,
        cloud: &LocalCloud,
        stack: &StackSnapshot,
        secrets: &BTreeMap<String, String>,
        is_taken: bool,
    ) -> Result<Option<String>, CliError> {
        let sdk = CallLog::default().sdk(cloud, self.clock);
        let caller = Caller::in_process(cloud.clone(), self.clock);
        let name = format!("{}.template", stack.name);
        let template = Template::parse(&name, stack.template.as_bytes())?;
        let url = sdk.upload_template(BUCKET, &name, stack.template.as_bytes()).await?;
        let mut parameters = stack.parameters.clone();
        for key in &stack.secret_parameters {
            let given = secrets.get(key).cloned();
            let value = given.or_else(|| made_up::value(template.parameters.get(key)?));
            let Some(value) = value else {
                return Err(CliError::bad_input(format!(
                    "no value could be made up for the secret parameter {key} of {}: its pattern is beyond this program",
                    stack.name
                ))
                .hint("give one that fits with --parameter KEY=VALUE (no real secret is needed); nothing was touched"));
            };
            self.made_up.push(format!("{}/{key}", stack.name));
            parameters.insert(key.clone(), value);
        }
        let parameters = parameters.into_iter().map(|(key, value)| (key, unwritten(value)));
        let planted = StackSeed {
            parameters: parameters.collect(),
            tags: stack.tags.clone(),
            ..StackSeed::of(&stack.name, &url)
        };
        let file = Seed::of(&stack.name, planted.clone());
        let mut silent = |_| ();
        let seen = seed::create(&caller, &file, &planted, &mut silent).await?;
        // Nobody knows what goes on in a deployment that is made of templates alone.
        let workload = match stack.part == Part::Primary && !is_taken {
            true => usual_workload(&sdk, &stack.name).await?,
            false => workload(stack),
        };
        seed::set_to_work(&caller, &file, &seen, &workload, &mut silent).await?;
        match &stack.next_template {
            Some(text) => {
                let name = format!("{}.next", stack.name);
                Ok(Some(sdk.upload_template(BUCKET, &name, text.as_bytes()).await?))
            }
            None => Ok(None),
        }
    }

    fn people(&self, stack: &str, snapshot: &Snapshot) -> SimulatedPlatform {
        let owner = |work: &WorkSnapshot| work.owner.clone().unwrap_or_else(|| "somebody".to_owned());
        let session = |(number, work): (usize, &WorkSnapshot)| SimulatedSession {
            id: format!("session-{number}"),
            owner: owner(work),
            unsaved: work.unsaved.unwrap_or(1),
            saves_that_fail: 0,
            saving_milliseconds: SAVING_MILLISECONDS,
        };
        let computation = |(number, work): (usize, &WorkSnapshot)| SimulatedComputation {
            id: format!("run-{number}"),
            owner: owner(work),
            ends_at: None,
        };
        let sessions = snapshot.sessions.iter().enumerate().map(session).collect();
        let computations = snapshot.computations.iter().enumerate().map(computation).collect();
        SimulatedPlatform::new(&self.primary, stack, self.clock, TOKEN, sessions, computations)
    }

    /// Another one that goes on from here. To be called where tokio's clock is paused.
    ///
    /// # Errors
    /// An earlier request ended in a fault of the local cloud.
    pub fn fork(&self) -> Result<Stage, CliError> {
        self.fork_at(self.at)
    }

    /// Another one that goes on from here later on, whatever becomes of this one.
    ///
    /// # Errors
    /// As [`Stage::fork`].
    pub fn fork_now(&self) -> Result<Stage, CliError> {
        self.fork_at(self.clock.now())
    }

    fn fork_at(&self, at: Timestamp) -> Result<Stage, CliError> {
        let clock = Clock::starting_at(at);
        let beginning = localcloud::Clock::starting_at(localcloud::Timestamp(at.0));
        let fork = |cloud: &LocalCloud| {
            cloud.fork(beginning).map_err(|error| CliError::new(crate::Exit::Failed, error.message))
        };
        let primary = fork(&self.primary)?;
        let mut elsewhere = BTreeMap::new();
        for (place, cloud) in &self.elsewhere {
            elsewhere.insert(place.clone(), fork(cloud)?);
        }
        Ok(Stage {
            platform: self.platform.as_ref().map(|platform| platform.fork(&primary, clock)),
            primary,
            elsewhere,
            adapter: self.adapter,
            settings: self.settings.clone(),
            profile: self.profile.clone(),
            places: self.places.clone(),
            at,
            clock,
            made_up: self.made_up.clone(),
        })
    }

    /// The deployment within reach.
    ///
    /// # Errors
    /// The profile can't be read.
    pub fn site(&self) -> Result<Site, CliError> {
        self.site_counted(&CallLog::default())
    }

    /// The same, whose calls of its clouds are counted.
    ///
    /// # Errors
    /// As [`Stage::site`].
    pub fn site_counted(&self, calls: &CallLog) -> Result<Site, CliError> {
        let platform = match &self.platform {
            Some(platform) => platform.adapter(self.adapter)?,
            None => Adapter::new(PlatformConfig {
                adapter: &platform::NONE,
                url: String::new(),
                token: Secret::new(String::new()),
                ca_file: None,
                timeout: std::time::Duration::from_secs(30),
            })?,
        };
        self.site_over(&|cloud| calls.sdk(cloud, self.clock), platform, self.clock)
    }

    /// The same, over other lines and by another clock.
    ///
    /// # Errors
    /// As [`Stage::site`].
    pub fn site_over(
        &self,
        sdk: &dyn Fn(&LocalCloud) -> AwsCloud,
        platform: Adapter,
        clock: Clock,
    ) -> Result<Site, CliError> {
        let cloud = |part: Part| {
            let place = self.places.get(&part)?;
            Some(sdk(self.elsewhere.get(place).unwrap_or(&self.primary)))
        };
        let primary = sdk(&self.primary);
        let clouds = AwsClouds {
            backup: cloud(Part::Backup).or_else(|| Some(primary.clone())),
            role: cloud(Part::Role).or_else(|| Some(primary.clone())),
            primary,
        };
        let ports = Ports { clouds, platform };
        let mut site = Site::around(self.settings.clone(), Path::new(""), ports, clock)?;
        if self.profile.is_some() {
            site.profile.clone_from(&self.profile);
        }
        Ok(site)
    }

    /// How its platform is spoken to.
    #[must_use]
    pub fn adapter(&self) -> &'static AdapterKind {
        self.adapter
    }

    /// Every cloud.
    pub fn clouds(&self) -> impl Iterator<Item = &LocalCloud> {
        std::iter::once(&self.primary).chain(self.elsewhere.values())
    }

    /// When something changes by itself, at the earliest, if nobody acts; `None`: never.
    #[must_use]
    pub fn next_change(&self) -> Option<Timestamp> {
        let clouds = self.clouds().filter_map(LocalCloud::next_change).map(|at| Timestamp(at.0));
        let platform = self.platform.iter().filter_map(SimulatedPlatform::next_change);
        clouds.chain(platform).min()
    }
}

fn adapter(word: &str) -> Result<&'static AdapterKind, CliError> {
    let known = platform::ADAPTERS.iter().find(|kind| kind.word == word).copied();
    known.ok_or_else(|| {
        CliError::bad_input(format!(
            "the snapshot names the platform adapter {word:?}, which there is none of"
        ))
    })
}

/// The settings of the deployment here: its owner's, as far as they don't say where it is.
fn settings(
    snapshot: &Snapshot,
    next_templates: &BTreeMap<Part, String>,
) -> Result<DeploymentSettings, CliError> {
    let mut table = snapshot.settings.table.clone();
    for stack in &snapshot.stacks {
        let linked = match stack.part {
            Part::Primary => {
                table.insert("stack".to_owned(), json!(stack.name));
                table.insert("region".to_owned(), json!(stack.region));
                table.insert("template_bucket".to_owned(), json!(BUCKET));
                continue;
            }
            Part::Backup => "backup_stack",
            Part::Role => "role_stack",
        };
        let mut of_stack = Map::new();
        of_stack.insert("stack".to_owned(), json!(stack.name));
        of_stack.insert("region".to_owned(), json!(stack.region));
        of_stack.insert("template_bucket".to_owned(), json!(BUCKET));
        of_stack.extend(next_templates.get(&stack.part).map(|url| ("template".to_owned(), json!(url))));
        table.insert(linked.to_owned(), Value::Object(of_stack));
    }
    if snapshot.settings.adapter != platform::NONE.word {
        let platform = json!({
            "adapter": snapshot.settings.adapter,
            "url": "http://localhost:4000",
            "token_env": "SLACKWATER_REHEARSAL_TOKEN",
        });
        table.insert("platform".to_owned(), platform);
    }
    let document = json!({"deployments": {snapshot.deployment.as_str(): table}});
    let text = toml::to_string(&document)
        .map_err(|error| CliError::bad_input(format!("the snapshot's settings can't be written: {error}")))?;
    let configuration =
        Configuration::parse("the snapshot's settings", &text).map_err(ConfigurationError::Problems)?;
    Ok(configuration.deployment(None)?.clone())
}

/// What goes on in a stack.
fn workload(stack: &StackSnapshot) -> Workload {
    let jobs = |queue: &QueueSnapshot| Jobs {
        queue: unwritten(queue.logical_id.clone()),
        count: queue.jobs.len(),
        seconds: JOB_SECONDS,
        names: queue.jobs.iter().map(|job| job.name.clone()).collect(),
        owners: queue.jobs.iter().filter_map(|job| job.owner.clone()).collect(),
    };
    Workload {
        jobs: stack.queues.iter().filter(|queue| !queue.jobs.is_empty()).map(jobs).collect(),
        workers: stack
            .groups
            .iter()
            .map(|group| Workers {
                group: unwritten(group.logical_id.clone()),
                desired: group.desired,
                protected: group.protected.then_some(true),
                warm_pool: group.warm_pool,
            })
            .collect(),
        dedicated: stack
            .machines
            .iter()
            .map(|machine| Dedicated {
                count: 1,
                instance_type: "m5.large".to_owned(),
                image: "ami-0123456789abcdef0".to_owned(),
                tags: machine.tags.clone(),
            })
            .collect(),
        storage: stack
            .databases
            .iter()
            .map(|database| Storage {
                database: unwritten(database.logical_id.clone()),
                gib: database.allocated,
            })
            .collect(),
        recovery_points: Vec::new(),
        listener_rules: Vec::new(),
    }
}
