//! The attempts of a job: what is noted of one that is over, and whether there is another.
//! <https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html>

use serde_json::{Value, json};

use super::durations;
use super::job::{self, Job, JobState, enter};
use crate::services::load_balancing::fits;
use crate::{Input, Timestamp, World};

/// How an attempt has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending<'a> {
    pub(super) succeeded: bool,
    /// The container's.
    pub(super) exit_code: Option<i64>,
    /// What DescribeJobs says as `statusReason`; `None` keeps what is there already.
    pub(super) reason: Option<&'a str>,
    /// One that ran too long isn't tried again.
    pub(super) timed_out: bool,
}

/// An attempt is over: the job ends with it, or tries again.
pub(super) fn end(world: &mut World, id: &str, ending: Ending<'_>) {
    let now = world.now;
    let Some(job) = world.batch.jobs.get_mut(id) else { return };
    job.exit_code = ending.exit_code.or(job.exit_code);
    if let Some(reason) = ending.reason {
        job.reason = Some(reason.to_owned());
    }
    job.has_process = false;
    let tries_again = !ending.succeeded
        && !ending.timed_out
        && !job.is_terminated
        && !job.is_cancelled
        && job.attempts.len() + 1 < most(job)
        && is_retried(job);
    let state = if ending.succeeded { JobState::Succeeded } else { JobState::Failed };
    if tries_again {
        note(job, now);
        (job.started, job.exit_code) = (None, None);
        enter(world, id, JobState::Runnable, Some(durations::PLACEMENT));
    } else {
        job::end(world, id, state, None);
    }
}

/// Note the present attempt as over; a job that never started has had none.
pub(super) fn note(job: &mut Job, stopped: Timestamp) {
    let Some(Timestamp(started)) = job.started else { return };
    let mut container = json!({});
    if let Some(code) = job.exit_code {
        container["exitCode"] = json!(code);
    }
    if let Some(log) = &job.log_stream {
        container["logStreamName"] = json!(log);
    }
    let reason = job.reason.as_deref().unwrap_or_default();
    job.attempts.push(
        json!({"startedAt": started, "stoppedAt": stopped.0, "container": container, "statusReason": reason}),
    );
}

/// `retryStrategy.attempts`, 1 to 10.
fn most(job: &Job) -> usize {
    let strategy = job.described.get("retryStrategy").map(Input);
    let attempts = strategy.and_then(|strategy| strategy.integer("attempts").ok().flatten());
    attempts.and_then(|attempts| usize::try_from(attempts).ok()).unwrap_or(1).clamp(1, 10)
}

/// The first of `evaluateOnExit` whose conditions all fit decides; when none fits the job is tried again.
fn is_retried(job: &Job) -> bool {
    let strategy = job.described.get("retryStrategy").map(Input);
    let code = job.exit_code.map(|code| code.to_string()).unwrap_or_default();
    let status_reason = job.reason.as_deref().unwrap_or_default();
    let mut rules = strategy.into_iter().flat_map(|strategy| strategy.objects("evaluateOnExit"));
    let deciding = rules.find(|rule| {
        let holds =
            |name: &str, text: &str| rule.string(name).is_none_or(|pattern| fits(pattern, text, true));
        // The container's own reason is empty here.
        holds("onExitCode", &code) && holds("onStatusReason", status_reason) && holds("onReason", "")
    });
    deciding.and_then(|rule| rule.string("action")).is_none_or(|action| action.eq_ignore_ascii_case("RETRY"))
}

/// The attempts that are over, as DescribeJobs shows them.
pub(super) fn to_api(job: &Job) -> Value {
    Value::Array(job.attempts.clone())
}
