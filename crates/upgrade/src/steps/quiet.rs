//! Look at everything once more: nothing may have come back while the rest was stopped.

use crate::observation::Observation;
use crate::plan::Plan;
use crate::platform::{PlatformObservation, PlatformQuery};
use crate::policy::Escalation;
use crate::query::Query;
use crate::state::State;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Inquiry, job_queues, machines, services, sessions, workers};

/// The looks that this plan takes, in order.
fn looks(plan: &Plan, state: &State) -> Vec<Query> {
    let mut looks = Vec::new();
    if plan.platform.sessions && !sessions::may_be_left(plan) {
        looks.push(Query::Platform(PlatformQuery::Sessions));
    }
    // Forced computations end with the workers; a platform may go on listing them until it starts again.
    if plan.platform.computations && plan.maintenance.computations.escalation != Escalation::Force {
        looks.push(Query::Platform(PlatformQuery::Computations));
    }
    looks.push(job_queues::jobs_query(state));
    if !state.targets.ecs_services.is_empty() {
        looks.push(services::query(state));
    }
    looks.push(workers::query(state));
    if !state.targets.dedicated_machine_tags.is_empty() {
        looks.push(machines::query(state));
    }
    looks
}

pub(crate) fn confirm_quiet() -> StepRules {
    StepRules {
        ends: Ends::After(1800),
        ..StepRules::new(
            "Confirm quiet",
            |plan, state, _| match looks(plan, state).into_iter().nth(state.quiet_looks) {
                Some(query) => Inquiry::Ask(query),
                None => Inquiry::Known(Decision::Done),
            },
            |_, state, seen, _| Some(confirm(state, left(seen)?)),
        )
    }
}

/// What an observation shows to be left; `None` when it isn't one of these looks.
fn left(observation: &Observation) -> Option<Vec<String>> {
    if let Observation::Platform(PlatformObservation::Sessions(sessions)) = observation {
        return Some(sessions.iter().map(|one| format!("session {} of {}", one.name, one.owner)).collect());
    }
    if let Observation::Platform(PlatformObservation::Computations(found)) = observation {
        return Some(found.iter().map(|one| format!("computation {} of {}", one.name, one.owner)).collect());
    }
    if let Observation::Jobs(jobs) = observation {
        return Some(jobs.iter().map(job_queues::in_words).collect());
    }
    if let Observation::WorkerGroups(groups) = observation {
        return Some(workers::left(groups));
    }
    if let Observation::EcsServices(services) = observation {
        return Some(services::left(services));
    }
    let Observation::Machines(found) = observation else { return None };
    Some(found.iter().map(machines::in_words).collect())
}

/// The next look when nothing is left; from the first one again when something was.
fn confirm(state: &mut State, left: Vec<String>) -> Decision {
    if left.is_empty() {
        state.quiet_looks += 1;
        return Decision::Look;
    }
    state.quiet_looks = 0;
    Decision::Wait(left)
}
