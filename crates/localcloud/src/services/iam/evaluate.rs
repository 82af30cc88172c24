//! The evaluation logic: an explicit deny wins, else an allow allows, else it is denied implicitly.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//!
//! Policies of organizations, of resources and of sessions are not here.

use std::collections::BTreeSet;

use super::condition::{Context, NotEvaluated};
use super::document::{Match, Policy, Statement};
use super::pattern::Pattern;

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A statement allows it and none denies it.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement allows it.
    ImplicitDeny,
}

/// A verdict and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What comes out.
    pub(crate) verdict: Verdict,
    /// The policies whose statements gave the verdict, by their place; once for each statement.
    pub(crate) matched: Vec<usize>,
    /// Condition keys that were asked for and aren't in the context.
    pub(crate) missing: BTreeSet<String>,
}

/// Decide on an action on a resource.
///
/// # Errors
/// When the verdict hangs on a condition that isn't evaluated.
pub(crate) fn decide(
    policies: &[Policy],
    action: &str,
    resource: &str,
    context: &Context,
) -> Result<Decision, NotEvaluated> {
    let (mut allowing, mut denying, mut missing) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (place, policy) in policies.iter().enumerate() {
        for statement in &policy.0 {
            let about_resource = |resources: &Match| fits(resources, resource, context, false);
            if fits(&statement.actions, action, context, true)
                && statement.resources.as_ref().is_none_or(about_resource)
                && conditions_hold(statement, context, &mut missing)?
            {
                if statement.allows { &mut allowing } else { &mut denying }.push(place);
            }
        }
    }
    let (verdict, matched) = match (denying.is_empty(), allowing.is_empty()) {
        (false, _) => (Verdict::ExplicitDeny, denying),
        (true, false) => (Verdict::Allowed, allowing),
        (true, true) => (Verdict::ImplicitDeny, Vec::new()),
    };
    Ok(Decision { verdict, matched, missing })
}

/// Whether a trust policy lets one of these names of a caller (its ARN, its role's, its account's) in.
///
/// # Errors
/// When that hangs on a condition that isn't evaluated.
pub(crate) fn trusts(
    trust: &Policy,
    action: &str,
    callers: &[&str],
    context: &Context,
) -> Result<bool, NotEvaluated> {
    let is_caller = |kind: &str, name: &str| kind == "AWS" && (name == "*" || callers.contains(&name));
    lets_in(trust, action, is_caller, context)
}

/// Whether a trust policy lets a service in, such as `cloudformation.amazonaws.com`.
///
/// # Errors
/// When that hangs on a condition that isn't evaluated.
pub(super) fn trusts_service(
    trust: &Policy,
    action: &str,
    service: &str,
    context: &Context,
) -> Result<bool, NotEvaluated> {
    lets_in(trust, action, |kind, name| kind == "Service" && name == service, context)
}

fn lets_in(
    trust: &Policy,
    action: &str,
    is_caller: impl Fn(&str, &str) -> bool,
    context: &Context,
) -> Result<bool, NotEvaluated> {
    let mut allowed = false;
    for statement in &trust.0 {
        if statement.principals.iter().any(|(kind, name)| is_caller(kind, name))
            && fits(&statement.actions, action, context, true)
            && conditions_hold(statement, context, &mut BTreeSet::new())?
        {
            if !statement.allows {
                return Ok(false);
            }
            allowed = true;
        }
    }
    Ok(allowed)
}

/// All of them: they are asked in their order, and the first that doesn't hold ends it.
fn conditions_hold(
    statement: &Statement,
    context: &Context,
    missing: &mut BTreeSet<String>,
) -> Result<bool, NotEvaluated> {
    for condition in &statement.conditions {
        if !condition.holds(context, missing)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn fits(wanted: &Match, text: &str, context: &Context, ignore_case: bool) -> bool {
    let fits = |pattern: &String| {
        Pattern::new(pattern, context).is_some_and(|pattern| pattern.matches(text, ignore_case))
    };
    wanted.patterns.iter().any(fits) != wanted.is_negated
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::condition::Context;
    use super::super::document::{Kind, Policy};
    use super::{Verdict, decide};

    fn check(statements: Value, cases: &[(&str, &str, Verdict)]) {
        let policy = Policy::from_json(&json!({"Statement": statements}), Kind::Identity).expect("a policy");
        for (action, resource, verdict) in cases {
            let decision = decide(std::slice::from_ref(&policy), action, resource, &Context::default());
            assert_eq!(decision.expect("decided").verdict, *verdict, "{action} {resource} {statements}");
        }
    }

    #[test]
    fn an_explicit_deny_wins() {
        use Verdict::{Allowed, ExplicitDeny, ImplicitDeny};
        check(
            json!([
                {"Effect": "Allow", "Action": ["s3:*", "batch:Describe?obs"], "Resource": "*"},
                {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "arn:aws:s3:::kept/*"},
            ]),
            &[
                ("s3:GetObject", "arn:aws:s3:::kept/x", Allowed),
                ("S3:getobject", "arn:aws:s3:::kept/x", Allowed),
                ("s3:DeleteObject", "arn:aws:s3:::kept/x", ExplicitDeny),
                ("s3:DeleteObject", "arn:aws:s3:::KEPT/x", Allowed),
                ("batch:DescribeJobs", "*", Allowed),
                ("batch:DescribeJobQueues", "*", ImplicitDeny),
            ],
        );
        check(
            json!({"Effect": "Allow", "NotAction": "iam:*", "NotResource": ["arn:aws:s3:::secret*"]}),
            &[
                ("s3:GetObject", "arn:aws:s3:::open/x", Allowed),
                ("iam:GetRole", "*", ImplicitDeny),
                ("s3:GetObject", "arn:aws:s3:::secrets/x", ImplicitDeny),
            ],
        );
        check(json!([]), &[("s3:GetObject", "*", ImplicitDeny)]);
    }
}
