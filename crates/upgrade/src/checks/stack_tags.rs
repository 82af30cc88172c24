//! Whether the update changes the stack's own tags, which reach much further than the template's changes do.

use std::collections::BTreeMap;

use super::finding::{Finding, list};
use super::{Check, CheckInput, CheckResult};

/// What the update does to the stack's tags: CloudFormation hands them on to every resource that takes tags (user guide,
/// "Set CloudFormation stack options"), so that each of them is updated, as it is foretold.
pub(super) const STACK_TAGS: Check = Check::new("stack-tags", "Stack tags", check);

fn check(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let changed = changed(input);
    if changed.is_empty() {
        finding.note("They stay as they are.");
        return finding.done();
    }
    finding.warn(
        format!(
            "Changed, added or taken away: {}. CloudFormation hands the stack's tags on to every resource that takes tags, so \
             each of them is updated, and what is foretold lists them all.",
            list(changed.iter().map(String::as_str))
        ),
        "Change tags by an update of their own, when nothing else is at stake; or leave them as they are.",
    );
    finding.done()
}

/// Whether the update touches every resource that takes tags.
pub(super) fn is_retagged(input: &CheckInput<'_>) -> bool {
    !changed(input).is_empty()
}

/// The keys of the stack's tags that don't stay as they are.
fn changed(input: &CheckInput<'_>) -> Vec<String> {
    let Some(tags) = input.foretold.ok().and_then(|foretold| foretold.update.proposal.tags.as_ref()) else {
        return Vec::new();
    };
    let wished: BTreeMap<&String, &String> = tags.iter().map(|(key, value)| (key, value)).collect();
    let now: BTreeMap<&String, &String> = input.circumstances.stack.tags.iter().collect();
    let mut keys: Vec<&String> = wished.keys().chain(now.keys()).copied().collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().filter(|key| wished.get(key) != now.get(key)).cloned().collect()
}
