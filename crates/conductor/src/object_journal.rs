//! The journal in objects that several machines share: a claim, and what is created once and never changed.
//!
//! *The claim* is one object a deployment. It is created where nothing is, replaced under its ETag ever after, and says which
//! run has the deployment and which conducting carries it on. *The fence* is the records: each is created under its place where
//! nothing is, and carries its conducting. A write that was refused, or of which nobody knows, is read: mine stands, another's
//! overtakes me, nothing is written again by whoever asked.
//!
//! Beginning isn't atomic here: claim, marker under the plan's hash, plan, first record, in this order. After a crash between
//! any two the same plan can be begun again; another run's beginning sets what was never begun aside, by writing into the place
//! of its first record.

mod claiming;
mod documents;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use upgrade::{Plan, Record, Timestamp};

use crate::claim::Holder;
use crate::clock::Clock;
use crate::journal::{Asked, JournalError, JournalStore, Request, RunSummary, TakenOver, fold_run, held};
use crate::objects::{Found, ObjectError, Objects, Written};

use claiming::{FoundClaim, Held};
use documents::{
    BegunDocument, Entry, Keys, RecordDocument, RequestDocument, SetAsideDocument, name_of, place_of,
};

/// Requests are listed no more often.
const LISTEN_MILLISECONDS: u64 = 2000;

/// How many objects are read at the same time: two thousand records within seconds, at 20 ms each.
const READ_TOGETHER: usize = 32;

/// The state of one deployment in objects.
#[derive(Debug)]
pub struct ObjectJournal<O> {
    objects: O,
    location: String,
    stack_id: String,
    keys: Keys,
    clock: Clock,
    /// The claim as this value last wrote or read it, while it holds it. Locked while it is being written.
    held: tokio::sync::Mutex<Option<Held>>,
    memory: Mutex<Memory>,
}

/// Of objects that never change: what was read once.
#[derive(Debug, Default)]
struct Memory {
    bodies: BTreeMap<String, Vec<u8>>,
    listened_at: BTreeMap<String, Timestamp>,
    /// Runs that were seen to have ended.
    over: BTreeSet<String>,
    /// From whom each holder took the claim, as far as this value did it.
    taken_over: BTreeMap<String, TakenOver>,
}

/// Where a run stands, as far as its claim's meaning goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stands {
    NotBegun,
    UnderWay,
    Over,
}

impl<O: Objects> ObjectJournal<O> {
    /// The state of the deployment with this primary stack. `location` is how people name the place that `objects` are in.
    #[must_use]
    pub fn new(objects: O, location: String, stack_id: &str, clock: Clock) -> ObjectJournal<O> {
        ObjectJournal {
            objects,
            location,
            stack_id: stack_id.to_owned(),
            keys: Keys::for_stack(stack_id),
            clock,
            held: tokio::sync::Mutex::new(None),
            memory: Mutex::default(),
        }
    }

    /// A word that is another one as soon as a run has begun or ended, or whoever carries one on has given a sign of life: one
    /// small read, for whoever looks often. `None`: nothing was ever begun.
    ///
    /// # Errors
    /// The state can't be read.
    pub async fn mark(&self) -> Result<Option<String>, JournalError> {
        let found = self.objects.get(&self.keys.claim()).await.map_err(unreadable)?;
        Ok(found.map(|found| found.etag))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // What is in it is whole whoever panicked: it is only added to.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Read an object that never changes once it is there.
    async fn read_once(&self, key: &str) -> Result<Option<Vec<u8>>, JournalError> {
        let known = self.memory().bodies.get(key).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let found = self.objects.get(key).await.map_err(unreadable)?;
        Ok(found.map(|Found { body, .. }| {
            self.memory().bodies.insert(key.to_owned(), body.clone());
            body
        }))
    }

    /// Write an object that never changes. Whether it stands as it was to be written; else what stands there.
    async fn create(&self, key: &str, body: &[u8]) -> Result<Created, JournalError> {
        match self.objects.create(key, body.to_vec()).await {
            Ok(Written::Now { .. }) => return Ok(Created::Stands),
            Err(error @ ObjectError::Refused { .. }) => return Err(unwritable(error)),
            Ok(Written::NotNow) | Err(ObjectError::Unknown { .. }) => {}
        }
        match self.objects.get(key).await.map_err(unwritable)? {
            Some(found) if found.body == body => Ok(Created::Stands),
            Some(found) => Ok(Created::Other(found.body)),
            // It may still arrive, as it is: writing it again is harmless.
            None => Err(again(key)),
        }
    }

    async fn record(&self, run_id: &str, place: usize) -> Result<Option<RecordDocument>, JournalError> {
        match self.objects.get(&self.keys.record(run_id, place)).await.map_err(unreadable)? {
            Some(found) => parse(run_id, &format!("its record {place}"), &found.body).map(Some),
            None => Ok(None),
        }
    }

    async fn documents_from(&self, run_id: &str, from: usize) -> Result<Vec<RecordDocument>, JournalError> {
        let after = from.checked_sub(1).map(|before| self.keys.record(run_id, before)).unwrap_or_default();
        let keys = self.objects.list(&self.keys.records(run_id), &after).await.map_err(unreadable)?;
        for (index, key) in keys.iter().enumerate() {
            let place = from + index;
            if place_of(key) != Some(place) {
                return Err(damaged(run_id, format!("its record {place} is missing")));
            }
        }
        let read = |place: usize| async move {
            let missing = || damaged(run_id, format!("its record {place} is missing"));
            self.record(run_id, place).await?.ok_or_else(missing)
        };
        futures_util::stream::iter((from..from + keys.len()).map(read))
            .buffered(READ_TOGETHER)
            .try_collect()
            .await
    }

    /// Where a run stands that has or had the claim.
    async fn stands(&self, run_id: &str) -> Result<Stands, JournalError> {
        if self.memory().over.contains(run_id) {
            return Ok(Stands::Over);
        }
        let keys = self.objects.list(&self.keys.records(run_id), "").await.map_err(unreadable)?;
        let Some(last) = keys.len().checked_sub(1) else { return Ok(Stands::NotBegun) };
        let stands = match self.record(run_id, last).await? {
            Some(RecordDocument { entry: Entry::Last(_) | Entry::NeverBegun, .. }) => Stands::Over,
            Some(RecordDocument { entry: Entry::Record(_), .. }) | None => Stands::UnderWay,
        };
        if stands == Stands::Over {
            self.memory().over.insert(run_id.to_owned());
        }
        Ok(stands)
    }

    /// A run that nobody carries out, and that can't be carried out, must not be in another's way for good. Whether it was set
    /// aside.
    async fn set_aside(&self, run_id: &str, holder: &Holder, now: Timestamp) -> Result<bool, JournalError> {
        let reason = match self.load(run_id).await {
            Err(JournalError::NotBegun { .. } | JournalError::NoSuchRun { .. }) => {
                let document =
                    RecordDocument { holder: holder.as_str().to_owned(), entry: Entry::NeverBegun };
                let created = self.create(&self.keys.record(run_id, 0), &bytes(&document)?).await?;
                if let Created::Other(body) = created {
                    // Its first record had been on its way; or somebody else has just set it aside.
                    let stands: RecordDocument = parse(run_id, "its first record", &body)?;
                    return Ok(stands.entry == Entry::NeverBegun);
                }
                NEVER_BEGUN.to_owned()
            }
            Err(JournalError::Damaged { reason, .. }) => reason,
            Err(error) => return Err(error),
            Ok((plan, records)) => match fold_run(run_id, &plan, &records) {
                Err(JournalError::Damaged { reason, .. }) => reason,
                Ok(_) | Err(_) => return Ok(false),
            },
        };
        let document = SetAsideDocument { at: now, reason };
        // Somebody else may have done it, in other words.
        self.create(&self.keys.set_aside(run_id), &bytes(&document)?).await?;
        Ok(true)
    }

    /// A plan that is marked as begun is begun again only where the same run never came to its first record, or by whoever wrote
    /// that record.
    async fn refuse_begun(
        &self,
        run_id: &str,
        marker: &[u8],
        first: &Record,
        holder: &Holder,
    ) -> Result<(), JournalError> {
        let there: BegunDocument = parse(run_id, "its plan's marker", marker)?;
        let stands = self.record(&there.run_id, 0).await?;
        let mine = |stands: &RecordDocument| {
            stands.holder == holder.as_str() && stands.entry == Entry::Record(first.clone())
        };
        if there.run_id == run_id && stands.as_ref().is_none_or(mine) {
            return Ok(());
        }
        Err(JournalError::BegunBefore { run_id: there.run_id })
    }

    async fn all_set_aside(&self) -> Result<BTreeMap<String, String>, JournalError> {
        let mut reasons = BTreeMap::new();
        for key in self.objects.list(&self.keys.all_set_aside(), "").await.map_err(unreadable)? {
            let Some(body) = self.read_once(&key).await? else { continue };
            let reason = serde_json::from_slice::<SetAsideDocument>(&body)
                .map_or_else(|error| error.to_string(), |document| document.reason);
            reasons.insert(name_of(&key).to_owned(), reason);
        }
        Ok(reasons)
    }
}

/// Why a run was set aside whose first record nobody wrote.
const NEVER_BEGUN: &str = "it was claimed and never begun; nothing was done for it";

/// What came of creating an object that never changes.
enum Created {
    /// It stands as it was to be written.
    Stands,
    /// Something else stands there.
    Other(Vec<u8>),
}

impl<O: Objects> JournalStore for ObjectJournal<O> {
    fn location(&self) -> &str {
        &self.location
    }

    async fn begin(&self, plan: &Plan, first: &Record, holder: &Holder) -> Result<(), JournalError> {
        let (run_id, sha256) = (&plan.run_id, plan.sha256());
        let begun = BegunDocument {
            run_id: run_id.clone(),
            deployment: plan.deployment.clone(),
            stack_name: plan.stack_name.clone(),
            kind: plan.kind,
            created_at: first.at(),
        };
        // Before the claim: a plan that has been begun changes nothing.
        let marker = self.keys.plan_marker(&sha256);
        if let Some(body) = self.read_once(&marker).await? {
            self.refuse_begun(run_id, &body, first, holder).await?;
        }
        let text = bytes(plan)?;
        let plan_key = self.keys.plan(run_id);
        if self.read_once(&plan_key).await?.is_some_and(|there| there != text) {
            return Err(JournalError::BegunBefore { run_id: run_id.clone() });
        }
        self.claim_for(plan, &sha256, &begun, holder).await?;
        let mut stands = self.create(&marker, &bytes(&begun)?).await?;
        if let Created::Other(body) = &stands
            && serde_json::from_slice::<BegunDocument>(body).is_ok_and(|there| there.run_id == *run_id)
        {
            // Begun before by the same plan, at another time, and not to its first record.
            stands = Created::Stands;
        }
        if let Created::Stands = stands {
            stands = self.create(&plan_key, &text).await?;
        }
        if let Created::Other(_) = stands {
            self.free(holder).await?;
            return Err(JournalError::BegunBefore { run_id: run_id.clone() });
        }
        self.append(run_id, 0, first, false, holder).await
    }

    async fn append(
        &self,
        run_id: &str,
        place: usize,
        record: &Record,
        ends: bool,
        holder: &Holder,
    ) -> Result<(), JournalError> {
        let entry = if ends { Entry::Last(record.clone()) } else { Entry::Record(record.clone()) };
        let document = RecordDocument { holder: holder.as_str().to_owned(), entry };
        match self.create(&self.keys.record(run_id, place), &bytes(&document)?).await? {
            Created::Stands => {}
            Created::Other(body) => {
                let stands: RecordDocument = parse(run_id, &format!("its record {place}"), &body)?;
                let holder = Some(Holder::named(&stands.holder));
                return Err(JournalError::Overtaken { run_id: run_id.to_owned(), holder });
            }
        }
        if ends {
            self.memory().over.insert(run_id.to_owned());
            // The record says so already, to whoever finds the claim as it is.
            let _stays_as_it_is = self.free(holder).await;
        }
        Ok(())
    }

    async fn take(&self, run_id: &str, holder: &Holder, _now: Timestamp) -> Result<TakenOver, JournalError> {
        self.take_claim(run_id, holder).await
    }

    async fn beat(
        &self,
        run_id: &str,
        holder: &Holder,
        doing: &str,
        _now: Timestamp,
    ) -> Result<(), JournalError> {
        self.beat_claim(run_id, holder, doing).await
    }

    async fn confirm(&self, run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        match self.read_claim().await? {
            Some(found) if found.document.has(run_id) && found.document.is_held_by(holder) => Ok(()),
            found => Err(claiming::overtaken(run_id, found.as_ref())),
        }
    }

    async fn release(&self, _run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        self.give_back(holder).await
    }

    async fn ask(&self, run_id: &str, request: &Request, at: Timestamp) -> Result<(), JournalError> {
        let has = self.read_claim().await?.is_some_and(|found| found.document.has(run_id));
        match self.stands(run_id).await? {
            Stands::NotBegun if has => return Err(JournalError::NotBegun { run_id: run_id.to_owned() }),
            Stands::NotBegun => return Err(JournalError::NoSuchRun { run_id: run_id.to_owned() }),
            Stands::UnderWay if has => {}
            Stands::UnderWay | Stands::Over => {
                return Err(JournalError::Ended { run_id: run_id.to_owned() });
            }
        }
        let body = bytes(&RequestDocument { at, request: request.clone() })?;
        match self.create(&self.keys.request(run_id, at, &body), &body).await? {
            Created::Stands => Ok(()),
            Created::Other(_) => Err(again("a request")),
        }
    }

    async fn requests(
        &self,
        run_id: &str,
        taken: &BTreeSet<String>,
        for_the_last: bool,
    ) -> Result<Vec<Asked>, JournalError> {
        let now = self.clock.now();
        let listened_at = self.memory().listened_at.get(run_id).copied();
        let just_listened = |then| now.milliseconds_since(then) < LISTEN_MILLISECONDS;
        if !for_the_last && listened_at.is_some_and(just_listened) {
            return Ok(Vec::new());
        }
        let keys = self.objects.list(&self.keys.requests(run_id), "").await.map_err(unreadable)?;
        self.memory().listened_at.insert(run_id.to_owned(), now);
        let mut asked = Vec::new();
        for key in keys.iter().filter(|key| !taken.contains(name_of(key))) {
            if let Some(body) = self.read_once(key).await?
                && let Ok(RequestDocument { request, .. }) = serde_json::from_slice(&body)
            {
                asked.push(Asked { id: name_of(key).to_owned(), request });
            }
        }
        Ok(asked)
    }

    async fn load(&self, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError> {
        let Some(plan) = self.read_once(&self.keys.plan(run_id)).await? else {
            let claimed = self.read_claim().await?.is_some_and(|found| found.document.has(run_id));
            let run_id = run_id.to_owned();
            return Err(if claimed {
                JournalError::NotBegun { run_id }
            } else {
                JournalError::NoSuchRun { run_id }
            });
        };
        let plan = parse(run_id, "its plan", &plan)?;
        let records = self.records_from(run_id, 0).await?;
        if records.is_empty() {
            return Err(JournalError::NotBegun { run_id: run_id.to_owned() });
        }
        Ok((plan, records))
    }

    async fn records_from(&self, run_id: &str, from: usize) -> Result<Vec<Record>, JournalError> {
        let documents = self.documents_from(run_id, from).await?;
        let records = documents.into_iter().filter_map(|document| match document.entry {
            Entry::Record(record) | Entry::Last(record) => Some(record),
            Entry::NeverBegun => None,
        });
        Ok(records.collect())
    }

    async fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        let claim = self.read_claim().await?;
        let mut begun: Vec<BegunDocument> = Vec::new();
        let keys = self.objects.list(&self.keys.plans(), "").await.map_err(unreadable)?;
        // The first look at a long history reads many small objects; later ones only what is new.
        let mut reading =
            futures_util::stream::iter(keys.into_iter().map(|key| async move { self.read_once(&key).await }))
                .buffered(READ_TOGETHER);
        while let Some(body) = reading.next().await {
            begun.extend(body?.and_then(|body| serde_json::from_slice(&body).ok()));
        }
        let has = claim.as_ref().and_then(|found| found.document.run.clone());
        if let Some(run) = &has
            && !begun.iter().any(|begun| begun.run_id == run.begun.run_id)
        {
            begun.push(run.begun.clone());
        }
        begun.sort_by(|one, other| (one.created_at, &one.run_id).cmp(&(other.created_at, &other.run_id)));
        let set_aside = self.all_set_aside().await?;
        let mut runs = Vec::new();
        for BegunDocument { run_id, deployment, stack_name, kind, created_at } in begun {
            let is_claimed = has.as_ref().is_some_and(|run| run.begun.run_id == run_id);
            let set_aside = set_aside.get(&run_id).cloned();
            let ended = !is_claimed || set_aside.is_some() || self.stands(&run_id).await? == Stands::Over;
            let carried = claim.as_ref().filter(|_| is_claimed && !ended);
            let left_by = carried.and_then(FoundClaim::left_by);
            let claim = carried.and_then(|found| found.claim(self.clock.now()));
            let kind = Some(kind);
            runs.push(RunSummary {
                run_id,
                deployment,
                stack_name,
                kind,
                created_at,
                ended,
                claim,
                left_by,
                set_aside,
            });
        }
        Ok(runs)
    }
}

fn bytes(document: &impl Serialize) -> Result<Vec<u8>, JournalError> {
    serde_json::to_vec(document).map_err(unwritable)
}

fn parse<T: DeserializeOwned>(run_id: &str, what: &str, body: &[u8]) -> Result<T, JournalError> {
    serde_json::from_slice(body).map_err(|error| damaged(run_id, format!("{what}: {error}")))
}

fn damaged(run_id: &str, reason: String) -> JournalError {
    JournalError::Damaged { run_id: run_id.to_owned(), reason }
}

/// Nobody knows whether it was written, or somebody was quicker: whoever asked asks again.
fn again(what: &str) -> JournalError {
    unwritable(format!("{what} was not written, or nobody knows; it is written again"))
}

fn unreadable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> JournalError {
    JournalError::Store { doing: "read", source: source.into() }
}

fn unwritable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> JournalError {
    JournalError::Store { doing: "written", source: source.into() }
}
