//! A template's parameters: their types and constraints, as written. Values live in `resolve`.

use std::fmt;

use crate::node::Position;

/// A member of `Parameters`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its key.
    pub name: String,
    /// Where the key stands.
    pub at: Position,
    /// `Type`.
    pub type_name: ParameterType,
    /// `Default`, as text.
    pub default: Option<String>,
    /// `NoEcho`: the value is a secret.
    pub no_echo: bool,
    /// `AllowedValues`; empty if there is no such constraint.
    pub allowed_values: Vec<String>,
    /// `AllowedPattern`: a regular expression for the whole value.
    pub allowed_pattern: Option<String>,
    /// `MinLength`, in characters.
    pub min_length: Option<u64>,
    /// `MaxLength`, in characters.
    pub max_length: Option<u64>,
    /// `MinValue`.
    pub min_value: Option<f64>,
    /// `MaxValue`.
    pub max_value: Option<f64>,
    /// `ConstraintDescription`: shown when a constraint is violated.
    pub constraint_description: Option<String>,
    /// `Description`.
    pub description: Option<String>,
}

/// The type of a parameter (user guide, "CloudFormation template Parameters syntax").
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ParameterType {
    /// `String`.
    String,
    /// `Number`.
    Number,
    /// `CommaDelimitedList`.
    CommaDelimitedList,
    /// `List<Number>`.
    ListOfNumber,
    /// `List<String>`.
    ListOfString,
    /// An existing thing in the account: `AWS::EC2::VPC::Id`.
    AwsSpecific(String),
    /// Several of them: `List<AWS::EC2::Subnet::Id>`.
    ListOfAwsSpecific(String),
    /// `AWS::SSM::Parameter::Name`: the name itself is the value.
    SsmParameterName,
    /// `AWS::SSM::Parameter::Value<…>`: the value is what the parameter store holds under the name.
    SsmParameterValue(Box<ParameterType>),
}

/// The AWS-specific parameter types of the user guide.
const AWS_SPECIFIC: [&str; 10] = [
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::VPC::Id",
    "AWS::EC2::Volume::Id",
    "AWS::Route53::HostedZone::Id",
];

impl ParameterType {
    /// The type of this name, or nothing if CloudFormation has none.
    pub fn parse(text: &str) -> Option<ParameterType> {
        if let Some(inner) = bracketed(text, "AWS::SSM::Parameter::Value<") {
            return match ParameterType::parse(inner)? {
                ParameterType::SsmParameterName | ParameterType::SsmParameterValue(_) => None,
                inner => Some(ParameterType::SsmParameterValue(Box::new(inner))),
            };
        }
        if let Some(inner) = bracketed(text, "List<") {
            return Some(match inner {
                "Number" => ParameterType::ListOfNumber,
                "String" => ParameterType::ListOfString,
                _ if AWS_SPECIFIC.contains(&inner) => ParameterType::ListOfAwsSpecific(inner.to_owned()),
                _ => return None,
            });
        }
        Some(match text {
            "String" => ParameterType::String,
            "Number" => ParameterType::Number,
            "CommaDelimitedList" => ParameterType::CommaDelimitedList,
            "AWS::SSM::Parameter::Name" => ParameterType::SsmParameterName,
            _ if AWS_SPECIFIC.contains(&text) => ParameterType::AwsSpecific(text.to_owned()),
            _ => return None,
        })
    }

    /// Whether `Ref` gives a list.
    pub fn is_list(&self) -> bool {
        match self {
            ParameterType::CommaDelimitedList
            | ParameterType::ListOfNumber
            | ParameterType::ListOfString
            | ParameterType::ListOfAwsSpecific(_) => true,
            ParameterType::SsmParameterValue(inner) => inner.is_list(),
            ParameterType::String
            | ParameterType::Number
            | ParameterType::AwsSpecific(_)
            | ParameterType::SsmParameterName => false,
        }
    }

    /// Whether the value is looked up in the parameter store.
    pub fn is_ssm_value(&self) -> bool {
        matches!(self, ParameterType::SsmParameterValue(_))
    }

    /// Whether each value must be a number.
    pub fn is_numeric(&self) -> bool {
        matches!(self, ParameterType::Number | ParameterType::ListOfNumber)
    }

    /// The type of one value: without the list and the parameter store around it.
    pub fn element_name(&self) -> &str {
        match self {
            ParameterType::String | ParameterType::CommaDelimitedList | ParameterType::ListOfString => {
                "String"
            }
            ParameterType::Number | ParameterType::ListOfNumber => "Number",
            ParameterType::AwsSpecific(name) | ParameterType::ListOfAwsSpecific(name) => name,
            ParameterType::SsmParameterName => "AWS::SSM::Parameter::Name",
            ParameterType::SsmParameterValue(inner) => inner.element_name(),
        }
    }
}

fn bracketed<'text>(text: &'text str, opening: &str) -> Option<&'text str> {
    text.strip_prefix(opening)?.strip_suffix('>')
}

impl fmt::Display for ParameterType {
    /// The name as templates write it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParameterType::String => formatter.write_str("String"),
            ParameterType::Number => formatter.write_str("Number"),
            ParameterType::CommaDelimitedList => formatter.write_str("CommaDelimitedList"),
            ParameterType::ListOfNumber => formatter.write_str("List<Number>"),
            ParameterType::ListOfString => formatter.write_str("List<String>"),
            ParameterType::AwsSpecific(name) => formatter.write_str(name),
            ParameterType::ListOfAwsSpecific(name) => write!(formatter, "List<{name}>"),
            ParameterType::SsmParameterName => formatter.write_str("AWS::SSM::Parameter::Name"),
            ParameterType::SsmParameterValue(inner) => {
                write!(formatter, "AWS::SSM::Parameter::Value<{inner}>")
            }
        }
    }
}
