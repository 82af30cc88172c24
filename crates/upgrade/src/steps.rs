//! What each step asks, and what it makes of the answer.

mod change_set;
mod gate;
mod job_queues;
mod targets;
mod update;
mod workers;

use crate::act::Act;
use crate::observation::{Observation, Query};
use crate::plan::{Plan, Step};
use crate::state::State;
use crate::transition::IllegalTransition;

/// What a step makes of what it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Do this, then look again.
    Act(Act),
    /// Nothing to do here; ask the next question.
    Look,
    /// Look again later; each entry names something that holds the step.
    Wait(Vec<String>),
    /// The step has reached its end.
    Done,
    /// The step can't reach its end: leave maintenance.
    Fail(String),
    /// Nothing that we may do by ourselves leads on: users stay out until a person decides.
    Stuck(String),
}

/// What the step that is under way asks.
pub(crate) fn query(plan: &Plan, state: &State) -> Query {
    match state.step {
        Step::CloseGate | Step::OpenGate => gate::query(state),
        Step::DisableJobQueues | Step::RestoreJobQueues => job_queues::queues_query(state),
        Step::TerminateJobs => job_queues::jobs_query(state),
        Step::ConfirmQuiet if !state.jobs_seen_quiet => job_queues::jobs_query(state),
        Step::TerminateWorkers | Step::ConfirmQuiet | Step::RestoreWorkers => workers::query(state),
        Step::CreateChangeSet => change_set::query(plan),
        Step::ExecuteChangeSet | Step::FollowUpdate => update::query(plan, state),
        Step::LocateTargets => targets::query(plan),
    }
}

/// What the step that is under way makes of the answer.
pub(crate) fn decide(
    plan: &Plan,
    state: &mut State,
    observation: &Observation,
) -> Result<Decision, IllegalTransition> {
    let decision = match (state.step, observation) {
        (Step::CloseGate, Observation::GateRules(rules)) => gate::close(plan, state, rules),
        (Step::OpenGate, Observation::GateRules(rules)) => gate::open(rules),
        (Step::DisableJobQueues, Observation::JobQueues(queues)) => job_queues::disable(state, queues),
        (Step::RestoreJobQueues, Observation::JobQueues(queues)) => job_queues::restore(state, queues),
        (Step::TerminateJobs, Observation::Jobs(jobs)) => job_queues::terminate(plan, state, jobs),
        (Step::ConfirmQuiet, Observation::Jobs(jobs)) => job_queues::confirm_quiet(state, jobs),
        (Step::TerminateWorkers, Observation::WorkerGroups(groups)) => workers::terminate(state, groups),
        (Step::ConfirmQuiet, Observation::WorkerGroups(groups)) => workers::confirm_quiet(groups),
        (Step::RestoreWorkers, Observation::WorkerGroups(groups)) => workers::restore(state, groups),
        (Step::CreateChangeSet, Observation::ChangeSet(seen)) => change_set::create(plan, seen.as_ref()),
        (Step::ExecuteChangeSet, Observation::StackEvents(events)) => update::execute(plan, events),
        (Step::FollowUpdate, Observation::StackEvents(events)) => update::follow(plan, state, events),
        (Step::LocateTargets, Observation::Resources(resources)) => targets::locate(state, resources),
        (
            step,
            Observation::GateRules(_)
            | Observation::JobQueues(_)
            | Observation::Jobs(_)
            | Observation::WorkerGroups(_)
            | Observation::ChangeSet(_)
            | Observation::StackEvents(_)
            | Observation::Resources(_),
        ) => return Err(IllegalTransition::WrongAnswer { step, answer: observation.kind() }),
    };
    Ok(decision)
}
