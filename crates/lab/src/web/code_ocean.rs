//! Code Ocean's public REST API, as far as its Python client `codeocean` 0.17.0 runs, watches, renames, stops and
//! deletes computations of capsules, and reads their results. Names and types are that client's
//! (`codeocean/models/*.py`); what the lab doesn't have (data assets, pipelines, releases) answers 404.
//! <https://docs.codeocean.com/user-guide/code-ocean-api>

use std::path::Path as FilePath;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answers::{ApiError, Failure, read};
use super::callers::ApiUser;
use super::{Platform, Web};
use crate::identity::new_id;
use crate::session::RelativePath;
use crate::store::{Capsule, Computation, ComputationState, NewComputation};

type Answer<T> = Result<T, ApiError>;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/capsules/search", post(search_capsules))
        .route("/capsules/{id}", get(capsule))
        .route("/capsules/{id}/computations", get(capsule_computations))
        .route("/computations", post(run))
        .route("/computations/{id}", get(computation).delete(delete).patch(rename))
        .route("/computations/{id}/results", post(list_results))
        .route("/computations/{id}/results/urls", get(result_urls))
        .route("/computations/{id}/results/download_url", get(result_url))
        .fallback(|| async { ApiError::from(Failure::NoSuchAddress) })
        .method_not_allowed_fallback(|| async { ApiError::from(Failure::Method) })
}

#[derive(Serialize)]
struct CapsuleDocument {
    id: String,
    created: i64,
    name: String,
    status: &'static str,
    owner: String,
    slug: String,
}

impl From<Capsule> for CapsuleDocument {
    fn from(capsule: Capsule) -> CapsuleDocument {
        CapsuleDocument {
            slug: capsule.id.chars().take(7).collect(),
            id: capsule.id,
            created: capsule.created_at.0,
            name: capsule.name,
            status: "non_release",
            owner: capsule.owner,
        }
    }
}

#[derive(Serialize)]
struct ComputationDocument {
    id: String,
    created: i64,
    name: String,
    owner: String,
    run_time: i64,
    state: &'static str,
    cloud_workstation: bool,
    parameters: Vec<Value>,
    end_status: Option<&'static str>,
    exit_code: Option<i32>,
    has_results: bool,
}

/// `ComputationState` and `ComputationEndStatus` of the client.
fn words(state: ComputationState) -> (&'static str, Option<&'static str>) {
    match state {
        ComputationState::Queued => ("initializing", None),
        ComputationState::Running => ("running", None),
        ComputationState::Stopping => ("finalizing", None),
        ComputationState::Succeeded => ("completed", Some("succeeded")),
        ComputationState::Failed => ("failed", Some("failed")),
        ComputationState::Stopped => ("completed", Some("stopped")),
    }
}

fn document(web: &Web, platform: &Platform, row: Computation) -> ComputationDocument {
    let (state, end_status) = words(row.state);
    let until = row.ended_at.unwrap_or_else(|| web.0.clock.now());
    ComputationDocument {
        has_results: results_folder(platform, &row.id).is_dir(),
        created: row.created_at.0,
        run_time: row.started_at.map_or(0, |started| until.0 - started.0),
        state,
        cloud_workstation: false,
        parameters: row.parameters.iter().map(|value| json!({"value": value})).collect(),
        end_status,
        exit_code: row.exit_code,
        id: row.id,
        name: row.name,
        owner: row.owner,
    }
}

fn results_folder(platform: &Platform, id: &str) -> std::path::PathBuf {
    platform.computation_folder(id).join("results")
}

fn own_capsule(web: &Web, user: &str, id: &str) -> Result<Capsule, Failure> {
    let capsules = web.platform()?.store.capsules_of(user)?;
    capsules.into_iter().find(|capsule| capsule.id == id).ok_or(Failure::Unknown("capsule"))
}

fn own_computation(web: &Web, user: &str, id: &str) -> Result<Computation, Failure> {
    let computation = web.platform()?.store.computation(id)?;
    computation.filter(|one| one.owner == user).ok_or(Failure::Unknown("computation"))
}

#[derive(Deserialize)]
struct Search {
    query: Option<String>,
}

async fn search_capsules(State(web): State<Web>, user: ApiUser, body: Bytes) -> Answer<Json<Value>> {
    let Search { query } = read(&body)?;
    let words = query.unwrap_or_default().to_lowercase();
    let capsules = web.platform()?.store.capsules_of(&user.0)?.into_iter();
    let found = capsules.filter(|capsule| capsule.name.to_lowercase().contains(&words));
    let results: Vec<CapsuleDocument> = found.map(CapsuleDocument::from).collect();
    Ok(Json(json!({"has_more": false, "results": results})))
}

async fn capsule(
    State(web): State<Web>,
    user: ApiUser,
    Path(id): Path<String>,
) -> Answer<Json<CapsuleDocument>> {
    Ok(Json(own_capsule(&web, &user.0, &id)?.into()))
}

async fn capsule_computations(
    State(web): State<Web>,
    user: ApiUser,
    Path(id): Path<String>,
) -> Answer<Json<Vec<ComputationDocument>>> {
    let capsule = own_capsule(&web, &user.0, &id)?;
    let platform = web.platform()?;
    let rows = platform.store.computations_of(&user.0, Some(&capsule.id))?;
    Ok(Json(rows.into_iter().map(|row| document(&web, platform, row)).collect()))
}

#[derive(Deserialize)]
struct RunParams {
    capsule_id: Option<String>,
    #[serde(default)]
    parameters: Option<Vec<String>>,
    #[serde(default)]
    named_parameters: Option<Vec<NamedRunParam>>,
}

#[derive(Deserialize)]
struct NamedRunParam {
    param_name: String,
    value: String,
}

async fn run(State(web): State<Web>, user: ApiUser, body: Bytes) -> Answer<Json<ComputationDocument>> {
    let parameters: RunParams = read(&body)?;
    let capsule_id = parameters.capsule_id.ok_or(Failure::malformed("capsule_id is needed"))?;
    let capsule = own_capsule(&web, &user.0, &capsule_id)?;
    let named = parameters.named_parameters.unwrap_or_default();
    let named = named.into_iter().map(|one| format!("--{}={}", one.param_name, one.value));
    let new = NewComputation {
        id: new_id()?,
        name: format!("Run of {}", capsule.name),
        owner: user.0,
        capsule_id: Some(capsule.id),
        command: capsule.command,
        parameters: parameters.parameters.unwrap_or_default().into_iter().chain(named).collect(),
    };
    let platform = web.platform()?;
    platform.store.add_computation(&new, web.0.clock.now())?;
    let row = own_computation(&web, &new.owner, &new.id)?;
    Ok(Json(document(&web, platform, row)))
}

async fn computation(
    State(web): State<Web>,
    user: ApiUser,
    Path(id): Path<String>,
) -> Answer<Json<ComputationDocument>> {
    let row = own_computation(&web, &user.0, &id)?;
    Ok(Json(document(&web, web.platform()?, row)))
}

/// "Delete a computation and stop it if currently running."
async fn delete(State(web): State<Web>, user: ApiUser, Path(id): Path<String>) -> Answer<StatusCode> {
    let row = own_computation(&web, &user.0, &id)?;
    web.platform()?.store.delete_computation(&row.id, web.0.clock.now())?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Rename {
    name: String,
}

async fn rename(
    State(web): State<Web>,
    user: ApiUser,
    Path(id): Path<String>,
    query: Result<Query<Rename>, axum::extract::rejection::QueryRejection>,
) -> Answer<StatusCode> {
    let Query(Rename { name }) = query.map_err(Failure::malformed)?;
    let row = own_computation(&web, &user.0, &id)?;
    web.platform()?.store.rename_computation(&row.id, &name)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct PathParam {
    #[serde(default)]
    path: String,
}

async fn list_results(
    State(web): State<Web>,
    user: ApiUser,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Json<Value>> {
    let row = own_computation(&web, &user.0, &id)?;
    let PathParam { path } = read(&body)?;
    let mut folder = results_folder(web.platform()?, &row.id);
    if !path.is_empty() {
        folder.push(RelativePath::new(&path)?.as_str());
    }
    if !folder.is_dir() {
        return Err(Failure::Unknown("folder").into());
    }
    let mut items = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(Failure::from)? {
        let entry = entry?;
        let (kind, name) = (entry.file_type()?, entry.file_name().to_string_lossy().into_owned());
        let at = FilePath::new(&path).join(&name).to_string_lossy().into_owned();
        if kind.is_dir() {
            items.push(json!({"name": name, "path": at, "type": "folder"}));
        } else if kind.is_file() {
            items.push(json!({"name": name, "path": at, "type": "file", "size": entry.metadata()?.len()}));
        }
    }
    items.sort_by_key(|item| item["path"].as_str().unwrap_or_default().to_owned());
    Ok(Json(json!({"items": items})))
}

/// The lab signs no URLs: a result is fetched with a signed-in browser.
async fn result_urls(
    State(web): State<Web>,
    user: ApiUser,
    Path(id): Path<String>,
    query: Result<Query<PathParam>, axum::extract::rejection::QueryRejection>,
    headers: axum::http::HeaderMap,
) -> Answer<Json<Value>> {
    let url = result_address(&web, &user.0, &id, query, &headers)?;
    Ok(Json(json!({"download_url": url, "view_url": url})))
}

async fn result_url(
    State(web): State<Web>,
    user: ApiUser,
    Path(id): Path<String>,
    query: Result<Query<PathParam>, axum::extract::rejection::QueryRejection>,
    headers: axum::http::HeaderMap,
) -> Answer<Json<Value>> {
    Ok(Json(json!({"url": result_address(&web, &user.0, &id, query, &headers)?})))
}

fn result_address(
    web: &Web,
    user: &str,
    id: &str,
    query: Result<Query<PathParam>, axum::extract::rejection::QueryRejection>,
    headers: &axum::http::HeaderMap,
) -> Result<String, Failure> {
    let Query(PathParam { path }) = query.map_err(Failure::malformed)?;
    let row = own_computation(web, user, id)?;
    let path = RelativePath::new(&path)?;
    if !results_folder(web.platform()?, &row.id).join(path.as_str()).is_file() {
        return Err(Failure::Unknown("file"));
    }
    let host = headers.get(axum::http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    Ok(format!("http://{host}/computations/{}/results/{}", row.id, path.as_str()))
}
