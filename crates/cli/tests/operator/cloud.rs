//! A local cloud in a process of its own, with the sample platform on it, and the program beside it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

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
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // It has ended by itself, at worst.
        let _ended = self.server.kill();
        let _reaped = self.server.wait();
    }
}

/// The release's template in the checkout.
pub fn sample(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../deploy/sample/{version}.yaml"))
}

impl Cloud {
    /// A cloud with the sample platform 1.0.0 as stack `sample`, and settings that name it `production`.
    pub fn with_sample() -> Cloud {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut server = Command::new(env!("CARGO_BIN_EXE_slackwater"))
            .args(["local", "--port", "0", "--speed", "instant", "--data-dir", "cloud"])
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
        let cloud = Cloud { folder, server, environment };
        cloud.write(
            "seed.toml",
            &format!("[[stack]]\nname = \"sample\"\ntemplate = \"{}\"\n", sample("1.0.0").display()),
        );
        cloud.write(
            "slackwater.toml",
            "[deployments.production]\nstack = \"sample\"\nregion = \"us-east-1\"\ntemplate_bucket = \"slackwater-seed-templates\"\n\
             [deployments.production.health]\ntargets = false\nquiet = \"1s\"\n",
        );
        let planted = cloud.run(&["local", "seed", "seed.toml", "--data-dir", "cloud"]);
        assert_eq!(planted.code, 0, "{planted:?}");
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
}

/// Run a command to its end.
pub fn ended(command: &mut Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: status.code().expect("an exit code"), out: text(stdout), err: text(stderr) }
}
