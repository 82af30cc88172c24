//! Who asks, from where, and with what proof.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request};
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use maud::Markup;

use super::assets::Icon;
use super::failure::Failure;
use super::guard::API;
use super::page::{Frame, Page};
use crate::access::{AccessError, Permission, Proof, SignedIn, fingerprint, form_token};
use crate::backend::DeploymentSummary;
use crate::panel::{Origins, Panel};
use crate::waiting::waiting;

/// How long it may be looked at what waits for whoever asks.
const COUNT_MILLISECONDS: u64 = 300;

/// What is known of a request before anybody is asked who they are.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) address: IpAddr,
    /// The token that their forms must carry; empty without a cookie.
    pub(crate) form_token: String,
    /// Whether they are here with a cookie, and not with an API token.
    pub(crate) by_cookie: bool,
    /// Who they are, and what showed it.
    pub(crate) person: Option<(SignedIn, Proof)>,
}

/// Somebody who is known, in a request that they may make.
#[derive(Clone)]
pub(crate) struct Asker {
    pub(crate) person: SignedIn,
    /// What showed who they are.
    pub(crate) proof: Proof,
    pub(crate) address: IpAddr,
    /// The token that their forms carry.
    pub(crate) form_token: String,
    pub(crate) navigation: Navigation,
}

/// The pages that every page leads to, for those who may see them.
#[derive(Clone, Default)]
pub(crate) struct Navigation(pub(crate) Arc<[Page]>);

impl Asker {
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.person.role.may(permission)
    }

    /// The name that a run keeps.
    pub(crate) fn signature(&self) -> String {
        match &self.person.token {
            None => self.person.name.clone(),
            Some(token) => format!("{} (token {token})", self.person.name),
        }
    }
}

impl Visitor {
    pub(crate) fn recognize(panel: &Panel, request: &Request) -> Result<Visitor, AccessError> {
        let headers = request.headers();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let address = panel.proxies.address(peer, headers);
        let now = panel.now();
        if let Some(secret) = bearer(headers) {
            let person = panel.access.token(secret, now)?;
            let person = person.map(|person| (person, Proof::Token(fingerprint(secret))));
            return Ok(Visitor { address, form_token: String::new(), by_cookie: false, person });
        }
        if headers.contains_key(AUTHORIZATION) {
            return Ok(Visitor { address, form_token: String::new(), by_cookie: false, person: None });
        }
        if let Some(secret) = session(panel.origins, headers)
            && let Some(person) = panel.access.session(secret, now)?
        {
            let form_token = form_token(secret);
            let proof = Proof::Session(fingerprint(secret));
            return Ok(Visitor { address, form_token, by_cookie: true, person: Some((person, proof)) });
        }
        let form_token = cookie(headers, panel.origins.form_cookie()).map(form_token).unwrap_or_default();
        Ok(Visitor { address, form_token, by_cookie: true, person: None })
    }
}

/// A request as pages and operations are given it.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) panel: Panel,
    pub(crate) asker: Asker,
    /// The address's parameter, such as a run's id; empty where it has none.
    pub(crate) id: String,
    query: HashMap<String, String>,
    /// How much waits for whoever asks, as every page's navigation says; zero where that isn't known.
    waiting: usize,
}

impl FromRequestParts<Panel> for Call {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, panel: &Panel) -> Result<Call, Failure> {
        let parameters = RawPathParams::from_request_parts(parts, panel).await;
        let parameters = parameters.map_err(|_| Failure::NotFound)?;
        let id = parameters.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default();
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let query = query.into_owned().collect();
        let asker = parts.extensions.get::<Asker>().cloned().ok_or(Failure::NotSignedIn)?;
        let waiting = match parts.uri.path().starts_with(API) || parts.uri.path().ends_with("/stream") {
            true => 0,
            false => count_waiting(panel, &asker).await,
        };
        Ok(Call { panel: panel.clone(), asker, id, query, waiting })
    }
}

impl Call {
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A parameter of the query; refused with these words where it is no such thing.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str, words: &str) -> Result<Option<T>, Failure> {
        let parsed = self.query(name).map(str::parse).transpose();
        parsed.map_err(|_| Failure::BadInput(words.to_owned()))
    }

    /// The settings of the deployment that the address names.
    pub(crate) fn deployment(&self) -> Result<DeploymentSummary, Failure> {
        let mut all = self.panel.backend.deployments().into_iter();
        all.find(|one| one.name == self.id).ok_or(Failure::NotFound)
    }

    /// A page for whoever asks. `here`: where in the navigation it is.
    pub(crate) fn frame<'a>(&'a self, here: &'a str, title: &'a str, body: Markup) -> Frame<'a> {
        let Asker { person, navigation, form_token, proof: _, address: _ } = &self.asker;
        Frame {
            title,
            here,
            navigation: &navigation.0,
            person: Some(person),
            form_token,
            refreshes: false,
            icon: Icon::default(),
            waiting: self.waiting,
            time_zone: self.panel.time_zone.as_deref(),
            body,
        }
    }
}

/// A page is not held up by what its navigation says.
async fn count_waiting(panel: &Panel, asker: &Asker) -> usize {
    let found = tokio::time::timeout(Duration::from_millis(COUNT_MILLISECONDS), waiting(panel, asker)).await;
    found.ok().and_then(Result::ok).map_or(0, |found| found.len())
}

/// The session's secret.
pub(crate) fn session(origins: Origins, headers: &HeaderMap) -> Option<&str> {
    cookie(headers, origins.session_cookie())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}
