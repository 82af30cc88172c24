//! Names that the release chooses and that are in the way: of a replacement, or of an addition.

use changeset::expect::{Expectation, Refusal};

use super::finding::Finding;
use super::{Check, CheckInput, CheckResult};

/// Custom names that would collide.
pub(super) const CUSTOM_NAMES: Check = Check::new("custom-names", "Custom names", custom_names);

fn custom_names(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    for (one, refusal) in input.expectations().iter().filter_map(|one| Some((one, name_collision(one)?))) {
        finding.fail(
            format!("{}: {refusal}", one.logical_id),
            "A new resource needs another name while the old one is there. Give it one through its parameter, or ask the \
             vendor.",
        );
    }
    match &input.circumstances.taken_names {
        Err(reason) => {
            return finding
                .skipped(format!("Whether names are taken already could not be looked at: {reason}"));
        }
        Ok(taken) => {
            for (logical_id, name) in taken {
                if let Some(holder) = input.deployment.resources.iter().find(|one| one.physical_id == *name) {
                    finding.fail(
                        format!(
                            "{logical_id} would be called {name}, and {} of this stack has that name: what the update removes \
                             goes after all that it makes.",
                            holder.logical_id
                        ),
                        "Ask the vendor for another name, or for a release in between that removes the old one.",
                    );
                    continue;
                }
                finding.fail(
                    format!("{logical_id} would be called {name}, and something of that name exists outside of the stack."),
                    "Rename or remove what has the name, or import it into the stack. Retained by an earlier removal, \
                     perhaps?",
                );
            }
            for reason in &input.circumstances.unknown_names {
                finding.note(format!("Not looked at: {reason}."));
            }
            if taken.is_empty() {
                finding.note("No name that the update takes is taken already.");
            }
        }
    }
    if let Err(reason) = input.foretold {
        return finding.skipped(format!("What the update will do can't be told: {reason}"));
    }
    finding.done()
}

/// The refusal of a resource whose replacement would meet its own name.
fn name_collision(one: &Expectation) -> Option<&Refusal> {
    one.refusal().filter(|refusal| match refusal {
        Refusal::CustomName { .. } => true,
        Refusal::Taken(collision) => collision.is_name,
        Refusal::NoSuchAttribute { .. } | Refusal::Invalid(_) | Refusal::ByRule { .. } => false,
    })
}

/// Whether that is why it fails.
pub(super) fn is_name_collision(one: &Expectation) -> bool {
    name_collision(one).is_some()
}
