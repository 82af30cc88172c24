//! The GitHub Action, as a workflow runs it: against a stand-in for GitHub's API on this machine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What was asked: method, path and body.
type Asked = Arc<Mutex<Vec<(String, String, String)>>>;

/// A stand-in for GitHub: keeps one comment.
fn github() -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut comment: Option<String> = None;
        for connection in listener.incoming() {
            let Ok(connection) = connection else { continue };
            serve(connection, &log, &mut comment);
        }
    });
    (address, asked)
}

fn serve(mut connection: TcpStream, log: &Asked, comment: &mut Option<String>) {
    let mut bytes = Vec::new();
    let mut part = [0; 65_536];
    let (head, body) = loop {
        let read = connection.read(&mut part).expect("readable");
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or(0) || read == 0 {
            break (head.to_owned(), body.to_owned());
        }
    };
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    assert!(head.contains("Bearer a-token"), "{head}");
    let answer = match method {
        "GET" if path.ends_with("&page=1") => match comment {
            Some(body) => serde_json::json!([{"id": 7, "body": body}]),
            None => serde_json::json!([{"id": 3, "body": "somebody's words"}]),
        },
        "GET" => serde_json::json!([]),
        _ => {
            let sent: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            *comment = sent["body"].as_str().map(str::to_owned);
            serde_json::json!({"id": 7})
        }
    };
    log.lock().expect("nothing panics").push((method.to_owned(), path.to_owned(), body));
    let answer = answer.to_string();
    let _gone = write!(
        connection,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    );
}

#[test]
fn a_pull_request_gets_one_comment_that_is_kept_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let releases = Path::new(ROOT).join("deploy/sample");
    let matrix = format!(
        "releases = [{:?}]\nto = {:?}\n[parameters.usual]\n",
        releases.join("1.0.0.yaml"),
        releases.join("1.1.0.yaml")
    );
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("matrix.toml"), matrix).expect("written");
    std::fs::write(path("event.json"), r#"{"pull_request": {"number": 12}}"#).expect("written");
    let (address, asked) = github();
    for _ in 0..2 {
        let done = Command::new(Path::new(ROOT).join("action/rehearse"))
            .env("REHEARSE_MATRIX", path("matrix.toml"))
            .env("REHEARSE_PROGRAM", env!("CARGO_BIN_EXE_slackwater"))
            .env("REHEARSE_RUNS", "2")
            .env("GITHUB_STEP_SUMMARY", path("summary.md"))
            .env("GITHUB_EVENT_PATH", path("event.json"))
            .env("GITHUB_REPOSITORY", "somebody/something")
            .env("GITHUB_API_URL", &address)
            .env("GITHUB_TOKEN", "a-token")
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said} {}", String::from_utf8_lossy(&done.stdout));
    }
    let asked = asked.lock().expect("nothing panics");
    let changed: Vec<&(String, String, String)> =
        asked.iter().filter(|(method, ..)| method != "GET").collect();
    let ways: Vec<(&str, &str)> =
        changed.iter().map(|(method, path, _)| (method.as_str(), path.as_str())).collect();
    assert_eq!(
        ways,
        [
            ("POST", "/repos/somebody/something/issues/12/comments"),
            ("PATCH", "/repos/somebody/something/issues/comments/7"),
        ]
    );
    for (_, _, body) in changed {
        assert!(body.contains("1 of 1 end well") && body.contains("1.0.0 to 1.1.0, usual"), "{body}");
    }
    let summary = std::fs::read_to_string(path("summary.md")).expect("written");
    assert_eq!(summary.matches("### Upgrades rehearsed").count(), 2, "{summary}");
}
