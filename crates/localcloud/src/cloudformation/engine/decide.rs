//! Whether a resource changes, and how: left alone, in place, or by a new one in its place.

use changeset::compare::{PropertyChange, changed_properties};
use changeset::conditional::{Outcome, resolve};
use changeset::custom_name::in_the_way;
use changeset::facts::{self, ReplacementStrategy, RequiresRecreation};
use template::Value;

use super::super::stack::{Properties, StackResource};
use super::super::status::Status;
use crate::generic;

/// What is to be done with a resource that the stack holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing: no call, no event.
    Leave,
    /// An update in place.
    Update {
        /// Whether a group's instances are then replaced in batches.
        rolling: bool,
    },
    /// A new physical resource.
    Replace {
        /// Whether the old one must go first.
        delete_first: bool,
    },
}

/// What besides the resource's own properties decides.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The stack's tags have changed; CloudFormation hands them on.
    pub stack_tags_changed: bool,
    /// How many instances a group has.
    pub instances: usize,
    /// `UpdatePolicy`, evaluated.
    pub update_policy: Option<&'a Value>,
}

/// What is to be done with `existing`, given what the template says now.
pub fn action(
    existing: &StackResource,
    properties: &Properties,
    metadata: Option<&Value>,
    circumstances: Circumstances<'_>,
) -> Action {
    let type_name = existing.type_name.as_str();
    let changes = changed_properties(type_name, &existing.properties, properties);
    let facts = facts::resource_type(type_name);
    let delete_first =
        facts.is_some_and(|facts| facts.replacement_strategy == ReplacementStrategy::DeleteThenCreate);
    match changes.iter().map(recreation).max() {
        Some(RequiresRecreation::Always) => return Action::Replace { delete_first },
        Some(RequiresRecreation::Conditionally) => {
            match conditional(type_name, &existing.properties, properties, circumstances) {
                Outcome::Replaced => return Action::Replace { delete_first },
                Outcome::InstancesReplaced => return Action::Update { rolling: true },
                Outcome::ReplacedUnlessEmpty | Outcome::Open | Outcome::Interrupted | Outcome::InPlace => {}
            }
        }
        Some(RequiresRecreation::Never) | None => {}
    }
    let retagged = circumstances.stack_tags_changed && facts::takes_stack_tags(type_name);
    // A resource whose last update failed and was left so is brought up to date again.
    let unfinished = matches!(existing.status, Status::UpdateFailed | Status::CreateFailed);
    // A nested stack is always updated: its own template tells what that changes.
    let nested = type_name == "AWS::CloudFormation::Stack";
    // Assumption: changed Metadata is an update in place with events; changed policies are taken over without.
    if !changes.is_empty() || existing.metadata.as_ref() != metadata || retagged || unfinished || nested {
        Action::Update { rolling: false }
    } else {
        Action::Leave
    }
}

/// Whether a difference needs a new resource.
fn recreation(change: &PropertyChange) -> RequiresRecreation {
    change.recreation
}

/// What a conditional replacement comes down to here.
///
/// Assumption: where only AWS could tell, the resource is updated in place, which is the commoner outcome; custom
/// resources likewise, since their function isn't run.
fn conditional(
    type_name: &str,
    before: &Properties,
    after: &Properties,
    circumstances: Circumstances<'_>,
) -> Outcome {
    match resolve(type_name, before, after, circumstances.update_policy).outcome {
        Outcome::ReplacedUnlessEmpty if circumstances.instances > 0 => Outcome::Replaced,
        Outcome::ReplacedUnlessEmpty | Outcome::Open => Outcome::InPlace,
        known
        @ (Outcome::Replaced | Outcome::InstancesReplaced | Outcome::Interrupted | Outcome::InPlace) => known,
    }
}

/// The words with which CloudFormation refuses to replace a resource whose custom name stays the same;
/// `None` when nothing stands in the way.
pub fn custom_name_in_the_way(existing: &StackResource, properties: &Properties) -> Option<String> {
    let by_facts = !in_the_way(&existing.type_name, &existing.properties, properties).is_empty();
    let by_name = || {
        let name = generic::name_property(&existing.type_name)?;
        Some(existing.properties.get(name)? == properties.get(name)?)
    };
    (by_facts || by_name() == Some(true)).then(|| {
        format!(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {} and update the stack again.",
            existing.physical_id.as_deref().unwrap_or(&existing.logical_id)
        )
    })
}
