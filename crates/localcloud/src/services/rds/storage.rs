//! The rules of a database's storage: it grows, by a tenth at least, by itself if it may, and never shrinks.
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html>

use serde_json::{Value, json};

use super::instance::{DbInstance, Status};
use super::{durations, instance, instance_not_found, refused};
use crate::{AwsError, Input, World};

/// The least by which storage grows, in percent.
const LEAST_GROWTH_PERCENT: u64 = 10;

/// Whether a database may have a size that isn't the one it has.
///
/// RDS has the same words for less storage, and for a tenth more that isn't one (quoted in public issue threads:
/// "Invalid storage size for engine name postgres and storage type gp2: 6490").
pub(super) fn check_size(
    world: &World,
    instance: &DbInstance,
    asked_gib: u64,
    storage_type: &str,
) -> Result<(), AwsError> {
    if asked_gib == instance.allocated_gib || instance.is_in_cluster() {
        return Ok(());
    }
    if asked_gib < tenth_more(instance.allocated_gib) {
        return Err(refused(
            "InvalidParameterCombination",
            format!(
                "Invalid storage size for engine name {} and storage type {storage_type}: {asked_gib}",
                instance.engine()
            ),
        ));
    }
    let pause = world.scaled(durations::STORAGE_PAUSE);
    if instance.storage_changed.is_some_and(|changed| world.now < changed.after(pause)) {
        // The rule is the user guide's. Assumption: the words, which it doesn't give.
        return Err(refused(
            "InvalidParameterCombination",
            "You can't currently modify the storage of this DB instance because the previous storage change is \
             being optimized.",
        ));
    }
    Ok(())
}

/// Whether autoscaling may have a limit: a tenth beyond the storage there is.
pub(super) fn check_most(instance: &DbInstance, allocated_gib: u64, most_gib: u64) -> Result<(), AwsError> {
    if instance.is_in_cluster() || most_gib >= tenth_more(allocated_gib) {
        return Ok(());
    }
    Err(refused(
        "InvalidParameterCombination",
        format!(
            "Invalid max storage size for engine name {} and storage type {}: {most_gib}",
            instance.engine(),
            instance.storage_type()
        ),
    ))
}

/// What a rollback asks for: what the failed template did, where the one before has less. CloudFormation's handler is
/// told that it rolls back, and asks so for what can't shrink, whatever the database has
/// (`Translator.modifyDbInstanceRequest` in github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds).
/// So an update that grew the storage is undone without shrinking it; one that RDS refused is asked for again, and
/// refused again.
pub(super) fn keep_the_larger(asked: &mut Value, failed: &Value) {
    for name in ["AllocatedStorage", "Iops"] {
        let number = |properties: &Value| Input(properties).integer(name).ok().flatten();
        if let (Some(from), Some(to)) = (number(failed), number(asked))
            && to < from
            && let Some(fields) = asked.as_object_mut()
        {
            fields.insert(name.to_owned(), json!(from));
        }
    }
}

fn tenth_more(gib: u64) -> u64 {
    gib.saturating_add(gib.saturating_mul(LEAST_GROWTH_PERCENT).div_ceil(100))
}

/// Let a database's storage grow to a size by itself, as storage autoscaling does: whatever the template says, up
/// to `MaxAllocatedStorage`.
///
/// # Errors
/// When there is no such database, autoscaling is off for it, or the size isn't within what it may have.
pub fn grow(world: &mut World, id: &str, gib: u64) -> Result<(), AwsError> {
    let now = world.now;
    let instance = world.rds.instances.get_mut(id).ok_or_else(|| instance_not_found(id))?;
    let Some(most_gib) = instance.most_gib else {
        return Err(refused(
            "InvalidParameterCombination",
            format!("Storage autoscaling is off for {id}: it has no MaxAllocatedStorage"),
        ));
    };
    if gib <= instance.allocated_gib || gib > most_gib {
        return Err(refused(
            "InvalidParameterCombination",
            format!(
                "{id} has {} GiB and can grow up to {most_gib} GiB by itself, not to {gib} GiB",
                instance.allocated_gib
            ),
        ));
    }
    if !instance.status.takes_changes() {
        return Err(super::modify::not_available());
    }
    instance.allocated_gib = gib;
    instance.storage_changed = Some(now);
    instance::enter(world, id, Status::StorageOptimization, durations::OPTIMIZATION);
    Ok(())
}
