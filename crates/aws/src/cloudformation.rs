//! CloudFormation as a run sees it: change sets and resources here; what is done to a stack, its events, drift and
//! settings beside it.

pub(crate) mod acts;
pub(crate) mod drift;
pub(crate) mod events;
pub(crate) mod settings;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ResourceChange, ResourceChangeDetail};
use upgrade::{Change, ChangeDetail, ChangeSetSeen, LogicalResource, PortError};

use crate::errors::{code, port_error};

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
    .with_policy_action(change.policy_action().map(|action| action.as_str()))
}

fn detail(detail: &ResourceChangeDetail) -> ChangeDetail {
    let target = detail.target();
    ChangeDetail::new(
        target.and_then(|target| target.attribute()).map(|attribute| attribute.as_str()).unwrap_or_default(),
        target.and_then(|target| target.name()),
        target.and_then(|target| target.requires_recreation()).map(|recreation| recreation.as_str()),
        detail.evaluation().map(|evaluation| evaluation.as_str()).unwrap_or_default(),
        detail.change_source().map(|source| source.as_str()),
        detail.causing_entity(),
    )
}

/// Every resource of a stack that has a physical id and has not been deleted.
pub(crate) async fn resources(client: &Client, stack_id: &str) -> Result<Vec<LogicalResource>, PortError> {
    let resources = typed_resources(client, stack_id).await?;
    Ok(resources.into_iter().map(StackResource::untyped).collect())
}

/// A resource with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StackResource {
    pub logical_id: String,
    pub physical_id: String,
    pub resource_type: String,
}

impl StackResource {
    /// Without its type.
    pub(crate) fn untyped(self) -> LogicalResource {
        LogicalResource { logical_id: self.logical_id, physical_id: self.physical_id }
    }
}

/// The same with their types.
pub(crate) async fn typed_resources(
    client: &Client,
    stack_id: &str,
) -> Result<Vec<StackResource>, PortError> {
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
                resources.push(StackResource {
                    logical_id: logical_id.to_owned(),
                    physical_id: physical_id.to_owned(),
                    resource_type: summary.resource_type().unwrap_or_default().to_owned(),
                });
            }
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(resources);
        }
    }
}
