//! A run that asks on a terminal goes on meanwhile: it is answered from elsewhere, interrupted, and answered there.
//! util-linux's `script` is the terminal.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::cloud::{Cloud, Ended, end_of, sample};
use crate::looking::warnings;

/// Begin a command on a terminal of its own. Standard input of what is given back is what is typed there.
fn on_a_terminal(cloud: &Cloud, arguments: &str) -> Child {
    terminal(cloud, arguments).spawn().expect("util-linux's script is installed")
}

/// A command that will have a terminal of its own.
pub fn terminal(cloud: &Cloud, arguments: &str) -> Command {
    let of = cloud.command(&[]);
    let command = format!("exec '{}' {arguments}", env!("CARGO_BIN_EXE_slackwater"));
    let mut terminal = Command::new("script");
    terminal
        .args(["--quiet", "--return", "--flush", "--command", &command, "typescript"])
        .envs(of.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(cloud.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    terminal
}

fn shown(cloud: &Cloud) -> String {
    std::fs::read_to_string(cloud.folder().join("typescript")).unwrap_or_default()
}

/// A page that is well until the gate has closed on it, and never again.
fn page_that_falls_sick(typescript: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let mut sick = false;
        for stream in listener.incoming() {
            let mut stream = stream.expect("connected");
            let said = std::fs::read_to_string(&typescript).unwrap_or_default();
            let begins = ["Execute the change set\r\n", "\"text\":\"Execute the change set\""];
            sick |= begins.iter().any(|words| said.contains(words));
            let status = if sick { "503 Service Unavailable" } else { "200 OK" };
            // A client that has gone away is nothing to this page.
            let _read = stream.read(&mut [0; 4096]);
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _written = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}/")
}

/// A cloud whose platform isn't healthy after the update, and the upgrade after which that is asked about.
pub fn never_healthy() -> (Cloud, String) {
    let cloud = Cloud::with_sample();
    let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
    let settings = settings.replace("quiet = \"1s\"", "quiet = \"1s\"\ndeadline = \"3s\"");
    let page = page_that_falls_sick(cloud.folder().join("typescript"));
    let check = format!("[[deployments.production.health.http]]\nurl = \"{page}\"\n");
    cloud.write("slackwater.toml", &format!("{settings}{check}"));
    let release = sample("1.1.0").display().to_string();
    let mut command = format!("upgrade --to {release} --yes");
    for warning in warnings(&cloud, &["--to", &release]) {
        command.push_str(&format!(" --accept {warning}"));
    }
    (cloud, command)
}

pub fn ask(cloud: &Cloud, command: &str) -> Child {
    let _absent = std::fs::remove_file(cloud.folder().join("typescript"));
    let run = on_a_terminal(cloud, command);
    cloud.until("Your decision:", || shown(cloud));
    run
}

fn assert_open(cloud: &Cloud, ended: &Ended) {
    assert_eq!(ended.code, 0, "{ended:?}");
    let status = cloud.run(&["status"]);
    assert!(status.out.contains("open; users are let in"), "{status:?}");
}

#[test]
fn a_question_on_a_terminal_is_answered_from_elsewhere() {
    let (cloud, upgrade) = never_healthy();
    let run = ask(&cloud, &upgrade);
    cloud.until_runs_say("waits for a person's decision (process ");
    let stop = cloud.run(&["run", "stop"]);
    assert_eq!(stop.code, 7, "nothing goes on that could be stopped: {stop:?}");
    assert!(
        stop.out.contains("waits for a person's decision") && stop.out.contains("run answer"),
        "{stop:?}"
    );
    let answered = cloud.run(&["run", "answer", "--open"]);
    assert_eq!(answered.code, 0, "{answered:?}");
    assert!(!answered.out.contains("Nobody carries it out"), "{answered:?}");
    assert_open(&cloud, &end_of(run));
    assert!(shown(&cloud).contains("eve decides: end maintenance as it is"), "{}", shown(&cloud));
}

#[test]
fn a_question_on_a_terminal_is_answered_there_after_an_interruption() {
    let (cloud, upgrade) = never_healthy();
    let mut run = ask(&cloud, &upgrade);
    // Ctrl-C, as a terminal takes it.
    run.stdin.as_mut().expect("piped").write_all(b"\x03").expect("typed");
    let left = end_of(run);
    assert_eq!(left.code, 4, "{left:?}");
    let run_id = cloud.latest_run();
    assert!(shown(&cloud).contains(&format!("run {run_id} was interrupted by Ctrl-C")), "{}", shown(&cloud));
    let mut run = ask(&cloud, "run resume");
    run.stdin.as_mut().expect("piped").write_all(b"whatever\n").expect("typed");
    cloud.until("That is not one of the answers.", || shown(&cloud));
    run.stdin.as_mut().expect("piped").write_all(b"open\n").expect("typed");
    cloud.until("end maintenance", || shown(&cloud));
    assert_open(&cloud, &end_of(run));
    assert!(
        shown(&cloud).contains("Gone on with after it had been left to wait for a decision: 1 time"),
        "{}",
        shown(&cloud)
    );
}
