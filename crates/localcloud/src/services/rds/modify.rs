//! Changing a database: what is checked, what is in force at once, what waits.

use serde_json::{Map, Value, json};

use super::instance::{DbInstance, Status};
use super::{durations, engine, instance, instance_not_found, refused, rephrased, storage};
use crate::{AwsError, Input, Timestamp, World};

/// Settings in force at once, whatever the request says about when.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html>
const AT_ONCE: &[&str] = &[
    "AutoMinorVersionUpgrade",
    "CopyTagsToSnapshot",
    "DeletionProtection",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "PubliclyAccessible",
];

/// Settings that wait for the next maintenance window, unless they are to be applied immediately.
const WAITING: &[&str] = &[
    "BackupRetentionPeriod",
    "CACertificateIdentifier",
    "DBInstanceClass",
    "EngineVersion",
    "Iops",
    "LicenseModel",
    "MultiAZ",
    "StorageThroughput",
    "StorageType",
];

/// Settings of a new database, beside those that can be changed later.
const FIRST: &[&str] = &[
    "AvailabilityZone",
    "CharacterSetName",
    "DBClusterIdentifier",
    "DBName",
    "Engine",
    "KmsKeyId",
    "MasterUsername",
    "StorageEncrypted",
    "Timezone",
];

/// The settings of a new database, in the API's form.
pub(super) fn first_settings(input: Input<'_>) -> Map<String, Value> {
    let names = FIRST.iter().chain(AT_ONCE).chain(WAITING);
    let mut settings: Map<String, Value> =
        names.filter_map(|name| Some(((*name).to_owned(), input.0.get(*name)?.clone()))).collect();
    settings.extend(renamed(input));
    settings
}

/// What a template or a request calls otherwise than an answer does. Takes effect at once here.
fn renamed(input: Input<'_>) -> Map<String, Value> {
    let mut settings = Map::new();
    let mut put = |name: &str, value: Value| drop(settings.insert(name.to_owned(), value));
    if let Some(name) = input.string("DBParameterGroupName") {
        put("DBParameterGroups", json!([{"DBParameterGroupName": name, "ParameterApplyStatus": "in-sync"}]));
    }
    if let Some(name) = input.string("OptionGroupName") {
        put("OptionGroupMemberships", json!([{"OptionGroupName": name, "Status": "in-sync"}]));
    }
    if let Some(name) = input.string("DBSubnetGroupName") {
        put("DBSubnetGroup", json!({"DBSubnetGroupName": name, "SubnetGroupStatus": "Complete"}));
    }
    // The template writes the abbreviation in capitals, the API doesn't.
    for name in ["VPCSecurityGroups", "VpcSecurityGroupIds"] {
        if input.has(name) {
            let groups = input.strings(name);
            put(
                "VpcSecurityGroups",
                groups.map(|id| json!({"VpcSecurityGroupId": id, "Status": "active"})).collect(),
            );
        }
    }
    for (from, to) in [
        ("EnableIAMDatabaseAuthentication", "IAMDatabaseAuthenticationEnabled"),
        ("EnablePerformanceInsights", "PerformanceInsightsEnabled"),
        ("EnableCloudwatchLogsExports", "EnabledCloudwatchLogsExports"),
    ] {
        if let Some(value) = input.0.get(from) {
            put(to, value.clone());
        }
    }
    settings
}

/// A size in GiB; `None` when absent.
pub(super) fn gib(input: Input<'_>, name: &str) -> Result<Option<u64>, AwsError> {
    let Some(number) = input.integer(name).map_err(rephrased)? else { return Ok(None) };
    // 64 TiB are the most of any engine but one.
    let size = u64::try_from(number).ok().filter(|size| (1..=262_144).contains(size));
    size.map(Some).ok_or_else(|| {
        refused("InvalidParameterValue", format!("Invalid storage size: {number} GiB for {name}"))
    })
}

/// What a request would change, checked.
#[derive(Debug)]
pub(super) struct Modification {
    at_once: Map<String, Value>,
    waiting: Map<String, Value>,
    most_gib: Option<u64>,
}

/// What of a request or a template differs from the database as it is.
///
/// # Errors
/// When its storage can't be what is asked for.
pub(super) fn modification(world: &World, id: &str, input: Input<'_>) -> Result<Modification, AwsError> {
    let instance = world.rds.instances.get(id).ok_or_else(|| instance_not_found(id))?;
    input.boolean("DeletionProtection").map_err(rephrased)?;
    let differing = |names: &[&str]| -> Map<String, Value> {
        let given = names.iter().filter_map(|name| Some((*name, input.0.get(*name)?)));
        let new = given.filter(|(name, value)| !is_same(instance.described.get(*name), value));
        new.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    };
    let mut at_once = differing(AT_ONCE);
    at_once.extend(renamed(input));
    let mut waiting = differing(WAITING);
    if let Some(asked) = input.string("EngineVersion") {
        engine::check_version(instance, asked)?;
        if instance.text("EngineVersion").is_some_and(|live| engine::is_met(live, asked)) {
            waiting.shift_remove("EngineVersion");
        }
    }
    let allocated = gib(input, "AllocatedStorage")?;
    let most_gib = gib(input, "MaxAllocatedStorage")?;
    if let Some(size) = allocated {
        let storage_type = input.string("StorageType").unwrap_or(instance.storage_type());
        storage::check_size(world, instance, size, storage_type)?;
        if size != instance.allocated_gib && !instance.is_in_cluster() {
            waiting.insert("AllocatedStorage".to_owned(), json!(size));
        }
    }
    if let Some(most) = most_gib.filter(|most| Some(*most) != instance.most_gib) {
        storage::check_most(instance, allocated.unwrap_or(instance.allocated_gib), most)?;
    }
    Ok(Modification { at_once, waiting, most_gib })
}

/// Text and numbers are the same here when they read the same.
fn is_same(old: Option<&Value>, new: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    old.is_some_and(|old| plain(old) == plain(new))
}

/// Do what was checked. Applied immediately, everything that waits is applied with it.
pub(super) fn change(world: &mut World, id: &str, wanted: Modification, immediately: bool) {
    let Some(instance) = world.rds.instances.get_mut(id) else { return };
    instance.described.extend(wanted.at_once);
    instance.most_gib = wanted.most_gib.or(instance.most_gib);
    instance.pending.extend(wanted.waiting);
    if immediately && !instance.pending.is_empty() {
        instance::enter(world, id, Status::Modifying, durations::MODIFICATION);
    }
}

/// The changes that waited are in force; whether the storage is another.
pub(super) fn put_in_force(instance: &mut DbInstance, now: Timestamp) -> bool {
    let mut changes = std::mem::take(&mut instance.pending);
    let size = changes.shift_remove("AllocatedStorage").and_then(|size| size.as_u64());
    instance.described.extend(changes);
    match size {
        Some(size) => {
            instance.allocated_gib = size;
            instance.storage_changed = Some(now);
            true
        }
        None => false,
    }
}

/// The words are quoted in public runbooks.
pub(super) fn not_available() -> AwsError {
    refused("InvalidDBInstanceState", "Database instance is not in available state.")
}
