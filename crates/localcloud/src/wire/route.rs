//! From an HTTP request to a service, an operation and its input.

use http::HeaderMap;
use http::{Method, Uri};
use serde_json::Value;

use super::error::WireError;
use super::signature;
use super::{Protocol, Service, backup, cbor, control, query, rest_json, target_json};

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

/// The service a request means: the one its signature is for, else the API version it names, else S3's or
/// Batch's by the path. Nothing of it is verified yet.
#[must_use]
pub fn service_of(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<Service> {
    let query = uri.query().unwrap_or_default();
    if let Some(credential) = signature::claimed(headers, query) {
        return Service::of_signing_name(&credential.service);
    }
    if uri.path().starts_with("/v1/") {
        return Some(Service::Batch);
    }
    // Unsigned: looked at only to refuse it in the right protocol.
    [body, query.as_bytes()].into_iter().find_map(|form| {
        form_urlencoded::parse(form)
            .take(64)
            .find(|(name, _)| name == "Version")
            .and_then(|(_, version)| Service::of_version(&version))
    })
}

/// The name that the service's requests must be signed for.
#[must_use]
pub fn signing_name(service: Service) -> &'static str {
    match service {
        Service::CloudFormation => "cloudformation",
        Service::AutoScaling => "autoscaling",
        Service::Batch => "batch",
        Service::LoadBalancing => "elasticloadbalancing",
        Service::SecurityToken => "sts",
        Service::ObjectStorage => "s3",
        Service::Ec2 => "ec2",
        Service::Ecs => "ecs",
        Service::Rds => "rds",
        Service::CloudWatch => "monitoring",
        Service::Iam => "iam",
        Service::SecretsManager => "secretsmanager",
        Service::ParameterStore => "ssm",
        Service::Notification => "sns",
        Service::Backup => "backup",
        Service::Control => "slackwater",
    }
}

/// How a request is written. CloudWatch lets its clients choose between three protocols; every other service
/// has one.
#[must_use]
pub fn protocol_of(service: Service, headers: &HeaderMap) -> Protocol {
    match service {
        Service::CloudWatch if headers.contains_key(cbor::PROTOCOL_HEADER) => Protocol::Cbor,
        Service::CloudWatch if headers.contains_key("x-amz-target") => Protocol::TargetJson,
        _ => service.protocol(),
    }
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
            let mut input = query::decode(form, service.lists())?;
            let operation = input.get("Action").and_then(Value::as_str).map(str::to_owned);
            if let Some(fields) = input.as_object_mut() {
                fields.shift_remove("Action");
                fields.shift_remove("Version");
            }
            (operation.filter(|name| !name.is_empty()).ok_or(WireError::NoOperation)?, input)
        }
        Protocol::RestJson => match service {
            Service::Backup => backup::decode(method, uri.path(), query, body)?,
            Service::Control => control::decode(method, uri.path(), body)?,
            _ => rest_json::decode(method, uri.path(), query, body)?,
        },
        Protocol::TargetJson => target_json::decode(headers, body)?,
        Protocol::Cbor => cbor::decode_request(uri.path(), body)?,
        // S3's requests are read, and its operations called, in `super::object_storage`.
        Protocol::RestXml => return Err(WireError::NoOperation),
    };
    Ok(Call { service, operation, input, protocol })
}

/// Whether an operation may change the world, and so has to be in the request log. A name that isn't known
/// counts as one that may.
#[must_use]
pub fn mutates(operation: &str) -> bool {
    !["Describe", "List", "Get", "Head", "Validate", "Estimate", "Simulate", "BatchGet"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}
