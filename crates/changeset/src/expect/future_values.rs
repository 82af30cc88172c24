//! What `Ref` and `Fn::GetAtt` will really give once the update has run, as far as that can be told.

use std::collections::BTreeMap;

use template::{Part, ResourceValues, Unknown, Value};

use super::{Decided, Expected};
use crate::facts;
use crate::predict::property_tree::Tree;
use crate::predict::{AsDeployed, Property, PropertyReader, Scene};

/// Marks a value of which only AWS or a provider knows whether it changes.
const PERHAPS: &str = "perhaps changed: ";

/// Attributes that change whenever one of these properties is changed in place.
///
/// A new version of a launch template is what its update makes (user guide, `AWS::EC2::LaunchTemplate`).
const MOVED_BY: [(&str, &str, &[&str]); 1] =
    [("AWS::EC2::LaunchTemplate", "LatestVersionNumber", &["LaunchTemplateData", "VersionDescription"])];

pub(super) struct FutureValues<'s, 'v, 'a> {
    scene: &'v Scene<'s, 'a>,
    decided: &'v BTreeMap<String, Decided>,
    deployed: AsDeployed<'s, 'a>,
    properties: PropertyReader,
}

/// What an in-place update does to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Same,
    Perhaps,
    Changes,
}

/// What an in-place update does to an attribute that is not a property.
pub(super) fn effect(type_name: &str, attribute: &str, decided: &Decided) -> Effect {
    let moved = MOVED_BY
        .iter()
        .find(|(moved_type, moved_attribute, _)| *moved_type == type_name && *moved_attribute == attribute);
    if let Some((_, _, properties)) = moved {
        let touched = properties.iter().any(|property| decided.changed_properties.contains(*property));
        return match (touched, decided.expected) {
            (false, _) => Effect::Same,
            (true, Expected::MayBeUpdated) => Effect::Perhaps,
            (true, _) => Effect::Changes,
        };
    }
    let answered_by_a_provider = facts::treatment(type_name) == facts::Treatment::CustomResource;
    let of_a_nested_stack = type_name == "AWS::CloudFormation::Stack" && attribute.starts_with("Outputs.");
    // No schema says which attributes move; these words are what such attributes are called.
    let counts_changes = ["Version", "Revision", "ETag", "LastModified", "LastUpdated"]
        .iter()
        .any(|word| attribute.contains(word));
    if answered_by_a_provider || of_a_nested_stack || counts_changes { Effect::Perhaps } else { Effect::Same }
}

impl<'s, 'v, 'a> FutureValues<'s, 'v, 'a> {
    pub(super) fn new(
        scene: &'v Scene<'s, 'a>,
        decided: &'v BTreeMap<String, Decided>,
    ) -> FutureValues<'s, 'v, 'a> {
        FutureValues {
            scene,
            decided,
            deployed: AsDeployed::new(scene),
            properties: PropertyReader::default(),
        }
    }

    fn type_name(&self, logical_id: &str) -> &str {
        self.scene
            .after
            .template()
            .resources
            .get(logical_id)
            .map_or("", |resource| resource.type_name.as_str())
    }

    /// A property in the new template.
    fn property(&self, logical_id: &str, name: &str) -> Property {
        self.properties.read(self.scene.after, self, logical_id, name)
    }

    /// The new resource's identifier, where the template chooses it.
    fn chosen_identifier(&self, logical_id: &str) -> Option<Value> {
        let facts = facts::resource_type(self.type_name(logical_id))?;
        let [name] = facts.reference.as_slice() else { return None };
        let unchanged = !self.decided.get(logical_id)?.changed_properties.contains(name);
        match self.property(logical_id, name) {
            Property::Absent => None,
            Property::Value(_) | Property::Secret if unchanged => Some(self.deployed.reference(logical_id)),
            Property::Value(chosen) => Some(chosen),
            Property::Secret => None,
        }
    }
}

fn known_after_apply(logical_id: &str, attribute: Option<&str>) -> Value {
    let part = Part::Resource { logical_id: logical_id.to_owned(), attribute: attribute.map(str::to_owned) };
    Value::Unknown(Unknown { parts: vec![part] })
}

fn perhaps(what: &str) -> Value {
    Value::Unknown(Unknown { parts: vec![Part::Outside(format!("{PERHAPS}{what}"))] })
}

/// Whether a new value rests on nothing but what perhaps changes.
pub(super) fn is_perhaps(tree: Option<&Tree<'_>>) -> bool {
    let mut all = tree.is_some();
    if let Some(tree) = tree {
        tree.values(&mut |value| {
            let perhaps = matches!(value, Value::Unknown(unknown) if unknown.parts.iter().any(|part| {
                matches!(part, Part::Outside(what) if what.starts_with(PERHAPS))
            }));
            all = all && perhaps;
        });
    }
    all
}

impl ResourceValues for FutureValues<'_, '_, '_> {
    fn reference(&self, logical_id: &str) -> Value {
        match self.decided.get(logical_id).map(|decided| decided.expected) {
            Some(
                Expected::Unchanged
                | Expected::MayBeUpdated
                | Expected::UpdatedInPlace
                | Expected::InstancesReplaced,
            ) => self.deployed.reference(logical_id),
            Some(Expected::MayBeReplaced) => perhaps(logical_id),
            Some(Expected::Replaced | Expected::Added | Expected::Fails | Expected::Removed) | None => {
                self.chosen_identifier(logical_id).unwrap_or_else(|| known_after_apply(logical_id, None))
            }
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        let Some(decided) = self.decided.get(logical_id) else {
            return known_after_apply(logical_id, Some(attribute));
        };
        let stays = !decided.changed_properties.contains(attribute) && decided.expected != Expected::Added;
        match self.property(logical_id, attribute) {
            // A property that stays, whatever becomes of the resource.
            Property::Value(_) | Property::Secret if stays => {
                return self.deployed.attribute(logical_id, attribute);
            }
            Property::Value(value) => return value,
            Property::Secret => return known_after_apply(logical_id, Some(attribute)),
            Property::Absent => {}
        }
        match decided.expected {
            Expected::Unchanged => self.deployed.attribute(logical_id, attribute),
            Expected::MayBeUpdated | Expected::UpdatedInPlace | Expected::InstancesReplaced => {
                match effect(self.type_name(logical_id), attribute, decided) {
                    Effect::Same => self.deployed.attribute(logical_id, attribute),
                    Effect::Perhaps => perhaps(&format!("{logical_id}.{attribute}")),
                    Effect::Changes => known_after_apply(logical_id, Some(attribute)),
                }
            }
            Expected::MayBeReplaced => perhaps(&format!("{logical_id}.{attribute}")),
            Expected::Replaced | Expected::Added | Expected::Fails | Expected::Removed => {
                known_after_apply(logical_id, Some(attribute))
            }
        }
    }
}
