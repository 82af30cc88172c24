//! What the stack's policy says to each thing that the update does (user guide, "Prevent updates to stack resources").
//!
//! A policy protects whatever it doesn't allow, and a denial wins. It is asked of every resource that an update
//! changes, of those too that change only because another one does; never of what is added.

use std::collections::BTreeMap;

use changeset::expect::{Expectation, Expected};
use serde_json::Value as Json;

use super::finding::{Finding, count};
use super::{CheckInput, CheckResult};

/// A policy.
struct StackPolicy {
    statements: Vec<Statement>,
}

struct Statement {
    denies: bool,
    actions: Patterns,
    resources: Patterns,
    /// Each must hold: one list for each condition.
    types: Vec<Vec<String>>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
struct Patterns {
    texts: Vec<String>,
    excepted: bool,
}

/// What is wanted of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Modify,
    Replace,
    Delete,
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Action::Modify => "Update:Modify",
            Action::Replace => "Update:Replace",
            Action::Delete => "Update:Delete",
        }
    }
}

/// Whether the stack's policy lets the update through.
pub(super) fn check(input: &CheckInput<'_>) -> CheckResult {
    let mut finding = Finding::new("stack-policy", "Stack policy");
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
    let mut refused: BTreeMap<(bool, Action, String), Vec<&str>> = BTreeMap::new();
    for one in &foretold.expectations {
        for (action, certain) in asked(one) {
            if let Err(refusal) = policy.judge(action, one) {
                refused.entry((certain, action, refusal)).or_default().push(&one.logical_id);
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
            count(policy.statements.len(), "statement")
        ));
    }
    finding.done()
}

/// What the policy is asked of a resource, and whether it certainly is.
fn asked(one: &Expectation) -> Vec<(Action, bool)> {
    match one.expected {
        Expected::Unchanged | Expected::Added => Vec::new(),
        Expected::MayBeUpdated => vec![(Action::Modify, false)],
        Expected::UpdatedInPlace | Expected::InstancesReplaced => vec![(Action::Modify, true)],
        // Either of the two; which one only AWS knows.
        Expected::MayBeReplaced => vec![(Action::Modify, false), (Action::Replace, false)],
        Expected::Replaced => vec![(Action::Replace, true)],
        // It fails in any case, and has a check of its own.
        Expected::Fails => Vec::new(),
        Expected::Removed => vec![(Action::Delete, true)],
    }
}

impl StackPolicy {
    /// Reads a policy; `None` when it isn't one.
    fn parse(text: &str) -> Option<StackPolicy> {
        let json: Json = serde_json::from_str(text).ok()?;
        let statements = match json.get("Statement")? {
            Json::Array(statements) => statements.iter().map(Statement::parse).collect::<Option<Vec<_>>>()?,
            one => vec![Statement::parse(one)?],
        };
        Some(StackPolicy { statements })
    }

    /// Whether this may be done to a resource; else which statement refuses it.
    fn judge(&self, action: Action, one: &Expectation) -> Result<(), String> {
        let resource = format!("LogicalResourceId/{}", one.logical_id);
        let applies = |statement: &Statement| {
            statement.actions.cover(action.word())
                && statement.resources.cover(&resource)
                && statement
                    .types
                    .iter()
                    .all(|types| types.iter().any(|pattern| matches(pattern, &one.resource_type)))
        };
        let denial =
            self.statements.iter().zip(1..).find(|(statement, _)| statement.denies && applies(statement));
        if let Some((statement, number)) = denial {
            return Err(format!(
                "statement {number} denies {}{} of {}{}",
                if statement.actions.excepted { "all but " } else { "" },
                statement.actions.texts.join(", "),
                if statement.resources.excepted { "all but " } else { "" },
                statement.resources.texts.join(", ")
            ));
        }
        if self.statements.iter().any(|statement| !statement.denies && applies(statement)) {
            return Ok(());
        }
        Err("no statement allows it, and a policy protects whatever it doesn't allow".to_owned())
    }
}

impl Statement {
    fn parse(statement: &Json) -> Option<Statement> {
        let denies = match statement.get("Effect")?.as_str()? {
            "Allow" => false,
            "Deny" => true,
            _ => return None,
        };
        let mut types = Vec::new();
        for (operator, condition) in
            statement.get("Condition").and_then(Json::as_object).into_iter().flatten()
        {
            // The user guide knows these two operators and this one key.
            if !matches!(operator.as_str(), "StringEquals" | "StringLike") {
                return None;
            }
            types.push(texts(condition.get("ResourceType")?)?);
        }
        let actions = Patterns::read(statement, "Action")?;
        Some(Statement { denies, actions, resources: Patterns::read(statement, "Resource")?, types })
    }
}

impl Patterns {
    fn read(statement: &Json, name: &str) -> Option<Patterns> {
        match (statement.get(name), statement.get(format!("Not{name}"))) {
            (Some(found), None) => Some(Patterns { texts: texts(found)?, excepted: false }),
            (None, Some(found)) => Some(Patterns { texts: texts(found)?, excepted: true }),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    fn cover(&self, text: &str) -> bool {
        self.texts.iter().any(|pattern| matches(pattern, text)) != self.excepted
    }
}

/// A text or a list of texts.
fn texts(json: &Json) -> Option<Vec<String>> {
    match json {
        Json::Array(elements) => elements.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        one => Some(vec![one.as_str()?.to_owned()]),
    }
}

/// `*` is any text and `?` any character. Greedy with one way back, so it takes no longer than the product of both
/// lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(character) = text.get(at_text) {
        match pattern.get(at_pattern) {
            Some('*') => {
                last_star = Some((at_pattern, at_text));
                at_pattern += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == character => {
                at_pattern += 1;
                at_text += 1;
            }
            Some(_) | None => {
                let Some((star, from)) = last_star else { return false };
                last_star = Some((star, from + 1));
                at_pattern = star + 1;
                at_text = from + 1;
            }
        }
    }
    pattern.iter().skip(at_pattern).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("", "", true),
            ("Update:*", "Update:Replace", true),
            ("LogicalResourceId/*DB*", "LogicalResourceId/AnalyticsDBInstance", true),
            ("LogicalResourceId/DB", "LogicalResourceId/DBInstance", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("AWS::EC2::?PC", "AWS::EC2::VPC", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} against {text}");
        }
    }
}
