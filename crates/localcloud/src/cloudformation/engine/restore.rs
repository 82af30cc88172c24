//! Bringing one resource back to what it was before an update failed.
//!
//! In place: an update with the old properties. Replaced: the old physical resource is still there and takes
//! its name back, the new one is removed by the clean-up. Added: removed by the clean-up.

use changeset::rules::no_return::{self, Loss};

use super::rolling::{self, Progress};
use super::{Work, finish_task, group, nested, owner, reason, resource_status, schedule};
use crate::World;
use crate::cloudformation::durations;
use crate::cloudformation::engine::Step;
use crate::cloudformation::provisioner;
use crate::cloudformation::stack::{Stack, StackResource};
use crate::cloudformation::status::Status;
use crate::cloudformation::walk::TaskIndex;
use crate::faults::FaultPhase;
use crate::resource::{Desired, Stability};
use crate::services::resource_type;

/// Begin with a resource that the stack held before the update.
pub fn begin(world: &mut World, stack: &mut Stack, task: TaskIndex) {
    let Some((logical_id, old)) = old_of(stack, task) else {
        finish_task(stack, task);
        return;
    };
    let Some(operation) = stack.operation.as_ref() else { return };
    if !operation.touched.contains(&logical_id) {
        if let Some(current) = stack.resources.get_mut(&logical_id) {
            *current = old;
        }
        finish_task(stack, task);
        return;
    }
    let before = operation.before.clone();
    let removed_first = operation.removed_first.contains(&logical_id);
    if operation.spared.contains(&logical_id) {
        // User guide, "Continue rolling back an update": a skipped resource counts as rolled back, whatever it is.
        let replaced =
            stack.resources.get(&logical_id).filter(|new| new.physical_id != old.physical_id).cloned();
        if let Some(operation) = stack.operation.as_mut() {
            operation.obsolete.extend(replaced);
        }
        keep_old_record(stack, &logical_id, old);
        let words = Some(reason::SKIPPED.to_owned());
        resource_status(world, stack, before.as_ref(), &logical_id, Status::UpdateComplete, words);
        finish_task(stack, task);
        return;
    }
    let current = stack.resources.get(&logical_id).cloned().unwrap_or_else(|| old.clone());
    if current.physical_id != old.physical_id || removed_first {
        begin_return(world, stack, task, &logical_id, current, old, removed_first);
        return;
    }
    if let Some(resource) = stack.resources.get_mut(&logical_id) {
        resource.properties = old.properties.clone();
    }
    resource_status(world, stack, before.as_ref(), &logical_id, Status::UpdateInProgress, None);
    if old.type_name == nested::TYPE {
        if !nested::restore(world, old.physical_id.as_deref().unwrap_or_default()) {
            complete(world, stack, task);
        }
        return;
    }
    let owner = owner(stack, before.as_deref());
    let policy = before
        .as_ref()
        .filter(|_| old.type_name == group::TYPE)
        .and_then(|before| group::update_policy(before, &logical_id));
    let mut asked = group::asked(&old.properties, &current.properties, policy.as_ref());
    // What doesn't come back stays as the update has made it, and CloudFormation believes that it did come back. An update that
    // failed has made nothing.
    let was_updated = current.status == Status::UpdateComplete;
    let lines = if was_updated {
        no_return::no_way_back(&old.type_name, &old.properties, &current.properties)
    } else {
        Vec::new()
    };
    for line in lines {
        if line.loss == Loss::Lost
            && let Some(value) = current.properties.get(line.property)
        {
            asked.to_mut().insert(line.property.to_owned(), value.clone());
        }
    }
    let outcome = provisioner::update(
        world,
        &Desired {
            owner: &owner,
            logical_id: &logical_id,
            type_name: &old.type_name,
            properties: &asked,
            previous: Some(&current.properties),
            physical_id: old.physical_id.as_deref(),
            undoes: true,
        },
        None,
    );
    match outcome {
        Ok(provisioned) => {
            let usual =
                durations::of(world, &stack.name, &old.logical_id, &old.type_name).update + provisioned.extra;
            if let Some(resource) = stack.resources.get_mut(&logical_id) {
                // The attributes are what the service has now: a launch template that is put back has one
                // version more, not its old number.
                resource.attributes = provisioned.attributes;
                resource.metadata = old.metadata;
                resource.deletion_policy = old.deletion_policy;
                resource.update_replace_policy = old.update_replace_policy;
                resource.depends_on = old.depends_on;
            }
            schedule(world, stack, task, Step::Complete, usual);
        }
        Err(error) => {
            fail(world, stack, task, &logical_id, error.reason);
            // Nothing of it has been put back: another attempt undoes the same change.
            if let Some(resource) = stack.resources.get_mut(&logical_id) {
                resource.properties = current.properties;
            }
        }
    }
}

/// The old physical resource takes its name back; where it had to go first, another is made in its image.
fn begin_return(
    world: &mut World,
    stack: &mut Stack,
    task: TaskIndex,
    logical_id: &str,
    current: StackResource,
    old: StackResource,
    removed_first: bool,
) {
    let before = stack.operation.as_ref().and_then(|operation| operation.before.clone());
    if let Some(words) = world.faults.reason(&stack.name, logical_id, FaultPhase::Rollback) {
        fail(world, stack, task, logical_id, words);
        return;
    }
    if !removed_first {
        if let Some(operation) = stack.operation.as_mut() {
            operation.obsolete.push(current);
        }
        keep_old_record(stack, logical_id, old);
        resource_status(world, stack, before.as_ref(), logical_id, Status::UpdateComplete, None);
        finish_task(stack, task);
        return;
    }
    let owner = owner(stack, before.as_deref());
    if let Some(physical_id) = current.physical_id.as_deref() {
        let desired = Desired {
            owner: &owner,
            logical_id,
            type_name: &current.type_name,
            properties: &current.properties,
            previous: Some(&current.properties),
            physical_id: Some(physical_id),
            undoes: true,
        };
        // A refusal here leaves the new one behind, as on AWS; the old one is made all the same.
        if provisioner::delete(world, &desired).is_ok() {
            provisioner::finish_delete(world, &current.type_name, physical_id);
        }
    }
    let outcome = provisioner::create(
        world,
        &Desired {
            owner: &owner,
            logical_id,
            type_name: &old.type_name,
            properties: &old.properties,
            previous: None,
            physical_id: None,
            undoes: true,
        },
    );
    match outcome {
        Ok(provisioned) => {
            let usual =
                durations::of(world, &stack.name, &old.logical_id, &old.type_name).create + provisioned.extra;
            let made = StackResource {
                physical_id: Some(provisioned.physical_id),
                attributes: provisioned.attributes,
                ..old
            };
            keep_old_record(stack, logical_id, made);
            resource_status(world, stack, before.as_ref(), logical_id, Status::UpdateInProgress, None);
            schedule(world, stack, task, Step::Complete, usual);
        }
        Err(error) => fail(world, stack, task, logical_id, error.reason),
    }
}

/// The service is done. A group whose instances the update had begun to replace gets them back in the same way.
pub fn complete(world: &mut World, stack: &mut Stack, task: TaskIndex) {
    let Some((logical_id, old)) = old_of(stack, task) else { return };
    match (resource_type(&old.type_name).stability)(world, old.physical_id.as_deref().unwrap_or_default()) {
        Stability::Stable => {}
        Stability::Again(pause) => return schedule(world, stack, task, Step::Complete, pause),
        Stability::Failed(error) => return fail(world, stack, task, &logical_id, error.reason),
    }
    let settings = stack.operation.as_ref().and_then(|operation| operation.rolled.get(&logical_id)).cloned();
    if let (Some((settings, before)), Some(name)) = (settings, old.physical_id.as_deref()) {
        let mut obsolete = group::instances(world, name);
        obsolete.retain(|instance| !before.contains(&instance.id));
        if rolling::begin(world, stack, task, &logical_id, &settings, &obsolete) {
            return;
        }
    }
    finish(world, stack, task, &logical_id);
}

/// A group's instances are being put back.
pub fn roll(world: &mut World, stack: &mut Stack, task: TaskIndex) {
    let Some((logical_id, _)) = old_of(stack, task) else { return };
    match rolling::check_group(world, stack, task, &logical_id) {
        Progress::Again => {}
        Progress::Done => finish(world, stack, task, &logical_id),
        Progress::Failed(words) => fail(world, stack, task, &logical_id, words),
    }
}

fn finish(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str) {
    let before = stack.operation.as_ref().and_then(|operation| operation.before.clone());
    match world.faults.reason(&stack.name, logical_id, FaultPhase::Rollback) {
        Some(words) => fail(world, stack, task, logical_id, words),
        None => {
            resource_status(world, stack, before.as_ref(), logical_id, Status::UpdateComplete, None);
            finish_task(stack, task);
        }
    }
}

/// The resource stays failed; what doesn't need it goes on.
pub fn fail(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str, words: String) {
    let before = stack.operation.as_ref().and_then(|operation| operation.before.clone());
    resource_status(world, stack, before.as_ref(), logical_id, Status::UpdateFailed, Some(words));
    if let Some(operation) = stack.operation.as_mut() {
        operation.failures.updated.push(logical_id.to_owned());
        operation.walk.fail(task);
    }
}

fn keep_old_record(stack: &mut Stack, logical_id: &str, old: StackResource) {
    stack.resources.insert(logical_id.to_owned(), old);
}

fn old_of(stack: &Stack, task: TaskIndex) -> Option<(String, StackResource)> {
    let operation = stack.operation.as_ref()?;
    let entry = operation.walk.task(task)?;
    match entry.work {
        Work::Restore => Some((entry.logical_id.clone(), operation.snapshot.get(&entry.logical_id)?.clone())),
        Work::Apply(_) | Work::Remove(_) | Work::Release(_) => None,
    }
}
