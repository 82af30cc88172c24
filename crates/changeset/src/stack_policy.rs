//! Stack policies: which resources an update may touch, and how (user guide, "Prevent updates to stack resources").
//!
//! A policy protects everything that it doesn't allow, and a denial wins. It is asked of every resource that an update changes, also of
//! those that change only because another one does; never of what is added, and never while an update is undone.

use serde_json::Value as Json;

use crate::wildcard::matches;

/// What an update does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpdateAction {
    /// In place.
    Modify,
    /// By a new physical resource.
    Replace,
    /// It leaves the stack.
    Delete,
}

impl UpdateAction {
    /// As a policy writes it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            UpdateAction::Modify => "Update:Modify",
            UpdateAction::Replace => "Update:Replace",
            UpdateAction::Delete => "Update:Delete",
        }
    }
}

/// A policy that CloudFormation takes.
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
    /// One list for each condition; each must hold.
    types: Vec<Vec<String>>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns {
    /// As they are written.
    pub texts: Vec<String>,
    /// They are what is not meant.
    pub excepted: bool,
}

/// Why something may not be done to a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal<'p> {
    /// A statement denies it.
    Denied {
        /// Which, from 1 on.
        statement: usize,
        /// Its actions.
        actions: &'p Patterns,
        /// Its resources.
        resources: &'p Patterns,
    },
    /// No statement allows it.
    NotAllowed,
}

impl StackPolicy {
    /// Read a policy; `None` when CloudFormation wouldn't take it for one.
    #[must_use]
    pub fn parse(text: &str) -> Option<StackPolicy> {
        let json: Json = serde_json::from_str(text).ok()?;
        let statements = match json.get("Statement")? {
            Json::Array(statements) => statements.iter().map(Statement::parse).collect::<Option<Vec<_>>>()?,
            one => vec![Statement::parse(one)?],
        };
        Some(StackPolicy { text: text.to_owned(), statements })
    }

    /// How many statements it has.
    #[must_use]
    pub fn statements(&self) -> usize {
        self.statements.len()
    }

    /// Whether an update may do this to a resource.
    ///
    /// # Errors
    /// It may not, and why.
    pub fn check(&self, action: UpdateAction, logical_id: &str, type_name: &str) -> Result<(), Refusal<'_>> {
        let resource = format!("LogicalResourceId/{logical_id}");
        let applies = |statement: &Statement| {
            statement.actions.cover(action.word())
                && statement.resources.cover(&resource)
                && statement.types.iter().all(|types| types.iter().any(|pattern| matches(pattern, type_name)))
        };
        let mut numbered = self.statements.iter().zip(1..);
        if let Some((statement, number)) = numbered.find(|(one, _)| !one.allows && applies(one)) {
            return Err(Refusal::Denied {
                statement: number,
                actions: &statement.actions,
                resources: &statement.resources,
            });
        }
        match self.statements.iter().any(|one| one.allows && applies(one)) {
            true => Ok(()),
            false => Err(Refusal::NotAllowed),
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
            // The user guide knows these two operators and this one key.
            if !matches!(operator.as_str(), "StringEquals" | "StringLike") {
                return None;
            }
            types.push(list(condition.get("ResourceType")?)?);
        }
        Some(Statement { allows, actions, resources: Patterns::read(statement, "Resource")?, types })
    }
}

impl Patterns {
    fn read(statement: &Json, name: &str) -> Option<Patterns> {
        match (statement.get(name), statement.get(format!("Not{name}"))) {
            (Some(texts), None) => Some(Patterns { texts: list(texts)?, excepted: false }),
            (None, Some(texts)) => Some(Patterns { texts: list(texts)?, excepted: true }),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    fn cover(&self, text: &str) -> bool {
        self.texts.iter().any(|pattern| matches(pattern, text)) != self.excepted
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

#[cfg(test)]
mod tests {
    use super::{Refusal, StackPolicy, UpdateAction};

    #[test]
    fn statements_decide() {
        let policy = r#"{"Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*",
             "Resource": "LogicalResourceId/Data*"},
            {"Effect": "Deny", "NotAction": "Update:Modify", "Principal": "*", "Resource": "*",
             "Condition": {"StringEquals": {"ResourceType": ["AWS::EC2::Instance"]}}}]}"#;
        let policy = StackPolicy::parse(policy).expect("a policy");
        for (action, name, type_name, denied_by) in [
            (UpdateAction::Modify, "Database", "AWS::RDS::DBInstance", None),
            (UpdateAction::Replace, "Database", "AWS::RDS::DBInstance", Some(2)),
            (UpdateAction::Replace, "Other", "AWS::RDS::DBInstance", None),
            (UpdateAction::Delete, "Other", "AWS::EC2::Instance", Some(3)),
            (UpdateAction::Modify, "Other", "AWS::EC2::Instance", None),
        ] {
            let found = match policy.check(action, name, type_name) {
                Ok(()) => None,
                Err(Refusal::Denied { statement, .. }) => Some(statement),
                Err(Refusal::NotAllowed) => panic!("{name} is allowed"),
            };
            assert_eq!(found, denied_by, "{name}");
        }
        let nothing = StackPolicy::parse(r#"{"Statement": []}"#).expect("a policy");
        assert_eq!(nothing.check(UpdateAction::Modify, "A", "B"), Err(Refusal::NotAllowed));
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
    }
}
