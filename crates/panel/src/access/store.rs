//! `panel.sqlite`: people, sessions, tokens, what was done. The only place that knows its tables.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use conductor::make_private;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;
use upgrade::Timestamp;

use super::role::Role;
use super::secret::fresh_id;
use super::trail;
use crate::moment::Moment;

/// Version of the file. 1: the first. 2: the audit trail is chained, and has an act's outcome beside the act; answers say
/// which process owes them; people have the time at which their password was reset.
const FORMAT: u32 = 2;

/// Access, kept in a file.
#[derive(Debug)]
pub struct Access {
    connection: Mutex<Connection>,
    /// Names this value: what was begun through it and not ended while it lives is under way.
    pub(super) process: String,
    /// Another number as soon as somebody may have been shut out through this value.
    doors: watch::Sender<u64>,
}

/// Why access can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The store itself failed.
    #[error("the panel's own file cannot be used: {0}")]
    Store(#[from] rusqlite::Error),
    /// It can't be made, or made its owner's alone.
    #[error("the panel's own file cannot be used: {0}")]
    File(#[from] std::io::Error),
    /// Written by another program.
    #[error("the panel's own file has format {found}, and this program knows {FORMAT}")]
    OtherFormat { found: u32 },
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// Somebody has that name.
    #[error("there is somebody called {0} already")]
    NameTaken(String),
    /// Nobody has that name.
    #[error("there is nobody called {0}")]
    Nobody(String),
    /// A name that won't do.
    #[error("a name is 1 to 64 letters, digits, dots, hyphens, underscores or @")]
    BadName,
    /// Without an admin nobody could let anybody in.
    #[error("somebody must remain an admin")]
    LastAdmin,
    /// The set-up link is used, expired, or never was.
    #[error(
        "this set-up link is used or has expired; a start of the panel with nobody in it prints a new one"
    )]
    NoSetup,
    /// There is no such token.
    #[error("there is no such token")]
    NoToken,
}

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub name: String,
    pub role: Role,
    /// Whether they are shut out.
    pub disabled: bool,
    pub created_at: Moment,
    /// When they signed in last; `null`: never.
    pub signed_in_at: Option<Moment>,
}

/// Somebody who asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub name: String,
    /// What they may do, now.
    pub role: Role,
    /// The token's name, when a program asks with one.
    pub token: Option<String>,
}

impl Access {
    /// Open the file at `path`, made if it isn't there. It is its owner's alone.
    ///
    /// # Errors
    /// It can't be opened, or another program wrote it.
    pub fn open(path: &Path) -> Result<Access, AccessError> {
        make_private(path)?;
        Access::prepare(Connection::open(path)?)
    }

    /// Forgotten with the process, for tests.
    ///
    /// # Errors
    /// SQLite can't begin.
    pub fn in_memory() -> Result<Access, AccessError> {
        Access::prepare(Connection::open_in_memory()?)
    }

    fn prepare(connection: Connection) -> Result<Access, AccessError> {
        let mut connection = connection;
        connection.execute_batch(
            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        )?;
        if format_of(&connection)? != FORMAT {
            // One program makes the file, or brings it up to date; another waits.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            make(&transaction)?;
            transaction.commit()?;
        }
        let doors = watch::Sender::new(0);
        Ok(Access { connection: Mutex::new(connection), process: fresh_id()?, doors })
    }

    /// Woken whenever somebody may have been shut out through this value. What another process does isn't told.
    #[must_use]
    pub fn doors(&self) -> watch::Receiver<u64> {
        self.doors.subscribe()
    }

    /// Somebody may have been shut out.
    pub(super) fn shut(&self) {
        self.doors.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody can sign in.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn has_people(&self) -> Result<bool, AccessError> {
        Ok(self.lock().query_row("SELECT EXISTS (SELECT 1 FROM people)", [], |row| row.get(0))?)
    }

    /// Let somebody in from now on. `password` is the hash.
    ///
    /// # Errors
    /// The name is taken or won't do.
    pub fn add_person(
        &self,
        name: &str,
        role: Role,
        password: &str,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        check_name(name)?;
        insert_person(&self.lock(), name, role, password, now)
    }

    /// Change somebody's role, or shut them out. Their sessions end; the tokens of whoever is shut out are revoked.
    ///
    /// # Errors
    /// Nobody has that name, or no admin would remain.
    pub fn change_person(&self, name: &str, role: Role, disabled: bool) -> Result<(), AccessError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let changed = transaction.execute(
            "UPDATE people SET role = ?2, disabled = ?3 WHERE name = ?1",
            params![name, role.word(), disabled],
        )?;
        if changed == 0 {
            return Err(AccessError::Nobody(name.to_owned()));
        }
        let admins: i64 = transaction.query_row(
            "SELECT COUNT(*) FROM people WHERE role = 'admin' AND disabled = 0",
            [],
            |row| row.get(0),
        )?;
        if admins == 0 {
            return Err(AccessError::LastAdmin);
        }
        transaction.execute("DELETE FROM sessions WHERE person = ?1 COLLATE NOCASE", params![name])?;
        if disabled {
            transaction
                .execute("UPDATE tokens SET revoked = 1 WHERE person = ?1 COLLATE NOCASE", params![name])?;
        }
        transaction.commit()?;
        drop(connection);
        self.shut();
        Ok(())
    }

    /// Give somebody another password. Their sessions end and their tokens are revoked: whoever knew the old one has nothing
    /// left of it.
    ///
    /// # Errors
    /// Nobody has that name.
    pub fn change_password(&self, name: &str, password: &str) -> Result<(), AccessError> {
        self.replace_password(name, password, None)
    }

    /// As [`Access::change_password`]; and what is counted against the name up to now is forgiven.
    ///
    /// # Errors
    /// Nobody has that name.
    pub fn reset_password(&self, name: &str, password: &str, now: Timestamp) -> Result<(), AccessError> {
        self.replace_password(name, password, Some(integer(now, 0)))
    }

    fn replace_password(&self, name: &str, password: &str, reset_at: Option<i64>) -> Result<(), AccessError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = transaction.execute(
            "UPDATE people SET password = ?2, reset_at = COALESCE(?3, reset_at) WHERE name = ?1",
            params![name, password, reset_at],
        )?;
        if changed == 0 {
            return Err(AccessError::Nobody(name.to_owned()));
        }
        transaction.execute("DELETE FROM sessions WHERE person = ?1 COLLATE NOCASE", params![name])?;
        transaction
            .execute("UPDATE tokens SET revoked = 1 WHERE person = ?1 COLLATE NOCASE", params![name])?;
        transaction.commit()?;
        drop(connection);
        self.shut();
        Ok(())
    }

    /// When somebody's password was reset the last time: what was counted against the name before is forgiven.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn reset_at(&self, name: &str) -> Result<Option<Timestamp>, AccessError> {
        let found =
            self.lock().query_row("SELECT reset_at FROM people WHERE name = ?1", params![name], |row| {
                row.get::<_, Option<Moment>>(0)
            });
        Ok(found.optional()?.flatten().map(|Moment(at)| at))
    }

    /// Everybody.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn people(&self) -> Result<Vec<Person>, AccessError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT name, role, disabled, created_at, signed_in_at FROM people ORDER BY name")?;
        let people = statement.query_map([], |row| {
            Ok(Person {
                name: row.get(0)?,
                role: row.get(1)?,
                disabled: row.get(2)?,
                created_at: row.get(3)?,
                signed_in_at: row.get(4)?,
            })
        })?;
        Ok(people.collect::<Result<_, _>>()?)
    }

    /// The hash of somebody's password and their name as they wrote it; `None`: nobody who may sign in.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn password_of(&self, name: &str) -> Result<Option<(String, String)>, AccessError> {
        let found = self.lock().query_row(
            "SELECT name, password FROM people WHERE name = ?1 AND disabled = 0",
            params![name],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        Ok(found.optional()?)
    }
}

fn format_of(connection: &Connection) -> Result<u32, AccessError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Make what isn't there, and bring what is there up to date.
fn make(transaction: &Transaction<'_>) -> Result<(), AccessError> {
    let found = format_of(transaction)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS people (
             name TEXT PRIMARY KEY COLLATE NOCASE, role TEXT NOT NULL, password TEXT NOT NULL,
             disabled INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, signed_in_at INTEGER) STRICT;
         CREATE TABLE IF NOT EXISTS sessions (
             fingerprint TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES people (name) ON DELETE CASCADE,
             created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL) STRICT;
         CREATE TABLE IF NOT EXISTS setup (fingerprint TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;
         CREATE TABLE IF NOT EXISTS tokens (
             id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,
             person TEXT NOT NULL REFERENCES people (name) ON DELETE CASCADE,
             fingerprint TEXT NOT NULL UNIQUE, role TEXT NOT NULL, created_at INTEGER NOT NULL,
             expires_at INTEGER NOT NULL, used_at INTEGER, revoked INTEGER NOT NULL DEFAULT 0) STRICT;
         CREATE TABLE IF NOT EXISTS answers (
             person TEXT NOT NULL, idempotency_key TEXT NOT NULL, request TEXT NOT NULL, at INTEGER NOT NULL,
             status INTEGER, body TEXT, PRIMARY KEY (person, idempotency_key)) STRICT;",
    )?;
    transaction.execute_batch(trail::TABLE)?;
    match found {
        // Made by another program meanwhile.
        FORMAT => return Ok(()),
        0 => {}
        1 => trail::take_over(transaction)?,
        found => return Err(AccessError::OtherFormat { found }),
    }
    transaction.execute_batch(&format!(
        "ALTER TABLE people ADD COLUMN reset_at INTEGER;
         ALTER TABLE answers ADD COLUMN process TEXT NOT NULL DEFAULT '';
         PRAGMA user_version = {FORMAT};"
    ))?;
    Ok(())
}

pub(super) fn check_name(name: &str) -> Result<(), AccessError> {
    let fits = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | '_' | '@');
    if (1..=64).contains(&name.len()) && name.chars().all(fits) { Ok(()) } else { Err(AccessError::BadName) }
}

pub(super) fn insert_person(
    connection: &Connection,
    name: &str,
    role: Role,
    password: &str,
    now: Timestamp,
) -> Result<(), AccessError> {
    let added = connection.execute(
        "INSERT INTO people (name, role, password, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![name, role.word(), password, integer(now, 0)],
    )?;
    if added == 1 { Ok(()) } else { Err(AccessError::NameTaken(name.to_owned())) }
}

/// SQLite's integers are signed.
pub(super) fn integer(at: Timestamp, later_seconds: u64) -> i64 {
    i64::try_from(at.0.saturating_add(later_seconds.saturating_mul(1000))).unwrap_or(i64::MAX)
}

pub(super) fn before(now: Timestamp, seconds: u64) -> i64 {
    integer(Timestamp(now.0.saturating_sub(seconds * 1000)), 0)
}

#[cfg(test)]
mod tests;
