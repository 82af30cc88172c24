//! CloudFormation as a run sees it: change set, stack, events, resources.

use std::ops::ControlFlow;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetType, Parameter, ResourceChange, ResourceChangeDetail, StackEvent as SdkEvent,
};
use aws_smithy_types::date_time::Format;
use upgrade::{Change, ChangeSetSeen, LogicalResource, PortError, Proposal, StackEvent};

use crate::errors::{code, look_again, port_error};

/// A change set with all pages of its changes, in plain mode.
pub(crate) async fn change_set(
    client: &Client,
    stack_id: &str,
    name: &str,
) -> Result<Option<ChangeSetSeen>, PortError> {
    let mut seen: Option<ChangeSetSeen> = None;
    let mut next_token = None;
    loop {
        let page = client
            .describe_change_set()
            .stack_name(stack_id)
            .change_set_name(name)
            .set_next_token(next_token)
            .send()
            .await;
        let page = match page {
            Ok(page) => page,
            Err(error) if code(&error) == Some("ChangeSetNotFound") => return Ok(None),
            Err(error) => return Err(port_error("cloudformation:DescribeChangeSet", &error)),
        };
        let seen = seen.get_or_insert_with(|| ChangeSetSeen {
            status: page.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            status_reason: page.status_reason().map(str::to_owned),
            execution_status: page
                .execution_status()
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            changes: Vec::new(),
        });
        seen.changes.extend(page.changes().iter().filter_map(|change| change.resource_change()).map(change));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(Some(seen.clone()));
        }
    }
}

fn change(change: &ResourceChange) -> Change {
    Change::new(
        change.logical_resource_id().unwrap_or_default(),
        change.resource_type().unwrap_or_default(),
        change.action().map(|action| action.as_str()).unwrap_or_default(),
        change.replacement().map(|replacement| replacement.as_str()),
        change.scope().iter().map(|attribute| attribute.as_str().to_owned()),
        change.details().iter().map(detail),
    )
}

fn detail(detail: &ResourceChangeDetail) -> String {
    let target = detail.target();
    Change::detail(
        target.and_then(|target| target.attribute()).map(|attribute| attribute.as_str()).unwrap_or_default(),
        target.and_then(|target| target.name()),
        target.and_then(|target| target.requires_recreation()).map(|recreation| recreation.as_str()),
        detail.evaluation().map(|evaluation| evaluation.as_str()).unwrap_or_default(),
        detail.change_source().map(|source| source.as_str()),
        detail.causing_entity(),
    )
}

pub(crate) async fn create_change_set(
    client: &Client,
    stack_id: &str,
    proposal: &Proposal,
) -> Result<(), PortError> {
    let parameters = proposal.parameters.iter().map(|setting| {
        let parameter = Parameter::builder().parameter_key(&setting.key);
        match &setting.value {
            Some(value) => parameter.parameter_value(value),
            None => parameter.use_previous_value(true),
        }
        .build()
    });
    let capabilities = proposal.capabilities.iter().map(|name| Capability::from(name.as_str()));
    client
        .create_change_set()
        .stack_name(stack_id)
        .change_set_name(&proposal.change_set_name)
        .change_set_type(ChangeSetType::Update)
        .template_url(&proposal.template_url)
        .set_parameters(Some(parameters.collect()))
        .set_capabilities(Some(capabilities.collect()))
        .client_token(&proposal.change_set_name)
        .send()
        .await
        .map(drop)
        .or_else(|error| match code(&error) {
            // Made by a call whose answer was lost.
            Some("AlreadyExistsException") => Ok(()),
            _ => Err(port_error("cloudformation:CreateChangeSet", &error)),
        })
}

pub(crate) async fn execute_change_set(
    client: &Client,
    stack_id: &str,
    change_set_name: &str,
    client_request_token: &str,
) -> Result<(), PortError> {
    client
        .execute_change_set()
        .stack_name(stack_id)
        .change_set_name(change_set_name)
        .client_request_token(client_request_token)
        .send()
        .await
        .map(drop)
        .map_err(|error| {
            let sorted = port_error("cloudformation:ExecuteChangeSet", &error);
            // It may be executing already, begun by a call whose answer was lost: the events tell.
            match code(&error) {
                Some("InvalidChangeSetStatus") => look_again(sorted),
                _ => sorted,
            }
        })
}

/// The events of one operation after a given one, oldest first. They come newest first, so reading stops at
/// the known one, or at the operation's own first.
pub(crate) async fn events(
    client: &Client,
    stack_id: &str,
    client_request_token: &str,
    after_event_id: Option<&str>,
) -> Result<Vec<StackEvent>, PortError> {
    let mut events = Vec::new();
    read_events(client, stack_id, |event| {
        if event.client_request_token() != Some(client_request_token)
            || (after_event_id.is_some() && event.event_id() == after_event_id)
        {
            return ControlFlow::Break(());
        }
        events.push(stack_event(event));
        ControlFlow::Continue(())
    })
    .await?;
    events.reverse();
    Ok(events)
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
        resource_type: event.resource_type().unwrap_or_default().to_owned(),
        status: event.resource_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        status_reason: event.resource_status_reason().map(str::to_owned),
    }
}

/// Every resource of a stack that has a physical id and has not been deleted.
pub(crate) async fn resources(client: &Client, stack_id: &str) -> Result<Vec<LogicalResource>, PortError> {
    let mut resources = Vec::new();
    let mut next_token = None;
    loop {
        let page = client
            .list_stack_resources()
            .stack_name(stack_id)
            .set_next_token(next_token)
            .send()
            .await
            .map_err(|error| port_error("cloudformation:ListStackResources", &error))?;
        for summary in page.stack_resource_summaries() {
            let deleted =
                summary.resource_status().is_some_and(|status| status.as_str() == "DELETE_COMPLETE");
            if let (Some(logical_id), Some(physical_id), false) =
                (summary.logical_resource_id(), summary.physical_resource_id(), deleted)
            {
                resources.push(LogicalResource {
                    logical_id: logical_id.to_owned(),
                    physical_id: physical_id.to_owned(),
                });
            }
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(resources);
        }
    }
}
