//! What is done with a type that the schemas don't describe, stated instead of guessed silently.

/// How a type is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// A published schema describes it.
    Published,
    /// A custom resource: its provider decides about a replacement by the physical id that it answers with.
    CustomResource,
    /// A type that a transform expands into others, such as `AWS::Serverless::Function`, in a template that doesn't declare
    /// the transform: no such resource exists.
    Transformed,
    /// A module: CloudFormation expands it from the account's registry.
    Module,
    /// No package knows it: a third party's or a newer type. Every change counts as in place.
    Unknown,
}

impl Treatment {
    /// A sentence for people; `None` when nothing need be said.
    pub fn note(self) -> Option<&'static str> {
        match self {
            Treatment::Published => None,
            Treatment::CustomResource => {
                Some("Its provider decides: a new physical id in its answer makes AWS delete the old one.")
            }
            Treatment::Transformed => Some(
                "It is a resource of AWS::Serverless-2016-10-31, and the template doesn't declare that transform.",
            ),
            Treatment::Module => {
                Some("A module; predicted at its own level, the resources in it are known to AWS alone.")
            }
            Treatment::Unknown => Some(
                "No published schema describes this type: which of its properties need a replacement is unknown.",
            ),
        }
    }
}

/// How a type is treated.
pub fn treatment(type_name: &str) -> Treatment {
    if is_custom(type_name) {
        Treatment::CustomResource
    } else if type_name.starts_with("AWS::Serverless::") {
        Treatment::Transformed
    } else if type_name.ends_with("::MODULE") {
        Treatment::Module
    } else if super::resource_type(type_name).is_some() {
        Treatment::Published
    } else {
        Treatment::Unknown
    }
}

/// The name under which overrides speak of a type: both spellings of a custom resource share one.
pub(super) fn override_name(type_name: &str) -> &str {
    if is_custom(type_name) { "Custom::*" } else { type_name }
}

fn is_custom(type_name: &str) -> bool {
    type_name.starts_with("Custom::") || type_name == "AWS::CloudFormation::CustomResource"
}
