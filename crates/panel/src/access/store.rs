//! `panel.sqlite`: people, sessions, tokens, what was done. The only place that knows its tables.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Row, params};
use upgrade::Timestamp;

use super::role::Role;
use super::secret::{Minted, fingerprint};

/// Version of the file. 1: the first.
const FORMAT: u32 = 1;

/// A set-up link is good for so long.
pub const SETUP_SECONDS: u64 = 3600;
/// A session ends when nothing was asked in it for so long.
pub const SESSION_IDLE_SECONDS: u64 = 3600;
/// A session ends after so long, whatever was asked in it.
pub const SESSION_SECONDS: u64 = 12 * 3600;

/// Access, kept in a file.
#[derive(Debug)]
pub struct Access {
    connection: Mutex<Connection>,
}

/// Why access can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The store itself failed.
    #[error("the panel's own file cannot be used: {0}")]
    Store(#[from] rusqlite::Error),
    /// Written by another program.
    #[error("the panel's own file has format {found}, and this program knows {FORMAT}")]
    OtherFormat {
        /// The file's.
        found: u32,
    },
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are shut out.
    pub disabled: bool,
    /// Since when they are here.
    pub created_at: Timestamp,
    /// When they signed in last.
    pub signed_in_at: Option<Timestamp>,
}

/// Somebody who asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Their name.
    pub name: String,
    /// What they may do, now.
    pub role: Role,
    /// The token's name, when a program asks with one.
    pub token: Option<String>,
}

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub person: String,
    /// The most it may; never more than its owner.
    pub role: Role,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When it was used last.
    pub used_at: Option<Timestamp>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// What somebody did, for the audit trail.
#[derive(Debug, Clone, Copy)]
pub struct Audited<'a> {
    /// Who; the name that was tried where nobody is known.
    pub who: &'a str,
    /// From which address.
    pub address: &'a str,
    /// What.
    pub act: &'a str,
    /// To what.
    pub object: &'a str,
    /// Whether it was done; else it was refused or failed.
    pub done: bool,
    /// More, without secrets.
    pub detail: &'a str,
}

/// A line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// From which address.
    pub address: String,
    /// What.
    pub act: String,
    /// To what.
    pub object: String,
    /// Whether it was done.
    pub done: bool,
    /// More.
    pub detail: String,
}

impl Access {
    /// Open the file at `path`, made if it isn't there.
    ///
    /// # Errors
    /// It can't be opened, or another program wrote it.
    pub fn open(path: &Path) -> Result<Access, AccessError> {
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
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;",
        )?;
        let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found != 0 && found != FORMAT {
            return Err(AccessError::OtherFormat { found });
        }
        // The triggers make the audit trail append-only for everything that goes through this program.
        connection.execute_batch(&format!(
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
                 status INTEGER, body TEXT, PRIMARY KEY (person, idempotency_key)) STRICT;
             CREATE TABLE IF NOT EXISTS audit (
                 number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL,
                 address TEXT NOT NULL, act TEXT NOT NULL, object TEXT NOT NULL, done INTEGER NOT NULL,
                 detail TEXT NOT NULL) STRICT;
             CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE UPDATE ON audit
                 BEGIN SELECT RAISE(ABORT, 'the audit trail is not changed'); END;
             CREATE TRIGGER IF NOT EXISTS audit_is_kept BEFORE DELETE ON audit
                 BEGIN SELECT RAISE(ABORT, 'the audit trail is not shortened'); END;
             PRAGMA user_version = {FORMAT};"
        ))?;
        Ok(Access { connection: Mutex::new(connection) })
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

    /// Make a set-up link's secret; earlier ones are void.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn mint_setup(&self, now: Timestamp) -> Result<Minted, AccessError> {
        let minted = Minted::new("")?;
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM setup", [])?;
        transaction.execute(
            "INSERT INTO setup (fingerprint, expires_at) VALUES (?1, ?2)",
            params![fingerprint(minted.text()), integer(now, SETUP_SECONDS)],
        )?;
        transaction.commit()?;
        Ok(minted)
    }

    /// Whether a set-up secret is good.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn is_setup(&self, secret: &str, now: Timestamp) -> Result<bool, AccessError> {
        Ok(self.lock().query_row(
            "SELECT EXISTS (SELECT 1 FROM setup WHERE fingerprint = ?1 AND expires_at > ?2)",
            params![fingerprint(secret), integer(now, 0)],
            |row| row.get(0),
        )?)
    }

    /// Use a set-up secret: the first admin is here, and the secret is gone.
    ///
    /// # Errors
    /// The secret isn't good, or the name isn't.
    pub fn set_up(
        &self,
        secret: &str,
        name: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        check_name(name)?;
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let used = transaction.execute(
            "DELETE FROM setup WHERE fingerprint = ?1 AND expires_at > ?2
             AND NOT EXISTS (SELECT 1 FROM people)",
            params![fingerprint(secret), integer(now, 0)],
        )?;
        if used != 1 {
            return Err(AccessError::NoSetup);
        }
        insert_person(&transaction, name, Role::Admin, password, now)?;
        Ok(transaction.commit()?)
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

    /// Change somebody's role, or shut them out. Their sessions end.
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
        Ok(transaction.commit()?)
    }

    /// Give somebody another password. Their sessions end.
    ///
    /// # Errors
    /// Nobody has that name.
    pub fn change_password(&self, name: &str, password: &str) -> Result<(), AccessError> {
        let connection = self.lock();
        let changed =
            connection.execute("UPDATE people SET password = ?2 WHERE name = ?1", params![name, password])?;
        if changed == 0 {
            return Err(AccessError::Nobody(name.to_owned()));
        }
        connection.execute("DELETE FROM sessions WHERE person = ?1 COLLATE NOCASE", params![name])?;
        Ok(())
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
                role: role(row, 1)?,
                disabled: row.get(2)?,
                created_at: timestamp(row.get(3)?),
                signed_in_at: row.get::<_, Option<i64>>(4)?.map(timestamp),
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

    /// Begin a session: always a new secret, so that one that was planted is worth nothing.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn begin_session(&self, name: &str, now: Timestamp) -> Result<Minted, AccessError> {
        let minted = Minted::new("")?;
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute(
            "DELETE FROM sessions WHERE created_at < ?1 OR seen_at < ?2",
            params![before(now, SESSION_SECONDS), before(now, SESSION_IDLE_SECONDS)],
        )?;
        transaction.execute(
            "INSERT INTO sessions (fingerprint, person, created_at, seen_at) VALUES (?1, ?2, ?3, ?3)",
            params![fingerprint(minted.text()), name, integer(now, 0)],
        )?;
        transaction
            .execute("UPDATE people SET signed_in_at = ?2 WHERE name = ?1", params![name, integer(now, 0)])?;
        transaction.commit()?;
        Ok(minted)
    }

    /// Whose session this is; it goes on.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn session(&self, secret: &str, now: Timestamp) -> Result<Option<SignedIn>, AccessError> {
        let connection = self.lock();
        let print = fingerprint(secret);
        let found = connection
            .query_row(
                "SELECT people.name, people.role, sessions.seen_at FROM sessions
                 JOIN people ON people.name = sessions.person
                 WHERE fingerprint = ?1 AND people.disabled = 0
                 AND sessions.created_at >= ?2 AND sessions.seen_at >= ?3",
                params![print, before(now, SESSION_SECONDS), before(now, SESSION_IDLE_SECONDS)],
                |row| {
                    let person = SignedIn { name: row.get(0)?, role: role(row, 1)?, token: None };
                    Ok((person, timestamp(row.get(2)?)))
                },
            )
            .optional()?;
        let Some((person, seen_at)) = found else { return Ok(None) };
        // Not with every request: a minute more or less doesn't matter, a write to the disk does.
        if now.milliseconds_since(seen_at) > 60_000 {
            connection.execute(
                "UPDATE sessions SET seen_at = ?2 WHERE fingerprint = ?1",
                params![print, integer(now, 0)],
            )?;
        }
        Ok(Some(person))
    }

    /// End a session.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn end_session(&self, secret: &str) -> Result<(), AccessError> {
        self.lock().execute("DELETE FROM sessions WHERE fingerprint = ?1", params![fingerprint(secret)])?;
        Ok(())
    }

    /// Make an API token. Its secret is in the answer, and nowhere else.
    ///
    /// # Errors
    /// The file can't be written, or nobody has that name.
    pub fn mint_token(
        &self,
        person: &str,
        name: &str,
        role: Role,
        days: u32,
        now: Timestamp,
    ) -> Result<Minted, AccessError> {
        if name.is_empty() || name.chars().count() > 64 {
            return Err(AccessError::BadName);
        }
        let minted = Minted::new("swt_")?;
        self.lock().execute(
            "INSERT INTO tokens (name, person, fingerprint, role, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                name,
                person,
                fingerprint(minted.text()),
                role.word(),
                integer(now, 0),
                integer(now, u64::from(days) * 86_400)
            ],
        )?;
        Ok(minted)
    }

    /// Who asks with this token. It may no more than its owner may now.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn token(&self, secret: &str, now: Timestamp) -> Result<Option<SignedIn>, AccessError> {
        let connection = self.lock();
        let print = fingerprint(secret);
        let found = connection
            .query_row(
                "SELECT people.name, people.role, tokens.role, tokens.name, tokens.used_at FROM tokens
                 JOIN people ON people.name = tokens.person
                 WHERE fingerprint = ?1 AND revoked = 0 AND expires_at > ?2 AND people.disabled = 0",
                params![print, integer(now, 0)],
                |row| {
                    let role = role(row, 1)?.min(role(row, 2)?);
                    let person = SignedIn { name: row.get(0)?, role, token: row.get(3)? };
                    Ok((person, row.get::<_, Option<i64>>(4)?.map(timestamp)))
                },
            )
            .optional()?;
        let Some((person, used_at)) = found else { return Ok(None) };
        if used_at.is_none_or(|used| now.milliseconds_since(used) > 60_000) {
            connection.execute(
                "UPDATE tokens SET used_at = ?2 WHERE fingerprint = ?1",
                params![print, integer(now, 0)],
            )?;
        }
        Ok(Some(person))
    }

    /// Every token.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn tokens(&self) -> Result<Vec<ApiToken>, AccessError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT id, name, person, role, created_at, expires_at, used_at, revoked FROM tokens ORDER BY id DESC",
        )?;
        let tokens = statement.query_map([], |row| {
            Ok(ApiToken {
                id: row.get(0)?,
                name: row.get(1)?,
                person: row.get(2)?,
                role: role(row, 3)?,
                created_at: timestamp(row.get(4)?),
                expires_at: timestamp(row.get(5)?),
                used_at: row.get::<_, Option<i64>>(6)?.map(timestamp),
                revoked: row.get(7)?,
            })
        })?;
        Ok(tokens.collect::<Result<_, _>>()?)
    }

    /// Revoke a token.
    ///
    /// # Errors
    /// There is no such token.
    pub fn revoke_token(&self, id: i64) -> Result<(), AccessError> {
        match self.lock().execute("UPDATE tokens SET revoked = 1 WHERE id = ?1", params![id])? {
            0 => Err(AccessError::NoToken),
            _ => Ok(()),
        }
    }

    /// Write down what somebody did.
    ///
    /// # Errors
    /// The file can't be written: then it must not be done either.
    pub fn audit(&self, entry: Audited<'_>, now: Timestamp) -> Result<(), AccessError> {
        self.lock().execute(
            "INSERT INTO audit (at, who, address, act, object, done, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                integer(now, 0),
                clipped(entry.who),
                entry.address,
                entry.act,
                clipped(entry.object),
                entry.done,
                clipped(entry.detail)
            ],
        )?;
        Ok(())
    }

    /// The audit trail, newest first, before a number.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn audit_trail(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, AccessError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT number, at, who, address, act, object, done, detail FROM audit
             WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
        )?;
        let entries = statement.query_map(params![before.unwrap_or(i64::MAX), limit], |row| {
            Ok(AuditEntry {
                number: row.get(0)?,
                at: timestamp(row.get(1)?),
                who: row.get(2)?,
                address: row.get(3)?,
                act: row.get(4)?,
                object: row.get(5)?,
                done: row.get(6)?,
                detail: row.get(7)?,
            })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }
}

fn check_name(name: &str) -> Result<(), AccessError> {
    let fits = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | '_' | '@');
    if (1..=64).contains(&name.len()) && name.chars().all(fits) { Ok(()) } else { Err(AccessError::BadName) }
}

fn insert_person(
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

/// A role as the file has it; a word that we don't know may least.
fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    Ok(Role::named(&row.get::<_, String>(column)?).unwrap_or(Role::Viewer))
}

/// What somebody typed, no longer than a line.
fn clipped(text: &str) -> String {
    text.chars().take(200).collect()
}

fn timestamp(stored: i64) -> Timestamp {
    Timestamp(stored.unsigned_abs())
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
