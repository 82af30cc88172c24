//! The audit trail: what is asked is written before it is done, and what came of it after. Rows are only added, and each
//! carries a hash over itself and the one before it: what was changed, or is missing in between, shows.
//!
//! What a chain can't show: whoever may write the file may make all of it anew. So its head is told, and an export that
//! was taken elsewhere is a beginning that every later trail must have.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use upgrade::Timestamp;

use super::store::{Access, AccessError, integer};
use crate::moment::Moment;

/// What the first row's hash begins with.
const BEFORE_THE_FIRST: &str = "slackwater audit trail, format 1";

/// The table. The triggers make it append-only for everything that goes through this program.
pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS trail (
        place INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL,
        address TEXT NOT NULL, act TEXT NOT NULL, object TEXT NOT NULL, outcome TEXT, detail TEXT NOT NULL,
        hash TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS trail_by_number ON trail (number, (outcome IS NOT NULL));
    CREATE TRIGGER IF NOT EXISTS trail_stays BEFORE UPDATE ON trail
        BEGIN SELECT RAISE(ABORT, 'the audit trail is not changed'); END;
    CREATE TRIGGER IF NOT EXISTS trail_is_kept BEFORE DELETE ON trail
        BEGIN SELECT RAISE(ABORT, 'the audit trail is not shortened'); END;";

/// What somebody does, for the audit trail. Without secrets.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// Who; the name that was tried where nobody is known.
    pub who: &'a str,
    pub address: &'a str,
    pub act: &'a str,
    pub object: &'a str,
}

/// An act of the audit trail, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// From 1, without gaps.
    pub number: i64,
    /// When it was asked for.
    pub at: Moment,
    pub who: String,
    pub address: String,
    pub act: String,
    /// What it was done to.
    pub object: String,
    /// `null`: it is under way, or its process ended over it.
    pub ended_at: Option<Moment>,
    /// Whether it was done; else it was refused or failed. `null` as before.
    pub done: Option<bool>,
    pub detail: String,
}

/// A row as it is kept, and exported: an act, or an act's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrailRow {
    /// Its place in the chain, from 1, without gaps.
    pub place: i64,
    /// The act's number.
    pub number: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Who; empty in an outcome.
    pub who: String,
    /// From which address; empty in an outcome.
    pub address: String,
    /// What; empty in an outcome.
    pub act: String,
    /// To what; empty in an outcome.
    pub object: String,
    /// `done` or `refused`; `None`: this is the act itself.
    pub outcome: Option<String>,
    /// More.
    pub detail: String,
    /// SHA-256 over the hash before it, a line feed, and all of the above as a JSON array.
    pub hash: String,
}

/// A trail that holds together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its rows.
    pub rows: i64,
    /// Its acts.
    pub acts: i64,
    /// The last row's hash; `None`: there is no row.
    pub head: Option<String>,
}

/// Why a trail doesn't hold together, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A row isn't there.
    #[error("row {place} is missing")]
    Missing { place: i64 },
    /// A row isn't as it was written.
    #[error("row {place} (act {number}) is not as it was written, or what stood before it is not")]
    Changed { place: i64, number: i64 },
    /// Rows at the end aren't there.
    #[error("it ends with row {found}, and {written} were written")]
    CutOff {
        /// The last row that is there.
        found: i64,
        /// The last row that was written.
        written: i64,
    },
}

impl TrailRow {
    fn hash_after(&self, before: &str) -> String {
        let TrailRow { place, number, at, who, address, act, object, outcome, detail, hash: _ } = self;
        let fields = serde_json::json!([place, number, at, who, address, act, object, outcome, detail]);
        hex::encode(Sha256::digest(format!("{before}\n{fields}").as_bytes()))
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<TrailRow> {
        Ok(TrailRow {
            place: row.get(0)?,
            number: row.get(1)?,
            at: row.get(2)?,
            who: row.get(3)?,
            address: row.get(4)?,
            act: row.get(5)?,
            object: row.get(6)?,
            outcome: row.get(7)?,
            detail: row.get(8)?,
            hash: row.get(9)?,
        })
    }
}

const COLUMNS: &str = "place, number, at, who, address, act, object, outcome, detail, hash";

/// Add a row; its place and hash follow from the one before it.
pub(super) fn append(transaction: &Transaction<'_>, row: TrailRow) -> Result<(), AccessError> {
    let last = transaction
        .query_row("SELECT place, hash FROM trail ORDER BY place DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let (place, before) = last.map_or((1, BEFORE_THE_FIRST.to_owned()), |(place, hash)| (place + 1, hash));
    let row = TrailRow { place, ..row };
    let hash = row.hash_after(&before);
    let TrailRow { place, number, at, who, address, act, object, outcome, detail, hash: _ } = row;
    transaction.execute(
        &format!("INSERT INTO trail ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"),
        params![place, number, at, who, address, act, object, outcome, detail, hash],
    )?;
    Ok(())
}

/// An act's row.
pub(super) fn act_row(number: i64, act: Act<'_>, at: i64) -> TrailRow {
    let Act { who, address, act, object } = act;
    TrailRow {
        place: 0,
        number,
        at,
        who: clipped(who),
        address: address.to_owned(),
        act: act.to_owned(),
        object: clipped(object),
        outcome: None,
        detail: String::new(),
        hash: String::new(),
    }
}

/// The row of what came of an act.
pub(super) fn outcome_row(number: i64, done: bool, detail: &str, at: i64) -> TrailRow {
    let nobody = Act { who: "", address: "", act: "", object: "" };
    let outcome = Some(if done { "done" } else { "refused" }.to_owned());
    TrailRow { outcome, detail: clipped(detail), ..act_row(number, nobody, at) }
}

fn next_number(transaction: &Transaction<'_>) -> Result<i64, AccessError> {
    Ok(transaction.query_row("SELECT COALESCE(MAX(number), 0) + 1 FROM trail", [], |row| row.get(0))?)
}

impl Access {
    /// Write down what somebody is about to do. Gives its number.
    ///
    /// # Errors
    /// The file can't be written: then it must not be done either.
    pub fn begin_act(&self, act: Act<'_>, now: Timestamp) -> Result<i64, AccessError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let number = next_number(&transaction)?;
        append(&transaction, act_row(number, act, integer(now, 0)))?;
        transaction.commit()?;
        Ok(number)
    }

    /// Write down what came of an act.
    ///
    /// # Errors
    /// The file can't be written, or it was written before.
    pub fn end_act(&self, number: i64, done: bool, detail: &str, now: Timestamp) -> Result<(), AccessError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        append(&transaction, outcome_row(number, done, detail, integer(now, 0)))?;
        Ok(transaction.commit()?)
    }

    /// Write down an act that is over as soon as it is asked for.
    ///
    /// # Errors
    /// The file can't be written: then it must not be done either.
    pub fn audit(&self, act: Act<'_>, done: bool, detail: &str, now: Timestamp) -> Result<(), AccessError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (number, at) = (next_number(&transaction)?, integer(now, 0));
        append(&transaction, act_row(number, act, at))?;
        append(&transaction, outcome_row(number, done, detail, at))?;
        Ok(transaction.commit()?)
    }

    /// The acts of the audit trail, newest first, before a number.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn audit_trail(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, AccessError> {
        self.audit_trail_with("", before, limit)
    }

    /// The same of the acts that have these words in who, what, of what, or from where.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn audit_trail_with(
        &self,
        words: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, AccessError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT act.number, act.at, act.who, act.address, act.act, act.object,
                    ended.at, ended.outcome = 'done', ended.detail
             FROM trail AS act
             LEFT JOIN trail AS ended ON ended.number = act.number AND (ended.outcome IS NOT NULL) = 1
             WHERE (act.outcome IS NOT NULL) = 0 AND act.number < ?1
               AND instr(lower(act.who || ' ' || act.act || ' ' || act.object || ' ' || act.address), lower(?3)) > 0
             ORDER BY act.number DESC LIMIT ?2",
        )?;
        let entries = statement.query_map(params![before.unwrap_or(i64::MAX), limit, words], |row| {
            Ok(AuditEntry {
                number: row.get(0)?,
                at: row.get(1)?,
                who: row.get(2)?,
                address: row.get(3)?,
                act: row.get(4)?,
                object: row.get(5)?,
                ended_at: row.get(6)?,
                done: row.get(7)?,
                detail: row.get::<_, Option<String>>(8)?.unwrap_or_default(),
            })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    /// Rows as they are kept, oldest first, after a place.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn trail_rows(&self, after: i64, limit: u32) -> Result<Vec<TrailRow>, AccessError> {
        rows(&self.lock(), after, limit)
    }

    /// Look whether the trail holds together, from its first row to its last.
    ///
    /// # Errors
    /// The file can't be read. That the trail is broken is an answer.
    pub fn verify_trail(&self) -> Result<Result<Verified, Broken>, AccessError> {
        /// Rows that are read at once.
        const PAGE: u32 = 1000;
        let mut connection = self.lock();
        // One state of the file, whoever writes meanwhile.
        let reading = connection.transaction()?;
        let mut found = Verified { rows: 0, acts: 0, head: None };
        loop {
            let page = rows(&reading, found.rows, PAGE)?;
            if page.is_empty() {
                break;
            }
            for row in page {
                if row.place != found.rows + 1 {
                    return Ok(Err(Broken::Missing { place: found.rows + 1 }));
                }
                let before = found.head.as_deref().unwrap_or(BEFORE_THE_FIRST);
                if row.hash_after(before) != row.hash {
                    return Ok(Err(Broken::Changed { place: row.place, number: row.number }));
                }
                found.rows = row.place;
                found.acts += i64::from(row.outcome.is_none());
                found.head = Some(row.hash);
            }
        }
        let written: Option<i64> = reading
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'trail'", [], |row| row.get(0))
            .optional()?;
        match written {
            Some(written) if written != found.rows => Ok(Err(Broken::CutOff { found: found.rows, written })),
            Some(_) | None => Ok(Ok(found)),
        }
    }
}

fn rows(connection: &Connection, after: i64, limit: u32) -> Result<Vec<TrailRow>, AccessError> {
    let mut statement = connection
        .prepare(&format!("SELECT {COLUMNS} FROM trail WHERE place > ?1 ORDER BY place LIMIT ?2"))?;
    let rows = statement.query_map(params![after, limit], TrailRow::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Of format 1, a row an act: each becomes an act and its outcome.
pub(super) fn take_over(transaction: &Transaction<'_>) -> Result<(), AccessError> {
    let mut statement = transaction
        .prepare("SELECT number, at, who, address, act, object, done, detail FROM audit ORDER BY number")?;
    let mut rows = statement.query([])?;
    let mut number = 0;
    while let Some(row) = rows.next()? {
        number += 1;
        let texts: [String; 4] = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
        let [who, address, act, object] = &texts;
        let (at, done, detail): (i64, bool, String) = (row.get(1)?, row.get(6)?, row.get(7)?);
        append(transaction, act_row(number, Act { who, address, act, object }, at))?;
        append(transaction, outcome_row(number, done, &detail, at))?;
    }
    drop(rows);
    drop(statement);
    Ok(transaction.execute_batch("DROP TABLE audit;")?)
}

/// What somebody typed, no longer than a line.
fn clipped(text: &str) -> String {
    text.chars().take(200).collect()
}
