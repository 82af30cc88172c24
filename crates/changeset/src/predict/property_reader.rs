//! The value of another resource's property, for an attribute that is a property.
//!
//! Each is evaluated once, so that a chain of readers costs no more than its length; a chain that is too deep,
//! goes in a circle, or doubles its text at each step until it is too long, has no value. A property that a secret
//! parameter goes into is not read: its value must not appear where it can't be recognised and starred out.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use template::{ResourceValues, Value};

use super::Side;
use super::causes::{Referred, referred};

/// How far a value is followed through properties that read other resources.
const MAXIMUM_DEPTH: u32 = 16;

/// How long a value that others read may be, in bytes: as long as CloudFormation lets a parameter be.
const MAXIMUM_BYTES: usize = 4_096;

/// What a property holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Property {
    /// The template doesn't give it, or it can't be evaluated.
    Absent,
    /// A secret goes into it.
    Secret,
    /// Its value.
    Value(Value),
}

/// Reads properties of one side's resources.
#[derive(Default)]
pub(crate) struct PropertyReader {
    depth: Cell<u32>,
    read: RefCell<BTreeMap<(String, String), Property>>,
}

impl PropertyReader {
    pub(crate) fn read(
        &self,
        side: &Side<'_>,
        resources: &dyn ResourceValues,
        logical_id: &str,
        name: &str,
    ) -> Property {
        let key = (logical_id.to_owned(), name.to_owned());
        if let Some(known) = self.read.borrow().get(&key) {
            return known.clone();
        }
        let property = self.evaluate(side, resources, logical_id, name);
        self.read.borrow_mut().insert(key, property.clone());
        property
    }

    fn evaluate(
        &self,
        side: &Side<'_>,
        resources: &dyn ResourceValues,
        logical_id: &str,
        name: &str,
    ) -> Property {
        let resource = side.template().resources.get(logical_id);
        let node = resource.and_then(|resource| resource.properties.as_ref()?.get(name));
        let Some(node) = node.filter(|_| self.depth.get() < MAXIMUM_DEPTH) else { return Property::Absent };
        let is_secret = |referred: &Referred| match referred {
            Referred::Parameter(name) => side.parameters().0.get(name).is_some_and(|one| one.no_echo),
            Referred::Resource { .. } => false,
        };
        if referred(side, node).iter().any(is_secret) {
            return Property::Secret;
        }
        self.depth.set(self.depth.get() + 1);
        let value = side.evaluate(node, resources);
        self.depth.set(self.depth.get() - 1);
        match value {
            Ok(Value::Null) | Err(_) => Property::Absent,
            Ok(value) if bytes(&value) > MAXIMUM_BYTES => Property::Absent,
            Ok(value) => Property::Value(value),
        }
    }
}

fn bytes(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(bytes).sum(),
        Value::Map(entries) => {
            entries.iter().map(|(key, value)| key.len().saturating_add(bytes(value))).sum()
        }
        Value::Null | Value::Unknown(_) => 0,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.scalar_text().unwrap_or_default().len(),
    }
}
