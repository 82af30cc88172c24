//! Databases whose storage RDS has raised by itself, beside what the stack's parameters still say. The rule is in
//! `storage_advice`.

use super::database_setting::{Sent, is_touched, leaves, sent, stored};
use super::finding::Finding;
use super::storage_advice::{DatabaseStorage, StorageAdvice, storage_advice};
use super::{Check, CheckInput, CheckResult};
use crate::circumstances::Database;
use crate::draft::ReleaseSide;

/// A number that a template gives a database, and the parameter that it comes from.
struct Setting {
    value: u32,
    parameter: Option<String>,
}

/// Whether the update sends each database a storage that RDS takes.
pub(super) const DATABASE_STORAGE: Check =
    Check::new("database-storage", "Database storage", check).accepted_singly();

fn check(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let databases = match &input.circumstances.databases {
        Ok(databases) => databases,
        Err(reason) => {
            finding.warn(
                format!(
                    "Databases could not be looked at: {reason}. If one has scaled up by itself, the update fails at it, and \
                     the rollback may fail too."
                ),
                "Compare each database's allocated storage with its parameter yourself (aws rds describe-db-instances).",
            );
            return finding.done();
        }
    };
    if databases.is_empty() {
        return finding.skipped("The stack has no RDS database instance.");
    }
    for database in databases {
        one(input, database, &mut finding);
    }
    finding.done()
}

fn one(input: &CheckInput<'_>, database: &Database, finding: &mut Finding) {
    let name = &database.logical_id;
    if leaves(input, name) {
        finding.note(format!("{name} leaves with this update, or is made anew: see replacements."));
        return;
    }
    let touched = is_touched(input, name);
    if touched && !matches!(database.status.as_str(), "available" | "storage-optimization") {
        // RDS user guide, "Viewing Amazon RDS DB instance status": only an available instance is modified.
        finding.fail(
            format!("{name} is {}, and the update changes it: RDS would refuse.", database.status),
            "Bring the database to available, then check again.",
        );
    }
    let Some(storage) = setting(input, database, "AllocatedStorage") else {
        finding.warn(
            format!(
                "{name} has {} GiB; what the update would send can't be told from the template.",
                database.allocated_storage
            ),
            "Look at the database's AllocatedStorage in the new template, and at what its parameters give.",
        );
        return;
    };
    let maximum = setting(input, database, "MaxAllocatedStorage");
    let stored = |parameter: &String| input.before.parameters.0.get(parameter)?.text.trim().parse().ok();
    let facts = DatabaseStorage {
        live: database.allocated_storage,
        current: match &storage.parameter {
            Some(parameter) => stored(parameter),
            None => literal(input.before, name, "AllocatedStorage").map(|one| one.value),
        },
        will_be: storage.value,
        new_default: storage.parameter.as_ref().and_then(|parameter| {
            input.after.parameters.get(parameter)?.default.as_ref()?.trim().parse().ok()
        }),
        maximum: maximum.as_ref().map(|maximum| maximum.value),
        storage_type: database.storage_type.clone(),
    };
    let advice = storage_advice(&facts);
    judge(&facts, &advice, (name, &storage), touched, finding);
    if facts.will_be > facts.live && database.status == "storage-optimization" {
        finding.fail(
            format!("{name} is still being optimized after its last growth; RDS takes no further storage change meanwhile."),
            "Wait (at least six hours after the last growth), or keep the storage as it is.",
        );
    }
    match advice {
        StorageAdvice::Fine => {}
        StorageAdvice::MaximumTooClose { least_maximum } => {
            offer(input, maximum.as_ref(), least_maximum, "RDS wants 10 % of room for autoscaling", finding);
        }
        StorageAdvice::SetTo { gibibytes, .. } | StorageAdvice::ShrinkRefused { gibibytes } => {
            let because = format!("{name} has {gibibytes} GiB, and storage never shrinks");
            offer(input, Some(&storage), gibibytes, &because, finding);
            // With the storage put right the maximum may be too close above it.
            let right = DatabaseStorage { will_be: gibibytes, ..facts };
            if let StorageAdvice::MaximumTooClose { least_maximum } = storage_advice(&right) {
                let because = "RDS wants 10 % of room above the live storage for autoscaling";
                offer(input, maximum.as_ref(), least_maximum, because, finding);
            }
        }
        StorageAdvice::UnderTenPercent { gibibytes, .. } => {
            let because = format!("{name} has {gibibytes} GiB, and grows by at least 10 % or not at all");
            offer(input, Some(&storage), gibibytes, &because, finding);
        }
    }
}

fn judge(
    facts: &DatabaseStorage,
    advice: &StorageAdvice,
    (name, storage): (&str, &Setting),
    touched: bool,
    finding: &mut Finding,
) {
    let (live, will_be) = (facts.live, facts.will_be);
    let what = storage.parameter.as_ref().map_or_else(
        || "the template says so itself, so no parameter helps".to_owned(),
        |parameter| format!("parameter {parameter}"),
    );
    let set = |gibibytes: u32| match &storage.parameter {
        Some(parameter) => format!("Give {parameter} the value {gibibytes}."),
        None => format!(
            "Ask the vendor for a template whose database has {gibibytes} GiB, or a parameter for it."
        ),
    };
    match advice {
        StorageAdvice::Fine if will_be == live => finding.note(format!("{name} has {live} GiB, as the update sends.")),
        StorageAdvice::Fine => {
            finding.note(format!("{name} grows from {live} to {will_be} GiB ({what}), which can't be taken back."));
        }
        StorageAdvice::SetTo { gibibytes, at_any_change } => {
            let default = facts.new_default.filter(|default| *default > live).map_or_else(String::new, |default| {
                format!(" The new default is {default}: growing to it is possible, and can't be taken back.")
            });
            let advice = format!("{}{default}", set(*gibibytes));
            let seen = format!(
                "{name} has scaled up to {live} GiB of {} by itself; the stack still says {will_be} ({what}).",
                facts.storage_type
            );
            match (touched, at_any_change) {
                // Without a parameter there is nothing to set, so a person must be able to go on: since 2025
                // CloudFormation's handler spares an unchanged value (aws-cloudformation-resource-providers-rds 598).
                (true, true) if storage.parameter.is_none() => finding.warn(
                    format!(
                        "{seen} The update changes the database; whether that value is sent along depends on CloudFormation's \
                         handler, which should spare it. If it is sent, RDS refuses and the update rolls back."
                    ),
                    advice,
                ),
                (true, true) => finding.fail(
                    format!(
                        "{seen} The update changes the database and sends that value along: RDS refuses it (\"Invalid storage \
                         size\"), the update rolls back, and the rollback may fail too."
                    ),
                    advice,
                ),
                (true, false) => finding.warn(
                    format!("{seen} The update changes the database; the stale value is not sent unless it changes."),
                    advice,
                ),
                (false, _) => finding.warn(
                    format!(
                        "{seen} This update should not touch the database; should it all the same, RDS refuses, and so it does at \
                         the next release that changes it."
                    ),
                    advice,
                ),
            }
        }
        StorageAdvice::ShrinkRefused { gibibytes } => finding.fail(
            format!("{name} has {live} GiB; the update would send {will_be} ({what}), and RDS never shrinks storage."),
            set(*gibibytes),
        ),
        StorageAdvice::UnderTenPercent { gibibytes, least_growth } => finding.fail(
            format!(
                "{name} has {live} GiB; {will_be} ({what}) is less than 10 % more, which RDS refuses, and people have ended \
                 in UPDATE_ROLLBACK_FAILED that way."
            ),
            format!("{} To grow, give at least {least_growth}.", set(*gibibytes)),
        ),
        StorageAdvice::MaximumTooClose { least_maximum } => finding.warn(
            format!(
                "{name}: autoscaling may go to {} GiB, less than 10 % above {will_be}; RDS refuses that when the database is \
                 changed.",
                facts.maximum.unwrap_or_default()
            ),
            format!("Raise the maximum to at least {least_maximum} GiB."),
        ),
    }
}

/// What the update sends for a database's number, by the profile's parameter where it names one.
fn setting(input: &CheckInput<'_>, database: &Database, property: &str) -> Option<Setting> {
    let of_profile = input
        .storage_parameters
        .iter()
        .find(|(logical_id, _)| *logical_id == database.logical_id && property == "AllocatedStorage")
        .map(|(_, parameter)| parameter.as_str());
    let Sent { text, parameter } = sent(input, &database.logical_id, property, of_profile)?;
    Some(Setting { value: text.trim().parse().ok()?, parameter })
}

/// A literal, or what a parameter that stands there alone has.
fn literal(side: &ReleaseSide, logical_id: &str, property: &str) -> Option<Setting> {
    let text = stored(side, logical_id, property)?;
    Some(Setting { value: text.trim().parse().ok()?, parameter: None })
}

fn offer(
    input: &CheckInput<'_>,
    setting: Option<&Setting>,
    value: u32,
    because: &str,
    finding: &mut Finding,
) {
    let parameter = setting.and_then(|setting| setting.parameter.as_deref());
    super::database_setting::offer(input, parameter, &value.to_string(), because, finding);
}
