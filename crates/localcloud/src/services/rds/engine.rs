//! A database's engine goes forward: by a request, by a template, or by itself.
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html>

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::instance::DbInstance;
use super::modify::not_available;
use super::{instance_not_found, refused, required};
use crate::{AwsError, Input, World};

/// Whether a version says the same as the one that a database has: `16` is any of 16.
pub(super) fn is_met(live: &str, asked: &str) -> bool {
    live == asked || live.strip_prefix(asked).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether a database may have a version: none below its own.
///
/// The words are those of answers of AWS in public issue threads, the newest of them (dibbs-query-connector, pull request
/// 961, June 2026); until 2024 they were "Cannot upgrade postgres from 12.5 to 12.3".
pub(super) fn check_version(instance: &DbInstance, asked: &str) -> Result<(), AwsError> {
    match instance.text("EngineVersion") {
        Some(live) if !is_met(live, asked) && compare(asked, live) == Ordering::Less => Err(refused(
            "InvalidParameterCombination",
            format!("Cannot find upgrade path from {live} to {asked}."),
        )),
        Some(_) | None => Ok(()),
    }
}

/// Part by part, as numbers where both are.
fn compare(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.split('.'), other.split('.'));
    loop {
        let order = match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => match (one.parse::<u64>(), other.parse::<u64>()) {
                (Ok(one), Ok(other)) => one.cmp(&other),
                (Ok(_) | Err(_), _) => one.cmp(other),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Upgrade a database's engine by itself, as in its maintenance window.
///
/// # Errors
/// When there is no such database, its versions aren't upgraded automatically, or the version isn't a later one.
pub fn upgrade_engine(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = required(input, "DBInstanceIdentifier")?;
    let version = required(input, "EngineVersion")?;
    let instance = world.rds.instances.get_mut(&id).ok_or_else(|| instance_not_found(&id))?;
    let is_automatic = Input(&Value::Object(instance.described.clone()))
        .boolean("AutoMinorVersionUpgrade")
        .unwrap_or_default()
        .unwrap_or(true);
    if !is_automatic {
        return Err(refused(
            "InvalidParameterCombination",
            format!(
                "Minor versions of {id} are not upgraded automatically: its AutoMinorVersionUpgrade is false"
            ),
        ));
    }
    check_version(instance, &version)?;
    if !instance.status.takes_changes() {
        return Err(not_available());
    }
    instance.described.insert("EngineVersion".to_owned(), json!(version));
    Ok(json!({"DBInstanceIdentifier": id, "EngineVersion": version}))
}

#[cfg(test)]
mod tests;
