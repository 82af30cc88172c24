//! `openapi.yaml` is valid OpenAPI, and what adapter and stub say to each other is what it describes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use platform::Adapter;
use upgrade::{Banner, BannerLevel, PlatformAct, PlatformQuery};

use crate::server::config;
use crate::stub::Stub;

fn python() -> PathBuf {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let program = venv.join("bin/python");
    assert!(program.exists(), "{} is missing: run the tests with tools/test", program.display());
    program
}

#[tokio::test]
async fn the_conversation_is_as_the_document_describes_it() {
    let stub = Stub::populated();
    let adapter = Adapter::in_process(
        config(&platform::HTTP, "https://platform.example.org".to_owned()),
        stub.handler(),
    )
    .expect("a usable configuration");
    let banner = |until: Option<&str>| Banner {
        text: "Maintenance".to_owned(),
        level: BannerLevel::Info,
        from: None,
        until: until.map(str::to_owned),
    };
    let session_id = "s 1".to_owned();
    let acts = [
        PlatformAct::SetBanner(banner(None)),
        PlatformAct::SetBanner(banner(Some("2026-03-01T23:00:00Z"))),
        PlatformAct::Notify {
            session_id: session_id.clone(),
            text: "Soon".to_owned(),
            level: BannerLevel::Warning,
        },
        PlatformAct::SaveSession { session_id: session_id.clone() },
        PlatformAct::StopSession { session_id: session_id.clone() },
        PlatformAct::StopSession { session_id },
        PlatformAct::StopComputation { computation_id: "c/1".to_owned() },
        PlatformAct::ClearBanner,
        PlatformAct::ClearBanner,
    ];
    let queries =
        [PlatformQuery::Sessions, PlatformQuery::Computations, PlatformQuery::Status, PlatformQuery::Banner];
    for act in acts {
        adapter.act(&act).await.expect("done");
        for query in &queries {
            adapter.observe(query).await.expect("an answer");
        }
    }

    let exchanges = serde_json::to_vec(&stub.lock().exchanges).expect("JSON");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut checker = Command::new(python())
        .arg(here.join("tests/adapters/check_openapi.py"))
        .arg(here.join("openapi.yaml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python starts");
    // A checker that ended early has said why.
    let _sent = checker.stdin.take().expect("its input").write_all(&exchanges);
    let output = checker.wait_with_output().expect("it ends");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}(packages missing? tools/test installs them)");
    assert!(said.contains("10 operations"), "every operation was used: {said}");
}
