//! The port to what remembers runs, and who acts for a deployment. A write that fails stops the run.
//!
//! One contract, whatever keeps it (`tests/contract.rs`): SQLite on this machine, or objects that several machines share.

use std::collections::BTreeSet;
use std::future::Future;

use upgrade::{Answer, Plan, Record, RunKind, State, Timestamp, fold};

use crate::claim::{Claim, Holder};

/// A run, without its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    pub run_id: String,
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
    pub claim: Option<Claim>,
    /// Who carried it out last and gave it back, where the store tells.
    pub left_by: Option<Holder>,
    /// Why it was set aside when another run of its stack was begun: its plan or its records could not be read, or it was
    /// claimed and never begun.
    pub set_aside: Option<String>,
}

impl RunSummary {
    /// Who carries it out; `None`: nobody.
    #[must_use]
    pub fn carried_out_by(&self, now: Timestamp) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| !self.ended && !claim.is_free(now))
    }
}

/// What somebody asks of a run, whatever process carries it out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Request {
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
        answer: Answer,
        /// Who answers.
        by: String,
    },
}

/// A request as it was found: under an id that the record names which takes it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub id: String,
    /// What is asked.
    pub request: Request,
}

/// How a run was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// Who carried it on before; `None`: it was given back, or it was taken again by the same conducting.
    pub from: Option<Holder>,
    /// From when on the taker may act, by its own clock: calls of the one before may be under way until then.
    pub act_at: Timestamp,
}

/// Remembers runs: plan, records, who acts, what is asked of them.
///
/// Everything that is written may be written again with the same arguments: where the first time stood after all, nothing
/// happens the second time.
pub trait JournalStore: Send + Sync {
    /// Where it is, as people name it and as notes carry it: `s3://bucket/prefix`, or `HOST:/path`.
    fn location(&self) -> &str;

    /// Write down a run's plan and its first record, and take the claim for it. Refused to a plan that has been begun before,
    /// whatever came of it, and while another run of the same stack has not ended; one that is damaged or was never begun,
    /// and that nobody carries out, is set aside, and counts as ended. A beginning that broke off before its first record can
    /// be begun again, by anybody, once who began it is silent.
    fn begin(
        &self,
        plan: &Plan,
        first: &Record,
        holder: &Holder,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Write down the record of this place (0: the first). When this returns, the record survives a crash, and no other
    /// conducting has written one of the same place.
    fn append(
        &self,
        run_id: &str,
        place: usize,
        record: &Record,
        ends: bool,
        holder: &Holder,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Take a run's claim, when it is free or held already by the same holder.
    fn take(
        &self,
        run_id: &str,
        holder: &Holder,
        now: Timestamp,
    ) -> impl Future<Output = Result<TakenOver, JournalError>> + Send;

    /// Give a sign of life. Refused to whoever doesn't hold the claim.
    fn beat(
        &self,
        run_id: &str,
        holder: &Holder,
        doing: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Look whether the claim still is this holder's.
    fn confirm(&self, run_id: &str, holder: &Holder)
    -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Give a claim back, so that nobody waits for its end. Nothing happens to one that another holds.
    fn release(&self, run_id: &str, holder: &Holder)
    -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Ask something of a run that has not ended.
    fn ask(
        &self,
        run_id: &str,
        request: &Request,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// What is asked of a run, oldest first, but for what has been taken up. What can't be read is passed over. A store that
    /// is dear to ask may answer with nothing for up to two seconds after it was asked last, unless it is asked `for_the_last`
    /// time: what was asked before a run's end is taken up.
    fn requests(
        &self,
        run_id: &str,
        taken: &BTreeSet<String>,
        for_the_last: bool,
    ) -> impl Future<Output = Result<Vec<Asked>, JournalError>> + Send;

    /// A run's plan and records, in order.
    fn load(&self, run_id: &str) -> impl Future<Output = Result<(Plan, Vec<Record>), JournalError>> + Send;

    /// A run's records from a place on, in order, for whoever watches.
    fn records_from(
        &self,
        run_id: &str,
        from: usize,
    ) -> impl Future<Output = Result<Vec<Record>, JournalError>> + Send;

    /// All runs, oldest first.
    fn runs(&self) -> impl Future<Output = Result<Vec<RunSummary>, JournalError>> + Send;
}

/// A run's plan and records, and where they have brought it.
///
/// # Errors
/// [`JournalError::Damaged`] where the plan or a record can't be read, or a record doesn't follow from those before.
pub async fn read_run(
    journal: &impl JournalStore,
    run_id: &str,
) -> Result<(Plan, Vec<Record>, State), JournalError> {
    let (plan, records) = journal.load(run_id).await?;
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
    /// The store itself failed: disk full, no permission, no answer, damaged.
    #[error("the journal cannot be {doing}: {source}. Nothing was done that is not in it")]
    Store {
        /// `read` or `written`.
        doing: &'static str,
        /// The store's own words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("there is no run {run_id}")]
    NoSuchRun { run_id: String },
    /// The run was claimed, and its first record was never written: nothing was done for it.
    #[error("run {run_id} was claimed and has not been begun; nothing was done for it")]
    NotBegun { run_id: String },
    /// The plan has been begun before, by its run's id or by its hash. What it stands on has been changed by that run.
    #[error("run {run_id} has been begun before, and a plan runs once")]
    BegunBefore {
        /// The run that it was begun as.
        run_id: String,
    },
    /// Another run of the same stack goes on.
    #[error("run {run_id} of stack {stack_name} has not ended; one run at a time{}", carried_on(carried_out_by.as_ref()))]
    RunUnderWay {
        /// The other run.
        run_id: String,
        stack_name: String,
        /// Who carries it on; `None`: nobody.
        carried_out_by: Option<CarriedOn>,
    },
    /// A run's plan or records can't be read, or don't fit each other. No other run is concerned.
    #[error("run {run_id} is damaged: {reason}")]
    Damaged {
        run_id: String,
        /// What can't be read, or doesn't fit.
        reason: String,
    },
    /// Whoever would write for the run does not carry it on any more.
    #[error("run {run_id} {}: nothing more is done for it here", held_by(holder.as_ref()))]
    Overtaken {
        run_id: String,
        /// By whom; `None`: it was given back, or its claim can't be told.
        holder: Option<Holder>,
    },
    /// Another conducting acts for the run.
    #[error("run {run_id} is carried out by {} ({}; last sign of life {silent_seconds} s ago)", claim.holder, claim.doing)]
    ClaimHeld {
        run_id: String,
        claim: Box<Claim>,
        /// How long ago it was heard.
        silent_seconds: u64,
    },
    /// The run has ended: nothing can be asked of it any more.
    #[error("run {run_id} has ended")]
    Ended { run_id: String },
    /// Written by a newer or an older program.
    #[error(
        "the journal {location} has format {found}, and this program reads and writes {known}: use the program that wrote it, or another place"
    )]
    OtherFormat {
        /// Where it is.
        location: String,
        /// The journal's.
        found: u32,
        /// Ours.
        known: u32,
    },
}

fn held_by(holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!("was taken over by {holder}"),
        None => "is not held here any more (its claim was given back, or is gone)".to_owned(),
    }
}

fn carried_on(by: Option<&CarriedOn>) -> String {
    match by {
        Some(CarriedOn { claim, silent_seconds }) => {
            let Claim { holder, doing, beat_at: _ } = claim.as_ref();
            format!("; {holder} carries it out ({doing}; last sign of life {silent_seconds} s ago)")
        }
        None => String::new(),
    }
}

/// Who carries a run on, and how long ago they were heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedOn {
    /// Who, and what is being done.
    pub claim: Box<Claim>,
    /// How long ago.
    pub silent_seconds: u64,
}

impl CarriedOn {
    /// As it is at this moment.
    #[must_use]
    pub fn at(claim: Claim, now: Timestamp) -> CarriedOn {
        let silent_seconds = now.milliseconds_since(claim.beat_at) / 1000;
        CarriedOn { claim: Box::new(claim), silent_seconds }
    }
}

pub(crate) fn held(run_id: &str, claim: Claim, now: Timestamp) -> JournalError {
    let silent_seconds = now.milliseconds_since(claim.beat_at) / 1000;
    JournalError::ClaimHeld { run_id: run_id.to_owned(), claim: Box::new(claim), silent_seconds }
}
