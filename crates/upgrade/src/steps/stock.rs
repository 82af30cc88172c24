//! Look at everything that the end is told from.

use crate::ending::Seen;
use crate::observation::{Observation, physical_ids};
use crate::plan::{Plan, Targets};
use crate::query::{CalmParts, FleetQuery, Query};
use crate::state::State;
use crate::step::StepRules;
use crate::steps::{Decision, Inquiry};

/// The look that tells whether users are in ([`crate::Users::from_calm`]): at the gate; where there is none, at what bears notes.
#[must_use]
pub fn users_query(plan: &Plan, state: &State) -> Query {
    let parts = parts(plan, state);
    let parts = match parts.listener_arns.is_empty() {
        true => CalmParts { alarm_names: Vec::new(), ..parts },
        false => CalmParts { listener_arns: parts.listener_arns, ..CalmParts::default() },
    };
    FleetQuery::Calm(parts).into()
}

/// Everything that maintenance takes away, as the stack has it now.
pub(crate) fn parts(plan: &Plan, state: &State) -> CalmParts {
    let targets = &state.targets;
    // Those that somebody decided to leave open are still doors.
    let listener_arns = match state.doors.as_slice() {
        [] => plan.gates().map(|(arn, _)| arn.to_owned()).collect(),
        doors => doors.iter().map(|door| door.listener_arn.clone()).collect(),
    };
    CalmParts { listener_arns, alarm_names: physical_ids(&targets.alarms), ..CalmParts::of_work(targets) }
}

/// Whether there is anything whose note could tell of maintenance.
pub(crate) fn has_work(state: &State) -> bool {
    let Targets { job_queues, worker_groups, ecs_services, .. } = &state.targets;
    !(job_queues.is_empty() && worker_groups.is_empty() && ecs_services.is_empty())
}

/// Done with whatever is seen.
pub(crate) fn take_stock() -> StepRules {
    StepRules::new(
        "Look at what is so",
        |plan, state, _| {
            let parts = parts(plan, state);
            let version_sources = plan.version_sources.clone();
            Inquiry::Ask(
                FleetQuery::Standing { stack_id: plan.stack_id.clone(), parts, version_sources }.into(),
            )
        },
        |_, state, seen, at| {
            let Observation::Standing(standing) = seen else { return None };
            state.seen = Some(Seen::from_standing(standing, at));
            Some(Decision::Done)
        },
    )
    .tidying()
}
