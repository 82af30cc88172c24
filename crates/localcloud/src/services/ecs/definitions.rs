//! Task definitions and their revisions.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definitions.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::is_name;
use super::{client, fields, tags};
use crate::{AwsError, Input, Timestamp, World};

/// Settings that only travel through.
const DESCRIBED: &[&str] = &[
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "inferenceAccelerators",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
];

/// One revision.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) family: String,
    pub(super) revision: usize,
    pub(super) arn: String,
    pub(super) is_active: bool,
    registered: Timestamp,
    deregistered: Option<Timestamp>,
    pub(super) described: Map<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
}

impl Definition {
    /// Whether each task has a network interface, and so an address, of its own.
    pub(super) fn is_awsvpc(&self) -> bool {
        self.described.get("networkMode").and_then(Value::as_str) == Some("awsvpc")
    }

    /// Its containers.
    pub(super) fn containers(&self) -> impl Iterator<Item = Input<'_>> {
        let containers = self.described.get("containerDefinitions").and_then(Value::as_array);
        containers.into_iter().flatten().map(Input)
    }
}

pub(super) fn register_definition(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let family = input.string("family").unwrap_or_default();
    let arn = register(world, family, input)?;
    let definition = find(world, &arn).ok_or_else(|| client("Unable to describe task definition."))?;
    Ok(json!({"taskDefinition": to_api(definition), "tags": tags::tag_list(&definition.tags)}))
}

/// Register the next revision of a family; gives its ARN.
pub(super) fn register(world: &mut World, family: &str, input: Input<'_>) -> Result<String, AwsError> {
    if !is_name(family) {
        return Err(client("Family contains invalid characters."));
    }
    check(input)?;
    let tags = tags::given(input)?;
    let mut described = fields::kept(input, DESCRIBED);
    described.entry("volumes").or_insert_with(|| json!([]));
    described.entry("placementConstraints").or_insert_with(|| json!([]));
    for container in
        described.get_mut("containerDefinitions").and_then(Value::as_array_mut).into_iter().flatten()
    {
        if let Some(container) = container.as_object_mut() {
            container.entry("cpu").or_insert_with(|| json!(0));
            container.entry("essential").or_insert_with(|| json!(true));
            for list in ["portMappings", "environment", "mountPoints", "volumesFrom"] {
                container.entry(list).or_insert_with(|| json!([]));
            }
        }
    }
    let revision = world.ecs.definitions.get(family).map_or(0, Vec::len) + 1;
    let arn = world.arn("ecs", &format!("task-definition/{family}:{revision}"));
    let definition = Definition {
        family: family.to_owned(),
        revision,
        arn: arn.clone(),
        is_active: true,
        registered: world.now,
        deregistered: None,
        described,
        tags,
    };
    world.ecs.definitions.entry(family.to_owned()).or_default().push(definition);
    Ok(arn)
}

/// What ECS refuses, in the words that people quote.
fn check(input: Input<'_>) -> Result<(), AwsError> {
    let needs_fargate = input.strings("requiresCompatibilities").any(|one| one == "FARGATE");
    if needs_fargate && input.string("networkMode") != Some("awsvpc") {
        return Err(client("Fargate only supports network mode \u{2018}awsvpc\u{2019}."));
    }
    let mut containers = input.objects("containerDefinitions").peekable();
    if containers.peek().is_none() {
        return Err(client("Container list cannot be empty."));
    }
    for container in containers {
        for field in ["name", "image"] {
            if container.string(field).is_none_or(str::is_empty) {
                return Err(client(format!("Container.{field} should not be null or empty.")));
            }
        }
        if !input.has("memory") && !container.has("memory") && !container.has("memoryReservation") {
            let name = container.string("name").unwrap_or_default();
            return Err(client(format!(
                "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be \
                 specified."
            )));
        }
    }
    Ok(())
}

/// A revision given as `FAMILY`, `FAMILY:REVISION` or an ARN; of a family the latest that is active.
pub(super) fn find<'w>(world: &'w World, given: &str) -> Option<&'w Definition> {
    let (family, revision) = parts(given);
    let revisions = world.ecs.definitions.get(family)?;
    match revision {
        Some(number) => revisions.get(number?.checked_sub(1)?),
        None => revisions.iter().rev().find(|definition| definition.is_active),
    }
}

/// A revision by its ARN.
pub(super) fn find_revision<'w>(world: &'w World, arn: &str) -> Option<&'w Definition> {
    world.ecs.definitions.get(parts(arn).0)?.iter().find(|one| one.arn == arn)
}

/// A revision by its ARN.
pub(super) fn find_mut<'w>(
    definitions: &'w mut BTreeMap<String, Vec<Definition>>,
    arn: &str,
) -> Option<&'w mut Definition> {
    let (family, revision) = parts(arn);
    definitions.get_mut(family)?.iter_mut().find(|one| Some(Some(one.revision)) == revision && one.arn == arn)
}

/// The family, and the revision if one is given; the inner `None` is one that is no number.
fn parts(given: &str) -> (&str, Option<Option<usize>>) {
    let rest = given.rsplit_once("task-definition/").map_or(given, |(_, rest)| rest);
    match rest.split_once(':') {
        Some((family, revision)) => (family, Some(revision.parse().ok())),
        None => (rest, None),
    }
}

/// The revision that new tasks are to have.
///
/// # Errors
/// When there is none, or it is INACTIVE: "You cannot run new tasks or create new services with" one.
pub(super) fn usable<'w>(world: &'w World, given: &str) -> Result<&'w Definition, AwsError> {
    let definition = find(world, given).ok_or_else(|| client("TaskDefinition not found."))?;
    if definition.is_active { Ok(definition) } else { Err(client("TaskDefinition is inactive")) }
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let given = input.string("taskDefinition").unwrap_or_default();
    let definition = find(world, given).ok_or_else(|| client("Unable to describe task definition."))?;
    let mut answer = json!({"taskDefinition": to_api(definition)});
    if let Some(fields) = answer.as_object_mut().filter(|_| fields::includes(input, "TAGS")) {
        fields.insert("tags".to_owned(), tags::tag_list(&definition.tags));
    }
    Ok(answer)
}

pub(super) fn deregister_definition(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let given = input.string("taskDefinition").unwrap_or_default();
    let unknown = || client("The specified task definition does not exist.");
    // A family alone doesn't say which.
    let arn = find(world, given).filter(|_| given.contains(':')).map(|found| found.arn.clone());
    let arn = arn.ok_or_else(unknown)?;
    deregister(world, &arn);
    Ok(json!({"taskDefinition": find(world, &arn).map(to_api)}))
}

/// Make a revision INACTIVE. "There is no impact on existing services or tasks."
pub(super) fn deregister(world: &mut World, arn: &str) {
    let now = world.now;
    if let Some(definition) = find_mut(&mut world.ecs.definitions, arn).filter(|found| found.is_active) {
        definition.is_active = false;
        definition.deregistered = Some(now);
    }
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let active = match input.string("status") {
        None | Some("ACTIVE") => Some(true),
        Some("INACTIVE") => Some(false),
        Some("DELETE_IN_PROGRESS") => None,
        Some(other) => return Err(super::invalid(format!("Invalid status: {other}"))),
    };
    let family = input.string("familyPrefix");
    let found = world.ecs.definitions.values().flatten().filter(|definition| {
        Some(definition.is_active) == active && family.is_none_or(|family| definition.family == family)
    });
    fields::listed(input, "taskDefinitionArns", found.map(|definition| definition.arn.clone()), 100)
}

fn to_api(definition: &Definition) -> Value {
    let mut fields = definition.described.clone();
    let needs_fargate = definition.described.get("requiresCompatibilities").is_some_and(|needed| {
        needed.as_array().is_some_and(|needed| needed.iter().any(|one| one == "FARGATE"))
    });
    let compatibilities = if needs_fargate { ["EC2", "FARGATE"] } else { ["EXTERNAL", "EC2"] };
    for (name, value) in [
        ("taskDefinitionArn", json!(definition.arn)),
        ("family", json!(definition.family)),
        ("revision", json!(definition.revision)),
        ("status", json!(if definition.is_active { "ACTIVE" } else { "INACTIVE" })),
        ("compatibilities", json!(compatibilities)),
        ("registeredAt", json!(fields::seconds(definition.registered))),
    ] {
        fields.insert(name.to_owned(), value);
    }
    if let Some(at) = definition.deregistered {
        fields.insert("deregisteredAt".to_owned(), json!(fields::seconds(at)));
    }
    Value::Object(fields)
}
