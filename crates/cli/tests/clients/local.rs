//! `slackwater local` in another process, ready, with what a client needs to know of it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The folder of the tests' environments.
pub fn environments() -> PathBuf {
    std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from)
}

/// The program; it ends with the value.
pub struct Local {
    pub process: Child,
    environment: Vec<(String, String)>,
    _folder: tempfile::TempDir,
}

impl Local {
    /// On a free port, with a data directory of its own.
    pub fn start(arguments: &[&str]) -> Local {
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

    /// Address, keys and Region, and no other configuration.
    pub fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.environment.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        own.chain([("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")])
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _reaped_before = self.process.wait();
    }
}
