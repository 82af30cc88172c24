//! One rule for every change of credentials, and what it leaves of whom it shuts out.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use conductor::Clock;
use http::{Method, Request, StatusCode};
use panel::access::{Access, Passwords, Role};
use serde_json::{Value, json};

use crate::served::{Answer, Browser, PASSWORD, Served, request};

/// Operations that the document says ask for one's own password: method, path, what they are sent.
async fn changes_of_credentials(served: &Served, ada: &Browser) -> Vec<(Method, String, Value)> {
    let document = served.get("/api/v1/openapi.json", &ada.cookie).await;
    let document: Value = serde_json::from_str(&document.text).expect("JSON");
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            if !operation["description"].as_str().expect("text").contains("your own password") {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let path = path.replace("{person}", "bob").replace("{token_id}", "1");
            let shape = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            let body = match shape.and_then(|shape| shape.rsplit('/').next()).expect("a body") {
                "NewPerson" => json!({"name": "eve", "password": PASSWORD, "role": "admin"}),
                "PersonChange" => json!({"role": "admin", "disabled": false}),
                "NewPassword" => json!({"password": "mine from now on, all of it"}),
                "OwnPassword" => json!({"new": "mine from now on, all of it"}),
                "NewToken" => json!({"name": "planted", "role": "admin", "days": 9}),
                "Confirmation" => json!({}),
                other => panic!("what is sent as {other}?"),
            };
            found.push((method, path, body));
        }
    }
    assert_eq!(found.len(), 6, "{found:?}");
    found
}

/// What is kept of people and tokens, to see whether anything has changed.
fn kept(served: &Served) -> String {
    let access = Access::open(&served.access).expect("SQLite");
    let hash = |name| access.password_of(name).expect("readable");
    let tokens: Vec<_> =
        access.tokens().expect("readable").into_iter().map(|one| (one.id, one.revoked)).collect();
    let people: Vec<_> = access
        .people()
        .expect("readable")
        .into_iter()
        .map(|one| (one.name, one.role, one.disabled))
        .collect();
    format!("{people:?} {tokens:?} {:?} {:?}", hash("ada"), hash("bob"))
}

async fn with_token(served: &Served, token: &str, method: Method, path: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(method.clone())
        .uri(format!("/api/v1{path}"))
        .header("host", "127.0.0.1:4590")
        .header("authorization", format!("Bearer {token}"))
        .header("idempotency-key", format!("token's {method} {path}"))
        .header("content-type", "application/json");
    served.ask(request.body(Body::from(body.to_string())).expect("a request")).await
}

#[tokio::test]
async fn every_change_of_credentials_asks_for_ones_own_password_and_takes_no_token() {
    let served = Served::new();
    let ada = served.set_up().await;
    served.called(&ada, "bob", Role::Operator).await;
    let mint = json!({"name": "pipeline", "role": "admin", "days": 9, "current": PASSWORD}).to_string();
    let minted = served.send(Method::POST, "/tokens", &ada, &mint).await;
    let minted: Value = serde_json::from_str(&minted.text).expect("JSON");
    let token = minted["secret"].as_str().expect("a secret");
    let changes = changes_of_credentials(&served, &ada).await;
    let before = kept(&served);
    let mut tried = 0;
    for (method, path, body) in &changes {
        let with = |current: Value| {
            let mut body = body.clone();
            body["current"] = current;
            body
        };
        let answer = with_token(&served, token, method.clone(), path, &with(json!(PASSWORD))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}: {}", answer.text);
        assert!(answer.text.contains("A token lets nobody in"), "{}", answer.text);
        for sent in [body.clone(), with(json!(null)), with(json!("")), with(json!(7)), with(json!(["x"]))] {
            let answer = served.send(method.clone(), path, &ada, &sent.to_string()).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {path} {sent}");
            assert!(answer.text.contains("\"field\":\"current\""), "{}", answer.text);
        }
        for strange in ["", "[]", "{", "current=a+sentence+does+well"] {
            let answer = served.send(method.clone(), path, &ada, strange).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {path} {strange}");
        }
        assert_eq!(kept(&served), before, "{method} {path}: nothing was done");
        tried += 10;
    }
    println!("attacks: tokens and credentials: {tried} of {tried} held");
    // Who guesses their way through is locked as whoever guesses to sign in is.
    let (method, path, body) = &changes[0];
    let guess = async |current: &str| {
        let mut body = body.clone();
        body["current"] = json!(current);
        served.send(method.clone(), path, &ada, &body.to_string()).await
    };
    for _ in 0..5 {
        assert_eq!(guess("not her password").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(guess(PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(kept(&served), before);
    let trail = served.get("/api/v1/audit?limit=9", &ada.cookie).await.text;
    assert!(trail.contains("change credentials") && trail.contains("That is not your password."), "{trail}");
    assert!(!trail.contains("not her password"), "what was typed is written nowhere");
}

#[tokio::test]
async fn with_ones_own_password_each_change_is_made_and_a_reset_leaves_no_session_and_no_token() {
    let served = Served::new();
    let ada = served.set_up().await;
    let bob = served.called(&ada, "bob", Role::Admin).await;
    let mint = json!({"name": "bob's", "role": "admin", "days": 9, "current": PASSWORD}).to_string();
    let minted = served.send(Method::POST, "/tokens", &bob, &mint).await;
    let minted: Value = serde_json::from_str(&minted.text).expect("JSON");
    let token = minted["secret"].as_str().expect("a secret");
    let by_token = async || with_token(&served, token, Method::GET, "/runs", &json!({})).await.status;
    assert_eq!(by_token().await, StatusCode::OK);
    let reset = json!({"password": "a new sentence for bob", "current": PASSWORD}).to_string();
    let done = served.send(Method::PUT, "/people/bob/password", &ada, &reset).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_eq!(served.get("/", &bob.cookie).await.status, StatusCode::SEE_OTHER, "his session has ended");
    assert_eq!(by_token().await, StatusCode::UNAUTHORIZED, "his token is revoked");
    assert_eq!(served.sign_in("bob", "a new sentence for bob").await.status, StatusCode::SEE_OTHER);
    let own = json!({"new": "a new sentence for ada", "current": PASSWORD}).to_string();
    let done = served.send(Method::PUT, "/account/password", &ada, &own).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.text);
    assert_eq!(served.get("/", &ada.cookie).await.status, StatusCode::SEE_OTHER);
}

/// A sign-in form sent from an address.
async fn sign_in_from(served: &Served, address: &str, name: &str, password: &str) -> StatusCode {
    let page = served.get("/sign-in", "").await;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([("name", name), ("password", password), ("form_token", &page.form_token())]);
    let mut request = request(Method::POST, "/sign-in", &page.cookie(), Some(form.finish()));
    let address: IpAddr = address.parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 9)));
    served.ask_as(request).await.status
}

#[tokio::test]
async fn whoever_guesses_from_elsewhere_keeps_the_only_administrator_out_of_nothing() {
    let served = Served::new();
    served.set_up().await;
    for number in 0..40 {
        let refused = sign_in_from(&served, "198.51.100.7", "ada", "wrong, wrong, wrong").await;
        let expected = if number < 5 { StatusCode::UNAUTHORIZED } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!(refused, expected, "{number}");
    }
    println!("attacks: locking out: 40 of 40 held");
    assert_eq!(sign_in_from(&served, "203.0.113.9", "ada", PASSWORD).await, StatusCode::SEE_OTHER);
    assert_eq!(sign_in_from(&served, "198.51.100.7", "ada", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    // On the machine somebody resets her password: what was counted is forgiven, in the panel that runs, too.
    let access = Access::open(&served.access).expect("SQLite");
    let hash = Passwords::new()
        .expect("random")
        .hash("ada", "the sentence of the rescue".to_owned())
        .await
        .expect("long");
    access.reset_password("ada", &hash, Clock::system().now()).expect("she is there");
    assert_eq!(
        sign_in_from(&served, "198.51.100.7", "ada", "the sentence of the rescue").await,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn refused_sign_ins_are_summed_up() {
    let served = Served::new();
    served.set_up().await;
    for _ in 0..300 {
        sign_in_from(&served, "198.51.100.7", "ada", "wrong").await;
    }
    served.panel.end();
    let access = Access::open(&served.access).expect("SQLite");
    let trail = access.audit_trail(None, 500).expect("readable");
    assert_eq!(trail.len(), 1 + 10 + 1, "set up, ten refusals, and the sum of the others");
    let sum = &trail[0];
    assert_eq!(trail[0].act, "sign-ins refused");
    assert!(sum.detail.starts_with("290 more within "), "{}", sum.detail);
    assert!(sum.detail.contains("ada (290)") && sum.detail.contains("198.51.100.7 (290)"), "{}", sum.detail);
}
