//! The policies of a role or a user: those that are its own, by their names, and managed ones that are attached.

use serde_json::{Value, json};

use super::document::{Kind, Policy};
use super::{Identity, encoded, listed, malformed, name, no_such_entity, policies};
use crate::{AwsError, Input, World};

/// The most managed policies of a role or a user (IAM quotas, default).
const MOST_ATTACHED: usize = 10;

/// Whose policies an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Role,
    User,
}

impl Whose {
    /// As IAM's messages have it, and the parameter that names it.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Whose::Role => ("role", "RoleName"),
            Whose::User => ("user", "UserName"),
        }
    }

    fn found<'w>(self, world: &'w World, input: Input<'_>) -> Result<&'w Identity, AwsError> {
        let (kind, field) = self.words();
        let name = name(input, field, 64)?;
        let all = match self {
            Whose::Role => &world.iam.roles,
            Whose::User => &world.iam.users,
        };
        let missing = || no_such_entity(format!("The {kind} with name {name} cannot be found."));
        all.get(&name.to_ascii_lowercase()).ok_or_else(missing)
    }

    fn found_mut<'w>(self, world: &'w mut World, input: Input<'_>) -> Result<&'w mut Identity, AwsError> {
        let key = self.found(world, input)?.name.to_ascii_lowercase();
        let all = match self {
            Whose::Role => &mut world.iam.roles,
            Whose::User => &mut world.iam.users,
        };
        all.get_mut(&key).ok_or_else(|| no_such_entity(format!("{key} cannot be found.")))
    }

    fn policy_missing(self, name: &str) -> AwsError {
        let (kind, _) = self.words();
        no_such_entity(format!("The {kind} policy with name {name} cannot be found."))
    }
}

pub(super) fn put(world: &mut World, input: Input<'_>, whose: Whose) -> Result<Value, AwsError> {
    let policy = name(input, "PolicyName", 128)?;
    let document = input.required_string("PolicyDocument")?;
    let identity = whose.found_mut(world, input)?;
    Policy::parse(document, Kind::Identity).map_err(malformed)?;
    identity.inline.insert(policy.to_owned(), document.to_owned());
    Ok(json!({}))
}

pub(super) fn get(world: &World, input: Input<'_>, whose: Whose) -> Result<Value, AwsError> {
    let policy = name(input, "PolicyName", 128)?;
    let identity = whose.found(world, input)?;
    let document = identity.inline.get(policy).ok_or_else(|| whose.policy_missing(policy))?;
    let (_, field) = whose.words();
    Ok(json!({field: identity.name, "PolicyName": policy, "PolicyDocument": encoded(document)}))
}

pub(super) fn list(world: &World, input: Input<'_>, whose: Whose) -> Result<Value, AwsError> {
    let names = whose.found(world, input)?.inline.keys();
    listed(input, "PolicyNames", names.map(|name| (name.clone(), json!(name))))
}

pub(super) fn delete(world: &mut World, input: Input<'_>, whose: Whose) -> Result<Value, AwsError> {
    let policy = name(input, "PolicyName", 128)?;
    let identity = whose.found_mut(world, input)?;
    identity.inline.remove(policy).map(|_| json!({})).ok_or_else(|| whose.policy_missing(policy))
}

pub(super) fn attach(world: &mut World, input: Input<'_>, whose: Whose) -> Result<Value, AwsError> {
    let arn = input.required_string("PolicyArn")?;
    let identity = whose.found(world, input)?;
    let is_new = !identity.attached.contains(arn);
    policies::check_attachable(world, arn)?;
    if is_new && identity.attached.len() >= MOST_ATTACHED {
        let quota = match whose {
            Whose::Role => "PoliciesPerRole",
            Whose::User => "PoliciesPerUser",
        };
        let words = format!("Cannot exceed quota for {quota}: {MOST_ATTACHED}");
        return Err(AwsError::new(409, "LimitExceeded", words));
    }
    whose.found_mut(world, input)?.attached.insert(arn.to_owned());
    Ok(json!({}))
}

pub(super) fn detach(world: &mut World, input: Input<'_>, whose: Whose) -> Result<Value, AwsError> {
    let arn = input.required_string("PolicyArn")?;
    if whose.found_mut(world, input)?.attached.remove(arn) {
        Ok(json!({}))
    } else {
        Err(no_such_entity(format!("Policy {arn} was not found.")))
    }
}

pub(super) fn list_attached(world: &World, input: Input<'_>, whose: Whose) -> Result<Value, AwsError> {
    let arns = whose.found(world, input)?.attached.iter();
    let shown = arns.map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        (arn.clone(), json!({"PolicyName": name, "PolicyArn": arn}))
    });
    listed(input, "AttachedPolicies", shown)
}
