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
