//! IAM: roles, users, instance profiles and managed policies, and what policies allow. What a
//! role's session may do is enforced on every service (`authorize`); the owner's keys may do everything.

pub(crate) mod authorize;
pub(crate) mod condition;
pub(crate) mod document;
pub(crate) mod evaluate;
mod pattern;
mod policies;
mod profiles;
pub mod provision;
mod roles;
mod simulate;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::descriptor::{Descriptor, Errors, QUERY, QUERY_ERRORS, Target, changes, reads};
use crate::services::paging::page;
use crate::{AwsError, Input, Timestamp, World};

/// Everything of the account. Names are not distinguished by case, so the maps go by the lower-case name.
#[derive(Debug, Default)]
pub struct Iam {
    roles: BTreeMap<String, Identity>,
    users: BTreeMap<String, Identity>,
    profiles: BTreeMap<String, profiles::Profile>,
    /// By ARN.
    policies: BTreeMap<String, policies::ManagedPolicy>,
    /// What resources of type `AWS::IAM::Policy` put where, by their physical id.
    placed: BTreeMap<String, provision::Placed>,
}

/// A role or a user.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) path: String,
    /// `AROA…` or `AIDA…`.
    pub(crate) id: String,
    pub(crate) arn: String,
    created: Timestamp,
    /// Policies by name, as their text.
    inline: BTreeMap<String, String>,
    /// ARNs of managed policies.
    attached: BTreeSet<String>,
    boundary: Option<String>,
    tags: BTreeMap<String, String>,
    /// What a role has and a user hasn't.
    pub(crate) role: Option<RoleSettings>,
}

/// What makes a role a role.
#[derive(Debug, Clone)]
pub(crate) struct RoleSettings {
    /// The trust policy's text.
    pub(crate) trust: String,
    pub(crate) longest_session_seconds: i64,
    description: Option<String>,
}

impl Iam {
    /// The role of an ARN.
    pub(crate) fn role_by_arn(&self, arn: &str) -> Option<&Identity> {
        self.roles.values().find(|role| role.arn == arn)
    }

    /// The ARN of the role that an instance profile, by its name or its ARN, hands out.
    pub(crate) fn role_of_profile(&self, profile: &str) -> Option<String> {
        let name = profile.rsplit('/').next().unwrap_or(profile).to_ascii_lowercase();
        let role = self.profiles.get(&name)?.first_role()?;
        self.roles.get(role).map(|role| role.arn.clone())
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "IAM",
    signing_name: "iam",
    version: Some("2010-05-08"),
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    is_global: true,
    errors: Errors { server_error: "ServiceFailure", ..QUERY_ERRORS },
    target: Target::Computed(|world, _operation, input| {
        let policy = input.string("PolicyArn").or_else(|| input.string("PolicySourceArn"));
        policy.map(str::to_owned).or_else(|| {
            let name = input.string("RoleName")?;
            let known = world.iam.roles.get(&name.to_lowercase());
            Some(known.map_or_else(|| arn(world, "role", "/", name), |role| role.arn.clone()))
        })
    }),
    resource_types: provision::TYPES,
    operations: &[
        changes("CreateRole", roles::create_role),
        reads("GetRole", roles::get),
        reads("ListRoles", roles::list),
        changes("DeleteRole", roles::delete),
        changes("UpdateAssumeRolePolicy", roles::update_trust),
        changes("PutRolePolicy", roles::put_policy),
        reads("GetRolePolicy", roles::get_policy),
        reads("ListRolePolicies", roles::list_policies),
        changes("DeleteRolePolicy", roles::delete_policy),
        changes("AttachRolePolicy", roles::attach),
        changes("DetachRolePolicy", roles::detach),
        reads("ListAttachedRolePolicies", roles::list_attached),
        changes("CreatePolicy", policies::create_policy),
        reads("GetPolicy", policies::get),
        reads("GetPolicyVersion", policies::get_version),
        reads("ListPolicies", policies::list),
        changes("DeletePolicy", policies::delete_policy),
        reads("GetInstanceProfile", profiles::get),
        reads("ListInstanceProfiles", profiles::list),
        reads("ListInstanceProfilesForRole", profiles::list_for_role),
        reads("GetUser", users::get),
        reads("ListUsers", users::list),
        reads("SimulatePrincipalPolicy", simulate::principal),
        reads("SimulateCustomPolicy", simulate::custom),
    ],
    ..QUERY
};

fn no_such_entity(message: impl Into<String>) -> AwsError {
    AwsError::new(404, "NoSuchEntity", message)
}

fn already_exists(message: impl Into<String>) -> AwsError {
    AwsError::new(409, "EntityAlreadyExists", message)
}

fn delete_conflict(message: impl Into<String>) -> AwsError {
    AwsError::new(409, "DeleteConflict", message)
}

fn malformed(error: document::Malformed) -> AwsError {
    AwsError::new(400, "MalformedPolicyDocument", error.to_string())
}

/// Names: "alphanumeric, including the following common characters: plus (+), equals (=), comma (,), period (.),
/// at (@), underscore (_), and hyphen (-)" (IAM user guide, "IAM and AWS STS quotas").
fn name<'a>(input: Input<'a>, field: &str, longest: usize) -> Result<&'a str, AwsError> {
    let name = input.required_string(field)?;
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'=' | b',' | b'.' | b'@' | b'_' | b'-')
    };
    if name.len() > longest {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must have length less \
             than or equal to {longest}",
            lower_first(field)
        )));
    }
    if !name.bytes().all(allowed) {
        return Err(AwsError::validation(format!(
            "The specified value for {} is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-",
            lower_first(field)
        )));
    }
    Ok(name)
}

fn lower_first(field: &str) -> String {
    let mut letters = field.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn path(input: Input<'_>) -> Result<&str, AwsError> {
    let path = input.string("Path").unwrap_or("/");
    if path.starts_with('/') && path.ends_with('/') && path.len() <= 512 {
        Ok(path)
    } else {
        Err(AwsError::validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        ))
    }
}

/// `arn:aws:iam::ACCOUNT:KIND/path/name`: IAM's ARNs have no Region.
fn arn(world: &World, kind: &str, path: &str, name: &str) -> String {
    format!("arn:{}:iam::{}:{kind}{path}{name}", world.config.partition, world.config.account_id)
}

/// A unique id, such as `AROA…`.
fn unique_id(world: &mut World, prefix: &str, entity: &str) -> String {
    let suffix = world.identities.alphanumeric(&format!("iam {prefix} {entity}"), 17).to_uppercase();
    format!("{prefix}{suffix}")
}

/// A page under its name: `Marker` and `MaxItems`, 100 without a number.
fn listed(
    input: Input<'_>,
    under: &str,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Value, AwsError> {
    let most = input.integer("MaxItems")?.unwrap_or(100);
    let most = usize::try_from(most).ok().filter(|most| (1..=1000).contains(most));
    let most = most.ok_or_else(|| AwsError::validation("MaxItems must be between 1 and 1000"))?;
    let page =
        page(items, input.string("Marker"), most).map_err(|_| AwsError::validation("Invalid Marker."))?;
    let is_truncated = page.next_token.is_some();
    let mut answer = json!({under: page.items, "IsTruncated": is_truncated});
    if let (Some(token), Some(fields)) = (page.next_token, answer.as_object_mut()) {
        fields.insert("Marker".to_owned(), json!(token));
    }
    Ok(answer)
}

/// Documents are answered percent-encoded (RFC 3986), as IAM does.
fn encoded(document: &str) -> String {
    crate::wire::signature::encode(document, false)
}

/// Whether a role lets a service assume it, with these condition keys. A condition that isn't evaluated doesn't open the
/// door.
pub(crate) fn trusts_service(role: &Identity, service: &str, keys: &[(&str, &str)]) -> bool {
    let mut context = condition::Context::default();
    for (key, value) in keys {
        context.set(key, vec![(*value).to_owned()]);
    }
    role.role
        .as_ref()
        .and_then(|settings| document::Policy::parse(&settings.trust, document::Kind::Trust).ok())
        .is_some_and(|trust| {
            evaluate::trusts_service(&trust, "sts:AssumeRole", service, &context).unwrap_or(false)
        })
}

#[cfg(test)]
mod tests;
