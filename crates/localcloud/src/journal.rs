//! The request log: every request that may have changed the world, with its time, in one SQLite file. Replayed
//! in order it gives the same world again, pending operations included, because timers are functions of time.
//!
//! How long a request lasts: with `synchronous = NORMAL` in WAL mode a commit is handed to the operating system and not
//! awaited on the platter. It survives the process however that ends; a power cut may lose the last seconds, and leaves a
//! file that is a whole cloud of a moment before (<https://www.sqlite.org/pragma.html#pragma_synchronous>). Waiting for the
//! disk would cost a millisecond or more for every request that changes something, for a cloud that stands for another.
//!
//! Format 1 (`PRAGMA user_version`): table `world` (one row: config, start, keys), table `request` (sequence,
//! at, service, operation, input). A change of meaning gets a new number and a line here. A file of a newer
//! format is refused and never rewritten.

use std::fs::OpenOptions;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::wire::Service;
use crate::wire::keys::AccessKeys;
use crate::world::Config;

/// The format this program writes.
const FORMAT: i64 = 1;
/// Marks the file as ours (`PRAGMA application_id`): "SLCK".
const APPLICATION: i64 = 0x534C_434B;

/// Why the log can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has it.
    #[error("{} is in use by another local cloud: stop that one, or use another data file", .0.display())]
    InUse(PathBuf),
    /// Written by a later version of this program.
    #[error("{} has format {found}, this program knows up to {FORMAT}: use the newer program, or another data file", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// Something else than a request log.
    #[error("{} is not a local cloud's data file: {reason}. Move it away or use another one", .path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Made with another configuration.
    #[error("{} was made with {stored}, not with {given}: start it with the same configuration, or use another data file", .path.display())]
    OtherConfig {
        /// The file.
        path: PathBuf,
        /// What it holds.
        stored: String,
        /// What was asked for.
        given: String,
    },
    /// The file can't be made.
    #[error("cannot open {}: {source}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A request in it can't be answered again.
    #[error("request {sequence} ({operation}) in {} makes this program fail: please report it, and use another data file", .path.display())]
    Replay {
        /// The file.
        path: PathBuf,
        /// Its place in the log.
        sequence: u64,
        /// Such as `CreateStack`.
        operation: String,
    },
    /// The log can't be read or written.
    #[error("the request log failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// One logged request.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When it was made.
    pub at: Timestamp,
    /// To which service.
    pub service: Service,
    /// Such as `CreateStack`.
    pub operation: String,
    /// Its decoded parameters.
    pub input: Value,
}

/// What a log begins with.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// What the world was made with.
    pub config: Config,
    /// The world's first moment.
    pub start: Timestamp,
    /// The keys requests must be signed with.
    pub keys: AccessKeys,
}

/// An open log. As long as it lives no other process can open it.
#[derive(Debug)]
pub struct RequestLog {
    connection: Connection,
    path: PathBuf,
}

impl RequestLog {
    /// Open a log, or begin one. The file is readable by its owner alone: it holds the keys and every
    /// parameter that was ever sent.
    ///
    /// # Errors
    /// When it is in use, isn't a log, or has a newer format.
    pub fn open(path: &Path) -> Result<RequestLog, JournalError> {
        create_private(path)?;
        let log = RequestLog { connection: Connection::open(path)?, path: path.to_owned() };
        let (application, found, tables) = log.identify().map_err(|error| log.explain(error))?;
        // Nothing has been written so far: a file that isn't ours, or is of a newer format, stays as it is.
        if tables > 0 && application != APPLICATION {
            return Err(log.not_a_log("it is a database of another program"));
        }
        if found > FORMAT {
            return Err(JournalError::Newer { path: path.to_owned(), found });
        }
        log.prepare(tables == 0).map_err(|error| log.explain(error))?;
        Ok(log)
    }

    /// Whose file it is, its format, and how many tables it has.
    fn identify(&self) -> Result<(i64, i64, i64), rusqlite::Error> {
        self.connection.busy_timeout(std::time::Duration::ZERO)?;
        // In exclusive mode a lock is held until the connection closes, also by a crash.
        self.connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
        let number = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok((
            number("PRAGMA application_id")?,
            number("PRAGMA user_version")?,
            number("SELECT count(*) FROM sqlite_schema")?,
        ))
    }

    /// Lock the file, and make its tables if it is new.
    fn prepare(&self, is_new: bool) -> Result<(), rusqlite::Error> {
        self.connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN EXCLUSIVE; COMMIT;",
        )?;
        if is_new {
            self.connection.execute_batch(&format!(
                "BEGIN;
                 CREATE TABLE world (config TEXT NOT NULL, start INTEGER NOT NULL,
                     access_key_id TEXT NOT NULL, secret_access_key TEXT NOT NULL) STRICT;
                 CREATE TABLE request (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, service TEXT NOT NULL,
                     operation TEXT NOT NULL, input TEXT NOT NULL) STRICT;
                 PRAGMA application_id = {APPLICATION};
                 PRAGMA user_version = {FORMAT};
                 COMMIT;"
            ))?;
        }
        Ok(())
    }

    fn explain(&self, error: rusqlite::Error) -> JournalError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                JournalError::InUse(self.path.clone())
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                JournalError::NotALog { path: self.path.clone(), reason: error.to_string() }
            }
            _ => JournalError::Sqlite(error),
        }
    }

    fn not_a_log(&self, reason: impl std::fmt::Display) -> JournalError {
        JournalError::NotALog { path: self.path.clone(), reason: reason.to_string() }
    }

    /// What the log begins with; `None` when it is new.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn header(&self) -> Result<Option<Header>, JournalError> {
        let row: Option<(String, i64, String, String)> = self
            .connection
            .query_row("SELECT config, start, access_key_id, secret_access_key FROM world", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((config, start, id, secret)) = row else { return Ok(None) };
        let config = serde_json::from_str(&config).map_err(|error| self.not_a_log(error))?;
        let start = u64::try_from(start).map_err(|error| self.not_a_log(error))?;
        Ok(Some(Header { config, start: Timestamp(start), keys: AccessKeys::new(id, secret) }))
    }

    /// Begin the log.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn begin(&self, header: &Header) -> Result<(), JournalError> {
        let config = serde_json::to_string(&header.config).map_err(|error| self.not_a_log(error))?;
        self.connection.execute(
            "INSERT INTO world (config, start, access_key_id, secret_access_key) VALUES (?1, ?2, ?3, ?4)",
            (config, integer(header.start), &header.keys.access_key_id, &header.keys.secret_access_key),
        )?;
        Ok(())
    }

    /// The logged requests in their order, one at a time.
    ///
    /// # Errors
    /// When the log can't be read, or a record makes `each` panic.
    pub fn replay(&self, mut each: impl FnMut(Record)) -> Result<(), JournalError> {
        let mut statement = self
            .connection
            .prepare("SELECT at, service, operation, input, sequence FROM request ORDER BY sequence")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let at = u64::try_from(row.get::<_, i64>(0)?).map_err(|error| self.not_a_log(error))?;
            let service = row.get::<_, String>(1)?;
            let input = row.get::<_, String>(3)?;
            let record = Record {
                at: Timestamp(at),
                service: serde_json::from_value(Value::String(service))
                    .map_err(|error| self.not_a_log(error))?,
                operation: row.get(2)?,
                input: serde_json::from_str(&input).map_err(|error| self.not_a_log(error))?,
            };
            let operation = record.operation.clone();
            // What is half done is dropped with its world: nobody looks at it after this.
            if catch_unwind(AssertUnwindSafe(|| each(record))).is_err() {
                let sequence = u64::try_from(row.get::<_, i64>(4)?).unwrap_or_default();
                return Err(JournalError::Replay { path: self.path.clone(), sequence, operation });
            }
        }
        Ok(())
    }

    /// Append a request. When this returns it survives the death of this process; the death of the machine may take
    /// the last ones with it (the module says why).
    ///
    /// # Errors
    /// When it can't be written.
    pub fn append(&self, record: &Record) -> Result<(), JournalError> {
        let service = serde_json::to_value(record.service).map_err(|error| self.not_a_log(error))?;
        self.connection
            .prepare("INSERT INTO request (at, service, operation, input) VALUES (?1, ?2, ?3, ?4)")?
            .execute((
                integer(record.at),
                service.as_str().unwrap_or_default(),
                &record.operation,
                record.input.to_string(),
            ))?;
        Ok(())
    }
}

/// SQLite's integers are signed; times beyond them don't occur before the year 292 million.
fn integer(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

fn create_private(path: &Path) -> Result<(), JournalError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(source) => Err(JournalError::Open { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Record, RequestLog};
    use crate::clock::Timestamp;
    use crate::wire::Service;

    #[test]
    fn what_cannot_be_used_is_said() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("log.sqlite");
        let record = Record {
            at: Timestamp(7),
            service: Service::Batch,
            operation: "SubmitJob".to_owned(),
            input: json!({"jobName": "j"}),
        };
        let log = RequestLog::open(&path).expect("new");
        log.append(&record).expect("appended");
        let mut found = Vec::new();
        log.replay(|record| found.push(record)).expect("replayed");
        assert_eq!(found, [record]);
        let error = log.replay(|record| panic!("{}, on purpose", record.operation)).expect_err("a panic");
        assert!(error.to_string().contains("request 1 (SubmitJob)"), "{error}");
        log.connection.pragma_update(None, "user_version", 2).expect("newer");
        drop(log);
        let error = RequestLog::open(&path).expect_err("newer");
        assert!(error.to_string().contains("has format 2"), "{error}");

        let other = folder.path().join("other.sqlite");
        let connection = rusqlite::Connection::open(&other).expect("other");
        connection.execute_batch("CREATE TABLE t (x)").expect("table");
        drop(connection);
        let before = std::fs::read(&other).expect("bytes");
        let error = RequestLog::open(&other).expect_err("another program's");
        assert!(before == std::fs::read(&other).expect("bytes"), "it stays as it is");
        assert!(error.to_string().contains("database of another program"), "{error}");
        let error = RequestLog::open(&folder.path().join("no/such/folder")).expect_err("no folder");
        assert!(error.to_string().contains("cannot open"), "{error}");
    }
}
