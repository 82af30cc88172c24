//! Idempotency keys: the same write sent twice is done once, and answered twice with the same answer.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::access::{Earlier, fingerprint};
use crate::panel::Panel;
use crate::web::{Asker, Failure, MOST_UPLOAD_BYTES};

/// Answers of ours are small.
const MOST_BYTES: usize = 1024 * 1024;

/// An answer with a secret in it: it is given once, and kept nowhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShownOnce;

/// Do a write once. The key is the caller's, and needed. A fingerprint of the request is kept for a day; `salt` goes
/// into that of one with a secret in it, for a plain hash of a password could be guessed back. It is this process's
/// own, so such a key is worth nothing to the next one.
pub(crate) async fn once_only(
    State((panel, salt)): State<(Panel, Option<Arc<str>>)>,
    request: Request,
    next: Next,
) -> Response {
    match answered(&panel, salt.as_deref(), request, next).await {
        Ok(response) => response,
        Err(failure) => failure.answer(true),
    }
}

async fn answered(
    panel: &Panel,
    salt: Option<&str>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let asker = request.extensions().get::<Asker>().cloned().ok_or(Failure::NotSignedIn)?;
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    let key = key.filter(|key| (1..=128).contains(&key.len())).map(str::to_owned).ok_or_else(|| {
        Failure::BadInput(
            "A write needs an Idempotency-Key of 1 to 128 characters, its own for each act.".to_owned(),
        )
    })?;
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MOST_UPLOAD_BYTES).await.map_err(|_| Failure::TooLarge)?;
    let (salt, sent) = (salt.unwrap_or_default(), String::from_utf8_lossy(&bytes));
    let asked = format!("{salt}{} {}\n{sent}", parts.method, parts.uri);
    let print = fingerprint(&asked);
    match panel.access.begin_answer(&asker.person.name, &key, &print, panel.now())? {
        Earlier::None => {}
        Earlier::Other => {
            return Err(Failure::Conflict("This Idempotency-Key was used for another request.".to_owned()));
        }
        Earlier::UnderWay => {
            return Err(Failure::Conflict(
                "The first request with this Idempotency-Key is not answered yet.".to_owned(),
            ));
        }
        Earlier::Answered { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
            return Ok((status, [(CONTENT_TYPE, kind), REPLAYED], body).into_response());
        }
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, MOST_BYTES).await.map_err(|error| Failure::Ours(error.to_string()))?;
    if parts.extensions.get::<ShownOnce>().is_some() {
        let told = Failure::Conflict("This was done already, and what it showed is shown once.".to_owned());
        panel.access.end_answer(&asker.person.name, &key, told.status().as_u16(), &told.problem())?;
        return Ok(Response::from_parts(parts, Body::from(bytes)));
    }
    let text = String::from_utf8_lossy(&bytes);
    panel.access.end_answer(&asker.person.name, &key, parts.status.as_u16(), &text)?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

const REPLAYED: (http::HeaderName, &str) = (http::HeaderName::from_static("idempotency-replayed"), "true");
