//! How a run ended and what then was so, in words: the one place that words it, for every screen and every notice. What
//! is told of the deployment is told from a look ([`Seen`]), never from what was meant to happen.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::observation::{CalmSeen, DoorSeen, StandingSeen};
use crate::obstacles::not_come_back;
use crate::plan::RunKind;
use crate::state::{Maintenance, Outcome};
use crate::steps::services::not_running;
use crate::steps::{alarms, job_queues, services, workers};

/// What was seen of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub at: Timestamp,
    /// The primary stack's status.
    pub stack_status: String,
    /// The release that stands: the version that the stack's template tells.
    pub release: Option<String>,
    /// Whether users are in.
    pub users: Users,
    /// The listeners that the gate closes, and whether each was closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doors: Vec<DoorStanding>,
    /// What bears a note of maintenance though users are in: each thing, and how it is.
    pub still_to_put_back: Vec<String>,
    /// What was put back and doesn't come: each group, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_come_back: Vec<String>,
    /// ECS services with fewer tasks than they want: each, and how many run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_running: Vec<String>,
}

/// How a listener that the gate closes stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorStanding {
    pub listener_arn: String,
    /// Whether it was closed.
    pub closed: bool,
}

/// Whether users are in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Users {
    /// The gate is open.
    In,
    /// The gate is closed.
    Out(Maintenance),
    /// There is no gate, and work goes on.
    AtWork,
    /// There is no gate, and work is stopped.
    Stopped(Maintenance),
}

impl Seen {
    /// What a look showed.
    #[must_use]
    pub fn from_standing(standing: &StandingSeen, at: Timestamp) -> Seen {
        let StandingSeen { stack_status, version, calm } = standing;
        let users = Users::from_calm(calm);
        let still_to_put_back = match &users {
            Users::In | Users::AtWork => still_to_put_back(calm),
            // What is taken away in maintenance is as it should be.
            Users::Out(_) | Users::Stopped(_) => Vec::new(),
        };
        let (not_come_back, not_running) = (not_come_back(&calm.groups), not_running(&calm.services));
        let (stack_status, release) = (stack_status.clone(), version.clone());
        let doors = calm.doors.iter().filter(|door| door.exists).map(|door| DoorStanding {
            listener_arn: door.listener_arn.clone(),
            closed: door.rules.iter().any(|rule| rule.closes),
        });
        let doors = doors.collect();
        Seen { at, stack_status, release, users, doors, still_to_put_back, not_come_back, not_running }
    }
}

/// What is as maintenance leaves it and bears its note.
#[must_use]
pub fn still_to_put_back(calm: &CalmSeen) -> Vec<String> {
    let CalmSeen { doors, queues, jobs: _, groups, services, alarms: seen } = calm;
    let closed = doors.iter().filter(|door| door.rules.iter().any(|rule| rule.closes));
    let mut left: Vec<String> =
        closed.map(|door| format!("the gate is closed on {}", door.listener_arn)).collect();
    left.extend(queues.iter().filter_map(job_queues::still_taken));
    left.extend(services.iter().filter_map(services::still_taken));
    left.extend(groups.iter().filter_map(workers::still_taken));
    left.extend(seen.iter().filter_map(alarms::still_taken));
    left
}

/// An end, to be told.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    pub kind: RunKind,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// What was seen then; `None`: it could not be looked at.
    pub seen: Option<&'a Seen>,
}

impl Ending<'_> {
    /// In a few words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match (self.outcome, self.kind) {
            (Outcome::Upgraded, _) => "Upgraded",
            (Outcome::NotUpgraded { .. }, RunKind::Upgrade) => "Not upgraded",
            (Outcome::NotUpgraded { .. }, RunKind::EnterMaintenance) => "Maintenance was not entered",
            (Outcome::NotUpgraded { .. }, RunKind::LeaveMaintenance) => "Maintenance was not left",
            (Outcome::WentBack { .. }, _) => "Gone back to the previous release",
            (Outcome::InMaintenance, _) => "Maintenance was entered",
            (Outcome::OutOfMaintenance, _) => "Maintenance was left",
            (Outcome::GateClosed { .. }, _) => "Ended before maintenance was left",
        }
    }

    /// Why it ended so, where it isn't what was asked for.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self.outcome {
            Outcome::NotUpgraded { reason }
            | Outcome::WentBack { reason }
            | Outcome::GateClosed { reason } => Some(reason),
            Outcome::Upgraded | Outcome::InMaintenance | Outcome::OutOfMaintenance => None,
        }
    }

    /// Whether users are out though the run was to let them in, or nobody knows whether they are: somebody must look.
    #[must_use]
    pub fn needs_somebody(&self) -> bool {
        let out = self.seen.map(|seen| seen.users.maintenance().is_some());
        match self.outcome {
            Outcome::GateClosed { .. } => out != Some(false),
            Outcome::Upgraded | Outcome::OutOfMaintenance | Outcome::WentBack { .. } => out == Some(true),
            // Users are where they were.
            Outcome::NotUpgraded { .. } => false,
            Outcome::InMaintenance => false,
        }
    }

    /// What then was so: the release that stands, whether users are in, what is still to be put back. A sentence each;
    /// `moment` writes a time as people read it, with its zone.
    #[must_use]
    pub fn sentences(&self, moment: impl Fn(Timestamp) -> String) -> Vec<String> {
        self.sentences_with(|users| users.in_words(&moment))
    }

    /// The same, where `users` words whether they are in.
    #[must_use]
    pub fn sentences_with(&self, users_in_words: impl Fn(&Users) -> String) -> Vec<String> {
        let Some(seen) = self.seen else {
            return vec![
                "How the deployment stands could not be looked at: `slackwater status` looks again."
                    .to_owned(),
            ];
        };
        let Seen {
            at: _,
            stack_status,
            release,
            users,
            doors: _,
            still_to_put_back,
            not_come_back,
            not_running,
        } = seen;
        let mut told = Vec::new();
        match release {
            Some(release) => told.push(format!("Release {release} stands ({stack_status}).")),
            None => told.push(format!("The stack is {stack_status}.")),
        }
        told.push(users_in_words(users));
        if !still_to_put_back.is_empty() {
            told.push(format!(
                "Still to put back: {}. `slackwater maintenance disable` goes on with it.",
                still_to_put_back.join("; ")
            ));
        }
        if !not_come_back.is_empty() {
            told.push(format!(
                "Put back, and not come: {}. Resume it (aws autoscaling resume-processes), and they come.",
                not_come_back.join("; ")
            ));
        }
        if !not_running.is_empty() {
            told.push(format!("Put back, and not running: {}.", not_running.join("; ")));
        }
        told
    }
}

impl Maintenance {
    /// Since when and by whom, to follow a verb.
    fn in_words(&self, moment: impl Fn(Timestamp) -> String) -> String {
        let Maintenance { run_id, since, by, state: _ } = self;
        let since = since.map(|since| format!(" since {}", moment(since))).unwrap_or_default();
        let by = by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
        format!("{since}{by} (run {run_id})")
    }
}

impl Users {
    /// What a look showed. Users are out when every way in is closed.
    #[must_use]
    pub fn from_calm(calm: &CalmSeen) -> Users {
        let closes = |door: &DoorSeen| !door.exists || door.rules.iter().any(|rule| rule.closes);
        match (Maintenance::from_calm(calm), calm.doors.is_empty()) {
            (Some(found), true) => Users::Stopped(found),
            (None, true) => Users::AtWork,
            (Some(found), false) if calm.doors.iter().all(closes) => Users::Out(found),
            (_, false) => Users::In,
        }
    }

    /// The maintenance that the deployment is in.
    #[must_use]
    pub fn maintenance(&self) -> Option<&Maintenance> {
        match self {
            Users::Out(found) | Users::Stopped(found) => Some(found),
            Users::In | Users::AtWork => None,
        }
    }

    /// In a few words, to follow "users are" or "work is".
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Users::In => "users are let in",
            Users::Out(_) => "users are kept out",
            Users::AtWork => "work goes on",
            Users::Stopped(_) => "work is stopped",
        }
    }

    /// In a sentence.
    #[must_use]
    pub fn in_words(&self, moment: impl Fn(Timestamp) -> String) -> String {
        match self {
            Users::In => "Users are let in.".to_owned(),
            Users::AtWork => "Work goes on.".to_owned(),
            Users::Out(found) => format!(
                "Users are kept out{}; `slackwater maintenance disable` lets them in.",
                found.in_words(moment)
            ),
            Users::Stopped(found) => format!(
                "Work is stopped{}; `slackwater maintenance disable` lets it go on.",
                found.in_words(moment)
            ),
        }
    }
}
