//! Runs as they go on: one follower reads the journal, whoever writes it, and wakes whoever looks.
//!
//! A wake-up carries nothing: every page reads the picture again from the place it had reached. So a page that was
//! opened late, or lost its connection, misses nothing and sees nothing twice.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use conductor::{JournalError, JournalStore, Request, RunSummary, SqliteJournal};
use tokio::sync::watch;
use upgrade::{IllegalTransition, Plan, Telling, Timestamp};

/// How often the journal is looked at. Another process may write it, and SQLite tells nobody.
const FOLLOW_MILLISECONDS: u64 = 150;

/// Pictures of ended runs that are kept ready.
const MOST_PICTURES: usize = 16;

/// The journal, followed.
#[derive(Debug)]
pub struct Live {
    path: PathBuf,
    inner: Mutex<Inner>,
    wake: watch::Sender<u64>,
}

#[derive(Debug)]
struct Inner {
    journal: SqliteJournal,
    pictures: HashMap<String, Arc<RunPicture>>,
    seen: usize,
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
    /// The journal doesn't fit its plan.
    #[error("the run's journal does not fit its plan: {0}")]
    Illegal(#[from] IllegalTransition),
    /// The task that read it was ended.
    #[error("the journal was not read")]
    Interrupted,
}

impl Live {
    /// Follow the journal at `path`, made if it isn't there.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open(path: &Path) -> Result<Arc<Live>, JournalError> {
        let inner = Inner { journal: SqliteJournal::open(path)?, pictures: HashMap::new(), seen: 0 };
        Ok(Arc::new(Live { path: path.to_owned(), inner: Mutex::new(inner), wake: watch::Sender::new(0) }))
    }

    /// Where the journal is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Something changes from now on: the receiver is woken by every change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    /// Look at the journal over and over.
    pub async fn follow(self: Arc<Live>) {
        loop {
            tokio::time::sleep(Duration::from_millis(FOLLOW_MILLISECONDS)).await;
            // A journal that can't be read now may be read the next time; pages that ask meanwhile are told.
            if let Ok(true) = self.blocking(Inner::has_grown).await {
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

    /// One run as it stands now.
    ///
    /// # Errors
    /// There is none, or the journal can't be read or doesn't fit.
    pub async fn run(self: &Arc<Live>, run_id: &str) -> Result<Arc<RunPicture>, LiveError> {
        let run_id = run_id.to_owned();
        self.blocking(move |inner| inner.picture(&run_id)).await
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
        self.blocking(move |inner| Ok(inner.journal.ask(&run_id, &request, at)?)).await
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

impl Inner {
    fn picture(&mut self, run_id: &str) -> Result<Arc<RunPicture>, LiveError> {
        if let Some(known) = self.pictures.get(run_id) {
            let known = Arc::clone(known);
            let fresh = self.journal.records_from(run_id, known.telling.told())?;
            if fresh.is_empty() {
                return Ok(known);
            }
            let mut picture = RunPicture::clone(&known);
            for record in &fresh {
                picture.telling.tell(&picture.plan, record)?;
            }
            return Ok(self.keep(run_id, picture));
        }
        let (plan, records) = self.journal.load(run_id)?;
        let mut picture = RunPicture { plan: Arc::new(plan), telling: Telling::default() };
        for record in &records {
            picture.telling.tell(&picture.plan, record)?;
        }
        Ok(self.keep(run_id, picture))
    }

    fn keep(&mut self, run_id: &str, picture: RunPicture) -> Arc<RunPicture> {
        if self.pictures.len() >= MOST_PICTURES && !self.pictures.contains_key(run_id) {
            self.pictures.retain(|_, picture| picture.telling.report().outcome.is_none());
        }
        let picture = Arc::new(picture);
        self.pictures.insert(run_id.to_owned(), Arc::clone(&picture));
        picture
    }

    /// Whether anything was written since the last look.
    fn has_grown(&mut self) -> Result<bool, LiveError> {
        let runs = self.journal.runs()?;
        let mut grown = runs.len() != self.seen;
        self.seen = runs.len();
        for run in runs {
            let told = self.pictures.get(&run.run_id).map_or(0, |known| known.telling.told());
            let ended =
                self.pictures.get(&run.run_id).is_some_and(|known| known.telling.report().outcome.is_some());
            if ended || (run.ended && told == 0) {
                continue;
            }
            grown |= self.picture(&run.run_id)?.telling.told() != told;
        }
        Ok(grown)
    }
}
