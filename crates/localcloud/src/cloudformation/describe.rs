//! Questions about stacks: what they are, what they hold, what happened. Nothing here changes anything.

use serde_json::{Value as Json, json};

use super::drift;
use super::locate;
use super::mask::MASK;
use super::paging::{self, page};
use super::stack::{Definition, OnFailure, Stack, StackResource};
use super::status::Status;
use crate::{AwsError, Input, World};

/// Put an entry into an answer.
pub fn put(answer: &mut Json, name: &str, value: Json) {
    if let Some(entries) = answer.as_object_mut() {
        entries.insert(name.to_owned(), value);
    }
}

/// DescribeStacks: one stack by name or id, or all that are not deleted, newest first.
pub fn stacks(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    if let Some(name) = input.string("StackName").filter(|name| !name.is_empty()) {
        let stack = locate::stack_with_id(world, name)?;
        return Ok(json!({"Stacks": [describe(stack)]}));
    }
    let all: Vec<Json> = world
        .cloudformation
        .newest_first()
        .into_iter()
        .filter(|stack| stack.is_alive())
        .map(describe)
        .collect();
    let (page, next) = page(&all, input.string("NextToken"), 100)?;
    Ok(paging::answer("Stacks", page.to_vec(), next))
}

/// ListStacks: all, also those that were deleted, newest first.
pub fn list_stacks(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let wanted: Vec<&str> = input.strings("StackStatusFilter").collect();
    let summaries: Vec<Json> = world
        .cloudformation
        .newest_first()
        .into_iter()
        .filter(|stack| wanted.is_empty() || wanted.contains(&stack.status.name()))
        .map(|stack| {
            let mut made = json!({
                "StackId": stack.id,
                "StackName": stack.name,
                "CreationTime": stack.created.iso8601(),
                "StackStatus": stack.status.name(),
                "DriftInformation": drift::of_stack(stack),
            });
            times_and_reason(&mut made, stack);
            nesting(&mut made, stack);
            if let Some(description) = description(stack) {
                put(&mut made, "TemplateDescription", json!(description));
            }
            made
        })
        .collect();
    let (page, next) = page(&summaries, input.string("NextToken"), 100)?;
    Ok(paging::answer("StackSummaries", page.to_vec(), next))
}

fn describe(stack: &Stack) -> Json {
    let mut made = json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created.iso8601(),
        "RollbackConfiguration": stack.rollback_configuration,
        "StackStatus": stack.status.name(),
        "DisableRollback": stack.on_failure == OnFailure::DoNothing,
        "EnableTerminationProtection": stack.termination_protection,
        "DriftInformation": drift::of_stack(stack),
        "NotificationARNs": [],
        "Tags": [],
    });
    times_and_reason(&mut made, stack);
    nesting(&mut made, stack);
    if !stack.operations.is_empty() {
        let entries = stack.operations.iter().rev();
        let entries = entries.map(|one| json!({"OperationType": one.kind, "OperationId": one.id}));
        put(&mut made, "LastOperations", entries.collect());
    }
    if let Some(minutes) = stack.timeout_minutes {
        put(&mut made, "TimeoutInMinutes", json!(minutes));
    }
    if let Some(id) = &stack.change_set_id {
        put(&mut made, "ChangeSetId", json!(id));
    }
    if let Some(description) = description(stack) {
        put(&mut made, "Description", json!(description));
    }
    // Recorded: those of an update show while it goes on.
    let coming = stack.operation.as_ref().and_then(|operation| operation.definition_during_update());
    if let Some(definition) = coming.or(stack.definition.as_ref()) {
        put(&mut made, "NotificationARNs", json!(definition.pseudo.notification_arns));
        put(&mut made, "Tags", tags(definition));
    }
    if let Some(definition) = &stack.definition {
        if !definition.parameters.0.is_empty() {
            put(&mut made, "Parameters", parameters(definition));
        }
        if !definition.capabilities.is_empty() {
            put(&mut made, "Capabilities", json!(definition.capabilities));
        }
    }
    if let Some(role) = &stack.role_arn {
        put(&mut made, "RoleARN", json!(role));
    }
    if !stack.outputs.is_empty() {
        let outputs = stack.outputs.iter().map(|output| {
            let mut made = json!({"OutputKey": output.key, "OutputValue": output.value});
            if let Some(description) = &output.description {
                put(&mut made, "Description", json!(description));
            }
            if let Some(name) = &output.export_name {
                put(&mut made, "ExportName", json!(name));
            }
            made
        });
        put(&mut made, "Outputs", outputs.collect());
    }
    made
}

fn nesting(made: &mut Json, stack: &Stack) {
    if let Some(nesting) = &stack.nested_in {
        put(made, "ParentId", json!(nesting.parent));
        put(made, "RootId", json!(nesting.root));
    }
}

fn times_and_reason(made: &mut Json, stack: &Stack) {
    if let Some(at) = stack.updated {
        put(made, "LastUpdatedTime", json!(at.iso8601()));
    }
    if let Some(at) = stack.deleted {
        put(made, "DeletionTime", json!(at.iso8601()));
    }
    if let Some(words) = &stack.status_reason {
        put(made, "StackStatusReason", json!(words));
    }
}

fn description(stack: &Stack) -> Option<&str> {
    stack.definition.as_ref()?.template.description.as_deref()
}

/// `Parameters`, secrets starred out.
pub fn parameters(definition: &Definition) -> Json {
    let shown = definition.parameters.0.iter().map(|(name, parameter)| {
        let value = if parameter.no_echo { MASK } else { &parameter.text };
        let mut made = json!({"ParameterKey": name, "ParameterValue": value});
        if parameter.type_name.is_ssm_value() && !parameter.no_echo {
            let resolved = match &parameter.value {
                template::Value::String(text) => text.clone(),
                template::Value::List(items) => {
                    let texts: Vec<&str> = items
                        .iter()
                        .filter_map(|item| match item {
                            template::Value::String(text) => Some(text.as_str()),
                            _ => None,
                        })
                        .collect();
                    texts.join(",")
                }
                _ => String::new(),
            };
            put(&mut made, "ResolvedValue", json!(resolved));
        }
        made
    });
    shown.collect()
}

/// `Tags`.
pub fn tags(definition: &Definition) -> Json {
    definition.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// DescribeStackResource.
pub fn resource(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack_name = input.required_string("StackName")?;
    let logical_id = input.required_string("LogicalResourceId")?;
    let stack = world
        .cloudformation
        .find(stack_name)
        .ok_or_else(|| AwsError::validation(format!("Stack '{stack_name}' does not exist")))?;
    let found = stack
        .resources
        .get(logical_id)
        .filter(|resource| resource.physical_id.is_some() || resource.status != Status::DeleteComplete)
        .ok_or_else(|| {
            AwsError::validation(format!("Resource {logical_id} does not exist for stack {stack_name}"))
        })?;
    let mut detail = summary(stack, found, "LastUpdatedTimestamp");
    put(&mut detail, "StackName", json!(stack.name));
    put(&mut detail, "StackId", json!(stack.id));
    // Recorded: one without metadata has an empty object.
    let metadata = match (&found.metadata, &stack.definition) {
        (Some(metadata), Some(definition)) => super::mask::json(metadata, definition.secrets()).to_string(),
        _ => "{}".to_owned(),
    };
    put(&mut detail, "Metadata", json!(metadata));
    Ok(json!({"StackResourceDetail": detail}))
}

/// DescribeStackResources: by stack, or the stack that has a physical id.
pub fn resources(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = match (input.string("StackName"), input.string("PhysicalResourceId")) {
        (Some(name), _) => locate::stack_with_id(world, name)?,
        (None, Some(physical_id)) => world
            .cloudformation
            .newest_first()
            .into_iter()
            .find(|stack| stack.resources.values().any(|one| one.physical_id.as_deref() == Some(physical_id)))
            .ok_or_else(|| AwsError::validation(format!("Stack for {physical_id} does not exist")))?,
        (None, None) => {
            return Err(AwsError::validation("Either StackName or PhysicalResourceId must be specified."));
        }
    };
    let logical_id = input.string("LogicalResourceId");
    let mut shown: Vec<&StackResource> = stack
        .resources
        .values()
        .filter(|resource| logical_id.is_none_or(|wanted| wanted == resource.logical_id))
        .collect();
    shown.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
    let shown = shown.into_iter().map(|resource| {
        let mut made = summary(stack, resource, "Timestamp");
        put(&mut made, "StackName", json!(stack.name));
        put(&mut made, "StackId", json!(stack.id));
        made
    });
    // The API reference: at most 100 resources are answered.
    Ok(json!({"StackResources": shown.take(100).collect::<Vec<Json>>()}))
}

/// ListStackResources.
pub fn list_resources(world: &World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack_with_id(world, input.required_string("StackName")?)?;
    let all: Vec<Json> =
        stack.resources.values().map(|resource| summary(stack, resource, "LastUpdatedTimestamp")).collect();
    let (page, next) = page(&all, input.string("NextToken"), 100)?;
    Ok(paging::answer("StackResourceSummaries", page.to_vec(), next))
}

fn summary(stack: &Stack, resource: &StackResource, time: &str) -> Json {
    let mut made = json!({
        "LogicalResourceId": resource.logical_id,
        "ResourceType": resource.type_name,
        time: resource.updated.iso8601(),
        "ResourceStatus": resource.status.name(),
        "DriftInformation": drift::of_resource(stack, &resource.logical_id),
    });
    if let Some(physical_id) = &resource.physical_id {
        put(&mut made, "PhysicalResourceId", json!(physical_id));
    }
    if let Some(words) = &resource.status_reason {
        put(&mut made, "ResourceStatusReason", json!(words));
    }
    made
}
