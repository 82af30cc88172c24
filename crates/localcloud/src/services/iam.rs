//! IAM: roles, users, instance profiles and managed policies, and what policies allow. What a user or a
//! role's session may do is enforced on every service (`authorize`); the owner's keys may do everything.

mod access_keys;
pub(crate) mod authorize;
pub(crate) mod caller;
pub(crate) mod condition;
pub(crate) mod document;
pub(crate) mod evaluate;
pub(crate) mod needed;
mod own_policies;
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
use own_policies::Whose;

/// Everything of the account. Names are not distinguished by case, so the maps go by the lower-case name.
#[derive(Debug, Clone, Default)]
pub struct Iam {
    roles: BTreeMap<String, Identity>,
    users: BTreeMap<String, Identity>,
    /// Of users, by their ids.
    keys: BTreeMap<String, access_keys::UserKey>,
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

    /// A user's key that may sign, by its id.
    pub(crate) fn key(&self, access_key_id: &str) -> Option<&access_keys::UserKey> {
        self.keys.get(access_key_id).filter(|key| key.is_active())
    }

    /// The user of a key.
    pub(crate) fn user_of_key(&self, access_key_id: &str) -> Option<&Identity> {
        self.users.get(&self.keys.get(access_key_id)?.user)
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
    target: Target::Computed(resource),
    resource_types: provision::TYPES,
    operations: &[
        changes("CreateRole", roles::create_role),
        reads("GetRole", roles::get),
        reads("ListRoles", roles::list),
        changes("DeleteRole", roles::delete),
        changes("UpdateAssumeRolePolicy", roles::update_trust),
        changes("PutRolePolicy", |world, input| own_policies::put(world, input, Whose::Role)),
        reads("GetRolePolicy", |world, input| own_policies::get(world, input, Whose::Role)),
        reads("ListRolePolicies", |world, input| own_policies::list(world, input, Whose::Role)),
        changes("DeleteRolePolicy", |world, input| own_policies::delete(world, input, Whose::Role)),
        changes("AttachRolePolicy", |world, input| own_policies::attach(world, input, Whose::Role)),
        changes("DetachRolePolicy", |world, input| own_policies::detach(world, input, Whose::Role)),
        reads("ListAttachedRolePolicies", |world, input| {
            own_policies::list_attached(world, input, Whose::Role)
        }),
        changes("CreatePolicy", policies::create_policy),
        reads("GetPolicy", policies::get),
        reads("GetPolicyVersion", policies::get_version),
        reads("ListPolicies", policies::list),
        changes("DeletePolicy", policies::delete_policy),
        reads("GetInstanceProfile", profiles::get),
        reads("ListInstanceProfiles", profiles::list),
        reads("ListInstanceProfilesForRole", profiles::list_for_role),
        changes("CreateUser", users::create),
        reads("GetUser", users::get),
        reads("ListUsers", users::list),
        changes("DeleteUser", users::delete),
        changes("PutUserPolicy", |world, input| own_policies::put(world, input, Whose::User)),
        reads("GetUserPolicy", |world, input| own_policies::get(world, input, Whose::User)),
        reads("ListUserPolicies", |world, input| own_policies::list(world, input, Whose::User)),
        changes("DeleteUserPolicy", |world, input| own_policies::delete(world, input, Whose::User)),
        changes("AttachUserPolicy", |world, input| own_policies::attach(world, input, Whose::User)),
        changes("DetachUserPolicy", |world, input| own_policies::detach(world, input, Whose::User)),
        reads("ListAttachedUserPolicies", |world, input| {
            own_policies::list_attached(world, input, Whose::User)
        }),
        changes("CreateAccessKey", access_keys::create),
        reads("ListAccessKeys", access_keys::list),
        changes("UpdateAccessKey", access_keys::update),
        changes("DeleteAccessKey", access_keys::delete),
        reads("SimulatePrincipalPolicy", simulate::principal),
        reads("SimulateCustomPolicy", simulate::custom),
    ],
    ..QUERY
};

/// The resource of a permission: a policy, a role, a user, an instance profile.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
fn resource(world: &World, operation: &str, input: Input<'_>) -> Vec<String> {
    let known = |arn_of: Option<&String>, kind: &str, name: &str| match arn_of {
        Some(arn) => arn.clone(),
        None => arn(world, kind, "/", name),
    };
    let key = |name: &str| name.to_ascii_lowercase();
    let role = |name: &str| known(world.iam.roles.get(&key(name)).map(|role| &role.arn), "role", name);
    let user = |name: &str| known(world.iam.users.get(&key(name)).map(|user| &user.arn), "user", name);
    let profile = |name: &str| {
        known(world.iam.profiles.get(&key(name)).map(|profile| &profile.arn), "instance-profile", name)
    };
    let policy = |name: &str| arn(world, "policy", "/", name);
    let named = input.string("PolicySourceArn").map(str::to_owned);
    // An attachment is checked on the one that gets the policy.
    let named = named.or_else(|| input.string("RoleName").map(role));
    let named = named.or_else(|| input.string("UserName").map(user));
    let named = named.or_else(|| input.string("InstanceProfileName").map(profile));
    let named = named.or_else(|| input.string("PolicyArn").map(str::to_owned));
    let made = || input.string("PolicyName").filter(|_| operation == "CreatePolicy").map(policy);
    named.or_else(made).into_iter().collect()
}

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
