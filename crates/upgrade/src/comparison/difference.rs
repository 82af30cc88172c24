//! Where AWS's change set is not the approved one, and whether that stops a run.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter, Result};

use super::change::{Change, ChangeDetail};

/// What changes of a resource, whatever causes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangedPart {
    /// The attribute, such as `Properties` or `DeletionPolicy`.
    pub attribute: String,
    /// The top-level property; `None` where AWS names none.
    pub name: Option<String>,
}

impl ChangedPart {
    pub(super) fn from_detail(detail: &ChangeDetail) -> ChangedPart {
        ChangedPart { attribute: detail.attribute.clone(), name: detail.name.clone() }
    }
}

impl Display for ChangedPart {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(self.name.as_ref().unwrap_or(&self.attribute))
    }
}

/// Where the actual change set is not the approved one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// AWS will change a resource that nobody approved.
    UnapprovedResource(Change),
    /// AWS will not change what was approved.
    ResourceLeftOut(Change),
    /// The name is another resource's.
    OtherType {
        /// The resource.
        logical_id: String,
        /// The approved type.
        approved: String,
        /// AWS's.
        actual: String,
    },
    /// AWS does something else with the resource.
    OtherAction {
        /// The resource.
        logical_id: String,
        /// The approved action.
        approved: String,
        /// AWS's.
        actual: String,
    },
    /// AWS says something else of whether the resource is replaced.
    Replacement {
        /// The resource.
        logical_id: String,
        approved: String,
        /// As AWS has it.
        actual: String,
        /// More certainly than approved.
        graver: bool,
    },
    /// AWS says something else of what becomes of the old physical resource.
    PolicyAction {
        /// The resource.
        logical_id: String,
        /// As approved; `None`: nothing was said.
        approved: Option<String>,
        /// As AWS has it.
        actual: Option<String>,
        /// It comes to more harm than approved.
        graver: bool,
    },
    /// AWS will change a property, or another attribute, that nobody approved.
    UnapprovedPart {
        /// The resource.
        logical_id: String,
        /// What of it.
        part: ChangedPart,
    },
    /// AWS will not change a property that was approved.
    PartLeftOut {
        /// The resource.
        logical_id: String,
        /// What of it.
        part: ChangedPart,
        /// The change was approved as certain; else only executing could have told.
        certain: bool,
    },
    /// The same properties change, and AWS says something else of cause, evaluation or recreation.
    OtherAttribution {
        /// The resource.
        logical_id: String,
        approved_only: BTreeSet<ChangeDetail>,
        /// Details that only AWS's has.
        actual_only: BTreeSet<ChangeDetail>,
    },
    /// The same details, summed up in another scope.
    OtherScope {
        /// The resource.
        logical_id: String,
        approved: BTreeSet<String>,
        /// As AWS has it.
        actual: BTreeSet<String>,
    },
}

impl Difference {
    /// Whether nobody has approved it, so that the change set must not be executed.
    #[must_use]
    pub fn stops(&self) -> bool {
        match self {
            Difference::UnapprovedResource(_)
            | Difference::ResourceLeftOut(_)
            | Difference::OtherType { .. }
            | Difference::OtherAction { .. }
            | Difference::UnapprovedPart { .. } => true,
            Difference::Replacement { graver, .. } | Difference::PolicyAction { graver, .. } => *graver,
            Difference::PartLeftOut { certain, .. } => *certain,
            Difference::OtherAttribution { .. } | Difference::OtherScope { .. } => false,
        }
    }
}

impl Display for Difference {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match self {
            Difference::UnapprovedResource(change) => write!(
                formatter,
                "{} ({}): AWS will {}, and nobody approved that",
                change.logical_id,
                change.resource_type,
                verb(&change.action)
            ),
            Difference::ResourceLeftOut(change) => write!(
                formatter,
                "{} ({}): approved to {}, and AWS will not",
                change.logical_id,
                change.resource_type,
                verb(&change.action)
            ),
            Difference::OtherType { logical_id, approved, actual } => {
                write!(formatter, "{logical_id}: approved as {approved}, and AWS has {actual}")
            }
            Difference::OtherAction { logical_id, approved, actual } => write!(
                formatter,
                "{logical_id}: approved to {}, and AWS will {}",
                verb(approved),
                verb(actual)
            ),
            Difference::Replacement { logical_id, approved, actual, graver: _ } => {
                write!(formatter, "{logical_id}: approved replacement {approved}, AWS says {actual}")
            }
            Difference::PolicyAction { logical_id, approved, actual, graver: _ } => write!(
                formatter,
                "{logical_id}: approved for the old resource {}, AWS says {}",
                approved.as_deref().unwrap_or("nothing"),
                actual.as_deref().unwrap_or("nothing")
            ),
            Difference::UnapprovedPart { logical_id, part } => {
                write!(formatter, "{logical_id}: AWS will change {part}, and nobody approved that")
            }
            Difference::PartLeftOut { logical_id, part, certain: true } => {
                write!(formatter, "{logical_id}: a change of {part} was approved, and AWS makes none")
            }
            Difference::PartLeftOut { logical_id, part, certain: false } => {
                write!(
                    formatter,
                    "{logical_id}: a possible change of {part} was approved, and AWS lists none"
                )
            }
            Difference::OtherAttribution { logical_id, approved_only, actual_only } => write!(
                formatter,
                "{logical_id}: approved as {}, and AWS says {}",
                lines(approved_only),
                lines(actual_only)
            ),
            Difference::OtherScope { logical_id, approved, actual } => {
                let words = |scope: &BTreeSet<String>| {
                    scope.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
                };
                write!(
                    formatter,
                    "{logical_id}: approved with scope [{}], and AWS says [{}]",
                    words(approved),
                    words(actual)
                )
            }
        }
    }
}

fn lines(details: &BTreeSet<ChangeDetail>) -> String {
    let lines: Vec<String> = details.iter().map(|detail| format!("[{detail}]")).collect();
    if lines.is_empty() { "nothing more".to_owned() } else { lines.join(" ") }
}

fn verb(action: &str) -> &str {
    match action {
        "Add" => "add it",
        "Remove" => "remove it",
        "Modify" => "modify it",
        "Import" => "import it",
        "Dynamic" => "do with it what only executing tells (Dynamic)",
        other => other,
    }
}
