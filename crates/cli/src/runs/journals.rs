//! Every place where a run may be remembered: this machine's data directory, and the states of the settings' deployments.

use std::path::PathBuf;

use conductor::{DataDirectory, JournalError, JournalStore as _, RunSummary};

use crate::answers::Unreached;
use crate::arguments::{DataDir, Places};
use crate::configuration::ConfigurationError;
use crate::demo;
use crate::error::CliError;
use crate::journal::{Journal, NoRun, shared_state_of};
use crate::site::{self, JOURNAL_FILE};

/// What a journal is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// To be looked at: nothing is written, so a full disk hides nothing.
    Read,
    /// To ask something of a run, or to go on with one.
    Write,
}

/// Every place where runs of this machine's deployments are remembered.
#[derive(Debug)]
pub(super) struct Journals {
    all: Vec<Journal>,
    /// Deployments whose state can't be reached, each with the reason.
    unreached: Vec<(String, CliError)>,
    directory: PathBuf,
    /// A demo's, whose cloud was opened to read its state.
    _held: Option<DataDirectory>,
}

impl Journals {
    /// The data directory's, and the states of all deployments that the settings name. Without settings the data directory's.
    pub(super) async fn open(places: &Places, access: Access) -> Result<Journals, CliError> {
        let Places { config, data: DataDir { path } } = places;
        let here = match access {
            Access::Read => Journal::here_if_any(path)?,
            Access::Write if path.join(JOURNAL_FILE).exists() => Some(Journal::here(path)?),
            Access::Write => None,
        };
        let mut journals = Journals {
            all: here.into_iter().collect(),
            unreached: Vec::new(),
            directory: path.clone(),
            _held: None,
        };
        if let Some((journal, held)) = demo::stopped_lab(config, path).await? {
            journals.all.push(journal);
            journals._held = Some(held);
            return Ok(journals);
        }
        let configuration = match site::configuration(config) {
            Ok(configuration) => configuration,
            Err(ConfigurationError::NoFile { .. }) => return Ok(journals),
            Err(error) => return Err(error.into()),
        };
        for settings in &configuration.deployments {
            match shared_state_of(settings).await {
                Ok(journal) => journals.all.extend(journal),
                Err(error) => journals.unreached.push((settings.name.clone(), error)),
            }
        }
        Ok(journals)
    }

    /// Each of them.
    pub(super) fn all(&self) -> &[Journal] {
        &self.all
    }

    /// The states that could not be read: what is shown is not all.
    pub(super) fn unreached(&self) -> Vec<Unreached> {
        let unreached = self.unreached.iter();
        unreached.map(|(name, error)| Unreached { name: name.clone(), because: error.to_string() }).collect()
    }

    /// Say which those are.
    pub(super) fn tell_unreached(&self) {
        for (deployment, error) in &self.unreached {
            remark!("the state of deployment {deployment} can't be read, so its runs are not shown: {error}");
        }
    }

    /// The journal of the run that was named, else of the latest one; and the run's id.
    pub(super) async fn find(self, run_id: Option<&str>) -> Result<(Journal, String), CliError> {
        let mut places = vec![self.directory.display().to_string()];
        let shared = self.all.iter().filter(|journal| matches!(journal, Journal::Shared(_)));
        places.extend(shared.map(|journal| journal.location().to_owned()));
        let mut found: Option<(RunSummary, Journal)> = None;
        for journal in self.all {
            let runs = match journal.runs().await {
                Ok(runs) => runs,
                // Another place may have it.
                Err(error) if run_id.is_some() => {
                    remark!("{} can't be read: {error}", journal.location());
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let wanted = runs.into_iter().rev().find(|run| run_id.is_none_or(|id| run.run_id == id));
            if let Some(run) = wanted
                && found.as_ref().is_none_or(|(known, _)| known.created_at < run.created_at)
            {
                found = Some((run, journal));
            }
        }
        match (found, run_id, self.unreached.into_iter().next()) {
            (Some((run, journal)), ..) => Ok((journal, run.run_id)),
            // It may be there.
            (None, _, Some((_, error))) => Err(error),
            (None, Some(run_id), None) => Err(JournalError::NoSuchRun { run_id: run_id.to_owned() }.into()),
            (None, None, None) => Err(NoRun { places }.into()),
        }
    }
}
