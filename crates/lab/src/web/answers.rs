//! Why a request fails, and how each surface says so: `application/problem+json` (RFC 9457) to Slackwater and the
//! workers, Code Ocean's JSON to its clients, a page to a person.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::html;
use crate::aws_api::AwsApiError;
use crate::identity::NoRandomness;
use crate::session::{NotAPath, SessionError};
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("there is no {0} of this id")]
    Unknown(&'static str),
    #[error("no such address")]
    NoSuchAddress,
    #[error("this address has no such method")]
    Method,
    #[error("the token is missing or wrong")]
    Unauthorized,
    #[error("the request comes from another site's page")]
    Foreign,
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    Conflict(String),
    #[error("this web service stands by: another one works with the data folder")]
    StandingBy,
    #[error("AWS: {0}")]
    Aws(#[from] AwsApiError),
    #[error("{0}")]
    Inside(String),
}

impl Failure {
    pub(super) fn malformed(words: impl ToString) -> Failure {
        Failure::Malformed(words.to_string())
    }

    fn status(&self) -> StatusCode {
        match self {
            Failure::Unknown(_) | Failure::NoSuchAddress => StatusCode::NOT_FOUND,
            Failure::Method => StatusCode::METHOD_NOT_ALLOWED,
            Failure::Unauthorized => StatusCode::UNAUTHORIZED,
            Failure::Foreign => StatusCode::FORBIDDEN,
            Failure::Malformed(_) => StatusCode::BAD_REQUEST,
            Failure::Conflict(_) => StatusCode::CONFLICT,
            Failure::StandingBy => StatusCode::SERVICE_UNAVAILABLE,
            Failure::Aws(_) => StatusCode::BAD_GATEWAY,
            Failure::Inside(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> &'static str {
        self.status().canonical_reason().unwrap_or("Error")
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Inside(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Inside(error.to_string())
    }
}

impl From<NoRandomness> for Failure {
    fn from(error: NoRandomness) -> Failure {
        Failure::Inside(error.to_string())
    }
}

impl From<NotAPath> for Failure {
    fn from(error: NotAPath) -> Failure {
        Failure::Malformed(error.to_string())
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Failure {
        match error {
            SessionError::Stopped | SessionError::TooMuchUnsaved => Failure::Conflict(error.to_string()),
            SessionError::System(_) | SessionError::Store(_) => Failure::Inside(error.to_string()),
        }
    }
}

/// Said to a program, as RFC 9457 has it.
pub(super) struct Problem(Failure);

impl<E: Into<Failure>> From<E> for Problem {
    fn from(error: E) -> Problem {
        Problem(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.0.status();
        let body = json!({
            "type": "about:blank",
            "title": self.0.title(),
            "status": status.as_u16(),
            "detail": self.0.to_string(),
        });
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        let mut response = (status, kind, body.to_string()).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Said to Code Ocean's client, which reads `message`.
pub(super) struct ApiError(Failure);

impl<E: Into<Failure>> From<E> for ApiError {
    fn from(error: E) -> ApiError {
        ApiError(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.0.status(), axum::Json(json!({"message": self.0.to_string()}))).into_response()
    }
}

/// Said to a person.
pub(super) struct PageError(Failure);

impl<E: Into<Failure>> From<E> for PageError {
    fn from(error: E) -> PageError {
        PageError(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self.0 {
            Failure::Unauthorized => Redirect::to("/").into_response(),
            failure => {
                let page = html::bare_page(failure.title(), &failure.to_string());
                (failure.status(), Html(page)).into_response()
            }
        }
    }
}

pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::Malformed(format!("the body is not as agreed: {error}")))
}
