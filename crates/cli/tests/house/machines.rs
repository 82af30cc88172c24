//! The program's own machines, as a stranger runs them: what is killed with it, what is started again, and what Ctrl-C
//! leaves behind.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::peers::peer;

/// `slackwater local` on a data directory.
struct Local {
    process: Child,
    environment: Vec<(String, String)>,
}

impl Local {
    fn start(data: &Path, more: &[&str]) -> Local {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slackwater"));
        command.args(["local", "--port", "0", "--data-dir"]).arg(data).args(more);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut environment = Vec::new();
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        for line in lines {
            let line = line.expect("text");
            if line.starts_with("# ready") {
                break;
            }
            let pair = line.strip_prefix("export ").and_then(|pair| pair.split_once('='));
            environment.extend(pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        Local { process, environment }
    }

    fn aws(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(peer("aws"));
        command.args(arguments).args(["--output", "text"]).envs(self.environment.iter().cloned());
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        let output = command.output().expect("the AWS CLI starts");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "aws {arguments:?}: {err}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn end(mut self, signal: &str) -> ExitStatus {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
        self.process.wait().expect("ended")
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _reaped_before = self.process.wait();
    }
}

fn wait<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(found) = condition() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("waited in vain for {what}")
}

fn lives(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    status.is_ok_and(|status| !status.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

/// The numbers of an instance's process and of what it started, written again at each start.
fn started(home: &Path) -> Vec<String> {
    let read = |name: &str| {
        wait(name, || std::fs::read_to_string(home.join(name)).ok().filter(|text| text.ends_with('\n')))
    };
    let pids = ["pid", "child", "stray"].map(|name| read(name).trim().to_owned());
    for name in ["pid", "child", "stray"] {
        std::fs::remove_file(home.join(name)).expect("removed");
    }
    pids.to_vec()
}

#[test]
fn nothing_outlives_the_program() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let local = Local::start(&data, &["--speed", "100"]);
    let script = folder.path().join("user-data");
    let text = "#!/bin/sh\necho $$ > pid\nsleep 1000 & echo $! > child\nsetsid sh -c 'echo $$ > stray; exec sleep 1000' &\nwait\n";
    std::fs::write(&script, text).expect("written");
    let user_data = format!("file://{}", script.display());
    let run = ["ec2", "run-instances", "--image-id", "local/process", "--user-data", &user_data];
    let id = local.aws(&[&run[..], &["--query", "Instances[0].InstanceId"]].concat());
    let home = data.join("machines").join(&id);

    // Killed without a chance to clean up: the group goes at once, what left it when the program comes back.
    let first = started(&home);
    assert!(first.iter().all(|pid| lives(pid)), "{first:?}");
    local.end("-KILL");
    wait("the group to end", || first.iter().take(2).all(|pid| !lives(pid)).then_some(()));
    let local = Local::start(&data, &[]);
    let second = started(&home);
    assert!(first.iter().all(|pid| !lives(pid)), "{first:?}");
    assert!(second.iter().all(|pid| lives(pid)), "{second:?}");

    // Stopped and started again by its owner.
    local.aws(&["ec2", "stop-instances", "--instance-ids", &id]);
    let state = ["ec2", "describe-instances", "--query", "Reservations[0].Instances[0].State.Name"];
    wait("the instance to be stopped", || (local.aws(&state) == "stopped").then_some(()));
    wait("everything to end", || second.iter().all(|pid| !lives(pid)).then_some(()));
    local.aws(&["ec2", "start-instances", "--instance-ids", &id]);
    let third = started(&home);

    // Ctrl-C: the program ends when nothing is left.
    let status = local.end("-INT");
    assert!(status.success(), "{status}");
    assert!(third.iter().all(|pid| !lives(pid)), "{third:?}");
}
