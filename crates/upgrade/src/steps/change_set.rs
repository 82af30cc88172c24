//! CloudFormation makes the change set, and it must be the approved one. One that is not used is deleted.

use crate::act::StackAct;
use crate::comparison::compare;
use crate::observation::{ChangeSetSeen, Query, StackQuery};
use crate::plan::{Plan, StackUpdate, UpdateKind};
use crate::state::State;
use crate::steps::{Decision, Look};

pub(crate) fn look(plan: &Plan, kind: UpdateKind) -> Look {
    match plan.update(kind) {
        Some(update) => Look::Ask(query(update)),
        None => Look::Known(Decision::Fail(format!("the plan has no update of the {}", kind.title()))),
    }
}

fn query(update: &StackUpdate) -> Query {
    Query::Stack(StackQuery::ChangeSet {
        update: update.kind,
        stack_id: update.stack_id.clone(),
        name: update.proposal.change_set_name.clone(),
    })
}

/// Done when the change set is there and is what was approved.
pub(crate) fn create(
    plan: &Plan,
    state: &mut State,
    kind: UpdateKind,
    seen: Option<&ChangeSetSeen>,
) -> Decision {
    let Some(update) = plan.update(kind) else {
        return Decision::Fail(format!("the plan has no update of the {}", kind.title()));
    };
    let name = &update.proposal.change_set_name;
    let Some(seen) = seen else {
        return Decision::act(StackAct::CreateChangeSet {
            update: kind,
            stack_id: update.stack_id.clone(),
            proposal: update.proposal.clone(),
        });
    };
    state.update(kind).change_set_made = true;
    match seen.status.as_str() {
        "CREATE_PENDING" | "CREATE_IN_PROGRESS" => Decision::Wait(vec![format!("change set {name}")]),
        "CREATE_COMPLETE" => {
            let differences = compare(&update.predicted, &seen.changes);
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
            "change set {name} is {status}: {}",
            seen.status_reason.as_deref().unwrap_or("AWS gave no reason")
        )),
    }
}

/// The first change set that was made and not executed.
fn unused<'p>(plan: &'p Plan, state: &State) -> Option<&'p StackUpdate> {
    plan.updates.iter().chain(&plan.way_back).find(|update| {
        state.updates.get(&update.kind).is_some_and(|update| update.change_set_made && !update.begun)
    })
}

pub(crate) fn look_at_unused(plan: &Plan, state: &State) -> Look {
    match unused(plan, state) {
        Some(update) => Look::Ask(query(update)),
        None => Look::Known(Decision::Done),
    }
}

/// Done when no unused change set is left.
pub(crate) fn discard(plan: &Plan, state: &mut State, seen: Option<&ChangeSetSeen>) -> Decision {
    let Some(update) = unused(plan, state) else { return Decision::Done };
    match seen {
        None => {
            state.update(update.kind).change_set_made = false;
            Decision::Look
        }
        Some(seen) if seen.status.ends_with("_IN_PROGRESS") || seen.status.ends_with("_PENDING") => {
            Decision::Wait(vec![format!("change set {}", update.proposal.change_set_name)])
        }
        Some(_) => Decision::act(StackAct::DeleteChangeSet {
            update: update.kind,
            stack_id: update.stack_id.clone(),
            change_set_name: update.proposal.change_set_name.clone(),
        }),
    }
}
