//! The first page: signing in, or what a user has.

use axum::extract::State;
use axum::http::HeaderMap;

use super::answers::Failure;
use super::html::escape;
use super::pages::Page;
use super::{Web, callers, job_pages};

const SIGN_IN: &str = "<form method=post action=/sign-in>\
<label>Your name <input name=name required maxlength=80 autocomplete=username></label> <button>Sign in</button></form>";

pub(super) async fn overview(State(web): State<Web>, headers: HeaderMap) -> Page {
    let Some(user) = callers::person(&headers, &web)? else {
        return web.page("Sign in", None, String::new(), SIGN_IN);
    };
    let body = [
        sessions(&web, &user)?,
        computations(&web, &user)?,
        job_pages::section(&web, &user).await?,
        "<section><h2>API</h2><form method=post action=/tokens><button>New API token</button></form></section>"
            .to_owned(),
    ];
    web.page("Overview", Some(&user), String::new(), &body.join("\n"))
}

fn sessions(web: &Web, user: &str) -> Result<String, Failure> {
    let platform = web.platform()?;
    let items: String = platform
        .store
        .sessions_of(user)?
        .iter()
        .map(|session| {
            let status = platform.sessions.status(&session.id);
            let unsaved = match status.unsaved.len() {
                0 => String::new(),
                count => format!(", {count} unsaved"),
            };
            format!(
                "<li><a href=\"/sessions/{}\">{}</a>: {}{unsaved}</li>",
                escape(&session.id),
                escape(&session.name),
                status.state.word()
            )
        })
        .collect();
    Ok(format!(
        "<section><h2>Sessions</h2><ul id=sessions>{items}</ul>\n\
         <form method=post action=/sessions><label>Name <input name=name required maxlength=80></label> \
         <button>New session</button></form></section>"
    ))
}

fn computations(web: &Web, user: &str) -> Result<String, Failure> {
    let store = &web.platform()?.store;
    let items: String = store
        .computations_of(user, None)?
        .iter()
        .take(20)
        .map(|computation| {
            format!(
                "<li><a href=\"/computations/{}\">{}</a>: {}</li>",
                escape(&computation.id),
                escape(&computation.name),
                computation.state.word()
            )
        })
        .collect();
    let capsules: String = store
        .capsules_of(user)?
        .iter()
        .map(|capsule| format!("<li>{} <code>{}</code></li>", escape(&capsule.name), escape(&capsule.id)))
        .collect();
    let form = |action: &str, label: &str| {
        format!(
            "<form method=post action={action}><label>Name <input name=name required maxlength=80></label>\n\
             <label>Command <textarea name=command required rows=2 spellcheck=false></textarea></label> \
             <button>{label}</button></form>"
        )
    };
    Ok(format!(
        "<section><h2>Computations</h2><ul id=computations>{items}</ul>\n{}\n<h2>Capsules</h2>\
         <ul id=capsules>{capsules}</ul>\n{}</section>",
        form("/computations", "Run"),
        form("/capsules", "New capsule"),
    ))
}
