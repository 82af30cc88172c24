//! Whether a resource changes, and how: left alone, in place, or by a new one in its place.

use changeset::compare::{PropertyChange, changed_properties};
use changeset::facts::{self, ReplacementStrategy, RequiresRecreation};
use template::{Evaluation, Node, Resource, Value};

use super::super::generic;
use super::super::stack::{Properties, StackResource};
use super::super::status::Status;

/// What is to be done with a resource that the stack holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing: no call, no event.
    Leave,
    /// An update in place.
    Update,
    /// A new physical resource.
    Replace {
        /// Whether the old one must go first.
        delete_first: bool,
    },
}

/// Whether something besides the resource's own definition asks for an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// The stack's tags have changed; CloudFormation hands them on.
    pub stack_tags_changed: bool,
}

/// What is to be done with `existing`, given what the template says now.
pub fn action(
    evaluation: &Evaluation<'_>,
    resource: &Resource,
    existing: &StackResource,
    properties: &Properties,
    metadata: Option<&Value>,
    circumstances: Circumstances,
) -> Action {
    let changes = changed_properties(&existing.type_name, &existing.properties, properties);
    let facts = facts::resource_type(&existing.type_name);
    let delete_first =
        facts.is_some_and(|facts| facts.replacement_strategy == ReplacementStrategy::DeleteThenCreate);
    if changes.iter().any(|change| recreates(&existing.type_name, change))
        || replacing_update(evaluation, resource, &changes, properties)
    {
        return Action::Replace { delete_first };
    }
    let retagged = circumstances.stack_tags_changed
        && facts.and_then(|facts| facts.tagging.as_ref()).is_some_and(|tagging| tagging.updatable);
    // A resource whose last update failed and was left so is brought up to date again.
    let unfinished = matches!(existing.status, Status::UpdateFailed | Status::CreateFailed);
    // Assumption: changed Metadata is an update in place with events; changed policies are taken over without.
    if !changes.is_empty() || existing.metadata.as_ref() != metadata || retagged || unfinished {
        Action::Update
    } else {
        Action::Leave
    }
}

/// Whether a difference needs a new resource.
///
/// Assumption: where AWS says "Conditionally" the facts don't give the condition, so the resource is updated
/// in place, which is the commoner outcome; custom resources likewise, since their function isn't run.
fn recreates(type_name: &str, change: &PropertyChange) -> bool {
    if type_name == "AWS::RDS::DBInstance" && change.name == "AllocatedStorage" {
        return false;
    }
    change.recreation == RequiresRecreation::Always
}

/// `AutoScalingReplacingUpdate` with `WillReplace` (user guide, "UpdatePolicy attribute"): the whole group is
/// replaced when its launch template, launch configuration or subnets change.
///
/// A group with a name of its own can't stand beside its successor, so without a new name it is updated in
/// place.
fn replacing_update(
    evaluation: &Evaluation<'_>,
    resource: &Resource,
    changes: &[PropertyChange],
    properties: &Properties,
) -> bool {
    const CAUSES: [&str; 5] = [
        "LaunchTemplate",
        "LaunchConfigurationName",
        "MixedInstancesPolicy",
        "VPCZoneIdentifier",
        "PlacementGroup",
    ];
    resource.type_name == "AWS::AutoScaling::AutoScalingGroup"
        && !properties.contains_key("AutoScalingGroupName")
        && changes.iter().any(|change| CAUSES.contains(&change.name.as_str()))
        && resource
            .update_policy
            .as_ref()
            .and_then(|policy| will_replace(evaluation, policy))
            .unwrap_or(false)
}

fn will_replace(evaluation: &Evaluation<'_>, policy: &Node) -> Option<bool> {
    struct NoResources;
    impl template::ResourceValues for NoResources {
        fn reference(&self, _: &str) -> Value {
            Value::Null
        }
        fn attribute(&self, _: &str, _: &str) -> Value {
            Value::Null
        }
    }
    let Value::Map(policy) = evaluation.evaluate(policy, &NoResources).ok()? else { return None };
    let Value::Map(replacing) = policy.get("AutoScalingReplacingUpdate")? else { return None };
    Some(match replacing.get("WillReplace")? {
        Value::Bool(value) => *value,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    })
}

/// The words with which CloudFormation refuses to replace a resource whose custom name stays the same;
/// `None` when nothing stands in the way.
pub fn custom_name_in_the_way(existing: &StackResource, properties: &Properties) -> Option<String> {
    let name = generic::name_property(&existing.type_name)?;
    let (old, new) = (existing.properties.get(name)?, properties.get(name)?);
    (old == new).then(|| {
        format!(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {} and update the stack again.",
            existing.physical_id.as_deref().unwrap_or(&existing.logical_id)
        )
    })
}
