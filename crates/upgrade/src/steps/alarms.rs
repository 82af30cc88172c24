//! CloudWatch: an upgrade would set off alarms; they are muted for the window, and act again afterwards.

use crate::Timestamp;
use crate::act::{Act, FleetAct, Memory, NotedResource};
use crate::note::Note;
use crate::observation::{AlarmSeen, Observation, left_behind, physical_ids};
use crate::plan::Plan;
use crate::query::FleetQuery;
use crate::state::State;
use crate::step::{OnFailure, StepRules};
use crate::steps::{Decision, Inquiry};

/// The note's word: whether its actions were enabled.
const ACTIONS: &str = "actions";

pub(crate) fn mute_alarms() -> StepRules {
    StepRules {
        is_needed: |plan| plan.maintenance.mute_alarms && !plan.targets.alarms.is_empty(),
        on_failure: OnFailure::Remark,
        calms_again: true,
        ..StepRules::new(
            "Mute alarms",
            |plan, state, _| inquiry(plan, state, physical_ids(&state.targets.alarms)),
            |plan, state, seen, at| {
                let Observation::Alarms(alarms) = seen else { return None };
                Some(mute(plan, state, alarms, at))
            },
        )
    }
}

pub(crate) fn unmute_alarms() -> StepRules {
    StepRules::new(
        "Unmute alarms",
        |plan, state, _| {
            let mut names = physical_ids(&state.targets.alarms);
            let before = state.before.alarms.iter().map(|alarm| &alarm.name);
            names.extend(left_behind(before, &state.targets.alarms));
            inquiry(plan, state, names)
        },
        |plan, state, seen, _| {
            let Observation::Alarms(alarms) = seen else { return None };
            Some(unmute(plan, state, alarms))
        },
    )
    .restoring()
}

fn inquiry(plan: &Plan, state: &State, names: Vec<String>) -> Inquiry {
    let idle = !plan.maintenance.mute_alarms && !state.takes_over(plan);
    if names.is_empty() || idle {
        return Inquiry::Known(Decision::Done);
    }
    Inquiry::Ask(FleetQuery::Alarms { names }.into())
}

/// Done when none of them acts. One that acted gets its note first; one that its owner muted gets none, and stays muted.
fn mute(plan: &Plan, state: &mut State, alarms: &[AlarmSeen], at: Timestamp) -> Decision {
    let mut memories = Vec::new();
    for alarm in alarms {
        let noted = note(plan, state, alarm).is_some();
        if (alarm.actions_enabled || noted) && !state.before.alarms.iter().any(|one| one.name == alarm.name) {
            state.before.alarms.push(AlarmSeen { actions_enabled: true, ..alarm.clone() });
        }
        if alarm.actions_enabled && !noted {
            let text = plan.note_on(&alarm.name, at).with(ACTIONS, "enabled").write();
            memories.push(Memory { resource: NotedResource::Alarm(alarm.name.clone()), text });
        }
    }
    if !memories.is_empty() {
        return Decision::act(FleetAct::Remember { memories });
    }
    state.drained.extend(alarms.iter().map(|alarm| alarm.name.clone()));
    let acting = names(alarms, |alarm| alarm.actions_enabled);
    if !acting.is_empty() {
        return Decision::act(FleetAct::SetAlarmActions { names: acting, enabled: false });
    }
    state.taken.alarms = true;
    Decision::Done
}

/// An alarm that acts again behind the closed gate was set so by the update, or by somebody: it is muted again and told.
pub(crate) fn mute_again(state: &mut State, alarms: &[AlarmSeen]) -> Option<Act> {
    let acting = names(alarms, |alarm| alarm.actions_enabled);
    if acting.is_empty() {
        return None;
    }
    state.came_back.push(format!("alarms acted again, and were muted again: {}", acting.join(", ")));
    Some(Act::Fleet(FleetAct::SetAlarmActions { names: acting, enabled: false }))
}

/// Done when each acts that this run muted, or, where it takes maintenance over, that bears our note; and no such note is
/// left. One that is new acts anyway; one that its owner muted stays so.
fn unmute(plan: &Plan, state: &mut State, alarms: &[AlarmSeen]) -> Decision {
    let takes_over = state.takes_over(plan);
    if plan.left_without_state {
        keep_notes(plan, state, alarms);
    }
    let state = &*state;
    let known = |alarm: &AlarmSeen| state.before.alarms.iter().any(|earlier| earlier.name == alarm.name);
    let wanted = |alarm: &AlarmSeen| {
        (known(alarm) && state.journal_counts(plan, &alarm.name, !alarm.actions_enabled))
            || (takes_over && note(plan, state, alarm).is_some())
    };
    let silent = names(alarms, |alarm| !alarm.actions_enabled && wanted(alarm));
    if !silent.is_empty() {
        return Decision::act(FleetAct::SetAlarmActions { names: silent, enabled: true });
    }
    let noted = |alarm: &&AlarmSeen| {
        alarm.remembered.is_some() && (takes_over || (known(alarm) && state.has_taken(plan, &alarm.name)))
    };
    let resources: Vec<NotedResource> =
        alarms.iter().filter(noted).map(|alarm| NotedResource::Alarm(alarm.name.clone())).collect();
    if resources.is_empty() { Decision::Done } else { Decision::act(FleetAct::Forget { resources }) }
}

/// Notes are taken off with what they say; whoever looks once more, and has no journal, knows it from the first look.
fn keep_notes(plan: &Plan, state: &mut State, alarms: &[AlarmSeen]) {
    for alarm in alarms {
        let is_known = state.before.alarms.iter().any(|earlier| earlier.name == alarm.name);
        if !is_known && note(plan, state, alarm).is_some() {
            state.before.alarms.push(AlarmSeen { actions_enabled: true, ..alarm.clone() });
        }
    }
}

/// That an alarm is still as maintenance left it.
pub(crate) fn still_taken(alarm: &AlarmSeen) -> Option<String> {
    let note = Note::read(alarm.remembered.as_deref()?);
    (note.is_of(&alarm.name) && !alarm.actions_enabled).then(|| format!("alarm {} is muted", alarm.name))
}

fn note(plan: &Plan, state: &State, alarm: &AlarmSeen) -> Option<Note> {
    state.counting_note(plan, alarm.remembered.as_deref(), &alarm.name, !alarm.actions_enabled)
}

fn names(alarms: &[AlarmSeen], concerned: impl Fn(&AlarmSeen) -> bool) -> Vec<String> {
    alarms.iter().filter(|alarm| concerned(alarm)).map(|alarm| alarm.name.clone()).collect()
}
