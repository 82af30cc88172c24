//! A property's value as a tree whose leaves remember the node they came from, for comparing leaf by leaf
//! with causes.
//!
//! A leaf from a secret parameter is compared by its value and shown as AWS shows it: `****`.

use indexmap::IndexMap;
use serde_json::Value as Json;
use template::{EvaluateError, Node, Part, ResourceValues, Value};

use super::Side;
use super::causes::{Referred, referred};
use super::node_shape::{Shape, shape, taken};
use super::resource_values::Unresolved;
use crate::change_set::KNOWN_AFTER_APPLY;

/// What AWS prints instead of a `NoEcho` parameter.
pub(crate) const MASK: &str = "****";

/// A value with its origins.
pub(crate) enum Tree<'n> {
    Leaf { node: &'n Node, value: Value, mask: Option<Vec<String>> },
    Map(IndexMap<String, Tree<'n>>),
    List(Vec<Tree<'n>>),
}

impl<'n> Tree<'n> {
    /// Evaluates a node; `None` for `AWS::NoValue`. Depth is bounded by the template reader.
    pub(crate) fn build(
        side: &Side<'_>,
        node: &'n Node,
        resources: &dyn ResourceValues,
    ) -> Result<Option<Tree<'n>>, EvaluateError> {
        let node = taken(side, node);
        Ok(match shape(node) {
            Shape::NoValue => None,
            Shape::Map(entries) => {
                let mut made = IndexMap::with_capacity(entries.len());
                for (key, entry) in entries {
                    if let Some(tree) = Tree::build(side, &entry.value, resources)? {
                        made.insert(key.clone(), tree);
                    }
                }
                Some(Tree::Map(made))
            }
            Shape::List(elements) => {
                let mut made = Vec::with_capacity(elements.len());
                for element in elements {
                    made.extend(Tree::build(side, element, resources)?);
                }
                Some(Tree::List(made))
            }
            Shape::Scalar => Some(Tree::from_value(node, side.evaluate(node, resources)?, None)),
            Shape::Function(..) => {
                // A deployed value that isn't known stands in as text, which `Fn::Select` may find too short.
                // Then the function's value is simply unknown.
                let value = side.evaluate(node, resources).or_else(|_| side.evaluate(node, &Unresolved))?;
                Some(value)
                    .filter(|value| *value != Value::Null)
                    .map(|value| Tree::from_value(node, value, secrets(side, node)))
            }
        })
    }

    /// As [`Tree::build`], of a node that may be missing.
    pub(crate) fn build_optional(
        side: &Side<'_>,
        node: Option<&'n Node>,
        resources: &dyn ResourceValues,
    ) -> Result<Option<Tree<'n>>, EvaluateError> {
        node.map_or(Ok(None), |node| Tree::build(side, node, resources))
    }

    /// A map without entries: what a resource without properties has.
    pub(crate) fn empty() -> Tree<'n> {
        Tree::Map(IndexMap::new())
    }

    /// The entry of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree<'n>> {
        match self {
            Tree::Map(entries) => entries.get(key),
            Tree::Leaf { .. } | Tree::List(_) => None,
        }
    }

    /// The values of a map's entries.
    pub(crate) fn entries(&self) -> IndexMap<String, Value> {
        match self.value() {
            Value::Map(entries) => entries,
            _ => IndexMap::new(),
        }
    }

    /// Shows every leaf's value.
    pub(crate) fn values(&self, see: &mut dyn FnMut(&Value)) {
        match self {
            Tree::Leaf { value, .. } => see(value),
            Tree::Map(entries) => entries.values().for_each(|tree| tree.values(see)),
            Tree::List(items) => items.iter().for_each(|tree| tree.values(see)),
        }
    }

    fn from_value(node: &'n Node, value: Value, mask: Option<Vec<String>>) -> Tree<'n> {
        match value {
            Value::List(items) => {
                Tree::List(items.into_iter().map(|item| Tree::from_value(node, item, mask.clone())).collect())
            }
            Value::Map(entries) => Tree::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, Tree::from_value(node, value, mask.clone())))
                    .collect(),
            ),
            value => Tree::Leaf { node, value, mask },
        }
    }

    /// The values alone, without where they came from.
    pub(crate) fn value(&self) -> Value {
        match self {
            Tree::Leaf { value, .. } => value.clone(),
            Tree::Map(entries) => {
                Value::Map(entries.iter().map(|(key, tree)| (key.clone(), tree.value())).collect())
            }
            Tree::List(items) => Value::List(items.iter().map(Tree::value).collect()),
        }
    }

    /// Whether two trees have the same values.
    pub(crate) fn same(&self, other: &Tree<'_>) -> bool {
        match (self, other) {
            (Tree::Leaf { value: one, .. }, Tree::Leaf { value: other, .. }) => one.equals_as_text(other),
            (Tree::Map(one), Tree::Map(other)) => {
                one.len() == other.len()
                    && one.iter().all(|(key, tree)| other.get(key).is_some_and(|other| tree.same(other)))
            }
            (Tree::List(one), Tree::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.same(other))
            }
            _ => false,
        }
    }

    /// The nodes that the values came from.
    pub(crate) fn nodes(&self, into: &mut Vec<&'n Node>) {
        match self {
            Tree::Leaf { node, .. } => into.push(node),
            Tree::Map(entries) => entries.values().for_each(|tree| tree.nodes(into)),
            Tree::List(items) => items.iter().for_each(|tree| tree.nodes(into)),
        }
    }

    /// The value as a context has it: every scalar is text (recorded:
    /// `"ReceiveMessageWaitTimeSeconds":"20"`).
    pub(crate) fn json(&self) -> Json {
        match self {
            Tree::Leaf { value, mask, .. } => rendered(value, mask.as_deref()),
            Tree::Map(entries) => {
                Json::Object(entries.iter().map(|(key, tree)| (key.clone(), tree.json())).collect())
            }
            Tree::List(items) => Json::Array(items.iter().map(Tree::json).collect()),
        }
    }

    /// The value as `BeforeValue` and `AfterValue` have it: text, or JSON text of a list or a map.
    pub(crate) fn text(&self) -> String {
        match self.json() {
            Json::String(text) => text,
            other => other.to_string(),
        }
    }
}

fn rendered(value: &Value, mask: Option<&[String]>) -> Json {
    let text = match value {
        Value::Null => return Json::Null,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            value.scalar_text().unwrap_or_default().to_owned()
        }
        Value::Unknown(unknown) => unknown.parts.iter().map(part_text).collect(),
        // Not met: lists and maps are taken apart before.
        Value::List(_) | Value::Map(_) => return Json::Null,
    };
    Json::String(match mask {
        None => text,
        Some(secrets) => masked(&text, secrets),
    })
}

/// A secret inside a longer text is starred out; one that was transformed (`Fn::Base64`) hides the whole
/// text.
fn masked(text: &str, secrets: &[String]) -> String {
    let starred = secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret, MASK));
    if starred == text { MASK.to_owned() } else { starred }
}

fn part_text(part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        // Recorded of an import that isn't known yet (`test_describe_change_set_import_non_existent_export`).
        Part::Resource { .. } | Part::Outside(_) => KNOWN_AFTER_APPLY.to_owned(),
    }
}

/// The texts of the secret parameters that a function reads, `None` when it reads none.
fn secrets(side: &Side<'_>, node: &Node) -> Option<Vec<String>> {
    let parameters = &side.parameters().0;
    let secrets: Vec<String> = referred(side, node)
        .into_iter()
        .filter_map(|referred| match referred {
            Referred::Parameter(name) => parameters.get(&name).filter(|parameter| parameter.no_echo),
            Referred::Resource { .. } => None,
        })
        .map(|parameter| parameter.text.clone())
        .collect();
    (!secrets.is_empty()).then_some(secrets)
}

/// A value that differs.
pub(crate) struct Difference<'t, 'n> {
    /// Such as `/Environment/Variables/NAME`.
    pub(crate) path: String,
    pub(crate) before: Option<&'t Tree<'n>>,
    pub(crate) after: Option<&'t Tree<'n>>,
}

impl Difference<'_, '_> {
    /// The top-level property that it stands in.
    pub(crate) fn top_level(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default()
    }
}

/// The least values that differ, those at a `whole` path (with `*` for any name or index) not taken apart.
pub(crate) fn differences<'t, 'n>(
    before: Option<&'t Tree<'n>>,
    after: Option<&'t Tree<'n>>,
    whole: &[String],
) -> Vec<Difference<'t, 'n>> {
    let mut found = Vec::new();
    collect(before, after, "", whole, &mut found);
    found
}

fn collect<'t, 'n>(
    before: Option<&'t Tree<'n>>,
    after: Option<&'t Tree<'n>>,
    path: &str,
    whole: &[String],
    into: &mut Vec<Difference<'t, 'n>>,
) {
    match (before, after) {
        (None, None) => {}
        (Some(one), Some(other)) if one.same(other) => {}
        (Some(Tree::Map(one)), Some(Tree::Map(other))) if !is_at(path, whole) => {
            for key in one.keys().chain(other.keys().filter(|key| !one.contains_key(*key))) {
                collect(one.get(key), other.get(key), &format!("{path}/{key}"), whole, into);
            }
        }
        (Some(Tree::List(one)), Some(Tree::List(other))) if !is_at(path, whole) => {
            for index in 0..one.len().max(other.len()) {
                collect(one.get(index), other.get(index), &format!("{path}/{index}"), whole, into);
            }
        }
        _ => into.push(Difference { path: path.to_owned(), before, after }),
    }
}

fn is_at(path: &str, patterns: &[String]) -> bool {
    let here: Vec<&str> = path.split('/').collect();
    patterns.iter().any(|pattern| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        pattern.len() == here.len()
            && pattern.iter().zip(&here).all(|(pattern, here)| *pattern == "*" || pattern == here)
    })
}
