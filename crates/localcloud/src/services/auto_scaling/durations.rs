//! How long instances take. AWS documents none of these; they are assumptions in the range that people see.

use std::time::Duration;

/// From the launch request until the instance runs (`Pending`).
pub(super) const LAUNCH: Duration = Duration::from_secs(40);
/// Starting a stopped or hibernated instance of a warm pool.
pub(super) const START: Duration = Duration::from_secs(20);
/// From the decision to terminate until the instance is gone (`Terminating`).
pub(super) const TERMINATION: Duration = Duration::from_secs(60);
/// The `:Proceed` states.
pub(super) const PROCEED: Duration = Duration::from_secs(2);
/// How long an instance's own user data takes to complete a launch hook.
///
/// A simulated instance runs no user data. A launch hook that notifies nobody (no `NotificationTargetARN`) is
/// one that the instance completes itself, as Code Ocean's workers do, so here it is completed with CONTINUE
/// after this time, if its heartbeat lasts that long. A hook that notifies a target waits for an API call.
pub(super) const INITIALISATION: Duration = Duration::from_secs(30);
/// The least of a health check grace period that isn't zero, not scaled: a real process needs real time to come up.
pub(super) const SHORTEST_GRACE: Duration = Duration::from_secs(3);
/// The least of a hook's heartbeat timeout for a real process, which needs real time to complete it; not scaled.
pub(super) const SHORTEST_HEARTBEAT: Duration = Duration::from_secs(10);
/// Before the next attempt after a launch that was abandoned. Also at infinite speed there is a pause, or a
/// group whose instances never come up would launch for ever in no time.
pub(super) const RETRY: Duration = Duration::from_secs(60);
/// The least of that pause, not scaled.
pub(super) const SHORTEST_RETRY: Duration = Duration::from_secs(1);
/// Between CloudFormation's looks at a group that it deletes and that still has instances.
pub(super) const DRAINED_LOOK: Duration = Duration::from_secs(30);
/// After so many looks, three hours at AWS's speed, it says DELETE_FAILED.
pub(super) const DRAINED_LOOKS: u32 = 360;
