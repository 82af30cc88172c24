//! The registry of sessions: who has one, when it was last saved, what its owner was told. Whether one runs is
//! known in memory only: after a restart none does.

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Page, Store, StoreError, limit};
use crate::clock::UnixSeconds;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// A UUID.
    pub id: String,
    /// As its owner calls it.
    pub name: String,
    /// Who may open it.
    pub owner: String,
    /// When it was opened last.
    pub started_at: UnixSeconds,
    /// When its owner last did something in it.
    pub last_active_at: UnixSeconds,
    /// The last attempt at saving: when, and what went wrong.
    pub last_save: Option<(UnixSeconds, Option<String>)>,
}

/// What the owner of a session is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The words.
    pub text: String,
    /// `info`, `warning` or `critical`.
    pub level: String,
    /// When it was said.
    pub at: UnixSeconds,
}

/// A file that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Within the session's folder.
    pub path: String,
    /// Its size then.
    pub bytes: i64,
    /// When.
    pub at: UnixSeconds,
}

const COLUMNS: &str = "number, id, name, owner, started_at, last_active_at, last_save_at, last_save_error";

fn session(row: &Row<'_>) -> rusqlite::Result<(i64, SessionRow)> {
    let saved: Option<i64> = row.get(6)?;
    let error: Option<String> = row.get(7)?;
    let session = SessionRow {
        id: row.get(1)?,
        name: row.get(2)?,
        owner: row.get(3)?,
        started_at: UnixSeconds(row.get(4)?),
        last_active_at: UnixSeconds(row.get(5)?),
        last_save: saved.map(|at| (UnixSeconds(at), error)),
    };
    Ok((row.get(0)?, session))
}

impl Store {
    /// A new session.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_session(&self, id: &str, name: &str, owner: &str, at: UnixSeconds) -> Result<(), StoreError> {
        self.lock().execute(
            "INSERT INTO sessions(id, name, owner, started_at, last_active_at) VALUES(?1, ?2, ?3, ?4, ?4)",
            params![id, name, owner, at.0],
        )?;
        Ok(())
    }

    /// One session.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session(&self, id: &str) -> Result<Option<SessionRow>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1");
        Ok(self.lock().query_row(&query, params![id], session).optional()?.map(|(_, row)| row))
    }

    /// A page of all sessions after `cursor`; with `among`, of those only.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sessions(&self, cursor: i64, among: Option<&[String]>) -> Result<Page<SessionRow>, StoreError> {
        let connection = self.lock();
        let query = format!(
            "SELECT {COLUMNS} FROM sessions WHERE number > ?1
             AND (?2 IS NULL OR id IN (SELECT value FROM json_each(?2))) ORDER BY number LIMIT ?3"
        );
        let among = among.map(|ids| serde_json::json!(ids).to_string());
        let mut statement = connection.prepare(&query)?;
        let rows = statement.query_map(params![cursor, among, limit()], session)?;
        Ok(Page::cut(rows.collect::<Result<_, _>>()?))
    }

    /// A user's sessions, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sessions_of(&self, owner: &str) -> Result<Vec<SessionRow>, StoreError> {
        let connection = self.lock();
        let query =
            format!("SELECT {COLUMNS} FROM sessions WHERE owner = ?1 ORDER BY number DESC LIMIT {}", limit());
        let mut statement = connection.prepare(&query)?;
        let rows = statement.query_map(params![owner], session)?;
        Ok(rows.map(|row| row.map(|(_, row)| row)).collect::<Result<_, _>>()?)
    }

    /// A session was opened: what its owner was told before is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session_opened(&self, id: &str, at: UnixSeconds) -> Result<(), StoreError> {
        let connection = self.lock();
        connection.execute("DELETE FROM notices WHERE session_id = ?1", params![id])?;
        connection.execute(
            "UPDATE sessions SET started_at = ?2, last_active_at = ?2 WHERE id = ?1",
            params![id, at.0],
        )?;
        Ok(())
    }

    /// Its owner did something in it.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session_active(&self, id: &str, at: UnixSeconds) -> Result<(), StoreError> {
        self.lock().execute("UPDATE sessions SET last_active_at = ?2 WHERE id = ?1", params![id, at.0])?;
        Ok(())
    }

    /// What came of a save.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn session_saved(&self, id: &str, at: UnixSeconds, error: Option<&str>) -> Result<(), StoreError> {
        self.lock().execute(
            "UPDATE sessions SET last_save_at = ?2, last_save_error = ?3 WHERE id = ?1",
            params![id, at.0, error],
        )?;
        Ok(())
    }

    /// Files that were saved, for the history that schema 2 has.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_saves(&self, id: &str, saves: &[Saved]) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for saved in saves {
            transaction.execute(
                "INSERT INTO saves(session_id, path, bytes, at) VALUES(?1, ?2, ?3, ?4)",
                params![id, saved.path, saved.bytes, saved.at.0],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// The latest saves of a session, newest first. Schema 2.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn latest_saves(&self, id: &str) -> Result<Vec<Saved>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT path, bytes, at FROM saves WHERE session_id = ?1 ORDER BY number DESC LIMIT 10",
        )?;
        let rows = statement.query_map(params![id], |row| {
            Ok(Saved { path: row.get(0)?, bytes: row.get(1)?, at: UnixSeconds(row.get(2)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Tell the owner of a session. The same words are kept once.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_notice(&self, id: &str, notice: &Notice) -> Result<(), StoreError> {
        self.lock().execute(
            "INSERT INTO notices(session_id, text, level, at) VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![id, notice.text, notice.level, notice.at.0],
        )?;
        Ok(())
    }

    /// What the owner was told since the session was opened.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn notices(&self, id: &str) -> Result<Vec<Notice>, StoreError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT text, level, at FROM notices WHERE session_id = ?1 ORDER BY number LIMIT 100")?;
        let rows = statement.query_map(params![id], |row| {
            Ok(Notice { text: row.get(0)?, level: row.get(1)?, at: UnixSeconds(row.get(2)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
