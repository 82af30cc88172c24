//! Close and open the gate: listener rules of ours before all of the platform's.

use crate::Timestamp;
use crate::act::{Act, FleetAct};
use crate::note::Note;
use crate::observation::{FleetQuery, GateRuleSeen};
use crate::plan::{Gate, Plan};
use crate::state::{Door, Maintenance, State};
use crate::step::Step;
use crate::steps::{Decision, Look, second_look};
use crate::takeover::{self, Renewal};

pub(crate) fn look(state: &State) -> Look {
    Look::Ask(FleetQuery::GateRules { listener_arn: state.targets.listener.physical_id.clone() }.into())
}

/// Closed when every rule of this run is there, or when the deployment is in maintenance already: its gate is used as it
/// stands.
pub(crate) fn close(plan: &Plan, state: &mut State, rules: &[GateRuleSeen], at: Timestamp) -> Decision {
    let mine = |rule: &&GateRuleSeen| rule.run_id == plan.run_id;
    let foreign: Vec<GateRuleSeen> = rules.iter().filter(|rule| !mine(rule)).cloned().collect();
    if let Some(found) = Maintenance::of(&foreign) {
        if let Some(elsewhere) = found.state.as_ref().filter(|_| is_elsewhere(plan, &foreign)) {
            return Decision::Fail(format!(
                "maintenance was entered by run {} of the state {elsewhere}, and this run is of {}: `slackwater maintenance \
                 disable` ends it from either",
                found.run_id, plan.state
            ));
        }
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
    let missing: Vec<i32> =
        priorities(&plan.gate, true).into_iter().filter(|priority| !there(*priority)).collect();
    if missing.is_empty() {
        return closed(state);
    }
    Decision::Act(make(plan, &state.begun_by, &state.targets.listener.physical_id, missing, at))
}

/// Whether the gate that keeps users out says that it belongs to the state of somebody else.
fn is_elsewhere(plan: &Plan, rules: &[GateRuleSeen]) -> bool {
    let closing = rules.iter().find(|rule| rule.closes);
    let note = closing.and_then(|rule| rule.note.as_deref()).map(Note::read);
    !plan.state.is_empty() && note.is_some_and(|note| note.is_of_state(&plan.state) == Some(false))
}

/// The run was overtaken behind its gate: the rules are made anew, for a late call may delete those that are there. A gate that
/// was found is another run's, and one that is being opened is relied on by nobody.
pub(crate) fn revoke(state: &mut State) {
    state.renewals.clear();
    if state.taken.gate
        && state.found.is_none()
        && state.opened_at.is_none()
        && state.step != Step::OpenGate
        && state.outcome.is_none()
    {
        let doors = state.doors.iter().filter(|door| door.closed);
        state.renewals =
            doors.map(|door| Renewal { listener_arn: door.listener_arn.clone(), gate: None }).collect();
    }
}

/// Done when the first gate that is to be made anew has been: its own rules first, then the overtaken one's are deleted.
pub(crate) fn renew(plan: &Plan, state: &mut State, rules: &[GateRuleSeen], at: Timestamp) -> Decision {
    let Some(renewal) = state.renewals.first().cloned() else { return Decision::Done };
    let mine: Vec<&GateRuleSeen> = rules.iter().filter(|rule| rule.run_id == plan.run_id).collect();
    let listener_arn = &renewal.listener_arn;
    let Some(gate) = renewal.gate.clone().or_else(|| moved(plan, state, listener_arn, rules)) else {
        // One that is open is a question of whoever watches the calm.
        if mine.iter().any(|rule| rule.closes) {
            keep(state, "there is no free priority before the platform's first rule");
        } else {
            state.renewals.remove(0);
        }
        return Decision::Done;
    };
    if renewal.gate.is_none() {
        state.revoked_rules.extend(mine.iter().map(|rule| rule.rule_arn.clone()));
        state.renewals[0].gate = Some(gate.clone());
    }
    let (revoked, new): (Vec<&GateRuleSeen>, Vec<&GateRuleSeen>) =
        mine.into_iter().partition(|rule| state.revoked_rules.contains(&rule.rule_arn));
    let missing: Vec<i32> = priorities(&gate, state.targets.listener.physical_id == *listener_arn)
        .into_iter()
        .filter(|priority| !new.iter().any(|rule| rule.priority == Some(*priority)))
        .collect();
    if !missing.is_empty() {
        // Users are kept out since the first of these gates was closed.
        let notes = revoked.iter().filter(|rule| rule.closes).filter_map(|rule| rule.note.as_deref());
        let since = notes.filter_map(|note| Note::read(note).at()).min().unwrap_or(at);
        return Decision::act(FleetAct::CloseGate {
            listener_arn: listener_arn.clone(),
            gate,
            run_id: plan.run_id.clone(),
            note: plan.note_on(listener_arn, since).by(&state.begun_by).write(),
            missing,
        });
    }
    if revoked.is_empty() {
        state.renewals.remove(0);
        return Decision::Done;
    }
    Decision::act(FleetAct::OpenGate {
        rule_arns: revoked.into_iter().map(|rule| rule.rule_arn.clone()).collect(),
    })
}

/// The first gate that was to be made anew stays as it is.
pub(crate) fn keep(state: &mut State, because: &str) {
    if !state.renewals.is_empty() {
        state.renewals.remove(0);
        state.remarks.push(format!(
            "the gate was not made anew after the takeover, so a late call of the overtaken conducting could open it: \
             {because}"
        ));
    }
}

/// The gate beside the rules that are there; `None`: it isn't closed, or there is no room.
fn moved(plan: &Plan, state: &State, listener_arn: &str, rules: &[GateRuleSeen]) -> Option<Gate> {
    let is_closed = rules.iter().any(|rule| rule.closes && rule.run_id == plan.run_id);
    let taken = rules.iter().filter_map(|rule| rule.priority).collect();
    let wanted = priorities(&plan.gate, state.targets.listener.physical_id == listener_arn);
    takeover::moved(&plan.gate, &wanted, &taken).filter(|_| is_closed)
}

/// The priorities of a gate's rules on a listener, the admitting ones first: whoever is let through is never shut out for a
/// moment. On a listener that the update made everybody is kept out.
fn priorities(gate: &Gate, is_platforms: bool) -> Vec<i32> {
    let admitting = gate.admitting_rules.iter().map(|rule| rule.priority).filter(|_| is_platforms);
    admitting.chain([gate.priority]).collect()
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
/// takes over all of them. Looked at once more, only those that came late are deleted.
pub(crate) fn open(plan: &Plan, state: &mut State, rules: &[GateRuleSeen]) -> Decision {
    let takes_over = state.takes_over(plan);
    let is_concerned = |rule: &&GateRuleSeen| match state.looking_once_more {
        true => second_look::is_late(plan, state, rule),
        false => takes_over || rule.run_id == plan.run_id,
    };
    let concerned: Vec<GateRuleSeen> = rules.iter().filter(is_concerned).cloned().collect();
    state.opened_runs.extend(concerned.iter().map(|rule| rule.run_id.clone()));
    let rule_arns: Vec<String> = concerned.into_iter().map(|rule| rule.rule_arn).collect();
    if rule_arns.is_empty() { Decision::Done } else { Decision::act(FleetAct::OpenGate { rule_arns }) }
}
