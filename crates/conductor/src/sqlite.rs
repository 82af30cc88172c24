//! The journal in SQLite: one file, WAL, a transaction a record. The only place that knows its tables.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use upgrade::{JOURNAL_FORMAT, Plan, Record, Timestamp};

use crate::journal::{JournalError, JournalStore, RunSummary};

/// A journal file.
#[derive(Debug)]
pub struct SqliteJournal {
    connection: Connection,
}

impl SqliteJournal {
    /// Open the journal at `path`, made if it isn't there.
    pub fn open(path: &Path) -> Result<SqliteJournal, JournalError> {
        SqliteJournal::prepare(Connection::open(path).map_err(unwritable)?)
    }

    /// A journal that is forgotten with the process, for rehearsals and tests.
    pub fn in_memory() -> Result<SqliteJournal, JournalError> {
        SqliteJournal::prepare(Connection::open_in_memory().map_err(unwritable)?)
    }

    fn prepare(connection: Connection) -> Result<SqliteJournal, JournalError> {
        // FULL: a record that was acknowledged survives the loss of power, not only of the process.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
            .map_err(unwritable)?;
        let found: u32 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(unreadable)?;
        if found > JOURNAL_FORMAT {
            return Err(JournalError::NewerFormat { found, known: JOURNAL_FORMAT });
        }
        connection
            .execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS runs (
                     run_id TEXT PRIMARY KEY,
                     stack_name TEXT NOT NULL,
                     stack_id TEXT NOT NULL,
                     created_at INTEGER NOT NULL,
                     ended INTEGER NOT NULL DEFAULT 0,
                     plan TEXT NOT NULL
                 ) STRICT;
                 CREATE UNIQUE INDEX IF NOT EXISTS one_run_a_stack ON runs (stack_id) WHERE ended = 0;
                 CREATE TABLE IF NOT EXISTS records (
                     run_id TEXT NOT NULL REFERENCES runs (run_id),
                     sequence INTEGER NOT NULL,
                     at INTEGER NOT NULL,
                     record TEXT NOT NULL,
                     PRIMARY KEY (run_id, sequence)
                 ) STRICT;
                 PRAGMA user_version = {JOURNAL_FORMAT};"
            ))
            .map_err(unwritable)?;
        Ok(SqliteJournal { connection })
    }
}

impl JournalStore for SqliteJournal {
    fn begin(&mut self, plan: &Plan, first: &Record) -> Result<(), JournalError> {
        let transaction = self.connection.transaction().map_err(unwritable)?;
        let under_way: Option<String> = transaction
            .query_row(
                "SELECT run_id FROM runs WHERE stack_id = ?1 AND ended = 0",
                params![plan.stack_id],
                |row| row.get(0),
            )
            .optional()
            .map_err(unreadable)?;
        if let Some(run_id) = under_way {
            return Err(JournalError::RunUnderWay { run_id, stack_name: plan.stack_name.clone() });
        }
        transaction
            .execute(
                "INSERT INTO runs (run_id, stack_name, stack_id, created_at, plan) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    plan.run_id,
                    plan.stack_name,
                    plan.stack_id,
                    integer(first.at()),
                    serde_json::to_string(plan).map_err(unwritable)?
                ],
            )
            .map_err(unwritable)?;
        insert(&transaction, &plan.run_id, first)?;
        transaction.commit().map_err(unwritable)
    }

    fn append(&mut self, run_id: &str, record: &Record, ends: bool) -> Result<(), JournalError> {
        let transaction = self.connection.transaction().map_err(unwritable)?;
        insert(&transaction, run_id, record)?;
        if ends {
            transaction
                .execute("UPDATE runs SET ended = 1 WHERE run_id = ?1", params![run_id])
                .map_err(unwritable)?;
        }
        transaction.commit().map_err(unwritable)
    }

    fn load(&self, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError> {
        let plan: Option<String> = self
            .connection
            .query_row("SELECT plan FROM runs WHERE run_id = ?1", params![run_id], |row| row.get(0))
            .optional()
            .map_err(unreadable)?;
        let Some(plan) = plan else {
            return Err(JournalError::NoSuchRun { run_id: run_id.to_owned() });
        };
        let plan = serde_json::from_str(&plan).map_err(unreadable)?;
        let mut statement = self
            .connection
            .prepare("SELECT record FROM records WHERE run_id = ?1 ORDER BY sequence")
            .map_err(unreadable)?;
        let mut rows = statement.query(params![run_id]).map_err(unreadable)?;
        let mut records = Vec::new();
        while let Some(row) = rows.next().map_err(unreadable)? {
            let text: String = row.get(0).map_err(unreadable)?;
            records.push(serde_json::from_str(&text).map_err(unreadable)?);
        }
        Ok((plan, records))
    }

    fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        let mut statement = self
            .connection
            .prepare("SELECT run_id, stack_name, created_at, ended FROM runs ORDER BY created_at, rowid")
            .map_err(unreadable)?;
        let rows = statement
            .query_map([], |row| {
                Ok(RunSummary {
                    run_id: row.get(0)?,
                    stack_name: row.get(1)?,
                    created_at: Timestamp(row.get::<_, i64>(2)?.unsigned_abs()),
                    ended: row.get(3)?,
                })
            })
            .map_err(unreadable)?;
        rows.collect::<Result<_, _>>().map_err(unreadable)
    }
}

fn insert(connection: &Connection, run_id: &str, record: &Record) -> Result<(), JournalError> {
    connection
        .execute(
            "INSERT INTO records (run_id, sequence, at, record)
             SELECT ?1, COALESCE(MAX(sequence) + 1, 0), ?2, ?3 FROM records WHERE run_id = ?1",
            params![run_id, integer(record.at()), serde_json::to_string(record).map_err(unwritable)?],
        )
        .map_err(unwritable)?;
    Ok(())
}

/// SQLite's integers are signed.
fn integer(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

fn unreadable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> JournalError {
    JournalError::Store { doing: "read", source: source.into() }
}

fn unwritable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> JournalError {
    JournalError::Store { doing: "written", source: source.into() }
}
