//! CloudFormation makes the change set, and it must be the approved one.

use crate::act::Act;
use crate::comparison::compare;
use crate::observation::{ChangeSetSeen, Query};
use crate::plan::Plan;
use crate::steps::Decision;

pub(crate) fn query(plan: &Plan) -> Query {
    Query::ChangeSet { stack_id: plan.stack_id.clone(), name: plan.proposal.change_set_name.clone() }
}

/// Done when the change set is there and is what was approved.
pub(crate) fn create(plan: &Plan, seen: Option<&ChangeSetSeen>) -> Decision {
    let Some(seen) = seen else {
        return Decision::Act(Act::CreateChangeSet {
            stack_id: plan.stack_id.clone(),
            proposal: plan.proposal.clone(),
        });
    };
    match seen.status.as_str() {
        "CREATE_PENDING" | "CREATE_IN_PROGRESS" => {
            Decision::Wait(vec![format!("change set {}", plan.proposal.change_set_name)])
        }
        "CREATE_COMPLETE" => {
            let differences = compare(&plan.predicted, &seen.changes);
            if differences.is_empty() {
                return Decision::Done;
            }
            let shown: Vec<String> = differences.iter().take(5).map(ToString::to_string).collect();
            Decision::Fail(format!(
                "AWS's change set is not the approved one, so it was not executed ({} of its resources differ): {}",
                differences.len(),
                shown.join("; ")
            ))
        }
        status => Decision::Fail(format!(
            "change set {} is {status}: {}",
            plan.proposal.change_set_name,
            seen.status_reason.as_deref().unwrap_or("AWS gave no reason")
        )),
    }
}
