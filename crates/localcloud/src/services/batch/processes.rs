//! Jobs that are operating system processes: those of the container image `local/process`. Which ones should run is
//! said here; the machine room sees to it and says what came of them. Without one they are simulated like any other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::attempts::{self, Ending};
use super::job::{Job, JobState, enter};
use super::refused;
use crate::services::ec2;
use crate::{AwsError, Input, World};

/// A job's process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// The job.
    pub(crate) job: String,
    /// The program and its arguments, parameters filled in.
    pub(crate) command: Vec<String>,
    /// Its own variables and Batch's.
    pub(crate) variables: BTreeMap<String, String>,
    /// Where its output goes: definition, `default`, an id.
    pub(crate) log_stream: String,
    /// How long it may run.
    pub(crate) timeout: Option<Duration>,
}

/// What should become of a job's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessGoal {
    /// It runs.
    Running,
    /// It is asked to end.
    Stopping,
}

/// Whether a job is a process here.
pub(super) fn is_process(world: &World, job: &Job) -> bool {
    let container = job.described.get("container").map(Input);
    world.machine_room.is_open
        && container.and_then(|container| container.string("image")) == Some(ec2::PROCESS_IMAGE)
}

/// The jobs that have, or wait for, a process; with the number of their attempt.
pub(crate) fn wanted_processes(world: &World) -> Vec<(String, usize, ProcessGoal)> {
    let jobs = world.batch.jobs.values().filter(|job| job.has_process && !job.state.has_ended());
    jobs.map(|job| {
        let wanted = if job.is_terminated { ProcessGoal::Stopping } else { ProcessGoal::Running };
        (job.id.clone(), job.attempts.len(), wanted)
    })
    .collect()
}

/// A placed job waits for its process.
pub(super) fn wait_for_process(world: &mut World, id: &str) {
    let number = world.identities.hex(&format!("task of {id}"), 32);
    let host = format!("i-{}", world.identities.hex(&format!("host of {id}"), 17));
    let Some(job) = world.batch.jobs.get_mut(id) else { return };
    let definition = job.definition_arn.rsplit('/').next().unwrap_or_default();
    let definition = definition.split(':').next().unwrap_or_default();
    job.log_stream = Some(format!("{definition}/default/{number}"));
    job.host = Some(host);
    job.has_process = true;
}

/// What is needed to start a job's process.
pub(crate) fn process(world: &World, id: &str) -> Option<Process> {
    let job = world.batch.jobs.get(id)?;
    let container = Input(job.described.get("container")?);
    let parameters = job.described.get("parameters").and_then(Value::as_object);
    let command = container.strings("command").map(|word| {
        // Whole words only: `Ref::name`.
        let named = word.strip_prefix("Ref::").and_then(|name| parameters?.get(name)?.as_str());
        named.unwrap_or(word).to_owned()
    });
    let queue = world.batch.queues.get(&job.queue_arn)?;
    let environments = queue.described.get("computeEnvironmentOrder").and_then(Value::as_array);
    let environment = environments.and_then(|order| Input(order.first()?).string("computeEnvironment"));
    let environment = environment.map(|arn| arn.rsplit('/').next().unwrap_or(arn).to_owned());
    let own = container
        .objects("environment")
        .filter_map(|pair| Some((pair.string("name")?.to_owned(), pair.string("value")?.to_owned())));
    let mut variables: BTreeMap<String, String> = own.collect();
    // <https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html>
    for (name, value) in [
        ("AWS_BATCH_JOB_ID", id.to_owned()),
        ("AWS_BATCH_JOB_ATTEMPT", (job.attempts.len() + 1).to_string()),
        ("AWS_BATCH_JQ_NAME", queue.name.clone()),
        ("AWS_BATCH_CE_NAME", environment.unwrap_or_default()),
    ] {
        variables.insert(name.to_owned(), value);
    }
    Some(Process {
        job: id.to_owned(),
        command: command.collect(),
        variables,
        log_stream: job.log_stream.clone()?,
        timeout: job.plan.timeout,
    })
}

/// A job's process is about to start: the job is RUNNING. Gives the ARN of its role.
///
/// # Errors
/// When the job doesn't want a process any more.
pub(crate) fn process_starts(world: &mut World, id: &str) -> Result<Option<String>, AwsError> {
    let now = world.now;
    let job = world
        .batch
        .jobs
        .get_mut(id)
        .filter(|job| job.state == JobState::Starting && job.has_process && !job.is_terminated);
    let job = job.ok_or_else(|| refused(format!("Job {id} waits for no process")))?;
    job.started = Some(now);
    let container = job.described.get("container").map(Input);
    let role = container.and_then(|container| container.string("jobRoleArn")).map(str::to_owned);
    enter(world, id, JobState::Running, None);
    Ok(role)
}

/// A job's process has ended.
pub(crate) fn process_ended(world: &mut World, id: &str, code: i64, timed_out: bool) {
    let Some(job) = world.batch.jobs.get(id).filter(|job| job.state == JobState::Running && job.has_process)
    else {
        return;
    };
    let reason = match (job.is_terminated, timed_out) {
        // Whoever terminated it has said why.
        (true, _) => None,
        (false, true) => Some("Job attempt duration exceeded timeout"),
        (false, false) => Some("Essential container in task exited"),
    };
    let succeeded = code == 0 && !timed_out && !job.is_terminated;
    attempts::end(world, id, Ending { succeeded, exit_code: Some(code), reason, timed_out });
}

/// The machine that every process ran on is not there any more.
pub(crate) fn hosts_are_gone(world: &mut World) {
    let running = world.batch.jobs.values().filter(|job| job.state == JobState::Running && job.has_process);
    let running: Vec<(String, String)> =
        running.map(|job| (job.id.clone(), job.host.clone().unwrap_or_default())).collect();
    for (id, host) in running {
        // <https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html>
        let reason = format!("Host EC2 (instance {host}) terminated.");
        let ending = Ending { succeeded: false, exit_code: None, reason: Some(&reason), timed_out: false };
        attempts::end(world, &id, ending);
    }
}
