//! Data that goes with a resource which is replaced or removed: nothing of the kind happens unless somebody has said
//! yes to that very resource.

use changeset::risks::RiskKind;

use super::finding::Finding;
use super::{CheckInput, CheckResult};

/// Whether each loss of data was accepted, resource by resource.
pub(super) fn replacements(input: &CheckInput<'_>) -> CheckResult {
    let mut finding = Finding::new("replacements", "Data that would be lost");
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
        } else if risk.certain {
            finding.fail(
                risk.because.clone(),
                format!(
                    "Copy what is in it first. If it may go: --accept-replacement {logical_id}, which the plan records with \
                     your name and reason."
                ),
            );
        } else {
            finding.warn(
                format!("Not certain: {}", risk.because),
                format!("Make sure of a copy of {logical_id} before the upgrade."),
            );
        }
    }
    if !any {
        finding.note("No resource that keeps data is replaced or removed.");
    }
    finding.done()
}
