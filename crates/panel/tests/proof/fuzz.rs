//! schemathesis asks the REST API everything that its OpenAPI document allows, and much that it doesn't: no answer may
//! be a failure of ours, and none another than the document says.

use std::path::{Path, PathBuf};
use std::process::Command;

use axum::body::{Body, to_bytes};
use http::Request;
use panel::access::Role;
use tower::ServiceExt as _;

use crate::common::plan;
use crate::house::Served;
use crate::runs;

/// Requests for each operation and kind of test; the whole takes under a minute.
const EXAMPLES: &str = "40";

fn schemathesis() -> PathBuf {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let program = venv.join("panel/bin/schemathesis");
    assert!(program.exists(), "{} is missing: run the tests with tools/test", program.display());
    program
}

/// An upgrade in the making, so that there is something to change, look at, approve and run. Gives its id.
async fn propose(served: &Served, token: &str) -> String {
    let request = Request::post("/api/v1/deployments/lab/proposals")
        .header("host", "127.0.0.1")
        .header("authorization", format!("Bearer {token}"))
        .header("idempotency-key", "the-first")
        .header("content-type", "application/json")
        .body(Body::from(r#"{"release":"2.0.0"}"#))
        .expect("a request");
    let answer = served.router().oneshot(request).await.expect("infallible");
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
    assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    let made: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    made["proposalId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn the_api_answers_as_its_document_says() {
    let served = Served::new();
    let token = served.token(Role::Admin);
    let journal = served.journal();
    runs::begin(&journal, &plan::plan("one"));
    runs::events(&journal, "one", 0, 50);
    let address = served.listen(None).await;
    let proposal = propose(&served, &token).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(schemathesis());
    let beside = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/proof").join(name);
    command
        .arg("--config-file")
        .arg(beside("fuzz.toml"))
        .arg("run")
        .arg(format!("http://{address}/api/v1/openapi.json"))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-examples", EXAMPLES, "--seed", "20261125", "--generation-database", "none"])
        // A name that is there is asked for now and then, and not only names that aren't.
        .env("SCHEMATHESIS_HOOKS", beside("fuzz_hooks.py"))
        .env("PROPOSAL", proposal)
        .current_dir(folder.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("ended");
    let output = output.expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let asked = told.split_once(" generated, ").and_then(|(before, _)| before.split_whitespace().next_back());
    let asked: usize = asked.and_then(|count| count.parse().ok()).expect("how much was asked");
    assert!(asked > 500, "{asked} requests prove little");
    println!("attacks: fuzzed requests: {asked} of {asked} held");
}
