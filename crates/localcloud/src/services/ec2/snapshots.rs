//! Snapshots of volumes: complete after a time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Timer, durations, filter, paged, refused, required, tags, volumes};
use crate::{AwsError, Input, Timestamp, World, timers};

const FILTERS: &[filter::Known] = &[
    ("description", "description"),
    ("encrypted", "encrypted"),
    ("owner-id", "ownerId"),
    ("progress", "progress"),
    ("snapshot-id", "snapshotId"),
    ("start-time", "startTime"),
    ("status", "status"),
    ("volume-id", "volumeId"),
    ("volume-size", "volumeSize"),
];

/// A snapshot.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) size_gib: u64,
    volume: String,
    description: String,
    is_encrypted: bool,
    started: Timestamp,
    is_complete: bool,
}

impl Snapshot {
    fn to_api(&self, world: &World, id: &str) -> Value {
        json!({
            "snapshotId": id,
            "volumeId": self.volume,
            "status": if self.is_complete { "completed" } else { "pending" },
            "startTime": self.started.iso8601(),
            "progress": if self.is_complete { "100%" } else { "" },
            "ownerId": world.config.account_id,
            "volumeSize": self.size_gib,
            "description": self.description,
            "encrypted": self.is_encrypted,
            "storageTier": "standard",
            "tagSet": tags::tag_set(world, id),
        })
    }
}

pub(super) fn create(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let volume = required(input, "VolumeId")?;
    let description = input.string("Description").unwrap_or_default();
    let id = begin(world, volume, description, tags::specified(input, "snapshot"))?;
    Ok(world.ec2.snapshots.get(&id).map_or(Value::Null, |snapshot| snapshot.to_api(world, &id)))
}

/// Begin a snapshot of a volume, as it is now; gives its id.
pub(super) fn begin(
    world: &mut World,
    volume_id: &str,
    description: &str,
    tags: BTreeMap<String, String>,
) -> Result<String, AwsError> {
    let volume = world.ec2.volumes.get(volume_id).ok_or_else(|| volumes::not_found(volume_id))?;
    let snapshot = Snapshot {
        size_gib: volume.size_gib,
        volume: volume_id.to_owned(),
        description: description.to_owned(),
        is_encrypted: volume.is_encrypted,
        started: world.now,
        is_complete: false,
    };
    let id = format!("snap-{}", world.identities.hex(&format!("snapshot of {volume_id}"), 17));
    world.ec2.snapshots.insert(id.clone(), snapshot);
    world.ec2.tags.insert(id.clone(), tags);
    world.schedule(durations::SNAPSHOT, timers::Timer::Ec2(Timer::Snapshot { id: id.clone() }));
    Ok(id)
}

/// A snapshot's time is over.
pub(super) fn complete(world: &mut World, id: &str) {
    if let Some(snapshot) = world.ec2.snapshots.get_mut(id) {
        snapshot.is_complete = true;
    }
}

pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = required(input, "SnapshotId")?;
    world.ec2.snapshots.remove(id).ok_or_else(|| not_found(id))?;
    world.ec2.tags.remove(id);
    Ok(json!({"return": true}))
}

pub(super) fn not_found(id: &str) -> AwsError {
    refused("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist."))
}

/// All snapshots here are the account's own; another owner has none that are seen.
pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let filters = filter::parse(input, FILTERS)?;
    let ids: Vec<&str> = input.strings("SnapshotId").collect();
    let owners: Vec<&str> = input.strings("Owner").collect();
    if let Some(id) = ids.iter().find(|id| !world.ec2.snapshots.contains_key(**id)) {
        return Err(not_found(id));
    }
    let is_owner =
        owners.is_empty() || owners.iter().any(|owner| *owner == "self" || *owner == world.config.account_id);
    let found = world
        .ec2
        .snapshots
        .iter()
        .filter(|(id, _)| is_owner && (ids.is_empty() || ids.contains(&id.as_str())));
    let shown = found.map(|(id, snapshot)| (id.clone(), snapshot.to_api(world, id)));
    paged(input, "snapshotSet", shown.filter(|(_, shown)| filters.take(shown)))
}
