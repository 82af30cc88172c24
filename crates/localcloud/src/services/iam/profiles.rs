//! Instance profiles, which a template makes.

use serde_json::{Value, json};

use super::{listed, name, no_such_entity, roles};
use crate::{AwsError, Input, Timestamp, World};

/// What hands a role to an instance.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) created: Timestamp,
    /// Lower-case names of roles; IAM allows one.
    pub(super) roles: Vec<String>,
}

impl Profile {
    /// The lower-case name of its role.
    pub(super) fn first_role(&self) -> Option<&str> {
        self.roles.first().map(String::as_str)
    }
}

pub(super) fn get(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = name(input, "InstanceProfileName", 128)?;
    let profile = world.iam.profiles.get(&name.to_ascii_lowercase());
    let profile =
        profile.ok_or_else(|| no_such_entity(format!("Instance Profile {name} cannot be found.")))?;
    Ok(json!({"InstanceProfile": to_api(world, profile)}))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let prefix = input.string("PathPrefix").unwrap_or("/");
    let profiles = world.iam.profiles.iter().filter(|(_, profile)| profile.path.starts_with(prefix));
    let shown = profiles.map(|(key, profile)| (key.clone(), to_api(world, profile)));
    listed(input, "InstanceProfiles", shown)
}

pub(super) fn list_for_role(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let role = name(input, "RoleName", 64)?.to_ascii_lowercase();
    if !world.iam.roles.contains_key(&role) {
        return Err(no_such_entity(format!("The role with name {role} cannot be found.")));
    }
    let profiles = world.iam.profiles.iter().filter(|(_, profile)| profile.roles.contains(&role));
    let shown = profiles.map(|(key, profile)| (key.clone(), to_api(world, profile)));
    listed(input, "InstanceProfiles", shown)
}

fn to_api(world: &World, profile: &Profile) -> Value {
    let held = profile.roles.iter().filter_map(|role| world.iam.roles.get(role));
    json!({
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created.iso8601(),
        "Roles": held.map(roles::to_api).collect::<Vec<_>>(),
    })
}
