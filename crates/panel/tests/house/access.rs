//! The panel's router, asked in process: who gets in, what is refused, what every answer carries.

use std::net::SocketAddr;

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use panel::access::{Access, Role};

use crate::served::{Browser, PASSWORD, Served, request};

/// What goes with every change of credentials.
const OWN_PASSWORD: &str = r#"{"current":"a sentence does well"}"#;

#[tokio::test]
async fn nothing_is_shown_to_strangers() {
    let served = Served::new();
    for path in [
        "/",
        "/history",
        "/runs/x",
        "/runs/x/stream",
        "/deployments/lab/maintenance",
        "/access",
        "/account",
        "/deployments/lab/upgrade",
    ] {
        let answer = served.get(path, "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.location().starts_with("/sign-in?to="), "{path}");
    }
    let answer = served.get("/api/v1/runs", "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn every_answer_carries_the_headers_and_no_page_has_inline_script_or_style() {
    let served = Served::new();
    let ada = served.set_up().await;
    let paths =
        ["/", "/history", "/access", "/deployments/lab/maintenance", "/deployments/lab/banner", "/nowhere"];
    for path in paths.into_iter().chain(["/sign-in", "/api/v1/runs", "/assets/../Cargo.toml"]) {
        let answer = served.get(path, &ada.cookie).await;
        let policy = answer.headers["content-security-policy"].to_str().expect("text");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert!(!answer.text.contains(" style=") && !answer.text.contains("<style"), "{path}");
        assert!(!answer.text.contains(" onclick") && !answer.text.contains("<script>"), "{path}");
        assert!(
            !answer.text.contains("http://") && !answer.text.contains("https://"),
            "{path}: from elsewhere"
        );
    }
}

#[tokio::test]
async fn a_write_from_elsewhere_does_nothing() {
    let served = Served::new();
    let ada = served.set_up().await;
    let path = "/deployments/lab/banner";
    let forged = |change: fn(&mut HeaderMap), token: &str, key: u32| {
        let mut request = request(Method::PUT, &format!("/api/v1{path}"), &ada.cookie, None);
        let headers = request.headers_mut();
        let key = format!("forged-{key}");
        for (name, value) in [
            ("origin", "http://127.0.0.1:4590"),
            ("x-form-token", token),
            ("content-type", "application/json"),
            ("idempotency-key", &key),
        ] {
            headers.insert(name, value.parse().expect("a value"));
        }
        change(headers);
        *request.body_mut() = Body::from(r#"{"text":"Hello","level":"info"}"#);
        served.ask(request)
    };
    type Forgery<'a> = (&'a str, fn(&mut HeaderMap), &'a str);
    let cases: [Forgery<'_>; 6] = [
        ("no token", |headers| drop(headers.remove("x-form-token")), ""),
        ("an empty token", |_| {}, ""),
        ("another's token", |_| {}, "0000"),
        (
            "another origin",
            |headers| drop(headers.insert("origin", "http://evil.example".parse().unwrap())),
            &ada.form_token,
        ),
        ("no origin", |headers| drop(headers.remove("origin")), &ada.form_token),
        (
            "another port",
            |headers| drop(headers.insert("origin", "http://127.0.0.1:1".parse().unwrap())),
            &ada.form_token,
        ),
    ];
    for (number, (case, change, token)) in (0_u32..).zip(cases) {
        assert_eq!(forged(change, token, number).await.status, StatusCode::FORBIDDEN, "{case}");
    }
    let page = served.get(path, &ada.cookie).await;
    assert!(page.text.contains("Users see no banner"), "nothing was done");
    assert_eq!(forged(|_| {}, &ada.form_token, 9).await.status, StatusCode::NO_CONTENT, "its own is taken");
    // A browser without script posts to the page itself: nothing is done, and it is told so.
    let posted = served.post(path, &ada, &[("text", "Hello"), ("level", "info")]).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(posted.text.contains("needs script"), "{}", posted.text);
}

#[tokio::test]
async fn each_role_is_let_as_far_as_it_may() {
    let served = Served::new();
    let ada = served.set_up().await;
    let viewer = served.somebody(&ada, Role::Viewer).await;
    let operator = served.somebody(&ada, Role::Operator).await;
    let (post, put, patch) = (Method::POST, Method::PUT, Method::PATCH);
    let banner = r#"{"text":"Hi","level":"info"}"#;
    let token = r#"{"name":"x","role":"admin","days":9}"#;
    let cases = [
        (&put, "/deployments/lab/banner", banner, StatusCode::NO_CONTENT),
        (&post, "/deployments/lab/maintenance/enable", "", StatusCode::CONFLICT),
        (&post, "/runs/none/stop", "", StatusCode::NOT_FOUND),
        (&post, "/runs/none/resume", "", StatusCode::NOT_FOUND),
        (&post, "/deployments/lab/proposals", r#"{"url":"s3://b/k"}"#, StatusCode::OK),
        (&patch, "/proposals/none", "{}", StatusCode::NOT_FOUND),
        (&post, "/proposals/none/prepare", "", StatusCode::NOT_FOUND),
        (&post, "/proposals/none/rehearse", "", StatusCode::NOT_FOUND),
        (&post, "/proposals/none/approve", r#"{"planSha256":"0"}"#, StatusCode::NOT_FOUND),
        (&post, "/proposals/none/run", "", StatusCode::NOT_FOUND),
        (&Method::DELETE, "/proposals/none", "", StatusCode::NOT_FOUND),
        (&post, "/tokens", token, StatusCode::FORBIDDEN),
        (&put, "/people/ada", r#"{"role":"viewer"}"#, StatusCode::FORBIDDEN),
        (&put, "/people/ada/password", r#"{"password":"mine, from now on"}"#, StatusCode::FORBIDDEN),
    ];
    for (method, path, body, of_operator) in cases {
        let of_viewer = served.send(method.clone(), path, &viewer, body).await;
        assert_eq!(of_viewer.status, StatusCode::FORBIDDEN, "viewer {path}");
        let answer = served.send(method.clone(), path, &operator, body).await;
        assert_eq!(answer.status, of_operator, "operator {path}: {}", answer.text);
    }
    for path in ["/people", "/tokens", "/audit"] {
        assert_eq!(
            served.get(&format!("/api/v1{path}"), &operator.cookie).await.status,
            StatusCode::FORBIDDEN
        );
    }
    assert_eq!(served.get("/access", &viewer.cookie).await.status, StatusCode::FORBIDDEN);
    assert!(!served.get("/deployments/lab/banner", &viewer.cookie).await.text.contains("<textarea"));
    assert!(!served.get("/deployments/lab/upgrade", &viewer.cookie).await.text.contains("Use this URL"));
    let trail = served.get("/access", &ada.cookie).await.text;
    assert!(trail.contains("set banner lab") && trail.contains("not in this house"), "acts are written down");
}

#[tokio::test]
async fn signing_in_makes_a_new_session_and_signing_out_ends_it() {
    let served = Served::new();
    served.set_up().await;
    let page = served.get("/sign-in", "slackwater=planted").await;
    let cookie = format!("slackwater=planted; {}", page.cookie());
    let stranger = Browser { cookie, form_token: page.form_token() };
    let fields = [("name", "ADA"), ("password", PASSWORD), ("to", "//evil.example")];
    let entered = served.post("/sign-in", &stranger, &fields).await;
    assert_eq!(entered.location(), "/", "nobody is led elsewhere");
    let set = entered.headers["set-cookie"].to_str().expect("text");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && !set.contains("planted"), "{set}");
    assert_eq!(served.get("/", "slackwater=planted").await.status, StatusCode::SEE_OTHER);
    let ada = served.arrive(entered.cookie()).await;
    assert_eq!(served.post("/sign-out", &ada, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(served.get("/", &ada.cookie).await.status, StatusCode::SEE_OTHER, "it has ended");
}

#[tokio::test]
async fn guessing_locks_the_name_even_for_the_right_password() {
    let served = Served::new();
    served.set_up().await;
    for _ in 0..5 {
        assert_eq!(served.sign_in("ada", "wrong, wrong, wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    let answer = served.sign_in("ada", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_banner_is_text_whatever_is_in_it() {
    let served = Served::new();
    let ada = served.set_up().await;
    let text = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let show = async |text: &str| {
        let body = serde_json::json!({"text": text, "level": "critical"}).to_string();
        served.send(Method::PUT, "/deployments/lab/banner", &ada, &body).await.status
    };
    assert_eq!(show(text).await, StatusCode::NO_CONTENT);
    let page = served.get("/deployments/lab/banner", &ada.cookie).await.text;
    assert!(
        page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert") && !page.contains("<img")
    );
    for text in ["", &"x".repeat(501), "a\u{0}b"] {
        assert_eq!(show(text).await, StatusCode::UNPROCESSABLE_ENTITY, "{text:?}");
    }
}

#[tokio::test]
async fn what_is_too_much_or_strange_is_refused() {
    let served = Served::new();
    let ada = served.set_up().await;
    let large = "x".repeat(70_000);
    let body = format!(r#"{{"text":"{large}","level":"info"}}"#);
    let answer = served.send(Method::PUT, "/deployments/lab/banner", &ada, &body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    for path in ["/assets/../../etc/passwd", "/assets/%2e%2e%2fpanel.sqlite", "/assets/panel.css", "/setup/x"]
    {
        let status = served.get(path, &ada.cookie).await.status;
        assert!(status == StatusCode::NOT_FOUND || status == StatusCode::CONFLICT, "{path}: {status}");
    }
    for path in ["/?token=swt_1", "/api/v1/runs?access_token=x", "/history?before=swt_abc"] {
        assert_eq!(served.get(path, &ada.cookie).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    let mut rebound = request(Method::GET, "/", &ada.cookie, None);
    rebound.headers_mut().insert("host", "evil.example".parse().expect("a name"));
    assert_eq!(served.ask(rebound).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_token_is_shown_once_works_in_its_header_and_does_a_write_once() {
    let served = Served::new();
    let ada = served.set_up().await;
    let mint = || {
        let mut request = request(Method::POST, "/api/v1/tokens", &ada.cookie, None);
        for (name, value) in [
            ("origin", "http://127.0.0.1:4590"),
            ("x-form-token", &ada.form_token),
            ("content-type", "application/json"),
            ("idempotency-key", "the mint's"),
        ] {
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        *request.body_mut() =
            Body::from(r#"{"name":"pipeline","role":"operator","days":30,"current":"a sentence does well"}"#);
        served.ask(request)
    };
    let minted = mint().await;
    let at = minted.text.find("swt_").expect("shown");
    let token = minted.text[at..at + 68].to_owned();
    let again = mint().await;
    assert_eq!(again.status, StatusCode::CONFLICT, "not made twice");
    for shown in
        [again, served.get("/access", &ada.cookie).await, served.get("/api/v1/tokens", &ada.cookie).await]
    {
        assert!(!shown.text.contains("swt_"), "only once");
    }
    for suffix in ["", "-wal"] {
        let file = format!("{}{suffix}", served.access.display());
        let kept = std::fs::read(file).unwrap_or_default();
        assert!(!kept.windows(4).any(|bytes| bytes == b"swt_"), "kept nowhere");
    }
    let ask = |method: Method, path: &str, key: Option<&str>, body: &str| {
        let builder = Request::builder().method(method).uri(path).header("host", "127.0.0.1:4590");
        let builder = builder.header("authorization", format!("Bearer {token}"));
        let builder = builder.header("content-type", "application/json");
        let builder = key.into_iter().fold(builder, |builder, key| builder.header("idempotency-key", key));
        served.ask(builder.body(Body::from(body.to_owned())).expect("a request"))
    };
    assert_eq!(
        ask(Method::GET, "/api/v1/audit", None, "").await.status,
        StatusCode::FORBIDDEN,
        "an operator's"
    );
    let path = "/api/v1/deployments/lab/banner";
    let (one, two) = (r#"{"text":"One","level":"info"}"#, r#"{"text":"Two","level":"info"}"#);
    assert_eq!(ask(Method::PUT, path, None, one).await.status, StatusCode::UNPROCESSABLE_ENTITY, "no key");
    assert_eq!(ask(Method::PUT, path, Some("the-first"), one).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ask(Method::PUT, path, Some("the-second"), two).await.status, StatusCode::NO_CONTENT);
    let again = ask(Method::PUT, path, Some("the-first"), one).await;
    assert_eq!(
        (again.status, &again.headers["idempotency-replayed"]),
        (StatusCode::NO_CONTENT, &"true".parse().expect("text"))
    );
    assert!(
        ask(Method::GET, path, None, "").await.text.contains("Two"),
        "the repeated write was not done again"
    );
    assert_eq!(
        ask(Method::PUT, path, Some("the-first"), two).await.status,
        StatusCode::CONFLICT,
        "another request"
    );
    let access = Access::open(&served.access).expect("SQLite");
    let path_of_token = format!("/tokens/{}", access.tokens().expect("readable")[0].id);
    let gone = served.send(Method::DELETE, &path_of_token, &ada, OWN_PASSWORD).await;
    assert!(gone.status.is_success(), "{path_of_token}: {} {}", gone.status, gone.text);
    assert_eq!(ask(Method::GET, path, None, "").await.status, StatusCode::UNAUTHORIZED, "revoked");
}

#[tokio::test]
async fn every_operation_of_the_document_is_there_and_answers_what_it_says() {
    let served = Served::new();
    let ada = served.set_up().await;
    let document = served.get("/api/v1/openapi.json", &ada.cookie).await;
    let document: serde_json::Value = serde_json::from_str(&document.text).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut count = 0;
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let named = path.replace("{name}", "lab").replace("{person}", "nobody");
            let parts = named.split('/').map(|part| if part.starts_with('{') { "none" } else { part });
            let address = format!("/api/v1{}", parts.collect::<Vec<_>>().join("/"));
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let mut request = request(method.clone(), &address, &ada.cookie, None);
            for (name, value) in [("origin", "http://127.0.0.1:4590"), ("x-form-token", &ada.form_token)] {
                request.headers_mut().insert(name, value.parse().expect("a value"));
            }
            request
                .headers_mut()
                .insert("idempotency-key", format!("{method}{path}").parse().expect("a value"));
            let answer = served.ask(request).await;
            let status = answer.status.as_u16().to_string();
            assert!(
                operation["responses"].get(&status).is_some(),
                "{method} {path}: {status} {}",
                answer.text
            );
            assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            count += 1;
        }
    }
    assert!(count >= 30, "{count}");
}

#[tokio::test]
async fn without_tls_it_listens_on_this_machine_only() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    assert!(matches!(panel::listen(everywhere, None, false).await, Err(panel::ListenError::InClear(_))));
    assert!(panel::listen(everywhere, None, true).await.is_ok(), "a proxy's business");
    assert!(panel::listen(SocketAddr::from(([127, 0, 0, 1], 0)), None, false).await.is_ok());
}
