//! What only time brings about: at what time a step ends by itself, and what follows then.

use crate::Timestamp;
use crate::plan::Plan;
use crate::policy::{DrainPolicy, Escalation, OnUnhealthy};
use crate::state::State;
use crate::step::Ends;
use crate::steps::LEAST_SECONDS;
use crate::takeover;

/// The next thing that time alone brings about in the step that a run is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub at: Timestamp,
    /// What follows.
    pub then: Then,
}

/// What follows when a time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// An announced time has come.
    Closes,
    /// Grace is over.
    Told,
    /// What is left is ended by force.
    Forced,
    /// The run gives up.
    PutBack,
    /// The step has failed.
    Failed,
    /// The platform didn't prove healthy.
    Unhealthy(OnUnhealthy),
    /// No call of another conducting can arrive any more.
    LooksOnceMore,
}

impl std::fmt::Display for Then {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Then::Closes => "the gate closes",
            Then::Told => "what still runs is told to end",
            Then::Forced => "what is left is ended by force",
            Then::PutBack => "the run gives up and puts everything back",
            Then::Failed => "the step has failed",
            Then::Unhealthy(OnUnhealthy::Ask) => "a person is asked, if it isn't healthy",
            Then::Unhealthy(OnUnhealthy::GoBack) => {
                "the run goes back, or a person is asked, if it isn't healthy"
            }
            Then::Unhealthy(OnUnhealthy::Open) => "maintenance ends, healthy or not",
            Then::LooksOnceMore => "what was put back is looked at once more",
            Then::Unhealthy(OnUnhealthy::StayClosed) => "the run ends in maintenance, if it isn't healthy",
        })
    }
}

impl Limit {
    /// The limit of the step that a run is in, seen at this time; `None`: it takes as long as it takes, or nothing is
    /// waited for.
    #[must_use]
    pub fn next(plan: &Plan, state: &State, now: Timestamp) -> Option<Limit> {
        if state.outcome.is_some() || state.question.is_some() {
            return None;
        }
        let began = state.step_started_at;
        let policy = &plan.maintenance;
        let failed = |seconds| Limit { at: began.plus_seconds(seconds), then: Then::Failed };
        let limit = match state.step.rules().ends {
            Ends::AtWindow => plan.announcement.closes_at.map(|at| Limit { at, then: Then::Closes }),
            Ends::DrainOfWork(of) => Limit::drain(of(policy), state.work_ends_since?, began, now),
            Ends::Drain(of) => Limit::drain(of(policy), began, began, now),
            Ends::AtHealthDeadline => Some(Limit {
                at: began.plus_seconds(plan.health.deadline_seconds),
                then: Then::Unhealthy(plan.health.on_failure),
            }),
            Ends::WhenSettled => {
                takeover::settled_at(plan, state).map(|at| Limit { at, then: Then::LooksOnceMore })
            }
            Ends::After(_) | Ends::ByItself => plan.planned(state.step).deadline_seconds.map(failed),
        };
        limit.filter(|limit| limit.at > now)
    }

    /// `began`: the step; what was told to end gets some time to do it, however late its turn came.
    fn drain(policy: DrainPolicy, since: Timestamp, began: Timestamp, now: Timestamp) -> Option<Limit> {
        let grace_ends = since.plus_seconds(policy.grace_seconds);
        if now < grace_ends {
            return Some(Limit { at: grace_ends, then: Then::Told });
        }
        let then = match policy.escalation {
            Escalation::Wait => return None,
            Escalation::Stop => Then::PutBack,
            Escalation::Force => Then::Forced,
        };
        let at = since.plus_seconds(policy.limit_seconds()?);
        Some(Limit { at: at.max(began.plus_seconds(LEAST_SECONDS.min(policy.deadline_seconds))), then })
    }
}
