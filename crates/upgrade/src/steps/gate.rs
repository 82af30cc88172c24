//! Close and open the gate: a listener rule of ours before all of the platform's.

use crate::act::Act;
use crate::observation::{GateRuleSeen, Query};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::Decision;

pub(crate) fn query(state: &State) -> Query {
    Query::GateRules { listener_arn: state.targets.listener.physical_id.clone() }
}

/// Closed when a rule of this run is there.
pub(crate) fn close(plan: &Plan, state: &State, rules: &[GateRuleSeen]) -> Decision {
    if rules.iter().any(|rule| rule.run_id == plan.run_id) {
        return Decision::Done;
    }
    Decision::Act(Act::CloseGate {
        listener_arn: state.targets.listener.physical_id.clone(),
        gate: plan.gate.clone(),
        run_id: plan.run_id.clone(),
    })
}

/// Open when no gate rule is there: a rule that an earlier run left behind keeps users out just as well.
pub(crate) fn open(rules: &[GateRuleSeen]) -> Decision {
    if rules.is_empty() {
        return Decision::Done;
    }
    Decision::Act(Act::OpenGate { rule_arns: rules.iter().map(|rule| rule.rule_arn.clone()).collect() })
}
