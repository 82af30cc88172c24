//! `proposals.sqlite`: proposals, what was sent with them, what was found out. The only place that knows its tables.

mod rehearsals;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use conductor::make_private;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use upgrade::{Timestamp, UpgradeChoices};

use self::rehearsals::UnderWays;
use super::{Preparation, Proposal, Stage, TemplateChoice, WishedTemplate};
use crate::access::fresh_id;

/// Version of the file. 1: the first. 2: preparations with plans of format 3. 3: rehearsals.
const FORMAT: u32 = 3;

/// Proposals, kept in a file.
#[derive(Debug)]
pub struct Proposals {
    connection: Mutex<Connection>,
    /// Never held while the file is asked.
    under_way: Mutex<UnderWays>,
}

/// Why a proposal can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    /// The store itself failed.
    #[error("the file of proposals cannot be used: {0}")]
    Store(#[from] rusqlite::Error),
    /// It can't be made, or made its owner's alone.
    #[error("the file of proposals cannot be used: {0}")]
    File(#[from] std::io::Error),
    /// What is kept can't be read.
    #[error("a kept proposal cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Written by another program.
    #[error("the file of proposals has format {found}, and this program knows {FORMAT}")]
    OtherFormat { found: u32 },
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// There is no such proposal.
    #[error("there is no such proposal")]
    None,
    /// One at a time.
    #[error("{deployment} has a proposal by {by} already: go on with it, or discard it first")]
    OneIsOpen {
        /// The deployment.
        deployment: String,
        by: String,
    },
    /// Nothing can come of it any more.
    #[error("this proposal has ended: make a new one")]
    Ended,
    /// What isn't known isn't rehearsed.
    #[error("the deployment must be looked at first, then the upgrade can be rehearsed")]
    Unseen,
    /// One rehearsal at a time.
    #[error("it is being rehearsed already: wait for its end")]
    IsRehearsed,
}

impl Proposals {
    /// Open the file at `path`, made if it isn't there. It is its owner's alone. A look or a rehearsal that was under way when the
    /// last process ended is none.
    ///
    /// # Errors
    /// It can't be opened, or another program wrote it.
    pub fn open(path: &Path) -> Result<Proposals, ProposalError> {
        make_private(path)?;
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;",
        )?;
        let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found != 0 && found != FORMAT {
            return Err(ProposalError::OtherFormat { found });
        }
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS proposals (
                 number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, deployment TEXT NOT NULL,
                 open INTEGER NOT NULL, run_id TEXT, body TEXT NOT NULL, template TEXT, preparation TEXT, rehearsal TEXT) STRICT;
             CREATE UNIQUE INDEX IF NOT EXISTS one_is_open ON proposals (deployment) WHERE open = 1;
             CREATE INDEX IF NOT EXISTS proposals_by_run ON proposals (run_id);
             PRAGMA user_version = {FORMAT};"
        ))?;
        let proposals = Proposals { connection: Mutex::new(connection), under_way: Mutex::default() };
        for proposal in proposals.all_open()? {
            if matches!(proposal.stage, Stage::Looking { .. }) {
                proposals.change(&proposal.id, None, |proposal| {
                    proposal.stage = Stage::Unseen;
                    Ok::<_, ProposalError>(())
                })?;
            }
        }
        Ok(proposals)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Make one.
    ///
    /// # Errors
    /// [`ProposalError::OneIsOpen`] while the deployment has another.
    pub fn make(
        &self,
        deployment: &str,
        template: WishedTemplate,
        by: &str,
        now: Timestamp,
    ) -> Result<Proposal, ProposalError> {
        let (choice, text) = parted(template);
        let proposal = Proposal {
            id: fresh_id()?,
            deployment: deployment.to_owned(),
            revision: 0,
            made_by: by.to_owned(),
            authors: vec![by.to_owned()],
            made_at: now,
            template: choice,
            choices: UpgradeChoices::default(),
            stage: Stage::Unseen,
        };
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        if let Some(open) = find_one(&transaction, "deployment = ?1 AND open = 1", deployment)? {
            return Err(ProposalError::OneIsOpen { deployment: open.deployment, by: open.made_by });
        }
        transaction.execute(
            "INSERT INTO proposals (id, deployment, open, body, template) VALUES (?1, ?2, 1, ?3, ?4)",
            params![proposal.id, deployment, serde_json::to_string(&proposal)?, text],
        )?;
        transaction.commit()?;
        Ok(proposal)
    }

    /// One by its id.
    ///
    /// # Errors
    /// There is none, or the file can't be read.
    pub fn get(&self, id: &str) -> Result<Proposal, ProposalError> {
        find_one(&self.lock(), "id = ?1", id)?.ok_or(ProposalError::None)
    }

    /// The open one of a deployment.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn open_of(&self, deployment: &str) -> Result<Option<Proposal>, ProposalError> {
        find_one(&self.lock(), "deployment = ?1 AND open = 1", deployment)
    }

    /// The one that a run came of.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn by_run(&self, run_id: &str) -> Result<Option<Proposal>, ProposalError> {
        find_one(&self.lock(), "run_id = ?1", run_id)
    }

    /// A deployment's, newest first, before the one of this id.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn list(
        &self,
        deployment: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Proposal>, ProposalError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT body FROM proposals WHERE deployment = ?1
             AND (?2 IS NULL OR number < (SELECT number FROM proposals WHERE id = ?2)) ORDER BY number DESC LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let bodies = statement.query_map(params![deployment, before, limit], body)?;
        bodies.map(|body| Ok(serde_json::from_str(&body?)?)).collect()
    }

    fn all_open(&self) -> Result<Vec<Proposal>, ProposalError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT body FROM proposals WHERE open = 1")?;
        let bodies = statement.query_map([], body)?;
        bodies.map(|body| Ok(serde_json::from_str(&body?)?)).collect()
    }

    /// Change an open one, whole or not at all; what `change` refuses isn't written. A template that comes with it
    /// takes the old one's place. Gives it as it is then.
    ///
    /// # Errors
    /// There is none, it has ended, the file can't be written, or what `change` says.
    pub fn change<E: From<ProposalError>>(
        &self,
        id: &str,
        template: Option<WishedTemplate>,
        change: impl FnOnce(&mut Proposal) -> Result<(), E>,
    ) -> Result<Proposal, E> {
        let mut connection = self.lock();
        let transaction = connection.transaction().map_err(ProposalError::from)?;
        let mut proposal = find_one(&transaction, "id = ?1", id)?.ok_or(ProposalError::None)?;
        if !proposal.stage.is_open() {
            return Err(ProposalError::Ended.into());
        }
        if let Some((choice, text)) = template.map(parted) {
            proposal.template = choice;
            transaction
                .execute("UPDATE proposals SET template = ?2 WHERE id = ?1", params![id, text])
                .map_err(ProposalError::from)?;
        }
        change(&mut proposal)?;
        write(&transaction, &proposal)?;
        transaction.commit().map_err(ProposalError::from)?;
        drop(connection);
        self.forget_rehearsal_but(id, |of| proposal.stage.is_open() && of == proposal.revision);
        Ok(proposal)
    }

    /// The release as it was chosen, with its text where that was sent.
    ///
    /// # Errors
    /// There is none, or the file can't be read.
    pub fn template(&self, proposal: &Proposal) -> Result<WishedTemplate, ProposalError> {
        Ok(match &proposal.template {
            TemplateChoice::Url(url) => WishedTemplate::Url(url.clone()),
            TemplateChoice::Release(version) => WishedTemplate::Release(version.clone()),
            TemplateChoice::File { name } => {
                let text: Option<Option<String>> = self
                    .lock()
                    .query_row("SELECT template FROM proposals WHERE id = ?1", params![proposal.id], |row| {
                        row.get(0)
                    })
                    .optional()?;
                let text = text.flatten().ok_or(ProposalError::None)?;
                WishedTemplate::File { name: name.clone(), text }
            }
        })
    }

    /// What was found out by the last look, as long as it is of the proposal as it is now.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn preparation(&self, proposal: &Proposal) -> Result<Option<Preparation>, ProposalError> {
        if !proposal.stage.is_seen() {
            return Ok(None);
        }
        self.last_preparation(&proposal.id)
    }

    /// What was found out by the last look, whatever has changed since: for a proposal that has ended.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn last_preparation(&self, id: &str) -> Result<Option<Preparation>, ProposalError> {
        let kept: Option<Option<String>> = self
            .lock()
            .query_row("SELECT preparation FROM proposals WHERE id = ?1", params![id], |row| row.get(0))
            .optional()?;
        Ok(kept.flatten().map(|text| serde_json::from_str(&text)).transpose()?)
    }

    /// Whether a look found a plan for a proposal as it is: what could be approved.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn has_plan(&self, proposal: &Proposal) -> Result<bool, ProposalError> {
        if !proposal.stage.is_seen() {
            return Ok(false);
        }
        let query = "SELECT json_type(preparation, '$.plan') = 'object' FROM proposals WHERE id = ?1";
        let kept: Option<Option<bool>> =
            self.lock().query_row(query, params![proposal.id], |row| row.get(0)).optional()?;
        Ok(kept.flatten().unwrap_or(false))
    }

    /// A look at revision `revision` is over; one of an older revision is thrown away.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn end_look(
        &self,
        id: &str,
        revision: u64,
        found: Result<Preparation, String>,
        now: Timestamp,
    ) -> Result<(), ProposalError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let Some(mut proposal) = find_one(&transaction, "id = ?1", id)? else { return Ok(()) };
        if proposal.revision != revision || !matches!(proposal.stage, Stage::Looking { .. }) {
            return Ok(());
        }
        match found {
            Err(reason) => proposal.stage = Stage::Failed { at: now, reason },
            Ok(preparation) => {
                // What the new release marks as secret is kept nowhere, whatever the old one called it.
                proposal.choices.given.retain(|name, _| {
                    !preparation.parameters.iter().any(|row| row.name == *name && row.secret)
                });
                proposal.stage = Stage::Seen;
                transaction.execute(
                    "UPDATE proposals SET preparation = ?2 WHERE id = ?1",
                    params![id, serde_json::to_string(&preparation)?],
                )?;
            }
        }
        write(&transaction, &proposal)?;
        Ok(transaction.commit()?)
    }
}

fn parted(template: WishedTemplate) -> (TemplateChoice, Option<String>) {
    match template {
        WishedTemplate::Url(url) => (TemplateChoice::Url(url), None),
        WishedTemplate::File { name, text } => (TemplateChoice::File { name }, Some(text)),
        WishedTemplate::Release(version) => (TemplateChoice::Release(version), None),
    }
}

fn body(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}

/// `which` is a condition of ours with one place for a value, never somebody's text.
fn find_one(connection: &Connection, which: &str, value: &str) -> Result<Option<Proposal>, ProposalError> {
    let found: Option<String> = connection
        .query_row(
            &format!("SELECT body FROM proposals WHERE {which} ORDER BY number DESC LIMIT 1"),
            params![value],
            body,
        )
        .optional()?;
    Ok(found.map(|body| serde_json::from_str(&body)).transpose()?)
}

fn write(transaction: &Transaction<'_>, proposal: &Proposal) -> Result<(), ProposalError> {
    let run_id = proposal.stage.begun().map(|(run_id, _)| run_id);
    transaction.execute(
        "UPDATE proposals SET body = ?2, open = ?3, run_id = ?4 WHERE id = ?1",
        params![proposal.id, serde_json::to_string(proposal)?, proposal.stage.is_open(), run_id],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
