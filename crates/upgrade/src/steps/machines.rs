//! Dedicated machines: plain instances that no group knows, found by their tags.

use crate::Timestamp;
use crate::act::FleetAct;
use crate::circumstances::Machine;
use crate::observation::Observation;
use crate::plan::Plan;
use crate::query::{FleetQuery, Query};
use crate::state::State;
use crate::step::{Ends, StepRules};
use crate::steps::{Decision, Drain, Inquiry, drain};
use crate::transition::named;

pub(crate) fn terminate_dedicated_machines() -> StepRules {
    StepRules {
        ends: Ends::Drain(|policy| policy.workers),
        is_needed: |plan| !plan.targets.dedicated_machine_tags.is_empty(),
        ..StepRules::new(
            "Terminate dedicated machines",
            |_, state, _| {
                if state.targets.dedicated_machine_tags.is_empty() {
                    return Inquiry::Known(Decision::Done);
                }
                Inquiry::Ask(query(state))
            },
            |plan, state, seen, at| {
                let Observation::Machines(machines) = seen else { return None };
                Some(terminate(plan, state, machines, at))
            },
        )
    }
}

pub(crate) fn query(state: &State) -> Query {
    FleetQuery::Machines { tags: state.targets.dedicated_machine_tags.clone() }.into()
}

/// Done when none is left.
fn terminate(plan: &Plan, state: &State, machines: &[Machine], at: Timestamp) -> Decision {
    if machines.is_empty() {
        return Decision::Done;
    }
    let left: Vec<String> = machines.iter().map(in_words).collect();
    match drain(plan.maintenance.workers, state, at) {
        Drain::Grace => Decision::Wait(left),
        // Terminating is as forceful as it gets: there is nothing harder for an escalation to do.
        Drain::Tell | Drain::Force => {
            let untold: Vec<String> = machines
                .iter()
                .filter(|machine| !state.told.instances.contains(&machine.instance_id))
                .map(|machine| machine.instance_id.clone())
                .collect();
            if untold.is_empty() {
                Decision::Wait(left)
            } else {
                Decision::act(FleetAct::TerminateInstances { instance_ids: untold })
            }
        }
        Drain::GiveUp(seconds) => {
            Decision::Fail(format!("dedicated machines were left after {seconds} s: {}", named(&left)))
        }
    }
}

pub(crate) fn in_words(machine: &Machine) -> String {
    let name = machine.name.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    let owner = machine.owner.as_deref().map(|owner| format!(" of {owner}")).unwrap_or_default();
    format!("machine {}{name}{owner} ({})", machine.instance_id, machine.state)
}
