//! Coming in: the set-up link, and sessions.

use rusqlite::{OptionalExtension, params};
use upgrade::Timestamp;

use super::role::Role;
use super::secret::{Minted, fingerprint};
use super::store::{Access, AccessError, SignedIn, before, check_name, insert_person, integer};
use crate::moment::Moment;

/// A set-up link is good for so long.
pub const SETUP_SECONDS: u64 = 3600;
/// A session ends when nothing was asked in it for so long.
pub const SESSION_IDLE_SECONDS: u64 = 3600;
/// A session ends after so long, whatever was asked in it.
pub const SESSION_SECONDS: u64 = 12 * 3600;

/// What somebody showed when they asked: the fingerprint of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A session's cookie.
    Session(String),
    /// An API token.
    Token(String),
}

impl Access {
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
        let print = fingerprint(secret);
        let Some((person, seen_at)) = self.session_of(&print, now)? else { return Ok(None) };
        // Not with every request: a minute more or less doesn't matter, a write to the disk does.
        if now.milliseconds_since(seen_at) > 60_000 {
            self.lock().execute(
                "UPDATE sessions SET seen_at = ?2 WHERE fingerprint = ?1",
                params![print, integer(now, 0)],
            )?;
        }
        Ok(Some(person))
    }

    /// Whose session has this fingerprint, and when it was used last.
    fn session_of(&self, print: &str, now: Timestamp) -> Result<Option<(SignedIn, Timestamp)>, AccessError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT people.name, people.role, sessions.seen_at FROM sessions
             JOIN people ON people.name = sessions.person
             WHERE fingerprint = ?1 AND people.disabled = 0
             AND sessions.created_at >= ?2 AND sessions.seen_at >= ?3",
        )?;
        let found = statement.query_row(
            params![print, before(now, SESSION_SECONDS), before(now, SESSION_IDLE_SECONDS)],
            |row| {
                let person = SignedIn { name: row.get(0)?, role: row.get(1)?, token: None };
                let Moment(seen_at) = row.get(2)?;
                Ok((person, seen_at))
            },
        );
        Ok(found.optional()?)
    }

    /// Who shows this, now. To look at it is no use of it.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn shown_by(&self, proof: &Proof, now: Timestamp) -> Result<Option<SignedIn>, AccessError> {
        Ok(match proof {
            Proof::Session(print) => self.session_of(print, now)?.map(|(person, _)| person),
            Proof::Token(print) => self.token_of(print, now)?.map(|(person, _)| person),
        })
    }

    /// End a session.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn end_session(&self, secret: &str) -> Result<(), AccessError> {
        self.lock().execute("DELETE FROM sessions WHERE fingerprint = ?1", params![fingerprint(secret)])?;
        self.shut();
        Ok(())
    }
}
