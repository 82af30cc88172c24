//! AWS Backup's protocol: REST-JSON whose operations stand in method and path.
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Operations.html>

use http::Method;
use serde_json::{Map, Value, json};

use super::error::WireError;
use super::rest_json;
use crate::services::object_storage::url::percent_decode;

/// Method, path, operation. A segment in braces is a parameter.
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("GET", "backup-vaults", "ListBackupVaults"),
    ("PUT", "backup-vaults/{backupVaultName}", "CreateBackupVault"),
    ("GET", "backup-vaults/{backupVaultName}", "DescribeBackupVault"),
    ("DELETE", "backup-vaults/{backupVaultName}", "DeleteBackupVault"),
    ("GET", "backup-vaults/{backupVaultName}/recovery-points", "ListRecoveryPointsByBackupVault"),
    ("GET", "backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}", "DescribeRecoveryPoint"),
    ("DELETE", "backup-vaults/{backupVaultName}/recovery-points/{recoveryPointArn}", "DeleteRecoveryPoint"),
    ("PUT", "backup-jobs", "StartBackupJob"),
    ("GET", "backup-jobs", "ListBackupJobs"),
    ("GET", "backup-jobs/{backupJobId}", "DescribeBackupJob"),
    ("POST", "backup-jobs/{backupJobId}", "StopBackupJob"),
    ("GET", "backup/plans", "ListBackupPlans"),
    ("GET", "backup/plans/{backupPlanId}", "GetBackupPlan"),
    ("GET", "backup/plans/{backupPlanId}/selections", "ListBackupSelections"),
    ("GET", "backup/plans/{backupPlanId}/selections/{selectionId}", "GetBackupSelection"),
];

/// The operation and its input: the body's members, the path's and the query's parameters.
///
/// # Errors
/// When the path is none of Backup's or the body isn't a JSON object.
pub fn decode(method: &Method, path: &str, query: &str, body: &[u8]) -> Result<(String, Value), WireError> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    for (verb, pattern, operation) in OPERATIONS {
        if method.as_str() != *verb {
            continue;
        }
        let Some(parameters) = parameters(pattern, &segments) else { continue };
        let mut input = rest_json::object(body)?;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            input.insert(name.into_owned(), json!(value));
        }
        for (name, encoded) in parameters {
            input.insert(name.to_owned(), json!(percent_decode(encoded).ok_or(WireError::Path)?));
        }
        return Ok(((*operation).to_owned(), Value::Object(input)));
    }
    // Known, but not simulated; or not known.
    let shown: String = path.chars().take(60).collect();
    Ok((format!("{method} {shown}"), Value::Object(Map::new())))
}

fn parameters<'a>(pattern: &'static str, segments: &[&'a str]) -> Option<Vec<(&'static str, &'a str)>> {
    let parts: Vec<&'static str> = pattern.split('/').collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut found = Vec::new();
    for (part, segment) in parts.into_iter().zip(segments) {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => found.push((name, *segment)),
            None if part == *segment => {}
            Some(_) | None => return None,
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::decode;

    #[test]
    fn paths_name_operations() {
        for (method, path, query, operation, input) in [
            (Method::GET, "/backup-vaults/", "", "ListBackupVaults", json!({})),
            (
                Method::GET,
                "/backup-vaults/v%201",
                "",
                "DescribeBackupVault",
                json!({"backupVaultName": "v 1"}),
            ),
            (
                Method::GET,
                "/backup-vaults/v/recovery-points/",
                "maxResults=2",
                "ListRecoveryPointsByBackupVault",
                json!({"maxResults": "2", "backupVaultName": "v"}),
            ),
            (
                Method::GET,
                "/backup-vaults/v/recovery-points/arn%3Aaws%3Ards",
                "",
                "DescribeRecoveryPoint",
                json!({"backupVaultName": "v", "recoveryPointArn": "arn:aws:rds"}),
            ),
            (Method::PUT, "/backup-jobs", "", "StartBackupJob", json!({})),
            (Method::GET, "/backup/plans/p/", "", "GetBackupPlan", json!({"backupPlanId": "p"})),
            (Method::PATCH, "/backup/plans/p/", "", "PATCH /backup/plans/p/", json!({})),
        ] {
            let found = decode(&method, path, query, b"").expect("decoded");
            assert_eq!(found, (operation.to_owned(), input), "{method} {path}");
        }
        assert!(decode(&Method::PUT, "/backup-jobs", "", b"[]").is_err());
        assert!(decode(&Method::GET, "/backup-vaults/%ff", "", b"").is_err());
    }
}
