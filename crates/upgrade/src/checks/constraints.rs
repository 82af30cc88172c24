//! What a release takes for a parameter, as far as a person or a form must know it.

use serde::{Deserialize, Serialize};
use template::{Parameter, ParameterType, PatternEffort, Position};

/// The constraints of a parameter, as the new release's template has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParameterConstraints {
    /// `Type`, as templates write it.
    pub type_name: String,
    /// `Description`.
    pub description: Option<String>,
    /// `AllowedValues`; empty if there is no such constraint.
    pub allowed_values: Vec<String>,
    /// `AllowedPattern`: a regular expression of Java's for the whole value.
    pub allowed_pattern: Option<String>,
    /// `MinLength`, in characters.
    pub min_length: Option<u64>,
    /// `MaxLength`, in characters.
    pub max_length: Option<u64>,
    /// `MinValue`, as a number is written.
    pub min_value: Option<String>,
    /// `MaxValue`, as a number is written.
    pub max_value: Option<String>,
    /// `ConstraintDescription`: what is said when one isn't met.
    pub constraint_description: Option<String>,
}

impl ParameterConstraints {
    #[must_use]
    pub fn from_parameter(parameter: &Parameter) -> ParameterConstraints {
        ParameterConstraints {
            type_name: parameter.type_name.to_string(),
            description: parameter.description.clone(),
            allowed_values: parameter.allowed_values.clone(),
            allowed_pattern: parameter.allowed_pattern.clone(),
            min_length: parameter.min_length,
            max_length: parameter.max_length,
            min_value: parameter.min_value.map(|number| number.to_string()),
            max_value: parameter.max_value.map(|number| number.to_string()),
            constraint_description: parameter.constraint_description.clone(),
        }
    }

    /// Why CloudFormation would refuse `value` for the parameter `name`; never says the value. `effort`: what is left of it for
    /// all that are looked at together.
    #[must_use]
    pub fn refusal(&self, name: &str, value: &str, effort: &mut PatternEffort) -> Option<String> {
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        let parameter = Parameter {
            name: name.to_owned(),
            at: Position::default(),
            // A type that nobody knows is a text, as far as a value goes.
            type_name: ParameterType::parse(&self.type_name).unwrap_or(ParameterType::String),
            default: None,
            no_echo: false,
            allowed_values: self.allowed_values.clone(),
            allowed_pattern: self.allowed_pattern.clone(),
            min_length: self.min_length,
            max_length: self.max_length,
            min_value: number(&self.min_value),
            max_value: number(&self.max_value),
            constraint_description: self.constraint_description.clone(),
            description: None,
        };
        parameter.refusal(value, effort)
    }
}

#[cfg(test)]
mod tests {
    use template::{PatternEffort, Template};

    use super::ParameterConstraints;

    #[test]
    fn constraints_refuse_what_the_template_refuses() {
        let text = "Parameters:\n  \
                    Size: {Type: Number, MinValue: 20, MaxValue: 65536.5}\n  \
                    Class: {Type: String, AllowedValues: [small, large]}\n  \
                    Range: {Type: String, AllowedPattern: '\\d+/\\d+', ConstraintDescription: a range}\n  \
                    Name: {Type: String, MinLength: 2, MaxLength: 4}\n\
                    Resources: {A: {Type: 'AWS::SNS::Topic'}}\n";
        let template = Template::parse("t.yaml", text.as_bytes()).expect("sound");
        for (name, value, refused) in [
            ("Size", "20", false),
            ("Size", "19", true),
            ("Size", "65536.5", false),
            ("Size", "65537", true),
            ("Size", "many", true),
            ("Class", "large", false),
            ("Class", "huge", true),
            ("Range", "1/2", false),
            ("Range", "1/2 ", true),
            ("Name", "ab", false),
            ("Name", "a", true),
            ("Name", "abcde", true),
        ] {
            let constraints = ParameterConstraints::from_parameter(&template.parameters[name]);
            let reason = constraints.refusal(name, value, &mut PatternEffort::default());
            assert_eq!(reason.is_some(), refused, "{name} {value}: {reason:?}");
        }
    }
}
