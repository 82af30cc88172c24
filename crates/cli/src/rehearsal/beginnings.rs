//! Runs that share a beginning fork from it: what would go as it went before isn't done again for each thing that goes wrong later.

use conductor::Here;
use upgrade::{Act, Record, StackAct, State, Timestamp, UpdateKind};

use super::calls::CallLog;
use super::stage::Stage;

/// How many are kept of a run, beside those right before an update: each holds a copy of every cloud.
const KEPT: usize = 12;

/// A run up to right before one of its acts, of which nothing went wrong.
pub struct Beginning {
    /// As it was then.
    pub stage: Stage,
    pub began_at: Timestamp,
    pub records: Vec<Record>,
    /// Every call of the cloud so far.
    pub calls: Vec<String>,
    /// How many requests the platform has had.
    pub requests: usize,
    state: State,
    act: Act,
    watched_at: Option<Timestamp>,
}

impl Beginning {
    /// Where its conducting was.
    pub fn here(&self) -> Here<'_> {
        Here { state: &self.state, act: &self.act, watched_at: self.watched_at }
    }

    /// Whether this update was begun.
    pub fn has_executed(&self, update: UpdateKind) -> bool {
        self.records.iter().any(|record| match record {
            Record::Intended { act, .. } => executes(act) == Some(update),
            Record::Happened(_) => false,
        })
    }
}

/// The update that an act begins.
fn executes(act: &Act) -> Option<UpdateKind> {
    match act {
        Act::Stack(StackAct::ExecuteChangeSet { update, .. }) => Some(*update),
        Act::Stack(_) | Act::Fleet(_) | Act::Platform { .. } => None,
    }
}

/// Keeps the beginnings of a run.
pub(super) struct Keeping<'a> {
    stage: &'a Stage,
    calls: &'a CallLog,
    began_at: Timestamp,
    /// Every so many acts one is kept.
    every: usize,
    acted: usize,
    records: Vec<Record>,
    kept: Vec<Beginning>,
}

impl<'a> Keeping<'a> {
    /// Of a run on this stage that makes these calls, and so many acts.
    pub fn new(stage: &'a Stage, calls: &'a CallLog, acts: usize) -> Keeping<'a> {
        let every = acts.div_ceil(KEPT).max(1);
        let began_at = stage.clock.now();
        Keeping { stage, calls, began_at, every, acted: 0, records: Vec::new(), kept: Vec::new() }
    }

    pub fn recorded(&mut self, record: &Record) {
        self.records.push(record.clone());
    }

    pub fn about_to_act(&mut self, here: Here<'_>) {
        let is_kept = self.acted.is_multiple_of(self.every) || executes(here.act).is_some();
        self.acted += 1;
        // A cloud that can't be forked has failed the run already.
        let Some(stage) = is_kept.then(|| self.stage.fork_now().ok()).flatten() else { return };
        self.kept.push(Beginning {
            requests: stage.platform.as_ref().map_or(0, |platform| platform.requests().len()),
            stage,
            began_at: self.began_at,
            records: self.records.clone(),
            calls: self.calls.calls(),
            state: here.state.clone(),
            act: here.act.clone(),
            watched_at: here.watched_at,
        });
    }

    pub fn kept(self) -> Vec<Beginning> {
        self.kept
    }
}
