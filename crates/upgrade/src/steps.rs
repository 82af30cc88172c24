//! What each step asks, and what it makes of the answer.

#![warn(clippy::wildcard_enum_match_arm)]

pub(crate) mod alarms;
mod announcement;
pub(crate) mod change_set;
mod computations;
mod footing;
pub(crate) mod gate;
pub(crate) mod health;
pub(crate) mod job_queues;
mod machines;
mod obstacles;
mod quiet;
mod revocation;
pub(crate) mod second_look;
pub(crate) mod services;
mod sessions;
mod snapshots;
mod stock;
pub(crate) mod targets;
mod update;
pub(crate) mod workers;

use crate::Timestamp;
use crate::act::Act;
use crate::observation::{Observation, Query};
use crate::plan::{Plan, UpdateKind};
use crate::platform::{PlatformAct, PlatformObservation};
use crate::policy::{DrainPolicy, Escalation};
use crate::question::Question;
use crate::state::State;
use crate::step::Step;
use crate::transition::IllegalTransition;

pub use stock::users_query;
pub(crate) use update::UPDATE_ROLLBACK_FAILED;

/// What a step makes of what it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Do this, then look again.
    Act(Act),
    /// Nothing to do here; ask the next question.
    Look,
    /// The change sets that were revoked are gone: make one anew.
    MakeAnew(UpdateKind),
    /// Look again later; each entry names something that holds the step.
    Wait(Vec<String>),
    /// The step has reached its end.
    Done,
    /// Only a person leads on.
    Ask(Question),
    /// Update the stack back to what it had.
    GoBack(String),
    /// The step can't reach its end: leave maintenance.
    Fail(String),
    /// Nothing that we may do by ourselves leads on: users stay out until a person decides.
    Stuck(String),
}

impl Decision {
    /// To do this.
    pub(crate) fn act(act: impl Into<Act>) -> Decision {
        Decision::Act(act.into())
    }
}

/// Where a step looks.
pub(crate) enum Look {
    /// At the cloud, or the platform.
    Ask(Query),
    /// Nowhere: it follows from the plan, the time and what is known.
    Known(Decision),
}

/// Where the step that is under way looks.
pub(crate) fn look(plan: &Plan, state: &State, at: Timestamp) -> Look {
    if let Some(kind) = revocation::due(state) {
        return revocation::look(plan, state, kind);
    }
    match state.step {
        Step::Announce | Step::ClearBanner => announcement::look(plan, state),
        Step::AwaitWindow => announcement::await_window(plan, at),
        Step::CloseGate => gate::look_to_close(state),
        Step::OpenGate => gate::look_to_open(plan, state),
        Step::FindMaintenance => gate::look_for_maintenance(plan, state),
        Step::SaveSessions => sessions::look(plan),
        Step::StopComputations => computations::look(plan),
        Step::MuteAlarms | Step::UnmuteAlarms => alarms::look(plan, state),
        Step::DisableJobQueues | Step::RestoreJobQueues => job_queues::look_at_queues(state),
        Step::TerminateJobs => job_queues::look_at_jobs(state),
        Step::TerminateWorkers | Step::RestoreWorkers => workers::look(state),
        Step::StopServices | Step::RestoreServices => services::look(state),
        Step::TerminateDedicatedMachines => machines::look(state),
        Step::ConfirmQuiet => quiet::look(plan, state),
        Step::TakeSnapshots => snapshots::look(plan),
        Step::CreateChangeSet(kind) => change_set::look(plan, state, kind),
        Step::ExecuteChangeSet(kind) | Step::FollowUpdate(kind) => update::look(plan, state, kind),
        Step::LocateTargets => targets::look(plan),
        Step::CheckHealth => health::look(plan, state),
        Step::DiscardChangeSet => change_set::look_at_unused(plan, state),
        Step::LookOnceMore => second_look::look(plan, state, at),
        Step::TakeStock => stock::look(plan, state),
        Step::ConfirmFacts(_) => footing::look_at_facts(plan),
        Step::ConfirmDrainable => obstacles::look(plan, state),
        Step::ConfirmContents(kind) => footing::look_at_contents(plan, state, kind),
    }
}

/// What the step that is under way makes of the answer.
pub(crate) fn decide(
    plan: &Plan,
    state: &mut State,
    observation: &Observation,
    at: Timestamp,
) -> Result<Decision, IllegalTransition> {
    use PlatformObservation as Platform;
    if let Some(kind) = revocation::due(state)
        && let Some(decision) = revocation::decide(plan, state, kind, observation)
    {
        return Ok(decision);
    }
    let decision = match (state.step, observation) {
        (Step::Announce, Observation::Platform(Platform::Banner(banner))) => {
            announcement::announce(plan, state, banner.as_ref())
        }
        (Step::ClearBanner, Observation::Platform(Platform::Banner(banner))) => {
            announcement::clear(plan, state, banner.as_ref())
        }
        (Step::CloseGate, Observation::GateRules(seen)) => gate::close(plan, state, seen, at),
        (Step::OpenGate, Observation::GateRules(seen)) => gate::open(plan, state, seen),
        (Step::FindMaintenance, Observation::Calm(calm)) => gate::find_maintenance(plan, state, calm),
        (Step::SaveSessions, Observation::Platform(Platform::Sessions(sessions))) => {
            sessions::save_and_stop(plan, state, sessions, at)
        }
        (Step::StopComputations, Observation::Platform(Platform::Computations(computations))) => {
            computations::stop(plan, state, computations, at)
        }
        (Step::MuteAlarms, Observation::Alarms(alarms)) => alarms::mute(plan, state, alarms, at),
        (Step::UnmuteAlarms, Observation::Alarms(alarms)) => alarms::unmute(plan, state, alarms),
        (Step::DisableJobQueues, Observation::JobQueues(queues)) => {
            job_queues::disable(plan, state, queues, at)
        }
        (Step::RestoreJobQueues, Observation::JobQueues(queues)) => job_queues::restore(plan, state, queues),
        (Step::TerminateJobs, Observation::Jobs(jobs)) => job_queues::terminate(plan, state, jobs, at),
        (Step::TerminateWorkers, Observation::WorkerGroups(groups)) => {
            workers::terminate(plan, state, groups, at)
        }
        (Step::RestoreWorkers, Observation::WorkerGroups(groups)) => workers::restore(plan, state, groups),
        (Step::StopServices, Observation::EcsServices(seen)) => services::stop(plan, state, seen, at),
        (Step::RestoreServices, Observation::EcsServices(seen)) => services::restore(plan, state, seen),
        (Step::TerminateDedicatedMachines, Observation::Machines(machines)) => {
            machines::terminate(plan, state, machines, at)
        }
        (Step::ConfirmQuiet, observation) => match quiet::left(observation) {
            Some(left) => quiet::confirm(state, left),
            None => return Err(wrong(state.step, observation)),
        },
        (Step::TakeSnapshots, Observation::Snapshots(seen)) => snapshots::take(plan, seen),
        (Step::CreateChangeSet(kind), Observation::ChangeSet(seen)) => {
            change_set::create(plan, state, kind, seen.as_ref())
        }
        (Step::DiscardChangeSet, Observation::ChangeSet(seen)) => {
            change_set::discard(plan, state, seen.as_ref())
        }
        (Step::ExecuteChangeSet(kind), Observation::StackEvents { events, .. }) => {
            update::execute(plan, state, kind, events)
        }
        (Step::FollowUpdate(kind), Observation::StackEvents { events, worker_groups }) => {
            update::follow(plan, state, kind, (events, worker_groups), at)
        }
        (Step::FollowUpdate(kind), Observation::StackStatus(status)) => {
            update::follow_status(state, kind, status.as_deref())
        }
        (Step::LocateTargets, Observation::Resources(resources)) => targets::locate(plan, state, resources),
        (Step::ConfirmFacts(before), Observation::Facts(seen)) => footing::confirm_facts(plan, seen, before),
        (Step::ConfirmDrainable, Observation::Obstacles(seen)) => obstacles::confirm(plan, state, seen),
        (Step::ConfirmContents(_), Observation::Contents { differences, unread }) => {
            footing::confirm_contents(differences, unread)
        }
        (Step::LookOnceMore, Observation::GateRules(seen)) => second_look::decide(plan, state, seen),
        (Step::LookOnceMore, Observation::Calm(calm)) => second_look::decide_by_notes(state, calm),
        (Step::TakeStock, Observation::Standing(standing)) => stock::take(state, standing, at),
        (Step::CheckHealth, Observation::Health(findings)) => health::check(plan, state, findings, at),
        (
            step,
            Observation::GateRules(_)
            | Observation::JobQueues(_)
            | Observation::Jobs(_)
            | Observation::WorkerGroups(_)
            | Observation::EcsServices(_)
            | Observation::ChangeSet(_)
            | Observation::StackEvents { .. }
            | Observation::StackStatus(_)
            | Observation::Resources(_)
            | Observation::Alarms(_)
            | Observation::Machines(_)
            | Observation::Snapshots(_)
            | Observation::Calm(_)
            | Observation::Contents { .. }
            | Observation::Facts(_)
            | Observation::Obstacles(_)
            | Observation::Standing(_)
            | Observation::Health(_)
            | Observation::Platform(_),
        ) => return Err(wrong(step, observation)),
    };
    Ok(decision)
}

fn wrong(step: Step, observation: &Observation) -> IllegalTransition {
    IllegalTransition::WrongAnswer { step, answer: observation.kind() }
}

/// Remember what the platform has been told by the act that was just done.
pub(crate) fn note_told(state: &mut State, at: Timestamp) {
    let Some(Act::Platform { acts }) = &state.done else { return };
    for act in acts {
        match act {
            PlatformAct::Notify { session_id, .. } => {
                state.told.notified.insert(session_id.clone());
            }
            PlatformAct::StopSession { session_id } => {
                state.told.sessions.insert(session_id.clone());
            }
            PlatformAct::StopComputation { computation_id } => {
                state.told.computations.insert(computation_id.clone());
            }
            PlatformAct::SaveSession { session_id } => {
                state.told.saves.insert(session_id.clone(), at);
            }
            PlatformAct::SetBanner(_) | PlatformAct::ClearBanner => {}
        }
    }
}

/// Whether a drain's deadline has passed, and what follows.
pub(crate) enum Drain {
    /// It may still end by itself.
    Grace,
    /// Tell it to end.
    Tell,
    /// The deadline has passed: put everything back.
    GiveUp(u64),
    /// The deadline has passed: by force.
    Force,
}

/// Where the drain of the step stands.
pub(crate) fn drain(policy: DrainPolicy, state: &State, at: Timestamp) -> Drain {
    stage(policy, state.elapsed_seconds(at))
}

/// What was told to end gets so long to do it, however late its turn came.
pub(crate) const LEAST_SECONDS: u64 = 30;

/// Where a drain of people's work stands: sessions and computations have one deadline together.
pub(crate) fn drain_of_work(policy: DrainPolicy, state: &mut State, at: Timestamp) -> Drain {
    let since = *state.work_ends_since.get_or_insert(at);
    let together = stage(policy, at.milliseconds_since(since) / 1000);
    let own = state.elapsed_seconds(at);
    match together {
        Drain::GiveUp(_) | Drain::Force if own <= LEAST_SECONDS.min(policy.deadline_seconds) => Drain::Tell,
        Drain::Grace | Drain::Tell | Drain::GiveUp(_) | Drain::Force => together,
    }
}

fn stage(policy: DrainPolicy, elapsed: u64) -> Drain {
    if elapsed < policy.grace_seconds {
        return Drain::Grace;
    }
    if elapsed <= policy.deadline_seconds.max(policy.grace_seconds) {
        return Drain::Tell;
    }
    match policy.escalation {
        Escalation::Wait => Drain::Tell,
        Escalation::Stop => Drain::GiveUp(policy.deadline_seconds),
        Escalation::Force => Drain::Force,
    }
}
