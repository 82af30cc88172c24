//! Where a message points: a file's name with a line and a column.
//!
//! Every error of this crate carries one, so that a person can go to the place. Nothing here opens files:
//! the name is whatever the caller gave to the parser.

use std::fmt;
use std::sync::Arc;

use crate::node::Position;

/// A place in a named template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The name given to the parser, usually a path or a URL.
    pub file: Arc<str>,
    /// The place in it.
    pub at: Position,
}

impl Location {
    /// A place in the file of this name.
    pub fn new(file: &str, at: Position) -> Location {
        Location { file: Arc::from(file), at }
    }
}

impl fmt::Display for Location {
    /// `file:line:column`, as compilers write it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.at.line, self.at.column)
    }
}
