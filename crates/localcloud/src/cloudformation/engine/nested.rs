//! Nested stacks: a resource that is a stack of its own. The stack around it starts what happens to it, waits, and
//! reads how it stands; a nested stack never touches the stack around it.
//!
//! A nested stack that has been updated keeps what its update replaced until the stack around it cleans up, so
//! that a failure elsewhere can still bring it back.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use template::{RepositoryApplication, Value};

use super::{Phase, Work, apply, remove, restore, start, with_stack};
use crate::cloudformation::change_set::Prediction;
use crate::cloudformation::locate;
use crate::cloudformation::mask;
use crate::cloudformation::service_role;
use crate::cloudformation::stack::{Definition, Nesting, OnFailure, Properties, Stack, StackResource};
use crate::cloudformation::status::Status;
use crate::cloudformation::submission::{self, Subject};
use crate::properties::to_json;
use crate::resource::{ProvisionError, Provisioned};
use crate::{AwsError, Input, World, timers};

/// The type.
pub const TYPE: &str = "AWS::CloudFormation::Stack";
/// Assumption: deeper nesting is a template that holds itself; AWS documents a limit on operations alone.
const DEEPEST: usize = 16;

/// Make the nested stack and let its creation begin.
pub fn create(
    world: &mut World,
    around: &Stack,
    logical_id: &str,
    properties: &Properties,
) -> Result<Provisioned, ProvisionError> {
    check_depth(world, around)?;
    let suffix = world.identities.alphanumeric(&format!("{}/{logical_id}", around.id), 12).to_uppercase();
    let room = 128usize.saturating_sub(suffix.len() + 1);
    let prefix: String = format!("{}-{logical_id}", around.name).chars().take(room).collect();
    let name = format!("{prefix}-{suffix}");
    let id = locate::new_stack_id(world, &name);
    service_role::hand_down(world, &around.name, &name);
    let subject = Subject {
        stack_name: name.clone(),
        stack_id: id.clone(),
        previous: None,
        role_arn: around.role_arn.clone(),
    };
    let definition = definition(world, around, properties, &subject)?;
    let sequence = world.cloudformation.next_number();
    let mut stack = Stack::new(name, id.clone(), sequence, world.now);
    stack.nested_in = Some(Nesting {
        parent: around.id.clone(),
        logical_id: logical_id.to_owned(),
        root: around.nested_in.as_ref().map_or(&around.id, |nesting| &nesting.root).clone(),
    });
    // Assumption: a nested stack that can't be created stays as it is until the stack around it deletes it.
    stack.on_failure = OnFailure::DoNothing;
    stack.timeout_minutes =
        properties.get("TimeoutInMinutes").and_then(Value::scalar_text).and_then(|text| text.parse().ok());
    let token = around.operation.as_ref().and_then(|operation| operation.token.clone());
    start::start_create(world, &mut stack, Arc::new(definition), token);
    world.cloudformation.stacks.insert(id.clone(), Box::new(stack));
    Ok(Provisioned { physical_id: id, attributes: BTreeMap::new(), extra: std::time::Duration::ZERO })
}

/// Let the update of a nested stack begin; `false` when it has nothing to change.
pub fn update(
    world: &mut World,
    around: &Stack,
    id: &str,
    properties: &Properties,
) -> Result<bool, ProvisionError> {
    let missing = || ProvisionError { reason: format!("Stack [{id}] does not exist") };
    let stack = world.cloudformation.stacks.get(id).filter(|stack| stack.is_alive()).ok_or_else(missing)?;
    if !stack.status.may_be_updated() {
        let reason = format!("Stack:{id} is in {} state and can not be updated.", stack.status.name());
        // What an update of the stack around left half-way may be tried again once this one has cleaned up.
        release(world, id);
        return Err(ProvisionError { reason });
    }
    let name = stack.name.clone();
    let subject = Subject {
        stack_name: name.clone(),
        stack_id: id.to_owned(),
        previous: stack.definition.clone(),
        role_arn: around.role_arn.clone(),
    };
    let definition = definition(world, around, properties, &subject)?;
    service_role::hand_down(world, &around.name, &name);
    let stack = world.cloudformation.stacks.get(id).ok_or_else(missing)?;
    let prediction =
        Prediction::make(stack, &definition, None).map_err(|reason| ProvisionError { reason })?;
    if !prediction.changes_something && stack.operation.is_none() {
        return Ok(false);
    }
    let token = around.operation.as_ref().and_then(|operation| operation.token.clone());
    let on_failure = match around.on_failure {
        OnFailure::DoNothing => OnFailure::DoNothing,
        OnFailure::Rollback | OnFailure::Delete => OnFailure::Rollback,
    };
    with_stack(world, id, |world, stack| {
        stack.on_failure = on_failure;
        let policy = stack.policy.clone();
        start::start_update(world, stack, Arc::new(definition), token, policy);
    });
    Ok(true)
}

/// Bring a nested stack back to what it was; `false` when it is that already.
pub fn restore(world: &mut World, id: &str) -> bool {
    let began = with_stack(world, id, |world, stack| match stack.status {
        Status::UpdateCompleteCleanupInProgress if is_held(stack) => {
            start::roll_back_held(world, stack);
            true
        }
        Status::UpdateInProgress => {
            start::cancel_update(world, stack);
            true
        }
        Status::UpdateRollbackFailed => {
            // What the stack around was told to skip here has been noted.
            let spared = stack.operation.as_ref().map(|operation| operation.spared.clone());
            start::continue_rollback(world, stack, spared.unwrap_or_default(), None);
            true
        }
        Status::UpdateFailed => {
            start::roll_back_failed(world, stack, None);
            true
        }
        status => status.is_in_progress(),
    });
    began.unwrap_or(false)
}

/// Let a nested stack be deleted; `false` when it is gone already.
pub fn delete(world: &mut World, around: &Stack, id: &str) -> bool {
    let (role_arn, around) = (around.role_arn.clone(), around.name.clone());
    let began = with_stack(world, id, |world, stack| {
        service_role::hand_down(world, &around, &stack.name);
        if !matches!(stack.status, Status::DeleteComplete | Status::DeleteInProgress) {
            stack.role_arn = role_arn;
            start::start_delete(world, stack, Default::default(), None);
        }
        stack.status != Status::DeleteComplete
    });
    began.unwrap_or(false)
}

/// Let a nested stack clean up what its update replaced; `false` when there is nothing to wait for.
pub fn release(world: &mut World, id: &str) -> bool {
    let began = with_stack(world, id, |world, stack| {
        if is_held(stack) {
            start::release(world, stack);
        }
        stack.status.is_in_progress()
    });
    began.unwrap_or(false)
}

/// Whether a stack's update is done and waits for the stack around it.
fn is_held(stack: &Stack) -> bool {
    stack.operation.as_ref().is_some_and(|operation| operation.phase == Phase::Held)
}

/// Tell the stack around that a nested one has come to another status. It looks as soon as it is its turn.
pub fn tell(world: &mut World, stack: &Stack) {
    if let Some(nesting) = &stack.nested_in {
        let timer =
            super::Timer::Nested { stack_id: nesting.parent.clone(), logical_id: nesting.logical_id.clone() };
        world.schedule(std::time::Duration::ZERO, timers::Timer::CloudFormation(timer));
    }
}

/// A nested stack has come to another status: whoever waits for it may go on.
pub fn status_changed(world: &mut World, stack: &mut Stack, logical_id: &str) {
    let running = stack.operation.as_ref().map(|operation| operation.walk.running()).unwrap_or_default();
    for task in running {
        let Some(entry) = stack.operation.as_ref().and_then(|operation| operation.walk.task(task)) else {
            continue;
        };
        if entry.logical_id != logical_id {
            continue;
        }
        let id = match &entry.work {
            Work::Remove(resource) => resource.physical_id.clone(),
            Work::Release(id) => Some(id.clone()),
            Work::Apply(_) | Work::Restore => {
                stack.resources.get(logical_id).and_then(|resource| resource.physical_id.clone())
            }
        };
        let Some(nested) = id.and_then(|id| world.cloudformation.stacks.get(&id)) else { continue };
        let (status, held) = (nested.status, is_held(nested));
        let reason = nested.status_reason.clone().unwrap_or_default();
        let (id, outputs) = (nested.id.clone(), attributes(nested));
        match &entry.work {
            Work::Apply(_) => match status {
                Status::CreateComplete | Status::UpdateComplete => {
                    keep(stack, logical_id, outputs);
                    apply::completed(world, stack, task, logical_id);
                }
                Status::UpdateCompleteCleanupInProgress if held => {
                    keep(stack, logical_id, outputs);
                    apply::completed(world, stack, task, logical_id);
                }
                Status::UpdateRollbackInProgress | Status::UpdateFailed => {
                    let words = format!(
                        "Embedded stack {id} was not successfully updated. Currently in {} with reason: {reason}",
                        status.name()
                    );
                    apply::failed(world, stack, task, logical_id, words);
                }
                _ if status.is_in_progress() => {}
                _ => {
                    let words = format!("Embedded stack {id} was not successfully created: {reason}");
                    apply::failed(world, stack, task, logical_id, words);
                }
            },
            Work::Restore => match status {
                Status::UpdateRollbackFailed => {
                    let words = format!(
                        "Embedded stack {id} was not successfully updated. Currently in {} with reason: {reason}",
                        status.name()
                    );
                    restore::fail(world, stack, task, logical_id, words);
                }
                _ if status.is_in_progress() => {}
                _ => {
                    keep(stack, logical_id, outputs);
                    restore::complete(world, stack, task);
                }
            },
            Work::Remove(_) => match status {
                Status::DeleteComplete => remove::complete(world, stack, task),
                Status::DeleteFailed => {
                    let words = format!("Embedded stack {id} was not successfully deleted: {reason}");
                    remove::refused(world, stack, task, words);
                }
                _ => {}
            },
            Work::Release(_) if status.is_in_progress() => {}
            Work::Release(_) => super::finish_task(stack, task),
        }
        return;
    }
}

fn keep(stack: &mut Stack, logical_id: &str, outputs: BTreeMap<String, Value>) {
    if let Some(resource) = stack.resources.get_mut(logical_id) {
        resource.attributes = outputs;
    }
}

/// `Outputs.NAME` of a nested stack.
fn attributes(nested: &Stack) -> BTreeMap<String, Value> {
    let outputs = nested.outputs.iter();
    outputs.map(|output| (format!("Outputs.{}", output.key), Value::String(output.value.clone()))).collect()
}

/// The nested stacks that a stack holds and that wait for its clean-up.
pub fn held(world: &World, stack: &Stack) -> Vec<(String, String)> {
    let held = |resource: &StackResource| {
        let id = resource.physical_id.clone().filter(|_| resource.type_name == TYPE)?;
        world.cloudformation.stacks.get(&id).filter(|nested| is_held(nested))?;
        Some((resource.logical_id.clone(), id))
    };
    stack.resources.values().filter_map(held).collect()
}

fn check_depth(world: &World, around: &Stack) -> Result<(), ProvisionError> {
    let mut depth = 1;
    let mut above = around.nested_in.as_ref();
    while let Some(nesting) = above {
        depth += 1;
        above = world.cloudformation.stacks.get(&nesting.parent).and_then(|stack| stack.nested_in.as_ref());
        if depth > DEEPEST {
            return Err(ProvisionError {
                reason: format!("Stacks can't be nested more than {DEEPEST} levels deep in this local cloud"),
            });
        }
    }
    Ok(())
}

/// What the properties of the resource make of the nested stack. It has the tags, the role and the capabilities
/// of the stack around it.
fn definition(
    world: &mut World,
    around: &Stack,
    properties: &Properties,
    subject: &Subject,
) -> Result<Definition, AwsError> {
    let target = around.operation.as_ref().and_then(|operation| operation.target.clone());
    let target = target.as_deref();
    let given = to_json(properties);
    let mut input = json!({
        "TemplateURL": given.get("TemplateURL"),
        "Capabilities": target.map(|target| target.capabilities.clone()).unwrap_or_default(),
        "NotificationARNs": given.get("NotificationARNs").cloned().unwrap_or_else(|| json!([])),
    });
    let mut tags: Vec<Json> = Input(&given).objects("Tags").map(|tag| tag.0.clone()).collect();
    for (key, value) in target.into_iter().flat_map(|target| &target.tags) {
        if !tags.iter().any(|tag| Input(tag).string("Key") == Some(key)) {
            tags.push(json!({"Key": key, "Value": value}));
        }
    }
    let parameters: Vec<Json> = match properties.get("Parameters") {
        Some(Value::Map(parameters)) => parameters
            .iter()
            .map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": text(value)}))
            .collect(),
        _ => Vec::new(),
    };
    super::super::describe::put(&mut input, "Tags", Json::Array(tags));
    super::super::describe::put(&mut input, "Parameters", Json::Array(parameters));
    let url = given.get("TemplateURL").and_then(Json::as_str).unwrap_or_default();
    if let Some(application) = RepositoryApplication::of(url) {
        super::super::describe::put(&mut input, "TemplateURL", Json::Null);
        super::super::describe::put(
            &mut input,
            "TemplateBody",
            json!(unknown_content(application, properties)),
        );
    }
    // Assumption: a nested stack isn't validated beforehand. Nothing says that it is.
    let unvalidated = |made: Definition| Definition { validates: false, ..made };
    submission::definition(world, Input(&input), subject, true).map(unvalidated)
}

/// A template in the place of an application's of the Serverless Application Repository, whose content isn't known: it takes
/// the parameters that it is given, makes nothing, and says so.
fn unknown_content(application: RepositoryApplication<'_>, properties: &Properties) -> String {
    let RepositoryApplication { application_id, semantic_version } = application;
    let parameters: serde_json::Map<String, Json> = match properties.get("Parameters") {
        Some(Value::Map(given)) => {
            given.keys().map(|name| (name.clone(), json!({"Type": "String"}))).collect()
        }
        _ => serde_json::Map::new(),
    };
    json!({
        "Description": format!("What the application {application_id} holds (version {semantic_version}) is not simulated: no resource of it exists here."),
        "Parameters": parameters,
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {"NotSimulated": {"Type": "AWS::CloudFormation::WaitConditionHandle", "Condition": "Never"}},
    })
    .to_string()
}

/// A parameter's value as text; a list's items are joined by commas.
fn text(value: &Value) -> String {
    match value {
        Value::List(items) => items.iter().map(text).collect::<Vec<String>>().join(","),
        other => match mask::json(other, &[]) {
            Json::String(text) => text,
            Json::Null => String::new(),
            json => json.to_string(),
        },
    }
}
