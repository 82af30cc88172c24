//! The port to what remembers runs. A write that fails stops the run.

use upgrade::{Answer, Plan, Record, RunKind, State, Timestamp, fold};

use crate::lease::{Holder, Lease};

/// A run, without its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// The run's id.
    pub run_id: String,
    /// The deployment it is of.
    pub deployment: String,
    /// The primary stack's name.
    pub stack_name: String,
    /// What it is for; `None`: that can't be read.
    pub kind: Option<RunKind>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Whether it has ended.
    pub ended: bool,
    /// Who acts for it, or fell silent; `None`: nobody does, and whoever did has said so.
    pub lease: Option<Lease>,
    /// Why it was set aside: its plan or its records could not be read when another run of its stack was begun.
    pub set_aside: Option<String>,
}

impl RunSummary {
    /// Who carries it out; `None`: nobody.
    #[must_use]
    pub fn carried_out_by(&self, now: Timestamp) -> Option<&Holder> {
        let lease = self.lease.as_ref().filter(|lease| !self.ended && !lease.is_free(now))?;
        Some(&lease.holder)
    }
}

/// What somebody asks of a run, whatever process carries it out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Request {
    /// Stop.
    Stop {
        /// Who asks.
        by: String,
    },
    /// End as it is, at once: what was taken away is left to whoever leaves maintenance.
    GiveUp {
        /// Who asks.
        by: String,
    },
    /// An answer to the run's question.
    Answer {
        /// What.
        answer: Answer,
        /// Who answers.
        by: String,
    },
}

/// Remembers runs: plan, records, who acts, what is asked of them.
pub trait JournalStore {
    /// Write down a run's plan and its first record, and take its lease: all or nothing. Refused to a plan that has been
    /// begun before, whatever came of it, and while another run of the same stack has not ended; one that is damaged and
    /// that nobody carries out is set aside, and counts as ended.
    fn begin(&mut self, plan: &Plan, first: &Record, holder: &Holder) -> Result<(), JournalError>;

    /// Write down the next record and renew the lease. When this returns, the record survives a crash. Refused to
    /// whoever doesn't hold the lease.
    fn append(
        &mut self,
        run_id: &str,
        record: &Record,
        ends: bool,
        holder: &Holder,
    ) -> Result<(), JournalError>;

    /// Take a run's lease, when it is free or held already by the same holder.
    fn take_lease(&mut self, run_id: &str, holder: &Holder, now: Timestamp) -> Result<(), JournalError>;

    /// Renew a lease without a record. Refused to whoever doesn't hold it.
    fn renew_lease(&mut self, run_id: &str, holder: &Holder, now: Timestamp) -> Result<(), JournalError>;

    /// Give a lease back, so that nobody waits for its end. Nothing happens to a lease that another holds.
    fn release_lease(&mut self, run_id: &str, holder: &Holder) -> Result<(), JournalError>;

    /// Ask something of a run that has not ended.
    fn ask(&mut self, run_id: &str, request: &Request, at: Timestamp) -> Result<(), JournalError>;

    /// The oldest thing asked of a run that its holder hasn't taken up, with its number. What can't be read is passed over.
    fn next_request(&self, run_id: &str) -> Result<Option<(i64, Request)>, JournalError>;

    /// A request was taken up.
    fn take_request(&mut self, run_id: &str, number: i64) -> Result<(), JournalError>;

    /// A run's plan and records, in order.
    fn load(&self, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError>;

    /// A run's records from a place on, in order, for whoever watches.
    fn records_from(&self, run_id: &str, from: usize) -> Result<Vec<Record>, JournalError>;

    /// All runs, oldest first.
    fn runs(&self) -> Result<Vec<RunSummary>, JournalError>;
}

/// A run's plan and records, and where they have brought it.
///
/// # Errors
/// [`JournalError::Damaged`] where the plan or a record can't be read, or a record doesn't follow from those before.
pub fn read_run(
    journal: &impl JournalStore,
    run_id: &str,
) -> Result<(Plan, Vec<Record>, State), JournalError> {
    let (plan, records) = journal.load(run_id)?;
    let state = fold_run(run_id, &plan, &records)?;
    Ok((plan, records, state))
}

/// Where a run's records have brought it.
pub(crate) fn fold_run(run_id: &str, plan: &Plan, records: &[Record]) -> Result<State, JournalError> {
    fold(plan, records)
        .map_err(|error| JournalError::Damaged { run_id: run_id.to_owned(), reason: error.to_string() })
}

/// Why the journal can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The store itself failed: disk full, no permission, damaged.
    #[error("the journal cannot be {doing}: {source}. Nothing was done that is not in it")]
    Store {
        /// `read` or `written`.
        doing: &'static str,
        /// The store's own words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No such run.
    #[error("there is no run {run_id}")]
    NoSuchRun {
        /// The run's id.
        run_id: String,
    },
    /// The plan has been begun before, by its run's id or by its hash. What it stands on has been changed by that run.
    #[error("run {run_id} has been begun before, and a plan runs once")]
    BegunBefore {
        /// The run that it was begun as.
        run_id: String,
    },
    /// Another run of the same stack goes on.
    #[error("run {run_id} of stack {stack_name} has not ended; one run at a time")]
    RunUnderWay {
        /// The other run.
        run_id: String,
        /// The stack.
        stack_name: String,
    },
    /// A run's plan or records can't be read, or don't fit each other. No other run is concerned.
    #[error("run {run_id} is damaged: {reason}")]
    Damaged {
        /// The run.
        run_id: String,
        /// What can't be read, or doesn't fit.
        reason: String,
    },
    /// Whoever would write for the run has given its lease back.
    #[error("run {run_id} is carried out by nobody: its lease was given back")]
    LeaseGivenBack {
        /// The run.
        run_id: String,
    },
    /// Another conducting acts for the run.
    #[error("run {run_id} is carried out by {holder}")]
    LeaseHeld {
        /// The run.
        run_id: String,
        /// By whom.
        holder: Holder,
        /// Until when, unless it is renewed.
        expires_at: Timestamp,
    },
    /// The run has ended: nothing can be asked of it any more.
    #[error("run {run_id} has ended")]
    Ended {
        /// The run.
        run_id: String,
    },
    /// Written by a newer or an older program.
    #[error(
        "the journal has format {found}, and this program reads and writes {known}: use the program that wrote it, or another data directory"
    )]
    OtherFormat {
        /// The journal's.
        found: u32,
        /// Ours.
        known: u32,
    },
}
