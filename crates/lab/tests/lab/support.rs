//! The web service and workers as processes, and a browser of a few lines.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use lab::http_client::send;
use serde_json::Value;

pub const ADMIN_TOKEN: &str = "an admin's token of the tests";
pub const WORKER_TOKEN: &str = "a worker's token of the tests";

/// A program of the lab, killed with the value.
pub struct Program(pub Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

impl Program {
    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.0.id().to_string()]).status().expect("kill runs");
        assert!(status.success());
    }

    /// SIGTERM, and wait for the end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal("-TERM");
        self.0.wait().expect("it ends")
    }
}

pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(arguments).env("LAB_ADMIN_TOKEN", ADMIN_TOKEN).env("LAB_WORKER_TOKEN", WORKER_TOKEN);
    command
}

/// A running web service.
pub struct Web {
    pub process: Program,
    pub users: String,
    pub admin: String,
}

impl Web {
    /// Started; not yet ready.
    pub fn start(release: &str, data: &Path, more: &[&str]) -> Web {
        let data = data.to_str().expect("UTF-8");
        let common = ["web", "--release", release, "--data", data];
        let listen = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let mut process = program(&[&common[..], &listen[..], more].concat())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the web service starts");
        let output = process.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines();
        let line = lines.next().expect("a line").expect("text");
        // The rest is read so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let mut words = line.split_whitespace().filter(|word| word.starts_with("http://"));
        let users = words.next().expect("the users' address").to_owned();
        let admin = words.next().expect("the internal address").to_owned();
        Web { process: Program(process), users, admin }
    }

    /// Started and ready.
    pub async fn ready(release: &str, data: &Path) -> Web {
        let web = Web::start(release, data, &[]);
        web.wait_ready().await;
        web
    }

    pub async fn wait_ready(&self) {
        until("the web service is ready", async || {
            get(&format!("{}/healthz", self.users)).await.status() == 200
        })
        .await;
    }

    /// Ask the contract.
    pub async fn contract(&self, method: &str, path: &str, body: &str) -> Response<Bytes> {
        self.contract_as(ADMIN_TOKEN, method, path, body).await
    }

    pub async fn contract_as(&self, token: &str, method: &str, path: &str, body: &str) -> Response<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/slackwater/v1/{path}", self.admin))
            .header("authorization", format!("Bearer {token}"))
            .body(Bytes::from(body.to_owned()))
            .expect("a request");
        send(request).await.expect("an answer")
    }

    /// The contract's entry of the session.
    pub async fn session(&self, id: &str) -> Value {
        let list = json(&self.contract("GET", "sessions?state=all", "").await);
        let sessions = list["sessions"].as_array().expect("a list").clone();
        sessions.into_iter().find(|session| session["id"] == id).expect("the session")
    }

    pub async fn session_is(&self, id: &str, state: &str) {
        until(&format!("the session is {state}"), async || self.session(id).await["state"] == state).await;
    }

    pub async fn sign_in(&self, name: &str) -> Browser {
        let mut browser = Browser { base: self.users.clone(), cookie: String::new() };
        let answer = browser.form("/sign-in", &[("name", name)]).await;
        let cookie = answer.headers().get("set-cookie").expect("a cookie").to_str().expect("text");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        browser.cookie = cookie.split(';').next().expect("a pair").to_owned();
        browser
    }

    /// A worker of this web service.
    pub fn worker(&self, name: &str, scratch: &Path) -> Program {
        let scratch = scratch.to_str().expect("UTF-8");
        let arguments = ["worker", "--web", &self.admin, "--name", name, "--scratch", scratch];
        Program(program(&arguments).stdout(Stdio::null()).spawn().expect("the worker starts"))
    }
}

/// A person's browser.
pub struct Browser {
    base: String,
    cookie: String,
}

impl Browser {
    /// The same person at another web service.
    pub fn at(&self, web: &Web) -> Browser {
        Browser { base: web.users.clone(), cookie: self.cookie.clone() }
    }

    pub async fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Response<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .header("content-type", kind)
            .body(Bytes::from(body.to_owned()))
            .expect("a request");
        send(request).await.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Response<Bytes> {
        self.send("GET", path, "text/plain", "").await
    }

    pub async fn page(&self, path: &str) -> String {
        text(&self.get(path).await)
    }

    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Response<Bytes> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", path, "application/x-www-form-urlencoded", &body).await
    }

    /// Open a new session; gives its id.
    pub async fn new_session(&self, name: &str) -> String {
        self.created("/sessions", &[("name", name)]).await
    }

    /// Run a command; gives the computation's id.
    pub async fn run(&self, name: &str, command: &str) -> String {
        self.created("/computations", &[("name", name), ("command", command)]).await
    }

    async fn created(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.form(path, fields).await;
        let place = answer.headers().get("location").unwrap_or_else(|| panic!("{}", text(&answer)));
        place.to_str().expect("text").rsplit('/').next().expect("an id").to_owned()
    }

    pub async fn edit(&self, session: &str, path: &str, words: &str) -> Response<Bytes> {
        self.send("PUT", &format!("/sessions/{session}/files/{path}"), "text/plain", words).await
    }

    pub async fn live(&self, session: &str) -> Value {
        json(&self.get(&format!("/sessions/{session}/live")).await)
    }

    pub async fn command(&self, session: &str, command: &str) {
        let body = serde_json::json!({"command": command}).to_string();
        let path = format!("/sessions/{session}/commands");
        assert_eq!(self.send("POST", &path, "application/json", &body).await.status(), 202);
    }

    pub async fn output_has(&self, session: &str, words: &str) {
        until(&format!("the terminal shows {words:?}"), async || {
            self.live(session).await["output"].as_str().is_some_and(|output| output.contains(words))
        })
        .await;
    }
}

pub async fn get(uri: &str) -> Response<Bytes> {
    send(Request::get(uri).body(Bytes::new()).expect("a request")).await.expect("an answer")
}

pub fn text(answer: &Response<Bytes>) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

pub fn json(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_else(|_| panic!("{}: {}", answer.status(), text(answer)))
}

/// Wait for something that comes within half a minute.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("in vain: {what}");
}

/// Whether a process of this id is there and no zombie.
pub fn is_alive(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

/// A program of the tests' virtual environment.
pub fn peer(name: &str) -> PathBuf {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let program = venv.join("bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: run the tests with tools/test, which installs it",
        program.display()
    );
    program
}
