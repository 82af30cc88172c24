//! `AWS::Backup::BackupVault`, `BackupPlan` and `BackupSelection`. Names, ids and ARNs are made as for every type without
//! a service of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::plans::{Plan, Selection};
use super::vaults;
use crate::generic;
use crate::properties::{self, Members};
use crate::resource::{Desired, ProvisionError, Provisioned, ResourceType};
use crate::{Input, World};

const VAULT: &str = "AWS::Backup::BackupVault";
const PLAN: &str = "AWS::Backup::BackupPlan";
/// A plan as the API writes it.
const MEMBERS: Members = Members {
    integers: &[
        "StartWindowMinutes",
        "CompletionWindowMinutes",
        "DeleteAfterDays",
        "MoveToColdStorageAfterDays",
    ],
    booleans: &["EnableContinuousBackup", "OptInToArchiveForSupportedResources"],
    maps: &[],
    renamed: &[("BackupPlanRule", "Rules"), ("TargetBackupVault", "TargetBackupVaultName")],
    list: "",
    integers_of_items: &[],
};

const ANY: ResourceType = ResourceType { create, update, finish_delete, ..generic::ANY };

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType { name: VAULT, delete, ..ANY },
    ResourceType { name: PLAN, ..ANY },
    ResourceType { name: "AWS::Backup::BackupSelection", ..ANY },
];

/// Create the resource.
///
/// # Errors
/// In AWS Backup's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    if desired.type_name == VAULT
        && let Some(name) = Input(&properties).string("BackupVaultName")
    {
        vaults::check_name(name)?;
        // A vault of another stack is refused in CloudFormation's words.
        if world.backup.vaults.contains_key(name) && !world.generic.exists(VAULT, name) {
            return Err(ProvisionError {
                reason: format!("Backup vault with the same name already exists: {name}"),
            });
        }
    }
    let provisioned = generic::create(world, desired)?;
    keep(world, desired, Input(&properties), &provisioned);
    Ok(provisioned)
}

/// Change the resource in place.
///
/// # Errors
/// In AWS Backup's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let provisioned = generic::update(world, desired)?;
    keep(world, desired, Input(&properties), &provisioned);
    Ok(provisioned)
}

/// Begin to delete a vault.
///
/// # Errors
/// When it still holds recovery points.
fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    vaults::check_empty(world, desired.id())?;
    Ok(Duration::ZERO)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    generic::finish_delete(world, type_name, physical_id);
    match type_name {
        VAULT => drop(world.backup.vaults.remove(physical_id)),
        PLAN => drop(world.backup.plans.remove(physical_id)),
        _ => {
            for plan in world.backup.plans.values_mut() {
                plan.selections.retain(|id, _| !belongs(physical_id, id));
            }
        }
    }
}

/// A selection's physical id begins with the selection's own id.
fn belongs(physical_id: &str, selection: &str) -> bool {
    physical_id.split(['_', '|']).next() == Some(selection)
}

fn keep(world: &mut World, desired: &Desired<'_>, input: Input<'_>, provisioned: &Provisioned) {
    let now = world.now;
    match desired.type_name {
        VAULT => {
            let arn = provisioned.text("BackupVaultArn");
            vaults::keep(world, &provisioned.physical_id, arn, input.string("EncryptionKeyArn"));
        }
        PLAN => {
            let id = provisioned.physical_id.clone();
            let plan = world.backup.plans.entry(id.clone()).or_insert_with(|| Plan {
                id,
                arn: provisioned.text("BackupPlanArn").to_owned(),
                version: provisioned.text("VersionId").to_owned(),
                created: now,
                document: Value::Null,
                selections: BTreeMap::new(),
            });
            plan.document = MEMBERS.typed(input.0.get("BackupPlan").cloned().unwrap_or_else(|| json!({})));
        }
        _ => {
            let id = provisioned.physical_id.split(['_', '|']).next().unwrap_or_default().to_owned();
            let plan = input.string("BackupPlanId").and_then(|plan| world.backup.plans.get_mut(plan));
            if let Some(plan) = plan {
                let document = input.0.get("BackupSelection").cloned().unwrap_or_default();
                plan.selections.insert(id.clone(), Selection { id, created: now, document });
            }
        }
    }
}
