//! What CloudFormation found wrong with a change set before it would touch anything: DescribeEvents, by the change set's ARN (a name
//! alone is refused: aws-cloudformation-cli 1116). Properties against their schemas, names that are taken, hooks.

use serde::Deserialize;
use upgrade::{PortError, PortErrorKind};

use crate::endpoints::CLOUDFORMATION;
use crate::errors::is_denied;
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
    resource_status_reason: Option<String>,
}

impl OperationEvent {
    /// Where and why, for a person; `None` for what fails nothing.
    fn sentence(&self) -> Option<String> {
        if self.validation_failure_mode.as_deref() == Some("WARN") {
            return None;
        }
        let reason = match self.event_type.as_str() {
            "VALIDATION_ERROR" => self.validation_status_reason.clone()?,
            "HOOK_INVOCATION_ERROR" => {
                let hook = self.hook_type.as_deref().unwrap_or("a hook of the account");
                format!("{hook}: {}", self.hook_status_reason.as_deref()?)
            }
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
            let mut told: Vec<String> = events.iter().filter_map(OperationEvent::sentence).collect();
            told.dedup();
            let more = told.len().saturating_sub(SHOWN);
            told.truncate(SHOWN);
            told.extend((more > 0).then(|| format!("and {more} more")));
            Ok(told)
        }
        Err(error) => {
            let right = match is_denied(error.code()) {
                true => format!(", which takes the right {}", error.operation),
                false => String::new(),
            };
            match PortError::from(error) {
                error if error.kind == PortErrorKind::Refused => {
                    Ok(vec![format!("what it found in particular can't be read{right}: {}", error.message)])
                }
                error => Err(error),
            }
        }
    }
}
