//! The events of a stack.

use std::ops::ControlFlow;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackEvent as SdkEvent;
use aws_smithy_types::date_time::Format;
use upgrade::{PortError, StackEvent};

use crate::errors::port_error;

/// The events of one operation after a given one, oldest first. They come newest first, so reading stops at
/// the known one, or at the operation's own first.
///
/// Cancelling an update, or continuing its rollback, is a request with a token of its own, and the events that follow
/// from it may carry that one. So what is newer than an event that is known to be the operation's is told too, until the
/// stack has come to rest. Assumption: AWS doesn't document which token these events carry.
pub(crate) async fn events(
    client: &Client,
    stack_id: &str,
    client_request_token: &str,
    after_event_id: Option<&str>,
) -> Result<Vec<StackEvent>, PortError> {
    let mut events: Vec<(bool, StackEvent)> = Vec::new();
    read_events(client, stack_id, |event| {
        let is_own = event.client_request_token() == Some(client_request_token);
        let is_known = after_event_id.is_some() && event.event_id() == after_event_id;
        if is_known || (!is_own && after_event_id.is_none()) {
            return ControlFlow::Break(());
        }
        events.push((is_own, stack_event(event)));
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
pub(crate) async fn first_failure(client: &Client, stack_id: &str) -> Result<Option<String>, PortError> {
    let mut first = None;
    // Newest first: the last one found is the first that happened.
    read_events(client, stack_id, |event| {
        let event = stack_event(event);
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
    client: &Client,
    stack_id: &str,
    mut each: impl FnMut(&SdkEvent) -> ControlFlow<()>,
) -> Result<(), PortError> {
    let mut next_token = None;
    loop {
        let page = client
            .describe_stack_events()
            .stack_name(stack_id)
            .set_next_token(next_token)
            .send()
            .await
            .map_err(|error| port_error("cloudformation:DescribeStackEvents", &error))?;
        if page.stack_events().iter().try_for_each(&mut each).is_break() {
            return Ok(());
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(());
        }
    }
}

fn stack_event(event: &SdkEvent) -> StackEvent {
    StackEvent {
        event_id: event.event_id().unwrap_or_default().to_owned(),
        timestamp: event.timestamp().and_then(|at| at.fmt(Format::DateTime).ok()).unwrap_or_default(),
        logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
        physical_id: event.physical_resource_id().filter(|id| !id.is_empty()).map(str::to_owned),
        resource_type: event.resource_type().unwrap_or_default().to_owned(),
        status: event.resource_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        status_reason: event.resource_status_reason().map(str::to_owned),
    }
}
