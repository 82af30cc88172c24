//! The lab's database: one SQLite file in the data folder, written by the one web service that holds the
//! folder's lock. What lives in memory only (shells, unsaved text) is not here, so that a crash loses it.

mod computations;
mod jobs;
mod people;
mod schema;
mod sessions;
mod settings;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

pub use computations::{Capsule, Computation, ComputationState, Finish, NewComputation};
pub use jobs::SubmittedJob;
pub use people::KeyKind;
pub use sessions::{Notice, Saved, SessionRow};
pub use settings::Banner;

use crate::release::Release;

/// Rows a page of a list.
pub const PAGE: usize = 50;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database refuses: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A newer release has been here.
    #[error(
        "the database has schema {found}, made by a newer release; release {release} knows schemas up to {knows}. \
         Run the newer release, or restore the data folder's backup from before the upgrade"
    )]
    NewerSchema {
        /// The database's.
        found: u32,
        /// The newest that is known.
        knows: u32,
        release: Release,
    },
    /// A text of the database that none of this release's words is.
    #[error("the database holds {0:?}, which this release doesn't know")]
    UnknownWord(String),
}

#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Open the database at `path`, making or migrating it for `release`.
    ///
    /// # Errors
    /// When it can't be opened, or is of a newer schema.
    pub fn open(path: &Path, release: Release) -> Result<Store, StoreError> {
        let mut connection = Connection::open(path)?;
        // The folder may lie on a network file system, where a write-ahead log doesn't work.
        // https://www.sqlite.org/wal.html
        connection.pragma_update(None, "journal_mode", "DELETE")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        schema::migrate(&mut connection, release)?;
        Ok(Store { connection: Mutex::new(connection) })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it doesn't.
    pub fn check(&self) -> Result<(), StoreError> {
        Ok(self.lock().query_row("SELECT count(*) FROM settings", [], |_| Ok(()))?)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic in another request leaves no half-done statement: SQLite rolls back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page of rows, and where the next begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// At most [`PAGE`].
    pub rows: Vec<T>,
    /// The number of the last row, when there is more.
    pub next: Option<i64>,
}

impl<T> Page<T> {
    /// Of rows read with one more than fits.
    fn cut(mut rows: Vec<(i64, T)>) -> Page<T> {
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = if more { rows.last().map(|(number, _)| *number) } else { None };
        Page { rows: rows.into_iter().map(|(_, row)| row).collect(), next }
    }
}

/// One more than a page.
fn limit() -> i64 {
    i64::try_from(PAGE).unwrap_or(i64::MAX - 1) + 1
}
