//! The claim: read with its age, written under its ETag.

use std::time::Duration;

use upgrade::{JOURNAL_FORMAT, Plan, Timestamp};

use super::documents::{BegunDocument, ClaimDocument, ClaimedRun, ConductingDocument};
use super::{ObjectJournal, Stands, again, bytes, held, unreadable, unwritable};
use crate::claim::{BEGINS, Claim, Holder, TAKES_OVER};
use crate::journal::{CarriedOn, JournalError, TakenOver};
use crate::objects::{ObjectError, Objects, Written};

/// How often a claim is looked at anew that others write at the same time.
const TRIES: usize = 4;

#[derive(Debug, Clone)]
pub(super) struct FoundClaim {
    pub document: ClaimDocument,
    pub etag: String,
    pub age: Duration,
}

/// The claim while it is held.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub document: ClaimDocument,
    pub etag: String,
}

impl FoundClaim {
    /// Who has given it back.
    pub(super) fn left_by(&self) -> Option<Holder> {
        let left = self.document.conducting.as_ref().filter(|conducting| conducting.given_back)?;
        Some(Holder::named(&left.holder))
    }

    /// Who carries the run on, by this reader's clock.
    pub(super) fn claim(&self, now: Timestamp) -> Option<Claim> {
        let acts = self.document.conducting.as_ref().filter(|conducting| !conducting.given_back);
        let ConductingDocument { holder, doing, given_back: _ } = acts?;
        let age = u64::try_from(self.age.as_millis()).unwrap_or(u64::MAX);
        let beat_at = Timestamp(now.0.saturating_sub(age));
        Some(Claim { holder: Holder::named(holder), doing: doing.clone(), beat_at })
    }
}

pub(super) fn overtaken(run_id: &str, found: Option<&FoundClaim>) -> JournalError {
    let conducting = found.and_then(|found| found.document.conducting.as_ref());
    let conducting = conducting.filter(|conducting| !conducting.given_back);
    let holder = conducting.map(|conducting| Holder::named(&conducting.holder));
    JournalError::Overtaken { run_id: run_id.to_owned(), holder }
}

impl<O: Objects> ObjectJournal<O> {
    /// The claim; `None`: the deployment never had one.
    pub(super) async fn read_claim(&self) -> Result<Option<FoundClaim>, JournalError> {
        let Some(found) = self.objects.get(&self.keys.claim()).await.map_err(unreadable)? else {
            return Ok(None);
        };
        let document: serde_json::Value = serde_json::from_slice(&found.body).map_err(unreadable)?;
        let format = document.get("format").and_then(serde_json::Value::as_u64).unwrap_or_default();
        // What a newer program wrote is neither understood nor written over.
        if format > u64::from(JOURNAL_FORMAT) {
            return Err(JournalError::OtherFormat {
                location: self.location.clone(),
                found: u32::try_from(format).unwrap_or(u32::MAX),
                known: JOURNAL_FORMAT,
            });
        }
        let document = serde_json::from_value(document).map_err(unreadable)?;
        Ok(Some(FoundClaim { document, etag: found.etag, age: found.age }))
    }

    /// Write the claim over what was found, or where nothing was. `None`: somebody else was quicker.
    async fn write_claim(
        &self,
        over: Option<&str>,
        document: &ClaimDocument,
    ) -> Result<Option<Held>, JournalError> {
        let (key, body) = (self.keys.claim(), bytes(document)?);
        let written = match over {
            None => self.objects.create(&key, body).await,
            Some(etag) => self.objects.replace(&key, etag, body).await,
        };
        match written {
            Ok(Written::Now { etag }) => return Ok(Some(Held { document: document.clone(), etag })),
            Err(error @ ObjectError::Refused { .. }) => return Err(unwritable(error)),
            Ok(Written::NotNow) | Err(ObjectError::Unknown { .. }) => {}
        }
        match self.read_claim().await? {
            Some(found) if found.document == *document => {
                Ok(Some(Held { document: found.document, etag: found.etag }))
            }
            // It may still arrive: whoever writes it again finds it then.
            found if found.as_ref().map(|found| found.etag.as_str()) == over => Err(again("the claim")),
            _ => Ok(None),
        }
    }

    /// Take the claim for a run that is to begin.
    pub(super) async fn claim_for(
        &self,
        plan: &Plan,
        sha256: &str,
        begun: &BegunDocument,
        holder: &Holder,
    ) -> Result<(), JournalError> {
        let mut mine = self.held.lock().await;
        for _ in 0..TRIES {
            let found = self.read_claim().await?;
            let now = self.clock.now();
            if let Some(found) = &found {
                let carried = found.claim(now).filter(|claim| claim.holder != *holder && !claim.is_free(now));
                if found.document.has(&plan.run_id) {
                    if let Some(claim) = carried {
                        return Err(held(&plan.run_id, claim, now));
                    }
                } else if let Some(run) = &found.document.run {
                    let free = match self.stands(&run.begun.run_id).await {
                        Ok(Stands::Over) => true,
                        Ok(Stands::NotBegun | Stands::UnderWay) | Err(JournalError::Damaged { .. }) => {
                            carried.is_none() && self.set_aside(&run.begun.run_id, holder, now).await?
                        }
                        Err(error) => return Err(error),
                    };
                    if !free {
                        return Err(JournalError::RunUnderWay {
                            run_id: run.begun.run_id.clone(),
                            stack_name: run.begun.stack_name.clone(),
                            carried_out_by: carried.map(|claim| CarriedOn::at(claim, now)),
                        });
                    }
                }
            }
            let before = found.as_ref().map(|found| &found.document);
            let document = ClaimDocument {
                format: JOURNAL_FORMAT,
                stack_id: self.stack_id.clone(),
                run: Some(ClaimedRun { plan_sha256: sha256.to_owned(), begun: begun.clone() }),
                conducting: Some(conducting(holder, BEGINS)),
                number: before.map_or(0, |before| before.number) + 1,
                beat: before.map_or(0, |before| before.beat) + 1,
            };
            let over = found.as_ref().map(|found| found.etag.as_str());
            if let Some(held) = self.write_claim(over, &document).await? {
                *mine = Some(held);
                return Ok(());
            }
        }
        Err(again("the claim"))
    }

    pub(super) async fn take_claim(&self, run_id: &str, holder: &Holder) -> Result<TakenOver, JournalError> {
        let mut mine = self.held.lock().await;
        for _ in 0..TRIES {
            let Some(found) = self.read_claim().await? else {
                let run_id = run_id.to_owned();
                return Err(match self.stands(&run_id).await? {
                    Stands::NotBegun => JournalError::NoSuchRun { run_id },
                    Stands::Over => JournalError::Ended { run_id },
                    Stands::UnderWay => JournalError::Damaged {
                        run_id,
                        reason: "its claim is gone: somebody deleted it".to_owned(),
                    },
                });
            };
            // Its age is of when it was answered, however long that took.
            let now = self.clock.now();
            if !found.document.has(run_id) {
                let run_id = run_id.to_owned();
                return Err(match self.stands(&run_id).await? {
                    Stands::NotBegun => JournalError::NoSuchRun { run_id },
                    Stands::UnderWay | Stands::Over => JournalError::Ended { run_id },
                });
            }
            let taken = match found.claim(now) {
                // Taken by a write of which nobody knew what came of it: from whom is known from then.
                Some(claim) if claim.holder == *holder => {
                    self.memory().taken_over.get(holder.as_str()).cloned()
                }
                Some(claim) if !claim.is_free(now) => return Err(held(run_id, claim, now)),
                Some(claim) => Some(claim.taken_over(now)),
                None => None,
            };
            let taken = taken.unwrap_or(TakenOver { from: None, act_at: now });
            self.memory().taken_over.insert(holder.as_str().to_owned(), taken.clone());
            let document = ClaimDocument {
                format: JOURNAL_FORMAT,
                conducting: Some(conducting(holder, TAKES_OVER)),
                number: found.document.number + 1,
                beat: found.document.beat + 1,
                ..found.document
            };
            if let Some(held) = self.write_claim(Some(&found.etag), &document).await? {
                *mine = Some(held);
                return Ok(taken);
            }
        }
        Err(again("the claim"))
    }

    pub(super) async fn beat_claim(
        &self,
        run_id: &str,
        holder: &Holder,
        doing: &str,
    ) -> Result<(), JournalError> {
        let mut mine = self.held.lock().await;
        let own = |held: &Held| held.document.has(run_id) && held.document.is_held_by(holder);
        let known = match mine.take().filter(own) {
            Some(held) => held,
            // A write of which nobody knew what came of it: what stands is looked at.
            None => match self.read_claim().await? {
                Some(found) if found.document.has(run_id) && found.document.is_held_by(holder) => {
                    Held { document: found.document, etag: found.etag }
                }
                found => return Err(overtaken(run_id, found.as_ref())),
            },
        };
        let document = ClaimDocument {
            conducting: Some(conducting(holder, doing)),
            beat: known.document.beat + 1,
            ..known.document
        };
        match self.objects.replace(&self.keys.claim(), &known.etag, bytes(&document)?).await {
            Ok(Written::Now { etag }) => {
                *mine = Some(Held { document, etag });
                return Ok(());
            }
            Err(error @ ObjectError::Refused { .. }) => return Err(unwritable(error)),
            Ok(Written::NotNow) | Err(ObjectError::Unknown { .. }) => {}
        }
        match self.read_claim().await? {
            // This one or an earlier one of one's own stands, and nobody knows since when: only a beat that is answered counts,
            // since others count from when the store took it.
            Some(found) if found.document.has(run_id) && found.document.is_held_by(holder) => {
                *mine = Some(Held { document: found.document, etag: found.etag });
                Err(again("the claim"))
            }
            found => Err(overtaken(run_id, found.as_ref())),
        }
    }

    /// Nobody carries the run on from here.
    pub(super) async fn give_back(&self, holder: &Holder) -> Result<(), JournalError> {
        let left = ConductingDocument { given_back: true, ..conducting(holder, "") };
        self.rewrite(holder, |document| ClaimDocument { conducting: Some(left.clone()), ..document }).await
    }

    /// The run has ended, or can't be begun: the deployment is free.
    pub(super) async fn free(&self, holder: &Holder) -> Result<(), JournalError> {
        self.rewrite(holder, |document| ClaimDocument { run: None, conducting: None, ..document }).await
    }

    async fn rewrite(
        &self,
        holder: &Holder,
        change: impl Fn(ClaimDocument) -> ClaimDocument + Send,
    ) -> Result<(), JournalError> {
        let mut mine = self.held.lock().await;
        *mine = None;
        for _ in 0..TRIES {
            let Some(found) = self.read_claim().await? else { return Ok(()) };
            if !found.document.is_held_by(holder) {
                return Ok(());
            }
            let beat = found.document.beat + 1;
            let document = ClaimDocument { beat, ..change(found.document) };
            if self.write_claim(Some(&found.etag), &document).await?.is_some() {
                return Ok(());
            }
        }
        Err(again("the claim"))
    }
}

fn conducting(holder: &Holder, doing: &str) -> ConductingDocument {
    ConductingDocument { holder: holder.as_str().to_owned(), doing: doing.to_owned(), given_back: false }
}
