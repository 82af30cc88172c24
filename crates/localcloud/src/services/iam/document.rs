//! Policy documents: JSON into statements, refused in IAM's words.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use serde_json::{Map, Value};

use super::condition::Condition;

/// What kind of policy a document is to be: they differ in what a statement needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Attached to a role or user: resources, no principal.
    Identity,
    /// A role's trust policy: a principal, no resources.
    Trust,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy(pub(crate) Vec<Statement>);

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// `Allow`, or else `Deny`.
    pub(crate) allows: bool,
    /// `Action` or `NotAction`.
    pub(crate) actions: Match,
    /// `Resource` or `NotResource`.
    pub(crate) resources: Option<Match>,
    /// `Principal`: pairs such as `AWS` and an ARN.
    pub(crate) principals: Vec<(String, String)>,
    /// All of them have to hold.
    pub(crate) conditions: Vec<Condition>,
}

/// Patterns, of which one has to fit, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    /// `NotAction`, `NotResource`.
    pub(crate) is_negated: bool,
    /// The patterns as written.
    pub(crate) patterns: Vec<String>,
}

/// A document that IAM refuses. The words are IAM's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

impl Policy {
    /// Read a document.
    pub(crate) fn parse(text: &str, kind: Kind) -> Result<Policy, Malformed> {
        let value = serde_json::from_str(text).map_err(|_| Malformed("This policy contains invalid Json"))?;
        Policy::from_json(&value, kind)
    }

    /// Read a document that is JSON already.
    pub(crate) fn from_json(value: &Value, kind: Kind) -> Result<Policy, Malformed> {
        let fields = value.as_object().ok_or(Malformed("Syntax errors in policy."))?;
        let known = |name: &String| matches!(name.as_str(), "Version" | "Id" | "Statement");
        if !fields.keys().all(known) {
            return Err(Malformed("Syntax errors in policy."));
        }
        if !matches!(fields.get("Version").map(Value::as_str), None | Some(Some("2012-10-17" | "2008-10-17")))
        {
            return Err(Malformed("Policy document must be version 2012-10-17 or greater."));
        }
        let statements = match fields.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return Err(Malformed("Syntax errors in policy.")),
        };
        statements.into_iter().map(|value| statement(value, kind)).collect::<Result<_, _>>().map(Policy)
    }
}

fn statement(value: &Value, kind: Kind) -> Result<Statement, Malformed> {
    let fields = value.as_object().ok_or(Malformed("Syntax errors in policy."))?;
    let allows = match fields.get("Effect").map(Value::as_str) {
        Some(Some("Allow")) => true,
        Some(Some("Deny")) => false,
        Some(_) => return Err(Malformed("Syntax errors in policy.")),
        None => return Err(Malformed("Missing required field Effect")),
    };
    let actions =
        one_of(fields, "Action", "NotAction")?.ok_or(Malformed("Policy statement must contain actions."))?;
    let resources = one_of(fields, "Resource", "NotResource")?;
    let has_principal = fields.contains_key("Principal") || fields.contains_key("NotPrincipal");
    match kind {
        Kind::Identity if has_principal => {
            return Err(Malformed("Policy document should not specify a principal."));
        }
        Kind::Identity if resources.is_none() => {
            return Err(Malformed("Policy statement must contain resources."));
        }
        Kind::Trust if resources.is_some() => return Err(Malformed("Has prohibited field Resource")),
        Kind::Trust if !fields.contains_key("Principal") => {
            return Err(Malformed("Missing required field Principal"));
        }
        Kind::Identity | Kind::Trust => {}
    }
    let principals = match fields.get("Principal") {
        Some(value) => principals(value)?,
        None => Vec::new(),
    };
    Ok(Statement { allows, actions, resources, principals, conditions: conditions(fields)? })
}

fn one_of(fields: &Map<String, Value>, name: &str, negated: &str) -> Result<Option<Match>, Malformed> {
    let (value, is_negated) = match (fields.get(name), fields.get(negated)) {
        (Some(_), Some(_)) => return Err(Malformed("Syntax errors in policy.")),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (None, None) => return Ok(None),
    };
    Ok(Some(Match { is_negated, patterns: texts(value)? }))
}

fn principals(value: &Value) -> Result<Vec<(String, String)>, Malformed> {
    match value {
        Value::String(text) if text == "*" => Ok(vec![("AWS".to_owned(), "*".to_owned())]),
        Value::Object(kinds) => {
            let mut found = Vec::new();
            for (kind, value) in kinds {
                found.extend(texts(value)?.into_iter().map(|text| (kind.clone(), text)));
            }
            Ok(found)
        }
        _ => Err(Malformed("Syntax errors in policy.")),
    }
}

fn conditions(fields: &Map<String, Value>) -> Result<Vec<Condition>, Malformed> {
    let Some(block) = fields.get("Condition") else { return Ok(Vec::new()) };
    let block = block.as_object().ok_or(Malformed("Syntax errors in policy."))?;
    let mut found = Vec::new();
    for (operator, keys) in block {
        for (key, value) in keys.as_object().ok_or(Malformed("Syntax errors in policy."))? {
            let (operator, key) = (operator.clone(), key.clone());
            found.push(Condition { operator, key, values: texts(value)? });
        }
    }
    Ok(found)
}

/// A scalar or a list of scalars, as text.
fn texts(value: &Value) -> Result<Vec<String>, Malformed> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Malformed("Syntax errors in policy.")),
    };
    match value {
        Value::Array(items) => items.iter().map(one).collect(),
        _ => one(value).map(|text| vec![text]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Malformed, Policy};

    #[test]
    fn documents_are_refused_in_iam_s_words() {
        let allow = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
        let trust = r#"{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"1"}}"#;
        for (text, kind, words) in [
            (format!(r#"{{"Version":"2012-10-17","Statement":[{allow}]}}"#), Kind::Identity, None),
            (format!(r#"{{"Statement":{allow}}}"#), Kind::Identity, None),
            (format!(r#"{{"Statement":[{trust}]}}"#), Kind::Trust, None),
            ("{".to_owned(), Kind::Identity, Some("This policy contains invalid Json")),
            ("[]".to_owned(), Kind::Identity, Some("Syntax errors in policy.")),
            ("{}".to_owned(), Kind::Identity, Some("Syntax errors in policy.")),
            (
                r#"{"Version":"2011","Statement":[]}"#.to_owned(),
                Kind::Identity,
                Some("Policy document must be version 2012-10-17 or greater."),
            ),
            (
                format!(r#"{{"Statement":[{trust}]}}"#),
                Kind::Identity,
                Some("Policy document should not specify a principal."),
            ),
            (format!(r#"{{"Statement":[{allow}]}}"#), Kind::Trust, Some("Has prohibited field Resource")),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"a:b"}}"#.to_owned(),
                Kind::Trust,
                Some("Missing required field Principal"),
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"a:b"}}"#.to_owned(),
                Kind::Identity,
                Some("Policy statement must contain resources."),
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Resource":"*"}}"#.to_owned(),
                Kind::Identity,
                Some("Policy statement must contain actions."),
            ),
            (
                r#"{"Statement":{"Resource":"*","Action":"*"}}"#.to_owned(),
                Kind::Identity,
                Some("Missing required field Effect"),
            ),
        ] {
            let refusal = Policy::parse(&text, kind).err();
            assert_eq!(refusal, words.map(Malformed), "{text}");
        }
    }
}
