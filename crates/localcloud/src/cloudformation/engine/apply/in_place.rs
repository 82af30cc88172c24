//! Updating a resource in place: its service is asked at once, or when the account's hooks have looked.

use std::time::Duration;

use super::{Change, Evaluated, fail, set_change, touch};
use crate::World;
use crate::cloudformation::durations::{self, HOOKS};
use crate::cloudformation::engine::{Step, group, hooks, nested, owner, resource_status, schedule};
use crate::cloudformation::provisioner;
use crate::cloudformation::stack::Stack;
use crate::cloudformation::status::Status;
use crate::cloudformation::walk::TaskIndex;
use crate::resource::{Desired, ProvisionError, Provisioned};

const WAIT_CONDITION: &str = "AWS::CloudFormation::WaitCondition";

/// Begin with a resource that is to have other properties.
pub fn begin(
    world: &mut World,
    stack: &mut Stack,
    task: TaskIndex,
    logical_id: &str,
    evaluated: Evaluated,
    rolling: bool,
) {
    let target = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    touch(stack, logical_id);
    let Some(existing) = stack.resources.get_mut(logical_id) else { return };
    let obsolete = match existing.physical_id.as_deref().filter(|_| rolling) {
        Some(name) => group::instances(world, name),
        None => Vec::new(),
    };
    let was = Some(Box::new(existing.clone()));
    existing.properties = evaluated.properties.clone();
    resource_status(world, stack, target.as_ref(), logical_id, Status::UpdateInProgress, None);
    let hooks = hooks::begin(world, stack, logical_id, false);
    let change = Change { creates: false, delete_first: false, evaluated, obsolete, was, hooks };
    if change.hooks.is_empty() {
        carry_out(world, stack, task, logical_id, change);
    } else {
        set_change(stack, task, change);
        schedule(world, stack, task, Step::Hooks, HOOKS);
    }
}

/// Have the service change it.
pub fn carry_out(
    world: &mut World,
    stack: &mut Stack,
    task: TaskIndex,
    logical_id: &str,
    mut change: Change,
) {
    let Some(old) = change.was.take() else { return };
    let target = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    let evaluated = &change.evaluated;
    let (type_name, physical_id) = (old.type_name.clone(), old.physical_id.clone());
    let previous = old.properties.clone();
    let owner = owner(stack, target.as_deref());
    let mut is_awaited = false;
    let outcome = if type_name == nested::TYPE {
        let id = physical_id.clone().unwrap_or_default();
        nested::update(world, stack, &id, &evaluated.properties).map(|began| {
            is_awaited = began;
            let attributes =
                stack.resources.get(logical_id).map(|one| one.attributes.clone()).unwrap_or_default();
            Provisioned { physical_id: id, attributes, extra: Duration::ZERO }
        })
    } else if type_name == WAIT_CONDITION {
        // User guide, `AWS::CloudFormation::WaitCondition`: updates are not supported. Assumption: the words.
        Err(ProvisionError { reason: format!("Update to resource type {WAIT_CONDITION} is not supported.") })
    } else {
        let asked = match type_name == group::TYPE {
            true => group::asked(&evaluated.properties, &previous, evaluated.update_policy.as_ref()),
            false => std::borrow::Cow::Borrowed(&*evaluated.properties),
        };
        let desired = Desired {
            owner: &owner,
            logical_id,
            type_name: &type_name,
            properties: &asked,
            previous: Some(&previous),
            physical_id: physical_id.as_deref(),
            undoes: false,
        };
        let unmade = world.faults.is_unmade(&stack.name, logical_id);
        let had = stack.had(logical_id);
        provisioner::validate(logical_id, &type_name, had, &evaluated.properties).and_then(
            |()| match unmade {
                true => Ok(Provisioned {
                    physical_id: physical_id.clone().unwrap_or_default(),
                    attributes: old.attributes.clone(),
                    extra: Duration::ZERO,
                }),
                false => provisioner::update(world, &desired, evaluated.update_policy.as_ref()),
            },
        )
    };
    match outcome {
        Ok(provisioned) => {
            // A custom resource that answers an update with another id has replaced itself: the old one is deleted in
            // the clean-up (user guide, "Custom resources": PhysicalResourceId).
            if old.physical_id.as_ref() != Some(&provisioned.physical_id)
                && let Some(operation) = stack.operation.as_mut()
            {
                operation.obsolete.push(*old);
            }
            if let Some(existing) = stack.resources.get_mut(logical_id) {
                existing.physical_id = Some(provisioned.physical_id);
                existing.attributes = provisioned.attributes;
                existing.metadata.clone_from(&evaluated.metadata);
                existing.deletion_policy = evaluated.deletion_policy;
                existing.update_replace_policy = evaluated.update_replace_policy;
                existing.depends_on.clone_from(&evaluated.depends_on);
            }
            set_change(stack, task, change);
            if is_awaited {
                return;
            }
            let usual = durations::of(world, &stack.name, logical_id, &type_name);
            schedule(world, stack, task, Step::Complete, usual.update + provisioned.extra);
        }
        Err(error) => fail(world, stack, logical_id, Status::UpdateFailed, error.reason),
    }
}
