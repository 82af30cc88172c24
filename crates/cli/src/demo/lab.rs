//! The lab, from nothing to its next release: its stacks on a local cloud, its web service, workers and jobs as real
//! processes, people at work in it, and an upgrade that is watched from outside.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

use aws::AwsCloud;
use conductor::{Clock, DataDirectory, Ended};
use localcloud::Config;
use sha2::{Digest as _, Sha256};
use upgrade::{Acceptance, Plan, UpgradeChoices};

use super::approved;
use super::directory::{self, Notes};
use super::http_client::{DemoError, LabClient};
use super::lab_releases::{LabTemplate, LabUpgrade};
use super::lab_site::site_of;
use super::onlooker::Onlooker;
use super::panel::{PANEL_PORT, ServedPanel};
use super::people::{Person, UnsavedFile, until};
use super::processes::{self, Kind};
use super::proof::{self, Before};
use super::settings_file::{self, BACKUP_STACK, BUCKET, ROLE_STACK, STACK, Wanted};
use crate::arguments::{Demo, Format};
use crate::error::CliError;
use crate::files::FileError;
use crate::inputs::InputError;
use crate::local_cloud::{self, LocalCloudError, Running};
use crate::operate::{self, ApprovalError};
use crate::planning::{NewRelease, UpgradeRequest, prepare, run_id};
use crate::seed::{self, Caller, RecoveryPoints, Seed, StackSeed, Storage, Workload, unwritten};
use crate::signals::{asked_to_end, until_interrupted};
use crate::site::Site;
use crate::words::{clock_time, counted};
use crate::{plan_text, terminal};

/// Where users come in, and beside it the internal listener, unless any port will do.
const LAB_PORTS: [u16; 2] = [8800, 8801];
const WORKERS: usize = 4;
const COMPUTATIONS: usize = 6;
const JOBS: usize = 12;
const PEOPLE: [&str; 4] = ["Ada", "Grace", "Katherine", "Alan"];
/// Sessions by their owner's place among the people.
const SESSIONS: [(usize, &str); 5] = [
    (0, "Analytical engine"),
    (0, "Bernoulli numbers"),
    (1, "Compiler notes"),
    (2, "Orbit of Friendship 7"),
    (3, "Morphogenesis"),
];
/// What was created with 20 GiB has grown to so many by itself.
const GROWN_GIB: u64 = 37;
/// How long the platform may take until everything is at work.
const READY_SECONDS: u64 = 60;
/// When users are told that the upgrade will be over: it takes half a minute.
const EXPECTED_SECONDS: u64 = 60;

/// Loopback ports: the local cloud's, the users', the internal one, the Admin Panel's.
struct Places {
    cloud: tokio::net::TcpListener,
    public: u16,
    internal: u16,
    panel: u16,
}

pub(super) async fn run(arguments: Demo) -> Result<ExitCode, CliError> {
    // Everything that can be wrong with the input is found before anything is started.
    let upgrade = LabUpgrade::named(arguments.to.as_deref())?;
    if let Some((key, _)) = arguments.parameters.first() {
        return Err(InputError::UnknownParameter(key.clone()).into());
    }
    if !arguments.unattended && !arguments.stay && !std::io::stdin().is_terminal() {
        return Err(ApprovalError::NobodyToApprove.into());
    }
    let places = places(arguments.port, !arguments.unattended).await?;
    let was_there = arguments.data.path.exists();
    let directory = directory::take(&arguments).await?;
    let outcome = demonstrate(&arguments, &upgrade, places, &directory).await;
    if outcome.is_err() && !directory::has_runs(&directory).await {
        directory::discard(&directory, was_there)?;
    }
    outcome
}

/// The wanted ports, all of them free; with 0 any. The panel's is wanted where there is one.
async fn places(port: u16, has_panel: bool) -> Result<Places, LocalCloudError> {
    let free = |port: u16| {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| listener.local_addr());
        bound.map(|address| address.port()).map_err(|source| LocalCloudError::listening(port, source))
    };
    let cloud = local_cloud::listen(port).await?;
    let [public, internal] = if port == 0 { [0, 0] } else { LAB_PORTS };
    let panel = if port == 0 || !has_panel { 0 } else { free(PANEL_PORT)? };
    Ok(Places { cloud, public: free(public)?, internal: free(internal)?, panel })
}

async fn demonstrate(
    arguments: &Demo,
    upgrade: &LabUpgrade,
    places: Places,
    directory: &DataDirectory,
) -> Result<ExitCode, CliError> {
    let port = places.cloud.local_addr().map_or(0, |address| address.port());
    let (public, internal, panel) = (places.public, places.internal, places.panel);
    let config = Config { seed: arguments.seed, speed: arguments.speed, ..Config::default() };
    let running = local_cloud::start(places.cloud, directory, Some(config), None, false)?;
    let outcome = async {
        running.write_environment(directory)?;
        Notes { port }.write(directory)?;
        let lab =
            Lab { running: &running, directory, clock: Clock::system(), upgrade, public, internal, panel };
        lab.show(arguments).await
    };
    let outcome = outcome.await;
    // Whatever came of it: no process of the lab outlives the program.
    let stopped = running.stop().await;
    let code = outcome?;
    stopped?;
    if directory::has_runs(directory).await {
        println!(
            "\nNothing is running any more. {path} keeps the journal and the lab: `slackwater run show --data-dir {path}` \
             tells the report again,\n`slackwater local --data-dir {path}` brings the lab back; remove the folder when \
             you are done.",
            path = directory.path().display()
        );
    }
    Ok(code)
}

struct Lab<'a> {
    running: &'a Running,
    directory: &'a DataDirectory,
    clock: Clock,
    upgrade: &'a LabUpgrade,
    public: u16,
    internal: u16,
    panel: u16,
}

impl Lab<'_> {
    fn public_url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.public)
    }

    fn internal_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.internal)
    }

    /// A token that only this data directory's programs know.
    fn token(&self, whose: &str) -> String {
        let digest = Sha256::digest(format!("{whose} {}", self.running.secret()));
        hex::encode(digest)
    }

    async fn show(&self, arguments: &Demo) -> Result<ExitCode, CliError> {
        println!(
            "A local cloud at {}, and on it the lab, a small research platform:",
            self.running.endpoint_url
        );
        let before = until_interrupted(self.deploy()).await??;
        let back_at = clock_time(upgrade::Timestamp(self.clock.now().0 + EXPECTED_SECONDS * 1000));
        let message = if arguments.stay {
            "The lab is being looked after. Your files are saved.".to_owned()
        } else {
            format!(
                "The lab is being upgraded to {}. Your files are saved; it is expected back by {back_at}.",
                self.upgrade.to.1
            )
        };
        let token = self.token("admin");
        let wanted = Wanted {
            endpoint_url: &self.running.endpoint_url,
            internal_url: &self.internal_url(),
            message: &message,
            on_failure: if arguments.unattended { "go-back" } else { "ask" },
            token: &token,
        };
        settings_file::write(self.directory, &wanted)?;
        self.name_settings()?;
        let environment = self.directory.join(crate::local_cloud::ENVIRONMENT_FILE);
        let environment = environment.display();
        println!(
            "\n  Look at it in a browser: {}\n  In another shell (`. {environment}` first): slackwater maintenance status, \
             aws cloudformation describe-stacks, …",
            self.public_url()
        );
        // Nobody looks where nobody is asked. It is there for as long as the demo is.
        let _panel = match arguments.unattended {
            true => None,
            false => {
                Some(ServedPanel::beside(self.directory, &self.running.environment(), self.panel).await?)
            }
        };
        if arguments.stay {
            println!(
                "\nReady. Its settings are in {}, its releases in {}. Ctrl-C ends it.",
                self.directory.join(settings_file::FILE).display(),
                self.directory.join(settings_file::RELEASES).display()
            );
            asked_to_end().await.map_err(CliError::cannot_start)?;
            return Ok(ExitCode::SUCCESS);
        }
        self.upgrade(arguments, before, &message).await
    }

    /// Whoever sources the environment reaches the lab with every other command.
    fn name_settings(&self) -> Result<(), FileError> {
        let path = self.directory.join(crate::local_cloud::ENVIRONMENT_FILE);
        let unwritable = || FileError::unwritable(&path);
        let whole = self.directory.path().canonicalize().map_err(unwritable())?;
        let lines = format!(
            "export SLACKWATER_CONFIG={}\nexport SLACKWATER_DATA_DIR={}\n",
            whole.join(settings_file::FILE).display(),
            whole.display()
        );
        let mut file = std::fs::File::options().append(true).open(&path).map_err(unwritable())?;
        std::io::Write::write_all(&mut file, lines.as_bytes()).map_err(unwritable())
    }

    async fn upgrade(&self, arguments: &Demo, before: Before, message: &str) -> Result<ExitCode, CliError> {
        let site = site_of(self.running, self.directory)?;
        let plan = until_interrupted(self.plan(&site)).await??;
        let shown = plan.sha256();
        if !arguments.unattended {
            until_interrupted(approved()).await??;
        }
        let before = Before { processes: processes::below(self.directory.path()), ..before };
        println!("\nRun {}: real processes at work: {}", plan.run_id, processes::in_words(&before.processes));
        let approved_plan = operate::approved(plan, &shown, &site.clock)?;
        let onlooker = Onlooker::of(&self.public_url(), message, self.clock);
        let journal = site.journal(self.directory.path()).await?;
        let (code, ended) = operate::start_and_tell(&site, &approved_plan, &journal, Format::Text).await?;
        let Ended::Run(outcome) = ended else { return Ok(code) };
        // The page that comes after the last act is a part of what users see.
        let seen = onlooker.phases().iter().map(|phase| phase.count).sum::<usize>();
        until(&self.clock, "the public address is asked again", 10, async || {
            let now = onlooker.phases().iter().map(|phase| phase.count).sum::<usize>();
            if now > seen + 10 { Ok(()) } else { Err(format!("{now} answers")) }
        })
        .await?;
        let phases = onlooker.phases();
        drop(onlooker);
        let at = (&*self.public_url(), self.directory.path());
        let proved = proof::look(&before, &phases, &outcome, self.upgrade.to.1, at, &self.clock);
        until_interrupted(proved).await??;
        Ok(code)
    }

    /// Draw the plan up and show it.
    async fn plan(&self, site: &Site) -> Result<Plan, CliError> {
        let (template, _) = self.upgrade.to;
        let request = UpgradeRequest {
            inherited: upgrade::Before::default(),
            release: NewRelease::of(template.name, template.text.as_bytes().to_vec(), None)?,
            choices: UpgradeChoices { accepted: accepted(), ..UpgradeChoices::default() },
            take_fixes: true,
            run_id: run_id(STACK, &self.clock)?,
        };
        let prepared = prepare(site, &request).await?;
        println!("\nChecks before anything is touched:");
        let width = terminal::width();
        print_styled!("{}", plan_text::checks(&prepared.checks, &prepared.accepted, false, width));
        let plan = prepared.plan?;
        print_styled!("\n{}", plan_text::plan(&plan, width));
        Ok(plan)
    }

    /// The stacks, and everybody at work.
    async fn deploy(&self) -> Result<Before, CliError> {
        let cloud = self.running.sdk(self.clock);
        let caller = self.running.caller(self.clock)?;
        let (backup, role) = tokio::join!(
            self.create(&cloud, &caller, BACKUP_STACK, &self.upgrade.backup, BTreeMap::new(), None),
            self.create(&cloud, &caller, ROLE_STACK, &self.upgrade.role, BTreeMap::new(), None),
        );
        let (backup, role) = (backup?, role?);
        let output =
            |outputs: &BTreeMap<String, String>, name: &str| outputs.get(name).cloned().unwrap_or_default();
        let directory = self.directory.path();
        let data = directory.canonicalize().map_err(FileError::unwritable(directory))?;
        let parameters = [
            ("PublicListenerPort", self.public.to_string()),
            ("InternalListenerPort", self.internal.to_string()),
            ("DataFolder", data.join(settings_file::DATA).display().to_string()),
            ("WorkersDesiredCapacity", WORKERS.to_string()),
            ("DatabaseAllocatedStorage", "20".to_owned()),
            ("AdminToken", self.token("admin")),
            ("WorkerToken", self.token("worker")),
            ("DestinationBackupVaultArn", output(&backup, "BackupVaultArn")),
        ];
        let parameters = parameters.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let (template, version) = self.upgrade.from;
        let role = output(&role, "DeploymentRoleArn");
        self.create(&cloud, &caller, STACK, &template, parameters, Some(role)).await?;
        let before = self.set_to_work(&caller, version).await?;
        Ok(before)
    }

    /// Create a stack; gives its outputs.
    async fn create(
        &self,
        cloud: &AwsCloud,
        caller: &Caller,
        name: &str,
        template: &LabTemplate,
        parameters: BTreeMap<String, String>,
        role_arn: Option<String>,
    ) -> Result<BTreeMap<String, String>, CliError> {
        let url = cloud.upload_template(BUCKET, template.name, template.text.as_bytes()).await?;
        let parameters = parameters.into_iter().map(|(key, value)| (key, unwritten(value))).collect();
        let stack = StackSeed { role_arn, parameters, ..StackSeed::of(name, &url) };
        let began = self.clock.now();
        let seed = Seed::of(template.name, stack.clone());
        let seen = seed::create(caller, &seed, &stack, &mut |_| ()).await?;
        println!(
            "  stack {name:<11} {:<26} {:>3} resources in {}",
            template.name,
            seen.resources.len(),
            crate::words::duration(self.clock.now().milliseconds_since(began))
        );
        Ok(seed::outputs(caller, name).await?)
    }

    /// Let people work, let the database grow, let AWS Backup have saved it; and wait until all of it is so.
    async fn set_to_work(&self, caller: &Caller, version: &str) -> Result<Before, CliError> {
        let client = LabClient::new();
        let public_url = self.public_url();
        until(&self.clock, "the lab lets users in", READY_SECONDS, async || {
            match client.get(&public_url).await {
                Ok(answer) if answer.status().is_success() => Ok(()),
                Ok(answer) => Err(answer.status().to_string()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await?;
        let mut people = Vec::new();
        for name in PEOPLE {
            people.push(Person::sign_in(&client, &public_url, name).await?);
        }
        let unsaved = type_and_run(&people).await?;
        let seed_stack = self.grown(caller);
        let (worked, grown) = tokio::join!(self.until_at_work(&client), seed_stack);
        worked?;
        grown?;
        let processes = processes::below(self.directory.path());
        println!(
            "  {} by {}, {} not saved; {COMPUTATIONS} computations on {}; {}; a database grown to {GROWN_GIB} GiB",
            counted(SESSIONS.len(), "session"),
            PEOPLE.join(", "),
            counted(unsaved.len(), "file"),
            Kind::Worker.counted(WORKERS),
            Kind::Job.counted(JOBS),
        );
        println!("  All of it real: {}.", processes::in_words(&processes));
        Ok(Before { people, unsaved, version: version.to_owned(), processes })
    }

    async fn grown(&self, caller: &Caller) -> Result<(), CliError> {
        let workload = Workload {
            storage: vec![Storage { database: unwritten("Database".to_owned()), gib: GROWN_GIB }],
            recovery_points: vec![RecoveryPoints {
                vault: unwritten("BackupVault".to_owned()),
                resource: unwritten("Database".to_owned()),
                count: 1,
            }],
            ..Workload::default()
        };
        let seen = seed::look(caller, STACK).await?;
        let seed = Seed::of("the lab", StackSeed::of(STACK, ""));
        seed::set_to_work(caller, &seed, &seen, &workload, &mut |_| ()).await?;
        Ok(())
    }

    /// Workers are there and have as many computations as they can, and every job runs.
    async fn until_at_work(&self, client: &LabClient) -> Result<(), DemoError> {
        let url = format!("{}/slackwater/v1/computations", self.internal_url());
        let token = self.token("admin");
        let running = async || {
            let request = http::Request::get(&url)
                .header("authorization", format!("Bearer {token}"))
                .body(bytes::Bytes::new())
                .map_err(|error| error.to_string())?;
            let answer = client.send(request).await.map_err(|error| error.to_string())?;
            let document: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
            let all = document.get("computations").and_then(serde_json::Value::as_array).cloned();
            let state = |one: &serde_json::Value| {
                one.get("state").and_then(|state| state.as_str().map(str::to_owned))
            };
            Ok::<usize, String>(
                all.iter().flatten().filter(|one| state(one).as_deref() == Some("running")).count(),
            )
        };
        until(&self.clock, "workers and jobs are at work", READY_SECONDS, async || {
            let counts = processes::counts(&processes::below(self.directory.path()));
            let count = |kind| counts.get(&kind).copied().unwrap_or(0);
            let (workers, jobs, computations) = (count(Kind::Worker), count(Kind::Job), running().await?);
            if workers >= WORKERS && jobs >= JOBS && computations >= WORKERS {
                return Ok(());
            }
            Err(format!("{workers} workers, {jobs} jobs, {computations} computations"))
        })
        .await
    }
}

/// What checks warn of in this deployment, and why that is as it should be.
fn accepted() -> Vec<Acceptance> {
    [
        ("identity", "the local cloud knows its owner only"),
        ("permissions-role", "the role may work with resources named lab… only"),
        ("role-stack", "there is no newer one"),
        ("termination-protection", "the lab may be thrown away"),
        ("parameters", "kept as they are"),
        ("expected-changes", "this is what the release is for"),
        ("workloads", "they are there to be saved and stopped"),
    ]
    .map(|(what, why)| Acceptance {
        what: what.to_owned(),
        who: "demo".to_owned(),
        why: why.to_owned(),
        of: Vec::new(),
    })
    .into()
}

/// Everybody types, runs and submits; nobody saves.
async fn type_and_run(people: &[Person]) -> Result<Vec<UnsavedFile>, DemoError> {
    let mut unsaved = Vec::new();
    for (owner, name) in SESSIONS {
        let Some(person) = people.get(owner) else { continue };
        let session = person.new_session(name).await?;
        person.command(&session, "while true; do date; sleep 1; done").await?;
        for (path, words) in [("notes.md", "What I thought of"), ("analysis/main.py", "print(42)  #")] {
            let text = format!("{words} in {name}, by {}; typed and not saved.\n", person.name);
            person.edit(&session, path, &text).await?;
            unsaved.push(UnsavedFile { owner, session: session.clone(), path: path.to_owned(), text });
        }
    }
    for (number, person) in (1..=COMPUTATIONS).zip(people.iter().cycle()) {
        let command = "step=0; while true; do step=$((step + 1)); echo step $step; sleep 1; done";
        person.run(&format!("Simulation {number}"), command).await?;
    }
    // Pipelines take a minute.
    for (_, person) in (0..JOBS).zip(people.iter().cycle()) {
        person.submit("pipeline").await?;
    }
    Ok(unsaved)
}
