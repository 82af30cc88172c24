//! What the panel needs of the place that remembers runs. Whoever serves the panel says which place that is: a file on this
//! machine ([`FileRuns`]), or one that several machines share.
//!
//! The panel begins no run and carries none out: it reads, and writes down what is asked of a run.

mod file;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use conductor::{JournalError, Request, RunSummary};
use upgrade::{Plan, Record, Timestamp};

pub use file::FileRuns;

/// What a place that remembers runs says, in its time.
pub type RunsAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, JournalError>> + Send + 'a>>;

/// Runs, whoever carries them out.
///
/// An answer may take long, or be given up half-way: nothing is held up by it but what asked.
pub trait Runs: Send + Sync + 'static {
    /// A number that is another one as soon as anything may have changed: a run, a record, or a claim's sign of life. While
    /// it is the same, the panel shows what it has read, and asks nothing else.
    ///
    /// It is asked every 50 ms, and before every page, so it costs next to nothing. Where looking is dear, this answers what
    /// was last known, and somebody looks beside it every second or two; when that fails, so does this, and then pages ask
    /// the place itself.
    fn news(&self) -> RunsAnswer<'_, u64>;

    /// All runs, oldest first.
    fn all(&self) -> RunsAnswer<'_, Vec<RunSummary>>;

    /// Deployments whose runs could not be read when they were looked at last, by name, each with the reason. What else is
    /// told of their runs is what was known before.
    fn unread(&self) -> BTreeMap<String, String>;

    /// A run's plan and records, in order.
    fn load<'a>(&'a self, run_id: &'a str) -> RunsAnswer<'a, (Plan, Vec<Record>)>;

    /// A run's records from a place on (0: the first), in order.
    fn records_from<'a>(&'a self, run_id: &'a str, from: usize) -> RunsAnswer<'a, Vec<Record>>;

    /// Ask something of a run that has not ended.
    fn ask<'a>(&'a self, run_id: &'a str, request: &'a Request, at: Timestamp) -> RunsAnswer<'a, ()>;
}
