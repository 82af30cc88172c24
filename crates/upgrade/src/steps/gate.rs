//! Close and open the gate: listener rules of ours before all of the platform's.

use crate::act::Act;
use crate::observation::{GateRuleSeen, Query};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::{Decision, Look};

pub(crate) fn look(state: &State) -> Look {
    Look::Ask(Query::GateRules { listener_arn: state.targets.listener.physical_id.clone() })
}

/// Closed when every rule of this run is there.
pub(crate) fn close(plan: &Plan, state: &State, rules: &[GateRuleSeen]) -> Decision {
    let there = |priority: i32| {
        rules.iter().any(|rule| rule.run_id == plan.run_id && rule.priority == Some(priority))
    };
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
        return Decision::Done;
    }
    Decision::Act(Act::CloseGate {
        listener_arn: state.targets.listener.physical_id.clone(),
        gate: plan.gate.clone(),
        run_id: plan.run_id.clone(),
        missing,
    })
}

/// Open when no gate rule is there: a rule that an earlier run left behind keeps users out just as well.
pub(crate) fn open(rules: &[GateRuleSeen]) -> Decision {
    if rules.is_empty() {
        return Decision::Done;
    }
    Decision::Act(Act::OpenGate { rule_arns: rules.iter().map(|rule| rule.rule_arn.clone()).collect() })
}
