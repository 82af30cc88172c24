//! What a plan means for people, in sentences: the same on a terminal and on a page.

use std::collections::BTreeMap;

use crate::Timestamp;
use crate::plan::{AtWork, Plan, RunKind};
use crate::platform::Unsaved;

/// Works of one person that are named; more are counted.
const MOST_WORKS: usize = 5;

impl Plan {
    /// What users will notice, a sentence each. `moment` writes a time as people read it, with its zone.
    #[must_use]
    pub fn users_notice(&self, moment: impl Fn(Timestamp) -> String) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(found) = &self.found {
            let since = found.since.map(|since| format!(" since {}", moment(since))).unwrap_or_default();
            let by = found.by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
            told.push(format!("The deployment is in maintenance already{since}{by}."));
            told.push(
                match self.kind {
                    RunKind::Upgrade => {
                        "The upgrade uses that maintenance, and ends it when it succeeds. If it doesn't happen, the deployment stays in maintenance."
                    }
                    RunKind::EnterMaintenance => "What of it is not complete is completed.",
                    RunKind::LeaveMaintenance => self.when_left(),
                }
                .to_owned(),
            );
            return told;
        }
        match (&self.announcement.banner, self.announcement.closes_at) {
            (Some(banner), _) => told.push(format!("At once, a banner: \"{}\"", banner.text)),
            (None, Some(_)) => told.push("No banner: the platform's adapter shows none.".to_owned()),
            (None, None) => {}
        }
        let until = match self.kind {
            RunKind::LeaveMaintenance => {
                told.push(self.when_left().to_owned());
                return told;
            }
            RunKind::Upgrade => "until the new release has proved healthy",
            RunKind::EnterMaintenance => "until maintenance is disabled",
        };
        let from = match self.announcement.closes_at {
            Some(at) => format!("From {}", moment(at)),
            None => "From the beginning".to_owned(),
        };
        let admitted = match self.admitted() {
            [] => String::new(),
            admitted => format!(" ({} pass)", admitted.join(", ")),
        };
        told.push(match self.gateless {
            true => {
                format!("There is no gate, so nobody is kept out. {from}, their work is stopped, {until}.")
            }
            false => format!("{from}, the maintenance page instead of the platform{admitted}, {until}."),
        });
        // One door is the gate itself.
        if self.doors.len() > 1 && !self.gateless {
            told.extend(self.doors.iter().map(|door| format!("{}.", door.in_words())));
        }
        if !self.platform.sessions {
            told.push(
                "Their sessions can't be seen: this platform has no adapter, so whatever is unsaved is lost with the workers."
                    .to_owned(),
            );
        } else if !self.platform.save {
            told.push(
                "Their sessions can't be saved by us: people must save and stop them themselves.".to_owned(),
            );
        }
        told
    }
}

impl Plan {
    /// What somebody did who ended maintenance.
    pub(crate) fn let_in(&self) -> &'static str {
        if self.gateless { "let work go on" } else { "let users in" }
    }

    fn when_left(&self) -> &'static str {
        if self.gateless { "Work goes on." } else { "They are let in." }
    }
}

impl AtWork {
    /// How much is at work, in a sentence.
    #[must_use]
    pub fn counts(&self) -> String {
        let counted =
            |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let mut counts = vec![
            counted(self.sessions.len(), "session"),
            counted(self.computations.len(), "computation"),
            counted(self.jobs.len(), "job"),
            counted(self.worker_instances, "worker"),
            counted(self.dedicated_machines.len(), "dedicated machine"),
        ];
        // Few platforms have services of their own.
        if self.service_tasks > 0 {
            counts.push(counted(self.service_tasks, "ECS task"));
        }
        format!("{}.", counts.join(", "))
    }

    /// Whose it is: a line for each person that is known, in the order of their names.
    #[must_use]
    pub fn by_owner(&self) -> Vec<String> {
        let mut owners: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for session in &self.sessions {
            let unsaved = match session.unsaved {
                Unsaved::No => "",
                Unsaved::Yes { .. } => ", unsaved",
                Unsaved::Unknown => ", perhaps unsaved",
            };
            owners.entry(&session.owner).or_default().push(format!("session {}{unsaved}", session.name));
        }
        for computation in &self.computations {
            owners.entry(&computation.owner).or_default().push(format!("computation {}", computation.name));
        }
        for job in &self.jobs {
            if let Some(owner) = &job.owner {
                owners.entry(owner).or_default().push(format!("job {}", job.name));
            }
        }
        let line = |(owner, works): (&str, Vec<String>)| {
            let more = works.len().saturating_sub(MOST_WORKS);
            let shown = works.into_iter().take(MOST_WORKS).collect::<Vec<_>>().join("; ");
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            format!("{owner}: {shown}{more}")
        };
        owners.into_iter().map(line).collect()
    }
}
