//! What `Ref` and `Fn::GetAtt` give in a prediction: the deployed value, the mark of an unknown, or nothing
//! at all.

use template::{Part, ResourceValues, Unknown, Value};

use super::property_reader::{Property, PropertyReader};
use super::{Deployed, Scene, Side, Upstream};
use crate::facts;

/// Every reference stays what it is: for literal text, for a creation, and for the context of a removed
/// resource.
pub(crate) struct Unresolved;

impl ResourceValues for Unresolved {
    fn reference(&self, logical_id: &str) -> Value {
        unknown(logical_id, None)
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        unknown(logical_id, Some(attribute))
    }
}

fn unknown(logical_id: &str, attribute: Option<&str>) -> Value {
    let part = Part::Resource { logical_id: logical_id.to_owned(), attribute: attribute.map(str::to_owned) };
    Value::Unknown(Unknown { parts: vec![part] })
}

/// What the stack's resources give as they run now.
pub(crate) struct AsDeployed<'s, 'a> {
    deployed: &'s Deployed,
    before: Option<&'s Side<'a>>,
    properties: PropertyReader,
}

impl<'s, 'a> AsDeployed<'s, 'a> {
    pub(crate) fn new(scene: &Scene<'s, 'a>) -> AsDeployed<'s, 'a> {
        AsDeployed { deployed: scene.deployed, before: scene.before, properties: PropertyReader::default() }
    }

    /// An attribute that is a property has the property's value, as evaluated in the deployed template.
    fn property(&self, logical_id: &str, attribute: &str) -> Option<Value> {
        match self.properties.read(self.before?, self, logical_id, attribute) {
            Property::Value(value) => Some(value),
            Property::Absent | Property::Secret => None,
        }
    }

    fn identifier(&self, logical_id: &str, attribute: &str, physical_id: Option<&String>) -> Option<Value> {
        let resource = self.before?.template().resources.get(logical_id)?;
        let facts = facts::resource_type(&resource.type_name)?;
        (facts.reference == [attribute]).then(|| physical_id.cloned().map(Value::String))?
    }
}

impl ResourceValues for AsDeployed<'_, '_> {
    fn reference(&self, logical_id: &str) -> Value {
        let physical_id =
            self.deployed.resources.get(logical_id).and_then(|resource| resource.physical_id.clone());
        Value::String(physical_id.unwrap_or_else(|| format!("{{{{deployed:{logical_id}}}}}")))
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        let deployed = self.deployed.resources.get(logical_id);
        deployed
            .and_then(|resource| resource.attributes.get(attribute).cloned())
            .or_else(|| deployed?.properties.as_ref()?.get(attribute).cloned())
            .or_else(|| self.identifier(logical_id, attribute, deployed?.physical_id.as_ref()))
            .or_else(|| self.property(logical_id, attribute))
            .unwrap_or_else(|| Value::String(format!("{{{{deployed:{logical_id}.{attribute}}}}}")))
    }
}

/// What the resources will give as far as AWS says it beforehand: the deployed value, or the mark where it is
/// added or replaced.
pub(crate) struct AfterApply<'s, 'v, 'a> {
    pub(crate) scene: &'v Scene<'s, 'a>,
    pub(crate) deployed: AsDeployed<'s, 'a>,
}

impl AfterApply<'_, '_, '_> {
    fn is_unknown(&self, logical_id: &str) -> bool {
        self.scene.upstream.get(logical_id).copied().is_none_or(Upstream::is_known_after_apply)
    }
}

impl ResourceValues for AfterApply<'_, '_, '_> {
    fn reference(&self, logical_id: &str) -> Value {
        if self.is_unknown(logical_id) {
            unknown(logical_id, None)
        } else {
            self.deployed.reference(logical_id)
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        if self.is_unknown(logical_id) {
            unknown(logical_id, Some(attribute))
        } else {
            self.deployed.attribute(logical_id, attribute)
        }
    }
}
