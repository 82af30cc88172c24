//! S3's protocol, for the few operations that are served: method, path and headers in, bytes or XML out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::error::WireError;
use super::xml;
use crate::services::object_storage::url::{percent_decode, virtual_bucket};

/// Query parameters that don't change which operation is meant.
fn is_plain_parameter(name: &str) -> bool {
    name.starts_with("X-Amz-")
        || matches!(
            name,
            "x-id"
                | "list-type"
                | "prefix"
                | "delimiter"
                | "max-keys"
                | "marker"
                | "start-after"
                | "continuation-token"
                | "encoding-type"
                | "fetch-owner"
                | "location"
                | "bucket-region"
                | "max-buckets"
        )
}

/// The operation and its input. `body` is the decoded one.
///
/// # Errors
/// When the path can't be read, or what is asked isn't served.
pub fn decode(
    method: &Method,
    host: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(String, Value), WireError> {
    let path = percent_decode(path).ok_or(WireError::Path)?;
    let path = path.strip_prefix('/').unwrap_or(&path);
    let (bucket, key) = match virtual_bucket(host) {
        Some(bucket) => (bucket, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    if let Some((name, _)) = parameters.iter().find(|(name, _)| !is_plain_parameter(name)) {
        return Err(WireError::NotImplemented(name.chars().take(100).collect()));
    }
    let parameter =
        |wanted: &str| parameters.iter().find(|(name, _)| name == wanted).map(|(_, text)| text.as_str());
    let mut input = Map::new();
    input.insert("Bucket".to_owned(), json!(bucket));
    let operation = if bucket.is_empty() {
        match *method {
            Method::GET => "ListBuckets",
            _ => return Err(WireError::NoOperation),
        }
    } else if key.is_empty() {
        match *method {
            Method::PUT => "CreateBucket",
            Method::HEAD => "HeadBucket",
            Method::DELETE => "DeleteBucket",
            Method::GET if parameter("location").is_some() => "GetBucketLocation",
            Method::GET => {
                for (name, field) in [
                    ("prefix", "Prefix"),
                    ("delimiter", "Delimiter"),
                    ("max-keys", "MaxKeys"),
                    ("marker", "Marker"),
                    ("start-after", "StartAfter"),
                    ("continuation-token", "ContinuationToken"),
                    ("encoding-type", "EncodingType"),
                ] {
                    if let Some(text) = parameter(name) {
                        input.insert(field.to_owned(), json!(text));
                    }
                }
                if parameter("list-type") == Some("2") { "ListObjectsV2" } else { "ListObjects" }
            }
            _ => return Err(WireError::NoOperation),
        }
    } else {
        input.insert("Key".to_owned(), json!(key));
        match *method {
            Method::GET => "GetObject",
            Method::HEAD => "HeadObject",
            Method::DELETE => "DeleteObject",
            Method::PUT if headers.contains_key("x-amz-copy-source") => {
                return Err(WireError::NotImplemented("x-amz-copy-source".to_owned()));
            }
            Method::PUT => {
                put(&mut input, headers, body);
                "PutObject"
            }
            _ => return Err(WireError::NoOperation),
        }
    };
    Ok((operation.to_owned(), Value::Object(input)))
}

fn put(input: &mut Map<String, Value>, headers: &HeaderMap, body: &[u8]) {
    input.insert("Body".to_owned(), json!(STANDARD.encode(body)));
    if let Some(text) = headers.get("content-type").and_then(|value| value.to_str().ok()) {
        input.insert("ContentType".to_owned(), json!(text));
    }
    let metadata: Map<String, Value> = headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix("x-amz-meta-")?;
            Some((name.to_owned(), json!(value.to_str().ok()?)))
        })
        .collect();
    input.insert("Metadata".to_owned(), Value::Object(metadata));
}

/// An answer in S3's form.
#[derive(Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers beside the usual ones.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Write what a handler answered.
#[must_use]
pub fn render(operation: &str, input: &Value, output: &Value, range: Option<&str>) -> Answer {
    let mut answer = Answer { status: 200, ..Answer::default() };
    match operation {
        "GetObject" | "HeadObject" => object_answer(&mut answer, output, range),
        "PutObject" => answer.headers.extend(text(output, "ETag").map(|tag| ("ETag".to_owned(), tag))),
        "CreateBucket" => {
            answer.headers.extend(text(output, "Location").map(|place| ("Location".to_owned(), place)));
        }
        "DeleteObject" | "DeleteBucket" => answer.status = 204,
        "HeadBucket" => answer
            .headers
            .extend(text(output, "BucketRegion").map(|region| ("x-amz-bucket-region".to_owned(), region))),
        "GetBucketLocation" => {
            // us-east-1 is written as nothing at all.
            let region = text(output, "BucketRegion").filter(|region| region != "us-east-1");
            answer.xml("LocationConstraint", &json!(region.unwrap_or_default()), None);
        }
        "ListBuckets" => {
            let buckets = flat("Bucket", output.get("Buckets"));
            answer.xml(
                "ListAllMyBucketsResult",
                &json!({"Owner": output.get("Owner")}),
                Some(("Buckets", buckets)),
            );
        }
        _ => list_answer(&mut answer, operation, input, output),
    }
    answer
}

impl Answer {
    fn xml(&mut self, root: &str, fields: &Value, wrapped: Option<(&str, String)>) {
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        );
        xml::content(&mut out, root, fields, xml::Items::Member);
        match wrapped {
            Some(("", inner)) => out.push_str(&inner),
            Some((name, inner)) => out.push_str(&format!("<{name}>{inner}</{name}>")),
            None => {}
        }
        out.push_str(&format!("</{root}>"));
        self.body = out.into_bytes();
        self.headers.push(("Content-Type".to_owned(), "application/xml".to_owned()));
    }
}

fn object_answer(answer: &mut Answer, output: &Value, range: Option<&str>) {
    answer.headers.push(("Accept-Ranges".to_owned(), "bytes".to_owned()));
    for (field, name) in [("ETag", "ETag"), ("ContentType", "Content-Type")] {
        answer.headers.extend(text(output, field).map(|value| (name.to_owned(), value)));
    }
    if let Some(modified) = output.get("LastModified").and_then(Value::as_u64) {
        answer.headers.push(("Last-Modified".to_owned(), http_date(modified)));
    }
    for (name, value) in output.get("Metadata").and_then(Value::as_object).into_iter().flatten() {
        answer.headers.push((format!("x-amz-meta-{name}"), value.as_str().unwrap_or_default().to_owned()));
    }
    let whole = output.get("ContentLength").and_then(Value::as_u64).unwrap_or_default();
    let body = text(output, "Body").and_then(|body| STANDARD.decode(body).ok());
    let (from, to) = match range.map(|range| requested(range, whole)) {
        None | Some(Requested::Ignored) => (0, whole),
        Some(Requested::Bytes(from, to)) => {
            answer.status = 206;
            answer
                .headers
                .push(("Content-Range".to_owned(), format!("bytes {from}-{}/{whole}", to.saturating_sub(1))));
            (from, to)
        }
        Some(Requested::Unsatisfiable) => {
            answer.status = 416;
            answer.headers.push(("Content-Range".to_owned(), format!("bytes */{whole}")));
            return;
        }
    };
    answer.headers.push(("Content-Length".to_owned(), (to - from).to_string()));
    if let (Some(body), Ok(from), Ok(to)) = (body, usize::try_from(from), usize::try_from(to)) {
        answer.body = body.get(from..to).unwrap_or_default().to_vec();
    }
}

enum Requested {
    Bytes(u64, u64),
    Unsatisfiable,
    Ignored,
}

/// A single `bytes=` range; anything else is ignored, as RFC 9110 allows.
fn requested(range: &str, whole: u64) -> Requested {
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Requested::Ignored;
    };
    let (from, to) = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => (from, to.saturating_add(1).min(whole)),
        (Ok(from), Err(_)) if to.is_empty() => (from, whole),
        (Err(_), Ok(last)) if from.is_empty() => (whole.saturating_sub(last), whole),
        _ => return Requested::Ignored,
    };
    if from < to { Requested::Bytes(from, to) } else { Requested::Unsatisfiable }
}

fn list_answer(answer: &mut Answer, operation: &str, input: &Value, output: &Value) {
    let encode = input.get("EncodingType").and_then(Value::as_str) == Some("url");
    let name = |value: &Value| match value.as_str() {
        Some(text) if encode => json!(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()),
        _ => value.clone(),
    };
    let mut fields = Map::new();
    for field in ["Name", "Prefix", "Delimiter", "MaxKeys", "IsTruncated"] {
        let value = output.get(field).cloned().unwrap_or(Value::Null);
        fields.insert(
            field.to_owned(),
            if matches!(field, "Prefix" | "Delimiter") { name(&value) } else { value },
        );
    }
    if encode {
        fields.insert("EncodingType".to_owned(), json!("url"));
    }
    let token = output.get("NextContinuationToken").cloned().unwrap_or(Value::Null);
    if operation == "ListObjectsV2" {
        fields.insert("KeyCount".to_owned(), output.get("KeyCount").cloned().unwrap_or(Value::Null));
        fields.insert("NextContinuationToken".to_owned(), token);
    } else {
        fields.insert("NextMarker".to_owned(), name(&token));
    }
    let list = |field: &str| output.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let contents: Vec<Value> = list("Contents")
        .into_iter()
        .map(|mut object| {
            if let Some(key) = object.get_mut("Key") {
                *key = name(key);
            }
            object
        })
        .collect();
    let prefixes: Vec<Value> =
        list("CommonPrefixes").iter().map(|prefix| json!({"Prefix": name(prefix)})).collect();
    let mut flattened = flat("Contents", Some(&Value::Array(contents)));
    flattened.push_str(&flat("CommonPrefixes", Some(&Value::Array(prefixes))));
    answer.xml("ListBucketResult", &Value::Object(fields), Some(("", flattened)));
}

/// S3's lists have no wrapper: each item stands for itself.
fn flat(name: &str, items: Option<&Value>) -> String {
    let mut out = String::new();
    for item in items.and_then(Value::as_array).into_iter().flatten() {
        xml::element(&mut out, name, item, xml::Items::Member);
    }
    out
}

fn text(output: &Value, field: &str) -> Option<String> {
    output.get(field)?.as_str().map(str::to_owned)
}

/// `Sat, 31 Jan 2026 08:15:30 GMT`.
fn http_date(milliseconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let iso = crate::Timestamp(milliseconds).iso8601();
    let part = |from: usize, to: usize| iso.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    let day = usize::try_from(milliseconds / 86_400_000 % 7).ok().and_then(|day| DAYS.get(day));
    format!(
        "{}, {} {} {} {} GMT",
        day.copied().unwrap_or_default(),
        part(8, 10),
        month.copied().unwrap_or_default(),
        part(0, 4),
        part(11, 19)
    )
}

#[cfg(test)]
mod tests {
    use super::{Requested, http_date, requested};

    #[test]
    fn dates_are_written_as_http_writes_them() {
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(1_798_761_599_999), "Thu, 31 Dec 2026 23:59:59 GMT");
    }

    #[test]
    fn ranges_are_read() {
        let read = |range| match requested(range, 10) {
            Requested::Bytes(from, to) => format!("{from}..{to}"),
            Requested::Unsatisfiable => "unsatisfiable".to_owned(),
            Requested::Ignored => "ignored".to_owned(),
        };
        for (range, bytes) in [
            ("bytes=0-3", "0..4"),
            ("bytes=5-", "5..10"),
            ("bytes=-3", "7..10"),
            ("bytes=0-99", "0..10"),
            ("bytes=10-", "unsatisfiable"),
            ("bytes=3-1", "ignored"),
            ("bytes=a-b", "ignored"),
            ("lines=1-2", "ignored"),
            ("bytes=0-18446744073709551615", "0..10"),
        ] {
            assert_eq!(read(range), bytes, "{range}");
        }
    }
}
