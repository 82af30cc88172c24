//! How long things take. AWS documents none of these; they are assumptions in the range that people see.

use std::time::Duration;

/// A queue or a compute environment is CREATING or UPDATING.
pub(super) const CHANGE: Duration = Duration::from_secs(5);
/// SUBMITTED, and PENDING without dependencies.
pub(super) const SUBMISSION: Duration = Duration::from_secs(1);
/// RUNNABLE, on an enabled queue: until an instance is there.
pub(super) const PLACEMENT: Duration = Duration::from_secs(30);
/// STARTING: until the container runs.
pub(super) const START: Duration = Duration::from_secs(20);
/// RUNNING, unless the job says otherwise (see [`super::job`]).
pub(super) const RUN: Duration = Duration::from_secs(60);
/// From TerminateJob until a job that started is FAILED: the container is sent SIGTERM and, 30 seconds later,
/// SIGKILL, which is the ECS agent's default.
pub(super) const STOP: Duration = Duration::from_secs(30);
/// A canceled RUNNABLE job fails when the scheduler comes to it ("remains in RUNNABLE until it reaches the head
/// of the job queue", API reference of CancelJob).
pub(super) const SCHEDULER_PASS: Duration = Duration::from_secs(10);
