//! CloudFormation makes the change set, and it must be the approved one. One that is not used is deleted.

use std::collections::BTreeSet;

use crate::act::StackAct;
use crate::comparison::{Difference, weigh};
use crate::observation::{ChangeSetSeen, Observation};
use crate::plan::{Plan, StackUpdate, UpdateKind};
use crate::query::{Query, StackQuery};
use crate::state::State;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Inquiry, no_update};

/// An update under one of its change set's names: 0 is the planned one, the others are those of whoever takes the run over
/// for the first time, the second time, …
pub(crate) fn named(update: &StackUpdate, number: u32) -> StackUpdate {
    let mut named = update.clone();
    if number > 0 {
        named.proposal.change_set_name = format!("{}-{}", update.proposal.change_set_name, number + 1);
    }
    named
}

/// An update under the name that its change set has now.
pub(crate) fn under_its_name(plan: &Plan, state: &State, kind: UpdateKind) -> Option<StackUpdate> {
    let number = state.updates.get(&kind).map_or(0, |update| update.name_number);
    plan.update(kind).map(|update| named(update, number))
}

/// The run was overtaken: of an update that isn't known to have begun, no change set is relied on that is there, or may
/// still come.
pub(crate) fn revoke(plan: &Plan, state: &mut State) {
    let times = state.times_overtaken;
    for planned in plan.updates.iter().chain(&plan.way_back) {
        let update = state.update(planned.kind);
        if !update.seen {
            update.name_number = times;
            update.revoked = update.asked_for;
            update.change_set_made = false;
            update.names_gone.clear();
        }
    }
}

pub(crate) fn create_change_set(kind: UpdateKind) -> StepRules {
    let title = match kind {
        UpdateKind::BackupStack => "Create the backup stack's change set",
        UpdateKind::RoleStack => "Create the role stack's change set",
        UpdateKind::Primary => "Create the change set",
        UpdateKind::WayBack => "Create the change set for the way back",
    };
    StepRules {
        ends: Ends::After(900),
        ..StepRules::new(
            title,
            move |plan, state, _| match under_its_name(plan, state, kind) {
                Some(update) => Inquiry::Ask(query(&update)),
                None => Inquiry::Known(no_update(kind)),
            },
            move |plan, state, seen, _| {
                let Observation::ChangeSet(seen) = seen else { return None };
                Some(create(plan, state, kind, seen.as_ref()))
            },
        )
        .updating(kind)
    }
}

pub(crate) fn query(update: &StackUpdate) -> Query {
    Query::Stack(StackQuery::ChangeSet {
        update: update.kind,
        stack_id: update.stack_id.clone(),
        name: update.proposal.change_set_name.clone(),
    })
}

/// Done when the change set is there and is what was approved.
fn create(plan: &Plan, state: &mut State, kind: UpdateKind, seen: Option<&ChangeSetSeen>) -> Decision {
    let Some(update) = under_its_name(plan, state, kind) else { return no_update(kind) };
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
        _ if is_under_way(seen) => Decision::Wait(vec![format!("change set {name}")]),
        "CREATE_COMPLETE" => {
            let weighing = weigh(&update.predicted, &seen.changes, &foretold_silence(&update));
            if weighing.stops.is_empty() {
                let mut remarks: Vec<String> =
                    weighing.remarks.iter().map(|remark| remark_of(kind, remark)).collect();
                if let Some(hooks) = &seen.hooks {
                    remarks.extend(hooks.remarks(kind.title()));
                }
                // One that is made anew says the same again.
                remarks.retain(|remark| !state.remarks.contains(remark));
                state.remarks.append(&mut remarks);
                return Decision::Done;
            }
            Decision::Fail(format!(
                "AWS's change set is not the approved one, so it was not executed: {}",
                first_few(&weighing.stops)
            ))
        }
        status => Decision::Fail(failure(name, status, seen)),
    }
}

/// Why there is no change set. Users are at work then, and nothing has been touched.
fn failure(name: &str, status: &str, seen: &ChangeSetSeen) -> String {
    let reason = seen.status_reason.as_deref().unwrap_or("AWS gave no reason");
    match seen.findings.as_slice() {
        [] => format!("change set {name} is {status}: {reason}"),
        findings => format!("change set {name} is {status}: {}. AWS: {reason}", findings.join("; ")),
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

fn first_few(stops: &[Difference]) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<String> = stops.iter().take(SHOWN).map(ToString::to_string).collect();
    if stops.len() > SHOWN {
        shown.push(format!("and {} more", stops.len() - SHOWN));
    }
    shown.join("; ")
}

/// CloudFormation is making it, or deleting it.
pub(crate) fn is_under_way(seen: &ChangeSetSeen) -> bool {
    seen.status.ends_with("_IN_PROGRESS") || seen.status.ends_with("_PENDING")
}

/// Its execution has begun, however it ended.
pub(crate) fn is_executed(seen: &ChangeSetSeen) -> bool {
    seen.execution_status.starts_with("EXECUTE_")
}

/// The first change set that was made and not executed, by its update and the number of its name. After a takeover those
/// under other names, and under that of an executed one, are looked for as well: a late call may have made one.
fn unused(plan: &Plan, state: &State) -> Option<(StackUpdate, u32)> {
    plan.updates.iter().chain(&plan.way_back).find_map(|planned| {
        let update = state.updates.get(&planned.kind)?;
        let is_unused = |number: &u32| {
            let is_current = *number == update.name_number;
            let is_left = is_current && update.change_set_made && !update.begun;
            let may_have_come = state.times_overtaken > 0
                && update.asked_for
                && (!is_current || update.begun)
                && !update.names_gone.contains(number);
            (is_left || may_have_come).then(|| (named(planned, *number), *number))
        };
        (0..=update.name_number).find_map(|number| is_unused(&number))
    })
}

pub(crate) fn discard_change_set() -> StepRules {
    StepRules::new(
        "Discard the unused change set",
        |plan, state, _| match unused(plan, state) {
            Some((update, _)) => Inquiry::Ask(query(&update)),
            None => Inquiry::Known(Decision::Done),
        },
        |plan, state, seen, _| {
            let Observation::ChangeSet(seen) = seen else { return None };
            Some(discard(plan, state, seen.as_ref()))
        },
    )
    .tidying()
}

/// Done when no unused change set is left.
fn discard(plan: &Plan, state: &mut State, seen: Option<&ChangeSetSeen>) -> Decision {
    let Some((update, number)) = unused(plan, state) else { return Decision::Done };
    match seen.filter(|seen| !is_executed(seen)) {
        None => {
            let known = state.update(update.kind);
            known.names_gone.insert(number);
            if number == known.name_number {
                known.change_set_made = false;
            }
            Decision::Look
        }
        Some(seen) if is_under_way(seen) => {
            Decision::Wait(vec![format!("change set {}", update.proposal.change_set_name)])
        }
        Some(_) => Decision::act(StackAct::DeleteChangeSet {
            update: update.kind,
            stack_id: update.stack_id,
            change_set_name: update.proposal.change_set_name,
        }),
    }
}
