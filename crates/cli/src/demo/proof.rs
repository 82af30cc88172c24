//! After the run: whether everything is as was promised, looked at from outside, and told as a table.

use std::collections::BTreeSet;
use std::path::Path;

use conductor::Clock;
use upgrade::Outcome;

use super::http_client::DemoError;
use super::onlooker::{EVERY, Phase, Sight, faults, in_words};
use super::people::{Person, UnsavedFile, until};
use super::processes::{self, Kind, Process};
use crate::words::{counted, duration, time_of_day};

/// How long what comes by itself after the run may take.
const SETTLE_SECONDS: u64 = 20;

/// The lab as it was before the run.
#[derive(Debug)]
pub(super) struct Before {
    /// Who works there.
    pub people: Vec<Person>,
    /// What they had typed and not saved.
    pub unsaved: Vec<UnsavedFile>,
    /// The release.
    pub version: String,
    /// Every process that ran when maintenance came.
    pub processes: BTreeSet<Process>,
}

/// What must hold, and does or doesn't.
struct Line {
    what: &'static str,
    found: String,
    fault: Option<String>,
}

/// Look, print the table, and give what doesn't hold.
pub(super) async fn look(
    before: &Before,
    phases: &[Phase],
    outcome: &Outcome,
    new_version: &str,
    (public_url, directory): (&str, &Path),
    clock: &Clock,
) -> Result<(), DemoError> {
    let after = match outcome {
        Outcome::Upgraded => new_version,
        Outcome::NotUpgraded { .. } | Outcome::WentBack { .. } => &before.version,
        // Nobody is let in: there is nothing to look at from outside.
        Outcome::GateClosed { .. } | Outcome::InMaintenance | Outcome::OutOfMaintenance => return Ok(()),
    };
    println!(
        "\nSeen by a client of {public_url} that asked every {} ms, from before to after:",
        EVERY.as_millis()
    );
    for phase in phases {
        let asked = counted(phase.count, "answer");
        let lasted = match phase.sight {
            Sight::Maintenance => format!(", {}", duration(phase.until.milliseconds_since(phase.from))),
            Sight::Platform(_) | Sight::Wrong(_) => String::new(),
        };
        println!("  {}  {:<24} {asked}{lasted}", time_of_day(phase.from), in_words(&phase.sight));
    }
    let mut problems = faults(phases, &before.version, after);
    if problems.is_empty() {
        println!("  Never an error of any other kind, and never a page of the platform in between.");
    }
    println!();
    let replaced = matches!(outcome, Outcome::Upgraded);
    for line in [
        files(before).await,
        ended(before, replaced, directory, clock).await,
        at_work_again(directory, clock).await,
        jobs(before, clock, directory).await,
    ] {
        let mark = if line.fault.is_some() { "NO " } else { "yes" };
        println!("  {mark}  {:<48} {}", line.what, line.found);
        problems.extend(line.fault);
    }
    if problems.is_empty() { Ok(()) } else { Err(DemoError::NotProved(problems)) }
}

/// Every text that was typed and not saved can be read in its session again.
async fn files(before: &Before) -> Line {
    let mut lost = Vec::new();
    for file in &before.unsaved {
        let Some(owner) = before.people.get(file.owner) else { continue };
        let read = async {
            owner.open(&file.session).await?;
            owner.file(&file.session, &file.path).await
        };
        match read.await {
            Ok(text) if text == file.text => {}
            Ok(_) => lost.push(format!("{} of {} has another text", file.path, owner.name)),
            Err(error) => lost.push(format!("{} of {}: {error}", file.path, owner.name)),
        }
    }
    let all = before.unsaved.len();
    Line {
        what: "every file that was not saved is there",
        found: format!("{} of {all}", all - lost.len()),
        fault: (!lost.is_empty()).then(|| lost.join(", ")),
    }
}

/// What ran before has ended, but for a web service that was not replaced.
async fn ended(before: &Before, replaced: bool, directory: &Path, clock: &Clock) -> Line {
    let should: Vec<&Process> =
        before.processes.iter().filter(|process| replaced || process.kind != Kind::Web).collect();
    let gone = until(clock, "what ran before has ended", SETTLE_SECONDS, async || {
        let now = processes::below(directory);
        let alive: Vec<&Process> = should.iter().copied().filter(|process| now.contains(process)).collect();
        if alive.is_empty() { Ok(()) } else { Err(processes::in_words(alive)) }
    });
    Line {
        what: "every process that was to end has ended",
        fault: gone.await.err().map(|error| error.to_string()),
        found: processes::in_words(should),
    }
}

/// A web service and workers run again.
async fn at_work_again(directory: &Path, clock: &Clock) -> Line {
    let mut found = String::new();
    let back = until(clock, "a web service and workers run", SETTLE_SECONDS, async || {
        let now = processes::below(directory);
        let counts = processes::counts(&now);
        found = processes::in_words(
            now.iter().filter(|process| matches!(process.kind, Kind::Web | Kind::Worker)),
        );
        if counts.get(&Kind::Web) == Some(&1) && counts.contains_key(&Kind::Worker) {
            return Ok(());
        }
        Err(found.clone())
    })
    .await;
    Line {
        what: "the platform runs again, with workers",
        fault: back.err().map(|error| error.to_string()),
        found,
    }
}

/// Queues are open: a job that somebody submits now comes to its end, and leaves its document.
async fn jobs(before: &Before, clock: &Clock, directory: &Path) -> Line {
    let line =
        |found: &str, fault| Line { what: "a job submitted afterwards runs", found: found.to_owned(), fault };
    let Some(person) = before.people.first() else { return line("nobody is there", None) };
    let documents = directory.join(super::settings_file::DATA).join("jobs");
    let count = || std::fs::read_dir(&documents).map_or(0, |entries| entries.count());
    let there = count();
    if let Err(error) = person.submit("inventory").await {
        return line("refused", Some(error.to_string()));
    }
    let done = until(clock, "the new job has ended", SETTLE_SECONDS, async || {
        if count() > there { Ok(()) } else { Err(format!("{there} documents of jobs")) }
    });
    match done.await {
        Ok(()) => line("an inventory of everybody's files", None),
        Err(error) => line("not yet", Some(error.to_string())),
    }
}
