//! The program itself, as a stranger runs it with releases of a vendor's: from nothing to the report, killed and resumed,
//! with other programs beside it, and with everything wrong that can be. The lab's demo is in `tests/demo`.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::peers::peer;

/// The sample's update takes a quarter of an hour on AWS; this makes it a second or two.
const SPEED: &str = "600";

fn slackwater(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackwater"));
    command.args(arguments).stdin(Stdio::null()).env_remove("SLACKWATER_DATA_DIR");
    command
}

fn demo(data: &Path, more: &[&str]) -> Command {
    let mut command = slackwater(&["demo", "--unattended", "--port", "0"]);
    if !more.contains(&"--speed") {
        command.args(["--speed", SPEED]);
    }
    if !more.contains(&"--from") {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sample");
        command.arg("--from").arg(sample.join("1.0.0.yaml")).arg("--to").arg(sample.join("1.1.0.yaml"));
    }
    command.arg("--data-dir").arg(data).args(more);
    command
}

fn output(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

/// A data directory that isn't there yet.
fn nowhere() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    (folder, data)
}

/// Before a text: it is only looked for once the run is under way.
const RUNS: char = '>';

/// Start it, and read on until a line holds `text`.
fn until(mut command: Command, text: &str) -> Guard {
    let mut child = Guard(command.stdout(Stdio::piped()).spawn().expect("the program starts"));
    let mut lines = BufReader::new(child.0.stdout.take().expect("its output")).lines();
    let mut told = String::new();
    // The plan that is printed before names the steps as well.
    let mut under_way = !text.starts_with(RUNS);
    let text = text.trim_start_matches(RUNS);
    while let Some(Ok(line)) = lines.next() {
        told.push_str(&line);
        told.push('\n');
        under_way |= line.starts_with("Run ");
        if under_way && line.contains(text) {
            // Keep draining, so that the program isn't held by a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return child;
        }
    }
    panic!("it ended without saying {text:?}:\n{told}");
}

/// A process that is ended with the test, also when an assertion fails first.
struct Guard(Child);

impl Guard {
    fn kill(&mut self) {
        self.0.kill().expect("SIGKILL");
        self.0.wait().expect("dead");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ended_before = self.0.kill();
        let _reaped_before = self.0.wait();
    }
}

#[test]
fn from_nothing_to_the_report() {
    let (_folder, data) = nowhere();
    let (code, out, err) = output(demo(&data, &[]));
    assert_eq!(code, 0, "{out}{err}");
    for text in
        ["Upgraded.", "Users are let in.", "WorkerGroup", "from 1.0.0 to 1.1.0", "Users were kept out for"]
    {
        assert!(out.contains(text), "{text:?} is missing in:\n{out}");
    }
    let (code, shown, err) = output({
        let mut command = slackwater(&["run", "show", "--data-dir"]);
        command.arg(&data);
        command
    });
    assert_eq!(code, 0, "{err}");
    assert!(out.contains(shown.trim()), "`run show` tells the same report:\n{shown}");
    // A second one in the same place would find the stack of the first.
    let (code, _, err) = output(demo(&data, &[]));
    assert_eq!(code, 2);
    assert!(
        err.contains("already holds a local cloud with the stack of an earlier demo")
            && err.contains("--fresh"),
        "{err}"
    );
    let (code, out, err) = output(demo(&data, &["--fresh"]));
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn killed_in_any_step_it_is_resumed_to_the_end() {
    let steps = [
        "Close the gate",
        "disable",
        "Terminate jobs",
        "take scale-in protection off",
        "create change set",
        "Update the stack",
        "UPDATE_COMPLETE                      WorkerLaunchTemplate",
        "Restore job queues",
    ];
    // They wait more than they work.
    std::thread::scope(|scope| {
        for step in steps {
            scope.spawn(move || kill_and_resume(step));
        }
    });
}

fn kill_and_resume(step: &str) {
    let (_folder, data) = nowhere();
    // Slow enough that the process is still at it when it is killed.
    let mut child = until(demo(&data, &["--speed", "300"]), &format!("{RUNS}{step}"));
    child.kill();
    let resume = || {
        let mut command = slackwater(&["run", "resume", "--data-dir"]);
        command.arg(&data);
        output(command)
    };
    let (code, out, err) = resume();
    assert_eq!(code, 0, "killed at {step:?}:\n{out}{err}");
    assert!(out.contains("Upgraded.\n") && out.contains("Users are let in."), "killed at {step:?}:\n{out}");
    assert!(
        out.contains("Gone on with after its process had ended in the midst of it: 1 time."),
        "killed at {step:?}:\n{out}"
    );
    let (code, _, err) = resume();
    assert!(code != 0 && err.contains("has ended; there is nothing to resume"), "{err}");
}

#[test]
fn the_aws_cli_and_boto3_work_beside_it() {
    let (_folder, data) = nowhere();
    let mut child = until(demo(&data, &["--speed", "60"]), "AWS_ENDPOINT_URL");
    let script = format!(
        ". {data}/aws.env && {aws} cloudformation describe-stacks --query 'Stacks[].[StackName,StackStatus]' --output text \
         && {python} -c 'import boto3; print(boto3.client(\"cloudformation\").describe_stacks()[\"Stacks\"][0][\"StackName\"])'",
        data = data.display(),
        aws = peer("aws").display(),
        python = peer("python").display(),
    );
    let mut beside = Command::new("sh");
    beside
        .arg("-c")
        .arg(script)
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    let (code, out, err) = output(beside);
    child.kill();
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("demo\t"), "the AWS CLI sees the stack: {out}{err}");
    assert!(out.trim_end().ends_with("demo"), "boto3 sees the stack: {out}{err}");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_left_behind() {
    let (folder, data) = nowhere();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let broken = file("broken.yaml", "Resources:\n  Bucket:\n    Type: [AWS::S3::Bucket\n");
    let binary = file("binary.yaml", "\u{0}\u{1}");
    let needy = file(
        "needy.yaml",
        "Parameters:\n  Domain:\n    Type: String\nResources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: !Ref Domain\n",
    );
    let plain = file("plain.yaml", "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n");
    let missing = folder.path().join("missing.yaml").display().to_string();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let cases: Vec<(&str, Vec<&str>, i32, Vec<&str>)> = vec![
        ("a template that doesn't parse", vec!["--from", &broken, "--to", &plain], 5, vec!["broken.yaml:"]),
        ("a template that is none", vec!["--from", &plain, "--to", &binary], 5, vec!["binary.yaml"]),
        (
            "a file that isn't there",
            vec!["--from", &missing, "--to", &plain],
            2,
            vec!["missing.yaml", "cannot read"],
        ),
        (
            "a missing parameter",
            vec!["--from", &needy, "--to", &needy],
            5,
            vec!["needy.yaml:2:3", "[Domain] must have values", "--parameter KEY=VALUE"],
        ),
        ("a parameter nobody takes", vec!["--parameter", "Domian=x"], 2, vec!["Domian", "neither release"]),
        ("a port in use", vec!["--port", &port], 2, vec!["is in use", "--port 0", &port]),
        ("a speed that is none", vec!["--speed", "-1"], 2, vec!["--speed", "above 0"]),
    ];
    for (name, arguments, code, texts) in cases {
        let mut command = slackwater(&["demo", "--unattended"]);
        command.args(&arguments).arg("--data-dir").arg(&data);
        if !arguments.contains(&"--port") {
            command.args(["--port", "0"]);
        }
        let (ended, out, err) = output(command);
        assert_eq!(ended, code, "{name}: {out}{err}");
        for text in texts {
            assert!(err.contains(text), "{name}: {text:?} is missing in:\n{err}");
        }
        assert!(!data.exists(), "{name}: something was left behind");
    }
    // Without a load balancer there is no gate, and the same release twice changes nothing.
    let (code, _, err) = output(demo(&data, &["--from", &plain, "--to", &plain]));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("would change nothing"), "{err}");
    assert!(!data.exists(), "something was left behind");
}

#[test]
fn a_second_demo_beside_the_first_is_refused() {
    let (_folder, data) = nowhere();
    let mut first = until(demo(&data, &["--speed", "60"]), "Creating stack");
    let (code, _, err) = output(demo(&data, &["--fresh"]));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("in use by another slackwater"), "{err}");
    assert!(first.0.try_wait().expect("its state").is_none(), "the first one goes on");
}

#[test]
fn somebody_must_approve() {
    let (_folder, data) = nowhere();
    let mut command = slackwater(&["demo", "--port", "0", "--data-dir"]);
    command.arg(&data);
    let (code, _, err) = output(command);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--unattended"), "{err}");
    assert!(!data.exists(), "something was left behind");
}

#[test]
fn a_secret_is_in_no_output_and_no_journal() {
    let (folder, data) = nowhere();
    let releases = crate::common::sample();
    let with_secret = |name: &str, release: &[u8]| {
        let text = String::from_utf8(release.to_vec()).expect("UTF-8").replace(
            "Parameters:\n  VpcCidr:",
            "Parameters:\n  Token: { Type: String, NoEcho: true, MinLength: 8 }\n  VpcCidr:",
        );
        let text = text.replace(
            "Description: Read the parameters of earlier releases",
            "Description: !Sub \"token ${Token}\"",
        );
        assert!(text.contains("NoEcho"), "the parameter is in the template");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (from, to) = (with_secret("from.yaml", &releases.from), with_secret("to.yaml", &releases.to));
    let secret = "swordfish-3141592653";
    let parameter = format!("Token={secret}");
    let (code, out, err) = output(demo(&data, &["--from", &from, "--to", &to, "--parameter", &parameter]));
    assert_eq!(code, 0, "{out}{err}");
    assert!(!out.contains(secret) && !err.contains(secret), "{out}{err}");
    for name in ["journal.sqlite", "journal.sqlite-wal", "demo.json", "aws.env"] {
        let bytes = std::fs::read(data.join(name)).unwrap_or_default();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{name} holds the secret");
    }
}
