//! Versions of a secret's value.

use serde_json::{Value, json};

use super::{
    Hidden, Secret, Version, arn_of, invalid_parameter, invalid_request, living, living_mut, not_found,
    seconds,
};
use crate::{AwsError, Input, Timestamp, World};

/// "65,536 bytes".
const LONGEST_VALUE_BYTES: usize = 65_536;
const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// `SecretString` or `SecretBinary`, if either is given.
pub(super) fn given(input: Input<'_>) -> Result<Option<Hidden>, AwsError> {
    let value = match (input.string("SecretString"), input.string("SecretBinary")) {
        (Some(_), Some(_)) => {
            return Err(invalid_parameter(
                "You can't specify both a binary secret value and a string secret value in the same secret.",
            ));
        }
        (Some(text), None) => Hidden::Text(text.to_owned()),
        (None, Some(binary)) => Hidden::Binary(binary.to_owned()),
        (None, None) => return Ok(None),
    };
    let (Hidden::Text(text) | Hidden::Binary(text)) = &value;
    if text.len() > LONGEST_VALUE_BYTES {
        return Err(AwsError::new(
            400,
            "ValidationException",
            format!("The secret value must have length less than or equal to {LONGEST_VALUE_BYTES}"),
        ));
    }
    Ok(Some(value))
}

/// Whether the client's token can be a version's id.
pub(super) fn check_token(input: Input<'_>) -> Result<(), AwsError> {
    match input.string("ClientRequestToken") {
        Some(token) if !(32..=64).contains(&token.len()) => {
            Err(invalid_parameter("ClientRequestToken must be between 32 and 64 characters long."))
        }
        Some(_) | None => Ok(()),
    }
}

/// The client's token, which every SDK makes, or one of ours.
pub(super) fn version_id(world: &mut World, input: Input<'_>, name: &str) -> String {
    match input.string("ClientRequestToken") {
        Some(token) => token.to_owned(),
        None => world.identities.uuid(&format!("secret version {name}")),
    }
}

/// Add a version that becomes the current one, or gets these stages.
pub(super) fn add(secret: &mut Secret, id: String, value: Hidden, now: Timestamp, stages: &[&str]) {
    let stages = if stages.is_empty() { &[CURRENT][..] } else { stages };
    if stages.contains(&CURRENT) {
        for version in secret.versions.values_mut() {
            version.stages.remove(PREVIOUS);
        }
        for version in secret.versions.values_mut().filter(|version| version.stages.contains(CURRENT)) {
            version.stages.insert(PREVIOUS.to_owned());
        }
    }
    for version in secret.versions.values_mut() {
        version.stages.retain(|stage| !stages.contains(&stage.as_str()));
    }
    let stages = stages.iter().map(|stage| (*stage).to_owned()).collect();
    secret.versions.insert(id, Version { value, created: now, stages });
    secret.changed = now;
}

/// The value that is current.
pub(super) fn current(secret: &Secret) -> Option<&Hidden> {
    let mut versions = secret.versions.values();
    versions.find(|version| version.stages.contains(CURRENT)).map(|version| &version.value)
}

pub(super) fn get(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let secret = living(world, input)?;
    let stage = input.string("VersionStage");
    let found = match input.string("VersionId") {
        Some(id) => secret
            .versions
            .get_key_value(id)
            .filter(|(_, version)| stage.is_none_or(|stage| version.stages.contains(stage)))
            .ok_or_else(|| {
                not_found(format!(
                    "Secrets Manager can't find the specified secret value for VersionId: {id}"
                ))
            }),
        None => {
            let stage = stage.unwrap_or(CURRENT);
            let mut versions = secret.versions.iter();
            versions.find(|(_, version)| version.stages.contains(stage)).ok_or_else(|| {
                not_found(format!(
                    "Secrets Manager can't find the specified secret value for staging label: {stage}"
                ))
            })
        }
    };
    let (id, version) = found?;
    let (member, value) = match &version.value {
        Hidden::Text(text) => ("SecretString", text),
        Hidden::Binary(binary) => ("SecretBinary", binary),
    };
    Ok(json!({
        "ARN": secret.arn, "Name": secret.name, "VersionId": id, member: value,
        "VersionStages": version.stages, "CreatedDate": seconds(version.created),
    }))
}

pub(super) fn put_value(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = living(world, input)?.name.clone();
    let value = given(input)?
        .ok_or_else(|| invalid_request("You must provide either SecretString or SecretBinary."))?;
    let stages: Vec<&str> = input.strings("VersionStages").collect();
    write(world, input, &name, value, &stages)
}

pub(super) fn update_secret(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = living(world, input)?.name.clone();
    let value = given(input)?;
    let answer = match value {
        Some(value) => write(world, input, &name, value, &[])?,
        None => {
            let secret = living_mut(world, input)?;
            json!({"ARN": secret.arn, "Name": secret.name})
        }
    };
    let now = world.now;
    let secret = living_mut(world, input)?;
    if let Some(description) = input.string("Description") {
        secret.description = Some(description.to_owned());
    }
    if let Some(key) = input.string("KmsKeyId") {
        secret.key_id = Some(key.to_owned());
    }
    secret.changed = now;
    Ok(answer)
}

/// The same token with the same value changes nothing; with another one it is refused.
fn write(
    world: &mut World,
    input: Input<'_>,
    name: &str,
    value: Hidden,
    stages: &[&str],
) -> Result<Value, AwsError> {
    check_token(input)?;
    let id = version_id(world, input, name);
    let now = world.now;
    let secret = living_mut(world, input)?;
    match secret.versions.get(&id) {
        Some(version) if version.value == value => {}
        Some(_) => {
            return Err(AwsError::new(
                400,
                "ResourceExistsException",
                format!(
                    "You can't use ClientRequestToken {id} because that value is already in use for a version of secret \
                     {}.",
                    secret.arn
                ),
            ));
        }
        None => add(secret, id.clone(), value, now, stages),
    }
    let stages = secret.versions.get(&id).map(|version| version.stages.clone()).unwrap_or_default();
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "VersionId": id, "VersionStages": stages}))
}

pub(super) fn list_versions(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let all = input.boolean("IncludeDeprecated")?.unwrap_or(false);
    let arn = arn_of(world, input)?;
    let secret = world.secrets_manager.secrets.get(&arn).ok_or_else(|| not_found(""))?;
    let versions = secret.versions.iter().filter(|(_, version)| all || !version.stages.is_empty());
    let versions = versions.map(|(id, version)| {
        json!({"VersionId": id, "VersionStages": version.stages, "CreatedDate": seconds(version.created)})
    });
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "Versions": versions.collect::<Vec<_>>()}))
}
