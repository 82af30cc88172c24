//! Real clients, with nothing of ours on their side, against `slackwater local`.

use std::io::{BufRead, BufReader};
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
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/vendor_chains.py");
    let output =
        local.client("python").arg(script).arg(shared.join("templates")).output().expect("Python starts");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success(), "{text}");
    assert!(text.contains("code-ocean: created from v3.7.0.yaml"), "{text}");
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
