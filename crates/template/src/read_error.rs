//! What can be wrong with a template's text or structure, before any value is known.
//!
//! Messages about the CloudFormation language use AWS's own words where a recording shows them.

use crate::evaluate_error::EvaluateError;
use crate::location::Location;
use crate::node::Position;

/// A template that can't be read, or whose structure CloudFormation would refuse.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// The template is larger than CloudFormation takes at all (from S3).
    #[error(
        "{location}: the template has {size_bytes} bytes, more than the {limit_bytes} that CloudFormation takes from S3; split it into nested stacks"
    )]
    TooLarge {
        /// The start of the file.
        location: Location,
        /// The size found.
        size_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The bytes are not UTF-8.
    #[error("{location}: this byte is not UTF-8; save the template as UTF-8")]
    NotUtf8 {
        /// The first byte that isn't.
        location: Location,
    },
    /// There is nothing in the file.
    #[error("{location}: the template is empty; it needs at least a Resources section")]
    Empty {
        /// The start of the file.
        location: Location,
    },
    /// Not well-formed JSON or YAML.
    #[error("{location}: {format} not well-formed: {reason}")]
    NotWellFormed {
        /// Where reading stopped.
        location: Location,
        /// `JSON` or `YAML`.
        format: &'static str,
        /// What stood there, and what was expected.
        reason: String,
    },
    /// The same key twice in one map.
    #[error("{location}: the key {key:?} appears twice in this map (first at line {first_line}); remove one")]
    DuplicateKey {
        /// The second one.
        location: Location,
        /// The key.
        key: String,
        /// The line of the first one.
        first_line: u32,
    },
    /// Lists and maps nested deeper than this reader goes.
    #[error("{location}: nested deeper than {limit} levels; flatten the template here")]
    TooDeep {
        /// The place where the limit was passed.
        location: Location,
        /// The limit.
        limit: usize,
    },
    /// A YAML alias or merge key.
    #[error(
        "{location}: YAML aliases are not allowed in CloudFormation templates; write the value out, or let `aws cloudformation package --use-json` do it"
    )]
    AliasNotAllowed {
        /// The alias or merge key.
        location: Location,
    },
    /// Aliases that, written out, would be too large.
    #[error(
        "{location}: the aliases of this template expand to more than {limit} values; write fewer of them"
    )]
    AliasExpansionTooLarge {
        /// The alias that passed the limit.
        location: Location,
        /// The limit.
        limit: usize,
    },
    /// A short form (`!Foo`) that CloudFormation does not have.
    #[error("{location}: unknown tag {tag}; {hint}")]
    UnknownTag {
        /// The tag.
        location: Location,
        /// As written.
        tag: String,
        /// What to do.
        hint: String,
    },
    /// A function that CloudFormation does not have, or not here.
    #[error("{location}: unknown function {function}; {hint}")]
    UnknownFunction {
        /// The function's key.
        location: Location,
        /// Its name.
        function: String,
        /// What to do.
        hint: String,
    },
    /// A function with the wrong number or kind of arguments.
    #[error("{location}: {function} {expected}")]
    WrongArguments {
        /// The arguments.
        location: Location,
        /// The function's name.
        function: String,
        /// What it takes.
        expected: String,
    },
    /// A reference to a resource, parameter, condition or mapping that the template does not have.
    #[error("{location}: unresolved {what} {name:?}{within}; {hint}")]
    UnresolvedReference {
        /// The reference.
        location: Location,
        /// `resource or parameter`, `condition`, …
        what: &'static str,
        /// The name that nothing has.
        name: String,
        /// In which part of the template, with a leading space; may be empty.
        within: String,
        /// What to do.
        hint: String,
    },
    /// A section or a member of one that has not the form CloudFormation asks for.
    #[error("{location}: {reason}")]
    Structure {
        /// The offending node.
        location: Location,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A null, which CloudFormation refuses everywhere.
    #[error(
        "{location}: [{path}] 'null' values are not allowed in templates; remove the key or give it a value"
    )]
    NullValue {
        /// The null.
        location: Location,
        /// The keys that lead to it.
        path: String,
    },
    /// Conditions that need each other.
    #[error("{location}: circular dependency between conditions: {cycle}; break the circle")]
    ConditionCycle {
        /// One of the conditions.
        location: Location,
        /// `A -> B -> A`.
        cycle: String,
    },
    /// `Fn::ForEach` that can't be expanded.
    #[error("{location}: {reason}")]
    Expansion {
        /// The loop or the part of it.
        location: Location,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A serverless resource that can't be written out.
    #[error("{location}: {of}: {}", serverless(reason, *unknown))]
    Serverless {
        /// The resource, or what in it.
        location: Location,
        /// The resource's logical id, or a section's name.
        of: String,
        /// What is wrong and what to do; what it is that isn't known here.
        reason: String,
        /// Whether it isn't known here: AWS may well write it out.
        unknown: bool,
    },
    /// A loop's collection or an include's address that can't be evaluated.
    #[error(transparent)]
    Evaluation(Box<EvaluateError>),
}

impl TemplateError {
    /// Where in the template.
    pub fn location(&self) -> &Location {
        match self {
            TemplateError::TooLarge { location, .. }
            | TemplateError::NotUtf8 { location }
            | TemplateError::Empty { location }
            | TemplateError::NotWellFormed { location, .. }
            | TemplateError::DuplicateKey { location, .. }
            | TemplateError::TooDeep { location, .. }
            | TemplateError::AliasNotAllowed { location }
            | TemplateError::AliasExpansionTooLarge { location, .. }
            | TemplateError::UnknownTag { location, .. }
            | TemplateError::UnknownFunction { location, .. }
            | TemplateError::WrongArguments { location, .. }
            | TemplateError::UnresolvedReference { location, .. }
            | TemplateError::Structure { location, .. }
            | TemplateError::NullValue { location, .. }
            | TemplateError::ConditionCycle { location, .. }
            | TemplateError::Serverless { location, .. }
            | TemplateError::Expansion { location, .. } => location,
            TemplateError::Evaluation(error) => error.location(),
        }
    }

    /// Where in the template; always known.
    pub fn position(&self) -> Option<Position> {
        Some(self.location().at)
    }
}

/// What is wrong with a serverless resource, or that it isn't known here, with what to do then.
pub(crate) fn serverless(reason: &str, unknown: bool) -> String {
    if !unknown {
        return reason.to_owned();
    }
    format!(
        "{reason} isn't known here, so AWS::Serverless-2016-10-31 can't be written out; take the template that AWS makes of it (get-template --template-stage Processed)"
    )
}
