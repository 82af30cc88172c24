//! A session in the browser: its files, an editor, a terminal.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::answers::{Failure, Problem};
use super::callers::User;
use super::html::{escape, time};
use super::pages::{Page, checked_name};
use super::{Web, live};
use crate::identity::new_id;
use crate::session::{RelativePath, SessionState};
use crate::store::SessionRow;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/sessions", post(create))
        .route("/sessions/{id}", get(show))
        .route("/sessions/{id}/open", post(open))
        .route("/sessions/{id}/save", post(save))
        .route("/sessions/{id}/stop", post(stop))
        .route("/sessions/{id}/live", get(live::session))
        .route("/sessions/{id}/commands", post(command))
        .route("/sessions/{id}/files/{*path}", get(file).put(edit))
}

/// A user's own session; another's is as good as none.
pub(super) fn own_session(web: &Web, user: &User, id: &str) -> Result<SessionRow, Failure> {
    let session = web.platform()?.store.session(id)?;
    session.filter(|session| session.owner == user.0).ok_or(Failure::Unknown("session"))
}

#[derive(Deserialize)]
struct Create {
    name: String,
}

async fn create(State(web): State<Web>, user: User, Form(form): Form<Create>) -> Page {
    let (platform, name, id) = (web.platform()?, checked_name(&form.name)?, new_id()?);
    platform.store.add_session(&id, name, &user.0, web.0.clock.now())?;
    platform.sessions.open(&id)?;
    Ok(to(&id))
}

fn to(id: &str) -> Response {
    Redirect::to(&format!("/sessions/{id}")).into_response()
}

async fn open(State(web): State<Web>, user: User, Path(id): Path<String>) -> Page {
    own_session(&web, &user, &id)?;
    web.platform()?.sessions.open(&id)?;
    Ok(to(&id))
}

async fn save(State(web): State<Web>, user: User, Path(id): Path<String>) -> Page {
    own_session(&web, &user, &id)?;
    web.platform()?.sessions.save(&id);
    Ok(to(&id))
}

async fn stop(State(web): State<Web>, user: User, Path(id): Path<String>) -> Page {
    own_session(&web, &user, &id)?;
    web.platform()?.sessions.stop(&id);
    Ok(to(&id))
}

async fn show(State(web): State<Web>, user: User, Path(id): Path<String>) -> Page {
    let session = own_session(&web, &user, &id)?;
    let platform = web.platform()?;
    let status = platform.sessions.status(&id);
    let notices: String = platform
        .store
        .notices(&id)?
        .iter()
        .map(|notice| format!("<li class=\"{}\">{}</li>", escape(&notice.level), escape(&notice.text)))
        .collect();
    let body = match status.state {
        SessionState::Stopped => stopped(&web, &session)?,
        SessionState::Running | SessionState::Saving | SessionState::Stopping => RUNNING.to_owned(),
    };
    let forms = format!(
        "<p>State: <strong id=state>{}</strong>. <span id=save-state></span></p>\n\
         <ul id=notices aria-live=polite>{notices}</ul>\n",
        status.state.word()
    );
    let actions = match status.state {
        SessionState::Stopped => {
            format!("<form method=post action=/sessions/{id}/open><button>Open</button></form>")
        }
        SessionState::Running | SessionState::Saving | SessionState::Stopping => format!(
            "<form method=post action=/sessions/{id}/save><button id=save>Save all</button></form>\n\
             <form method=post action=/sessions/{id}/stop><button>Stop</button></form>"
        ),
    };
    let history = history(&web, &id)?;
    let data = format!(" data-session=\"{}\"", escape(&id));
    let body = format!("{forms}<div class=actions>{actions}</div>\n{body}{history}");
    web.page(&session.name, Some(&user.0), data, &body)
}

const RUNNING: &str = "\
<section class=workbench>
<div><h2>Files</h2><ul id=files></ul>
<form id=new-file><label>New file <input name=path required maxlength=255 autocomplete=off></label> <button>Add</button></form></div>
<div><h2 id=editing>Editor</h2>
<textarea id=editor rows=16 spellcheck=false disabled aria-labelledby=editing placeholder=\"Choose a file\"></textarea></div>
</section>
<section><h2>Terminal</h2><pre id=output tabindex=0 aria-label=\"Terminal output\"></pre>
<form id=terminal><label>Command <input name=command required autocomplete=off spellcheck=false></label> <button>Run</button></form></section>
";

fn stopped(web: &Web, session: &SessionRow) -> Result<String, Failure> {
    let files = web.platform()?.sessions.files(&session.id)?;
    let items: String = files
        .iter()
        .map(|file| format!("<li>{} <small>{} bytes</small></li>", escape(&file.path), file.bytes))
        .collect();
    Ok(format!("<p>Its files stay. Open it to go on.</p>\n<ul id=files>{items}</ul>\n"))
}

/// When each file was saved: new in release 1.1.0.
fn history(web: &Web, id: &str) -> Result<String, Failure> {
    if !web.0.config.release.has_history_of_saves() {
        return Ok(String::new());
    }
    let saves = web.platform()?.store.latest_saves(id)?;
    let items: String = saves
        .iter()
        .map(|saved| format!("<li>{} {}, {} bytes</li>", time(saved.at), escape(&saved.path), saved.bytes))
        .collect();
    Ok(format!("<section><h2>History of saves</h2><ul id=saves>{items}</ul></section>"))
}

async fn file(
    State(web): State<Web>,
    user: User,
    Path((id, path)): Path<(String, String)>,
) -> Result<Response, Problem> {
    own_session(&web, &user, &id)?;
    let path = RelativePath::new(&path)?;
    let sessions = &web.platform()?.sessions;
    let text = sessions.text(&id, &path)?;
    let unsaved = sessions.status(&id).unsaved.iter().any(|one| one == path.as_str());
    Ok(Json(json!({"text": text, "unsaved": unsaved})).into_response())
}

async fn edit(
    State(web): State<Web>,
    user: User,
    Path((id, path)): Path<(String, String)>,
    text: String,
) -> Result<StatusCode, Problem> {
    own_session(&web, &user, &id)?;
    web.platform()?.sessions.edit(&id, &RelativePath::new(&path)?, text)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Command {
    command: String,
}

async fn command(
    State(web): State<Web>,
    user: User,
    Path(id): Path<String>,
    Json(body): Json<Command>,
) -> Result<StatusCode, Problem> {
    own_session(&web, &user, &id)?;
    web.platform()?.sessions.command(&id, &body.command)?;
    Ok(StatusCode::ACCEPTED)
}
