//! CloudFormation carries the update out.

use crate::act::Act;
use crate::observation::{Query, StackEvent};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::Decision;

pub(crate) fn query(plan: &Plan, state: &State) -> Query {
    Query::StackEvents {
        stack_id: plan.stack_id.clone(),
        client_request_token: plan.run_id.clone(),
        after_event_id: state.last_event_id.clone(),
    }
}

/// Done when the stack has an event of our operation: whatever became of the call that began it.
pub(crate) fn execute(plan: &Plan, events: &[StackEvent]) -> Decision {
    if !events.is_empty() {
        return Decision::Done;
    }
    Decision::Act(Act::ExecuteChangeSet {
        stack_id: plan.stack_id.clone(),
        change_set_name: plan.proposal.change_set_name.clone(),
        client_request_token: plan.run_id.clone(),
    })
}

/// Done at UPDATE_COMPLETE. After a rollback the old release stands: maintenance is left. In any other end
/// the platform is neither here nor there: users stay out.
pub(crate) fn follow(plan: &Plan, state: &mut State, events: &[StackEvent]) -> Decision {
    for event in events {
        state.last_event_id = Some(event.event_id.clone());
        if event.is_of_stack(&plan.stack_name) {
            state.stack_status = Some((event.status.clone(), event.status_reason.clone()));
        }
        if state.root_cause.is_none() && event.is_root_failure() {
            state.root_cause = Some(format!(
                "{} ({}): {}",
                event.logical_id,
                event.resource_type,
                event.status_reason.as_deref().unwrap_or("AWS gave no reason")
            ));
        }
    }
    let Some((status, reason)) = &state.stack_status else {
        return Decision::Wait(vec!["the update's first event".to_owned()]);
    };
    let because = state.root_cause.as_deref().or(reason.as_deref()).unwrap_or("AWS gave no reason");
    match status.as_str() {
        "UPDATE_COMPLETE" => Decision::Done,
        "UPDATE_ROLLBACK_COMPLETE" => Decision::Fail(format!(
            "CloudFormation rolled the update back; the old release stands. First failure: {because}"
        )),
        status if status.ends_with("_IN_PROGRESS") => Decision::Wait(vec![format!("stack status {status}")]),
        status => Decision::Stuck(format!(
            "the stack is {status}, neither the old release nor the new. First failure: {because}"
        )),
    }
}
