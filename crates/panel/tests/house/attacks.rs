//! Attacks that every operation of the API must hold against, however many operations there are: the document names them.
//! What was tried and held is counted; `tools/attacks` prints the table.

use axum::body::Body;
use conductor::Clock;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode};
use panel::access::{Access, Role};
use serde_json::{Value, json};

use crate::served::{Browser, Served};

/// An operation of the document: method, address, the role that it needs.
struct Operation {
    method: Method,
    address: String,
    needs: String,
}

async fn operations(served: &Served, ada: &Browser) -> Vec<Operation> {
    let document = served.get("/api/v1/openapi.json", &ada.cookie).await;
    let document: Value = serde_json::from_str(&document.text).expect("JSON");
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let there = path.replace("{name}", "lab").replace("{person}", "ada").replace("{token_id}", "1");
        let parts = there.split('/').map(|part| if part.starts_with('{') { "none" } else { part });
        let address = format!("/api/v1{}", parts.collect::<Vec<_>>().join("/"));
        for (method, operation) in methods.as_object().expect("methods") {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let words = operation["description"].as_str().expect("text");
            let needs = words.split("Needs the role ").nth(1).and_then(|rest| rest.split('.').next());
            let needs = needs.expect("a role").to_owned();
            found.push(Operation { method, address: address.clone(), needs });
        }
    }
    assert!(found.len() >= 30, "{}", found.len());
    found
}

/// What was tried, and how much of it held.
#[derive(Default)]
struct Count {
    held: usize,
    tried: usize,
    fell: Vec<String>,
}

impl Count {
    fn of(&mut self, held: bool, what: impl FnOnce() -> String) {
        self.tried += 1;
        if held {
            self.held += 1;
        } else {
            self.fell.push(what());
        }
    }

    /// Say it, and fail where anything fell.
    fn told(self, group: &str) {
        println!("attacks: {group}: {} of {} held", self.held, self.tried);
        assert!(self.fell.is_empty(), "{group}: {:#?}", self.fell);
    }
}

/// Everything that is kept, to see whether anything was done.
fn kept(served: &Served) -> String {
    let access = Access::open(&served.access).expect("SQLite");
    let people: Vec<_> = access
        .people()
        .expect("readable")
        .into_iter()
        .map(|one| (one.name, one.role, one.disabled))
        .collect();
    let tokens: Vec<_> =
        access.tokens().expect("readable").into_iter().map(|one| (one.id, one.revoked)).collect();
    let banner = served.house.banner.lock().expect("no panic").clone();
    let (wishes, begun) = (
        served.house.wishes.lock().expect("no panic").len(),
        served.house.begun.lock().expect("no panic").len(),
    );
    format!("{people:?} {tokens:?} {banner:?} {wishes} {begun}")
}

fn asks(operation: &Operation, key: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let builder = Request::builder()
        .method(operation.method.clone())
        .uri(&operation.address)
        .header("host", "127.0.0.1:4590")
        .header("content-type", "application/json")
        .header("idempotency-key", format!("{key} {} {}", operation.method, operation.address));
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(Body::from(body.to_owned())).expect("a request")
}

/// What would do something, were it let through.
const BODY: &str = r#"{"text":"Hi","level":"info"}"#;

#[tokio::test]
async fn no_operation_answers_a_stranger_or_somebody_who_may_less() {
    let served = Served::new();
    let ada = served.set_up().await;
    let viewer = served.somebody(&ada, Role::Viewer).await;
    let operator = served.somebody(&ada, Role::Operator).await;
    let (access, now) = (Access::open(&served.access).expect("SQLite"), Clock::system().now());
    access.add_person("gone", Role::Admin, "hash", now).expect("new");
    let minted = |person: &str, at| {
        access.mint_token(person, "x", Role::Admin, 1, at).expect("minted").text().to_owned()
    };
    let long_ago = upgrade::Timestamp(now.0 - 2 * 86_400_000);
    let (shut_out, expired, revoked) = (minted("gone", now), minted("ada", long_ago), minted("ada", now));
    let ended = access.begin_session("ada", now).expect("begun").text().to_owned();
    access.end_session(&ended).expect("ended");
    let old = access.begin_session("ada", long_ago).expect("begun").text().to_owned();
    access.change_person("gone", Role::Admin, true).expect("ada remains");
    let id = access.tokens().expect("readable")[0].id;
    access.revoke_token(id).expect("there");
    let bearer = |secret: &str| ("authorization", format!("Bearer {secret}"));
    let session = |secret: &str| ("cookie", format!("slackwater={secret}"));
    let strangers = [
        ("x-nothing", String::new()),
        bearer(""),
        bearer("swt_0000000000000000000000000000000000000000000000000000000000000000"),
        bearer("' OR 1=1 --"),
        bearer(&shut_out),
        bearer(&expired),
        bearer(&revoked),
        bearer(&ended),
        ("authorization", "Basic YWRhOmEgc2VudGVuY2UgZG9lcyB3ZWxs".to_owned()),
        session(""),
        session("0000"),
        session(&ended),
        session(&old),
        session(&revoked),
    ];
    let (all, before) = (operations(&served, &ada).await, kept(&served));
    let mut count = Count::default();
    for operation in &all {
        for (number, (name, value)) in strangers.iter().enumerate() {
            let answer =
                served.ask(asks(operation, &format!("stranger-{number}"), &[(name, value)], BODY)).await;
            let held = answer.status == StatusCode::UNAUTHORIZED;
            count
                .of(held, || format!("{} {} {name}: {}", operation.method, operation.address, answer.status));
        }
        for (who, browser, may) in
            [("viewer", &viewer, &["viewer"][..]), ("operator", &operator, &["viewer", "operator"])]
        {
            if may.contains(&operation.needs.as_str()) {
                continue;
            }
            let headers = [
                ("cookie", browser.cookie.as_str()),
                ("origin", "http://127.0.0.1:4590"),
                ("x-form-token", &browser.form_token),
            ];
            let answer = served.ask(asks(operation, who, &headers, BODY)).await;
            let held = answer.status == StatusCode::FORBIDDEN;
            count.of(held, || format!("{} {} {who}: {}", operation.method, operation.address, answer.status));
        }
    }
    assert_eq!(kept(&served), before, "nothing was done");
    count.told("unauthorized requests");
}

#[tokio::test]
async fn no_write_is_taken_from_another_sites_page() {
    let served = Served::new();
    let ada = served.set_up().await;
    let another = served.called(&ada, "bob", Role::Admin).await;
    type Forgery<'a> = (&'a str, &'a str, Option<&'a str>);
    let ours = "http://127.0.0.1:4590";
    let forgeries: [Forgery<'_>; 11] = [
        ("no token", ours, None),
        ("an empty token", ours, Some("")),
        ("a made-up token", ours, Some("0000")),
        ("another's token", ours, Some(&another.form_token)),
        ("another origin", "http://evil.example", Some(&ada.form_token)),
        ("another port", "http://127.0.0.1:1", Some(&ada.form_token)),
        ("a longer name", "http://127.0.0.1:4590.evil.example", Some(&ada.form_token)),
        ("a name before", "http://evil.example@127.0.0.1:4590", Some(&ada.form_token)),
        ("no origin", "", Some(&ada.form_token)),
        ("a hidden origin", "null", Some(&ada.form_token)),
        ("a file", "file://", Some(&ada.form_token)),
    ];
    let (all, before) = (operations(&served, &ada).await, kept(&served));
    let mut count = Count::default();
    for operation in all.iter().filter(|operation| operation.method != Method::GET) {
        for (case, origin, token) in forgeries {
            for kind in ["application/json", "application/x-www-form-urlencoded"] {
                let mut request =
                    asks(operation, &format!("{case} {kind}"), &[("cookie", &ada.cookie)], BODY);
                let headers: &mut HeaderMap = request.headers_mut();
                headers.insert("content-type", kind.parse().expect("a value"));
                if !origin.is_empty() {
                    headers.insert("origin", origin.parse().expect("a value"));
                }
                if let Some(token) = token {
                    headers.insert(HeaderName::from_static("x-form-token"), token.parse().expect("a value"));
                }
                let answer = served.ask(request).await;
                let held = answer.status == StatusCode::FORBIDDEN;
                count.of(held, || {
                    format!("{} {} {case}: {}", operation.method, operation.address, answer.status)
                });
            }
        }
    }
    assert_eq!(kept(&served), before, "nothing was done");
    count.told("cross-site");
}

/// What is in no schema: each operation says so, and none fails.
#[tokio::test]
async fn no_operation_fails_at_a_strange_body() {
    let served = Served::new();
    let ada = served.set_up().await;
    let deep = "[".repeat(20_000);
    let strange = [
        "",
        "null",
        "[]",
        "{",
        "\"",
        "0",
        "1e999",
        "{\"a\":",
        &deep,
        "\u{feff}{}",
        "{\"current\":{}}",
        "\u{0}",
        r#"{"__proto__":{}}"#,
        r#"{"text":"\ud800"}"#,
        r#"{"text":1,"text":2}"#,
    ];
    let mut count = Count::default();
    for operation in
        operations(&served, &ada).await.iter().filter(|operation| operation.method != Method::GET)
    {
        for (number, body) in strange.iter().enumerate() {
            let headers = [
                ("cookie", ada.cookie.as_str()),
                ("origin", "http://127.0.0.1:4590"),
                ("x-form-token", &ada.form_token),
            ];
            let answer = served.ask(asks(operation, &format!("strange-{number}"), &headers, body)).await;
            let held = !answer.status.is_server_error() && answer.status != StatusCode::TOO_MANY_REQUESTS;
            count.of(held, || {
                format!("{} {} {body:.20}: {}", operation.method, operation.address, answer.status)
            });
        }
    }
    let alive = served.get("/api/v1/runs", &ada.cookie).await;
    assert_eq!(serde_json::from_str::<Value>(&alive.text).expect("JSON")["runs"], json!([]));
    count.told("strange bodies");
}
