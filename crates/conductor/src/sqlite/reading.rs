//! Opening a journal to look at it: nothing is written, so a full disk or a file system that takes no writes hides nothing.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;

use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use upgrade::JOURNAL_FORMAT;

use super::{PATIENCE_TO_ASK, SqliteJournal, location_of, unreadable};
use crate::journal::JournalError;

impl SqliteJournal {
    /// Open the journal at `path` to look at it. What would be written through the value is refused by SQLite.
    ///
    /// A file in WAL mode can be read without writing where its `-wal` and `-shm` are there or can be made
    /// (sqlite.org/wal.html, "Read-only databases"). Where they can't be made, and no `-wal` with anything in it says that
    /// somebody writes, it is read as a file that nobody writes. What a process that was killed has left in its `-wal` is
    /// read into memory.
    ///
    /// # Errors
    /// It isn't there, can't be read, is no journal, or one of another format.
    pub fn open_to_read(path: &Path) -> Result<SqliteJournal, JournalError> {
        match open_to_read(path, "mode=ro") {
            Err(JournalError::Store { .. }) if nobody_writes(path) => {
                let journal = open_to_read(path, "mode=ro&immutable=1")?;
                Ok(SqliteJournal { is_frozen: true, ..journal })
            }
            Err(error @ JournalError::Store { .. }) => copy(path).map_err(|_| error),
            other => other,
        }
    }
}

fn open_to_read(path: &Path, how: &str) -> Result<SqliteJournal, JournalError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(path, how), flags).map_err(unreadable)?;
    connection.busy_timeout(PATIENCE_TO_ASK).map_err(unreadable)?;
    known(connection, path)
}

/// The file and what its `-wal` adds to it, copied into memory. The index of a `-wal` is made there too where a connection has
/// the file for itself (sqlite.org/wal.html, "Use of WAL Without Shared-Memory"), which it has for no longer than this takes.
fn copy(path: &Path) -> Result<SqliteJournal, JournalError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let file = Connection::open_with_flags(uri(path, "mode=rw"), flags).map_err(unreadable)?;
    let copied = || {
        file.busy_timeout(PATIENCE_TO_ASK)?;
        file.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        file.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA query_only = ON;")?;
        let mut memory = Connection::open_in_memory()?;
        Backup::new(&file, &mut memory)?.step(-1)?;
        Ok::<_, rusqlite::Error>(memory)
    };
    let journal = known(copied().map_err(unreadable)?, path)?;
    Ok(SqliteJournal { is_frozen: true, ..journal })
}

/// A journal of this program's.
fn known(connection: Connection, path: &Path) -> Result<SqliteJournal, JournalError> {
    // The first thing that is read from the file.
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(unreadable)?;
    match found {
        // Made, and nothing was written to it yet.
        0 => SqliteJournal::in_memory(),
        JOURNAL_FORMAT => {
            let (connection, location) = (Mutex::new(connection), location_of(path));
            Ok(SqliteJournal { connection, location, is_frozen: false })
        }
        found => Err(JournalError::OtherFormat { location: location_of(path), found, known: JOURNAL_FORMAT }),
    }
}

/// Whoever has a file in WAL mode open and has written to it has left something in its `-wal`.
fn nobody_writes(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    std::fs::metadata(wal).map_or(true, |wal| wal.len() == 0)
}

/// A path as SQLite takes it in a URI (sqlite.org/uri.html): every other byte than the plain ones is written in hexadecimal.
fn uri(path: &Path, how: &str) -> String {
    let mut uri = "file:".to_owned();
    if path.is_absolute() {
        // Without an authority, a path that begins with two slashes would have one.
        uri.push_str("//");
    }
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                uri.push(char::from(*byte))
            }
            // Writing to a string cannot fail.
            other => drop(write!(uri, "%{other:02x}")),
        }
    }
    uri.push('?');
    uri.push_str(how);
    uri
}
