//! Predicts the change set that AWS would make for an update (or a creation), in both of AWS's modes.
//!
//! The rules are in `design.md` §5 and were checked against recorded change sets; where AWS documents nothing
//! and nothing is recorded, the assumption stands as a comment at the one place that makes it. What will
//! *really* happen is another question and lives in [`crate::expect`].

mod attributes;
mod causes;
mod node_shape;
mod plain;
mod policy;
mod property_reader;
pub(crate) mod property_tree;
mod resource_text;
mod resource_values;
mod with_values;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use template::{CycleError, EvaluateError, Position, Resource, Value};

use crate::change_set::{
    Action, Attribute, ChangeSet, ChangeSource, Detail, Evaluation as Evaluated, Replacement, ResourceChange,
    Target,
};
use crate::facts::{self, RequiresRecreation};

pub(crate) use attributes::attributes;
pub(crate) use causes::{Referred, referred};
use causes::{Upstream, changed_parameters};
pub use policy::PolicyError;
pub(crate) use policy::{removal, replacement_of_old};
pub(crate) use property_reader::{Property, PropertyReader};
pub(crate) use resource_text::text;
pub(crate) use resource_values::{AsDeployed, Unresolved};

/// A template with its parameters, from the template crate.
pub type Side<'a> = template::Evaluation<'a>;

/// What is known of the stack as it runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deployed {
    /// By logical id.
    pub resources: BTreeMap<String, DeployedResource>,
    /// Whether the stack gets other tags with the update: CloudFormation hands them on to its resources.
    pub stack_tags_change: bool,
}

/// What is known of one resource as it runs. Nothing is required: what is missing prints as
/// `{{deployed:Id.Attribute}}`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeployedResource {
    /// What `Ref` gives for most types; the id that change sets and events show.
    pub physical_id: Option<String>,
    /// What `Fn::GetAtt` gives.
    pub attributes: BTreeMap<String, Value>,
    /// The properties as deployed, where known. Used for an attribute that is missing above and is a
    /// property.
    pub properties: Option<IndexMap<String, Value>>,
}

/// Which of AWS's two answers is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `DescribeChangeSet` as it is.
    Plain,
    /// `DescribeChangeSet` with `IncludePropertyValues`.
    Values,
}

/// Why a change set can't be predicted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PredictError {
    /// The deployed template can't be evaluated.
    #[error("the deployed template: {0}")]
    Before(EvaluateError),
    /// The new template can't be evaluated.
    #[error("the new template: {0}")]
    After(EvaluateError),
    /// Resources that need each other.
    #[error("the new template: {0}")]
    Cycle(CycleError),
    /// A deletion or replace policy that AWS would refuse.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A resource keeps its logical id and changes its type, which AWS refuses.
    #[error(
        "{file}:{}:{}: Update of resource type is not permitted: {logical_id} is {before} and would become \
         {after}; give the new resource another logical id",
        .at.line, .at.column
    )]
    TypeChanged {
        /// The new template's file.
        file: String,
        /// Where the new template declares the resource.
        at: Position,
        /// The resource.
        logical_id: String,
        /// The deployed type.
        before: String,
        /// The new type.
        after: String,
    },
}

impl PredictError {
    /// The place in the template that is to blame, where there is one.
    pub fn position(&self) -> Option<Position> {
        match self {
            PredictError::Before(error) | PredictError::After(error) => error.position(),
            PredictError::Cycle(error) => error.position(),
            PredictError::Policy(error) => Some(error.at),
            PredictError::TypeChanged { at, .. } => Some(*at),
        }
    }
}

/// Both sides and what is known of them; what the two modes share.
pub(crate) struct Scene<'s, 'a> {
    pub(crate) before: Option<&'s Side<'a>>,
    pub(crate) after: &'s Side<'a>,
    pub(crate) deployed: &'s Deployed,
    pub(crate) changed_parameters: BTreeSet<String>,
    /// What happens to each resource of the new template, as far as already decided.
    pub(crate) upstream: BTreeMap<String, Upstream>,
}

impl<'s, 'a> Scene<'s, 'a> {
    pub(crate) fn new(
        before: Option<&'s Side<'a>>,
        after: &'s Side<'a>,
        deployed: &'s Deployed,
    ) -> Scene<'s, 'a> {
        let added = |logical_id: &str| !before.is_some_and(|side| side.is_active(logical_id));
        Scene {
            before,
            after,
            deployed,
            changed_parameters: changed_parameters(before, after),
            upstream: after
                .active_resources()
                .map(|resource| {
                    let state =
                        if added(&resource.logical_id) { Upstream::Added } else { Upstream::Unchanged };
                    (resource.logical_id.clone(), state)
                })
                .collect(),
        }
    }

    /// The resource on the deployed side, if it is there.
    pub(crate) fn deployed_resource(&self, logical_id: &str) -> Option<(&'s Side<'a>, &'a Resource)> {
        let side = self.before?;
        let resource = side.template().resources.get(logical_id)?;
        side.is_active(logical_id).then_some((side, resource))
    }
}

/// Predicts a change set.
///
/// `before` is the deployed template with the deployed parameters, `None` for a creation. The answer is
/// sorted by logical id and does not depend on the order of keys in a template.
///
/// # Errors
/// What CloudFormation would refuse: a template that can't be evaluated, a cycle, a resource whose type
/// changes.
pub fn predict<'a>(
    before: Option<&Side<'a>>,
    after: &Side<'a>,
    deployed: &Deployed,
    mode: Mode,
) -> Result<ChangeSet, PredictError> {
    let mut scene = Scene::new(before, after, deployed);
    check_types(&scene)?;
    let graph = after.dependencies().map_err(PredictError::Cycle)?;
    // What an output reads that isn't there is refused when the change set is made.
    // What they come to is another matter: values of what nobody has asked AWS for can't be taken apart.
    if let Err(error @ EvaluateError::InactiveResource { .. }) = after.outputs(&AsDeployed::new(&scene)) {
        return Err(PredictError::After(error));
    }
    let mut changes = BTreeMap::new();
    // Dependencies come first, so that one pass over the resources is the fixpoint.
    for logical_id in graph.topological_order() {
        let Some(resource) = after.template().resources.get(logical_id) else { continue };
        let Some((side, old)) = scene.deployed_resource(logical_id) else { continue };
        let mut details = match mode {
            Mode::Plain => plain::details(&scene, side, old, resource)?,
            Mode::Values => with_values::details(&scene, side, old, resource)?,
        };
        if deployed.stack_tags_change && facts::takes_stack_tags(&resource.type_name) {
            details.push(stack_tags());
        }
        if details.is_empty() && is_nested_stack(resource) {
            details.push(automatic());
        }
        if details.is_empty() {
            continue;
        }
        let change = modification(&scene, resource, details)?;
        scene.upstream.insert(logical_id.to_owned(), Upstream::of_replacement(change.replacement));
        changes.insert(logical_id.to_owned(), change);
    }
    add_and_remove(&scene, &mut changes)?;
    if mode == Mode::Values {
        for change in changes.values_mut() {
            with_values::add_contexts(&scene, change)?;
        }
    }
    Ok(ChangeSet { changes: changes.into_values().collect() }.sorted())
}

fn check_types(scene: &Scene<'_, '_>) -> Result<(), PredictError> {
    for resource in scene.after.active_resources() {
        if let Some((_, old)) = scene.deployed_resource(&resource.logical_id)
            && old.type_name != resource.type_name
        {
            return Err(PredictError::TypeChanged {
                file: scene.after.template().name.clone(),
                at: resource.at,
                logical_id: resource.logical_id.clone(),
                before: old.type_name.clone(),
                after: resource.type_name.clone(),
            });
        }
    }
    Ok(())
}

fn modification(
    scene: &Scene<'_, '_>,
    resource: &Resource,
    details: Vec<Detail>,
) -> Result<ResourceChange, PredictError> {
    let replacement = replacement(&details);
    let policy_action = match replacement {
        Replacement::True => Some(replacement_of_old(scene.after, resource)?),
        // Only a certain replacement carries a policy action: tools that decide by it alone are not triggered
        // by the Conditional replacement that AWS reports for AWS::CDK::Metadata on every deployment
        // (aws-cdk-cli issue 1971).
        Replacement::Conditional | Replacement::False => None,
    };
    let scope: BTreeSet<Attribute> = details.iter().map(|detail| detail.target.attribute).collect();
    Ok(ResourceChange {
        action: Action::Modify,
        logical_id: resource.logical_id.clone(),
        physical_id: physical_id(scene, &resource.logical_id),
        resource_type: resource.type_name.clone(),
        replacement: Some(replacement),
        policy_action,
        scope: scope.into_iter().collect(),
        details,
        before_context: None,
        after_context: None,
    })
}

/// A static change that always recreates: replaced. Anything else that may recreate: it depends.
pub(crate) fn replacement(details: &[Detail]) -> Replacement {
    let word = |detail: &Detail| detail.target.requires_recreation.unwrap_or(RequiresRecreation::Never);
    let certain = |detail: &Detail| {
        word(detail) == RequiresRecreation::Always && detail.evaluation == Evaluated::Static
    };
    if details.iter().any(certain) {
        Replacement::True
    } else if details.iter().any(|detail| word(detail) != RequiresRecreation::Never) {
        Replacement::Conditional
    } else {
        Replacement::False
    }
}

fn add_and_remove(
    scene: &Scene<'_, '_>,
    changes: &mut BTreeMap<String, ResourceChange>,
) -> Result<(), PredictError> {
    let bare = |resource: &Resource, action| ResourceChange {
        action,
        logical_id: resource.logical_id.clone(),
        physical_id: None,
        resource_type: resource.type_name.clone(),
        replacement: None,
        policy_action: None,
        scope: Vec::new(),
        details: Vec::new(),
        before_context: None,
        after_context: None,
    };
    for resource in scene.after.active_resources() {
        if scene.upstream.get(&resource.logical_id) == Some(&Upstream::Added) {
            changes.insert(resource.logical_id.clone(), bare(resource, Action::Add));
        }
    }
    let Some(before) = scene.before else { return Ok(()) };
    for resource in before.active_resources() {
        if !scene.after.is_active(&resource.logical_id) {
            let removed = ResourceChange {
                physical_id: physical_id(scene, &resource.logical_id),
                policy_action: Some(removal(before, resource)?),
                ..bare(resource, Action::Remove)
            };
            changes.insert(resource.logical_id.clone(), removed);
        }
    }
    Ok(())
}

fn physical_id(scene: &Scene<'_, '_>, logical_id: &str) -> Option<String> {
    scene.deployed.resources.get(logical_id)?.physical_id.clone()
}

fn is_nested_stack(resource: &Resource) -> bool {
    resource.type_name == "AWS::CloudFormation::Stack"
}

/// The stack's own tags, as the user guide's example of a change set shows them ("Example change sets").
fn stack_tags() -> Detail {
    Detail {
        evaluation: Evaluated::Static,
        change_source: Some(ChangeSource::DirectModification),
        causing_entity: None,
        target: Target {
            attribute: Attribute::Tags,
            name: None,
            path: None,
            requires_recreation: Some(RequiresRecreation::Never),
            before_value: None,
            after_value: None,
            attribute_change_type: None,
        },
    }
}

/// A nested stack is always listed: its template isn't compared here, so it may have changed (API reference,
/// `ChangeSource`).
fn automatic() -> Detail {
    Detail {
        evaluation: Evaluated::Dynamic,
        change_source: Some(ChangeSource::Automatic),
        causing_entity: None,
        target: Target {
            attribute: Attribute::Properties,
            name: None,
            path: None,
            requires_recreation: Some(RequiresRecreation::Never),
            before_value: None,
            after_value: None,
            attribute_change_type: None,
        },
    }
}
