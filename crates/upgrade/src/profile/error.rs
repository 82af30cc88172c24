//! Why a profile doesn't fit a stack. Each says where the profile says it, what the stack has instead and what to
//! do; a built-in profile has no place, its name stands for it.

use template::Location;

/// Why a profile doesn't fit a stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// It names what the stack doesn't have.
    #[error(transparent)]
    Misfit(#[from] Box<Misfit>),
}

/// Something that a profile names and that isn't there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{key}: {}{}", place(at, profile), kind.words(template), suggestion(nearest))]
pub struct Misfit {
    /// Where the profile names it; `None`: in this program.
    pub at: Option<Location>,
    pub profile: String,
    /// The profile's key under which it stands.
    pub key: &'static str,
    /// The template's file name.
    pub template: String,
    /// What is wrong.
    pub kind: MisfitKind,
    /// The nearest names that would do.
    pub nearest: Vec<String>,
}

/// What is wrong with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MisfitKind {
    /// The template has no such resource.
    UnknownResource {
        /// The logical id, or a pattern.
        id: String,
    },
    /// The resource is of a type that can't be that.
    WrongType {
        /// The logical id.
        id: String,
        type_name: String,
        /// The types that would do.
        wanted: &'static [&'static str],
    },
    /// The type can't be that.
    TypeNotOfPart {
        type_name: String,
        /// The types that would do.
        wanted: &'static [&'static str],
    },
    /// No resource has the tag, or the type.
    NothingMatches {
        /// Such as `the tag codeocean:component=workers`.
        wanted: String,
    },
    /// A listener isn't there with these parameters.
    NotActive {
        /// The logical id.
        id: String,
        condition: String,
    },
    /// The template has no such parameter.
    UnknownParameter {
        /// The parameter, or a pattern.
        name: String,
    },
    /// The template's `Metadata` has no such entry, or it tells no version.
    UnknownMetadata {
        /// The entry's key.
        key: String,
    },
}

impl MisfitKind {
    fn words(&self, template: &str) -> String {
        match self {
            MisfitKind::UnknownResource { id } => format!("{template} has no resource {id}"),
            MisfitKind::WrongType { id, type_name, wanted } => {
                format!("{id} of {template} is an {type_name}; wanted is an {}", wanted.join(" or "))
            }
            MisfitKind::TypeNotOfPart { type_name, wanted } => {
                format!("wanted is an {}, not an {type_name}", wanted.join(" or "))
            }
            MisfitKind::NothingMatches { wanted } => format!("no resource of {template} has {wanted}"),
            MisfitKind::NotActive { id, condition } => format!(
                "{id} is in {template}, but its condition {condition} doesn't hold with the stack's parameters"
            ),
            MisfitKind::UnknownParameter { name } => format!("{template} has no parameter {name}"),
            MisfitKind::UnknownMetadata { key } => {
                format!("the Metadata of {template} has no {key} that tells a version")
            }
        }
    }
}

fn place(at: &Option<Location>, profile: &str) -> String {
    match at {
        Some(location) => format!("{location}: "),
        None => format!("profile {profile}: "),
    }
}

fn suggestion(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; it has {}", nearest.join(", ")) }
}
