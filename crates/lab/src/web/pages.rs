//! The pages' routes, signing in and out, assets, and the headers of every answer to a browser.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;

use super::answers::{Failure, PageError};
use super::callers::{self, COOKIE, User};
use super::html::{Frame, escape};
use super::{Web, computation_pages, job_pages, live, overview_page, session_pages};
use crate::identity::new_token;
use crate::store::KeyKind;

pub(super) type Page = Result<Response, PageError>;

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/", get(overview_page::overview))
        .route("/live", get(live::live))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/tokens", post(new_api_token))
        .route("/jobs", post(job_pages::submit))
        .merge(session_pages::router())
        .merge(computation_pages::router())
        .route("/assets/lab.css", get(stylesheet))
        .route("/assets/lab.js", get(script))
        .fallback(|| async { PageError::from(Failure::NoSuchAddress) })
        .layer(axum::middleware::from_fn(callers::same_site))
}

/// No third party, no inline script or style, no frame around us.
pub(super) async fn harden(mut response: Response) -> Response {
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Web {
    pub(super) fn page(&self, title: &str, user: Option<&str>, data: String, body: &str) -> Page {
        let banner = self.platform()?.store.banner()?;
        let banner = banner.filter(|banner| banner.is_shown(self.0.clock.now()));
        let version = self.0.config.release.to_string();
        let frame = Frame { title, version: &version, user, banner: banner.as_ref(), data };
        Ok(Html(frame.around(body)).into_response())
    }
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
}

/// Check what a person calls something.
pub(super) fn checked_name(name: &str) -> Result<&str, Failure> {
    let name = name.trim();
    let good = !name.is_empty() && name.len() <= 80 && !name.contains(char::is_control);
    if good { Ok(name) } else { Err(Failure::malformed("a name has 1 to 80 bytes and no line breaks")) }
}

async fn sign_in(State(web): State<Web>, headers: HeaderMap, Form(form): Form<SignIn>) -> Page {
    let name = checked_name(&form.name)?;
    let token = new_token("")?;
    web.platform()?.store.add_key(name, KeyKind::Cookie, &token, web.0.clock.now())?;
    // The load balancer ends TLS and says so.
    let encrypted = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let secure = if encrypted { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

async fn sign_out(State(web): State<Web>, headers: HeaderMap) -> Page {
    if let Some(token) = callers::cookie(&headers) {
        web.platform()?.store.remove_key(token)?;
    }
    let cookie = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

async fn new_api_token(State(web): State<Web>, user: User) -> Page {
    let token = new_token("cop_")?;
    web.platform()?.store.add_key(&user.0, KeyKind::Api, &token, web.0.clock.now())?;
    let body = format!(
        "<p>Your new API token, shown this once:</p>\n<p><code id=token>{}</code></p>\n\
         <p>It works with Code Ocean's Python client: <code>CodeOcean(domain, token)</code>. <a href=/>Back</a></p>",
        escape(&token)
    );
    web.page("API token", Some(&user.0), String::new(), &body)
}

async fn stylesheet() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../assets/lab.css"))
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../../assets/lab.js"))
}
