//! Look once more at what was put back: a call of a conducting that was overtaken, or of the run elsewhere whose state could
//! not be read, may have arrived after it. The way out is gone once more; each of its steps does nothing where nothing is to
//! be done.

use crate::Timestamp;
use crate::act::{Act, FleetAct, StackAct};
use crate::observation::{CalmSeen, DoorSeen, GateRuleSeen, Observation};
use crate::plan::Plan;
use crate::state::{Maintenance, State};
use crate::step::{Ends, OnStop, Step, StepRules};
use crate::steps::{Decision, Inquiry, gate};
use crate::takeover;

/// Waits until nothing can arrive any more.
pub(crate) fn look_once_more() -> StepRules {
    StepRules {
        ends: Ends::WhenSettled,
        poll_milliseconds: 5000,
        // After a takeover it is needed as well, which no plan foresees.
        is_needed: |plan| plan.left_without_state,
        on_stop: OnStop::LeaveIfOut,
        ..StepRules::new(
            "Look once more for late calls",
            |plan, state, at| {
                if takeover::is_late_possible(plan, state, at) {
                    let held = "calls that were sent, and that may still arrive".to_owned();
                    return Inquiry::Known(Decision::Wait(vec![held]));
                }
                // Where users stay out the calm is watched, or was left as it was found.
                if takeover::stays_entered(plan, state) || state.stays.is_some() {
                    return Inquiry::Known(Decision::Done);
                }
                match plan.gateless {
                    true => gate::inquire_for_maintenance(plan, state),
                    false => gate::inquire_to_open(plan, state),
                }
            },
            |plan, state, seen, _| {
                if let Observation::Calm(calm) = seen {
                    return Some(decide_by_notes(state, calm));
                }
                let Observation::GateRules(doors) = seen else { return None };
                Some(decide_by_rules(plan, state, doors))
            },
        )
        .tidying()
    }
}

/// Whoever has entered maintenance since then keeps it: what is taken away now was taken by that run.
fn decide_by_rules(plan: &Plan, state: &mut State, seen: &[DoorSeen]) -> Decision {
    let rules = gate::rules_of(seen);
    let another = rules.iter().find(|rule| rule.closes && !is_late(plan, state, rule));
    state.looking_once_more = another.is_none();
    if let Some(rule) = another {
        state.remarks.push(entered_again(&rule.run_id));
    }
    Decision::Done
}

/// The same where there is no gate: notes tell, and those that are older than the way out came late.
fn decide_by_notes(state: &mut State, calm: &CalmSeen) -> Decision {
    let another = Maintenance::from_notes(calm).filter(|found| found.since > state.opened_at);
    state.looking_once_more = another.is_none();
    if let Some(found) = another {
        state.remarks.push(entered_again(&found.run_id));
    }
    Decision::Done
}

fn entered_again(run_id: &str) -> String {
    format!(
        "maintenance was entered again meanwhile (run {run_id}), so what was put back was not looked at once more"
    )
}

/// Whether a gate rule that is there after the gate was opened came late: it is this run's, or one's whose rules it deleted.
pub(crate) fn is_late(plan: &Plan, state: &State, rule: &GateRuleSeen) -> bool {
    rule.run_id == plan.run_id || state.opened_runs.contains(&rule.run_id)
}

/// The second look begins: what the run has put back counts as its own once more, and every name of a change set is looked
/// at again.
pub(crate) fn begin(state: &mut State, at: Timestamp) {
    state.leaving_since = Some(at);
    if state.looking_once_more {
        state.put_back.clear();
    }
    state.updates.values_mut().for_each(|update| update.names_gone.clear());
}

/// Where it begins.
pub(crate) fn first_step(plan: &Plan, state: &State) -> Step {
    if takeover::stays_entered(plan, state) {
        Step::TakeStock
    } else if state.looking_once_more {
        Step::RestoreWorkers
    } else {
        Step::DiscardChangeSet
    }
}

/// Whether an act of the second look undoes what came late. Notes are taken off without a word.
pub(crate) fn mends(act: &Act) -> bool {
    match act {
        Act::Fleet(act) => match act {
            FleetAct::OpenGate { .. }
            | FleetAct::SetRulePriorities { .. }
            | FleetAct::SetJobQueueStates { .. }
            | FleetAct::ResizeWorkerGroups { .. }
            | FleetAct::ResizeWarmPools { .. }
            | FleetAct::SetDesiredCounts { .. }
            | FleetAct::RestoreScaleInProtection { .. }
            | FleetAct::SetScheduledActions { .. }
            | FleetAct::SetAlarmActions { .. } => true,
            FleetAct::CloseGate { .. }
            | FleetAct::TerminateJobs { .. }
            | FleetAct::StopTasks { .. }
            | FleetAct::RemoveScaleInProtection { .. }
            | FleetAct::Remember { .. }
            | FleetAct::Forget { .. }
            | FleetAct::CompleteLifecycleActions { .. }
            | FleetAct::TerminateInstances { .. }
            | FleetAct::CreateSnapshots { .. } => false,
        },
        Act::Stack(act) => match act {
            StackAct::DeleteChangeSet { .. } => true,
            StackAct::CreateChangeSet { .. }
            | StackAct::ExecuteChangeSet { .. }
            | StackAct::CancelUpdate { .. }
            | StackAct::ContinueUpdateRollback { .. } => false,
        },
        Act::Platform { .. } => true,
    }
}
