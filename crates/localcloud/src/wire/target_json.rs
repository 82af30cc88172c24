//! The JSON protocol: JSON in, JSON out, the operation in the header `X-Amz-Target` after a dot.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>

use http::HeaderMap;
use serde_json::{Map, Value};

use super::error::WireError;

/// Names the operation: `GraniteServiceVersion20100801.DescribeAlarms`.
pub const TARGET_HEADER: &str = "x-amz-target";

/// The operation and its input. An empty body is an empty object; `serde_json` refuses what nests deeper than 128.
///
/// # Errors
/// When no operation is named or the body isn't a JSON object.
pub fn decode(headers: &HeaderMap, body: &[u8]) -> Result<(String, Value), WireError> {
    let target = headers.get(TARGET_HEADER).and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit_once('.')).map(|(_, operation)| operation);
    let operation = operation.filter(|name| !name.is_empty()).ok_or(WireError::NoOperation)?;
    let input: Map<String, Value> = match body {
        [] => Map::new(),
        _ => serde_json::from_slice(body).map_err(|_| WireError::Json)?,
    };
    Ok((operation.to_owned(), Value::Object(input)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(target: Option<&str>, body: &str, expected: Option<(&str, Value)>) {
        let mut headers = HeaderMap::new();
        if let Some(target) = target {
            headers.insert(TARGET_HEADER, target.parse().expect("a header"));
        }
        let decoded = decode(&headers, body.as_bytes()).ok();
        assert_eq!(decoded, expected.map(|(name, input)| (name.to_owned(), input)), "{target:?} {body}");
    }

    #[test]
    fn the_header_names_the_operation() {
        check(Some("G.DescribeAlarms"), "", Some(("DescribeAlarms", json!({}))));
        check(Some("a.b.C"), r#"{"N":[1]}"#, Some(("C", json!({"N": [1]}))));
        for (target, body) in [(None, "{}"), (Some("DescribeAlarms"), "{}"), (Some("G."), "{}")] {
            check(target, body, None);
        }
        for body in ["[]", "1", "{", "\u{0}"] {
            check(Some("G.C"), body, None);
        }
    }
}
