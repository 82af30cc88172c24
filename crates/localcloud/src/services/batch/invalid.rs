//! INVALID queues and compute environments. What makes them so on AWS is outside of its API (a service role that is gone, a
//! launch template that is deleted), so here it is ordered at the control endpoint ([`crate::control`]).
//! <https://docs.aws.amazon.com/batch/latest/userguide/invalid_compute_environment.html>

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Batch, Entity, Timer, arn_of, job, refused};
use crate::{AwsError, Input, World, timers};

/// Why something is INVALID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invalid {
    /// `statusReason`.
    pub(super) reason: String,
    /// Whether updates are refused as well.
    refuses_updates: bool,
}

/// The words of an environment whose service role can't be assumed, as AWS's events show them.
const USUAL_REASON: &str =
    "CLIENT_ERROR - Not authorized to perform sts:AssumeRole (Service: Sts, Status Code: 403)";

/// Whether something may be updated.
///
/// AWS documents that an INVALID compute environment is repaired by `UpdateComputeEnvironment`, so INVALID as such is no
/// reason to refuse. Assumption: of a queue neither, and it is INVALID again afterwards; nothing that AWS has published
/// says. Whoever wants to see the other way orders it (`refusesUpdates`).
pub(super) fn check_update(entity: &Entity) -> Result<(), AwsError> {
    if entity.is_changing() {
        return Err(refused("Cannot update, resource is being modified."));
    }
    if entity.invalid.as_ref().is_some_and(|invalid| invalid.refuses_updates) {
        return Err(refused(format!("Cannot update, resource {} is in INVALID status.", entity.arn)));
    }
    Ok(())
}

/// "Compute environments must be in the VALID state before you can associate them with a job queue" (API reference of
/// `CreateJobQueue` and `UpdateJobQueue`). Those that the queue has already may stay. Assumption: the words.
pub(super) fn check_association(
    batch: &Batch,
    described: &Map<String, Value>,
    arn: &str,
) -> Result<(), AwsError> {
    let is_invalid = batch.environments.get(arn).is_some_and(|environment| environment.status == "INVALID");
    if is_invalid && !order(described).any(|known| known == arn) {
        return Err(refused(format!("{arn} is not in VALID state")));
    }
    Ok(())
}

fn order(described: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let places = described.get("computeEnvironmentOrder").and_then(Value::as_array);
    places.into_iter().flatten().filter_map(|place| Input(place).string("computeEnvironment"))
}

/// The ARNs of a queue's compute environments.
pub(super) fn environments_of(queue: &Entity) -> impl Iterator<Item = &str> {
    order(&queue.described)
}

/// Whether a queue's jobs are placed: an INVALID environment "can't accept jobs for placement", nor does one that is
/// DISABLED. A queue without environments has its instances from elsewhere.
pub(super) fn places(environments: &BTreeMap<String, Entity>, queue: &Entity) -> bool {
    let mut used = environments_of(queue).filter_map(|arn| environments.get(arn)).peekable();
    queue.places() && (used.peek().is_none() || used.any(Entity::places))
}

/// Put a queue (`jobQueue`) or an environment (`computeEnvironment`) into a status: INVALID with a `statusReason` and
/// `refusesUpdates`, UPDATING for so many `seconds`, or VALID.
///
/// # Errors
/// When there is no such thing, or no such status.
pub(crate) fn set_status(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let batch = &world.batch;
    let (name, found) = match (input.string("jobQueue"), input.string("computeEnvironment")) {
        (Some(name), None) => (name, arn_of(&batch.queues, name)),
        (None, Some(name)) => (name, arn_of(&batch.environments, name)),
        (Some(_), Some(_)) | (None, None) => {
            return Err(AwsError::validation("Either jobQueue or computeEnvironment must be given"));
        }
    };
    let arn = found.ok_or_else(|| AwsError::validation(format!("{name} does not exist")))?;
    let refuses_updates = input.boolean("refusesUpdates")?.unwrap_or(false);
    let reason = input.string("statusReason").unwrap_or(USUAL_REASON).to_owned();
    let seconds = match input.integer("seconds")? {
        None => 60,
        Some(seconds) => u64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds <= 31_536_000)
            .ok_or_else(|| AwsError::validation("seconds must be between 0 and 31536000"))?,
    };
    let status = input.required_string("status")?;
    let Batch { environments, queues, .. } = &mut world.batch;
    let Some(entity) = queues.get_mut(&arn).or_else(|| environments.get_mut(&arn)) else {
        return Err(AwsError::validation(format!("{arn} does not exist")));
    };
    match status {
        "VALID" => {
            entity.invalid = None;
            entity.settle();
        }
        "INVALID" => {
            entity.invalid = Some(Invalid { reason, refuses_updates });
            entity.settle();
        }
        "UPDATING" => {
            (entity.status, entity.step) = ("UPDATING", entity.step + 1);
            let timer = Timer::Valid { arn: arn.clone(), step: entity.step };
            let at = world.now.after(Duration::from_secs(seconds));
            world.timers.schedule(at, timers::Timer::Batch(timer));
        }
        other => {
            let shown: String = other.chars().take(100).collect();
            return Err(AwsError::validation(format!(
                "status must be VALID, INVALID or UPDATING, not {shown}"
            )));
        }
    }
    job::place_waiting_again(world, &arn);
    Ok(json!({"arn": arn, "status": status}))
}

#[cfg(test)]
mod tests;
