//! Capsules and computations in the browser.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;

use super::Web;
use super::answers::Failure;
use super::callers::User;
use super::html::{escape, time};
use super::pages::{Page, checked_name};
use crate::identity::new_id;
use crate::session::{RelativePath, list};
use crate::store::{Capsule, Computation, NewComputation};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/capsules", post(create_capsule))
        .route("/computations", post(run))
        .route("/computations/{id}", get(show))
        .route("/computations/{id}/stop", post(stop))
        .route("/computations/{id}/results/{*path}", get(result))
}

fn checked_command(command: &str) -> Result<&str, Failure> {
    let good = !command.trim().is_empty() && command.len() <= 64 << 10;
    if good { Ok(command) } else { Err(Failure::malformed("a command has 1 byte to 64 KiB")) }
}

#[derive(Deserialize)]
struct Named {
    name: String,
    command: String,
}

async fn create_capsule(State(web): State<Web>, user: User, Form(form): Form<Named>) -> Page {
    web.platform()?.store.add_capsule(&Capsule {
        id: new_id()?,
        name: checked_name(&form.name)?.to_owned(),
        owner: user.0,
        command: checked_command(&form.command)?.to_owned(),
        created_at: web.0.clock.now(),
    })?;
    Ok(Redirect::to("/").into_response())
}

async fn run(State(web): State<Web>, user: User, Form(form): Form<Named>) -> Page {
    let new = NewComputation {
        id: new_id()?,
        name: checked_name(&form.name)?.to_owned(),
        owner: user.0,
        capsule_id: None,
        command: checked_command(&form.command)?.to_owned(),
        parameters: Vec::new(),
    };
    web.platform()?.store.add_computation(&new, web.0.clock.now())?;
    Ok(Redirect::to(&format!("/computations/{}", new.id)).into_response())
}

fn own(web: &Web, user: &User, id: &str) -> Result<Computation, Failure> {
    let computation = web.platform()?.store.computation(id)?;
    computation.filter(|one| one.owner == user.0).ok_or(Failure::Unknown("computation"))
}

async fn stop(State(web): State<Web>, user: User, Path(id): Path<String>) -> Page {
    let computation = own(&web, &user, &id)?;
    web.platform()?.store.stop_computation(&computation.id, web.0.clock.now())?;
    Ok(Redirect::to(&format!("/computations/{id}")).into_response())
}

async fn show(State(web): State<Web>, user: User, Path(id): Path<String>) -> Page {
    let computation = own(&web, &user, &id)?;
    let folder = web.platform()?.computation_folder(&computation.id);
    let log = std::fs::read(folder.join("log.txt")).unwrap_or_default();
    let shown = log.get(log.len().saturating_sub(64 << 10)..).unwrap_or_default();
    let results = folder.join("results");
    let results = if results.is_dir() { list(&results).map_err(Failure::from)? } else { Vec::new() };
    let results: String = results
        .iter()
        .map(|file| {
            let path = escape(&file.path);
            format!(
                "<li><a href=\"/computations/{id}/results/{path}\">{path}</a> <small>{} bytes</small></li>",
                file.bytes
            )
        })
        .collect();
    let stop = if computation.state.is_finished() {
        String::new()
    } else {
        format!("<form method=post action=/computations/{id}/stop><button>Stop</button></form>")
    };
    let ended = match (computation.exit_code, &computation.detail) {
        (Some(code), _) => format!("<p>Exit code {code}.</p>"),
        (None, Some(detail)) => format!("<p>{}</p>", escape(detail)),
        (None, None) => String::new(),
    };
    let started = computation.started_at.map_or(String::new(), |at| format!("Started {}. ", time(at)));
    let body = format!(
        "<p>State: <strong id=state>{}</strong>. {started}</p>\n{ended}{stop}\n<pre>{}</pre>\n\
         <h2>Log</h2><pre id=log>{}</pre>\n<h2>Results</h2><ul id=results>{results}</ul>",
        computation.state.word(),
        escape(&computation.command),
        escape(&String::from_utf8_lossy(shown)),
    );
    web.page(&computation.name, Some(&user.0), String::new(), &body)
}

async fn result(State(web): State<Web>, user: User, Path((id, path)): Path<(String, String)>) -> Page {
    let computation = own(&web, &user, &id)?;
    let path = RelativePath::new(&path)?;
    let file = web.platform()?.computation_folder(&computation.id).join("results").join(path.as_str());
    if !file.is_file() {
        return Err(Failure::Unknown("file").into());
    }
    let bytes = std::fs::read(file)?;
    // Never shown as a page of ours: a result may be anybody's HTML.
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_DISPOSITION, "attachment")];
    Ok((headers, bytes).into_response())
}
