//! People who work with the lab, through its own pages, as their browsers would.

use std::time::Duration;

use bytes::Bytes;
use conductor::Clock;
use http::{Request, Response};
use serde_json::Value;

use super::http_client::{DemoError, LabClient, good};

/// Between two looks at something that is waited for.
const LOOK: Duration = Duration::from_millis(100);

/// Wait until something is so; `holds` gives what it found instead.
pub(super) async fn until(
    clock: &Clock,
    what: &str,
    seconds: u64,
    mut holds: impl AsyncFnMut() -> Result<(), String>,
) -> Result<(), DemoError> {
    let began = clock.now();
    loop {
        let Err(last) = holds().await else { return Ok(()) };
        if clock.now().milliseconds_since(began) > seconds * 1000 {
            return Err(DemoError::InVain { what: what.to_owned(), seconds, last: Some(last) });
        }
        clock.sleep(LOOK).await;
    }
}

/// Somebody, signed in.
#[derive(Debug, Clone)]
pub(super) struct Person {
    client: LabClient,
    base: String,
    cookie: String,
    /// Their name.
    pub name: String,
}

/// A file that somebody has typed and not saved.
#[derive(Debug, Clone)]
pub(super) struct UnsavedFile {
    /// Whose: the place among the people.
    pub owner: usize,
    /// The session's id.
    pub session: String,
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Person {
    /// Sign in at the lab's public address.
    pub(super) async fn sign_in(client: &LabClient, base: &str, name: &str) -> Result<Person, DemoError> {
        let mut person = Person {
            client: client.clone(),
            base: base.trim_end_matches('/').to_owned(),
            cookie: String::new(),
            name: name.to_owned(),
        };
        let answer = person.form("/sign-in", &[("name", name)]).await?;
        let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        person.cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
        Ok(person)
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: String,
    ) -> Result<Response<Bytes>, DemoError> {
        let url = format!("{}{path}", self.base);
        let request = Request::builder()
            .method(method)
            .uri(&url)
            .header("cookie", &self.cookie)
            .header("content-type", kind)
            .body(Bytes::from(body))
            .map_err(|error| DemoError::NoAnswer { url: url.clone(), reason: error.to_string() })?;
        good(&url, self.client.send(request).await?)
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Response<Bytes>, DemoError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", path, "application/x-www-form-urlencoded", body).await
    }

    /// What a form has made: its id, from where the answer leads.
    async fn created(&self, path: &str, fields: &[(&str, &str)]) -> Result<String, DemoError> {
        let answer = self.form(path, fields).await?;
        let place =
            answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(place.rsplit('/').next().unwrap_or_default().to_owned())
    }

    /// Open a new session.
    pub(super) async fn new_session(&self, name: &str) -> Result<String, DemoError> {
        self.created("/sessions", &[("name", name)]).await
    }

    /// Open a session again that was stopped.
    pub(super) async fn open(&self, session: &str) -> Result<(), DemoError> {
        self.form(&format!("/sessions/{session}/open"), &[]).await.map(drop)
    }

    /// Type into a file, without saving it.
    pub(super) async fn edit(&self, session: &str, path: &str, words: &str) -> Result<(), DemoError> {
        let path = format!("/sessions/{session}/files/{path}");
        self.send("PUT", &path, "text/plain", words.to_owned()).await.map(drop)
    }

    /// A file's text as the session shows it.
    pub(super) async fn file(&self, session: &str, path: &str) -> Result<String, DemoError> {
        let answer = self
            .send("GET", &format!("/sessions/{session}/files/{path}"), "text/plain", String::new())
            .await?;
        let document: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        Ok(document.get("text").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Let a session's shell do something.
    pub(super) async fn command(&self, session: &str, command: &str) -> Result<(), DemoError> {
        let body = serde_json::json!({"command": command}).to_string();
        self.send("POST", &format!("/sessions/{session}/commands"), "application/json", body).await.map(drop)
    }

    /// Run a computation on a worker.
    pub(super) async fn run(&self, name: &str, command: &str) -> Result<String, DemoError> {
        self.created("/computations", &[("name", name), ("command", command)]).await
    }

    /// Submit a job to AWS Batch.
    pub(super) async fn submit(&self, kind: &str) -> Result<(), DemoError> {
        self.form("/jobs", &[("kind", kind)]).await.map(drop)
    }
}
