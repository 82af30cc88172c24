//! Which properties differ between two fully evaluated sets, and whether each difference recreates the
//! resource.
//!
//! Used by the local cloud's engine, which has both sides' real values. The prediction of AWS's words, which
//! sees templates, is another matter and lives elsewhere; both weigh a difference by `heaviest_difference`.

use indexmap::IndexMap;
use template::Value;

use crate::facts::{self, RecreationFact, RequiresRecreation};

/// One top-level property that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct PropertyChange {
    /// The top-level property.
    pub name: String,
    /// The path that decided about recreation, such as `/ComputeResources/Type`: a nested create-only path,
    /// else `/Name`.
    pub path: String,
    /// Whether this difference recreates the resource.
    pub recreation: RequiresRecreation,
    /// The value before, `None` when the property is new.
    pub before: Option<Value>,
    /// The value after, `None` when the property is gone.
    pub after: Option<Value>,
}

/// The properties that differ, in the order of `before`, then the new ones. The order of keys in a map never
/// matters, the order of a list does.
pub fn changed_properties(
    type_name: &str,
    before: &IndexMap<String, Value>,
    after: &IndexMap<String, Value>,
) -> Vec<PropertyChange> {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    names
        .filter_map(|name| {
            let (old, new) = (before.get(name), after.get(name));
            if same(old, new) {
                return None;
            }
            let (path, fact) = heaviest_difference(type_name, name, old, new);
            Some(PropertyChange {
                name: name.clone(),
                path,
                recreation: fact.word,
                before: old.cloned(),
                after: new.cloned(),
            })
        })
        .collect()
}

/// The path of the heaviest difference inside one top-level property, with its fact. A create-only path below
/// the top counts only when the values *there* differ.
pub(crate) fn heaviest_difference(
    type_name: &str,
    name: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> (String, RecreationFact) {
    let top = [name];
    let mut heaviest = (format!("/{name}"), facts::fact_at(type_name, &top));
    for pattern in facts::patterns_below(type_name, &top) {
        let path: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
        let below = path.get(1..).unwrap_or_default();
        if select(before, below) == select(after, below) {
            continue;
        }
        let fact = facts::fact_at(type_name, &path);
        if fact.word > heaviest.1.word {
            heaviest = (pattern, fact);
        }
    }
    heaviest
}

/// Whether two values are the same to CloudFormation.
///
/// Assumption, since AWS doesn't document it: a scalar is compared by the text it has in the template, so
/// `8080` and `"8080"` are the same (CloudFormation turns parameters into text and gives them to number
/// properties).
pub(crate) fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.equals_as_text(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// What stands at a path, every item for `*`; `None` parts are kept so that a missing item differs from a
/// present one.
fn select<'a>(value: Option<&'a Value>, path: &[&str]) -> Vec<Option<Comparable<'a>>> {
    let Some((first, rest)) = path.split_first() else { return vec![value.map(Comparable)] };
    match (value, *first) {
        (Some(Value::List(items)), "*") => items.iter().flat_map(|item| select(Some(item), rest)).collect(),
        (Some(Value::Map(entries)), "*") => {
            let mut keys: Vec<&String> = entries.keys().collect();
            keys.sort();
            keys.into_iter().flat_map(|key| select(entries.get(key), rest)).collect()
        }
        (Some(Value::Map(entries)), name) => select(entries.get(name), rest),
        // The whole value is unknown: so is the part.
        (Some(unknown @ Value::Unknown(_)), _) => vec![Some(Comparable(unknown))],
        _ => vec![None],
    }
}

/// A value compared as CloudFormation compares it.
struct Comparable<'a>(&'a Value);

impl PartialEq for Comparable<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals_as_text(other.0)
    }
}
