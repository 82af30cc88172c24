//! The adapter `code-ocean` against a stub whose answers have the routes and fields of the published Python client
//! (`codeocean` 0.17.0).

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response};
use platform::Adapter;
use serde_json::{Value, json};
use upgrade::{
    Banner, BannerLevel, PlatformAct, PlatformHealth, PlatformObservation, PlatformQuery, PortErrorKind,
    SessionKind, Unsaved,
};

use crate::server::{TOKEN, answer, handler, over_socket};

/// Capsules with their computations, and what was deleted.
#[derive(Default)]
struct CodeOcean {
    capsules: Vec<(&'static str, Vec<Value>)>,
    pipelines: Option<Vec<(&'static str, Vec<Value>)>>,
    deleted: Vec<String>,
    forbidden: Option<&'static str>,
}

type Shared = Arc<Mutex<CodeOcean>>;

fn computation(id: &str, state: &str, workstation: Option<bool>, created: &Value) -> Value {
    json!({
        "id": id, "created": created, "name": format!("Run {id}"), "owner": "b1946ac9", "run_time": 3600,
        "state": state, "cloud_workstation": workstation, "owner_email": "ada@example.org", "has_results": true,
        "data_assets": [], "parameters": [], "nextflow_profile": null, "processes": null, "end_status": null,
        "exit_code": null,
    })
}

fn populated() -> Shared {
    let at = json!(1_772_395_200);
    Arc::new(Mutex::new(CodeOcean {
        capsules: vec![
            (
                "cap1",
                vec![
                    computation("w1", "running", Some(true), &at),
                    computation("r1", "initializing", Some(false), &json!(1_772_395_200.75)),
                    computation("r2", "completed", None, &at),
                    computation("w2", "completed", Some(true), &at),
                ],
            ),
            ("cap2", vec![computation("r3", "failed", None, &at)]),
            ("cap3", vec![computation("r4", "on_hold_of_some_kind", None, &at)]),
        ],
        // Pipelines of this one are found by both searches, as an older release has it.
        pipelines: Some(vec![
            ("pipe1", vec![computation("p1", "finalizing", None, &at)]),
            ("cap3", vec![computation("r4", "on_hold_of_some_kind", None, &at)]),
        ]),
        ..CodeOcean::default()
    }))
}

fn respond(platform: &mut CodeOcean, request: &Request<Bytes>) -> Response<Bytes> {
    use base64::Engine as _;
    let expected = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{TOKEN}:")));
    if request.headers().get("authorization").is_none_or(|value| value.as_bytes() != expected.as_bytes()) {
        return answer(401, "application/json", json!({"message": "unauthorized"}).to_string());
    }
    let ok = |value: Value| answer(200, "application/json", value.to_string());
    let not_found = || answer(404, "application/json", json!({"message": "not found"}).to_string());
    let path = request.uri().path().trim_start_matches("/api/v1/").to_owned();
    let segments: Vec<&str> = path.split('/').collect();
    let of_route = |platform: &CodeOcean, route: &str| match route {
        "capsules" => Some(platform.capsules.clone()),
        "pipelines" => platform.pipelines.clone(),
        _ => None,
    };
    match (request.method(), segments.as_slice()) {
        (&Method::POST, [route, "search"]) => {
            let Some(found) = of_route(platform, route) else { return not_found() };
            let asked: Value = serde_json::from_slice(request.body()).expect("a JSON body");
            // Two a page, though more were asked for.
            let from: usize = asked["next_token"].as_str().map_or(0, |token| token.parse().expect("ours"));
            let more = from + 2 < found.len();
            let results: Vec<Value> = found
                .iter()
                .skip(from)
                .take(2)
                .map(|(id, _)| {
                    json!({"id": id, "created": 1, "name": format!("Capsule {id}"), "status": "non_release",
                        "owner": "b1946ac9", "slug": "1234567"})
                })
                .collect();
            ok(json!({"has_more": more, "results": results,
                "next_token": more.then(|| (from + 2).to_string())}))
        }
        (&Method::GET, [_, id, "computations"]) if platform.forbidden == Some(*id) => {
            answer(403, "application/json", json!({"message": "forbidden"}).to_string())
        }
        (&Method::GET, [route, id, "computations"]) => {
            let found = of_route(platform, route).unwrap_or_default();
            match found.into_iter().find(|(capsule, _)| capsule == id) {
                Some((_, computations)) => ok(json!(computations)),
                None => not_found(),
            }
        }
        (method, ["computations", id]) => {
            let pipelines = platform.pipelines.clone().unwrap_or_default();
            let all = platform.capsules.iter().chain(&pipelines).flat_map(|(_, computations)| computations);
            let known = all.into_iter().find(|computation| computation["id"] == *id).cloned();
            let gone = platform.deleted.iter().any(|deleted| deleted == id);
            match (method, known) {
                (&Method::GET, Some(computation)) if !gone => ok(computation),
                (&Method::DELETE, Some(_)) if !gone => {
                    platform.deleted.push((*id).to_owned());
                    answer(204, "application/json", "")
                }
                _ => not_found(),
            }
        }
        _ => not_found(),
    }
}

async fn adapter(shared: &Shared) -> Adapter {
    let shared = shared.clone();
    let handler = handler(move |request| respond(&mut shared.lock().expect("no panic inside"), &request));
    over_socket(&platform::CODE_OCEAN, handler).await
}

#[tokio::test]
async fn workstations_and_runs_that_have_not_ended_are_told_apart() {
    let adapter = adapter(&populated()).await;
    match adapter.observe(&PlatformQuery::Sessions).await.expect("an answer") {
        PlatformObservation::Sessions(sessions) => {
            let [session] = sessions.as_slice() else { panic!("{sessions:?}") };
            assert_eq!((session.id.as_str(), session.name.as_str()), ("w1", "Capsule cap1: Run w1"));
            assert_eq!(session.owner, "ada@example.org");
            assert_eq!(session.kind, SessionKind::Workstation);
            assert_eq!(session.unsaved, Unsaved::Unknown);
            assert!(!session.is_saved());
            assert_eq!(session.started_at.as_deref(), Some("2026-03-01T20:00:00Z"));
        }
        other => panic!("{other:?}"),
    }
    match adapter.observe(&PlatformQuery::Computations).await.expect("an answer") {
        PlatformObservation::Computations(computations) => {
            let seen: Vec<(&str, &str)> =
                computations.iter().map(|each| (each.id.as_str(), each.status.as_str())).collect();
            let expected = [("r1", "initializing"), ("r4", "on_hold_of_some_kind"), ("p1", "finalizing")];
            assert_eq!(seen, expected);
            assert!(
                computations.iter().all(|each| each.started_at.as_deref() == Some("2026-03-01T20:00:00Z"))
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stop_deletes_what_runs_and_never_what_has_ended() {
    let shared = populated();
    let adapter = adapter(&shared).await;
    let run = |id: &str| PlatformAct::StopComputation { computation_id: id.to_owned() };
    let workstation = |id: &str| PlatformAct::StopSession { session_id: id.to_owned() };
    let cases = [
        (run("r1"), true, vec!["r1"]),
        // Again; ended; never there: nothing is left to stop, and results are kept.
        (run("r1"), true, vec!["r1"]),
        (run("r2"), true, vec!["r1"]),
        (run("r3"), true, vec!["r1"]),
        (workstation("w2"), true, vec!["r1"]),
        (run("nobody"), true, vec!["r1"]),
        // Another kind of thing than the act says.
        (run("w1"), false, vec!["r1"]),
        (workstation("r4"), false, vec!["r1"]),
        (workstation("w1"), true, vec!["r1", "w1"]),
        (run("p1"), true, vec!["r1", "w1", "p1"]),
    ];
    for (act, accepted, deleted) in cases {
        let result = adapter.act(&act).await;
        assert_eq!(result.is_ok(), accepted, "{act}: {result:?}");
        if let Err(error) = result {
            assert_eq!(error.kind, PortErrorKind::Refused);
        }
        assert_eq!(shared.lock().expect("no panic inside").deleted, deleted, "{act}");
    }
}

#[tokio::test]
async fn a_release_without_the_route_pipelines_has_its_pipelines_among_capsules() {
    let shared = populated();
    shared.lock().expect("no panic inside").pipelines = None;
    match adapter(&shared).await.observe(&PlatformQuery::Computations).await.expect("an answer") {
        PlatformObservation::Computations(found) => assert_eq!(found.len(), 2),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_list_that_is_not_whole_is_an_error() {
    let shared = populated();
    shared.lock().expect("no panic inside").forbidden = Some("cap2");
    let error = adapter(&shared).await.observe(&PlatformQuery::Sessions).await.expect_err("not whole");
    assert_eq!(error.to_string(), "platform:Sessions: 403 Forbidden: forbidden");
    assert_eq!(error.kind, PortErrorKind::Refused);
}

#[tokio::test]
async fn what_the_public_api_can_not_do_is_refused_and_never_pretended() {
    let adapter = adapter(&populated()).await;
    let can = adapter.capabilities();
    assert_eq!([can.save, can.notices, can.banner], [false; 3]);
    assert_eq!([can.status, can.computations, can.sessions], [true; 3]);
    let session_id = "w1".to_owned();
    let banner = Banner { text: String::new(), level: BannerLevel::Info, from: None, until: None };
    for act in [
        PlatformAct::SaveSession { session_id: session_id.clone() },
        PlatformAct::Notify { session_id, text: String::new(), level: BannerLevel::Info },
        PlatformAct::SetBanner(banner),
        PlatformAct::ClearBanner,
    ] {
        let error = adapter.act(&act).await.expect_err("it can't");
        assert_eq!((error.kind, error.operation.as_str()), (PortErrorKind::Refused, act.operation()));
    }
    assert!(adapter.observe(&PlatformQuery::Banner).await.is_err());
    match adapter.observe(&PlatformQuery::Status).await.expect("an answer") {
        PlatformObservation::Status(status) => {
            assert_eq!((status.version, status.health), (None, PlatformHealth::Ok));
        }
        other => panic!("{other:?}"),
    }
}
