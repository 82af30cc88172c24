//! One resource's change, as approval is about it. Built from DescribeChangeSet's answer and from our prediction alike.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What AWS calls a property that changes, among a resource's attributes.
const PROPERTIES: &str = "Properties";

/// The one property that AWS has also called an attribute of its own.
const TAGS: &str = "Tags";

/// One resource's change, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// The resource's name in the template.
    pub logical_id: String,
    /// Such as `AWS::Batch::JobQueue`.
    pub resource_type: String,
    /// `Add`, `Modify`, `Remove`, `Import`, `Dynamic`.
    pub action: String,
    /// `True`, `False`, `Conditional`; `None` where AWS gives none. On an `Add` it is dropped: recordings
    /// before May 2025 have it, later ones don't, and it says nothing.
    pub replacement: Option<String>,
    /// What becomes of the old physical resource, such as `Delete` or `ReplaceAndRetain`; `None` where it stays.
    pub policy_action: Option<String>,
    /// Changed attributes, such as `Properties`; never `Tags`.
    pub scope: BTreeSet<String>,
    /// What changes, and why; a set, since AWS's order varies.
    pub details: BTreeSet<ChangeDetail>,
}

/// What changes of a resource, and what AWS says causes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangeDetail {
    /// The attribute, such as `Properties` or `DeletionPolicy`; never `Tags`.
    pub attribute: String,
    /// The top-level property, where the attribute is `Properties`.
    pub name: Option<String>,
    /// `Always`, `Conditionally`, `Never`.
    pub requires_recreation: Option<String>,
    /// `Static` or `Dynamic`.
    pub evaluation: String,
    /// What kind of thing causes it, such as `ParameterReference`.
    pub change_source: Option<String>,
    /// The parameter, resource or `Resource.Attribute` that causes it.
    pub causing_entity: Option<String>,
}

impl Change {
    /// A change with its scope and details, normalised.
    #[must_use]
    pub fn new(
        logical_id: &str,
        resource_type: &str,
        action: &str,
        replacement: Option<&str>,
        scope: impl IntoIterator<Item = String>,
        details: impl IntoIterator<Item = ChangeDetail>,
    ) -> Change {
        Change {
            logical_id: logical_id.to_owned(),
            resource_type: resource_type.to_owned(),
            action: action.to_owned(),
            replacement: replacement.filter(|_| action != "Add").map(str::to_owned),
            policy_action: None,
            scope: scope.into_iter().map(|word| spelled(&word, None).0).collect(),
            details: details.into_iter().collect(),
        }
    }

    /// The same with what becomes of the old physical resource.
    #[must_use]
    pub fn with_policy_action(self, policy_action: Option<&str>) -> Change {
        Change { policy_action: policy_action.map(str::to_owned), ..self }
    }

    /// A predicted change.
    #[must_use]
    pub fn from_prediction(change: &changeset::change_set::ResourceChange) -> Change {
        Change::new(
            &change.logical_id,
            &change.resource_type,
            change.action.word(),
            change.replacement.map(|word| word.word()),
            change.scope.iter().map(|attribute| attribute.word().to_owned()),
            change.details.iter().map(|detail| {
                ChangeDetail::new(
                    detail.target.attribute.word(),
                    detail.target.name.as_deref(),
                    detail.target.requires_recreation.map(|word| word.word()),
                    detail.evaluation.word(),
                    detail.change_source.map(|word| word.word()),
                    detail.causing_entity.as_deref(),
                )
            }),
        )
        .with_policy_action(change.policy_action.map(|word| word.word()))
    }
}

impl ChangeDetail {
    /// A detail of DescribeChangeSet, normalised.
    #[must_use]
    pub fn new(
        attribute: &str,
        name: Option<&str>,
        requires_recreation: Option<&str>,
        evaluation: &str,
        change_source: Option<&str>,
        causing_entity: Option<&str>,
    ) -> ChangeDetail {
        let (attribute, name) = spelled(attribute, name);
        ChangeDetail {
            attribute,
            name,
            requires_recreation: requires_recreation.map(str::to_owned),
            evaluation: evaluation.to_owned(),
            change_source: change_source.map(str::to_owned),
            causing_entity: causing_entity.map(str::to_owned),
        }
    }
}

/// AWS has two spellings for a change of a resource's tags, and this is the one of the recordings since 2025: attribute
/// `Properties`, name `Tags`. The older one, attribute `Tags` without a name, is the user guide's ("Example change sets
/// for CloudFormation stacks") and may still be some types'.
fn spelled(attribute: &str, name: Option<&str>) -> (String, Option<String>) {
    match attribute {
        TAGS => (PROPERTIES.to_owned(), Some(name.unwrap_or(TAGS).to_owned())),
        _ => (attribute.to_owned(), name.map(str::to_owned)),
    }
}

impl std::fmt::Display for ChangeDetail {
    /// `Properties.Name (Always) Static DirectModification`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { attribute, name, requires_recreation, evaluation, change_source, causing_entity } = self;
        formatter.write_str(attribute)?;
        if let Some(name) = name {
            write!(formatter, ".{name}")?;
        }
        if let Some(recreation) = requires_recreation {
            write!(formatter, " ({recreation})")?;
        }
        write!(formatter, " {evaluation}")?;
        for word in [change_source, causing_entity].into_iter().flatten() {
            write!(formatter, " {word}")?;
        }
        Ok(())
    }
}
