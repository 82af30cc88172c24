//! Capsules (a command with a name) and computations (runs of one), and what may happen to a computation:
//! queued, claimed by a worker, finished or given up.

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Page, Store, StoreError, limit};
use crate::clock::UnixSeconds;

/// A command that can be run again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capsule {
    /// A UUID.
    pub id: String,
    /// As its owner calls it.
    pub name: String,
    /// Who made it.
    pub owner: String,
    /// What the shell is told; parameters are its arguments.
    pub command: String,
    /// When it was made.
    pub created_at: UnixSeconds,
}

/// How a computation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComputationState {
    /// Waits for a worker.
    Queued,
    /// A worker runs it.
    Running,
    /// A worker runs it, and is told to stop.
    Stopping,
    /// Ended with exit code 0.
    Succeeded,
    /// Ended otherwise.
    Failed,
    /// Ended because somebody wanted it.
    Stopped,
}

impl ComputationState {
    /// Every state.
    pub const ALL: [ComputationState; 6] = [
        ComputationState::Queued,
        ComputationState::Running,
        ComputationState::Stopping,
        ComputationState::Succeeded,
        ComputationState::Failed,
        ComputationState::Stopped,
    ];

    /// The word for it, in the database, on the wire and on the page.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ComputationState::Queued => "queued",
            ComputationState::Running => "running",
            ComputationState::Stopping => "stopping",
            ComputationState::Succeeded => "succeeded",
            ComputationState::Failed => "failed",
            ComputationState::Stopped => "stopped",
        }
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_finished(self) -> bool {
        match self {
            ComputationState::Queued | ComputationState::Running | ComputationState::Stopping => false,
            ComputationState::Succeeded | ComputationState::Failed | ComputationState::Stopped => true,
        }
    }
}

/// A run of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computation {
    /// A UUID.
    pub id: String,
    /// As its owner calls it.
    pub name: String,
    /// Who started it.
    pub owner: String,
    /// The capsule that it is a run of.
    pub capsule_id: Option<String>,
    /// What the shell is told.
    pub command: String,
    /// The shell's arguments.
    pub parameters: Vec<String>,
    /// How it stands.
    pub state: ComputationState,
    /// When it was asked for.
    pub created_at: UnixSeconds,
    /// When a worker took it.
    pub started_at: Option<UnixSeconds>,
    /// When it was over.
    pub ended_at: Option<UnixSeconds>,
    /// What the process ended with.
    pub exit_code: Option<i32>,
    /// Why it ended without an exit code.
    pub detail: Option<String>,
    /// Which worker took it.
    pub worker: Option<String>,
}

/// A computation that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComputation {
    /// A new UUID.
    pub id: String,
    /// As its owner calls it.
    pub name: String,
    /// Who wants it.
    pub owner: String,
    /// The capsule that it is a run of.
    pub capsule_id: Option<String>,
    /// What the shell is told.
    pub command: String,
    /// The shell's arguments.
    pub parameters: Vec<String>,
}

/// How a process ended, as its worker tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// What the process ended with; `None` when it was killed or couldn't start.
    pub exit_code: Option<i32>,
    /// Why there is no exit code.
    pub detail: Option<String>,
}

const COLUMNS: &str = "number, id, name, owner, capsule_id, command, parameters, state, created_at, started_at, \
                       ended_at, exit_code, detail, worker";

fn computation(row: &Row<'_>) -> rusqlite::Result<(i64, Computation)> {
    let unknown = |column: usize, text: String| {
        let error = Box::new(StoreError::UnknownWord(text));
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
    };
    let (parameters, state): (String, String) = (row.get(6)?, row.get(7)?);
    let computation = Computation {
        id: row.get(1)?,
        name: row.get(2)?,
        owner: row.get(3)?,
        capsule_id: row.get(4)?,
        command: row.get(5)?,
        parameters: serde_json::from_str(&parameters).map_err(|_| unknown(6, parameters))?,
        state: ComputationState::ALL
            .into_iter()
            .find(|known| known.word() == state)
            .ok_or_else(|| unknown(7, state))?,
        created_at: UnixSeconds(row.get(8)?),
        started_at: row.get::<_, Option<i64>>(9)?.map(UnixSeconds),
        ended_at: row.get::<_, Option<i64>>(10)?.map(UnixSeconds),
        exit_code: row.get(11)?,
        detail: row.get(12)?,
        worker: row.get(13)?,
    };
    Ok((row.get(0)?, computation))
}

fn capsule(row: &Row<'_>) -> rusqlite::Result<Capsule> {
    Ok(Capsule {
        id: row.get(0)?,
        name: row.get(1)?,
        owner: row.get(2)?,
        command: row.get(3)?,
        created_at: UnixSeconds(row.get(4)?),
    })
}

impl Store {
    /// A new capsule.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_capsule(&self, capsule: &Capsule) -> Result<(), StoreError> {
        self.lock().execute(
            "INSERT INTO capsules(id, name, owner, command, created_at) VALUES(?1, ?2, ?3, ?4, ?5)",
            params![capsule.id, capsule.name, capsule.owner, capsule.command, capsule.created_at.0],
        )?;
        Ok(())
    }

    /// A user's capsules, in the order they were made.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn capsules_of(&self, owner: &str) -> Result<Vec<Capsule>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT id, name, owner, command, created_at FROM capsules WHERE owner = ?1 ORDER BY number",
        )?;
        let rows = statement.query_map(params![owner], capsule)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ask for a computation.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_computation(&self, new: &NewComputation, at: UnixSeconds) -> Result<(), StoreError> {
        self.lock().execute(
            "INSERT INTO computations(id, name, owner, capsule_id, command, parameters, state, created_at)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7)",
            params![
                new.id,
                new.name,
                new.owner,
                new.capsule_id,
                new.command,
                serde_json::json!(new.parameters).to_string(),
                at.0
            ],
        )?;
        Ok(())
    }

    /// One computation that isn't deleted, or isn't over.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn computation(&self, id: &str) -> Result<Option<Computation>, StoreError> {
        let query = format!(
            "SELECT {COLUMNS} FROM computations WHERE id = ?1
             AND (deleted = 0 OR state IN ('queued', 'running', 'stopping'))"
        );
        Ok(self.lock().query_row(&query, params![id], computation).optional()?.map(|(_, row)| row))
    }

    /// A page of the unfinished ones after `cursor`, or of all.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn computations(&self, cursor: i64, all: bool) -> Result<Page<Computation>, StoreError> {
        let connection = self.lock();
        let query = format!(
            "SELECT {COLUMNS} FROM computations WHERE number > ?1
             AND (state IN ('queued', 'running', 'stopping') OR (?2 AND deleted = 0)) ORDER BY number LIMIT ?3"
        );
        let mut statement = connection.prepare(&query)?;
        let rows = statement.query_map(params![cursor, all, limit()], computation)?;
        Ok(Page::cut(rows.collect::<Result<_, _>>()?))
    }

    /// A user's computations that aren't deleted, newest first; with `capsule_id`, of that capsule only.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn computations_of(
        &self,
        owner: &str,
        capsule_id: Option<&str>,
    ) -> Result<Vec<Computation>, StoreError> {
        let connection = self.lock();
        let query = format!(
            "SELECT {COLUMNS} FROM computations WHERE owner = ?1 AND deleted = 0
             AND (?2 IS NULL OR capsule_id = ?2) ORDER BY number DESC LIMIT 1000"
        );
        let mut statement = connection.prepare(&query)?;
        let rows = statement.query_map(params![owner, capsule_id], computation)?;
        Ok(rows.map(|row| row.map(|(_, row)| row)).collect::<Result<_, _>>()?)
    }

    /// Give the longest waiting computation to a worker.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn claim(&self, worker: &str, at: UnixSeconds) -> Result<Option<Computation>, StoreError> {
        let query = format!(
            "UPDATE computations SET state = 'running', worker = ?1, started_at = ?2, heartbeat_at = ?2
             WHERE number = (SELECT min(number) FROM computations WHERE state = 'queued') RETURNING {COLUMNS}"
        );
        Ok(self.lock().query_row(&query, params![worker, at.0], computation).optional()?.map(|(_, row)| row))
    }

    /// A worker says that its computation still runs; tells whether it shall go on.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn heartbeat(&self, id: &str, worker: &str, at: UnixSeconds) -> Result<bool, StoreError> {
        let state: Option<String> = self
            .lock()
            .query_row(
                "UPDATE computations SET heartbeat_at = ?3
                 WHERE id = ?1 AND worker = ?2 AND state IN ('running', 'stopping') RETURNING state",
                params![id, worker, at.0],
                |row| row.get(0),
            )
            .optional()?;
        Ok(state.as_deref() == Some(ComputationState::Running.word()))
    }

    /// A worker's computation is over. `false` when it no longer was that worker's.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finish(
        &self,
        id: &str,
        worker: &str,
        finish: &Finish,
        at: UnixSeconds,
    ) -> Result<bool, StoreError> {
        let changed = self.lock().execute(
            "UPDATE computations SET ended_at = ?5, exit_code = ?3, detail = ?4,
             state = CASE WHEN state = 'stopping' THEN 'stopped' WHEN ?3 = 0 THEN 'succeeded' ELSE 'failed' END
             WHERE id = ?1 AND worker = ?2 AND state IN ('running', 'stopping')",
            params![id, worker, finish.exit_code, finish.detail, at.0],
        )?;
        Ok(changed > 0)
    }

    /// Stop a computation: at once when it waits, through its worker when it runs.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stop_computation(&self, id: &str, at: UnixSeconds) -> Result<(), StoreError> {
        self.lock().execute(
            "UPDATE computations SET ended_at = CASE WHEN state = 'queued' THEN ?2 END,
             state = CASE WHEN state = 'queued' THEN 'stopped' ELSE 'stopping' END
             WHERE id = ?1 AND state IN ('queued', 'running')",
            params![id, at.0],
        )?;
        Ok(())
    }

    /// Stop a computation and list it no more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delete_computation(&self, id: &str, at: UnixSeconds) -> Result<(), StoreError> {
        self.stop_computation(id, at)?;
        self.lock().execute("UPDATE computations SET deleted = 1 WHERE id = ?1", params![id])?;
        Ok(())
    }

    /// Call a computation something else.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rename_computation(&self, id: &str, name: &str) -> Result<(), StoreError> {
        self.lock().execute("UPDATE computations SET name = ?2 WHERE id = ?1", params![id, name])?;
        Ok(())
    }

    /// Give up computations whose worker has said nothing since `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn give_up(&self, before: UnixSeconds, at: UnixSeconds) -> Result<usize, StoreError> {
        Ok(self.lock().execute(
            "UPDATE computations SET ended_at = ?2, detail = 'its worker is gone',
             state = CASE WHEN state = 'stopping' THEN 'stopped' ELSE 'failed' END
             WHERE state IN ('running', 'stopping') AND heartbeat_at < ?1",
            params![before.0, at.0],
        )?)
    }

    /// Workers couldn't be heard while no web service ran: their silence counts from now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn hear_from_now(&self, at: UnixSeconds) -> Result<(), StoreError> {
        self.lock().execute(
            "UPDATE computations SET heartbeat_at = ?1 WHERE state IN ('running', 'stopping')",
            params![at.0],
        )?;
        Ok(())
    }

    /// When the longest waiting computation was asked for.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn waiting_since(&self) -> Result<Option<UnixSeconds>, StoreError> {
        let query = "SELECT min(created_at) FROM computations WHERE state = 'queued'";
        let since: Option<i64> = self.lock().query_row(query, [], |row| row.get(0))?;
        Ok(since.map(UnixSeconds))
    }
}
