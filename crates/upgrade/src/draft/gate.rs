//! The rules that will close the gate: where there is room for them, and what they say.

use crate::circumstances::ListenerRule;
use crate::draft::DraftError;
use crate::plan::{AdmittingRule, Gate};

/// A rule takes 5 condition values in all (Elastic Load Balancing quotas).
const VALUES_A_RULE: usize = 5;

/// A fixed response carries 1,024 bytes (Elastic Load Balancing user guide, "Fixed-response actions").
pub const MOST_PAGE_BYTES: usize = 1024;

/// Rules before all others. The gate's own is the last before the platform's first; before it one copy of each of the
/// platform's rules for every handful of admitted addresses, in the platform's order.
pub(super) fn gate(
    listener: &str,
    listener_arn: &str,
    rules: &[ListenerRule],
    admitted: &[String],
    message: Option<&str>,
) -> Result<Gate, DraftError> {
    let body = page(message);
    if body.len() > MOST_PAGE_BYTES {
        return Err(DraftError::PageTooLong { bytes: body.len(), most: MOST_PAGE_BYTES });
    }
    let mut own: Vec<&ListenerRule> =
        rules.iter().filter(|rule| rule.listener_arn == listener_arn && rule.run_id.is_none()).collect();
    // The default rule has no priority and comes last.
    own.sort_by_key(|rule| rule.priority.unwrap_or(i32::MAX));
    let lowest = own.iter().filter_map(|rule| rule.priority).min().unwrap_or(50_001);
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
    if lowest <= needed {
        return Err(DraftError::NoRoomForGate { listener: listener.to_owned(), needed, lowest });
    }
    // Alone, half of the lowest leaves room on both sides.
    let priority = if copies.is_empty() { lowest / 2 } else { lowest - 1 };
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
    })
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
