//! S3's protocol, which is the crate `s3s`'s: routing, headers, XML. Before it stand our own checks (origin, signature,
//! `aws-chunked`, checksums), behind it the world: every operation becomes a request like any other, logged and answered
//! by [`crate::services::object_storage`].
//!
//! `s3s` is asynchronous because a store may wait. This one doesn't: whole bodies go in, whole bodies come out, and
//! the world answers at once. So each future is ready when it is first polled, and S3 can be called in process, without
//! a runtime, as everything else here.

mod adapter;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, RANGE,
};
use http::request::Parts;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};
use s3s::service::S3ServiceBuilder;

use super::body;
use super::error::WireError;
use super::signature::Payload;
use crate::observe::Seen;
use crate::services::object_storage::ready;
use crate::services::object_storage::url::virtual_bucket;
use crate::{AwsError, LocalCloud};

use adapter::{Adapter, Exchange};

/// A verified request to S3.
pub(crate) struct Verified<'a> {
    /// Method, URI, headers.
    pub(crate) parts: &'a Parts,
    /// As sent.
    pub(crate) body: &'a Bytes,
    /// What the signature covers of it.
    pub(crate) payload: Payload,
    /// The host without its port.
    pub(crate) host: &'a str,
    /// Whose key signed it.
    pub(crate) caller: &'a str,
}

/// Answer a request; `None` when a fault keeps the answer back.
///
/// # Errors
/// When the body can't be taken apart, or the world refuses. What `s3s` refuses by itself is an answer.
pub(crate) fn serve(
    cloud: &LocalCloud,
    verified: Verified<'_>,
    seen: &mut Seen,
) -> Result<Option<Response<Bytes>>, AwsError> {
    let request = plain(&verified).map_err(|error| error.to_aws(super::Protocol::RestXml))?;
    let exchange = Arc::new(Mutex::new(Exchange::default()));
    let owner = text(&verified.parts.headers, "x-amz-expected-bucket-owner").map(str::to_owned);
    let adapter = Adapter::new(cloud.clone(), verified.caller.to_owned(), owner, Arc::clone(&exchange));
    let mut builder = S3ServiceBuilder::new(adapter);
    builder.set_host(Hosts);
    let answered = ready(builder.build().call(request.map(s3s::Body::from)));
    let exchange = std::mem::take(&mut *exchange.lock().unwrap_or_else(PoisonError::into_inner));
    seen.operation = exchange.operation;
    seen.resource = exchange.resource;
    seen.needed = exchange.needed;
    if exchange.is_dropped {
        return Ok(None);
    }
    if let Some(refusal) = exchange.refusal {
        return Err(refusal);
    }
    let unanswered =
        || AwsError::new(500, "InternalError", "We encountered an internal error. Please try again.");
    let response = answered.and_then(Result::ok).ok_or_else(unanswered)?;
    let (parts, body) = response.into_parts();
    let body = ready(body.collect()).and_then(Result::ok).ok_or_else(unanswered)?.to_bytes();
    if !parts.status.is_success() {
        seen.error_code = code(&body);
    }
    Ok(Some(Response::from_parts(parts, body)))
}

/// `<Code>` of an error that `s3s` has written.
fn code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code.to_owned())
}

/// The request without what was for our checks: unsigned, its body in one piece, what trailed it as headers.
fn plain(verified: &Verified<'_>) -> Result<Request<Bytes>, WireError> {
    let Verified { parts, body, payload, host, .. } = verified;
    let stated = text(&parts.headers, "x-amz-decoded-content-length").and_then(|length| length.parse().ok());
    let decoded = body::decode(body, payload.clone(), stated)?;
    let mut headers = parts.headers.clone();
    for name in
        ["x-amz-content-sha256", "x-amz-decoded-content-length", "x-amz-trailer", "x-amz-security-token"]
    {
        headers.remove(name);
    }
    headers.remove(AUTHORIZATION);
    for (name, value) in decoded.trailers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            headers.insert(name, value);
        }
    }
    if let Some(coding) = text(&headers, "content-encoding") {
        let rest: Vec<&str> =
            coding.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked").collect();
        match HeaderValue::from_str(&rest.join(",")) {
            Ok(value) if !rest.is_empty() => headers.insert(CONTENT_ENCODING, value),
            Ok(_) | Err(_) => headers.remove(CONTENT_ENCODING),
        };
    }
    // A range that can't be read is ignored (RFC 9110, section 14.2).
    if text(&headers, "range").is_some_and(|range| s3s::dto::Range::parse(range).is_err()) {
        headers.remove(RANGE);
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from(decoded.body.len()));
    headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| WireError::Path)?);
    let mut request = Request::new(decoded.body);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = unsigned(&parts.uri)?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Path and query, without the parameters of a presigned URL.
fn unsigned(uri: &Uri) -> Result<Uri, WireError> {
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            let signs = name.to_ascii_lowercase().starts_with("x-amz-")
                || matches!(name, "AWSAccessKeyId" | "Signature" | "Expires");
            !pair.is_empty() && !signs
        })
        .collect();
    let path = uri.path();
    let whole = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    whole.parse().map_err(|_| WireError::Path)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Virtual hosts as [`virtual_bucket`] knows them; every other host is for paths.
struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let named = VirtualHost::new(host);
        Ok(match virtual_bucket(host) {
            Some(bucket) => named.with_bucket(bucket),
            None => named,
        })
    }
}
