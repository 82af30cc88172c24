//! A run that is told to end before its end: Ctrl-C, SIGTERM, or the terminal that went away. Nothing is put back: the run
//! is left where it is, for anybody to go on with, and whoever asked is told where users are.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use conductor::{Cloud as _, Holder, JournalError, JournalStore, read_run};
use upgrade::{Observation, Outcome, Plan, Record, Report, State, Timestamp, Users, users_query};

use crate::answers::{self, UsersSeenBy};
use crate::error::{CliError, Exit};
use crate::notifications::{Notice, tell_now};
use crate::signals::Signal;
use crate::site::Site;
use crate::words::clock_time;

/// How long the look at the gate may take: whoever sends a signal waits, and a service manager not for long.
const LOOK: Duration = Duration::from_secs(5);

/// How long telling everybody may take.
const TELL: Duration = Duration::from_secs(10);

/// Where users are, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    pub(crate) kept_out: bool,
    /// There is no gate: it is their work that is stopped, or goes on.
    pub(crate) gateless: bool,
    pub(crate) source: Source,
}

/// Who says where users are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The gate, looked at now.
    Gate,
    /// The journal's last record, since the gate could not be looked at.
    Journal { at: Timestamp, why: String },
}

impl fmt::Display for Whereabouts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match (self.kept_out, self.gateless) {
            (true, false) => "USERS ARE KEPT OUT",
            (false, false) => "Users are let in",
            (true, true) => "WORK IS STOPPED",
            (false, true) => "Work goes on",
        })?;
        match &self.source {
            Source::Gate if self.gateless => formatter.write_str(", by a look just now."),
            Source::Gate => formatter.write_str(", by a look at the gate just now."),
            Source::Journal { at, why } => write!(
                formatter,
                " as far as the journal knows ({}); the gate could not be looked at: {why}.",
                clock_time(*at)
            ),
        }
    }
}

/// A run that was left where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftRun {
    pub(crate) run_id: String,
    pub(crate) by: Signal,
    /// What it was doing, in words.
    pub(crate) step: &'static str,
    pub(crate) users: Whereabouts,
}

impl fmt::Display for LeftRun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LeftRun { run_id, by, step, users } = self;
        write!(formatter, "run {run_id} was interrupted by {by}, and is left in: {step}. {users}")
    }
}

impl LeftRun {
    /// The same for other programs.
    pub(crate) fn answer(&self) -> answers::LeftRun {
        let LeftRun { run_id, by, step, users: Whereabouts { kept_out, gateless: _, source } } = self;
        answers::LeftRun {
            run_id: run_id.clone(),
            by: by.to_string(),
            step: (*step).to_owned(),
            users_kept_out: *kept_out,
            seen_by: match source {
                Source::Gate => UsersSeenBy::Gate,
                Source::Journal { .. } => UsersSeenBy::Journal,
            },
        }
    }

    /// How it goes on.
    pub(crate) fn ways_on(&self) -> String {
        format!(
            "`slackwater run resume {}` goes on with it; `slackwater maintenance disable` puts everything back and ends \
             maintenance",
            self.run_id
        )
    }
}

impl Error for LeftRun {}

impl From<LeftRun> for CliError {
    fn from(left: LeftRun) -> CliError {
        let kind = if left.users.kept_out { Exit::KeptOut } else { Exit::Failed };
        let ways_on = left.ways_on();
        CliError::new(kind, left).hint(ways_on)
    }
}

/// What an interruption found.
#[derive(Debug)]
pub(crate) enum Leaving {
    /// The run had not begun: nothing was touched.
    NotBegun,
    /// The journal can't be read, so that nobody knows here where the run stands.
    Unknown(JournalError),
    /// It had come to its end just then.
    Ended(Outcome),
    Left(LeftRun),
}

/// What is done at the first signal, and what another one does.
pub(crate) fn what_follows(by: Signal) -> String {
    format!(
        "{by}: the run is left where it is. Where users are is looked at (at most {} s), and who wants to be told is told (at \
         most {} s); another Ctrl-C ends at once",
        LOOK.as_secs(),
        TELL.as_secs()
    )
}

/// Leave a run that this holder conducted until now: give its lease back, look where users are, tell those who want to be
/// told. Another signal meanwhile skips what isn't done yet.
pub(crate) async fn leave(
    site: &Site,
    run_id: &str,
    journal: &impl JournalStore,
    holder: &Holder,
    by: Signal,
) -> Leaving {
    // One that can't be given back runs out by itself, or is free as soon as this process has ended.
    let _runs_out = journal.release(run_id, holder).await;
    let (plan, records, state) = match read_run(journal, run_id).await {
        Ok(run) => run,
        Err(JournalError::NoSuchRun { .. }) => return Leaving::NotBegun,
        Err(error) => return Leaving::Unknown(error),
    };
    if let Some(outcome) = state.outcome {
        return Leaving::Ended(outcome);
    }
    let users = find_users(site, &plan, &records, &state).await;
    let left = LeftRun { run_id: run_id.to_owned(), by, step: state.step.title(), users };
    let notice = Notice::Interrupted { by: by.to_string(), kept_out: left.users.kept_out };
    match tokio::time::timeout(TELL, tell_now(site, &plan, &notice)).await {
        Ok(remarks) => {
            for remark in remarks {
                remark!("{remark}");
            }
        }
        Err(_) => remark!("not everybody was told within {} s", TELL.as_secs()),
    }
    Leaving::Left(left)
}

/// Look where users are; the journal tells where nobody answers.
pub(crate) async fn find_users(site: &Site, plan: &Plan, records: &[Record], state: &State) -> Whereabouts {
    let query = users_query(plan, state);
    let why = match tokio::time::timeout(LOOK, site.ports.observe(&query)).await {
        Ok(Ok(Observation::Calm(calm))) => {
            let kept_out = Users::from_calm(&calm).maintenance().is_some();
            return Whereabouts { kept_out, gateless: plan.gateless, source: Source::Gate };
        }
        Ok(Ok(other)) => format!("answered with {}", other.kind()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", LOOK.as_secs()),
    };
    Whereabouts::of_journal(plan, records, why)
}

impl Whereabouts {
    /// Where users are as far as a run's journal knows, since the gate could not be looked at.
    pub(crate) fn of_journal(plan: &Plan, records: &[Record], why: String) -> Whereabouts {
        let report = Report::from_journal(plan, records).unwrap_or_default();
        let kept_out = matches!(report.gate_closed, Some((_, None)));
        let at = records.last().map_or(Timestamp(0), Record::at);
        Whereabouts { kept_out, gateless: plan.gateless, source: Source::Journal { at, why } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_says_where_users_are_and_who_says_so() {
        let journal = || Source::Journal { at: Timestamp(61_000), why: "no answer within 5 s".to_owned() };
        for (kept_out, source, words) in [
            (true, Source::Gate, "USERS ARE KEPT OUT, by a look at the gate just now."),
            (false, Source::Gate, "Users are let in, by a look at the gate just now."),
            (
                true,
                journal(),
                "USERS ARE KEPT OUT as far as the journal knows (00:01:01 UTC); the gate could not be looked at: no answer \
                 within 5 s.",
            ),
        ] {
            let users = Whereabouts { kept_out, gateless: false, source };
            let left =
                LeftRun { run_id: "r".to_owned(), by: Signal::Terminate, step: "Terminate jobs", users };
            assert_eq!(
                left.to_string(),
                format!("run r was interrupted by SIGTERM, and is left in: Terminate jobs. {words}")
            );
            assert!(left.ways_on().contains("run resume r"));
        }
    }
}
