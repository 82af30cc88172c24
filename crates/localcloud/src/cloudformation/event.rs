//! What happened to a stack and its resources, in CloudFormation's words.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::hooks::HookNews;
use super::mask::resource_properties;
use super::stack::{Definition, Properties, Stack};
use super::status::Status;
use crate::{Timestamp, World};

/// What people read in the reason of an event. Every wording that recordings show or AWS documents is here.
pub mod reason {
    /// A stack operation that somebody asked for.
    pub const USER_INITIATED: &str = "User Initiated";
    /// The service has begun to make the resource.
    pub const CREATION_INITIATED: &str = "Resource creation Initiated";
    /// A replacement begins.
    pub const REPLACEMENT: &str =
        "Requested update requires the creation of a new physical resource; hence creating one.";
    /// A sibling failed while this one was being made.
    pub const CREATION_CANCELLED: &str = "Resource creation cancelled";
    /// A sibling failed while this one was being updated.
    pub const UPDATE_CANCELLED: &str = "Resource update cancelled";
    /// The clean-up left something over; after a rollback AWS words it the same way.
    pub const CLEAN_UP_FAILED: &str = "Update successful. One or more resources could not be deleted.";
    /// Every hook has looked at a resource that is to be made (Hooks user guide, "Testing a custom Hook").
    pub const HOOKS_BEFORE_CREATION: &str = "Hook invocations complete.  Resource creation initiated";
    /// The same of one that is to be changed. Assumption: worded alike.
    pub const HOOKS_BEFORE_UPDATE: &str = "Hook invocations complete.  Resource update initiated";
    /// A rollback passed over the resource.
    pub const SKIPPED: &str = "Resource skipped during UpdateRollback";

    /// `The following resource(s) failed to create: [A, B]. `, each part only where it has names.
    #[must_use]
    pub fn failed_resources(created: &[String], updated: &[String], deleted: &[String]) -> String {
        [("create", created), ("update", updated), ("delete", deleted)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(verb, names)| {
                format!("The following resource(s) failed to {verb}: [{}]. ", names.join(", "))
            })
            .collect()
    }
}

/// An event.
#[derive(Debug, Clone)]
pub struct StackEvent {
    /// Unique.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The resource's name in the template, or the stack's name.
    pub logical_id: String,
    /// The resource's identifier, empty while there is none.
    pub physical_id: String,
    /// The resource's type.
    pub type_name: String,
    /// The status it came to.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
    /// The properties at that time.
    pub properties: Option<ShownProperties>,
    /// The token of the operation.
    pub token: Option<String>,
    /// The operation that it belongs to.
    pub operation: Option<Arc<OperationLabel>>,
    /// The hook that it tells of.
    pub hook: Option<HookNews>,
}

/// What an operation is called in events. A rollback is an operation of its own (API reference, DescribeEvents).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationLabel {
    /// Unique.
    pub id: String,
    /// Such as `UPDATE_STACK`.
    pub kind: &'static str,
}

/// A new operation of a stack begins: what happens from now on belongs to it.
pub fn begin_operation(world: &mut World, stack: &mut Stack, kind: &'static str) {
    let id = world.identities.uuid(&format!("{}/operation", stack.id));
    stack.operations.push(Arc::new(OperationLabel { id, kind }));
}

/// Properties as an event shows them: JSON text without secrets, made when it is first asked for and then kept,
/// since whoever waits for a stack reads the same events every few seconds.
#[derive(Debug, Clone)]
pub struct ShownProperties {
    properties: Arc<Properties>,
    definition: Arc<Definition>,
    text: OnceLock<Arc<str>>,
}

impl ShownProperties {
    /// These properties, shown without the secrets of this definition.
    #[must_use]
    pub fn new(properties: Arc<Properties>, definition: Arc<Definition>) -> ShownProperties {
        ShownProperties { properties, definition, text: OnceLock::new() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| resource_properties(&self.properties, self.definition.secrets()).into())
    }
}

/// What an event says about a resource.
#[derive(Debug, Clone)]
pub struct ResourceNews<'a> {
    /// The resource's name in the template.
    pub logical_id: &'a str,
    /// Its identifier, empty while there is none.
    pub physical_id: &'a str,
    /// Its type.
    pub type_name: &'a str,
    /// The status it came to.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
    /// Its properties, with the definition whose secrets must not be shown.
    pub properties: Option<(Arc<Properties>, Arc<Definition>)>,
    /// The hook that has looked at it, or begins to.
    pub hook: Option<HookNews>,
}

/// When an event of the stack happens: a millisecond after the one before, if not later. Recorded (`test_requires_replacement`,
/// `test_list_events_after_deployment`): those of an update's end have times of their own, by which clients order them.
fn next_time(world: &World, stack: &Stack) -> Timestamp {
    let after_last = stack.events.last().map(|last| last.at.after(Duration::from_millis(1)));
    after_last.map_or(world.now, |at| at.max(world.now))
}

/// Write down what happened to a resource. Does not change the resource.
pub fn record(world: &mut World, stack: &mut Stack, news: ResourceNews<'_>) {
    let unique = world.identities.uuid(&stack.id);
    let event = StackEvent {
        id: format!("{}-{unique}", news.logical_id),
        at: next_time(world, stack),
        logical_id: news.logical_id.to_owned(),
        physical_id: news.physical_id.to_owned(),
        type_name: news.type_name.to_owned(),
        status: news.status,
        reason: news.reason,
        properties: news
            .properties
            .map(|(properties, definition)| ShownProperties::new(properties, definition)),
        token: token(stack),
        operation: stack.operations.last().cloned(),
        hook: news.hook,
    };
    stack.events.push(event);
}

/// Let the stack come to a status, and write it down.
pub fn stack_status(world: &mut World, stack: &mut Stack, status: Status, reason: Option<String>) {
    stack.status = status;
    stack.status_reason.clone_from(&reason);
    let event = StackEvent {
        id: world.identities.uuid(&stack.id),
        at: next_time(world, stack),
        logical_id: stack.name.clone(),
        physical_id: stack.id.clone(),
        type_name: "AWS::CloudFormation::Stack".to_owned(),
        status,
        reason,
        properties: None,
        token: token(stack),
        operation: stack.operations.last().cloned(),
        hook: None,
    };
    stack.events.push(event);
    super::engine::nested::tell(world, stack);
}

fn token(stack: &Stack) -> Option<String> {
    stack.operation.as_ref().and_then(|operation| operation.token.clone())
}
