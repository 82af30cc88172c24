//! The details of a change set with property values: one target a value, with its path, and the contexts.
//!
//! Paths reach down to the value that differs (recorded: `/Properties/Environment/Variables/NAME`,
//! `/Properties/SourceObjectKeys/0`, `/Properties/Tags/0/Value`), except in a property of any JSON, which is
//! one value (recorded: `/Properties/PolicyDocument`).

use serde_json::{Map, Value as Json};
use template::{Resource, ResourceValues};

use super::attributes::{attribute_of_property, attributes};
use super::causes::causes;
use super::property_tree::{Difference, Tree, differences};
use super::resource_values::{AfterApply, AsDeployed, Unresolved};
use super::{Mode, PredictError, Scene, Side};
use crate::change_set::{
    Action, Attribute, AttributeChangeType, ChangeSource, Detail, Evaluation, ResourceChange, Target,
};
use crate::facts::{self, RequiresRecreation, recreation};

pub(super) fn details(
    scene: &Scene<'_, '_>,
    before: &Side<'_>,
    old: &Resource,
    new: &Resource,
) -> Result<Vec<Detail>, PredictError> {
    let deployed = AsDeployed::new(scene);
    let after_apply = AfterApply { scene, deployed: AsDeployed::new(scene) };
    let old_tree =
        Tree::build_optional(before, old.properties.as_ref(), &deployed).map_err(PredictError::Before)?;
    let new_tree = Tree::build_optional(scene.after, new.properties.as_ref(), &after_apply)
        .map_err(PredictError::After)?;
    let free_form =
        facts::resource_type(&new.type_name).map(|facts| facts.free_form.as_slice()).unwrap_or_default();
    let empty = Tree::empty();
    let (old_tree, new_tree) = (old_tree.as_ref().unwrap_or(&empty), new_tree.as_ref().unwrap_or(&empty));
    let mut made = Vec::new();
    for change in differences(Some(old_tree), Some(new_tree), free_form) {
        let (attribute, name) = attribute_of_property(change.top_level());
        let word = recreation(&new.type_name, &change.path);
        push(scene, &change, &mut made, |before_value, after_value, kind| Target {
            attribute,
            name: name.clone(),
            path: Some(format!("/Properties{}", change.path)),
            requires_recreation: Some(word),
            before_value,
            after_value,
            attribute_change_type: Some(kind),
        });
    }
    for ((attribute, old_node), (_, new_node)) in attributes(old).into_iter().zip(attributes(new)) {
        let old_tree = Tree::build_optional(before, old_node, &deployed).map_err(PredictError::Before)?;
        let new_tree =
            Tree::build_optional(scene.after, new_node, &after_apply).map_err(PredictError::After)?;
        for change in differences(old_tree.as_ref(), new_tree.as_ref(), &[]) {
            // Assumption: a path like a property's; only the attribute itself is recorded.
            push(scene, &change, &mut made, |before_value, after_value, kind| Target {
                attribute,
                name: None,
                path: Some(format!("/{attribute}{}", change.path)),
                requires_recreation: Some(RequiresRecreation::Never),
                before_value,
                after_value,
                attribute_change_type: Some(kind),
            });
        }
    }
    Ok(made)
}

/// The causes that stand in the new value, and the direct modification beside them.
fn push(
    scene: &Scene<'_, '_>,
    change: &Difference<'_, '_>,
    into: &mut Vec<Detail>,
    target: impl Fn(Option<String>, Option<String>, AttributeChangeType) -> Target,
) {
    let mut nodes = Vec::new();
    if let Some(after) = change.after {
        after.nodes(&mut nodes);
    }
    let causes: std::collections::BTreeSet<_> =
        nodes.into_iter().flat_map(|node| causes(scene, node, Mode::Values)).collect();
    let kind = match (change.before, change.after) {
        (None, _) => AttributeChangeType::Add,
        (_, None) => AttributeChangeType::Remove,
        _ => AttributeChangeType::Modify,
    };
    let target = || target(change.before.map(Tree::text), change.after.map(Tree::text), kind);
    into.push(Detail {
        evaluation: if causes.is_empty() { Evaluation::Static } else { Evaluation::Dynamic },
        change_source: Some(ChangeSource::DirectModification),
        causing_entity: None,
        target: target(),
    });
    into.extend(causes.into_iter().map(|cause| Detail {
        evaluation: cause.evaluation,
        change_source: Some(cause.source),
        causing_entity: Some(cause.entity),
        target: target(),
    }));
}

/// Adds what the resource is before and will be after.
pub(super) fn add_contexts(scene: &Scene<'_, '_>, change: &mut ResourceChange) -> Result<(), PredictError> {
    if change.action != Action::Add
        && let Some((side, resource)) = scene.deployed_resource(&change.logical_id)
    {
        // Of a removed resource AWS shows no deployed references, not even to what stays.
        let context = match change.action {
            Action::Remove => context(side, resource, &Unresolved),
            _ => context(side, resource, &AsDeployed::new(scene)),
        };
        change.before_context = Some(context.map_err(PredictError::Before)?);
    }
    if change.action != Action::Remove
        && let Some(resource) = scene.after.template().resources.get(&change.logical_id)
    {
        let values = AfterApply { scene, deployed: AsDeployed::new(scene) };
        change.after_context = Some(context(scene.after, resource, &values).map_err(PredictError::After)?);
    }
    Ok(())
}

/// The attributes that recorded contexts have besides the properties, where the template has them.
///
/// Assumption: `CreationPolicy` and `UpdatePolicy` too; recorded are `Metadata`, `DeletionPolicy` and
/// `UpdateReplacePolicy`.
fn context(
    side: &Side<'_>,
    resource: &Resource,
    values: &dyn ResourceValues,
) -> Result<Json, template::EvaluateError> {
    let mut made = Map::new();
    let properties = Tree::build_optional(side, resource.properties.as_ref(), values)?;
    made.insert(
        Attribute::Properties.to_string(),
        properties.map_or_else(|| Json::Object(Map::new()), |tree| tree.json()),
    );
    for (attribute, node) in attributes(resource) {
        if let Some(tree) = Tree::build_optional(side, node, values)? {
            made.insert(attribute.to_string(), tree.json());
        }
    }
    Ok(Json::Object(made))
}
