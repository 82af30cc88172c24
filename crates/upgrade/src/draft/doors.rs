//! What becomes of every way in, with the rules that close it.

use std::collections::{BTreeMap, BTreeSet};

use super::{DraftError, Findings, PlanSettings};
use crate::door::{Closing, DoorWord, Judged, ListenerSeen, PlannedDoor, judge};
use crate::draft::gate::{gate, gate_on};
use crate::plan::RunKind;

/// Whether rules of the platform have to make room for the gate somewhere.
#[must_use]
pub fn makes_room(
    listeners: &[ListenerSeen],
    words: &BTreeMap<String, DoorWord>,
    admitted: &[String],
) -> bool {
    let nothing_new = BTreeSet::new();
    let moves =
        |listener| gate_on(listener, admitted, &nothing_new).is_ok_and(|gate| !gate.makes_room.is_empty());
    judge(listeners, words).into_iter().any(|(listener, judged)| judged == Judged::Close && moves(listener))
}

/// Every listener with what becomes of it. Whoever leaves maintenance is refused nothing: rules of ours may stand anywhere.
///
/// # Errors
/// The gate's rules don't fit on a listener; users could come in by one that can't be closed; there is nothing to close, and
/// nobody said that there is no gate.
pub(super) fn planned(
    kind: RunKind,
    settings: &PlanSettings,
    findings: &Findings<'_>,
) -> Result<Vec<PlannedDoor>, DraftError> {
    let nowhere = BTreeSet::new();
    let rules = |listener: &ListenerSeen| {
        let new = listener.logical_id.as_ref().and_then(|id| findings.new_priorities.get(id));
        gate(listener, &settings.admitted, settings.message.as_deref(), new.unwrap_or(&nowhere))
    };
    let mut doors = Vec::new();
    for (listener, judged) in judge(findings.listeners, &settings.door_words) {
        let closing = match judged {
            Judged::Close if settings.gateless => Closing::StaysOpen { reason: "gate = \"none\"".to_owned() },
            Judged::Close => match (rules(listener), kind) {
                (Ok(gate), _) => Closing::ByRules(gate),
                (Err(error), RunKind::LeaveMaintenance) => Closing::CantBeClosed { why: error.to_string() },
                (Err(error), RunKind::Upgrade | RunKind::EnterMaintenance) => return Err(error),
            },
            Judged::Other(Closing::CantBeClosed { .. }) if settings.gateless => {
                Closing::StaysOpen { reason: "gate = \"none\"".to_owned() }
            }
            Judged::Other(closing) => closing,
        };
        doors.push(PlannedDoor { listener: listener.resource(), words: listener.words(), closing });
    }
    if kind == RunKind::LeaveMaintenance || settings.gateless {
        return Ok(doors);
    }
    refuse_open(&doors)?;
    if doors.iter().all(|door| door.gate().is_none()) {
        return Err(DraftError::NoGate);
    }
    Ok(doors)
}

/// Nobody is kept out by a gate beside which users come in.
pub(super) fn refuse_open(doors: &[PlannedDoor]) -> Result<(), DraftError> {
    let open = doors.iter().filter(|door| matches!(door.closing, Closing::CantBeClosed { .. }));
    let open: Vec<String> = open.map(PlannedDoor::in_words).collect();
    if open.is_empty() { Ok(()) } else { Err(DraftError::DoorsStayOpen(open)) }
}
