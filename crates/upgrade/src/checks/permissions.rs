//! Who asks, and whether IAM lets the caller and the deployment role do what the plan does. What the caller does is the
//! table of [`crate::rights`].

use std::collections::{BTreeMap, BTreeSet};

use changeset::permissions::{Permissions, Why};

use super::finding::{Finding, list};
use super::{Check, CheckInput, CheckResult};
use crate::circumstances::{DeniedAction, Looked};
use crate::rights::{is_act, is_ours};

/// The actions that the role which CloudFormation assumes must be allowed.
#[must_use]
pub fn actions_of_role(permissions: &Permissions) -> BTreeSet<String> {
    let groups = permissions.groups.iter().filter(|(why, _)| **why != Why::ChangeSet);
    groups.flat_map(|(_, group)| group.actions.iter().cloned()).collect()
}

/// The account of clouds on one machine, which AWS gives to nobody: their root user is all that they hand out.
const LOCAL_ACCOUNT: &str = "000000000000";

/// Who asks.
pub(super) const IDENTITY: Check = Check::new("identity", "Caller", identity);

fn identity(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    match &input.circumstances.caller_arn {
        Err(reason) => finding.warn(
            format!("AWS doesn't say who is calling: {reason}"),
            "Check the credentials and that STS can be reached.",
        ),
        Ok(arn) => {
            // arn:partition:service:region:account:resource
            let account = arn.split(':').nth(4).unwrap_or_default();
            let deployment = &input.deployment.account_id;
            if account != deployment {
                finding.fail(
                    format!(
                        "The caller is {arn}, of account {account}; the stack is in account {deployment}."
                    ),
                    "Use credentials of the stack's account, or assume a role in it.",
                );
            } else if arn.ends_with(":root") && account != LOCAL_ACCOUNT {
                finding.warn(
                    format!(
                        "The caller is {arn}, the account's root user: nothing limits what a mistake can do."
                    ),
                    "Use a role with the plan's least permissions.",
                );
            } else {
                finding.note(format!("The caller is {arn}."));
            }
        }
    }
    finding.done()
}

/// Whether the caller may do what the plan asks of it.
pub(super) const PERMISSIONS_CALLER: Check =
    Check::new("permissions-caller", "Permissions of the caller", caller).accepted_singly();

fn caller(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let has_role = input.circumstances.stack.role_arn.is_some();
    // What only the role needs is no loss when the caller lacks it.
    let of_role_only: BTreeSet<String> = match input.foretold {
        Ok(foretold) if has_role => {
            actions_of_role(&foretold.permissions).into_iter().filter(|action| !is_ours(action)).collect()
        }
        Ok(_) | Err(_) => BTreeSet::new(),
    };
    linked(input, &mut finding);
    if let Ok(denied) = &input.circumstances.denied_to_caller
        && only_looks(denied.iter().filter(|one| !of_role_only.contains(&one.action)))
    {
        let acts: Vec<&str> =
            denied.iter().map(|one| one.action.as_str()).filter(|one| is_act(one)).collect();
        finding.note(format!(
            "The caller may look and plan, and change nothing ({} actions of the upgrade are denied to it, {} the first). \
             Whoever carries the plan out needs the policy that `slackwater policy` prints.",
            acts.len(),
            acts.first().unwrap_or(&""),
        ));
        return finding.done();
    }
    judge(input, finding, &input.circumstances.denied_to_caller, &of_role_only, "the caller")
}

/// What those are denied who reach a linked stack alone.
fn linked(input: &CheckInput<'_>, finding: &mut Finding) {
    for (kind, denied) in &input.circumstances.denied_to_linked {
        let stack = kind.title();
        match denied {
            Err(reason) => finding.note(format!(
                "IAM could not be asked to simulate what the update of the {stack} asks of its caller: {reason}."
            )),
            Ok(denied) if denied.is_empty() => {
                finding.note(format!("IAM's simulation denies the caller of the {stack} nothing."));
            }
            Ok(denied) if only_looks(denied.iter()) => {
                finding.note(format!("The caller of the {stack} may look and plan, and change nothing."));
            }
            Ok(denied) => finding.fail(
                format!(
                    "the caller of the {stack} is denied {}.",
                    list(denied.iter().map(|one| one.action.as_str()))
                ),
                "Give it the least policy that `slackwater policy --stack` prints, with the reason of each statement.",
            ),
        }
    }
}

/// Whether what is denied is what changes something, and the updates are among it: somebody who plans for others.
fn only_looks<'d>(denied: impl Iterator<Item = &'d DeniedAction>) -> bool {
    let denied: Vec<&DeniedAction> = denied.collect();
    let is_denied = |action: &str| denied.iter().any(|one| one.action == action);
    denied.iter().all(|one| one.decision == "implicitDeny" && is_act(&one.action))
        && is_denied("cloudformation:CreateChangeSet")
        && is_denied("cloudformation:ExecuteChangeSet")
}

const ROLE: &str = "the role";

/// Whether the role may do what the update asks of it.
pub(super) const PERMISSIONS_ROLE: Check =
    Check::new("permissions-role", "Permissions of the deployment role", role).accepted_singly();

fn role(input: &CheckInput<'_>, finding: Finding) -> CheckResult {
    match &input.circumstances.denied_to_role {
        None => {
            finding.skipped("The stack has no role of its own: CloudFormation acts with the caller's rights.")
        }
        Some(denied) => {
            // Caller and role are asked about the same list; what only the caller does is no business of the role's.
            let own = match input.foretold {
                Ok(foretold) => actions_of_role(&foretold.permissions),
                Err(_) => BTreeSet::new(),
            };
            let of_caller_only: BTreeSet<String> = denied
                .iter()
                .flatten()
                .map(|one| one.action.clone())
                .filter(|action| !own.contains(action))
                .collect();
            judge(input, finding, denied, &of_caller_only, ROLE)
        }
    }
}

fn judge(
    input: &CheckInput<'_>,
    mut finding: Finding,
    denied: &Looked<Vec<DeniedAction>>,
    not_needed: &BTreeSet<String>,
    who: &str,
) -> CheckResult {
    let denied = match denied {
        Ok(denied) => denied,
        Err(reason) => {
            return finding
                .skipped(format!("IAM could not be asked to simulate the plan's actions: {reason}"));
        }
    };
    let mut by_decision: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in denied.iter().filter(|one| !not_needed.contains(&one.action)) {
        by_decision.entry(&one.decision).or_default().push(&one.action);
    }
    let permissions = input.foretold.ok().map(|foretold| &foretold.permissions);
    for (decision, actions) in &by_decision {
        let why = reasons(permissions, actions);
        let advice = match *decision {
            "explicitDeny" => {
                "A policy, a permissions boundary or an organization's policy denies it in words: allowing it elsewhere \
                 doesn't help."
            }
            _ => {
                "Give the principal the least policy that `slackwater policy` prints, with the reason of each statement."
            }
        };
        let text = format!("{who} is denied {} ({decision}){why}.", actions.join(", "));
        if who == ROLE && *decision == "implicitDeny" {
            // The simulation of a role asks for every resource. A deployment role is made for this stack's alone: what it may do
            // to those counts as denied there, so this can't be held against it.
            finding.warn(
                format!("{text} It may be allowed for the stack's own resources: that was not asked."),
                "Compare the role's policies with the plan's least policy (slackwater template RELEASE --output policy).",
            );
        } else {
            finding.fail(text, advice);
        }
    }
    if by_decision.is_empty() {
        finding.note(format!("IAM's simulation denies {who} none of the plan's actions."));
        finding.note(
            "The simulation knows no policies of resources (a key's, a bucket's) and no conditions on tags.",
        );
    }
    if let Some(unknown) = permissions.map(|one| &one.unknown_types).filter(|types| !types.is_empty()) {
        finding.note(format!(
            "What these types need is not published, so it was not asked: {}.",
            list(unknown.iter().map(String::as_str))
        ));
    }
    finding.done()
}

/// For which resources the actions are needed.
fn reasons(permissions: Option<&Permissions>, actions: &[&str]) -> String {
    let groups = permissions.into_iter().flat_map(|permissions| permissions.groups.values());
    let needy: BTreeSet<&str> = groups
        .filter(|group| actions.iter().any(|action| group.actions.contains(*action)))
        .flat_map(|group| group.because_of.iter().map(String::as_str))
        .collect();
    if needy.is_empty() { String::new() } else { format!(", needed for some of {}", list(needy)) }
}
