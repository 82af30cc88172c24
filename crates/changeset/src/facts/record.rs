//! A resource type's facts: the record as the data file holds it, and the public form made from it and the
//! overrides.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::overrides;
use super::recreation::RequiresRecreation;

/// What is known of one resource type. Property paths are written `/Name/Nested/*`, `*` for each item of a
/// list.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceType {
    /// The type, such as `AWS::S3::Bucket`.
    pub name: String,
    /// Every top-level property; of the required ones enough to make up a value.
    pub properties: BTreeMap<String, PropertyFacts>,
    /// The required top-level properties. Where the schema asks for one of several, the first of them.
    pub required: Vec<String>,
    /// Paths whose change always recreates the resource.
    pub create_only: Vec<String>,
    /// Paths whose change may recreate the resource.
    pub conditional_create_only: Vec<String>,
    /// Attributes that AWS gives (`Fn::GetAtt`), dots for nesting, with their JSON type.
    pub read_only: BTreeMap<String, String>,
    /// Paths whose value is any JSON (a policy document, say).
    pub free_form: Vec<String>,
    /// Paths that AWS never gives back.
    pub write_only: Vec<String>,
    /// The properties or attributes that identify a resource, dots for nesting.
    pub primary_identifier: Vec<String>,
    /// The properties or attributes that `Ref` gives, joined by `|` when more than one; empty when unknown.
    pub reference: Vec<String>,
    /// In which order a replacement goes.
    pub replacement_strategy: ReplacementStrategy,
    /// The handlers, `None` when the type has no published handlers (an older type, not in the registry).
    pub handlers: Option<Handlers>,
    /// How the type is tagged, `None` when it can't be.
    pub tagging: Option<Tagging>,
    /// Whether the resource keeps data that goes with it, and who says so.
    pub stateful: Option<Stateful>,
    /// Top-level properties on which the two published sources differ, by path.
    pub disputed: BTreeMap<String, Disputed>,
}

impl ResourceType {
    /// Whether AWS can change the resource in place. A type without published handlers counts as updatable:
    /// its create-only list is then the only evidence.
    pub fn has_update_handler(&self) -> bool {
        self.handlers.as_ref().is_none_or(|handlers| handlers.update.is_some())
    }

    pub(super) fn decode(name: &str, json: &[u8]) -> Option<ResourceType> {
        Some(ResourceType::from_record(name, serde_json::from_slice(json).ok()?))
    }

    fn from_record(name: &str, record: Record) -> ResourceType {
        let stateful = overrides::stateful(name).or_else(|| {
            record
                .stateful_in_second
                .then(|| Stateful { because: "AWS CDK's service specification lists it".to_owned() })
        });
        ResourceType {
            name: name.to_owned(),
            properties: record.properties,
            required: record.required,
            create_only: record.create_only,
            conditional_create_only: record.conditional_create_only,
            read_only: record.read_only,
            free_form: record.free_form,
            write_only: record.write_only,
            reference: overrides::reference(name).unwrap_or_else(|| {
                if record.reference.is_empty() { record.primary_identifier.clone() } else { record.reference }
            }),
            primary_identifier: record.primary_identifier,
            replacement_strategy: record.replacement_strategy.unwrap_or_default(),
            handlers: (!record.handlers.is_empty()).then(|| {
                let mut handlers = record.handlers;
                Handlers {
                    create: handlers.remove("create"),
                    read: handlers.remove("read"),
                    update: handlers.remove("update"),
                    delete: handlers.remove("delete"),
                }
            }),
            tagging: record.tagging,
            stateful,
            disputed: record
                .disputed
                .into_iter()
                .map(|(path, (first, second))| (path, Disputed { schema: first, second }))
                .collect(),
        }
    }
}

/// A property (or an item, or a nested property) as far as it takes to make up a value.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PropertyFacts {
    /// `string`, `integer`, `number`, `boolean`, `array` or `object`; `None` when the schema doesn't say.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The allowed values, empty when any.
    #[serde(rename = "enum")]
    pub allowed_values: Vec<serde_json::Value>,
    /// The only allowed value.
    #[serde(rename = "const")]
    pub constant: Option<serde_json::Value>,
    /// An ECMA 262 pattern.
    pub pattern: Option<String>,
    /// A JSON schema format, such as `timestamp`.
    pub format: Option<String>,
    /// The least length of a text.
    pub min_length: Option<u64>,
    /// The greatest length of a text.
    pub max_length: Option<u64>,
    /// The least number.
    pub minimum: Option<serde_json::Number>,
    /// The greatest number.
    pub maximum: Option<serde_json::Number>,
    /// The least count of a list.
    pub min_items: Option<u64>,
    /// The greatest count of a list.
    pub max_items: Option<u64>,
    /// Whether the items must differ.
    pub unique_items: bool,
    /// What each item of a list is.
    pub items: Option<Box<PropertyFacts>>,
    /// The required nested properties.
    pub required: Vec<String>,
    /// The nested properties, as far as required.
    pub properties: BTreeMap<String, PropertyFacts>,
}

/// In which order a replacement goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplacementStrategy {
    /// The new one first: what CloudFormation does unless the schema says otherwise.
    #[default]
    CreateThenDelete,
    /// The old one goes first.
    DeleteThenCreate,
}

/// The handlers of a type; a missing one means that CloudFormation can't do that with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handlers {
    /// Makes a resource.
    pub create: Option<Handler>,
    /// Reads a resource back.
    pub read: Option<Handler>,
    /// Changes a resource in place.
    pub update: Option<Handler>,
    /// Removes a resource.
    pub delete: Option<Handler>,
}

/// One handler.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Handler {
    /// The IAM actions it may call, sorted.
    pub permissions: Vec<String>,
    /// After how many minutes CloudFormation gives up; `None` for the default of two hours.
    pub timeout_minutes: Option<u64>,
}

/// How a type is tagged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tagging {
    /// The path of the property that holds the tags.
    pub property: String,
    /// Whether tags can be given at creation.
    #[serde(default = "yes")]
    pub on_create: bool,
    /// Whether tags can change in place.
    #[serde(default = "yes")]
    pub updatable: bool,
    /// Whether CloudFormation adds its `aws:cloudformation:` tags.
    #[serde(default = "yes")]
    pub system_tags: bool,
    /// The IAM actions that tagging needs.
    #[serde(default)]
    pub permissions: Vec<String>,
}

fn yes() -> bool {
    true
}

/// Says that a resource keeps data which is lost with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stateful {
    /// Who says so or why, as a sentence without its full stop.
    pub because: String,
}

/// The two sources' words on one property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disputed {
    /// The CloudFormation schema's word.
    pub schema: RequiresRecreation,
    /// The second source's word.
    pub second: RequiresRecreation,
}

/// A type's facts as the data file has them; empty parts are left out there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Record {
    properties: BTreeMap<String, PropertyFacts>,
    required: Vec<String>,
    create_only: Vec<String>,
    conditional_create_only: Vec<String>,
    read_only: BTreeMap<String, String>,
    free_form: Vec<String>,
    write_only: Vec<String>,
    primary_identifier: Vec<String>,
    reference: Vec<String>,
    replacement_strategy: Option<ReplacementStrategy>,
    handlers: BTreeMap<String, Handler>,
    tagging: Option<Tagging>,
    stateful_in_second: bool,
    disputed: BTreeMap<String, (RequiresRecreation, RequiresRecreation)>,
}
