//! Idempotency keys: the same write sent twice is done once, and answered twice with the same answer. What was begun goes on
//! when whoever asked hangs up, and its answer waits for them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::operation::{Answer, Given};
use crate::access::{Earlier, fingerprint};
use crate::panel::Panel;
use crate::web::{Asker, Failure, MOST_UPLOAD_BYTES};

/// Answers of ours are small.
const MOST_BYTES: usize = 1024 * 1024;

/// Whoever asks again while the first is under way waits for its answer, and then is told that it still is.
const WAIT_MILLISECONDS: u64 = 20_000;
const LOOK: Duration = Duration::from_millis(50);

/// An answer with a secret in it: it is given once, and kept nowhere.
pub(super) struct ShownOnce<T>(pub(super) T);

/// Marks such an answer.
#[derive(Clone, Copy)]
struct IsShownOnce;

impl<T: Answer> Answer for ShownOnce<T> {
    const GIVEN: Option<Given> = T::GIVEN;

    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(IsShownOnce);
        response
    }
}

/// Do a write once. The key is the caller's, and needed. A fingerprint of the request is kept for a day; `salt` goes
/// into that of one with a secret in it, for a plain hash of a password could be guessed back. It is this process's
/// own, so such a key is worth nothing to the next one.
pub(crate) async fn once_only(
    State((panel, salt)): State<(Panel, Option<Arc<str>>)>,
    request: Request,
    next: Next,
) -> Response {
    match answer_once(&panel, salt.as_deref(), request, next).await {
        Ok(response) => response,
        Err(failure) => failure.answer(true),
    }
}

async fn answer_once(
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
    if let Some(earlier) = earlier_answer(panel, &asker, &key, &print).await? {
        return Ok(earlier);
    }
    // A task of its own: whoever hangs up doesn't break off what they asked for half-way.
    let request = Request::from_parts(parts, Body::from(bytes));
    let (owned, person, name) = (panel.clone(), asker.person.name.clone(), key.clone());
    let doing =
        tokio::spawn(async move { keep_answer(&owned, &person, &name, next.run(request).await).await });
    match doing.await {
        Ok(answer) => answer,
        Err(_) => {
            let failure = Failure::Ours(
                "The panel has failed in the midst of it: look whether it was done.".to_owned(),
            );
            let (status, body) = (failure.status().as_u16(), failure.problem_json());
            panel.access.end_answer(&asker.person.name, &key, status, &body)?;
            Err(failure)
        }
    }
}

/// The answer to an earlier request with the same key; `None`: there was none, and this one is it.
async fn earlier_answer(
    panel: &Panel,
    asker: &Asker,
    key: &str,
    print: &str,
) -> Result<Option<Response>, Failure> {
    let began = panel.now();
    loop {
        let now = panel.now();
        match panel.access.begin_answer(&asker.person.name, key, print, now)? {
            Earlier::None => return Ok(None),
            Earlier::Other => {
                return Err(Failure::Conflict(
                    "This Idempotency-Key was used for another request.".to_owned(),
                ));
            }
            Earlier::Lost => {
                return Err(Failure::Conflict(
                    "The panel has ended over the first request with this Idempotency-Key, or another process of it is at \
                     it. Look whether it was done (the audit trail has it, and the runs), then ask with a new key."
                        .to_owned(),
                ));
            }
            Earlier::Answered { status, body } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
                return Ok(Some((status, [(CONTENT_TYPE, kind), REPLAYED], body).into_response()));
            }
            Earlier::UnderWay if now.milliseconds_since(began) >= WAIT_MILLISECONDS => {
                return Err(Failure::StillUnderWay);
            }
            Earlier::UnderWay => panel.clock.sleep(LOOK).await,
        }
    }
}

/// Keep the answer for whoever asks again.
async fn keep_answer(
    panel: &Panel,
    person: &str,
    key: &str,
    response: Response,
) -> Result<Response, Failure> {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, MOST_BYTES).await.map_err(|error| Failure::Ours(error.to_string()))?;
    if parts.extensions.get::<IsShownOnce>().is_some() {
        let told = Failure::Conflict("This was done already, and what it showed is shown once.".to_owned());
        panel.access.end_answer(person, key, told.status().as_u16(), &told.problem_json())?;
    } else {
        let text = String::from_utf8_lossy(&bytes);
        panel.access.end_answer(person, key, parts.status.as_u16(), &text)?;
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

const REPLAYED: (http::HeaderName, &str) = (http::HeaderName::from_static("idempotency-replayed"), "true");
