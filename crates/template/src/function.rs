//! The functions of the language by name, and how to tell one from plain data.

use crate::node::{Entry, Node, Position};

/// An intrinsic, condition or rule function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Ref,
    GetAtt,
    Sub,
    Join,
    Select,
    Split,
    FindInMap,
    If,
    Equals,
    And,
    Or,
    Not,
    /// `Condition`, a function only where a truth is asked for: IAM policies have a key of this name.
    Condition,
    Base64,
    Cidr,
    GetAvailabilityZones,
    ImportValue,
    Transform,
    Length,
    ToJsonString,
    Contains,
    EachMemberEquals,
    EachMemberIn,
    RefAll,
    ValueOf,
    ValueOfAll,
}

/// Every function with its key in a template.
const KEYS: [(&str, Function); 26] = [
    ("Ref", Function::Ref),
    ("Condition", Function::Condition),
    ("Fn::GetAtt", Function::GetAtt),
    ("Fn::Sub", Function::Sub),
    ("Fn::Join", Function::Join),
    ("Fn::Select", Function::Select),
    ("Fn::Split", Function::Split),
    ("Fn::FindInMap", Function::FindInMap),
    ("Fn::If", Function::If),
    ("Fn::Equals", Function::Equals),
    ("Fn::And", Function::And),
    ("Fn::Or", Function::Or),
    ("Fn::Not", Function::Not),
    ("Fn::Base64", Function::Base64),
    ("Fn::Cidr", Function::Cidr),
    ("Fn::GetAZs", Function::GetAvailabilityZones),
    ("Fn::ImportValue", Function::ImportValue),
    ("Fn::Transform", Function::Transform),
    ("Fn::Length", Function::Length),
    ("Fn::ToJsonString", Function::ToJsonString),
    ("Fn::Contains", Function::Contains),
    ("Fn::EachMemberEquals", Function::EachMemberEquals),
    ("Fn::EachMemberIn", Function::EachMemberIn),
    ("Fn::RefAll", Function::RefAll),
    ("Fn::ValueOf", Function::ValueOf),
    ("Fn::ValueOfAll", Function::ValueOfAll),
];

impl Function {
    /// The function of this key.
    pub(crate) fn from_key(key: &str) -> Option<Function> {
        KEYS.iter().find(|(name, _)| *name == key).map(|(_, function)| *function)
    }

    /// The key in a template.
    pub(crate) fn key(self) -> &'static str {
        KEYS.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }

    /// Whether the function gives a truth and is met only where one is asked for.
    pub(crate) fn is_rule_function(self) -> bool {
        matches!(
            self,
            Function::Contains
                | Function::EachMemberEquals
                | Function::EachMemberIn
                | Function::RefAll
                | Function::ValueOf
                | Function::ValueOfAll
        )
    }

    /// Whether it gives a truth, and so is no value that may stand in a property or an output.
    pub(crate) fn gives_truth(self) -> bool {
        matches!(
            self,
            Function::Equals
                | Function::And
                | Function::Or
                | Function::Not
                | Function::Contains
                | Function::EachMemberEquals
                | Function::EachMemberIn
        )
    }

    /// What the function takes, for messages; in AWS's words where they are recorded.
    pub(crate) fn takes(self) -> &'static str {
        match self {
            Function::Ref => "takes the name of a resource, a parameter or a pseudo parameter",
            Function::GetAtt => {
                "object requires two non-empty parameters, the resource name and the resource attribute"
            }
            Function::Sub => {
                "object requires a string, or a list of a string and a map of variables to values"
            }
            Function::Join => {
                "object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined"
            }
            Function::Select => "requires a list argument with two elements: an integer index and a list",
            Function::Split => {
                "object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split"
            }
            Function::FindInMap => {
                "object requires three parameters, the map name, map key and the attribute for return value (and, with the transform AWS::LanguageExtensions, a map with DefaultValue)"
            }
            Function::If => {
                "requires a list argument with three elements: a condition's name, the value if it holds and the value if not"
            }
            Function::Equals => "object requires a list of 2 string parameters",
            Function::And | Function::Or => {
                "requires a list argument with at least 2 and at most 10 conditions"
            }
            Function::Not => "requires a list argument with exactly one condition",
            Function::Condition => "takes the name of a condition",
            Function::Base64 => "takes a string",
            Function::Cidr => {
                "requires a list argument with an address block, a count from 1 to 256 and the number of subnet bits"
            }
            Function::GetAvailabilityZones => {
                "takes the name of a Region, or an empty string for this Region"
            }
            Function::ImportValue => "takes the name of an export",
            Function::Transform => "takes a map with Name and Parameters",
            Function::Length => "takes a list",
            Function::ToJsonString => "takes a list or a map",
            Function::Contains | Function::EachMemberEquals => {
                "requires a list argument with a list of strings and a string"
            }
            Function::EachMemberIn => "requires a list argument with two lists of strings",
            Function::RefAll => "takes the name of an AWS-specific parameter type",
            Function::ValueOf => "requires a list argument with a parameter's name and an attribute",
            Function::ValueOfAll => "requires a list argument with a parameter type and an attribute",
        }
    }
}

/// A function found in the tree.
#[derive(Clone, Copy)]
pub(crate) struct Call<'node> {
    pub(crate) function: Function,
    pub(crate) argument: &'node Node,
    /// Where the function's key stands.
    pub(crate) at: Position,
}

impl<'node> Call<'node> {
    /// The arguments, if they are a list of this length.
    pub(crate) fn list<const COUNT: usize>(&self) -> Option<&'node [Node; COUNT]> {
        self.argument.as_sequence()?.try_into().ok()
    }
}

/// The function that a node is, in a place where a value is asked for.
pub(crate) fn value_call(node: &Node) -> Option<Call<'_>> {
    call(node).filter(|found| found.function != Function::Condition)
}

/// The function that a node is, in a place where a truth is asked for.
pub(crate) fn call(node: &Node) -> Option<Call<'_>> {
    let (key, Entry { key_at, value, displaced: _ }) = node.only_entry()?;
    Some(Call { function: Function::from_key(key)?, argument: value, at: *key_at })
}

/// The two arguments of `Fn::GetAtt`, in either of its forms.
pub(crate) enum GetAttArguments<'node> {
    /// A list of two.
    Two(&'node Node, &'node Node),
    /// `"LogicalId.Attribute"`.
    Dotted(&'node str, &'node str),
}

/// Takes the argument of `Fn::GetAtt` apart; nothing if it has not the right form.
pub(crate) fn get_att_arguments(argument: &Node) -> Option<GetAttArguments<'_>> {
    if let Some(text) = argument.as_str() {
        let (logical_id, attribute) = text.split_once('.')?;
        return (!logical_id.is_empty() && !attribute.is_empty())
            .then_some(GetAttArguments::Dotted(logical_id, attribute));
    }
    let [logical_id, attribute] = argument.as_sequence()? else {
        return None;
    };
    let empty = |node: &Node| node.as_str() == Some("");
    (!empty(logical_id) && !empty(attribute)).then_some(GetAttArguments::Two(logical_id, attribute))
}
