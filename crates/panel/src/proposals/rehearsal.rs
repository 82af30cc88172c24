//! What a rehearsal of a proposal's upgrade tells: numbers, failures, pictures, and what all of that is worth.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use upgrade::Timestamp;

use super::picture::Picture;
use crate::words::{counted, duration};

/// Shorter times are told in seconds, longer ones in minutes.
const MINUTES_FROM_SECONDS: u64 = 120;

/// Where a rehearsal stands, of a proposal as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RehearsalStanding {
    /// Nobody has rehearsed it as it is, or the rehearsal was interrupted.
    None,
    UnderWay(UnderWay),
    /// It can't be rehearsed as things are.
    Failed {
        at: Timestamp,
        reason: String,
    },
    Done(Box<Rehearsal>),
}

impl RehearsalStanding {
    /// Why an approval that wants a rehearsal must wait; `None`: there is one, of the deployment as it was at `looked_at` or
    /// later.
    #[must_use]
    pub fn is_wanting(&self, looked_at: Timestamp) -> Option<String> {
        match self {
            RehearsalStanding::Done(rehearsal) if rehearsal.at >= looked_at => None,
            RehearsalStanding::Done(_) => Some(
                "The rehearsal is older than what the plan was drawn up from. Rehearse it again, then approve it.".to_owned(),
            ),
            RehearsalStanding::None => {
                Some("A rehearsal is wanted before approval, of the proposal as it is. Rehearse it, then approve it.".to_owned())
            }
            RehearsalStanding::UnderWay(_) => {
                Some("A rehearsal is wanted before approval, and it is under way. Approve the plan when it is over.".to_owned())
            }
            RehearsalStanding::Failed { reason, .. } => Some(format!(
                "A rehearsal is wanted before approval, and it could not be made: {}. Set that right, rehearse it again, then approve it.",
                reason.trim_end_matches('.')
            )),
        }
    }
}

/// How far a rehearsal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnderWay {
    pub since: Timestamp,
    pub part: RehearsalPart,
    /// Of this part.
    pub done: usize,
    pub all: usize,
}

/// What a rehearsal does, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RehearsalPart {
    /// The deployment is looked at, and set up in memory.
    Stage,
    /// The upgrade is carried out again and again, each time with other durations.
    Runs,
    /// One thing fails at a time.
    Failures,
}

impl RehearsalPart {
    /// For a person, before `3 of 200`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            RehearsalPart::Stage => "The deployment is set up in memory",
            RehearsalPart::Runs => "Runs",
            RehearsalPart::Failures => "Failures",
        }
    }
}

/// Hears how far a rehearsal has come: the part, how much of it is done, of how much. Says whether anybody still wants it.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(RehearsalPart, usize, usize) -> bool + Send + Sync>);

impl Progress {
    #[must_use]
    pub fn new(hear: impl Fn(RehearsalPart, usize, usize) -> bool + Send + Sync + 'static) -> Progress {
        Progress(Arc::new(hear))
    }

    #[must_use]
    pub fn is_wanted(&self, part: RehearsalPart, done: usize, all: usize) -> bool {
        (self.0)(part, done, all)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Progress")
    }
}

/// What came of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// When the deployment was looked at for it.
    pub at: Timestamp,
    pub runs: usize,
    /// Of the first run; each following one has the next.
    pub seed: u64,
    /// How long finished runs keep users out; `None`: they don't, or none finished.
    pub users_out: Option<Spread>,
    /// How many of the runs came to which end.
    pub ends: Vec<EndCount>,
    pub failures: TriedFailures,
    /// Of finished runs, in their order.
    pub steps: Vec<StepTime>,
    /// The resources that make the update long, the first most.
    pub longest: Vec<LongResource>,
    /// From where on the update can't be taken back, in a sentence.
    pub point_of_no_return: Option<String>,
    /// Where the times are from, the best first.
    pub provenance: Vec<ProvenanceShare>,
    /// Types whose times nobody has measured, each with what is done.
    pub assumed: Vec<String>,
    /// What isn't simulated, a sentence each.
    pub not_simulated: Vec<String>,
    /// Secret parameters whose values are made up, as `STACK/PARAMETER`.
    pub made_up: Vec<String>,
    /// Checks that warn, and were accepted for the rehearsal.
    pub accepted: Vec<String>,
    /// The run in the middle, in its course.
    pub timeline: Picture,
    /// How often users are out for how long.
    pub distribution: Picture,
}

/// How a time is spread: the one that 5, 50, 90 and 95 of 100 runs don't exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RehearsedTime")]
pub struct Spread {
    pub p5_seconds: u64,
    pub median_seconds: u64,
    pub p90_seconds: u64,
    pub p95_seconds: u64,
}

/// How a rehearsed run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RehearsalEnd {
    /// The new release stands, and users are in.
    Finished,
    /// The old release stands, and users are in.
    RolledBack,
    /// A person is asked, and each answer leads on.
    WaitsForPerson,
    /// Users are kept out, and the run has ended.
    KeptOut,
    /// What must never happen.
    Broken,
}

impl RehearsalEnd {
    /// For a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            RehearsalEnd::Finished => "finished",
            RehearsalEnd::RolledBack => "rolled back, users in",
            RehearsalEnd::WaitsForPerson => "waits for a person",
            RehearsalEnd::KeptOut => "ended with users kept out",
            RehearsalEnd::Broken => "broken",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RehearsalEnds")]
pub struct EndCount {
    pub end: RehearsalEnd,
    pub count: usize,
}

/// What came of letting one thing fail at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RehearsedFailures")]
pub struct TriedFailures {
    pub tried: usize,
    /// What was tried only in part, a sentence each.
    pub sampled: Vec<String>,
    pub ends: Vec<EndCount>,
    /// Those after which a person has to come.
    pub need_a_person: Vec<GraveFailure>,
}

/// A failure after which a person has to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GraveFailure {
    /// What fails.
    pub title: String,
    pub end: RehearsalEnd,
    /// In the run's own words.
    pub reason: String,
    /// The least harmful one that was tried; `null`: the question itself has them, or there is none.
    pub way_out: Option<WayOut>,
}

/// A way out of a failed rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WayOut {
    /// As the run is answered: `retry`, `skip`, `skip-all`.
    pub answer: String,
    /// What is passed over, by logical id.
    pub skip: Vec<String>,
    /// What the run comes to then.
    pub end: RehearsalEnd,
    /// The stack's status afterwards.
    pub stack_status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RehearsedStep")]
pub struct StepTime {
    pub title: String,
    pub took: Spread,
}

/// A resource on the critical path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RehearsedResource")]
pub struct LongResource {
    pub logical_id: String,
    pub resource_type: String,
    /// In how many of a hundred finished runs.
    pub percent: usize,
    pub took: Spread,
    /// Where its time is from.
    pub provenance: String,
}

/// How much of the time of the update's operations is known from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProvenanceShare {
    pub percent: u64,
    pub from: String,
}

impl Rehearsal {
    /// `rehearsed 200 times: users out 31 to 58 min; 3 of 214 failures need a person`.
    #[must_use]
    pub fn in_a_sentence(&self) -> String {
        let times = if self.runs == 1 { "once".to_owned() } else { format!("{} times", self.runs) };
        let finished = self.finished();
        let users = match self.users_out {
            Some(spread) => format!("users out {}", spread.range()),
            None if finished == 0 => "no run finished".to_owned(),
            None => "users are never out".to_owned(),
        };
        let unfinished = match self.runs - finished.min(self.runs) {
            0 => String::new(),
            _ if finished == 0 => String::new(),
            others => format!("; {} did not finish", counted(others, "run")),
        };
        let TriedFailures { tried, need_a_person, .. } = &self.failures;
        let verb = if need_a_person.len() == 1 { "needs" } else { "need" };
        format!(
            "rehearsed {times}: {users}{unfinished}; {} of {} {verb} a person",
            need_a_person.len(),
            counted(*tried, "failure")
        )
    }

    /// How many runs finished.
    #[must_use]
    pub fn finished(&self) -> usize {
        self.ends.iter().filter(|one| one.end == RehearsalEnd::Finished).map(|one| one.count).sum()
    }
}

impl Spread {
    /// Nine of ten runs: `31 to 58 min`. Outwards, so that it is never less than was rehearsed.
    #[must_use]
    pub fn range(&self) -> String {
        let (from, until) = (self.p5_seconds, self.p95_seconds);
        if until < MINUTES_FROM_SECONDS {
            return if from == until { format!("{until} s") } else { format!("{from} to {until} s") };
        }
        match (from / 60, until.div_ceil(60)) {
            (0, minutes) => format!("{from} s to {minutes} min"),
            (least, most) if least == most => format!("{most} min"),
            (least, most) => format!("{least} to {most} min"),
        }
    }
}

/// Seconds as people read them.
pub(crate) fn lasting(seconds: u64) -> String {
    duration(seconds.saturating_mul(1000))
}

#[cfg(test)]
mod tests;
