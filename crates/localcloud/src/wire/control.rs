//! The control endpoint's protocol: `/_slackwater/faults`, signed like any request, for the service `slackwater`.
//! What it does lives in [`crate::control`].

use http::Method;
use serde_json::{Map, Value};

use super::error::WireError;
use super::rest_json;

/// Where the faults are.
pub const FAULTS_PATH: &str = "/_slackwater/faults";

/// Where a database's storage is let grow by itself.
pub const STORAGE_PATH: &str = "/_slackwater/storage";

/// The operation and its input.
///
/// # Errors
/// When the path or the method is another one, or the body isn't a JSON object.
pub fn decode(method: &Method, path: &str, body: &[u8]) -> Result<(String, Value), WireError> {
    match path.trim_end_matches('/') {
        FAULTS_PATH => {}
        STORAGE_PATH if *method == Method::POST => {
            return Ok(("AutoscaleStorage".to_owned(), Value::Object(rest_json::object(body)?)));
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
