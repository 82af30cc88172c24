//! What will really happen to each resource, beside what AWS says, and why the two differ.
//!
//! AWS's preview compares texts, so it lists what may change and omits what it can't see. Here each value is
//! followed through: a property that reads another resource changes only if what it reads changes. The
//! recordings bear this out: the reader of a replaced resource's unchanged property was not updated
//! (`test_unrelated_changes_requires_replacement`), and readers of a changed attribute that AWS omits with
//! property values were (`test_direct_attribute_value_change`).

mod because;
mod collisions;
mod custom_name;
mod future_values;
mod reasons;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use template::{Graph, Node, ReferenceTarget, Resource, Value};

use crate::change_set::{Action, Attribute, ChangeSet, ChangeSource, PolicyAction, Replacement};
use crate::compare;
use crate::facts::{self, RequiresRecreation, Treatment};
use crate::predict::property_tree::{Difference, Tree, differences};
use crate::predict::{
    AsDeployed, Deployed, PredictError, Scene, Side, attributes, removal, replacement_of_old,
};
use crate::rules::exclusive::{self, Effect};
use crate::rules::no_return::{self, NoWayBack};
use crate::rules::{attributes, property_validation, refusals};
use collisions::{Claims, Fate};
use future_values::FutureValues;

pub use because::{Because, Price, ReadFate, Reading, Refusal};
pub use collisions::{Collision, Until};

/// What AWS says of a resource and what we expect.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The resource.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// What AWS says without property values, `None` when it doesn't list the resource.
    pub aws_plain: Option<AwsAction>,
    /// What AWS says with property values.
    pub aws_values: Option<AwsAction>,
    /// What we expect.
    pub expected: Expected,
    /// What happens to the old physical resource, where it leaves the stack for certain or perhaps.
    pub old_resource: Option<PolicyAction>,
    /// The top-level properties that change, or may.
    pub changed_properties: BTreeSet<String>,
    /// The name that the new physical resource takes, where the template gives one and the old one hasn't it.
    pub takes_name: Option<String>,
    /// What of its change a rollback wouldn't bring back.
    pub no_way_back: Vec<&'static NoWayBack>,
    /// What somebody else has that it is to have.
    pub collisions: Vec<Collision>,
    /// Why; the deciding reason first.
    pub because: Vec<Because>,
}

impl Expectation {
    /// Why the update fails at this resource, where it does.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.because.iter().find_map(|because| match because {
            Because::Refused(refusal) => Some(refusal),
            Because::OnlyInNew
            | Because::OnlyInDeployed
            | Because::ReadsTheSame
            | Because::NestedStack
            | Because::Resolved(_)
            | Because::Interrupted(_)
            | Because::StackTags
            | Because::OnlyAwsChecks { .. }
            | Because::Treatment(_)
            | Because::KeptByCloudFormation(_)
            | Because::TemplateChanges { .. }
            | Because::Reads { .. }
            | Because::Disputed { .. }
            | Because::More(_) => None,
        })
    }

    /// Whether one of AWS's two answers is not what we expect.
    pub fn differs(&self) -> bool {
        let (action, replacement) = match self.because.contains(&Because::OnlyInNew) {
            true => (Some(Action::Add), None),
            false => self.expected.in_aws_words(),
        };
        let as_expected = |said: &Option<AwsAction>| match (said, action) {
            (None, None) => true,
            (Some(said), Some(action)) => {
                said.action == action && (said.replacement == replacement || action == Action::Add)
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        !as_expected(&self.aws_plain) || !as_expected(&self.aws_values)
    }
}

/// AWS's word on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsAction {
    /// What is done.
    pub action: Action,
    /// Whether it is replaced.
    pub replacement: Option<Replacement>,
}

/// What will happen to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Expected {
    /// Nothing, though AWS may list it.
    Unchanged,
    /// Perhaps changed in place: it depends on a value that only AWS or a provider knows.
    MayBeUpdated,
    /// Changed in place.
    UpdatedInPlace,
    /// A group that stays while its instances are replaced in batches.
    InstancesReplaced,
    /// Perhaps replaced.
    MayBeReplaced,
    /// Replaced.
    Replaced,
    /// Made.
    Added,
    /// Leaves the stack.
    Removed,
    /// The update fails here.
    Fails,
}

impl Expected {
    /// How AWS would say it, `None` for not at all.
    fn in_aws_words(self) -> (Option<Action>, Option<Replacement>) {
        match self {
            Expected::Unchanged => (None, None),
            Expected::MayBeUpdated | Expected::UpdatedInPlace | Expected::InstancesReplaced => {
                (Some(Action::Modify), Some(Replacement::False))
            }
            Expected::MayBeReplaced => (Some(Action::Modify), Some(Replacement::Conditional)),
            Expected::Replaced | Expected::Fails => (Some(Action::Modify), Some(Replacement::True)),
            Expected::Added => (Some(Action::Add), None),
            Expected::Removed => (Some(Action::Remove), None),
        }
    }
}

/// What is decided of a resource, for those that read it.
#[derive(Debug, Clone)]
struct Decided {
    /// What would happen if nothing failed, so that people see all that depends on it.
    expected: Expected,
    changed_properties: BTreeSet<String>,
}

/// Follows every change through both templates. `plain` and `values` are the two answers of AWS, predicted or
/// actual.
///
/// Gives an entry for each resource that one of the answers lists or that we expect to change, sorted by
/// logical id.
///
/// # Errors
/// As [`crate::predict()`].
pub fn expectations(
    before: Option<&Side<'_>>,
    after: &Side<'_>,
    deployed: &Deployed,
    plain: &ChangeSet,
    values: &ChangeSet,
) -> Result<Vec<Expectation>, PredictError> {
    let scene = Scene::new(before, after, deployed);
    let graph = after.dependencies().map_err(PredictError::Cycle)?;
    let mut decided: BTreeMap<String, Decided> = BTreeMap::new();
    let mut made: BTreeMap<String, Expectation> = BTreeMap::new();
    let mut claims = Claims::default();
    for logical_id in graph.topological_order() {
        let Some(resource) = after.template().resources.get(logical_id) else { continue };
        let (expectation, expected) = match scene.deployed_resource(logical_id) {
            None => (addition(&scene, &decided, resource, &mut claims)?, Expected::Added),
            Some((side, old)) => {
                let seen = (plain, &mut claims);
                modification(&scene, &decided, side, old, resource, seen)?
            }
        };
        let fate = Decided { expected, changed_properties: expectation.changed_properties.clone() };
        decided.insert(logical_id.to_owned(), fate);
        made.insert(logical_id.to_owned(), expectation);
    }
    for resource in
        before.into_iter().flat_map(|side| side.active_resources().map(move |resource| (side, resource)))
    {
        let (side, resource) = resource;
        if !after.is_active(&resource.logical_id) {
            let old_resource = Some(removal(side, resource)?);
            let had = Tree::build_optional(side, resource.properties.as_ref(), &AsDeployed::new(&scene))
                .map_err(PredictError::Before)?;
            claims.before.insert(
                resource.logical_id.clone(),
                exclusive::claims(
                    &resource.type_name,
                    &had.map_or_else(IndexMap::new, |tree| tree.entries()),
                ),
            );
            let why = vec![Because::OnlyInDeployed];
            made.insert(
                resource.logical_id.clone(),
                Expectation { old_resource, ..bare(resource, Expected::Removed, why) },
            );
        }
    }
    collide(&mut made, &claims, &graph);
    for (logical_id, expectation) in &mut made {
        let said = |set: &ChangeSet| {
            set.change(logical_id)
                .map(|change| AwsAction { action: change.action, replacement: change.replacement })
        };
        expectation.aws_plain = said(plain);
        expectation.aws_values = said(values);
        if expectation.expected == Expected::Unchanged && expectation.aws_plain.is_some() {
            expectation.because.push(Because::ReadsTheSame);
        }
    }
    made.retain(|_, one| {
        one.expected != Expected::Unchanged || one.aws_plain.is_some() || one.aws_values.is_some()
    });
    Ok(made.into_values().collect())
}

fn bare(resource: &Resource, expected: Expected, because: Vec<Because>) -> Expectation {
    Expectation {
        logical_id: resource.logical_id.clone(),
        resource_type: resource.type_name.clone(),
        aws_plain: None,
        aws_values: None,
        expected,
        old_resource: None,
        changed_properties: BTreeSet::new(),
        takes_name: None,
        no_way_back: Vec::new(),
        collisions: Vec::new(),
        because,
    }
}

/// Marks what can't be made because somebody has it already.
fn collide(made: &mut BTreeMap<String, Expectation>, claims: &Claims, graph: &Graph) {
    let fates = made
        .iter()
        .map(|(id, one)| {
            let is_retained =
                matches!(one.old_resource, Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain));
            (id.as_str(), Fate { expected: one.expected, type_name: &one.resource_type, is_retained })
        })
        .collect();
    for (logical_id, collisions) in collisions::find(claims, &fates, graph) {
        let Some(expectation) = made.get_mut(&logical_id) else { continue };
        let certain = collisions.iter().find(|one| one.certain && one.effect == Effect::Refused);
        if let Some(collision) = certain {
            expectation.expected = Expected::Fails;
            expectation.because.insert(0, Because::Refused(Refusal::Taken(collision.clone())));
        }
        expectation.collisions = collisions;
    }
}

fn addition(
    scene: &Scene<'_, '_>,
    decided: &BTreeMap<String, Decided>,
    new: &Resource,
    claims: &mut Claims,
) -> Result<Expectation, PredictError> {
    let as_it_will_be = FutureValues::new(scene, decided);
    let tree = Tree::build_optional(scene.after, new.properties.as_ref(), &as_it_will_be)
        .map_err(PredictError::After)?
        .unwrap_or_else(Tree::empty);
    let properties = tree.entries();
    let mut added = bare(new, Expected::Added, vec![Because::OnlyInNew]);
    added.takes_name = custom_name::taken(&new.type_name, &tree);
    if let Some(refusal) = refused(scene, new, None, None, &properties) {
        added.expected = Expected::Fails;
        added.because.insert(0, Because::Refused(refusal));
    }
    claims.after.insert(new.logical_id.clone(), exclusive::claims(&new.type_name, &properties));
    Ok(added)
}

/// What a service refuses of the values, or CloudFormation of properties and of an attribute that isn't there. `before` are the
/// properties of the resource that is changed in place, `had` those of the one that was there, replaced or not.
fn refused(
    scene: &Scene<'_, '_>,
    new: &Resource,
    before: Option<&IndexMap<String, Value>>,
    had: Option<&IndexMap<String, Value>>,
    after: &IndexMap<String, Value>,
) -> Option<Refusal> {
    let policy =
        new.update_policy.as_ref().and_then(|node| crate::predict::text(scene.after, node).ok().flatten());
    let change =
        refusals::Change { type_name: &new.type_name, before, after, update_policy: policy.as_ref() };
    let by_rule = refusals::refusals(&change).next().map(|(rule, words)| Refusal::ByRule {
        group: rule.group,
        source: rule.source,
        words,
    });
    let invalid = || {
        let violations = property_validation::violations(&new.type_name, had, after);
        (!violations.is_empty()).then_some(Refusal::Invalid(violations))
    };
    by_rule.or_else(invalid).or_else(|| {
        let nodes = new.evaluated_nodes();
        nodes.into_iter().find_map(|node| unsupported_attribute(scene.after, node))
    })
}

/// A reference to an attribute that the type of the resource doesn't have.
pub(crate) fn unsupported_attribute(side: &Side<'_>, node: &Node) -> Option<Refusal> {
    side.references(node).into_iter().find_map(|reference| match reference.target {
        ReferenceTarget::Resource { logical_id, attribute: Some(attribute) } => {
            let type_name = &side.template().resources.get(&logical_id)?.type_name;
            let missing = !attributes::is_supported(type_name, &attribute);
            missing.then(|| Refusal::NoSuchAttribute {
                logical_id,
                resource_type: type_name.clone(),
                attribute,
            })
        }
        ReferenceTarget::Resource { .. } | ReferenceTarget::Parameter(_) | ReferenceTarget::Pseudo(_) => None,
    })
}

/// One property value that differs, weighed.
struct Weighed<'d, 't, 'n> {
    difference: &'d Difference<'t, 'n>,
    word: RequiresRecreation,
    /// False when only a value that AWS or a provider knows tells whether it changes.
    certain: bool,
}

/// The expectation of a resource on both sides, and what would happen if nothing failed.
fn modification(
    scene: &Scene<'_, '_>,
    decided: &BTreeMap<String, Decided>,
    side: &Side<'_>,
    old: &Resource,
    new: &Resource,
    (plain, claims): (&ChangeSet, &mut Claims),
) -> Result<(Expectation, Expected), PredictError> {
    let as_deployed = AsDeployed::new(scene);
    let as_it_will_be = FutureValues::new(scene, decided);
    let empty = Tree::empty();
    let old_tree =
        Tree::build_optional(side, old.properties.as_ref(), &as_deployed).map_err(PredictError::Before)?;
    let new_tree = Tree::build_optional(scene.after, new.properties.as_ref(), &as_it_will_be)
        .map_err(PredictError::After)?;
    let (old_tree, new_tree) = (old_tree.as_ref().unwrap_or(&empty), new_tree.as_ref().unwrap_or(&empty));
    let found = differences(Some(old_tree), Some(new_tree), &[]);
    let weighed: Vec<Weighed<'_, '_, '_>> =
        found.iter().map(|difference| weigh(new, plain, difference)).collect();
    let mut expectation = bare(new, Expected::Unchanged, Vec::new());
    expectation.changed_properties =
        weighed.iter().map(|one| one.difference.top_level().to_owned()).collect();
    let expected = decide(scene, new, (old_tree, new_tree), &weighed, &mut expectation.because);
    let (before, after) = (old_tree.entries(), new_tree.entries());
    claims.before.insert(new.logical_id.clone(), exclusive::claims(&new.type_name, &before));
    claims.after.insert(new.logical_id.clone(), exclusive::claims(&new.type_name, &after));
    // CloudFormation refuses a name that stays before it asks the service for anything.
    let by_name = (expected == Expected::Replaced)
        .then(|| custom_name::collision(&new.type_name, old_tree, new_tree))
        .flatten();
    let refused = by_name.or_else(|| {
        let stays = (expected != Expected::Replaced).then_some(&before);
        (expected != Expected::Unchanged).then(|| refused(scene, new, stays, Some(&before), &after)).flatten()
    });
    expectation.expected = expected;
    if !matches!(expected, Expected::Unchanged | Expected::Replaced) {
        expectation.no_way_back = no_return::no_way_back(&new.type_name, &before, &after);
    }
    if let Some(refusal) = refused {
        expectation.expected = Expected::Fails;
        expectation.because.insert(0, Because::Refused(refusal));
    } else if matches!(expected, Expected::Replaced | Expected::MayBeReplaced) {
        expectation.old_resource = Some(replacement_of_old(scene.after, new)?);
        // A name that stays is the old resource's own.
        let named = |tree: &Tree<'_>| custom_name::taken(&new.type_name, tree);
        expectation.takes_name = named(new_tree).filter(|name| named(old_tree).as_ref() != Some(name));
    }
    expectation.because.extend(reasons::of_properties(scene, decided, &new.type_name, &weighed));
    if expectation.expected == Expected::Unchanged {
        attributes_only(scene, side, old, new, &mut expectation)?;
    }
    if expectation.expected == Expected::Unchanged
        && scene.deployed.stack_tags_change
        && facts::takes_stack_tags(&new.type_name)
    {
        expectation.expected = Expected::UpdatedInPlace;
        expectation.because.push(Because::StackTags);
    }
    Ok((expectation, expected))
}

fn weigh<'d, 't, 'n>(
    new: &Resource,
    plain: &ChangeSet,
    difference: &'d Difference<'t, 'n>,
) -> Weighed<'d, 't, 'n> {
    let name = difference.top_level();
    // A value that hides whether it changes may stand beside text that certainly does.
    let text_changes = plain.change(&new.logical_id).is_some_and(|change| {
        change.details.iter().any(|detail| {
            detail.change_source == Some(ChangeSource::DirectModification)
                && (detail.target.name.as_deref() == Some(name)
                    || (name == "Tags" && detail.target.attribute == Attribute::Tags))
        })
    });
    Weighed {
        difference,
        word: facts::recreation(&new.type_name, &difference.path),
        certain: text_changes || !future_values::is_perhaps(difference.after),
    }
}

fn decide(
    scene: &Scene<'_, '_>,
    new: &Resource,
    trees: (&Tree<'_>, &Tree<'_>),
    weighed: &[Weighed<'_, '_, '_>],
    because: &mut Vec<Because>,
) -> Expected {
    let heaviest =
        |certain: bool| weighed.iter().filter(|one| one.certain == certain).map(|one| one.word).max();
    let certainly = match heaviest(true) {
        Some(RequiresRecreation::Always) => return Expected::Replaced,
        Some(RequiresRecreation::Conditionally) => {
            let (expected, reason) = resolve::conditional(scene, new, trees, weighed);
            because.push(reason);
            expected
        }
        Some(RequiresRecreation::Never) => Expected::UpdatedInPlace,
        None => Expected::Unchanged,
    };
    let perhaps = match heaviest(false) {
        Some(RequiresRecreation::Always | RequiresRecreation::Conditionally) => Expected::MayBeReplaced,
        Some(RequiresRecreation::Never) => Expected::MayBeUpdated,
        None => Expected::Unchanged,
    };
    if new.type_name == "AWS::CloudFormation::Stack" && certainly.max(perhaps) == Expected::Unchanged {
        because.push(Because::NestedStack);
        return Expected::MayBeUpdated;
    }
    match facts::treatment(&new.type_name) {
        treatment @ (Treatment::Transformed | Treatment::Module | Treatment::Unknown)
            if !weighed.is_empty() =>
        {
            because.push(Because::Treatment(treatment));
        }
        Treatment::Published
        | Treatment::CustomResource
        | Treatment::Transformed
        | Treatment::Module
        | Treatment::Unknown => {}
    }
    certainly.max(perhaps)
}

/// A change of metadata or policies alone touches only CloudFormation's own record.
fn attributes_only(
    scene: &Scene<'_, '_>,
    side: &Side<'_>,
    old: &Resource,
    new: &Resource,
    expectation: &mut Expectation,
) -> Result<(), PredictError> {
    for ((attribute, old_node), (_, new_node)) in attributes(old).into_iter().zip(attributes(new)) {
        let old_text = old_node
            .map_or(Ok(None), |node| crate::predict::text(side, node))
            .map_err(PredictError::Before)?;
        let new_text = new_node
            .map_or(Ok(None), |node| crate::predict::text(scene.after, node))
            .map_err(PredictError::After)?;
        if !compare::same(old_text.as_ref(), new_text.as_ref()) {
            expectation.expected = Expected::UpdatedInPlace;
            expectation.because.push(Because::KeptByCloudFormation(attribute));
        }
    }
    Ok(())
}
