//! The deployments of the settings, each reached when it is first asked for, and kept.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use conductor::{JournalError, JournalStore as _};
use panel::BackendError;
use tokio::sync::{Mutex, Semaphore};

use super::lifeline::Lifeline;
use super::refusals::{refused, unreachable};
use super::remembered::SharedRuns;
use crate::configuration::{Configuration, DeploymentSettings};
use crate::error::CliError;
use crate::site::Site;

/// The name that assumed roles' sessions carry.
pub(super) const SESSION: &str = "panel";

pub(super) struct Reached {
    pub(super) configuration: Configuration,
    pub(super) data: PathBuf,
    reached: Mutex<HashMap<String, Arc<Site>>>,
    /// What conductings are ended by; `None`: the process is ending, and none begins any more.
    lifeline: std::sync::Mutex<Option<Lifeline>>,
    /// The states that are shared, as the panel follows them.
    shared: Vec<Arc<SharedRuns>>,
    /// Whose turn it is to rehearse: one at a time takes every core, and the runs that go on have need of them.
    pub(super) rehearsing: Semaphore,
}

impl Reached {
    pub(super) fn new(
        configuration: Configuration,
        data: PathBuf,
        lifeline: Lifeline,
        shared: Vec<Arc<SharedRuns>>,
    ) -> Reached {
        let (reached, lifeline) = (Mutex::default(), std::sync::Mutex::new(Some(lifeline)));
        Reached { configuration, data, reached, lifeline, shared, rehearsing: Semaphore::new(1) }
    }

    /// For one more conducting; `None`: the process is ending.
    pub(super) fn lifeline(&self) -> Option<Lifeline> {
        self.lifeline.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A deployment's run was just begun or gone on with.
    pub(super) async fn show_now(&self, deployment: &str) {
        for shared in self.shared.iter().filter(|shared| shared.settings.name == deployment) {
            shared.look_now().await;
        }
    }

    /// From now on no conducting begins.
    pub(super) fn begin_no_more(&self) {
        self.lifeline.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(super) fn settings(&self, deployment: &str) -> Result<&DeploymentSettings, BackendError> {
        let found = self.configuration.deployments.iter().find(|one| one.name == deployment);
        found.ok_or_else(|| BackendError::NoDeployment(deployment.to_owned()))
    }

    pub(super) async fn site(&self, deployment: &str) -> Result<Arc<Site>, BackendError> {
        self.settings(deployment)?;
        self.reach(deployment).await.map_err(unreachable)
    }

    /// The deployment that a run is of. One that can't be reached hides no other's runs.
    pub(super) async fn site_of_run(&self, run_id: &str) -> Result<Arc<Site>, BackendError> {
        let mut unreached = None;
        for settings in &self.configuration.deployments {
            let found = async {
                let site = self.reach(&settings.name).await?;
                let journal = site.journal_if_any(&self.data).await?;
                let runs = match &journal {
                    Some(journal) => journal.runs().await?,
                    None => Vec::new(),
                };
                let is_its = runs.iter().any(|run| run.run_id == run_id && run.deployment == settings.name);
                Ok::<_, CliError>(is_its.then_some(site))
            };
            match found.await {
                Ok(Some(site)) => return Ok(site),
                Ok(None) => {}
                Err(error) => unreached = Some(error),
            }
        }
        Err(match unreached {
            Some(error) => unreachable(error),
            None => refused(JournalError::NoSuchRun { run_id: run_id.to_owned() }),
        })
    }

    /// A deployment of the settings, reached once.
    pub(super) async fn reach(&self, deployment: &str) -> Result<Arc<Site>, CliError> {
        let mut reached = self.reached.lock().await;
        if let Some(site) = reached.get(deployment) {
            return Ok(Arc::clone(site));
        }
        let settings = self.configuration.deployment(Some(deployment))?.clone();
        let site = Site::of(settings, self.configuration.directory(), SESSION).await?.kept_in(&self.data);
        let site = Arc::new(Site { panel_url: self.configuration.panel.url.clone(), ..site });
        reached.insert(deployment.to_owned(), Arc::clone(&site));
        Ok(site)
    }
}
