//! Vaults and the recovery points in them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{invalid, listed, required, seconds};
use crate::{AwsError, Input, Timestamp, World};

/// A vault.
#[derive(Debug, Clone)]
pub(super) struct Vault {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) created: Timestamp,
    pub(super) key_arn: Option<String>,
    /// By ARN.
    pub(super) points: BTreeMap<String, RecoveryPoint>,
}

/// A recovery point.
#[derive(Debug, Clone)]
pub(super) struct RecoveryPoint {
    pub(super) arn: String,
    pub(super) resource_arn: String,
    pub(super) resource_type: &'static str,
    pub(super) role_arn: String,
    pub(super) created: Timestamp,
    pub(super) completed: Timestamp,
    pub(super) lifecycle: Option<Value>,
}

/// What AWS answers of a vault that isn't there, to the owner too (aws-sdk-js issue 2625, boto3 issue 2269).
fn no_vault() -> AwsError {
    AwsError::new(403, "AccessDeniedException", "Insufficient privileges to perform this action.")
}

fn vault<'w>(world: &'w World, input: Input<'_>) -> Result<&'w Vault, AwsError> {
    world.backup.vaults.get(required(input, "BackupVaultName")?).ok_or_else(no_vault)
}

/// "Backup vault name … between 2 and 50 alphanumeric, -, _" (CreateBackupVault).
pub(super) fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (2..=50).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(invalid(
            "Invalid backup vault name: it must have 2 to 50 letters, digits, hyphens or underscores",
        ))
    }
}

pub(super) fn create_vault(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "BackupVaultName")?;
    check_name(name)?;
    if world.backup.vaults.contains_key(name) {
        return Err(AwsError::new(
            400,
            "AlreadyExistsException",
            format!("Backup vault with the same name already exists: {name}"),
        ));
    }
    let arn = world.arn("backup", &format!("backup-vault:{name}"));
    keep(world, name, &arn, input.string("EncryptionKeyArn"));
    Ok(json!({"BackupVaultName": name, "BackupVaultArn": arn, "CreationDate": seconds(world.now)}))
}

/// Add a vault, or change what can be changed of one.
pub(super) fn keep(world: &mut World, name: &str, arn: &str, key_arn: Option<&str>) {
    let now = world.now;
    let vault = world.backup.vaults.entry(name.to_owned()).or_insert_with(|| Vault {
        name: name.to_owned(),
        arn: arn.to_owned(),
        created: now,
        key_arn: None,
        points: BTreeMap::new(),
    });
    vault.key_arn = key_arn.map(str::to_owned);
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    vault(world, input).map(to_api)
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let vaults = world.backup.vaults.values();
    listed(input, "BackupVaultList", vaults.map(|vault| (vault.name.clone(), to_api(vault))))
}

fn to_api(vault: &Vault) -> Value {
    let mut fields = Map::new();
    fields.insert("BackupVaultName".to_owned(), json!(vault.name));
    fields.insert("BackupVaultArn".to_owned(), json!(vault.arn));
    fields.insert("VaultType".to_owned(), json!("BACKUP_VAULT"));
    fields.insert("CreationDate".to_owned(), json!(seconds(vault.created)));
    fields.insert("NumberOfRecoveryPoints".to_owned(), json!(vault.points.len()));
    fields.insert("Locked".to_owned(), json!(false));
    if let Some(key) = &vault.key_arn {
        fields.insert("EncryptionKeyArn".to_owned(), json!(key));
    }
    Value::Object(fields)
}

/// Whether a vault may go.
pub(super) fn check_empty(world: &World, name: &str) -> Result<(), AwsError> {
    match world.backup.vaults.get(name) {
        Some(vault) if !vault.points.is_empty() => Err(AwsError::new(
            400,
            "InvalidRequestException",
            "Backup vault cannot be deleted because it contains recovery points.",
        )),
        Some(_) | None => Ok(()),
    }
}

pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = vault(world, input)?.name.clone();
    check_empty(world, &name)?;
    world.backup.vaults.remove(&name);
    Ok(json!({}))
}

pub(super) fn list_points(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let vault = vault(world, input)?;
    let (resource, kind) = (input.string("resourceArn"), input.string("resourceType"));
    let points = vault.points.values().filter(|point| {
        resource.is_none_or(|arn| arn == point.resource_arn)
            && kind.is_none_or(|kind| kind == point.resource_type)
    });
    listed(input, "RecoveryPoints", points.map(|point| (point.arn.clone(), described_point(vault, point))))
}

fn no_point() -> AwsError {
    super::not_found("Recovery point does not exist.")
}

pub(super) fn describe_point(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let vault = vault(world, input)?;
    let point = vault.points.get(required(input, "RecoveryPointArn")?).ok_or_else(no_point)?;
    Ok(described_point(vault, point))
}

pub(super) fn delete_point(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = vault(world, input)?.name.clone();
    let arn = required(input, "RecoveryPointArn")?;
    let vault = world.backup.vaults.get_mut(&name).ok_or_else(no_vault)?;
    vault.points.remove(arn).map(|_| json!({})).ok_or_else(no_point)
}

fn described_point(vault: &Vault, point: &RecoveryPoint) -> Value {
    let mut shown = json!({
        "RecoveryPointArn": point.arn,
        "BackupVaultName": vault.name,
        "BackupVaultArn": vault.arn,
        "ResourceArn": point.resource_arn,
        "ResourceType": point.resource_type,
        "IamRoleArn": point.role_arn,
        "Status": "COMPLETED",
        "CreationDate": seconds(point.created),
        "CompletionDate": seconds(point.completed),
        "IsEncrypted": vault.key_arn.is_some(),
        "VaultType": "BACKUP_VAULT",
    });
    if let (Some(lifecycle), Some(fields)) = (&point.lifecycle, shown.as_object_mut()) {
        fields.insert("Lifecycle".to_owned(), lifecycle.clone());
    }
    shown
}
