//! Before a taker relies on a change set, those of the overtaken conducting are deleted: a late ExecuteChangeSet then finds
//! nothing, and what the taker executes was made and weighed by itself, under a name that the other never used.

use crate::act::StackAct;
use crate::observation::{ChangeSetSeen, Observation};
use crate::plan::{Plan, UpdateKind};
use crate::state::{State, UpdateState};
use crate::step::Step;
use crate::steps::{Decision, Inquiry, change_set, no_update, update};

/// The update whose change set the step that is under way relies on, and that is revoked.
pub(crate) fn due(state: &State) -> Option<UpdateKind> {
    let (Step::CreateChangeSet(kind) | Step::ConfirmContents(kind) | Step::ExecuteChangeSet(kind)) =
        state.step
    else {
        return None;
    };
    state.updates.get(&kind).is_some_and(|update| update.revoked).then_some(kind)
}

/// The first earlier name under which a change set may be left.
fn earlier(update: &UpdateState) -> Option<u32> {
    (0..update.name_number).find(|number| !update.names_gone.contains(number))
}

/// The earlier names one after the other. Whether the update has begun all the same is told by events, and only then for
/// certain: nothing can begin it any more.
pub(crate) fn inquiry(plan: &Plan, state: &State, kind: UpdateKind) -> Inquiry {
    let (Some(planned), Some(known)) = (plan.update(kind), state.updates.get(&kind)) else {
        return Inquiry::Known(no_update(kind));
    };
    match earlier(known) {
        Some(number) => Inquiry::Ask(change_set::query(&change_set::named(planned, number))),
        None if known.begun => update::inquiry(plan, state, kind),
        None => Inquiry::Known(Decision::MakeAnew(kind)),
    }
}

/// `None`: it isn't an answer to what was asked.
pub(crate) fn decide(
    plan: &Plan,
    state: &mut State,
    kind: UpdateKind,
    observation: &Observation,
) -> Option<Decision> {
    if let Observation::ChangeSet(seen) = observation {
        return delete(plan, state.update(kind), kind, seen.as_ref());
    }
    let Observation::StackEvents { events, .. } = observation else { return None };
    if events.is_empty() {
        return Some(Decision::MakeAnew(kind));
    }
    let known = state.update(kind);
    (known.begun, known.seen, known.revoked) = (true, true, false);
    Some(Decision::Done)
}

fn delete(
    plan: &Plan,
    known: &mut UpdateState,
    kind: UpdateKind,
    seen: Option<&ChangeSetSeen>,
) -> Option<Decision> {
    let number = earlier(known)?;
    let update = change_set::named(plan.update(kind)?, number);
    let name = update.proposal.change_set_name;
    Some(match seen {
        None => {
            known.names_gone.insert(number);
            Decision::Look
        }
        // The overtaken one's call arrived: that is the update that is followed.
        Some(seen) if change_set::is_executed(seen) && known.begun => {
            (known.seen, known.revoked, known.name_number) = (true, false, number);
            Decision::Look
        }
        Some(seen) if change_set::is_executed(seen) => {
            Decision::Fail(format!("change set {name} was executed, and not by this run"))
        }
        Some(seen) if change_set::is_under_way(seen) => Decision::Wait(vec![format!("change set {name}")]),
        Some(_) => Decision::act(StackAct::DeleteChangeSet {
            update: kind,
            stack_id: update.stack_id,
            change_set_name: name,
        }),
    })
}
