//! Rehearsals of proposals. What came of one is in the file, with the revision that it is of; how far one has come is of this
//! process alone, and ends with it.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use upgrade::Timestamp;

use super::{ProposalError, Proposals};
use crate::proposals::rehearsal::{Rehearsal, RehearsalPart, RehearsalStanding, UnderWay};
use crate::proposals::{Proposal, Stage};

/// By a proposal's id: of which revision, and how far it has come.
pub(super) type UnderWays = HashMap<String, (u64, UnderWay)>;

/// What came of a rehearsal, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The proposal's, when it was begun.
    revision: u64,
    came: Came,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Came {
    Failed { at: Timestamp, reason: String },
    Done(Box<Rehearsal>),
}

impl Proposals {
    fn under_way(&self) -> MutexGuard<'_, UnderWays> {
        // Entries are only put in, counted on and taken out: all are whole whoever panicked.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A rehearsal of a proposal begins. Gives the proposal that it is of.
    ///
    /// # Errors
    /// There is none, it has ended, nobody has looked at its deployment as it is, or one is under way.
    pub fn begin_rehearsal(&self, id: &str, now: Timestamp) -> Result<Proposal, ProposalError> {
        let proposal = self.get(id)?;
        match proposal.stage {
            Stage::Seen | Stage::Approved(_) => {}
            Stage::Unseen | Stage::Looking { .. } | Stage::Failed { .. } => {
                return Err(ProposalError::Unseen);
            }
            Stage::Begun { .. } | Stage::Discarded { .. } => return Err(ProposalError::Ended),
        }
        let mut under_way = self.under_way();
        if under_way.get(id).is_some_and(|(revision, _)| *revision == proposal.revision) {
            return Err(ProposalError::IsRehearsed);
        }
        let begun = UnderWay { since: now, part: RehearsalPart::Stage, done: 0, all: 0 };
        under_way.insert(id.to_owned(), (proposal.revision, begun));
        Ok(proposal)
    }

    /// So far the rehearsal of this revision has come. Says whether anybody still wants it.
    pub fn rehearsal_goes_on(
        &self,
        id: &str,
        revision: u64,
        part: RehearsalPart,
        done: usize,
        all: usize,
    ) -> bool {
        match self.under_way().get_mut(id) {
            Some((of, under_way)) if *of == revision => {
                // Whoever counts does so on several threads: a later number may come first.
                if part > under_way.part || (part == under_way.part && done >= under_way.done) {
                    *under_way = UnderWay { part, done, all, ..*under_way };
                }
                true
            }
            Some(_) | None => false,
        }
    }

    /// The rehearsal of this revision is over; one that nobody wants any more is thrown away.
    ///
    /// # Errors
    /// The file can't be written. It is over all the same.
    pub fn end_rehearsal(
        &self,
        id: &str,
        revision: u64,
        found: Result<Rehearsal, String>,
        now: Timestamp,
    ) -> Result<(), ProposalError> {
        if self.under_way().get(id).is_none_or(|(of, _)| *of != revision) {
            return Ok(());
        }
        let came = match found {
            Ok(rehearsal) => Came::Done(Box::new(rehearsal)),
            Err(reason) => Came::Failed { at: now, reason },
        };
        let kept = self.keep_rehearsal(id, &Kept { revision, came });
        self.forget_rehearsal_but(id, |of| of != revision);
        kept
    }

    fn keep_rehearsal(&self, id: &str, kept: &Kept) -> Result<(), ProposalError> {
        let text = serde_json::to_string(kept)?;
        self.lock().execute("UPDATE proposals SET rehearsal = ?2 WHERE id = ?1", params![id, text])?;
        Ok(())
    }

    /// Whatever is under way of a proposal is wanted no more, but of a revision that `stays`.
    pub(super) fn forget_rehearsal_but(&self, id: &str, stays: impl FnOnce(u64) -> bool) {
        let mut under_way = self.under_way();
        if under_way.get(id).is_some_and(|(of, _)| !stays(*of)) {
            under_way.remove(id);
        }
    }

    /// Where a rehearsal of this proposal stands, as the proposal is.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn rehearsal(&self, proposal: &Proposal) -> Result<RehearsalStanding, ProposalError> {
        if let Some((of, under_way)) = self.under_way().get(&proposal.id)
            && *of == proposal.revision
        {
            return Ok(RehearsalStanding::UnderWay(*under_way));
        }
        let kept: Option<Option<String>> = self
            .lock()
            .query_row("SELECT rehearsal FROM proposals WHERE id = ?1", params![proposal.id], |row| {
                row.get(0)
            })
            .optional()?;
        let kept: Option<Kept> = kept.flatten().map(|text| serde_json::from_str(&text)).transpose()?;
        Ok(match kept {
            Some(Kept { revision, came }) if revision == proposal.revision => match came {
                Came::Failed { at, reason } => RehearsalStanding::Failed { at, reason },
                Came::Done(rehearsal) => RehearsalStanding::Done(rehearsal),
            },
            Some(_) | None => RehearsalStanding::None,
        })
    }
}
