//! Whether the session of a role may make a call: its role's policies decide, with AWS's words when they don't allow
//! it. The owner's keys may do everything and never come here.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html> has the words; it says which
//! policy denied only for some services, and here it is always said.
//!
//! Assumptions: a policy of AWS's that is attached and whose text isn't known here allows what no other policy decides
//! on; a condition that isn't evaluated denies. An action is checked on the one resource that its parameters name.

use serde_json::Value;

use super::condition::Context;
use super::document::{Kind, Policy};
use super::evaluate::{Verdict, decide};
use super::{Identity, policies};
use crate::descriptor::Target;
use crate::services::security_token::Session;
use crate::wire::route::Call;
use crate::{AwsError, Input, World};

/// Let a session's call pass, or refuse it as the service does.
///
/// # Errors
/// When the role is gone or its policies don't allow the call.
pub(crate) fn authorize(world: &World, session: &Session, call: &Call) -> Result<(), AwsError> {
    let descriptor = call.service.descriptor();
    let operation = descriptor.operation(&call.operation);
    let target = operation.and_then(|operation| operation.target).unwrap_or(descriptor.target);
    if matches!(target, Target::Unguarded) {
        return Ok(());
    }
    let action = action(call);
    let resource = resource(world, call, target);
    let role = world.iam.role_by_arn(&session.role_arn);
    match role.map_or(Verdict::ImplicitDeny, |role| verdict(world, role, &action, &resource)) {
        Verdict::Allowed => Ok(()),
        Verdict::ExplicitDeny => {
            let why = "with an explicit deny in an identity-based policy".to_owned();
            Err(descriptor.denied(&session.arn, &action, &resource, &why))
        }
        Verdict::ImplicitDeny => {
            let why = format!("because no identity-based policy allows the {action} action");
            Err(descriptor.denied(&session.arn, &action, &resource, &why))
        }
    }
}

/// What a role's own policies, and its boundary, say.
pub(crate) fn verdict(world: &World, role: &Identity, action: &str, resource: &str) -> Verdict {
    let mut context = Context::default();
    context.set("aws:PrincipalArn", vec![role.arn.clone()]);
    context.set("aws:PrincipalAccount", vec![world.config.account_id.clone()]);
    context.set("aws:RequestedRegion", vec![world.config.region.clone()]);
    for (key, value) in &role.tags {
        context.set(&format!("aws:PrincipalTag/{key}"), vec![value.clone()]);
    }
    let decide_on = |texts: Vec<Option<&str>>| {
        let has_unknown = texts.iter().any(Option::is_none);
        let parsed: Vec<Policy> =
            texts.iter().flatten().filter_map(|text| Policy::parse(text, Kind::Identity).ok()).collect();
        match decide(&parsed, action, resource, &context).map(|decision| decision.verdict) {
            Ok(Verdict::ImplicitDeny) if has_unknown => Verdict::Allowed,
            Ok(verdict) => verdict,
            Err(_not_evaluated) => Verdict::ImplicitDeny,
        }
    };
    let mut texts: Vec<Option<&str>> = role.inline.values().map(|text| Some(text.as_str())).collect();
    texts.extend(role.attached.iter().map(|arn| policies::document(world, arn)));
    let own = decide_on(texts);
    let limit = role.boundary.as_ref().map(|arn| decide_on(vec![policies::document(world, arn)]));
    match (own, limit) {
        (Verdict::ExplicitDeny, _) | (_, Some(Verdict::ExplicitDeny)) => Verdict::ExplicitDeny,
        (Verdict::Allowed, None | Some(Verdict::Allowed)) => Verdict::Allowed,
        (Verdict::Allowed | Verdict::ImplicitDeny, _) => Verdict::ImplicitDeny,
    }
}

/// The IAM action of a call. <https://docs.aws.amazon.com/service-authorization/latest/reference/>
fn action(call: &Call) -> String {
    let descriptor = call.service.descriptor();
    let named = descriptor.operation(&call.operation).and_then(|operation| {
        let names_version = call.input.get("VersionId").is_some_and(|version| !version.is_null());
        operation.version_action.filter(|_| names_version).or(operation.action)
    });
    format!("{}:{}", descriptor.arn_name(), named.unwrap_or(&call.operation))
}

/// The resource that the parameters name, as an ARN; `*` where the action knows none.
fn resource(world: &World, call: &Call, target: Target) -> String {
    let text = |name: &str| match call.input.get(name) {
        Some(Value::String(text)) => Some(text.as_str()),
        Some(Value::Array(items)) => items.first().and_then(Value::as_str),
        Some(_) | None => None,
    };
    let found = match target {
        Target::Named(names) => names.iter().find_map(|(name, prefix)| {
            let given = text(name)?;
            Some(if given.starts_with("arn:") || prefix.is_empty() {
                given.to_owned()
            } else {
                let resource = format!("{prefix}{}", given.trim_start_matches('/'));
                world.arn(call.service.descriptor().arn_name(), &resource)
            })
        }),
        Target::Computed(compute) => compute(world, &call.operation, Input(&call.input)),
        Target::Everything | Target::Unguarded => None,
    };
    found.unwrap_or_else(|| "*".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::action;
    use crate::wire::route::Call;
    use crate::wire::{Protocol, Service};

    #[test]
    fn a_named_version_of_an_object_is_an_action_of_its_own() {
        for (operation, version, expected) in [
            ("GetObject", json!(null), "s3:GetObject"),
            ("HeadObject", json!(null), "s3:GetObject"),
            ("GetObject", json!("1"), "s3:GetObjectVersion"),
            ("HeadObject", json!("1"), "s3:GetObjectVersion"),
            ("DeleteObject", json!("1"), "s3:DeleteObjectVersion"),
            ("PutObject", json!(null), "s3:PutObject"),
        ] {
            let call = Call {
                service: Service::ObjectStorage,
                operation: operation.to_owned(),
                input: json!({"Bucket": "b", "Key": "k", "VersionId": version}),
                protocol: Protocol::RestXml,
            };
            assert_eq!(action(&call), expected);
        }
    }
}
