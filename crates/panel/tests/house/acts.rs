//! Acts and the audit trail: written before they are done, gone on with whoever hangs up, and told to whoever asks again.

use std::sync::atomic::Ordering;

use axum::body::Body;
use conductor::Clock;
use http::{Method, Request, StatusCode};
use panel::access::Access;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use upgrade::Timestamp;

use crate::common::house::House;
use crate::served::{Browser, Served};

const PATH: &str = "/api/v1/deployments/lab/banner";

fn set_banner(ada: &Browser, key: &str) -> Request<Body> {
    Request::builder()
        .method(Method::PUT)
        .uri(PATH)
        .header("host", "127.0.0.1:4590")
        .header("cookie", &ada.cookie)
        .header("origin", "http://127.0.0.1:4590")
        .header("x-form-token", &ada.form_token)
        .header("idempotency-key", key)
        .header("content-type", "application/json")
        .body(Body::from(r#"{"text":"Hello","level":"info"}"#))
        .expect("a request")
}

/// A house in which nothing is set until a test lets it.
fn waiting_house() -> House {
    House { acts: Semaphore::new(0), ..House::default() }
}

async fn newest(served: &Served, ada: &Browser) -> Value {
    let trail = served.get("/api/v1/audit?limit=1", &ada.cookie).await;
    let trail: Value = serde_json::from_str(&trail.text).expect("JSON");
    trail["entries"][0].clone()
}

/// Wait until the trail says this of its newest act.
async fn until(served: &Served, ada: &Browser, done: Value) {
    for _ in 0..2000 {
        let entry = newest(served, ada).await;
        if entry["act"] == "set banner" && entry["done"] == done {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the trail never said so: {}", newest(served, ada).await);
}

#[tokio::test]
async fn an_act_goes_on_when_its_asker_hangs_up_and_tells_its_outcome_later() {
    let served = Served::with(waiting_house(), false);
    let ada = served.set_up().await;
    let asking = tokio::spawn(served.router.clone().oneshot(set_banner(&ada, "the act's")));
    until(&served, &ada, json!(null)).await;
    // It is in the trail before it is done; and then whoever asked is gone.
    assert_eq!(served.house.set.load(Ordering::Relaxed), 0);
    asking.abort();
    assert!(asking.await.is_err_and(|error| error.is_cancelled()));
    served.house.acts.add_permits(1);
    until(&served, &ada, json!(true)).await;
    assert_eq!(served.house.set.load(Ordering::Relaxed), 1);
    let told = served.ask(set_banner(&ada, "the act's")).await;
    assert_eq!(told.status, StatusCode::NO_CONTENT, "{}", told.text);
    assert_eq!(told.headers["idempotency-replayed"], "true");
    assert_eq!(served.house.set.load(Ordering::Relaxed), 1, "done once");
}

#[tokio::test]
async fn whoever_asks_again_meanwhile_waits_for_the_answer() {
    let served = Served::with(waiting_house(), false);
    let ada = served.set_up().await;
    let first = tokio::spawn(served.router.clone().oneshot(set_banner(&ada, "the act's")));
    until(&served, &ada, json!(null)).await;
    let second = tokio::spawn(served.router.clone().oneshot(set_banner(&ada, "the act's")));
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!second.is_finished(), "there is nothing to tell yet");
    served.house.acts.add_permits(1);
    for asking in [first, second] {
        let answer = asking.await.expect("no panic").expect("infallible");
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(served.house.set.load(Ordering::Relaxed), 1, "done once");
}

/// The panel's clock goes by itself: twenty seconds take no time.
#[tokio::test(start_paused = true)]
async fn an_act_that_takes_long_is_told_as_still_under_way() {
    let served = Served::at(Clock::starting_at(Timestamp(1_800_000_000_000)), waiting_house(), false);
    let ada = served.set_up().await;
    let _first = tokio::spawn(served.router.clone().oneshot(set_banner(&ada, "the act's")));
    until(&served, &ada, json!(null)).await;
    let told = served.ask(set_banner(&ada, "the act's")).await;
    assert_eq!(told.status, StatusCode::CONFLICT, "{}", told.text);
    assert!(told.text.contains("still being done"), "{}", told.text);
    assert_eq!(told.headers["retry-after"], "1");
}

/// Another process has begun it, and is gone.
#[tokio::test]
async fn an_answer_that_a_process_died_over_is_told_as_lost() {
    let served = Served::new();
    let ada = served.set_up().await;
    let another = Access::open(&served.access).expect("SQLite");
    another.begin_answer("ada", "the act's", "whatever was asked", Clock::system().now()).expect("written");
    drop(another);
    let told = served.ask(set_banner(&ada, "the act's")).await;
    assert_eq!(told.status, StatusCode::CONFLICT);
    assert!(told.text.contains("Look whether it was done"), "{}", told.text);
    assert_eq!(served.house.set.load(Ordering::Relaxed), 0, "nothing is done twice");
}

#[tokio::test]
async fn the_trail_is_exported_whole_as_it_is_chained() {
    let served = Served::new();
    let ada = served.set_up().await;
    let access = Access::open(&served.access).expect("SQLite");
    let act = panel::access::Act { who: "ada", address: "::1", act: "stop", object: "\"one\"\n" };
    for _ in 0..700 {
        access.audit(act, true, "", Clock::system().now()).expect("written");
    }
    let export = served.get("/api/v1/audit/export", &ada.cookie).await;
    assert_eq!(
        (export.status, &export.headers["content-type"]),
        (StatusCode::OK, &"application/jsonl".parse().expect("text"))
    );
    let rows: Vec<Value> =
        export.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let whole = access.verify_trail().expect("readable").expect("whole");
    assert_eq!(
        (rows.len() as i64, rows.last().map(|row| row["hash"].clone())),
        (whole.rows, whole.head.map(Value::from))
    );
    assert!(rows.iter().enumerate().all(|(place, row)| row["place"] == place + 1));
}
