//! Slackwater's platform contract, `/slackwater/v1`: what runs, whether it is saved, and what maintenance does to
//! it. Every act may be repeated. The words on the wire are this file's; the rooms behind have their own types.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::answers::{Failure, Problem, read};
use super::health::Health;
use super::{Platform, Web, callers};
use crate::clock::UnixSeconds;
use crate::session::SessionState;
use crate::store::{self, Computation, SessionRow};

type Answer<T> = Result<T, Problem>;

pub(super) fn router(web: &Web) -> Router<Web> {
    Router::new()
        .route("/platform", get(platform))
        .route("/sessions", get(sessions))
        .route("/sessions/{id}/save", post(save))
        .route("/sessions/{id}/stop", post(stop))
        .route("/sessions/{id}/notice", post(notice))
        .route("/computations", get(computations))
        .route("/computations/{id}/stop", post(stop_computation))
        .route("/banner", get(banner).put(put_banner).delete(delete_banner))
        .fallback(|| async { Problem::from(Failure::NoSuchAddress) })
        .method_not_allowed_fallback(|| async { Problem::from(Failure::Method) })
        .layer(from_fn_with_state(web.clone(), callers::slackwater))
}

#[derive(Serialize)]
struct PlatformDocument {
    name: &'static str,
    version: String,
    health: &'static str,
    detail: Option<String>,
}

async fn platform(State(web): State<Web>) -> Json<PlatformDocument> {
    let (health, detail) = match web.health() {
        Health::Ok => ("ok", None),
        Health::Degraded(words) => ("degraded", Some(words)),
        Health::Down(words) => ("down", Some(words)),
    };
    Json(PlatformDocument { name: "lab", version: web.0.config.release.to_string(), health, detail })
}

#[derive(Deserialize)]
struct ListQuery {
    cursor: Option<String>,
    state: Option<String>,
}

impl ListQuery {
    fn cursor(&self) -> Result<i64, Failure> {
        match self.cursor.as_deref() {
            None | Some("") => Ok(0),
            Some(cursor) => cursor.parse().map_err(|_| Failure::malformed("the cursor is none of ours")),
        }
    }

    fn all(&self) -> Result<bool, Failure> {
        match self.state.as_deref() {
            None => Ok(false),
            Some("all") => Ok(true),
            Some(_) => Err(Failure::malformed("state is \"all\", or not given")),
        }
    }
}

#[derive(Serialize)]
struct SessionsDocument {
    sessions: Vec<SessionDocument>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct SessionDocument {
    id: String,
    name: String,
    owner: String,
    state: &'static str,
    started_at: String,
    last_active_at: String,
    unsaved: bool,
    unsaved_items: usize,
    last_save: Option<SaveDocument>,
}

#[derive(Serialize)]
struct SaveDocument {
    at: String,
    succeeded: bool,
    error: Option<String>,
}

fn session_document(platform: &Platform, row: SessionRow) -> SessionDocument {
    let status = platform.sessions.status(&row.id);
    SessionDocument {
        state: status.state.word(),
        unsaved: !status.unsaved.is_empty(),
        unsaved_items: status.unsaved.len(),
        started_at: row.started_at.rfc3339(),
        last_active_at: row.last_active_at.rfc3339(),
        last_save: row.last_save.map(|(at, error)| SaveDocument {
            at: at.rfc3339(),
            succeeded: error.is_none(),
            error,
        }),
        id: row.id,
        name: row.name,
        owner: row.owner,
    }
}

async fn sessions(
    State(web): State<Web>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Answer<Json<SessionsDocument>> {
    let Query(query) = query.map_err(Failure::malformed)?;
    let (platform, cursor, all) = (web.platform()?, query.cursor()?, query.all()?);
    let running = (!all).then(|| platform.sessions.running());
    let page = platform.store.sessions(cursor, running.as_deref())?;
    let sessions = page.rows.into_iter().map(|row| session_document(platform, row));
    // One may have stopped since it was looked for.
    let sessions = sessions.filter(|session| all || session.state != SessionState::Stopped.word()).collect();
    Ok(Json(SessionsDocument { sessions, next_cursor: page.next.map(|next| next.to_string()) }))
}

fn known_session<'p>(web: &'p Web, id: &str) -> Result<&'p Arc<Platform>, Failure> {
    let platform = web.platform()?;
    match platform.store.session(id)? {
        Some(_) => Ok(platform),
        None => Err(Failure::Unknown("session")),
    }
}

async fn save(State(web): State<Web>, Path(id): Path<String>) -> Answer<StatusCode> {
    known_session(&web, &id)?.sessions.save(&id);
    Ok(StatusCode::ACCEPTED)
}

async fn stop(State(web): State<Web>, Path(id): Path<String>) -> Answer<StatusCode> {
    known_session(&web, &id)?.sessions.stop(&id);
    Ok(StatusCode::ACCEPTED)
}

const LONGEST_TEXT: usize = 2000;

fn check_message(text: &str, level: &str) -> Result<(), Failure> {
    if text.trim().is_empty() || text.len() > LONGEST_TEXT {
        return Err(Failure::Malformed(format!("text has 1 to {LONGEST_TEXT} bytes")));
    }
    match level {
        "info" | "warning" | "critical" => Ok(()),
        _ => Err(Failure::malformed("level is \"info\", \"warning\" or \"critical\"")),
    }
}

#[derive(Deserialize)]
struct NoticeDocument {
    text: String,
    level: String,
}

async fn notice(State(web): State<Web>, Path(id): Path<String>, body: Bytes) -> Answer<StatusCode> {
    let platform = known_session(&web, &id)?;
    let NoticeDocument { text, level } = read(&body)?;
    check_message(&text, &level)?;
    platform.store.add_notice(&id, &store::Notice { text, level, at: web.0.clock.now() })?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct ComputationsDocument {
    computations: Vec<ComputationDocument>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct ComputationDocument {
    id: String,
    name: String,
    owner: String,
    state: &'static str,
    started_at: Option<String>,
}

impl From<Computation> for ComputationDocument {
    fn from(row: Computation) -> ComputationDocument {
        ComputationDocument {
            id: row.id,
            name: row.name,
            owner: row.owner,
            state: row.state.word(),
            started_at: row.started_at.map(UnixSeconds::rfc3339),
        }
    }
}

async fn computations(
    State(web): State<Web>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Answer<Json<ComputationsDocument>> {
    let Query(query) = query.map_err(Failure::malformed)?;
    let page = web.platform()?.store.computations(query.cursor()?, query.all()?)?;
    Ok(Json(ComputationsDocument {
        computations: page.rows.into_iter().map(ComputationDocument::from).collect(),
        next_cursor: page.next.map(|next| next.to_string()),
    }))
}

async fn stop_computation(State(web): State<Web>, Path(id): Path<String>) -> Answer<StatusCode> {
    let store = &web.platform()?.store;
    if store.computation(&id)?.is_none() {
        return Err(Failure::Unknown("computation").into());
    }
    store.stop_computation(&id, web.0.clock.now())?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Serialize, Deserialize)]
struct BannerDocument {
    text: String,
    level: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    until: Option<String>,
}

async fn banner(State(web): State<Web>) -> Answer<Json<BannerDocument>> {
    let banner = web.platform()?.store.banner()?.ok_or(Failure::Unknown("banner"))?;
    let time = |seconds: Option<i64>| seconds.map(|seconds| UnixSeconds(seconds).rfc3339());
    Ok(Json(BannerDocument {
        from: time(banner.from),
        until: time(banner.until),
        text: banner.text,
        level: banner.level,
    }))
}

async fn put_banner(State(web): State<Web>, body: Bytes) -> Answer<StatusCode> {
    let BannerDocument { text, level, from, until } = read(&body)?;
    check_message(&text, &level)?;
    let time = |text: Option<String>| match text {
        None => Ok(None),
        Some(text) => match UnixSeconds::parse(&text) {
            Some(time) => Ok(Some(time.0)),
            None => Err(Failure::malformed("from and until are times of RFC 3339, or null")),
        },
    };
    let (from, until) = (time(from)?, time(until)?);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        return Err(Failure::malformed("until is later than from").into());
    }
    web.platform()?.store.set_banner(Some(&store::Banner { text, level, from, until }))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete_banner(State(web): State<Web>) -> Answer<StatusCode> {
    web.platform()?.store.set_banner(None)?;
    Ok(StatusCode::NO_CONTENT)
}
