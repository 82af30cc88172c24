//! The reasons that a resource's properties give: from the reference in a property back to what changes there.

use std::collections::{BTreeMap, BTreeSet};

use super::because::{Because, Price, ReadFate, Reading};
use super::future_values::{Effect, effect};
use super::{Decided, Expected, Weighed};
use crate::facts::{self, RequiresRecreation};
use crate::predict::{Referred, Scene, referred};

/// How many reasons a resource gets of its properties.
const MOST: usize = 6;

pub(super) fn of_properties(
    scene: &Scene<'_, '_>,
    decided: &BTreeMap<String, Decided>,
    type_name: &str,
    weighed: &[Weighed<'_, '_, '_>],
) -> Vec<Because> {
    let mut ordered: Vec<&Weighed<'_, '_, '_>> = weighed.iter().collect();
    ordered.sort_by_key(|one| (std::cmp::Reverse((one.certain, one.word)), one.difference.path.as_str()));
    let mut made: Vec<Because> = Vec::new();
    for one in ordered {
        for reason in of_one(scene, decided, one) {
            if !made.contains(&reason) {
                made.push(reason);
            }
        }
    }
    made.extend(disputes(type_name, weighed));
    if made.len() > MOST {
        let more = made.len().saturating_sub(MOST);
        made.truncate(MOST);
        made.push(Because::More(more));
    }
    made
}

/// What the published sources don't agree on is said, never settled in silence.
fn disputes(type_name: &str, weighed: &[Weighed<'_, '_, '_>]) -> Vec<Because> {
    let names: BTreeSet<&str> = weighed.iter().map(|one| one.difference.top_level()).collect();
    let disputed = names.into_iter().filter_map(|name| {
        let fact = facts::recreation_fact(type_name, name);
        Some(Because::Disputed {
            property: name.to_owned(),
            schema: fact.word,
            service_specification: fact.disputed?,
        })
    });
    disputed.collect()
}

fn of_one(
    scene: &Scene<'_, '_>,
    decided: &BTreeMap<String, Decided>,
    one: &Weighed<'_, '_, '_>,
) -> Vec<Because> {
    let path = one.difference.path.trim_start_matches('/').replace('/', ".");
    let price = match one.word {
        RequiresRecreation::Always if one.certain => Price::NeedsNew,
        RequiresRecreation::Always | RequiresRecreation::Conditionally => Price::MayNeedNew,
        RequiresRecreation::Never => Price::InPlace,
    };
    let mut nodes = Vec::new();
    if let Some(after) = one.difference.after {
        after.nodes(&mut nodes);
    }
    let all: BTreeSet<Referred> = nodes.into_iter().flat_map(|node| referred(scene.after, node)).collect();
    let read: Vec<Reading> =
        all.into_iter().filter_map(|referred| reading(scene, decided, &referred)).collect();
    if read.is_empty() {
        return vec![Because::TemplateChanges { path, price }];
    }
    read.into_iter().map(|read| Because::Reads { path: path.clone(), read, price }).collect()
}

/// What is read and why it changes, `None` when it doesn't.
fn reading(
    scene: &Scene<'_, '_>,
    decided: &BTreeMap<String, Decided>,
    referred: &Referred,
) -> Option<Reading> {
    match referred {
        Referred::Parameter(name) => {
            scene.changed_parameters.contains(name).then(|| Reading::Parameter(name.clone()))
        }
        Referred::Resource { logical_id, attribute } => {
            let fate = decided.get(logical_id)?;
            let what = attribute
                .as_ref()
                .map_or_else(|| logical_id.clone(), |attribute| format!("{logical_id}.{attribute}"));
            let fate = match fate.expected {
                Expected::Unchanged | Expected::Removed => return None,
                Expected::Added => ReadFate::New,
                Expected::Replaced => ReadFate::Replaced,
                Expected::Fails => ReadFate::WouldBeReplaced,
                Expected::MayBeReplaced => ReadFate::MayBeReplaced,
                Expected::MayBeUpdated | Expected::UpdatedInPlace | Expected::InstancesReplaced => {
                    in_place(scene, logical_id, attribute.as_deref()?, fate)?
                }
            };
            Some(Reading::Resource { what, fate })
        }
    }
}

fn in_place(scene: &Scene<'_, '_>, logical_id: &str, attribute: &str, fate: &Decided) -> Option<ReadFate> {
    if fate.changed_properties.contains(attribute) {
        return Some(ReadFate::PropertyChanges(attribute.to_owned()));
    }
    let resource = scene.after.template().resources.get(logical_id)?;
    if facts::resource_type(&resource.type_name).is_some_and(|facts| {
        facts.properties.contains_key(attribute) && !facts.read_only.contains_key(attribute)
    }) {
        return None;
    }
    match effect(&resource.type_name, attribute, fate) {
        Effect::Same => None,
        Effect::Perhaps => Some(ReadFate::UpdateMayChangeIt(logical_id.to_owned())),
        Effect::Changes => Some(ReadFate::UpdateMovesItOn(logical_id.to_owned())),
    }
}
