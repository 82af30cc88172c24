//! The web service's life: what a person does in it, and what of that outlives a restart, a crash and an upgrade.

use std::process::Stdio;

use crate::support::{Web, get, is_alive, json, program, text, until};

/// What a person edits is unsaved until it is saved, and then it is on disk.
#[tokio::test]
async fn edited_text_is_unsaved_until_it_is_on_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = Web::ready("1.1.0", folder.path()).await;
    let ada = web.sign_in("Ada").await;
    let id = ada.new_session("Engine").await;
    assert_eq!(ada.edit(&id, "notes/day.txt", "numbers").await.status(), 204);
    let session = web.session(&id).await;
    assert_eq!((&session["unsaved"], &session["unsaved_items"]), (&true.into(), &1.into()));
    assert_eq!((&session["owner"], &session["last_save"]), (&"Ada".into(), &serde_json::Value::Null));
    let file = folder.path().join("sessions").join(&id).join("notes/day.txt");
    assert!(!file.exists(), "not yet on disk");

    ada.form(&format!("/sessions/{id}/save"), &[]).await;
    until("it is saved", async || web.session(&id).await["unsaved"] == false).await;
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "numbers");
    until("the save is told", async || web.session(&id).await["last_save"]["succeeded"] == true).await;
    assert_eq!(ada.edit(&id, "notes/day.txt", "numbers").await.status(), 204);
    assert_eq!(web.session(&id).await["unsaved"], false, "the same text is nothing unsaved");
    assert!(
        ada.page(&format!("/sessions/{id}")).await.contains("notes/day.txt, 7 bytes"),
        "1.1.0 tells of saves"
    );
}

/// A save that can't be confirmed did not happen: the text stays unsaved, and the reason is told.
#[tokio::test]
async fn a_save_that_fails_leaves_the_text_unsaved() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = Web::ready("1.1.0", folder.path()).await;
    let ada = web.sign_in("Ada").await;
    let id = ada.new_session("Engine").await;
    std::fs::create_dir_all(folder.path().join("sessions").join(&id).join("plan"))
        .expect("a folder in the way");
    ada.edit(&id, "good", "1").await;
    ada.edit(&id, "plan", "2").await;
    assert_eq!(web.contract("POST", &format!("sessions/{id}/save"), "").await.status(), 202);
    until("the save is over", async || {
        let session = web.session(&id).await;
        session["state"] == "running" && session["last_save"].is_object()
    })
    .await;
    let session = web.session(&id).await;
    assert_eq!((&session["unsaved_items"], &session["last_save"]["succeeded"]), (&1.into(), &false.into()));
    let error = session["last_save"]["error"].as_str().expect("a reason");
    assert!(error.starts_with("plan: "), "{error}");
}

/// A session is a real shell in its own folder, without the web service's secrets; stopping ends all of it.
#[tokio::test]
async fn a_sessions_shell_is_real_and_ends_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = Web::ready("1.0.0", folder.path()).await;
    let ada = web.sign_in("Ada").await;
    let id = ada.new_session("Engine").await;
    ada.command(&id, "echo made > file; echo $((6 * 7)); env").await;
    ada.output_has(&id, "42\n").await;
    ada.output_has(&id, "HOME=").await;
    let output = ada.live(&id).await["output"].as_str().expect("text").to_owned();
    assert!(!output.contains("TOKEN") && !output.contains("AWS_"), "{output}");
    // One that doesn't want to end, in the background.
    ada.command(&id, "sh -c 'trap \"\" TERM; while true; do sleep 1; done' & echo child=$!").await;
    ada.output_has(&id, "child=").await;
    let output = ada.live(&id).await["output"].as_str().expect("text").to_owned();
    let mut marks = output.split("child=").filter_map(|rest| rest.split('\n').next());
    let child = marks.find(|mark| mark.parse::<u32>().is_ok()).expect("an id").to_owned();
    assert!(is_alive(&child));

    // Stopping is idempotent.
    for _ in 0..2 {
        assert_eq!(web.contract("POST", &format!("sessions/{id}/stop"), "").await.status(), 202);
    }
    web.session_is(&id, "stopped").await;
    until("its processes are gone", async || !is_alive(&child)).await;
    assert_eq!(ada.edit(&id, "file", "x").await.status(), 409, "a stopped session takes no text");

    ada.form(&format!("/sessions/{id}/open"), &[]).await;
    web.session_is(&id, "running").await;
    ada.command(&id, "cat file").await;
    ada.output_has(&id, "made").await;
    // A shell that ends is no lost session.
    ada.command(&id, "exit 3").await;
    ada.output_has(&id, "the shell ended").await;
    ada.command(&id, "echo again").await;
    ada.output_has(&id, "again\n").await;
}

/// After a restart sessions are there as stopped with their files; after a crash unsaved text is lost.
#[tokio::test]
async fn saved_files_outlive_a_restart_and_a_crash_and_unsaved_text_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut web = Web::ready("1.0.0", folder.path()).await;
    let ada = web.sign_in("Ada").await;
    let id = ada.new_session("Engine").await;
    ada.edit(&id, "kept", "kept").await;
    ada.form(&format!("/sessions/{id}/save"), &[]).await;
    until("it is saved", async || web.session(&id).await["unsaved"] == false).await;
    assert!(web.process.terminate().success(), "SIGTERM is a good end");

    let mut web = Web::ready("1.0.0", folder.path()).await;
    let ada = ada.at(&web);
    assert_eq!(web.session(&id).await["state"], "stopped");
    ada.form(&format!("/sessions/{id}/open"), &[]).await;
    ada.edit(&id, "kept", "kept, and more").await;
    web.process.0.kill().expect("killed");
    web.process.0.wait().expect("gone");

    let web = Web::ready("1.0.0", folder.path()).await;
    let ada = ada.at(&web);
    assert_eq!(web.session(&id).await["state"], "stopped");
    ada.form(&format!("/sessions/{id}/open"), &[]).await;
    assert_eq!(json(&ada.get(&format!("/sessions/{id}/files/kept")).await)["text"], "kept");
}

/// A newer release migrates the database and keeps what is in it; an older one then refuses, and touches nothing.
#[tokio::test]
async fn a_newer_release_migrates_and_an_older_one_refuses() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut web = Web::ready("1.0.0", folder.path()).await;
    let ada = web.sign_in("Ada").await;
    let id = ada.new_session("Engine").await;
    assert!(!ada.page(&format!("/sessions/{id}")).await.contains("History of saves"));
    web.process.terminate();

    let mut web = Web::ready("1.1.0", folder.path()).await;
    let ada = ada.at(&web);
    assert_eq!(json(&get(&format!("{}/version", web.users)).await)["version"], "1.1.0");
    let page = ada.page(&format!("/sessions/{id}")).await;
    assert!(page.contains("History of saves") && page.contains("1.1.0"), "{page}");
    web.process.terminate();

    let data = folder.path().to_str().expect("UTF-8");
    let refused = program(&["web", "--release", "1.0.5", "--data", data])
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .output()
        .expect("it runs");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(
        words.contains("schema 2, made by a newer release; release 1.0.5 knows schemas up to 1"),
        "{words}"
    );
    Web::ready("1.2.0", folder.path()).await;
}

/// A second web service stands by, unhealthy, until the first is gone; one whose need isn't met is down.
#[tokio::test]
async fn one_web_service_at_a_time_works_with_the_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = Web::ready("1.0.0", folder.path()).await;
    let second = Web::start("1.0.0", folder.path(), &[]);
    let answer = get(&format!("{}/healthz", second.users)).await;
    assert_eq!(answer.status(), 503);
    assert!(text(&answer).contains("stands by"), "{}", text(&answer));
    assert_eq!(get(&format!("{}/", second.users)).await.status(), 503);
    first.process.terminate();
    second.wait_ready().await;

    let other = tempfile::tempdir().expect("a folder");
    let needy = Web::start("1.2.0", other.path(), &["--requires", "127.0.0.1:9"]);
    until("it says what is missing", async || {
        let platform = json(&needy.contract("GET", "platform", "").await);
        platform["health"] == "down"
            && platform["detail"].as_str().is_some_and(|words| words.contains("127.0.0.1:9"))
    })
    .await;
    assert_eq!(get(&format!("{}/healthz", needy.users)).await.status(), 503);
}

/// Pages: nobody sees another's, nothing comes from elsewhere, and what people write is text.
#[tokio::test]
async fn pages_are_each_persons_own_and_harmless() {
    let folder = tempfile::tempdir().expect("a folder");
    let web = Web::ready("1.0.0", folder.path()).await;
    let ada = web.sign_in("<b>Ada</b>").await;
    let id = ada.new_session("<script>alert(1)</script>").await;
    let page = ada.page(&format!("/sessions/{id}")).await;
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>alert"), "{page}");
    assert!(!page.contains("<b>Ada"), "{page}");
    let answer = ada.get("/").await;
    let policy = answer.headers().get("content-security-policy").expect("a policy").to_str().expect("text");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for asset in ["/assets/lab.css", "/assets/lab.js"] {
        let words = ada.page(asset).await;
        assert!(!words.contains("http://") && !words.contains("https://"), "{asset}");
    }

    let bob = web.sign_in("Bob").await;
    for (method, path, status) in [
        ("GET", format!("/sessions/{id}"), 404),
        ("GET", format!("/sessions/{id}/live"), 404),
        ("GET", format!("/sessions/{id}/files/a"), 404),
        ("PUT", format!("/sessions/{id}/files/a"), 404),
        ("POST", format!("/sessions/{id}/stop"), 404),
        ("GET", "/nothing".to_owned(), 404),
        ("GET", "/sessions/..%2f..%2fetc".to_owned(), 404),
    ] {
        let answer = bob.send(method, &path, "text/plain", "").await;
        assert_eq!(answer.status(), status, "{method} {path}");
    }
    for path in ["..%2F..%2Flab.sqlite", "%2Fetc%2Fpasswd"] {
        let answer = ada.edit(&id, path, "x").await;
        assert_eq!(answer.status(), 400, "{path}");
    }
    let foreign = http::Request::post(format!("{}/sign-in", web.users))
        .header("origin", "http://elsewhere.example")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(bytes::Bytes::from("name=Eve"))
        .expect("a request");
    assert_eq!(lab::http_client::send(foreign).await.expect("an answer").status(), 403);
}
