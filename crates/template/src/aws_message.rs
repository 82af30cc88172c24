//! What AWS itself answers to a template or parameters that it refuses (the text of its `ValidationError`).
//!
//! Our own messages say more: where, and what to do. Whoever speaks AWS's wire needs these. Where AWS's words are
//! recorded they are the same to the letter (a test compares them); elsewhere they follow the same pattern.

use crate::check::{OF_GET_ATT, OF_SUB};
use crate::evaluate_error::EvaluateError;
use crate::location::Location;
use crate::read_error::{TemplateError, serverless};
use crate::resolve::ParameterError;

impl TemplateError {
    /// The text of AWS's `ValidationError` for this.
    pub fn aws_message(&self) -> String {
        match self {
            TemplateError::NotWellFormed { location, format, .. } => not_well_formed(format, location),
            TemplateError::DuplicateKey { location, .. } | TemplateError::TooDeep { location, .. } => {
                not_well_formed("template", location)
            }
            TemplateError::AliasNotAllowed { .. } => {
                "Template error: YAML aliases are not allowed in CloudFormation templates".to_owned()
            }
            TemplateError::NullValue { path, .. } => {
                format!("[{path}] 'null' values are not allowed in templates")
            }
            TemplateError::Structure { reason, .. } => structure(reason),
            TemplateError::WrongArguments { function, expected, .. } => wrong_arguments(function, expected),
            TemplateError::UnresolvedReference { what: "condition dependency", name, within, .. } => {
                format!("Template error: unresolved condition dependency {name}{within}")
            }
            TemplateError::UnresolvedReference { what: OF_GET_ATT, name, .. } => {
                format!("Template error: instance of Fn::GetAtt references undefined resource {name}")
            }
            TemplateError::UnresolvedReference { what: OF_SUB, name, .. } => {
                format!("Template error: instance of Fn::Sub references invalid resource attribute {name}")
            }
            TemplateError::UnresolvedReference { name, within, .. } => {
                format!("Template format error: Unresolved resource dependencies [{name}]{within}")
            }
            TemplateError::UnknownFunction { function, .. } => {
                format!("Template error: {function} is not a supported function")
            }
            TemplateError::Evaluation(error) => error.aws_message(),
            TemplateError::Serverless { of, reason, unknown, .. } => format!(
                "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 1. Resource with id [{of}] is invalid. {}",
                serverless(reason, *unknown)
            ),
            TemplateError::TooLarge { .. }
            | TemplateError::NotUtf8 { .. }
            | TemplateError::Empty { .. }
            | TemplateError::AliasExpansionTooLarge { .. }
            | TemplateError::UnknownTag { .. }
            | TemplateError::ConditionCycle { .. }
            | TemplateError::Expansion { .. } => {
                format!("Template format error: {}", without_place(&self.to_string(), self.location()))
            }
        }
    }
}

impl EvaluateError {
    /// The text of AWS's `ValidationError` for this.
    pub fn aws_message(&self) -> String {
        match self {
            EvaluateError::WrongArguments { function, expected, .. } => wrong_arguments(function, expected),
            EvaluateError::NotInMapping { mapping, top_level_key, second_level_key, .. } => {
                format!(
                    "Template error: Unable to get mapping for {mapping}::{top_level_key}::{second_level_key}"
                )
            }
            EvaluateError::InactiveResource { logical_id, block, .. } => {
                // Recorded: only the Resources block has the prefix.
                let prefix = if *block == "Resources" { "Template format error: " } else { "" };
                format!(
                    "{prefix}Unresolved resource dependencies [{logical_id}] in the {block} block of the template"
                )
            }
            EvaluateError::Include { error, .. } | EvaluateError::Template(error) => error.aws_message(),
            EvaluateError::Unresolved { .. }
            | EvaluateError::ParameterNotResolved { .. }
            | EvaluateError::UndecidedCondition { .. }
            | EvaluateError::IncludesTooDeep { .. }
            | EvaluateError::NotExpanded { .. }
            | EvaluateError::TooMuch { .. } => {
                format!("Template error: {}", without_place(&self.to_string(), self.location()))
            }
        }
    }
}

impl ParameterError {
    /// The text of AWS's `ValidationError` for this.
    pub fn aws_message(&self) -> String {
        without_hint(&self.reason).to_owned()
    }
}

fn not_well_formed(format: &str, location: &Location) -> String {
    let at = location.at;
    format!("Template format error: {format} not well-formed. (line {}, column {})", at.line, at.column)
}

fn structure(reason: &str) -> String {
    let reason = without_hint(reason);
    let reason = reason.split_once(", but here is").map_or(reason, |(statement, _)| statement);
    // Recorded, of a template that is text or a list.
    if reason.starts_with("a template is a map of sections") {
        return "Template format error: unsupported structure.".to_owned();
    }
    let bare = ["Invalid template", "Key Name of transform", "Template format error:"];
    if bare.iter().any(|beginning| reason.starts_with(beginning)) {
        return reason.to_owned();
    }
    // Recorded: some of these end with a period and some don't.
    let with_period = ["is non alphanumeric", "must be a String or a List", "must be an object"];
    let period = if with_period.iter().any(|ending| reason.ends_with(ending)) { "." } else { "" };
    format!("Template format error: {reason}{period}")
}

fn wrong_arguments(function: &str, expected: &str) -> String {
    let takes = without_hint(expected);
    let every = if takes.starts_with("object") { "every " } else { "" };
    let period = if ["Fn::Join", "Fn::Split", "Fn::Equals"].contains(&function) { "." } else { "" };
    format!("Template error: {every}{function} {takes}{period}")
}

/// Our messages say what to do after a semicolon.
fn without_hint(message: &str) -> &str {
    message.split_once("; ").map_or(message, |(statement, _)| statement)
}

fn without_place(message: &str, location: &Location) -> String {
    let place = format!("{location}: ");
    without_hint(message.strip_prefix(&place).unwrap_or(message)).to_owned()
}
