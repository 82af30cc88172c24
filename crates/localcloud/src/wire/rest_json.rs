//! REST-JSON: JSON in, JSON out, the operation in method and path.
//! <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html>

use http::Method;
use serde_json::{Map, Value, json};

use super::error::WireError;
use crate::descriptor::Operation;
use crate::services::object_storage::url::percent_decode;

/// Parameters of a query that are lists.
const LISTS: &[&str] = &["tagKeys"];

/// The operation and its input: the body's members, the query's and the path's parameters. What none of the operations'
/// routes fits is an operation that nobody knows.
///
/// # Errors
/// When the body isn't a JSON object, or the path isn't text.
pub fn decode(
    operations: &[Operation],
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> Result<(String, Value), WireError> {
    for operation in operations {
        let Some((_, pattern)) = operation.route.filter(|(verb, _)| method.as_str() == *verb) else {
            continue;
        };
        let Some(parameters) = parameters(pattern, path) else { continue };
        let mut input = object(body)?;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !LISTS.contains(&&*name) {
                input.insert(name.into_owned(), json!(value));
            } else if let Some(list) = input.entry(name).or_insert_with(|| json!([])).as_array_mut() {
                list.push(json!(value));
            }
        }
        for (name, encoded) in parameters {
            input.insert(name.to_owned(), json!(percent_decode(encoded).ok_or(WireError::Path)?));
        }
        return Ok((operation.name.to_owned(), Value::Object(input)));
    }
    let shown: String = path.chars().take(60).collect();
    Ok((format!("{method} {shown}"), Value::Object(Map::new())))
}

/// Whether one of the operations' paths begins as this one does.
pub(super) fn begins_as(operations: &[Operation], path: &str) -> bool {
    let first = |path: &str| path.trim_start_matches('/').split('/').next().map(str::to_owned);
    operations
        .iter()
        .filter_map(|operation| operation.route)
        .any(|(_, pattern)| first(pattern) == first(path))
}

/// What stands in the place of a pattern's parameters; `None` when the path is another one.
fn parameters<'a>(pattern: &'static str, path: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let (mut found, mut rest) = (Vec::new(), path.trim_matches('/'));
    let mut parts = pattern.trim_matches('/').split('/').peekable();
    while let Some(part) = parts.next() {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = name.and_then(|name| name.strip_suffix('+')) {
            found.push((name, rest));
            return (!rest.is_empty()).then_some(found);
        }
        let (segment, after) = rest.split_once('/').unwrap_or((rest, ""));
        match name {
            Some(name) if !segment.is_empty() => found.push((name, segment)),
            None if part == segment => {}
            Some(_) | None => return None,
        }
        if parts.peek().is_some() == after.is_empty() {
            return None;
        }
        rest = after;
    }
    Some(found)
}

/// An empty body is an empty object. `serde_json` refuses what nests deeper than 128.
fn object(body: &[u8]) -> Result<Map<String, Value>, WireError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|_| WireError::Json)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::{Value, json};

    use crate::services::Service;

    fn decode(
        service: Service,
        method: &Method,
        path: &str,
        query: &str,
        body: &[u8],
    ) -> Option<(String, Value)> {
        super::decode(service.descriptor().operations, method, path, query, body).ok()
    }

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
            let found = decode(Service::Backup, &method, path, query, b"").expect("decoded");
            assert_eq!(found, (operation.to_owned(), input), "{method} {path}");
        }
        assert_eq!(decode(Service::Backup, &Method::PUT, "/backup-jobs", "", b"[]"), None);
        assert_eq!(decode(Service::Backup, &Method::GET, "/backup-vaults/%ff", "", b""), None);
        for (method, path, query, operation, input) in [
            (Method::POST, "/v1/submitjob", "", "SubmitJob", json!({})),
            (
                Method::DELETE,
                "/v1/tags/arn%3Aaws%3Abatch%3A%3A%3Ajob-queue/q",
                "tagKeys=a&tagKeys=b",
                "UntagResource",
                json!({"resourceArn": "arn:aws:batch:::job-queue/q", "tagKeys": ["a", "b"]}),
            ),
            (Method::GET, "/v1/tags/arn/x", "", "ListTagsForResource", json!({"resourceArn": "arn/x"})),
            (Method::GET, "/v1/submitjob", "", "GET /v1/submitjob", json!({})),
        ] {
            let found = decode(Service::Batch, &method, path, query, b"").expect("decoded");
            assert_eq!(found, (operation.to_owned(), input), "{method} {path}");
        }
    }

    #[test]
    fn paths_and_methods_name_operations_of_the_control_endpoint() {
        for (method, path, operation) in [
            (Method::GET, "/_slackwater/faults", Some("GetFaults")),
            (Method::PUT, "/_slackwater/faults/", Some("PutFaults")),
            (Method::DELETE, "/_slackwater/faults", Some("DeleteFaults")),
            (Method::POST, "/_slackwater/storage", Some("AutoscaleStorage")),
            (Method::POST, "/_slackwater/engine", Some("UpgradeEngine")),
            (Method::POST, "/_slackwater/maintenance", Some("PlanMaintenance")),
            (Method::POST, "/_slackwater/batch", Some("SetBatchStatus")),
            (Method::POST, "/_slackwater/ecs", Some("SetServiceStatus")),
            (Method::GET, "/_slackwater/batch", None),
            (Method::POST, "/_slackwater/faults", None),
            (Method::POST, "/_slackwater/other", None),
        ] {
            let (found, _) = decode(Service::Control, &method, path, "", b"{}").expect("decoded");
            let found = Service::Control.descriptor().operation(&found).map(|known| known.name);
            assert_eq!(found, operation, "{method} {path}");
        }
        assert_eq!(decode(Service::Control, &Method::POST, "/_slackwater/batch", "", b"[]"), None);
    }
}
