//! The control endpoint's protocol: `/_slackwater/faults`, `storage`, `engine`, `batch`, `ecs` and `endpoints`, signed like any request, for the
//! service `slackwater`. What they do lives in [`crate::control`], [`crate::faults`] and [`crate::machine_room`].

use http::Method;
use serde_json::{Map, Value};

use super::error::WireError;
use super::rest_json;
use crate::machine_room;

/// Where the faults are.
pub const FAULTS_PATH: &str = "/_slackwater/faults";

/// Where a database's storage is let grow by itself.
pub const STORAGE_PATH: &str = "/_slackwater/storage";

/// Where a database's engine is upgraded by itself.
pub const ENGINE_PATH: &str = "/_slackwater/engine";

/// Where a maintenance action comes to wait for a database's window.
pub const MAINTENANCE_PATH: &str = "/_slackwater/maintenance";

/// Where queues and compute environments are made INVALID.
pub const BATCH_PATH: &str = "/_slackwater/batch";

/// Where services are made to fail.
pub const ECS_PATH: &str = "/_slackwater/ecs";

/// Where it is said on which loopback ports the load balancers listen.
pub const ENDPOINTS_PATH: &str = "/_slackwater/endpoints";

/// The operation and its input.
///
/// # Errors
/// When the path or the method is another one, or the body isn't a JSON object.
pub fn decode(method: &Method, path: &str, body: &[u8]) -> Result<(String, Value), WireError> {
    match path.trim_end_matches('/') {
        FAULTS_PATH => {}
        STORAGE_PATH if *method == Method::POST => return posted("AutoscaleStorage", body),
        ENGINE_PATH if *method == Method::POST => return posted("UpgradeEngine", body),
        MAINTENANCE_PATH if *method == Method::POST => return posted("PlanMaintenance", body),
        BATCH_PATH if *method == Method::POST => return posted("SetBatchStatus", body),
        ECS_PATH if *method == Method::POST => return posted("SetServiceStatus", body),
        ENDPOINTS_PATH if *method == Method::GET => {
            return Ok((machine_room::ENDPOINTS.to_owned(), Value::Object(Map::new())));
        }
        _ => return Err(WireError::NoOperation),
    }
    match *method {
        Method::GET => Ok(("GetFaults".to_owned(), Value::Object(Map::new()))),
        Method::PUT => Ok(("PutFaults".to_owned(), Value::Object(rest_json::object(body)?))),
        Method::DELETE => Ok(("DeleteFaults".to_owned(), Value::Object(Map::new()))),
        _ => Err(WireError::NoOperation),
    }
}

fn posted(operation: &str, body: &[u8]) -> Result<(String, Value), WireError> {
    Ok((operation.to_owned(), Value::Object(rest_json::object(body)?)))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::decode;

    #[test]
    fn paths_and_methods_name_operations() {
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
            let found = decode(&method, path, b"{}").ok().map(|(operation, _)| operation);
            assert_eq!(found.as_deref(), operation, "{method} {path}");
        }
        assert!(decode(&Method::POST, "/_slackwater/batch", b"[]").is_err());
    }
}
