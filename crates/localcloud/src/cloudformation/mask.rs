//! Properties as JSON for people and programs, with secrets starred out.

use base64::Engine as _;
use serde_json::{Map, Value as Json};
use template::Value;

use super::stack::Properties;

/// What stands in for a secret.
pub const MASK: &str = "****";

/// `ResourceProperties` of an event: JSON text in which no secret is left, encoded or not.
pub fn resource_properties(properties: &Properties, secrets: &[String]) -> String {
    let entries: Map<String, Json> =
        properties.iter().map(|(name, value)| (name.clone(), json(value, secrets))).collect();
    Json::Object(entries).to_string()
}

/// A value as JSON; scalars become text, as CloudFormation shows them.
pub fn json(value: &Value, secrets: &[String]) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::String(value.to_string()),
        Value::Number(text) => Json::String(text.clone()),
        Value::String(text) => Json::String(masked(text, secrets)),
        Value::List(items) => Json::Array(items.iter().map(|item| json(item, secrets)).collect()),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(name, value)| (name.clone(), json(value, secrets))).collect())
        }
        Value::Unknown(_) => Json::String("{{changeSet:KNOWN_AFTER_APPLY}}".to_owned()),
    }
}

/// A text without its secrets. Text that was encoded with Base64 around a secret is starred out whole.
pub fn masked(text: &str, secrets: &[String]) -> String {
    if secrets.is_empty() {
        return text.to_owned();
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
    let holds =
        |secret: &String| decoded.windows(secret.len().max(1)).any(|window| window == secret.as_bytes());
    if !decoded.is_empty() && secrets.iter().any(holds) {
        return MASK.to_owned();
    }
    secrets.iter().fold(text.to_owned(), |text, secret| {
        if text.contains(secret.as_str()) { text.replace(secret.as_str(), MASK) } else { text }
    })
}

/// Star the secrets out of every text of a tree, texts that hold JSON themselves included.
pub fn mask_json(tree: &mut Json, secrets: &[String]) {
    match tree {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => {
            let inner = secrets.iter().map(|secret| Json::String(secret.clone()).to_string());
            // As it stands inside a JSON text: escaped, without the quotes.
            let escaped: Vec<String> = inner.map(|quoted| quoted.trim_matches('"').to_owned()).collect();
            *text = masked(&masked(text, secrets), &escaped);
        }
        Json::Array(items) => items.iter_mut().for_each(|item| mask_json(item, secrets)),
        Json::Object(entries) => entries.values_mut().for_each(|value| mask_json(value, secrets)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_left() {
        let encoded = base64::engine::general_purpose::STANDARD.encode("echo hunter2");
        for (text, expected) in
            [("plain", "plain"), ("password=hunter2;", "password=****;"), (encoded.as_str(), MASK)]
        {
            assert_eq!(masked(text, &["hunter2".to_owned()]), expected);
        }
    }
}
