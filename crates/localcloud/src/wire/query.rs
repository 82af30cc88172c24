//! The Query protocol's requests: a form whose names are paths, made into a JSON tree.
//!
//! Three ways to write a list are known ([`Lists`]); the commonest:
//! `Tags.member.1.Key=a` becomes `{"Tags":[{"Key":"a"}]}`; `Attributes.entry.1.key=a` with its `value` becomes
//! an object. Members stand in the order of their numbers, whatever the numbers are, so a huge number costs
//! nothing.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// More names than any request of ours needs (200 parameters and 50 tags make 600).
const MOST_NAMES: usize = 20_000;
/// Deeper than any request of ours goes.
const DEEPEST_PATH: usize = 24;

/// Why a form is not a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The limit, in words.
    #[error("The request has more than {MOST_NAMES} parameters")]
    TooMany,
    /// A path too deep.
    #[error("The parameter {0} is nested more than {DEEPEST_PATH} levels deep")]
    TooDeep(String),
    /// An empty segment, or text after the last dot.
    #[error("The parameter {0} is not well formed")]
    Malformed(String),
    /// One name given twice, or both a value and a structure.
    #[error("The parameter {0} contradicts another parameter")]
    Conflict(String),
}

/// How a service's lists are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// `Tags.member.1.Key`: nearly all services.
    Member,
    /// `Tags.Tag.1.Key`: RDS names the item after its shape.
    Named,
    /// `Tag.1.Key`: EC2, whose lists have the name of their item.
    Bare,
}

enum Tree {
    Leaf(String),
    Branch(IndexMap<String, Tree>),
}

/// A form (a body, or a query string) as a JSON tree. Names keep their order, `Action` and `Version` included.
///
/// # Errors
/// When names contradict each other or go beyond the limits.
pub fn decode(form: &[u8], lists: Lists) -> Result<Value, QueryError> {
    let mut root = IndexMap::new();
    for (count, (name, value)) in form_urlencoded::parse(form).enumerate() {
        if count >= MOST_NAMES {
            return Err(QueryError::TooMany);
        }
        insert(&mut root, &name, value.into_owned())?;
    }
    Ok(Value::Object(object(root, lists)))
}

fn insert(root: &mut IndexMap<String, Tree>, name: &str, value: String) -> Result<(), QueryError> {
    let shown = || name.chars().take(200).collect::<String>();
    let mut path: Vec<&str> = name.split('.').collect();
    if path.len() > DEEPEST_PATH {
        return Err(QueryError::TooDeep(shown()));
    }
    if path.iter().any(|segment| segment.is_empty()) {
        return Err(QueryError::Malformed(shown()));
    }
    let Some(last) = path.pop() else { return Err(QueryError::Malformed(shown())) };
    let mut branch = root;
    for segment in path {
        let next = branch.entry(segment.to_owned()).or_insert_with(|| Tree::Branch(IndexMap::new()));
        match next {
            Tree::Branch(inner) => branch = inner,
            Tree::Leaf(_) => return Err(QueryError::Conflict(shown())),
        }
    }
    if branch.contains_key(last) {
        return Err(QueryError::Conflict(shown()));
    }
    branch.insert(last.to_owned(), Tree::Leaf(value));
    Ok(())
}

fn object(branch: IndexMap<String, Tree>, lists: Lists) -> Map<String, Value> {
    branch.into_iter().map(|(name, tree)| (name, value(tree, lists))).collect()
}

/// Recursion is as deep as the deepest path.
fn value(tree: Tree, lists: Lists) -> Value {
    let mut branch = match tree {
        Tree::Leaf(text) => return Value::String(text),
        Tree::Branch(branch) => branch,
    };
    if lists == Lists::Member
        && branch.len() == 1
        && let Some(entries) = numbered(&mut branch, "entry")
    {
        return Value::Object(entries.into_values().filter_map(|tree| entry(tree, lists)).collect());
    }
    match members(&mut branch, lists) {
        Some(members) => Value::Array(members.into_values().map(|tree| value(tree, lists)).collect()),
        None => Value::Object(object(branch, lists)),
    }
}

/// The items of a branch that is a list; otherwise the branch is as it was.
fn members(branch: &mut IndexMap<String, Tree>, lists: Lists) -> Option<BTreeMap<u64, Tree>> {
    match lists {
        Lists::Bare => {
            let numbers = numbers(branch)?;
            Some(numbers.into_iter().zip(std::mem::take(branch).into_values()).collect())
        }
        Lists::Member if branch.len() == 1 => numbered(branch, "member"),
        Lists::Named if branch.len() == 1 => {
            let name = branch.keys().next()?.clone();
            numbered(branch, &name)
        }
        Lists::Member | Lists::Named => None,
    }
}

/// The numbers that a branch's names are, when all of them are and there is any.
fn numbers(branch: &IndexMap<String, Tree>) -> Option<Vec<u64>> {
    let numbers: Vec<u64> = branch.keys().map_while(|number| number.parse().ok()).collect();
    (numbers.len() == branch.len() && !numbers.is_empty()).then_some(numbers)
}

/// The children of `name` by number, when all of them are numbered; otherwise the branch is as it was.
fn numbered(branch: &mut IndexMap<String, Tree>, name: &str) -> Option<BTreeMap<u64, Tree>> {
    let Some(Tree::Branch(children)) = branch.get(name) else { return None };
    let numbers = numbers(children)?;
    match branch.shift_remove(name) {
        Some(Tree::Branch(children)) => Some(numbers.into_iter().zip(children.into_values()).collect()),
        Some(Tree::Leaf(_)) | None => None,
    }
}

fn entry(tree: Tree, lists: Lists) -> Option<(String, Value)> {
    let Tree::Branch(mut pair) = tree else { return None };
    match (pair.shift_remove("key")?, pair.shift_remove("value")) {
        (Tree::Leaf(key), Some(inner)) => Some((key, value(inner, lists))),
        (Tree::Leaf(key), None) => Some((key, Value::Null)),
        (Tree::Branch(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{DEEPEST_PATH, Lists, MOST_NAMES, QueryError};
    use serde_json::Value;

    fn decode(form: &[u8]) -> Result<Value, QueryError> {
        super::decode(form, Lists::Member)
    }

    #[test]
    fn forms_become_trees() {
        for (form, tree) in [
            ("", json!({})),
            ("Action=A&Version=1", json!({"Action": "A", "Version": "1"})),
            ("A.member.1.B=x", json!({"A": [{"B": "x"}]})),
            ("A.member.2=b&A.member.1=a&A.member.10=c", json!({"A": ["a", "b", "c"]})),
            ("A.member.99999999999=z&A.member.1=a", json!({"A": ["a", "z"]})),
            ("A.entry.1.key=k&A.entry.1.value=v", json!({"A": {"k": "v"}})),
            ("A.B.C=%3D+x", json!({"A": {"B": {"C": "= x"}}})),
            ("A=", json!({"A": ""})),
            ("A.member.x=1", json!({"A": {"member": {"x": "1"}}})),
            (
                "C.member.1.Values.member.1=p&C.member.1.Values.member.2=q",
                json!({"C": [{"Values": ["p", "q"]}]}),
            ),
        ] {
            assert_eq!(decode(form.as_bytes()), Ok(tree), "{form}");
        }
    }

    #[test]
    fn other_services_write_their_lists_in_other_ways() {
        for (lists, form, tree) in [
            (
                Lists::Bare,
                "Filter.1.Name=tag:a&Filter.1.Value.1=x&Filter.1.Value.2=y&InstanceId.1=i&DryRun=false",
                json!({"Filter": [{"Name": "tag:a", "Value": ["x", "y"]}], "InstanceId": ["i"], "DryRun": "false"}),
            ),
            (Lists::Bare, "Tag.2.Key=b&Tag.1.Key=a", json!({"Tag": [{"Key": "a"}, {"Key": "b"}]})),
            (Lists::Bare, "A.1=x&A.B=y", json!({"A": {"1": "x", "B": "y"}})),
            (
                Lists::Named,
                "Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=v&Tags.Tag.1.Key=k",
                json!({"Filters": [{"Name": "n", "Values": ["v"]}], "Tags": [{"Key": "k"}]}),
            ),
            (Lists::Named, "A.member.1=x&B.C=y", json!({"A": ["x"], "B": {"C": "y"}})),
        ] {
            assert_eq!(super::decode(form.as_bytes(), lists), Ok(tree), "{form}");
        }
    }

    #[test]
    fn hostile_forms_are_refused() {
        let deep = vec!["a"; DEEPEST_PATH + 1].join(".");
        let many = "a&".repeat(MOST_NAMES + 1);
        assert_eq!(decode(format!("{deep}=1").as_bytes()), Err(QueryError::TooDeep(deep)));
        assert!(matches!(decode(many.as_bytes()), Err(QueryError::Conflict(_))));
        let many: String = (0..=MOST_NAMES).map(|number| format!("a{number}&")).collect();
        assert_eq!(decode(many.as_bytes()), Err(QueryError::TooMany));
        for form in ["A=1&A=2", "A=1&A.B=2", "A.B=2&A=1", "A.member.1=a&A.member.1.B=b"] {
            assert!(matches!(decode(form.as_bytes()), Err(QueryError::Conflict(_))), "{form}");
        }
        for form in ["A..B=1", ".=1", "A.=1", "=1"] {
            assert!(matches!(decode(form.as_bytes()), Err(QueryError::Malformed(_))), "{form}");
        }
    }
}
