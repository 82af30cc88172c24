//! The parameters of a request, whatever protocol carried them: a JSON tree with typed getters.
//!
//! The Query protocol knows no types, so every getter accepts text where a number or a boolean is meant.

use serde_json::Value;

use crate::error::AwsError;

/// A borrowed object of parameters.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a>(pub &'a Value);

impl<'a> Input<'a> {
    /// The text under a name; `None` when absent. Empty text is text.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// The text under a name, or AWS's refusal when it is absent or empty.
    pub fn required_string(&self, name: &str) -> Result<&'a str, AwsError> {
        match self.string(name) {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(AwsError::validation(format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                lower_camel(name)
            ))),
        }
    }

    /// A boolean; `None` when absent, an error when it is neither `true` nor `false`.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, AwsError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(AwsError::validation(format!("{name} must be either true or false"))),
        }
    }

    /// An integer; `None` when absent, an error when it isn't one.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, AwsError> {
        let parsed = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        match parsed {
            Some(number) => Ok(Some(number)),
            None => Err(AwsError::validation(format!("{name} must be an integer"))),
        }
    }

    /// The objects of a list; empty when absent.
    pub fn objects(&self, name: &str) -> impl Iterator<Item = Input<'a>> + use<'a> {
        self.list(name).iter().map(Input)
    }

    /// The texts of a list; empty when absent. What isn't text is passed over.
    pub fn strings(&self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.list(name).iter().filter_map(Value::as_str)
    }

    /// An object under a name.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<Input<'a>> {
        self.0.get(name).filter(|value| value.is_object()).map(Input)
    }

    /// Whether anything stands under a name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    fn list(&self, name: &str) -> &'a [Value] {
        self.0.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

fn lower_camel(name: &str) -> String {
    let mut characters = name.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}
