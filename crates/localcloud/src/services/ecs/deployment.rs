//! A service's deployments: how one begins, and how it fails.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>

use serde_json::{Value, json};

use super::service::{self, Service};
use super::{Timer, durations, fields, scheduler};
use crate::{Input, Timestamp, World, timers};

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Deployment {
    pub(super) id: String,
    /// The ARN of its task definition.
    pub(super) definition: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// Tasks that failed to start.
    pub(super) failed_tasks: u32,
    pub(super) rollout: Rollout,
}

/// How far one has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rollout {
    InProgress,
    Completed,
    /// The circuit breaker has ended it.
    Failed,
}

/// Begin a deployment; it is the primary one from now on.
pub(super) fn begin(world: &mut World, arn: &str, definition: &str) {
    // "ecs-svc/" and 19 digits.
    let drawn = world.identities.hex(&format!("ecs deployment {arn}"), 15);
    let id = format!("ecs-svc/{:019}", u64::from_str_radix(&drawn, 16).unwrap_or_default());
    let now = world.now;
    let Some(service) = world.ecs.services.get_mut(arn) else { return };
    let deployment = Deployment {
        id,
        definition: definition.to_owned(),
        created: now,
        updated: now,
        failed_tasks: 0,
        rollout: Rollout::InProgress,
    };
    service.deployments.insert(0, deployment);
    (service.is_steady, service.failures, service.restart_at) = (false, 0, now);
}

/// The primary deployment has all that it is to have; gives its id unless it was so before.
pub(super) fn complete(service: &mut Service, now: Timestamp) -> Option<String> {
    let primary = service.deployments.first_mut().filter(|primary| primary.rollout == Rollout::InProgress)?;
    (primary.rollout, primary.updated) = (Rollout::Completed, now);
    service.last_completed = Some(primary.definition.clone());
    Some(primary.id.clone())
}

/// A task of a deployment failed to start: the next one waits, longer each time, and the circuit breaker may end the
/// deployment.
pub(super) fn note_failure(world: &mut World, arn: &str, id: &str) {
    let now = world.now;
    let Some(service) = world.ecs.services.get_mut(arn) else { return };
    service.failures = service.failures.saturating_add(1);
    let failures = service.failures;
    if let Some(deployment) = service.deployments.iter_mut().find(|one| one.id == id) {
        deployment.failed_tasks = deployment.failed_tasks.saturating_add(1);
        deployment.updated = now;
    }
    let at = now.after(super::time_that_passes(world, durations::restart_pause(failures)));
    let Some(service) = world.ecs.services.get_mut(arn) else { return };
    service.restart_at = service.restart_at.max(at);
    world.timers.schedule(at, timers::Timer::Ecs(Timer::Reconcile { service: arn.to_owned() }));
    scheduler::tell(
        world,
        arn,
        "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of \
         the Amazon ECS Developer Guide.",
    );
    trip(world, arn, id);
}

/// "The deployment circuit breaker determines whether a service deployment will fail if the service can't reach a steady
/// state": so many tasks in a row have failed to start. Assumption: none but the primary one is ended, and what runs of it
/// goes when the deployment that it is rolled back to has come up.
fn trip(world: &mut World, arn: &str, id: &str) {
    let now = world.now;
    let Some(service) = world.ecs.services.get_mut(arn) else { return };
    let breaker = service.described.get("deploymentConfiguration").map(Input);
    let breaker = breaker.and_then(|configuration| configuration.object("deploymentCircuitBreaker"));
    let is_set = |name: &str| breaker.is_some_and(|breaker| breaker.boolean(name) == Ok(Some(true)));
    // "Minimum threshold <= 0.5 * desired task count => maximum threshold", 3 and 200.
    let threshold = service.desired.div_ceil(2).clamp(3, 200);
    let (enabled, rolls_back) = (is_set("enable"), is_set("rollback"));
    let Some(primary) = service.deployments.first_mut().filter(|primary| primary.id == id) else { return };
    if !enabled || primary.rollout != Rollout::InProgress || service.failures < threshold {
        return;
    }
    (primary.rollout, primary.updated) = (Rollout::Failed, now);
    service.has_tripped = true;
    let definition = service.last_completed.clone().filter(|_| rolls_back);
    scheduler::tell(world, arn, &format!("(deployment {id}) deployment failed: tasks failed to start."));
    if let Some(definition) = definition {
        begin(world, arn, &definition);
        let primary =
            world.ecs.services.get(arn).and_then(Service::primary).map(|primary| primary.id.clone());
        scheduler::tell(world, arn, &format!("rolling back to deployment {}.", primary.unwrap_or_default()));
    }
}

/// A deployment as it is described.
pub(super) fn to_api(world: &World, service: &Service, deployment: &Deployment, is_primary: bool) -> Value {
    let tasks = || service::tasks_of(world, service).filter(|task| task.is_of_deployment(&deployment.id));
    let live = tasks().filter(|task| task.is_wanted).count();
    let Deployment { id, definition, created, updated, failed_tasks, rollout } = deployment;
    let (state, reason) = match rollout {
        Rollout::InProgress => ("IN_PROGRESS", format!("ECS deployment {id} in progress.")),
        Rollout::Completed => ("COMPLETED", format!("ECS deployment {id} completed.")),
        Rollout::Failed => {
            ("FAILED", format!("ECS deployment circuit breaker: tasks failed to start ({id})."))
        }
    };
    let mut shown = json!({
        "id": id,
        "status": if is_primary { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": definition,
        // Assumption: of one that is on its way out, what it still has.
        "desiredCount": if is_primary { json!(service.wanted()) } else { json!(live) },
        "runningCount": tasks().filter(|task| task.state.is_running()).count(),
        "pendingCount": tasks().filter(|task| task.state.is_pending()).count(),
        "failedTasks": failed_tasks,
        "createdAt": fields::seconds(*created),
        "updatedAt": fields::seconds(*updated),
        "rolloutState": state,
        "rolloutStateReason": reason,
    });
    if let Some(shown) = shown.as_object_mut() {
        let of_tasks = ["networkConfiguration", "capacityProviderStrategy", "platformVersion"];
        for name in of_tasks.into_iter().chain(service::OF_DEPLOYMENTS) {
            if let Some(value) = service.described.get(name) {
                shown.insert(name.to_owned(), value.clone());
            }
        }
        service::add_launch(world, service, shown);
    }
    shown
}
