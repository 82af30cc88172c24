//! Runs in a journal's file on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use conductor::{Clock, JournalError, JournalStore as _, Request, RunSummary, SqliteJournal};
use upgrade::{Plan, Record, Timestamp};

use super::{Runs, RunsAnswer};

/// How often a file that was opened as one that nobody writes is opened anew: somebody may write it by now.
const THAW_MILLISECONDS: u64 = 1000;

/// Runs in SQLite, in the file at a path. SQLite's calls block, so they have threads of their own.
#[derive(Debug)]
pub struct FileRuns {
    file: Arc<File>,
}

#[derive(Debug)]
struct File {
    path: PathBuf,
    clock: Clock,
    reading: Mutex<Reading>,
    /// To ask something of a run; `None`: it couldn't be opened so far.
    asking: Mutex<Option<SqliteJournal>>,
}

#[derive(Debug)]
struct Reading {
    /// Opened to be read: a full disk hides nothing.
    journal: Arc<SqliteJournal>,
    opened_at: Timestamp,
    /// How the file was when it was opened: one that nobody writes is news only when it is another.
    stamp: Stamp,
    times_opened: u64,
}

/// When a file was last written, and how long it is; `None`: nobody knows.
type Stamp = Option<(SystemTime, u64)>;

impl FileRuns {
    /// The runs in the journal at `path`, made if it isn't there.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn open(path: &Path, clock: Clock) -> Result<FileRuns, JournalError> {
        // Made if it isn't there. One that can't be written may be read all the same.
        let asking = SqliteJournal::open(path);
        let (journal, asking) = match (SqliteJournal::open_to_read(path), asking) {
            (Ok(journal), asking) => (Arc::new(journal), asking.ok()),
            (Err(_), Err(error)) | (Err(error), Ok(_)) => return Err(error),
        };
        let reading = Reading { journal, opened_at: clock.now(), stamp: stamp(path), times_opened: 1 };
        let file =
            File { path: path.to_owned(), clock, reading: Mutex::new(reading), asking: Mutex::new(asking) };
        Ok(FileRuns { file: Arc::new(file) })
    }

    fn blocking<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&File) -> Result<T, JournalError> + Send + 'static,
    ) -> RunsAnswer<'_, T> {
        let file = Arc::clone(&self.file);
        Box::pin(async move {
            let worked = tokio::task::spawn_blocking(move || work(&file)).await;
            worked.map_err(|error| JournalError::Store { doing, source: error.into() })?
        })
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl AsyncFnOnce(&SqliteJournal) -> Result<T, JournalError> + Send + 'static,
    ) -> RunsAnswer<'_, T> {
        self.blocking("read", move |file| {
            let journal = Arc::clone(&lock(&file.reading).journal);
            block_on(work(&journal))
        })
    }
}

impl Runs for FileRuns {
    fn news(&self) -> RunsAnswer<'_, u64> {
        self.blocking("read", File::news)
    }

    fn all(&self) -> RunsAnswer<'_, Vec<RunSummary>> {
        self.read(async |journal| journal.runs().await)
    }

    fn unread(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn load<'a>(&'a self, run_id: &'a str) -> RunsAnswer<'a, (Plan, Vec<Record>)> {
        let run_id = run_id.to_owned();
        self.read(async move |journal| journal.load(&run_id).await)
    }

    fn records_from<'a>(&'a self, run_id: &'a str, from: usize) -> RunsAnswer<'a, Vec<Record>> {
        let run_id = run_id.to_owned();
        self.read(async move |journal| journal.records_from(&run_id, from).await)
    }

    fn ask<'a>(&'a self, run_id: &'a str, request: &'a Request, at: Timestamp) -> RunsAnswer<'a, ()> {
        let (run_id, request) = (run_id.to_owned(), request.clone());
        self.blocking("written", move |file| {
            let mut asking = lock(&file.asking);
            let journal = match &mut *asking {
                Some(journal) => journal,
                None => asking.insert(SqliteJournal::open(&file.path)?),
            };
            block_on(journal.ask(&run_id, &request, at))
        })
    }
}

impl File {
    fn news(&self) -> Result<u64, JournalError> {
        let mut reading = lock(&self.reading);
        let now = self.clock.now();
        if reading.journal.is_frozen() && now.milliseconds_since(reading.opened_at) >= THAW_MILLISECONDS {
            let journal = Arc::new(SqliteJournal::open_to_read(&self.path)?);
            let stamp = stamp(&self.path);
            let is_news = !journal.is_frozen() || stamp.is_none() || stamp != reading.stamp;
            let times_opened = reading.times_opened + u64::from(is_news);
            *reading = Reading { journal, opened_at: now, stamp, times_opened };
        }
        // Each opening counts the writes of others anew.
        let writes = reading.journal.others_writes()?;
        Ok((reading.times_opened << 32) | (writes.cast_unsigned() & u64::from(u32::MAX)))
    }
}

fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// A thread that panicked while it held the lock left a whole value behind: it is replaced, never changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// SQLite's answer, in the thread that may wait for it.
fn block_on<T>(answer: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(answer)
}
