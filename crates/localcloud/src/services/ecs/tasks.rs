//! What can be done to tasks.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::definitions::Definition;
use super::names::{active_cluster, arn_of_given, cluster_of};
use super::service::is_fargate;
use super::task::{self, Ending, Order, Task};
use super::{clusters, definitions, fields, invalid, scheduler, tags};
use crate::{AwsError, Input, World};

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = active_cluster(world, input)?;
    let service = input.string("serviceName").map(|given| arn_of_given(world, "service", cluster, given));
    let service = service.transpose()?;
    if service.as_ref().is_some_and(|arn| !world.ecs.services.contains_key(arn)) {
        return Err(AwsError::new(400, "ServiceNotFoundException", "Service not found."));
    }
    // "Amazon ECS never sets the desired status of a task to that value" (PENDING; API reference of `ListTasks`).
    let wanted = match input.string("desiredStatus") {
        None | Some("RUNNING") => Some(true),
        Some("STOPPED") => Some(false),
        Some("PENDING") => None,
        Some(other) => return Err(invalid(format!("Invalid desired status: {other}"))),
    };
    let found = world.ecs.tasks.values().filter(|task| {
        let family = definitions::find(world, &task.definition).map(|definition| definition.family.as_str());
        let launch_type = if task.is_fargate { "FARGATE" } else { "EC2" };
        task.cluster == cluster
            && Some(task.is_wanted) == wanted
            && service.as_ref().is_none_or(|arn| task.service.as_ref().is_some_and(|(of, _)| of == arn))
            && input.string("family").is_none_or(|wanted| family == Some(wanted))
            && input.string("startedBy").is_none_or(|wanted| task.started_by.as_deref() == Some(wanted))
            && input.string("launchType").is_none_or(|wanted| wanted == launch_type)
            // No container instance is simulated, so none has tasks.
            && !input.has("containerInstance")
    });
    fields::listed(input, "taskArns", found.map(|task| task.arn.clone()), 100)
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = active_cluster(world, input)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for given in fields::several(input, "tasks", 100)? {
        let arn = arn_of_given(world, "task", cluster, given)?;
        match world.ecs.tasks.get(&arn) {
            Some(task) => found.push(to_api(world, task, fields::includes(input, "TAGS"))),
            None => failures.push(fields::missing(&arn)),
        }
    }
    Ok(json!({"tasks": found, "failures": failures}))
}

/// Run tasks that belong to no service. They run until they are stopped, or as long as they say themselves: by a variable of
/// their first container's environment, or of its override, `RUN_SECONDS`, with `EXIT_CODE`, as jobs of Batch do here.
pub(super) fn run(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = cluster_of(input);
    if !clusters::is_usable(world, cluster) {
        return Err(clusters::not_found());
    }
    let definition = definitions::usable(world, input.string("taskDefinition").unwrap_or_default())?;
    if definition.is_awsvpc() && !input.has("networkConfiguration") {
        return Err(invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    // "You can specify up to 10 tasks for each call" (API reference of `RunTask`).
    let count = fields::count(input, "count")?.unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(invalid("count must be between 1 and 10."));
    }
    let mut tags = tags::given(input)?;
    if input.string("propagateTags") == Some("TASK_DEFINITION") {
        let own = std::mem::replace(&mut tags, definition.tags.clone());
        tags.extend(own);
    }
    let launch = fields::kept(
        input,
        &["launchType", "capacityProviderStrategy", "networkConfiguration", "platformVersion"],
    );
    let is_fargate = is_fargate(world, cluster, &launch);
    let group = input.string("group").map_or_else(|| format!("family:{}", definition.family), str::to_owned);
    let order = || Order {
        cluster: cluster.to_owned(),
        definition: definition.arn.clone(),
        service: None,
        group: group.clone(),
        started_by: input.string("startedBy").map(str::to_owned),
        is_fargate,
        ends_by_itself: ends_by_itself(definition, input),
        described: fields::kept(
            input,
            &[
                "overrides",
                "networkConfiguration",
                "platformVersion",
                "enableExecuteCommand",
                "capacityProviderStrategy",
            ],
        ),
        tags: tags.clone(),
    };
    let orders: Vec<Order> = (0..count).map(|_| order()).collect();
    clusters::make_default(world, cluster);
    let started: Vec<String> = orders.into_iter().map(|order| task::start(world, order)).collect();
    let tasks =
        started.iter().filter_map(|arn| world.ecs.tasks.get(arn)).map(|task| to_api(world, task, true));
    Ok(json!({"tasks": tasks.collect::<Vec<_>>(), "failures": []}))
}

fn ends_by_itself(definition: &Definition, input: Input<'_>) -> Option<(Duration, i64)> {
    let overrides = input.object("overrides");
    let overridden = overrides.into_iter().flat_map(|overrides| overrides.objects("containerOverrides"));
    let first = definition.containers().next();
    let pairs: Vec<Input<'_>> =
        overridden.chain(first).flat_map(|container| container.objects("environment")).collect();
    let said = |name: &str| pairs.iter().find(|pair| pair.string("name") == Some(name))?.string("value");
    let seconds = said("RUN_SECONDS")?.parse().ok()?;
    Some((Duration::from_secs(seconds), said("EXIT_CODE").and_then(|code| code.parse().ok()).unwrap_or(0)))
}

pub(super) fn stop(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let cluster = active_cluster(world, input)?;
    let arn = arn_of_given(world, "task", cluster, input.string("task").unwrap_or_default())?;
    let unknown = || invalid("The referenced task was not found.");
    let service = world.ecs.tasks.get(&arn).ok_or_else(unknown)?.service.clone();
    let reason = input.string("reason").unwrap_or("Task stopped by user").to_owned();
    task::stop(world, &arn, Ending { code: "UserInitiated", reason, exit_code: None });
    if let Some((service, _)) = service {
        scheduler::reconcile(world, &service);
    }
    Ok(json!({"task": world.ecs.tasks.get(&arn).map(|task| to_api(world, task, true))}))
}

/// A task as it is described.
fn to_api(world: &World, task: &Task, with_tags: bool) -> Value {
    let definition = definitions::find(world, &task.definition);
    let mut shown: Map<String, Value> = task
        .described
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "networkConfiguration" | "capacityProviderStrategy"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let empty = json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []});
    shown.entry("overrides").or_insert(empty);
    for (name, value) in [
        ("taskArn", json!(task.arn)),
        ("clusterArn", json!(clusters::arn(world, &task.cluster))),
        ("taskDefinitionArn", json!(task.definition)),
        ("group", json!(task.group)),
        ("lastStatus", json!(task.state.name())),
        ("desiredStatus", json!(if task.is_wanted { "RUNNING" } else { "STOPPED" })),
        ("connectivity", json!("CONNECTED")),
        ("healthStatus", json!(health(definition, task))),
        ("createdAt", json!(fields::seconds(task.created))),
        ("version", json!(task.step)),
        ("availabilityZone", json!(format!("{}a", world.config.region))),
        ("attachments", attachments(task)),
        ("containers", containers(world, definition, task)),
    ] {
        shown.insert(name.to_owned(), value);
    }
    let strategy = task.described.get("capacityProviderStrategy");
    match strategy.and_then(|strategy| strategy.get(0)?.get("capacityProvider")) {
        Some(provider) => drop(shown.insert("capacityProviderName".to_owned(), provider.clone())),
        None => drop(
            shown.insert("launchType".to_owned(), json!(if task.is_fargate { "FARGATE" } else { "EC2" })),
        ),
    }
    for name in ["cpu", "memory"] {
        if let Some(value) = definition.and_then(|definition| definition.described.get(name)) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    let stopped = task.stopped;
    for (name, at) in [
        ("startedAt", task.started),
        ("stoppingAt", task.stopping),
        ("stoppedAt", stopped),
        ("executionStoppedAt", stopped.filter(|_| task.started.is_some())),
    ] {
        if let Some(at) = at {
            shown.insert(name.to_owned(), json!(fields::seconds(at)));
        }
    }
    if let Some(by) = &task.started_by {
        shown.insert("startedBy".to_owned(), json!(by));
    }
    if let Some(Ending { code, reason, exit_code: _ }) = &task.ending {
        shown.insert("stopCode".to_owned(), json!(code));
        shown.insert("stoppedReason".to_owned(), json!(reason));
    }
    shown.insert("tags".to_owned(), if with_tags { tags::tag_list(&task.tags) } else { json!([]) });
    Value::Object(shown)
}

/// UNKNOWN where no container has a health check.
fn health(definition: Option<&Definition>, task: &Task) -> &'static str {
    let has_check = definition.into_iter().flat_map(Definition::containers).any(|one| one.has("healthCheck"));
    if has_check && task.state.is_running() { "HEALTHY" } else { "UNKNOWN" }
}

fn attachments(task: &Task) -> Value {
    let shown = task.interface.iter().map(|interface| {
        json!({
            "id": interface.attachment,
            "type": "ElasticNetworkInterface",
            "status": if task.state.has_ended() { "DELETED" } else { "ATTACHED" },
            "details": [
                {"name": "subnetId", "value": interface.subnet},
                {"name": "networkInterfaceId", "value": interface.id},
                {"name": "privateIPv4Address", "value": interface.address},
            ],
        })
    });
    shown.collect()
}

fn containers(world: &World, definition: Option<&Definition>, task: &Task) -> Value {
    let status = if task.state.has_ended() {
        "STOPPED"
    } else if task.state.is_running() || task.state.is_leaving() {
        "RUNNING"
    } else {
        "PENDING"
    };
    let exit_code =
        task.ending.as_ref().and_then(|ending| ending.exit_code).filter(|_| task.state.has_ended());
    let shown = definition.into_iter().flat_map(Definition::containers).map(|container| {
        let name = container.string("name").unwrap_or_default();
        let interfaces: Vec<Value> = task
            .interface
            .iter()
            .map(|interface| {
                json!({"attachmentId": interface.attachment, "privateIpv4Address": interface.address})
            })
            .collect();
        let arn = world.arn("ecs", &format!("container/{}/{}/{name}", task.cluster, task.id));
        let mut shown = json!({
            "containerArn": arn,
            "taskArn": task.arn,
            "name": name,
            "image": container.string("image"),
            "lastStatus": status,
            "healthStatus": health(definition, task),
            "networkBindings": [],
            "networkInterfaces": interfaces,
        });
        if let (Some(code), Some(shown)) = (exit_code, shown.as_object_mut()) {
            shown.insert("exitCode".to_owned(), json!(code));
        }
        shown
    });
    shown.collect()
}
