//! Deleting one physical resource: in a clean-up, in the undoing of a creation, or with its stack.

use std::time::Duration;

use super::{Kind, Operation, Phase, Work, event, finish_task, nested, owner, schedule};
use crate::World;
use crate::cloudformation::durations;
use crate::cloudformation::engine::Step;
use crate::cloudformation::provisioner;
use crate::cloudformation::stack::{Policy, Stack, StackResource};
use crate::cloudformation::status::Status;
use crate::cloudformation::walk::TaskIndex;
use crate::faults::FaultPhase;
use crate::resource::Desired;
use crate::services::resource_type;

/// Begin to delete, unless a policy or the request says that the resource stays.
pub fn begin(world: &mut World, stack: &mut Stack, task: TaskIndex) {
    let Some(resource) = resource_of(stack, task) else { return };
    let Some(physical_id) = resource.physical_id.clone() else {
        // Nothing was made, so there is nothing to wait for. Assumption: AWS writes the end alone.
        news(world, stack, &resource, Status::DeleteComplete, None);
        gone(stack, &resource, Status::DeleteComplete);
        finish_task(stack, task);
        return;
    };
    if stays(stack, &resource) {
        news(world, stack, &resource, Status::DeleteSkipped, None);
        gone(stack, &resource, Status::DeleteSkipped);
        finish_task(stack, task);
        return;
    }
    news(world, stack, &resource, Status::DeleteInProgress, None);
    if is_current(stack, &resource)
        && let Some(current) = stack.resources.get_mut(&resource.logical_id)
    {
        current.status = Status::DeleteInProgress;
        current.status_reason = None;
        current.updated = world.now;
    }
    if resource.type_name == nested::TYPE {
        if !nested::delete(world, stack, &physical_id) {
            complete(world, stack, task);
        }
        return;
    }
    let owner = owner(stack, stack.definition.clone().as_deref());
    let desired = Desired {
        owner: &owner,
        logical_id: &resource.logical_id,
        type_name: &resource.type_name,
        properties: &resource.properties,
        previous: Some(&resource.properties),
        physical_id: Some(&physical_id),
        undoes: stack.operation.as_ref().is_some_and(is_made_by),
    };
    let kept = if leaves_snapshot(stack, task, &resource) {
        (resource_type(desired.type_name).leave_snapshot)(world, &desired).map(drop)
    } else {
        Ok(())
    };
    let outcome = kept.and_then(|()| provisioner::delete(world, &desired));
    match outcome {
        Ok(extra) => {
            let usual = durations::of(world, &stack.name, &resource.logical_id, &resource.type_name);
            schedule(world, stack, task, Step::Complete, usual.delete + extra)
        }
        Err(error) => fail(world, stack, task, &resource, error.reason),
    }
}

/// The service is done.
pub fn complete(world: &mut World, stack: &mut Stack, task: TaskIndex) {
    let Some(resource) = resource_of(stack, task) else { return };
    let physical_id = resource.physical_id.as_deref();
    let again = physical_id.and_then(|id| (resource_type(&resource.type_name).looks_again)(world, id));
    if let Some(pause) = again {
        schedule(world, stack, task, Step::Complete, pause);
        return;
    }
    let fault = world.faults.reason(&stack.name, &resource.logical_id, FaultPhase::Delete);
    let refused = fault.or_else(|| {
        let physical_id = resource.physical_id.as_deref()?;
        (resource_type(&resource.type_name).check_deleted)(world, physical_id).err().map(|error| error.reason)
    });
    if let Some(words) = refused {
        fail(world, stack, task, &resource, words);
        return;
    }
    if let Some(physical_id) = &resource.physical_id {
        provisioner::finish_delete(world, &resource.type_name, physical_id);
    }
    news(world, stack, &resource, Status::DeleteComplete, None);
    gone(stack, &resource, Status::DeleteComplete);
    finish_task(stack, task);
}

/// What was to be deleted could not be.
pub fn refused(world: &mut World, stack: &mut Stack, task: TaskIndex, words: String) {
    if let Some(resource) = resource_of(stack, task) {
        fail(world, stack, task, &resource, words);
    }
}

fn fail(world: &mut World, stack: &mut Stack, task: TaskIndex, resource: &StackResource, words: String) {
    news(world, stack, resource, Status::DeleteFailed, Some(words.clone()));
    let cleaning = stack
        .operation
        .as_ref()
        .is_some_and(|operation| matches!(operation.phase, Phase::CleanUp | Phase::RollBackCleanUp));
    if cleaning && tries_again(world, stack, task) {
        return;
    }
    if is_current(stack, resource) {
        if cleaning {
            // What a clean-up can't delete leaves the stack all the same (coverage roadmap issue 744).
            stack.resources.shift_remove(&resource.logical_id);
        } else if let Some(current) = stack.resources.get_mut(&resource.logical_id) {
            current.status = Status::DeleteFailed;
            current.status_reason = Some(words);
            current.updated = world.now;
        }
    }
    if let Some(operation) = stack.operation.as_mut() {
        operation.failures.deleted.push(resource.logical_id.clone());
        if cleaning {
            // What the failed one needs is tried as well: a clean-up goes on to its end.
            operation.walk.finish(task);
        } else {
            operation.walk.fail(task);
        }
    }
}

/// A clean-up tries a deletion three times, each with its events.
///
/// Assumption: the next attempt follows after this pause; AWS documents neither the number, which is what people
/// see in events, nor the pause.
fn tries_again(world: &mut World, stack: &mut Stack, task: TaskIndex) -> bool {
    const ATTEMPTS: u32 = 3;
    const PAUSE: Duration = Duration::from_secs(10);
    let Some(operation) = stack.operation.as_mut() else { return false };
    let failed = operation.failed_deletions.entry(task).or_default();
    *failed += 1;
    let again = *failed < ATTEMPTS;
    if again {
        schedule(world, stack, task, Step::Initiate, PAUSE);
    }
    again
}

/// Whether the resource stays where it is, outside the stack from now on.
fn stays(stack: &Stack, resource: &StackResource) -> bool {
    let Some(operation) = &stack.operation else { return false };
    if operation.spared.contains(&resource.logical_id) {
        return true;
    }
    let made_by_this_operation = is_made_by(operation);
    match policy_of(stack, operation, resource) {
        // The new physical resource of an undone replacement is removed; there is nothing in it to keep.
        Policy::Retain => !(made_by_this_operation && is_replaced(stack, resource)),
        Policy::RetainExceptOnCreate => !made_by_this_operation,
        Policy::Delete | Policy::Snapshot => false,
    }
}

/// Whether a snapshot is to be left: once, however often the deletion is tried.
///
/// Assumption: what this very operation made, and now undoes, leaves none: there is nothing in it to keep.
fn leaves_snapshot(stack: &Stack, task: TaskIndex, resource: &StackResource) -> bool {
    let Some(operation) = &stack.operation else { return false };
    policy_of(stack, operation, resource) == Policy::Snapshot
        && !is_made_by(operation)
        && !operation.failed_deletions.contains_key(&task)
}

/// The policy that decides what becomes of the resource.
fn policy_of(stack: &Stack, operation: &Operation, resource: &StackResource) -> Policy {
    let replaced = operation.phase == Phase::CleanUp && is_replaced(stack, resource);
    if replaced { resource.update_replace_policy } else { resource.deletion_policy }
}

/// Whether what is deleted now was made by this very operation.
fn is_made_by(operation: &Operation) -> bool {
    match operation.phase {
        Phase::RollBackCleanUp => true,
        Phase::Deleting => operation.kind == Kind::Create,
        _ => false,
    }
}

/// Whether another physical resource has the name in the stack now.
fn is_replaced(stack: &Stack, resource: &StackResource) -> bool {
    stack
        .resources
        .get(&resource.logical_id)
        .is_some_and(|current| current.physical_id != resource.physical_id)
}

fn is_current(stack: &Stack, resource: &StackResource) -> bool {
    stack
        .resources
        .get(&resource.logical_id)
        .is_some_and(|current| current.physical_id == resource.physical_id)
}

/// The resource has left the stack. A deleted stack's resources stay listed; an updated stack's don't.
fn gone(stack: &mut Stack, resource: &StackResource, status: Status) {
    if !is_current(stack, resource) {
        return;
    }
    let deleting = stack.operation.as_ref().is_some_and(|operation| operation.phase == Phase::Deleting);
    if !deleting {
        stack.resources.shift_remove(&resource.logical_id);
    } else if let Some(current) = stack.resources.get_mut(&resource.logical_id) {
        current.status = status;
        current.status_reason = None;
    }
}

fn resource_of(stack: &Stack, task: TaskIndex) -> Option<StackResource> {
    match &stack.operation.as_ref()?.walk.task(task)?.work {
        Work::Remove(resource) => Some((**resource).clone()),
        Work::Apply(_) | Work::Restore | Work::Release(_) => None,
    }
}

fn news(
    world: &mut World,
    stack: &mut Stack,
    resource: &StackResource,
    status: Status,
    words: Option<String>,
) {
    // Recorded: what a clean-up deletes is shown without its properties, what a stack's deletion deletes with them.
    let cleaning = stack
        .operation
        .as_ref()
        .is_some_and(|operation| matches!(operation.phase, Phase::CleanUp | Phase::RollBackCleanUp));
    let definition = stack.definition.clone().filter(|_| !cleaning);
    event::record(
        world,
        stack,
        event::ResourceNews {
            logical_id: &resource.logical_id,
            physical_id: resource.physical_id.as_deref().unwrap_or_default(),
            type_name: &resource.type_name,
            status,
            reason: words,
            properties: definition.map(|definition| (resource.properties.clone(), definition)),
            hook: None,
        },
    );
    if let Some(current) = stack.resources.get_mut(&resource.logical_id)
        && current.physical_id == resource.physical_id
    {
        current.updated = world.now;
    }
}
