//! What follows from taking a run over from a conducting that fell silent. AWS knows no fence: calls that the overtaken one
//! had sent may arrive until their signature is too old. So a taker revokes before it relies (the change set and the gate's
//! rules are made anew, under other names), and what was done is looked at once more when nothing can arrive any more.

use std::collections::BTreeSet;

use crate::Timestamp;
use crate::plan::{Gate, Plan, RunKind};
use crate::state::State;
use crate::step::Step;
use crate::steps::{change_set, gate};

/// For how long a call that was sent may still be taken: AWS refuses a signature that is older than five minutes
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>).
pub const LATE_SECONDS: u64 = 300;

/// What clocks may differ by, and what a call takes that was let in at the last moment.
const MARGIN_SECONDS: u64 = 30;

/// The gate on one listener that is made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    pub listener_arn: String,
    /// The gate at the priorities that its new rules have; `None` until the rules that were there have been seen.
    pub gate: Option<Gate>,
}

/// Note that the run was taken over, and what nothing may rely on any more.
pub(crate) fn overtaken(plan: &Plan, state: &mut State, at: Timestamp) {
    state.overtaken_at = Some(at);
    state.times_overtaken += 1;
    change_set::revoke(plan, state);
    gate::revoke(state);
    // What nobody put back stays so, whatever arrives; else the last look comes after what may.
    if state.step == Step::TakeStock && state.stuck.is_none() {
        state.step = Step::LookOnceMore;
    }
}

/// When no call can arrive any more that a conducting before had sent, or that was given up without an answer; `None`: there is
/// none that could.
pub(crate) fn settled_at(plan: &Plan, state: &State) -> Option<Timestamp> {
    // Who left without state knows nothing of the run elsewhere but that its gate was opened then.
    let opened_at = state.opened_at.filter(|_| plan.left_without_state);
    let since = state.overtaken_at.max(state.unanswered_at).max(opened_at)?;
    Some(since.plus_seconds(LATE_SECONDS + MARGIN_SECONDS))
}

/// Whether what was done has to be looked at once more before the run ends: it was last looked at when calls could still
/// arrive late.
pub(crate) fn is_to_look_once_more(plan: &Plan, state: &State, at: Timestamp) -> bool {
    let looked_at = if stays_entered(plan, state) { Some(at) } else { state.leaving_since };
    settled_at(plan, state).is_some_and(|settled_at| looked_at.is_none_or(|looked_at| looked_at < settled_at))
}

/// Whether the run ends with users kept out, as it was asked to: the calm is watched until it ends.
pub(crate) fn stays_entered(plan: &Plan, state: &State) -> bool {
    plan.kind == RunKind::EnterMaintenance && state.failure.is_none() && state.stays.is_none()
}

/// Whether calls of the overtaken conducting may still arrive.
pub(crate) fn is_late_possible(plan: &Plan, state: &State, at: Timestamp) -> bool {
    settled_at(plan, state).is_some_and(|settled_at| at < settled_at)
}

/// A gate's rules at other priorities, in the same order and before every rule of the platform, whose priorities are `others`;
/// `None`: there is no room beside those and the `ours` that are taken.
pub(crate) fn moved(
    gate: &Gate,
    priorities: &[i32],
    ours: &BTreeSet<i32>,
    others: &BTreeSet<i32>,
) -> Option<Gate> {
    let lowest = priorities.iter().min().copied()?;
    let first = others.first().copied().unwrap_or(i32::MAX);
    let is_free = |priority: i32| priority < first && !ours.contains(&priority);
    let by = (0..lowest).find(|by| priorities.iter().all(|priority| is_free(priority - by)))?;
    let mut moved = gate.clone();
    moved.priority -= by;
    moved.admitting_rules.iter_mut().for_each(|rule| rule.priority -= by);
    Some(moved)
}
