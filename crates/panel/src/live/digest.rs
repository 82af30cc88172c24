//! A run in a few words, as lists of runs show it. An ended run's never change again, so they are kept, and a page of
//! fifty runs reads no journal twice.

use conductor::{JournalError, RunSummary};
use upgrade::{Outcome, RunDurations, RunKind, Step, Timestamp};

use super::{LiveError, RunPicture};

/// A run of a list.
#[derive(Debug, Clone)]
pub(crate) struct ListedRun {
    /// What the journal's own list says of it.
    pub(crate) summary: RunSummary,
    /// What its records say; or why they don't. One damaged run hides no other.
    pub(crate) digest: Result<RunDigest, Unreadable>,
}

/// Why it isn't known what a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It was claimed, and its first record isn't written: soon, or never.
    NotBegun,
    /// Its plan or its records can't be read, or don't fit each other.
    Damaged(String),
    /// They may be whole: whatever keeps them didn't answer.
    NoAnswer(String),
}

impl Unreadable {
    /// Of a run that is in the list of runs.
    pub(crate) fn new(run: &RunSummary, error: LiveError) -> Unreadable {
        if let Some(reason) = &run.set_aside {
            return Unreadable::Damaged(format!("set aside, since {reason}"));
        }
        match error {
            LiveError::Journal(JournalError::NotBegun { .. }) => Unreadable::NotBegun,
            LiveError::Journal(JournalError::Damaged { reason, .. }) => Unreadable::Damaged(reason),
            error @ (LiveError::Journal(_) | LiveError::Interrupted) => {
                Unreadable::NoAnswer(error.to_string())
            }
        }
    }

    /// In a word or two.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Unreadable::NotBegun => "not begun",
            Unreadable::Damaged(_) => "damaged",
            Unreadable::NoAnswer(_) => "no answer",
        }
    }

    /// Why, where the run itself is named beside it.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Unreadable::NotBegun => "it was claimed and has not been begun; nothing was done for it",
            Unreadable::Damaged(why) | Unreadable::NoAnswer(why) => why,
        }
    }
}

/// What a list shows of a run's plan and records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunDigest {
    pub(crate) from_version: Option<String>,
    /// Who approved its plan.
    pub(crate) approved_by: Option<String>,
    pub(crate) to_version: Option<String>,
    pub(crate) started_at: Timestamp,
    /// When its last record was written.
    pub(crate) last_at: Timestamp,
    pub(crate) status: RunStatus,
    /// What it says of how long things take, once it has ended.
    pub(crate) durations: Option<RunDurations>,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunStatus {
    /// What the run is for.
    pub(crate) kind: RunKind,
    /// The step that it is in, or ended in.
    pub(crate) step: Step,
    /// Whether a person must decide.
    pub(crate) is_asked: bool,
    /// Whether it leaves maintenance because something has failed.
    pub(crate) has_failed: bool,
    /// How it ended; `None` while it goes on.
    pub(crate) outcome: Option<Outcome>,
}

impl RunDigest {
    /// Of a run, as far as it was read.
    ///
    /// # Errors
    /// It has no record.
    pub(crate) fn new(picture: &RunPicture) -> Result<RunDigest, LiveError> {
        let (plan, report) = (&picture.plan, picture.telling.report());
        let state = picture
            .telling
            .state()
            .ok_or_else(|| LiveError::damaged(&plan.run_id, upgrade::IllegalTransition::NotStarted))?;
        Ok(RunDigest {
            from_version: plan.from_version.clone(),
            to_version: plan.to_version.clone(),
            approved_by: report.approval.as_ref().map(|approval| approval.by.clone()),
            started_at: report.started_at,
            last_at: report.last_at,
            status: RunStatus {
                kind: plan.kind,
                step: state.step,
                is_asked: state.question.is_some(),
                has_failed: state.failure.is_some(),
                outcome: state.outcome.clone(),
            },
            durations: state.outcome.as_ref().and_then(|_| RunDurations::of_run(plan.kind, report)),
        })
    }
}
