//! The operations that change databases and snapshots.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::instance::{self, Status};
use super::{
    durations, instance_not_found, modify, refused, rephrased, required, snapshot_not_found, snapshots,
};
use crate::services::tags;
use crate::{AwsError, Input, World};

/// The tags of a request or a template.
pub(super) fn tags(input: Input<'_>) -> BTreeMap<String, String> {
    let pairs = input.objects("Tags").filter_map(|tag| {
        let key = tag.string("Key").filter(|key| !key.is_empty())?;
        Some((key.to_owned(), tag.string("Value").unwrap_or_default().to_owned()))
    });
    pairs.collect()
}

pub(super) fn modify(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = required(input, "DBInstanceIdentifier")?;
    let immediately = input.boolean("ApplyImmediately").map_err(rephrased)?.unwrap_or(false);
    let status = world.rds.instances.get(&id).ok_or_else(|| instance_not_found(&id))?.status;
    if !status.takes_changes() {
        return Err(modify::not_available());
    }
    let wanted = modify::modification(world, &id, input)?;
    modify::change(world, &id, wanted, immediately);
    Ok(json!({"DBInstance": world.rds.instances.get(&id).map(instance::DbInstance::to_api)}))
}

/// With a final snapshot, unless it is to be skipped.
pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = required(input, "DBInstanceIdentifier")?;
    check_deletion(world, &id)?;
    let skips = input.boolean("SkipFinalSnapshot").map_err(rephrased)?.unwrap_or(false);
    match input.string("FinalDBSnapshotIdentifier") {
        Some(_) if skips => {
            return Err(refused(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier can not be specified when deleting an instance with SkipFinalSnapshot",
            ));
        }
        Some(name) => {
            let name = name.to_lowercase();
            snapshots::check_name(world, &name)?;
            snapshots::begin(world, &id, &name, BTreeMap::new())?;
        }
        None if skips => {}
        None => {
            return Err(refused(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            ));
        }
    }
    instance::enter(world, &id, Status::Deleting, durations::DELETION);
    Ok(json!({"DBInstance": world.rds.instances.get(&id).map(instance::DbInstance::to_api)}))
}

/// A protected database stays.
pub(super) fn check_deletion(world: &World, id: &str) -> Result<(), AwsError> {
    let instance = world.rds.instances.get(id).ok_or_else(|| instance_not_found(id))?;
    if instance.status == Status::Deleting {
        return Err(refused("InvalidDBInstanceState", format!("Instance {id} is already being deleted.")));
    }
    let protection = instance.described.get("DeletionProtection");
    let is_protected = protection.is_some_and(|flag| {
        flag.as_bool() == Some(true) || flag.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    });
    if is_protected {
        return Err(refused(
            "InvalidParameterCombination",
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        ));
    }
    Ok(())
}

pub(super) fn create_snapshot(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "DBSnapshotIdentifier")?;
    let id = required(input, "DBInstanceIdentifier")?;
    let instance = world.rds.instances.get(&id).ok_or_else(|| instance_not_found(&id))?;
    if !instance.status.takes_changes() {
        return Err(refused(
            "InvalidDBInstanceState",
            format!(
                "Cannot create a snapshot because the database instance {id} is not currently in the available state."
            ),
        ));
    }
    snapshots::check_name(world, &name)?;
    let shown = snapshots::begin(world, &id, &name, tags(input))?;
    Ok(json!({"DBSnapshot": shown}))
}

pub(super) fn delete_snapshot(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = required(input, "DBSnapshotIdentifier")?;
    let snapshot = world.rds.snapshots.get(&id).ok_or_else(|| snapshot_not_found(&id))?;
    if !snapshot.is_complete {
        return Err(refused(
            "InvalidDBSnapshotState",
            "Cannot delete the snapshot because it is not currently in the available state.",
        ));
    }
    let mut shown = snapshot.to_api();
    shown["Status"] = json!("deleted");
    world.rds.snapshots.remove(&id);
    Ok(json!({"DBSnapshot": shown}))
}

pub(super) fn add_tags(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let given = tags(input);
    tagged(world, input)?.extend(given);
    Ok(json!({}))
}

pub(super) fn remove_tags(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let tags = tagged(world, input)?;
    for key in input.strings("TagKeys") {
        tags.remove(key);
    }
    Ok(json!({}))
}

pub(super) fn list_tags(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let tags = match named(input)? {
        Named::Database(id) => world.rds.instances.get(id).map(|found| &found.tags),
        Named::Snapshot(id) => world.rds.snapshots.get(id).map(|found| &found.tags),
    };
    Ok(json!({"TagList": tags::list(tags.ok_or_else(|| not_found(input))?)}))
}

/// What `ResourceName`, an ARN, names.
enum Named<'a> {
    Database(&'a str),
    Snapshot(&'a str),
}

fn named<'a>(input: Input<'a>) -> Result<Named<'a>, AwsError> {
    let arn = input.string("ResourceName").unwrap_or_default();
    let mut parts = arn.rsplit(':');
    match (parts.next().unwrap_or_default(), parts.next()) {
        (id, Some("db")) => Ok(Named::Database(id)),
        (id, Some("snapshot")) => Ok(Named::Snapshot(id)),
        _ => Err(refused("InvalidParameterValue", format!("Invalid resource name: {arn}"))),
    }
}

/// That there is no such thing.
fn not_found(input: Input<'_>) -> AwsError {
    match named(input) {
        Ok(Named::Database(id)) => instance_not_found(id),
        Ok(Named::Snapshot(id)) => snapshot_not_found(id),
        Err(refusal) => refusal,
    }
}

fn tagged<'w>(world: &'w mut World, input: Input<'_>) -> Result<&'w mut BTreeMap<String, String>, AwsError> {
    let tags = match named(input)? {
        Named::Database(id) => world.rds.instances.get_mut(id).map(|found| &mut found.tags),
        Named::Snapshot(id) => world.rds.snapshots.get_mut(id).map(|found| &mut found.tags),
    };
    tags.ok_or_else(|| not_found(input))
}
