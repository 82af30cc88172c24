//! What a page asks for every second while it is open: version and banner; in a session its notices, its state and
//! its terminal's new text.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Web;
use super::answers::{Failure, Problem};
use super::callers::User;
use super::session_pages::own_session;

fn common(web: &Web) -> Result<Value, Failure> {
    let banner = web.platform()?.store.banner()?;
    let banner = banner.filter(|banner| banner.is_shown(web.0.clock.now()));
    let banner = banner.map(|banner| json!({"text": banner.text, "level": banner.level}));
    Ok(json!({"version": web.0.config.release.to_string(), "banner": banner}))
}

/// For every page.
pub(super) async fn live(State(web): State<Web>) -> Result<Json<Value>, Problem> {
    Ok(Json(common(&web)?))
}

#[derive(Deserialize)]
pub(super) struct From {
    #[serde(default)]
    output_from: u64,
}

/// For a session's page.
pub(super) async fn session(
    State(web): State<Web>,
    user: User,
    Path(id): Path<String>,
    Query(from): Query<From>,
) -> Result<Json<Value>, Problem> {
    let row = own_session(&web, &user, &id)?;
    let platform = web.platform()?;
    let status = platform.sessions.status(&id);
    let (output, output_next) = platform.sessions.output(&id, from.output_from);
    let notices = platform.store.notices(&id)?.into_iter();
    let notices: Vec<Value> =
        notices.map(|one| json!({"text": one.text, "level": one.level, "at": one.at.rfc3339()})).collect();
    let files = platform.sessions.files(&id)?.into_iter();
    let files: Vec<Value> = files
        .map(|file| json!({"path": file.path, "unsaved": status.unsaved.contains(&file.path)}))
        .collect();
    let mut document = common(&web)?;
    if let Some(document) = document.as_object_mut() {
        document.insert("state".to_owned(), json!(status.state.word()));
        document.insert("unsaved".to_owned(), json!(status.unsaved));
        document.insert("files".to_owned(), json!(files));
        document.insert("notices".to_owned(), json!(notices));
        document.insert("output".to_owned(), json!(output));
        document.insert("output_next".to_owned(), json!(output_next));
        let save = row.last_save.map(|(at, error)| json!({"at": at.rfc3339(), "error": error}));
        document.insert("last_save".to_owned(), json!(save));
    }
    Ok(Json(document))
}
