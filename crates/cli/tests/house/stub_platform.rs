//! A platform in this process that speaks the contract of `crates/platform/openapi.yaml`: sessions with unsaved work that
//! take time to save, computations, a banner, notices, and the version of the release that its stack has. It writes down
//! what was done to it, and what should never have been.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use conductor::Clock;
use http::{Method, Request, Response};
use localcloud::LocalCloud;
use platform::{Adapter, PlatformConfig, Secret};
use serde_json::{Value, json};

/// What stands in the `Authorization` header; recognizable wherever it leaks.
pub const TOKEN: &str = "tok-Xy7-PLATFORM-SECRET-hunter2";

/// How long a save takes, and a stop.
const SAVING: u64 = 20_000;
const STOPPING: u64 = 4_000;

/// A platform that doesn't answer is given up after this.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a request meets instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The request of this number (from 0) meets this.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub at: usize,
    pub mishap: Mishap,
}

#[derive(Debug, Clone)]
struct Session {
    id: String,
    owner: String,
    unsaved: u32,
    /// When the save that is under way ends, and whether it succeeds.
    saving: Option<(u64, bool)>,
    saves_that_fail: u32,
    last_save: Option<bool>,
    stopping: Option<u64>,
}

#[derive(Debug, Clone)]
struct Computation {
    id: String,
    owner: String,
    stopping: Option<u64>,
}

struct State {
    sessions: Vec<Session>,
    computations: Vec<Computation>,
    banner: Option<Value>,
    notices: Vec<String>,
    /// What must never happen, and did.
    wrongs: Vec<String>,
    /// Every request since the last [`StubPlatform::begin`], as `METHOD path`.
    requests: Vec<String>,
    faults: Vec<Fault>,
    healthy: bool,
}

/// The platform of one stack.
#[derive(Clone)]
pub struct StubPlatform {
    state: Arc<Mutex<State>>,
    local: LocalCloud,
    stack: String,
    clock: Clock,
}

impl StubPlatform {
    /// Five sessions with unsaved work, of which one's first save fails, and three computations.
    pub fn of(local: &LocalCloud, stack: &str, clock: Clock) -> StubPlatform {
        let owners = ["ada@example.com", "grace@example.com", "rosalind@example.com"];
        let owner = |number: usize| owners.iter().cycle().nth(number).copied().unwrap_or_default().to_owned();
        let session = |number: usize| Session {
            id: format!("session-{number}"),
            owner: owner(number),
            unsaved: 1 + u32::try_from(number).unwrap_or(0),
            saving: None,
            saves_that_fail: u32::from(number == 3),
            last_save: None,
            stopping: None,
        };
        let computation =
            |number: usize| Computation { id: format!("run-{number}"), owner: owner(number), stopping: None };
        let state = State {
            sessions: (0..5).map(session).collect(),
            computations: (0..3).map(computation).collect(),
            banner: None,
            notices: Vec::new(),
            wrongs: Vec::new(),
            requests: Vec::new(),
            faults: Vec::new(),
            healthy: true,
        };
        StubPlatform {
            state: Arc::new(Mutex::new(state)),
            local: local.clone(),
            stack: stack.to_owned(),
            clock,
        }
    }

    /// The program's own client of it.
    pub fn adapter(&self) -> Adapter {
        let config = PlatformConfig {
            adapter: &platform::HTTP,
            url: "http://localhost:4000".to_owned(),
            token: Secret::new(TOKEN.to_owned()),
            ca_file: None,
            timeout: PATIENCE,
        };
        let platform = self.clone();
        let handler = move |request| -> platform::InProcessAnswer {
            let platform = platform.clone();
            Box::pin(async move { platform.answer(&request).await })
        };
        Adapter::in_process(config, Arc::new(handler)).expect("a sound configuration")
    }

    /// A client of it over somebody's lines.
    pub fn adapter_over(&self, lines: &crate::simulation::Lines) -> Adapter {
        let config = PlatformConfig {
            adapter: &platform::HTTP,
            url: "http://localhost:4000".to_owned(),
            token: Secret::new(TOKEN.to_owned()),
            ca_file: None,
            timeout: PATIENCE,
        };
        let (platform, lines) = (self.clone(), lines.clone());
        let handler = move |request: Request<Bytes>| -> platform::InProcessAnswer {
            let (platform, lines) = (platform.clone(), lines.clone());
            Box::pin(async move {
                let last = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
                let name = format!("platform:/{last}");
                let answered =
                    lines.carry(request, name, move |request| platform.answer_at_once(&request).0).await;
                match answered {
                    Ok(response) => response,
                    // Whoever waits gives up by their own patience.
                    Err(_) => std::future::pending().await,
                }
            })
        };
        Adapter::in_process(config, Arc::new(handler)).expect("a sound configuration")
    }

    /// Requests are counted from here, and meet these.
    pub fn begin(&self, faults: Vec<Fault>) {
        let mut state = self.lock();
        state.requests.clear();
        state.faults = faults;
    }

    /// Whether it says of itself that it is well.
    pub fn be_healthy(&self, healthy: bool) {
        self.lock().healthy = healthy;
    }

    /// Every request since [`StubPlatform::begin`].
    pub fn requests(&self) -> Vec<String> {
        self.lock().requests.clone()
    }

    /// What must never happen, and did.
    pub fn wrongs(&self) -> Vec<String> {
        self.lock().wrongs.clone()
    }

    /// How many sessions and computations there are.
    pub fn at_work(&self) -> (usize, usize) {
        let mut state = self.lock();
        state.catch_up(self.clock.now().0);
        (state.sessions.len(), state.computations.len())
    }

    /// Whether a session is being stopped, or has been.
    pub fn is_disturbed(&self) -> bool {
        let state = self.lock();
        state.sessions.len() < 5 || state.sessions.iter().any(|session| session.stopping.is_some())
    }

    /// The banner's text.
    pub fn banner(&self) -> Option<String> {
        self.lock().banner.as_ref().and_then(|banner| banner["text"].as_str().map(str::to_owned))
    }

    /// Its administrator shows a banner of their own.
    pub fn show(&self, text: &str) {
        self.lock().banner = Some(json!({"text": text, "level": "info", "from": null, "until": null}));
    }

    /// Who was shown a notice.
    pub fn notices(&self) -> Vec<String> {
        self.lock().notices.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds this")
    }

    async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let (response, mishap) = self.answer_at_once(request);
        match mishap {
            Some(Mishap::Silence | Mishap::LostResponse) => std::future::pending().await,
            Some(Mishap::Throttled | Mishap::ServerError | Mishap::ExpiredToken | Mishap::Denied) | None => {
                response
            }
        }
    }

    fn answer_at_once(&self, request: &Request<Bytes>) -> (Response<Bytes>, Option<Mishap>) {
        let version = self.version();
        let mut state = self.lock();
        state.catch_up(self.clock.now().0);
        let number = state.requests.len();
        state.requests.push(format!("{} {}", request.method(), request.uri().path()));
        let mishap = state.faults.iter().find(|fault| fault.at == number).map(|fault| fault.mishap);
        let refused = match mishap {
            Some(Mishap::Throttled) => Some((429, "slow down")),
            Some(Mishap::ServerError) => Some((503, "starting")),
            Some(Mishap::ExpiredToken) => Some((401, "the token has expired")),
            Some(Mishap::Denied) => Some((403, "this token may not")),
            Some(Mishap::Silence) => Some((504, "nobody hears this")),
            Some(Mishap::LostResponse) | None => None,
        };
        if let Some((status, title)) = refused {
            return (problem(status, title), mishap);
        }
        let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        if authorization != Some(&format!("Bearer {TOKEN}")) {
            return (problem(401, "who are you?"), mishap);
        }
        (state.handle(request, &version, self.clock.now().0), mishap)
    }

    /// That of the template that the stack has.
    fn version(&self) -> Option<String> {
        self.local
            .inspect(|world| {
                let stack = world.cloudformation.find(&self.stack)?;
                let template = &stack.definition.as_ref()?.template;
                template.version_info().map(|info| info.version)
            })
            .expect("a sound world")
    }
}

impl State {
    /// Let saves and stops end that are due.
    fn catch_up(&mut self, now: u64) {
        for session in &mut self.sessions {
            if let Some((at, succeeds)) = session.saving.filter(|(at, _)| *at <= now) {
                let _ended = at;
                session.saving = None;
                session.last_save = Some(succeeds);
                if succeeds {
                    session.unsaved = 0;
                }
            }
        }
        self.sessions.retain(|session| session.stopping.is_none_or(|at| at > now));
        self.computations.retain(|computation| computation.stopping.is_none_or(|at| at > now));
    }

    fn handle(&mut self, request: &Request<Bytes>, version: &Option<String>, now: u64) -> Response<Bytes> {
        let path = request.uri().path().strip_prefix("/slackwater/v1/").unwrap_or_default().to_owned();
        let segments: Vec<&str> = path.split('/').collect();
        let method = request.method();
        match segments.as_slice() {
            ["platform"] if method == Method::GET => {
                let health = if self.healthy { "ok" } else { "down" };
                answer(200, &json!({"version": version, "health": health, "detail": null}))
            }
            ["sessions"] if method == Method::GET => {
                let sessions: Vec<Value> = self.sessions.iter().map(Session::shown).collect();
                answer(200, &json!({"sessions": sessions, "next_cursor": null}))
            }
            ["sessions", id, act] if method == Method::POST => {
                let Some(session) = self.sessions.iter_mut().find(|session| session.id == *id) else {
                    return problem(404, "no such session");
                };
                match *act {
                    "save" if session.saving.is_none() => {
                        let fails = session.saves_that_fail > 0;
                        session.saves_that_fail = session.saves_that_fail.saturating_sub(1);
                        session.saving = Some((now + SAVING, !fails));
                    }
                    "stop" => {
                        if session.unsaved > 0 || session.last_save == Some(false) {
                            self.wrongs.push(format!("{id} was stopped before its save"));
                        }
                        session.stopping.get_or_insert(now + STOPPING);
                    }
                    "notice" => self.notices.push((*id).to_owned()),
                    _ => {}
                }
                answer(202, &json!({}))
            }
            ["computations"] if method == Method::GET => {
                let shown = |one: &Computation| {
                    let state = if one.stopping.is_some() { "stopping" } else { "running" };
                    json!({"id": one.id, "name": one.id, "owner": one.owner, "state": state, "started_at": null})
                };
                let computations: Vec<Value> = self.computations.iter().map(shown).collect();
                answer(200, &json!({"computations": computations, "next_cursor": null}))
            }
            ["computations", id, "stop"] if method == Method::POST => {
                let Some(one) = self.computations.iter_mut().find(|one| one.id == *id) else {
                    return problem(404, "no such computation");
                };
                one.stopping.get_or_insert(now + STOPPING);
                answer(202, &json!({}))
            }
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
            _ => {
                self.wrongs.push(format!("the contract has no {method} {path}"));
                problem(404, "there is nothing here")
            }
        }
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
        json!({
            "id": self.id, "name": self.id, "owner": self.owner, "state": state, "started_at": null,
            "unsaved": self.unsaved > 0, "unsaved_items": self.unsaved, "last_save": last_save,
        })
    }
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(body).expect("a sound response")
}

fn problem(status: u16, title: &str) -> Response<Bytes> {
    let body = Bytes::from(json!({"title": title, "status": status}).to_string());
    let response = Response::builder().status(status).header("content-type", "application/problem+json");
    response.body(body).expect("a sound response")
}
