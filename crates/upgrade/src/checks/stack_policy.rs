//! What the stack's policy says to each thing that the update does (user guide, "Prevent updates to stack resources").
//!
//! A policy protects whatever it doesn't allow, and a denial wins. It is asked of every resource that an update
//! changes, of those too that change only because another one does; never of what is added.

use std::collections::BTreeMap;

use changeset::expect::{Expectation, Expected};
use changeset::stack_policy::{Patterns, Refusal, StackPolicy, UpdateAction};

use super::finding::{Finding, count};
use super::{Check, CheckInput, CheckResult};

/// Whether the stack's policy lets the update through.
pub(super) const STACK_POLICY: Check = Check::new("stack-policy", "Stack policy", check);

fn check(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    if let Some(reason) = &input.circumstances.stack.stack_policy_unknown {
        finding.warn(
            format!("Whether the stack has a policy could not be looked at: {reason}"),
            "Allow cloudformation:GetStackPolicy and check again.",
        );
        return finding.done();
    }
    let Some(text) = &input.circumstances.stack.stack_policy else {
        finding.note("The stack has no policy: an update may touch everything in it.");
        return finding.done();
    };
    let Some(policy) = StackPolicy::parse(text) else {
        finding.warn(
            "The stack has a policy that slackwater can't read, so nobody knows what CloudFormation will refuse.",
            "Look at it yourself: aws cloudformation get-stack-policy.",
        );
        return finding.done();
    };
    let foretold = match input.foretold {
        Ok(foretold) => foretold,
        Err(reason) => {
            return finding
                .skipped(format!("The stack has a policy; what it is asked can't be told: {reason}"));
        }
    };
    // Several resources that one statement refuses in the same way are one line.
    let mut refused: BTreeMap<(bool, UpdateAction, String), Vec<&str>> = BTreeMap::new();
    for one in &foretold.expectations {
        for (action, certain) in asked(one) {
            if let Err(refusal) = policy.check(action, &one.logical_id, &one.resource_type) {
                refused.entry((certain, action, in_words(&refusal))).or_default().push(&one.logical_id);
            }
        }
    }
    let nothing_refused = refused.is_empty();
    for ((certain, action, refusal), resources) in refused {
        let resources = resources.join(", ");
        // Executing a change set takes no policy for the time of the update, unlike UpdateStack (API reference,
        // ExecuteChangeSet has no StackPolicyDuringUpdateBody), and a policy can be changed, not taken off.
        let advice = "If this is meant: set a policy that allows it for the time of the upgrade (aws cloudformation \
                      set-stack-policy) and the old one again afterwards.";
        if certain {
            finding.fail(
                format!("{} of {resources}: {refusal}. The update would fail there.", action.word()),
                advice,
            );
        } else {
            finding.warn(format!("{} of {resources}, which may happen: {refusal}.", action.word()), advice);
        }
    }
    if nothing_refused {
        finding.note(format!(
            "The policy ({}) refuses nothing that the update does.",
            count(policy.statements(), "statement")
        ));
    }
    finding.done()
}

/// What the policy is asked of a resource, and whether it certainly is.
fn asked(one: &Expectation) -> Vec<(UpdateAction, bool)> {
    match one.expected {
        Expected::Unchanged | Expected::Added => Vec::new(),
        Expected::MayBeUpdated => vec![(UpdateAction::Modify, false)],
        Expected::UpdatedInPlace | Expected::InstancesReplaced => vec![(UpdateAction::Modify, true)],
        // Either of the two; which one only AWS knows.
        Expected::MayBeReplaced => vec![(UpdateAction::Modify, false), (UpdateAction::Replace, false)],
        Expected::Replaced => vec![(UpdateAction::Replace, true)],
        // It fails in any case, and has a check of its own.
        Expected::Fails => Vec::new(),
        Expected::Removed => vec![(UpdateAction::Delete, true)],
    }
}

/// Which statement refuses it.
fn in_words(refusal: &Refusal<'_>) -> String {
    match refusal {
        Refusal::Denied { statement, actions, resources } => {
            let all_but = |patterns: &Patterns| if patterns.excepted { "all but " } else { "" };
            format!(
                "statement {statement} denies {}{} of {}{}",
                all_but(actions),
                actions.texts.join(", "),
                all_but(resources),
                resources.texts.join(", ")
            )
        }
        Refusal::NotAllowed => {
            "no statement allows it, and a policy protects whatever it doesn't allow".to_owned()
        }
    }
}
