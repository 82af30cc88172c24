//! What went wrong, for a person as a page and for a program as `application/problem+json` (RFC 9457).

use axum::response::{IntoResponse, Response};
use conductor::JournalError;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use maud::html;
use schemars::JsonSchema;
use serde::Serialize;

use super::page::Frame;
use crate::access::{AccessError, PasswordError, Role, TooMany};
use crate::backend::BackendError;
use crate::live::LiveError;
use crate::proposals::ProposalError;

/// Why a request wasn't answered as it wished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("Sign in first.")]
    NotSignedIn,
    #[error("This needs the role {}; yours is {}.", needs.word(), role.word())]
    Forbidden { role: Role, needs: Role },
    #[error("There is nothing here by that name.")]
    NotFound,
    #[error(
        "Nothing was done. This address is for reading: doing something needs script in the browser, or the REST API."
    )]
    NotSo,
    #[error(
        "Nothing was done. The page this came from is out of date, or isn't ours, or its browser runs no script. Load it again."
    )]
    Forged,
    #[error("A token lets nobody in and changes no password, role or token: sign in.")]
    NotByToken,
    #[error("The panel is not reached by that name.")]
    UnknownHost,
    #[error(
        "Secrets don't go into addresses: they end up in logs. Send a token in the Authorization header. Consider this one known, and revoke it."
    )]
    SecretInAddress,
    #[error("That is more than the panel reads at once.")]
    TooLarge,
    #[error("The request took too long to arrive.")]
    TooSlow,
    #[error("The panel reads forms and JSON.")]
    ContentType,
    #[error("{0}")]
    BadInput(String),
    #[error("{}", errors.iter().map(|one| one.detail.as_str()).collect::<Vec<_>>().join(" "))]
    Fields { errors: Vec<FieldError> },
    #[error("{0}")]
    Conflict(String),
    #[error("Too many attempts. Try again in {} seconds.", .0.seconds)]
    TooMany(TooMany),
    #[error(
        "This is still being done: the first request with this Idempotency-Key is not answered yet. Ask again with the \
         same key, and you are told what came of it."
    )]
    StillUnderWay,
    #[error("{0}")]
    Elsewhere(String),
    #[error("{0}")]
    Ours(String),
}

/// A failure as a program is told it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// What is wrong with one field of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct FieldError {
    /// The field, as it was sent: `parameters.Size`.
    pub(crate) field: String,
    /// What is wrong. Never says the value.
    pub(crate) detail: String,
}

impl Failure {
    /// One field won't do.
    pub(crate) fn field(field: &str, detail: impl Into<String>) -> Failure {
        Failure::Fields { errors: vec![FieldError { field: field.to_owned(), detail: detail.into() }] }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.kind().0
    }

    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Failure::NotSignedIn => (StatusCode::UNAUTHORIZED, "Not signed in"),
            Failure::Forbidden { .. } => (StatusCode::FORBIDDEN, "Not yours to do"),
            Failure::NotByToken => (StatusCode::FORBIDDEN, "Not with a token"),
            Failure::NotFound => (StatusCode::NOT_FOUND, "Not found"),
            Failure::NotSo => (StatusCode::METHOD_NOT_ALLOWED, "Not done"),
            Failure::Forged => (StatusCode::FORBIDDEN, "Not accepted"),
            Failure::UnknownHost => (StatusCode::MISDIRECTED_REQUEST, "Unknown name"),
            Failure::SecretInAddress => (StatusCode::BAD_REQUEST, "A secret in an address"),
            Failure::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too much"),
            Failure::TooSlow => (StatusCode::REQUEST_TIMEOUT, "Too slow"),
            Failure::ContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Neither form nor JSON"),
            Failure::BadInput(_) | Failure::Fields { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "That won't do")
            }
            Failure::Conflict(_) => (StatusCode::CONFLICT, "Not as things are"),
            Failure::StillUnderWay => (StatusCode::CONFLICT, "Still under way"),
            Failure::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many attempts"),
            Failure::Elsewhere(_) => (StatusCode::BAD_GATEWAY, "No answer from the deployment"),
            Failure::Ours(_) => (StatusCode::INTERNAL_SERVER_ERROR, "The panel has failed"),
        }
    }

    fn problem(&self) -> Problem {
        let errors = if let Failure::Fields { errors } = self { errors.clone() } else { Vec::new() };
        Problem {
            r#type: "about:blank",
            title: self.kind().1,
            status: self.status().as_u16(),
            detail: self.to_string(),
            errors,
        }
    }

    /// As a problem's JSON.
    pub(crate) fn problem_json(&self) -> String {
        serde_json::json!(self.problem()).to_string()
    }

    fn page(&self) -> Frame<'_> {
        let body = html! {
            section.failure {
                p.code { (self.status().as_u16()) }
                h1 { (self.kind().1) }
                p.lead { (self) }
                p { a href="/" { "Back to the overview" } }
            }
        };
        Frame::for_a_stranger(self.kind().1, "", body)
    }

    /// As a page or as a problem.
    pub(crate) fn answer(&self, is_api: bool) -> Response {
        let status = self.status();
        let mut response = if is_api {
            (status, [(CONTENT_TYPE, "application/problem+json")], self.problem_json()).into_response()
        } else {
            (status, self.page()).into_response()
        };
        let again_after = match self {
            Failure::TooMany(TooMany { seconds }) => Some(*seconds),
            Failure::StillUnderWay => Some(1),
            _ => None,
        };
        if let Some(seconds) = again_after {
            response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from(seconds));
        }
        if is_api && status == StatusCode::UNAUTHORIZED {
            let scheme = http::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(http::header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// As pages give it; the API's operations ask for a problem.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.answer(false)
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Failure {
        match &error {
            AccessError::Store(_)
            | AccessError::File(_)
            | AccessError::OtherFormat { .. }
            | AccessError::Random(_) => Failure::Ours(error.to_string()),
            AccessError::Nobody(_) | AccessError::NoToken => Failure::NotFound,
            AccessError::NameTaken(_) | AccessError::LastAdmin | AccessError::NoSetup => {
                Failure::Conflict(error.to_string())
            }
            AccessError::BadName => Failure::BadInput(error.to_string()),
        }
    }
}

impl From<ProposalError> for Failure {
    fn from(error: ProposalError) -> Failure {
        match &error {
            ProposalError::None => Failure::NotFound,
            ProposalError::OneIsOpen { .. }
            | ProposalError::Ended
            | ProposalError::Unseen
            | ProposalError::IsRehearsed => Failure::Conflict(error.to_string()),
            ProposalError::Store(_)
            | ProposalError::File(_)
            | ProposalError::Unreadable(_)
            | ProposalError::OtherFormat { .. }
            | ProposalError::Random(_) => Failure::Ours(error.to_string()),
        }
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Failure {
        match error {
            PasswordError::TooShort | PasswordError::TooLong | PasswordError::IsTheName => {
                Failure::BadInput(error.to_string())
            }
            PasswordError::Unhashed => Failure::Ours(error.to_string()),
        }
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Failure {
        match error {
            BackendError::NoDeployment(_) => Failure::NotFound,
            BackendError::Refused(words) => Failure::Conflict(words),
            BackendError::Unreachable(words) => Failure::Elsewhere(words),
        }
    }
}

impl From<LiveError> for Failure {
    fn from(error: LiveError) -> Failure {
        match error {
            LiveError::Journal(JournalError::NoSuchRun { .. }) => Failure::NotFound,
            LiveError::Journal(
                error @ (JournalError::Ended { .. }
                | JournalError::Damaged { .. }
                | JournalError::NotBegun { .. }
                | JournalError::BegunBefore { .. }),
            ) => Failure::Conflict(error.to_string()),
            LiveError::Journal(
                JournalError::Store { .. }
                | JournalError::RunUnderWay { .. }
                | JournalError::ClaimHeld { .. }
                | JournalError::Overtaken { .. }
                | JournalError::OtherFormat { .. },
            )
            | LiveError::Interrupted => Failure::Ours(error.to_string()),
        }
    }
}
