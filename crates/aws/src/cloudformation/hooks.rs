//! The account's hooks: which will look at a change set (DescribeChangeSetHooks), what they found (GetHookResult), and in which
//! change set (ListHookResults). Nothing fails because this can't be read: it is said.

use std::ops::ControlFlow;

use serde::Deserialize;
use upgrade::{HookFinding, HooksSeen, PlannedHook, PortError};

use super::on_stack;
use crate::endpoints::CLOUDFORMATION;
use crate::errors::{CallError, Failure, are_keys_over};
use crate::wire::Wire;
use crate::wire::query::Form;

/// More than anybody reads.
const SHOWN: usize = 10;
/// What AWS says of a target at which no hook has looked.
const NOT_FOUND: &str = "HookResultNotFound";

/// Why something of hooks can't be read, for a person.
///
/// # Errors
/// What concerns every call: nobody answers, or there are no credentials.
fn unread(error: CallError) -> Result<String, PortError> {
    let speaks_for_itself = match &error.failure {
        Failure::Service { code, .. } => !are_keys_over(code),
        Failure::Unreadable(_) | Failure::Unsent(_) => true,
        Failure::Unreachable(_) | Failure::Withheld(_) | Failure::Credentials(_) => false,
    };
    let right = error.right_in_words();
    let error = PortError::from(error);
    if !speaks_for_itself {
        return Err(error);
    }
    Ok(format!("can't be read{right}: {}", error.message))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HooksPage {
    status: String,
    hooks: Vec<Hook>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Hook {
    type_name: String,
    failure_mode: String,
    target_details: TargetDetails,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TargetDetails {
    resource_target_details: ResourceTargetDetails,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ResourceTargetDetails {
    logical_resource_id: String,
}

/// The hooks that will look at what a change set does.
pub(super) async fn planned(
    wire: &Wire,
    stack_id: &str,
    change_set_name: &str,
) -> Result<HooksSeen, PortError> {
    let form = on_stack("DescribeChangeSetHooks", stack_id).with("ChangeSetName", change_set_name);
    let mut seen = HooksSeen::default();
    let read = wire.pages(&form, |page: HooksPage| {
        let HooksPage { status, hooks } = page;
        // `PLANNING` or `UNAVAILABLE` otherwise (API reference, DescribeChangeSetHooks).
        if status != "PLANNED" {
            seen.unread = Some(format!("isn't known: CloudFormation says {status}"));
        }
        seen.planned.extend(hooks.into_iter().map(|hook| PlannedHook {
            type_name: hook.type_name,
            failure_mode: hook.failure_mode,
            logical_id: hook.target_details.resource_target_details.logical_resource_id,
        }));
        ControlFlow::Continue(())
    });
    if let Err(error) = read.await {
        seen.unread = Some(unread(error)?);
    }
    Ok(seen)
}

/// What is told of a hook that found something, before it is asked what it advises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) type_name: String,
    pub(super) failure_mode: String,
    pub(super) reason: String,
    /// By which GetHookResult knows it.
    pub(super) result_id: Option<String>,
}

impl Found {
    /// The finding without its advice.
    pub(super) fn bare(self) -> HookFinding {
        let Found { type_name, failure_mode, reason, result_id: _ } = self;
        HookFinding { type_name, failure_mode, reason, advice: Vec::new(), advice_unread: None }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HookResult {
    hook_status_reason: Option<String>,
    annotations: Vec<Annotation>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Annotation {
    status: String,
    status_message: Option<String>,
    remediation_message: Option<String>,
    remediation_link: Option<String>,
}

impl Annotation {
    /// What it says beyond the reason.
    fn advice(&self, reason: &str) -> Option<String> {
        let message = self.status_message.as_deref().filter(|message| !reason.contains(message));
        let parts = [message, self.remediation_message.as_deref(), self.remediation_link.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        (self.status == "FAILED" && !parts.is_empty()).then(|| parts.join(": "))
    }
}

/// What a hook found, with its own whole reason and its advice. The reason of an event may be cut short, or refer to the result
/// (aws-cdk-cli pull requests 1198 and 1768).
///
/// A warning isn't asked for its advice: it ends nothing, and there may be one for each resource.
pub(super) async fn finding(wire: &Wire, found: Found) -> Result<HookFinding, PortError> {
    let result_id = found.result_id.clone();
    let mut finding = found.bare();
    let Some(id) = result_id.filter(|_| !finding.is_warning()) else { return Ok(finding) };
    let form = Form::new(&CLOUDFORMATION, "GetHookResult").with("HookResultId", id);
    match wire.read::<HookResult>(&form).await {
        Ok(HookResult { hook_status_reason, annotations }) => {
            if let Some(reason) = hook_status_reason.filter(|reason| !reason.is_empty()) {
                finding.reason = reason;
            }
            finding.advice =
                annotations.iter().filter_map(|annotation| annotation.advice(&finding.reason)).collect();
            let more = finding.advice.len().saturating_sub(SHOWN);
            finding.advice.truncate(SHOWN);
            finding.advice.extend((more > 0).then(|| format!("and {more} more")));
        }
        Err(error) => finding.advice_unread = Some(unread(error)?),
    }
    Ok(finding)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ResultSummary {
    hook_result_id: Option<String>,
    type_name: String,
    failure_mode: String,
    status: String,
    hook_status_reason: Option<String>,
}

/// Whether a hook's status says that it found something, or couldn't look.
pub(super) fn is_failed(status: &str) -> bool {
    matches!(status, "HOOK_COMPLETE_FAILED" | "HOOK_FAILED")
}

/// What the hooks found by which a change set failed; the error says why that can't be read, for a person.
pub(super) async fn of_change_set(
    wire: &Wire,
    change_set_id: &str,
) -> Result<Result<Vec<HookFinding>, String>, PortError> {
    let form = Form::new(&CLOUDFORMATION, "ListHookResults")
        .with("TargetType", "CHANGE_SET")
        .with("TargetId", change_set_id);
    let results = match wire.list::<ResultSummary>(&form, "HookResults").await {
        Ok(results) => results,
        Err(error) if error.code() == NOT_FOUND => Vec::new(),
        Err(error) => return unread(error).map(Err),
    };
    let mut findings = Vec::new();
    for result in results {
        let ResultSummary { hook_result_id, type_name, failure_mode, status, hook_status_reason } = result;
        if is_failed(&status) && failure_mode != "WARN" {
            let reason = hook_status_reason.unwrap_or_else(|| "AWS gave no reason".to_owned());
            let found = Found { type_name, failure_mode, reason, result_id: hook_result_id };
            findings.push(finding(wire, found).await?);
        }
    }
    Ok(Ok(findings))
}
