//! What is accepted of an upgrade: by its operator, by the settings for a time, by a rehearsal whatever it is.

use changeset::expect::Expected;
use upgrade::{Acceptance, CheckResult, DraftedUpdate, in_the_way};

use super::UpgradeRequest;
use crate::configuration::AcceptedCheck;
use crate::site::Site;

/// What the operator accepts, and what the settings accept for a time that isn't over.
pub(super) fn accepted(site: &Site, request: &UpgradeRequest) -> Vec<Acceptance> {
    let mut accepted = request.choices.accepted.clone();
    let now = site.clock.now();
    for settled in site.settings.accepted.iter().filter(|one| !one.is_expired(now)) {
        if accepted.iter().all(|one| one.what != settled.check) {
            let (what, why) = (settled.check.clone(), settled.reason.clone());
            accepted.push(Acceptance { what, who: settled.by(), why, of: Vec::new() });
        }
    }
    accepted
}

/// Say where a check warns again since what the settings said of it counts no more.
pub(super) fn tell_expired(checks: &mut [CheckResult], accepted: &[Acceptance], site: &Site) {
    let now = site.clock.now();
    for settled in site.settings.accepted.iter().filter(|one| one.is_expired(now)) {
        let AcceptedCheck { check, reason: _, who, until, over: _ } = settled;
        let warns = |one: &&mut CheckResult| one.id == *check && one.verdict == upgrade::Verdict::Warning;
        if let Some(result) = checks.iter_mut().find(warns)
            && !accepted.iter().any(|one| one.covers(result))
        {
            result
                .evidence
                .push(format!("{who} had accepted it in the settings until {until}, which is over."));
        }
    }
}

/// A rehearsal's yes.
fn rehearsed(what: &str) -> Acceptance {
    Acceptance {
        what: what.to_owned(),
        who: "the rehearsal".to_owned(),
        why: "nothing real is touched".to_owned(),
        of: Vec::new(),
    }
}

/// Accept that every resource goes that an update replaces or removes.
pub(super) fn accept_replacements(accepted: &mut Vec<Acceptance>, drafted: Option<&DraftedUpdate>) {
    let expectations = drafted.into_iter().flat_map(|drafted| &drafted.expectations);
    let goes = |expected: Expected| {
        matches!(expected, Expected::Replaced | Expected::MayBeReplaced | Expected::Removed)
    };
    accepted.extend(expectations.filter(|one| goes(one.expected)).map(|one| rehearsed(&one.logical_id)));
}

/// Accept whatever checks warn of.
pub(super) fn accept_warnings(accepted: &mut Vec<Acceptance>, checks: &[CheckResult]) {
    let warned: Vec<Acceptance> =
        in_the_way(checks, accepted).into_iter().map(|check| rehearsed(&check.id)).collect();
    accepted.extend(warned);
}

/// What was accepted and had to be: a check that simply passed needs nobody's word.
pub(super) fn needed(accepted: &[Acceptance], checks: &[CheckResult]) -> Vec<Acceptance> {
    let idle = |one: &&Acceptance| {
        checks.iter().any(|check| check.id == one.what && check.verdict != upgrade::Verdict::Warning)
    };
    accepted.iter().filter(|one| !idle(one)).cloned().collect()
}
