//! The details of a change set without property values: one target a property.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use template::{Node, Resource, Value};

use super::attributes::{attribute_of_property, attributes};
use super::causes::{Cause, causes};
use super::node_shape::leaves;
use super::resource_text::text;
use super::{Mode, PredictError, Scene, Side};
use crate::change_set::{Attribute, ChangeSource, Detail, Evaluation, Target};
use crate::compare::{heaviest_difference, same};
use crate::facts::{RequiresRecreation, recreation};

pub(super) fn details(
    scene: &Scene<'_, '_>,
    before: &Side<'_>,
    old: &Resource,
    new: &Resource,
) -> Result<Vec<Detail>, PredictError> {
    let mut made = Vec::new();
    let old_texts = property_texts(before, old).map_err(PredictError::Before)?;
    let new_texts = property_texts(scene.after, new).map_err(PredictError::After)?;
    let names = old_texts.keys().chain(new_texts.keys().filter(|name| !old_texts.contains_key(*name)));
    for name in names {
        let (old_text, new_text) = (old_texts.get(name), new_texts.get(name));
        let node = new
            .properties
            .as_ref()
            .and_then(|properties| properties.get(name))
            .filter(|_| new_text.is_some());
        let causes = node.map(|node| property_causes(scene, &new.type_name, name, node)).unwrap_or_default();
        let (attribute, name_in_target) = attribute_of_property(name);
        let target = |word| plain_target(attribute, name_in_target.clone(), word);
        let direct = (!same(old_text, new_text))
            .then(|| heaviest_difference(&new.type_name, name, old_text, new_text).1.word);
        push(&mut made, causes, direct, target);
    }
    for ((attribute, old_node), (_, new_node)) in attributes(old).into_iter().zip(attributes(new)) {
        let old_text = attribute_text(before, old_node).map_err(PredictError::Before)?;
        let new_text = attribute_text(scene.after, new_node).map_err(PredictError::After)?;
        let never = |cause| (cause, RequiresRecreation::Never);
        let causes =
            new_node.map(|node| causes(scene, node, Mode::Plain)).unwrap_or_default().into_iter().map(never);
        let differs = !same(old_text.as_ref(), new_text.as_ref());
        push(&mut made, causes.collect(), differs.then_some(RequiresRecreation::Never), |word| {
            plain_target(attribute, None, word)
        });
    }
    Ok(made)
}

/// The causes, and the direct modification beside them: dynamic where there is a cause, static where there is
/// none.
fn push(
    into: &mut Vec<Detail>,
    causes: BTreeMap<Cause, RequiresRecreation>,
    direct: Option<RequiresRecreation>,
    target: impl Fn(RequiresRecreation) -> Target,
) {
    let evaluation = if causes.is_empty() { Evaluation::Static } else { Evaluation::Dynamic };
    into.extend(causes.into_iter().map(|(cause, word)| Detail {
        evaluation: cause.evaluation,
        change_source: Some(cause.source),
        causing_entity: Some(cause.entity),
        target: target(word),
    }));
    into.extend(direct.map(|word| Detail {
        evaluation,
        change_source: Some(ChangeSource::DirectModification),
        causing_entity: None,
        target: target(word),
    }));
}

fn plain_target(attribute: Attribute, name: Option<String>, word: RequiresRecreation) -> Target {
    Target {
        attribute,
        name,
        path: None,
        requires_recreation: Some(word),
        before_value: None,
        after_value: None,
        attribute_change_type: None,
    }
}

/// Each cause once, with the heaviest word among the paths where it stands.
fn property_causes(
    scene: &Scene<'_, '_>,
    type_name: &str,
    name: &str,
    node: &Node,
) -> BTreeMap<Cause, RequiresRecreation> {
    let mut found = Vec::new();
    leaves(scene.after, &format!("/{name}"), node, &mut found);
    let mut made: BTreeMap<Cause, RequiresRecreation> = BTreeMap::new();
    for leaf in found {
        let causes = causes(scene, leaf.node, Mode::Plain);
        if causes.is_empty() {
            continue;
        }
        let word = recreation(type_name, &leaf.path);
        for cause in causes {
            let heaviest = made.entry(cause).or_insert(word);
            *heaviest = word.max(*heaviest);
        }
    }
    made
}

fn attribute_text(side: &Side<'_>, node: Option<&Node>) -> Result<Option<Value>, template::EvaluateError> {
    node.map_or(Ok(None), |node| text(side, node))
}

fn property_texts(
    side: &Side<'_>,
    resource: &Resource,
) -> Result<IndexMap<String, Value>, template::EvaluateError> {
    Ok(match attribute_text(side, resource.properties.as_ref())? {
        Some(Value::Map(texts)) => texts,
        Some(other) => IndexMap::from([("Fn::Transform".to_owned(), other)]),
        None => IndexMap::new(),
    })
}
