//! What the plan stands on is looked at again, and what it will execute: an approval is of contents.

use crate::facts::{Facts, FactsBefore};
use crate::observation::Observation;
use crate::plan::UpdateKind;
use crate::query::{FleetQuery, Query, StackQuery};
use crate::step::StepRules;
use crate::steps::{Decision, Inquiry, change_set, no_update};

/// Done when all of it holds.
pub(crate) fn confirm_facts(before: FactsBefore) -> StepRules {
    StepRules::new(
        match before {
            FactsBefore::Gate => "Confirm what the plan stands on",
            FactsBefore::Update => "Confirm again what the plan stands on",
        },
        move |plan, _, _| {
            if plan.stands_on == Facts::default() {
                return Inquiry::Known(Decision::Done);
            }
            let listener_arns = plan.gates().map(|(arn, _)| arn.to_owned()).collect();
            let (stack_id, targets) = (plan.stack_id.clone(), plan.targets.clone());
            Inquiry::Ask(FleetQuery::Facts { stack_id, targets, listener_arns }.into())
        },
        move |plan, _, seen, _| {
            let Observation::Facts(seen) = seen else { return None };
            let changed = plan.stands_on.changed(seen, before);
            Some(match changed.is_empty() {
                true => Decision::Done,
                false => Decision::Fail(format!(
                    "the plan no longer holds, so draw it up again: {}",
                    changed.join("; ")
                )),
            })
        },
    )
}

pub(crate) fn confirm_contents(kind: UpdateKind) -> StepRules {
    let title = match kind {
        UpdateKind::BackupStack => "Compare the backup stack's contents",
        UpdateKind::RoleStack => "Compare the role stack's contents",
        UpdateKind::Primary => "Compare the contents",
        UpdateKind::WayBack => "Compare the contents of the way back",
    };
    StepRules::new(
        title,
        move |plan, state, _| match change_set::under_its_name(plan, state, kind) {
            Some(update) => Inquiry::Ask(Query::Stack(StackQuery::Contents {
                planned: Box::new(update),
                pieces: plan.pieces.clone(),
            })),
            None => Inquiry::Known(no_update(kind)),
        },
        |_, _, seen, _| {
            let Observation::Contents { differences, unread } = seen else { return None };
            Some(judge_contents(differences, unread))
        },
    )
    .updating(kind)
}

/// Done when the change set's template, and everything that it brings in, is what was approved. What can't be read is read
/// again while the step's time lasts.
fn judge_contents(differences: &[String], unread: &[String]) -> Decision {
    if !differences.is_empty() {
        return Decision::Fail(format!(
            "what would be executed is not what was approved: {}",
            differences.join("; ")
        ));
    }
    if unread.is_empty() { Decision::Done } else { Decision::Wait(unread.to_vec()) }
}
