//! The events of a stack.

use std::ops::ControlFlow;

use serde::Deserialize;
use upgrade::{PortError, StackEvent};

use super::hooks::{self, Found};
use super::on_stack;
use crate::wire::Wire;
use crate::wire::query::time;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Event {
    event_id: String,
    #[serde(deserialize_with = "time")]
    timestamp: Option<String>,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
    resource_type: String,
    resource_status: String,
    resource_status_reason: Option<String>,
    client_request_token: Option<String>,
    hook_type: Option<String>,
    hook_status: Option<String>,
    hook_status_reason: Option<String>,
    hook_failure_mode: Option<String>,
    hook_invocation_id: Option<String>,
}

impl Event {
    /// What a hook found at its resource; `None`: it tells of no hook, or of one that found nothing.
    fn found(&self) -> Option<Found> {
        let is_failed = hooks::is_failed(self.hook_status.as_deref()?);
        is_failed.then(|| Found {
            type_name: self.hook_type.clone().unwrap_or_default(),
            failure_mode: self.hook_failure_mode.clone().unwrap_or_default(),
            reason: self.hook_status_reason.clone().unwrap_or_else(|| "AWS gave no reason".to_owned()),
            result_id: self.hook_invocation_id.clone(),
        })
    }

    fn is_of_hook(&self) -> bool {
        self.hook_type.is_some() || self.hook_status.is_some()
    }
}

impl From<Event> for StackEvent {
    fn from(event: Event) -> StackEvent {
        StackEvent {
            event_id: event.event_id,
            timestamp: event.timestamp.unwrap_or_default(),
            logical_id: event.logical_resource_id,
            physical_id: event.physical_resource_id.filter(|id| !id.is_empty()),
            resource_type: event.resource_type,
            status: event.resource_status,
            status_reason: event.resource_status_reason,
            hook: None,
        }
    }
}

/// The events of one operation after a given one, oldest first. They come newest first, so reading stops at
/// the known one, or at the operation's own first.
///
/// Cancelling an update, or continuing its rollback, is a request with a token of its own, and the events that follow
/// from it may carry that one. So what is newer than an event that is known to be the operation's is told too, until the
/// stack has come to rest. Assumption: AWS doesn't document which token these events carry. Nor does it say whether the events of
/// hooks carry any; those that don't belong to the operation whose events are around them. Of hooks is told what they found.
pub(crate) async fn events(
    wire: &Wire,
    stack_id: &str,
    client_request_token: &str,
    after_event_id: Option<&str>,
) -> Result<Vec<StackEvent>, PortError> {
    let mut events: Vec<(bool, Event)> = Vec::new();
    read_events(wire, stack_id, |event| {
        let is_own = event.client_request_token.as_deref() == Some(client_request_token);
        let is_known = after_event_id == Some(event.event_id.as_str());
        let is_nobodys = event.is_of_hook() && event.client_request_token.is_none();
        if is_known || (!is_own && !is_nobodys && after_event_id.is_none()) {
            return ControlFlow::Break(());
        }
        events.push((is_own, event));
        ControlFlow::Continue(())
    })
    .await?;
    let mut at_rest = false;
    events.reverse();
    if after_event_id.is_none() {
        // What comes before the operation's own first event is another one's.
        let first = events.iter().position(|(is_own, _)| *is_own).unwrap_or(events.len());
        events.drain(..first);
    }
    events.retain(|(is_own, event)| {
        let keep = *is_own || !at_rest;
        at_rest |= keep
            && event.resource_type == "AWS::CloudFormation::Stack"
            && stack_id.contains(&format!(":stack/{}/", event.logical_resource_id))
            && !event.resource_status.ends_with("_IN_PROGRESS");
        keep
    });
    let mut told = Vec::new();
    for (_, event) in events {
        let found = event.found();
        if event.is_of_hook() && found.is_none() {
            continue;
        }
        let hook = match found {
            Some(found) => Some(hooks::finding(wire, found).await?),
            None => None,
        };
        told.push(StackEvent { hook, ..event.into() });
    }
    Ok(told)
}

/// The latest events of a stack, at most so many, oldest first.
pub(crate) async fn history(wire: &Wire, stack_id: &str, most: usize) -> Result<Vec<StackEvent>, PortError> {
    let mut events: Vec<StackEvent> = Vec::new();
    read_events(wire, stack_id, |event| {
        if events.len() == most {
            return ControlFlow::Break(());
        }
        events.push(event.into());
        ControlFlow::Continue(())
    })
    .await?;
    events.reverse();
    Ok(events)
}

/// The first resource of a stack that failed, with AWS's reason and what hooks found at it; what was cancelled because of it aside.
pub(crate) async fn first_failure(wire: &Wire, stack_id: &str) -> Result<Option<String>, PortError> {
    let mut first: Option<StackEvent> = None;
    let mut found: Vec<(String, Found)> = Vec::new();
    // Newest first: the last one found is the first that happened. What hooks found at it comes after it here.
    read_events(wire, stack_id, |event| {
        if let Some(of_hook) = event.found() {
            found.push((event.logical_resource_id.clone(), of_hook));
        }
        let event = StackEvent::from(event);
        if event.is_root_failure() {
            found.clear();
            first = Some(event);
        }
        ControlFlow::Continue(())
    })
    .await?;
    let Some(first) = first else { return Ok(None) };
    let reason = first.status_reason.as_deref().unwrap_or_default();
    let mut told = format!("{} ({}): {reason}", first.logical_id, first.resource_type);
    for (_, found) in found.into_iter().filter(|(logical_id, _)| *logical_id == first.logical_id) {
        told.push_str(&format!(". {}", hooks::finding(wire, found).await?));
    }
    Ok(Some(told))
}

/// Read a stack's events, newest first, page by page, until `each` breaks off.
async fn read_events(
    wire: &Wire,
    stack_id: &str,
    each: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), PortError> {
    Ok(wire.each(&on_stack("DescribeStackEvents", stack_id), "StackEvents", each).await?)
}
