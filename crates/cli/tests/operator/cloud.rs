//! A local cloud in a process of its own, with the sample platform on it, and the program beside it.

use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// What a command ended with.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A cloud that listens until it is dropped.
pub struct Cloud {
    folder: TempDir,
    server: Child,
    environment: Vec<(String, String)>,
    /// Processes of commands that were begun.
    begun: RefCell<Vec<u32>>,
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // A test that failed waits for nobody, and whoever waits for its output would wait for what it began.
        if std::thread::panicking() {
            for id in self.begun.borrow().iter() {
                let _ended = Command::new("kill").args(["-KILL", &id.to_string()]).status();
            }
        }
        // It has ended by itself, at worst.
        let _ended = self.server.kill();
        let _reaped = self.server.wait();
    }
}

/// The release's template in the checkout.
pub fn sample(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../deploy/sample/{version}.yaml"))
}

/// Settings of a deployment whose runs are in the data directory.
pub fn deployment(name: &str, stack: &str) -> String {
    format!(
        "[deployments.{name}]\nstack = \"{stack}\"\nregion = \"us-east-1\"\nstate = \"data-directory\"\n\
         [deployments.{name}.health]\ntargets = false\nquiet = \"1s\"\n"
    )
}

impl Cloud {
    /// A cloud with the sample platform 1.0.0 as stack `sample`, and settings that name it `production`.
    pub fn with_sample() -> Cloud {
        Cloud::with("instant", "")
    }

    /// The same, on a cloud of this speed, with this beside the stack in its seed.
    pub fn with(speed: &str, work: &str) -> Cloud {
        Cloud::with_faults(speed, work, "{}")
    }

    /// The same, and this is to go wrong there (docs/faults.md).
    pub fn with_faults(speed: &str, work: &str, faults: &str) -> Cloud {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("faults.json"), faults).expect("written");
        let mut server = Command::new(env!("CARGO_BIN_EXE_slackwater"))
            .args([
                "local",
                "--port",
                "0",
                "--speed",
                speed,
                "--data-dir",
                "cloud",
                "--faults",
                "faults.json",
            ])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut environment = Vec::new();
        let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines();
        for line in &mut lines {
            let line = line.expect("UTF-8");
            if let Some((name, value)) = line.strip_prefix("export ").and_then(|rest| rest.split_once('=')) {
                environment.push((name.to_owned(), value.to_owned()));
            }
            if line.starts_with("# ready") {
                break;
            }
        }
        let cloud = Cloud { folder, server, environment, begun: RefCell::default() };
        cloud.write(
            "seed.toml",
            &format!("[[stack]]\nname = \"sample\"\ntemplate = \"{}\"\n{work}", sample("1.0.0").display()),
        );
        cloud.write(
            "slackwater.toml",
            "[deployments.production]\nstack = \"sample\"\nregion = \"us-east-1\"\ntemplate_bucket = \"slackwater-seed-templates\"\n\
             state = \"data-directory\"\n[deployments.production.health]\ntargets = false\nquiet = \"1s\"\n",
        );
        let planted = cloud.run(&["local", "seed", "seed.toml", "--data-dir", "cloud"]);
        assert_eq!(planted.code, 0, "{planted:?}");
        cloud
    }

    /// The same, with a job that runs for hours, and settings that let it: whoever enables maintenance waits for it behind
    /// the gate.
    pub fn with_work() -> Cloud {
        let cloud =
            Cloud::with("400", "[[stack.jobs]]\nqueue = \"SystemQueue\"\ncount = 1\nseconds = 400000\n");
        let settings = std::fs::read_to_string(cloud.folder().join("slackwater.toml")).expect("settings");
        cloud.write(
            "slackwater.toml",
            &format!(
                "{settings}[deployments.production.maintenance]\njobs = {{ grace = \"1h\", deadline = \"2h\" }}\n\
                 [deployments.production.notifications]\ncommand = [\"sh\", \"tell\"]\n"
            ),
        );
        cloud.write("tell", "#!/bin/sh\ncat >> told\n");
        cloud
    }

    /// Four deployments.
    pub const FOUR: [&str; 4] = ["spring", "summer", "autumn", "winter"];

    /// Four stacks, each with a job that runs for hours and a deployment of the settings that lets it.
    pub fn with_four_at_work() -> Cloud {
        let job = "[[stack.jobs]]\nqueue = \"SystemQueue\"\ncount = 1\nseconds = 400000\n";
        let template = sample("1.0.0");
        let stacks = Cloud::FOUR.map(|name| {
            format!("[[stack]]\nname = \"{name}\"\ntemplate = \"{}\"\n{job}", template.display())
        });
        let cloud = Cloud::with("400", &format!("{job}{}", stacks.concat()));
        let settings = Cloud::FOUR.map(|name| {
            format!(
                "{}[deployments.{name}.maintenance]\njobs = {{ grace = \"1h\", deadline = \"2h\" }}\n",
                deployment(name, name)
            )
        });
        cloud.write("slackwater.toml", &settings.concat());
        cloud
    }

    /// The folder in which commands work.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Write a file there.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).expect("written");
    }

    /// A command that reaches the cloud.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slackwater"));
        command
            .args(arguments)
            .current_dir(self.folder())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env_remove("SLACKWATER_DATA_DIR")
            .env_remove("SLACKWATER_CONFIG")
            .env("XDG_CONFIG_HOME", self.folder())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("USER", "eve")
            .stdin(Stdio::null());
        command
    }

    /// Run it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        ended(&mut self.command(arguments))
    }

    /// Begin a command, with its output kept for its end.
    pub fn begin(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        let begun =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        self.begun.borrow_mut().push(begun.id());
        begun
    }

    /// Wait until the list of runs says this.
    pub fn until_runs_say(&self, words: &str) {
        self.until(words, || self.run(&["run", "list"]).out);
    }

    /// Wait until something says this.
    pub fn until(&self, words: &str, look: impl Fn() -> String) {
        let mut said = String::new();
        for _ in 0..600 {
            said = look();
            if said.contains(words) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("a minute long nobody said \"{words}\": {said}");
    }

    /// The latest run's id.
    pub fn latest_run(&self) -> String {
        let list = self.run(&["run", "list"]);
        let last = list.out.lines().last().and_then(|line| line.split_whitespace().next());
        last.expect("a run").to_owned()
    }

    /// The cloud answers nobody any more.
    pub fn fall_silent(&mut self) {
        self.server.kill().expect("killed");
        self.server.wait().expect("reaped");
    }

    /// What the owner's program was told: events, in their order.
    pub fn told(&self) -> Vec<String> {
        let told = std::fs::read_to_string(self.folder().join("told")).unwrap_or_default();
        let event = |line: &str| {
            let notice: serde_json::Value = serde_json::from_str(line).expect("JSON");
            notice["event"].as_str().expect("an event").to_owned()
        };
        told.lines().map(event).collect()
    }
}

/// Send a process a signal, such as `TERM`.
pub fn signal(process: &Child, name: &str) {
    // Under nohup every child ignores a hangup, and goes on, as it should: its end would be waited for without end.
    assert!(name != "HUP" || !ignores_hangups(), "these tests can't be run under nohup: use setsid");
    let sent = Command::new("kill").args([&format!("-{name}"), &process.id().to_string()]).status();
    assert!(sent.expect("kill runs").success(), "the process is there");
}

/// Whether this process ignores SIGHUP, the first of the mask in `/proc/self/status` (proc(5)).
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1)
}

/// Wait for a command's end.
pub fn end_of(process: Child) -> Ended {
    ended_with(process.wait_with_output().expect("it ends"))
}

/// Run a command to its end.
pub fn ended(command: &mut Command) -> Ended {
    ended_with(command.output().expect("the program starts"))
}

fn ended_with(output: Output) -> Ended {
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: status.code().expect("an exit code"), out: text(stdout), err: text(stderr) }
}
