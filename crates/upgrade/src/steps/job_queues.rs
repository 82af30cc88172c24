//! Batch: disable the queues, end their jobs, and enable what was enabled.

use crate::act::Act;
use crate::observation::{Job, JobQueue, LogicalResource, Query};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::Decision;

/// Jobs ended by one act: bounds what an interrupted act leaves unknown.
const JOBS_AN_ACT: usize = 500;

pub(crate) fn queues_query(state: &State) -> Query {
    Query::JobQueues { arns: arns(&state.targets.job_queues) }
}

pub(crate) fn jobs_query(state: &State) -> Query {
    Query::Jobs { queue_arns: arns(&state.targets.job_queues) }
}

/// Done when every queue is disabled and has settled.
pub(crate) fn disable(state: &mut State, queues: &[JobQueue]) -> Decision {
    state.before.job_queues.get_or_insert_with(|| queues.to_vec());
    set_and_settle(queues, false, |_| true)
}

/// Done when every queue that was enabled before, and is still the stack's, is enabled again.
pub(crate) fn restore(state: &State, queues: &[JobQueue]) -> Decision {
    let Some(before) = &state.before.job_queues else { return Decision::Done };
    set_and_settle(queues, true, |queue| {
        before.iter().any(|earlier| earlier.arn == queue.arn && earlier.enabled)
    })
}

fn set_and_settle(queues: &[JobQueue], enabled: bool, concerned: impl Fn(&JobQueue) -> bool) -> Decision {
    // AWS refuses to change a queue that is being changed.
    let wrong: Vec<String> = queues
        .iter()
        .filter(|queue| concerned(queue) && queue.enabled != enabled && queue.status == "VALID")
        .map(|queue| queue.arn.clone())
        .collect();
    if !wrong.is_empty() {
        return Decision::Act(Act::SetJobQueueStates { queue_arns: wrong, enabled });
    }
    let unsettled: Vec<String> = queues
        .iter()
        .filter(|queue| concerned(queue) && (queue.enabled != enabled || queue.status != "VALID"))
        .map(|queue| format!("queue {} ({})", short_name(&queue.arn), queue.status))
        .collect();
    if unsettled.is_empty() { Decision::Done } else { Decision::Wait(unsettled) }
}

/// Done when no unfinished job is left. A job that was told to end is told once, then waited for.
pub(crate) fn terminate(plan: &Plan, state: &State, jobs: &[Job]) -> Decision {
    if jobs.is_empty() {
        return Decision::Done;
    }
    let untold: Vec<String> = jobs
        .iter()
        .filter(|job| !state.jobs_told_to_end.contains(&job.id))
        .take(JOBS_AN_ACT)
        .map(|job| job.id.clone())
        .collect();
    if untold.is_empty() {
        return Decision::Wait(jobs.iter().map(named).collect());
    }
    Decision::Act(Act::TerminateJobs {
        job_ids: untold,
        reason: format!("Slackwater: maintenance of {} (run {})", plan.stack_name, plan.run_id),
    })
}

pub(crate) fn confirm_quiet(state: &mut State, jobs: &[Job]) -> Decision {
    if !jobs.is_empty() {
        return Decision::Wait(jobs.iter().map(named).collect());
    }
    state.jobs_seen_quiet = true;
    Decision::Look
}

fn named(job: &Job) -> String {
    format!("job {} ({}) in {}", job.name, job.status, short_name(&job.queue_arn))
}

/// The last part of an ARN.
fn short_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn arns(resources: &[LogicalResource]) -> Vec<String> {
    resources.iter().map(|resource| resource.physical_id.clone()).collect()
}
