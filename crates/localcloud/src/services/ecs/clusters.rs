//! Clusters.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::{DEFAULT_CLUSTER, cluster_name, is_name};
use super::service::Status;
use super::{fields, invalid, tags};
use crate::{AwsError, Input, World};

/// Settings that only travel through.
const DESCRIBED: &[&str] = &[
    "settings",
    "configuration",
    "capacityProviders",
    "defaultCapacityProviderStrategy",
    "serviceConnectDefaults",
];

/// One of them. A deleted one stays, INACTIVE: "may remain discoverable in your account for a period of time".
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) arn: String,
    pub(super) is_active: bool,
    pub(super) described: Map<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
}

pub(super) fn not_found() -> AwsError {
    AwsError::new(400, "ClusterNotFoundException", "Cluster not found.")
}

pub(super) fn is_active(world: &World, name: &str) -> bool {
    world.ecs.clusters.get(name).is_some_and(|cluster| cluster.is_active)
}

/// Whether something may be put into a cluster: it is there, or it is the one that is made at need.
pub(super) fn is_usable(world: &World, name: &str) -> bool {
    name == DEFAULT_CLUSTER || is_active(world, name)
}

/// The ARN that a cluster of a name has.
pub(super) fn arn(world: &World, name: &str) -> String {
    world.arn("ecs", &format!("cluster/{name}"))
}

pub(super) fn create_cluster(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = input.string("clusterName").filter(|name| !name.is_empty()).unwrap_or(DEFAULT_CLUSTER);
    create(world, name, input)?;
    Ok(json!({"cluster": world.ecs.clusters.get(name).map(|cluster| to_api(world, name, cluster, |_| true))}))
}

/// Make a cluster; one that is there already stays as it is, as AWS answers a second request with the same cluster.
pub(super) fn create(world: &mut World, name: &str, input: Input<'_>) -> Result<(), AwsError> {
    if !is_name(name) {
        return Err(invalid(format!("Cluster must match ^[a-zA-Z0-9\\-_]{{1,255}}$, but was {name}")));
    }
    let tags = tags::given(input)?;
    if !is_active(world, name) {
        let cluster = Cluster {
            arn: arn(world, name),
            is_active: true,
            described: fields::kept(input, DESCRIBED),
            tags,
        };
        world.ecs.clusters.insert(name.to_owned(), cluster);
    }
    Ok(())
}

/// Change what is given of a cluster.
pub(super) fn update(world: &mut World, name: &str, input: Input<'_>) -> Result<(), AwsError> {
    let cluster =
        world.ecs.clusters.get_mut(name).filter(|cluster| cluster.is_active).ok_or_else(not_found)?;
    cluster.described.extend(fields::kept(input, DESCRIBED));
    Ok(())
}

/// Make the default cluster if it is meant and isn't there.
pub(super) fn make_default(world: &mut World, name: &str) {
    if name == DEFAULT_CLUSTER && !is_active(world, name) {
        let arn = arn(world, name);
        let cluster = Cluster { arn, is_active: true, described: Map::new(), tags: BTreeMap::new() };
        world.ecs.clusters.insert(name.to_owned(), cluster);
    }
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let asked: Vec<&str> = input.strings("clusters").map(cluster_name).collect();
    let asked = if asked.is_empty() { vec![DEFAULT_CLUSTER] } else { asked };
    if asked.len() > 100 {
        return Err(invalid("Clusters cannot contain more than 100 elements."));
    }
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in asked {
        match world.ecs.clusters.get(name) {
            Some(cluster) => found.push(to_api(world, name, cluster, |what| fields::includes(input, what))),
            None => failures.push(fields::missing(&arn(world, name))),
        }
    }
    Ok(json!({"clusters": found, "failures": failures}))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let active = world.ecs.clusters.values().filter(|cluster| cluster.is_active);
    fields::listed(input, "clusterArns", active.map(|cluster| cluster.arn.clone()), 100)
}

pub(super) fn delete_cluster(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = cluster_name(input.string("cluster").unwrap_or_default());
    if !is_active(world, name) {
        return Err(not_found());
    }
    check_unused(world, name)?;
    remove(world, name);
    Ok(json!({"cluster": world.ecs.clusters.get(name).map(|cluster| to_api(world, name, cluster, |_| true))}))
}

/// A cluster with services or tasks stays.
pub(super) fn check_unused(world: &World, name: &str) -> Result<(), AwsError> {
    let mut services = world.ecs.services.values();
    if services.any(|service| service.cluster == name && service.status != Status::Inactive) {
        let words = "The Cluster cannot be deleted while Services are active.";
        return Err(AwsError::new(400, "ClusterContainsServicesException", words));
    }
    if world.ecs.tasks.values().any(|task| task.cluster == name && !task.state.has_ended()) {
        let words = "The Cluster cannot be deleted while Tasks are active.";
        return Err(AwsError::new(400, "ClusterContainsTasksException", words));
    }
    Ok(())
}

pub(super) fn remove(world: &mut World, name: &str) {
    if let Some(cluster) = world.ecs.clusters.get_mut(name) {
        cluster.is_active = false;
    }
}

/// A cluster with what an answer is to contain of it.
fn to_api(world: &World, name: &str, cluster: &Cluster, includes: impl Fn(&str) -> bool) -> Value {
    let tasks = || world.ecs.tasks.values().filter(|task| task.cluster == name);
    let services = world.ecs.services.values();
    let active = services.filter(|service| service.cluster == name && service.status == Status::Active);
    let mut shown = json!({
        "clusterArn": cluster.arn,
        "clusterName": name,
        "status": if cluster.is_active { "ACTIVE" } else { "INACTIVE" },
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": tasks().filter(|task| task.state.is_running()).count(),
        "pendingTasksCount": tasks().filter(|task| task.state.is_pending()).count(),
        "activeServicesCount": active.count(),
        "statistics": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
        "settings": [],
        "tags": [],
    });
    if let Some(fields) = shown.as_object_mut() {
        for (field, value) in &cluster.described {
            let is_shown = match field.as_str() {
                "settings" => includes("SETTINGS"),
                "configuration" => includes("CONFIGURATIONS"),
                _ => true,
            };
            if is_shown {
                fields.insert(field.clone(), value.clone());
            }
        }
        if includes("TAGS") {
            fields.insert("tags".to_owned(), tags::tag_list(&cluster.tags));
        }
    }
    shown
}
