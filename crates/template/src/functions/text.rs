//! Functions that make text: Sub, Join, Split, Base64, ToJsonString.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;

use super::{Evaluated, Functions};
use crate::evaluate_error::EvaluateError;
use crate::function::{Call, Function};
use crate::node::{Entry, Node, NodeKind};
use crate::print_json;
use crate::substitution::{Piece, is_variable_name, pieces};
use crate::value::{Part, Unknown, Value};

impl Functions<'_, '_> {
    pub(super) fn substitute(self, found: Call<'_>) -> Evaluated {
        let (text, variables) = match &found.argument.kind {
            NodeKind::Sequence(arguments) => match arguments.as_slice() {
                [text, variables] => match variables.as_mapping() {
                    Some(entries) => (text, Some(entries)),
                    None => {
                        return Err(self.wrong(
                            found.function,
                            variables.at,
                            "the second argument is no map",
                        ));
                    }
                },
                _ => return Err(self.wrong(found.function, found.argument.at, "")),
            },
            _ => (found.argument, None),
        };
        let Some(template) = text.scalar_text() else {
            return Err(self.wrong(found.function, text.at, "the text is no string"));
        };
        let mut parts = Parts::default();
        for piece in pieces(template) {
            match piece {
                Piece::Text(literal) => parts.text(literal),
                Piece::Escaped(literal) => {
                    parts.text("${");
                    parts.text(literal);
                    parts.text("}");
                }
                Piece::Variable(name) => match self.variable(found, text, name, variables)? {
                    Value::Unknown(unknown) => parts.unknown(unknown),
                    // AWS does not say what `${AWS::NoValue}` is; assumed to be nothing.
                    Value::Null => {}
                    value => match value.scalar_text() {
                        Some(value) => {
                            // Counted here too, since the text grows before it is a result.
                            self.count(value.len(), text.at)?;
                            parts.text(value);
                        }
                        None => {
                            let got = format!("{name} is {}", value.kind_name());
                            return Err(self.wrong(found.function, text.at, &got));
                        }
                    },
                },
            }
        }
        Ok(Some(match parts.finish() {
            Value::Unknown(unknown) if variables.is_some() => Value::Unknown(unknown.collapsed()),
            value => value,
        }))
    }

    /// The value of a variable: from the map, else as `Ref` or `Fn::GetAtt` would give it.
    fn variable(
        self,
        found: Call<'_>,
        text: &Node,
        name: &str,
        variables: Option<&IndexMap<String, Entry>>,
    ) -> Result<Value, EvaluateError> {
        if let Some(entry) = variables.and_then(|entries| entries.get(name)) {
            return self.some_value(&entry.value);
        }
        if !is_variable_name(name) {
            return Err(self.wrong(
                found.function,
                text.at,
                "variable names must contain only alphanumeric characters, underscores, periods, and colons (write ${!Name} to keep the text)",
            ));
        }
        let value = match name.split_once('.') {
            Some((logical_id, attribute)) => self.attribute_of(logical_id, attribute, text.at)?,
            None => self.reference_to(name, text.at)?,
        };
        Ok(value.unwrap_or(Value::Null))
    }

    pub(super) fn join(self, found: Call<'_>) -> Evaluated {
        let Some([delimiter, list]) = found.list() else {
            return Err(self.wrong(found.function, found.argument.at, ""));
        };
        // The delimiter is text, not a function; with AWS::LanguageExtensions it may be one.
        let delimiter = match self.text(found, delimiter)? {
            Ok(delimiter) => delimiter,
            Err(unknown) => return Ok(Some(Value::Unknown(unknown.collapsed()))),
        };
        let elements = match self.some_value(list)? {
            Value::List(elements) => elements,
            Value::Unknown(unknown) => return Ok(Some(Value::Unknown(unknown.collapsed()))),
            other => {
                let got = format!("here is {}", other.kind_name());
                return Err(self.wrong(found.function, list.at, &got));
            }
        };
        let mut joined = String::new();
        for (index, element) in elements.iter().enumerate() {
            if let Value::Unknown(unknown) = element {
                return Ok(Some(Value::Unknown(unknown.collapsed())));
            }
            let Some(text) = element.scalar_text() else {
                let got = format!("element {index} is {}", element.kind_name());
                return Err(self.wrong(found.function, list.at, &got));
            };
            if index > 0 {
                self.count(delimiter.len(), list.at)?;
                joined.push_str(&delimiter);
            }
            joined.push_str(text);
        }
        Ok(Some(Value::String(joined)))
    }

    pub(super) fn split(self, found: Call<'_>) -> Evaluated {
        let Some([delimiter, source]) = found.list() else {
            return Err(self.wrong(found.function, found.argument.at, ""));
        };
        let (delimiter, source) = match (self.text(found, delimiter)?, self.text(found, source)?) {
            (Ok(delimiter), Ok(source)) => (delimiter, source),
            (Err(unknown), _) | (_, Err(unknown)) => {
                return Ok(Some(Value::Unknown(unknown.collapsed())));
            }
        };
        if delimiter.is_empty() {
            return Err(self.wrong(found.function, found.argument.at, "the delimiter is empty"));
        }
        Ok(Some(Value::List(source.split(&delimiter).map(Value::string).collect())))
    }

    pub(super) fn base64(self, found: Call<'_>) -> Evaluated {
        Ok(Some(match self.text(found, found.argument)? {
            Ok(text) => Value::String(STANDARD.encode(text)),
            Err(unknown) => Value::Unknown(unknown.collapsed()),
        }))
    }

    pub(super) fn to_json_string(self, found: Call<'_>) -> Evaluated {
        let value = self.some_value(found.argument)?;
        if let Some(unknown) = value.first_unknown() {
            return Ok(Some(Value::Unknown(unknown.collapsed())));
        }
        match value {
            Value::List(_) | Value::Map(_) => Ok(Some(Value::String(print_json::value_to_json(&value)))),
            other => {
                let got = format!("here is {}", other.kind_name());
                Err(self.wrong(Function::ToJsonString, found.argument.at, &got))
            }
        }
    }
}

/// Text being put together, of which parts may be unknown.
#[derive(Default)]
struct Parts {
    done: Vec<Part>,
    /// Known text since the last unknown part.
    text: String,
}

impl Parts {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn unknown(&mut self, unknown: Unknown) {
        for part in unknown.parts {
            match part {
                Part::Text(text) => self.text.push_str(&text),
                part => {
                    if !self.text.is_empty() {
                        self.done.push(Part::Text(std::mem::take(&mut self.text)));
                    }
                    self.done.push(part);
                }
            }
        }
    }

    fn finish(mut self) -> Value {
        if self.done.is_empty() {
            return Value::String(self.text);
        }
        if !self.text.is_empty() {
            self.done.push(Part::Text(self.text));
        }
        Value::Unknown(Unknown { parts: self.done })
    }
}
