//! What a failed request means for a run: look again, or give up.

use std::fmt::Write as _;
use std::time::Duration;

use http::StatusCode;
use upgrade::{PortError, PortErrorKind};

/// More of a platform's words than this helps nobody.
const LONGEST_MESSAGE_CHARACTERS: usize = 400;

/// Why there is no usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Unreachable(String),
    #[error("the platform's certificate is not trusted: {0}")]
    Untrusted(String),
    #[error("no answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("{}", with_words(*status, words.as_deref()))]
    Status {
        status: StatusCode,
        /// What the platform says, if it says it in a form of ours.
        words: Option<String>,
        /// Whether the answer is `application/problem+json`.
        is_problem: bool,
    },
    /// Never followed: the token is meant for one place.
    #[error("{status}: redirected to {place}, which is not followed; is this the platform's URL?")]
    Redirected { status: StatusCode, place: String },
    #[error("the answer is not JSON ({0})")]
    NotJson(serde_json::Error),
    #[error("the answer is not as the API describes it ({0})")]
    WrongShape(serde_json::Error),
    #[error("{0} pages and still more")]
    TooManyPages(usize),
    #[error("the next page is the same page again")]
    SamePageAgain,
    #[error("an id that can't be part of a URL: {0:?}")]
    BadId(String),
    #[error("{0}")]
    Unable(&'static str),
}

impl Failure {
    /// Sort a JSON error: an answer that is no JSON may be a proxy's page or a platform that is just starting; one of
    /// another shape is another API, and stays so.
    pub(crate) fn from_json(error: serde_json::Error) -> Failure {
        match error.classify() {
            serde_json::error::Category::Data => Failure::WrongShape(error),
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof => Failure::NotJson(error),
        }
    }

    fn kind(&self) -> PortErrorKind {
        match self {
            Failure::Unreachable(_) | Failure::TimedOut(_) | Failure::NotJson(_) => PortErrorKind::Transient,
            Failure::Status { status, .. } => status_kind(*status),
            Failure::Untrusted(_)
            | Failure::TooLarge(_)
            | Failure::Redirected { .. }
            | Failure::WrongShape(_)
            | Failure::TooManyPages(_)
            | Failure::SamePageAgain
            | Failure::BadId(_)
            | Failure::Unable(_) => PortErrorKind::Refused,
        }
    }

    /// As a port's error. `hide` takes what must not be shown out of a text; it comes before shortening, which could
    /// leave half of it.
    pub(crate) fn into_port_error(self, operation: &str, hide: impl Fn(String) -> String) -> PortError {
        let kind = self.kind();
        let message = shortened(&hide(self.to_string()));
        PortError { kind, operation: operation.to_owned(), message }
    }
}

/// 501 is the one 5xx that asks for no patience: what a server doesn't implement, it won't a minute later
/// (RFC 9110, section 15.6.2).
pub(crate) fn is_worth_repeating(status: StatusCode) -> bool {
    status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::TOO_MANY_REQUESTS
        || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

fn status_kind(status: StatusCode) -> PortErrorKind {
    if is_worth_repeating(status) { PortErrorKind::Transient } else { PortErrorKind::Refused }
}

fn with_words(status: StatusCode, words: Option<&str>) -> String {
    let mut text = status.to_string();
    if let Some(words) = words {
        let _ = write!(text, ": {words}");
    }
    text
}

/// One line without control characters (a terminal would obey them), and not too long.
fn shortened(text: &str) -> String {
    let clean = |character: char| if character.is_control() { ' ' } else { character };
    let mut short: String = text.chars().map(clean).take(LONGEST_MESSAGE_CHARACTERS).collect();
    if text.chars().nth(LONGEST_MESSAGE_CHARACTERS).is_some() {
        short.push('…');
    }
    short
}

/// An error with its causes, which many a `Display` leaves out.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
