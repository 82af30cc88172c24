//! Find listener, queues and groups again: the update may have replaced them.

use crate::observation::{LogicalResource, Observation};
use crate::plan::Plan;
use crate::query::{FleetQuery, Query};
use crate::state::State;
use crate::step::StepRules;
use crate::steps::{Decision, Inquiry};

pub(crate) fn locate_targets() -> StepRules {
    StepRules::new(
        "Find the stack's parts",
        |plan, _, _| Inquiry::Ask(query(plan)),
        |plan, state, seen, _| {
            let Observation::Resources(resources) = seen else { return None };
            Some(locate(plan, state, resources))
        },
    )
    .letting_in()
}

pub(crate) fn query(plan: &Plan) -> Query {
    let logical_ids = plan.targets.all().map(|resource| resource.logical_id.clone()).collect();
    FleetQuery::Resources { stack_id: plan.stack_id.clone(), logical_ids }.into()
}

/// Takes the ids the stack has now. What the new release dropped is dropped; when the last listener is gone, a person must
/// look at how users reach the platform now.
fn locate(plan: &Plan, state: &mut State, resources: &[LogicalResource]) -> Decision {
    let now = |old: &LogicalResource| {
        resources.iter().find(|resource| resource.logical_id == old.logical_id).cloned()
    };
    let targets = &mut state.targets;
    if let Some(gone) = targets
        .listeners
        .first()
        .filter(|_| !plan.gateless && targets.listeners.iter().all(|one| now(one).is_none()))
    {
        return Decision::Fail(format!(
            "the listener {} is no longer in the stack; whether users can reach the platform is not known",
            gone.logical_id
        ));
    }
    for list in targets.lists_mut() {
        *list = list.iter().filter_map(now).collect();
    }
    Decision::Done
}
