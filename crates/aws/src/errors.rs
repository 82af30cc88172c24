//! What an SDK error means for a run: look again, or give up.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use upgrade::{PortError, PortErrorKind};

/// Codes that ask for patience (AWS API references, "Common errors" and throttling pages).
const TRANSIENT_CODES: [&str; 9] = [
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "PriorRequestNotComplete",
    "ServiceUnavailable",
    "InternalFailure",
    "ScalingActivityInProgress",
];

/// The error of a call, sorted.
pub(crate) fn port_error<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (kind, message) = match error {
        SdkError::ServiceError(context) => {
            let code = context.err().code().unwrap_or("unknown error");
            let words = context.err().message().unwrap_or("no message");
            // Not the sender's fault: a failing server, or an answer that isn't one.
            let blameless = !(400..500).contains(&context.raw().status().as_u16());
            let patience = blameless || TRANSIENT_CODES.contains(&code);
            let kind = if patience { PortErrorKind::Transient } else { PortErrorKind::Refused };
            (kind, format!("{code}: {words}"))
        }
        SdkError::ConstructionFailure(_) => (PortErrorKind::Refused, told(error)),
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            (PortErrorKind::Transient, told(error))
        }
        // The enum is open: what a later SDK adds is looked at again rather than given up.
        _ => (PortErrorKind::Transient, told(error)),
    };
    PortError { kind, operation: operation.to_owned(), message }
}

/// The code of a service's refusal.
pub(crate) fn code<E>(error: &SdkError<E, HttpResponse>) -> Option<&str>
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ServiceError(context) => context.err().code(),
        _ => None,
    }
}

/// The same error, worth another look: the answer depends on what is there by then.
pub(crate) fn look_again(error: PortError) -> PortError {
    PortError { kind: PortErrorKind::Transient, ..error }
}

/// The error with its causes, which the SDK's own `Display` leaves out.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
