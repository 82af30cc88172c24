//! A platform in this process, for rehearsals: sessions with unsaved work that take time to save, computations, a banner,
//! and the version of the release that its stack has. It speaks the contract of `crates/platform/openapi.yaml` and, as far as
//! the adapter asks for it, Code Ocean's API; it writes down what was done to it, and what should never have been.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use conductor::Clock;
use http::{Method, Request, Response};
use localcloud::LocalCloud;
use platform::{Adapter, AdapterKind, InProcessHandler, PlatformConfig, Secret};
use serde_json::{Value, json};
use upgrade::Timestamp;

use super::circumstances::Circumstances;
use crate::error::CliError;

/// A platform that doesn't answer is given up after this.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a request meets instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    Throttled,
    ServerError,
    /// Nothing has happened, and nobody answers.
    Silence,
    /// It has happened, and nobody answers.
    LostResponse,
    ExpiredToken,
    Denied,
}

impl Mishap {
    pub const ALL: [Mishap; 6] = [
        Mishap::Throttled,
        Mishap::ServerError,
        Mishap::Silence,
        Mishap::LostResponse,
        Mishap::ExpiredToken,
        Mishap::Denied,
    ];

    /// As the faults of the cloud's calls are called.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Mishap::Throttled => "throttled",
            Mishap::ServerError => "server_error",
            Mishap::Silence => "drop_connection",
            Mishap::LostResponse => "lose_response",
            Mishap::ExpiredToken => "expired_credentials",
            Mishap::Denied => "access_denied",
        }
    }
}

/// The request of this number (from 0) meets this.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub at: usize,
    pub mishap: Mishap,
}

/// Somebody's interactive work.
#[derive(Debug, Clone)]
pub struct SimulatedSession {
    pub id: String,
    pub owner: String,
    /// How many things are unsaved.
    pub unsaved: u32,
    /// How many of its next saves fail.
    pub saves_that_fail: u32,
    /// How long a save takes.
    pub saving_milliseconds: u64,
}

/// A run that nobody sits in front of.
#[derive(Debug, Clone)]
pub struct SimulatedComputation {
    pub id: String,
    pub owner: String,
    /// When it ends by itself; `None`: it doesn't.
    pub ends_at: Option<Timestamp>,
}

/// How long it takes until what was told to stop has stopped.
pub const STOPPING_MILLISECONDS: u64 = 4_000;

#[derive(Debug, Clone)]
struct Session {
    is: SimulatedSession,
    /// When the save that is under way ends, and whether it succeeds.
    saving: Option<(u64, bool)>,
    last_save: Option<bool>,
    stopping: Option<u64>,
}

#[derive(Debug, Clone)]
struct Computation {
    is: SimulatedComputation,
    stopping: Option<u64>,
}

impl Computation {
    fn ends_at(&self) -> Option<u64> {
        let by_itself = self.is.ends_at.map(|at| at.0);
        self.stopping.into_iter().chain(by_itself).min()
    }
}

#[derive(Debug, Clone, Default)]
struct State {
    sessions: Vec<Session>,
    computations: Vec<Computation>,
    banner: Option<Value>,
    notices: Vec<String>,
    wrongs: Vec<String>,
    requests: Vec<String>,
    faults: Vec<Fault>,
    unhealthy: bool,
    disturbed: bool,
}

/// The platform of one stack. Clones are the same one; [`SimulatedPlatform::fork`] makes another.
#[derive(Clone)]
pub struct SimulatedPlatform {
    state: Arc<Mutex<State>>,
    local: LocalCloud,
    stack: String,
    clock: Clock,
    token: String,
}

impl SimulatedPlatform {
    /// With these people's work. `token` is what it must be shown.
    #[must_use]
    pub fn new(
        local: &LocalCloud,
        stack: &str,
        clock: Clock,
        token: &str,
        sessions: Vec<SimulatedSession>,
        computations: Vec<SimulatedComputation>,
    ) -> SimulatedPlatform {
        let session = |is| Session { is, saving: None, last_save: None, stopping: None };
        let computation = |is| Computation { is, stopping: None };
        let state = State {
            sessions: sessions.into_iter().map(session).collect(),
            computations: computations.into_iter().map(computation).collect(),
            ..State::default()
        };
        SimulatedPlatform {
            state: Arc::new(Mutex::new(state)),
            local: local.clone(),
            stack: stack.to_owned(),
            clock,
            token: token.to_owned(),
        }
    }

    /// Another one that goes on from here, before another cloud and by another clock.
    #[must_use]
    pub fn fork(&self, local: &LocalCloud, clock: Clock) -> SimulatedPlatform {
        let state = Arc::new(Mutex::new(self.lock().clone()));
        SimulatedPlatform {
            state,
            local: local.clone(),
            stack: self.stack.clone(),
            clock,
            token: self.token.clone(),
        }
    }

    /// The program's own client of it.
    ///
    /// # Errors
    /// The token can't be sent.
    pub fn adapter(&self, kind: &'static AdapterKind) -> Result<Adapter, CliError> {
        let platform = self.clone();
        let handler = move |request| -> platform::InProcessAnswer {
            let platform = platform.clone();
            Box::pin(async move { platform.answer(&request).await })
        };
        self.adapter_over(kind, Arc::new(handler))
    }

    /// A client that reaches it in another way.
    ///
    /// # Errors
    /// The token can't be sent.
    pub fn adapter_over(
        &self,
        kind: &'static AdapterKind,
        handler: InProcessHandler,
    ) -> Result<Adapter, CliError> {
        let config = PlatformConfig {
            adapter: kind,
            url: "http://localhost:4000".to_owned(),
            token: Secret::new(self.token.clone()),
            ca_file: None,
            timeout: PATIENCE,
        };
        Ok(Adapter::in_process(config, handler)?)
    }

    /// Requests are counted from here, and meet these.
    pub fn begin(&self, faults: Vec<Fault>) {
        self.lock().requests.clear();
        self.meet(faults);
    }

    /// Requests, counted as they are, meet these.
    pub fn meet(&self, faults: Vec<Fault>) {
        self.lock().faults = faults;
    }

    /// Computations end, and saves take as long, as these circumstances have it, from now on.
    pub fn live_through(&self, circumstances: &Circumstances) {
        let now = self.clock.now();
        let mut state = self.lock();
        for computation in &mut state.computations {
            let after = circumstances.ends_after(&computation.is.id);
            let after = after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
            computation.is.ends_at = after.map(|after| Timestamp(now.0.saturating_add(after)));
        }
        for session in &mut state.sessions {
            let usual = Duration::from_millis(session.is.saving_milliseconds);
            let lasts = usual.mul_f64(circumstances.saving(&session.is.id)).as_millis();
            session.is.saving_milliseconds = u64::try_from(lasts).unwrap_or(u64::MAX);
        }
    }

    /// Whether it says of itself that it is well.
    pub fn be_healthy(&self, healthy: bool) {
        self.lock().unhealthy = !healthy;
    }

    /// Every request since [`SimulatedPlatform::begin`], as `METHOD path`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.lock().requests.clone()
    }

    /// What must never happen, and did.
    #[must_use]
    pub fn wrongs(&self) -> Vec<String> {
        self.lock().wrongs.clone()
    }

    /// How many sessions and computations there are.
    #[must_use]
    pub fn at_work(&self) -> (usize, usize) {
        let mut state = self.lock();
        state.catch_up(self.clock.now().0);
        (state.sessions.len(), state.computations.len())
    }

    /// Whether a session is being stopped, or has been.
    #[must_use]
    pub fn is_disturbed(&self) -> bool {
        self.lock().disturbed
    }

    /// The banner's text.
    #[must_use]
    pub fn banner(&self) -> Option<String> {
        self.lock().banner.as_ref().and_then(|banner| banner["text"].as_str().map(str::to_owned))
    }

    /// Its administrator shows a banner of their own.
    pub fn show(&self, text: &str) {
        self.lock().banner = Some(json!({"text": text, "level": "info", "from": null, "until": null}));
    }

    /// Who was shown a notice.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        self.lock().notices.clone()
    }

    /// When something changes by itself, at the earliest.
    #[must_use]
    pub fn next_change(&self) -> Option<Timestamp> {
        let state = self.lock();
        let sessions = state.sessions.iter();
        let saves = sessions.clone().filter_map(|session| session.saving.map(|(at, _)| at));
        let stops = sessions.filter_map(|session| session.stopping);
        let computations = state.computations.iter().filter_map(Computation::ends_at);
        saves.chain(stops).chain(computations).min().map(Timestamp)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answer a request; never where the answer is to be lost.
    pub async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let (response, mishap) = self.answer_at_once(request);
        match mishap {
            Some(Mishap::Silence | Mishap::LostResponse) => std::future::pending().await,
            Some(Mishap::Throttled | Mishap::ServerError | Mishap::ExpiredToken | Mishap::Denied) | None => {
                response
            }
        }
    }

    /// What a request is answered, with what befalls it.
    #[must_use]
    pub fn answer_at_once(&self, request: &Request<Bytes>) -> (Response<Bytes>, Option<Mishap>) {
        let number = self.lock().requests.len();
        let mishap = self.lock().faults.iter().find(|fault| fault.at == number).map(|fault| fault.mishap);
        (self.answer_with(request, mishap), mishap)
    }

    /// What a request is answered that this befalls.
    #[must_use]
    pub fn answer_with(&self, request: &Request<Bytes>, mishap: Option<Mishap>) -> Response<Bytes> {
        let version = self.version();
        let now = self.clock.now().0;
        let mut state = self.lock();
        state.catch_up(now);
        state.requests.push(format!("{} {}", request.method(), request.uri().path()));
        let refused = match mishap {
            Some(Mishap::Throttled) => Some((429, "slow down")),
            Some(Mishap::ServerError) => Some((503, "starting")),
            Some(Mishap::ExpiredToken) => Some((401, "the token has expired")),
            Some(Mishap::Denied) => Some((403, "this token may not")),
            Some(Mishap::Silence) => Some((504, "nobody hears this")),
            Some(Mishap::LostResponse) | None => None,
        };
        if let Some((status, title)) = refused {
            return problem(status, title);
        }
        let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let is_known = authorization
            .is_some_and(|word| word == format!("Bearer {}", self.token) || word.starts_with("Basic "));
        if !is_known {
            return problem(401, "who are you?");
        }
        let path = request.uri().path();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["slackwater", "v1", rest @ ..] => state.contract(request, rest, version.as_deref(), now),
            ["api", "v1", rest @ ..] => state.code_ocean(request, rest, now),
            _ => state.unknown(request),
        }
    }

    /// That of the template that the stack has.
    fn version(&self) -> Option<String> {
        let version = self.local.inspect(|world| {
            let stack = world.cloudformation.find(&self.stack)?;
            stack.definition.as_ref()?.template.version_info().map(|info| info.version)
        });
        version.ok().flatten()
    }
}

impl State {
    /// Let saves and stops end that are due.
    fn catch_up(&mut self, now: u64) {
        for session in &mut self.sessions {
            if let Some((_, succeeds)) = session.saving.filter(|(at, _)| *at <= now) {
                session.saving = None;
                session.last_save = Some(succeeds);
                if succeeds {
                    session.is.unsaved = 0;
                }
            }
        }
        self.sessions.retain(|session| session.stopping.is_none_or(|at| at > now));
        self.computations.retain(|computation| computation.ends_at().is_none_or(|at| at > now));
    }

    fn contract(
        &mut self,
        request: &Request<Bytes>,
        segments: &[&str],
        version: Option<&str>,
        now: u64,
    ) -> Response<Bytes> {
        let method = request.method();
        match segments {
            ["platform"] if method == Method::GET => {
                let health = if self.unhealthy { "down" } else { "ok" };
                answer(200, &json!({"version": version, "health": health, "detail": null}))
            }
            ["sessions"] if method == Method::GET => {
                let sessions: Vec<Value> = self.sessions.iter().map(Session::shown).collect();
                answer(200, &json!({"sessions": sessions, "next_cursor": null}))
            }
            ["sessions", id, act] if method == Method::POST => {
                let Some(session) = self.sessions.iter_mut().find(|session| session.is.id == *id) else {
                    return problem(404, "no such session");
                };
                match *act {
                    "save" if session.saving.is_none() => {
                        let fails = session.is.saves_that_fail > 0;
                        session.is.saves_that_fail = session.is.saves_that_fail.saturating_sub(1);
                        session.saving = Some((now + session.is.saving_milliseconds, !fails));
                    }
                    "stop" => {
                        if session.is.unsaved > 0 || session.last_save == Some(false) {
                            self.wrongs.push(format!("{id} was stopped before its save"));
                        }
                        session.stopping.get_or_insert(now + STOPPING_MILLISECONDS);
                        self.disturbed = true;
                    }
                    "notice" => self.notices.push((*id).to_owned()),
                    _ => {}
                }
                answer(202, &json!({}))
            }
            ["computations"] if method == Method::GET => {
                let shown = |one: &Computation| {
                    let state = if one.stopping.is_some() { "stopping" } else { "running" };
                    json!({"id": one.is.id, "name": one.is.id, "owner": one.is.owner, "state": state, "started_at": null})
                };
                let computations: Vec<Value> = self.computations.iter().map(shown).collect();
                answer(200, &json!({"computations": computations, "next_cursor": null}))
            }
            ["computations", id, "stop"] if method == Method::POST => match self.stop(id, now) {
                true => answer(202, &json!({})),
                false => problem(404, "no such computation"),
            },
            ["banner"] if method == Method::GET => match &self.banner {
                Some(banner) => answer(200, banner),
                None => problem(404, "no banner"),
            },
            ["banner"] if method == Method::PUT => {
                self.banner = serde_json::from_slice(request.body()).ok();
                answer(204, &Value::Null)
            }
            ["banner"] if method == Method::DELETE => {
                self.banner = None;
                answer(204, &Value::Null)
            }
            _ => self.unknown(request),
        }
    }

    /// Code Ocean's API as the adapter uses it: everything runs in one capsule.
    fn code_ocean(&mut self, request: &Request<Bytes>, segments: &[&str], now: u64) -> Response<Bytes> {
        const CAPSULE: &str = "rehearsed";
        let method = request.method();
        let workstation = |one: &Session| json!({"id": one.is.id, "name": one.is.id, "owner": one.is.owner, "state": "running", "cloud_workstation": true});
        let run = |one: &Computation| json!({"id": one.is.id, "name": one.is.id, "owner": one.is.owner, "state": "running", "cloud_workstation": false});
        match segments {
            ["capsules", "search"] if method == Method::POST => {
                let results = json!([{"id": CAPSULE, "name": CAPSULE}]);
                answer(200, &json!({"has_more": false, "results": results}))
            }
            ["pipelines", "search"] if method == Method::POST => {
                answer(200, &json!({"has_more": false, "results": []}))
            }
            ["capsules", _, "computations"] if method == Method::GET => {
                let all = self.sessions.iter().map(workstation).chain(self.computations.iter().map(run));
                answer(200, &Value::Array(all.collect()))
            }
            ["computations", id] if method == Method::GET => {
                let session = self.sessions.iter().find(|one| one.is.id == *id).map(workstation);
                let found =
                    session.or_else(|| self.computations.iter().find(|one| one.is.id == *id).map(run));
                found.map_or_else(|| problem(404, "no such computation"), |found| answer(200, &found))
            }
            ["computations", id] if method == Method::DELETE => {
                if let Some(session) = self.sessions.iter_mut().find(|one| one.is.id == *id) {
                    session.stopping.get_or_insert(now + STOPPING_MILLISECONDS);
                    self.disturbed = true;
                    return answer(204, &Value::Null);
                }
                match self.stop(id, now) {
                    true => answer(204, &Value::Null),
                    false => problem(404, "no such computation"),
                }
            }
            _ => self.unknown(request),
        }
    }

    fn stop(&mut self, id: &str, now: u64) -> bool {
        let found = self.computations.iter_mut().find(|one| one.is.id == id);
        found.map(|one| one.stopping.get_or_insert(now + STOPPING_MILLISECONDS)).is_some()
    }

    fn unknown(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        self.wrongs.push(format!("the platform has no {} {}", request.method(), request.uri().path()));
        problem(404, "there is nothing here")
    }
}

impl Session {
    fn shown(&self) -> Value {
        let state = match (self.saving, self.stopping) {
            (_, Some(_)) => "stopping",
            (Some(_), None) => "saving",
            (None, None) => "running",
        };
        let last_save = self.last_save.map(|succeeded| {
            json!({"at": "2026-01-01T00:00:00Z", "succeeded": succeeded, "error": (!succeeded).then_some("disk full")})
        });
        let SimulatedSession { id, owner, unsaved, .. } = &self.is;
        json!({
            "id": id, "name": id, "owner": owner, "state": state, "started_at": null,
            "unsaved": *unsaved > 0, "unsaved_items": unsaved, "last_save": last_save,
        })
    }
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    respond(status, "application/json", body)
}

fn problem(status: u16, title: &str) -> Response<Bytes> {
    let body = Bytes::from(json!({"title": title, "status": status}).to_string());
    respond(status, "application/problem+json", body)
}

fn respond(status: u16, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::OK);
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}
