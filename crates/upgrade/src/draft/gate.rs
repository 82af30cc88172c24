//! The rules that will close the gate: where there is room for them, and what they say.

use std::collections::BTreeSet;

use crate::act::RuleMove;
use crate::circumstances::ListenerRule;
use crate::door::ListenerSeen;
use crate::draft::DraftError;
use crate::plan::{AdmittingRule, Gate};

/// A rule takes 5 condition values in all (Elastic Load Balancing quotas).
const VALUES_A_RULE: usize = 5;

/// Where the platform's rules make room, they make it for the gate and for two that takers make anew before it.
const GATES: i32 = 3;

/// Priorities are 1 to 50000 (API reference, CreateRule).
const MOST_PRIORITY: i32 = 50_000;

/// A fixed response carries 1,024 bytes (Elastic Load Balancing user guide, "Fixed-response actions").
pub const MOST_PAGE_BYTES: usize = 1024;

/// Rules before all others. The gate's own is the last before the platform's first; before it one copy of each of the
/// platform's rules for every handful of admitted addresses, in the platform's order. `new_priorities` are those that the
/// update gives to rules of the listener: a gate that has one of them makes the update fail, and one that comes after lets
/// users in.
pub(super) fn gate(
    listener: &ListenerSeen,
    admitted: &[String],
    message: Option<&str>,
    new_priorities: &BTreeSet<i32>,
) -> Result<Gate, DraftError> {
    let body = page(message);
    if body.len() > MOST_PAGE_BYTES {
        return Err(DraftError::PageTooLong { bytes: body.len(), most: MOST_PAGE_BYTES });
    }
    let mut own: Vec<&ListenerRule> = listener.rules.iter().filter(|rule| rule.run_id.is_none()).collect();
    // The default rule has no priority and comes last.
    own.sort_by_key(|rule| rule.priority.unwrap_or(i32::MAX));
    let there = own.iter().filter_map(|rule| rule.priority);
    let lowest = there.chain(new_priorities.iter().copied()).min().unwrap_or(50_001);
    let mut copies = Vec::new();
    if !admitted.is_empty() {
        for rule in own {
            // The default rule's copy needs a condition of its own, for its path.
            let taken = if rule.priority.is_some() { rule.condition_values as usize } else { 1 };
            let room = VALUES_A_RULE.saturating_sub(taken);
            if room == 0 {
                return Err(DraftError::NoRoomForAddress { rule_arn: rule.rule_arn.clone() });
            }
            for addresses in admitted.chunks(room) {
                copies.push((rule.rule_arn.clone(), addresses.to_vec()));
            }
        }
    }
    let needed = i32::try_from(copies.len()).unwrap_or(i32::MAX).saturating_add(1);
    let no_room = |lowest| DraftError::NoRoomForGate { listener: listener.name(), needed, lowest };
    if let Some(new) = new_priorities.first().filter(|new| **new <= needed) {
        return Err(no_room(*new));
    }
    let makes_room = if lowest <= needed {
        room(&listener.rules, needed * GATES, new_priorities).ok_or_else(|| no_room(lowest))?
    } else {
        Vec::new()
    };
    // Alone, half of the lowest leaves room on both sides.
    let priority = match (makes_room.is_empty(), copies.is_empty()) {
        (false, _) => needed * GATES,
        (true, true) => lowest / 2,
        (true, false) => lowest - 1,
    };
    let first = priority - (needed - 1);
    let admitting_rules = copies
        .into_iter()
        .zip(first..)
        .map(|((copy_of, addresses), priority)| AdmittingRule { priority, copy_of, addresses })
        .collect();
    Ok(Gate {
        priority,
        status_code: 503,
        content_type: "text/html".to_owned(),
        body,
        admitted: admitted.to_vec(),
        admitting_rules,
        makes_room,
    })
}

/// The gate's rules on a listener, whatever its page says.
pub(crate) fn gate_on(
    listener: &ListenerSeen,
    admitted: &[String],
    new_priorities: &BTreeSet<i32>,
) -> Result<Gate, DraftError> {
    gate(listener, admitted, None, new_priorities)
}

/// How the platform's rules make room for `needed` of ours before them, in their order; the update's new priorities stay
/// free. `None`: there is none.
fn room(rules: &[ListenerRule], needed: i32, new_priorities: &BTreeSet<i32>) -> Option<Vec<RuleMove>> {
    let mut own: Vec<(&str, i32)> = rules
        .iter()
        .filter(|rule| rule.run_id.is_none())
        .filter_map(|rule| Some((rule.rule_arn.as_str(), rule.priority?)))
        .collect();
    own.sort_by_key(|(_, priority)| *priority);
    let (mut moves, mut last) = (Vec::new(), needed);
    for (rule_arn, from) in own {
        let mut to = from.max(last + 1);
        while to != from && new_priorities.contains(&to) {
            to += 1;
        }
        if to > MOST_PRIORITY {
            return None;
        }
        if to != from {
            moves.push(RuleMove { rule_arn: rule_arn.to_owned(), from, to });
        }
        last = to;
    }
    Some(moves)
}

/// What users see. It looks again by itself.
fn page(message: Option<&str>) -> String {
    let message = message.unwrap_or("A new version is being installed.");
    let text = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta http-equiv=\"refresh\" content=\"30\"><title>Maintenance</title>\
<body style=\"font:1.1rem/1.5 system-ui;max-width:32rem;margin:20vh auto;padding:0 1rem\">\
<h1>Maintenance in progress</h1><p>{text} This page looks again by itself \
every 30 seconds and lets you in when it is done.</p>"
    )
}
