//! What the sender must acknowledge before CloudFormation touches permissions or runs macros.

use template::{Evaluation, Template};

use crate::AwsError;

/// The types that grant permissions, with the property that gives one a name (user guide, "Acknowledging IAM
/// resources in CloudFormation templates").
const IAM_TYPES: [(&str, &str); 8] = [
    ("AWS::IAM::AccessKey", ""),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Policy", ""),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::UserToGroupAddition", ""),
];

/// Refuse unless what the template needs has been acknowledged. A change set shows what a macro made, so it
/// needs no `CAPABILITY_AUTO_EXPAND`; `direct` says that there is none in between.
pub fn check(evaluation: &Evaluation<'_>, given: &[String], direct: bool) -> Result<(), AwsError> {
    let has = |name: &str| given.iter().any(|one| one == name);
    let template = evaluation.template();
    let needed = match required(template).0 {
        Some("CAPABILITY_NAMED_IAM") if !has("CAPABILITY_NAMED_IAM") => Some("CAPABILITY_NAMED_IAM"),
        Some("CAPABILITY_IAM") if !has("CAPABILITY_IAM") && !has("CAPABILITY_NAMED_IAM") => {
            Some("CAPABILITY_IAM")
        }
        _ if direct && !template.transforms.is_empty() && !has("CAPABILITY_AUTO_EXPAND") => {
            Some("CAPABILITY_AUTO_EXPAND")
        }
        _ => None,
    };
    match needed {
        None => Ok(()),
        Some(name) => Err(AwsError::new(
            400,
            "InsufficientCapabilitiesException",
            format!("Requires capabilities : [{name}]"),
        )),
    }
}

/// The IAM capability that a template needs, and the types that need it, in the template's order.
pub fn required(template: &Template) -> (Option<&'static str>, Vec<String>) {
    let mut types: Vec<String> = Vec::new();
    let mut named = false;
    for resource in template.resources.values() {
        let Some((name, property)) = IAM_TYPES.iter().find(|(name, _)| *name == resource.type_name) else {
            continue;
        };
        if !types.iter().any(|known| known == name) {
            types.push((*name).to_owned());
        }
        named |= resource.properties.as_ref().is_some_and(|properties| properties.get(property).is_some());
    }
    let capability = match (types.is_empty(), named) {
        (true, _) => None,
        (false, true) => Some("CAPABILITY_NAMED_IAM"),
        (false, false) => Some("CAPABILITY_IAM"),
    };
    (capability, types)
}
