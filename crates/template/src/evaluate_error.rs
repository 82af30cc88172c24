//! What can go wrong once the parameters are known. Secrets are starred out before they get here.

use crate::location::Location;
use crate::node::Position;
use crate::read_error::TemplateError;

/// A template that CloudFormation would refuse with these parameters.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvaluateError {
    /// A function got arguments it can't take.
    #[error("{location}: {function} {expected}")]
    WrongArguments {
        /// The arguments.
        location: Location,
        /// The function.
        function: &'static str,
        /// What it takes, and what it got.
        expected: String,
    },
    /// `Fn::FindInMap` found nothing.
    #[error(
        "{location}: Unable to get mapping for {mapping}::{top_level_key}::{second_level_key}; add it to Mappings or choose another key"
    )]
    NotInMapping {
        /// The function.
        location: Location,
        /// The mapping.
        mapping: String,
        /// The first key.
        top_level_key: String,
        /// The second key.
        second_level_key: String,
    },
    /// A reference to a resource whose condition does not hold.
    #[error(
        "{location}: Unresolved resource dependencies [{logical_id}]: its condition {condition} does not hold; guard the reference with Fn::If {condition}"
    )]
    InactiveResource {
        /// The reference.
        location: Location,
        /// The resource.
        logical_id: String,
        /// Its condition.
        condition: String,
        /// Where the reference is: `Resources` or `Outputs`.
        block: &'static str,
    },
    /// A name that nothing in the template has.
    #[error("{location}: unresolved {what} {name:?}; declare it or correct the name")]
    Unresolved {
        /// The reference.
        location: Location,
        /// `resource or parameter`, `condition`, `mapping`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A parameter of the template that has no resolved value.
    #[error("{location}: the parameter {name:?} has no value; resolve the parameters of this very template")]
    ParameterNotResolved {
        /// The reference.
        location: Location,
        /// The parameter.
        name: String,
    },
    /// A condition that depends on something not known here.
    #[error("{location}: the condition {condition:?} depends on {cause}; give that value")]
    UndecidedCondition {
        /// The condition.
        location: Location,
        /// Its name.
        condition: String,
        /// What is not known.
        cause: String,
    },
    /// An include that is not sound.
    #[error("the included {name}: {error}")]
    Include {
        /// Its address in the template.
        name: String,
        /// What is wrong with it.
        error: Box<TemplateError>,
    },
    /// Includes that include themselves.
    #[error("{location}: includes are nested too deep here; an include can't include itself")]
    IncludesTooDeep {
        /// The include.
        location: Location,
    },
    /// Loops that have not been written out, so that nobody could say what the template holds.
    #[error("{location}: this loop is not written out yet; expand the template before evaluating it")]
    NotExpanded {
        /// The loop's key.
        location: Location,
    },
    /// Functions that make more than anything a resource can be made of.
    #[error("{location}: the functions here make more than {limit_bytes} bytes; repeat less")]
    TooMuch {
        /// The function that passed the limit.
        location: Location,
        /// The limit.
        limit_bytes: usize,
    },
    /// Conditions that need each other.
    #[error(transparent)]
    Template(Box<TemplateError>),
}

impl EvaluateError {
    /// Where in the template (or in the include).
    pub fn location(&self) -> &Location {
        match self {
            EvaluateError::WrongArguments { location, .. }
            | EvaluateError::NotInMapping { location, .. }
            | EvaluateError::InactiveResource { location, .. }
            | EvaluateError::Unresolved { location, .. }
            | EvaluateError::ParameterNotResolved { location, .. }
            | EvaluateError::UndecidedCondition { location, .. }
            | EvaluateError::NotExpanded { location }
            | EvaluateError::TooMuch { location, .. }
            | EvaluateError::IncludesTooDeep { location } => location,
            EvaluateError::Include { error, .. } | EvaluateError::Template(error) => error.location(),
        }
    }

    /// Where in the template; always known.
    pub fn position(&self) -> Option<Position> {
        Some(self.location().at)
    }
}

impl From<TemplateError> for EvaluateError {
    fn from(error: TemplateError) -> Self {
        EvaluateError::Template(Box::new(error))
    }
}
