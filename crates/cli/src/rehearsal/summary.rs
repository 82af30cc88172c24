//! What is kept of a rehearsed run: a few numbers, so that a thousand runs take no more room than one.

use std::collections::BTreeMap;

use conductor::Ended;
use schemars::JsonSchema;
use serde::Serialize;
use upgrade::{Outcome, Question, Report, StackEvent, Step, UpdateKind};

use super::Came;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The new release stands, and users are in.
    Finished,
    /// The old release stands, and users are in.
    RolledBack,
    /// A person is asked, and each answer leads on.
    Held,
    /// Users are kept out, and the run has ended.
    KeptOut,
    /// What must never happen.
    Broken,
}

impl End {
    /// How a conducting ended, by its own word.
    #[must_use]
    pub fn of(ended: &Ended) -> End {
        match ended {
            Ended::Run(Outcome::Upgraded) => End::Finished,
            Ended::Run(Outcome::NotUpgraded { .. } | Outcome::WentBack { .. }) => End::RolledBack,
            Ended::Run(Outcome::GateClosed { .. }) => End::KeptOut,
            // An upgrade doesn't end as a maintenance does.
            Ended::Run(Outcome::InMaintenance | Outcome::OutOfMaintenance) => End::Broken,
            Ended::NeedsAnswer(..) => End::Held,
        }
    }

    pub const ALL: [End; 5] = [End::Finished, End::RolledBack, End::Held, End::KeptOut, End::Broken];

    /// For a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            End::Finished => "finished",
            End::RolledBack => "rolled back, users in",
            End::Held => "waits for a person",
            End::KeptOut => "ended with users kept out",
            End::Broken => "broken",
        }
    }

    /// Whether nobody has to get up for it.
    #[must_use]
    pub fn is_well(self) -> bool {
        matches!(self, End::Finished | End::RolledBack)
    }
}

/// A resource that makes the update as long as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Critical {
    pub logical_id: String,
    pub resource_type: String,
    pub milliseconds: u64,
}

/// What is kept of a run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub seed: u64,
    pub end: End,
    /// Why it didn't finish, in the run's own words.
    pub reason: Option<String>,
    /// How long users were kept out, or work was stopped, in milliseconds; `None`: they weren't.
    pub downtime: Option<u64>,
    /// From the run's beginning to its end, in milliseconds.
    pub whole: u64,
    /// How long each step took, in milliseconds, in their order.
    pub steps: Vec<(Step, u64)>,
    /// The resources one after the other that made the primary stack's update so long.
    pub critical: Vec<Critical>,
}

impl Summary {
    #[must_use]
    pub fn of(seed: u64, came: &Came) -> Summary {
        let Came { ended, report, began_at, ended_at, wrongs, .. } = came;
        let (end, reason) = match ended {
            _ if !wrongs.is_empty() => (End::Broken, Some(wrongs.join("; "))),
            Ended::Run(
                Outcome::NotUpgraded { reason }
                | Outcome::WentBack { reason }
                | Outcome::GateClosed { reason },
            ) => (End::of(ended), Some(reason.clone())),
            Ended::Run(Outcome::Upgraded | Outcome::InMaintenance | Outcome::OutOfMaintenance) => {
                (End::of(ended), None)
            }
            Ended::NeedsAnswer(question, _) => (End::of(ended), Some(in_a_word(question))),
        };
        let downtime =
            report.gate_closed.map(|(from, until)| until.unwrap_or(*ended_at).milliseconds_since(from));
        let mut steps: Vec<(Step, u64)> = Vec::new();
        for step in &report.steps {
            let took = step.ended_at.unwrap_or(*ended_at).milliseconds_since(step.started_at);
            match steps.iter_mut().find(|(known, _)| *known == step.step) {
                Some((_, all)) => *all += took,
                None => steps.push((step.step, took)),
            }
        }
        Summary {
            seed,
            end,
            reason,
            downtime,
            whole: ended_at.milliseconds_since(*began_at),
            steps,
            critical: critical_path(report),
        }
    }
}

/// What a question is about, without what it says of the moment.
#[must_use]
pub fn in_a_word(question: &Question) -> String {
    match question {
        Question::RollbackFailed { root_cause, resources, .. } => {
            let stuck: Vec<&str> = resources.iter().map(|one| one.logical_id.as_str()).collect();
            format!("the rollback failed at {}; it began with {root_cause}", stuck.join(", "))
        }
        Question::Unseen { error, .. } => format!("the update can't be looked at: {error}"),
        Question::NoCredentials { error, .. } => format!("the credentials are over: {error}"),
        Question::Unhealthy { findings, .. } => {
            format!("the platform isn't healthy: {}", findings.join("; "))
        }
        Question::Leaving { held, .. } => format!("maintenance can't be left: {}", held.join("; ")),
        Question::GateGone { .. } => "the gate is gone".to_owned(),
        Question::WindowPassed { .. } => "the announced time had passed".to_owned(),
    }
}

/// An operation on a resource, by its events.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) logical_id: &'a str,
    resource_type: &'a str,
    /// In milliseconds, as a timestamp has them.
    pub(super) from: u64,
    pub(super) until: u64,
}

/// CloudFormation takes up what is free within seconds.
const TAKEN_UP_MILLISECONDS: u64 = 2_500;

/// The chain of operations, each of which began when the one before had ended, that ends with the update's last.
pub(super) fn critical_path(report: &Report) -> Vec<Critical> {
    let operations = operations(report);
    let mut chain = Vec::new();
    let mut place = operations.iter().max_by_key(|one| one.until);
    while let Some(one) = place {
        chain.push(Critical {
            logical_id: one.logical_id.to_owned(),
            resource_type: one.resource_type.to_owned(),
            milliseconds: one.until - one.from,
        });
        let latest = one.from;
        place = operations
            .iter()
            .filter(|other| other.until <= latest && other.from < one.from)
            .filter(|other| other.until + TAKEN_UP_MILLISECONDS >= latest)
            .max_by_key(|other| (other.until - other.from, other.until));
    }
    chain.reverse();
    chain
}

/// The operations of the primary stack's update.
pub(super) fn operations(report: &Report) -> Vec<Operation<'_>> {
    let begins = Step::ExecuteChangeSet(UpdateKind::Primary);
    let Some(step) = report.steps.iter().find(|step| step.step == begins) else { return Vec::new() };
    let mut begun: BTreeMap<&str, u64> = BTreeMap::new();
    let mut operations = Vec::new();
    for event in &report.stack_events {
        let Some(at) = milliseconds(event) else { continue };
        // What was before is of linked stacks.
        if at < step.started_at.0 || event.resource_type == "AWS::CloudFormation::Stack" {
            continue;
        }
        if event.status.ends_with("_IN_PROGRESS") {
            begun.entry(&event.logical_id).or_insert(at);
        } else if let Some(from) = begun.remove(event.logical_id.as_str()) {
            operations.push(Operation {
                logical_id: &event.logical_id,
                resource_type: &event.resource_type,
                from,
                until: at,
            });
        }
    }
    operations
}

fn milliseconds(event: &StackEvent) -> Option<u64> {
    use time::format_description::well_known::Rfc3339;
    let at = time::OffsetDateTime::parse(&event.timestamp, &Rfc3339).ok()?;
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}
