//! A template's evaluated properties as the JSON tree that requests come as, so that a resource and an API
//! call are read by the same code.

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// Properties as an object. What is unknown becomes null: the engine evaluates with everything known.
pub(crate) fn to_json(properties: &IndexMap<String, template::Value>) -> Value {
    let fields = properties.iter().map(|(name, value)| (name.clone(), one(value)));
    Value::Object(fields.collect())
}

/// Recursion is as deep as the template, whose parser limits it.
fn one(value: &template::Value) -> Value {
    match value {
        template::Value::Null | template::Value::Unknown(_) => Value::Null,
        template::Value::Bool(flag) => Value::Bool(*flag),
        template::Value::Number(text) | template::Value::String(text) => Value::String(text.clone()),
        template::Value::List(items) => Value::Array(items.iter().map(one).collect()),
        template::Value::Map(fields) => {
            Value::Object(fields.iter().map(|(name, field)| (name.clone(), one(field))).collect())
        }
    }
}

/// How the members of an API differ from a template's properties of the same names. Parameters make everything text, but
/// JSON clients insist on numbers and booleans, so those are known by their names.
pub(crate) struct Members {
    pub(crate) integers: &'static [&'static str],
    pub(crate) booleans: &'static [&'static str],
    /// Maps whose names are the user's own, in whatever case.
    pub(crate) maps: &'static [&'static str],
    /// Names that the API has differently.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
    /// A list whose items have integers of their own.
    pub(crate) list: &'static str,
    pub(crate) integers_of_items: &'static [&'static str],
}

impl Members {
    /// A tree in the API's form. Recursion is as deep as the template, whose parser limits it.
    pub(crate) fn typed(&self, value: Value) -> Value {
        self.typed_in(value, false)
    }

    fn typed_in(&self, value: Value, in_list: bool) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.typed_in(item, in_list)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, field)| {
                    let name = name.as_str();
                    let is_integer =
                        self.integers.contains(&name) || in_list && self.integers_of_items.contains(&name);
                    let field = match &field {
                        _ if self.maps.iter().any(|map| map.eq_ignore_ascii_case(name)) => field,
                        Value::Array(items) if is_integer => items.iter().map(number).collect(),
                        Value::String(_) if is_integer => number(&field),
                        Value::String(text) if self.booleans.contains(&name) => {
                            text.parse::<bool>().map_or(field.clone(), Value::Bool)
                        }
                        _ => self.typed_in(field, in_list || name == self.list),
                    };
                    let renamed = self.renamed.iter().find(|(from, _)| *from == name);
                    (renamed.map_or(name, |(_, to)| to).to_owned(), field)
                });
                Value::Object(fields.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }
}

/// A text that is a number as one.
fn number(value: &Value) -> Value {
    let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
    number.map_or_else(|| value.clone(), Value::from)
}

/// The same tree with every name's first letter in lower case, as Batch's API writes what CloudFormation
/// writes with a capital. What stands under a name of `kept` is a map of the user's own names.
pub(crate) fn lower_camel(value: &Value, kept: &[&str]) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| lower_camel(item, kept)).collect()),
        Value::Object(fields) => {
            let lowered = fields.iter().map(|(name, field)| {
                let field =
                    if kept.contains(&name.as_str()) { field.clone() } else { lower_camel(field, kept) };
                let mut letters = name.chars();
                let lowered = letters.next().map(|first| first.to_lowercase().chain(letters).collect());
                (lowered.unwrap_or_default(), field)
            });
            Value::Object(lowered.collect::<Map<String, Value>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
