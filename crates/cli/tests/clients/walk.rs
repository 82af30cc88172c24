//! A client's walk: what it is asked to do, step by step, and what came of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::local::{Local, environments};

/// What one client does.
pub struct Walk {
    /// Its name in the table, and of the folder beside this file that it works on a copy of.
    pub client: &'static str,
    /// Below the folder of environments: where its programs are, and what must be there.
    pub programs: &'static str,
    /// One of its programs.
    pub program: &'static str,
    /// What it does, in order.
    pub steps: &'static [Step],
}

/// One thing that a client does.
pub struct Step {
    /// What, for the table.
    pub what: &'static str,
    /// Lines of a shell that stops at the first failure. `aws` is the AWS CLI, to look from outside.
    pub script: &'static str,
    /// What it must have printed; nothing: anything.
    pub says: &'static str,
}

/// One row of the table.
pub struct Row {
    client: &'static str,
    what: &'static str,
    /// What went wrong, if anything did.
    pub why_not: Option<String>,
}

impl Walk {
    /// Do all of it on a cloud that is new. A step that doesn't work is no reason not to try the next.
    pub fn run(&self) -> Vec<Row> {
        let programs = environments().join(self.programs);
        let program = programs.join(self.program);
        assert!(
            program.exists(),
            "{} is missing: run the tests with tools/test, which installs it (SLACKWATER_EVERYTHING=1: every client)",
            program.display()
        );
        let local = Local::start(&["--speed", "instant"]);
        let folder = tempfile::tempdir().expect("a folder");
        let work = folder.path().join("work");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(self.client), &work);
        let done = self.steps.iter().map(|step| {
            let mut command = Command::new("sh");
            // Nothing of the developer's own: no profiles, no caches, no settings.
            command.env_clear().envs(local.environment()).env("HOME", folder.path());
            command.env("PATH", search_path(&programs)).current_dir(&work);
            command.env("NODE_PATH", programs.join("../../node_modules"));
            let output = command.args(["-euc", step.script]).output().expect("a shell");
            let (out, err) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let told = format!("{out}{err}");
            println!("== {}: {}\n{told}", self.client, step.what);
            let why_not = if !output.status.success() {
                Some(told.trim_end().lines().last().unwrap_or("it failed without a word").to_owned())
            } else if !told.contains(step.says) {
                Some(format!("it didn't say {:?}", step.says))
            } else {
                None
            };
            Row { client: self.client, what: step.what, why_not }
        });
        done.collect()
    }
}

/// The client's own programs first, then the AWS CLI, then what the system has.
fn search_path(programs: &Path) -> std::ffi::OsString {
    let system = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = [programs.to_owned(), environments().join("bin")]
        .into_iter()
        .chain(std::env::split_paths(&system))
        .collect();
    std::env::join_paths(folders).expect("no folder's name has a colon")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the client's folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file");
        }
    }
}

/// `client | step | worked`.
pub fn table(rows: &[Row]) -> String {
    let mut text = "client | step | worked\n".to_owned();
    for Row { client, what, why_not } in rows {
        let outcome = why_not.as_ref().map_or_else(|| "worked".to_owned(), |why| format!("not: {why}"));
        text.push_str(&format!("{client} | {what} | {outcome}\n"));
    }
    text
}
