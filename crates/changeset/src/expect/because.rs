//! The sentences that say why a resource changes: from the reference in its property back to what changes
//! there.

use std::collections::{BTreeMap, BTreeSet};

use super::future_values::{Effect, effect};
use super::{Decided, Expected, Weighed};
use crate::facts::{self, RequiresRecreation};
use crate::predict::{Referred, Scene, referred};

/// How many sentences a resource gets.
const MOST: usize = 6;

pub(super) fn sentences(
    scene: &Scene<'_, '_>,
    decided: &BTreeMap<String, Decided>,
    type_name: &str,
    weighed: &[Weighed<'_, '_, '_>],
) -> Vec<String> {
    let mut ordered: Vec<&Weighed<'_, '_, '_>> = weighed.iter().collect();
    ordered.sort_by_key(|one| (std::cmp::Reverse((one.certain, one.word)), one.difference.path.as_str()));
    let mut made: Vec<String> = Vec::new();
    for one in ordered {
        for sentence in of_one(scene, decided, one) {
            if !made.contains(&sentence) {
                made.push(sentence);
            }
        }
    }
    made.extend(disputes(type_name, weighed));
    if made.len() > MOST {
        let more = made.len().saturating_sub(MOST);
        made.truncate(MOST);
        made.push(format!("{more} more changes."));
    }
    made
}

/// What the published sources don't agree on is said, never settled in silence.
fn disputes(type_name: &str, weighed: &[Weighed<'_, '_, '_>]) -> Vec<String> {
    let names: BTreeSet<&str> = weighed.iter().map(|one| one.difference.top_level()).collect();
    let disputed = names.into_iter().filter_map(|name| {
        let fact = facts::recreation_fact(type_name, name);
        let second = fact.disputed?;
        Some(format!(
            "Disputed: for {name} the CloudFormation schema says {}, AWS CDK's service specification {}.",
            fact.word.word(),
            second.word()
        ))
    });
    disputed.collect()
}

fn of_one(
    scene: &Scene<'_, '_>,
    decided: &BTreeMap<String, Decided>,
    one: &Weighed<'_, '_, '_>,
) -> Vec<String> {
    let path = one.difference.path.trim_start_matches('/').replace('/', ".");
    let price = match one.word {
        RequiresRecreation::Always if one.certain => "; changing it needs a new resource",
        RequiresRecreation::Always | RequiresRecreation::Conditionally => {
            "; changing it may need a new resource"
        }
        RequiresRecreation::Never => "",
    };
    let mut nodes = Vec::new();
    if let Some(after) = one.difference.after {
        after.nodes(&mut nodes);
    }
    let all: BTreeSet<Referred> = nodes.into_iter().flat_map(|node| referred(scene.after, node)).collect();
    let read: Vec<String> =
        all.into_iter().filter_map(|referred| reading(scene, decided, &referred)).collect();
    if read.is_empty() {
        return vec![format!("The template changes {path}{price}.")];
    }
    read.into_iter().map(|read| format!("{path} reads {read}{price}.")).collect()
}

/// What is read and why it changes, `None` when it doesn't.
fn reading(
    scene: &Scene<'_, '_>,
    decided: &BTreeMap<String, Decided>,
    referred: &Referred,
) -> Option<String> {
    match referred {
        Referred::Parameter(name) => scene
            .changed_parameters
            .contains(name)
            .then(|| format!("the parameter {name} (its value changes)")),
        Referred::Resource { logical_id, attribute } => {
            let fate = decided.get(logical_id)?;
            let what = attribute
                .as_ref()
                .map_or_else(|| logical_id.clone(), |attribute| format!("{logical_id}.{attribute}"));
            let why = match fate.expected {
                Expected::Unchanged | Expected::Removed => return None,
                Expected::Added => "the resource is new".to_owned(),
                Expected::Replaced => "the resource is replaced".to_owned(),
                Expected::Fails => "the resource would be replaced".to_owned(),
                Expected::MayBeReplaced => "the resource may be replaced".to_owned(),
                Expected::MayBeUpdated | Expected::UpdatedInPlace | Expected::InstancesReplaced => {
                    in_place(scene, logical_id, attribute.as_deref()?, fate)?
                }
            };
            Some(format!("{what} ({why})"))
        }
    }
}

fn in_place(scene: &Scene<'_, '_>, logical_id: &str, attribute: &str, fate: &Decided) -> Option<String> {
    if fate.changed_properties.contains(attribute) {
        return Some(format!("its {attribute} changes"));
    }
    let resource = scene.after.template().resources.get(logical_id)?;
    if facts::resource_type(&resource.type_name).is_some_and(|facts| {
        facts.properties.contains_key(attribute) && !facts.read_only.contains_key(attribute)
    }) {
        return None;
    }
    match effect(&resource.type_name, attribute, fate) {
        Effect::Same => None,
        Effect::Perhaps => Some(format!("updating {logical_id} may change it")),
        Effect::Changes => Some(format!("updating {logical_id} moves it on")),
    }
}
