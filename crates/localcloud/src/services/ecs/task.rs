//! One task's way through its states.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::definitions::{self, Definition};
use super::network::{self, Target};
use super::{Timer, durations, names, scheduler, trouble};
use crate::{Timestamp, World, timers};

/// A task's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TaskState {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl TaskState {
    /// AWS's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            TaskState::Provisioning => "PROVISIONING",
            TaskState::Pending => "PENDING",
            TaskState::Activating => "ACTIVATING",
            TaskState::Running => "RUNNING",
            TaskState::Deactivating => "DEACTIVATING",
            TaskState::Stopping => "STOPPING",
            TaskState::Deprovisioning => "DEPROVISIONING",
            TaskState::Stopped => "STOPPED",
        }
    }

    /// Whether a running count has it: "the number of tasks in the cluster that are in the RUNNING state". One that is
    /// DEACTIVATING or STOPPING is in none of the counts, and its container may be at work for minutes.
    pub(super) fn is_running(self) -> bool {
        self == TaskState::Running
    }

    /// Whether a pending count has it.
    pub(super) fn is_pending(self) -> bool {
        matches!(self, TaskState::Provisioning | TaskState::Pending | TaskState::Activating)
    }

    /// Whether its containers may still be at work though it is to stop.
    pub(super) fn is_leaving(self) -> bool {
        matches!(self, TaskState::Deactivating | TaskState::Stopping)
    }

    /// STOPPED.
    pub(super) fn has_ended(self) -> bool {
        self == TaskState::Stopped
    }
}

/// A task.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) arn: String,
    pub(super) id: String,
    /// Its cluster's name.
    pub(super) cluster: String,
    /// The ARN of its task definition.
    pub(super) definition: String,
    /// The ARN of its service and the id of its deployment.
    pub(super) service: Option<(String, String)>,
    pub(super) group: String,
    pub(super) started_by: Option<String>,
    pub(super) is_fargate: bool,
    pub(super) state: TaskState,
    /// Counts its states, so that a timer of an earlier one is known as stale.
    pub(super) step: u64,
    /// Whether its desired status is RUNNING.
    pub(super) is_wanted: bool,
    pub(super) created: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) stopping: Option<Timestamp>,
    pub(super) stopped: Option<Timestamp>,
    pub(super) ending: Option<Ending>,
    /// Of its own network interface, if it has one.
    pub(super) interface: Option<network::Interface>,
    pub(super) targets: Vec<Target>,
    /// How long it runs if nobody stops it, and its exit code then; without: until it is stopped.
    pub(super) ends_by_itself: Option<(Duration, i64)>,
    /// Settings that are given back as they came.
    pub(super) described: Map<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
}

impl Task {
    /// Whether it belongs to a deployment.
    pub(super) fn is_of_deployment(&self, id: &str) -> bool {
        self.service.as_ref().is_some_and(|(_, deployment)| deployment == id)
    }
}

/// Why a task ends. <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    /// `stopCode`, such as `UserInitiated`.
    pub(super) code: &'static str,
    pub(super) reason: String,
    /// The containers', where they ran.
    pub(super) exit_code: Option<i64>,
}

/// What is to be started.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) cluster: String,
    pub(super) definition: String,
    pub(super) service: Option<(String, String)>,
    pub(super) group: String,
    pub(super) started_by: Option<String>,
    pub(super) is_fargate: bool,
    pub(super) ends_by_itself: Option<(Duration, i64)>,
    pub(super) described: Map<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
}

/// Start a task; gives its ARN. The identifiers are of its service's or its group's own stream.
pub(super) fn start(world: &mut World, order: Order) -> String {
    let Order {
        cluster,
        definition,
        service,
        group,
        started_by,
        is_fargate,
        ends_by_itself,
        described,
        tags,
    } = order;
    let stream = match &service {
        Some((service, _)) => format!("ecs task {service}"),
        None => format!("ecs task {cluster} {group}"),
    };
    let id = world.identities.hex(&stream, 32);
    let arn = names::task_arn(world, &cluster, &id);
    let is_awsvpc = definitions::find(world, &definition).is_some_and(Definition::is_awsvpc);
    let interface = is_awsvpc.then(|| network::interface(world, &stream, &described));
    let task = Task {
        arn: arn.clone(),
        id,
        cluster,
        definition,
        service,
        group,
        started_by,
        is_fargate,
        state: TaskState::Provisioning,
        step: 0,
        is_wanted: true,
        created: world.now,
        started: None,
        stopping: None,
        stopped: None,
        ending: None,
        interface,
        targets: Vec::new(),
        ends_by_itself,
        described,
        tags,
    };
    world.ecs.tasks.insert(arn.clone(), task);
    enter(world, &arn, TaskState::Provisioning);
    arn
}

/// Put a task into a state, for as long as that lasts.
pub(super) fn enter(world: &mut World, arn: &str, state: TaskState) {
    let now = world.now;
    let Some(task) = world.ecs.tasks.get_mut(arn) else { return };
    task.state = state;
    task.step += 1;
    let is_fargate = task.is_fargate;
    match state {
        TaskState::Running => task.started = Some(now),
        TaskState::Deactivating | TaskState::Stopping => task.stopping = task.stopping.or(Some(now)),
        TaskState::Stopped => task.stopped = Some(now),
        TaskState::Provisioning | TaskState::Pending | TaskState::Activating | TaskState::Deprovisioning => {}
    }
    let service = task.service.as_ref().map(|(service, _)| service.clone());
    let (lasts, step) = (task.ends_by_itself.map(|(lasts, _)| lasts), task.step);
    let lasts = match state {
        TaskState::Provisioning => Some(durations::provisioning(is_fargate)),
        TaskState::Pending => {
            if let Some(pending) = trouble::of_task(world, arn).map(|trouble| trouble.pending) {
                return schedule_passing(world, arn, step, pending);
            }
            Some(durations::pending(is_fargate))
        }
        TaskState::Activating => {
            network::register(world, arn);
            Some(durations::ACTIVATING)
        }
        TaskState::Running => {
            if let Some(service) = service.and_then(|service| world.ecs.services.get_mut(&service)) {
                (service.failures, service.restart_at) = (0, now);
            }
            lasts
        }
        TaskState::Deactivating => Some(network::deregister(world, arn)),
        TaskState::Stopping => Some(stop_timeout(world, arn)),
        TaskState::Deprovisioning => Some(durations::deprovisioning(is_fargate)),
        TaskState::Stopped => return schedule_passing(world, arn, step, durations::STOPPED_IS_SHOWN),
    };
    if let Some(lasts) = lasts {
        world.schedule(lasts, timers::Timer::Ecs(Timer::Task { task: arn.to_owned(), step }));
    }
}

fn schedule_passing(world: &mut World, arn: &str, step: u64, lasts: Duration) {
    let at = world.now.after(super::time_that_passes(world, lasts));
    world.timers.schedule(at, timers::Timer::Ecs(Timer::Task { task: arn.to_owned(), step }));
}

/// The longest that a container may take to end.
fn stop_timeout(world: &World, arn: &str) -> Duration {
    let definition = world.ecs.tasks.get(arn).and_then(|task| definitions::find(world, &task.definition));
    let seconds = definition.into_iter().flat_map(Definition::containers).map(|container| {
        let given = container.integer("stopTimeout").ok().flatten();
        given.and_then(|given| u64::try_from(given).ok()).unwrap_or(durations::STOP_TIMEOUT_SECONDS)
    });
    let longest = seconds.max().unwrap_or(durations::STOP_TIMEOUT_SECONDS);
    Duration::from_secs(longest.min(durations::LONGEST_STOP_TIMEOUT_SECONDS))
}

/// A task's state has lasted its time.
pub(super) fn step_is_over(world: &mut World, arn: &str, step: u64) {
    let Some(task) = world.ecs.tasks.get(arn).filter(|task| task.step == step) else { return };
    let service = task.service.as_ref().map(|(service, _)| service.clone());
    let exit_code = task.ends_by_itself.map(|(_, exit_code)| exit_code);
    match task.state {
        TaskState::Provisioning => enter(world, arn, TaskState::Pending),
        TaskState::Pending => match trouble::of_task(world, arn).map(|trouble| trouble.reason.clone()) {
            Some(reason) => {
                let ending = Ending { code: "TaskFailedToStart", reason, exit_code: None };
                stop(world, arn, ending);
                trouble::start_failed(world, arn);
            }
            None if network::is_balanced(world, arn) => enter(world, arn, TaskState::Activating),
            None => enter(world, arn, TaskState::Running),
        },
        TaskState::Activating => enter(world, arn, TaskState::Running),
        TaskState::Running => {
            let reason = "Essential container in task exited".to_owned();
            stop(world, arn, Ending { code: "EssentialContainerExited", reason, exit_code });
        }
        TaskState::Deactivating => enter(world, arn, TaskState::Stopping),
        TaskState::Stopping => enter(world, arn, TaskState::Deprovisioning),
        TaskState::Deprovisioning => enter(world, arn, TaskState::Stopped),
        TaskState::Stopped => return forget(world, arn),
    }
    if let Some(service) = service {
        scheduler::reconcile_soon(world, &service);
    }
}

/// Begin to stop a task; one that is stopping already goes on as it is.
pub(super) fn stop(world: &mut World, arn: &str, ending: Ending) {
    let now = world.now;
    let Some(task) = world.ecs.tasks.get_mut(arn).filter(|task| task.is_wanted) else { return };
    let has_exited = ending.code == "EssentialContainerExited";
    task.is_wanted = false;
    task.stopping = Some(now);
    // A container that is stopped ends by SIGTERM or SIGKILL; assumption: SIGKILL, as it takes its whole time.
    let killed = task.state.is_running().then_some(137);
    task.ending = Some(Ending { exit_code: ending.exit_code.or(killed), ..ending });
    let next = match task.state {
        // Nothing of it runs yet.
        TaskState::Provisioning | TaskState::Pending => TaskState::Deprovisioning,
        TaskState::Activating | TaskState::Running if !task.targets.is_empty() => TaskState::Deactivating,
        TaskState::Activating | TaskState::Running if has_exited => TaskState::Deprovisioning,
        TaskState::Activating | TaskState::Running => TaskState::Stopping,
        TaskState::Deactivating | TaskState::Stopping | TaskState::Deprovisioning | TaskState::Stopped => {
            return;
        }
    };
    enter(world, arn, next);
}

fn forget(world: &mut World, arn: &str) {
    let Some(task) = world.ecs.tasks.remove(arn) else { return };
    let service = task.service.and_then(|(service, _)| world.ecs.services.get_mut(&service));
    if let Some(service) = service {
        service.tasks.retain(|known| known != arn);
    }
}
