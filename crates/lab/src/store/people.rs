//! Users, and the keys that let them in: cookies and API tokens, of which only digests are kept.

use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError};
use crate::clock::UnixSeconds;
use crate::identity::digest;

/// What a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A browser that signed in.
    Cookie,
    /// The REST API.
    Api,
}

impl KeyKind {
    fn word(self) -> &'static str {
        match self {
            KeyKind::Cookie => "cookie",
            KeyKind::Api => "api",
        }
    }
}

impl Store {
    /// Let `user` in with `token`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_key(&self, user: &str, kind: KeyKind, token: &str, at: UnixSeconds) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute(
            "INSERT INTO users(name, created_at) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
            params![user, at.0],
        )?;
        transaction.execute(
            "INSERT INTO keys(hash, user, kind, created_at) VALUES(?1, ?2, ?3, ?4)",
            params![digest(token), user, kind.word(), at.0],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn key_owner(&self, kind: KeyKind, token: &str) -> Result<Option<String>, StoreError> {
        let hash = digest(token);
        Ok(self
            .lock()
            .query_row(
                "SELECT user FROM keys WHERE hash = ?1 AND kind = ?2",
                params![hash, kind.word()],
                |row| row.get(0),
            )
            .optional()?)
    }

    /// Forget a token.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_key(&self, token: &str) -> Result<(), StoreError> {
        self.lock().execute("DELETE FROM keys WHERE hash = ?1", params![digest(token)])?;
        Ok(())
    }
}
