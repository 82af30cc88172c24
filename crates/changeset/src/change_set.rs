//! A change set, in AWS's own words: the same structure for a predicted one and for one that AWS made.
//!
//! Only data; how it comes about is [`mod@crate::predict`], its JSON form is [`crate::wire`].

use serde_json::Value as Json;

use crate::facts::RequiresRecreation;

/// What AWS prints for a value that is known only after the change set has been executed.
pub const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// The changes, sorted by logical id (AWS's own order is not stable).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChangeSet {
    /// One entry a resource.
    pub changes: Vec<ResourceChange>,
}

impl ChangeSet {
    /// The change of a resource, if it has one.
    pub fn change(&self, logical_id: &str) -> Option<&ResourceChange> {
        self.changes.iter().find(|change| change.logical_id == logical_id)
    }

    /// The same changes in the one order that equality compares: changes by logical id, details by what they
    /// change and why. AWS's own order is not stable.
    pub fn sorted(mut self) -> ChangeSet {
        self.changes.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
        for change in &mut self.changes {
            change.details.sort_by(|one, other| one.order().cmp(&other.order()));
            change.scope.sort_unstable();
        }
        self
    }

    /// How many changes have this action.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}

/// What happens to one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceChange {
    /// What is done.
    pub action: Action,
    /// The name in the template.
    pub logical_id: String,
    /// The id that AWS gave, where known; never for an added resource.
    pub physical_id: Option<String>,
    /// The type, such as `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Whether a modified resource is replaced.
    pub replacement: Option<Replacement>,
    /// What happens to the old physical resource when it is removed or certainly replaced.
    pub policy_action: Option<PolicyAction>,
    /// The distinct attributes of the details.
    pub scope: Vec<Attribute>,
    /// Every change with its cause; empty unless modified.
    pub details: Vec<Detail>,
    /// The resource before, with property values only.
    pub before_context: Option<Json>,
    /// The resource after, with property values only.
    pub after_context: Option<Json>,
}

/// What is done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is made.
    Add,
    /// It is changed in place or replaced.
    Modify,
    /// It leaves the stack.
    Remove,
    /// It is brought into the stack. Never predicted: an import names its resources itself.
    Import,
    /// AWS can't tell yet, as with a nested stack's change. Never predicted.
    Dynamic,
}

/// Whether a resource is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Replacement {
    /// Changed in place.
    False,
    /// It depends.
    Conditional,
    /// Replaced.
    True,
}

/// What happens to the old physical resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyAction {
    /// Removed and deleted.
    Delete,
    /// Removed from the stack and kept.
    Retain,
    /// Removed and deleted after a snapshot.
    Snapshot,
    /// Replaced, the old one deleted.
    ReplaceAndDelete,
    /// Replaced, the old one kept.
    ReplaceAndRetain,
    /// Replaced, the old one deleted after a snapshot.
    ReplaceAndSnapshot,
}

/// The attribute of a resource that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// A property.
    Properties,
    /// The metadata.
    Metadata,
    /// The creation policy.
    CreationPolicy,
    /// The update policy.
    UpdatePolicy,
    /// The deletion policy.
    DeletionPolicy,
    /// The update replace policy.
    UpdateReplacePolicy,
    /// The tags, which AWS keeps apart from the other properties.
    Tags,
}

/// One change of a resource with one cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// Whether AWS knows the new value before executing.
    pub evaluation: Evaluation,
    /// What kind of thing causes it.
    pub change_source: Option<ChangeSource>,
    /// The parameter, resource or `Resource.Attribute` that causes it.
    pub causing_entity: Option<String>,
    /// What changes.
    pub target: Target,
}

type DetailOrder<'d> =
    (Attribute, &'d Option<String>, &'d Option<String>, Evaluation, Option<ChangeSource>, &'d Option<String>);

impl Detail {
    fn order(&self) -> DetailOrder<'_> {
        let target = &self.target;
        let place = (target.attribute, &target.name, &target.path);
        (place.0, place.1, place.2, self.evaluation, self.change_source, &self.causing_entity)
    }
}

/// Whether a new value is known before executing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evaluation {
    /// It is, or certainly changes.
    Static,
    /// Only executing tells whether it changes.
    Dynamic,
}

/// What kind of thing causes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeSource {
    /// `Ref` of a resource.
    ResourceReference,
    /// `Ref` of a parameter.
    ParameterReference,
    /// `Fn::GetAtt` of a resource.
    ResourceAttribute,
    /// The template's text.
    DirectModification,
    /// A nested stack, whose own template AWS doesn't compare here.
    Automatic,
}

/// What changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Which attribute.
    pub attribute: Attribute,
    /// The top-level property, for the attribute `Properties`.
    pub name: Option<String>,
    /// The path of the value, with property values only: `/Properties/Environment/Variables/NAME`.
    pub path: Option<String>,
    /// Whether the change recreates the resource.
    pub requires_recreation: Option<RequiresRecreation>,
    /// The value before, as text, with property values only.
    pub before_value: Option<String>,
    /// The value after, as text, with property values only.
    pub after_value: Option<String>,
    /// Whether the value is new, gone or different; with property values only.
    pub attribute_change_type: Option<AttributeChangeType>,
}

/// What happens to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeChangeType {
    /// It is new.
    Add,
    /// It goes.
    Remove,
    /// It differs.
    Modify,
}

/// Gives each listed enum its word in AWS's API.
macro_rules! words {
    ($($type:ident { $($variant:ident),+ $(,)? })+) => { $(
        impl $type {
            /// Every word.
            pub const ALL: &[$type] = &[$($type::$variant),+];

            /// The word in AWS's API.
            pub fn word(self) -> &'static str {
                match self { $($type::$variant => stringify!($variant)),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.word())
            }
        }
    )+ };
}

words! {
    Action { Add, Modify, Remove, Import, Dynamic }
    Replacement { True, False, Conditional }
    PolicyAction { Delete, Retain, Snapshot, ReplaceAndDelete, ReplaceAndRetain, ReplaceAndSnapshot }
    Attribute { Properties, Metadata, CreationPolicy, UpdatePolicy, DeletionPolicy, UpdateReplacePolicy, Tags }
    Evaluation { Static, Dynamic }
    ChangeSource { ResourceReference, ParameterReference, ResourceAttribute, DirectModification, Automatic }
    AttributeChangeType { Add, Remove, Modify }
}
