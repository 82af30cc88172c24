//! Batch: disable the queues, end their jobs, and enable what was enabled.

use crate::Timestamp;
use crate::act::{Act, Memory, Rememberer};
use crate::observation::{Job, JobQueue, LogicalResource, Query};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::{Decision, Drain, Look, drain};
use crate::transition::named;

/// Jobs ended by one act: bounds what an interrupted act leaves unknown.
const JOBS_AN_ACT: usize = 500;

pub(crate) fn look_at_queues(state: &State) -> Look {
    match state.targets.job_queues.as_slice() {
        [] => Look::Known(Decision::Done),
        queues => Look::Ask(Query::JobQueues { arns: arns(queues) }),
    }
}

pub(crate) fn look_at_jobs(state: &State) -> Look {
    match state.targets.job_queues.as_slice() {
        [] => Look::Known(Decision::Done),
        _ => Look::Ask(jobs_query(state)),
    }
}

pub(crate) fn jobs_query(state: &State) -> Query {
    Query::Jobs { queue_arns: arns(&state.targets.job_queues) }
}

/// What is noted on a queue: its state before maintenance.
fn note(enabled: bool) -> &'static str {
    if enabled { "ENABLED" } else { "DISABLED" }
}

/// The queues as they were: a note that an earlier maintenance left says more than what is seen now.
fn as_before(queues: &[JobQueue]) -> Vec<JobQueue> {
    let mut queues = queues.to_vec();
    for queue in &mut queues {
        if let Some(text) = &queue.remembered {
            queue.enabled = text == note(true);
        }
    }
    queues
}

/// Done when every queue is disabled and has settled.
pub(crate) fn disable(state: &mut State, queues: &[JobQueue]) -> Decision {
    let before = state.before.job_queues.get_or_insert_with(|| as_before(queues));
    let memories: Vec<Memory> = queues
        .iter()
        .filter(|queue| queue.remembered.is_none())
        .filter_map(|queue| {
            let earlier = before.iter().find(|earlier| earlier.arn == queue.arn)?;
            Some(Memory {
                resource: Rememberer::JobQueue(queue.arn.clone()),
                text: note(earlier.enabled).to_owned(),
            })
        })
        .collect();
    if !memories.is_empty() {
        return Decision::Act(Act::Remember { memories });
    }
    set_and_settle(queues, false, |_| true)
}

/// Done when every queue that was enabled before, and is still the stack's, is enabled again, and no note is left.
/// A queue that the update made new is as the new release defines it.
pub(crate) fn restore(state: &State, queues: &[JobQueue]) -> Decision {
    let noted = as_before(queues);
    let before = state.before.job_queues.as_deref().unwrap_or(&noted);
    // Without a journal only a note tells that it was maintenance, and not its owner, that disabled a queue.
    let journaled = state.before.job_queues.is_some();
    let settled = set_and_settle(queues, true, |queue| {
        (journaled || queue.remembered.is_some())
            && before.iter().any(|earlier| earlier.arn == queue.arn && earlier.enabled)
    });
    if settled != Decision::Done {
        return settled;
    }
    let resources: Vec<Rememberer> = queues
        .iter()
        .filter(|queue| queue.remembered.is_some())
        .map(|queue| Rememberer::JobQueue(queue.arn.clone()))
        .collect();
    if resources.is_empty() { Decision::Done } else { Decision::Act(Act::Forget { resources }) }
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

/// Done when no unfinished job is left, or when the rest may end with the workers. A job that was told to end is told
/// once, then waited for.
pub(crate) fn terminate(plan: &Plan, state: &State, jobs: &[Job], at: Timestamp) -> Decision {
    if jobs.is_empty() {
        return Decision::Done;
    }
    match drain(plan.maintenance.jobs, state, at) {
        Drain::Grace => return Decision::Wait(jobs.iter().map(in_words).collect()),
        Drain::Tell => {}
        Drain::GiveUp(seconds) => {
            let left: Vec<String> = jobs.iter().map(in_words).collect();
            return Decision::Fail(format!("jobs were left after {seconds} s: {}", named(&left)));
        }
        Drain::Force => return Decision::Done,
    }
    let untold: Vec<String> = jobs
        .iter()
        .filter(|job| !state.told.jobs.contains(&job.id))
        .take(JOBS_AN_ACT)
        .map(|job| job.id.clone())
        .collect();
    if untold.is_empty() {
        return Decision::Wait(jobs.iter().map(in_words).collect());
    }
    Decision::Act(Act::TerminateJobs {
        job_ids: untold,
        reason: format!("Slackwater: maintenance of {} (run {})", plan.stack_name, plan.run_id),
    })
}

pub(crate) fn in_words(job: &Job) -> String {
    let owner = job.owner.as_deref().map(|owner| format!(" of {owner}")).unwrap_or_default();
    format!("job {}{owner} ({}) in {}", job.name, job.status, short_name(&job.queue_arn))
}

/// The last part of an ARN.
fn short_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn arns(resources: &[LogicalResource]) -> Vec<String> {
    resources.iter().map(|resource| resource.physical_id.clone()).collect()
}
