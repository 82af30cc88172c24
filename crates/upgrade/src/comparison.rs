//! A change set reduced to what approval is about, and the comparison of the approved with the actual.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// One resource's change. Built from DescribeChangeSet's answer and from our prediction alike.
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
    /// Changed attributes, such as `Properties`.
    pub scope: BTreeSet<String>,
    /// Each detail as one line; a set, since AWS's order varies.
    pub details: BTreeSet<String>,
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
        details: impl IntoIterator<Item = String>,
    ) -> Change {
        Change {
            logical_id: logical_id.to_owned(),
            resource_type: resource_type.to_owned(),
            action: action.to_owned(),
            replacement: replacement.filter(|_| action != "Add").map(str::to_owned),
            scope: scope.into_iter().collect(),
            details: details.into_iter().collect(),
        }
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
                Change::detail(
                    detail.target.attribute.word(),
                    detail.target.name.as_deref(),
                    detail.target.requires_recreation.map(|word| word.word()),
                    detail.evaluation.word(),
                    detail.change_source.map(|word| word.word()),
                    detail.causing_entity.as_deref(),
                )
            }),
        )
    }

    /// A detail as one line: `Properties.Name (Always) Static DirectModification`.
    #[must_use]
    pub fn detail(
        attribute: &str,
        name: Option<&str>,
        requires_recreation: Option<&str>,
        evaluation: &str,
        change_source: Option<&str>,
        causing_entity: Option<&str>,
    ) -> String {
        let mut line = attribute.to_owned();
        if let Some(name) = name {
            line.push('.');
            line.push_str(name);
        }
        if let Some(recreation) = requires_recreation {
            line.push_str(&format!(" ({recreation})"));
        }
        line.push(' ');
        line.push_str(evaluation);
        for word in [change_source, causing_entity].into_iter().flatten() {
            line.push(' ');
            line.push_str(word);
        }
        line
    }
}

/// Where the actual change set is not the approved one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Difference {
    /// AWS will change what we did not expect.
    Unexpected(Change),
    /// AWS will not change what we expected.
    Missing(Change),
    /// Both change it, differently.
    Different {
        /// As approved.
        approved: Change,
        /// As AWS made it.
        actual: Change,
    },
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Difference::Unexpected(change) => {
                write!(formatter, "{}: AWS will {}, not approved", change.logical_id, verb(&change.action))
            }
            Difference::Missing(change) => {
                write!(formatter, "{}: approved to {}, AWS will not", change.logical_id, verb(&change.action))
            }
            Difference::Different { approved, actual } => {
                write!(formatter, "{}: ", actual.logical_id)?;
                if approved.action != actual.action {
                    return write!(formatter, "approved {}, AWS says {}", approved.action, actual.action);
                }
                if approved.replacement != actual.replacement {
                    return write!(
                        formatter,
                        "approved replacement {}, AWS says {}",
                        approved.replacement.as_deref().unwrap_or("none"),
                        actual.replacement.as_deref().unwrap_or("none")
                    );
                }
                for line in actual.details.difference(&approved.details) {
                    write!(formatter, "[AWS only: {line}] ")?;
                }
                for line in approved.details.difference(&actual.details) {
                    write!(formatter, "[approved only: {line}] ")?;
                }
                Ok(())
            }
        }
    }
}

fn verb(action: &str) -> &str {
    match action {
        "Add" => "add it",
        "Remove" => "remove it",
        "Modify" => "modify it",
        other => other,
    }
}

/// Every difference, by logical id. Empty: what AWS made is what was approved.
#[must_use]
pub fn compare(approved: &[Change], actual: &[Change]) -> Vec<Difference> {
    let approved_by_id: BTreeMap<_, _> = approved.iter().map(|change| (&change.logical_id, change)).collect();
    let actual_by_id: BTreeMap<_, _> = actual.iter().map(|change| (&change.logical_id, change)).collect();
    let ids: BTreeSet<_> = approved_by_id.keys().chain(actual_by_id.keys()).collect();
    ids.into_iter()
        .filter_map(|id| match (approved_by_id.get(id), actual_by_id.get(id)) {
            (Some(approved), Some(actual)) if approved == actual => None,
            (Some(approved), Some(actual)) => {
                Some(Difference::Different { approved: (*approved).clone(), actual: (*actual).clone() })
            }
            (None, Some(actual)) => Some(Difference::Unexpected((*actual).clone())),
            (Some(approved), None) => Some(Difference::Missing((*approved).clone())),
            (None, None) => None,
        })
        .collect()
}
