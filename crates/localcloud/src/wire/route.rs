//! From an HTTP request to a service, an operation and its input.

use http::HeaderMap;
use http::{Method, Uri};
use serde_json::Value;

use super::error::WireError;
use super::signature;
use super::{Protocol, Service, cbor, query, rest_json, target_json};

/// A request a service understands.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Whose it is.
    pub service: Service,
    /// Such as `DescribeStacks`.
    pub operation: String,
    /// Its parameters.
    pub input: Value,
    /// How it was asked, and so how it is answered.
    pub protocol: Protocol,
}

/// The service a request means: the one its signature is for, else the one whose operations' paths begin as its own, else
/// the one of the API version it names. Nothing of it is verified yet.
#[must_use]
pub fn service_of(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<Service> {
    let query = uri.query().unwrap_or_default();
    if let Some(credential) = signature::claimed(headers, query) {
        return Service::signed_for(&credential.service);
    }
    // Unsigned: looked at only to refuse it in the right protocol.
    let by_path =
        Service::ALL.iter().find(|service| rest_json::begins_as(service.descriptor().operations, uri.path()));
    if let Some(service) = by_path {
        return Some(*service);
    }
    [body, query.as_bytes()].into_iter().find_map(|form| {
        form_urlencoded::parse(form)
            .take(64)
            .find(|(name, _)| name == "Version")
            .and_then(|(_, version)| Service::with_version(&version))
    })
}

/// How a request is written: as the service speaks, unless a header says otherwise.
#[must_use]
pub fn protocol_of(service: Service, headers: &HeaderMap) -> Protocol {
    let descriptor = service.descriptor();
    let mut others = descriptor.other_protocols.iter();
    others
        .find(|(header, _)| headers.contains_key(*header))
        .map_or(descriptor.protocol, |(_, protocol)| *protocol)
}

/// Decode a verified request.
///
/// # Errors
/// When it isn't a request of the service's protocol.
pub fn decode(
    service: Service,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Call, WireError> {
    let query = uri.query().unwrap_or_default();
    let protocol = protocol_of(service, headers);
    let (operation, input) = match protocol {
        Protocol::Query | Protocol::Ec2Query => {
            let form = if body.is_empty() { query.as_bytes() } else { body };
            let mut input = query::decode(form, service.descriptor().lists)?;
            let operation = input.get("Action").and_then(Value::as_str).map(str::to_owned);
            if let Some(fields) = input.as_object_mut() {
                fields.shift_remove("Action");
                fields.shift_remove("Version");
            }
            (operation.filter(|name| !name.is_empty()).ok_or(WireError::NoOperation)?, input)
        }
        Protocol::RestJson => {
            rest_json::decode(service.descriptor().operations, method, uri.path(), query, body)?
        }
        Protocol::TargetJson => target_json::decode(headers, body)?,
        Protocol::Cbor => cbor::decode_request(uri.path(), body)?,
        // S3's requests are read, and its operations called, in `super::object_storage`.
        Protocol::RestXml => return Err(WireError::NoOperation),
    };
    Ok(Call { service, operation, input, protocol })
}
