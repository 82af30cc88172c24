//! Runs as they go on: one follower looks for news, whoever writes it, and wakes whoever looks.
//!
//! A wake-up carries nothing: every page reads the picture again from the place it had reached. So a page that was
//! opened late, or lost its connection, misses nothing and sees nothing twice.
//!
//! Wherever runs are remembered, reading may take long: a lock that is held meanwhile is one run's alone.

mod digest;
mod follow;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex as ShortMutex, MutexGuard, PoisonError};

use conductor::{Claim, Clock, JournalError, Request, RunSummary};
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::{Mutex, watch};
use upgrade::{Durations, IllegalTransition, Plan, Record, RunningReport, Timestamp};

use crate::runs::Runs;

pub(crate) use digest::{ListedRun, RunDigest, RunStatus, Unreadable};

/// Pictures of ended runs that are kept ready.
const MOST_PICTURES: usize = 16;

/// How many runs are read at the same time.
const READ_TOGETHER: usize = 8;

/// Runs, followed.
pub struct Live {
    runs: Arc<dyn Runs>,
    clock: Clock,
    /// All runs, as they were at the news with this number.
    list: ShortMutex<Option<(u64, Arc<[RunSummary]>)>>,
    pictures: ShortMutex<HashMap<String, Arc<Mutex<Kept>>>>,
    /// Of ended runs.
    digests: ShortMutex<HashMap<String, RunDigest>>,
    /// By a deployment's name.
    durations: ShortMutex<HashMap<String, KnownDurations>>,
    wake: watch::Sender<u64>,
}

/// How long runs took, and which runs say so.
type KnownDurations = (Vec<String>, Arc<Durations>);

/// A run's picture, where somebody has read it. Held while it is read on, so that nothing is told twice.
#[derive(Debug, Default)]
struct Kept {
    picture: Option<Arc<RunPicture>>,
    /// The news that it is as new as; `None`: nobody could tell.
    as_of: Option<u64>,
}

/// A run, told as far as its journal goes.
#[derive(Debug, Clone)]
pub struct RunPicture {
    /// Its plan.
    pub plan: Arc<Plan>,
    /// What happened, and where it stands.
    pub telling: RunningReport,
}

/// Why a run can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The journal can't be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The task that told it was ended.
    #[error("the journal was not read")]
    Interrupted,
}

impl Live {
    /// Follow these runs. `clock` says who has been silent for too long.
    #[must_use]
    pub fn new(runs: Arc<dyn Runs>, clock: Clock) -> Arc<Live> {
        Arc::new(Live {
            runs,
            clock,
            list: ShortMutex::default(),
            pictures: ShortMutex::default(),
            digests: ShortMutex::default(),
            durations: ShortMutex::default(),
            wake: watch::Sender::new(0),
        })
    }

    /// Something changes from now on: the receiver is woken by every change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    /// They can't be read.
    pub async fn runs(&self) -> Result<Arc<[RunSummary]>, LiveError> {
        // Asked before the list is read, so that what is written meanwhile is read the next time.
        let news = self.runs.news().await.ok();
        if let Some((as_of, runs)) = &*lock(&self.list)
            && news == Some(*as_of)
        {
            return Ok(Arc::clone(runs));
        }
        let runs: Arc<[RunSummary]> = self.runs.all().await?.into();
        *lock(&self.list) = news.map(|news| (news, Arc::clone(&runs)));
        Ok(runs)
    }

    /// Deployments whose runs could not be read, each with the reason.
    pub(crate) fn unread(&self) -> BTreeMap<String, String> {
        self.runs.unread()
    }

    /// These runs, each with what a list shows of it. A run that can't be told says so itself.
    pub(crate) async fn listed(&self, runs: Vec<RunSummary>) -> Vec<ListedRun> {
        stream::iter(runs)
            .map(|summary| async move {
                let digest = self.digest(&summary).await.map_err(|error| Unreadable::new(&summary, error));
                ListedRun { summary, digest }
            })
            .buffered(READ_TOGETHER)
            .collect()
            .await
    }

    /// How long the latest ended runs of a deployment took, but for one. A run that can't be read says nothing.
    pub(crate) async fn durations(&self, deployment: &str, but: &str) -> Result<Arc<Durations>, LiveError> {
        let runs = self.runs().await?;
        let ended = runs.iter().rev().filter(|run| {
            run.ended && run.set_aside.is_none() && run.deployment == deployment && run.run_id != but
        });
        let ended: Vec<RunSummary> = ended.take(Durations::MOST_RUNS).cloned().collect();
        let of: Vec<String> = ended.iter().map(|run| run.run_id.clone()).collect();
        if let Some((known, durations)) = lock(&self.durations).get(deployment)
            && *known == of
        {
            return Ok(Arc::clone(durations));
        }
        let mut durations = Durations::default();
        for ListedRun { digest, .. } in self.listed(ended).await {
            if let Some(run) = digest.ok().and_then(|digest| digest.durations) {
                durations.add(&run);
            }
        }
        let durations = Arc::new(durations);
        lock(&self.durations).insert(deployment.to_owned(), (of, Arc::clone(&durations)));
        Ok(durations)
    }

    /// Runs, newest first, before a run; `None`: there is no such run.
    pub(crate) async fn page(
        &self,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Option<Vec<ListedRun>>, LiveError> {
        self.page_of(before, limit, |_| true).await
    }

    /// The same of the runs that are wanted.
    pub(crate) async fn page_of(
        &self,
        before: Option<&str>,
        limit: usize,
        wants: impl Fn(&RunSummary) -> bool,
    ) -> Result<Option<Vec<ListedRun>>, LiveError> {
        let runs = self.runs().await?;
        let end = match before {
            None => Some(runs.len()),
            Some(before) => runs.iter().position(|run| run.run_id == before),
        };
        let Some(end) = end else { return Ok(None) };
        let wanted = runs.iter().take(end).rev().filter(|run| wants(run));
        Ok(Some(self.listed(wanted.take(limit).cloned().collect()).await))
    }

    /// One run as it stands now.
    ///
    /// # Errors
    /// There is none, or it can't be read or doesn't fit.
    pub async fn run(&self, run_id: &str) -> Result<Arc<RunPicture>, LiveError> {
        let kept = self.kept(run_id);
        let mut kept = kept.lock().await;
        let news = self.runs.news().await.ok();
        let Kept { picture, as_of } = &mut *kept;
        let Some(known) = picture else {
            let read = Arc::new(self.read(run_id).await?);
            *kept = Kept { picture: Some(Arc::clone(&read)), as_of: news };
            return Ok(read);
        };
        if news.is_none() || *as_of != news {
            let fresh = self.runs.records_from(run_id, known.telling.told()).await?;
            if !fresh.is_empty() {
                // Copied only while a page that is being made holds it.
                tell(Arc::make_mut(known), run_id, &fresh)?;
            }
            *as_of = news;
        }
        Ok(Arc::clone(known))
    }

    /// Who carries the run out at this moment.
    ///
    /// # Errors
    /// Runs can't be read.
    pub async fn carried_out_by(&self, run_id: &str) -> Result<Option<Claim>, LiveError> {
        let runs = self.runs().await?;
        let run = runs.iter().find(|run| run.run_id == run_id);
        Ok(run.and_then(|run| run.carried_out_by(self.clock.now())).cloned())
    }

    /// Ask something of a run, whatever process carries it out.
    ///
    /// # Errors
    /// There is none, it has ended, or nothing can be written.
    pub async fn ask(&self, run_id: &str, request: Request, at: Timestamp) -> Result<(), LiveError> {
        Ok(self.runs.ask(run_id, &request, at).await?)
    }

    /// Where a run's picture is kept.
    fn kept(&self, run_id: &str) -> Arc<Mutex<Kept>> {
        let mut pictures = lock(&self.pictures);
        if let Some(kept) = pictures.get(run_id) {
            return Arc::clone(kept);
        }
        if pictures.len() >= MOST_PICTURES {
            // One that is being read is in use. Of a run that isn't there, nothing was read.
            pictures.retain(|_, kept| match kept.try_lock() {
                Ok(kept) => kept.picture.as_ref().is_some_and(|picture| goes_on(picture)),
                Err(_) => true,
            });
        }
        Arc::clone(pictures.entry(run_id.to_owned()).or_default())
    }

    async fn read(&self, run_id: &str) -> Result<RunPicture, LiveError> {
        let (plan, records) = self.runs.load(run_id).await?;
        let run_id = run_id.to_owned();
        // A long run takes a while to tell: other pages don't wait for it.
        let telling = tokio::task::spawn_blocking(move || {
            let mut picture = RunPicture { plan: Arc::new(plan), telling: RunningReport::default() };
            tell(&mut picture, &run_id, &records)?;
            Ok(picture)
        });
        telling.await.map_err(|_| LiveError::Interrupted)?
    }

    async fn digest(&self, run: &RunSummary) -> Result<RunDigest, LiveError> {
        if let Some(reason) = &run.set_aside {
            let (run_id, reason) = (run.run_id.clone(), reason.clone());
            return Err(JournalError::Damaged { run_id, reason }.into());
        }
        if !run.ended {
            return RunDigest::new(&*self.run(&run.run_id).await?);
        }
        let known = lock(&self.digests).get(&run.run_id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        // Its picture isn't kept: nobody has asked for it.
        let digest = RunDigest::new(&self.read(&run.run_id).await?)?;
        lock(&self.digests).insert(run.run_id.clone(), digest.clone());
        Ok(digest)
    }
}

impl LiveError {
    /// Of a run that can't be read or doesn't fit its plan.
    fn damaged(run_id: &str, error: IllegalTransition) -> LiveError {
        LiveError::Journal(JournalError::Damaged { run_id: run_id.to_owned(), reason: error.to_string() })
    }
}

fn goes_on(picture: &RunPicture) -> bool {
    picture.telling.report().outcome.is_none()
}

/// Tell these records, too.
fn tell(picture: &mut RunPicture, run_id: &str, records: &[Record]) -> Result<(), LiveError> {
    for record in records {
        let told = picture.telling.tell(&picture.plan, record);
        told.map_err(|error| LiveError::damaged(run_id, error))?;
    }
    Ok(())
}

/// For what is held for a moment, and never while somebody is waited for. Whoever panicked left whole values behind.
fn lock<T>(mutex: &ShortMutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
