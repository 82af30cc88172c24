//! Runs as they go on: one follower reads the journal, whoever writes it, and wakes whoever looks.
//!
//! A wake-up carries nothing: every page reads the picture again from the place it had reached. So a page that was
//! opened late, or lost its connection, misses nothing and sees nothing twice.

mod digest;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use conductor::{Clock, JournalError, JournalStore, Request, RunSummary, SqliteJournal};
use tokio::sync::watch;
use upgrade::{IllegalTransition, Plan, Telling, Timestamp};

pub(crate) use digest::{Listed, RunDigest, Standing};

/// How often somebody asks whether the journal was written to. Another process may write it, and SQLite tells nobody;
/// the question costs a few microseconds.
const FOLLOW_MILLISECONDS: u64 = 50;

/// How often the journal is looked at though nobody has written: whoever carried a run out may be gone.
const LOOK_ANYWAY_MILLISECONDS: u64 = 1000;

/// Pictures of ended runs that are kept ready.
const MOST_PICTURES: usize = 16;

/// The journal, followed.
#[derive(Debug)]
pub struct Live {
    inner: Mutex<Inner>,
    clock: Clock,
    wake: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Opened to be read: a full disk hides nothing.
    journal: SqliteJournal,
    /// To ask something of a run; `None`: it couldn't be opened so far.
    asking: Option<SqliteJournal>,
    pictures: HashMap<String, Arc<RunPicture>>,
    /// Of ended runs.
    digests: HashMap<String, RunDigest>,
    seen: Seen,
}

/// What the follower saw last. Another one is news.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    runs: usize,
    /// Runs that go on: how many of their records are told, and whether somebody carries them out.
    under_way: Vec<(String, usize, bool)>,
}

/// A run, told as far as its journal goes.
#[derive(Debug, Clone)]
pub struct RunPicture {
    /// Its plan.
    pub plan: Arc<Plan>,
    /// What happened, and where it stands.
    pub telling: Telling,
}

/// Why a run can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The journal can't be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The task that read it was ended.
    #[error("the journal was not read")]
    Interrupted,
}

impl Live {
    /// Follow the journal at `path`, made if it isn't there. `clock` says whose lease has run out.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open(path: &Path, clock: Clock) -> Result<Arc<Live>, JournalError> {
        // Made if it isn't there. One that can't be written may be read all the same.
        let asking = SqliteJournal::open(path);
        let (journal, asking) = match (SqliteJournal::open_to_read(path), asking) {
            (Ok(journal), asking) => (journal, asking.ok()),
            (Err(_), Err(error)) | (Err(error), Ok(_)) => return Err(error),
        };
        let inner = Inner {
            path: path.to_owned(),
            journal,
            asking,
            pictures: HashMap::new(),
            digests: HashMap::new(),
            seen: Seen::default(),
        };
        Ok(Arc::new(Live { inner: Mutex::new(inner), clock, wake: watch::Sender::new(0) }))
    }

    /// Something changes from now on: the receiver is woken by every change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    /// Look at the journal over and over.
    pub async fn follow(self: Arc<Live>) {
        let (mut written, mut looked_at) = (None, Timestamp(0));
        loop {
            self.clock.sleep(Duration::from_millis(FOLLOW_MILLISECONDS)).await;
            let now = self.clock.now();
            let before = written;
            let due = now.milliseconds_since(looked_at) >= LOOK_ANYWAY_MILLISECONDS;
            // Asked before the look, so that what is written during it is news the next time. A journal that can't be
            // read now may be read the next time; pages that ask meanwhile are told.
            let look = self.blocking(move |inner| {
                inner.thaw()?;
                let writes = inner.journal.others_writes()?;
                let news = if due || before != Some(writes) { Some(inner.has_news(now)?) } else { None };
                Ok((writes, news))
            });
            let Ok((writes, news)) = look.await else { continue };
            written = Some(writes);
            if news.is_some() {
                looked_at = now;
            }
            if news == Some(true) {
                self.wake.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
    }

    /// All runs, oldest first.
    ///
    /// # Errors
    /// The journal can't be read.
    pub async fn runs(self: &Arc<Live>) -> Result<Vec<RunSummary>, LiveError> {
        self.blocking(|inner| Ok(inner.journal.runs()?)).await
    }

    /// These runs, each with what a list shows of it.
    ///
    /// # Errors
    /// The task was interrupted. A run that can't be read says so itself.
    pub(crate) async fn listed(self: &Arc<Live>, runs: Vec<RunSummary>) -> Result<Vec<Listed>, LiveError> {
        self.blocking(|inner| {
            let runs = runs.into_iter();
            Ok(runs
                .map(|summary| Listed { digest: inner.digest(&summary).map_err(LiveError::reason), summary })
                .collect())
        })
        .await
    }

    /// One run as it stands now.
    ///
    /// # Errors
    /// There is none, or the journal can't be read or doesn't fit.
    pub async fn run(self: &Arc<Live>, run_id: &str) -> Result<Arc<RunPicture>, LiveError> {
        let run_id = run_id.to_owned();
        self.blocking(move |inner| inner.picture(&run_id)).await
    }

    /// Whether somebody carries the run out at this moment.
    ///
    /// # Errors
    /// The journal can't be read.
    pub async fn is_held(self: &Arc<Live>, run_id: &str) -> Result<bool, LiveError> {
        let (run_id, now) = (run_id.to_owned(), self.clock.now());
        self.blocking(move |inner| {
            let run = inner.journal.runs()?.into_iter().find(|run| run.run_id == run_id);
            Ok(run.is_some_and(|run| is_held(&run, now)))
        })
        .await
    }

    /// Ask something of a run, whatever process carries it out.
    ///
    /// # Errors
    /// There is none, it has ended, or the journal can't be written.
    pub async fn ask(
        self: &Arc<Live>,
        run_id: &str,
        request: Request,
        at: Timestamp,
    ) -> Result<(), LiveError> {
        let run_id = run_id.to_owned();
        self.blocking(move |inner| {
            let journal = match &mut inner.asking {
                Some(journal) => journal,
                None => inner.asking.insert(SqliteJournal::open(&inner.path)?),
            };
            Ok(journal.ask(&run_id, &request, at)?)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Live>,
        work: impl FnOnce(&mut Inner) -> Result<T, LiveError> + Send + 'static,
    ) -> Result<T, LiveError> {
        let live = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&mut live.lock()))
            .await
            .map_err(|_| LiveError::Interrupted)?
    }

    /// A thread that panicked while it held the lock left whole pictures behind: they are replaced, never changed.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveError {
    /// Of a run that can't be read or doesn't fit its plan.
    fn damaged(run_id: &str, error: IllegalTransition) -> LiveError {
        LiveError::Journal(JournalError::Damaged { run_id: run_id.to_owned(), reason: error.to_string() })
    }

    /// Why, where the run itself is named beside it.
    fn reason(self) -> String {
        match self {
            LiveError::Journal(JournalError::Damaged { reason, .. }) => reason,
            error @ (LiveError::Journal(_) | LiveError::Interrupted) => error.to_string(),
        }
    }
}

impl Inner {
    /// A journal that was opened as one that nobody writes is opened anew: somebody may write it by now.
    fn thaw(&mut self) -> Result<(), JournalError> {
        if self.journal.is_frozen() {
            self.journal = SqliteJournal::open_to_read(&self.path)?;
        }
        Ok(())
    }

    fn picture(&mut self, run_id: &str) -> Result<Arc<RunPicture>, LiveError> {
        if let Some(known) = self.pictures.get_mut(run_id) {
            let fresh = self.journal.records_from(run_id, known.telling.told())?;
            if !fresh.is_empty() {
                // Copied only while a page that is being made holds it.
                let picture = Arc::make_mut(known);
                for record in &fresh {
                    let told = picture.telling.tell(&picture.plan, record);
                    told.map_err(|error| LiveError::damaged(run_id, error))?;
                }
            }
            return Ok(Arc::clone(known));
        }
        let picture = Arc::new(self.read(run_id)?);
        if self.pictures.len() >= MOST_PICTURES {
            self.pictures.retain(|_, picture| picture.telling.report().outcome.is_none());
        }
        self.pictures.insert(run_id.to_owned(), Arc::clone(&picture));
        Ok(picture)
    }

    fn read(&self, run_id: &str) -> Result<RunPicture, LiveError> {
        let (plan, records) = self.journal.load(run_id)?;
        let mut picture = RunPicture { plan: Arc::new(plan), telling: Telling::default() };
        for record in &records {
            let told = picture.telling.tell(&picture.plan, record);
            told.map_err(|error| LiveError::damaged(run_id, error))?;
        }
        Ok(picture)
    }

    fn digest(&mut self, run: &RunSummary) -> Result<RunDigest, LiveError> {
        if let Some(reason) = &run.set_aside {
            let (run_id, reason) = (run.run_id.clone(), format!("set aside, since {reason}"));
            return Err(JournalError::Damaged { run_id, reason }.into());
        }
        if !run.ended {
            return RunDigest::of(&*self.picture(&run.run_id)?);
        }
        if let Some(known) = self.digests.get(&run.run_id) {
            return Ok(known.clone());
        }
        // Its picture isn't kept: nobody has asked for it.
        let digest = RunDigest::of(&self.read(&run.run_id)?)?;
        self.digests.insert(run.run_id.clone(), digest.clone());
        Ok(digest)
    }

    /// Whether anything is another way than at the last look.
    fn has_news(&mut self, now: Timestamp) -> Result<bool, LiveError> {
        let runs = self.journal.runs()?;
        let mut seen = Seen { runs: runs.len(), under_way: Vec::new() };
        for run in runs.into_iter().filter(|run| !run.ended) {
            // A run that can't be read says so on its own page, and holds no other up.
            let told = self.picture(&run.run_id).map_or(0, |picture| picture.telling.told());
            let held = is_held(&run, now);
            seen.under_way.push((run.run_id, told, held));
        }
        let news = seen != self.seen;
        self.seen = seen;
        Ok(news)
    }
}

fn is_held(run: &RunSummary, now: Timestamp) -> bool {
    run.carried_out_by(now).is_some()
}
