//! AWS Backup: vaults with recovery points, plans with selections, and jobs that make recovery points over time.
//! Plans don't start jobs by themselves here, and nothing is copied or restored.

mod durations;
mod jobs;
mod plans;
pub mod provision;
mod vaults;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::services::paging::page;
use crate::{AwsError, Input, Timestamp, World};

/// Vaults by name, plans and jobs by id.
#[derive(Debug, Default)]
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

/// Answer a request.
///
/// # Errors
/// In AWS Backup's words.
pub fn handle(world: &mut World, operation: &str, input: Input<'_>) -> Result<Value, AwsError> {
    match operation {
        "CreateBackupVault" => vaults::create_vault(world, input),
        "DescribeBackupVault" => vaults::describe(world, input),
        "ListBackupVaults" => vaults::list(world, input),
        "DeleteBackupVault" => vaults::delete(world, input),
        "ListRecoveryPointsByBackupVault" => vaults::list_points(world, input),
        "DescribeRecoveryPoint" => vaults::describe_point(world, input),
        "DeleteRecoveryPoint" => vaults::delete_point(world, input),
        "StartBackupJob" => jobs::start(world, input),
        "StopBackupJob" => jobs::stop(world, input),
        "DescribeBackupJob" => jobs::describe(world, input),
        "ListBackupJobs" => jobs::list(world, input),
        "ListBackupPlans" => plans::list(world, input),
        "GetBackupPlan" => plans::get(world, input),
        "ListBackupSelections" => plans::list_selections(world, input),
        "GetBackupSelection" => plans::get_selection(world, input),
        _ => Err(AwsError::new(400, "UnknownOperationException", "")),
    }
}

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
