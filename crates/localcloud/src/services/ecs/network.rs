//! What connects a task: its network interface, and the target groups of its service.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html>

use std::time::Duration;

use serde_json::{Map, Value};

use super::definitions::{self, Definition};
use super::{invalid, scheduler, service};
use crate::services::load_balancing;
use crate::{AwsError, Input, World};

/// A network interface of a task's own.
#[derive(Debug, Clone)]
pub(super) struct Interface {
    pub(super) attachment: String,
    pub(super) id: String,
    pub(super) address: String,
    pub(super) subnet: String,
}

/// Where a task is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) id: String,
    pub(super) port: u16,
}

/// The interface of the next task of a stream of identifiers. Assumption: an address of 10.0.0.0/8, whatever the subnet's.
pub(super) fn interface(world: &mut World, stream: &str, described: &Map<String, Value>) -> Interface {
    let attachment = world.identities.uuid(&format!("{stream} attachment"));
    let drawn = world.identities.hex(&format!("{stream} interface"), 17);
    let part = |from: usize| {
        let digits = drawn.get(from..from + 2).unwrap_or_default();
        u8::from_str_radix(digits, 16).unwrap_or_default()
    };
    let configuration = described.get("networkConfiguration").map(Input);
    let subnets = configuration.and_then(|configuration| configuration.object("awsvpcConfiguration"));
    let subnet = subnets.and_then(|subnets| subnets.strings("subnets").next()).unwrap_or_default();
    Interface {
        attachment,
        address: format!("10.{}.{}.{}", part(0), part(2), part(4)),
        id: format!("eni-{drawn}"),
        subnet: subnet.to_owned(),
    }
}

/// Whether tasks of a definition can be registered as a service wants it. The words are recorded by many. Assumption: a
/// target group that isn't of this cloud, such as one that a template's parameter names, is there and fits.
pub(super) fn check_target_groups(
    world: &World,
    definition: &Definition,
    described: &Map<String, Value>,
) -> Result<(), AwsError> {
    for given in service::target_groups(described) {
        let arn = given.string("targetGroupArn").unwrap_or_default();
        let Some(group) = load_balancing::target_group(world, arn) else { continue };
        if !group.is_in_use {
            return Err(invalid(format!(
                "The target group with targetGroupArn {arn} does not have an associated load balancer."
            )));
        }
        if group.is_by_address != definition.is_awsvpc() {
            let kind = if group.is_by_address { "ip" } else { "instance" };
            let mode = definition.described.get("networkMode").and_then(Value::as_str).unwrap_or("bridge");
            return Err(invalid(format!(
                "The provided target group {arn} has target type {kind}, which is incompatible with the {mode} network \
                 mode specified in the task definition."
            )));
        }
        check_container(definition, given)?;
    }
    Ok(())
}

/// The container and its port that a target group is for.
fn check_container(definition: &Definition, given: Input<'_>) -> Result<(), AwsError> {
    let name = given.string("containerName").unwrap_or_default();
    let port = given.integer("containerPort").map_err(|error| invalid(error.message))?.unwrap_or_default();
    let container = definition.containers().find(|container| container.string("name") == Some(name));
    let container = container
        .ok_or_else(|| invalid(format!("The container {name} does not exist in the task definition.")))?;
    let mut mappings = container.objects("portMappings");
    if mappings.any(|mapping| mapping.integer("containerPort") == Ok(Some(port))) {
        Ok(())
    } else {
        Err(invalid(format!("The container {name} did not have a container port {port} defined.")))
    }
}

/// Whether a task's service has target groups.
pub(super) fn is_balanced(world: &World, arn: &str) -> bool {
    let task = world.ecs.tasks.get(arn).and_then(|task| task.service.as_ref());
    let service = task.and_then(|(service, _)| world.ecs.services.get(service));
    service.is_some_and(|service| service::target_groups(&service.described).next().is_some())
}

/// Register a task with the target groups of its service.
pub(super) fn register(world: &mut World, arn: &str) {
    let Some(task) = world.ecs.tasks.get(arn) else { return };
    let Some((service, _)) = &task.service else { return };
    let Some(found) = world.ecs.services.get(service) else { return };
    let definition = definitions::find(world, &task.definition);
    let mut targets = Vec::new();
    for (place, given) in service::target_groups(&found.described).enumerate() {
        let group = given.string("targetGroupArn").unwrap_or_default();
        let Some(known) = load_balancing::target_group(world, group) else { continue };
        let port = given.integer("containerPort").ok().flatten().and_then(|port| u16::try_from(port).ok());
        let port = port.unwrap_or(80);
        let target = match &task.interface {
            Some(interface) if known.is_by_address => (interface.address.clone(), port),
            // A container that doesn't say its host's port gets one of the ephemeral ones (`ContainerDefinition`,
            // `portMappings`), so that several fit on one instance.
            Some(_) | None => {
                let host = definition
                    .and_then(|definition| host_port(definition, given.string("containerName"), port));
                (container_instance(&task.cluster), host.unwrap_or_else(|| ephemeral_port(&task.id, place)))
            }
        };
        targets.push(Target { group: group.to_owned(), id: target.0, port: target.1 });
    }
    let service = service.clone();
    for target in &targets {
        load_balancing::attach(world, &target.group, &target.id, target.port);
        let words = format!("registered 1 targets in (target-group {})", target.group);
        scheduler::tell(world, &service, &words);
    }
    if let Some(task) = world.ecs.tasks.get_mut(arn) {
        task.targets = targets;
    }
}

/// Deregister a task; gives how long its requests may take to end, during which its containers aren't told to stop
/// (<https://docs.aws.amazon.com/AmazonECS/latest/bestpracticesguide/load-balancer-connection-draining.html>).
pub(super) fn deregister(world: &mut World, arn: &str) -> Duration {
    let Some(task) = world.ecs.tasks.get_mut(arn) else { return Duration::ZERO };
    let targets = std::mem::take(&mut task.targets);
    let service = task.service.as_ref().map(|(service, _)| service.clone());
    let mut longest = Duration::ZERO;
    for target in &targets {
        longest = longest.max(load_balancing::detach(world, &target.group, &target.id, target.port));
        if let Some(service) = &service {
            let words = format!("deregistered 1 targets in (target-group {})", target.group);
            scheduler::tell(world, service, &words);
        }
    }
    if let Some(service) = service.filter(|_| !targets.is_empty()) {
        scheduler::tell(world, &service, "has begun draining connections on 1 tasks.");
    }
    longest
}

/// The one container instance that a cluster would have.
fn container_instance(cluster: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("container instance of {cluster}").as_bytes());
    let hex = hex::encode(digest);
    format!("i-{}", hex.get(..17).unwrap_or(&hex))
}

/// The port of the host that a container's port has, if the definition says one.
fn host_port(definition: &Definition, container: Option<&str>, port: u16) -> Option<u16> {
    let mut meant =
        definition.containers().filter(|one| container.is_none() || one.string("name") == container);
    let mappings = meant.next()?.objects("portMappings");
    let mapping = mappings
        .into_iter()
        .find(|mapping| mapping.integer("containerPort").ok().flatten() == Some(i64::from(port)))?;
    let host = mapping.integer("hostPort").ok().flatten()?;
    u16::try_from(host).ok().filter(|host| *host != 0)
}

/// One of 32768 to 60999, Linux's ephemeral ports, by the task's id.
fn ephemeral_port(id: &str, place: usize) -> u16 {
    let drawn = id.get(..6).and_then(|digits| usize::from_str_radix(digits, 16).ok()).unwrap_or_default();
    u16::try_from(32768 + (drawn + place) % (61_000 - 32_768)).unwrap_or(32768)
}
