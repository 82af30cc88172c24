//! AWS Batch: queues and jobs.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{CeState, JobQueueDetail, JobStatus, JqState};
use upgrade::{ComputeEnvironment, Job, JobQueue, PortError};

use crate::errors::{code, is_one_too_many, look_again, port_error};
use crate::tags::{MEMORY_TAG, owner};
use crate::together::{all, each, each_by_itself};

/// Every status of a job that has not finished.
const UNFINISHED: [JobStatus; 5] =
    [JobStatus::Submitted, JobStatus::Pending, JobStatus::Runnable, JobStatus::Starting, JobStatus::Running];

/// How long a page that was one call too many is waited for, and how often. Where requests keep to a pace, it is the pace that
/// waits.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSES: u32 = 20;

/// DescribeJobQueues takes at most 100 queues, DescribeJobs at most 100 jobs (AWS Batch API reference).
const ITEMS_A_CALL: usize = 100;

pub(crate) async fn job_queues(client: &Client, arns: &[String]) -> Result<Vec<JobQueue>, PortError> {
    Ok(described_queues(client, arns).await?.iter().map(job_queue).collect())
}

/// The queues, and the ARNs of their compute environments.
pub(crate) async fn queues_with_environments(
    client: &Client,
    arns: &[String],
) -> Result<(Vec<JobQueue>, Vec<String>), PortError> {
    let queues = described_queues(client, arns).await?;
    let order = queues.iter().flat_map(JobQueueDetail::compute_environment_order);
    let environments: BTreeSet<String> =
        order.filter_map(|place| place.compute_environment()).map(str::to_owned).collect();
    Ok((queues.iter().map(job_queue).collect(), environments.into_iter().collect()))
}

/// Compute environments; one that is gone is left out.
pub(crate) async fn environments(
    client: &Client,
    arns: &[String],
) -> Result<Vec<ComputeEnvironment>, PortError> {
    let mut environments = Vec::new();
    for some in arns.chunks(ITEMS_A_CALL) {
        let answer = client
            .describe_compute_environments()
            .set_compute_environments(Some(some.to_vec()))
            .send()
            .await
            .map_err(|error| port_error("batch:DescribeComputeEnvironments", &error))?;
        environments.extend(answer.compute_environments().iter().map(|environment| ComputeEnvironment {
            arn: environment.compute_environment_arn().unwrap_or_default().to_owned(),
            enabled: environment.state() == Some(&CeState::Enabled),
            status: environment.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            status_reason: environment.status_reason().map(str::to_owned),
        }));
    }
    Ok(environments)
}

async fn described_queues(client: &Client, arns: &[String]) -> Result<Vec<JobQueueDetail>, PortError> {
    let mut queues = Vec::new();
    for some in arns.chunks(ITEMS_A_CALL) {
        let answer = client
            .describe_job_queues()
            .set_job_queues(Some(some.to_vec()))
            .send()
            .await
            .map_err(|error| port_error("batch:DescribeJobQueues", &error))?;
        queues.extend(answer.job_queues.unwrap_or_default());
    }
    Ok(queues)
}

fn job_queue(queue: &JobQueueDetail) -> JobQueue {
    JobQueue {
        arn: queue.job_queue_arn().unwrap_or_default().to_owned(),
        enabled: queue.state() == Some(&JqState::Enabled),
        status: queue.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        status_reason: queue.status_reason().map(str::to_owned),
        remembered: queue.tags().and_then(|tags| tags.get(MEMORY_TAG)).cloned(),
    }
}

/// Unfinished jobs, without their owners: ListJobs tells no tags.
pub(crate) async fn unfinished_jobs(client: &Client, queue_arns: &[String]) -> Result<Vec<Job>, PortError> {
    let found = all(queue_arns, async |queue| {
        let mut jobs: Vec<Job> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        // One status after the other, in the order in which jobs go through them: so none slips by between two lists. One
        // that moves on meanwhile is in both, and its later status counts.
        for status in UNFINISHED {
            for job in jobs_of(client, queue, status).await? {
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

async fn jobs_of(client: &Client, queue: &str, status: JobStatus) -> Result<Vec<Job>, PortError> {
    let mut jobs = Vec::new();
    let mut next_token = None;
    let mut patience = PAUSES;
    loop {
        let asked = client.list_jobs().job_queue(queue).job_status(status.clone());
        let page = match asked.set_next_token(next_token.clone()).send().await {
            Ok(page) => page,
            // What has been read of so many queues isn't thrown away for one call too many.
            Err(error) if patience > 0 && is_one_too_many(code(&error).unwrap_or_default(), 0) => {
                patience -= 1;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(port_error("batch:ListJobs", &error)),
        };
        jobs.extend(page.job_summary_list().iter().map(|job| Job {
            id: job.job_id().unwrap_or_default().to_owned(),
            name: job.job_name().unwrap_or_default().to_owned(),
            queue_arn: queue.to_owned(),
            status: status.as_str().to_owned(),
            owner: None,
        }));
        next_token = page.next_token.filter(|token| !token.is_empty());
        if next_token.is_none() {
            return Ok(jobs);
        }
    }
}

/// Say whose the jobs are while one call tells it: a drain looks every second, and that nobody may ask is no reason not
/// to drain.
pub(crate) async fn name_owners_of_few(client: &Client, jobs: &mut [Job]) {
    if !jobs.is_empty() && jobs.len() <= ITEMS_A_CALL {
        let _unnamed = name_owners(client, jobs).await;
    }
}

/// Say whose the jobs are, where their tags tell.
pub(crate) async fn name_owners(client: &Client, jobs: &mut [Job]) -> Result<(), PortError> {
    let ids: Vec<String> = jobs.iter().map(|job| job.id.clone()).collect();
    let answers = all(ids.chunks(ITEMS_A_CALL), async |some| {
        client
            .describe_jobs()
            .set_jobs(Some(some.to_vec()))
            .send()
            .await
            .map_err(|error| port_error("batch:DescribeJobs", &error))
    })
    .await?;
    let owners: HashMap<&str, String> = answers
        .iter()
        .flat_map(|answer| answer.jobs())
        .filter_map(|job| {
            let tags = job.tags()?.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            Some((job.job_id()?, owner(tags)?))
        })
        .collect();
    for job in jobs {
        job.owner = owners.get(job.id.as_str()).cloned();
    }
    Ok(())
}

pub(crate) async fn set_job_queue_states(
    client: &Client,
    queue_arns: &[String],
    enabled: bool,
) -> Result<(), PortError> {
    let state = if enabled { JqState::Enabled } else { JqState::Disabled };
    each_by_itself(queue_arns, async |queue| {
        let changed = client.update_job_queue().job_queue(queue).state(state.clone()).send().await;
        changed.map(drop).map_err(|error| {
            let sorted = port_error("batch:UpdateJobQueue", &error);
            // A queue that is being changed refuses another change; the next look says which it is.
            if code(&error) == Some("ClientException") && sorted.message.contains("being modified") {
                look_again(sorted)
            } else {
                sorted
            }
        })
    })
    .await
}

pub(crate) async fn terminate_jobs(
    client: &Client,
    job_ids: &[String],
    reason: &str,
) -> Result<(), PortError> {
    each(job_ids, async |job| {
        let ended = client.terminate_job().job_id(job).reason(reason).send().await;
        ended.map(drop).map_err(|error| port_error("batch:TerminateJob", &error))
    })
    .await
}

/// Write a note on a queue.
pub(crate) async fn remember(client: &Client, arn: &str, text: &str) -> Result<(), PortError> {
    let tagged = client.tag_resource().resource_arn(arn).tags(MEMORY_TAG, text).send().await;
    tagged.map(drop).map_err(|error| port_error("batch:TagResource", &error))
}

/// Take the note off again. A queue that is gone has none.
pub(crate) async fn forget(client: &Client, arn: &str) -> Result<(), PortError> {
    match client.untag_resource().resource_arn(arn).tag_keys(MEMORY_TAG).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let sorted = port_error("batch:UntagResource", &error);
            let words = sorted.message.to_lowercase();
            let is_gone = words.contains("does not exist") || words.contains("not found");
            if code(&error) == Some("ClientException") && is_gone { Ok(()) } else { Err(sorted) }
        }
    }
}
