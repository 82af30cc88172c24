//! Secrets Manager: secrets with their versions. No `Debug` here shows a value. Rotation, replication and resource
//! policies are not simulated.

mod generate;
pub mod provision;
mod secrets;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::descriptor::{Descriptor, Errors, Rate, TARGET_JSON, Target, changes, reads, unknown_operation};
use crate::{AwsError, Input, Timestamp, World};

/// Secrets by ARN.
#[derive(Debug, Clone, Default)]
pub struct SecretsManager {
    secrets: BTreeMap<String, Secret>,
}

#[derive(Debug, Clone)]
struct Secret {
    name: String,
    arn: String,
    description: Option<String>,
    key_id: Option<String>,
    created: Timestamp,
    changed: Timestamp,
    /// When it is gone, once somebody has deleted it.
    deleted_on: Option<Timestamp>,
    tags: BTreeMap<String, String>,
    /// By version id.
    versions: BTreeMap<String, Version>,
}

#[derive(Debug, Clone)]
struct Version {
    value: Hidden,
    created: Timestamp,
    /// `AWSCURRENT`, `AWSPREVIOUS`, and whatever else was attached.
    stages: BTreeSet<String>,
}

/// A value that `Debug` doesn't show.
#[derive(Clone, PartialEq, Eq)]
enum Hidden {
    /// `SecretString`.
    Text(String),
    /// `SecretBinary`, in base64.
    Binary(String),
}

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whether it has changed may be seen, by its length alone.
        let (Hidden::Text(text) | Hidden::Binary(text)) = self;
        write!(formatter, "<{} characters>", text.chars().count())
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "Secrets Manager",
    signing_name: "secretsmanager",
    errors: Errors { server_error: "InternalServiceError", ..TARGET_JSON.errors },
    unknown_operation,
    // Recorded (`test_cfn_handle_secretsmanager_secret`).
    error_words: "Message",
    target: Target::Named(&[("SecretId", "secret:")]),
    // <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>
    rates: &[
        Rate::shared("reading", &["DescribeSecret", "GetSecretValue"], 10_000),
        Rate::shared("writing", &["PutSecretValue", "UpdateSecret"], 50),
        Rate::each(&["CreateSecret", "DeleteSecret", "RestoreSecret", "ListSecretVersionIds"], 50),
        Rate::each(&["ListSecrets"], 100),
    ],
    resource_types: provision::TYPES,
    operations: &[
        changes("CreateSecret", secrets::create_secret),
        reads("DescribeSecret", secrets::describe),
        reads("ListSecrets", secrets::list),
        changes("DeleteSecret", secrets::delete),
        changes("RestoreSecret", secrets::restore),
        reads("GetSecretValue", values::get),
        changes("PutSecretValue", values::put_value),
        changes("UpdateSecret", values::update_secret),
        reads("ListSecretVersionIds", values::list_versions),
    ],
    ..TARGET_JSON
};

fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ResourceNotFoundException", message)
}

fn invalid_parameter(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidParameterException", message)
}

fn invalid_request(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidRequestException", message)
}

/// A secret by its name, its ARN, or its ARN without the six characters at the end.
fn arn_of(world: &World, input: Input<'_>) -> Result<String, AwsError> {
    let id = input.string("SecretId").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| {
        invalid_parameter("You must provide either a name or an ARN for the parameter SecretId.")
    })?;
    let without_suffix = |arn: &str| arn.rsplit_once('-').is_some_and(|(start, _)| start == id);
    let found = world
        .secrets_manager
        .secrets
        .values()
        .find(|secret| secret.arn == id || secret.name == id || without_suffix(&secret.arn));
    match found {
        // "At the end of the recovery window, Secrets Manager permanently deletes the secret."
        Some(secret) if secret.deleted_on.is_none_or(|on| on > world.now) => Ok(secret.arn.clone()),
        Some(_) | None => Err(not_found("Secrets Manager can't find the specified secret.")),
    }
}

/// A secret that isn't on its way out.
fn living<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Secret, AwsError> {
    let arn = arn_of(world, input)?;
    let secret = world.secrets_manager.secrets.get(&arn).filter(|secret| secret.deleted_on.is_none());
    secret.ok_or_else(marked_for_deletion)
}

fn living_mut<'w>(world: &'w mut World, input: Input<'_>) -> Result<&'w mut Secret, AwsError> {
    let arn = arn_of(world, input)?;
    let secret = world.secrets_manager.secrets.get_mut(&arn).filter(|secret| secret.deleted_on.is_none());
    secret.ok_or_else(marked_for_deletion)
}

fn marked_for_deletion() -> AwsError {
    invalid_request("You can't perform this operation on the secret because it was marked for deletion.")
}

/// Times are seconds in JSON 1.1.
fn seconds(at: Timestamp) -> f64 {
    crate::wire::times::seconds(at.0)
}

#[cfg(test)]
mod tests;
