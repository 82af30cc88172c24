//! Find listener, queues and groups again: the update may have replaced them.

use crate::observation::{FleetQuery, LogicalResource};
use crate::plan::{Plan, Targets};
use crate::state::State;
use crate::steps::{Decision, Look};

pub(crate) fn look(plan: &Plan) -> Look {
    let Targets {
        listener,
        target_groups,
        job_queues,
        worker_groups,
        alarms,
        databases,
        volumes,
        dedicated_machine_tags: _,
    } = &plan.targets;
    let all = [target_groups, job_queues, worker_groups, alarms, databases, volumes];
    let logical_ids = std::iter::once(listener).chain(all.into_iter().flatten());
    let logical_ids = logical_ids.map(|resource| resource.logical_id.clone()).collect();
    Look::Ask(FleetQuery::Resources { stack_id: plan.stack_id.clone(), logical_ids }.into())
}

/// Takes the ids the stack has now. What the new release dropped is dropped; a listener that is gone
/// leaves nothing to open, which a person must look at.
pub(crate) fn locate(state: &mut State, resources: &[LogicalResource]) -> Decision {
    let now = |old: &LogicalResource| {
        resources.iter().find(|resource| resource.logical_id == old.logical_id).cloned()
    };
    let targets = &mut state.targets;
    let Some(listener) = now(&targets.listener) else {
        return Decision::Fail(format!(
            "the listener {} is no longer in the stack; whether users can reach the platform is not known",
            targets.listener.logical_id
        ));
    };
    targets.listener = listener;
    for list in [
        &mut targets.target_groups,
        &mut targets.job_queues,
        &mut targets.worker_groups,
        &mut targets.alarms,
        &mut targets.databases,
        &mut targets.volumes,
    ] {
        *list = list.iter().filter_map(now).collect();
    }
    Decision::Done
}
