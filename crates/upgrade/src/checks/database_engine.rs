//! Databases whose engine RDS has upgraded by itself, beside the version that the update sends.

use std::cmp::Ordering;

use super::database_setting::{Sent, is_touched, leaves, offer, sent, stored};
use super::finding::Finding;
use super::{Check, CheckInput, CheckResult};
use crate::circumstances::Database;

const PROPERTY: &str = "EngineVersion";

/// Whether the update sends each database a version that isn't below its own: no engine goes back
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html>).
pub(super) const DATABASE_ENGINE: Check =
    Check::new("database-engine", "Database engine", check).accepted_singly();

fn check(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let databases = match &input.circumstances.databases {
        Ok(databases) => databases,
        Err(reason) => return finding.skipped(format!("Databases could not be looked at: {reason}")),
    };
    for database in databases.iter().filter(|database| !leaves(input, &database.logical_id)) {
        one(input, database, &mut finding);
    }
    if finding.is_untouched() {
        return finding.skipped("No database has an engine whose version the update gives.");
    }
    finding.done()
}

fn one(input: &CheckInput<'_>, database: &Database, finding: &mut Finding) {
    let Database { logical_id: name, engine_version: live, .. } = database;
    let Some(Sent { text, parameter }) = sent(input, name, PROPERTY, None) else { return };
    let will_be = text.trim();
    if live.is_empty() {
        return;
    }
    if is_met(live, will_be) {
        finding.note(format!("{name} runs {live}, as the update sends ({will_be})."));
        return;
    }
    if compare(will_be, live) != Ordering::Less {
        finding.note(format!("{name} is upgraded from {live} to {will_be}, which can't be taken back."));
        return;
    }
    let what = parameter.as_ref().map_or_else(
        || "the template says so itself".to_owned(),
        |parameter| format!("parameter {parameter}"),
    );
    let seen = format!("{name} runs {live}, and the update sends {will_be} ({what})");
    let advice = match &parameter {
        Some(parameter) => format!("Give {parameter} the value {live}."),
        None => format!("Ask the vendor for a template whose database has {live}, or a parameter for it."),
    };
    let is_stale = stored(input.before, name, PROPERTY).is_some_and(|before| before.trim() == will_be);
    match (is_stale, is_touched(input, name)) {
        // CloudFormation's handler sends the version with every change, and not on a rollback (`modifyDbInstanceRequest` in
        // github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds). Without a parameter there is nothing to
        // set, so a person must be able to go on.
        (true, true) if parameter.is_none() => finding.warn(
            format!(
                "{seen}, as the deployed release did: RDS has upgraded it by itself. The update changes the database; if \
                 CloudFormation's handler sends the version along, RDS refuses and the update rolls back."
            ),
            advice,
        ),
        (true, false) => {
            finding.note(format!("{seen}, as the deployed release did. This update doesn't touch the database."));
            return;
        }
        (true | false, true) | (false, false) => finding.fail(
            format!("{seen}: no engine goes back, so RDS refuses it (\"Cannot find upgrade path\") and the update rolls back."),
            advice,
        ),
    }
    let because = format!("{name} runs {live}, and no engine goes back");
    offer(input, parameter.as_deref(), live, &because, finding);
}

/// Whether a version says the same as the one that a database has: `16` is any of 16.
fn is_met(live: &str, asked: &str) -> bool {
    live == asked || live.strip_prefix(asked).is_some_and(|rest| rest.starts_with('.'))
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
