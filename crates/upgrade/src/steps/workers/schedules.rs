//! Scheduled actions: suspended for the maintenance, so that none raises a group that was taken to zero, and resumed by
//! whoever puts the group back. The group's note tells that it was maintenance that suspended them, and not their owner.

use crate::act::{Act, FleetAct};
use crate::note::Note;
use crate::observation::WorkerGroup;
use crate::obstacles::{SCHEDULED_ACTIONS, is_suspended};
use crate::state::State;

/// The note's word: that they were active.
const SCHEDULES: &str = "schedules";
const ACTIVE: &str = "active";

/// Whether a group has scheduled actions that its owner hasn't suspended, and of which its note tells nothing yet.
pub(super) fn is_to_note(state: &State, group: &WorkerGroup, noted: Option<&Note>) -> bool {
    let is_told = noted.is_some_and(are_ours);
    state.scheduled_groups.contains(&group.name) && !is_suspended(group, SCHEDULED_ACTIONS) && !is_told
}

/// A note that tells of them.
pub(super) fn note(note: Note) -> Note {
    note.with(SCHEDULES, ACTIVE)
}

/// Whether a note says that maintenance suspends them.
fn are_ours(note: &Note) -> bool {
    note.word(SCHEDULES) == Some(ACTIVE)
}

fn read_note(remembered: Option<&String>) -> Note {
    Note::read(remembered.map(String::as_str).unwrap_or_default())
}

/// Suspend those of groups whose note says so.
pub(super) fn suspend(groups: &[WorkerGroup]) -> Option<FleetAct> {
    let noted = |group: &&WorkerGroup| {
        let note = read_note(group.remembered.as_ref());
        note.is_of(&group.name) && are_ours(&note) && !is_suspended(group, SCHEDULED_ACTIONS)
    };
    let group_names: Vec<String> = groups.iter().filter(noted).map(|group| group.name.clone()).collect();
    (!group_names.is_empty()).then_some(FleetAct::SetScheduledActions { group_names, active: false })
}

/// Whether maintenance suspended a group's, and they are suspended still. `earlier` is the group as it was, with its note.
pub(super) fn are_to_resume(group: &WorkerGroup, earlier: &WorkerGroup) -> bool {
    are_ours(&read_note(earlier.remembered.as_ref())) && is_suspended(group, SCHEDULED_ACTIONS)
}

/// That they are suspended still, by a note that counts.
pub(super) fn still_suspended(group: &WorkerGroup, note: &Note) -> bool {
    are_ours(note) && is_suspended(group, SCHEDULED_ACTIONS)
}

/// Whether an act is the suspension of scheduled actions: nobody is kept out because that was refused.
pub(crate) fn is_suspension(act: &Act) -> bool {
    matches!(act, Act::Fleet(FleetAct::SetScheduledActions { active: false, .. }))
}
