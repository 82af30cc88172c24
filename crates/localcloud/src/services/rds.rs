//! RDS, as far as an upgrade touches it: databases with their storage and its rules, their statuses over time,
//! and their snapshots. Clusters, replicas and the data itself are not simulated.

mod describe;
mod durations;
mod engine;
mod instance;
mod maintenance;
mod modify;
mod operations;
pub mod provision;
mod snapshots;
mod storage;

use std::collections::BTreeMap;

pub use engine::upgrade_engine;
use instance::DbInstance;
pub use maintenance::plan as plan_maintenance;
use snapshots::DbSnapshot;
pub use storage::grow;

use crate::descriptor::{Descriptor, Permission, QUERY, Target, changes, reads};
use crate::wire::{query, xml};
use crate::{AwsError, Input, World};

/// How the items of RDS's lists are called, by the list.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html>
pub const ITEM_NAMES: &[(&str, &str)] = &[
    ("DBInstances", "DBInstance"),
    ("DBParameterGroups", "DBParameterGroup"),
    ("DBSnapshots", "DBSnapshot"),
    ("OptionGroupMemberships", "OptionGroupMembership"),
    ("Subnets", "Subnet"),
    ("TagList", "Tag"),
    ("VpcSecurityGroups", "VpcSecurityGroupMembership"),
];

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Timer {
    /// A database's present status has lasted its time.
    Instance {
        /// The database.
        id: String,
        /// Which of its statuses is meant; another one means that it has moved on.
        step: u64,
    },
    /// A snapshot is complete.
    Snapshot {
        /// The snapshot.
        id: String,
    },
}

/// Databases and their snapshots by identifier.
#[derive(Debug, Clone, Default)]
pub struct Rds {
    instances: BTreeMap<String, DbInstance>,
    snapshots: BTreeMap<String, DbSnapshot>,
}

/// A timer is due.
pub fn happen(world: &mut World, timer: Timer) {
    match timer {
        Timer::Instance { id, step } => instance::step_is_over(world, &id, step),
        Timer::Snapshot { id } => snapshots::complete(world, &id),
    }
}

/// What it is to the rest of the cloud.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "RDS",
    signing_name: "rds",
    version: Some("2014-10-31"),
    namespace: "http://rds.amazonaws.com/doc/2014-10-31/",
    lists: query::Lists::Named,
    items: xml::Items::Of(ITEM_NAMES),
    target: Target::Named(&[
        ("ResourceName", ""),
        ("DBInstanceIdentifier", "db:"),
        ("DBSnapshotIdentifier", "snapshot:"),
    ]),
    besides: |world, operation, input| match (operation, input.string("DBSnapshotIdentifier")) {
        ("CreateDBSnapshot", Some(name)) => {
            let snapshot = world.arn("rds", &format!("snapshot:{name}"));
            let mut needed = vec![Permission::new("rds:CreateDBSnapshot", snapshot.clone())];
            if input.objects("Tags").next().is_some() {
                needed.push(Permission::new("rds:AddTagsToResource", snapshot));
            }
            needed
        }
        _ => Vec::new(),
    },
    resource_types: provision::TYPES,
    operations: &[
        reads("DescribeDBInstances", describe::instances).on(Target::Computed(named_or_all)),
        // It names instances in filters only, which are no part of an ARN.
        reads("DescribePendingMaintenanceActions", maintenance::describe).on(Target::All("db:*")),
        reads("DescribeDBSnapshots", describe::snapshots),
        changes("ModifyDBInstance", operations::modify),
        changes("DeleteDBInstance", operations::delete),
        changes("CreateDBSnapshot", operations::create_snapshot),
        changes("DeleteDBSnapshot", operations::delete_snapshot),
        changes("AddTagsToResource", operations::add_tags),
        changes("RemoveTagsFromResource", operations::remove_tags),
        reads("ListTagsForResource", operations::list_tags),
    ],
    ..QUERY
};

/// An instance, or all of them: "…on resource: arn:aws:rds:…:db:*" is what RDS refuses a listing with.
fn named_or_all(world: &World, _operation: &str, input: Input<'_>) -> Vec<String> {
    vec![world.arn("rds", &format!("db:{}", input.string("DBInstanceIdentifier").unwrap_or("*")))]
}

/// Identifiers are kept in lower case (API reference, `DBInstanceIdentifier`: "Isn't case-sensitive").
fn required(input: Input<'_>, name: &str) -> Result<String, AwsError> {
    match input.string(name) {
        Some(text) if !text.is_empty() => Ok(text.to_lowercase()),
        _ => Err(refused(
            "InvalidParameterValue",
            format!("The parameter {name} must be provided and must not be blank."),
        )),
    }
}

fn refused(code: &str, words: impl Into<String>) -> AwsError {
    AwsError::new(if code.ends_with("NotFound") { 404 } else { 400 }, code, words)
}

/// A number or a flag of the wrong form, with RDS's code.
fn rephrased(error: AwsError) -> AwsError {
    refused("InvalidParameterValue", error.message)
}

fn instance_not_found(id: &str) -> AwsError {
    refused("DBInstanceNotFound", format!("DBInstance {id} not found."))
}

fn snapshot_not_found(id: &str) -> AwsError {
    refused("DBSnapshotNotFound", format!("DBSnapshot {id} not found."))
}

#[cfg(test)]
mod tests;
