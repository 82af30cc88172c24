//! CloudFormation makes the change set, and it must be the approved one. One that is not used is deleted.

use std::collections::BTreeSet;

use crate::act::StackAct;
use crate::comparison::{Difference, weigh};
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
            let weighing = weigh(&update.predicted, &seen.changes, &foretold_silence(update));
            if weighing.stops.is_empty() {
                let remarks = weighing.remarks.iter().map(|remark| remark_of(kind, remark));
                state.remarks.extend(remarks);
                return Decision::Done;
            }
            Decision::Fail(format!(
                "AWS's change set is not the approved one, so it was not executed: {}",
                shown(&weighing.stops)
            ))
        }
        status => Decision::Fail(format!(
            "change set {name} is {status}: {}",
            seen.status_reason.as_deref().unwrap_or("AWS gave no reason")
        )),
    }
}

/// What the plan foretold that AWS, asked without property values, doesn't list.
fn foretold_silence(update: &StackUpdate) -> BTreeSet<&str> {
    let silent = update.expected.iter().filter(|change| change.aws_plain.is_none());
    silent.map(|change| change.logical_id.as_str()).collect()
}

fn remark_of(kind: UpdateKind, remark: &Difference) -> String {
    format!("AWS's change set of the {} says it otherwise than the approved one: {remark}", kind.title())
}

/// The first few of them.
fn shown(stops: &[Difference]) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<String> = stops.iter().take(SHOWN).map(ToString::to_string).collect();
    if stops.len() > SHOWN {
        shown.push(format!("and {} more", stops.len() - SHOWN));
    }
    shown.join("; ")
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
