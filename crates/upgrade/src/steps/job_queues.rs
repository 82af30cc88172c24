//! Batch: disable the queues, end their jobs, and enable what was enabled.

use crate::Timestamp;
use crate::act::{Act, FleetAct, Memory, NotedResource, short_name};
use crate::note::Note;
use crate::observation::{Job, JobQueue, Observation, left_behind, physical_ids};
use crate::plan::Plan;
use crate::query::{FleetQuery, Query};
use crate::state::State;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Drain, Inquiry, drain};
use crate::transition::named;

/// Jobs ended by one act: bounds what an interrupted act leaves unknown.
const JOBS_AN_ACT: usize = 500;

pub(crate) fn disable_job_queues() -> StepRules {
    StepRules {
        ends: Ends::After(600),
        is_needed: |plan| !plan.targets.job_queues.is_empty(),
        calms_again: true,
        ..StepRules::new(
            "Disable job queues",
            |_, state, _| inquiry(physical_ids(&state.targets.job_queues)),
            |plan, state, seen, at| {
                let Observation::JobQueues(queues) = seen else { return None };
                Some(disable(plan, state, queues, at))
            },
        )
    }
}

pub(crate) fn restore_job_queues() -> StepRules {
    StepRules::new(
        "Restore job queues",
        |_, state, _| {
            let mut arns = physical_ids(&state.targets.job_queues);
            let before = state.before.job_queues.iter().map(|queue| &queue.arn);
            arns.extend(left_behind(before, &state.targets.job_queues));
            inquiry(arns)
        },
        |plan, state, seen, _| {
            let Observation::JobQueues(queues) = seen else { return None };
            let is_there = |queue: &&JobQueue| !queue.status.starts_with("DELET");
            let queues: Vec<JobQueue> = queues.iter().filter(is_there).cloned().collect();
            Some(restore(plan, state, &queues))
        },
    )
    .restoring()
}

pub(crate) fn terminate_jobs() -> StepRules {
    StepRules {
        ends: Ends::Drain(|policy| policy.jobs),
        is_needed: |plan| !plan.targets.job_queues.is_empty(),
        calms_again: true,
        ..StepRules::new(
            "Terminate jobs",
            |_, state, _| match state.targets.job_queues.as_slice() {
                [] => Inquiry::Known(Decision::Done),
                _ => Inquiry::Ask(jobs_query(state)),
            },
            |plan, state, seen, at| {
                let Observation::Jobs(jobs) = seen else { return None };
                Some(terminate(plan, state, jobs, at))
            },
        )
    }
}

fn inquiry(arns: Vec<String>) -> Inquiry {
    match arns.is_empty() {
        true => Inquiry::Known(Decision::Done),
        false => Inquiry::Ask(FleetQuery::JobQueues { arns }.into()),
    }
}

pub(crate) fn jobs_query(state: &State) -> Query {
    FleetQuery::Jobs { queue_arns: physical_ids(&state.targets.job_queues) }.into()
}

/// The note's word: the queue's state.
const STATE: &str = "state";

/// As Batch writes it.
fn state_word(enabled: bool) -> &'static str {
    if enabled { "ENABLED" } else { "DISABLED" }
}

fn note(plan: &Plan, state: &State, queue: &JobQueue) -> Option<Note> {
    state.counting_note(plan, queue.remembered.as_deref(), &queue.arn, !queue.enabled)
}

/// Whether a note says that the queue was enabled.
fn was_enabled(note: &Note) -> bool {
    note.word(STATE) == Some(state_word(true))
}

/// Done when every queue is disabled and has settled. How each was is noted on it first; a note that counts says more than
/// what is seen now.
fn disable(plan: &Plan, state: &mut State, queues: &[JobQueue], at: Timestamp) -> Decision {
    let mut memories = Vec::new();
    for queue in queues {
        let noted = note(plan, state, queue);
        let known = state.before.job_queues.iter().find(|earlier| earlier.arn == queue.arn);
        let enabled = match (known, &noted) {
            (Some(known), _) => known.enabled,
            (None, Some(note)) => was_enabled(note),
            (None, None) => queue.enabled,
        };
        if known.is_none() {
            state.before.job_queues.push(JobQueue { enabled, ..queue.clone() });
        }
        if noted.is_none() {
            if let Some(left_over) = &queue.remembered {
                state.remarks.push(format!(
                    "queue {} bore a note of an earlier maintenance that it isn't in ({left_over}); it was rewritten",
                    short_name(&queue.arn)
                ));
            }
            let text =
                plan.note_on(&queue.arn, at).by(&state.begun_by).with(STATE, state_word(enabled)).write();
            memories.push(Memory { resource: NotedResource::JobQueue(queue.arn.clone()), text });
        }
    }
    if !memories.is_empty() {
        return Decision::act(FleetAct::Remember { memories });
    }
    state.drained.extend(queues.iter().map(|queue| queue.arn.clone()));
    let settled = set_and_settle(queues, false, |_| true);
    if settled == Decision::Done {
        state.taken.queues = true;
    }
    settled
}

/// Behind the closed gate: a queue that was enabled again, by the update or by somebody, is disabled again, and its jobs
/// are ended as the plan ends jobs.
pub(crate) fn take_away_again(
    plan: &Plan,
    state: &mut State,
    queues: &[JobQueue],
    jobs: &[Job],
) -> Option<Act> {
    let back: Vec<String> = queues
        .iter()
        .filter(|queue| queue.enabled && may_be_set(queue))
        .map(|queue| queue.arn.clone())
        .collect();
    if !back.is_empty() {
        let names: Vec<&str> = back.iter().map(|arn| short_name(arn)).collect();
        state
            .came_back
            .push(format!("job queues were enabled again, and disabled again: {}", names.join(", ")));
        state.reopened_queues.extend(back.iter().cloned());
        return Some(Act::Fleet(FleetAct::SetJobQueueStates { queue_arns: back, enabled: false }));
    }
    state.reopened_queues.retain(|arn| {
        let settled =
            queues.iter().any(|queue| queue.arn == *arn && !queue.enabled && queue.status != "UPDATING");
        !settled || jobs.iter().any(|job| job.queue_arn == *arn)
    });
    let untold: Vec<String> = jobs
        .iter()
        .filter(|job| !state.told.jobs.contains(&job.id))
        .take(JOBS_AN_ACT)
        .map(|job| job.id.clone())
        .collect();
    if untold.is_empty() {
        return None;
    }
    state.came_back.push(format!("{} new jobs were placed, and ended", untold.len()));
    Some(terminating(plan, untold))
}

/// Done when every queue that was enabled before, and is still there, is enabled again, and no note is left. One that the release
/// removes and CloudFormation left is its owner's, as it was. A queue that the update made new is as the new release defines it.
fn restore(plan: &Plan, state: &mut State, queues: &[JobQueue]) -> Decision {
    let takes_over = state.takes_over(plan);
    if plan.left_without_state {
        keep_notes(plan, state, queues);
    }
    let known = |queue: &JobQueue| state.before.job_queues.iter().find(|earlier| earlier.arn == queue.arn);
    let wanted = |queue: &JobQueue| match known(queue) {
        Some(earlier) if state.journal_counts(plan, &queue.arn, !queue.enabled) => earlier.enabled,
        // Without a journal of its own only a note tells that it was maintenance, and not its owner, that disabled it.
        Some(_) | None => takes_over && note(plan, state, queue).is_some_and(|note| was_enabled(&note)),
    };
    // One that Batch doesn't let go leaves no note on the others, which are their owner's again.
    let right = |queue: &&JobQueue| !wanted(queue) || (queue.enabled && may_be_set(queue));
    let resources: Vec<NotedResource> = queues
        .iter()
        .filter(right)
        .filter(|queue| queue.remembered.is_some())
        .filter(|queue| takes_over || (known(queue).is_some() && state.has_taken(plan, &queue.arn)))
        .map(|queue| NotedResource::JobQueue(queue.arn.clone()))
        .collect();
    // One that Batch can't use is set as it was all the same; that it is INVALID is told, and keeps nobody out.
    let settled = set_and_settle(queues, true, wanted);
    let mut invalid: Vec<String> = queues
        .iter()
        .filter(|queue| wanted(queue) && queue.enabled && queue.status == INVALID)
        .map(|queue| {
            let reason = queue.status_reason.as_deref().unwrap_or("Batch gives no reason");
            format!("queue {} is INVALID ({reason})", short_name(&queue.arn))
        })
        .collect();
    invalid.retain(|one| !state.remarks.contains(one));
    state.remarks.append(&mut invalid);
    if resources.is_empty() { settled } else { Decision::act(FleetAct::Forget { resources }) }
}

/// Notes are taken off with what they say; whoever looks once more, and has no journal, knows it from the first look.
fn keep_notes(plan: &Plan, state: &mut State, queues: &[JobQueue]) {
    for queue in queues {
        let is_known = state.before.job_queues.iter().any(|earlier| earlier.arn == queue.arn);
        if let Some(note) = note(plan, state, queue).filter(|_| !is_known) {
            state.before.job_queues.push(JobQueue { enabled: was_enabled(&note), ..queue.clone() });
        }
    }
}

/// That a queue is still as maintenance left it.
pub(crate) fn still_taken(queue: &JobQueue) -> Option<String> {
    let note = Note::read(queue.remembered.as_deref()?);
    let taken = note.is_of(&queue.arn) && !queue.enabled && was_enabled(&note);
    taken.then(|| format!("queue {} is disabled ({})", short_name(&queue.arn), queue.status))
}

/// Batch can't use the queue or one of its compute environments.
const INVALID: &str = "INVALID";

/// AWS refuses to change a queue that is being changed.
fn may_be_set(queue: &JobQueue) -> bool {
    queue.status == "VALID" || queue.status == INVALID
}

fn set_and_settle(queues: &[JobQueue], enabled: bool, concerned: impl Fn(&JobQueue) -> bool) -> Decision {
    let wrong: Vec<String> = queues
        .iter()
        .filter(|queue| concerned(queue) && queue.enabled != enabled && may_be_set(queue))
        .map(|queue| queue.arn.clone())
        .collect();
    if !wrong.is_empty() {
        return Decision::act(FleetAct::SetJobQueueStates { queue_arns: wrong, enabled });
    }
    let unsettled: Vec<String> = queues
        .iter()
        .filter(|queue| concerned(queue) && (queue.enabled != enabled || !may_be_set(queue)))
        .map(|queue| format!("queue {} ({})", short_name(&queue.arn), queue.status))
        .collect();
    if unsettled.is_empty() { Decision::Done } else { Decision::Wait(unsettled) }
}

/// Done when no unfinished job is left, or when the rest may end with the workers. A job that was told to end is told
/// once, then waited for.
fn terminate(plan: &Plan, state: &State, jobs: &[Job], at: Timestamp) -> Decision {
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
    Decision::Act(terminating(plan, untold))
}

fn terminating(plan: &Plan, job_ids: Vec<String>) -> Act {
    Act::Fleet(FleetAct::TerminateJobs {
        job_ids,
        reason: format!("Slackwater: maintenance of {} (run {})", plan.stack_name, plan.run_id),
    })
}

pub(crate) fn in_words(job: &Job) -> String {
    let owner = job.owner.as_deref().map(|owner| format!(" of {owner}")).unwrap_or_default();
    format!("job {}{owner} ({}) in {}", job.name, job.status, short_name(&job.queue_arn))
}
