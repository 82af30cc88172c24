//! What `Ref` and `Fn::GetAtt` give during an operation: what the stack holds now.

use indexmap::IndexMap;
use template::{Part, ResourceValues, Unknown, Value};

use super::stack::StackResource;
use crate::resource::is_custom;

/// The values of a stack's resources.
#[derive(Debug, Clone, Copy)]
pub struct StackValues<'a>(pub &'a IndexMap<String, StackResource>);

impl ResourceValues for StackValues<'_> {
    fn reference(&self, logical_id: &str) -> Value {
        match self.0.get(logical_id).and_then(|resource| resource.physical_id.as_ref()) {
            Some(physical_id) => Value::String(physical_id.clone()),
            None => unknown(logical_id, None),
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        let Some(resource) = self.0.get(logical_id) else { return unknown(logical_id, Some(attribute)) };
        if let Some(value) = resource.attributes.get(attribute) {
            return value.clone();
        }
        if let Some(value) = nested(&resource.properties, attribute) {
            return value.clone();
        }
        if is_custom(&resource.type_name) {
            // Assumption: a custom resource's function isn't run, so whatever its answer would hold is made up,
            // the same every time.
            return Value::String(format!("{logical_id}-{attribute}"));
        }
        unknown(logical_id, Some(attribute))
    }
}

/// The value at a dotted path of properties.
fn nested<'a>(properties: &'a IndexMap<String, Value>, path: &str) -> Option<&'a Value> {
    let mut names = path.split('.');
    let mut value = properties.get(names.next()?)?;
    for name in names {
        match value {
            Value::Map(entries) => value = entries.get(name)?,
            _ => return None,
        }
    }
    Some(value)
}

fn unknown(logical_id: &str, attribute: Option<&str>) -> Value {
    Value::Unknown(Unknown {
        parts: vec![Part::Resource {
            logical_id: logical_id.to_owned(),
            attribute: attribute.map(str::to_owned),
        }],
    })
}
