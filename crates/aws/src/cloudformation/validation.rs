//! What CloudFormation found wrong with a change set before it would touch anything: DescribeEvents, by the change set's ARN (a name
//! alone is refused: aws-cloudformation-cli 1116). Properties against their schemas, names that are taken, hooks.

use serde::Deserialize;
use upgrade::{PortError, PortErrorKind};

use super::hooks::{self, Found};
use crate::endpoints::CLOUDFORMATION;
use crate::wire::Wire;
use crate::wire::query::Form;

/// More than anybody reads.
const SHOWN: usize = 10;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct OperationEvent {
    event_type: String,
    logical_resource_id: Option<String>,
    resource_type: Option<String>,
    validation_failure_mode: Option<String>,
    validation_path: Option<String>,
    validation_status_reason: Option<String>,
    hook_type: Option<String>,
    hook_status_reason: Option<String>,
    hook_failure_mode: Option<String>,
    resource_status_reason: Option<String>,
}

impl OperationEvent {
    /// What a hook found by which the change set failed. These events don't tell the id of its result.
    fn found(&self) -> Option<Found> {
        let failure_mode = self.hook_failure_mode.clone().unwrap_or_else(|| "FAIL".to_owned());
        (self.event_type == "HOOK_INVOCATION_ERROR" && failure_mode != "WARN").then_some(())?;
        Some(Found {
            type_name: self.hook_type.clone().unwrap_or_else(|| "a hook of the account".to_owned()),
            failure_mode,
            reason: self.hook_status_reason.clone()?,
            result_id: None,
        })
    }

    /// Where and why, for a person; `None` for what fails nothing.
    fn sentence(&self) -> Option<String> {
        if self.validation_failure_mode.as_deref() == Some("WARN") {
            return None;
        }
        let reason = match self.event_type.as_str() {
            "VALIDATION_ERROR" => self.validation_status_reason.clone()?,
            "HOOK_INVOCATION_ERROR" => self.found()?.bare().to_string(),
            "PROVISIONING_ERROR" => self.resource_status_reason.clone()?,
            _ => return None,
        };
        let resource = self.logical_resource_id.as_deref().unwrap_or("the stack");
        let of_type = self.resource_type.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
        let path = self.validation_path.as_deref().map(|path| format!(" at {path}")).unwrap_or_default();
        Some(format!("{resource}{of_type}{path}: {reason}"))
    }
}

/// What was found, a line each. Where that can't be read, the line says so: the change set has failed all the same.
///
/// # Errors
/// What will pass: look again.
pub(super) async fn findings(wire: &Wire, change_set_id: &str) -> Result<Vec<String>, PortError> {
    let form = Form::new(&CLOUDFORMATION, "DescribeEvents")
        .with("ChangeSetName", change_set_id)
        .with("Filters.FailedEvents", true);
    match wire.list::<OperationEvent>(&form, "OperationEvents").await {
        Ok(events) => {
            let (of_hooks, others): (Vec<_>, Vec<_>) =
                events.iter().partition(|event| event.event_type == "HOOK_INVOCATION_ERROR");
            let sentences = |events: Vec<&OperationEvent>| -> Vec<String> {
                events.into_iter().filter_map(OperationEvent::sentence).collect()
            };
            let (mut told, mut of_hooks) = (sentences(others), sentences(of_hooks));
            // Hooks may have failed it without an event (aws-cdk-cli pull request 1768), and an event tells no advice.
            if !of_hooks.is_empty() || told.is_empty() {
                match hooks::of_change_set(wire, change_set_id).await? {
                    Ok(found) if found.is_empty() => {}
                    Ok(found) => of_hooks = found.iter().map(|found| format!("the stack: {found}")).collect(),
                    Err(why) => of_hooks.push(format!("what hooks of the account advise {why}")),
                }
            }
            told.append(&mut of_hooks);
            told.dedup();
            let more = told.len().saturating_sub(SHOWN);
            told.truncate(SHOWN);
            told.extend((more > 0).then(|| format!("and {more} more")));
            Ok(told)
        }
        Err(error) => {
            let right = error.right_in_words();
            match PortError::from(error) {
                error if error.kind == PortErrorKind::Refused => {
                    Ok(vec![format!("what it found in particular can't be read{right}: {}", error.message)])
                }
                error => Err(error),
            }
        }
    }
}
