//! The engine: carries a stack operation out, resource by resource, along the graph and in time.
//!
//! An operation is a sequence of phases; a phase is a walk over tasks. A task begins when what it needs is
//! done, and ends when its timer is due. Everything here happens inside [`happen`] or a request, at the
//! world's time; the order is the template's among equals. What a single task does lives in `apply`,
//! `restore` and `remove`; whether a resource changes at all is `decide`'s. What takes longer than one
//! call has files of its own: `signals`, `rolling` and [`nested`].

mod apply;
mod check;
mod decide;
mod group;
mod hooks;
pub mod nested;
mod remove;
mod restore;
mod rolling;
mod signals;
mod start;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::event::{self, reason};
use super::stack::{Definition, OnFailure, Properties, Stack, StackResource};
use super::status::Status;
use super::walk::{TaskIndex, Walk};
use crate::World;
use changeset::stack_policy::StackPolicy;

pub use start::{
    cancel_update, continue_rollback, protect_afterwards, roll_back_failed, start_create, start_delete,
    start_update,
};

/// What the engine waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Timer {
    /// An operation has been accepted and begins now.
    Begin {
        /// The stack.
        stack_id: String,
        /// The operation; another one means that the timer is stale.
        operation: u64,
    },
    /// A task goes on.
    Task {
        /// The stack.
        stack_id: String,
        /// The walk; another one means that the timer is stale.
        walk: u64,
        /// The task.
        task: TaskIndex,
        /// What is due.
        step: Step,
    },
    /// The time that a creation may take is over.
    Timeout {
        /// The stack.
        stack_id: String,
        /// The operation; another one means that the timer is stale.
        operation: u64,
    },
    /// The alarms have been watched long enough after everything was done.
    Monitored {
        /// The stack.
        stack_id: String,
        /// The operation; another one means that the timer is stale.
        operation: u64,
    },
    /// A nested stack came to a status that the stack around it waits for.
    Nested {
        /// The stack around it.
        stack_id: String,
        /// The nested stack's name there.
        logical_id: String,
    },
    /// A change set is made now.
    ChangeSet {
        /// The stack.
        stack_id: String,
        /// The change set.
        change_set_id: String,
    },
}

/// What is due in a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The account's hooks have looked.
    Hooks,
    /// The service is asked to make the resource, or once more to delete it.
    Initiate,
    /// The service is done.
    Complete,
    /// Signals are looked for.
    Look,
    /// A group's rolling update is looked at.
    Roll,
}

/// What kind of operation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// CreateStack.
    Create,
    /// UpdateStack.
    Update,
    /// DeleteStack.
    Delete,
}

/// How far an operation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Accepted, not begun.
    Starting,
    /// Creating and updating.
    Forward,
    /// Done, and alarms are watched for a while.
    Monitoring,
    /// Updated, and the clean-up waits for the stack around.
    Held,
    /// Removing what an update left over.
    CleanUp,
    /// Undoing a failed update.
    RollBack,
    /// Removing what a failed update had made.
    RollBackCleanUp,
    /// Deleting everything.
    Deleting,
    /// Failed, and nothing goes on until somebody asks.
    Stopped,
}

/// What is to be done with one resource.
#[derive(Debug, Clone)]
pub enum Work {
    /// Bring it to what the target definition says.
    Apply(Option<Box<apply::Change>>),
    /// Bring it back to what it was.
    Restore,
    /// Delete this physical resource.
    Remove(Box<StackResource>),
    /// Let this nested stack clean up.
    Release(String),
}

/// The resources that failed in the current phase.
#[derive(Debug, Clone, Default)]
pub struct Failures {
    created: Vec<String>,
    updated: Vec<String>,
    deleted: Vec<String>,
}

impl Failures {
    fn is_empty(&self) -> bool {
        self.created.is_empty() && self.updated.is_empty() && self.deleted.is_empty()
    }

    fn sentence(&self) -> String {
        reason::failed_resources(&self.created, &self.updated, &self.deleted)
    }
}

/// A stack operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Unique in the world.
    pub number: u64,
    /// What kind it is.
    pub kind: Kind,
    /// How far it has come.
    pub phase: Phase,
    /// The sender's token, repeated in every event.
    pub token: Option<String>,
    /// Where the stack stood before.
    status_before: Status,
    /// What the stack was defined with before.
    pub before: Option<Arc<Definition>>,
    /// What it is to be defined with.
    pub target: Option<Arc<Definition>>,
    /// What an update may touch.
    policy: Option<Arc<StackPolicy>>,
    /// The policy that the stack has once the update is complete; `None`: the one that it has.
    policy_afterwards: Option<Arc<StackPolicy>>,
    /// What it held before.
    pub snapshot: IndexMap<String, StackResource>,
    /// What each resource needs, by the target definition.
    dependencies: BTreeMap<String, Vec<String>>,
    /// The resources that the forward phase has begun to change.
    touched: BTreeSet<String>,
    /// The replaced resources whose old physical resource had to go first.
    removed_first: BTreeSet<String>,
    /// Physical resources that the clean-up removes.
    obsolete: Vec<StackResource>,
    /// Resources that a deletion leaves alone, or that a rollback passes over.
    spared: BTreeSet<String>,
    failures: Failures,
    /// What waits for signals, by logical id.
    waiting: BTreeMap<String, signals::Waiting>,
    /// The signals that came, by logical id.
    signals: BTreeMap<String, signals::Signals>,
    /// The groups whose instances are being replaced.
    rolling: BTreeMap<String, rolling::Rolling>,
    /// The groups whose instances the forward phase has begun to replace, with the instances they had before.
    rolled: BTreeMap<String, (rolling::Settings, Vec<String>)>,
    /// How often a task's deletion has failed in this phase.
    failed_deletions: BTreeMap<TaskIndex, u32>,
    walk_number: u64,
    walk: Walk<Work>,
}

impl Operation {
    fn new(number: u64, kind: Kind, token: Option<String>, status_before: Status) -> Operation {
        Operation {
            number,
            status_before,
            kind,
            phase: Phase::Starting,
            token,
            before: None,
            target: None,
            policy: None,
            policy_afterwards: None,
            snapshot: IndexMap::new(),
            dependencies: BTreeMap::new(),
            touched: BTreeSet::new(),
            removed_first: BTreeSet::new(),
            obsolete: Vec::new(),
            spared: BTreeSet::new(),
            failures: Failures::default(),
            waiting: BTreeMap::new(),
            signals: BTreeMap::new(),
            rolling: BTreeMap::new(),
            rolled: BTreeMap::new(),
            failed_deletions: BTreeMap::new(),
            walk_number: 0,
            walk: Walk::new(Vec::new(), |_| Vec::new()),
        }
    }

    /// Whether it is an update on its way forward.
    fn is_updating(&self) -> bool {
        self.kind == Kind::Update
            && matches!(self.phase, Phase::Starting | Phase::Forward | Phase::Monitoring)
    }

    /// The policy that judges an update while it is on its way forward.
    #[must_use]
    pub fn policy_during_update(&self) -> Option<&Arc<StackPolicy>> {
        self.policy.as_ref().filter(|_| self.is_updating())
    }

    /// What the stack is on its way to be defined with.
    #[must_use]
    pub fn definition_during_update(&self) -> Option<&Arc<Definition>> {
        self.target.as_ref().filter(|_| self.is_updating())
    }

    /// The resources whose rollback failed: the only ones that ContinueUpdateRollback may skip.
    #[must_use]
    pub fn failed_to_roll_back(&self) -> &[String] {
        &self.failures.updated
    }
}

/// Work on a stack with the rest of the world at hand. The stack is out of the world meanwhile.
pub fn with_stack<Outcome>(
    world: &mut World,
    stack_id: &str,
    act: impl FnOnce(&mut World, &mut Stack) -> Outcome,
) -> Option<Outcome> {
    let mut stack = world.cloudformation.stacks.remove(stack_id)?;
    let outcome = act(world, &mut stack);
    world.cloudformation.stacks.insert(stack.id.clone(), stack);
    Some(outcome)
}

/// A timer is due.
pub fn happen(world: &mut World, timer: Timer) {
    match timer {
        Timer::Begin { stack_id, operation } => {
            with_stack(world, &stack_id, |world, stack| {
                if stack.operation.as_ref().is_some_and(|current| current.number == operation) {
                    start::begin(world, stack);
                    pump(world, stack);
                }
            });
        }
        Timer::Task { stack_id, walk, task, step } => {
            with_stack(world, &stack_id, |world, stack| {
                if stack.operation.as_ref().is_some_and(|current| current.walk_number == walk) {
                    go_on(world, stack, task, step);
                    pump(world, stack);
                }
            });
        }
        Timer::Timeout { stack_id, operation } => {
            with_stack(world, &stack_id, |world, stack| {
                let current = stack.operation.as_ref();
                if current.is_some_and(|one| one.number == operation && one.phase == Phase::Forward) {
                    let words = "Stack creation time exceeded the specified timeout.".to_owned();
                    start::abort_forward(world, stack, Some(words));
                    pump(world, stack);
                }
            });
        }
        Timer::Monitored { stack_id, operation } => {
            with_stack(world, &stack_id, |world, stack| {
                let current = stack.operation.as_ref();
                let kind = current
                    .filter(|one| one.number == operation && one.phase == Phase::Monitoring)
                    .map(|one| one.kind);
                if let Some(kind) = kind {
                    start::watched(world, stack, kind);
                    pump(world, stack);
                }
            });
        }
        Timer::Nested { stack_id, logical_id } => {
            with_stack(world, &stack_id, |world, stack| {
                nested::status_changed(world, stack, &logical_id);
                pump(world, stack);
            });
        }
        Timer::ChangeSet { stack_id, change_set_id } => {
            with_stack(world, &stack_id, |world, stack| {
                super::change_set::complete(world, stack, &change_set_id)
            });
        }
    }
}

/// Let the next attempt at a rollback pass over resources of a nested stack.
pub fn spare(stack: &mut Stack, logical_ids: BTreeSet<String>) {
    if let Some(operation) = stack.operation.as_mut() {
        operation.spared = logical_ids;
    }
}

/// A signal for a resource.
pub fn signal(world: &mut World, stack: &mut Stack, logical_id: &str, id: String, success: bool) {
    signals::arrive(world, stack, logical_id, id, success);
}

/// Begin every task that can begin; when nothing is left of a phase, begin the next.
fn pump(world: &mut World, stack: &mut Stack) {
    loop {
        let Some(operation) = stack.operation.as_mut() else { return };
        if matches!(operation.phase, Phase::Starting | Phase::Monitoring | Phase::Held | Phase::Stopped) {
            return;
        }
        let walk_number = operation.walk_number;
        let target = match operation.phase {
            Phase::Forward => operation.target.clone(),
            _ => None,
        };
        // Often nothing is to be applied: conditions would be evaluated in vain.
        let mut evaluation = None;
        let mut unsound = None;
        while let Some(index) = next_task(stack, walk_number) {
            match stack
                .operation
                .as_ref()
                .and_then(|operation| operation.walk.task(index))
                .map(|task| &task.work)
            {
                Some(Work::Apply(_)) => {
                    if evaluation.is_none() {
                        match target.as_deref().map(Definition::evaluation).transpose() {
                            Ok(made) => evaluation = made,
                            Err(error) => {
                                unsound = Some(super::words::evaluate_words(&error));
                                break;
                            }
                        }
                    }
                    if let Some(evaluation) = &evaluation {
                        apply::begin(world, stack, evaluation, index);
                    }
                }
                Some(Work::Restore) => restore::begin(world, stack, index),
                Some(Work::Remove(_)) => remove::begin(world, stack, index),
                Some(Work::Release(id)) => {
                    let id = id.clone();
                    if !nested::release(world, &id) {
                        finish_task(stack, index);
                    }
                }
                None => {}
            }
        }
        if unsound.is_some() {
            start::abort_forward(world, stack, unsound);
            continue;
        }
        let Some(operation) = stack.operation.as_ref() else { return };
        if operation.walk_number != walk_number {
            continue;
        }
        if !operation.walk.is_at_rest() {
            return;
        }
        finish_phase(world, stack);
    }
}

fn next_task(stack: &mut Stack, walk_number: u64) -> Option<TaskIndex> {
    let operation = stack.operation.as_mut()?;
    if operation.walk_number != walk_number { None } else { operation.walk.begin_next() }
}

fn go_on(world: &mut World, stack: &mut Stack, task: TaskIndex, step: Step) {
    match stack.operation.as_ref().and_then(|operation| operation.walk.task(task)).map(|task| &task.work) {
        Some(Work::Apply(_)) => apply::go_on(world, stack, task, step),
        Some(Work::Restore) if step == Step::Roll => restore::roll(world, stack, task),
        Some(Work::Restore) => restore::complete(world, stack, task),
        Some(Work::Remove(_)) if step == Step::Initiate => remove::begin(world, stack, task),
        Some(Work::Remove(_)) => remove::complete(world, stack, task),
        Some(Work::Release(_)) | None => {}
    }
}

/// Every task of the phase has ended, well or badly.
fn finish_phase(world: &mut World, stack: &mut Stack) {
    let Some(operation) = stack.operation.as_mut() else { return };
    let failed = !operation.failures.is_empty();
    let sentence = operation.failures.sentence();
    match (operation.phase, operation.kind) {
        (Phase::Starting | Phase::Monitoring | Phase::Held | Phase::Stopped, _) => {}
        (Phase::Forward, kind) => start::monitor(world, stack, kind),
        (Phase::CleanUp, _) => {
            let words = failed.then(|| reason::CLEAN_UP_FAILED.to_owned());
            end(world, stack, Status::UpdateComplete, words);
        }
        (Phase::RollBack, _) if failed => {
            operation.phase = Phase::Stopped;
            event::stack_status(world, stack, Status::UpdateRollbackFailed, Some(sentence));
        }
        (Phase::RollBack, _) => start::rollback_is_done(world, stack),
        (Phase::RollBackCleanUp, _) => {
            let words = failed.then(|| reason::CLEAN_UP_FAILED.to_owned());
            end(world, stack, Status::UpdateRollbackComplete, words);
        }
        (Phase::Deleting, kind) => {
            let undoing = kind == Kind::Create && stack.on_failure != OnFailure::Delete;
            let status = match (undoing, failed) {
                (true, true) => Status::RollbackFailed,
                (true, false) => Status::RollbackComplete,
                (false, true) => Status::DeleteFailed,
                (false, false) => Status::DeleteComplete,
            };
            if status == Status::DeleteComplete {
                stack.deleted = Some(world.now);
                world.cloudformation.exports.retain(|_, export| export.stack_id != stack.id);
            }
            end(world, stack, status, failed.then_some(sentence));
        }
    }
}

/// The operation is over.
fn end(world: &mut World, stack: &mut Stack, status: Status, reason: Option<String>) {
    event::stack_status(world, stack, status, reason);
    if let Some(operation) = stack.operation.take()
        && status == Status::UpdateComplete
    {
        stack.policy = operation.policy_afterwards.or(stack.policy.take());
    }
}

/// Begin a walk; timers of the walk before become stale.
fn set_walk(world: &mut World, operation: &mut Operation, phase: Phase, walk: Walk<Work>) {
    operation.phase = phase;
    operation.walk_number = world.cloudformation.next_number();
    operation.walk = walk;
    operation.failures = Failures::default();
    operation.failed_deletions.clear();
    operation.waiting.clear();
    operation.signals.clear();
    for (_, broken_off) in std::mem::take(&mut operation.rolling) {
        rolling::break_off(world, broken_off);
    }
}

/// Let a task go on after what takes `usual` on AWS.
fn schedule(world: &mut World, stack: &Stack, task: TaskIndex, step: Step, usual: Duration) {
    let Some(operation) = &stack.operation else { return };
    let timer = Timer::Task { stack_id: stack.id.clone(), walk: operation.walk_number, task, step };
    world.schedule(usual, crate::timers::Timer::CloudFormation(timer));
}

/// A task ended well: what waits for it may begin.
fn finish_task(stack: &mut Stack, task: TaskIndex) {
    if let Some(operation) = stack.operation.as_mut() {
        operation.walk.finish(task);
    }
}

/// Whose the resources of a stack are.
fn owner(stack: &Stack, definition: Option<&Definition>) -> crate::resource::Owner {
    crate::resource::Owner {
        stack_name: stack.name.clone(),
        stack_id: stack.id.clone(),
        tags: definition.map(|definition| definition.tags.clone()).unwrap_or_default(),
        role_arn: stack.role_arn.clone(),
    }
}

/// Let a resource of the stack come to a status, and write it down.
fn resource_status(
    world: &mut World,
    stack: &mut Stack,
    definition: Option<&Arc<Definition>>,
    logical_id: &str,
    status: Status,
    words: Option<String>,
) {
    let Some(properties) = stack.resources.get(logical_id).map(|resource| resource.properties.clone()) else {
        return;
    };
    resource_status_showing(world, stack, definition, logical_id, status, words, properties);
}

/// The same, with other properties in the event than the resource has: a replacement shows what is to come.
fn resource_status_showing(
    world: &mut World,
    stack: &mut Stack,
    definition: Option<&Arc<Definition>>,
    logical_id: &str,
    status: Status,
    words: Option<String>,
    properties: Arc<Properties>,
) {
    let now = world.now;
    // A service's own words may repeat what it was given.
    let words = words.map(|words| match definition {
        Some(definition) => super::mask::masked(&words, definition.secrets()),
        None => words,
    });
    let Some(resource) = stack.resources.get_mut(logical_id) else { return };
    resource.status = status;
    resource.status_reason.clone_from(&words);
    resource.updated = now;
    let (physical_id, type_name) =
        (resource.physical_id.clone().unwrap_or_default(), resource.type_name.clone());
    let properties = definition.map(|definition| (properties, definition.clone()));
    event::record(
        world,
        stack,
        event::ResourceNews {
            logical_id,
            physical_id: &physical_id,
            type_name: &type_name,
            status,
            reason: words,
            properties,
            hook: None,
        },
    );
}
