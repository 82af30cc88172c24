//! The operations that change stacks: what each accepts, refuses and sets going.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::change_set::{Execution, Prediction};
use super::dynamic_references;
use super::engine::{self, with_stack};
use super::event;
use super::locate;
use super::rollback_configuration;
use super::service_role;
use super::stack::{OnFailure, Stack};
use super::stack_policy;
use super::status::Status;
use super::submission::{self, Subject};
use crate::{AwsError, Input, World};

/// CreateStack.
pub fn create_stack(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let name = input.required_string("StackName")?.to_owned();
    locate::check_new_name(&name)?;
    let token = token(input);
    let waiting = match world.cloudformation.find(&name) {
        // Recorded: one that waits for a change set is created all the same, and the change set is obsolete.
        Some(existing) if existing.status == Status::ReviewInProgress => Some(existing.id.clone()),
        Some(existing) => {
            return match &token {
                Some(token) if existing.tokens.contains_key(token) => Ok(json!({"StackId": existing.id})),
                _ => Err(AwsError::new(
                    400,
                    "AlreadyExistsException",
                    format!("Stack [{name}] already exists"),
                )),
            };
        }
        None => None,
    };
    let on_failure = locate::failure_options(input)?;
    let protected = input.boolean("EnableTerminationProtection")?.unwrap_or(false);
    let policy = stack_policy::given(world, input, "StackPolicy")?;
    let rollback_configuration = rollback_configuration::given(input)?;
    let timeout_minutes = match input.integer("TimeoutInMinutes")?.map(u64::try_from) {
        None => None,
        Some(Ok(minutes)) if minutes > 0 => Some(minutes),
        Some(_) => {
            return Err(AwsError::validation(
                "1 validation error detected: Value at 'timeoutInMinutes' failed to satisfy constraint: Member must have value greater than or equal to 1",
            ));
        }
    };
    let id = waiting.clone().unwrap_or_else(|| locate::new_stack_id(world, &name));
    let role_arn = service_role::of_request(world, input, None, &id)?;
    let subject = Subject { stack_name: name.clone(), stack_id: id.clone(), previous: None, role_arn };
    let definition = submission::definition(world, input, &subject, true)?;
    let mut stack = match waiting.and_then(|id| world.cloudformation.stacks.remove(&id)) {
        Some(stack) => *stack,
        None => Stack::new(name, id.clone(), world.cloudformation.next_number(), world.now),
    };
    make_obsolete(&mut stack);
    stack.on_failure = on_failure;
    stack.termination_protection = protected;
    stack.policy = policy;
    stack.timeout_minutes = timeout_minutes;
    if let Some(configuration) = rollback_configuration {
        stack.rollback_configuration = configuration;
    }
    remember(&mut stack, token.as_deref());
    engine::start_create(world, &mut stack, Arc::new(definition), token);
    world.cloudformation.stacks.insert(id.clone(), Box::new(stack));
    Ok(json!({"StackId": id}))
}

/// UpdateStack.
pub fn update_stack(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let id = stack.id.clone();
    let token = token(input);
    if token.as_ref().is_some_and(|token| stack.tokens.contains_key(token)) {
        return Ok(json!({"StackId": id}));
    }
    if !stack.status.may_be_updated() {
        return Err(not_updatable(stack));
    }
    let on_failure = match locate::disable_rollback(input)? {
        Some(true) => OnFailure::DoNothing,
        Some(false) | None => OnFailure::Rollback,
    };
    let subject = Subject {
        stack_name: stack.name.clone(),
        stack_id: id.clone(),
        previous: stack.definition.clone(),
        role_arn: service_role::of_request(world, input, Some(stack), &id)?,
    };
    let policy = stack_policy::given(world, input, "StackPolicy")?;
    let during = stack_policy::given(world, input, "StackPolicyDuringUpdate")?;
    let rollback_configuration = rollback_configuration::given(input)?;
    let definition = submission::definition(world, input, &subject, true)?;
    if let Some(stack) = world.cloudformation.stacks.get(&id) {
        let configuration = rollback_configuration.as_ref();
        let prediction = Prediction::make(stack, &definition, configuration).map_err(AwsError::validation)?;
        // An identical template is an update all the same where something outside decides what it comes to.
        let is_open = !definition.template.transforms.is_empty() || dynamic_references::may_have(&definition);
        if !prediction.changes_something && !is_open && stack.operation.is_none() {
            return Err(AwsError::validation("No updates are to be performed."));
        }
    }
    with_stack(world, &id, |world, stack| {
        stack.on_failure = on_failure;
        stack.change_set_id = None;
        make_obsolete(stack);
        remember(stack, token.as_deref());
        if let Some(configuration) = rollback_configuration {
            stack.rollback_configuration = configuration;
        }
        // Recorded (`test_set_policy_with_update_operation`): the update itself is judged by the policy before it; a new one
        // is the stack's once the update is complete.
        let judged_by = during.or_else(|| stack.policy.clone());
        engine::start_update(world, stack, Arc::new(definition), token, judged_by);
        engine::protect_afterwards(stack, policy);
    });
    Ok(json!({"StackId": id}))
}

/// DeleteStack. What doesn't exist is deleted already.
pub fn delete_stack(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let name = input.required_string("StackName")?;
    let Some(stack) = world.cloudformation.find(name).filter(|stack| stack.is_alive()) else {
        return Ok(json!({}));
    };
    let id = stack.id.clone();
    let token = token(input);
    if stack.status == Status::DeleteInProgress
        || token.as_ref().is_some_and(|token| stack.tokens.contains_key(token))
    {
        return Ok(json!({}));
    }
    if stack.termination_protection {
        return Err(AwsError::validation(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    if stack.status.is_in_progress()
        && !matches!(stack.status, Status::CreateInProgress | Status::ReviewInProgress)
    {
        return Err(AwsError::validation(format!(
            "Stack [{id}] cannot be deleted while in status {}",
            stack.status.name()
        )));
    }
    let role_arn = service_role::of_request(world, input, Some(stack), &id)?;
    let mut retain: BTreeSet<String> = input.strings("RetainResources").map(str::to_owned).collect();
    match input.string("DeletionMode") {
        None | Some("STANDARD") => {}
        // What can't be deleted stays behind (API reference, DeleteStack).
        Some("FORCE_DELETE_STACK") if stack.status == Status::DeleteFailed => {
            let failed = stack.resources.values().filter(|one| one.status == Status::DeleteFailed);
            retain.extend(failed.map(|one| one.logical_id.clone()));
        }
        Some("FORCE_DELETE_STACK") => {
            return Err(AwsError::validation(format!(
                "Invalid operation on stack [{id}]. FORCE_DELETE_STACK can only be specified when stack is in DELETE_FAILED state"
            )));
        }
        Some(other) => {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{other}' at 'deletionMode' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, FORCE_DELETE_STACK]"
            )));
        }
    }
    if !retain.is_empty() && stack.status != Status::DeleteFailed {
        return Err(AwsError::validation(format!(
            "Invalid operation on stack [{id}]. RetainResources can only be specified when stack is in DELETE_FAILED state"
        )));
    }
    if let Some(unknown) = retain.iter().find(|logical_id| !stack.resources.contains_key(*logical_id)) {
        return Err(AwsError::validation(format!("Resource [{unknown}] does not exist for stack [{id}]")));
    }
    with_stack(world, &id, |world, stack| {
        remember(stack, token.as_deref());
        if stack.status == Status::ReviewInProgress {
            stack.deleted = Some(world.now);
            event::stack_status(
                world,
                stack,
                Status::DeleteInProgress,
                Some(event::reason::USER_INITIATED.to_owned()),
            );
            event::stack_status(world, stack, Status::DeleteComplete, None);
            return;
        }
        stack.role_arn = role_arn;
        engine::start_delete(world, stack, retain, token);
    });
    Ok(json!({}))
}

/// CancelUpdateStack.
pub fn cancel_update(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    if stack.status != Status::UpdateInProgress {
        return Err(AwsError::validation("CancelUpdateStack cannot be called from current stack status"));
    }
    let id = stack.id.clone();
    with_stack(world, &id, engine::cancel_update);
    Ok(json!({}))
}

/// ContinueUpdateRollback.
pub fn continue_update_rollback(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let id = stack.id.clone();
    let token = token(input);
    if token.as_ref().is_some_and(|token| stack.tokens.contains_key(token)) {
        return Ok(json!({}));
    }
    if stack.status != Status::UpdateRollbackFailed {
        return Err(AwsError::validation(format!(
            "Stack:{id} is in {} state and can not continue update rollback.",
            stack.status.name()
        )));
    }
    let role_arn = service_role::of_request(world, input, Some(stack), &id)?;
    let mut skip = match input.boolean("ForceRollback")?.unwrap_or(false) {
        true if input.has("ResourcesToSkip") => {
            return Err(AwsError::validation("ForceRollback and ResourcesToSkip are mutually exclusive."));
        }
        true => all_that_failed(world, &id),
        false => to_skip(world, &id, input)?,
    };
    // A stack that isn't named skips nothing of what an earlier attempt skipped.
    let nested: Vec<String> = nested_in(world, &id).map(|stack| stack.id.clone()).collect();
    for nested in nested {
        let spared = skip.remove(&nested).unwrap_or_default();
        let role_arn = role_arn.clone();
        with_stack(world, &nested, |_, stack| {
            stack.role_arn = role_arn;
            engine::spare(stack, spared);
        });
    }
    with_stack(world, &id, |world, stack| {
        remember(stack, token.as_deref());
        stack.role_arn = role_arn;
        engine::continue_rollback(world, stack, skip.remove(&id).unwrap_or_default(), token);
    });
    Ok(json!({}))
}

/// The stacks that are nested in a stack, at any depth.
fn nested_in<'w>(world: &'w World, id: &'w str) -> impl Iterator<Item = &'w Stack> {
    let stacks = world.cloudformation.stacks.values().map(|stack| &**stack);
    stacks.filter(move |stack| {
        stack.is_alive()
            && std::iter::successors(Some(*stack), |stack| {
                world.cloudformation.stacks.get(&stack.nested_in.as_ref()?.parent).map(|stack| &**stack)
            })
            .skip(1)
            .any(|around| around.id == id)
    })
}

/// What `ForceRollback` skips, by the stack that holds it: all whose rollback failed, in nested stacks too (API reference,
/// ContinueUpdateRollback).
fn all_that_failed(world: &World, id: &str) -> BTreeMap<String, BTreeSet<String>> {
    let own = world.cloudformation.stacks.get(id).map(|stack| &**stack);
    own.into_iter()
        .chain(nested_in(world, id))
        .filter_map(|stack| {
            let failed = stack.operation.as_ref().map(engine::Operation::failed_to_roll_back)?;
            // A nested stack isn't skipped itself: what failed in it is.
            let skipped = failed.iter().filter(|id| !is_nested_stack(stack, id)).cloned().collect();
            Some((stack.id.clone(), skipped))
        })
        .collect()
}

fn is_nested_stack(stack: &Stack, logical_id: &str) -> bool {
    stack.resources.get(logical_id).is_some_and(|resource| resource.type_name == engine::nested::TYPE)
}

/// Whether a resource that is a nested stack is on its way out, or gone.
fn is_being_deleted(world: &World, holder: &Stack, logical_id: &str) -> bool {
    let id = holder.resources.get(logical_id).and_then(|resource| resource.physical_id.as_ref());
    let nested = id.and_then(|id| world.cloudformation.stacks.get(id));
    nested.is_none_or(|nested| {
        matches!(nested.status, Status::DeleteInProgress | Status::DeleteComplete | Status::DeleteFailed)
    })
}

/// `ResourcesToSkip`, by the stack that holds them: a resource of the stack itself, or `NestedStackName.LogicalId` (API
/// reference, ContinueUpdateRollback). Only what failed to roll back may be skipped.
fn to_skip(
    world: &World,
    id: &str,
    input: Input<'_>,
) -> Result<BTreeMap<String, BTreeSet<String>>, AwsError> {
    let mut skip: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for named in input.strings("ResourcesToSkip") {
        let (holder, logical_id) = match named.rsplit_once('.') {
            None => (world.cloudformation.stacks.get(id).map(|stack| &**stack), named),
            Some((name, logical_id)) => (nested_in(world, id).find(|stack| stack.name == name), logical_id),
        };
        let holder = holder.ok_or_else(|| {
            AwsError::validation(format!("Resource [{named}] is of no stack that is nested in stack [{id}]"))
        })?;
        let failed =
            holder.operation.as_ref().map(engine::Operation::failed_to_roll_back).unwrap_or_default();
        if !failed.iter().any(|failed| failed == logical_id) {
            return Err(AwsError::validation(format!(
                "Resource [{named}] can't be skipped: only resources in UPDATE_FAILED state because of the rollback can"
            )));
        }
        // API reference, ContinueUpdateRollback. Assumption: the words.
        if is_nested_stack(holder, logical_id) && !is_being_deleted(world, holder, logical_id) {
            return Err(AwsError::validation(format!(
                "Resource [{named}] can't be skipped: a nested stack can only while it is being deleted; name its resources as NestedStackName.LogicalId"
            )));
        }
        skip.entry(holder.id.clone()).or_default().insert(logical_id.to_owned());
    }
    Ok(skip)
}

/// RollbackStack: undo what failed while rollback was disabled.
pub fn rollback_stack(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let id = stack.id.clone();
    if !matches!(stack.status, Status::UpdateFailed | Status::CreateFailed) {
        return Err(AwsError::validation(format!(
            "Stack:{id} is in {} state and can not be rolled back.",
            stack.status.name()
        )));
    }
    let role_arn = service_role::of_request(world, input, Some(stack), &id)?;
    let token = token(input);
    with_stack(world, &id, |world, stack| {
        remember(stack, token.as_deref());
        stack.role_arn = role_arn;
        engine::roll_back_failed(world, stack, token);
    });
    Ok(json!({"StackId": id}))
}

/// UpdateTerminationProtection.
pub fn update_termination_protection(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let id = locate::stack(world, input.required_string("StackName")?)?.id.clone();
    let Some(enabled) = input.boolean("EnableTerminationProtection")? else {
        return Err(AwsError::validation(
            "1 validation error detected: Value null at 'enableTerminationProtection' failed to satisfy constraint: Member must not be null",
        ));
    };
    if let Some(stack) = world.cloudformation.stacks.get_mut(&id) {
        stack.termination_protection = enabled;
    }
    Ok(json!({"StackId": id}))
}

/// SignalResource. A signal that nothing waits for is kept: what waits for it later finds it.
pub fn signal_resource(world: &mut World, input: Input<'_>) -> Result<Json, AwsError> {
    let stack = locate::stack(world, input.required_string("StackName")?)?;
    let logical_id = input.required_string("LogicalResourceId")?.to_owned();
    let unique_id = input.required_string("UniqueId")?.to_owned();
    let success = match input.required_string("Status")? {
        "SUCCESS" => true,
        "FAILURE" => false,
        other => {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{other}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [SUCCESS, FAILURE]"
            )));
        }
    };
    let id = stack.id.clone();
    if !stack.resources.contains_key(&logical_id) {
        return Err(AwsError::validation(format!(
            "Resource {logical_id} does not exist for stack {}",
            stack.name
        )));
    }
    if !stack.status.is_in_progress() {
        return Err(AwsError::validation(format!(
            "Stack:{id} is in {} state and can not be signaled",
            stack.status.name()
        )));
    }
    with_stack(world, &id, |world, stack| engine::signal(world, stack, &logical_id, unique_id, success));
    Ok(json!({}))
}

/// The change sets that were made for what the stack was can't be executed any more.
fn make_obsolete(stack: &mut Stack) {
    for change_set in stack.change_sets.values_mut().filter(|one| one.execution != Execution::Executed) {
        change_set.execution = Execution::Obsolete;
    }
}

fn not_updatable(stack: &Stack) -> AwsError {
    AwsError::validation(format!(
        "Stack:{} is in {} state and can not be updated.",
        stack.id,
        stack.status.name()
    ))
}

fn token(input: Input<'_>) -> Option<String> {
    input.string("ClientRequestToken").map(str::to_owned)
}

/// A request with the same token again is answered and does nothing.
fn remember(stack: &mut Stack, token: Option<&str>) {
    if let Some(token) = token {
        stack.tokens.insert(token.to_owned(), String::new());
    }
}
