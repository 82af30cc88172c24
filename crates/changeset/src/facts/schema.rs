//! What the published schema of a resource type demands of its properties: JSON Schema, as far as it demands something.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The schema of one resource type.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct TypeSchema {
    /// What is demanded of all properties together.
    #[serde(flatten)]
    pub top: Schema,
    definitions: BTreeMap<String, Schema>,
}

impl TypeSchema {
    pub(super) fn decode(_name: &str, json: &[u8]) -> Option<TypeSchema> {
        serde_json::from_slice(json).ok()
    }

    /// The definition that a schema refers to.
    pub fn definition(&self, name: &str) -> Option<&Schema> {
        self.definitions.get(name)
    }
}

/// What is demanded of one value; what is absent demands nothing.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Schema {
    /// The definition that is demanded beside the rest.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The allowed kinds.
    #[serde(rename = "type")]
    pub kinds: Vec<Kind>,
    /// The allowed values.
    #[serde(rename = "enum")]
    pub allowed_values: Vec<serde_json::Value>,
    /// The only allowed value.
    #[serde(rename = "const")]
    pub constant: Option<serde_json::Value>,
    /// An ECMA 262 pattern that is somewhere in the text.
    pub pattern: Option<String>,
    /// The least length of a text, in characters.
    pub min_length: Option<u64>,
    /// The greatest length of a text, in characters.
    pub max_length: Option<u64>,
    /// The least number.
    pub minimum: Option<f64>,
    /// The greatest number.
    pub maximum: Option<f64>,
    /// The least count of a list.
    pub min_items: Option<u64>,
    /// The greatest count of a list.
    pub max_items: Option<u64>,
    /// What each item of a list is.
    pub items: Option<Box<Schema>>,
    /// The members that must be there.
    pub required: Vec<String>,
    /// The known members.
    pub properties: BTreeMap<String, Schema>,
    /// Members by a pattern of their name.
    pub pattern_properties: BTreeMap<String, Schema>,
    /// Whether only known members may be there.
    pub closed: bool,
    /// What other members must be.
    pub others: Option<Box<Schema>>,
    /// Exactly one of these is to be met.
    pub one_of: Vec<Schema>,
    /// At least one of these is to be met.
    pub any_of: Vec<Schema>,
    /// All of these are to be met.
    pub all_of: Vec<Schema>,
}

/// A kind of value, as JSON Schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    String,
    /// A list.
    Array,
    /// A map.
    Object,
    /// Null.
    Null,
}
