//! Drift: which resources aren't as CloudFormation left them.

use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{StackDriftDetectionStatus, StackResourceDriftStatus};
use conductor::Clock;
use upgrade::{Drift, PortError, PortErrorKind};

use crate::errors::port_error;

/// DetectStackDrift takes at most 200 logical ids (CloudFormation API reference); more are looked at as "all".
const MOST_IDS: usize = 200;

/// How long between two looks at a detection.
const LOOK: Duration = Duration::from_secs(2);

/// Detect drift of some resources, for at most so long.
///
/// # Errors
/// When it can't be begun (another detection or operation is under way), fails as a whole, or takes longer.
pub(crate) async fn drift(
    client: &Client,
    stack_id: &str,
    logical_ids: &[String],
    longest: Duration,
    clock: &Clock,
) -> Result<Vec<Drift>, PortError> {
    const OPERATION: &str = "cloudformation:DetectStackDrift";
    if logical_ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = (logical_ids.len() <= MOST_IDS).then(|| logical_ids.to_vec());
    let detection = client
        .detect_stack_drift()
        .stack_name(stack_id)
        .set_logical_resource_ids(ids)
        .send()
        .await
        .map_err(|error| port_error(OPERATION, &error))?
        .stack_drift_detection_id
        .unwrap_or_default();
    let refused = |kind, message: String| PortError { kind, operation: OPERATION.to_owned(), message };
    let began = clock.now();
    loop {
        let seen = client
            .describe_stack_drift_detection_status()
            .stack_drift_detection_id(&detection)
            .send()
            .await
            .map_err(|error| port_error("cloudformation:DescribeStackDriftDetectionStatus", &error))?;
        match seen.detection_status() {
            // A detection that fails has looked at some resources, and only those would be told.
            Some(StackDriftDetectionStatus::DetectionFailed) => {
                let reason = seen.detection_status_reason().unwrap_or("it failed").to_owned();
                return Err(refused(PortErrorKind::Refused, reason));
            }
            Some(StackDriftDetectionStatus::DetectionInProgress) => {}
            _ => break,
        }
        let waited = clock.now().milliseconds_since(began);
        if u128::from(waited) >= longest.as_millis() {
            let words = format!("it took longer than {} s", longest.as_secs());
            return Err(refused(PortErrorKind::Transient, words));
        }
        clock.sleep(LOOK).await;
    }
    let mut drifts = differing(client, stack_id).await?;
    drifts.retain(|drift| logical_ids.contains(&drift.logical_id));
    Ok(drifts)
}

/// What the last detection found to differ.
async fn differing(client: &Client, stack_id: &str) -> Result<Vec<Drift>, PortError> {
    let mut drifts = Vec::new();
    let mut next_token = None;
    loop {
        let page = client
            .describe_stack_resource_drifts()
            .stack_name(stack_id)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Modified)
            .stack_resource_drift_status_filters(StackResourceDriftStatus::Deleted)
            .set_next_token(next_token)
            .send()
            .await
            .map_err(|error| port_error("cloudformation:DescribeStackResourceDrifts", &error))?;
        drifts.extend(page.stack_resource_drifts().iter().map(|drift| {
            Drift {
                logical_id: drift.logical_resource_id().unwrap_or_default().to_owned(),
                status: drift
                    .stack_resource_drift_status()
                    .map(|status| status.as_str().to_owned())
                    .unwrap_or_default(),
                properties: drift
                    .property_differences()
                    .iter()
                    .filter_map(|difference| difference.property_path().map(str::to_owned))
                    .collect(),
            }
        }));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(drifts);
        }
    }
}
