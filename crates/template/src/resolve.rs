//! Parameter values: where each comes from, what CloudFormation makes of it, and whether it may be so.
//!
//! No message and no `Debug` here shows a value: it may be a secret (`NoEcho`).

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;

use crate::java_pattern::JavaPattern;
use crate::location::Location;
use crate::node::Position;
use crate::parameter::{Parameter, ParameterType};
use crate::pattern_effort::PatternEffort;
use crate::template::Template;
use crate::value::Value;

/// The longest value of a parameter, in bytes (user guide, "CloudFormation quotas").
pub const MAXIMUM_PARAMETER_VALUE_BYTES: usize = 4_096;

/// What the operator gives for a parameter.
#[derive(Clone, PartialEq, Eq)]
pub enum GivenParameter {
    /// A value, as text.
    Value(String),
    /// The value that the deployed stack has.
    UsePreviousValue,
}

impl fmt::Debug for GivenParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            GivenParameter::Value(_) => "Value(…)",
            GivenParameter::UsePreviousValue => "UsePreviousValue",
        })
    }
}

/// All that decides the parameters' values.
#[derive(Debug, Clone, Copy)]
pub struct ParameterInputs<'a> {
    /// What is given, by name. A parameter that is not here gets the template's default, as through AWS's API;
    /// see [`carry_over`] for keeping the deployed values.
    pub given: &'a IndexMap<String, GivenParameter>,
    /// The parameters of the deployed stack, for `UsePreviousValue`.
    pub previous: Option<&'a ResolvedParameters>,
    /// The parameter store's values now, by name; the values of a list are separated by commas.
    pub ssm: &'a BTreeMap<String, String>,
}

impl Default for ParameterInputs<'_> {
    /// Nothing given, nothing deployed, nothing in the parameter store.
    fn default() -> Self {
        static NOTHING_GIVEN: std::sync::LazyLock<IndexMap<String, GivenParameter>> =
            std::sync::LazyLock::new(IndexMap::new);
        static NOTHING_STORED: BTreeMap<String, String> = BTreeMap::new();
        ParameterInputs { given: &NOTHING_GIVEN, previous: None, ssm: &NOTHING_STORED }
    }
}

/// The parameters of a template with their values, in the template's order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResolvedParameters(pub IndexMap<String, ResolvedParameter>);

/// A parameter's value and where it came from.
#[derive(Clone, PartialEq)]
pub struct ResolvedParameter {
    /// As given; for a parameter store type the name in the store.
    pub text: String,
    /// What `Ref` gives: text or a list; for a parameter store type what the store holds, or unknown.
    pub value: Value,
    /// Where it came from.
    pub source: ParameterSource,
    /// Whether it is a secret.
    pub no_echo: bool,
    /// The template's type for it.
    pub type_name: ParameterType,
}

impl fmt::Debug for ResolvedParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("ResolvedParameter");
        if self.no_echo {
            debug.field("text", &"****");
        } else {
            debug.field("text", &self.text).field("value", &self.value);
        }
        debug
            .field("source", &self.source)
            .field("no_echo", &self.no_echo)
            .field("type_name", &self.type_name)
            .finish()
    }
}

/// Where a parameter's value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterSource {
    /// The operator gave it.
    Given,
    /// The deployed stack has it.
    Previous,
    /// The template's default.
    Default,
}

/// A parameter that has no value or one that CloudFormation would refuse. Never says the value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}{reason}", .location.as_ref().map(|at| format!("{at}: ")).unwrap_or_default())]
pub struct ParameterError {
    /// The parameter.
    pub parameter: String,
    /// Where the template declares it; nothing if it doesn't.
    pub location: Option<Location>,
    /// What is wrong and what to do, in AWS's words where they are recorded.
    pub reason: String,
    /// Which kind of trouble.
    pub kind: ParameterProblem,
}

impl ParameterError {
    /// Where the template declares the parameter.
    pub fn position(&self) -> Option<Position> {
        self.location.as_ref().map(|location| location.at)
    }
}

/// Kinds of parameter trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterProblem {
    /// Given, but the template has no such parameter.
    NotInTemplate,
    /// `UsePreviousValue` where there is none.
    NoPreviousValue,
    /// Neither given nor with a default.
    Missing,
    /// Longer than 4,096 bytes.
    TooLong,
    /// Not a number.
    NotANumber,
    /// A constraint of the template is violated.
    Constraint,
}

/// What to give so that the deployed values stay: what the operator gives, else the previous value, else nothing
/// (and so the new default).
pub fn carry_over(
    template: &Template,
    given: &IndexMap<String, GivenParameter>,
    previous: Option<&ResolvedParameters>,
) -> IndexMap<String, GivenParameter> {
    let mut carried = given.clone();
    for name in template.parameters.keys() {
        if !carried.contains_key(name) && previous.is_some_and(|deployed| deployed.0.contains_key(name)) {
            carried.insert(name.clone(), GivenParameter::UsePreviousValue);
        }
    }
    carried
}

/// Gives every parameter of the template its value.
///
/// # Errors
/// All that is wrong, in the template's order.
pub fn resolve_parameters(
    template: &Template,
    inputs: &ParameterInputs<'_>,
) -> Result<ResolvedParameters, Vec<ParameterError>> {
    let mut errors = Vec::new();
    let mut effort = PatternEffort::default();
    let mut resolved = IndexMap::with_capacity(template.parameters.len());
    for parameter in template.parameters.values() {
        match resolve(template, parameter, inputs, &mut effort) {
            Ok(value) => {
                resolved.insert(parameter.name.clone(), value);
            }
            Err(error) => errors.push(error),
        }
    }
    for name in inputs.given.keys() {
        if !template.parameters.contains_key(name) {
            errors.push(ParameterError {
                parameter: name.clone(),
                location: None,
                reason: format!("Parameters: [{name}] do not exist in the template; leave it out"),
                kind: ParameterProblem::NotInTemplate,
            });
        }
    }
    if errors.is_empty() { Ok(ResolvedParameters(resolved)) } else { Err(errors) }
}

fn resolve(
    template: &Template,
    parameter: &Parameter,
    inputs: &ParameterInputs<'_>,
    effort: &mut PatternEffort,
) -> Result<ResolvedParameter, ParameterError> {
    let name = &parameter.name;
    let error = |kind, reason| ParameterError {
        parameter: name.clone(),
        location: Some(Location::new(&template.name, parameter.at)),
        reason,
        kind,
    };
    let (text, source) = match inputs.given.get(name) {
        Some(GivenParameter::Value(text)) => (text, ParameterSource::Given),
        Some(GivenParameter::UsePreviousValue) => {
            match inputs.previous.and_then(|deployed| deployed.0.get(name)) {
                Some(deployed) => (&deployed.text, ParameterSource::Previous),
                None => {
                    return Err(error(
                        ParameterProblem::NoPreviousValue,
                        format!(
                            "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not in the previous template; give a value"
                        ),
                    ));
                }
            }
        }
        None => match &parameter.default {
            Some(text) => (text, ParameterSource::Default),
            None => {
                return Err(error(
                    ParameterProblem::Missing,
                    format!("Parameters: [{name}] must have values; give one"),
                ));
            }
        },
    };
    // Where the name in the parameter store is empty, whoever makes the change set is told so (buildkite's pull request 691).
    if parameter.type_name.is_ssm_value() && text.is_empty() {
        return Err(error(
            ParameterProblem::Missing,
            format!(
                "Parameter {name} should either have input value or default value; give the name of a parameter in the parameter store"
            ),
        ));
    }
    check(parameter, text, effort).map_err(|(kind, reason)| error(kind, reason))?;
    Ok(ResolvedParameter {
        value: value(parameter, &parameter.type_name, text, inputs.ssm),
        text: text.clone(),
        source,
        no_echo: parameter.no_echo,
        type_name: parameter.type_name.clone(),
    })
}

/// What `Ref` gives.
fn value(
    parameter: &Parameter,
    type_name: &ParameterType,
    text: &str,
    parameter_store: &BTreeMap<String, String>,
) -> Value {
    match type_name {
        ParameterType::SsmParameterValue(inner) => match parameter_store.get(text) {
            Some(stored) => value(parameter, inner, stored, parameter_store),
            None if parameter.no_echo => Value::outside(format!(
                "the value of the parameter {} in the parameter store",
                parameter.name
            )),
            None => Value::outside(format!("the value of {text} in the parameter store")),
        },
        list if list.is_list() => {
            Value::List(elements(text).map(|element| Value::String(element.to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    }
}

/// The values of a list: space around each is dropped (user guide). AWS does not say what an empty text is;
/// assumed to be a list of one empty text, as splitting gives it.
fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

impl Parameter {
    /// Why CloudFormation would refuse `text` as this parameter's value, without saying the value; `None`: as far as
    /// can be told here it takes it. Source: user guide, "CloudFormation template Parameters syntax". `effort`: what is left of
    /// it, for all the parameters that are looked at together.
    #[must_use]
    pub fn refusal(&self, text: &str, effort: &mut PatternEffort) -> Option<String> {
        check(self, text, effort).err().map(|(_, reason)| reason)
    }
}

/// Checks a value against the parameter's type and constraints; says what is wrong without saying the value.
fn check(
    parameter: &Parameter,
    text: &str,
    effort: &mut PatternEffort,
) -> Result<(), (ParameterProblem, String)> {
    let name = &parameter.name;
    if text.len() > MAXIMUM_PARAMETER_VALUE_BYTES {
        return Err((
            ParameterProblem::TooLong,
            format!(
                "Parameter '{name}' has {} bytes, more than the {MAXIMUM_PARAMETER_VALUE_BYTES} that CloudFormation takes; shorten it",
                text.len()
            ),
        ));
    }
    let constraint = |rule: String| {
        let reason = match &parameter.constraint_description {
            Some(description) => {
                format!("Parameter '{name}' failed to satisfy constraint: {description}")
            }
            None => format!("Parameter '{name}' {rule}"),
        };
        (ParameterProblem::Constraint, reason)
    };
    let values: Vec<&str> = if parameter.type_name.is_list() && !parameter.type_name.is_ssm_value() {
        elements(text).collect()
    } else {
        vec![text]
    };
    let pattern = parameter.allowed_pattern.as_deref().and_then(WholePattern::compile);
    for value in values {
        if !parameter.allowed_values.is_empty()
            && !parameter.allowed_values.iter().any(|allowed| allowed == value)
        {
            return Err(constraint("must be one of AllowedValues".to_owned()));
        }
        if parameter.type_name.is_numeric() {
            let Some(number) = parse_number(value) else {
                // AWS's words.
                return Err((ParameterProblem::NotANumber, format!("Parameter '{name}' must be a number.")));
            };
            if let Some(least) = parameter.min_value.filter(|least| number < *least) {
                return Err(constraint(format!("must be a number not less than {least}")));
            }
            if let Some(most) = parameter.max_value.filter(|most| number > *most) {
                return Err(constraint(format!("must be a number not greater than {most}")));
            }
        }
        let characters = value.chars().count() as u64;
        if let Some(least) = parameter.min_length.filter(|least| characters < *least) {
            return Err(constraint(format!("must contain at least {least} characters")));
        }
        if let Some(most) = parameter.max_length.filter(|most| characters > *most) {
            return Err(constraint(format!("must contain at most {most} characters")));
        }
        if let Some(pattern) = &pattern
            && pattern.refuses(value, effort)
        {
            return Err(constraint(format!(
                "must match pattern {}",
                parameter.allowed_pattern.as_deref().unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// A number as parameters have them: no infinities, no words.
fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A pattern, which must match the whole value. CloudFormation's patterns are Java's; `regex-lite` knows most of them
/// in linear time, `java_pattern` some more.
enum WholePattern {
    /// With what a character of the value may take.
    Linear(regex_lite::Regex, u64),
    Java(JavaPattern),
}

/// How large a compiled pattern may be, and what each character of a value then takes: every one may be compared with all of it.
const SIZES: [(usize, u64); 3] = [(8 * 1024, 4), (64 * 1024, 32), (1024 * 1024, 512)];

impl WholePattern {
    /// Nothing if neither engine knows what the pattern asks for: it is left to CloudFormation, see
    /// [`unchecked_patterns`].
    fn compile(pattern: &str) -> Option<WholePattern> {
        let whole = format!("\\A(?:{pattern})\\z");
        let linear = SIZES.into_iter().find_map(|(size, units)| {
            let regex = regex_lite::RegexBuilder::new(&whole).size_limit(size).build().ok()?;
            Some(WholePattern::Linear(regex, units))
        });
        linear.or_else(|| JavaPattern::compile(pattern).map(WholePattern::Java))
    }

    /// Whether a value is certainly wrong. A pattern that takes too long is left to CloudFormation as well.
    fn refuses(&self, value: &str, effort: &mut PatternEffort) -> bool {
        match self {
            WholePattern::Linear(regex, units) => {
                effort.spend(units * (value.len() as u64 + 1)) && !regex.is_match(value)
            }
            WholePattern::Java(pattern) => pattern.matches_whole(value, effort) == Some(false),
        }
    }
}

/// The parameters whose `AllowedPattern` this crate can't check, so that nobody takes silence for consent.
pub fn unchecked_patterns(template: &Template) -> impl Iterator<Item = &Parameter> {
    template.parameters.values().filter(|parameter| {
        parameter.allowed_pattern.as_deref().is_some_and(|pattern| WholePattern::compile(pattern).is_none())
    })
}
