//! Lists of runs: quick, and whole though one of them is damaged.

use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use panel::access::Role;
use tower::ServiceExt as _;
use upgrade::{Observation, What};

use crate::common::plan;
use crate::house::Served;
use crate::runs;

async fn get(served: &Served, path: &str, token: &str) -> (StatusCode, String) {
    let request = Request::get(path)
        .header("host", "127.0.0.1")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .expect("a request");
    let answer = served.router().oneshot(request).await.expect("infallible");
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 24).await.expect("a body");
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

/// A journal that doesn't fit its plan (another program wrote it, or a disk lost a page) is told as such where it is
/// listed, and hides no other run.
#[tokio::test]
async fn a_damaged_run_hides_no_other() {
    let served = Served::new();
    let token = served.token(Role::Viewer);
    let journal = served.journal();
    for name in ["whole", "damaged", "later"] {
        runs::begin(&journal, &plan::plan(name));
        runs::events(&journal, name, 0, 30);
    }
    // Nobody had asked for job queues.
    let place = runs::count(&journal, "damaged");
    runs::write(&journal, "damaged", place, runs::BEGAN, What::Observed(Observation::JobQueues(Vec::new())));
    let (status, page) = get(&served, "/history", &token).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    for text in ["/runs/whole", "/runs/damaged", "/runs/later", "which it did not ask for"] {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    assert_eq!(page.matches(">damaged</span>").count(), 1, "{page}");
    let (status, page) = get(&served, "/", &token).await;
    assert_eq!(status, StatusCode::OK, "the last run is whole: {page}");
    let (status, text) = get(&served, "/api/v1/runs", &token).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let listed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let standing = |place: usize| listed["runs"][place]["standing"].as_str().expect("told").to_owned();
    assert_eq!((standing(0), standing(2)), ("Update the stack".to_owned(), "Update the stack".to_owned()));
    assert!(standing(1).starts_with("damaged: "), "{listed}");
    let (status, page) = get(&served, "/runs/damaged", &token).await;
    assert_eq!(status, StatusCode::OK, "it has a page like every other: {page}");
    for text in ["damaged", "which it did not ask for", "/deployments/lab/maintenance"] {
        assert!(page.contains(text), "{text} is missing: {page}");
    }
    for path in ["/api/v1/runs/damaged", "/api/v1/runs/damaged/lines", "/runs/damaged/stream"] {
        let (status, text) = get(&served, path, &token).await;
        assert_eq!(status, StatusCode::CONFLICT, "{path}: {text}");
    }
}

/// The overview says of a damaged last run that it can't be read, and shows everything else.
#[tokio::test]
async fn the_overview_tells_of_a_damaged_last_run() {
    let served = Served::new();
    let token = served.token(Role::Viewer);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("damaged"));
    runs::write(&journal, "damaged", 1, runs::BEGAN, What::Observed(Observation::JobQueues(Vec::new())));
    let (status, page) = get(&served, "/", &token).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(
        page.contains("journal can't be read (damaged)") && page.contains("UPDATE_<wbr>COMPLETE"),
        "{page}"
    );
    let (status, page) = get(&served, "/deployments/lab/maintenance", &token).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("can't be read (damaged)") && page.contains("Maintenance mode: "), "{page}");
}
