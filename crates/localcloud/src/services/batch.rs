//! AWS Batch: compute environments, queues, job definitions, and jobs that pass through their states over time.
//! Nothing is computed: a job runs as long as it says it does. Array jobs, multi-node jobs and
//! fair share are not simulated; such a job is a plain one here.

mod attempts;
mod definitions;
mod durations;
mod environments;
mod index;
mod invalid;
mod job;
mod jobs;
mod processes;
pub mod provision;
mod queues;
mod typed;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(crate) use processes::{
    Process, ProcessGoal, hosts_are_gone, process, process_ended, process_starts, wanted_processes,
};

pub(crate) use invalid::set_status;
pub(crate) use job::let_end;

use crate::descriptor::{Descriptor, Errors, REST_JSON, Rate, Target, changes, surveys};
use crate::services::paging::{Page, page};
use crate::{AwsError, Input, World};

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Timer {
    /// A job's present state has lasted its time.
    Job {
        /// The job's id.
        job: String,
        /// Which of its states is meant; another one means that it has moved on.
        step: u64,
    },
    /// A queue or a compute environment is VALID.
    Valid {
        /// Its ARN.
        arn: String,
        /// Which of its changes is meant.
        step: u64,
    },
}

/// Everything by ARN, jobs by id.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    environments: BTreeMap<String, Entity>,
    queues: BTreeMap<String, Entity>,
    definitions: BTreeMap<String, definitions::Definition>,
    jobs: BTreeMap<String, job::Job>,
    index: index::Index,
    submitted: u64,
}

/// A queue or a compute environment: both have a state that people set and a status that Batch reports.
#[derive(Debug, Clone)]
struct Entity {
    name: String,
    arn: String,
    is_enabled: bool,
    status: &'static str,
    /// Counts its changes, so that a timer of an earlier one is known as stale.
    step: u64,
    /// Why it is INVALID, or will be again once a change is through.
    invalid: Option<invalid::Invalid>,
    /// Settings that are given back as they came, in the API's form.
    described: Map<String, Value>,
}

impl Entity {
    /// One that is about to be made.
    fn new(name: &str, arn: &str, is_enabled: bool, described: Map<String, Value>) -> Entity {
        let (name, arn) = (name.to_owned(), arn.to_owned());
        Entity { name, arn, is_enabled, status: "CREATING", step: 0, invalid: None, described }
    }

    /// Whether this is one of the names or ARNs; without any every one is.
    fn is_among(&self, names: &[&str]) -> bool {
        names.is_empty() || names.contains(&self.name.as_str()) || names.contains(&self.arn.as_str())
    }

    /// A change is through.
    fn settle(&mut self) {
        self.status = if self.invalid.is_some() { "INVALID" } else { "VALID" };
        self.step += 1;
    }

    /// Whether somebody is changing it, so that nobody else may.
    fn is_changing(&self) -> bool {
        !matches!(self.status, "VALID" | "INVALID")
    }

    /// Whether jobs are placed by way of it.
    fn places(&self) -> bool {
        self.is_enabled && !matches!(self.status, "CREATING" | "INVALID")
    }
}

/// A timer is due.
pub fn happen(world: &mut World, timer: Timer) {
    match timer {
        Timer::Job { job, step } => job::step_is_over(world, &job, step),
        Timer::Valid { arn, step } => {
            let Batch { environments, queues, .. } = &mut world.batch;
            let found = queues.get_mut(&arn).or_else(|| environments.get_mut(&arn));
            if let Some(entity) = found.filter(|entity| entity.step == step) {
                entity.settle();
                job::place_waiting_again(world, &arn);
            }
        }
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "AWS Batch",
    signing_name: "batch",
    errors: Errors {
        // <https://repost.aws/knowledge-center/aws-batch-requests-error>
        throttled: (429, "TooManyRequestsException", "Too Many Requests"),
        server_error: "ServerException",
        ..REST_JSON.errors
    },
    target: Target::Named(&[
        ("resourceArn", ""),
        ("jobQueue", "job-queue/"),
        ("jobId", "job/"),
        ("computeEnvironment", "compute-environment/"),
        ("jobDefinition", "job-definition/"),
    ]),
    // "The maximum number of transactions per second (TPS) for each account for AWS Batch API calls, including the
    // SubmitJob operations, is 50." <https://repost.aws/knowledge-center/aws-batch-requests-error>
    rates: &[Rate::shared("all", &["*"], 50)],
    resource_types: provision::TYPES,
    operations: &[
        changes("CreateComputeEnvironment", environments::create_environment)
            .at("POST", "/v1/createcomputeenvironment"),
        changes("UpdateComputeEnvironment", environments::update_environment)
            .at("POST", "/v1/updatecomputeenvironment"),
        changes("DeleteComputeEnvironment", environments::delete_environment)
            .at("POST", "/v1/deletecomputeenvironment"),
        surveys("DescribeComputeEnvironments", environments::describe)
            .at("POST", "/v1/describecomputeenvironments"),
        changes("CreateJobQueue", queues::create_queue).at("POST", "/v1/createjobqueue"),
        changes("UpdateJobQueue", queues::update_queue).at("POST", "/v1/updatejobqueue"),
        changes("DeleteJobQueue", queues::delete_queue).at("POST", "/v1/deletejobqueue"),
        surveys("DescribeJobQueues", queues::describe).at("POST", "/v1/describejobqueues"),
        changes("RegisterJobDefinition", definitions::register_definition)
            .at("POST", "/v1/registerjobdefinition"),
        changes("DeregisterJobDefinition", definitions::deregister).at("POST", "/v1/deregisterjobdefinition"),
        surveys("DescribeJobDefinitions", definitions::describe).at("POST", "/v1/describejobdefinitions"),
        changes("SubmitJob", jobs::submit).at("POST", "/v1/submitjob"),
        surveys("ListJobs", jobs::list).at("POST", "/v1/listjobs"),
        surveys("DescribeJobs", jobs::describe).at("POST", "/v1/describejobs"),
        changes("CancelJob", jobs::cancel).at("POST", "/v1/canceljob"),
        changes("TerminateJob", jobs::terminate).at("POST", "/v1/terminatejob"),
        surveys("ListTagsForResource", list_tags).at("GET", "/v1/tags/{resourceArn+}"),
        changes("TagResource", add_tags).at("POST", "/v1/tags/{resourceArn+}"),
        changes("UntagResource", remove_tags).at("DELETE", "/v1/tags/{resourceArn+}"),
    ],
    ..REST_JSON
};

/// What Batch answers to every bad request.
fn refused(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ClientException", message)
}

fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, AwsError> {
    input
        .string(name)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| refused(format!("{name} must not be empty")))
}

/// `ENABLED` or `DISABLED`.
fn state(input: Input<'_>) -> Result<Option<bool>, AwsError> {
    match input.string("state") {
        None => Ok(None),
        Some("ENABLED") => Ok(Some(true)),
        Some("DISABLED") => Ok(Some(false)),
        Some(_) => Err(refused("state must be either ENABLED or DISABLED")),
    }
}

fn state_name(is_enabled: bool) -> &'static str {
    if is_enabled { "ENABLED" } else { "DISABLED" }
}

/// Names of queues, environments, definitions and jobs: up to 128 letters, digits, hyphens and underscores.
fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.len() <= 128
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && name.bytes().all(allowed)
    {
        Ok(())
    } else {
        Err(refused(format!("Error executing request, Exception : The name '{name}' is not valid")))
    }
}

/// An entity by its name or its ARN.
fn entity<'m>(entities: &'m mut BTreeMap<String, Entity>, name: &str) -> Option<&'m mut Entity> {
    entities.values_mut().find(|entity| entity.name == name || entity.arn == name)
}

/// The ARN of what is in a name-or-ARN's place.
fn arn_of(entities: &BTreeMap<String, Entity>, name: &str) -> Option<String> {
    entities
        .values()
        .find(|entity| entity.name == name || entity.arn == name)
        .map(|entity| entity.arn.clone())
}

/// Report an entity as changing, and as VALID some time later.
fn change(world: &mut World, arn: &str, status: &'static str) {
    let Batch { environments, queues, .. } = &mut world.batch;
    let Some(entity) = queues.get_mut(arn).or_else(|| environments.get_mut(arn)) else { return };
    entity.status = status;
    entity.step += 1;
    let timer = Timer::Valid { arn: arn.to_owned(), step: entity.step };
    world.schedule(durations::CHANGE, crate::timers::Timer::Batch(timer));
}

/// `maxResults` and `nextToken`; at most, and without a number, 100 a page.
fn paged(
    input: Input<'_>,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Page<Value>, AwsError> {
    page(items, input.string("nextToken"), most(input)?)
        .map_err(|_| refused("The specified nextToken is not valid"))
}

/// `maxResults`; at most, and without a number, 100.
fn most(input: Input<'_>) -> Result<usize, AwsError> {
    let asked = input.integer("maxResults")?.unwrap_or(100).clamp(1, 100);
    Ok(usize::try_from(asked).unwrap_or(100))
}

/// A page under its name, its token only if there is one: Batch leaves out what is null.
fn answer(name: &str, page: Page<Value>) -> Value {
    let mut fields = Map::new();
    fields.insert(name.to_owned(), Value::Array(page.items));
    if let Some(token) = page.next_token {
        fields.insert("nextToken".to_owned(), Value::String(token));
    }
    Value::Object(fields)
}

fn list_tags(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let arn = required(input, "resourceArn")?;
    let Batch { environments, queues, definitions, jobs, .. } = &world.batch;
    let entity = queues.get(arn).or_else(|| environments.get(arn)).map(|entity| &entity.described);
    let described = entity
        .or_else(|| definitions.get(arn).map(|definition| &definition.described))
        .or_else(|| jobs.get(arn.rsplit('/').next().unwrap_or(arn)).map(|job| &job.described));
    let fields = described.ok_or_else(|| refused(format!("{arn} not found")))?;
    Ok(serde_json::json!({"tags": fields.get("tags").unwrap_or(&Value::Object(Map::new()))}))
}

fn add_tags(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let given = input.0.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
    tags_of(world, input)?.extend(given);
    Ok(Value::Object(Map::new()))
}

fn remove_tags(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let tags = tags_of(world, input)?;
    for key in input.strings("tagKeys") {
        tags.shift_remove(key);
    }
    Ok(Value::Object(Map::new()))
}

/// The tags of a queue, an environment, a definition or a job.
fn tags_of<'w>(world: &'w mut World, input: Input<'_>) -> Result<&'w mut Map<String, Value>, AwsError> {
    let arn = required(input, "resourceArn")?;
    let Batch { environments, queues, definitions, jobs, .. } = &mut world.batch;
    let described = if let Some(entity) = queues.get_mut(arn).or_else(|| environments.get_mut(arn)) {
        Some(&mut entity.described)
    } else if let Some(definition) = definitions.get_mut(arn) {
        Some(&mut definition.described)
    } else {
        jobs.get_mut(arn.rsplit('/').next().unwrap_or(arn)).map(|job| &mut job.described)
    };
    let fields = described.ok_or_else(|| refused(format!("{arn} not found")))?;
    let tags = fields.entry("tags").or_insert_with(|| Value::Object(Map::new()));
    tags.as_object_mut().ok_or_else(|| refused(format!("the tags of {arn} are not a map")))
}

#[cfg(test)]
mod tests;
