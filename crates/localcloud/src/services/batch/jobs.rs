//! The operations on jobs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::job::{Job, JobState, Plan, enter};
use super::{Batch, attempts, check_name, definitions, durations, job, most, refused, required};
use crate::services::paging;
use crate::{AwsError, Input, Timestamp, World};

pub(super) fn submit(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "jobName")?;
    check_name(name)?;
    let wanted = required(input, "jobQueue")?;
    let queue = super::arn_of(&world.batch.queues, wanted).and_then(|arn| world.batch.queues.get(&arn));
    let queue = queue.ok_or_else(|| refused(format!("JobQueue {wanted} not found.")))?;
    if !queue.is_enabled {
        // "Jobs can't be submitted to a disabled queue" is documented, the words of the refusal are not.
        return Err(refused(format!("Job Queue {} is not in an ENABLED state", queue.arn)));
    }
    let queue_arn = queue.arn.clone();
    let wanted = required(input, "jobDefinition")?;
    let definition = definitions::find(world, wanted)
        .ok_or_else(|| refused(format!("JobDefinition {wanted} not found.")))?;
    let definition_arn = definition.arn.clone();
    let base = Value::Object(definition.described.clone());
    let depends_on: Vec<String> =
        input.objects("dependsOn").filter_map(|needed| needed.string("jobId")).map(str::to_owned).collect();
    if depends_on.len() > 20 {
        return Err(refused("A job can depend upon a maximum of 20 jobs"));
    }

    let mut parameters = object(Input(&base), "parameters");
    parameters.extend(object(input, "parameters"));
    let container = Input(&base).object("containerProperties");
    let mut variables = environment(container);
    variables.extend(environment(input.object("containerOverrides")));
    let timeout = input.object("timeout").or_else(|| Input(&base).object("timeout"));
    let seconds = timeout.map(|timeout| timeout.integer("attemptDurationSeconds")).transpose()?.flatten();
    let plan = Plan::read(&parameters, &variables, seconds.and_then(|seconds| u64::try_from(seconds).ok()));

    let mut described = Map::new();
    for (field, value) in [
        ("parameters", Value::Object(parameters)),
        ("dependsOn", input.0.get("dependsOn").cloned().unwrap_or_else(|| json!([]))),
        ("tags", input.0.get("tags").cloned().unwrap_or_else(|| json!({}))),
        ("container", shown_container(container, input.object("containerOverrides"), &variables)),
    ] {
        described.insert(field.to_owned(), value);
    }
    let strategy = input.object("retryStrategy").or_else(|| Input(&base).object("retryStrategy"));
    if let Some(strategy) = strategy {
        described.insert("retryStrategy".to_owned(), strategy.0.clone());
    }
    if let Some(timeout) = timeout {
        described.insert("timeout".to_owned(), timeout.0.clone());
    }

    world.batch.submitted += 1;
    let id = world.identities.uuid("batch job");
    let job = Job {
        id: id.clone(),
        number: world.batch.submitted,
        name: name.to_owned(),
        queue_arn,
        definition_arn,
        state: JobState::Submitted,
        step: 0,
        created: world.now,
        started: None,
        stopped: None,
        reason: None,
        exit_code: None,
        is_cancelled: false,
        is_terminated: false,
        depends_on,
        plan,
        attempts: Vec::new(),
        has_process: false,
        host: None,
        log_stream: None,
        described,
    };
    let Batch { jobs, index, .. } = &mut world.batch;
    index.moved(&job.queue_arn, job.number, &id, None, JobState::Submitted);
    index.waits(&id, &job.depends_on);
    jobs.insert(id.clone(), job);
    enter(world, &id, JobState::Submitted, Some(durations::SUBMISSION));
    Ok(json!({"jobArn": arn(world, &id), "jobName": name, "jobId": id}))
}

fn object(input: Input<'_>, name: &str) -> Map<String, Value> {
    input.0.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn environment(container: Option<Input<'_>>) -> BTreeMap<String, String> {
    let pairs = container.into_iter().flat_map(|container| container.objects("environment"));
    pairs
        .filter_map(|pair| Some((pair.string("name")?.to_owned(), pair.string("value")?.to_owned())))
        .collect()
}

/// The definition's container under what the job overrides.
fn shown_container(
    container: Option<Input<'_>>,
    overrides: Option<Input<'_>>,
    variables: &BTreeMap<String, String>,
) -> Value {
    let mut fields = container.and_then(|container| container.0.as_object().cloned()).unwrap_or_default();
    for name in ["command", "instanceType", "memory", "resourceRequirements", "vcpus"] {
        if let Some(value) = overrides.and_then(|overrides| overrides.0.get(name)) {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    let variables = variables.iter().map(|(name, value)| json!({"name": name, "value": value}));
    fields.insert("environment".to_owned(), variables.collect());
    Value::Object(fields)
}

fn arn(world: &World, id: &str) -> String {
    world.arn("batch", &format!("job/{id}"))
}

/// The jobs of a queue in one state, RUNNING unless another is asked for.
pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let Some(wanted) = input.string("jobQueue") else {
        // Array and multi-node jobs are not simulated, so theirs have no children.
        return match input.string("arrayJobId").or_else(|| input.string("multiNodeJobId")) {
            Some(_) => Ok(json!({"jobSummaryList": []})),
            None => Err(refused("Must specify one of: jobQueue, arrayJobId, multiNodeJobId")),
        };
    };
    let queue = super::arn_of(&world.batch.queues, wanted)
        .ok_or_else(|| refused(format!("JobQueue {wanted} not found.")))?;
    let names: Vec<&str> = input
        .objects("filters")
        .filter(|filter| filter.string("name") == Some("JOB_NAME"))
        .flat_map(|filter| filter.strings("values"))
        .collect();
    let state = match input.string("jobStatus") {
        // With a filter the state doesn't count, says the API reference.
        _ if !names.is_empty() => None,
        None => Some(JobState::Running),
        Some(name) => {
            Some(JobState::of_name(name).ok_or_else(|| refused(format!("{name} is not a job status")))?)
        }
    };
    let invalid = || refused("The specified nextToken is not valid");
    let after = paging::after(input.string("nextToken")).map_err(|_| invalid())?;
    let after = after.map(|key| key.parse::<u64>()).transpose().map_err(|_| invalid())?;
    let Batch { jobs, index, .. } = &world.batch;
    let is_named =
        |job: &&Job| names.is_empty() || names.iter().any(|name| job.name.eq_ignore_ascii_case(name));
    let of_state = |state| {
        let found = index.after(&queue, state, after).filter_map(|(_, id)| jobs.get(id));
        found.filter(is_named).map(|job| (job.number, job))
    };
    let most = most(input)?;
    // One more than a page holds tells whether there is another.
    let mut found: Vec<(u64, &Job)> = match state {
        Some(state) => of_state(state).take(most + 1).collect(),
        None => JobState::ALL.into_iter().flat_map(of_state).collect(),
    };
    found.sort_by_key(|(number, _)| *number);
    let found = found.into_iter().map(|(number, job)| (number.to_string(), job));
    let page = paging::in_order(found, most).map(|job| summary(world, job));
    Ok(super::answer("jobSummaryList", page))
}

fn summary(world: &World, job: &Job) -> Value {
    let mut fields = Map::new();
    for (name, value) in [
        ("jobArn", json!(arn(world, &job.id))),
        ("jobId", json!(job.id)),
        ("jobName", json!(job.name)),
        ("createdAt", json!(job.created.0)),
        ("status", json!(job.state.name())),
        ("jobDefinition", json!(job.definition_arn)),
        ("statusReason", json!(job.reason)),
        ("startedAt", json!(job.started.map(|Timestamp(at)| at))),
        ("stoppedAt", json!(job.stopped.map(|Timestamp(at)| at))),
        ("container", json!(job.exit_code.map(|code| json!({"exitCode": code})))),
    ] {
        if !value.is_null() {
            fields.insert(name.to_owned(), value);
        }
    }
    Value::Object(fields)
}

/// At most 100 ids; ids that aren't known are passed over.
pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let ids: Vec<&str> = input.strings("jobs").collect();
    if ids.is_empty() || ids.len() > 100 {
        return Err(refused("jobs must contain between 1 and 100 job ids"));
    }
    let found: Vec<Value> = ids
        .iter()
        .filter_map(|id| world.batch.jobs.get(id.rsplit('/').next().unwrap_or(id)))
        .map(|job| detail(world, job))
        .collect();
    Ok(json!({"jobs": found}))
}

fn detail(world: &World, job: &Job) -> Value {
    let Value::Object(mut fields) = summary(world, job) else { return Value::Null };
    for (name, value) in &job.described {
        fields.insert(name.clone(), value.clone());
    }
    if let Some(container) = fields.get_mut("container").and_then(Value::as_object_mut) {
        container.extend(job.exit_code.map(|code| ("exitCode".to_owned(), json!(code))));
        container.extend(job.log_stream.as_ref().map(|log| ("logStreamName".to_owned(), json!(log))));
    }
    for (name, value) in [
        ("jobQueue", json!(job.queue_arn)),
        ("isCancelled", json!(job.is_cancelled)),
        ("isTerminated", json!(job.is_terminated)),
        ("attempts", attempts::to_api(job)),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Value::Object(fields)
}

/// Does nothing to a job that is STARTING or further, yet succeeds.
/// <https://docs.aws.amazon.com/batch/latest/APIReference/API_CancelJob.html>
pub(super) fn cancel(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let (job, reason) = job_and_reason(world, input)?;
    let id = job.id.clone();
    match job.state {
        JobState::Submitted | JobState::Pending => {
            job.is_cancelled = true;
            job::end(world, &id, JobState::Failed, Some(&reason));
        }
        JobState::Runnable if !job.is_cancelled && !job.is_terminated => {
            job.is_cancelled = true;
            job.reason = Some(reason);
            enter(world, &id, JobState::Runnable, Some(durations::SCHEDULER_PASS));
        }
        JobState::Runnable
        | JobState::Starting
        | JobState::Running
        | JobState::Succeeded
        | JobState::Failed => {}
    }
    Ok(json!({}))
}

/// Ends a job in any state; one that has started takes a while.
/// <https://docs.aws.amazon.com/batch/latest/APIReference/API_TerminateJob.html>
pub(super) fn terminate(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let (job, reason) = job_and_reason(world, input)?;
    let id = job.id.clone();
    if job.is_terminated || job.state.has_ended() {
        return Ok(json!({}));
    }
    job.is_terminated = true;
    match job.state {
        JobState::Submitted | JobState::Pending | JobState::Runnable => {
            job::end(world, &id, JobState::Failed, Some(&reason))
        }
        // Its end is the process's.
        JobState::Running if job.has_process => job.reason = Some(reason),
        state @ (JobState::Starting | JobState::Running) => {
            job.reason = Some(reason);
            job.exit_code = Some(137);
            enter(world, &id, state, Some(durations::STOP));
        }
        JobState::Succeeded | JobState::Failed => {}
    }
    Ok(json!({}))
}

/// Assumption: AWS documents ClientException for "an identifier that's not valid", and a job id that isn't known
/// is one.
fn job_and_reason<'w>(world: &'w mut World, input: Input<'_>) -> Result<(&'w mut Job, String), AwsError> {
    let id = required(input, "jobId")?;
    let reason = required(input, "reason")?.chars().take(1024).collect();
    let known = world.batch.jobs.get_mut(id.rsplit('/').next().unwrap_or(id));
    Ok((known.ok_or_else(|| refused(format!("Job {id} not found.")))?, reason))
}
