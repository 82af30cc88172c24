//! One service: what is kept of it, and how it is shown.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::deployment::{self, Deployment};
use super::task::Task;
use super::trouble::Trouble;
use super::{clusters, fields, tags};
use crate::{Input, Timestamp, World};

/// "the newest 100 events" (API reference, `Service`, `events`).
pub(super) const MOST_EVENTS: usize = 100;

/// A service's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    /// Deleted, and its tasks haven't ended.
    Draining,
    /// Deleted; it can still be described.
    Inactive,
}

impl Status {
    /// AWS's word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Status::Active => "ACTIVE",
            Status::Draining => "DRAINING",
            Status::Inactive => "INACTIVE",
        }
    }
}

/// A service.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) arn: String,
    /// Its cluster's name.
    pub(super) cluster: String,
    pub(super) status: Status,
    pub(super) desired: u32,
    pub(super) is_daemon: bool,
    /// The primary one first.
    pub(super) deployments: Vec<Deployment>,
    /// ARNs in the order of their start, without those that are forgotten.
    pub(super) tasks: Vec<String>,
    /// The newest first.
    pub(super) events: VecDeque<Event>,
    pub(super) created: Timestamp,
    /// Settings that are given back as they came.
    pub(super) described: Map<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
    /// Whether it was steady when it was last looked at.
    pub(super) is_steady: bool,
    /// Whether a timer of this moment looks at it.
    pub(super) is_to_be_reconciled: bool,
    /// Tasks that failed to start since the last one that did.
    pub(super) failures: u32,
    /// Until when no other is started.
    pub(super) restart_at: Timestamp,
    pub(super) trouble: Option<Trouble>,
    /// The task definition of the last deployment that completed: what a rollback goes back to.
    pub(super) last_completed: Option<String>,
    /// Whether the circuit breaker has ended a deployment since somebody last changed the service.
    pub(super) has_tripped: bool,
    /// How often CloudFormation has looked since it last changed something.
    pub(super) looks: u32,
}

/// What a service has to tell.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) message: String,
}

impl Service {
    /// How many tasks it is to have.
    pub(super) fn wanted(&self) -> u32 {
        if self.status == Status::Active { self.desired } else { 0 }
    }

    /// The deployment that new tasks belong to.
    pub(super) fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    /// The ARN of its task definition.
    pub(super) fn definition(&self) -> &str {
        self.primary().map_or("", |primary| &primary.definition)
    }

    /// A figure of its `deploymentConfiguration`.
    pub(super) fn percent(&self, name: &str) -> u64 {
        percent(&self.described, self.is_daemon, name)
    }
}

/// A figure of `deploymentConfiguration`, or what ECS takes without it: 100 and 200 percent, of a DAEMON 0 and 100
/// (API reference, `DeploymentConfiguration`).
pub(super) fn percent(described: &Map<String, Value>, is_daemon: bool, name: &str) -> u64 {
    let usual = match (name, is_daemon) {
        ("minimumHealthyPercent", true) => 0,
        ("maximumPercent", false) => 200,
        _ => 100,
    };
    let given = described.get("deploymentConfiguration").map(Input);
    let given = given.and_then(|given| given.integer(name).ok().flatten());
    given.and_then(|given| u64::try_from(given).ok()).unwrap_or(usual)
}

/// Where tasks are registered: target group, container, port.
pub(super) fn target_groups(described: &Map<String, Value>) -> impl Iterator<Item = Input<'_>> {
    let given = described.get("loadBalancers").and_then(Value::as_array);
    given.into_iter().flatten().map(Input).filter(|one| one.string("targetGroupArn").is_some())
}

/// Its tasks, those that have stopped as well.
pub(super) fn tasks_of<'w>(world: &'w World, service: &'w Service) -> impl Iterator<Item = &'w Task> {
    service.tasks.iter().filter_map(|arn| world.ecs.tasks.get(arn))
}

/// The launch type of its tasks: what it says itself, else its capacity providers, else its cluster's.
pub(super) fn is_fargate(world: &World, cluster: &str, described: &Map<String, Value>) -> bool {
    if let Some(launch_type) = described.get("launchType").and_then(Value::as_str) {
        return launch_type == "FARGATE";
    }
    let of_cluster = world.ecs.clusters.get(cluster).map(|cluster| &cluster.described);
    let own = described.get("capacityProviderStrategy");
    let strategy =
        own.or_else(|| of_cluster.and_then(|fields| fields.get("defaultCapacityProviderStrategy")));
    let provider = strategy.and_then(|strategy| strategy.get(0)?.get("capacityProvider")?.as_str());
    provider.is_some_and(|provider| provider.starts_with("FARGATE"))
}

/// Settings of a service that its deployments show.
pub(super) const OF_DEPLOYMENTS: [&str; 3] =
    ["serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"];

/// A service as it is described.
pub(super) fn to_api(world: &World, service: &Service, with_tags: bool) -> Value {
    let mut shown = service.described.clone();
    let tasks = || tasks_of(world, service);
    let deployments: Vec<Value> = service
        .deployments
        .iter()
        .enumerate()
        .map(|(place, one)| deployment::to_api(world, service, one, place == 0))
        .collect();
    let events = service.events.iter().map(
        |event| json!({"id": event.id, "createdAt": fields::seconds(event.at), "message": event.message}),
    );
    for (name, value) in [
        ("serviceArn", json!(service.arn)),
        ("serviceName", json!(service.name)),
        ("clusterArn", json!(clusters::arn(world, &service.cluster))),
        ("status", json!(service.status.name())),
        ("desiredCount", json!(service.wanted())),
        ("runningCount", json!(tasks().filter(|task| task.state.is_running()).count())),
        ("pendingCount", json!(tasks().filter(|task| task.state.is_pending()).count())),
        ("taskDefinition", json!(service.definition())),
        ("deployments", Value::Array(deployments)),
        ("events", events.collect()),
        ("createdAt", json!(fields::seconds(service.created))),
        ("schedulingStrategy", json!(if service.is_daemon { "DAEMON" } else { "REPLICA" })),
    ] {
        shown.insert(name.to_owned(), value);
    }
    add_launch(world, service, &mut shown);
    shown.retain(|name, _| !OF_DEPLOYMENTS.contains(&name.as_str()));
    let configuration = shown.entry("deploymentConfiguration").or_insert_with(|| json!({}));
    if let Some(configuration) = configuration.as_object_mut() {
        for name in ["maximumPercent", "minimumHealthyPercent"] {
            configuration.insert(name.to_owned(), json!(service.percent(name)));
        }
        let breaker = || json!({"enable": false, "rollback": false});
        configuration.entry("deploymentCircuitBreaker").or_insert_with(breaker);
    }
    for list in ["loadBalancers", "serviceRegistries", "placementConstraints", "placementStrategy"] {
        shown.entry(list).or_insert_with(|| json!([]));
    }
    for flag in ["enableECSManagedTags", "enableExecuteCommand"] {
        shown.entry(flag).or_insert_with(|| json!(false));
    }
    shown.entry("deploymentController").or_insert_with(|| json!({"type": "ECS"}));
    shown.entry("propagateTags").or_insert_with(|| json!("NONE"));
    if with_tags {
        shown.insert("tags".to_owned(), tags::tag_list(&service.tags));
    }
    Value::Object(shown)
}

/// `launchType`, unless capacity providers decide; FARGATE has a version.
pub(super) fn add_launch(world: &World, service: &Service, shown: &mut Map<String, Value>) {
    let is_fargate = is_fargate(world, &service.cluster, &service.described);
    if !service.described.contains_key("capacityProviderStrategy") {
        shown.insert("launchType".to_owned(), json!(if is_fargate { "FARGATE" } else { "EC2" }));
    }
    if is_fargate {
        shown.entry("platformVersion").or_insert_with(|| json!("LATEST"));
        shown.insert("platformFamily".to_owned(), json!("Linux"));
    }
}
