//! Who asks, from where, and with what proof.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};

use crate::access::{AccessError, Proof, SignedIn, fingerprint, form_token};
use crate::panel::{Origins, Panel};

/// What is known of a request before anybody is asked who they are.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// Their address.
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
    /// Who.
    pub(crate) person: SignedIn,
    /// What showed it.
    pub(crate) proof: Proof,
    /// From where.
    pub(crate) address: IpAddr,
    /// The token that their forms carry.
    pub(crate) form_token: String,
}

impl Asker {
    /// The name that a run keeps.
    pub(crate) fn signature(&self) -> String {
        match &self.person.token {
            None => self.person.name.clone(),
            Some(token) => format!("{} (token {token})", self.person.name),
        }
    }
}

impl Visitor {
    /// Find out.
    pub(crate) fn of(panel: &Panel, request: &Request) -> Result<Visitor, AccessError> {
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
