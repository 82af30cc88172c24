//! Types without a service of their own, simulated from their facts: an identifier, attributes, and a record
//! that the resource exists. What a type's identifiers look like is data: `data/attributes.txt`.
//!
//! Assumption: whatever CloudFormation would wait for outside a stack comes. Custom resources answer with success,
//! certificates are validated. Signals from inside resources are the engine's matter (`engine/signals.rs`).

mod pattern;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use changeset::facts;
use indexmap::IndexMap;
use template::Value;

use crate::World;
use crate::faults::CustomAnswer;
use crate::resource::{ArnForm, Desired, ProvisionError, Provisioned, ResourceType, Stability, is_custom};
use pattern::Source;
pub use shape::name_property;

/// How a type is simulated that says nothing for itself.
pub const ANY: ResourceType = ResourceType {
    name: "",
    create,
    update,
    delete: |_, _| Ok(Duration::ZERO),
    finish_delete,
    leave_snapshot: |_, _| Ok(None),
    stability: |_, _| Stability::Stable,
    looks_again: |_, _| None,
    check_deleted: |_, _| Ok(()),
    arn: ArnForm::Facts,
    live: None,
};

/// The resources that exist without a service of their own, by type and physical id.
#[derive(Debug, Clone, Default)]
pub struct GenericResources {
    existing: BTreeMap<(String, String), Existing>,
    deleted_by_hand: BTreeSet<(String, String)>,
    /// How many there were of what is counted.
    counts: BTreeMap<String, u64>,
}

/// A resource that exists.
#[derive(Debug, Clone)]
struct Existing {
    attributes: BTreeMap<String, Value>,
    properties: IndexMap<String, Value>,
    stack_id: String,
}

impl GenericResources {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.existing.len()
    }

    /// The next number of something that is counted, from 1 on.
    fn next_of(&mut self, counted: &str) -> u64 {
        let count = self.counts.entry(counted.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.existing.is_empty()
    }

    /// Whether a resource of this type and physical id exists.
    #[must_use]
    pub fn exists(&self, type_name: &str, physical_id: &str) -> bool {
        self.existing.contains_key(&(type_name.to_owned(), physical_id.to_owned()))
    }

    /// Give an existing resource an attribute, as the service behind it would by itself.
    pub fn set_attribute(&mut self, type_name: &str, physical_id: &str, attribute: &str, value: Value) {
        if let Some(existing) = self.existing.get_mut(&(type_name.to_owned(), physical_id.to_owned())) {
            existing.attributes.insert(attribute.to_owned(), value);
        }
    }

    /// The properties that an existing resource has, whoever gave them to it.
    #[must_use]
    pub fn properties(&self, type_name: &str, physical_id: &str) -> Option<&IndexMap<String, Value>> {
        Some(&self.existing.get(&(type_name.to_owned(), physical_id.to_owned()))?.properties)
    }

    /// Change a property of an existing resource behind CloudFormation's back.
    pub fn set_property(&mut self, type_name: &str, physical_id: &str, property: &str, value: Value) {
        if let Some(existing) = self.existing.get_mut(&(type_name.to_owned(), physical_id.to_owned())) {
            existing.properties.insert(property.to_owned(), value);
        }
    }

    /// Delete an existing resource behind CloudFormation's back.
    pub fn remove(&mut self, type_name: &str, physical_id: &str) {
        let key = (type_name.to_owned(), physical_id.to_owned());
        if self.existing.remove(&key).is_some() {
            self.deleted_by_hand.insert(key);
        }
    }

    /// Whether a resource was deleted behind CloudFormation's back.
    #[must_use]
    pub fn was_deleted(&self, type_name: &str, physical_id: &str) -> bool {
        self.deleted_by_hand.contains(&(type_name.to_owned(), physical_id.to_owned()))
    }

    /// What `Fn::GetAtt` gives of an existing resource.
    #[must_use]
    pub fn attribute(&self, type_name: &str, physical_id: &str, attribute: &str) -> Option<&Value> {
        self.existing.get(&(type_name.to_owned(), physical_id.to_owned()))?.attributes.get(attribute)
    }
}

/// What a resource of these properties would be called, and its attributes; nothing is made.
pub fn would_be(world: &mut World, desired: &Desired<'_>) -> (String, BTreeMap<String, Value>) {
    let counts = world.generic.counts.clone();
    let attributes = shape::attributes(&mut Source::new(world, desired), desired);
    world.generic.counts = counts;
    (shape::reference(desired, &attributes), attributes)
}

/// Create.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    require(desired)?;
    let attributes = {
        let mut source = Source::new(world, desired);
        shape::attributes(&mut source, desired)
    };
    let mut physical_id = shape::reference(desired, &attributes);
    let mut attributes = attributes;
    if let Some(answer) = custom_answer(world, desired) {
        attributes.extend(answer.data.iter().map(|(name, json)| (name.clone(), value_of(json))));
        physical_id = answer.physical_id.clone().unwrap_or(physical_id);
    }
    let key = (desired.type_name.to_owned(), physical_id.clone());
    let custom_name =
        name_property(desired.type_name).is_some_and(|name| desired.properties.contains_key(name));
    if custom_name && let Some(taken) = world.generic.existing.get(&key) {
        // The words of CloudFormation for a name that a stack of the account has already.
        return Err(ProvisionError {
            reason: format!("{physical_id} already exists in stack {}", taken.stack_id),
        });
    }
    let existing = Existing {
        attributes: attributes.clone(),
        properties: desired.properties.clone(),
        stack_id: desired.owner.stack_id.clone(),
    };
    world.generic.existing.insert(key, existing);
    Ok(Provisioned { physical_id, attributes, extra: Duration::ZERO })
}

/// Update in place.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    require(desired)?;
    let physical_id = desired.physical_id.unwrap_or_default().to_owned();
    if custom_answer(world, desired).is_some_and(|answer| {
        answer.physical_id.as_ref().is_some_and(|id| *id != physical_id && !desired.undoes)
    }) {
        return create(world, desired);
    }
    let key = (desired.type_name.to_owned(), physical_id.clone());
    let mut attributes = match world.generic.existing.get(&key) {
        Some(existing) => existing.attributes.clone(),
        // Somebody removed it meanwhile, as a skipped rollback may.
        None => {
            return Err(ProvisionError {
                reason: format!(
                    "Resource of type '{}' with identifier '{physical_id}' was not found.",
                    desired.type_name
                ),
            });
        }
    };
    if desired.type_name == "AWS::EC2::LaunchTemplate"
        && desired.previous.is_none_or(|previous| {
            previous.get("LaunchTemplateData") != desired.properties.get("LaunchTemplateData")
        })
    {
        next_version(&mut attributes);
    }
    shape::refresh(&mut attributes, world, desired);
    if let Some(answer) = custom_answer(world, desired).filter(|_| !desired.undoes) {
        attributes.extend(answer.data.iter().map(|(name, json)| (name.clone(), value_of(json))));
    }
    if let Some(existing) = world.generic.existing.get_mut(&key) {
        existing.attributes.clone_from(&attributes);
        existing.properties.clone_from(desired.properties);
    }
    Ok(Provisioned { physical_id, attributes, extra: Duration::ZERO })
}

/// A launch template that is changed has one version more; the default version stays (EC2 user guide, "Manage
/// launch template versions").
fn next_version(attributes: &mut BTreeMap<String, Value>) {
    let latest = match attributes.get("LatestVersionNumber") {
        Some(Value::String(text)) => text.parse::<u64>().unwrap_or(1),
        _ => 1,
    };
    attributes.insert("LatestVersionNumber".to_owned(), Value::String(latest.saturating_add(1).to_string()));
}

/// JSON as templates have it.
fn value_of(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => Value::Number(number.to_string()),
        serde_json::Value::String(text) => Value::String(text.clone()),
        serde_json::Value::Array(list) => Value::List(list.iter().map(value_of).collect()),
        serde_json::Value::Object(map) => {
            Value::Map(map.iter().map(|(name, json)| (name.clone(), value_of(json))).collect())
        }
    }
}

/// What somebody has ordered a custom resource's function to answer.
fn custom_answer<'w>(world: &'w World, desired: &Desired<'_>) -> Option<&'w CustomAnswer> {
    let is_custom = is_custom(desired.type_name);
    world.faults.custom_resource(&desired.owner.stack_name, desired.logical_id).filter(|_| is_custom)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    world.generic.existing.remove(&(type_name.to_owned(), physical_id.to_owned()));
}

/// CloudFormation checks a type's required properties before it calls the service (recorded:
/// `Property validation failure: [The property {/Type} is required]`).
///
/// The facts name one of several alternatives as required where a schema asks for any of them, so the check is
/// made only for the types here, whose schemas have no alternatives.
fn require(desired: &Desired<'_>) -> Result<(), ProvisionError> {
    const WITHOUT_ALTERNATIVES: [&str; 1] = ["AWS::SSM::Parameter"];
    let Some(facts) = facts::resource_type(desired.type_name)
        .filter(|facts| WITHOUT_ALTERNATIVES.contains(&facts.name.as_str()))
    else {
        return Ok(());
    };
    match facts.required.iter().find(|name| !desired.properties.contains_key(*name)) {
        None => Ok(()),
        Some(name) => Err(ProvisionError {
            reason: format!("Property validation failure: [The property {{/{name}}} is required]"),
        }),
    }
}

/// The text of a scalar property.
fn text<'a>(properties: &'a IndexMap<String, Value>, name: &str) -> Option<&'a str> {
    match properties.get(name)? {
        Value::String(text) | Value::Number(text) => Some(text),
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Unknown(_) => None,
    }
}
