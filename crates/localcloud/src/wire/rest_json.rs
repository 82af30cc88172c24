//! Batch's protocol: JSON in, JSON out, the operation in the path.
//! <https://docs.aws.amazon.com/batch/latest/APIReference/API_Operations.html>

use http::Method;
use serde_json::{Map, Value};

use super::error::WireError;
use crate::services::object_storage::url::percent_decode;

/// The operations whose path is `/v1/` and their name in lower case.
const OPERATIONS: &[&str] = &[
    "CancelJob",
    "CreateComputeEnvironment",
    "CreateJobQueue",
    "DeleteComputeEnvironment",
    "DeleteJobQueue",
    "DeregisterJobDefinition",
    "DescribeComputeEnvironments",
    "DescribeJobDefinitions",
    "DescribeJobQueues",
    "DescribeJobs",
    "ListJobs",
    "RegisterJobDefinition",
    "SubmitJob",
    "TerminateJob",
    "UpdateComputeEnvironment",
    "UpdateJobQueue",
];

/// The operation and its input.
///
/// # Errors
/// When the path is none of Batch's or the body isn't a JSON object.
pub fn decode(method: &Method, path: &str, query: &str, body: &[u8]) -> Result<(String, Value), WireError> {
    let name = path.strip_prefix("/v1/").ok_or(WireError::NoOperation)?;
    if let Some(arn) = name.strip_prefix("tags/") {
        let arn = percent_decode(arn).ok_or(WireError::Path)?;
        let mut input = object(body)?;
        input.insert("resourceArn".to_owned(), Value::String(arn));
        let operation = match *method {
            Method::GET => "ListTagsForResource",
            Method::POST => "TagResource",
            Method::DELETE => {
                let keys = form_urlencoded::parse(query.as_bytes())
                    .filter(|(name, _)| name == "tagKeys")
                    .map(|(_, key)| Value::String(key.into_owned()));
                input.insert("tagKeys".to_owned(), Value::Array(keys.collect()));
                "UntagResource"
            }
            _ => return Err(WireError::NoOperation),
        };
        return Ok((operation.to_owned(), Value::Object(input)));
    }
    if method != Method::POST {
        return Err(WireError::NoOperation);
    }
    let operation = OPERATIONS.iter().find(|operation| operation.eq_ignore_ascii_case(name));
    let operation = operation.map_or_else(|| name.chars().take(100).collect(), |found| (*found).to_owned());
    Ok((operation, Value::Object(object(body)?)))
}

/// An empty body is an empty object. `serde_json` refuses what nests deeper than 128.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, WireError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|_| WireError::Json)
}
