//! One request at a listener: the world decides, at the moment the request comes, what happens to it; this answers it,
//! or hands it to [`super::forward`].

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION, SERVER};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::forward::{Answer, Forward, Way};
use super::traffic::Traffic;
use crate::LocalCloud;
use crate::services::load_balancing::{self, Candidate, Choice, Decision, Facts, Settings};

/// A listener on its loopback port.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) arn: String,
    pub(super) port: u16,
}

/// What answers at every listener.
#[derive(Debug)]
pub(super) struct Proxy {
    cloud: LocalCloud,
    forward: Forward,
    /// How many requests each target group had, and (under the listener's ARN) each listener with several.
    turns: Mutex<BTreeMap<String, u64>>,
}

impl Proxy {
    pub(super) fn new(cloud: LocalCloud, traffic: Traffic) -> Proxy {
        Proxy { forward: Forward::new(cloud.clock(), traffic), cloud, turns: Mutex::default() }
    }

    /// How long a connection may be idle.
    pub(super) fn idle_timeout(&self, listener: &Listener) -> Duration {
        let settings = self.cloud.inspect(|world| load_balancing::settings(world, &listener.arn));
        settings.ok().flatten().map_or(Duration::from_secs(60), |settings| settings.idle_timeout)
    }

    /// Answer a request. Every failure is an answer.
    pub(super) async fn answer(
        &self,
        listener: &Listener,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> Result<Response<Answer>, Infallible> {
        let host = host(&request);
        let facts = Facts {
            method: request.method(),
            host: &host,
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            headers: request.headers(),
            source: peer.ip(),
        };
        let found = self.cloud.inspect(|world| {
            let settings = load_balancing::settings(world, &listener.arn)?;
            Some((settings, load_balancing::decide(world, &listener.arn, &facts, listener.port)?))
        });
        Ok(match found {
            Ok(Some((settings, decision))) => {
                self.carry_out(listener, peer, request, &settings, decision).await
            }
            // The listener has just been deleted.
            Ok(None) => {
                let mut gone = page(StatusCode::SERVICE_UNAVAILABLE);
                gone.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                gone
            }
            Err(_broken) => page(StatusCode::INTERNAL_SERVER_ERROR),
        })
    }

    async fn carry_out(
        &self,
        listener: &Listener,
        peer: SocketAddr,
        request: Request<Incoming>,
        settings: &Settings,
        decision: Decision,
    ) -> Response<Answer> {
        match decision {
            Decision::Fixed { status, content_type, body } => {
                let mut response = plain(status_of(status), body);
                set(&mut response, CONTENT_TYPE, &content_type);
                response
            }
            Decision::Redirect { status, location } => {
                let mut response = page(status_of(status));
                set(&mut response, LOCATION, &location);
                response
            }
            Decision::NotImplemented(action) => {
                plain(StatusCode::NOT_IMPLEMENTED, format!("The action {action} is not carried out here\n"))
            }
            Decision::Forward(choices) => match self.choose(&listener.arn, &choices) {
                None => page(StatusCode::SERVICE_UNAVAILABLE),
                Some(Candidate { id, address: None }) => {
                    let words = format!("The target {id} is simulated: nothing runs there\n");
                    plain(StatusCode::BAD_GATEWAY, words)
                }
                Some(Candidate { id, address: Some(address) }) => {
                    let way = Way { settings, peer, target: id, address: *address };
                    self.forward.carry(request, way).await.unwrap_or_else(page)
                }
            },
        }
    }

    /// A target group by its weight, then the next of its targets.
    fn choose<'c>(&self, listener: &str, choices: &'c [Choice]) -> Option<&'c Candidate> {
        let total: u64 = choices.iter().map(|choice| choice.weight).sum();
        let chosen = match choices {
            [only] => only,
            _ if total == 0 => return None,
            several => {
                let mut turn = self.turn(listener) % total;
                several.iter().find(|choice| match turn.checked_sub(choice.weight) {
                    Some(rest) => {
                        turn = rest;
                        false
                    }
                    None => true,
                })?
            }
        };
        let count = u64::try_from(chosen.targets.len()).ok().filter(|count| *count > 0)?;
        let turn = self.turn(&chosen.group) % count;
        chosen.targets.get(usize::try_from(turn).ok()?)
    }

    fn turn(&self, name: &str) -> u64 {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(name.to_owned()).or_default();
        *turn = turn.wrapping_add(1);
        *turn
    }
}

/// The host that was asked for, without its port.
fn host(request: &Request<Incoming>) -> String {
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let authority = header.or_else(|| request.uri().authority().map(http::uri::Authority::as_str));
    let authority: Option<http::uri::Authority> = authority.and_then(|text| text.parse().ok());
    authority.map(|authority| authority.host().to_owned()).unwrap_or_default()
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The load balancer's own page for a status, as Application Load Balancers write it.
fn page(status: StatusCode) -> Response<Answer> {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n\
         </html>\r\n"
    );
    let mut response = plain(status, body);
    set(&mut response, CONTENT_TYPE, "text/html");
    response
}

fn plain(status: StatusCode, body: String) -> Response<Answer> {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    set(&mut response, SERVER, "awselb/2.0");
    set(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

/// A value that HTTP can't carry is left out.
fn set(response: &mut Response<Answer>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
