//! Look at everything that the end is told from.

use crate::Timestamp;
use crate::ending::Seen;
use crate::observation::{CalmParts, FleetQuery, LogicalResource, StandingSeen};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::{Decision, Look};

pub(crate) fn look(plan: &Plan, state: &State) -> Look {
    let ids = |resources: &[LogicalResource]| -> Vec<String> {
        resources.iter().map(|resource| resource.physical_id.clone()).collect()
    };
    let targets = &state.targets;
    let mut listener_arns = vec![targets.listener.physical_id.clone()];
    let others = state.doors.iter().map(|door| &door.listener_arn);
    listener_arns.extend(others.filter(|arn| **arn != targets.listener.physical_id).cloned());
    let parts = CalmParts {
        listener_arns,
        queue_arns: ids(&targets.job_queues),
        job_queue_arns: Vec::new(),
        group_names: ids(&targets.worker_groups),
        alarm_names: ids(&targets.alarms),
    };
    Look::Ask(FleetQuery::Standing { stack_id: plan.stack_id.clone(), parts }.into())
}

/// Done with whatever is seen.
pub(crate) fn take(state: &mut State, standing: &StandingSeen, at: Timestamp) -> Decision {
    state.seen = Some(Seen::of(standing, at));
    Decision::Done
}
