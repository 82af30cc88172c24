//! Whether CloudFormation takes the new template: its size, where it is, what must be acknowledged. That it could be
//! read and that its structure is sound was found before there was anything to check.

use changeset::capabilities::{Capability, capabilities};
use template::Limit;

use super::finding::{Finding, count, list};
use super::{Check, CheckInput, CheckResult};

/// The template against CloudFormation's quotas.
pub(super) const TEMPLATE_LIMITS: Check = Check::new("template-limits", "Template within limits", limits);

fn limits(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    for limit_use in input.after.limits() {
        match limit_use.limit {
            // A plan's template comes from S3 in any case.
            Limit::InlineBytes => {}
            Limit::Resources
            | Limit::Parameters
            | Limit::Outputs
            | Limit::Mappings
            | Limit::MappingAttributes
            | Limit::DescriptionBytes
            | Limit::Bytes => {
                if limit_use.is_exceeded() {
                    finding.fail(
                        format!("{limit_use}."),
                        "The vendor has to make the template smaller; CloudFormation refuses this one.",
                    );
                } else if limit_use.used.saturating_mul(10) >= limit_use.limit.maximum().saturating_mul(9) {
                    finding.note(format!("{limit_use}: nearly full."));
                }
            }
        }
    }
    if input.after.has_foreign_macro() {
        finding.note(format!(
            "{} rewrites the template on AWS: what comes of it is counted only there.",
            list(input.after.transforms.iter().map(String::as_str))
        ));
    }
    finding.note(format!(
        "{}, {}, {}.",
        count(input.after.resources.len(), "resource"),
        count(input.after.parameters.len(), "parameter"),
        count(input.after.size_bytes, "byte")
    ));
    finding.done()
}

/// Whether CloudFormation can read it.
pub(super) const TEMPLATE_REACHABLE: Check =
    Check::new("template-reachable", "Template can be read by CloudFormation", reachable);

fn reachable(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    match input.template_reachable {
        None => return finding.skipped("Nobody has looked whether the template is in S3."),
        Some(Ok(())) => finding.note("The template, and what it brings in, can be read where the plan says it is."),
        Some(Err(reason)) => finding.fail(
            format!("Not everything can be read where the plan says it is: {reason}."),
            "CloudFormation reads it from S3 with the caller's rights: upload it, or allow s3:GetObject on it.",
        ),
    }
    finding.done()
}

/// What has to be acknowledged, and whether it is more than last time.
pub(super) const CAPABILITIES: Check = Check::new("capabilities", "Capabilities", capabilities_of);

fn capabilities_of(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let had = &input.circumstances.stack.capabilities;
    let before = capabilities(&input.before.template);
    for needed in capabilities(input.after) {
        let word = needed.capability.word();
        let because_of = list(needed.because_of.iter().map(String::as_str));
        // Creating a change set doesn't ask for CAPABILITY_AUTO_EXPAND, so the stack may never have had it in words.
        let same = before.iter().find(|old| old.capability == needed.capability);
        let covered = had.iter().any(|one| one == word)
            || same.is_some()
            // The named one includes the other.
            || (needed.capability == Capability::Iam && had.iter().any(|one| one == Capability::NamedIam.word()));
        if covered {
            finding.note(format!("{word}, as before, because of {because_of}."));
            let new =
                needed.because_of.iter().filter(|id| same.is_some_and(|old| !old.because_of.contains(*id)));
            let new: Vec<&str> = new.map(String::as_str).collect();
            if !new.is_empty() {
                finding.note(format!("New among these: {}.", new.join(", ")));
            }
        } else {
            finding.warn(
                format!("{word} was not needed before and is now, because of {because_of}."),
                "Look at what these allow before you approve the plan, which acknowledges it.",
            );
        }
    }
    finding.done()
}
