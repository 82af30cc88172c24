//! `slackwater demo`: a platform from nothing to its next release, on a local cloud in this process.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use aws::AwsCloud;
use conductor::{Clock, DataDirectory, JournalStore, SqliteJournal};
use localcloud::Config;
use serde::{Deserialize, Serialize};
use upgrade::{LogicalResource, Report, find_targets};

use crate::arguments::Demo;
use crate::error::CliError;
use crate::inputs::{Release, refuse_unknown};
use crate::planning::{PlanRequest, plan};
use crate::progress::Lines;
use crate::seed::{self, Caller, Jobs, Seed, StackSeed, Workers, Workload, unwritten};
use crate::words::counted;
use crate::{change_table, local_cloud, report};

/// The bucket that holds the releases' templates.
const BUCKET: &str = "slackwater-demo-templates";

/// Instances that each worker group is asked for.
const INSTANCES_A_GROUP: usize = 2;

/// Jobs that each queue is given.
const JOBS_A_QUEUE: usize = 3;

/// Jobs would run for an hour, so that they are still there when maintenance comes.
const JOB_SECONDS: u32 = 3600;

/// What a demo goes through, whatever carries its requests.
#[derive(Debug, Clone, Copy)]
pub struct Scenario<'a> {
    /// Name of the stack.
    pub stack_name: &'a str,
    /// The release to begin with: file name and template.
    pub from: (&'a str, &'a [u8]),
    /// Parameter values of that release.
    pub parameters: &'a BTreeMap<String, String>,
}

/// What a resumed demo must know beside the journal and the cloud's own file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// The port the local cloud listened on.
    pub port: u16,
}

impl Notes {
    const FILE: &'static str = "demo.json";

    fn write(self, directory: &DataDirectory) -> Result<(), CliError> {
        let path = directory.join(Notes::FILE);
        let text = serde_json::json!(self).to_string();
        std::fs::write(&path, text).map_err(|source| CliError::Unwritable { path, source })
    }

    /// What is noted; nothing when there is no note, which only costs the port.
    pub(crate) fn read(directory: &DataDirectory) -> Option<Notes> {
        serde_json::from_slice(&std::fs::read(directory.join(Notes::FILE)).ok()?).ok()
    }
}

pub(crate) async fn run(arguments: Demo) -> Result<ExitCode, CliError> {
    // Everything that can be wrong with the input is found before anything is started.
    let (from, to) = releases(&arguments)?;
    let given: BTreeMap<String, String> = arguments.parameters.iter().cloned().collect();
    refuse_unknown(&given, &[&from, &to])?;
    let parameters = from.parameters(&given)?;
    let mut new_parameters = to.parameters(&given)?;
    // The stack has its secrets from its creation; they stay as they are, and out of the plan.
    new_parameters.retain(|key, _| !(to.is_secret(key) && from.template.parameters.contains_key(key)));
    if !arguments.unattended && !io::stdin().is_terminal() {
        return Err(CliError::NobodyToApprove);
    }
    let listener = local_cloud::listen(arguments.port).await?;
    let was_there = arguments.data.path.exists();
    let directory = take_directory(&arguments)?;

    let scenario = Scenario {
        stack_name: &arguments.stack_name,
        from: (&from.name, &from.bytes),
        parameters: &parameters,
    };
    let config = Config { seed: arguments.seed, speed: arguments.speed, ..Config::default() };
    let outcome =
        demonstrate(&scenario, &to, &new_parameters, listener, &directory, config, arguments.unattended)
            .await;
    let begun = directory.journal().exists();
    if outcome.is_err() && !begun {
        discard(&directory, was_there)?;
    }
    outcome
}

async fn demonstrate(
    scenario: &Scenario<'_>,
    to: &Release,
    new_parameters: &BTreeMap<String, String>,
    listener: tokio::net::TcpListener,
    directory: &DataDirectory,
    config: Config,
    unattended: bool,
) -> Result<ExitCode, CliError> {
    let port = listener.local_addr().map_or(0, |address| address.port());
    let running = local_cloud::start(listener, directory, Some(config), None)?;
    running.write_environment(directory)?;
    Notes { port }.write(directory)?;
    println!("Local cloud: {}", running.endpoint_url);
    println!(
        "  to look at it beside this (sets AWS_ENDPOINT_URL and keys): . {} && aws cloudformation describe-stacks",
        directory.join("aws.env").display()
    );

    let clock = Clock::system();
    let cloud = running.sdk(clock);
    let caller = running.caller(clock)?;
    until_interrupted(false, populate(&cloud, &caller, scenario, &mut |line| println!("{line}"))).await??;

    let template_url = cloud.upload_template(BUCKET, "to.yaml", &to.bytes).await?;
    let run_id = run_id(&clock);
    let request = PlanRequest {
        stack_name: scenario.stack_name,
        template_name: &to.name,
        template: &to.bytes,
        template_url: &template_url,
        given: new_parameters,
        run_id: &run_id,
    };
    let plan = plan(&cloud, &request).await?;
    let release = |version: &Option<String>| {
        version.clone().unwrap_or_else(|| "a release that tells no version".to_owned())
    };
    println!(
        "\nPlan {}: stack {}, {} to {}",
        plan.sha256().get(..12).unwrap_or_default(),
        plan.stack_name,
        release(&plan.from_version),
        release(&plan.to_version)
    );
    println!(
        "  Maintenance touches listener {}, {} and {}.",
        plan.targets.listener.logical_id,
        counted(plan.targets.job_queues.len(), "job queue"),
        counted(plan.targets.worker_groups.len(), "worker group"),
    );
    println!("What we expect:");
    anstream::print!("{}", change_table::render(&plan.expected, change_table::terminal_width()));
    if !unattended {
        approve()?;
    }

    println!("\nRun {run_id}");
    let mut journal = SqliteJournal::open(&directory.journal())?;
    let mut lines = Lines::new();
    let outcome =
        until_interrupted(true, conductor::start(&plan, &cloud, &mut journal, &clock, &mut lines)).await??;
    let (plan, records) = journal.load(&run_id)?;
    report::print(&plan, &Report::from_journal(&plan, &records)?);
    println!(
        "\nNothing is running any more. {} keeps the journal and the local cloud: `slackwater run show` tells the report again.",
        directory.path().display()
    );
    Ok(report::exit_code(&outcome))
}

/// Create the stack and give its queues and worker groups something to do, as users would. `caller` reaches the same
/// cloud as `cloud`.
pub async fn populate(
    cloud: &AwsCloud,
    caller: &Caller,
    scenario: &Scenario<'_>,
    tell: &mut impl FnMut(String),
) -> Result<(), CliError> {
    let (file, template) = scenario.from;
    let template_url = cloud.upload_template(BUCKET, "from.yaml", template).await?;
    let parameters = scenario.parameters.iter();
    let stack = StackSeed {
        name: unwritten(scenario.stack_name.to_owned()),
        template: unwritten(template_url),
        role_arn: None,
        parameters: parameters.map(|(key, value)| (key.clone(), unwritten(value.clone()))).collect(),
        tags: BTreeMap::new(),
        workload: Workload::default(),
    };
    let seed = Seed::of(file, stack.clone());
    let seen = seed::create(caller, &seed, &stack, tell).await?;
    let (_, targets) = find_targets(&cloud.deployment(scenario.stack_name).await?)?;
    let group = |group: &LogicalResource| Workers {
        group: unwritten(group.logical_id.clone()),
        desired: INSTANCES_A_GROUP,
        protected: None,
        warm_pool: None,
    };
    let jobs = |queue: &LogicalResource| Jobs {
        queue: unwritten(queue.logical_id.clone()),
        count: JOBS_A_QUEUE,
        seconds: JOB_SECONDS,
        names: Vec::new(),
        owners: Vec::new(),
    };
    let workload = Workload {
        workers: targets.worker_groups.iter().map(group).collect(),
        jobs: targets.job_queues.iter().map(jobs).collect(),
        ..Workload::default()
    };
    seed::set_to_work(caller, &seed, &seen, &workload, tell).await?;
    Ok(())
}

/// The releases that were named, else the sample platform's.
fn releases(arguments: &Demo) -> Result<(Release, Release), CliError> {
    match (&arguments.from, &arguments.to) {
        (Some(from), Some(to)) => Ok((Release::read(from)?, Release::read(to)?)),
        _ => {
            let sample = |name: &str, text: &str| Release::parse(name, text.as_bytes().to_vec());
            Ok((
                sample("deploy/sample/1.0.0.yaml", include_str!("../../../deploy/sample/1.0.0.yaml"))?,
                sample("deploy/sample/1.1.0.yaml", include_str!("../../../deploy/sample/1.1.0.yaml"))?,
            ))
        }
    }
}

/// Take the data directory; one that holds an earlier demo only with `--fresh`.
fn take_directory(arguments: &Demo) -> Result<DataDirectory, CliError> {
    let directory = DataDirectory::take(&arguments.data.path)?;
    if directory.join(local_cloud::CLOUD_FILE).exists() {
        if !arguments.fresh {
            let unfinished = SqliteJournal::open(&directory.journal())
                .and_then(|journal| journal.runs())
                .ok()
                .and_then(|runs| runs.into_iter().rev().find(|run| !run.ended))
                .map(|run| run.run_id);
            return Err(CliError::StackExists { path: directory.path().to_owned(), unfinished });
        }
        discard(&directory, true)?;
    }
    Ok(directory)
}

/// Remove what a demo puts into its data directory, and the directory when the demo made it.
fn discard(directory: &DataDirectory, keep_directory: bool) -> Result<(), CliError> {
    let remove = |name: &str| {
        let path = directory.join(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(CliError::Unwritable { path, source })
            }
            _ => Ok(()),
        }
    };
    for name in [
        "aws.env",
        Notes::FILE,
        "cloud.sqlite",
        "cloud.sqlite-wal",
        "cloud.sqlite-shm",
        "journal.sqlite",
        "journal.sqlite-wal",
        "journal.sqlite-shm",
    ] {
        remove(name)?;
    }
    if !keep_directory {
        remove("lock")?;
        // Somebody else's file in it is a reason to leave it.
        let _kept = std::fs::remove_dir(directory.path());
    }
    Ok(())
}

fn approve() -> Result<(), CliError> {
    print!("\nCarry it out? Users are kept out meanwhile. [y/N] ");
    let _flushed = io::stdout().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes") => Ok(()),
        _ => Err(CliError::NotApproved),
    }
}

/// `demo-20261123-071530`.
fn run_id(clock: &Clock) -> String {
    let iso = localcloud::Timestamp(clock.now().0).iso8601();
    let digits: String = iso.chars().filter(char::is_ascii_digit).take(14).collect();
    let (day, time) = digits.split_at(digits.len().min(8));
    format!("demo-{day}-{time}")
}

/// Let the work go on until it is done or somebody presses Ctrl-C.
pub(crate) async fn until_interrupted<T>(
    run_under_way: bool,
    work: impl Future<Output = T>,
) -> Result<T, CliError> {
    tokio::select! {
        done = work => Ok(done),
        _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted { run_under_way }),
    }
}
