//! The service scheduler: what a service has and what it is to have are compared whenever something of it changes, and
//! tasks are started and stopped accordingly.
//!
//! Rolling is done "by the minimum healthy percent and maximum percent" in their simplest reading
//! (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>): old tasks stop as far as enough
//! run without them, new ones start as far as there is room; of percentages the least is rounded up and the most down.

use std::collections::BTreeMap;

use serde_json::json;

use super::definitions;
use super::deployment::{self, Deployment, Rollout};
use super::service::{Event, MOST_EVENTS, Service, Status, is_fargate, tasks_of};
use super::task::{self, Ending, Order};
use crate::World;

/// What a service has.
#[derive(Debug, Clone, Default)]
struct Census {
    /// Tasks that are to run, of the primary deployment: those that don't run yet, then those that do, the newest first.
    new_pending: Vec<String>,
    new_running: Vec<String>,
    /// The same of earlier deployments.
    old_pending: Vec<String>,
    old_running: Vec<String>,
    /// Those on their way out whose containers may still be at work.
    leaving: usize,
    /// Those whose resources are being given back.
    deprovisioning: usize,
}

impl Census {
    fn count(world: &World, service: &Service) -> Census {
        let primary = service.primary().map_or("", |primary| primary.id.as_str());
        let mut census = Census::default();
        for task in tasks_of(world, service) {
            if !task.is_wanted {
                census.leaving += usize::from(task.state.is_leaving());
                census.deprovisioning += usize::from(!task.state.is_leaving() && !task.state.has_ended());
                continue;
            }
            let kind = match (task.is_of_deployment(primary), task.state.is_running()) {
                (true, false) => &mut census.new_pending,
                (true, true) => &mut census.new_running,
                (false, false) => &mut census.old_pending,
                (false, true) => &mut census.old_running,
            };
            kind.insert(0, task.arn.clone());
        }
        census
    }

    fn count_new(&self) -> usize {
        self.new_pending.len() + self.new_running.len()
    }

    fn count_old(&self) -> usize {
        self.old_pending.len() + self.old_running.len()
    }
}

/// Compare what a service has with what it is to have, and act.
pub(super) fn reconcile(world: &mut World, arn: &str) {
    let Some(service) = world.ecs.services.get(arn).filter(|service| service.status != Status::Inactive)
    else {
        return;
    };
    let census = Census::count(world, service);
    let wanted = usize::try_from(service.wanted()).unwrap_or(usize::MAX);
    stop_what_is_too_much(world, arn, &census, wanted);
    start_what_is_missing(world, arn, wanted);
    settle(world, arn, wanted);
}

/// Compare once whatever else happens at this moment has happened: a thousand tasks of a service may come up at once.
pub(super) fn reconcile_soon(world: &mut World, arn: &str) {
    let now = world.now;
    let found = world.ecs.services.get_mut(arn).filter(|service| !service.is_to_be_reconciled);
    if let Some(service) = found {
        service.is_to_be_reconciled = true;
        let timer = super::Timer::Reconcile { service: arn.to_owned() };
        world.timers.schedule(now, crate::timers::Timer::Ecs(timer));
    }
}

/// So many percent of a count, rounded up or down.
fn part(count: usize, percent: u64, rounds_up: bool) -> usize {
    let exact = u128::try_from(count).unwrap_or_default() * u128::from(percent);
    let rounded = if rounds_up { exact.div_ceil(100) } else { exact / 100 };
    usize::try_from(rounded).unwrap_or(usize::MAX)
}

fn stop_what_is_too_much(world: &mut World, arn: &str, census: &Census, wanted: usize) {
    let Some(service) = world.ecs.services.get(arn) else { return };
    let Some(primary) = service.primary().map(|primary| primary.id.clone()) else { return };
    let least = part(wanted, service.percent("minimumHealthyPercent"), true);
    let spare = (census.old_running.len() + census.new_running.len().min(wanted)).saturating_sub(least);
    let too_many = census.count_new().saturating_sub(wanted);
    let too_many_pending = too_many.min(census.new_pending.len());
    // Old tasks that don't run are of no use to anybody; those that do go as far as enough remain.
    let pending = census.old_pending.iter().chain(census.new_pending.iter().take(too_many_pending));
    let running = census.old_running.iter().take(spare);
    let running: Vec<&String> =
        running.chain(census.new_running.iter().take(too_many - too_many_pending)).collect();
    let reason = format!("Scaling activity initiated by (deployment {primary})");
    for task in pending.chain(running.iter().copied()) {
        let ending = Ending { code: "ServiceSchedulerInitiated", reason: reason.clone(), exit_code: None };
        task::stop(world, task, ending);
    }
    if !running.is_empty() {
        let shown: Vec<String> = running.iter().map(|task| format!("(task {})", id_of(task))).collect();
        tell(world, arn, &format!("has stopped {} running tasks: {}.", shown.len(), shown.join(" ")));
    }
}

fn start_what_is_missing(world: &mut World, arn: &str, wanted: usize) {
    let Some(service) = world.ecs.services.get(arn) else { return };
    let Some(primary) = service.primary().cloned() else { return };
    if service.restart_at > world.now || primary.rollout == Rollout::Failed {
        return;
    }
    let census = Census::count(world, service);
    let mut missing = wanted.saturating_sub(census.count_new());
    if service.deployments.len() > 1 {
        let most = part(wanted, service.percent("maximumPercent"), false);
        missing = missing.min(most.saturating_sub(census.count_new() + census.count_old() + census.leaving));
    }
    let is_fargate = is_fargate(world, &service.cluster, &service.described);
    let tags = tags_of_tasks(world, service);
    let mut described = serde_json::Map::new();
    for name in
        ["networkConfiguration", "platformVersion", "enableExecuteCommand", "capacityProviderStrategy"]
    {
        if let Some(value) = service.described.get(name) {
            described.insert(name.to_owned(), value.clone());
        }
    }
    let (cluster, group) = (service.cluster.clone(), format!("service:{}", service.name));
    let mut started = Vec::new();
    for _ in 0..missing {
        let order = Order {
            cluster: cluster.clone(),
            definition: primary.definition.clone(),
            service: Some((arn.to_owned(), primary.id.clone())),
            group: group.clone(),
            started_by: Some(primary.id.clone()),
            is_fargate,
            ends_by_itself: None,
            described: described.clone(),
            tags: tags.clone(),
        };
        started.push(task::start(world, order));
    }
    if started.is_empty() {
        return;
    }
    let shown: Vec<String> = started.iter().map(|task| format!("(task {})", id_of(task))).collect();
    if let Some(service) = world.ecs.services.get_mut(arn) {
        service.tasks.extend(started);
    }
    tell(world, arn, &format!("has started {} tasks: {}.", shown.len(), shown.join(" ")));
}

/// `propagateTags` and `enableECSManagedTags`.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html>
fn tags_of_tasks(world: &World, service: &Service) -> BTreeMap<String, String> {
    let mut tags = match service.described.get("propagateTags").and_then(serde_json::Value::as_str) {
        Some("SERVICE") => service.tags.clone(),
        Some("TASK_DEFINITION") => definitions::find(world, service.definition())
            .map_or_else(BTreeMap::new, |definition| definition.tags.clone()),
        // NONE.
        Some(_) | None => BTreeMap::new(),
    };
    // Assumption: what AWS itself has set stays where it is.
    tags.retain(|key, _| !key.starts_with("aws:"));
    if service.described.get("enableECSManagedTags") == Some(&json!(true)) {
        tags.insert("aws:ecs:serviceName".to_owned(), service.name.clone());
        tags.insert("aws:ecs:clusterName".to_owned(), service.cluster.clone());
    }
    tags
}

/// Deployments that have no tasks any more are over; a service that has what it is to have says so.
fn settle(world: &mut World, arn: &str, wanted: usize) {
    let now = world.now;
    let Some(found) = world.ecs.services.get(arn) else { return };
    let census = Census::count(world, found);
    let is_over = |deployment: &Deployment| {
        !tasks_of(world, found)
            .any(|task| task.is_of_deployment(&deployment.id) && (task.is_wanted || task.state.is_leaving()))
    };
    let over: Vec<String> =
        found.deployments.iter().skip(1).filter(|one| is_over(one)).map(|one| one.id.clone()).collect();
    let Some(service) = world.ecs.services.get_mut(arn) else { return };
    service.deployments.retain(|deployment| !over.contains(&deployment.id));
    let is_steady = service.deployments.len() == 1
        && census.leaving == 0
        && census.new_pending.is_empty()
        && census.new_running.len() == wanted;
    if service.status == Status::Draining {
        if census.count_new() + census.count_old() + census.leaving + census.deprovisioning == 0 {
            service.status = Status::Inactive;
        }
        return;
    }
    let becomes_steady = is_steady && !service.is_steady;
    service.is_steady = is_steady;
    if !becomes_steady {
        return;
    }
    let completed = deployment::complete(service, now);
    if let Some(id) = completed {
        tell(world, arn, &format!("(deployment {id}) deployment completed."));
    }
    tell(world, arn, "has reached a steady state.");
}

/// What CloudFormation and the waiter `services_stable` ask: one deployment, and as many tasks running as are to be.
pub(super) fn is_stable(world: &World, service: &Service) -> bool {
    let running = tasks_of(world, service).filter(|task| task.state.is_running()).count();
    service.deployments.len() == 1 && u32::try_from(running) == Ok(service.wanted())
}

/// A service has something to tell.
pub(super) fn tell(world: &mut World, arn: &str, words: &str) {
    let id = world.identities.uuid(&format!("ecs event {arn}"));
    let at = world.now;
    if let Some(service) = world.ecs.services.get_mut(arn) {
        let message = format!("(service {}) {words}", service.name);
        service.events.push_front(Event { id, at, message });
        service.events.truncate(MOST_EVENTS);
    }
}

/// The last part of a task's ARN.
fn id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
