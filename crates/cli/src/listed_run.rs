//! A run as lists and `status` show it: from its journal, in a line.

use conductor::{JournalError, JournalStore, read_run};
use panel::answers::{Outcome, RunSummary};
use upgrade::{Ending, Report, RunKind, State, Timestamp};

use crate::answers;
use crate::error::CliError;

/// A run in a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ListedRun {
    /// Its id.
    pub run: String,
    pub deployment: String,
    /// The primary stack's name.
    pub stack: String,
    /// `None`: its plan can't be read.
    pub kind: Option<RunKind>,
    /// Its plan's versions, where that can be read and tells them.
    pub from_version: Option<String>,
    pub to_version: Option<String>,
    pub began: Timestamp,
    /// When its last record was written, or it was claimed.
    pub last_at: Timestamp,
    /// Where it stands, in words.
    pub state: String,
    /// It was claimed, and its first record isn't written: soon, or never.
    pub not_begun: bool,
    /// How it ended; `None`: it has not.
    pub outcome: Option<upgrade::Outcome>,
    /// Why its plan or its records can't be read.
    pub damaged: Option<String>,
    /// It waits for a person's decision.
    pub asks: bool,
    /// Who carries it out; `None`: nobody.
    pub holder: Option<String>,
    /// The banner that its plan shows.
    pub banner: Option<String>,
    /// When it closed the gate, if it did.
    pub gate_closed: Option<Timestamp>,
    /// What CloudFormation's clean-up after its updates could not delete, as it was told then.
    pub left_behind: Vec<String>,
}

impl ListedRun {
    /// Read a run of a journal's list. One that is damaged, or was never begun, says so: it hides no other.
    ///
    /// # Errors
    /// Whatever keeps the journal doesn't answer, or it is of another program.
    pub(crate) async fn read(
        journal: &impl JournalStore,
        run: &conductor::RunSummary,
        now: Timestamp,
    ) -> Result<ListedRun, CliError> {
        let unknown = |state: String| ListedRun {
            run: run.run_id.clone(),
            deployment: run.deployment.clone(),
            stack: run.stack_name.clone(),
            kind: run.kind,
            began: run.created_at,
            last_at: run.created_at,
            state,
            holder: run.carried_out_by(now).map(|claim| claim.holder.to_string()),
            ..ListedRun::default()
        };
        if let Some(reason) = &run.set_aside {
            let set_aside = unknown(format!("SET ASIDE: {reason}"));
            return Ok(ListedRun { damaged: Some(reason.clone()), ..set_aside });
        }
        let (plan, records, state) = match read_run(journal, &run.run_id).await {
            Ok(sound) => sound,
            Err(JournalError::Damaged { reason, .. }) => {
                let damaged = unknown(format!("DAMAGED: {reason}"));
                return Ok(ListedRun { damaged: Some(reason), ..damaged });
            }
            Err(JournalError::NotBegun { .. }) => {
                return Ok(ListedRun { not_begun: true, ..unknown("not begun".to_owned()) });
            }
            Err(error) => return Err(error.into()),
        };
        let report = Report::from_journal(&plan, &records)?;
        Ok(ListedRun {
            kind: Some(plan.kind),
            from_version: plan.from_version,
            to_version: plan.to_version,
            last_at: report.last_at,
            asks: state.question.is_some(),
            banner: plan.announcement.banner.map(|banner| banner.text),
            gate_closed: report.gate_closed.map(|(from, _)| from),
            left_behind: report.left_behind,
            outcome: state.outcome.clone(),
            ..unknown(in_words(plan.kind, &state))
        })
    }
}

impl ListedRun {
    /// The same for other programs.
    pub(crate) fn answer(self) -> answers::ListedRun {
        let ListedRun {
            run,
            deployment,
            stack,
            kind,
            from_version,
            to_version,
            began,
            last_at,
            state,
            not_begun,
            outcome,
            damaged,
            asks,
            holder,
            banner: _,
            gate_closed: _,
            left_behind: _,
        } = self;
        answers::ListedRun {
            summary: RunSummary {
                run_id: run,
                deployment,
                stack,
                kind,
                from_version,
                to_version,
                started_at: began.into(),
                last_at: last_at.into(),
                standing: state,
                ended: outcome.is_some(),
                outcome: outcome.as_ref().map(Outcome::from),
            },
            not_begun,
            asks,
            carried_out_by: holder,
            unreadable_because: damaged,
        }
    }
}

/// Where a run stands, in a few words.
pub(crate) fn in_words(kind: RunKind, state: &State) -> String {
    match (&state.outcome, &state.question) {
        (None, Some(_)) => "waits for a person's decision".to_owned(),
        (None, None) => format!("not ended; in: {}", state.step.title()),
        (Some(outcome), _) => {
            let ending = Ending { kind, outcome, seen: state.seen.as_ref() };
            let users = state.seen.as_ref().map(|seen| &seen.users);
            let out = match users.filter(|_| ending.needs_somebody()) {
                Some(users) => format!(": {}", users.word().to_uppercase()),
                None if ending.needs_somebody() => ": LOOK WHETHER USERS ARE KEPT OUT".to_owned(),
                None => String::new(),
            };
            format!("{}{out}", ending.title())
        }
    }
}
