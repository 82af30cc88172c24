//! Stack policies: which resources an update may touch, and how. (User guide, "Prevent updates to stack
//! resources".)
//!
//! A policy protects everything that it doesn't allow. It is asked of every resource that an update changes,
//! also of those that change only because another one does, and never while an update is undone.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::locate;
use crate::services::object_storage;
use crate::{AwsError, Input, World};

/// The most that a policy may hold, in bytes (API reference, SetStackPolicy).
const MAXIMUM_BYTES: usize = 16_384;

/// What an update does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateAction {
    /// In place.
    Modify,
    /// By a new physical resource.
    Replace,
    /// It leaves the stack.
    Delete,
}

impl UpdateAction {
    fn name(self) -> &'static str {
        match self {
            UpdateAction::Modify => "Update:Modify",
            UpdateAction::Replace => "Update:Replace",
            UpdateAction::Delete => "Update:Delete",
        }
    }
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackPolicy {
    /// As it was sent.
    pub text: String,
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Patterns,
    resources: Patterns,
    /// Each must hold.
    types: Vec<Vec<String>>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Patterns {
    texts: Vec<String>,
    excepted: bool,
}

impl Patterns {
    fn read(statement: &Json, name: &str) -> Option<Patterns> {
        match (statement.get(name), statement.get(format!("Not{name}"))) {
            (Some(texts), None) => Some(Patterns { texts: list(texts)?, excepted: false }),
            (None, Some(texts)) => Some(Patterns { texts: list(texts)?, excepted: true }),
            _ => None,
        }
    }

    fn cover(&self, text: &str) -> bool {
        self.texts.iter().any(|pattern| matches(pattern, text)) != self.excepted
    }
}

impl StackPolicy {
    /// Read a policy; `None` when it isn't one.
    fn parse(text: &str) -> Option<StackPolicy> {
        let json: Json = serde_json::from_str(text).ok()?;
        let statements = match json.get("Statement")? {
            Json::Array(statements) => statements.iter().map(Statement::parse).collect::<Option<Vec<_>>>()?,
            one => vec![Statement::parse(one)?],
        };
        Some(StackPolicy { text: text.to_owned(), statements })
    }

    /// Whether an update may do this to a resource; the words of CloudFormation where it may not.
    ///
    /// A denial names its statement and that statement's own words, as people see in events. What no statement
    /// mentions is refused without one.
    pub fn check(&self, action: UpdateAction, logical_id: &str, type_name: &str) -> Result<(), String> {
        let resource = format!("LogicalResourceId/{logical_id}");
        let applies = |statement: &&Statement| {
            statement.actions.cover(action.name())
                && statement.resources.cover(&resource)
                && statement.types.iter().all(|types| types.iter().any(|pattern| matches(pattern, type_name)))
        };
        let mut numbered = self.statements.iter().zip(1..);
        if let Some((statement, number)) = numbered.find(|(one, _)| !one.allows && applies(one)) {
            return Err(format!(
                "Action denied by stack policy: Statement [#{number}] does not allow [{}] for resource [{}];",
                statement.actions.texts.join(", "),
                statement.resources.texts.join(", ")
            ));
        }
        match self.statements.iter().find(|one| one.allows && applies(one)) {
            Some(_) => Ok(()),
            None => Err("Action not allowed by stack policy".to_owned()),
        }
    }
}

impl Statement {
    fn parse(statement: &Json) -> Option<Statement> {
        let allows = match statement.get("Effect")?.as_str()? {
            "Allow" => true,
            "Deny" => false,
            _ => return None,
        };
        // "The Principal element is required, but supports only the wild card."
        if list(statement.get("Principal")?)? != ["*"] {
            return None;
        }
        let actions = Patterns::read(statement, "Action")?;
        let known = ["Update:Modify", "Update:Replace", "Update:Delete", "Update:*"];
        if actions.texts.iter().any(|action| !known.contains(&action.as_str())) {
            return None;
        }
        let mut types = Vec::new();
        for (operator, condition) in
            statement.get("Condition").and_then(Json::as_object).into_iter().flatten()
        {
            if !matches!(operator.as_str(), "StringEquals" | "StringLike") {
                return None;
            }
            types.push(list(condition.get("ResourceType")?)?);
        }
        Some(Statement { allows, actions, resources: Patterns::read(statement, "Resource")?, types })
    }
}

/// A text or a list of texts.
fn list(json: &Json) -> Option<Vec<String>> {
    match json {
        Json::String(text) => Some(vec![text.clone()]),
        Json::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Whether a pattern with `*` for anything and `?` for one character matches.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // The star that was met last, and how far it has swallowed.
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(expected) if *expected == '?' || Some(expected) == text.get(from) => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, swallowed)) => {
                    star = Some((place, swallowed + 1));
                    at = place + 1;
                    from = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

/// The policy that a request brings under `prefix` (`StackPolicy` or `StackPolicyDuringUpdate`), if any.
pub fn given(world: &World, input: Input<'_>, prefix: &str) -> Result<Option<Arc<StackPolicy>>, AwsError> {
    let (body_name, url_name) = (format!("{prefix}Body"), format!("{prefix}URL"));
    let text = match (input.string(&body_name), input.string(&url_name)) {
        (Some(_), Some(_)) => {
            return Err(AwsError::validation(format!("You cannot specify both {url_name} and {body_name}")));
        }
        (Some(body), None) => body.to_owned(),
        (None, Some(url)) => String::from_utf8_lossy(object_storage::resolve_url(world, url)?).into_owned(),
        (None, None) => return Ok(None),
    };
    let policy =
        Some(text).filter(|text| text.len() <= MAXIMUM_BYTES).and_then(|text| StackPolicy::parse(&text));
    match policy {
        Some(policy) => Ok(Some(Arc::new(policy))),
        // Recorded.
        None => Err(AwsError::validation("Error validating stack policy: Invalid stack policy")),
    }
}

/// SetStackPolicy.
pub fn set(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let id = locate::stack(world, input.required_string("StackName")?)?.id.clone();
    let policy = given(world, input, "StackPolicy")?;
    if let Some(stack) = world.cloudformation.stacks.get_mut(&id) {
        stack.policy = policy;
    }
    Ok(json!({}))
}

/// GetStackPolicy. Without a policy the answer is empty.
pub fn get(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    Ok(match &stack.policy {
        Some(policy) => json!({"StackPolicyBody": policy.text}),
        None => json!({}),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_decide() {
        let policy = r#"{"Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*",
             "Resource": "LogicalResourceId/Data*"},
            {"Effect": "Deny", "NotAction": "Update:Modify", "Principal": "*", "Resource": "*",
             "Condition": {"StringEquals": {"ResourceType": ["AWS::EC2::Instance"]}}}]}"#;
        let policy = StackPolicy::parse(policy).expect("a policy");
        let one = "Action denied by stack policy: Statement [#2] does not allow [Update:Replace, Update:Delete] for resource [LogicalResourceId/Data*];";
        let two =
            "Action denied by stack policy: Statement [#3] does not allow [Update:Modify] for resource [*];";
        for (action, name, type_name, expected) in [
            (UpdateAction::Modify, "Database", "AWS::RDS::DBInstance", Ok(())),
            (UpdateAction::Replace, "Database", "AWS::RDS::DBInstance", Err(one)),
            (UpdateAction::Replace, "Other", "AWS::RDS::DBInstance", Ok(())),
            (UpdateAction::Delete, "Other", "AWS::EC2::Instance", Err(two)),
            (UpdateAction::Modify, "Other", "AWS::EC2::Instance", Ok(())),
        ] {
            assert_eq!(policy.check(action, name, type_name), expected.map_err(str::to_owned), "{name}");
        }
        let nothing = StackPolicy::parse(r#"{"Statement": []}"#).expect("a policy");
        assert_eq!(
            nothing.check(UpdateAction::Modify, "A", "B"),
            Err("Action not allowed by stack policy".to_owned())
        );
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "{}",
            "no",
            r#"{"Statement": [{"Effect": "Deny", "Action": "Delete:*", "Principal": "*", "Resource": "*"}]}"#,
            r#"{"Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "me", "Resource": "*"}]}"#,
            r#"{"Statement": [{"Effect": "Deny", "Action": "Update:*", "Resource": "*"}]}"#,
        ] {
            assert_eq!(StackPolicy::parse(text), None, "{text}");
        }
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("?", "a", true),
            ("a*b*", "acb", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
