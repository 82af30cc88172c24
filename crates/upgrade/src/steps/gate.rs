//! Close and open the gate: listener rules of ours before all of the platform's.

use crate::Timestamp;
use crate::act::{Act, FleetAct};
use crate::observation::{FleetQuery, GateRuleSeen};
use crate::plan::Plan;
use crate::state::{Door, Maintenance, State};
use crate::steps::{Decision, Look};

pub(crate) fn look(state: &State) -> Look {
    Look::Ask(FleetQuery::GateRules { listener_arn: state.targets.listener.physical_id.clone() }.into())
}

/// Closed when every rule of this run is there, or when the deployment is in maintenance already: its gate is used as it
/// stands.
pub(crate) fn close(plan: &Plan, state: &mut State, rules: &[GateRuleSeen], at: Timestamp) -> Decision {
    let mine = |rule: &&GateRuleSeen| rule.run_id == plan.run_id;
    let foreign: Vec<GateRuleSeen> = rules.iter().filter(|rule| !mine(rule)).cloned().collect();
    if let Some(found) = Maintenance::of(&foreign) {
        if state.found.is_none() {
            state.found = Some(found);
        }
        return closed(state);
    }
    // Rules of an earlier run that let admitted addresses through a gate which is no longer there.
    if !foreign.is_empty() {
        return Decision::act(FleetAct::OpenGate {
            rule_arns: foreign.into_iter().map(|rule| rule.rule_arn).collect(),
        });
    }
    let there = |priority: i32| rules.iter().any(|rule| rule.priority == Some(priority));
    // The admitting rules first: whoever is let through is never shut out for a moment.
    let missing: Vec<i32> = plan
        .gate
        .admitting_rules
        .iter()
        .map(|rule| rule.priority)
        .chain([plan.gate.priority])
        .filter(|priority| !there(*priority))
        .collect();
    if missing.is_empty() {
        return closed(state);
    }
    Decision::Act(make(plan, &state.begun_by, &state.targets.listener.physical_id, missing, at))
}

fn closed(state: &mut State) -> Decision {
    state.taken.gate = true;
    let listener_arn = state.targets.listener.physical_id.clone();
    state.doors = vec![Door { listener_arn, closed: true }];
    Decision::Done
}

fn make(plan: &Plan, by: &str, listener_arn: &str, missing: Vec<i32>, at: Timestamp) -> Act {
    Act::Fleet(FleetAct::CloseGate {
        listener_arn: listener_arn.to_owned(),
        gate: plan.gate.clone(),
        run_id: plan.run_id.clone(),
        note: plan.note_on(listener_arn, at).by(by).write(),
        missing,
    })
}

/// Close the gate on a listener that the update has just made, or that somebody opened. The platform's own rules, of which
/// copies would let admitted addresses through, may not be there yet: everybody is kept out.
pub(crate) fn close_new_door(plan: &Plan, by: &str, listener_arn: &str, at: Timestamp) -> Act {
    make(plan, by, listener_arn, vec![plan.gate.priority], at)
}

/// Open when no gate rule is there that this run made or takes over: a finished upgrade, and whoever leaves maintenance,
/// takes over all of them.
pub(crate) fn open(plan: &Plan, state: &State, rules: &[GateRuleSeen]) -> Decision {
    let takes_over = state.takes_over(plan);
    let concerned = rules.iter().filter(|rule| takes_over || rule.run_id == plan.run_id);
    let rule_arns: Vec<String> = concerned.map(|rule| rule.rule_arn.clone()).collect();
    if rule_arns.is_empty() { Decision::Done } else { Decision::act(FleetAct::OpenGate { rule_arns }) }
}
