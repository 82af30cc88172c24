//! Workers and jobs: real processes that do what was asked, are stopped, and may die.

use std::process::Stdio;

use serde_json::Value;

use crate::support::{Browser, Program, Web, is_alive, json, program, until};

async fn state(web: &Web, id: &str) -> String {
    let list = json(&web.contract("GET", "computations?state=all", "").await);
    let rows = list["computations"].as_array().expect("a list");
    let row = rows.iter().find(|row| row["id"] == id).expect("the computation");
    row["state"].as_str().expect("a word").to_owned()
}

async fn becomes(web: &Web, id: &str, wanted: &str) {
    until(&format!("the computation is {wanted}"), async || state(web, id).await == wanted).await;
}

/// What a computation has printed.
async fn log(ada: &Browser, id: &str) -> String {
    let page = ada.page(&format!("/computations/{id}")).await;
    let log = page.split("<pre id=log>").nth(1).expect("a log");
    log.split("</pre>").next().unwrap_or_default().to_owned()
}

/// The process id that a running computation has printed.
async fn process_of(ada: &Browser, id: &str) -> String {
    until("it prints its process's id", async || log(ada, id).await.contains("pid=")).await;
    let log = log(ada, id).await;
    log.split("pid=").nth(1).and_then(|rest| rest.split('\n').next()).expect("an id").to_owned()
}

const LONG: &str = "echo pid=$$; while true; do sleep 1; done";

#[tokio::test]
async fn a_worker_runs_stops_and_tells() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, scratch) = (folder.path().join("data"), folder.path().join("scratch"));
    let web = Web::ready("1.0.0", &data).await;
    let ada = web.sign_in("Ada").await;
    let good =
        ada.run("good", "echo working; mkdir results/deep; echo 42 > 'results/deep/an answer.txt'").await;
    let bad = ada.run("bad", "echo oh >&2; exit 3").await;
    let waiting = ada.run("waiting", "true").await;
    web.contract("POST", &format!("computations/{waiting}/stop"), "").await;
    assert_eq!(state(&web, &waiting).await, "stopped", "what waits is stopped at once");
    let long = ada.run("long", LONG).await;
    let _worker = web.worker("i-1", &scratch);
    becomes(&web, &good, "succeeded").await;
    let page = ada.page(&format!("/computations/{good}")).await;
    assert!(
        page.contains("working") && page.contains("deep/an answer.txt") && page.contains("Exit code 0"),
        "{page}"
    );
    let result = ada.page(&format!("/computations/{good}/results/deep/an%20answer.txt")).await;
    assert_eq!(result, "42\n");
    becomes(&web, &bad, "failed").await;
    let page = ada.page(&format!("/computations/{bad}")).await;
    assert!(page.contains("oh\n") && page.contains("Exit code 3"), "{page}");

    becomes(&web, &long, "running").await;
    let process = process_of(&ada, &long).await;
    assert!(is_alive(&process));
    assert_eq!(web.contract("POST", &format!("computations/{long}/stop"), "").await.status(), 202);
    becomes(&web, &long, "stopped").await;
    assert!(!is_alive(&process));
    assert_eq!(
        std::fs::read_dir(&scratch).expect("the folder").count(),
        0,
        "nothing is left in the worker's folder"
    );
}

#[tokio::test]
async fn a_worker_that_is_ended_or_dies_fails_its_computation() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = Web::ready("1.0.0", &folder.path().join("data")).await;
    let ada = web.sign_in("Ada").await;
    let ended = ada.run("ended", LONG).await;
    let mut worker = web.worker("i-1", &folder.path().join("1"));
    let process = process_of(&ada, &ended).await;
    assert!(worker.terminate().success());
    assert_eq!(state(&web, &ended).await, "failed", "told before the worker ended");
    assert!(!is_alive(&process));

    let lost = ada.run("lost", LONG).await;
    let mut worker = web.worker("i-2", &folder.path().join("2"));
    let process = process_of(&ada, &lost).await;
    worker.0.kill().expect("killed");
    becomes(&web, &lost, "failed").await;
    let page = ada.page(&format!("/computations/{lost}")).await;
    assert!(page.contains("its worker is gone"), "{page}");
    // What a killed worker leaves, its instance's end takes along; here the test does.
    let _gone = std::process::Command::new("kill").args(["-KILL", &process]).status();
}

/// A worker goes on while the web service is replaced, and is refused with a wrong token.
#[tokio::test]
async fn a_worker_outlives_the_web_service_and_needs_its_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut web = Web::ready("1.0.0", &data).await;
    let ada = web.sign_in("Ada").await;
    let long = ada.run("long", "echo before; while [ ! -e go ]; do sleep 0.1; done; echo after").await;
    let scratch = folder.path().join("scratch");
    let _worker = web.worker("i-1", &scratch);
    becomes(&web, &long, "running").await;
    web.process.terminate();
    let (users, admin) = (web.users.clone(), web.admin.clone());
    std::fs::write(scratch.join(&long).join("go"), "").expect("a file");
    let plain = |address: &str| address.strip_prefix("http://").expect("http").to_owned();
    let data = data.to_str().expect("UTF-8");
    let again = program(&["web", "--release", "1.1.0", "--data", data])
        .args(["--listen", &plain(&users), "--admin-listen", &plain(&admin)])
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let web = Web { process: Program(again), users, admin };
    until("it listens", async || tokio::net::TcpStream::connect(plain(&web.users)).await.is_ok()).await;
    web.wait_ready().await;
    becomes(&web, &long, "succeeded").await;
    let page = ada.page(&format!("/computations/{long}")).await;
    assert!(page.contains("before\nafter"), "{page}");

    let refused = program(&["worker", "--web", &web.admin, "--name", "i-2", "--scratch"])
        .arg(&scratch)
        .env("LAB_WORKER_TOKEN", "no such token")
        .output()
        .expect("it ends");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && words.contains("wrong token") && !words.contains("no such token"),
        "{words}"
    );
}

#[tokio::test]
async fn jobs_leave_what_they_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = folder.path().join("sessions/s1");
    std::fs::create_dir_all(&session).expect("a folder");
    std::fs::write(session.join("a.txt"), "two words\nand a line\n").expect("a file");
    for (kind, id, expected) in [
        (
            "inventory",
            "job-1",
            serde_json::json!({"kind": "inventory", "files": [{"path": "s1/a.txt", "bytes": 21,
                "sha256": "c64503e01d9c08e23d536fac86bf15bd8d780927b81cc8ad1478871032536150"}]}),
        ),
        ("pipeline", "job-2", serde_json::json!({"kind": "pipeline", "texts": 1, "lines": 2, "words": 5})),
    ] {
        let status = program(&["job", kind, "--data"])
            .arg(folder.path())
            .env("AWS_BATCH_JOB_ID", id)
            .stdout(Stdio::null())
            .status()
            .expect("it runs");
        assert!(status.success(), "{kind}");
        let document =
            std::fs::read(folder.path().join("jobs").join(format!("{id}.json"))).expect("a document");
        let document: Value = serde_json::from_slice(&document).expect("JSON");
        assert_eq!(document, expected, "{kind}");
    }
    let status = program(&["job", "inventory", "--job-id", "../escape", "--data"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .status()
        .expect("it runs");
    assert!(!status.success());
}
