//! Coming in, the first time and every time, and going out: the only forms that are posted as forms, for nobody is signed
//! in yet, or soon any more.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use maud::{Markup, html};

use crate::access::{AccessError, Act, LEAST_PASSWORD, Permission, SESSION_SECONDS};
use crate::panel::Panel;
use crate::web::{Failure, Frame, Page, Visitor, has_cookie, session, set_cookie, token};

pub(super) const PAGES: &[Page] = &[
    Page { permission: None, ..Page::new("/sign-in", || get(sign_in_page).post(sign_in)) },
    Page { permission: None, ..Page::new("/setup/{secret}", || get(set_up_page).post(set_up)) },
    Page { permission: Some(Permission::OwnAccount), ..Page::new("/sign-out", || post(sign_out)) },
];

type Fields = Form<Vec<(String, String)>>;

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.trim())
}

fn stranger(visitor: &Visitor, title: &str, body: Markup) -> Response {
    Frame::for_a_stranger(title, &visitor.form_token, body).into_response()
}

/// Only our own pages: nobody is led elsewhere by a link to us.
fn our_own(to: &str) -> &str {
    let ours = to.starts_with('/')
        && !to.starts_with("//")
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if ours { to } else { "/" }
}

async fn sign_in_page(
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let to = our_own(query.get("to").map_or("/", String::as_str));
    stranger(&visitor, "Sign in", sign_in_form(&visitor.form_token, to, None))
}

async fn sign_in(
    State(panel): State<Panel>,
    Extension(visitor): Extension<Visitor>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let (name, to) = (field(&fields, "name"), our_own(field(&fields, "to")));
    // Spaces belong to a password.
    let given = fields.iter().find(|(found, _)| found == "password").map(|(_, value)| value.clone());
    let now = panel.now();
    if let Err(wait) = panel.limits.attempt(name, visitor.address, panel.access.reset_at(name)?, now) {
        panel.refused_sign_in(name, visitor.address, "too many attempts")?;
        return Err(Failure::TooMany(wait));
    }
    let known = panel.access.password_of(name)?;
    let (person, hash) = known.unzip();
    let right = panel.passwords.matches(given.unwrap_or_default(), hash).await;
    let (true, Some(person)) = (right, person) else {
        let locked = panel.limits.wrong(name, visitor.address, panel.now());
        let why = if locked { "wrong; the name is locked for a while for this address" } else { "wrong" };
        panel.refused_sign_in(name, visitor.address, why)?;
        let body = sign_in_form(&visitor.form_token, to, Some("That name and password don't go together."));
        let mut response = stranger(&visitor, "Sign in", body);
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return Ok(response);
    };
    panel.limits.right(name, visitor.address, panel.now());
    let address = visitor.address.to_string();
    panel.access.audit(Act { who: &person, address: &address, act: "sign in", object: "" }, true, "", now)?;
    enter(&panel, &person, to)
}

/// A new session, whatever cookie the browser had.
fn enter(panel: &Panel, person: &str, to: &str) -> Result<Response, Failure> {
    let minted = panel.access.begin_session(person, panel.now())?;
    let value = set_cookie(panel.origins, panel.origins.session_cookie(), minted.text(), SESSION_SECONDS);
    let mut response = Redirect::to(to).into_response();
    let value = HeaderValue::from_str(&value).map_err(|error| Failure::Ours(error.to_string()))?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(response)
}

async fn sign_out(State(panel): State<Panel>, headers: HeaderMap) -> Result<Response, Failure> {
    let name = panel.origins.session_cookie();
    if let Some(secret) = session(panel.origins, &headers) {
        panel.access.end_session(secret)?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    if has_cookie(&headers, name)
        && let Ok(value) = HeaderValue::from_str(&set_cookie(panel.origins, name, "", 0))
    {
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(response)
}

async fn set_up_page(
    State(panel): State<Panel>,
    Extension(visitor): Extension<Visitor>,
    Path(secret): Path<String>,
) -> Result<Response, Failure> {
    if panel.access.has_people()? || !panel.access.is_setup(&secret, panel.now())? {
        return Err(AccessError::NoSetup.into());
    }
    Ok(stranger(&visitor, "Set up", set_up_form(&visitor.form_token, &secret, None)))
}

async fn set_up(
    State(panel): State<Panel>,
    Extension(visitor): Extension<Visitor>,
    Path(secret): Path<String>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let now = panel.now();
    panel.limits.attempt("", visitor.address, None, now).map_err(Failure::TooMany)?;
    if panel.access.has_people()? || !panel.access.is_setup(&secret, now)? {
        return Err(AccessError::NoSetup.into());
    }
    let name = field(&fields, "name");
    let password = fields.iter().find(|(found, _)| found == "password").map(|(_, value)| value.clone());
    let address = visitor.address.to_string();
    let hash = panel.passwords.hash(name, password.unwrap_or_default()).await;
    let made = match hash {
        Err(error) => Err(Failure::from(error)),
        Ok(hash) => {
            let act = Act { who: name, address: &address, act: "set up", object: name };
            let number = panel.access.begin_act(act, now)?;
            let made = panel.access.set_up(&secret, name, &hash, now).map_err(Failure::from);
            let why = made.as_ref().err().map(ToString::to_string).unwrap_or_default();
            panel.access.end_act(number, made.is_ok(), &why, panel.now())?;
            made
        }
    };
    if let Err(failure) = made {
        let body = set_up_form(&visitor.form_token, &secret, Some(&failure.to_string()));
        let mut response = stranger(&visitor, "Set up", body);
        *response.status_mut() = failure.status();
        return Ok(response);
    }
    enter(&panel, name, "/")
}

/// Signing in; `to` is where to go then.
fn sign_in_form(form_token: &str, to: &str, complaint: Option<&str>) -> Markup {
    html! {
        section.narrow {
            h1 { "Sign in" }
            (notice(complaint))
            form.stack method="post" action="/sign-in" {
                (token(form_token))
                input type="hidden" name="to" value=(to);
                label { "Name" input name="name" autocomplete="username" required autofocus maxlength="64"; }
                label { "Password" input name="password" type="password" autocomplete="current-password" required; }
                button.primary { "Sign in" }
            }
        }
    }
}

fn set_up_form(form_token: &str, secret: &str, complaint: Option<&str>) -> Markup {
    html! {
        section.narrow {
            h1 { "Set up the panel" }
            p.lead { "Nobody can sign in yet. You will be the first, as an admin; this link works once." }
            (notice(complaint))
            form.stack method="post" action={ "/setup/" (secret) } {
                (token(form_token))
                label { "Name" input name="name" autocomplete="username" required autofocus maxlength="64"
                    pattern="[A-Za-z0-9._@\\-]+"; }
                label {
                    "Password"
                    input name="password" type="password" autocomplete="new-password" required minlength=(LEAST_PASSWORD);
                    small { "At least " (LEAST_PASSWORD) " characters. A sentence does well." }
                }
                button.primary { "Begin" }
            }
        }
    }
}

fn notice(complaint: Option<&str>) -> Markup {
    html! { @if let Some(complaint) = complaint { p.notice.bad role="alert" { (complaint) } } }
}
