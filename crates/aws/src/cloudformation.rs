//! CloudFormation as a run sees it: change sets and resources here; what is done to a stack, its events, drift, status and
//! settings beside it.

pub(crate) mod acts;
pub(crate) mod drift;
pub(crate) mod drift_preview;
pub(crate) mod events;
mod hooks;
pub(crate) mod stack;
mod validation;

use std::ops::ControlFlow;

use serde::Deserialize;
use upgrade::{Change, ChangeDetail, ChangeSetSeen, LogicalResource, PortError};

use crate::endpoints::CLOUDFORMATION;
use crate::errors::OrAbsent;
use crate::wire::Wire;
use crate::wire::query::Form;

/// What AWS says of a change set that would change nothing (user guide, "Troubleshooting CloudFormation"; recorded).
const NO_CHANGES: &str = "didn't contain changes";

/// An operation on a stack, by its name or its id.
pub(crate) fn on_stack(action: &'static str, stack: &str) -> Form<'static> {
    Form::new(&CLOUDFORMATION, action).with("StackName", stack)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ChangeSetPage {
    change_set_id: Option<String>,
    status: String,
    status_reason: Option<String>,
    execution_status: String,
    changes: Vec<AnyChange>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AnyChange {
    resource_change: Option<ResourceChange>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ResourceChange {
    logical_resource_id: String,
    resource_type: String,
    action: String,
    replacement: Option<String>,
    scope: Vec<String>,
    details: Vec<ResourceChangeDetail>,
    policy_action: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ResourceChangeDetail {
    target: Target,
    evaluation: String,
    change_source: Option<String>,
    causing_entity: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Target {
    attribute: String,
    name: Option<String>,
    requires_recreation: Option<String>,
}

/// A change set with all pages of its changes, in plain mode, and the hooks that will look at it.
pub(crate) async fn change_set(
    wire: &Wire,
    stack_id: &str,
    name: &str,
) -> Result<Option<ChangeSetSeen>, PortError> {
    let form = on_stack("DescribeChangeSet", stack_id).with("ChangeSetName", name);
    let mut seen: Option<ChangeSetSeen> = None;
    let mut id = None;
    let read = wire.pages(&form, |page| {
        let ChangeSetPage { change_set_id, status, status_reason, execution_status, changes } = page;
        id = change_set_id;
        let seen = seen.get_or_insert(ChangeSetSeen {
            status,
            status_reason,
            findings: Vec::new(),
            execution_status,
            changes: Vec::new(),
            hooks: None,
        });
        seen.changes.extend(changes.into_iter().filter_map(|any| any.resource_change).map(change));
        ControlFlow::Continue(())
    });
    read.await.or_absent(|error| error.code() == "ChangeSetNotFound")?;
    // Of one that would change nothing there is nothing to find.
    let is_empty = |reason: &String| reason.contains(NO_CHANGES);
    let failed = |seen: &&mut ChangeSetSeen| {
        seen.status == "FAILED" && !seen.status_reason.as_ref().is_some_and(is_empty)
    };
    if let (Some(seen), Some(id)) = (seen.as_mut().filter(failed), id) {
        seen.findings = validation::findings(wire, &id).await?;
    }
    // Only of one that can be executed somebody wants to know what will look at it.
    if let Some(seen) = seen.as_mut().filter(|seen| seen.execution_status == "AVAILABLE") {
        seen.hooks = Some(hooks::planned(wire, stack_id, name).await?);
    }
    Ok(seen)
}

fn change(change: ResourceChange) -> Change {
    let detail = |detail: &ResourceChangeDetail| {
        ChangeDetail::new(
            &detail.target.attribute,
            detail.target.name.as_deref(),
            detail.target.requires_recreation.as_deref(),
            &detail.evaluation,
            detail.change_source.as_deref(),
            detail.causing_entity.as_deref(),
        )
    };
    Change::new(
        &change.logical_resource_id,
        &change.resource_type,
        &change.action,
        change.replacement.as_deref(),
        change.scope,
        change.details.iter().map(detail),
    )
    .with_policy_action(change.policy_action.as_deref())
}

/// Every resource of a stack that has a physical id and has not been deleted.
pub(crate) async fn resources(wire: &Wire, stack_id: &str) -> Result<Vec<LogicalResource>, PortError> {
    let resources = typed_resources(wire, stack_id).await?;
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

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ResourceSummary {
    logical_resource_id: Option<String>,
    physical_resource_id: Option<String>,
    resource_type: String,
    resource_status: String,
}

/// The same with their types.
pub(crate) async fn typed_resources(wire: &Wire, stack_id: &str) -> Result<Vec<StackResource>, PortError> {
    let form = on_stack("ListStackResources", stack_id);
    let summaries: Vec<ResourceSummary> = wire.list(&form, "StackResourceSummaries").await?;
    let there = summaries.into_iter().filter(|summary| summary.resource_status != "DELETE_COMPLETE");
    Ok(there
        .filter_map(|summary| {
            Some(StackResource {
                logical_id: summary.logical_resource_id?,
                physical_id: summary.physical_resource_id?,
                resource_type: summary.resource_type,
            })
        })
        .collect())
}
