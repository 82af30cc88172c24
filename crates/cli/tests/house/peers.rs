//! Real clients, with nothing of ours on their side, against `slackwater local`.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::common::shared;

/// A program of the tests' virtual environment.
pub fn peer(name: &str) -> PathBuf {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let program = venv.join("bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: run the tests with tools/test, which installs it",
        program.display()
    );
    program
}

/// `slackwater local`, ready, and ended with the value.
struct Local {
    process: Child,
    environment: Vec<(String, String)>,
    _folder: tempfile::TempDir,
}

impl Local {
    fn start(arguments: &[&str]) -> Local {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(env!("CARGO_BIN_EXE_slackwater"))
            .args(["local", "--port", "0", "--data-dir"])
            .arg(folder.path().join("data"))
            .args(arguments)
            .stdout(Stdio::piped())
            // Nobody reads along: a pipe is for the few lines of a log that was asked for.
            .stderr(if arguments.contains(&"--log-requests") { Stdio::piped() } else { Stdio::inherit() })
            .spawn()
            .expect("the program starts");
        let mut environment = Vec::new();
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        for line in lines.map_while(Result::ok) {
            if line.starts_with("# ready") {
                break;
            }
            let (key, value) =
                line.strip_prefix("export ").and_then(|line| line.split_once('=')).expect("export K=V");
            environment.push((key.to_owned(), value.to_owned()));
        }
        assert!(!environment.is_empty(), "it became ready");
        Local { process, environment, _folder: folder }
    }

    /// A client with this cloud's environment and no other configuration.
    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(peer(program));
        command.envs(self.environment.iter().cloned());
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        command
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _reaped_before = self.process.wait();
    }
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
    let output = local.client("python").arg(script).args(arguments).output().expect("Python starts");
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
    let mut asked = local.client("aws");
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
    let mut refused = local.client("aws");
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
            local.client("aws").args(arguments).current_dir(&folder).output().expect("the AWS CLI starts");
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
