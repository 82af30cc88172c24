//! Errors of the wire itself, and how every error is written in each protocol.

use serde_json::json;

use super::body::BodyError;
use super::origin::OriginError;
use super::query::QueryError;
use super::signature::SignatureError;
use super::{Protocol, Service, cbor, xml};
use crate::AwsError;

/// Why a request didn't reach a service.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// From where it may not come.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// Not signed as it should be.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// A form that isn't a request.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A body that can't be taken apart.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// JSON that isn't a request.
    #[error("the body is not a JSON object")]
    Json,
    /// CBOR that isn't a request.
    #[error(transparent)]
    Cbor(#[from] cbor::CborError),
    /// Neither scope, version nor path say which service is meant.
    #[error("The request names no service that answers here")]
    NoService,
    /// A service, but no operation.
    #[error("The request is missing an action or operation")]
    NoOperation,
    /// A path or a header that isn't text.
    #[error("The request's path can't be read")]
    Path,
    /// What S3 can do and this can't.
    #[error("A header or query you provided implies functionality that is not implemented: {0}")]
    NotImplemented(String),
    /// Too large.
    #[error("The request body is larger than {0} bytes")]
    TooLarge(usize),
}

impl WireError {
    /// The error as AWS answers it; the codes differ between the protocols
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>,
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
    #[must_use]
    pub fn to_aws(&self, protocol: Protocol) -> AwsError {
        let pick = |query, json, storage| match protocol {
            Protocol::Query | Protocol::Ec2Query => query,
            Protocol::RestJson | Protocol::TargetJson | Protocol::Cbor => json,
            Protocol::RestXml => storage,
        };
        let (status, code) = match self {
            WireError::Origin(_) => (403, pick("AccessDenied", "AccessDeniedException", "AccessDenied")),
            WireError::Signature(error) => match error {
                SignatureError::Missing => (
                    403,
                    pick("MissingAuthenticationToken", "MissingAuthenticationTokenException", "AccessDenied"),
                ),
                SignatureError::Incomplete(_) => (
                    400,
                    pick(
                        "IncompleteSignature",
                        "IncompleteSignatureException",
                        "AuthorizationHeaderMalformed",
                    ),
                ),
                SignatureError::UnknownKey => {
                    (403, pick("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"))
                }
                SignatureError::ExpiredToken => return expired(protocol),
                SignatureError::Expired(..) => {
                    (403, pick("RequestExpired", "InvalidSignatureException", "RequestTimeTooSkewed"))
                }
                SignatureError::Body => (
                    400,
                    pick("SignatureDoesNotMatch", "InvalidSignatureException", "XAmzContentSHA256Mismatch"),
                ),
                SignatureError::NotSigned(_) => {
                    (403, pick("SignatureDoesNotMatch", "InvalidSignatureException", "AccessDenied"))
                }
                SignatureError::Scope(_) | SignatureError::Mismatch => {
                    (403, pick("SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch"))
                }
            },
            WireError::Body(BodyError::Signature) => (403, "SignatureDoesNotMatch"),
            WireError::Body(BodyError::Length) => (400, "IncompleteBody"),
            WireError::Body(BodyError::Malformed) => (400, "InvalidRequest"),
            WireError::Query(_) => (400, "MalformedQueryString"),
            WireError::Json | WireError::Cbor(_) => (400, "SerializationException"),
            WireError::NoService => (400, "InvalidAction"),
            WireError::NoOperation => (400, pick("MissingAction", "InvalidAction", "MethodNotAllowed")),
            WireError::Path => (400, pick("InvalidAction", "InvalidAction", "InvalidURI")),
            WireError::NotImplemented(_) => (501, "NotImplemented"),
            WireError::TooLarge(_) => {
                (413, pick("RequestEntityTooLarge", "RequestEntityTooLarge", "EntityTooLarge"))
            }
        };
        AwsError::new(status, code, self.to_string())
    }
}

/// Temporary credentials whose time is over: EC2 and S3 have words of their own
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
fn expired(protocol: Protocol) -> AwsError {
    let words = SignatureError::ExpiredToken.to_string();
    let (status, code, message) = match protocol {
        Protocol::Query => (403, "ExpiredToken", words.as_str()),
        Protocol::Ec2Query => (400, "RequestExpired", "Request has expired."),
        Protocol::RestXml => (400, "ExpiredToken", "The provided token has expired."),
        Protocol::RestJson | Protocol::TargetJson | Protocol::Cbor => {
            (400, "ExpiredTokenException", words.as_str())
        }
    };
    AwsError::new(status, code, message)
}

/// The body of an error's answer, with its content type.
#[must_use]
pub fn render(
    error: &AwsError,
    service: Option<Service>,
    protocol: Protocol,
    request_id: &str,
) -> (Vec<u8>, &'static str) {
    let (body, content_type) = match protocol {
        Protocol::Query => {
            let namespace = service.unwrap_or(Service::CloudFormation).descriptor().namespace;
            let fault = if error.status < 500 { "Sender" } else { "Receiver" };
            let mut out = format!("<ErrorResponse xmlns=\"{namespace}\"><Error>");
            xml::text_element(&mut out, "Type", fault);
            xml::text_element(&mut out, "Code", &error.code);
            xml::text_element(&mut out, "Message", &error.message);
            out.push_str("</Error>");
            xml::text_element(&mut out, "RequestId", request_id);
            out.push_str("</ErrorResponse>");
            (out, "text/xml")
        }
        // <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-error-response.html> (its own form)
        Protocol::Ec2Query => {
            let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>".to_owned();
            xml::text_element(&mut out, "Code", &error.code);
            xml::text_element(&mut out, "Message", &error.message);
            out.push_str("</Error></Errors>");
            xml::text_element(&mut out, "RequestID", request_id);
            out.push_str("</Response>");
            (out, "text/xml")
        }
        Protocol::RestJson => (json!({"message": error.message}).to_string(), "application/json"),
        Protocol::Cbor => {
            let body = json!({"__type": error.code, "message": error.message});
            return (cbor::encode(&body, |_| false), "application/cbor");
        }
        Protocol::TargetJson => {
            let descriptor = service.unwrap_or(Service::SecretsManager).descriptor();
            let mut body = json!({"__type": error.code});
            // Recorded of the parameter store: what has no words has no place for them.
            if !error.message.is_empty() {
                body[descriptor.error_words] = json!(error.message);
            }
            (body.to_string(), descriptor.json_type)
        }
        Protocol::RestXml => {
            let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>".to_owned();
            xml::text_element(&mut out, "Code", &error.code);
            xml::text_element(&mut out, "Message", &error.message);
            xml::text_element(&mut out, "RequestId", request_id);
            out.push_str("</Error>");
            (out, "application/xml")
        }
    };
    (body.into_bytes(), content_type)
}
