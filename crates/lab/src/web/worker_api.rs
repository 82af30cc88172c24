//! What workers ask and tell, `/worker/v1`: a computation to run, its log as it grows, its results, its end. A worker
//! needs nothing but this address and its token.

use std::io::Write as _;
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::Ordering;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::answers::{Failure, Problem, read};
use super::{Web, callers};
use crate::session::RelativePath;
use crate::store::Finish;

/// The largest file among results.
pub(crate) const LARGEST_RESULT_BYTES: usize = 64 << 20;
/// A log ends here; the worker goes on.
const LARGEST_LOG_BYTES: u64 = 16 << 20;

pub(super) fn router(web: &Web) -> Router<Web> {
    Router::new()
        .route("/claim", post(claim))
        .route("/computations/{id}/heartbeat", post(heartbeat))
        .route("/computations/{id}/results/{worker}/{*path}", put(result))
        .route("/computations/{id}/finish", post(finish))
        .fallback(|| async { Problem::from(Failure::NoSuchAddress) })
        .layer(DefaultBodyLimit::max(LARGEST_RESULT_BYTES))
        .layer(from_fn_with_state(web.clone(), callers::worker))
}

/// Who asks for work.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) worker: String,
}

/// Work.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) id: String,
    pub(crate) command: String,
    pub(crate) parameters: Vec<String>,
}

/// A sign of life, and what the process printed since the last one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Heartbeat {
    pub(crate) worker: String,
    pub(crate) log: String,
}

/// Whether to go on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Instruction {
    pub(crate) stop: bool,
}

/// How the process ended, and the last of what it printed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Finished {
    pub(crate) worker: String,
    pub(crate) log: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) detail: Option<String>,
}

async fn claim(State(web): State<Web>, body: Bytes) -> Result<Response, Problem> {
    let Claim { worker } = read(&body)?;
    let now = web.0.clock.now();
    web.0.worker_seen.store(now.0, Ordering::Relaxed);
    let platform = web.platform()?;
    Ok(match platform.store.claim(&worker, now)? {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(computation) => Json(Work {
            id: computation.id,
            command: computation.command,
            parameters: computation.parameters,
        })
        .into_response(),
    })
}

async fn heartbeat(
    State(web): State<Web>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Instruction>, Problem> {
    let Heartbeat { worker, log } = read(&body)?;
    let now = web.0.clock.now();
    web.0.worker_seen.store(now.0, Ordering::Relaxed);
    let platform = web.platform()?;
    let known = folder_of(&web, &id)?;
    let go_on = platform.store.heartbeat(&id, &worker, now)?;
    if go_on {
        append(&known, &log)?;
    }
    Ok(Json(Instruction { stop: !go_on }))
}

async fn result(
    State(web): State<Web>,
    Path((id, worker, path)): Path<(String, String, String)>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let folder = folder_of(&web, &id)?;
    let computation = web.platform()?.store.computation(&id)?;
    let own =
        computation.is_some_and(|one| one.worker.as_deref() == Some(&worker) && !one.state.is_finished());
    if !own {
        return Err(Failure::Conflict("this computation is no longer this worker's".to_owned()).into());
    }
    let target = folder.join("results").join(RelativePath::new(&path)?.as_str());
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(target, &body)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn finish(State(web): State<Web>, Path(id): Path<String>, body: Bytes) -> Result<StatusCode, Problem> {
    let Finished { worker, log, exit_code, detail } = read(&body)?;
    let folder = folder_of(&web, &id)?;
    let finish = Finish { exit_code, detail };
    if !web.platform()?.store.finish(&id, &worker, &finish, web.0.clock.now())? {
        return Err(Failure::Conflict("this computation is no longer this worker's".to_owned()).into());
    }
    append(&folder, &log)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The folder of a computation that there is.
fn folder_of(web: &Web, id: &str) -> Result<PathBuf, Failure> {
    let platform = web.platform()?;
    match platform.store.computation(id)? {
        Some(computation) => Ok(platform.computation_folder(&computation.id)),
        None => Err(Failure::Unknown("computation")),
    }
}

fn append(folder: &FilePath, log: &str) -> Result<(), std::io::Error> {
    if log.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let mut file = std::fs::File::options().create(true).append(true).open(folder.join("log.txt"))?;
    if file.metadata()?.len() < LARGEST_LOG_BYTES {
        file.write_all(log.as_bytes())?;
    }
    Ok(())
}
