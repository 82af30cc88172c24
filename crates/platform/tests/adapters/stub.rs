//! A platform that speaks the contract: two entries a page, saves that take effect at the second look, and a log of
//! what was said, for the comparison with `openapi.yaml`.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{Method, Request, Response};
use platform::InProcessHandler;
use serde_json::{Value, json};

use crate::server::{TOKEN, answer, handler};

const PAGE: usize = 2;

/// One request and its answer.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Exchange {
    pub method: String,
    pub path: String,
    pub query: String,
    pub request: Option<Value>,
    pub status: u16,
    pub media_type: Option<String>,
    pub response: Option<Value>,
}

#[derive(Default)]
pub struct Platform {
    pub sessions: Vec<Value>,
    pub computations: Vec<Value>,
    pub banner: Option<Value>,
    /// Sessions whose save is under way, and whether it will succeed.
    saving: Vec<(String, bool)>,
    /// Sessions that can't be saved.
    pub unsavable: Vec<String>,
    pub notices: Vec<Value>,
    pub exchanges: Vec<Exchange>,
}

#[derive(Clone, Default)]
pub struct Stub(Arc<Mutex<Platform>>);

impl Stub {
    /// Five sessions and three computations; the last of each has ended, which a list leaves out.
    pub fn populated() -> Stub {
        let stub = Stub::default();
        let mut platform = stub.lock();
        for (number, state, unsaved) in
            [(1, "running", json!(true)), (2, "running", json!(false)), (3, "stopping", json!(true))]
        {
            platform.sessions.push(session(number, state, &unsaved));
        }
        // This one can't tell.
        platform.sessions.push(session(4, "running", &json!(null)));
        platform.sessions.push(session(5, "stopped", &json!(false)));
        for (number, state) in [(1, "queued"), (2, "running"), (3, "succeeded")] {
            platform.computations.push(json!({
                "id": format!("c/{number}"), "name": format!("Run {number}"), "owner": "ada@example.org",
                "state": state, "started_at": null,
            }));
        }
        drop(platform);
        stub
    }

    pub fn lock(&self) -> MutexGuard<'_, Platform> {
        self.0.lock().expect("no test panicked inside")
    }

    pub fn handler(&self) -> InProcessHandler {
        let stub = self.clone();
        handler(move |request| {
            let mut platform = stub.lock();
            let response = platform.answer(&request);
            platform.log(&request, &response);
            response
        })
    }
}

fn session(number: u32, state: &str, unsaved: &Value) -> Value {
    json!({
        "id": format!("s {number}"), "name": format!("Notebook {number}"), "owner": "ada@example.org",
        "state": state, "started_at": "2026-03-01T20:00:00Z", "last_active_at": "2026-03-01T21:59:00Z",
        "unsaved": unsaved, "unsaved_items": if *unsaved == json!(true) { 3 } else { 0 }, "last_save": null,
    })
}

impl Platform {
    fn answer(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        if authorization != Some(&format!("Bearer {TOKEN}")) {
            return problem(401, "no such token");
        }
        let path = request.uri().path().to_owned();
        let Some(path) = path.strip_prefix("/slackwater/v1/") else {
            return answer(404, "text/html", "<h1>Not here</h1>");
        };
        let decoded: Vec<String> = path
            .split('/')
            .map(|segment| {
                percent_encoding::percent_decode_str(segment).decode_utf8().expect("UTF-8").into_owned()
            })
            .collect();
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let body: Value = serde_json::from_slice(request.body()).unwrap_or(Value::Null);
        match (request.method(), segments.as_slice()) {
            (&Method::GET, ["platform"]) => {
                ok(&json!({"name": "Stub", "version": "3.7.0", "health": "degraded",
                "detail": "one worker is missing"}))
            }
            (&Method::GET, ["sessions"]) => {
                self.finish_saves();
                page("sessions", &self.sessions, &["stopped"], request)
            }
            (&Method::GET, ["computations"]) => {
                page("computations", &self.computations, &["succeeded", "failed", "stopped"], request)
            }
            (&Method::POST, ["sessions", id, "save"]) => match find(&mut self.sessions, id) {
                Some(session) => {
                    session["state"] = json!("saving");
                    self.saving.push(((*id).to_owned(), !self.unsavable.contains(&(*id).to_owned())));
                    answer(202, "application/json", "")
                }
                None => problem(404, "no such session"),
            },
            (&Method::POST, ["sessions", id, "stop"]) => stop(&mut self.sessions, id),
            (&Method::POST, ["computations", id, "stop"]) => stop(&mut self.computations, id),
            (&Method::POST, ["sessions", id, "notice"]) => match find(&mut self.sessions, id) {
                Some(_) => {
                    self.notices.push(body);
                    no_content()
                }
                None => problem(404, "no such session"),
            },
            (&Method::GET, ["banner"]) => match &self.banner {
                Some(banner) => ok(banner),
                None => problem(404, "no banner"),
            },
            (&Method::PUT, ["banner"]) => {
                self.banner = Some(body);
                no_content()
            }
            (&Method::DELETE, ["banner"]) => match self.banner.take() {
                Some(_) => no_content(),
                None => problem(404, "no banner"),
            },
            _ => problem(404, "no such route"),
        }
    }

    /// What was asked for before this look is done by now.
    fn finish_saves(&mut self) {
        for (id, succeeds) in std::mem::take(&mut self.saving) {
            if let Some(session) = find(&mut self.sessions, &id) {
                session["state"] = json!("running");
                let error = if succeeds { Value::Null } else { json!("the disk is full") };
                session["last_save"] =
                    json!({"at": "2026-03-01T22:00:00Z", "succeeded": succeeds, "error": error});
                if succeeds {
                    session["unsaved"] = json!(false);
                    session["unsaved_items"] = json!(0);
                }
            }
        }
    }

    fn log(&mut self, request: &Request<Bytes>, response: &Response<Bytes>) {
        let media_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        self.exchanges.push(Exchange {
            method: request.method().as_str().to_lowercase(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            request: serde_json::from_slice(request.body()).ok(),
            status: response.status().as_u16(),
            media_type: media_type.map(str::to_owned),
            response: serde_json::from_slice(response.body()).ok(),
        });
    }
}

fn find<'a>(entries: &'a mut [Value], id: &str) -> Option<&'a mut Value> {
    entries.iter_mut().find(|entry| entry["id"] == id && entry["state"] != "stopped")
}

fn stop(entries: &mut [Value], id: &str) -> Response<Bytes> {
    match find(entries, id) {
        Some(entry) => {
            entry["state"] = json!("stopped");
            answer(202, "application/json", "")
        }
        None => problem(404, "no such thing"),
    }
}

fn page(name: &str, entries: &[Value], ended: &[&str], request: &Request<Bytes>) -> Response<Bytes> {
    let query = request.uri().query().unwrap_or_default();
    let cursor = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "cursor");
    // A cursor that must be escaped on its way.
    let from: usize =
        cursor.map_or(0, |(_, value)| value.strip_prefix("a&b=").expect("ours").parse().expect("ours"));
    let open: Vec<&Value> =
        entries.iter().filter(|entry| !ended.iter().any(|state| entry["state"] == *state)).collect();
    let next = (from + PAGE < open.len()).then(|| format!("a&b={}", from + PAGE));
    let shown: Vec<&Value> = open.into_iter().skip(from).take(PAGE).collect();
    ok(&json!({ name: shown, "next_cursor": next }))
}

fn ok(body: &Value) -> Response<Bytes> {
    answer(200, "application/json", body.to_string())
}

fn no_content() -> Response<Bytes> {
    Response::builder().status(204).body(Bytes::new()).expect("a response")
}

fn problem(status: u16, detail: &str) -> Response<Bytes> {
    let body = json!({"type": "about:blank", "title": "Refused", "status": status, "detail": detail});
    answer(status, "application/problem+json", body.to_string())
}
