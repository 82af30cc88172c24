//! The control endpoint: what no API of AWS can bring about, asked for by tests, rehearsals and seeds.
//!
//! Every request is signed like any other, for the service `slackwater`, and is in the request log when it changes
//! something.
//!
//! - `/_slackwater/faults`: what is to go wrong ([`crate::faults`]).
//! - `POST /_slackwater/storage` with `{"DBInstanceIdentifier": "…", "AllocatedStorage": 37}`: a database's storage grows
//!   to so many GiB by itself, as storage autoscaling does when it runs full.
//! - `POST /_slackwater/engine` with `{"DBInstanceIdentifier": "…", "EngineVersion": "16.4"}`: a database's engine is
//!   upgraded by itself, as in a maintenance window when minor versions are upgraded automatically.
//! - `POST /_slackwater/maintenance` with `{"DBInstanceIdentifier": "…", "Action": "system-update"}` (and, if it has one, a
//!   `"CurrentApplyDate"`): a maintenance action waits for a database's window.
//! - `POST /_slackwater/batch` with `{"jobQueue": "…"}` or `{"computeEnvironment": "…"}` and a `"status"`: `INVALID` (with
//!   `"statusReason"`, and `"refusesUpdates": true` if updates are to be refused as well), `UPDATING` for so many
//!   `"seconds"` (60), or `VALID`.
//! - `POST /_slackwater/ecs` with `{"cluster": "…", "service": "…"}` and a `"status"`: `FAILING` (the tasks that start stay
//!   PENDING for so many `"seconds"` (60) and stop with a `"stoppedReason"`, again and again; with a `"taskDefinition"` only
//!   those of that one; with `"stopsRunning": true` those that run stop as well) or `HEALTHY`.

use serde_json::{Value, json};

use crate::descriptor::{Descriptor, QUERY_ERRORS, REST_JSON, Target, changes, reads};
use crate::services::{batch, ecs, rds};
use crate::wire::Protocol;
use crate::wire::error::WireError;
use crate::{AwsError, Input, World, faults, machine_room};

/// What it is to the rest of the cloud. Operations without a path come from the request log, the gate or the machine
/// room, never from the wire.
pub static DESCRIPTOR: Descriptor = Descriptor {
    title: "The control endpoint",
    signing_name: "slackwater",
    errors: QUERY_ERRORS,
    unknown_operation: |_| WireError::NoOperation.to_aws(Protocol::RestJson),
    target: Target::Unguarded,
    operations: &[
        reads("GetFaults", faults::get).at("GET", "/_slackwater/faults"),
        changes("PutFaults", faults::put).at("PUT", "/_slackwater/faults"),
        changes("DeleteFaults", faults::delete).at("DELETE", "/_slackwater/faults"),
        changes(faults::USE, faults::use_once),
        changes("AutoscaleStorage", autoscale_storage).at("POST", "/_slackwater/storage"),
        changes("UpgradeEngine", rds::upgrade_engine).at("POST", "/_slackwater/engine"),
        changes("PlanMaintenance", rds::plan_maintenance).at("POST", "/_slackwater/maintenance"),
        changes("SetBatchStatus", batch::set_status).at("POST", "/_slackwater/batch"),
        changes("SetServiceStatus", ecs::set_status).at("POST", "/_slackwater/ecs"),
        reads("GetEndpoints", machine_room::get_endpoints).at("GET", "/_slackwater/endpoints"),
        changes(machine_room::REPORT, machine_room::report),
    ],
    ..REST_JSON
};

fn autoscale_storage(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = input.required_string("DBInstanceIdentifier")?.to_lowercase();
    let gib = input.integer("AllocatedStorage")?.and_then(|gib| u64::try_from(gib).ok());
    let gib = gib.ok_or_else(|| AwsError::validation("AllocatedStorage must be given, in GiB"))?;
    rds::grow(world, &id, gib)?;
    Ok(json!({"DBInstanceIdentifier": id, "AllocatedStorage": gib}))
}
