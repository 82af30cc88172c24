//! Creating, updating or replacing one resource, as the target definition wants it.

mod in_place;

use std::sync::Arc;
use std::time::Duration;

use template::{Evaluation, Node, Part, Resource, Value};

use super::decide::{self, Action, Circumstances};
use super::group::Instance;
use super::rolling::{self, Progress};
use super::{
    Step, Work, finish_task, group, hooks, nested, owner, reason, resource_status, resource_status_showing,
    schedule, signals, start,
};
use crate::World;
use crate::cloudformation::durations::{self, HOOKS, INITIATE};
use crate::cloudformation::dynamic_references;
use crate::cloudformation::provisioner;
use crate::cloudformation::rollback_configuration;
use crate::cloudformation::stack::{OnFailure, Policy, Properties, Stack, StackResource};
use crate::cloudformation::stack_policy;
use crate::cloudformation::status::Status;
use crate::cloudformation::values::StackValues;
use crate::cloudformation::walk::TaskIndex;
use crate::cloudformation::words::evaluate_words;
use crate::faults::FaultPhase;
use crate::resource::{Desired, ProvisionError, Stability};
use crate::services::resource_type;
use changeset::stack_policy::UpdateAction;

/// A change under way.
#[derive(Debug, Clone)]
pub struct Change {
    creates: bool,
    delete_first: bool,
    evaluated: Evaluated,
    /// The instances that a rolling update replaces once the group has been updated.
    obsolete: Vec<Instance>,
    /// Of an update in place: the resource before it.
    was: Option<Box<StackResource>>,
    /// The looks of the account's hooks that come before it.
    hooks: Vec<String>,
}

impl Change {
    /// A new physical resource, the first one or one in the old one's place.
    fn creation(creates: bool, delete_first: bool, evaluated: Evaluated, hooks: Vec<String>) -> Change {
        Change { creates, delete_first, evaluated, obsolete: Vec::new(), was: None, hooks }
    }

    /// `CreationPolicy`, where the change makes a physical resource.
    pub fn creation_policy(&self) -> Option<&Value> {
        self.evaluated.creation_policy.as_ref()
    }
}

/// A resource as the template wants it, evaluated.
#[derive(Debug, Clone)]
struct Evaluated {
    properties: Arc<Properties>,
    metadata: Option<Value>,
    creation_policy: Option<Value>,
    update_policy: Option<Value>,
    deletion_policy: Policy,
    update_replace_policy: Policy,
    depends_on: Vec<String>,
}

/// Begin with a resource: find out what is to be done, and do it or let it be done in time.
pub fn begin(world: &mut World, stack: &mut Stack, evaluation: &Evaluation<'_>, task: TaskIndex) {
    let Some((logical_id, resource)) = resource_of(stack, evaluation, task) else {
        finish_task(stack, task);
        return;
    };
    let evaluated = match evaluated(stack, evaluation, resource).and_then(|mut evaluated| {
        let properties = Arc::make_mut(&mut evaluated.properties);
        dynamic_references::read_late(world, properties).map(|()| evaluated)
    }) {
        Ok(evaluated) => evaluated,
        Err(words) => {
            begin_broken(world, stack, resource, words);
            return;
        }
    };
    let target = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    let before = stack.operation.as_ref().and_then(|operation| operation.before.clone());
    // A resource that failed before it had an identifier, and was left so, is made anew.
    let Some(existing) = stack.resources.get(&logical_id).filter(|existing| existing.physical_id.is_some())
    else {
        touch(stack, &logical_id);
        stack.resources.insert(logical_id.clone(), new_resource(world, resource, &evaluated));
        resource_status(world, stack, target.as_ref(), &logical_id, Status::CreateInProgress, None);
        let hooks = hooks::begin(world, stack, &logical_id, true);
        prepare(world, stack, task, Change::creation(true, false, evaluated, hooks));
        return;
    };
    let circumstances = Circumstances {
        stack_tags_changed: before
            .as_ref()
            .zip(target.as_ref())
            .is_some_and(|(before, target)| before.tags != target.tags),
        instances: group::instances_of(world, existing).len(),
        update_policy: evaluated.update_policy.as_ref(),
    };
    let action = decide::action(existing, &evaluated.properties, evaluated.metadata.as_ref(), circumstances);
    let judged_as = match action {
        Action::Leave => None,
        Action::Update { .. } => Some(UpdateAction::Modify),
        Action::Replace { .. } => Some(UpdateAction::Replace),
    };
    let policy = stack.operation.as_ref().and_then(|operation| operation.policy.clone());
    if let (Some(judged_as), Some(policy)) = (judged_as, policy)
        && let Err(refusal) = policy.check(judged_as, &logical_id, &existing.type_name)
    {
        return refuse(world, stack, &logical_id, stack_policy::words(&refusal));
    }
    match action {
        Action::Leave => {
            if let Some(existing) = stack.resources.get_mut(&logical_id) {
                existing.deletion_policy = evaluated.deletion_policy;
                existing.update_replace_policy = evaluated.update_replace_policy;
                existing.depends_on = evaluated.depends_on;
            }
            finish_task(stack, task);
        }
        Action::Update { rolling } => in_place::begin(world, stack, task, &logical_id, evaluated, rolling),
        Action::Replace { delete_first } => {
            begin_replacement(world, stack, task, &logical_id, evaluated, delete_first)
        }
    }
}

/// A resource whose properties can't be evaluated fails before anything is called.
fn begin_broken(world: &mut World, stack: &mut Stack, resource: &Resource, words: String) {
    let target = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    touch(stack, &resource.logical_id);
    let (in_progress, failed) = match stack.resources.get(&resource.logical_id) {
        Some(_) => (Status::UpdateInProgress, Status::UpdateFailed),
        None => (Status::CreateInProgress, Status::CreateFailed),
    };
    if failed == Status::CreateFailed {
        let nothing = Evaluated {
            properties: Arc::new(Properties::new()),
            metadata: None,
            creation_policy: None,
            update_policy: None,
            deletion_policy: Policy::Delete,
            update_replace_policy: Policy::Delete,
            depends_on: Vec::new(),
        };
        stack.resources.insert(resource.logical_id.clone(), new_resource(world, resource, &nothing));
    }
    resource_status(world, stack, target.as_ref(), &resource.logical_id, in_progress, None);
    fail(world, stack, &resource.logical_id, failed, words);
}

fn begin_replacement(
    world: &mut World,
    stack: &mut Stack,
    task: TaskIndex,
    logical_id: &str,
    evaluated: Evaluated,
    delete_first: bool,
) {
    let target = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    touch(stack, logical_id);
    let in_the_way = stack
        .resources
        .get(logical_id)
        .and_then(|existing| decide::custom_name_in_the_way(existing, &evaluated.properties));
    resource_status_showing(
        world,
        stack,
        target.as_ref(),
        logical_id,
        Status::UpdateInProgress,
        Some(reason::REPLACEMENT.to_owned()),
        evaluated.properties.clone(),
    );
    let rollback_disabled = stack.on_failure == OnFailure::DoNothing;
    if rollback_disabled {
        let words = "Replacement type updates not supported on stack with disable-rollback.";
        fail(world, stack, logical_id, Status::UpdateFailed, words.to_owned());
    } else if let Some(words) = in_the_way.filter(|_| !delete_first) {
        fail(world, stack, logical_id, Status::UpdateFailed, words);
    } else {
        let hooks = hooks::begin(world, stack, logical_id, false);
        prepare(world, stack, task, Change::creation(false, delete_first, evaluated, hooks));
    }
}

/// Let the hooks look at a resource of which a physical one is to be made, or ask its service.
fn prepare(world: &mut World, stack: &mut Stack, task: TaskIndex, change: Change) {
    let (step, pause) = match change.hooks.is_empty() {
        true => (Step::Initiate, INITIATE),
        false => (Step::Hooks, HOOKS),
    };
    set_change(stack, task, change);
    schedule(world, stack, task, step, pause);
}

/// The hooks have looked: ask the service, if they let it.
fn after_hooks(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str, change: Change) {
    match hooks::end(world, stack, logical_id, &change.hooks, change.creates) {
        Err(words) => failed(world, stack, task, logical_id, words),
        Ok(()) if change.was.is_some() => in_place::carry_out(world, stack, task, logical_id, change),
        Ok(()) => schedule(world, stack, task, Step::Initiate, INITIATE),
    }
}

/// A task's timer is due.
pub fn go_on(world: &mut World, stack: &mut Stack, task: TaskIndex, step: Step) {
    let Some(operation) = stack.operation.as_ref() else { return };
    let Some(entry) = operation.walk.task(task) else { return };
    let Work::Apply(Some(change)) = &entry.work else { return };
    let (logical_id, change) = (entry.logical_id.clone(), change.clone());
    match step {
        Step::Hooks => after_hooks(world, stack, task, &logical_id, *change),
        Step::Initiate => initiate(world, stack, task, &logical_id, &change),
        Step::Complete => complete(world, stack, task, &logical_id, &change),
        Step::Look => signals::check_signals(world, stack, task, &logical_id),
        Step::Roll => match rolling::check_group(world, stack, task, &logical_id) {
            Progress::Again => {}
            Progress::Done => completed(world, stack, task, &logical_id),
            Progress::Failed(words) => failed(world, stack, task, &logical_id, words),
        },
    }
}

/// The service is asked for a new physical resource.
fn initiate(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str, change: &Change) {
    let target = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    let owner = owner(stack, target.as_deref());
    let Some(existing) = stack.resources.get(logical_id).cloned() else { return };
    let mut extra = Duration::ZERO;
    if change.delete_first {
        // Assumption: the old resource goes without events of its own; no recording shows such a replacement.
        extra = match remove_first(world, stack, &existing) {
            Ok(extra) => extra,
            Err(error) => return fail(world, stack, logical_id, Status::UpdateFailed, error.reason),
        };
    }
    let is_nested = existing.type_name == nested::TYPE;
    let desired = Desired {
        owner: &owner,
        logical_id,
        type_name: &existing.type_name,
        properties: &change.evaluated.properties,
        previous: None,
        physical_id: None,
        undoes: false,
    };
    let outcome = match is_nested {
        true => nested::create(world, stack, logical_id, desired.properties),
        false => {
            provisioner::validate(logical_id, desired.type_name, stack.had(logical_id), desired.properties)
                .and_then(|()| provisioner::create(world, &desired))
        }
    };
    let (in_progress, failed) = match change.creates {
        true => (Status::CreateInProgress, Status::CreateFailed),
        false => (Status::UpdateInProgress, Status::UpdateFailed),
    };
    match outcome {
        Ok(provisioned) => {
            if !change.creates
                && !change.delete_first
                && let Some(operation) = stack.operation.as_mut()
            {
                operation.obsolete.push(existing.clone());
            }
            if let Some(resource) = stack.resources.get_mut(logical_id) {
                resource.physical_id = Some(provisioned.physical_id);
                resource.attributes = provisioned.attributes;
                resource.properties = change.evaluated.properties.clone();
                resource.metadata.clone_from(&change.evaluated.metadata);
                resource.deletion_policy = change.evaluated.deletion_policy;
                resource.update_replace_policy = change.evaluated.update_replace_policy;
                resource.depends_on.clone_from(&change.evaluated.depends_on);
            }
            let words = Some(reason::CREATION_INITIATED.to_owned());
            resource_status(world, stack, target.as_ref(), logical_id, in_progress, words);
            if is_nested {
                return;
            }
            let usual = durations::of(world, &stack.name, logical_id, &existing.type_name);
            let usual = usual.create.saturating_sub(INITIATE);
            schedule(world, stack, task, Step::Complete, usual + provisioned.extra + extra);
        }
        Err(error) => fail(world, stack, logical_id, failed, error.reason),
    }
}

/// Delete the old physical resource before the new one is made.
fn remove_first(
    world: &mut World,
    stack: &mut Stack,
    existing: &StackResource,
) -> Result<Duration, ProvisionError> {
    let before = stack.operation.as_ref().and_then(|operation| operation.before.clone());
    let owner = owner(stack, before.as_deref());
    let physical_id = existing.physical_id.as_deref().unwrap_or_default();
    let desired = Desired {
        owner: &owner,
        logical_id: &existing.logical_id,
        type_name: &existing.type_name,
        properties: &existing.properties,
        previous: Some(&existing.properties),
        physical_id: Some(physical_id),
        undoes: false,
    };
    let extra = provisioner::delete(world, &desired)?;
    provisioner::finish_delete(world, &existing.type_name, physical_id);
    if let Some(operation) = stack.operation.as_mut() {
        operation.removed_first.insert(existing.logical_id.clone());
    }
    Ok(durations::of(world, &stack.name, &existing.logical_id, &existing.type_name).delete + extra)
}

/// The service is done with the resource, unless that has yet to come to rest.
fn complete(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str, change: &Change) {
    let existing =
        stack.resources.get(logical_id).map(|one| (one.type_name.clone(), one.physical_id.clone()));
    if let Some((type_name, Some(physical_id))) = existing {
        match (resource_type(&type_name).stability)(world, &physical_id) {
            Stability::Stable => {}
            Stability::Again(pause) => return schedule(world, stack, task, Step::Complete, pause),
            Stability::Failed(error) => return failed(world, stack, task, logical_id, error.reason),
        }
    }
    let replaces = stack.operation.as_ref().is_some_and(|operation| {
        operation.snapshot.get(logical_id).map(|old| &old.physical_id)
            != stack.resources.get(logical_id).map(|new| &new.physical_id)
    });
    let phase = if change.creates || replaces { FaultPhase::Create } else { FaultPhase::Update };
    let fault = world.faults.reason(&stack.name, logical_id, phase).or_else(|| {
        // A resource that is replaced is being updated as well, in a test's eyes.
        world.faults.reason(&stack.name, logical_id, FaultPhase::Update).filter(|_| !change.creates)
    });
    if let Some(words) = fault {
        failed(world, stack, task, logical_id, words);
        return;
    }
    if !change.obsolete.is_empty() {
        let settings = rolling::Settings::from_policy(change.evaluated.update_policy.as_ref());
        if let Some(operation) = stack.operation.as_mut() {
            let before = change.obsolete.iter().map(|instance| instance.id.clone()).collect();
            // Of a group that a stopped update had begun to roll, what it had before that counts.
            operation.rolled.entry(logical_id.to_owned()).or_insert((settings.clone(), before));
        }
        if rolling::begin(world, stack, task, logical_id, &settings, &change.obsolete) {
            return;
        }
    }
    if (change.creates || replaces) && signals::begin(world, stack, task, logical_id, change) {
        return;
    }
    completed(world, stack, task, logical_id);
}

/// A resource is as it should be.
pub fn completed(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str) {
    let target = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    let status = if creates(stack, task) { Status::CreateComplete } else { Status::UpdateComplete };
    resource_status(world, stack, target.as_ref(), logical_id, status, None);
    finish_task(stack, task);
    if let Some(words) = rollback_configuration::raised(world, stack) {
        start::abort_forward(world, stack, Some(words));
    }
}

/// A resource didn't come to be as it should.
pub fn failed(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str, words: String) {
    let status = if creates(stack, task) { Status::CreateFailed } else { Status::UpdateFailed };
    fail(world, stack, logical_id, status, words);
}

fn creates(stack: &Stack, task: TaskIndex) -> bool {
    let entry = stack.operation.as_ref().and_then(|operation| operation.walk.task(task));
    entry.is_some_and(|entry| matches!(&entry.work, Work::Apply(Some(change)) if change.creates))
}

/// The stack's policy doesn't let the update touch a resource: it fails without having begun.
pub fn refuse(world: &mut World, stack: &mut Stack, logical_id: &str, words: String) {
    fail(world, stack, logical_id, Status::UpdateFailed, words);
}

/// A resource failed, and with it the phase.
fn fail(world: &mut World, stack: &mut Stack, logical_id: &str, status: Status, words: String) {
    let target = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    resource_status(world, stack, target.as_ref(), logical_id, status, Some(words));
    if let Some(operation) = stack.operation.as_mut() {
        let names = if status == Status::CreateFailed {
            &mut operation.failures.created
        } else {
            &mut operation.failures.updated
        };
        names.push(logical_id.to_owned());
        let task = operation
            .walk
            .running()
            .into_iter()
            .find(|index| operation.walk.task(*index).is_some_and(|task| task.logical_id == logical_id));
        if let Some(task) = task {
            operation.walk.fail(task);
        }
    }
    start::abort_forward(world, stack, None);
}

/// Cancel a resource that is in flight because another one failed.
///
/// Assumption: everything in flight is cancelled at once. On AWS what has no way to be stopped goes on to its end
/// before the rollback touches it.
pub fn cancel(world: &mut World, stack: &mut Stack, task: TaskIndex) {
    let target = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    let Some(operation) = stack.operation.as_mut() else { return };
    let Some(entry) = operation.walk.task(task) else { return };
    let logical_id = entry.logical_id.clone();
    let (creates, looks) = match &entry.work {
        Work::Apply(Some(change)) => (change.creates, change.hooks.clone()),
        Work::Apply(None) | Work::Restore | Work::Remove(_) | Work::Release(_) => (false, Vec::new()),
    };
    crate::cloudformation::hooks::end(world, &looks);
    operation.walk.fail(task);
    let (status, words) = match creates {
        true => (Status::CreateFailed, reason::CREATION_CANCELLED),
        false => (Status::UpdateFailed, reason::UPDATE_CANCELLED),
    };
    let names = if creates { &mut operation.failures.created } else { &mut operation.failures.updated };
    names.push(logical_id.clone());
    resource_status(world, stack, target.as_ref(), &logical_id, status, Some(words.to_owned()));
}

fn resource_of<'a>(
    stack: &Stack,
    evaluation: &Evaluation<'a>,
    task: TaskIndex,
) -> Option<(String, &'a Resource)> {
    let entry = stack.operation.as_ref()?.walk.task(task)?;
    let resource = evaluation.template().resources.get(&entry.logical_id)?;
    Some((entry.logical_id.clone(), resource))
}

fn evaluated(stack: &Stack, evaluation: &Evaluation<'_>, resource: &Resource) -> Result<Evaluated, String> {
    let values = StackValues(&stack.resources);
    let properties = evaluation.properties(resource, &values).map_err(|error| evaluate_words(&error))?;
    if let Some(part) = properties.values().find_map(unknown_in) {
        return Err(unknown_words(stack, part));
    }
    let text = |node: Option<&Node>| {
        node.and_then(|node| evaluation.evaluate(node, &values).ok()).and_then(|value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    };
    let attribute = |node: Option<&Node>| {
        node.map(|node| evaluation.evaluate(node, &values).map_err(|error| evaluate_words(&error)))
            .transpose()
    };
    let deletion_policy = match text(resource.deletion_policy.as_ref()) {
        Some(name) => Policy::named(&name),
        None => Policy::default_for_deletion(&resource.type_name, &properties),
    };
    let depends_on = stack
        .operation
        .as_ref()
        .and_then(|operation| operation.dependencies.get(&resource.logical_id))
        .cloned()
        .unwrap_or_default();
    Ok(Evaluated {
        properties: Arc::new(properties),
        metadata: attribute(resource.metadata.as_ref())?,
        creation_policy: attribute(resource.creation_policy.as_ref())?,
        update_policy: attribute(resource.update_policy.as_ref())?,
        deletion_policy,
        update_replace_policy: text(resource.update_replace_policy.as_ref())
            .map_or(Policy::Delete, |name| Policy::named(&name)),
        depends_on,
    })
}

/// The part of the first value that isn't known.
fn unknown_in(value: &Value) -> Option<&Part> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        Value::List(items) => items.iter().find_map(unknown_in),
        Value::Map(entries) => entries.values().find_map(unknown_in),
        Value::Unknown(unknown) => unknown.parts.iter().find(|part| !matches!(part, Part::Text(_))),
    }
}

fn unknown_words(stack: &Stack, part: &Part) -> String {
    match part {
        Part::Resource { logical_id, attribute: Some(attribute) } => {
            let type_name =
                stack.resources.get(logical_id).map_or("", |resource| resource.type_name.as_str());
            format!("Requested attribute {attribute} must be a readonly property in schema for [{type_name}]")
        }
        Part::Resource { logical_id, attribute: None } => {
            format!("Unresolved resource dependencies [{logical_id}] in the Resources block of the template")
        }
        Part::Outside(what) => format!("This local cloud doesn't know {what}"),
        Part::Text(_) => String::new(),
    }
}

fn new_resource(world: &World, resource: &Resource, evaluated: &Evaluated) -> StackResource {
    StackResource {
        logical_id: resource.logical_id.clone(),
        type_name: resource.type_name.clone(),
        physical_id: None,
        properties: evaluated.properties.clone(),
        attributes: std::collections::BTreeMap::new(),
        metadata: evaluated.metadata.clone(),
        deletion_policy: evaluated.deletion_policy,
        update_replace_policy: evaluated.update_replace_policy,
        status: Status::CreateInProgress,
        status_reason: None,
        updated: world.now,
        depends_on: evaluated.depends_on.clone(),
    }
}

fn touch(stack: &mut Stack, logical_id: &str) {
    if let Some(operation) = stack.operation.as_mut() {
        operation.touched.insert(logical_id.to_owned());
    }
}

fn set_change(stack: &mut Stack, task: TaskIndex, change: Change) {
    if let Some(entry) = stack.operation.as_mut().and_then(|operation| operation.walk.task_mut(task)) {
        entry.work = Work::Apply(Some(Box::new(change)));
    }
}
