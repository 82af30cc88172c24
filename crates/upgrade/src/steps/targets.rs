//! Find listener, queues and groups again: the update may have replaced them.

use crate::observation::{LogicalResource, Query};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::Decision;

pub(crate) fn query(plan: &Plan) -> Query {
    let targets = &plan.targets;
    let all = std::iter::once(&targets.listener).chain(&targets.job_queues).chain(&targets.worker_groups);
    Query::Resources {
        stack_id: plan.stack_id.clone(),
        logical_ids: all.map(|resource| resource.logical_id.clone()).collect(),
    }
}

/// Takes the ids the stack has now. What the new release dropped is dropped; a listener that is gone
/// leaves nothing to open, which a person must look at.
pub(crate) fn locate(state: &mut State, resources: &[LogicalResource]) -> Decision {
    let now = |old: &LogicalResource| {
        resources.iter().find(|resource| resource.logical_id == old.logical_id).cloned()
    };
    let Some(listener) = now(&state.targets.listener) else {
        return Decision::Stuck(format!(
            "the listener {} is no longer in the stack; whether users can reach the platform is not known",
            state.targets.listener.logical_id
        ));
    };
    state.targets.listener = listener;
    state.targets.job_queues = state.targets.job_queues.iter().filter_map(now).collect();
    state.targets.worker_groups = state.targets.worker_groups.iter().filter_map(now).collect();
    Decision::Done
}
