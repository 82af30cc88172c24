//! What causes a change: the references inside a new property to what changes itself.

use std::collections::BTreeSet;

use template::Node;

use super::{Mode, Scene, Side};
use crate::change_set::{ChangeSource, Evaluation, Replacement};

/// What happens to a resource that others read, ordered by weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Upstream {
    Unchanged,
    UpdatedInPlace,
    MayBeReplaced,
    Replaced,
    Added,
}

impl Upstream {
    pub(crate) fn of_replacement(replacement: Option<Replacement>) -> Upstream {
        match replacement {
            Some(Replacement::True) => Upstream::Replaced,
            Some(Replacement::Conditional) => Upstream::MayBeReplaced,
            Some(Replacement::False) | None => Upstream::UpdatedInPlace,
        }
    }

    /// Whether what the resource gives is known only after apply.
    pub(crate) fn is_known_after_apply(self) -> bool {
        match self {
            Upstream::Unchanged | Upstream::UpdatedInPlace => false,
            // Assumption: a conditional replacement counts as one here; no recording has it.
            Upstream::MayBeReplaced | Upstream::Replaced | Upstream::Added => true,
        }
    }
}

/// What a reference refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Referred {
    Parameter(String),
    Resource { logical_id: String, attribute: Option<String> },
}

/// A cause, as AWS words it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cause {
    pub(crate) source: ChangeSource,
    pub(crate) entity: String,
    pub(crate) evaluation: Evaluation,
}

/// The parameters that are new or whose text differs.
///
/// A parameter of another *type* with the same text is not among them: recorded
/// (`test_change_parameter_type`, from `String` to an SSM type) AWS then gives a direct modification and no
/// parameter reference. Nor is an SSM parameter whose stored value alone changed
/// (`test_dynamic_ssm_parameter_lookup`).
pub(crate) fn changed_parameters(before: Option<&Side<'_>>, after: &Side<'_>) -> BTreeSet<String> {
    let Some(before) = before else { return BTreeSet::new() };
    let changed = after.parameters().0.iter().filter(|(name, parameter)| {
        before.parameters().0.get(*name).is_none_or(|deployed| deployed.text != parameter.text)
    });
    changed.map(|(name, _)| name.clone()).collect()
}

/// What a node refers to in its taken branches, once each.
pub(crate) fn referred(side: &Side<'_>, node: &Node) -> BTreeSet<Referred> {
    side.references(node)
        .into_iter()
        .filter_map(|reference| match reference.target {
            template::ReferenceTarget::Parameter(name) => Some(Referred::Parameter(name)),
            template::ReferenceTarget::Resource { logical_id, attribute } => {
                Some(Referred::Resource { logical_id, attribute })
            }
            template::ReferenceTarget::Pseudo(_) => None,
        })
        .collect()
}

/// The causes that a node of the new template brings.
pub(crate) fn causes(scene: &Scene<'_, '_>, node: &Node, mode: Mode) -> BTreeSet<Cause> {
    referred(scene.after, node).into_iter().filter_map(|referred| cause(scene, referred, mode)).collect()
}

fn cause(scene: &Scene<'_, '_>, referred: Referred, mode: Mode) -> Option<Cause> {
    let (logical_id, attribute) = match referred {
        Referred::Parameter(name) => {
            return scene.changed_parameters.contains(&name).then_some(Cause {
                source: ChangeSource::ParameterReference,
                entity: name,
                evaluation: Evaluation::Static,
            });
        }
        Referred::Resource { logical_id, attribute } => (logical_id, attribute),
    };
    let evaluation = match scene.upstream.get(&logical_id)? {
        Upstream::Unchanged => return None,
        Upstream::Added | Upstream::Replaced => Evaluation::Static,
        Upstream::MayBeReplaced => Evaluation::Dynamic,
        Upstream::UpdatedInPlace if attribute.is_some() && mode == Mode::Plain => Evaluation::Dynamic,
        Upstream::UpdatedInPlace => return None,
    };
    Some(match attribute {
        Some(attribute) => Cause {
            source: ChangeSource::ResourceAttribute,
            entity: format!("{logical_id}.{attribute}"),
            evaluation,
        },
        None => Cause { source: ChangeSource::ResourceReference, entity: logical_id, evaluation },
    })
}
