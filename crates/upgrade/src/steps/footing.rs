//! What the plan stands on is looked at again, and what it will execute: an approval is of contents.

use crate::facts::{Facts, FactsBefore};
use crate::observation::{FleetQuery, Query, StackQuery};
use crate::plan::{Plan, UpdateKind};
use crate::state::State;
use crate::steps::{Decision, Look, change_set};

pub(crate) fn look_at_facts(plan: &Plan) -> Look {
    if plan.stands_on == Facts::default() {
        return Look::Known(Decision::Done);
    }
    let listener_arns = plan.gates().map(|(arn, _)| arn.to_owned()).collect();
    let (stack_id, targets) = (plan.stack_id.clone(), plan.targets.clone());
    Look::Ask(FleetQuery::Facts { stack_id, targets, listener_arns }.into())
}

/// Done when all of it holds.
pub(crate) fn confirm_facts(plan: &Plan, seen: &Facts, before: FactsBefore) -> Decision {
    let changed = plan.stands_on.changed(seen, before);
    if changed.is_empty() {
        return Decision::Done;
    }
    Decision::Fail(format!("the plan no longer holds, so draw it up again: {}", changed.join("; ")))
}

pub(crate) fn look_at_contents(plan: &Plan, state: &State, kind: UpdateKind) -> Look {
    match change_set::under_its_name(plan, state, kind) {
        Some(update) => Look::Ask(Query::Stack(StackQuery::Contents {
            planned: Box::new(update),
            pieces: plan.pieces.clone(),
        })),
        None => Look::Known(Decision::Fail(format!("the plan has no update of the {}", kind.title()))),
    }
}

/// Done when the change set's template, and everything that it brings in, is what was approved. What can't be read is read
/// again while the step's time lasts.
pub(crate) fn confirm_contents(differences: &[String], unread: &[String]) -> Decision {
    if !differences.is_empty() {
        return Decision::Fail(format!(
            "what would be executed is not what was approved: {}",
            differences.join("; ")
        ));
    }
    if unread.is_empty() { Decision::Done } else { Decision::Wait(unread.to_vec()) }
}
