//! CloudWatch: an upgrade would set off alarms; they are muted for the window, and act again afterwards.

use crate::act::Act;
use crate::observation::{AlarmSeen, Query};
use crate::plan::Plan;
use crate::state::State;
use crate::steps::{Decision, Look};

pub(crate) fn look(plan: &Plan, state: &State) -> Look {
    let alarms = &state.targets.alarms;
    if alarms.is_empty() || !plan.maintenance.mute_alarms {
        return Look::Known(Decision::Done);
    }
    Look::Ask(Query::Alarms { names: alarms.iter().map(|alarm| alarm.physical_id.clone()).collect() })
}

/// Done when none of them acts.
pub(crate) fn mute(state: &mut State, alarms: &[AlarmSeen]) -> Decision {
    state.before.alarms.get_or_insert_with(|| alarms.to_vec());
    set(alarms, false, |_| true)
}

/// Done when each acts that acted before and is still there. One that the update made new acts anyway.
pub(crate) fn unmute(state: &State, alarms: &[AlarmSeen]) -> Decision {
    let Some(before) = &state.before.alarms else { return Decision::Done };
    set(alarms, true, |alarm| {
        before.iter().any(|earlier| earlier.name == alarm.name && earlier.actions_enabled)
    })
}

fn set(alarms: &[AlarmSeen], enabled: bool, concerned: impl Fn(&AlarmSeen) -> bool) -> Decision {
    let wrong: Vec<String> = alarms
        .iter()
        .filter(|alarm| alarm.actions_enabled != enabled && concerned(alarm))
        .map(|alarm| alarm.name.clone())
        .collect();
    if wrong.is_empty() {
        Decision::Done
    } else {
        Decision::Act(Act::SetAlarmActions { names: wrong, enabled })
    }
}
