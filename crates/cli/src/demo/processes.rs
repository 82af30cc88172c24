//! The real processes of the lab, as the operating system tells of them: those that work below the data directory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A process that lives, by its number and when it began: a number is given again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    id: u32,
    began: String,
    /// What it is.
    pub kind: Kind,
}

/// What a process of the lab is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The web service.
    Web,
    /// A worker.
    Worker,
    /// A job of AWS Batch.
    Job,
    /// Whatever users run: in a session or a computation.
    Users,
}

impl Kind {
    /// In words, for so many.
    pub(super) fn counted(self, count: usize) -> String {
        let (one, many) = match self {
            Kind::Web => ("web service", "web services"),
            Kind::Worker => ("worker", "workers"),
            Kind::Job => ("job", "jobs"),
            Kind::Users => ("process of users", "processes of users"),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

/// Every process whose working folder is below this one; none where the system doesn't tell (it is Linux's `/proc`).
pub(super) fn below(folder: &Path) -> BTreeSet<Process> {
    let Ok(folder) = folder.canonicalize() else { return BTreeSet::new() };
    let Ok(entries) = std::fs::read_dir("/proc") else { return BTreeSet::new() };
    entries.flatten().filter_map(|entry| process(&entry.path(), &folder)).collect()
}

fn process(entry: &Path, folder: &Path) -> Option<Process> {
    let id: u32 = entry.file_name()?.to_str()?.parse().ok()?;
    let works_in = std::fs::read_link(entry.join("cwd")).ok()?;
    let works_in = works_in.strip_prefix(folder).ok()?;
    // The command's name, in parentheses, may hold anything; then the state, and as the 20th the time it began.
    let stat = std::fs::read_to_string(entry.join("stat")).ok()?;
    let mut rest = stat.rsplit_once(')')?.1.split_whitespace();
    let state = rest.next()?;
    let began = rest.nth(18)?.to_owned();
    let command = std::fs::read(entry.join("cmdline")).ok()?;
    let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
    let kind = match words.as_slice() {
        [_, b"lab", b"web", ..] => Kind::Web,
        [_, b"lab", b"worker", ..] => Kind::Worker,
        [_, b"lab", b"job", ..] => Kind::Job,
        // Users' are in a session's or a computation's folder; elsewhere it is what holds a machine, and ends with it.
        _ if works_in.iter().any(|part| part == "sessions" || part == "computations") => Kind::Users,
        _ => return None,
    };
    (state != "Z" && state != "X").then_some(Process { id, began, kind })
}

/// How many of each kind.
pub(super) fn counts<'p>(processes: impl IntoIterator<Item = &'p Process>) -> BTreeMap<Kind, usize> {
    let mut counts = BTreeMap::new();
    for process in processes {
        *counts.entry(process.kind).or_default() += 1;
    }
    counts
}

/// `4 workers, 12 jobs`.
pub(super) fn in_words<'p>(processes: impl IntoIterator<Item = &'p Process>) -> String {
    let counts = counts(processes);
    let words: Vec<String> = counts.into_iter().map(|(kind, count)| kind.counted(count)).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
