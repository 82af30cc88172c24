//! One process with all that it starts, held so that it can't outlive this program.
//!
//! It runs under a small shell, the holder, which leads a process group of its own. Beside the process the shell has a
//! watcher that reads a pipe from here: when this program ends, in whatever way, the pipe closes and the watcher kills
//! the whole group. The holder isn't reaped before it is told to be, so its number means this group and no other.
//! What left the group (`setsid`) is found by a variable that every process inherits; Linux shows it in `/proc`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::strays;

/// `$1` is the folder that marks the process's descendants, the rest is what runs.
///
/// The watcher ignores what the group is asked to end with; the holder only takes note of it, so what it starts has
/// the usual ways.
const HOLDER: &str = r#"
exec 3<&0
( trap '' TERM INT HUP QUIT; cat >/dev/null 2>&1; kill -KILL 0 ) >/dev/null 2>&1 <&3 &
watcher=$!
trap : TERM INT HUP QUIT
LOCAL_MACHINE_HOME="$1"; export LOCAL_MACHINE_HOME; shift
"$@" </dev/null 1>&2 3<&-
echo "exited $?"
while kill -0 "$watcher" 2>/dev/null; do wait "$watcher"; done
"#;

/// How often it is looked whether everything has ended that was asked to.
const LOOK: Duration = Duration::from_millis(20);

/// What is to run.
#[derive(Debug)]
pub(super) struct Order<'a> {
    /// The program and its arguments.
    pub(super) command: &'a [OsString],
    /// Its whole environment.
    pub(super) environment: &'a BTreeMap<String, OsString>,
    /// Its working folder, which is its alone.
    pub(super) home: &'a Path,
    /// Where its output goes.
    pub(super) log: File,
}

/// A held process.
#[derive(Debug)]
pub(super) struct Holder {
    child: Child,
    /// The group's number, until the holder is reaped.
    group: Option<Pid>,
    /// Held open for as long as the process may live.
    _lifeline: Option<ChildStdin>,
    said: Lines<BufReader<ChildStdout>>,
    home: PathBuf,
    code: Option<i64>,
}

impl Holder {
    /// Start it.
    ///
    /// # Errors
    /// When there is no shell, or the operating system refuses another process. A program that isn't found is an exit
    /// code of 127.
    pub(super) fn start(order: Order<'_>) -> io::Result<Holder> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(HOLDER).arg("machine").arg(order.home).args(order.command);
        command.env_clear().envs(order.environment).current_dir(order.home);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(order.log);
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the holder has no output"))?;
        Ok(Holder {
            group,
            _lifeline: child.stdin.take(),
            said: BufReader::new(stdout).lines(),
            home: order.home.to_owned(),
            code: None,
            child,
        })
    }

    /// Wait until the process itself has ended; what it left in the background may go on. Gives its exit code, 128 and
    /// the signal's number for a signal. May be dropped and called again.
    pub(super) async fn exited(&mut self) -> i64 {
        loop {
            if let Some(code) = self.code {
                return code;
            }
            match self.said.next_line().await {
                Ok(Some(line)) => {
                    self.code = line.strip_prefix("exited ").and_then(|code| code.trim().parse().ok());
                }
                // Somebody has killed the holder.
                Ok(None) | Err(_) => self.code = Some(137),
            }
        }
    }

    /// End the process and all that it started: ask, wait for a grace, then kill. Gives the process's exit code.
    pub(super) async fn end(mut self, grace: Duration) -> i64 {
        self.signal(Signal::TERM);
        let asked = async {
            self.exited().await;
            while strays::any(&self.home) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let _in_time = tokio::time::timeout(grace, asked).await;
        self.kill().await
    }

    /// Kill what is left, and wait until it is gone.
    pub(super) async fn kill(mut self) -> i64 {
        self.signal(Signal::KILL);
        let status = self.child.wait().await;
        self.group = None;
        // The kernel takes a moment for the rest of the group.
        let gone = async {
            while strays::any(&self.home) {
                strays::signal(&self.home, Signal::KILL);
                tokio::time::sleep(LOOK).await;
            }
        };
        let _in_time = tokio::time::timeout(Duration::from_secs(5), gone).await;
        // What the holder had said last may still be in its pipe.
        if self.code.is_none() {
            self.exited().await;
        }
        self.code.unwrap_or_else(|| status.map_or(137, code_of))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // A group that is gone has nothing to be told.
            let _gone = kill_process_group(group, signal);
        }
        strays::signal(&self.home, signal);
    }
}

fn code_of(status: ExitStatus) -> i64 {
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    status.code().map_or_else(|| 128 + i64::from(signal.unwrap_or(9)), i64::from)
}

/// An owned word of a command.
pub(super) fn word(text: impl AsRef<OsStr>) -> OsString {
    text.as_ref().to_owned()
}
