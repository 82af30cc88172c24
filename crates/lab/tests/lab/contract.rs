//! Slackwater's platform contract, case by case.

use crate::support::{ADMIN_TOKEN, WORKER_TOKEN, Web, json, text, until};

#[tokio::test]
async fn every_path_answers_as_agreed() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = Web::ready("1.0.0", folder.path()).await;
    let ada = web.sign_in("Ada").await;
    let session = ada.new_session("Engine").await;
    let computation = ada.run("Sum", "true").await;
    let path = |kind: &str, id: &str, act: &str| format!("{kind}/{id}/{act}");
    let notice = r#"{"text": "closing", "level": "warning"}"#;
    let cases = [
        ("GET", "platform".to_owned(), "", 200),
        ("GET", "sessions".to_owned(), "", 200),
        ("GET", "sessions?cursor=0".to_owned(), "", 200),
        ("GET", "sessions?cursor=x".to_owned(), "", 400),
        ("GET", "sessions?state=all".to_owned(), "", 200),
        ("GET", "sessions?state=some".to_owned(), "", 400),
        ("DELETE", "sessions".to_owned(), "", 405),
        ("POST", path("sessions", &session, "save"), "", 202),
        ("POST", path("sessions", &session, "save"), "", 202),
        ("POST", path("sessions", "nobody", "save"), "", 404),
        ("POST", path("sessions", "nobody", "stop"), "", 404),
        ("POST", path("sessions", "nobody", "notice"), notice, 404),
        ("POST", path("sessions", &session, "notice"), notice, 204),
        ("POST", path("sessions", &session, "notice"), notice, 204),
        ("POST", path("sessions", &session, "notice"), r#"{"text": "x", "level": "loud"}"#, 400),
        ("POST", path("sessions", &session, "notice"), r#"{"text": " ", "level": "info"}"#, 400),
        ("POST", path("sessions", &session, "notice"), "{", 400),
        ("GET", "computations".to_owned(), "", 200),
        ("POST", path("computations", &computation, "stop"), "", 202),
        ("POST", path("computations", &computation, "stop"), "", 202),
        ("POST", path("computations", "none", "stop"), "", 404),
        ("GET", "banner".to_owned(), "", 404),
        ("DELETE", "banner".to_owned(), "", 204),
        (
            "PUT",
            "banner".to_owned(),
            r#"{"text": "soon", "level": "info", "from": null, "until": null}"#,
            204,
        ),
        ("PUT", "banner".to_owned(), r#"{"text": "soon", "level": "info", "from": "today"}"#, 400),
        (
            "PUT",
            "banner".to_owned(),
            r#"{"text": "soon", "level": "info", "from": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}"#,
            400,
        ),
        ("GET", "banner".to_owned(), "", 200),
        ("GET", "nothing".to_owned(), "", 404),
    ];
    for (method, path, body, status) in cases {
        let answer = web.contract(method, &path, body).await;
        assert_eq!(answer.status(), status, "{method} {path}: {}", text(&answer));
        if status >= 400 {
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
            let problem = json(&answer);
            assert_eq!(problem["status"], status, "{problem}");
            assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        }
        for token in ["", "wrong", WORKER_TOKEN] {
            let answer = web.contract_as(token, method, &path, body).await;
            assert_eq!(answer.status(), 401, "{method} {path} with {token:?}");
            assert!(!text(&answer).contains(ADMIN_TOKEN));
        }
    }
    assert_eq!(ada.live(&session).await["notices"].as_array().map(Vec::len), Some(1), "told once");
}

#[tokio::test]
async fn what_is_told_reaches_people_and_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = Web::ready("1.0.0", folder.path()).await;
    let ada = web.sign_in("Ada").await;
    let id = ada.new_session("Engine").await;
    let notice = r#"{"text": "Your session <ends> soon", "level": "critical"}"#;
    web.contract("POST", &format!("sessions/{id}/notice"), notice).await;
    let live = ada.live(&id).await;
    assert_eq!(live["notices"][0]["text"], "Your session <ends> soon");
    // A person who comes back learns why; opening again is a new beginning.
    web.contract("POST", &format!("sessions/{id}/stop"), "").await;
    web.session_is(&id, "stopped").await;
    assert!(ada.page(&format!("/sessions/{id}")).await.contains("Your session &lt;ends&gt; soon"));
    ada.form(&format!("/sessions/{id}/open"), &[]).await;
    assert_eq!(ada.live(&id).await["notices"].as_array().map(Vec::len), Some(0));

    for (from, until, shown) in [
        ("null", "null", true),
        ("\"2020-01-01T00:00:00Z\"", "null", true),
        ("\"2999-01-01T00:00:00Z\"", "null", false),
        ("null", "\"2020-01-01T00:00:00Z\"", false),
        ("\"2020-01-01T01:00:00+01:00\"", "\"2999-01-01T00:00:00Z\"", true),
    ] {
        let body =
            format!(r#"{{"text": "Maintenance", "level": "warning", "from": {from}, "until": {until}}}"#);
        assert_eq!(web.contract("PUT", "banner", &body).await.status(), 204);
        assert_eq!(json(&ada.get("/live").await)["banner"].is_object(), shown, "{body}");
        assert_eq!(ada.page("/").await.contains(">Maintenance<"), shown, "{body}");
    }
    assert_eq!(json(&web.contract("GET", "banner", "").await)["from"], "2020-01-01T00:00:00Z");
    web.contract("DELETE", "banner", "").await;
    assert!(json(&ada.get("/live").await)["banner"].is_null());
}

#[tokio::test]
async fn lists_come_page_by_page_and_leave_out_what_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = Web::ready("1.0.0", folder.path()).await;
    let ada = web.sign_in("Ada").await;
    let mut all = Vec::new();
    for number in 0..103 {
        all.push(ada.run(&format!("number {number}"), "true").await);
    }
    let stopped = all.remove(7);
    web.contract("POST", &format!("computations/{stopped}/stop"), "").await;
    let mut found = Vec::new();
    let mut path = "computations".to_owned();
    loop {
        let page = json(&web.contract("GET", &path, "").await);
        let rows = page["computations"].as_array().expect("a list");
        assert!(rows.len() <= 50);
        assert!(rows.iter().all(|row| row["state"] == "queued" && row["started_at"].is_null()));
        found.extend(rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("computations?cursor={cursor}");
    }
    assert_eq!(found, all);

    let (one, two) = (ada.new_session("one").await, ada.new_session("two").await);
    web.contract("POST", &format!("sessions/{one}/stop"), "").await;
    web.session_is(&one, "stopped").await;
    until("one is listed no more", async || {
        let list = json(&web.contract("GET", "sessions", "").await);
        let ids: Vec<&str> = list["sessions"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|row| row["id"].as_str())
            .collect();
        ids == [two.as_str()]
    })
    .await;
}
