//! CloudFormation carries the update out.

use crate::act::Act;
use crate::observation::{Query, StackSeen};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::Decision;

pub(crate) fn query(plan: &Plan, state: &State) -> Query {
    Query::Stack {
        stack_id: plan.stack_id.clone(),
        client_request_token: plan.run_id.clone(),
        after_event_id: state.last_event_id.clone(),
    }
}

/// Done when the stack has an event of our operation: whatever became of the call that began it.
pub(crate) fn execute(plan: &Plan, stack: &StackSeen) -> Decision {
    if !stack.events.is_empty() {
        return Decision::Done;
    }
    if stack.status.ends_with("_IN_PROGRESS") {
        // Either our own operation, whose first event we don't see yet, or somebody else's.
        return Decision::Wait(vec![format!("stack {} ({})", plan.stack_name, stack.status)]);
    }
    Decision::Act(Act::ExecuteChangeSet {
        stack_id: plan.stack_id.clone(),
        change_set_name: plan.proposal.change_set_name.clone(),
        client_request_token: plan.run_id.clone(),
    })
}

/// Done at UPDATE_COMPLETE. After a rollback the old release stands: maintenance is left. In any other end
/// the platform is neither here nor there: users stay out.
pub(crate) fn follow(state: &mut State, stack: &StackSeen) -> Decision {
    for event in &stack.events {
        state.last_event_id = Some(event.event_id.clone());
        if state.root_cause.is_none() && event.is_root_failure() {
            state.root_cause = Some(format!(
                "{} ({}): {}",
                event.logical_id,
                event.resource_type,
                event.status_reason.as_deref().unwrap_or("AWS gave no reason")
            ));
        }
    }
    let because = |state: &State| {
        let cause = state.root_cause.as_deref().or(stack.status_reason.as_deref());
        cause.unwrap_or("AWS gave no reason").to_owned()
    };
    match stack.status.as_str() {
        "UPDATE_COMPLETE" => Decision::Done,
        "UPDATE_ROLLBACK_COMPLETE" => Decision::Fail(format!(
            "CloudFormation rolled the update back; the old release stands. First failure: {}",
            because(state)
        )),
        status if status.ends_with("_IN_PROGRESS") => Decision::Wait(vec![format!("stack status {status}")]),
        status => Decision::Stuck(format!(
            "the stack is {status}, neither the old release nor the new. First failure: {}",
            because(state)
        )),
    }
}
