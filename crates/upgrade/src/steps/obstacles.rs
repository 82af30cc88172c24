//! Look for what the drain can't end, right before the gate closes: what was so when the plan was made may have changed.

use crate::observation::Observation;
use crate::obstacles::{ObstacleParts, ObstaclesSeen, Weight, obstacles};
use crate::plan::Plan;
use crate::query::FleetQuery;
use crate::state::State;
use crate::step::StepRules;
use crate::steps::{Decision, Inquiry};

pub(crate) fn confirm_drainable() -> StepRules {
    StepRules::new(
        "Look for what can't be ended",
        |plan, state, _| {
            Inquiry::Ask(
                FleetQuery::Obstacles(ObstacleParts::from_targets(&state.targets, &plan.maintenance)).into(),
            )
        },
        |plan, state, seen, _| {
            let Observation::Obstacles(seen) = seen else { return None };
            Some(confirm(plan, state, seen))
        },
    )
}

/// Done when nothing holds the drain. What passes by itself is waited for while users are still at work.
fn confirm(plan: &Plan, state: &mut State, seen: &ObstaclesSeen) -> Decision {
    let found = obstacles(seen, &plan.maintenance);
    let told = |weight: Weight| -> Vec<String> {
        found.iter().filter(|one| one.weight == weight).map(|one| one.told.clone()).collect()
    };
    let holds = told(Weight::Holds);
    if !holds.is_empty() {
        return Decision::Fail(format!(
            "nothing was stopped, since it could not be ended: {}",
            holds.join("; ")
        ));
    }
    let settles = told(Weight::Settles);
    if !settles.is_empty() {
        return Decision::Wait(settles);
    }
    state.scheduled_groups = seen.schedules.iter().flatten().map(|one| one.group_name.clone()).collect();
    // Of an upgrade its checks have told, and a person has accepted it.
    if plan.checks.is_empty() {
        let new = told(Weight::Hinders).into_iter().filter(|one| !state.remarks.contains(one));
        state.remarks.extend(new.collect::<Vec<String>>());
    }
    Decision::Done
}
