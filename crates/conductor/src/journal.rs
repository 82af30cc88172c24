//! The port to what remembers runs. A write that fails stops the run.

use upgrade::{Plan, Record, Timestamp};

/// A run, without its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// The run's id.
    pub run_id: String,
    /// The stack it upgrades.
    pub stack_name: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Whether it has ended.
    pub ended: bool,
}

/// Remembers runs: plan and records.
pub trait JournalStore {
    /// Write down a run's plan and its first record, both or neither. Refused while another run of the
    /// same stack has not ended.
    fn begin(&mut self, plan: &Plan, first: &Record) -> Result<(), JournalError>;

    /// Write down the next record. When this returns, the record survives a crash.
    fn append(&mut self, run_id: &str, record: &Record, ends: bool) -> Result<(), JournalError>;

    /// A run's plan and records, in order.
    fn load(&self, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError>;

    /// All runs, oldest first.
    fn runs(&self) -> Result<Vec<RunSummary>, JournalError>;
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
    /// Another run of the same stack goes on.
    #[error("run {run_id} of stack {stack_name} has not ended; one run at a time")]
    RunUnderWay {
        /// The other run.
        run_id: String,
        /// The stack.
        stack_name: String,
    },
    /// Written by a newer program.
    #[error(
        "the journal has format {found}, and this program writes {known}: use the newer program that wrote it"
    )]
    NewerFormat {
        /// The journal's.
        found: u32,
        /// Ours.
        known: u32,
    },
}
