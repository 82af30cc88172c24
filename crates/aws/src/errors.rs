//! What a failed call means for a run: look again, or give up. And what a person can do about it.

use std::error::Error;

use upgrade::{PortError, PortErrorKind};

/// What a group answers while it is being scaled, for minutes at times: worth another look, not the same call at once.
const BUSY_CODE: &str = "ScalingActivityInProgress";

/// Codes of what may be over a moment later, beside those of [`THROTTLING_CODES`] (AWS API references, "Common errors").
const PASSING_CODES: [&str; 5] =
    ["RequestTimeout", "PriorRequestNotComplete", "ServiceUnavailable", "InternalFailure", "InternalError"];

/// Codes of other services that the AWS SDKs repeat a call for as well (their `THROTTLING_ERRORS` and `TRANSIENT_ERRORS`), but
/// for `LimitExceededException`: a quota that is used up stays so for the seconds.
const REPEATED_CODES: [&str; 6] = [
    "RequestTimeoutException",
    "RequestThrottledException",
    "EC2ThrottledException",
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
];

/// Codes that say that it was one call too many, so that nothing was done (the services' throttling pages).
const THROTTLING_CODES: [&str; 7] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
];

/// Codes that say that temporary credentials are over (the common errors, EC2's and S3's own).
const EXPIRED_CODES: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/// What services say, under several codes, of a signature whose time is not theirs (IAM user guide, "Signature Version 4
/// troubleshooting"; S3's own code).
const CLOCK_WORDS: [&str; 3] = ["Signature expired", "Signature not yet current", "RequestTimeTooSkewed"];

/// Codes that say that the keys aren't known here: somebody has deleted them, or rotated them, or they never belonged here.
const UNKNOWN_CODES: [&str; 5] = [
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidToken",
];

/// Codes that say that what was signed isn't what arrived, or that the secret isn't the key's.
const SIGNATURE_CODES: [&str; 2] = ["SignatureDoesNotMatch", "InvalidSignatureException"];

/// Codes that say "you may not".
const DENIED_CODES: [&str; 5] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "NotAuthorized",
    "Client.UnauthorizedOperation",
];

/// Whether a service's code says "you may not".
pub(crate) fn is_denied(code: &str) -> bool {
    DENIED_CODES.contains(&code)
}

/// How messages begin that are ours and not a service's.
const UNREACHABLE: &str = "no answer";
const NO_CREDENTIALS: &str = "no credentials";

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    Service {
        status: u16,
        /// Its code; empty when the answer has none.
        code: String,
        message: String,
    },
    /// It never got an answer.
    Unreachable(String),
    /// It was kept from leaving: somebody else may act by now ([`crate::limited`]).
    Withheld(String),
    /// It could not be signed: there are no credentials.
    Credentials(String),
    /// The answer isn't one.
    Unreadable(String),
    /// The request could not be made.
    Unsent(String),
}

impl Failure {
    /// The code of a service's refusal.
    pub(crate) fn code(&self) -> &str {
        match self {
            Failure::Service { code, .. } => code,
            Failure::Unreachable(_)
            | Failure::Withheld(_)
            | Failure::Credentials(_)
            | Failure::Unreadable(_)
            | Failure::Unsent(_) => "",
        }
    }
}

/// A call that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallError {
    /// Such as `ec2:DescribeInstances`, as IAM calls it.
    pub operation: String,
    pub failure: Failure,
}

impl CallError {
    /// The code of a service's refusal; empty when it isn't one.
    pub(crate) fn code(&self) -> &str {
        self.failure.code()
    }

    /// `, which takes the right cloudformation:GetHookResult` where the caller was denied it; else nothing.
    pub(crate) fn right_in_words(&self) -> String {
        match is_denied(self.code()) {
            true => format!(", which takes the right {}", self.operation),
            false => String::new(),
        }
    }

    /// The words of a service's refusal; empty when it isn't one.
    pub(crate) fn message(&self) -> &str {
        match &self.failure {
            Failure::Service { message, .. } => message,
            Failure::Unreachable(_)
            | Failure::Withheld(_)
            | Failure::Credentials(_)
            | Failure::Unreadable(_)
            | Failure::Unsent(_) => "",
        }
    }
}

impl From<CallError> for PortError {
    fn from(error: CallError) -> PortError {
        failed(&error.operation, &error.failure)
    }
}

/// What a refusal may say beside "you may not": that what was asked about isn't there.
pub(crate) trait OrAbsent<T> {
    /// `None` where the refusal is of that kind.
    fn or_absent(self, is_absent: impl FnOnce(&CallError) -> bool) -> Result<Option<T>, PortError>;
}

impl<T> OrAbsent<T> for Result<T, CallError> {
    fn or_absent(self, is_absent: impl FnOnce(&CallError) -> bool) -> Result<Option<T>, PortError> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// A failure, sorted.
pub(crate) fn failed(operation: &str, failure: &Failure) -> PortError {
    let (kind, message) = match failure {
        Failure::Service { status, code, message } => service_error(*status, code, message),
        Failure::Unreachable(words) | Failure::Withheld(words) => {
            (PortErrorKind::Transient, format!("{UNREACHABLE}: {words}"))
        }
        Failure::Credentials(words) => (PortErrorKind::Expired, format!("{NO_CREDENTIALS}: {words}")),
        Failure::Unreadable(words) => (PortErrorKind::Transient, words.clone()),
        Failure::Unsent(words) => (PortErrorKind::Refused, words.clone()),
    };
    PortError { kind, operation: operation.to_owned(), message }
}

/// Whether a refusal says that it was one call too many.
pub(crate) fn is_one_too_many(code: &str, status: u16) -> bool {
    status == 429 || THROTTLING_CODES.contains(&code)
}

/// Whether a code says that other credentials are needed.
pub(crate) fn are_keys_over(code: &str) -> bool {
    EXPIRED_CODES.contains(&code) || UNKNOWN_CODES.contains(&code)
}

/// Whether a refusal asks for patience: a failing server, an answer that isn't one, or too many calls.
pub(crate) fn is_transient(code: &str, status: u16) -> bool {
    !(400..500).contains(&status) || code == BUSY_CODE || is_passing(code)
}

fn is_passing(code: &str) -> bool {
    THROTTLING_CODES.contains(&code) || PASSING_CODES.contains(&code)
}

/// Whether the same request may be answered otherwise a moment later. A redirection (3xx) and what a server doesn't know (501)
/// stay as they are.
pub(crate) fn may_be_repeated(code: &str, status: u16) -> bool {
    !(300..500).contains(&status) && status != 501 || is_passing(code) || REPEATED_CODES.contains(&code)
}

/// Whether a service refused because the time of a signature isn't its own.
pub(crate) fn is_about_clocks(code: &str, message: &str) -> bool {
    CLOCK_WORDS.iter().any(|words| code.contains(words) || message.contains(words))
}

/// Whether a code says "you may not".
pub(crate) fn is_denial(code: &str) -> bool {
    DENIED_CODES.contains(&code)
}

fn service_error(status: u16, code: &str, message: &str) -> (PortErrorKind, String) {
    let kind = match code {
        code if are_keys_over(code) => PortErrorKind::Expired,
        code if is_transient(code, status) => PortErrorKind::Transient,
        _ => PortErrorKind::Refused,
    };
    let code = if code.is_empty() { "unknown error" } else { code };
    let message = if message.is_empty() { "no message" } else { message };
    (kind, format!("{code}: {message}"))
}

/// The same error, worth another look: the answer depends on what is there by then.
pub(crate) fn look_again(error: PortError) -> PortError {
    PortError { kind: PortErrorKind::Transient, ..error }
}

/// The error with its causes, which the SDK's errors leave out of their `Display`.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Whose requests they are: what an error must name for a person to do something about it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Such as `profile prod, Region us-east-1`.
    pub label: String,
    /// The profile, when there is one.
    pub profile: Option<String>,
}

impl Origin {
    /// The error with what to do about it.
    pub(crate) fn explain(&self, error: PortError) -> PortError {
        let code = error.message.split(':').next().unwrap_or_default();
        if is_about_clocks(code, &error.message) {
            // A machine that was asleep sets its clock right by itself, so looking again helps.
            let message = format!(
                "{}; this machine's clock and the cloud's differ by minutes ({}): set it right",
                error.message, self.label
            );
            return PortError { kind: PortErrorKind::Transient, message, ..error };
        }
        if EXPIRED_CODES.contains(&code) {
            let advice = match &self.profile {
                Some(profile) => format!(
                    "the credentials have expired ({}): renew them (with IAM Identity Center: aws sso login --profile {profile})",
                    self.label
                ),
                None => format!("the credentials have expired ({}): renew them", self.label),
            };
            return PortError { message: format!("{}; {advice}", error.message), ..error };
        }
        let advice = if is_denial(code) {
            format!("the caller ({}) needs the permission {}", self.label, error.operation)
        } else if UNKNOWN_CODES.contains(&code) || SIGNATURE_CODES.contains(&code) {
            format!("the keys don't belong here ({}): check profile, Region and endpoint", self.label)
        } else if code == UNREACHABLE || code == NO_CREDENTIALS {
            self.label.clone()
        } else {
            return error;
        };
        PortError { message: format!("{}; {advice}", error.message), ..error }
    }
}

#[cfg(test)]
mod tests {
    use upgrade::{PortError, PortErrorKind};

    use super::{Failure, Origin, failed};

    #[test]
    fn an_error_says_what_to_do() {
        let origin = |profile: Option<&str>| Origin {
            label: "profile prod, Region us-east-1".to_owned(),
            profile: profile.map(str::to_owned),
        };
        let service =
            |code: &str| Failure::Service { status: 400, code: code.to_owned(), message: "words".to_owned() };
        for (failure, origin, kind, words) in [
            (
                service("ExpiredToken"),
                origin(Some("prod")),
                PortErrorKind::Expired,
                "aws sso login --profile prod",
            ),
            (service("RequestExpired"), origin(None), PortErrorKind::Expired, "have expired"),
            (
                Failure::Service {
                    status: 403,
                    code: "SignatureDoesNotMatch".to_owned(),
                    message: "Signature expired: 20260101T000000Z is now earlier than 20260101T005500Z"
                        .to_owned(),
                },
                origin(None),
                PortErrorKind::Transient,
                "this machine's clock",
            ),
            (
                service("InvalidClientTokenId"),
                origin(None),
                PortErrorKind::Expired,
                "the keys don't belong here",
            ),
            (
                service("UnauthorizedOperation"),
                origin(None),
                PortErrorKind::Refused,
                "needs the permission ec2:X",
            ),
            (service("Throttling"), origin(None), PortErrorKind::Transient, "Throttling: words"),
            (
                Failure::Unreachable("refused".to_owned()),
                origin(None),
                PortErrorKind::Transient,
                "profile prod",
            ),
            (Failure::Credentials("none".to_owned()), origin(None), PortErrorKind::Expired, "profile prod"),
        ] {
            let error: PortError = origin.explain(failed("ec2:X", &failure));
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.contains(words), "{error}");
        }
    }
}
