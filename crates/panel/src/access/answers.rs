//! Answers that were given, by idempotency key, for a day.

use rusqlite::{OptionalExtension, params};
use upgrade::Timestamp;

use super::store::{Access, AccessError, before, integer};

/// A key is remembered for so long.
const DAY_SECONDS: u64 = 86_400;

/// What came of an earlier request with the same key.
#[derive(Debug, PartialEq, Eq)]
pub enum Earlier {
    /// There was none: do it.
    None,
    /// It was another request.
    Other,
    /// It is being done, here.
    UnderWay,
    /// It isn't answered, and whoever owed the answer is another process, or was one: whoever asks must look whether it was
    /// done.
    Lost,
    /// It was answered.
    Answered { status: u16, body: String },
}

impl Access {
    /// Somebody asks with a key. `request` is a fingerprint of what they ask.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn begin_answer(
        &self,
        person: &str,
        key: &str,
        request: &str,
        now: Timestamp,
    ) -> Result<Earlier, AccessError> {
        let connection = self.lock();
        connection.execute("DELETE FROM answers WHERE at < ?1", params![before(now, DAY_SECONDS)])?;
        let new = connection.execute(
            "INSERT INTO answers (person, idempotency_key, request, at, process) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
            params![person, key, request, integer(now, 0), self.process],
        )?;
        if new == 1 {
            return Ok(Earlier::None);
        }
        type Kept = (String, Option<u16>, Option<String>, String);
        let kept: Option<Kept> = connection
            .query_row(
                "SELECT request, status, body, process FROM answers WHERE person = ?1 AND idempotency_key = ?2",
                params![person, key],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .optional()?;
        Ok(match kept {
            Some((_, None, _, process)) if process != self.process => Earlier::Lost,
            Some((asked, ..)) if asked != request => Earlier::Other,
            Some((_, Some(status), Some(body), _)) => Earlier::Answered { status, body },
            Some(_) | None => Earlier::UnderWay,
        })
    }

    /// A request with a key was answered.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn end_answer(&self, person: &str, key: &str, status: u16, body: &str) -> Result<(), AccessError> {
        self.lock().execute(
            "UPDATE answers SET status = ?3, body = ?4 WHERE person = ?1 AND idempotency_key = ?2",
            params![person, key, status, body],
        )?;
        Ok(())
    }
}
