//! What keeps a template from being expanded: a mistake that AWS refuses too, or something that isn't known here.

use crate::node::{Node, Position};

/// Why a resource can't be expanded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    /// Where; the start of the template if nothing better is known.
    pub(super) at: Position,
    /// The resource, or the section of the template.
    pub(super) of: String,
    /// What is wrong and what to do, without the resource's name.
    pub(super) reason: String,
    /// Whether it is only that we don't know it; AWS may well expand it.
    pub(super) unknown: bool,
}

/// What comes of an attempt to expand.
pub(super) type Expanded<T> = Result<T, Problem>;

/// A mistake that AWS refuses.
pub(super) fn wrong<T>(of: &str, at: &Node, reason: impl Into<String>) -> Expanded<T> {
    Err(Problem { at: at.at, of: of.to_owned(), reason: reason.into(), unknown: false })
}

/// Something that AWS may expand and that isn't known here.
pub(super) fn unknown<T>(of: &str, at: &Node, what: impl Into<String>) -> Expanded<T> {
    let what = what.into();
    Err(Problem { at: at.at, of: of.to_owned(), reason: what, unknown: true })
}
