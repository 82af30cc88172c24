//! AWS Batch: queues and jobs.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use upgrade::{ComputeEnvironment, Job, JobQueue, PortError, PortErrorKind};

use crate::concurrency::{all, each, each_by_itself};
use crate::endpoints::BATCH;
use crate::errors::{CallError, OrAbsent, is_one_too_many, look_again};
use crate::tags::{MEMORY_TAG, owner};
use crate::uri_encoding::percent_encode;
use crate::wire::Wire;

/// Every status of a job that has not finished.
const UNFINISHED: [&str; 5] = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"];

/// How long a page that was one call too many is waited for, and how often. Where requests keep to a pace, it is the pace that
/// waits.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSES: u32 = 20;

/// DescribeJobQueues takes at most 100 queues, DescribeJobs at most 100 jobs (AWS Batch API reference).
const ITEMS_A_CALL: usize = 100;

const ENABLED: &str = "ENABLED";

/// The code of whatever is wrong with a request.
const CLIENT_ERROR: &str = "ClientException";

/// Batch's operations are the paths of its API, in small letters.
pub(crate) async fn call<T: DeserializeOwned>(
    wire: &Wire,
    action: &str,
    asked: &Value,
) -> Result<T, CallError> {
    let path = format!("/v1/{}", action.to_lowercase());
    wire.rest_json(&BATCH, action, Method::POST, &path, Some(asked)).await
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Queues {
    job_queues: Vec<Queue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Queue {
    job_queue_arn: String,
    state: String,
    status: String,
    status_reason: Option<String>,
    compute_environment_order: Vec<Place>,
    tags: HashMap<String, String>,
}

/// A compute environment's place in a queue's order.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Place {
    compute_environment: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Environments {
    compute_environments: Vec<Environment>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Environment {
    compute_environment_arn: String,
    state: String,
    status: String,
    status_reason: Option<String>,
}

pub(crate) async fn job_queues(wire: &Wire, arns: &[String]) -> Result<Vec<JobQueue>, PortError> {
    Ok(describe_queues(wire, arns).await?.into_iter().map(job_queue).collect())
}

/// The queues, and the ARNs of their compute environments.
pub(crate) async fn queues_with_environments(
    wire: &Wire,
    arns: &[String],
) -> Result<(Vec<JobQueue>, Vec<String>), PortError> {
    let queues = describe_queues(wire, arns).await?;
    let order = queues.iter().flat_map(|queue| &queue.compute_environment_order);
    let environments: BTreeSet<String> =
        order.filter_map(|place| place.compute_environment.clone()).collect();
    Ok((queues.into_iter().map(job_queue).collect(), environments.into_iter().collect()))
}

/// Compute environments; one that is gone is left out.
pub(crate) async fn environments(wire: &Wire, arns: &[String]) -> Result<Vec<ComputeEnvironment>, PortError> {
    let environment = |found: Environment| ComputeEnvironment {
        arn: found.compute_environment_arn,
        enabled: found.state == ENABLED,
        status: found.status,
        status_reason: found.status_reason,
    };
    Ok(describe_environments(wire, arns).await?.into_iter().map(environment).collect())
}

/// By ARNs or names.
pub(crate) async fn describe_environments(
    wire: &Wire,
    names: &[String],
) -> Result<Vec<Environment>, PortError> {
    let mut environments = Vec::new();
    for some in names.chunks(ITEMS_A_CALL) {
        let asked = json!({"computeEnvironments": some});
        let answer: Environments = call(wire, "DescribeComputeEnvironments", &asked).await?;
        environments.extend(answer.compute_environments);
    }
    Ok(environments)
}

/// By ARNs or names.
pub(crate) async fn describe_queues(wire: &Wire, names: &[String]) -> Result<Vec<Queue>, PortError> {
    let mut queues = Vec::new();
    for some in names.chunks(ITEMS_A_CALL) {
        let answer: Queues = call(wire, "DescribeJobQueues", &json!({"jobQueues": some})).await?;
        queues.extend(answer.job_queues);
    }
    Ok(queues)
}

fn job_queue(mut queue: Queue) -> JobQueue {
    JobQueue {
        arn: queue.job_queue_arn,
        enabled: queue.state == ENABLED,
        status: queue.status,
        status_reason: queue.status_reason,
        remembered: queue.tags.remove(MEMORY_TAG),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JobPage {
    job_summary_list: Vec<JobSummary>,
    next_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JobSummary {
    job_id: String,
    job_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Jobs {
    jobs: Vec<JobDetail>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JobDetail {
    job_id: String,
    tags: HashMap<String, String>,
}

/// Unfinished jobs, without their owners: ListJobs tells no tags.
pub(crate) async fn unfinished_jobs(wire: &Wire, queue_arns: &[String]) -> Result<Vec<Job>, PortError> {
    let found = all(queue_arns, async |queue| {
        let mut jobs: Vec<Job> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        // One status after the other, in the order in which jobs go through them: so none slips by between two lists. One
        // that moves on meanwhile is in both, and its later status counts.
        for status in UNFINISHED {
            for job in jobs_in(wire, queue, status).await? {
                match places.get(&job.id).and_then(|place| jobs.get_mut(*place)) {
                    Some(known) => *known = job,
                    None => {
                        places.insert(job.id.clone(), jobs.len());
                        jobs.push(job);
                    }
                }
            }
        }
        Ok(jobs)
    })
    .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn jobs_in(wire: &Wire, queue: &str, status: &str) -> Result<Vec<Job>, PortError> {
    let mut jobs = Vec::new();
    let mut asked = json!({"jobQueue": queue, "jobStatus": status});
    let mut patience = PAUSES;
    loop {
        let page: JobPage = match call(wire, "ListJobs", &asked).await {
            Ok(page) => page,
            // What has been read of so many queues isn't thrown away for one call too many.
            Err(error) if patience > 0 && is_one_too_many(error.code(), 0) => {
                patience -= 1;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        jobs.extend(page.job_summary_list.into_iter().map(|job| Job {
            id: job.job_id,
            name: job.job_name,
            queue_arn: queue.to_owned(),
            status: status.to_owned(),
            owner: None,
        }));
        match page.next_token.filter(|token| !token.is_empty()) {
            Some(token) => asked["nextToken"] = json!(token),
            None => return Ok(jobs),
        }
    }
}

/// Say whose the jobs are while one call tells it: a drain looks every second, and that nobody may ask is no reason not
/// to drain. It is said in the owner's place.
pub(crate) async fn name_owners_of_few(wire: &Wire, jobs: &mut [Job]) {
    if jobs.is_empty() || jobs.len() > ITEMS_A_CALL {
        return;
    }
    match name_owners(wire, jobs).await {
        Err(error) if error.kind == PortErrorKind::Refused => {
            for job in jobs {
                job.owner = Some(format!("not known ({} is refused)", error.operation));
            }
        }
        Ok(()) | Err(_) => {}
    }
}

/// Say whose the jobs are, where their tags tell.
pub(crate) async fn name_owners(wire: &Wire, jobs: &mut [Job]) -> Result<(), PortError> {
    let ids: Vec<String> = jobs.iter().map(|job| job.id.clone()).collect();
    let answers = all(ids.chunks(ITEMS_A_CALL), async |some| {
        Ok(call::<Jobs>(wire, "DescribeJobs", &json!({"jobs": some})).await?)
    })
    .await?;
    let owners: HashMap<&str, String> = answers
        .iter()
        .flat_map(|answer| &answer.jobs)
        .filter_map(|job| {
            let tags = job.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            Some((job.job_id.as_str(), owner(tags)?))
        })
        .collect();
    for job in jobs {
        job.owner = owners.get(job.id.as_str()).cloned();
    }
    Ok(())
}

pub(crate) async fn set_job_queue_states(
    wire: &Wire,
    queue_arns: &[String],
    enabled: bool,
) -> Result<(), PortError> {
    let state = if enabled { ENABLED } else { "DISABLED" };
    each_by_itself(queue_arns, async |queue| {
        let asked = json!({"jobQueue": queue, "state": state});
        match call::<IgnoredAny>(wire, "UpdateJobQueue", &asked).await {
            Ok(_) => Ok(()),
            // A queue that is being changed refuses another change; the next look says which it is.
            Err(error) if error.code() == CLIENT_ERROR && error.message().contains("being modified") => {
                Err(look_again(error.into()))
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}

pub(crate) async fn terminate_jobs(wire: &Wire, job_ids: &[String], reason: &str) -> Result<(), PortError> {
    each(job_ids, async |job| {
        let _nothing: IgnoredAny =
            call(wire, "TerminateJob", &json!({"jobId": job, "reason": reason})).await?;
        Ok(())
    })
    .await
}

/// Write a note on a queue.
pub(crate) async fn remember(wire: &Wire, arn: &str, text: &str) -> Result<(), PortError> {
    let path = format!("/v1/tags/{}", percent_encode(arn));
    let tags = json!({"tags": {MEMORY_TAG: text}});
    let _nothing: IgnoredAny =
        wire.rest_json(&BATCH, "TagResource", Method::POST, &path, Some(&tags)).await?;
    Ok(())
}

/// Take the note off again. A queue that is gone has none.
pub(crate) async fn forget(wire: &Wire, arn: &str) -> Result<(), PortError> {
    let path = format!("/v1/tags/{}?tagKeys={}", percent_encode(arn), percent_encode(MEMORY_TAG));
    let is_gone = |error: &CallError| {
        let words = error.message().to_lowercase();
        error.code() == CLIENT_ERROR && (words.contains("does not exist") || words.contains("not found"))
    };
    let answer = wire.rest_json::<IgnoredAny>(&BATCH, "UntagResource", Method::DELETE, &path, None).await;
    answer.or_absent(is_gone).map(drop)
}
