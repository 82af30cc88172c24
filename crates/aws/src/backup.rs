//! AWS Backup: the newest recovery point of what a deployment has.

use http::Method;
use serde_json::Value;
use upgrade::{PortError, Timestamp};

use crate::concurrency::all;
use crate::endpoints::BACKUP;
use crate::uri_encoding::percent_encode;
use crate::wire::Wire;

/// The newest completed recovery point of any of the resources, over every vault of the account and Region.
///
/// By vault and not by resource: a resource's ARN would have to be made up from its physical id, and each resource would be
/// a call.
pub(crate) async fn newest_recovery_point(
    wire: &Wire,
    physical_ids: &[String],
) -> Result<Option<Timestamp>, PortError> {
    let vaults = items(wire, "ListBackupVaults", "/backup-vaults/", "BackupVaultList").await?;
    let names: Vec<String> = vaults.iter().filter_map(|vault| text(vault, "BackupVaultName")).collect();
    let points = all(&names, async |name| {
        let path = format!("/backup-vaults/{}/recovery-points/", percent_encode(name));
        items(wire, "ListRecoveryPointsByBackupVault", &path, "RecoveryPoints").await
    })
    .await?;
    Ok(points
        .iter()
        .flatten()
        .filter(|point| text(point, "Status").as_deref() == Some("COMPLETED"))
        .filter(|point| {
            // arn:aws:rds:REGION:ACCOUNT:db:ID, arn:aws:ec2:REGION:ACCOUNT:volume/ID, arn:aws:s3:::ID
            let arn = text(point, "ResourceArn").unwrap_or_default();
            physical_ids.iter().any(|id| {
                arn == *id || arn.strip_suffix(id.as_str()).is_some_and(|rest| rest.ends_with([':', '/']))
            })
        })
        .filter_map(|point| point.get("CompletionDate").or_else(|| point.get("CreationDate"))?.as_f64())
        .map(milliseconds)
        .max())
}

/// Backup writes times as seconds since 1970 with a fraction.
fn milliseconds(seconds: f64) -> Timestamp {
    // The cast saturates: a time before 1970 is 1970.
    Timestamp((seconds * 1000.0) as u64)
}

async fn items(wire: &Wire, action: &str, path: &str, list: &str) -> Result<Vec<Value>, PortError> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let query = token.map_or_else(String::new, |token| format!("?nextToken={}", percent_encode(&token)));
        let path = format!("{path}{query}");
        let mut page: Value = wire.rest_json(&BACKUP, action, Method::GET, &path, None).await?;
        if let Some(Value::Array(items)) = page.get_mut(list).map(Value::take) {
            found.extend(items);
        }
        token = text(&page, "NextToken");
        if token.is_none() {
            return Ok(found);
        }
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    Some(value.get(name)?.as_str()?.to_owned())
}
