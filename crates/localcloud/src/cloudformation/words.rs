//! The errors of the pure crates in CloudFormation's words: without place and advice, which are ours.

use template::{EvaluateError, ParameterError, ParameterProblem, TemplateError};

/// What AWS says to a template that can't be read or has the wrong structure.
pub fn template_words(error: &TemplateError) -> String {
    error.aws_message()
}

/// What AWS says to a template that doesn't work out with its parameters.
pub fn evaluate_words(error: &EvaluateError) -> String {
    error.aws_message()
}

/// What AWS says to parameters that don't fit the template: all that are missing at once. Never a value.
pub fn parameter_words(errors: &[ParameterError]) -> String {
    let names = |kind: ParameterProblem| {
        let names: Vec<&str> =
            errors.iter().filter(|error| error.kind == kind).map(|error| error.parameter.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = names(ParameterProblem::Missing) {
        return format!("Parameters: [{names}] must have values");
    }
    if let Some(names) = names(ParameterProblem::NotInTemplate) {
        return format!("Parameters: [{names}] do not exist in the template");
    }
    errors.first().map(ParameterError::aws_message).unwrap_or_default()
}

/// What AWS says when a change set can't be made of two templates.
pub fn predict_words(error: &changeset::PredictError) -> String {
    match error {
        changeset::PredictError::Before(error) | changeset::PredictError::After(error) => {
            evaluate_words(error)
        }
        changeset::PredictError::TypeChanged { logical_id, .. } => format!(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{logical_id}]"
        ),
        changeset::PredictError::Cycle(error) => circle(&error.cycle),
        // A policy's own message has no advice behind it.
        changeset::PredictError::Policy(error) => format!("Template error: {error}"),
    }
}

/// What AWS says to resources that need each other.
pub fn circle(cycle: &[String]) -> String {
    let names = cycle.get(..cycle.len().saturating_sub(1)).unwrap_or_default();
    format!("Circular dependency between resources: [{}]", names.join(", "))
}
