//! The journal in SQLite: one file, WAL, a transaction a record. The only place that knows its tables.

mod reading;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use upgrade::{JOURNAL_FORMAT, Plan, Record, Timestamp};

use crate::claim::{BEGINS, Claim, Holder, TAKES_OVER, host};
use crate::journal::{
    Asked, CarriedOn, JournalError, JournalStore, Request, RunSummary, TakenOver, fold_run, held,
};
use crate::private_file::make_private;

/// How long a locked file may hold the thread up. A conducting waits by its clock instead, so that its thread does other
/// things meanwhile.
const PATIENCE: Duration = Duration::from_millis(50);

/// The same for what a command asks of a run: nothing else goes on in its thread.
const PATIENCE_TO_ASK: Duration = Duration::from_secs(5);

/// A journal file.
#[derive(Debug)]
pub struct SqliteJournal {
    connection: Mutex<Connection>,
    location: String,
    /// Opened as a file that nobody writes: what is written all the same is not seen.
    is_frozen: bool,
}

impl SqliteJournal {
    /// Open the journal at `path`, made if it isn't there. It is its owner's alone.
    pub fn open(path: &Path) -> Result<SqliteJournal, JournalError> {
        // What stands in the way is told by SQLite, in the words that it has for it.
        let _told_by_sqlite = make_private(path);
        SqliteJournal::prepare(Connection::open(path).map_err(unwritable)?, location_of(path))
    }

    /// A journal that is forgotten with the process, for rehearsals and tests.
    pub fn in_memory() -> Result<SqliteJournal, JournalError> {
        SqliteJournal::prepare(Connection::open_in_memory().map_err(unwritable)?, String::new())
    }

    /// A number that is another one as soon as anybody else has written to the file: cheap enough to be asked many times
    /// a second. What this value itself writes does not change it (SQLite, `PRAGMA data_version`).
    ///
    /// # Errors
    /// The file can't be read.
    pub fn others_writes(&self) -> Result<i64, JournalError> {
        self.connection().query_row("PRAGMA data_version", [], |row| row.get(0)).map_err(unreadable)
    }

    fn prepare(connection: Connection, location: String) -> Result<SqliteJournal, JournalError> {
        // FULL: a record that was acknowledged survives the loss of power, not only of the process.
        connection
            .busy_timeout(PATIENCE_TO_ASK)
            .and_then(|()| {
                connection.execute_batch(
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
                )
            })
            .map_err(unwritable)?;
        let found: u32 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(unreadable)?;
        // 0: an empty file.
        if found != 0 && found != JOURNAL_FORMAT {
            return Err(JournalError::OtherFormat { location, found, known: JOURNAL_FORMAT });
        }
        if found != 0 && has_table(&connection, DAMAGED)? {
            // Everything is there: a file that somebody else has locked for longer can be opened all the same.
            connection.busy_timeout(PATIENCE).map_err(unwritable)?;
            return Ok(SqliteJournal { connection: Mutex::new(connection), location, is_frozen: false });
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
                     doing TEXT NOT NULL DEFAULT '',
                     beat_at INTEGER NOT NULL DEFAULT 0,
                     kind TEXT NOT NULL,
                     plan TEXT NOT NULL,
                     plan_sha256 TEXT NOT NULL UNIQUE
                 ) STRICT;
                 CREATE UNIQUE INDEX IF NOT EXISTS one_run_a_stack ON runs (stack_id) WHERE ended = 0;
                 CREATE TABLE IF NOT EXISTS records (
                     run_id TEXT NOT NULL REFERENCES runs (run_id),
                     sequence INTEGER NOT NULL,
                     at INTEGER NOT NULL,
                     holder TEXT NOT NULL,
                     record TEXT NOT NULL,
                     PRIMARY KEY (run_id, sequence)
                 ) STRICT;
                 CREATE TABLE IF NOT EXISTS requests (
                     number INTEGER PRIMARY KEY,
                     run_id TEXT NOT NULL REFERENCES runs (run_id),
                     at INTEGER NOT NULL,
                     request TEXT NOT NULL
                 ) STRICT;
                 CREATE TABLE IF NOT EXISTS {DAMAGED} (
                     run_id TEXT PRIMARY KEY REFERENCES runs (run_id),
                     at INTEGER NOT NULL,
                     reason TEXT NOT NULL
                 ) STRICT;
                 PRAGMA user_version = {JOURNAL_FORMAT};"
            ))
            .map_err(unwritable)?;
        connection.busy_timeout(PATIENCE).map_err(unwritable)?;
        Ok(SqliteJournal { connection: Mutex::new(connection), location, is_frozen: false })
    }

    /// Whether it was opened as a file that nobody writes. Whoever looks for long opens it again.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.is_frozen
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A connection is whole whoever panicked while it was held: what was not committed is rolled back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JournalStore for SqliteJournal {
    fn location(&self) -> &str {
        &self.location
    }

    async fn begin(&self, plan: &Plan, first: &Record, holder: &Holder) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let plan_sha256 = plan.sha256();
        let transaction = writing(&mut connection)?;
        let before: Option<String> = transaction
            .query_row(
                "SELECT run_id FROM runs WHERE run_id = ?1 OR plan_sha256 = ?2",
                params![plan.run_id, plan_sha256],
                |row| row.get(0),
            )
            .optional()
            .map_err(unreadable)?;
        if let Some(run_id) = before {
            let stands = standing(&transaction, &plan.run_id, 0)?;
            return match stands {
                Some((by, record)) if by == holder.as_str() && record == *first => Ok(()),
                Some(_) | None => Err(JournalError::BegunBefore { run_id }),
            };
        }
        let under_way: Option<String> = transaction
            .query_row(
                "SELECT run_id FROM runs WHERE stack_id = ?1 AND ended = 0",
                params![plan.stack_id],
                |row| row.get(0),
            )
            .optional()
            .map_err(unreadable)?;
        if let Some(run_id) = under_way
            && !set_aside_if_damaged(&transaction, &run_id, first.at())?
        {
            let carried_out_by = claim(&transaction, &run_id)?.filter(|claim| !claim.is_free(first.at()));
            return Err(JournalError::RunUnderWay {
                run_id,
                stack_name: plan.stack_name.clone(),
                carried_out_by: carried_out_by.map(|claim| CarriedOn::at(claim, first.at())),
            });
        }
        transaction
            .execute(
                "INSERT INTO runs (run_id, deployment, stack_name, stack_id, created_at, holder, doing, beat_at, kind, plan, plan_sha256)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![
                    plan.run_id,
                    plan.deployment,
                    plan.stack_name,
                    plan.stack_id,
                    integer(first.at()),
                    holder.as_str(),
                    BEGINS,
                    integer(first.at()),
                    serde_json::to_string(&plan.kind).map_err(unwritable)?,
                    serde_json::to_string(plan).map_err(unwritable)?,
                    plan_sha256
                ],
            )
            .map_err(unwritable)?;
        insert(&transaction, &plan.run_id, 0, first, holder)?;
        transaction.commit().map_err(unwritable)
    }

    async fn append(
        &self,
        run_id: &str,
        place: usize,
        record: &Record,
        ends: bool,
        holder: &Holder,
    ) -> Result<(), JournalError> {
        let mut connection = self.connection();
        let transaction = writing(&mut connection)?;
        if let Some((by, stands)) = standing(&transaction, run_id, place)? {
            return if by == holder.as_str() && stands == *record {
                Ok(())
            } else {
                Err(overtaken(&transaction, run_id)?)
            };
        }
        if !is_held_by(&transaction, run_id, holder)? {
            return Err(overtaken(&transaction, run_id)?);
        }
        insert(&transaction, run_id, place, record, holder)?;
        if ends {
            transaction
                .execute("UPDATE runs SET ended = 1 WHERE run_id = ?1", params![run_id])
                .map_err(unwritable)?;
        }
        transaction.commit().map_err(unwritable)
    }

    async fn take(&self, run_id: &str, holder: &Holder, now: Timestamp) -> Result<TakenOver, JournalError> {
        let mut connection = self.connection();
        let transaction = writing(&mut connection)?;
        let taken = match claim(&transaction, run_id)? {
            Some(claim) if claim.holder == *holder => TakenOver { from: None, act_at: now },
            Some(claim) if !claim.is_free(now) => return Err(held(run_id, claim, now)),
            Some(claim) => claim.taken_over(now),
            None => TakenOver { from: None, act_at: now },
        };
        transaction
            .execute(
                "UPDATE runs SET holder = ?2, doing = ?3, beat_at = ?4 WHERE run_id = ?1",
                params![run_id, holder.as_str(), TAKES_OVER, integer(now)],
            )
            .map_err(unwritable)?;
        transaction.commit().map_err(unwritable)?;
        Ok(taken)
    }

    async fn beat(
        &self,
        run_id: &str,
        holder: &Holder,
        doing: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let connection = self.connection();
        let changed = connection
            .prepare_cached("UPDATE runs SET beat_at = ?3, doing = ?4 WHERE run_id = ?1 AND holder = ?2")
            .and_then(|mut beat| beat.execute(params![run_id, holder.as_str(), integer(now), doing]))
            .map_err(unwritable)?;
        if changed == 1 { Ok(()) } else { Err(overtaken(&connection, run_id)?) }
    }

    async fn confirm(&self, run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        let connection = self.connection();
        if is_held_by(&connection, run_id, holder)? { Ok(()) } else { Err(overtaken(&connection, run_id)?) }
    }

    async fn release(&self, run_id: &str, holder: &Holder) -> Result<(), JournalError> {
        self.connection()
            .execute(
                "UPDATE runs SET holder = NULL, beat_at = 0 WHERE run_id = ?1 AND holder = ?2",
                params![run_id, holder.as_str()],
            )
            .map(drop)
            .map_err(unwritable)
    }

    async fn ask(&self, run_id: &str, request: &Request, at: Timestamp) -> Result<(), JournalError> {
        let mut connection = self.connection();
        connection.busy_timeout(PATIENCE_TO_ASK).map_err(unwritable)?;
        let asked = ask_now(&mut connection, run_id, request, at);
        connection.busy_timeout(PATIENCE).map_err(unwritable)?;
        asked
    }

    async fn requests(
        &self,
        run_id: &str,
        taken: &BTreeSet<String>,
        _for_the_last: bool,
    ) -> Result<Vec<Asked>, JournalError> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT number, request FROM requests WHERE run_id = ?1 ORDER BY number")
            .map_err(unreadable)?;
        let mut rows = statement.query(params![run_id]).map_err(unreadable)?;
        let mut asked = Vec::new();
        while let Some(row) = rows.next().map_err(unreadable)? {
            let number: i64 = row.get(0).map_err(unreadable)?;
            let text: String = row.get(1).map_err(unreadable)?;
            let id = number.to_string();
            if !taken.contains(&id)
                && let Ok(request) = serde_json::from_str(&text)
            {
                asked.push(Asked { id, request });
            }
        }
        Ok(asked)
    }

    async fn load(&self, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError> {
        load(&self.connection(), run_id)
    }

    async fn records_from(&self, run_id: &str, from: usize) -> Result<Vec<Record>, JournalError> {
        records_from(&self.connection(), run_id, from)
    }

    async fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        let connection = self.connection();
        // A file of an earlier program that nobody has written since has no such table.
        let damaged = if has_table(&connection, DAMAGED)? {
            DAMAGED
        } else {
            "(SELECT NULL AS run_id, NULL AS reason)"
        };
        let mut statement = connection
            .prepare(&format!(
                "SELECT runs.run_id, deployment, stack_name, kind, created_at, ended, holder, doing, beat_at, reason
                 FROM runs LEFT JOIN {damaged} AS damage ON damage.run_id = runs.run_id
                 ORDER BY created_at, runs.rowid"
            ))
            .map_err(unreadable)?;
        let mut rows = statement.query([]).map_err(unreadable)?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next().map_err(unreadable)? {
            let kind: String = row.get(3).map_err(unreadable)?;
            runs.push(RunSummary {
                run_id: row.get(0).map_err(unreadable)?,
                deployment: row.get(1).map_err(unreadable)?,
                stack_name: row.get(2).map_err(unreadable)?,
                kind: serde_json::from_str(&kind).ok(),
                created_at: timestamp(row.get(4).map_err(unreadable)?),
                ended: row.get(5).map_err(unreadable)?,
                claim: claim_of(row, 6).map_err(unreadable)?,
                left_by: None,
                set_aside: row.get(9).map_err(unreadable)?,
            });
        }
        Ok(runs)
    }
}

/// A transaction that will write: it waits for others at its beginning, not half-way.
fn writing(connection: &mut Connection) -> Result<Transaction<'_>, JournalError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unwritable)
}

fn ask_now(
    connection: &mut Connection,
    run_id: &str,
    request: &Request,
    at: Timestamp,
) -> Result<(), JournalError> {
    let transaction = writing(connection)?;
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

/// The table of runs that were set aside.
const DAMAGED: &str = "damaged";

/// `HOST:/path` of the data directory that a journal is in.
#[must_use]
pub fn location_of(journal: &Path) -> String {
    let directory = journal.parent().unwrap_or(journal);
    let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    format!("{}:{}", host(), whole.display())
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, JournalError> {
    connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1)",
            params![name],
            |row| row.get(0),
        )
        .map_err(unreadable)
}

fn load(connection: &Connection, run_id: &str) -> Result<(Plan, Vec<Record>), JournalError> {
    let plan: Option<String> = connection
        .query_row("SELECT plan FROM runs WHERE run_id = ?1", params![run_id], |row| row.get(0))
        .optional()
        .map_err(unreadable)?;
    let Some(plan) = plan else {
        return Err(JournalError::NoSuchRun { run_id: run_id.to_owned() });
    };
    let plan = serde_json::from_str(&plan).map_err(|error| damaged(run_id, format!("its plan: {error}")))?;
    Ok((plan, records_from(connection, run_id, 0)?))
}

fn records_from(connection: &Connection, run_id: &str, from: usize) -> Result<Vec<Record>, JournalError> {
    let mut statement = connection
        .prepare(
            "SELECT sequence, record FROM records WHERE run_id = ?1 AND sequence >= ?2 ORDER BY sequence",
        )
        .map_err(unreadable)?;
    let mut rows = statement.query(params![run_id, number(from)]).map_err(unreadable)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next().map_err(unreadable)? {
        let (sequence, text): (i64, String) =
            row.get(0).and_then(|sequence| Ok((sequence, row.get(1)?))).map_err(unreadable)?;
        let record = serde_json::from_str(&text);
        records.push(record.map_err(|error| damaged(run_id, format!("its record {sequence}: {error}")))?);
    }
    Ok(records)
}

fn damaged(run_id: &str, reason: String) -> JournalError {
    JournalError::Damaged { run_id: run_id.to_owned(), reason }
}

/// A run that nobody can go on with must not be in another's way for good. Whether it was set aside; one that somebody
/// carries out never is.
fn set_aside_if_damaged(connection: &Connection, run_id: &str, now: Timestamp) -> Result<bool, JournalError> {
    if claim(connection, run_id)?.is_some_and(|claim| !claim.is_free(now)) {
        return Ok(false);
    }
    let sound = load(connection, run_id).and_then(|(plan, records)| fold_run(run_id, &plan, &records));
    let reason = match sound {
        Ok(_) => return Ok(false),
        Err(JournalError::Damaged { reason, .. }) => reason,
        Err(error) => return Err(error),
    };
    connection
        .execute(
            &format!("INSERT OR REPLACE INTO {DAMAGED} (run_id, at, reason) VALUES (?1, ?2, ?3)"),
            params![run_id, integer(now), reason],
        )
        .and_then(|_| connection.execute("UPDATE runs SET ended = 1 WHERE run_id = ?1", params![run_id]))
        .map_err(unwritable)?;
    Ok(true)
}

fn claim(connection: &Connection, run_id: &str) -> Result<Option<Claim>, JournalError> {
    let found = connection
        .prepare_cached("SELECT holder, doing, beat_at FROM runs WHERE run_id = ?1")
        .and_then(|mut held| held.query_row(params![run_id], |row| claim_of(row, 0)))
        .optional()
        .map_err(unreadable)?;
    found.ok_or_else(|| JournalError::NoSuchRun { run_id: run_id.to_owned() })
}

/// From the columns `holder`, `doing` and `beat_at`, which begin at `first`.
fn claim_of(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Option<Claim>> {
    let holder: Option<String> = row.get(first)?;
    let (doing, beat_at) = (row.get(first + 1)?, timestamp(row.get(first + 2)?));
    Ok(holder.map(|holder| Claim { holder: Holder::named(&holder), doing, beat_at }))
}

fn is_held_by(connection: &Connection, run_id: &str, holder: &Holder) -> Result<bool, JournalError> {
    Ok(claim(connection, run_id)?.is_some_and(|claim| claim.holder == *holder))
}

fn overtaken(connection: &Connection, run_id: &str) -> Result<JournalError, JournalError> {
    let holder = claim(connection, run_id)?.map(|claim| claim.holder);
    Ok(JournalError::Overtaken { run_id: run_id.to_owned(), holder })
}

/// The record that stands at a place, and who wrote it.
fn standing(
    connection: &Connection,
    run_id: &str,
    place: usize,
) -> Result<Option<(String, Record)>, JournalError> {
    let found: Option<(String, String)> = connection
        .query_row(
            "SELECT holder, record FROM records WHERE run_id = ?1 AND sequence = ?2",
            params![run_id, number(place)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(unreadable)?;
    let Some((holder, text)) = found else { return Ok(None) };
    let record = serde_json::from_str(&text)
        .map_err(|error| damaged(run_id, format!("its record {place}: {error}")))?;
    Ok(Some((holder, record)))
}

fn insert(
    connection: &Connection,
    run_id: &str,
    place: usize,
    record: &Record,
    holder: &Holder,
) -> Result<(), JournalError> {
    let text = serde_json::to_string(record).map_err(unwritable)?;
    connection
        .prepare_cached(
            "INSERT INTO records (run_id, sequence, at, holder, record) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .and_then(|mut insert| {
            insert.execute(params![run_id, number(place), integer(record.at()), holder.as_str(), text])
        })
        .map(drop)
        .map_err(unwritable)
}

fn number(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
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
