//! What no request gets past: too much, too slow, from a stranger's page, with a secret in its address.

use std::time::Duration;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::failure::Failure;
use super::request::{Asker, Navigation, Visitor, cookie};
use crate::access::{Minted, Permission, form_token, same};
use crate::panel::{Origins, Panel};
use crate::proposals::MOST_TEMPLATE_BYTES;

/// The most that anybody has to say at once.
pub(crate) const MOST_BYTES: usize = 64 * 1024;

/// The most where a template is sent: JSON may write each of its bytes as two, and some as more.
pub(crate) const MOST_UPLOAD_BYTES: usize = 2 * MOST_TEMPLATE_BYTES + MOST_BYTES;

/// How long they may take to say it.
const BODY_SECONDS: u64 = 10;

/// The name of a form's token.
pub(crate) const FORM_TOKEN: &str = "form_token";

/// Every request passes here first.
pub(crate) async fn check(State(panel): State<Panel>, request: Request, next: Next) -> Response {
    let is_api = is_api(&request);
    match admit(&panel, request).await {
        Ok((mut request, visitor)) => {
            // Before anybody has signed in, forms lean on a cookie of their own.
            let wants_cookie = visitor.by_cookie
                && !is_api
                && request.method() == Method::GET
                && visitor.form_token.is_empty()
                && !request.uri().path().starts_with("/assets/");
            if let (true, Ok(minted)) = (wants_cookie, Minted::new("")) {
                let visitor = Visitor { form_token: form_token(minted.text()), ..visitor };
                request.extensions_mut().insert(visitor);
                let mut response = next.run(request).await;
                let value = set_cookie(panel.origins, panel.origins.form_cookie(), minted.text(), 3600);
                if let Ok(value) = HeaderValue::from_str(&value) {
                    response.headers_mut().append(SET_COOKIE, value);
                }
                return response;
            }
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(failure) => failure.answer(is_api),
    }
}

/// Where programs ask.
pub(super) const API: &str = "/api/";

/// Whether a program asks.
pub(crate) fn is_api(request: &Request) -> bool {
    request.uri().path().starts_with(API)
}

async fn admit(panel: &Panel, request: Request) -> Result<(Request, Visitor), Failure> {
    known_host(panel.origins, request.headers())?;
    no_secret_in_address(request.uri().query().unwrap_or_default())?;
    let visitor = Visitor::recognize(panel, &request)?;
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok((request, visitor));
    }
    // A program that hasn't signed in is told so; a forged form is a browser's affair.
    if visitor.person.is_none() && is_api(&request) {
        return Err(Failure::NotSignedIn);
    }
    let (parts, body) = request.into_parts();
    let uploads = visitor.person.as_ref().is_some_and(|(person, _)| person.role.may(Permission::Plan))
        && parts.uri.path().starts_with("/api/")
        && parts.uri.path().contains("/proposals");
    let most = if uploads { MOST_UPLOAD_BYTES } else { MOST_BYTES };
    // Told beforehand, it isn't even waited for.
    if body.size_hint().lower() > most as u64 {
        return Err(Failure::TooLarge);
    }
    let read = tokio::time::timeout(Duration::from_secs(BODY_SECONDS), to_bytes(body, most));
    let bytes = read.await.map_err(|_| Failure::TooSlow)?.map_err(|_| Failure::TooLarge)?;
    if visitor.by_cookie {
        same_origin(&parts.headers)?;
        let given = match parts.headers.get("x-form-token").and_then(|value| value.to_str().ok()) {
            Some(given) => given.to_owned(),
            None => form_urlencoded::parse(&bytes)
                .find(|(name, _)| name == FORM_TOKEN)
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default(),
        };
        if visitor.form_token.is_empty() || !same(&given, &visitor.form_token) {
            return Err(Failure::Forged);
        }
    }
    let is_form = |value: &HeaderValue| value.as_bytes().starts_with(b"application/x-www-form-urlencoded");
    let is_json = |value: &HeaderValue| value.as_bytes().starts_with(b"application/json");
    if !bytes.is_empty() && !parts.headers.get(CONTENT_TYPE).is_some_and(|one| is_form(one) || is_json(one)) {
        return Err(Failure::ContentType);
    }
    Ok((Request::from_parts(parts, Body::from(bytes)), visitor))
}

/// On this machine alone we are called by this machine's own names.
fn known_host(origins: Origins, headers: &HeaderMap) -> Result<(), Failure> {
    if !origins.loopback_only {
        return Ok(());
    }
    let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    if matches!(name, "localhost" | "127.0.0.1" | "[::1]") { Ok(()) } else { Err(Failure::UnknownHost) }
}

/// Addresses end up in logs, histories and referrers.
fn no_secret_in_address(query: &str) -> Result<(), Failure> {
    let secret = form_urlencoded::parse(query.as_bytes()).any(|(name, value)| {
        let name = name.to_lowercase();
        name.contains("token")
            || name.contains("password")
            || name == "authorization"
            || value.starts_with("swt_")
    });
    if secret { Err(Failure::SecretInAddress) } else { Ok(()) }
}

/// A browser says in `Origin` whose page sends a form; it must be ours.
fn same_origin(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name: http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else { return Err(Failure::Forged) };
    let from = origin.split_once("://").map(|(_, from)| from);
    if from == Some(host) { Ok(()) } else { Err(Failure::Forged) }
}

/// What follows is for those alone who have this permission.
pub(crate) async fn only(permission: Permission, request: Request, next: Next) -> Response {
    let is_api = is_api(&request);
    let Some(visitor) = request.extensions().get::<Visitor>().cloned() else {
        return Failure::NotSignedIn.answer(is_api);
    };
    let Some((person, proof)) = visitor.person else {
        if is_api || request.method() != Method::GET {
            return Failure::NotSignedIn.answer(is_api);
        }
        let asked_for = request.uri().path_and_query().map_or("/", |asked_for| asked_for.as_str());
        let query: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("to", asked_for).finish();
        return (StatusCode::SEE_OTHER, [(LOCATION, format!("/sign-in?{query}"))]).into_response();
    };
    if !person.role.may(permission) {
        return Failure::Forbidden { role: person.role, needs: permission.least_role() }.answer(is_api);
    }
    let mut request = request;
    let navigation = request.extensions().get::<Navigation>().cloned().unwrap_or_default();
    let (address, form_token) = (visitor.address, visitor.form_token);
    request.extensions_mut().insert(Asker { person, proof, address, form_token, navigation });
    next.run(request).await
}

/// A cookie of ours: never read by script, never sent by another site's page.
pub(crate) fn set_cookie(origins: Origins, name: &str, value: &str, seconds: u64) -> String {
    let secure = if origins.secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

pub(crate) fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    cookie(headers, name).is_some()
}
