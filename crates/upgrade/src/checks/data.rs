//! Data that goes with a resource which is replaced or removed: nothing of the kind happens unless somebody has said
//! yes to that very resource.

use changeset::change_set::PolicyAction;
use changeset::expect::{Expectation, Expected};
use changeset::risks::RiskKind;

use super::finding::Finding;
use super::{Check, CheckInput, CheckResult};
use crate::draft::DraftedUpdate;

/// Whether each loss of data was accepted, resource by resource.
pub(super) const REPLACEMENTS: Check =
    Check::new("replacements", "Data that would be lost", replacements).accepted_singly();

fn replacements(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let foretold = match input.foretold {
        Ok(foretold) => foretold,
        Err(reason) => return finding.skipped(format!("What the update will do can't be told: {reason}")),
    };
    let mut any = false;
    for risk in foretold.risks.iter().filter(|risk| risk.kind == RiskKind::DataLost) {
        any = true;
        let Some(logical_id) = &risk.logical_id else { continue };
        if let Some(accepted) = input.acceptance(logical_id) {
            finding.note(format!("{} Accepted by {}: {}", risk.because, accepted.who, accepted.why));
        } else if let Some(one) = foretold.expectations.iter().find(|one| one.logical_id == *logical_id)
            && is_deleted(one)
        {
            let doubt = match one.expected {
                Expected::MayBeReplaced => {
                    "Only AWS knows whether it comes to this, and nothing stops it then: "
                }
                Expected::Unchanged
                | Expected::MayBeUpdated
                | Expected::UpdatedInPlace
                | Expected::InstancesReplaced
                | Expected::Replaced
                | Expected::Added
                | Expected::Removed
                | Expected::Fails => "",
            };
            finding.fail(
                format!("{doubt}{}", risk.because),
                format!(
                    "Copy what is in it first. If it may go: --accept-replacement {logical_id}, which the plan records with \
                     your name and reason."
                ),
            );
        } else {
            finding.warn(
                risk.because.clone(),
                format!("Nothing is deleted, but {logical_id} starts empty: plan how the data gets into the new one."),
            );
        }
    }
    if !any {
        finding.note("No resource that keeps data is replaced or removed.");
    }
    finding.done()
}

/// The resources whose data goes with them, certainly or perhaps: each must be accepted by its logical id.
#[must_use]
pub fn losses(foretold: &DraftedUpdate) -> Vec<String> {
    let lost = foretold.risks.iter().filter(|risk| risk.kind == RiskKind::DataLost);
    let ids = lost.filter_map(|risk| risk.logical_id.clone());
    let deleted =
        |id: &String| foretold.expectations.iter().any(|one| one.logical_id == *id && is_deleted(one));
    ids.filter(deleted).collect()
}

/// Whether what holds the data goes, certainly or perhaps. A snapshot of it isn't the new resource's data.
fn is_deleted(one: &Expectation) -> bool {
    match one.old_resource {
        Some(
            PolicyAction::Delete
            | PolicyAction::Snapshot
            | PolicyAction::ReplaceAndDelete
            | PolicyAction::ReplaceAndSnapshot,
        ) => true,
        Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain) | None => false,
    }
}
