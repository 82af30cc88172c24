//! Which attributes `Fn::GetAtt` knows of a type.

use crate::facts::{self, Treatment};

/// Whether a resource of this type can have the attribute: one that its schema gives, one of its properties, or anything where
/// only a provider or another template knows. What isn't there fails when it is resolved (recorded: `Resource type … does not
/// support attribute`; ministack's pull request 1628).
pub fn is_supported(type_name: &str, attribute: &str) -> bool {
    if facts::treatment(type_name) == Treatment::CustomResource || type_name == "AWS::CloudFormation::Stack" {
        return true;
    }
    let Some(facts) = facts::resource_type(type_name) else { return true };
    let root = attribute.split('.').next().unwrap_or(attribute);
    facts.properties.contains_key(root)
        || facts.read_only.keys().any(|name| name == attribute || name.split('.').next() == Some(root))
}
