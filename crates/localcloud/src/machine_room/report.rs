//! What is told to the world of the real machines beside it, and what the world keeps of it. This half is as
//! deterministic as the rest of the world: reports come out of the request log in a replay.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::services::{auto_scaling, batch, ec2, load_balancing, security_token};
use crate::{AwsError, Input, World};

/// The operation of a report. It comes out of the log or from the machine room, never from the wire.
pub(crate) const REPORT: &str = "ReportMachines";

/// What the world knows of its machine room.
#[derive(Debug, Clone, Default)]
pub struct Room {
    /// Whether there was ever one. From then on `local/process` is not simulated any more: what waits for a
    /// process waits until a machine room runs it, also across restarts.
    pub is_open: bool,
    /// The loopback port of each listener, so that it stays the same across restarts.
    pub(crate) ports: BTreeMap<String, u16>,
}

/// Something that has really happened.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "happened", rename_all = "snake_case")]
pub(crate) enum Report {
    /// A machine room has begun its work: whatever ran before doesn't any more.
    Opened,
    /// A listener has its loopback port.
    Listening {
        /// Its ARN.
        listener: String,
        /// The port.
        port: u16,
    },
    /// An instance's process is about to start. The answer has the credentials of its role.
    InstanceStarts {
        /// The instance.
        instance: String,
    },
    /// A job's process is about to start. Refused when the job doesn't want one any more; the answer has the
    /// credentials of its role.
    JobStarts {
        /// The job.
        job: String,
    },
    /// A job's process has ended.
    JobEnded {
        /// The job.
        job: String,
        /// Its exit code; 128 and the signal's number when a signal ended it.
        code: i64,
        /// Whether it ran longer than it may.
        timed_out: bool,
    },
    /// The health of a target has changed; without a state it is as unknown as in the beginning.
    Health {
        /// The target group's ARN.
        group: String,
        /// The target's id.
        target: String,
        /// The target's port.
        port: u16,
        /// What was found.
        state: Option<load_balancing::Health>,
    },
}

/// Where load balancers listen.
pub(crate) fn get_endpoints(world: &World, _input: Input<'_>) -> Result<Value, AwsError> {
    Ok(json!({"endpoints": load_balancing::endpoints(world)}))
}

/// Take in what has really happened.
///
/// # Errors
/// When a report isn't one, or comes too late.
pub(crate) fn report(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let report: Report = serde_json::from_value(input.0.clone())
        .map_err(|error| AwsError::new(400, "ValidationException", error.to_string()))?;
    match report {
        Report::Opened => {
            world.machine_room.is_open = true;
            batch::hosts_are_gone(world);
            load_balancing::forget_health(world);
        }
        Report::Listening { listener, port } => {
            world.machine_room.ports.insert(listener, port);
        }
        Report::InstanceStarts { instance } => {
            let role = ec2::role_of_process(world, &instance);
            return Ok(credentials(world, role, &instance));
        }
        Report::JobStarts { job } => {
            let role = batch::process_starts(world, &job)?;
            return Ok(credentials(world, role, &job));
        }
        Report::JobEnded { job, code, timed_out } => {
            let now = world.now;
            world.security_token.end_machine(&job, now);
            batch::process_ended(world, &job, code, timed_out);
        }
        Report::Health { group, target, port, state } => {
            let is_unhealthy = state.as_ref().is_some_and(load_balancing::Health::is_unhealthy);
            load_balancing::set_health(world, &group, &target, port, state);
            if is_unhealthy {
                auto_scaling::target_is_unhealthy(world, &target);
            }
        }
    }
    Ok(json!({}))
}

/// Fresh credentials of a role, for a machine that has none yet or whose earlier ones end with this.
fn credentials(world: &mut World, role_arn: Option<String>, session_name: &str) -> Value {
    let now = world.now;
    world.security_token.end_machine(session_name, now);
    let session = role_arn.and_then(|role_arn| security_token::for_machine(world, &role_arn, session_name));
    session.unwrap_or_else(|| json!({}))
}
