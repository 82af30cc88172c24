//! Drift: which resources aren't as CloudFormation left them.

use std::time::Duration;

use conductor::Clock;
use serde::Deserialize;
use upgrade::{Drift, PortError, PortErrorKind};

use super::on_stack;
use crate::endpoints::CLOUDFORMATION;
use crate::wire::Wire;
use crate::wire::query::Form;

/// DetectStackDrift takes at most 200 logical ids (CloudFormation API reference); more are looked at as "all".
const MOST_IDS: usize = 200;

/// How long between two looks at a detection.
const LOOK: Duration = Duration::from_secs(2);

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Detection {
    detection_status: String,
    detection_status_reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ResourceDrift {
    logical_resource_id: String,
    stack_resource_drift_status: String,
    property_differences: Vec<PropertyDifference>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PropertyDifference {
    property_path: String,
}

/// Detect drift of some resources, for at most so long.
///
/// # Errors
/// When it can't be begun (another detection or operation is under way), fails as a whole, or takes longer.
pub(crate) async fn drift(
    wire: &Wire,
    stack_id: &str,
    logical_ids: &[String],
    longest: Duration,
    clock: &Clock,
) -> Result<Vec<Drift>, PortError> {
    const OPERATION: &str = "cloudformation:DetectStackDrift";
    if logical_ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = if logical_ids.len() <= MOST_IDS { logical_ids } else { &[] };
    let detect = on_stack("DetectStackDrift", stack_id).with_list("LogicalResourceIds.member", ids);
    let begun = wire.query(&detect).await?;
    let status = Form::new(&CLOUDFORMATION, "DescribeStackDriftDetectionStatus")
        .with("StackDriftDetectionId", begun.text_of("StackDriftDetectionId"));
    let refused = |kind, message: String| PortError { kind, operation: OPERATION.to_owned(), message };
    let began = clock.now();
    loop {
        let seen: Detection = wire.read(&status).await?;
        match seen.detection_status.as_str() {
            // A detection that fails has looked at some resources, and only those would be told.
            "DETECTION_FAILED" => {
                let reason = seen.detection_status_reason.unwrap_or_else(|| "it failed".to_owned());
                return Err(refused(PortErrorKind::Refused, reason));
            }
            "DETECTION_IN_PROGRESS" => {}
            _complete => break,
        }
        let waited = clock.now().milliseconds_since(began);
        if u128::from(waited) >= longest.as_millis() {
            let words = format!("it took longer than {} s", longest.as_secs());
            return Err(refused(PortErrorKind::Transient, words));
        }
        clock.sleep(LOOK).await;
    }
    let mut drifts = differing(wire, stack_id).await?;
    drifts.retain(|drift| logical_ids.contains(&drift.logical_id));
    Ok(drifts)
}

/// What the last detection found to differ.
async fn differing(wire: &Wire, stack_id: &str) -> Result<Vec<Drift>, PortError> {
    let form = on_stack("DescribeStackResourceDrifts", stack_id)
        .with_list("StackResourceDriftStatusFilters.member", ["MODIFIED", "DELETED"]);
    let drifts: Vec<ResourceDrift> = wire.list(&form, "StackResourceDrifts").await?;
    Ok(drifts
        .into_iter()
        .map(|drift| Drift {
            logical_id: drift.logical_resource_id,
            status: drift.stack_resource_drift_status,
            properties: drift.property_differences.into_iter().map(|one| one.property_path).collect(),
        })
        .collect())
}
