//! `AWS::RDS::DBInstance`: the identifier and the attributes are the generic resource's, the record is ours.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use template::Value as Attribute;

use super::instance::{DbInstance, Status};
use super::{
    describe, durations, instance, modify, operations, refused, snapshot_not_found, snapshots, storage,
};
use crate::generic;
use crate::properties;
use crate::resource::{ArnForm, Desired, Live, ProvisionError, Provisioned, ResourceType, answer_at};
use crate::{Input, World};

/// What a database has whose template says nothing of its storage. Assumption: the least of general purpose storage.
const USUAL_GIB: u64 = 20;

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType {
        name: "AWS::RDS::DBInstance",
        create,
        update,
        delete,
        finish_delete,
        leave_snapshot,
        live: Some(Live {
            ask: |world, id| {
                let asked = json!({"DBInstanceIdentifier": id});
                answer_at(describe::instances(world, Input(&asked)), "/DBInstances/0")
            },
            within: None,
            properties: &[
                ("AllocatedStorage", "AllocatedStorage"),
                ("MaxAllocatedStorage", "MaxAllocatedStorage"),
                ("DBInstanceClass", "DBInstanceClass"),
                ("EngineVersion", "EngineVersion"),
            ],
        }),
        ..generic::ANY
    },
    ResourceType { name: "AWS::RDS::DBSubnetGroup", arn: ArnForm::Id("rds", "subgrp:"), ..generic::ANY },
];

/// Create a database.
///
/// # Errors
/// In RDS's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let input = Input(&properties);
    let mut made = DbInstance {
        id: String::new(),
        arn: String::new(),
        created: world.now,
        status: Status::Creating,
        step: 0,
        described: modify::first_settings(input),
        endpoint: Value::Null,
        allocated_gib: 0,
        most_gib: modify::gib(input, "MaxAllocatedStorage")?,
        pending: Map::new(),
        storage_changed: None,
        actions: BTreeMap::new(),
        tags: tags(desired, input),
    };
    made.allocated_gib = match modify::gib(input, "AllocatedStorage")? {
        Some(size) => size,
        None => restored_gib(world, input)?.unwrap_or(USUAL_GIB),
    };
    if made.most_gib.is_some_and(|most| most <= made.allocated_gib) {
        return Err(refused(
            "InvalidParameterCombination",
            "Max storage size must be greater than storage size",
        )
        .into());
    }
    let mut provisioned = generic::create(world, desired)?;
    if !input.has("Port") {
        let port = Attribute::String(usual_port(made.engine()).to_owned());
        let id = &provisioned.physical_id;
        world.generic.set_attribute(desired.type_name, id, "Endpoint.Port", port.clone());
        provisioned.attributes.insert("Endpoint.Port".to_owned(), port);
    }
    let attribute = |name: &str| match provisioned.attributes.get(name) {
        Some(Attribute::String(text)) => json!(text),
        _ => Value::Null,
    };
    let id = key(&provisioned.physical_id);
    made.id.clone_from(&id);
    made.arn = world.arn("rds", &format!("db:{id}"));
    made.endpoint = json!({
        "Address": attribute("Endpoint.Address"),
        "Port": attribute("Endpoint.Port"),
        "HostedZoneId": attribute("Endpoint.HostedZoneId"),
    });
    made.described.insert("DbiResourceId".to_owned(), attribute("DbiResourceId"));
    world.rds.instances.insert(id.clone(), made);
    instance::enter(world, &id, Status::Creating, durations::CREATION);
    Ok(provisioned)
}

/// Where an engine listens that nobody gave a port (API reference, `CreateDBInstance`, `Port`).
fn usual_port(engine: &str) -> &'static str {
    const PORTS: &[(&str, &str)] = &[("oracle", "1521"), ("sqlserver", "1433"), ("db2", "50000")];
    let of_engine = PORTS.iter().find(|(beginning, _)| engine.starts_with(beginning));
    of_engine.map_or(
        if engine.ends_with("postgres") || engine.ends_with("postgresql") { "5432" } else { "3306" },
        |(_, port)| port,
    )
}

/// The storage of the snapshot that a database is restored from.
fn restored_gib(world: &World, input: Input<'_>) -> Result<Option<u64>, ProvisionError> {
    let Some(given) = input.string("DBSnapshotIdentifier").filter(|given| !given.is_empty()) else {
        return Ok(None);
    };
    let id = given.rsplit(':').next().unwrap_or(given).to_lowercase();
    match world.rds.snapshots.get(&id) {
        Some(snapshot) => Ok(Some(snapshot.allocated_gib)),
        // A snapshot of an account's past is taken on trust: an ARN, or a name with RDS's own prefix.
        None if given.contains(':') => Ok(None),
        None => Err(snapshot_not_found(&id).into()),
    }
}

/// Change a database in place, at once. CloudFormation sends the template's storage with every change, so one that
/// is behind what the database has come to by itself makes any change fail (its handler's `modifyDbInstanceRequest`
/// in github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds).
///
/// A rollback keeps the larger storage of the failed template (`storage::keep_the_larger`).
///
/// Assumption: the engine's version is sent with every change as well, so that one below what the database has been
/// upgraded to by itself makes any change fail; a rollback doesn't send it, since no engine goes back.
///
/// Assumption: a change that is still under way is joined, not refused.
///
/// # Errors
/// In RDS's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let mut properties = properties::to_json(desired.properties);
    if let Some(failed) = desired.previous.filter(|_| desired.undoes) {
        storage::keep_the_larger(&mut properties, &properties::to_json(failed));
        if let Some(fields) = properties.as_object_mut() {
            fields.shift_remove("EngineVersion");
        }
    }
    let input = Input(&properties);
    let id = key(desired.physical_id.unwrap_or_default());
    let wanted = modify::modification(world, &id, input)?;
    let provisioned = generic::update(world, desired)?;
    modify::change(world, &id, wanted, true);
    if let Some(instance) = world.rds.instances.get_mut(&id) {
        instance.tags = tags(desired, input);
    }
    Ok(provisioned)
}

/// Leave a snapshot of a database that is about to be deleted; none of one that somebody has deleted already.
///
/// # Errors
/// When it can't be taken in the state the database is in.
pub fn leave_snapshot(world: &mut World, desired: &Desired<'_>) -> Result<Option<String>, ProvisionError> {
    let id = key(desired.physical_id.unwrap_or_default());
    if !world.rds.instances.contains_key(&id) {
        return Ok(None);
    }
    let (stack, logical_id) = (&desired.owner.stack_name, desired.logical_id);
    let suffix = world.identities.alphanumeric(&format!("snapshot of {stack} {logical_id}"), 12);
    // Assumption: the form is that of the other names that CloudFormation makes up.
    let name = format!("{stack}-snapshot-{logical_id}-{suffix}").to_lowercase();
    snapshots::begin(world, &id, &name, BTreeMap::new())?;
    Ok(Some(name))
}

/// Begin to delete.
///
/// # Errors
/// When it is protected.
pub fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    let id = &key(desired.physical_id.unwrap_or_default());
    // One that somebody has deleted already is as good as deleted.
    if world.rds.instances.contains_key(id) {
        operations::check_deletion(world, id)?;
    }
    if let Some(instance) = world.rds.instances.get_mut(id) {
        instance.status = Status::Deleting;
        // No timer: the engine says when it is over.
        instance.step += 1;
    }
    Ok(Duration::ZERO)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    generic::finish_delete(world, type_name, physical_id);
    world.rds.instances.remove(&key(physical_id));
}

/// RDS keeps identifiers in lower case.
fn key(physical_id: &str) -> String {
    physical_id.to_lowercase()
}

/// The template's tags, the stack's, and CloudFormation's own three.
fn tags(desired: &Desired<'_>, input: Input<'_>) -> BTreeMap<String, String> {
    desired.tags(operations::tags(input))
}
