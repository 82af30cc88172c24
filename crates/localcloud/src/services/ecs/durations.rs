//! How long a task's states last. AWS documents the states
//! (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>) and none of the figures
//! but those named below; the others are one assumption, in the range that people see: a task on FARGATE gets its machine
//! and its network interface first, one on EC2 finds both.

use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// PROVISIONING: the network interface, on FARGATE the machine as well.
pub(super) const fn provisioning(is_fargate: bool) -> Duration {
    if is_fargate { seconds(15) } else { seconds(2) }
}

/// PENDING: images are pulled, containers created; FARGATE keeps no images.
pub(super) const fn pending(is_fargate: bool) -> Duration {
    if is_fargate { seconds(25) } else { seconds(8) }
}

/// ACTIVATING: the targets are registered.
pub(super) const ACTIVATING: Duration = seconds(3);

/// DEPROVISIONING: the network interface is detached.
pub(super) const fn deprovisioning(is_fargate: bool) -> Duration {
    if is_fargate { seconds(10) } else { seconds(1) }
}

/// STOPPING lasts until the containers have ended, at most their `stopTimeout`: "If the parameter isn't specified, then the
/// default value of 30 seconds is used"
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>). Assumption: the container
/// ends with it and not before, so that nobody counts on less.
pub(super) const STOP_TIMEOUT_SECONDS: u64 = 30;

/// "The max stop timeout value is 120 seconds", of FARGATE on the same page.
pub(super) const LONGEST_STOP_TIMEOUT_SECONDS: u64 = 120;

/// "Stopped tasks only appear in the returned results for at least one hour"
/// (<https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html>, `API_ListTasks.html`).
pub(super) const STOPPED_IS_SHOWN: Duration = seconds(3600);

/// How long a service waits after so many failed starts before the next: "Amazon ECS incrementally increases the time
/// between attempts to restart", up to 27 minutes
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html>). Assumption: 10 seconds,
/// doubled each time.
pub(super) fn restart_pause(failures: u32) -> Duration {
    const FIRST_SECONDS: u64 = 10;
    const LONGEST_SECONDS: u64 = 27 * 60;
    let doublings = failures.saturating_sub(1).min(16);
    seconds((FIRST_SECONDS << doublings).min(LONGEST_SECONDS))
}

/// How often CloudFormation looks whether a service is stable. Assumption.
pub(super) const LOOK: Duration = seconds(10);

/// How often it looks before it gives up: three hours, which is what it waits for a service ("AWS CloudFormation waits up
/// to three hours", <https://repost.aws/knowledge-center/cloudformation-ecs-service-stabilize>).
pub(super) const LOOKS: u32 = 3 * 60 * 6;
