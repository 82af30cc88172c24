//! What is wrong with a file of settings: the place, what is wrong, what to do. Values of keys that could hold a secret
//! are never repeated.

use template::Location;

/// Something wrong in a file of settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {kind}")]
pub struct Problem {
    /// Where.
    pub at: Location,
    /// What.
    pub kind: ProblemKind,
}

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// Not TOML.
    #[error("this is not TOML: {0}")]
    Syntax(String),
    /// A key that nothing reads.
    #[error("{table} has no key {key}{}", .nearest.as_ref().map(|one| format!("; did you mean {one}?")).unwrap_or_default())]
    UnknownKey {
        /// The key.
        key: String,
        /// The table it stands in.
        table: String,
        /// The nearest key that is read.
        nearest: Option<String>,
    },
    /// A key that must be there.
    #[error("{table} needs {key}: {why}")]
    Missing {
        /// The key.
        key: &'static str,
        /// The table.
        table: String,
        /// What it is for, with an example.
        why: &'static str,
    },
    /// A value of another type.
    #[error("{key} is {found}; wanted is {wanted}")]
    WrongType {
        /// The key.
        key: String,
        /// What stands there.
        found: &'static str,
        /// What should.
        wanted: &'static str,
    },
    /// A value that is none of the words.
    #[error("{key} can be {}; {written} is none of them", .words.join(", "))]
    NotOneOf {
        /// The key.
        key: String,
        /// What stands there.
        written: String,
        /// The words.
        words: Vec<&'static str>,
    },
    /// A value that isn't what it should be.
    #[error("{key} = \"{written}\": {why}")]
    Unfit {
        /// The key.
        key: String,
        /// What stands there.
        written: String,
        /// What it should be.
        why: String,
    },
    /// A check whose warnings no settings settle.
    #[error("accepted.{check}: {why}")]
    NotSettled {
        /// What stands there.
        check: String,
        /// Why not.
        why: String,
    },
    /// A secret, or what can be one.
    #[error(
        "{key}: a secret doesn't belong in this file, which is copied, committed and sent around. {instead}"
    )]
    Secret {
        /// The key.
        key: String,
        /// What to write instead.
        instead: &'static str,
    },
    /// Two keys of which only one may be there, or one that needs another.
    #[error("{0}")]
    Conflict(String),
}

/// Everything that is wrong with a file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);
