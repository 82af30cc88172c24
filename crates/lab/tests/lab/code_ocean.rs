//! Code Ocean's own published Python client against the lab.

use std::process::Stdio;

use crate::support::{Web, peer, text};

#[tokio::test]
async fn the_published_client_runs_watches_and_deletes_computations() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = Web::ready("1.0.0", &folder.path().join("data")).await;
    let ada = web.sign_in("Ada").await;
    ada.form("/capsules", &[("name", "Count"), ("command", "echo \"$1 $2\" > results/out.txt; exit 0")])
        .await;
    ada.form("/capsules", &[("name", "Wait"), ("command", "sleep 1000")]).await;
    let page = text(&ada.form("/tokens", &[]).await);
    let token = page.split("<code id=token>").nth(1).expect("a token").split('<').next().expect("its end");
    let _worker = web.worker("i-1", &folder.path().join("scratch"));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/client.py");
    let output = tokio::process::Command::new(peer("python"))
        .arg(script)
        .env("LAB_URL", &web.users)
        .env("LAB_TOKEN", token)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("the client runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}{}", String::from_utf8_lossy(&output.stdout));
}
