//! Services whose tasks don't come up: what makes them so on AWS (an image that is gone, a secret that can't be read) is
//! outside of its API, so here it is ordered at the control endpoint ([`crate::control`]). It is a request like any other,
//! so a replay knows it.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>

use std::time::Duration;

use serde_json::{Value, json};

use super::names::{arn_of_given, cluster_of};
use super::service::Status;
use super::task::{self, Ending, TaskState};
use super::{deployment, scheduler, service};
use crate::{AwsError, Input, World};

/// What is wrong with a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// How long a task stays PENDING before it stops.
    pub(super) pending: Duration,
    /// `stoppedReason`.
    pub(super) reason: String,
    /// The ARN of the task definition whose tasks alone it is about.
    pub(super) definition: Option<String>,
}

/// In AWS's words, as people quote them.
const USUAL_REASON: &str = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve \
                            ref: not found";

/// How long an image is tried to be pulled. Assumption.
const USUAL_SECONDS: i64 = 60;

/// The trouble of a task's service.
pub(super) fn of_task<'w>(world: &'w World, arn: &str) -> Option<&'w Trouble> {
    let task = world.ecs.tasks.get(arn)?;
    let (service, _) = task.service.as_ref()?;
    let trouble = world.ecs.services.get(service)?.trouble.as_ref()?;
    trouble.definition.as_ref().is_none_or(|definition| *definition == task.definition).then_some(trouble)
}

/// A task hasn't come up.
pub(super) fn start_failed(world: &mut World, arn: &str) {
    let of = world.ecs.tasks.get(arn).and_then(|task| task.service.clone());
    if let Some((service, deployment)) = of {
        deployment::note_failure(world, &service, &deployment);
    }
}

/// Put a service into a status: `FAILING` (its tasks stay PENDING for so many `seconds`, 60, and stop with a
/// `stoppedReason`, again and again; with a `taskDefinition`, `FAMILY:REVISION` or an ARN, only that one's, which need not exist yet; with
/// `stopsRunning` those that run stop as well) or `HEALTHY`.
///
/// # Errors
/// When there is no such service, or no such status.
pub(crate) fn set_status(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = cluster_of(input);
    let arn = arn_of_given(world, "service", cluster, input.required_string("service")?)?;
    let found = world.ecs.services.get(&arn).filter(|service| service.status == Status::Active);
    let service = found.ok_or_else(|| AwsError::validation(format!("{arn} is no active service")))?;
    let seconds = input.integer("seconds")?.unwrap_or(USUAL_SECONDS);
    let seconds = u64::try_from(seconds)
        .ok()
        .filter(|seconds| (1..=31_536_000).contains(seconds))
        .ok_or_else(|| AwsError::validation("seconds must be between 1 and 31536000"))?;
    let stops_running = input.boolean("stopsRunning")?.unwrap_or(false);
    let reason = input.string("stoppedReason").unwrap_or(USUAL_REASON).to_owned();
    let status = input.required_string("status")?;
    let in_state = |state: TaskState| {
        let tasks =
            service::tasks_of(world, service).filter(move |task| task.is_wanted && task.state == state);
        tasks.map(|task| task.arn.clone()).collect::<Vec<String>>()
    };
    let (pending, running) = (in_state(TaskState::Pending), in_state(TaskState::Running));
    let trouble = match status {
        "FAILING" => {
            let definition = input.string("taskDefinition").map(|given| match given.starts_with("arn:") {
                true => given.to_owned(),
                false => world.arn("ecs", &format!("task-definition/{given}")),
            });
            Some(Trouble { pending: Duration::from_secs(seconds), reason, definition })
        }
        "HEALTHY" => None,
        other => {
            let shown: String = other.chars().take(100).collect();
            return Err(AwsError::validation(format!("status must be FAILING or HEALTHY, not {shown}")));
        }
    };
    let is_failing = trouble.is_some();
    let now = world.now;
    if let Some(service) = world.ecs.services.get_mut(&arn) {
        service.trouble = trouble;
        if !is_failing {
            (service.failures, service.restart_at) = (0, now);
        }
    }
    // What waits begins to wait anew, as long as it has to now.
    for task in pending {
        task::enter(world, &task, TaskState::Pending);
    }
    if is_failing && stops_running {
        for task in running {
            let reason = "Essential container in task exited".to_owned();
            task::stop(world, &task, Ending { code: "EssentialContainerExited", reason, exit_code: Some(1) });
        }
    }
    scheduler::reconcile(world, &arn);
    Ok(json!({"serviceArn": arn, "status": status}))
}
