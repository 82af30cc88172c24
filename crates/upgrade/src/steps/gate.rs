//! Close and open the gate: on every listener that users may come through, rules of ours before all of the platform's.

use std::collections::BTreeSet;

use crate::Timestamp;
use crate::act::{Act, FleetAct, Memory, NotedResource, RuleMove};
use crate::note::Note;
use crate::observation::{CalmSeen, DoorSeen, GateRuleSeen, Observation, OtherRule};
use crate::plan::{Gate, Plan};
use crate::query::{FleetQuery, Query};
use crate::state::{Door, Maintenance, State};
use crate::step::StepRules;
use crate::steps::{Decision, Inquiry, second_look, stock};
use crate::takeover::{self, Renewal};

pub(crate) fn close_gate() -> StepRules {
    StepRules {
        is_needed: |plan| !plan.gateless,
        ..StepRules::new(
            "Close the gate",
            |_, state, _| Inquiry::Ask(query_to_close(state)),
            |plan, state, seen, at| {
                let Observation::GateRules(doors) = seen else { return None };
                Some(close(plan, state, doors, at))
            },
        )
    }
}

pub(crate) fn find_maintenance() -> StepRules {
    StepRules {
        is_needed: |plan| plan.gateless,
        ..StepRules::new(
            "See whether work is stopped already",
            |plan, state, _| inquire_for_maintenance(plan, state),
            |plan, state, seen, _| {
                let Observation::Calm(calm) = seen else { return None };
                Some(find_in_notes(plan, state, calm))
            },
        )
    }
}

pub(crate) fn open_gate() -> StepRules {
    StepRules {
        is_needed: |plan| !plan.doors.is_empty(),
        ..StepRules::new(
            "Open the gate",
            |plan, state, _| inquire_to_open(plan, state),
            |plan, state, seen, _| {
                let Observation::GateRules(doors) = seen else { return None };
                Some(open(plan, state, doors))
            },
        )
        .letting_in()
    }
}

/// The listeners that are to be closed.
pub(crate) fn query_to_close(state: &State) -> Query {
    query(state.doors.iter().map(|door| door.listener_arn.clone()).collect())
}

/// Every listener on which rules of ours may stand: also those that users don't come through, or did not before
/// the update.
pub(crate) fn inquire_to_open(plan: &Plan, state: &State) -> Inquiry {
    let planned = plan.doors.iter().map(|door| &door.listener.physical_id);
    let now = state.targets.listeners.iter().map(|listener| &listener.physical_id);
    let noted = state.doors.iter().map(|door| &door.listener_arn);
    let arns: BTreeSet<&String> = planned.chain(now).chain(noted).collect();
    match arns.is_empty() {
        true => Inquiry::Known(Decision::Done),
        false => Inquiry::Ask(query(arns.into_iter().cloned().collect())),
    }
}

pub(crate) fn query(listener_arns: Vec<String>) -> Query {
    FleetQuery::GateRules { listener_arns }.into()
}

/// The gate's rules on every listener.
pub(crate) fn rules_of(seen: &[DoorSeen]) -> Vec<GateRuleSeen> {
    seen.iter().flat_map(|door| door.rules.iter().cloned()).collect()
}

/// Closed when every rule of this run is there on every listener, or when the deployment is in maintenance already: its gate
/// is used as it stands, and closed where it is open.
pub(crate) fn close(plan: &Plan, state: &mut State, seen: &[DoorSeen], at: Timestamp) -> Decision {
    let foreign: Vec<GateRuleSeen> =
        rules_of(seen).into_iter().filter(|rule| rule.run_id != plan.run_id).collect();
    if let Some(found) = Maintenance::from_rules(&foreign) {
        if let Some(elsewhere) = found.state.as_ref().filter(|_| is_elsewhere(plan, &foreign)) {
            return Decision::Fail(entered_elsewhere(plan, &found, elsewhere));
        }
        if state.found.is_none() {
            state.found = Some(found);
        }
    }
    for index in 0..state.doors.len() {
        let arn = state.doors[index].listener_arn.clone();
        let Some(seen) = seen.iter().find(|seen| seen.listener_arn == arn && seen.exists) else {
            return Decision::Fail(format!("the listener {arn} is gone"));
        };
        if let Some(decision) = close_door(plan, state, index, seen, at) {
            return decision;
        }
    }
    state.taken.begun = true;
    state.doors.iter_mut().for_each(|door| door.closed = true);
    Decision::Done
}

fn entered_elsewhere(plan: &Plan, found: &Maintenance, elsewhere: &str) -> String {
    format!(
        "maintenance was entered by run {} of the state {elsewhere}, and this run is of {}: `slackwater maintenance disable` \
         ends it from either",
        found.run_id, plan.state
    )
}

/// What one listener still takes; `None`: it is closed.
fn close_door(
    plan: &Plan,
    state: &mut State,
    index: usize,
    seen: &DoorSeen,
    at: Timestamp,
) -> Option<Decision> {
    let (mine, foreign): (Vec<&GateRuleSeen>, Vec<&GateRuleSeen>) =
        seen.rules.iter().partition(|rule| rule.run_id == plan.run_id);
    if foreign.iter().any(|rule| rule.closes) {
        return None;
    }
    // Rules of an earlier run that let admitted addresses through a gate which is no longer there.
    if !foreign.is_empty() {
        return Some(delete(&foreign));
    }
    let gate = state.doors[index].gate.clone().or_else(|| page_of(plan))?;
    let wanted = priorities(&gate);
    let missing = |gate: &Gate| -> Vec<i32> {
        let there = |priority: &i32| mine.iter().any(|rule| rule.priority == Some(*priority));
        priorities(gate).into_iter().filter(|priority| !there(priority)).collect()
    };
    if missing(&gate).is_empty() {
        return None;
    }
    if let Some(decision) = make_room(plan, &gate, seen, at) {
        return Some(decision);
    }
    let taken = taken_of(seen);
    let first = taken.first().copied().unwrap_or(i32::MAX);
    let fits = missing(&gate).iter().all(|priority| !taken.contains(priority)) && gate.priority < first;
    let gate = if fits {
        gate
    } else if mine.iter().any(|rule| !rule.closes) {
        // Somebody took a place while rules were made: the ones that are there keep nobody out, and are made anew.
        return Some(delete(&mine));
    } else {
        let moved = takeover::moved(&gate, &wanted, &BTreeSet::new(), &taken);
        let Some(moved) = moved else {
            return Some(Decision::Fail(format!(
                "there is no free priority before the platform's first rule ({first}) on {}",
                seen.listener_arn
            )));
        };
        state.remarks.push(format!(
            "priority {} was taken on {} since the plan was made, so the gate is at {}",
            gate.priority, seen.listener_arn, moved.priority
        ));
        moved
    };
    state.doors[index].gate = Some(gate.clone());
    let missing = missing(&gate);
    Some(Decision::Act(make(plan, &state.begun_by, &seen.listener_arn, gate, missing, at)))
}

/// The words of a rule's note: its place before, and the one it was moved to.
const PRIORITY: &str = "priority";
const MOVED_TO: &str = "moved";

/// What it takes for the platform's rules to make room: each is noted first, then all are moved in one call. `None`: the room
/// is there.
fn make_room(plan: &Plan, gate: &Gate, seen: &DoorSeen, at: Timestamp) -> Option<Decision> {
    let there = |one: &&RuleMove| seen.others.iter().any(|rule| is_at(rule, one, one.from));
    let moves: Vec<RuleMove> = gate.makes_room.iter().filter(there).cloned().collect();
    if moves.is_empty() {
        return None;
    }
    let is_noted = |one: &&RuleMove| {
        let rule = seen.others.iter().find(|rule| rule.rule_arn == one.rule_arn);
        rule.and_then(place_before).is_some_and(|place| place == (one.from, one.to))
    };
    let memories: Vec<Memory> = moves
        .iter()
        .filter(|one| !is_noted(one))
        .map(|one| Memory {
            resource: NotedResource::ListenerRule(one.rule_arn.clone()),
            text: plan.note_on(&one.rule_arn, at).with(PRIORITY, one.from).with(MOVED_TO, one.to).write(),
        })
        .collect();
    Some(match memories.is_empty() {
        true => Decision::act(FleetAct::SetRulePriorities { moves }),
        false => Decision::act(FleetAct::Remember { memories }),
    })
}

fn is_at(rule: &OtherRule, one: &RuleMove, priority: i32) -> bool {
    rule.rule_arn == one.rule_arn && rule.priority == priority
}

/// Where a rule was and where it was moved to, by its note.
fn place_before(rule: &OtherRule) -> Option<(i32, i32)> {
    let note = Note::read(rule.remembered.as_deref()?);
    note.is_of(&rule.rule_arn).then(|| Some((note.number(PRIORITY)?, note.number(MOVED_TO)?)))?
}

/// Where this plan moves a rule, when it is there.
fn planned_place(plan: &Plan, rule: &OtherRule) -> Option<(i32, i32)> {
    let mut moves = plan.gates().flat_map(|(_, gate)| &gate.makes_room);
    let one = moves.find(|one| is_at(rule, one, one.to))?;
    Some((one.from, one.to))
}

/// What it takes for rules that made room to take their places again; `None`: nothing any more. One that the update has given
/// another place keeps that; one whose place is taken is named.
fn give_room_back(plan: &Plan, state: &mut State, seen: &[DoorSeen]) -> Option<Decision> {
    let takes_over = state.takes_over(plan);
    for door in seen {
        let noted: Vec<(&OtherRule, Option<(i32, i32)>)> = door
            .others
            .iter()
            .filter_map(|rule| match rule.remembered.as_deref().map(Note::read) {
                Some(note) if takes_over || note.is_from(&plan.run_id) => Some((rule, place_before(rule))),
                // Moved by a call that arrived late, when its note had been taken off.
                None if state.looking_once_more => Some((rule, Some(planned_place(plan, rule)?))),
                Some(_) | None => None,
            })
            .collect();
        let moved = |(rule, place): &(&OtherRule, Option<(i32, i32)>)| {
            let (from, to) = (*place)?;
            (rule.priority == to && from != to).then(|| RuleMove {
                rule_arn: rule.rule_arn.clone(),
                from: rule.priority,
                to: from,
            })
        };
        let moves: Vec<RuleMove> = noted.iter().filter_map(moved).collect();
        let stays = |rule: &&OtherRule| moves.iter().all(|one| one.rule_arn != rule.rule_arn);
        let taken: BTreeSet<i32> = door.others.iter().filter(stays).map(|rule| rule.priority).collect();
        let (lost, moves): (Vec<RuleMove>, Vec<RuleMove>) =
            moves.into_iter().partition(|one| taken.contains(&one.to));
        if !moves.is_empty() {
            return Some(Decision::act(FleetAct::SetRulePriorities { moves }));
        }
        for one in &lost {
            let told = format!(
                "a rule of the platform stays at priority {}, since another has taken its place {} meanwhile: {}",
                one.from, one.to, one.rule_arn
            );
            if !state.still_to_put_back.contains(&told) {
                state.still_to_put_back.push(told);
            }
        }
        let done = noted.iter().filter(|(rule, _)| {
            rule.remembered.is_some() && lost.iter().all(|one| one.rule_arn != rule.rule_arn)
        });
        let resources: Vec<NotedResource> =
            done.map(|(rule, _)| NotedResource::ListenerRule(rule.rule_arn.clone())).collect();
        if !resources.is_empty() {
            return Some(Decision::act(FleetAct::Forget { resources }));
        }
    }
    None
}

/// Whether an act on the way out lets rules take their places again, or takes their notes off.
pub(crate) fn gives_room_back(act: &Act) -> bool {
    matches!(act, Act::Fleet(FleetAct::SetRulePriorities { .. } | FleetAct::Forget { .. }))
}

fn delete(rules: &[&GateRuleSeen]) -> Decision {
    Decision::act(FleetAct::OpenGate { rule_arns: rules.iter().map(|rule| rule.rule_arn.clone()).collect() })
}

/// Whether the gate that keeps users out says that it belongs to the state of somebody else.
fn is_elsewhere(plan: &Plan, rules: &[GateRuleSeen]) -> bool {
    let closing = rules.iter().find(|rule| rule.closes);
    let note = closing.and_then(|rule| rule.note.as_deref()).map(Note::read);
    !plan.state.is_empty() && note.is_some_and(|note| note.is_of_state(&plan.state) == Some(false))
}

/// Where there is no gate: whether work is stopped already.
pub(crate) fn inquire_for_maintenance(plan: &Plan, state: &State) -> Inquiry {
    match stock::has_work(state) {
        true => Inquiry::Ask(FleetQuery::Calm(stock::parts(plan, state)).into()),
        false => Inquiry::Known(Decision::Done),
    }
}

/// Where there is no gate: from here on work is being stopped. What bears notes already was stopped by somebody before.
fn find_in_notes(plan: &Plan, state: &mut State, calm: &CalmSeen) -> Decision {
    let found = Maintenance::from_notes(calm).filter(|found| found.run_id != plan.noted_run());
    if let Some(found) = found {
        let elsewhere = found.state.as_ref().filter(|_| !plan.state.is_empty());
        let is_ours = |state: &String| Note::default().of_state(&plan.state).state() == Some(state.as_str());
        if let Some(elsewhere) = elsewhere.filter(|state| !is_ours(state)) {
            return Decision::Fail(entered_elsewhere(plan, &found, elsewhere));
        }
        if state.found.is_none() {
            state.found = Some(found);
        }
    }
    state.taken.begun = true;
    Decision::Done
}

/// The run was overtaken behind its gate: the rules are made anew, for a late call may delete those that are there. A gate that
/// was found is another run's, and one that is being opened is relied on by nobody.
pub(crate) fn revoke(state: &mut State) {
    state.renewals.clear();
    if state.taken.begun
        && state.found.is_none()
        && state.opened_at.is_none()
        && state.step != crate::Step::OpenGate
        && state.outcome.is_none()
    {
        let doors = state.doors.iter().filter(|door| door.closed);
        state.renewals =
            doors.map(|door| Renewal { listener_arn: door.listener_arn.clone(), gate: None }).collect();
    }
}

/// Done when the first gate that is to be made anew has been: its own rules first, then the overtaken one's are deleted.
pub(crate) fn renew(plan: &Plan, state: &mut State, seen: &[DoorSeen], at: Timestamp) -> Decision {
    let Some(renewal) = state.renewals.first().cloned() else { return Decision::Done };
    let listener_arn = &renewal.listener_arn;
    let Some(seen) = seen.iter().find(|seen| seen.listener_arn == *listener_arn && seen.exists) else {
        state.renewals.remove(0);
        return Decision::Done;
    };
    let mine: Vec<&GateRuleSeen> = seen.rules.iter().filter(|rule| rule.run_id == plan.run_id).collect();
    let Some(gate) = renewal.gate.clone().or_else(|| moved(plan, state, seen)) else {
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
        let door = state.doors.iter_mut().find(|door| door.listener_arn == *listener_arn);
        if let Some(door) = door {
            door.gate = Some(gate.clone());
        }
    }
    let (revoked, new): (Vec<&GateRuleSeen>, Vec<&GateRuleSeen>) =
        mine.into_iter().partition(|rule| state.revoked_rules.contains(&rule.rule_arn));
    let missing: Vec<i32> = priorities(&gate)
        .into_iter()
        .filter(|priority| !new.iter().any(|rule| rule.priority == Some(*priority)))
        .collect();
    if !missing.is_empty() {
        // Users are kept out since the first of these gates was closed.
        let notes = revoked.iter().filter(|rule| rule.closes).filter_map(|rule| rule.note.as_deref());
        let since = notes.filter_map(|note| Note::read(note).at()).min().unwrap_or(at);
        return Decision::Act(make(plan, &state.begun_by, listener_arn, gate, missing, since));
    }
    if revoked.is_empty() {
        state.renewals.remove(0);
        return Decision::Done;
    }
    delete(&revoked)
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
fn moved(plan: &Plan, state: &State, seen: &DoorSeen) -> Option<Gate> {
    let is_closed = seen.rules.iter().any(|rule| rule.closes && rule.run_id == plan.run_id);
    let ours = seen.rules.iter().filter_map(|rule| rule.priority).collect();
    let door = state.doors.iter().find(|door| door.listener_arn == seen.listener_arn)?;
    let gate = door.gate.clone().or_else(|| page_of(plan))?;
    takeover::moved(&gate, &priorities(&gate), &ours, &taken_of(seen)).filter(|_| is_closed)
}

/// The priorities that the platform's rules have.
fn taken_of(seen: &DoorSeen) -> BTreeSet<i32> {
    seen.others.iter().map(|rule| rule.priority).collect()
}

/// The priorities of a gate's rules, the admitting ones first: whoever is let through is never shut out for a moment.
fn priorities(gate: &Gate) -> Vec<i32> {
    gate.admitting_rules.iter().map(|rule| rule.priority).chain([gate.priority]).collect()
}

/// The gate for a listener that no plan knows: everybody is kept out, for the platform's own rules, of which copies would let
/// admitted addresses through, may not be there yet. `None`: nothing is closed by this plan.
fn page_of(plan: &Plan) -> Option<Gate> {
    let (_, gate) = plan.gates().next()?;
    let (admitted, admitting_rules, makes_room) = (Vec::new(), Vec::new(), Vec::new());
    Some(Gate { admitted, admitting_rules, makes_room, ..gate.clone() })
}

fn make(plan: &Plan, by: &str, listener_arn: &str, gate: Gate, missing: Vec<i32>, since: Timestamp) -> Act {
    Act::Fleet(FleetAct::CloseGate {
        listener_arn: listener_arn.to_owned(),
        gate,
        run_id: plan.run_id.clone(),
        note: plan.note_on(listener_arn, since).by(by).write(),
        missing,
    })
}

/// Close the gate on a listener that the update has just made; `None`: this plan closes none.
pub(crate) fn close_new_door(plan: &Plan, by: &str, seen: &DoorSeen, at: Timestamp) -> Option<Act> {
    let gate = page_of(plan)?;
    let gate = takeover::moved(&gate, &[gate.priority], &BTreeSet::new(), &taken_of(seen)).unwrap_or(gate);
    let missing = vec![gate.priority];
    Some(make(plan, by, &seen.listener_arn, gate, missing, at))
}

/// Open when no gate rule is there that this run made or takes over: a finished upgrade, and whoever leaves maintenance,
/// takes over all of them. Looked at once more, only those that came late are deleted.
fn open(plan: &Plan, state: &mut State, seen: &[DoorSeen]) -> Decision {
    let takes_over = state.takes_over(plan);
    let is_concerned = |rule: &GateRuleSeen| match state.looking_once_more {
        true => second_look::is_late(plan, state, rule),
        false => takes_over || rule.run_id == plan.run_id,
    };
    let concerned: Vec<GateRuleSeen> = rules_of(seen).into_iter().filter(is_concerned).collect();
    state.opened_runs.extend(concerned.iter().map(|rule| rule.run_id.clone()));
    let rule_arns: Vec<String> = concerned.into_iter().map(|rule| rule.rule_arn).collect();
    if !rule_arns.is_empty() {
        return Decision::act(FleetAct::OpenGate { rule_arns });
    }
    give_room_back(plan, state, seen).unwrap_or(Decision::Done)
}

/// The doors of a plan, none of them closed yet.
pub(crate) fn doors(plan: &Plan) -> Vec<Door> {
    plan.gates()
        .map(|(arn, gate)| Door { listener_arn: arn.to_owned(), closed: false, gate: Some(gate.clone()) })
        .collect()
}
