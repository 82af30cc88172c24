//! Computations of the platform: they may end by themselves for a while, then they are stopped.

use crate::Timestamp;
use crate::act::Act;
use crate::observation::Observation;
use crate::plan::Plan;
use crate::platform::{Computation, PlatformAct, PlatformObservation, PlatformQuery};
use crate::query::Query;
use crate::state::State;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Drain, Inquiry, drain_of_work};
use crate::transition::named;

pub(crate) fn stop_computations() -> StepRules {
    StepRules {
        ends: Ends::DrainOfWork(|policy| policy.computations),
        is_needed: |plan| plan.platform.computations,
        ..StepRules::new(
            "Stop computations",
            |plan, _, _| {
                if !plan.platform.computations {
                    return Inquiry::Known(Decision::Done);
                }
                Inquiry::Ask(Query::Platform(PlatformQuery::Computations))
            },
            |plan, state, seen, at| {
                let Observation::Platform(PlatformObservation::Computations(found)) = seen else {
                    return None;
                };
                Some(stop(plan, state, found, at))
            },
        )
    }
}

/// Done when none is left, or when the rest may end with the workers.
fn stop(plan: &Plan, state: &mut State, computations: &[Computation], at: Timestamp) -> Decision {
    if computations.is_empty() {
        return Decision::Done;
    }
    let left: Vec<String> = computations.iter().map(in_words).collect();
    match drain_of_work(plan.maintenance.computations, state, at) {
        Drain::Grace => Decision::Wait(left),
        Drain::Tell => {
            let acts: Vec<PlatformAct> = computations
                .iter()
                .filter(|computation| !state.told.computations.contains(&computation.id))
                .map(|computation| PlatformAct::StopComputation { computation_id: computation.id.clone() })
                .collect();
            if acts.is_empty() { Decision::Wait(left) } else { Decision::Act(Act::Platform { acts }) }
        }
        Drain::GiveUp(seconds) => {
            Decision::Fail(format!("computations were left after {seconds} s: {}", named(&left)))
        }
        Drain::Force => Decision::Done,
    }
}

fn in_words(computation: &Computation) -> String {
    format!("computation {} of {} ({})", computation.name, computation.owner, computation.status)
}
