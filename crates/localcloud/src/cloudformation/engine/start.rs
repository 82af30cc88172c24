//! How operations and their phases begin and pass into one another.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use template::Evaluation;

use super::{Failures, Kind, Operation, Phase, Work, apply, check, end, event, nested, reason, set_walk};
use crate::World;
use crate::cloudformation::durations::START;
use crate::cloudformation::dynamic_references;
use crate::cloudformation::stack::{Definition, OnFailure, Stack, StackResource};
use crate::cloudformation::stack_policy;
use crate::cloudformation::status::Status;
use crate::cloudformation::values::StackValues;
use crate::cloudformation::walk::Walk;
use crate::cloudformation::words::{self, evaluate_words};
use crate::cloudformation::{outputs, rollback_configuration, validation};
use crate::timers;
use changeset::stack_policy::{StackPolicy, UpdateAction};

/// What a rollback is called among the operations of a stack.
const ROLLBACK: &str = "ROLLBACK";

/// Begin to create the stack.
pub fn start_create(world: &mut World, stack: &mut Stack, target: Arc<Definition>, token: Option<String>) {
    let mut operation = Operation::new(world.cloudformation.next_number(), Kind::Create, token, stack.status);
    operation.target = Some(target.clone());
    stack.role_arn.clone_from(&target.role_arn);
    stack.definition = Some(target);
    if let Some(minutes) = stack.timeout_minutes {
        let timer = super::Timer::Timeout { stack_id: stack.id.clone(), operation: operation.number };
        world.schedule(Duration::from_secs(minutes.saturating_mul(60)), timers::Timer::CloudFormation(timer));
    }
    accept(world, stack, operation, Status::CreateInProgress);
}

/// Begin to update the stack. An update that stopped half-way keeps what the stack was before it.
pub fn start_update(
    world: &mut World,
    stack: &mut Stack,
    target: Arc<Definition>,
    token: Option<String>,
    policy: Option<Arc<StackPolicy>>,
) {
    let mut operation = Operation::new(world.cloudformation.next_number(), Kind::Update, token, stack.status);
    stack.role_arn.clone_from(&target.role_arn);
    operation.target = Some(target);
    operation.policy = policy;
    match stack
        .operation
        .take()
        .filter(|stopped| stopped.phase == Phase::Stopped && stopped.kind == Kind::Update)
    {
        Some(stopped) => {
            operation.before = stopped.before;
            operation.snapshot = stopped.snapshot;
            operation.touched = stopped.touched;
            operation.rolled = stopped.rolled;
            operation.removed_first = stopped.removed_first;
            operation.obsolete = stopped.obsolete;
        }
        None => {
            operation.before.clone_from(&stack.definition);
            operation.snapshot.clone_from(&stack.resources);
        }
    }
    stack.updated = Some(world.now);
    accept(world, stack, operation, Status::UpdateInProgress);
}

/// Let the stack have another policy once the update that has begun is complete.
pub fn protect_afterwards(stack: &mut Stack, policy: Option<Arc<StackPolicy>>) {
    if let Some(operation) = stack.operation.as_mut() {
        operation.policy_afterwards = policy;
    }
}

/// Begin to delete the stack, but for the resources named.
pub fn start_delete(world: &mut World, stack: &mut Stack, retain: BTreeSet<String>, token: Option<String>) {
    let mut operation = Operation::new(world.cloudformation.next_number(), Kind::Delete, token, stack.status);
    operation.before.clone_from(&stack.definition);
    // What an update that stopped half-way left over goes too, and what it had not put back yet.
    if let Some(stopped) = stack.operation.take() {
        let is_current = |old: &StackResource| {
            stack.resources.get(&old.logical_id).is_some_and(|current| current.physical_id == old.physical_id)
        };
        let mut left: Vec<StackResource> = stopped.obsolete;
        left.extend(
            stopped.snapshot.into_values().filter(|old| stopped.kind == Kind::Update && !is_current(old)),
        );
        let mut known = BTreeSet::new();
        left.retain(|old| known.insert((old.logical_id.clone(), old.physical_id.clone())));
        operation.obsolete = left;
    }
    operation.spared = retain;
    accept(world, stack, operation, Status::DeleteInProgress);
}

fn accept(world: &mut World, stack: &mut Stack, operation: Operation, status: Status) {
    let number = operation.number;
    let label = match operation.kind {
        Kind::Create => "CREATE_STACK",
        Kind::Update => "UPDATE_STACK",
        Kind::Delete => "DELETE_STACK",
    };
    event::begin_operation(world, stack, label);
    stack.operation = Some(operation);
    event::stack_status(world, stack, status, Some(reason::USER_INITIATED.to_owned()));
    let timer = super::Timer::Begin { stack_id: stack.id.clone(), operation: number };
    world.schedule(START, timers::Timer::CloudFormation(timer));
}

/// The time from the request to the first resource is over.
pub fn begin(world: &mut World, stack: &mut Stack) {
    let Some(operation) = stack.operation.as_ref().filter(|operation| operation.phase == Phase::Starting)
    else {
        return;
    };
    if operation.kind == Kind::Delete {
        let status_before = operation.status_before;
        // A stack whose exports others import isn't deleted; it stands where it stood, with the reason.
        match outputs::in_use(world, stack) {
            Some(words) => end(world, stack, status_before, Some(words)),
            None => begin_deletion(world, stack),
        }
        return;
    }
    let Some(target) = operation.target.clone() else { return };
    let evaluation = match target.evaluation() {
        Ok(evaluation) => evaluation,
        Err(error) => return abort_forward(world, stack, Some(evaluate_words(&error))),
    };
    if let Some(words) = check::unsupported_attribute(&evaluation) {
        return abort_forward(world, stack, Some(words));
    }
    if dynamic_references::may_have(&target)
        && let Some(words) = dynamic_references::unsupported(&target, &evaluation)
    {
        return abort_forward(world, stack, Some(format!("{words}.")));
    }
    if let Some(name) = target.imports.iter().find(|name| !target.outside.imports.contains_key(*name)) {
        return abort_forward(world, stack, Some(format!("No export named {name} found.")));
    }
    let graph = match evaluation.dependencies() {
        Ok(graph) => graph,
        Err(error) => return abort_forward(world, stack, Some(words::circle(&error.cycle))),
    };
    if let Some((logical_id, words)) = protected_from_deletion(stack, &evaluation) {
        return apply::refuse(world, stack, &logical_id, words);
    }
    if target.validates {
        let failures = validation::failures(world, stack, &target);
        let words = validation::words(&failures);
        validation::record(world, stack, failures, None);
        if words.is_some() {
            return abort_forward(world, stack, words);
        }
    }
    let Some(mut operation) = stack.operation.take() else { return };
    let active: Vec<String> =
        evaluation.active_resources().map(|resource| resource.logical_id.clone()).collect();
    operation.dependencies = active
        .iter()
        .map(|id| (id.clone(), graph.dependencies_of(id).map(|dependency| dependency.to_owned()).collect()))
        .collect();
    let tasks = active.into_iter().map(|id| (id, Work::Apply(None))).collect();
    let dependencies = operation.dependencies.clone();
    let walk = Walk::new(tasks, |id| dependencies.get(id).cloned().unwrap_or_default());
    set_walk(world, &mut operation, Phase::Forward, walk);
    stack.operation = Some(operation);
}

/// The first resource that would leave the stack against its policy, with CloudFormation's words.
///
/// Assumption: it is looked at before anything changes, so that nothing has been replaced in vain.
fn protected_from_deletion(stack: &Stack, evaluation: &Evaluation<'_>) -> Option<(String, String)> {
    let policy = stack.operation.as_ref()?.policy.as_ref()?;
    let leaving = stack.resources.values().filter(|resource| !evaluation.is_active(&resource.logical_id));
    leaving.into_iter().find_map(|resource| {
        let checked = policy.check(UpdateAction::Delete, &resource.logical_id, &resource.type_name);
        Some((resource.logical_id.clone(), stack_policy::words(&checked.err()?)))
    })
}

/// Every resource is as the target definition wants it: watch the alarms for a while, if the stack has any.
pub fn monitor(world: &mut World, stack: &mut Stack, kind: Kind) {
    let monitoring = rollback_configuration::monitoring(stack);
    if monitoring.is_zero() {
        return watched(world, stack, kind);
    }
    let Some(operation) = stack.operation.as_mut() else { return };
    operation.phase = Phase::Monitoring;
    let timer = super::Timer::Monitored { stack_id: stack.id.clone(), operation: operation.number };
    world.schedule(monitoring, timers::Timer::CloudFormation(timer));
}

/// The alarms have been watched.
pub fn watched(world: &mut World, stack: &mut Stack, kind: Kind) {
    match rollback_configuration::raised(world, stack) {
        Some(words) => abort_forward(world, stack, Some(words)),
        None => forward_is_done(world, stack, kind),
    }
}

/// Every resource is as the target definition wants it, and no alarm is raised.
fn forward_is_done(world: &mut World, stack: &mut Stack, kind: Kind) {
    let Some(target) = stack.operation.as_ref().and_then(|operation| operation.target.clone()) else {
        return;
    };
    let made = target
        .evaluation()
        .map_err(|error| evaluate_words(&error))
        .and_then(|evaluation| outputs::evaluate(&evaluation, &StackValues(&stack.resources)))
        .and_then(|made| outputs::export(world, stack, &made).map(|()| made));
    match made {
        Ok(made) => stack.outputs = made,
        Err(words) => return abort_forward(world, stack, Some(words)),
    }
    stack.definition = Some(target.clone());
    let place = |id: &String| target.template.resources.get_index_of(id).unwrap_or(usize::MAX);
    stack.resources.sort_by(|one, _, other, _| place(one).cmp(&place(other)));
    if kind == Kind::Create {
        end(world, stack, Status::CreateComplete, None);
        return;
    }
    let Some(operation) = stack.operation.as_mut() else { return };
    let leaving: Vec<StackResource> = stack
        .resources
        .values()
        .filter(|resource| !operation.dependencies.contains_key(&resource.logical_id))
        .cloned()
        .collect();
    operation.obsolete.extend(leaving);
    let around =
        stack.nested_in.as_ref().and_then(|nesting| world.cloudformation.stacks.get(&nesting.parent));
    let held = around.is_some_and(|around| {
        around.operation.as_ref().is_some_and(|operation| operation.phase == Phase::Forward)
    });
    if held {
        operation.phase = Phase::Held;
    }
    event::stack_status(world, stack, Status::UpdateCompleteCleanupInProgress, None);
    if !held {
        begin_clean_up(world, stack, Phase::CleanUp);
    }
}

/// The stack around has come to its clean-up: so does this one.
pub fn release(world: &mut World, stack: &mut Stack) {
    begin_clean_up(world, stack, Phase::CleanUp);
    super::pump(world, stack);
}

/// The stack around is undone: so is this one, whose own update had come to its end.
pub fn roll_back_held(world: &mut World, stack: &mut Stack) {
    event::begin_operation(world, stack, ROLLBACK);
    event::stack_status(world, stack, Status::UpdateRollbackInProgress, None);
    begin_rollback(world, stack);
    super::pump(world, stack);
}

/// The forward phase can't go on: cancel what is in flight, then undo, delete or stop, as was asked.
pub fn abort_forward(world: &mut World, stack: &mut Stack, words: Option<String>) {
    for task in stack.operation.as_ref().map(|operation| operation.walk.running()).unwrap_or_default() {
        apply::cancel(world, stack, task);
    }
    let Some(operation) = stack.operation.as_mut() else { return };
    let kind = operation.kind;
    let failures = std::mem::take(&mut operation.failures);
    let words = words.unwrap_or_else(|| failures.sentence());
    let undone = |words: &str| format!("{} Rollback requested by user.", words.trim_end());
    match (kind, stack.on_failure) {
        (Kind::Create, OnFailure::DoNothing) => stop(world, stack, Status::CreateFailed, words, failures),
        (Kind::Create, OnFailure::Rollback) => {
            event::begin_operation(world, stack, ROLLBACK);
            // Recorded: DescribeStacks tells it of a stack whose creation was undone.
            stack.deleted = Some(world.now);
            event::stack_status(world, stack, Status::RollbackInProgress, Some(undone(&words)));
            begin_deletion(world, stack);
        }
        (Kind::Create, OnFailure::Delete) => {
            event::stack_status(
                world,
                stack,
                Status::DeleteInProgress,
                Some(format!("{} Delete requested by user.", words.trim_end())),
            );
            begin_deletion(world, stack);
        }
        (Kind::Update, OnFailure::DoNothing) => stop(world, stack, Status::UpdateFailed, words, failures),
        (Kind::Update, OnFailure::Rollback | OnFailure::Delete) => {
            event::begin_operation(world, stack, ROLLBACK);
            event::stack_status(world, stack, Status::UpdateRollbackInProgress, Some(words));
            begin_rollback(world, stack);
        }
        (Kind::Delete, _) => {}
    }
}

fn stop(world: &mut World, stack: &mut Stack, status: Status, words: String, failures: Failures) {
    if let Some(operation) = stack.operation.as_mut() {
        set_walk(world, operation, Phase::Stopped, Walk::new(Vec::new(), |_| Vec::new()));
        operation.failures = failures;
    }
    event::stack_status(world, stack, status, Some(words));
}

/// Stop an update on request and undo it.
pub fn cancel_update(world: &mut World, stack: &mut Stack) {
    for task in stack.operation.as_ref().map(|operation| operation.walk.running()).unwrap_or_default() {
        apply::cancel(world, stack, task);
    }
    event::begin_operation(world, stack, ROLLBACK);
    event::stack_status(
        world,
        stack,
        Status::UpdateRollbackInProgress,
        Some(reason::USER_INITIATED.to_owned()),
    );
    begin_rollback(world, stack);
    super::pump(world, stack);
}

/// Undo a creation or an update that failed and was left so.
pub fn roll_back_failed(world: &mut World, stack: &mut Stack, token: Option<String>) {
    let Some(operation) = stack.operation.as_mut() else { return };
    operation.token = token;
    let words = Some(reason::USER_INITIATED.to_owned());
    let kind = operation.kind;
    event::begin_operation(world, stack, ROLLBACK);
    if kind == Kind::Create {
        stack.on_failure = OnFailure::Rollback;
        stack.deleted = Some(world.now);
        event::stack_status(world, stack, Status::RollbackInProgress, words);
        begin_deletion(world, stack);
    } else {
        event::stack_status(world, stack, Status::UpdateRollbackInProgress, words);
        begin_rollback(world, stack);
    }
    super::pump(world, stack);
}

/// Go on with a rollback that failed, passing over the resources named.
pub fn continue_rollback(
    world: &mut World,
    stack: &mut Stack,
    skip: BTreeSet<String>,
    token: Option<String>,
) {
    let Some(operation) = stack.operation.as_mut() else { return };
    operation.token = token;
    operation.spared = skip;
    event::begin_operation(world, stack, "CONTINUE_ROLLBACK");
    event::stack_status(
        world,
        stack,
        Status::UpdateRollbackInProgress,
        Some(reason::USER_INITIATED.to_owned()),
    );
    begin_rollback(world, stack);
    super::pump(world, stack);
}

fn begin_rollback(world: &mut World, stack: &mut Stack) {
    let Some(mut operation) = stack.operation.take() else { return };
    // What has been put back in an earlier attempt isn't touched again.
    if operation.phase == Phase::Stopped {
        let done: Vec<String> = operation
            .walk
            .tasks()
            .filter(|task| {
                matches!(task.work, Work::Restore)
                    && task.state == crate::cloudformation::walk::TaskState::Done
            })
            .map(|task| task.logical_id.clone())
            .collect();
        for logical_id in done {
            if let Some(resource) = stack.resources.get(&logical_id) {
                operation.snapshot.insert(logical_id.clone(), resource.clone());
            }
            operation.touched.remove(&logical_id);
        }
    }
    // The old physical resources stay after all.
    let snapshot = &operation.snapshot;
    operation.obsolete.retain(|old| !is_in_snapshot(snapshot, old));
    let tasks = operation.snapshot.keys().map(|id| (id.clone(), Work::Restore)).collect();
    let snapshot = operation.snapshot.clone();
    let walk = Walk::new(tasks, |id| snapshot.get(id).map(|old| old.depends_on.clone()).unwrap_or_default());
    set_walk(world, &mut operation, Phase::RollBack, walk);
    stack.operation = Some(operation);
}

fn is_in_snapshot(snapshot: &indexmap::IndexMap<String, StackResource>, resource: &StackResource) -> bool {
    snapshot.get(&resource.logical_id).is_some_and(|old| old.physical_id == resource.physical_id)
}

/// Everything is as it was; what the update had made is left over.
pub fn rollback_is_done(world: &mut World, stack: &mut Stack) {
    let Some(operation) = stack.operation.as_mut() else { return };
    let added: Vec<StackResource> = stack
        .resources
        .values()
        .filter(|resource| !operation.snapshot.contains_key(&resource.logical_id))
        .cloned()
        .collect();
    operation.obsolete.extend(added);
    let before = operation.before.clone();
    stack.definition.clone_from(&before);
    let snapshot = operation.snapshot.clone();
    let place = |id: &String| snapshot.get_index_of(id).unwrap_or(usize::MAX);
    stack.resources.sort_by(|one, _, other, _| place(one).cmp(&place(other)));
    // A nested stack may have come to its new outputs already.
    if let Some(before) = before.filter(|_| stack.nested_in.is_some())
        && let Ok(evaluation) = before.evaluation()
        && let Ok(outputs) = outputs::evaluate(&evaluation, &StackValues(&stack.resources))
    {
        stack.outputs = outputs;
    }
    event::stack_status(world, stack, Status::UpdateRollbackCompleteCleanupInProgress, None);
    begin_clean_up(world, stack, Phase::RollBackCleanUp);
}

fn begin_clean_up(world: &mut World, stack: &mut Stack, phase: Phase) {
    let Some(operation) = stack.operation.as_mut() else { return };
    let obsolete = std::mem::take(&mut operation.obsolete);
    operation.spared.clear();
    let released = nested::held(world, stack);
    let Some(operation) = stack.operation.as_mut() else { return };
    let walk = removal(obsolete, released);
    set_walk(world, operation, phase, walk);
}

fn begin_deletion(world: &mut World, stack: &mut Stack) {
    let Some(operation) = stack.operation.as_mut() else { return };
    let mut remaining: Vec<StackResource> = stack
        .resources
        .values()
        .filter(|resource| !matches!(resource.status, Status::DeleteComplete | Status::DeleteSkipped))
        .cloned()
        .collect();
    remaining.append(&mut operation.obsolete);
    set_walk(world, operation, Phase::Deleting, removal(remaining, Vec::new()));
}

/// A walk that removes resources, what needs others before what is needed, and lets nested stacks (by logical id)
/// clean up.
fn removal(resources: Vec<StackResource>, released: Vec<(String, String)>) -> Walk<Work> {
    let needed_by = |id: &str| -> Vec<String> {
        resources
            .iter()
            .filter(|other| other.depends_on.iter().any(|needed| needed == id))
            .map(|other| other.logical_id.clone())
            .collect()
    };
    let prerequisites: std::collections::BTreeMap<String, Vec<String>> = resources
        .iter()
        .map(|resource| (resource.logical_id.clone(), needed_by(&resource.logical_id)))
        .collect();
    let tasks = resources
        .into_iter()
        .map(|resource| (resource.logical_id.clone(), Work::Remove(Box::new(resource))))
        .chain(released.into_iter().map(|(logical_id, id)| (logical_id, Work::Release(id))))
        .collect();
    Walk::new(tasks, |id| prerequisites.get(id).cloned().unwrap_or_default())
}
