//! What the sender must acknowledge before CloudFormation touches permissions or runs macros, in its words. What
//! a template needs is decided by [`changeset::capabilities`].

use changeset::capabilities::{Capability, NeededCapability, capabilities};
use template::{Evaluation, Template};

use crate::AwsError;

/// Refuse unless what the template needs has been acknowledged. A change set shows what a macro made, so it
/// needs no `CAPABILITY_AUTO_EXPAND`; `direct` says that there is none in between.
pub fn check(evaluation: &Evaluation<'_>, given: &[String], direct: bool) -> Result<(), AwsError> {
    let has = |capability: Capability| given.iter().any(|one| one == capability.word());
    let is_given = |capability: Capability| match capability {
        Capability::NamedIam => has(capability),
        Capability::Iam => has(capability) || has(Capability::NamedIam),
        Capability::AutoExpand => !direct || has(capability),
    };
    match capabilities(evaluation.template()).iter().find(|needed| !is_given(needed.capability)) {
        None => Ok(()),
        Some(needed) => Err(AwsError::new(
            400,
            "InsufficientCapabilitiesException",
            format!("Requires capabilities : [{}]", needed.capability.word()),
        )),
    }
}

/// The IAM capability that a template needs, and the types that need it, in the template's order.
pub fn required(template: &Template) -> Option<(&'static str, Vec<String>)> {
    let needed = capabilities(template);
    let NeededCapability { capability, because_of } =
        needed.iter().find(|needed| needed.capability != Capability::AutoExpand)?;
    let mut types: Vec<String> = Vec::new();
    for resource in template.resources.values().filter(|one| because_of.contains(&one.logical_id)) {
        if !types.contains(&resource.type_name) {
            types.push(resource.type_name.clone());
        }
    }
    Some((capability.word(), types))
}
