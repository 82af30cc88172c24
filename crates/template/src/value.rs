//! What evaluation yields: plain values, in which the unknown is a variant with its cause.

use indexmap::IndexMap;

/// An evaluated value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as written in the template.
    Number(String),
    /// Text. CloudFormation turns every parameter into text (or a list of texts).
    String(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in the template's order. Equality ignores the order.
    Map(IndexMap<String, Value>),
    /// Not known yet.
    Unknown(Unknown),
}

/// Text of which at least one part is known only after apply (or not at all offline).
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// The parts in order; at least one is not `Text`. A function whose result can't be taken apart
    /// (Join, Select, Split, Sub with a map) has the single part that made it unknown.
    pub parts: Vec<Part>,
}

/// A part of an unknown text.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Known text around the unknown (only plain `Fn::Sub` keeps it).
    Text(String),
    /// What `Ref` (no attribute) or `Fn::GetAtt` of a resource will give.
    Resource {
        /// The resource referred to.
        logical_id: String,
        /// The attribute, `None` for `Ref`.
        attribute: Option<String>,
    },
    /// Something that only the outside knows: an import, an SSM value, a macro's output. In words.
    Outside(String),
}

/// Where evaluation gets what `Ref` and `Fn::GetAtt` of a resource give. The predictor answers with
/// unknowns or deployed values, the local cloud with what it has created.
pub trait ResourceValues {
    /// What `Ref` of this resource gives.
    fn reference(&self, logical_id: &str) -> Value;
    /// What `Fn::GetAtt` of this resource and attribute (dots kept: `Outputs.Name`) gives.
    fn attribute(&self, logical_id: &str, attribute: &str) -> Value;
}

impl Value {
    /// Text.
    pub fn string(text: impl Into<String>) -> Value {
        Value::String(text.into())
    }

    /// Something only the outside knows, in words.
    pub fn outside(what: impl Into<String>) -> Value {
        Value::Unknown(Unknown { parts: vec![Part::Outside(what.into())] })
    }

    /// The text of a string, a number or a boolean, as CloudFormation writes it into other text.
    pub fn scalar_text(&self) -> Option<&str> {
        match self {
            Value::String(text) | Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Null | Value::List(_) | Value::Map(_) | Value::Unknown(_) => None,
        }
    }

    /// The first unknown in here, if there is any.
    pub fn first_unknown(&self) -> Option<&Unknown> {
        match self {
            Value::Unknown(unknown) => Some(unknown),
            Value::List(elements) => elements.iter().find_map(Value::first_unknown),
            Value::Map(entries) => entries.values().find_map(Value::first_unknown),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    /// What the value is, in words for messages.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Unknown(_) => "not known yet",
        }
    }

    /// Whether `Fn::Equals` takes two known values for the same: CloudFormation compares text, so that the number
    /// 0 equals a parameter's "0".
    pub fn equals_as_text(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::List(left), Value::List(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| left.equals_as_text(right))
            }
            (Value::Map(left), Value::Map(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .all(|(key, value)| right.get(key).is_some_and(|other| value.equals_as_text(other)))
            }
            _ => match (self.scalar_text(), other.scalar_text()) {
                (Some(left), Some(right)) => left == right,
                _ => self == other,
            },
        }
    }
}

impl Unknown {
    /// The bare unknown: what a function gives that can't be taken apart (Join, Select, Split, Sub with a map).
    /// The recordings show one marker there, whatever text stood around it.
    pub fn collapsed(&self) -> Unknown {
        let part = self.parts.iter().find(|part| !matches!(part, Part::Text(_))).or(self.parts.first());
        Unknown { parts: part.cloned().into_iter().collect() }
    }
}
