//! What is to go wrong: a document that tests, rehearsals and people give this cloud.
//!
//! `PUT /_slackwater/faults` with a JSON object sets it whole, `GET` gives it back with what is left of its counts,
//! `DELETE` clears it. The requests are signed like any other, for the service `slackwater`; a file of the same form is
//! read by [`Faults::parse`]. Every member may be left out:
//!
//! ```json
//! {
//!   "resources": [{"stack": "platform", "logical_id": "Database", "phase": "update", "reason": "Invalid storage size"}],
//!   "slow": [{"stack": "platform", "logical_id": "Database", "times": 10}],
//!   "unmade": [{"stack": "platform", "logical_id": "Database"}],
//!   "custom_resources": [{"stack": "platform", "logical_id": "Lookup", "physical_id": "x-2", "data": {"Zone": "z"}}],
//!   "hooks": [{"type": "Acme::Guard::Hook", "stack": "platform", "logical_id": "Database", "mode": "FAIL", "fails": true,
//!              "reason": "Storage isn't encrypted", "advice": "Set StorageEncrypted to true"}],
//!   "calls": [{"service": "batch", "operation": "TerminateJob", "after": 2, "next": 1, "answer": "lose_response"}],
//!   "throttle": [{"service": "cloudformation", "operation": "DescribeStackEvents", "burst": 1, "per_second": 0.2}],
//!   "throttling": false,
//!   "expire_credentials": true
//! }
//! ```
//!
//! - `resources`: the resource fails at the end of its creation, update, deletion, or of the undoing (`rollback`) of an
//!   update, or when it is to `signal`, with this reason, for as long as the fault stands. Stacks go by their names.
//! - `slow`: the resource takes so many times as long.
//! - `unmade`: the resource's update is told to be complete, and its service has changed nothing.
//! - `custom_resources`: what the function behind a custom resource answers with its success: its `Data` (any JSON), and its
//!   id if it is to have another; one that is updated to another id is replaced. It fails by `resources`, like any other.
//! - `hooks`: the account's hooks. Each looks at the resource (without `logical_id`, or with `*`: at each) of the stack (`*`: of
//!   any) before it is made or changed; with `"target": "CHANGE_SET"` at the stack's change sets. One that `fails` says its reason
//!   and its advice, and with the `mode` `FAIL` what it looks at fails; with `WARN` it goes on.
//! - `calls`: `after` calls are let through, then the `next` ones (1) are answered with `server_error` (500),
//!   `service_unavailable` (503), `throttled`, `access_denied` or `expired_credentials`, of S3 also
//!   `conditional_request_conflict` (409); or the connection is closed instead of an answer, before
//!   anything has happened (`drop_connection`) or after (`lose_response`), or so that it happens `late_seconds` (60)
//!   later, after whatever has happened by then (`arrive_late`). Services go by their signing names;
//!   `"operation": "*"` is any. The first entry that fits a call and isn't used up counts.
//! - `throttle`: a token bucket for the operation (with `*`: for all of the service's together), besides the usual ones.
//! - `throttling`: whether the usual ones apply; without it the configuration says so.
//! - `expire_credentials`: the temporary credentials given so far end now. Done once, it isn't shown any more.
//!
//! Requests that change this document, and every count that is used up, are in the request log like any request that
//! changes something, so a replay comes to the same world. What a fault or a throttle has kept from happening isn't.

mod account_hook;
mod document;

use serde_json::{Value, json};

use crate::{AwsError, Input, World};

pub use account_hook::{AccountHook, HookFailureMode, HookTarget};
pub use document::{
    Answer, CallFault, CustomAnswer, FaultPhase, Faults, FaultsError, ResourceFault, SlowResource, Throttle,
    UnmadeUpdate,
};

/// The operation that counts a fault of calls down. It comes out of the log or out of the gate, never from the wire.
pub(crate) const USE: &str = "UseFault";

pub(crate) fn get(world: &World, _input: Input<'_>) -> Result<Value, AwsError> {
    Ok(serde_json::to_value(&world.faults).unwrap_or_else(|_| json!({})))
}

/// Set the whole document.
///
/// # Errors
/// `ValidationException` when it isn't one.
pub(crate) fn put(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let faults = Faults::from_json(input.0);
    set(world, faults.map_err(|error| AwsError::new(400, "ValidationException", error.to_string()))?);
    get(world, input)
}

pub(crate) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    set(world, Faults::default());
    get(world, input)
}

/// Count a fault of calls down.
pub(crate) fn use_once(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let place = input.integer("place")?.and_then(|place| usize::try_from(place).ok());
    if let Some(fault) = place.and_then(|place| world.faults.calls.get_mut(place)) {
        fault.use_once();
    }
    get(world, input)
}

fn set(world: &mut World, mut faults: Faults) {
    if std::mem::take(&mut faults.expire_credentials) {
        let now = world.now;
        world.security_token.expire_all(now);
    }
    world.faults = faults;
}

#[cfg(test)]
mod tests;
