//! Which jobs of AWS Batch were submitted by whom. How they stand, Batch knows.

use rusqlite::params;

use super::{Store, StoreError};
use crate::clock::UnixSeconds;

/// A job as it was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedJob {
    /// Batch's id.
    pub id: String,
    /// `inventory` or `pipeline`.
    pub kind: String,
    /// Who submitted it.
    pub owner: String,
    /// When.
    pub submitted_at: UnixSeconds,
}

impl Store {
    /// Remember a job.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_job(&self, job: &SubmittedJob) -> Result<(), StoreError> {
        self.lock().execute(
            "INSERT INTO jobs(id, kind, owner, submitted_at) VALUES(?1, ?2, ?3, ?4)",
            params![job.id, job.kind, job.owner, job.submitted_at.0],
        )?;
        Ok(())
    }

    /// A user's latest jobs, newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn latest_jobs(&self, owner: &str) -> Result<Vec<SubmittedJob>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT id, kind, owner, submitted_at FROM jobs WHERE owner = ?1 ORDER BY number DESC LIMIT 20",
        )?;
        let rows = statement.query_map(params![owner], |row| {
            Ok(SubmittedJob {
                id: row.get(0)?,
                kind: row.get(1)?,
                owner: row.get(2)?,
                submitted_at: UnixSeconds(row.get(3)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
