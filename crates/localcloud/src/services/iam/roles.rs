//! Roles. Their policies are in `own_policies`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::document::{Kind, Policy};
use super::{
    Identity, RoleSettings, already_exists, arn, delete_conflict, encoded, listed, malformed, name,
    no_such_entity, path, unique_id,
};
use crate::services::tags;
use crate::{AwsError, Input, World};

/// Sessions last an hour at most, unless the role says otherwise, and never longer than twelve.
const USUAL_SESSION_SECONDS: i64 = 3600;
const LONGEST_SESSION_SECONDS: i64 = 12 * 3600;

pub(super) fn create_role(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = name(input, "RoleName", 64)?;
    let trust = input.required_string("AssumeRolePolicyDocument")?;
    Policy::parse(trust, Kind::Trust).map_err(malformed)?;
    let path = path(input)?;
    let longest = longest_session(input)?;
    let key = name.to_ascii_lowercase();
    if world.iam.roles.contains_key(&key) {
        return Err(already_exists(format!("Role with name {name} already exists.")));
    }
    let role = Identity {
        name: name.to_owned(),
        path: path.to_owned(),
        arn: arn(world, "role", path, name),
        id: unique_id(world, "AROA", name),
        created: world.now,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        boundary: input.string("PermissionsBoundary").map(str::to_owned),
        tags: tags::read(input),
        role: Some(RoleSettings {
            trust: trust.to_owned(),
            longest_session_seconds: longest,
            description: input.string("Description").map(str::to_owned),
        }),
    };
    let answer = json!({"Role": to_api(&role)});
    world.iam.roles.insert(key, role);
    Ok(answer)
}

/// `MaxSessionDuration`.
pub(super) fn longest_session(input: Input<'_>) -> Result<i64, AwsError> {
    let seconds = input.integer("MaxSessionDuration")?.unwrap_or(USUAL_SESSION_SECONDS);
    if (USUAL_SESSION_SECONDS..=LONGEST_SESSION_SECONDS).contains(&seconds) {
        return Ok(seconds);
    }
    let (bound, limit) = if seconds < USUAL_SESSION_SECONDS {
        ("greater", USUAL_SESSION_SECONDS)
    } else {
        ("less", LONGEST_SESSION_SECONDS)
    };
    Err(AwsError::validation(format!(
        "1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member \
         must have value {bound} than or equal to {limit}"
    )))
}

fn missing(name: &str) -> AwsError {
    no_such_entity(format!("The role with name {name} cannot be found."))
}

fn found<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Identity, AwsError> {
    let name = name(input, "RoleName", 64)?;
    world.iam.roles.get(&name.to_ascii_lowercase()).ok_or_else(|| missing(name))
}

fn found_mut<'w>(world: &'w mut World, input: Input<'_>) -> Result<&'w mut Identity, AwsError> {
    let name = name(input, "RoleName", 64)?;
    world.iam.roles.get_mut(&name.to_ascii_lowercase()).ok_or_else(|| missing(name))
}

pub(super) fn get(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    Ok(json!({"Role": to_api(found(world, input)?)}))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let prefix = input.string("PathPrefix").unwrap_or("/");
    let roles = world.iam.roles.iter().filter(|(_, role)| role.path.starts_with(prefix));
    listed(input, "Roles", roles.map(|(key, role)| (key.clone(), to_api(role))))
}

pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let role = found(world, input)?;
    let key = role.name.to_ascii_lowercase();
    if world.iam.profiles.values().any(|profile| profile.roles.contains(&key)) {
        return Err(delete_conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    if !role.attached.is_empty() {
        return Err(delete_conflict("Cannot delete entity, must detach all policies first."));
    }
    if !role.inline.is_empty() {
        return Err(delete_conflict("Cannot delete entity, must delete policies first."));
    }
    world.iam.roles.remove(&key);
    Ok(json!({}))
}

pub(super) fn update_trust(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let document = input.required_string("PolicyDocument")?;
    let role = found_mut(world, input)?;
    Policy::parse(document, Kind::Trust).map_err(malformed)?;
    if let Some(settings) = &mut role.role {
        document.clone_into(&mut settings.trust);
    }
    Ok(json!({}))
}

/// A role as it is answered.
pub(super) fn to_api(role: &Identity) -> Value {
    let settings = role.role.as_ref();
    let mut shown = json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created.iso8601(),
        "AssumeRolePolicyDocument": encoded(settings.map_or("", |settings| &settings.trust)),
        "Description": settings.and_then(|settings| settings.description.as_ref()),
        "MaxSessionDuration": settings.map(|settings| settings.longest_session_seconds),
    });
    if let Some(fields) = shown.as_object_mut() {
        if let Some(boundary) = &role.boundary {
            let boundary = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary});
            fields.insert("PermissionsBoundary".to_owned(), boundary);
        }
        if !role.tags.is_empty() {
            fields.insert("Tags".to_owned(), tags::list(&role.tags));
        }
    }
    shown
}
