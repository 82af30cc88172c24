//! Snapshots of databases: a copy of what the database was, complete after a time.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Timer, durations, instance_not_found, refused};
use crate::services::tags;
use crate::{AwsError, Timestamp, World, timers};

/// What a snapshot shows of its database.
const COPIED: &[&str] = &[
    "AvailabilityZone",
    "EngineVersion",
    "Iops",
    "KmsKeyId",
    "LicenseModel",
    "MasterUsername",
    "StorageThroughput",
];

/// A snapshot.
#[derive(Debug, Clone)]
pub(super) struct DbSnapshot {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) instance: String,
    pub(super) allocated_gib: u64,
    pub(super) is_complete: bool,
    pub(super) tags: BTreeMap<String, String>,
    started: Timestamp,
    described: Map<String, Value>,
}

impl DbSnapshot {
    /// As `DescribeDBSnapshots` shows it.
    pub(super) fn to_api(&self) -> Value {
        let mut fields = self.described.clone();
        let own = [
            ("DBSnapshotIdentifier", json!(self.id)),
            ("DBSnapshotArn", json!(self.arn)),
            ("DBInstanceIdentifier", json!(self.instance)),
            ("SnapshotType", json!("manual")),
            ("Status", json!(if self.is_complete { "available" } else { "creating" })),
            ("PercentProgress", json!(if self.is_complete { 100 } else { 0 })),
            ("SnapshotCreateTime", json!(self.started.iso8601())),
            ("AllocatedStorage", json!(self.allocated_gib)),
            ("TagList", tags::list(&self.tags)),
        ];
        fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(fields)
    }
}

/// Check a name for a new snapshot.
pub(super) fn check_name(world: &World, id: &str) -> Result<(), AwsError> {
    let is_good = id.len() <= 255
        && id.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        && !id.ends_with('-')
        && !id.contains("--");
    if !is_good {
        return Err(refused(
            "InvalidParameterValue",
            "The parameter DBSnapshotIdentifier is not a valid identifier. Identifiers must begin with a letter; must \
             contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two \
             consecutive hyphens.",
        ));
    }
    if world.rds.snapshots.contains_key(id) {
        return Err(refused(
            "DBSnapshotAlreadyExists",
            format!("Cannot create the snapshot because a snapshot with the identifier {id} already exists."),
        ));
    }
    Ok(())
}

/// Begin a snapshot of a database, as it is now. The name has been checked.
pub(super) fn begin(
    world: &mut World,
    instance_id: &str,
    id: &str,
    tags: BTreeMap<String, String>,
) -> Result<Value, AwsError> {
    let arn = world.arn("rds", &format!("snapshot:{id}"));
    let now = world.now;
    let instance = world.rds.instances.get(instance_id).ok_or_else(|| instance_not_found(instance_id))?;
    let copied =
        COPIED.iter().filter_map(|name| Some(((*name).to_owned(), instance.described.get(*name)?.clone())));
    let mut described: Map<String, Value> = copied.collect();
    let encrypted = instance.described.get("StorageEncrypted").cloned().unwrap_or(json!(false));
    for (name, value) in [
        ("Engine", json!(instance.engine())),
        ("StorageType", json!(instance.storage_type())),
        ("Encrypted", encrypted),
        ("InstanceCreateTime", json!(instance.created.iso8601())),
        ("Port", instance.endpoint.get("Port").cloned().unwrap_or(Value::Null)),
    ] {
        described.insert(name.to_owned(), value);
    }
    let snapshot = DbSnapshot {
        id: id.to_owned(),
        arn,
        instance: instance_id.to_owned(),
        allocated_gib: instance.allocated_gib,
        is_complete: false,
        tags,
        started: now,
        described,
    };
    let shown = snapshot.to_api();
    world.rds.snapshots.insert(id.to_owned(), snapshot);
    world.schedule(durations::SNAPSHOT, timers::Timer::Rds(Timer::Snapshot { id: id.to_owned() }));
    Ok(shown)
}

/// A snapshot's time is over.
pub(super) fn complete(world: &mut World, id: &str) {
    if let Some(snapshot) = world.rds.snapshots.get_mut(id) {
        snapshot.is_complete = true;
    }
}
