//! Questions about what happened: the events of a stack, and those of one operation.

use serde_json::{Value as Json, json};

use super::describe::put;
use super::event::StackEvent;
use super::hooks::{self, HookNews};
use super::stack::Stack;
use super::validation::ValidationEvent;
use super::{change_set, locate, paging};
use crate::{AwsError, Input, World};

const PAGE: usize = 100;
const STACK: &str = "AWS::CloudFormation::Stack";

/// DescribeStackEvents: newest first.
pub fn of_stack(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let newest_first: Vec<&StackEvent> = stack.events.iter().rev().collect();
    let (page, next) = page(&newest_first, input)?;
    let shown = page.iter().map(|event| {
        let mut made = common(stack, event);
        put(&mut made, "StackName", json!(stack.name));
        if let Some(hook) = &event.hook {
            put(&mut made, "HookInvocationId", json!(hook.invocation_id()));
        }
        made
    });
    Ok(paging::answer("StackEvents", shown.collect(), next))
}

/// DescribeEvents: of a stack, of one of its operations, or of the making of a change set; newest first.
pub fn of_operation(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let operation = input.string("OperationId");
    let stack = match (operation, input.string("StackName")) {
        _ if input.has("ChangeSetName") => {
            let (stack, change_set) = change_set::find(world, input)?;
            let own = |one: &&ValidationEvent| one.change_set_id.as_deref() == Some(&*change_set.id);
            let shown = stack.validations.iter().rev().filter(own).map(|one| one.shown(stack));
            let of_hooks = hooks::events_of_change_set(world, stack, &change_set.id);
            return Ok(paging::answer("OperationEvents", of_hooks.chain(shown).collect(), None));
        }
        (_, Some(name)) => locate::stack(world, name)?,
        (Some(id), None) => world
            .cloudformation
            .stacks
            .values()
            .find(|stack| {
                stack.operations.iter().any(|operation| operation.id == id)
                    || stack.validations.iter().any(|one| one.operation_id == id)
            })
            .ok_or_else(|| AwsError::validation(format!("Operation [{id}] does not exist")))?,
        (None, None) => {
            return Err(AwsError::validation(
                "One of ChangeSetName, OperationId or StackName must be specified.",
            ));
        }
    };
    let failed_alone = match input.object("Filters") {
        Some(filters) => filters.boolean("FailedEvents")?.unwrap_or(false),
        None => false,
    };
    let wanted: Vec<&StackEvent> = stack
        .events
        .iter()
        .rev()
        .filter(|event| operation.is_none_or(|id| event.operation.as_ref().is_some_and(|one| one.id == id)))
        .filter(|event| !failed_alone || event.status.name().ends_with("_FAILED") || is_of_failed_hook(event))
        .collect();
    let (page, next) = page(&wanted, input)?;
    // On the first page, as they come before anything that is touched; few stacks have any.
    let found = stack
        .validations
        .iter()
        .rev()
        .filter(|_| !input.has("NextToken"))
        .filter(|one| operation.is_none_or(|id| one.operation_id == id))
        .map(|one| one.shown(stack));
    let shown = page.iter().map(|event| {
        let mut made = common(stack, event);
        let status = event.status.name();
        let is_stack = event.type_name == STACK && event.physical_id == stack.id;
        let kind = match (is_stack, status.ends_with("_FAILED")) {
            _ if is_of_failed_hook(event) => "HOOK_INVOCATION_ERROR",
            (true, _) => "STACK_EVENT",
            (false, true) => "PROVISIONING_ERROR",
            (false, false) => "PROGRESS_EVENT",
        };
        put(&mut made, "EventType", json!(kind));
        if let Some(operation) = &event.operation {
            put(&mut made, "OperationType", json!(operation.kind));
        }
        if is_stack {
            let status = if status.ends_with("_FAILED") {
                "FAILED"
            } else if status.ends_with("_IN_PROGRESS") {
                "IN_PROGRESS"
            } else {
                "SUCCEEDED"
            };
            put(&mut made, "OperationStatus", json!(status));
        }
        made
    });
    Ok(paging::answer("OperationEvents", found.chain(shown).collect(), next))
}

fn is_of_failed_hook(event: &StackEvent) -> bool {
    event.hook.as_ref().is_some_and(HookNews::is_failed)
}

/// A page of events. A token names the event that the next page begins with, so that new events don't shift the
/// pages.
fn page<'e>(
    newest_first: &[&'e StackEvent],
    input: Input<'_>,
) -> Result<(Vec<&'e StackEvent>, Option<String>), AwsError> {
    let start = match input.string("NextToken") {
        None => 0,
        Some(token) => newest_first
            .iter()
            .position(|event| event.id == token)
            .ok_or_else(|| AwsError::validation("Invalid NextToken"))?,
    };
    let rest = newest_first.get(start..).unwrap_or_default();
    Ok((rest.iter().take(PAGE).copied().collect(), rest.get(PAGE).map(|event| event.id.clone())))
}

fn common(stack: &Stack, event: &StackEvent) -> Json {
    // Room for all there may be: a page has a hundred, and whoever follows an update asks for many pages.
    let mut made = serde_json::Map::with_capacity(16);
    for (name, text) in [
        ("StackId", stack.id.as_str()),
        ("EventId", &event.id),
        ("LogicalResourceId", &event.logical_id),
        ("PhysicalResourceId", &event.physical_id),
        ("ResourceType", &event.type_name),
        ("Timestamp", &event.at.iso8601()),
        ("ResourceStatus", event.status.name()),
    ] {
        made.insert(name.to_owned(), Json::String(text.to_owned()));
    }
    let mut made = Json::Object(made);
    if let Some(words) = &event.reason {
        put(&mut made, "ResourceStatusReason", json!(words));
    }
    if let Some(properties) = &event.properties {
        put(&mut made, "ResourceProperties", json!(properties.text()));
    }
    if let Some(token) = &event.token {
        put(&mut made, "ClientRequestToken", json!(token));
    }
    if let Some(operation) = &event.operation {
        put(&mut made, "OperationId", json!(operation.id));
    }
    if let Some(hook) = &event.hook {
        hook.show(&mut made);
    }
    made
}
