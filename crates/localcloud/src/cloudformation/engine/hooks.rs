//! The account's hooks in a task: they look at a resource that is to be made or changed before its service is asked for anything.

use crate::World;
use crate::cloudformation::event::{self, reason};
use crate::cloudformation::hooks::{self, HookNews, Subject};
use crate::cloudformation::stack::Stack;
use crate::faults::AccountHook;

/// Let the hooks that look at a resource begin; gives the ids of their looks.
pub fn begin(world: &mut World, stack: &mut Stack, logical_id: &str, is_new: bool) -> Vec<String> {
    let hooks: Vec<AccountHook> = world.faults.hooks_of_resource(&stack.name, logical_id).cloned().collect();
    let Some(resource) = stack.resources.get(logical_id) else { return Vec::new() };
    let type_name = resource.type_name.clone();
    let subject = Subject::Resource { logical_id: logical_id.to_owned(), type_name, is_new };
    let ids = hooks::begin(world, stack, hooks, &subject);
    for one in hooks::news(world, &ids) {
        tell(world, stack, logical_id, Some(one), None);
    }
    ids
}

/// Their looks are over.
///
/// # Errors
/// The words with which the resource fails (Hooks user guide, "Testing a custom Hook").
pub fn end(
    world: &mut World,
    stack: &mut Stack,
    logical_id: &str,
    ids: &[String],
    is_new: bool,
) -> Result<(), String> {
    hooks::end(world, ids);
    let found = hooks::news(world, ids);
    for one in found.clone() {
        tell(world, stack, logical_id, Some(one), None);
    }
    if let Some(names) = hooks::refusing(&found) {
        return Err(format!("The following hook(s) failed: [{names}]"));
    }
    let words = if is_new { reason::HOOKS_BEFORE_CREATION } else { reason::HOOKS_BEFORE_UPDATE };
    tell(world, stack, logical_id, None, Some(words.to_owned()));
    Ok(())
}

/// Write down what hooks do at a resource, which stays as it is meanwhile.
fn tell(
    world: &mut World,
    stack: &mut Stack,
    logical_id: &str,
    hook: Option<HookNews>,
    words: Option<String>,
) {
    let Some(resource) = stack.resources.get(logical_id) else { return };
    let (type_name, status) = (resource.type_name.clone(), resource.status);
    let physical_id = resource.physical_id.clone().unwrap_or_default();
    event::record(
        world,
        stack,
        event::ResourceNews {
            logical_id,
            physical_id: &physical_id,
            type_name: &type_name,
            status,
            reason: words,
            properties: None,
            hook,
        },
    );
}
