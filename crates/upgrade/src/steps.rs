//! The rules of each step, by what it is about: what it asks, and what it makes of the answer.

#![warn(clippy::wildcard_enum_match_arm)]

pub(crate) mod alarms;
pub(crate) mod announcement;
pub(crate) mod change_set;
pub(crate) mod computations;
pub(crate) mod footing;
pub(crate) mod gate;
pub(crate) mod health;
pub(crate) mod job_queues;
pub(crate) mod machines;
pub(crate) mod obstacles;
pub(crate) mod quiet;
mod revocation;
pub(crate) mod second_look;
pub(crate) mod services;
pub(crate) mod sessions;
pub(crate) mod snapshots;
pub(crate) mod stock;
pub(crate) mod targets;
pub(crate) mod update;
pub(crate) mod workers;

use crate::Timestamp;
use crate::act::Act;
use crate::observation::Observation;
use crate::plan::{Plan, UpdateKind};
use crate::platform::PlatformAct;
use crate::policy::{DrainPolicy, Escalation};
use crate::query::Query;
use crate::question::Question;
use crate::state::State;
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

/// What a step asks.
pub(crate) enum Inquiry {
    /// The cloud, or the platform.
    Ask(Query),
    /// Nobody: it follows from the plan, the time and what is known.
    Known(Decision),
}

/// What is asked in the step that is under way.
pub(crate) fn inquiry(plan: &Plan, state: &State, at: Timestamp) -> Inquiry {
    match revocation::due(state) {
        Some(kind) => revocation::inquiry(plan, state, kind),
        None => state.step.inquiry(plan, state, at),
    }
}

/// What the step that is under way makes of the answer.
pub(crate) fn decide(
    plan: &Plan,
    state: &mut State,
    seen: &Observation,
    at: Timestamp,
) -> Result<Decision, IllegalTransition> {
    let revoked = revocation::due(state).and_then(|kind| revocation::decide(plan, state, kind, seen));
    match revoked {
        Some(decision) => Ok(decision),
        None => state.step.decide(plan, state, seen, at),
    }
}

/// The step's update isn't in the plan.
fn no_update(kind: UpdateKind) -> Decision {
    Decision::Fail(format!("the plan has no update of the {}", kind.title()))
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
