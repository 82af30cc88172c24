//! Processes that belong to a folder, wherever they have gone: every process of a machine has the folder's name in its
//! environment. Only Linux shows it (`/proc`); elsewhere nothing is found here, and the process group has to do.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// The variable that marks them.
const MARK: &[u8] = b"LOCAL_MACHINE_HOME=";

/// Whether there is any of exactly this folder.
pub(super) fn any(home: &Path) -> bool {
    find(home, false).next().is_some()
}

/// Send them a signal.
pub(super) fn signal(home: &Path, signal: Signal) {
    for pid in find(home, false) {
        // One that has just ended has nothing to be told.
        let _gone = kill_process(pid, signal);
    }
}

/// Kill those of every folder under this one; gives how many there were.
pub(super) fn kill_all_under(folder: &Path) -> usize {
    find(folder, true).filter(|pid| kill_process(*pid, Signal::KILL).is_ok()).count()
}

fn find(home: &Path, below: bool) -> impl Iterator<Item = Pid> {
    let home = home.as_os_str().as_bytes().to_vec();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let pid = entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        let marked = variables.find_map(|variable| variable.strip_prefix(MARK))?;
        let belongs = match marked.strip_prefix(home.as_slice())? {
            [] => true,
            rest => below && rest.starts_with(b"/"),
        };
        belongs.then_some(pid)
    })
}
