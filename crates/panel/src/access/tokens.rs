//! API tokens: what programs sign in with.

use rusqlite::{OptionalExtension, params};
use schemars::JsonSchema;
use serde::Serialize;
use upgrade::Timestamp;

use super::role::Role;
use super::secret::{Minted, fingerprint};
use super::store::{Access, AccessError, SignedIn, integer};
use crate::moment::Moment;

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Token")]
pub struct ApiToken {
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub person: String,
    /// The most it may; never more than its owner.
    pub role: Role,
    pub revoked: bool,
    pub created_at: Moment,
    pub expires_at: Moment,
    /// When it was used last; `null`: never.
    pub used_at: Option<Moment>,
}

impl Access {
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
        let print = fingerprint(secret);
        let Some((person, used_at)) = self.token_of(&print, now)? else { return Ok(None) };
        if used_at.is_none_or(|used| now.milliseconds_since(used) > 60_000) {
            self.lock().execute(
                "UPDATE tokens SET used_at = ?2 WHERE fingerprint = ?1",
                params![print, integer(now, 0)],
            )?;
        }
        Ok(Some(person))
    }

    /// Whose token has this fingerprint, and when it was used last.
    pub(super) fn token_of(
        &self,
        print: &str,
        now: Timestamp,
    ) -> Result<Option<(SignedIn, Option<Timestamp>)>, AccessError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT people.name, people.role, tokens.role, tokens.name, tokens.used_at FROM tokens
             JOIN people ON people.name = tokens.person
             WHERE fingerprint = ?1 AND revoked = 0 AND expires_at > ?2 AND people.disabled = 0",
        )?;
        let found = statement.query_row(params![print, integer(now, 0)], |row| {
            let role = row.get::<_, Role>(1)?.min(row.get(2)?);
            let person = SignedIn { name: row.get(0)?, role, token: row.get(3)? };
            Ok((person, row.get::<_, Option<Moment>>(4)?.map(|Moment(at)| at)))
        });
        Ok(found.optional()?)
    }

    /// Every token.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn tokens(&self) -> Result<Vec<ApiToken>, AccessError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT id, name, person, role, revoked, created_at, expires_at, used_at FROM tokens ORDER BY id DESC",
        )?;
        let tokens = statement.query_map([], |row| {
            Ok(ApiToken {
                id: row.get(0)?,
                name: row.get(1)?,
                person: row.get(2)?,
                role: row.get(3)?,
                revoked: row.get(4)?,
                created_at: row.get(5)?,
                expires_at: row.get(6)?,
                used_at: row.get(7)?,
            })
        })?;
        Ok(tokens.collect::<Result<_, _>>()?)
    }

    /// Revoke a token.
    ///
    /// # Errors
    /// There is no such token.
    pub fn revoke_token(&self, id: i64) -> Result<(), AccessError> {
        let revoked = self.lock().execute("UPDATE tokens SET revoked = 1 WHERE id = ?1", params![id])?;
        if revoked == 0 {
            return Err(AccessError::NoToken);
        }
        self.shut();
        Ok(())
    }
}
