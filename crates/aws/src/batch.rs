//! AWS Batch: queues and jobs.

use aws_sdk_batch::Client;
use aws_sdk_batch::types::{JobStatus, JqState};
use upgrade::{Job, JobQueue, PortError};

use crate::errors::{code, look_again, port_error};

/// Every status of a job that has not finished.
const UNFINISHED: [JobStatus; 5] =
    [JobStatus::Submitted, JobStatus::Pending, JobStatus::Runnable, JobStatus::Starting, JobStatus::Running];

/// DescribeJobQueues takes at most 100 queues (AWS Batch API reference).
const QUEUES_A_CALL: usize = 100;

pub(crate) async fn job_queues(client: &Client, arns: &[String]) -> Result<Vec<JobQueue>, PortError> {
    let mut queues = Vec::new();
    for some in arns.chunks(QUEUES_A_CALL) {
        let answer = client
            .describe_job_queues()
            .set_job_queues(Some(some.to_vec()))
            .send()
            .await
            .map_err(|error| port_error("batch:DescribeJobQueues", &error))?;
        queues.extend(answer.job_queues().iter().map(|queue| JobQueue {
            arn: queue.job_queue_arn().unwrap_or_default().to_owned(),
            enabled: queue.state() == Some(&JqState::Enabled),
            status: queue.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        }));
    }
    Ok(queues)
}

pub(crate) async fn unfinished_jobs(client: &Client, queue_arns: &[String]) -> Result<Vec<Job>, PortError> {
    let mut jobs = Vec::new();
    for queue in queue_arns {
        for status in UNFINISHED {
            let mut next_token = None;
            loop {
                let page = client
                    .list_jobs()
                    .job_queue(queue)
                    .job_status(status.clone())
                    .set_next_token(next_token)
                    .send()
                    .await
                    .map_err(|error| port_error("batch:ListJobs", &error))?;
                jobs.extend(page.job_summary_list().iter().map(|job| Job {
                    id: job.job_id().unwrap_or_default().to_owned(),
                    name: job.job_name().unwrap_or_default().to_owned(),
                    queue_arn: queue.clone(),
                    status: status.as_str().to_owned(),
                }));
                next_token = page.next_token.filter(|token| !token.is_empty());
                if next_token.is_none() {
                    break;
                }
            }
        }
    }
    Ok(jobs)
}

pub(crate) async fn set_job_queue_states(
    client: &Client,
    queue_arns: &[String],
    enabled: bool,
) -> Result<(), PortError> {
    let state = if enabled { JqState::Enabled } else { JqState::Disabled };
    for queue in queue_arns {
        client.update_job_queue().job_queue(queue).state(state.clone()).send().await.map_err(|error| {
            let sorted = port_error("batch:UpdateJobQueue", &error);
            // A queue that is being changed refuses another change; the next look says which it is.
            if code(&error) == Some("ClientException") && sorted.message.contains("being modified") {
                look_again(sorted)
            } else {
                sorted
            }
        })?;
    }
    Ok(())
}

pub(crate) async fn terminate_jobs(
    client: &Client,
    job_ids: &[String],
    reason: &str,
) -> Result<(), PortError> {
    for job in job_ids {
        client
            .terminate_job()
            .job_id(job)
            .reason(reason)
            .send()
            .await
            .map_err(|error| port_error("batch:TerminateJob", &error))?;
    }
    Ok(())
}
