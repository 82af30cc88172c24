//! Real clients, with nothing of ours on their side, against `slackwater local`.

#[path = "../clients/local.rs"]
mod local;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::shared;
use local::{Local, environments};

/// A program of the tests' virtual environment.
pub fn peer(name: &str) -> PathBuf {
    let program = environments().join("bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: run the tests with tools/test, which installs it",
        program.display()
    );
    program
}

/// A client with this cloud's environment and no other configuration.
fn client(local: &Local, program: &str) -> Command {
    let mut command = Command::new(peer(program));
    command.envs(local.environment());
    command
}

#[test]
fn boto3_takes_every_vendors_releases_through_the_local_cloud() {
    let Some(shared) = shared() else { return };
    let local = Local::start(&["--speed", "instant"]);
    let text = script(&local, "vendor_chains.py", &[&shared.join("templates")]);
    assert!(text.contains("code-ocean: created from v3.7.0.yaml"), "{text}");
}

/// Run a Python script of `tests/peers` and give what it printed; it has to end well.
fn script(local: &Local, name: &str, arguments: &[&Path]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name);
    let output = client(local, "python").arg(script).args(arguments).output().expect("Python starts");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn boto3_and_the_aws_cli_store_and_fetch_objects() {
    let local = Local::start(&["--speed", "instant"]);
    let text = script(&local, "storage.py", &[]);
    assert!(text.contains("storage checks"), "{text}");
}

#[test]
fn boto3_asks_for_every_operation_rightly_and_wrongly() {
    let local = Local::start(&["--speed", "instant"]);
    let text = script(&local, "audit.py", &[]);
    assert!(text.contains(" operations"), "{text}");
}

#[test]
fn a_line_is_printed_for_each_request_when_asked() {
    let mut local = Local::start(&["--speed", "instant", "--log-requests"]);
    let mut asked = client(&local, "aws");
    asked.args([
        "ssm",
        "put-parameter",
        "--name",
        "p",
        "--value",
        "a secret value",
        "--type",
        "SecureString",
    ]);
    assert!(asked.status().expect("the AWS CLI starts").success());
    let mut refused = client(&local, "aws");
    refused.args(["cloudformation", "describe-stacks", "--stack-name", "none"]);
    assert!(!refused.output().expect("the AWS CLI starts").status.success());
    local.process.kill().expect("it runs");
    let mut log = String::new();
    local.process.stderr.take().expect("its errors").read_to_string(&mut log).expect("text");
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines.iter().any(|line| line.contains("Z ssm PutParameter 200 - ")), "{log}");
    let refusal = "Z cloudformation DescribeStacks 400 ValidationError ";
    assert!(lines.iter().any(|line| line.contains(refusal) && line.ends_with(" ms none")), "{log}");
    assert!(!log.contains("a secret value"), "{log}");
}

#[test]
fn the_aws_cli_creates_updates_and_deletes_the_sample() {
    let local = Local::start(&["--speed", "instant"]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sample");
    let aws = |arguments: &[&str]| {
        let output =
            client(&local, "aws").args(arguments).current_dir(&folder).output().expect("the AWS CLI starts");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "aws {arguments:?}: {out}{err}");
        out.into_owned()
    };
    let capabilities = ["--capabilities", "CAPABILITY_IAM"];
    let create =
        ["cloudformation", "create-stack", "--stack-name", "s", "--template-body", "file://1.0.0.yaml"];
    aws(&[&create[..], &capabilities].concat());
    aws(&["cloudformation", "wait", "stack-create-complete", "--stack-name", "s"]);
    // `deploy` makes a change set, executes it and waits: it fails when any of it does.
    let deploy = ["cloudformation", "deploy", "--stack-name", "s", "--template-file", "1.1.0.yaml"];
    aws(&[&deploy[..], &capabilities].concat());
    let status =
        ["cloudformation", "describe-stacks", "--query", "Stacks[0].StackStatus", "--output", "text"];
    assert_eq!(aws(&status).trim(), "UPDATE_COMPLETE");
    aws(&["cloudformation", "delete-stack", "--stack-name", "s"]);
    aws(&["cloudformation", "wait", "stack-delete-complete", "--stack-name", "s"]);
}

#[test]
fn the_sample_platform_is_clean_under_cfn_lint() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sample");
    let output = Command::new(peer("cfn-lint"))
        .args(["1.0.0.yaml", "1.1.0.yaml"])
        .current_dir(folder)
        .output()
        .expect("cfn-lint starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
