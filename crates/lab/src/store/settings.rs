//! The banner that every page shows.

use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError};
use crate::clock::UnixSeconds;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banner {
    pub text: String,
    /// `info`, `warning` or `critical`.
    pub level: String,
    /// Shown from then on, in seconds since 1970; `None`: at once.
    pub from: Option<i64>,
    /// Shown until then; `None`: until it is removed.
    pub until: Option<i64>,
}

impl Banner {
    /// Whether it is shown at this time.
    #[must_use]
    pub fn is_shown(&self, at: UnixSeconds) -> bool {
        self.from.is_none_or(|from| from <= at.0) && self.until.is_none_or(|until| at.0 < until)
    }
}

impl Store {
    /// The banner, shown now or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn banner(&self) -> Result<Option<Banner>, StoreError> {
        let text: Option<String> = self
            .lock()
            .query_row("SELECT value FROM settings WHERE name = 'banner'", [], |row| row.get(0))
            .optional()?;
        text.map(|text| serde_json::from_str(&text).map_err(|_| StoreError::UnknownWord(text))).transpose()
    }

    /// Put the banner, or take it away.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_banner(&self, banner: Option<&Banner>) -> Result<(), StoreError> {
        let connection = self.lock();
        match banner {
            Some(banner) => connection.execute(
                "INSERT INTO settings(name, value) VALUES('banner', ?1)
                 ON CONFLICT(name) DO UPDATE SET value = excluded.value",
                params![serde_json::json!(banner).to_string()],
            )?,
            None => connection.execute("DELETE FROM settings WHERE name = 'banner'", [])?,
        };
        Ok(())
    }
}
