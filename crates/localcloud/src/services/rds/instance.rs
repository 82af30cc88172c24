//! A database: its settings, its storage, its status over time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Timer, durations};
use crate::services::tags;
use crate::{Timestamp, World, timers};

/// The statuses of <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html> that happen
/// here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Creating,
    Available,
    Modifying,
    StorageOptimization,
    Deleting,
}

impl Status {
    /// RDS's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Status::Creating => "creating",
            Status::Available => "available",
            Status::Modifying => "modifying",
            Status::StorageOptimization => "storage-optimization",
            Status::Deleting => "deleting",
        }
    }

    /// It answers queries and takes changes.
    pub(super) fn takes_changes(self) -> bool {
        matches!(self, Status::Available | Status::StorageOptimization)
    }
}

/// A database.
#[derive(Debug, Clone)]
pub(super) struct DbInstance {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) created: Timestamp,
    pub(super) status: Status,
    /// Counts its statuses, so that a timer of an earlier one is known as stale.
    pub(super) step: u64,
    /// Settings that are given back as they came, in the API's form. The password is none of them.
    pub(super) described: Map<String, Value>,
    pub(super) endpoint: Value,
    /// What it has, in GiB, however it came to it.
    pub(super) allocated_gib: u64,
    /// How far storage autoscaling may go.
    pub(super) most_gib: Option<u64>,
    /// Changes that are not in force yet.
    pub(super) pending: Map<String, Value>,
    /// When its storage was changed last.
    pub(super) storage_changed: Option<Timestamp>,
    pub(super) tags: BTreeMap<String, String>,
    /// Maintenance actions that wait, each with when it is applied.
    pub(super) actions: BTreeMap<String, Option<String>>,
}

impl DbInstance {
    /// A setting's text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.described.get(name)?.as_str()
    }

    pub(super) fn engine(&self) -> &str {
        self.text("Engine").unwrap_or("mysql")
    }

    /// General purpose storage is what a database has that was created without a word about it (API reference,
    /// `StorageType`).
    pub(super) fn storage_type(&self) -> &str {
        self.text("StorageType").unwrap_or(if self.described.contains_key("Iops") { "io1" } else { "gp2" })
    }

    /// A cluster keeps the storage of its members: none of the rules for it apply.
    pub(super) fn is_in_cluster(&self) -> bool {
        self.engine().starts_with("aurora") || self.described.contains_key("DBClusterIdentifier")
    }

    /// As `DescribeDBInstances` shows it.
    pub(super) fn to_api(&self) -> Value {
        let mut fields = self.described.clone();
        let endpoint = if self.status == Status::Creating { &Value::Null } else { &self.endpoint };
        let own = [
            ("DBInstanceIdentifier", json!(self.id)),
            ("DBInstanceArn", json!(self.arn)),
            ("DBInstanceStatus", json!(self.status.name())),
            ("InstanceCreateTime", json!(self.created.iso8601())),
            ("Endpoint", endpoint.clone()),
            ("Engine", json!(self.engine())),
            ("StorageType", json!(self.storage_type())),
            ("AllocatedStorage", json!(self.allocated_gib)),
            ("MaxAllocatedStorage", json!(self.most_gib)),
            ("PendingModifiedValues", Value::Object(self.pending.clone())),
            ("TagList", tags::list(&self.tags)),
        ];
        fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
        // What a database has that was created without them.
        for (name, value) in [
            ("BackupRetentionPeriod", json!(1)),
            ("DeletionProtection", json!(false)),
            ("MultiAZ", json!(false)),
            ("PubliclyAccessible", json!(false)),
            ("StorageEncrypted", json!(false)),
            ("AutoMinorVersionUpgrade", json!(true)),
            // RDS takes one of the Region's; here it is always the same.
            ("PreferredMaintenanceWindow", json!("sun:05:00-sun:05:30")),
        ] {
            fields.entry(name).or_insert(value);
        }
        Value::Object(fields)
    }
}

/// Put a database into a status that lasts for a time.
pub(super) fn enter(world: &mut World, id: &str, status: Status, lasts: Duration) {
    let Some(instance) = world.rds.instances.get_mut(id) else { return };
    instance.status = status;
    instance.step += 1;
    let timer = Timer::Instance { id: id.to_owned(), step: instance.step };
    world.schedule(lasts, timers::Timer::Rds(timer));
}

/// A database's status has lasted its time.
pub(super) fn step_is_over(world: &mut World, id: &str, step: u64) {
    let now = world.now;
    let Some(instance) = world.rds.instances.get_mut(id) else { return };
    if instance.step != step {
        return;
    }
    match instance.status {
        Status::Creating | Status::StorageOptimization => instance.status = Status::Available,
        Status::Modifying => {
            if super::modify::put_in_force(instance, now) {
                enter(world, id, Status::StorageOptimization, durations::OPTIMIZATION);
            } else {
                instance.status = Status::Available;
            }
        }
        Status::Deleting => {
            world.rds.instances.remove(id);
        }
        // This lasts until something else happens.
        Status::Available => {}
    }
}
