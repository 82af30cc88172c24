//! `AWS::IAM::Role`, `User`, `InstanceProfile`, `ManagedPolicy`, `Policy`, `RolePolicy` and `UserPolicy`. Names and
//! ARNs are made as for every type without a service of its own; what the resource says is kept here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::document::{Kind, Policy};
use super::policies::{self, ManagedPolicy};
use super::profiles::Profile;
use super::{Identity, RoleSettings, already_exists, delete_conflict, malformed, roles, unique_id};
use crate::generic;
use crate::properties;
use crate::resource::{Desired, ProvisionError, Provisioned, ResourceType};
use crate::services::tags;
use crate::{AwsError, Input, World};

/// The inline policies that one resource has put on identities.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    policy: String,
    roles: Vec<String>,
    users: Vec<String>,
}

const ANY: ResourceType = ResourceType { create, update, finish_delete, ..generic::ANY };
const ROLE: &str = "AWS::IAM::Role";
const USER: &str = "AWS::IAM::User";
const PROFILE: &str = "AWS::IAM::InstanceProfile";
const MANAGED_POLICY: &str = "AWS::IAM::ManagedPolicy";

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType { name: ROLE, delete, ..ANY },
    ResourceType { name: USER, ..ANY },
    ResourceType { name: PROFILE, ..ANY },
    ResourceType { name: MANAGED_POLICY, ..ANY },
    ResourceType { name: "AWS::IAM::Policy", ..ANY },
    ResourceType { name: "AWS::IAM::RolePolicy", ..ANY },
    ResourceType { name: "AWS::IAM::UserPolicy", ..ANY },
];

/// Create the resource.
///
/// # Errors
/// In IAM's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    check(world, desired, Input(&properties))?;
    let provisioned = generic::create(world, desired)?;
    keep(world, desired, Input(&properties), &provisioned);
    Ok(provisioned)
}

/// Change the resource in place.
///
/// # Errors
/// In IAM's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    check(world, desired, Input(&properties))?;
    let provisioned = generic::update(world, desired)?;
    keep(world, desired, Input(&properties), &provisioned);
    Ok(provisioned)
}

/// Begin to delete a role.
///
/// # Errors
/// When an instance profile still holds it.
fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    let key = desired.id().to_ascii_lowercase();
    if world.iam.profiles.values().any(|profile| profile.roles.contains(&key)) {
        let words = "Cannot delete entity, must remove roles from instance profile first.";
        return Err(delete_conflict(words).into());
    }
    Ok(Duration::ZERO)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    generic::finish_delete(world, type_name, physical_id);
    let key = physical_id.to_ascii_lowercase();
    match type_name {
        ROLE => drop(world.iam.roles.remove(&key)),
        USER => drop(world.iam.users.remove(&key)),
        PROFILE => drop(world.iam.profiles.remove(&key)),
        MANAGED_POLICY => {
            world.iam.policies.remove(physical_id);
            for identity in world.iam.roles.values_mut().chain(world.iam.users.values_mut()) {
                identity.attached.remove(physical_id);
            }
        }
        _ => take_back(world, physical_id),
    }
}

/// Everything that IAM would refuse.
fn check(world: &World, desired: &Desired<'_>, input: Input<'_>) -> Result<(), AwsError> {
    let document = |name: &str, kind| match input.0.get(name) {
        Some(Value::String(text)) => Policy::parse(text, kind).map(drop).map_err(malformed),
        Some(value) => Policy::from_json(value, kind).map(drop).map_err(malformed),
        None => Ok(()),
    };
    document("AssumeRolePolicyDocument", Kind::Trust)?;
    document("PolicyDocument", Kind::Identity)?;
    for policy in input.objects("Policies") {
        if let Some(value) = policy.0.get("PolicyDocument") {
            Policy::parse(&text(value), Kind::Identity).map_err(malformed)?;
        }
    }
    let own = format!("arn:{}:iam::{}:", world.config.partition, world.config.account_id);
    for arn in input.strings("ManagedPolicyArns").filter(|arn| arn.starts_with(&own)) {
        policies::check_attachable(world, arn)?;
    }
    if desired.physical_id.is_none() {
        let taken =
            |name: &str, known: bool, type_name: &str| known && !world.generic.exists(type_name, name);
        if let Some(name) = input.string("RoleName").filter(|_| desired.type_name == ROLE)
            && taken(name, world.iam.roles.contains_key(&name.to_ascii_lowercase()), desired.type_name)
        {
            return Err(already_exists(format!("Role with name {name} already exists.")));
        }
        if let Some(name) = input.string("UserName").filter(|_| desired.type_name == USER)
            && taken(name, world.iam.users.contains_key(&name.to_ascii_lowercase()), desired.type_name)
        {
            return Err(already_exists(format!("User with name {name} already exists.")));
        }
    }
    if desired.type_name == ROLE {
        roles::longest_session(input)?;
    }
    Ok(())
}

fn keep(world: &mut World, desired: &Desired<'_>, input: Input<'_>, provisioned: &Provisioned) {
    let physical_id = provisioned.physical_id.as_str();
    match desired.type_name {
        ROLE | USER => keep_identity(world, desired, input, provisioned),
        PROFILE => {
            let key = physical_id.to_ascii_lowercase();
            let id = unique_id(world, "AIPA", &key);
            let now = world.now;
            let profile = world.iam.profiles.entry(key).or_insert_with(|| Profile {
                name: physical_id.to_owned(),
                path: input.string("Path").unwrap_or("/").to_owned(),
                id,
                arn: provisioned.text("Arn").to_owned(),
                created: now,
                roles: Vec::new(),
            });
            profile.roles = input.strings("Roles").map(str::to_ascii_lowercase).collect();
        }
        MANAGED_POLICY => keep_policy(world, input, provisioned),
        _ => {
            take_back(world, physical_id);
            place(world, physical_id, input);
        }
    }
}

fn keep_identity(world: &mut World, desired: &Desired<'_>, input: Input<'_>, provisioned: &Provisioned) {
    let is_role = desired.type_name == ROLE;
    let key = provisioned.physical_id.to_ascii_lowercase();
    let id = match provisioned.text("RoleId") {
        id if is_role && !id.is_empty() => id.to_owned(),
        _ => unique_id(world, "AIDA", &key),
    };
    let now = world.now;
    let identities = if is_role { &mut world.iam.roles } else { &mut world.iam.users };
    let identity = identities.entry(key).or_insert_with(|| Identity {
        name: provisioned.physical_id.clone(),
        path: input.string("Path").unwrap_or("/").to_owned(),
        id,
        arn: provisioned.text("Arn").to_owned(),
        created: now,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        boundary: None,
        tags: BTreeMap::new(),
        role: None,
    });
    // What the resource had said before goes; what others have put on the identity stays.
    if let Some(previous) = desired.previous.map(properties::to_json) {
        for policy in Input(&previous).objects("Policies") {
            identity.inline.remove(policy.string("PolicyName").unwrap_or_default());
        }
        for arn in Input(&previous).strings("ManagedPolicyArns") {
            identity.attached.remove(arn);
        }
    }
    for policy in input.objects("Policies") {
        if let (Some(name), Some(document)) = (policy.string("PolicyName"), policy.0.get("PolicyDocument")) {
            identity.inline.insert(name.to_owned(), text(document));
        }
    }
    identity.attached.extend(input.strings("ManagedPolicyArns").map(str::to_owned));
    identity.boundary = input.string("PermissionsBoundary").map(str::to_owned);
    identity.tags = desired.owner.tags.iter().cloned().collect();
    identity.tags.extend(tags::read(input));
    identity.role = is_role.then(|| RoleSettings {
        trust: input.0.get("AssumeRolePolicyDocument").map(text).unwrap_or_default(),
        longest_session_seconds: roles::longest_session(input).unwrap_or(3600),
        description: input.string("Description").map(str::to_owned),
    });
}

fn keep_policy(world: &mut World, input: Input<'_>, provisioned: &Provisioned) {
    let arn = provisioned.physical_id.clone();
    let now = world.now;
    let name = arn.rsplit('/').next().unwrap_or(&arn).to_owned();
    let policy = world.iam.policies.entry(arn.clone()).or_insert_with(|| ManagedPolicy {
        name,
        path: input.string("Path").unwrap_or("/").to_owned(),
        id: provisioned.text("PolicyId").to_owned(),
        arn: arn.clone(),
        created: now,
        updated: now,
        description: input.string("Description").map(str::to_owned),
        document: String::new(),
        version: 0,
    });
    let document = input.0.get("PolicyDocument").map(text).unwrap_or_default();
    if policy.document != document {
        policy.document = document;
        policy.version += 1;
        policy.updated = now;
    }
    let lower = |name: &str| input.strings(name).map(str::to_ascii_lowercase).collect::<Vec<_>>();
    for key in lower("Roles") {
        if let Some(role) = world.iam.roles.get_mut(&key) {
            role.attached.insert(arn.clone());
        }
    }
    for key in lower("Users") {
        if let Some(user) = world.iam.users.get_mut(&key) {
            user.attached.insert(arn.clone());
        }
    }
}

/// Put an inline policy on the identities that the resource names. Names that aren't there are passed over: a
/// template that names them by `Ref` has made them before.
fn place(world: &mut World, physical_id: &str, input: Input<'_>) {
    let Some(policy) = input.string("PolicyName") else { return };
    let document = input.0.get("PolicyDocument").map(text).unwrap_or_default();
    let named = |list: &str, single: &str| -> Vec<String> {
        input.strings(list).chain(input.string(single)).map(str::to_ascii_lowercase).collect()
    };
    let (roles, users) = (named("Roles", "RoleName"), named("Users", "UserName"));
    for key in &roles {
        if let Some(role) = world.iam.roles.get_mut(key) {
            role.inline.insert(policy.to_owned(), document.clone());
        }
    }
    for key in &users {
        if let Some(user) = world.iam.users.get_mut(key) {
            user.inline.insert(policy.to_owned(), document.clone());
        }
    }
    world.iam.placed.insert(physical_id.to_owned(), Placed { policy: policy.to_owned(), roles, users });
}

/// Take the policies back that a resource has put on identities.
fn take_back(world: &mut World, physical_id: &str) {
    let Some(placed) = world.iam.placed.remove(physical_id) else { return };
    for key in &placed.roles {
        if let Some(role) = world.iam.roles.get_mut(key) {
            role.inline.remove(&placed.policy);
        }
    }
    for key in &placed.users {
        if let Some(user) = world.iam.users.get_mut(key) {
            user.inline.remove(&placed.policy);
        }
    }
}

/// A document's text: templates write it as a tree or as text.
fn text(document: &Value) -> String {
    match document {
        Value::String(text) => text.clone(),
        _ => document.to_string(),
    }
}
