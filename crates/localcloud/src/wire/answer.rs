//! From what the world answered, or refused, to an HTTP response in the request's protocol.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::Value;

use super::route::{self, Call};
use super::{Protocol, Service, cbor, error, times, xml};
use crate::AwsError;

/// Stands for a connection that is closed. [`crate::LocalCloud::call`] says how it is known.
pub(crate) fn no_answer() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.extensions_mut().insert(std::io::ErrorKind::ConnectionReset);
    response
}

/// How an unknown service's clients are answered: as most services would.
pub(crate) fn protocol_of(service: Option<Service>, headers: &http::HeaderMap) -> Protocol {
    service.map_or(Protocol::Query, |service| route::protocol_of(service, headers))
}

/// Write what the world has answered.
pub(crate) fn render(call: &Call, output: &Value, request_id: &str) -> Response<Bytes> {
    let (descriptor, operation) = (call.service.descriptor(), &call.operation);
    let output = &times::written(output, call.service, call.protocol);
    match call.protocol {
        Protocol::Query => {
            let mut out = format!("<{operation}Response xmlns=\"{}\">", descriptor.namespace);
            xml::element(&mut out, &format!("{operation}Result"), output, descriptor.items);
            out.push_str("<ResponseMetadata>");
            xml::text_element(&mut out, "RequestId", request_id);
            out.push_str(&format!("</ResponseMetadata></{operation}Response>"));
            with(StatusCode::OK, "text/xml", out.into_bytes())
        }
        Protocol::Ec2Query => {
            let mut out = format!("<{operation}Response xmlns=\"{}\">", descriptor.namespace);
            xml::text_element(&mut out, "requestId", request_id);
            xml::content(&mut out, "", output, descriptor.items);
            out.push_str(&format!("</{operation}Response>"));
            with(StatusCode::OK, "text/xml", out.into_bytes())
        }
        Protocol::RestJson => with(StatusCode::OK, "application/json", output.to_string().into_bytes()),
        Protocol::Cbor => with(StatusCode::OK, "application/cbor", cbor::encode(output, times::is_time)),
        Protocol::TargetJson => with(StatusCode::OK, descriptor.json_type, output.to_string().into_bytes()),
        // S3's answers are written by the crate that reads its requests.
        Protocol::RestXml => with(StatusCode::OK, "application/xml", Vec::new()),
    }
}

/// Write a refusal.
pub(crate) fn refused(
    refusal: &AwsError,
    service: Option<Service>,
    protocol: Protocol,
    request_id: &str,
) -> Response<Bytes> {
    let (body, content_type) = error::render(refusal, service, protocol, request_id);
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = with(status, content_type, body);
    match protocol {
        Protocol::RestJson => set(&mut response, "x-amzn-errortype", &refusal.code),
        // Services that speak Query as well say in a header what the code is there (the trait
        // `awsQueryCompatible`).
        Protocol::TargetJson | Protocol::Cbor
            if service.is_some_and(|service| service.descriptor().protocol == Protocol::Query) =>
        {
            let fault = if refusal.status < 500 { "Sender" } else { "Receiver" };
            set(&mut response, "x-amzn-query-error", &format!("{};{fault}", refusal.code));
        }
        Protocol::Query | Protocol::Ec2Query | Protocol::RestXml | Protocol::TargetJson | Protocol::Cbor => {}
    }
    response
}

fn with(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A header whose name or value HTTP can't carry is left out.
pub(crate) fn set(response: &mut Response<Bytes>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}
