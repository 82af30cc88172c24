//! AWS Backup: vaults with recovery points, plans with selections, and jobs that make recovery points over time.
//! Plans don't start jobs by themselves here, and nothing is copied or restored.

mod durations;
mod jobs;
mod plans;
pub mod provision;
mod vaults;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::descriptor::{Descriptor, Errors, REST_JSON, Target, changes, reads, unknown_operation};
use crate::services::paging::page;
use crate::{AwsError, Input, Timestamp, World};

/// Vaults by name, plans and jobs by id.
#[derive(Debug, Clone, Default)]
pub struct Backup {
    vaults: BTreeMap<String, vaults::Vault>,
    plans: BTreeMap<String, plans::Plan>,
    jobs: BTreeMap<String, jobs::Job>,
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Timer {
    /// A job's present state has lasted its time.
    Job {
        /// The job's id.
        job: String,
    },
}

/// A timer is due.
pub fn happen(world: &mut World, timer: Timer) {
    match timer {
        Timer::Job { job } => jobs::step_is_over(world, &job),
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "AWS Backup",
    signing_name: "backup",
    errors: Errors {
        throttled: (400, "ThrottlingException", "Rate exceeded"),
        server_error: "ServiceUnavailableException",
        ..REST_JSON.errors
    },
    unknown_operation,
    target: Target::Named(&[("backupVaultName", "backup-vault:")]),
    resource_types: provision::TYPES,
    operations: &[
        changes("CreateBackupVault", vaults::create_vault).at("PUT", "/backup-vaults/{backupVaultName}"),
        reads("DescribeBackupVault", vaults::describe).at("GET", "/backup-vaults/{backupVaultName}"),
        reads("ListBackupVaults", vaults::list).at("GET", "/backup-vaults"),
        changes("DeleteBackupVault", vaults::delete).at("DELETE", "/backup-vaults/{backupVaultName}"),
        reads("ListRecoveryPointsByBackupVault", vaults::list_points)
            .at("GET", "/backup-vaults/{backupVaultName}/recovery-points"),
        reads("DescribeRecoveryPoint", vaults::describe_point)
            .at("GET", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}"),
        changes("DeleteRecoveryPoint", vaults::delete_point)
            .at("DELETE", "/backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}"),
        changes("StartBackupJob", jobs::start).at("PUT", "/backup-jobs"),
        changes("StopBackupJob", jobs::stop).at("POST", "/backup-jobs/{backupJobId}"),
        reads("DescribeBackupJob", jobs::describe).at("GET", "/backup-jobs/{backupJobId}"),
        reads("ListBackupJobs", jobs::list).at("GET", "/backup-jobs"),
        reads("ListBackupPlans", plans::list).at("GET", "/backup/plans"),
        reads("GetBackupPlan", plans::get).at("GET", "/backup/plans/{backupPlanId}"),
        reads("ListBackupSelections", plans::list_selections)
            .at("GET", "/backup/plans/{backupPlanId}/selections"),
        reads("GetBackupSelection", plans::get_selection)
            .at("GET", "/backup/plans/{backupPlanId}/selections/{selectionId}"),
    ],
    ..REST_JSON
};

fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "ResourceNotFoundException", message)
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new(400, "InvalidParameterValueException", message)
}

/// A parameter; the path's are in lower camel case, the body's in upper.
fn required<'a>(input: Input<'a>, name: &str) -> Result<&'a str, AwsError> {
    let lower: String =
        name.chars().take(1).flat_map(char::to_lowercase).chain(name.chars().skip(1)).collect();
    let value = input.string(name).or_else(|| input.string(&lower)).filter(|text| !text.is_empty());
    value.ok_or_else(|| {
        AwsError::new(400, "MissingParameterValueException", format!("Missing required parameter: {name}"))
    })
}

/// A page under its name, its token only if there is one.
fn listed(
    input: Input<'_>,
    under: &str,
    items: impl IntoIterator<Item = (String, Value)>,
) -> Result<Value, AwsError> {
    let most = input.integer("maxResults").map_err(|error| invalid(error.message))?.unwrap_or(1000);
    let most = usize::try_from(most).ok().filter(|most| (1..=1000).contains(most));
    let most = most.ok_or_else(|| invalid("maxResults must be between 1 and 1000"))?;
    let page = page(items, input.string("nextToken"), most).map_err(|_| invalid("Invalid nextToken"))?;
    let mut fields = Map::new();
    fields.insert(under.to_owned(), Value::Array(page.items));
    if let Some(token) = page.next_token {
        fields.insert("NextToken".to_owned(), Value::String(token));
    }
    Ok(Value::Object(fields))
}

/// Times are seconds in REST-JSON.
fn seconds(at: Timestamp) -> f64 {
    crate::wire::times::seconds(at.0)
}

#[cfg(test)]
mod tests;
