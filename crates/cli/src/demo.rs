//! `slackwater demo`: a platform from nothing to its next release, on a local cloud in this process.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use aws::{AwsCloud, NewStack};
use conductor::{Clock, Cloud, DataDirectory, JournalStore, SqliteJournal};
use localcloud::Config;
use serde::{Deserialize, Serialize};
use upgrade::{Observation, Query, Report, Targets, find_targets};

use crate::arguments::Demo;
use crate::error::CliError;
use crate::inputs::{Release, refuse_unknown};
use crate::planning::{PlanRequest, plan};
use crate::progress::Lines;
use crate::words::{counted, duration};
use crate::{change_table, local_cloud, report};

/// The bucket that holds the releases' templates.
const BUCKET: &str = "slackwater-demo-templates";

/// Instances that each worker group is asked for.
const INSTANCES_A_GROUP: i32 = 2;

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
    let running = local_cloud::start(listener, directory, Some(config), None, false)?;
    running.write_environment(directory)?;
    Notes { port }.write(directory)?;
    println!("Local cloud: {}", running.endpoint_url);
    println!(
        "  to look at it beside this (sets AWS_ENDPOINT_URL and keys): . {} && aws cloudformation describe-stacks",
        directory.join("aws.env").display()
    );

    let clock = Clock::system();
    let cloud = running.sdk(clock);
    until_interrupted(false, populate(&cloud, &clock, scenario, &mut |line| println!("{line}"))).await??;

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

/// Create the stack and give its queues and worker groups something to do, as users would.
pub async fn populate(
    cloud: &AwsCloud,
    clock: &Clock,
    scenario: &Scenario<'_>,
    tell: &mut impl FnMut(String),
) -> Result<(), CliError> {
    let began = clock.now();
    let template_url = cloud.upload_template(BUCKET, "from.yaml", scenario.from.1).await?;
    let template = template::Template::parse(scenario.from.0, scenario.from.1)?;
    let capabilities: Vec<String> = changeset::capabilities::capabilities(&template)
        .iter()
        .map(|needed| needed.capability.word().to_owned())
        .collect();
    let stack = NewStack {
        stack_name: scenario.stack_name,
        template_url: &template_url,
        parameters: scenario.parameters,
        capabilities: &capabilities,
    };
    let stack_id = cloud.create_stack(&stack).await?;
    tell(format!("Creating stack {} from {}", scenario.stack_name, scenario.from.0));
    cloud.wait_until_created(&stack_id, clock).await?;
    let count = cloud.resource_count(&stack_id).await?;
    tell(format!(
        "  CREATE_COMPLETE: {} in {}",
        counted(count, "resource"),
        duration(clock.now().milliseconds_since(began))
    ));

    let (_, targets) = find_targets(&cloud.deployment(scenario.stack_name).await?)?;
    for group in &targets.worker_groups {
        cloud.set_desired_capacity(&group.physical_id, INSTANCES_A_GROUP).await?;
    }
    let definition = cloud.register_job_definition("slackwater-demo").await?;
    for queue in &targets.job_queues {
        for number in 1..=JOBS_A_QUEUE {
            let name = format!("{}-{number}", queue.logical_id);
            cloud.submit_job(&queue.physical_id, &definition, &name, JOB_SECONDS).await?;
        }
    }
    let (jobs, instances) = wait_until_busy(cloud, clock, &targets).await?;
    tell(format!("  {} and {} at work", counted(jobs, "job"), counted(instances, "instance")));
    Ok(())
}

/// Wait until jobs run and instances are in service; gives how many of each.
async fn wait_until_busy(
    cloud: &AwsCloud,
    clock: &Clock,
    targets: &Targets,
) -> Result<(usize, usize), CliError> {
    let ids = |resources: &[upgrade::LogicalResource]| {
        resources.iter().map(|resource| resource.physical_id.clone()).collect::<Vec<_>>()
    };
    let jobs_query = Query::Jobs { queue_arns: ids(&targets.job_queues) };
    let groups_query = Query::WorkerGroups { names: ids(&targets.worker_groups) };
    // Launch hooks may hold instances for minutes; a demo doesn't wait for stragglers beyond that.
    for _ in 0..900 {
        let jobs = match cloud.observe(&jobs_query).await? {
            Observation::Jobs(jobs) => jobs,
            other => return Err(unexpected(&other)),
        };
        let groups = match cloud.observe(&groups_query).await? {
            Observation::WorkerGroups(groups) => groups,
            other => return Err(unexpected(&other)),
        };
        let instances: Vec<_> = groups.iter().flat_map(|group| &group.instances).collect();
        let in_service = instances.iter().filter(|instance| instance.lifecycle_state == "InService").count();
        let wanted: i32 = groups.iter().map(|group| group.desired_capacity).sum();
        let running = jobs.iter().filter(|job| job.status == "RUNNING").count();
        if running == jobs.len() && i32::try_from(in_service).is_ok_and(|count| count >= wanted) {
            return Ok((jobs.len(), instances.len()));
        }
        clock.sleep(Duration::from_secs(1)).await;
    }
    Err(CliError::NeverBusy)
}

fn unexpected(observation: &Observation) -> CliError {
    CliError::Cloud(upgrade::PortError {
        kind: upgrade::PortErrorKind::Refused,
        operation: "observe".to_owned(),
        message: format!("the cloud answered with {}", observation.kind()),
    })
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
