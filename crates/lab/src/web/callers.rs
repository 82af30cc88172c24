//! Who asks: a person by cookie, Code Ocean's client by API token, Slackwater and the workers by bearer token.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;

use super::answers::{ApiError, Failure, PageError, Problem};
use super::{Platform, Web};
use crate::store::KeyKind;

pub(super) const COOKIE: &str = "lab";

impl Web {
    /// The open data folder.
    pub(super) fn platform(&self) -> Result<&Arc<Platform>, Failure> {
        self.0.platform.get().ok_or(Failure::StandingBy)
    }
}

/// The person whose browser asks.
pub(super) struct User(pub(super) String);

impl FromRequestParts<Web> for User {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<User, PageError> {
        Ok(User(person(&parts.headers, web)?.ok_or(Failure::Unauthorized)?))
    }
}

/// Whose cookie the request carries.
pub(super) fn person(headers: &HeaderMap, web: &Web) -> Result<Option<String>, Failure> {
    match cookie(headers) {
        Some(token) => Ok(web.platform()?.store.key_owner(KeyKind::Cookie, token)?),
        None => Ok(None),
    }
}

/// The cookie's token.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, token)| token)
}

/// The user whose API token is the user name of HTTP Basic, as in Code Ocean's API.
pub(super) struct ApiUser(pub(super) String);

impl FromRequestParts<Web> for ApiUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<ApiUser, ApiError> {
        let token = basic_user(&parts.headers).ok_or(Failure::Unauthorized)?;
        let owner = web.platform()?.store.key_owner(KeyKind::Api, &token)?;
        Ok(ApiUser(owner.ok_or(Failure::Unauthorized)?))
    }
}

fn basic_user(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(user, _)| user.to_owned())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Lets only Slackwater through.
pub(super) async fn slackwater(
    State(web): State<Web>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match bearer(request.headers()) {
        Some(token) if web.0.config.admin_token.is(token) => Ok(next.run(request).await),
        Some(_) | None => Err(Failure::Unauthorized.into()),
    }
}

/// Lets only workers through.
pub(super) async fn worker(
    State(web): State<Web>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    match bearer(request.headers()) {
        Some(token) if web.0.config.worker_token.is(token) => Ok(next.run(request).await),
        Some(_) | None => Err(Failure::Unauthorized.into()),
    }
}

/// Refuses what another site's page sends: browsers say where a request comes from.
/// <https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site>
pub(super) async fn same_site(request: Request, next: Next) -> Result<Response, PageError> {
    let changes = request.method() != Method::GET && request.method() != Method::HEAD;
    if changes && is_foreign(request.headers()) {
        return Err(Failure::Foreign.into());
    }
    Ok(next.run(request).await)
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign_fetch = text("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    let foreign_origin = match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
        (Some(_), None) => true,
        (None, _) => false,
    };
    foreign_fetch || foreign_origin
}
