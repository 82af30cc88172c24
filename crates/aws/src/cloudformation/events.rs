//! The events of a stack.

use std::ops::ControlFlow;

use serde::Deserialize;
use upgrade::{PortError, StackEvent};

use super::on_stack;
use crate::wire::Wire;
use crate::wire::query::time;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct EventPage {
    stack_events: Vec<Event>,
}

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
        }
    }
}

/// The events of one operation after a given one, oldest first. They come newest first, so reading stops at
/// the known one, or at the operation's own first.
///
/// Cancelling an update, or continuing its rollback, is a request with a token of its own, and the events that follow
/// from it may carry that one. So what is newer than an event that is known to be the operation's is told too, until the
/// stack has come to rest. Assumption: AWS doesn't document which token these events carry.
pub(crate) async fn events(
    wire: &Wire,
    stack_id: &str,
    client_request_token: &str,
    after_event_id: Option<&str>,
) -> Result<Vec<StackEvent>, PortError> {
    let mut events: Vec<(bool, StackEvent)> = Vec::new();
    read_events(wire, stack_id, |event| {
        let is_own = event.client_request_token.as_deref() == Some(client_request_token);
        let is_known = after_event_id == Some(event.event_id.as_str());
        if is_known || (!is_own && after_event_id.is_none()) {
            return ControlFlow::Break(());
        }
        events.push((is_own, event.into()));
        ControlFlow::Continue(())
    })
    .await?;
    let mut at_rest = false;
    events.reverse();
    events.retain(|(is_own, event)| {
        let keep = *is_own || !at_rest;
        at_rest |= keep
            && event.resource_type == "AWS::CloudFormation::Stack"
            && stack_id.contains(&format!(":stack/{}/", event.logical_id))
            && !event.status.ends_with("_IN_PROGRESS");
        keep
    });
    Ok(events.into_iter().map(|(_, event)| event).collect())
}

/// The first resource of a stack that failed, with AWS's reason; what was cancelled because of it aside.
pub(crate) async fn first_failure(wire: &Wire, stack_id: &str) -> Result<Option<String>, PortError> {
    let mut first = None;
    // Newest first: the last one found is the first that happened.
    read_events(wire, stack_id, |event| {
        let event = StackEvent::from(event);
        if event.is_root_failure() {
            let reason = event.status_reason.as_deref().unwrap_or_default();
            first = Some(format!("{} ({}): {reason}", event.logical_id, event.resource_type));
        }
        ControlFlow::Continue(())
    })
    .await?;
    Ok(first)
}

/// Read a stack's events, newest first, page by page, until `each` breaks off.
async fn read_events(
    wire: &Wire,
    stack_id: &str,
    mut each: impl FnMut(Event) -> ControlFlow<()>,
) -> Result<(), PortError> {
    let form = on_stack("DescribeStackEvents", stack_id);
    Ok(wire.pages(&form, |page: EventPage| page.stack_events.into_iter().try_for_each(&mut each)).await?)
}
