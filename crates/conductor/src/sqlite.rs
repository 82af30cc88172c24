//! The journal in SQLite: one file, WAL, a transaction a record. The only place that knows its tables.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use upgrade::{JOURNAL_FORMAT, Plan, Record, Timestamp};

use crate::journal::{JournalError, JournalStore, Request, RunSummary};
use crate::lease::{Holder, LEASE_SECONDS, Lease};

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

    /// A number that is another one as soon as anybody else has written to the file: cheap enough to be asked many times
    /// a second. What this value itself writes does not change it (SQLite, `PRAGMA data_version`).
    ///
    /// # Errors
    /// The file can't be read.
    pub fn others_writes(&self) -> Result<i64, JournalError> {
        self.connection.query_row("PRAGMA data_version", [], |row| row.get(0)).map_err(unreadable)
    }

    fn prepare(connection: Connection) -> Result<SqliteJournal, JournalError> {
        // FULL: a record that was acknowledged survives the loss of power, not only of the process.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;")
            .map_err(unwritable)?;
        let found: u32 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(unreadable)?;
        // 0: an empty file.
        if found != 0 && found != JOURNAL_FORMAT {
            return Err(JournalError::OtherFormat { found, known: JOURNAL_FORMAT });
        }
        connection
            .execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS runs (
                     run_id TEXT PRIMARY KEY,
                     deployment TEXT NOT NULL,
                     stack_name TEXT NOT NULL,
                     stack_id TEXT NOT NULL,
                     created_at INTEGER NOT NULL,
                     ended INTEGER NOT NULL DEFAULT 0,
                     holder TEXT,
                     lease_expires_at INTEGER NOT NULL DEFAULT 0,
                     kind TEXT NOT NULL,
                     plan TEXT NOT NULL,
                     plan_sha256 TEXT NOT NULL UNIQUE
                 ) STRICT;
                 CREATE UNIQUE INDEX IF NOT EXISTS one_run_a_stack ON runs (stack_id) WHERE ended = 0;
                 CREATE TABLE IF NOT EXISTS records (
                     run_id TEXT NOT NULL REFERENCES runs (run_id),
                     sequence INTEGER NOT NULL,
                     at INTEGER NOT NULL,
                     record TEXT NOT NULL,
                     PRIMARY KEY (run_id, sequence)
                 ) STRICT;
                 CREATE TABLE IF NOT EXISTS requests (
                     number INTEGER PRIMARY KEY,
                     run_id TEXT NOT NULL REFERENCES runs (run_id),
                     at INTEGER NOT NULL,
                     request TEXT NOT NULL,
                     taken INTEGER NOT NULL DEFAULT 0
                 ) STRICT;
                 PRAGMA user_version = {JOURNAL_FORMAT};"
            ))
            .map_err(unwritable)?;
        Ok(SqliteJournal { connection })
    }

    /// A transaction that will write: it waits for others at its beginning, not half-way.
    fn writing(&mut self) -> Result<Transaction<'_>, JournalError> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unwritable)
    }
}

impl JournalStore for SqliteJournal {
    fn begin(&mut self, plan: &Plan, first: &Record, holder: &Holder) -> Result<(), JournalError> {
        let plan_sha256 = plan.sha256();
        let transaction = self.writing()?;
        let before: Option<String> = transaction
            .query_row(
                "SELECT run_id FROM runs WHERE run_id = ?1 OR plan_sha256 = ?2",
                params![plan.run_id, plan_sha256],
                |row| row.get(0),
            )
            .optional()
            .map_err(unreadable)?;
        if let Some(run_id) = before {
            return Err(JournalError::BegunBefore { run_id });
        }
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
                "INSERT INTO runs (run_id, deployment, stack_name, stack_id, created_at, holder, lease_expires_at, kind, plan, plan_sha256)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    plan.run_id,
                    plan.deployment,
                    plan.stack_name,
                    plan.stack_id,
                    integer(first.at()),
                    holder.as_str(),
                    lease_end(first.at()),
                    serde_json::to_string(&plan.kind).map_err(unwritable)?,
                    serde_json::to_string(plan).map_err(unwritable)?,
                    plan_sha256
                ],
            )
            .map_err(unwritable)?;
        insert(&transaction, &plan.run_id, first)?;
        transaction.commit().map_err(unwritable)
    }

    fn append(
        &mut self,
        run_id: &str,
        record: &Record,
        ends: bool,
        holder: &Holder,
    ) -> Result<(), JournalError> {
        let transaction = self.writing()?;
        extend(&transaction, run_id, holder, record.at())?;
        insert(&transaction, run_id, record)?;
        if ends {
            transaction
                .execute("UPDATE runs SET ended = 1 WHERE run_id = ?1", params![run_id])
                .map_err(unwritable)?;
        }
        transaction.commit().map_err(unwritable)
    }

    fn take_lease(&mut self, run_id: &str, holder: &Holder, now: Timestamp) -> Result<(), JournalError> {
        let transaction = self.writing()?;
        if let Some(lease) = lease(&transaction, run_id)?
            && lease.holder != *holder
            && !lease.is_free(now)
        {
            let Lease { holder, expires_at } = lease;
            return Err(JournalError::LeaseHeld { run_id: run_id.to_owned(), holder, expires_at });
        }
        transaction
            .execute("UPDATE runs SET holder = ?2 WHERE run_id = ?1", params![run_id, holder.as_str()])
            .map_err(unwritable)?;
        extend(&transaction, run_id, holder, now)?;
        transaction.commit().map_err(unwritable)
    }

    fn renew_lease(&mut self, run_id: &str, holder: &Holder, now: Timestamp) -> Result<(), JournalError> {
        let transaction = self.writing()?;
        extend(&transaction, run_id, holder, now)?;
        transaction.commit().map_err(unwritable)
    }

    fn ask(&mut self, run_id: &str, request: &Request, at: Timestamp) -> Result<(), JournalError> {
        let transaction = self.writing()?;
        let ended: Option<bool> = transaction
            .query_row("SELECT ended FROM runs WHERE run_id = ?1", params![run_id], |row| row.get(0))
            .optional()
            .map_err(unreadable)?;
        match ended {
            None => return Err(JournalError::NoSuchRun { run_id: run_id.to_owned() }),
            Some(true) => return Err(JournalError::Ended { run_id: run_id.to_owned() }),
            Some(false) => {}
        }
        transaction
            .execute(
                "INSERT INTO requests (run_id, at, request) VALUES (?1, ?2, ?3)",
                params![run_id, integer(at), serde_json::to_string(request).map_err(unwritable)?],
            )
            .map_err(unwritable)?;
        transaction.commit().map_err(unwritable)
    }

    fn next_request(&self, run_id: &str) -> Result<Option<(i64, Request)>, JournalError> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT number, request FROM requests WHERE run_id = ?1 AND taken = 0 ORDER BY number LIMIT 1",
            )
            .map_err(unreadable)?;
        let found: Option<(i64, String)> = statement
            .query_row(params![run_id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(unreadable)?;
        match found {
            None => Ok(None),
            Some((number, text)) => Ok(Some((number, serde_json::from_str(&text).map_err(unreadable)?))),
        }
    }

    fn take_request(&mut self, run_id: &str, number: i64) -> Result<(), JournalError> {
        self.connection
            .execute(
                "UPDATE requests SET taken = 1 WHERE run_id = ?1 AND number = ?2",
                params![run_id, number],
            )
            .map(drop)
            .map_err(unwritable)
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
        Ok((plan, self.records_from(run_id, 0)?))
    }

    fn records_from(&self, run_id: &str, from: usize) -> Result<Vec<Record>, JournalError> {
        let mut statement = self
            .connection
            .prepare("SELECT record FROM records WHERE run_id = ?1 AND sequence >= ?2 ORDER BY sequence")
            .map_err(unreadable)?;
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![run_id, from]).map_err(unreadable)?;
        let mut records = Vec::new();
        while let Some(row) = rows.next().map_err(unreadable)? {
            let text: String = row.get(0).map_err(unreadable)?;
            records.push(serde_json::from_str(&text).map_err(unreadable)?);
        }
        Ok(records)
    }

    fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT run_id, deployment, stack_name, kind, created_at, ended, holder, lease_expires_at
                 FROM runs ORDER BY created_at, rowid",
            )
            .map_err(unreadable)?;
        let mut rows = statement.query([]).map_err(unreadable)?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next().map_err(unreadable)? {
            let kind: String = row.get(3).map_err(unreadable)?;
            let holder: Option<String> = row.get(6).map_err(unreadable)?;
            let expires_at = timestamp(row.get(7).map_err(unreadable)?);
            runs.push(RunSummary {
                run_id: row.get(0).map_err(unreadable)?,
                deployment: row.get(1).map_err(unreadable)?,
                stack_name: row.get(2).map_err(unreadable)?,
                kind: serde_json::from_str(&kind).map_err(unreadable)?,
                created_at: timestamp(row.get(4).map_err(unreadable)?),
                ended: row.get(5).map_err(unreadable)?,
                lease: holder.map(|holder| Lease { holder: Holder::named(&holder), expires_at }),
            });
        }
        Ok(runs)
    }
}

fn lease(connection: &Connection, run_id: &str) -> Result<Option<Lease>, JournalError> {
    let found: Option<(Option<String>, i64)> = connection
        .query_row("SELECT holder, lease_expires_at FROM runs WHERE run_id = ?1", params![run_id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .map_err(unreadable)?;
    let Some((holder, expires_at)) = found else {
        return Err(JournalError::NoSuchRun { run_id: run_id.to_owned() });
    };
    Ok(holder.map(|holder| Lease { holder: Holder::named(&holder), expires_at: timestamp(expires_at) }))
}

/// Renew a lease for its holder; refused to anybody else.
fn extend(
    connection: &Connection,
    run_id: &str,
    holder: &Holder,
    now: Timestamp,
) -> Result<(), JournalError> {
    let changed = connection
        .execute(
            "UPDATE runs SET lease_expires_at = ?3 WHERE run_id = ?1 AND holder = ?2",
            params![run_id, holder.as_str(), lease_end(now)],
        )
        .map_err(unwritable)?;
    if changed == 1 {
        return Ok(());
    }
    match lease(connection, run_id)? {
        Some(Lease { holder, expires_at }) => {
            Err(JournalError::LeaseHeld { run_id: run_id.to_owned(), holder, expires_at })
        }
        None => Err(JournalError::NoSuchRun { run_id: run_id.to_owned() }),
    }
}

fn lease_end(now: Timestamp) -> i64 {
    integer(Timestamp(now.0.saturating_add(LEASE_SECONDS * 1000)))
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

fn timestamp(stored: i64) -> Timestamp {
    Timestamp(stored.unsigned_abs())
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
