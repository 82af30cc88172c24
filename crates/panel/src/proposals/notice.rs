//! The notice that users were to have of a gate that closes.

use upgrade::{Plan, Timestamp};

use super::Proposal;

/// A shorter notice than this is not missed when it has passed.
pub(crate) const NOTICE_TO_KEEP_MILLISECONDS: u64 = 60_000;

/// Says so when users would not have the notice that was meant for them: less than half of it is left, or the time that
/// somebody chose has passed.
pub(crate) fn missed_notice(
    proposal: &Proposal,
    plan: &Plan,
    drawn_at: Timestamp,
    now: Timestamp,
) -> Option<String> {
    let closes_at = plan.announcement.closes_at?;
    if proposal.choices.closes_at.is_some_and(|chosen| chosen <= now) {
        return Some(
            "The time that was chosen for the gate to close has passed. Choose another, or say that it may close at once."
                .to_owned(),
        );
    }
    let promised = closes_at.milliseconds_since(drawn_at);
    let left = closes_at.milliseconds_since(now);
    if promised < NOTICE_TO_KEEP_MILLISECONDS || left * 2 >= promised {
        return None;
    }
    Some(format!(
        "Users were to be told {} minutes before the gate closes, and {} are left. Look again for a new time, or say that \
         the shorter notice will do.",
        promised / 60_000,
        left / 60_000
    ))
}
