//! Drift detection: whether what exists is still what the stack was defined with.
//!
//! Services with an API of their own here are asked ([`live`]); the properties of other resources are kept beside them,
//! and somebody who changes them by hand changes those.

mod live;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};
use template::Value;

use super::describe::put;
use super::stack::{Properties, Stack, StackResource};
use super::status::Status;
use super::{dynamic_references, locate, mask, paging};
use crate::{AwsError, Input, Timestamp, World};
use live::Live;

/// How long a detection takes. Assumption: seconds.
const DETECTION: Duration = Duration::from_secs(10);

/// What a detection found.
#[derive(Debug, Clone)]
pub struct Drift {
    /// The detection's id.
    pub id: String,
    started: Timestamp,
    ends: Timestamp,
    /// By logical id, those that could be checked.
    resources: BTreeMap<String, ResourceDrift>,
}

/// What has become of one resource.
#[derive(Debug, Clone)]
pub(super) struct ResourceDrift {
    /// `IN_SYNC`, `MODIFIED` or `DELETED`.
    pub status: &'static str,
    physical_id: String,
    type_name: String,
    expected: String,
    actual: Option<String>,
    /// As DescribeStackResourceDrifts shows them, without secrets.
    pub differences: Vec<Json>,
}

impl ResourceDrift {
    /// Whether it is as CloudFormation left it.
    pub fn is_in_sync(&self) -> bool {
        self.status == "IN_SYNC"
    }
}

/// What has become of a resource by now; `None` when it can't be told.
pub(super) fn look(world: &World, resource: &StackResource, secrets: &[String]) -> Option<ResourceDrift> {
    compare(world, resource, live::live_properties(world, resource), secrets)
}

impl Drift {
    fn drifted(&self) -> usize {
        self.resources.values().filter(|one| one.status != "IN_SYNC").count()
    }

    fn status(&self) -> &'static str {
        if self.drifted() > 0 { "DRIFTED" } else { "IN_SYNC" }
    }
}

/// `DriftInformation` of a stack.
pub fn of_stack(stack: &Stack) -> Json {
    match &stack.drift {
        None => json!({"StackDriftStatus": "NOT_CHECKED"}),
        Some(drift) => {
            json!({"StackDriftStatus": drift.status(), "LastCheckTimestamp": drift.started.iso8601()})
        }
    }
}

/// `DriftInformation` of a resource.
pub fn of_resource(stack: &Stack, logical_id: &str) -> Json {
    match stack.drift.as_ref().and_then(|drift| Some((drift, drift.resources.get(logical_id)?))) {
        None => json!({"StackResourceDriftStatus": "NOT_CHECKED"}),
        Some((drift, found)) => json!({
            "StackResourceDriftStatus": found.status, "LastCheckTimestamp": drift.started.iso8601(),
        }),
    }
}

/// DetectStackDrift, of all resources or of those named.
pub fn detect(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let wanted: Vec<String> = input.strings("LogicalResourceIds").map(str::to_owned).collect();
    if let Some(unknown) = wanted.iter().find(|id| !stack.resources.contains_key(*id)) {
        return Err(AwsError::validation(format!(
            "Resource {unknown} does not exist for stack {}",
            stack.name
        )));
    }
    let id = stack.id.clone();
    let is_wanted = |logical_id: &str| wanted.is_empty() || wanted.iter().any(|one| one == logical_id);
    let found = check(world, &id, is_wanted)?;
    let detection = new_id(world, &id);
    let drift = Drift { id: detection.clone(), ..found };
    if let Some(stack) = world.cloudformation.stacks.get_mut(&id) {
        stack.drift = Some(drift);
    }
    Ok(json!({"StackDriftDetectionId": detection}))
}

/// DetectStackResourceDrift.
pub fn detect_resource(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let (id, name) = (stack.id.clone(), stack.name.clone());
    let logical_id = input.required_string("LogicalResourceId")?;
    let drift = check(world, &id, |one| one == logical_id)?;
    let Some(found) = drift.resources.get(logical_id) else {
        return Err(AwsError::validation(format!(
            "Resource {logical_id} does not exist for stack {name}, or its type does not support drift detection here"
        )));
    };
    let answer = json!({"StackResourceDrift": drift_to_api(&id, &drift, logical_id, found)});
    // Nobody is told this one's.
    new_id(world, &id);
    Ok(answer)
}

/// The id of a detection of a stack: drawn when it is certain that there is one, as a refusal changes nothing.
fn new_id(world: &mut World, stack_id: &str) -> String {
    world.identities.uuid(&format!("{stack_id}/drift"))
}

/// What a detection finds, without its id.
fn check(world: &World, id: &str, wanted: impl Fn(&str) -> bool) -> Result<Drift, AwsError> {
    let (now, ends) = (world.now, world.now.after(world.scaled(DETECTION)));
    let stack = locate::stack(world, id)?;
    if stack.status.is_in_progress() || stack.status == Status::DeleteComplete {
        return Err(AwsError::validation(format!(
            "Drift detection cannot be performed on stack [{id}] while it is in {} state.",
            stack.status.name()
        )));
    }
    let definition = stack.definition.clone();
    let secrets = definition.as_ref().map(|definition| definition.secrets()).unwrap_or_default();
    let looked_at: Vec<StackResource> =
        stack.resources.values().filter(|resource| wanted(&resource.logical_id)).cloned().collect();
    let mut resources = BTreeMap::new();
    for resource in &looked_at {
        if let Some(found) = look(world, resource, secrets) {
            resources.insert(resource.logical_id.clone(), found);
        }
    }
    Ok(Drift { id: String::new(), started: now, ends, resources })
}

/// What has become of a resource; `None` when it can't be told.
fn compare(
    world: &World,
    resource: &StackResource,
    live: Option<Live>,
    secrets: &[String],
) -> Option<ResourceDrift> {
    let physical_id = resource.physical_id.as_deref()?;
    let generic = &world.generic;
    let expected = mask::resource_properties(&resource.properties, secrets);
    let found = |status, actual: Option<String>, differences| ResourceDrift {
        status,
        physical_id: physical_id.to_owned(),
        type_name: resource.type_name.clone(),
        expected: expected.clone(),
        actual,
        differences,
    };
    let (kept, was_deleted) = match &live {
        Some(Live::Present(properties)) => (Some(properties), false),
        Some(Live::Gone) => (None, true),
        None => (
            generic.properties(&resource.type_name, physical_id),
            generic.was_deleted(&resource.type_name, physical_id),
        ),
    };
    match kept {
        Some(live) => {
            let mut differences = Vec::new();
            let mut live = live.clone();
            for (name, kept) in resource.properties.iter() {
                if let Some(live) = live.get_mut(name) {
                    dynamic_references::hide(kept, live);
                }
            }
            for (name, value) in resource.properties.iter() {
                differ(&format!("/{name}"), value, live.get(name), secrets, 0, &mut differences);
            }
            let shown: Properties = resource
                .properties
                .keys()
                .filter_map(|name| Some((name.clone(), live.get(name)?.clone())))
                .collect();
            let status = if differences.is_empty() { "IN_SYNC" } else { "MODIFIED" };
            Some(found(status, Some(mask::resource_properties(&shown, secrets)), differences))
        }
        None if was_deleted => Some(found("DELETED", None, Vec::new())),
        None => None,
    }
}

/// The least values that differ. Depth is bounded by the template reader, and here once more.
fn differ(
    path: &str,
    expected: &Value,
    actual: Option<&Value>,
    secrets: &[String],
    depth: usize,
    into: &mut Vec<Json>,
) {
    let text = |value: &Value| match mask::json(value, secrets) {
        Json::String(text) => text,
        other => other.to_string(),
    };
    match (expected, actual) {
        (Value::Map(entries), Some(Value::Map(live))) if depth < 64 => {
            for (name, value) in entries {
                differ(&format!("{path}/{name}"), value, live.get(name), secrets, depth + 1, into);
            }
        }
        (_, Some(actual)) if expected.equals_as_text(actual) => {}
        (_, Some(actual)) => into.push(json!({
            "PropertyPath": path, "ExpectedValue": text(expected), "ActualValue": text(actual),
            "DifferenceType": "NOT_EQUAL",
        })),
        (_, None) => into.push(json!({
            "PropertyPath": path, "ExpectedValue": text(expected), "ActualValue": "null",
            "DifferenceType": "REMOVE",
        })),
    }
}

/// DescribeStackDriftDetectionStatus.
pub fn detection_status(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let id = input.required_string("StackDriftDetectionId")?;
    let mut found = world.cloudformation.stacks.values();
    let (stack, drift) = found
        .find_map(|stack| Some((stack, stack.drift.as_ref().filter(|drift| drift.id == id)?)))
        .ok_or_else(|| AwsError::validation(format!("Drift detection with id {id} does not exist")))?;
    let mut answer = json!({
        "StackId": stack.id, "StackDriftDetectionId": id, "Timestamp": drift.started.iso8601(),
        "DetectionStatus": "DETECTION_IN_PROGRESS",
    });
    if world.now >= drift.ends {
        put(&mut answer, "DetectionStatus", json!("DETECTION_COMPLETE"));
        put(&mut answer, "StackDriftStatus", json!(drift.status()));
        put(&mut answer, "DriftedStackResourceCount", json!(drift.drifted()));
    }
    Ok(answer)
}

/// DescribeStackResourceDrifts.
pub fn resources(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let wanted: Vec<&str> = input.strings("StackResourceDriftStatusFilters").collect();
    let drifts: Vec<Json> = stack
        .drift
        .iter()
        .flat_map(|drift| drift.resources.iter().map(move |(logical_id, found)| (drift, logical_id, found)))
        .filter(|(_, _, found)| wanted.is_empty() || wanted.contains(&found.status))
        .map(|(drift, logical_id, found)| drift_to_api(&stack.id, drift, logical_id, found))
        .collect();
    let most = match input.integer("MaxResults")?.map(usize::try_from) {
        None => 100,
        Some(Ok(most @ 1..=100)) => most,
        Some(_) => return Err(AwsError::validation("MaxResults must be between 1 and 100")),
    };
    let (page, next) = paging::page(&drifts, input.string("NextToken"), most)?;
    Ok(paging::answer("StackResourceDrifts", page.to_vec(), next))
}

fn drift_to_api(stack_id: &str, drift: &Drift, logical_id: &str, found: &ResourceDrift) -> Json {
    let mut made = json!({
        "StackId": stack_id,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": found.physical_id,
        "ResourceType": found.type_name,
        "ExpectedProperties": found.expected,
        "PropertyDifferences": found.differences,
        "StackResourceDriftStatus": found.status,
        "Timestamp": drift.started.iso8601(),
    });
    if let Some(actual) = &found.actual {
        put(&mut made, "ActualProperties", json!(actual));
    }
    made
}
