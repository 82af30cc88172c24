//! The lab within reach, and its journal while nothing of it runs.

use aws::AwsClouds;
use conductor::{Clock, DataDirectory};

use super::settings_file;
use crate::configuration::{Configuration, ConfigurationError, DeploymentSettings};
use crate::error::CliError;
use crate::files;
use crate::journal::Journal;
use crate::local_cloud::{self, Running};
use crate::ports::Ports;
use crate::site::{self, Site};

/// The lab within reach, by the settings in its directory, on the local cloud of this process: it may have come to
/// another port since they were written.
pub(super) fn site_of(running: &Running, directory: &DataDirectory) -> Result<Site, CliError> {
    let clock = Clock::system();
    let settings = settings(directory)?;
    let clouds = AwsClouds::one(running.sdk(clock));
    let ports = Ports { clouds, platform: site::adapter(&settings.platform, directory.path())? };
    Site::around(settings, directory.path(), ports, clock)
}

/// The lab's journal while nothing of it runs: its cloud is opened in this process.
pub(super) async fn stopped_journal(directory: &DataDirectory) -> Result<Journal, CliError> {
    let clock = Clock::system();
    let cloud = local_cloud::in_process(directory, clock)?;
    let settings = settings(directory)?;
    match &settings.state {
        Some(state) => Journal::shared(&cloud, state, &settings.stack, clock).await,
        None => Journal::here(directory.path()),
    }
}

fn settings(directory: &DataDirectory) -> Result<DeploymentSettings, CliError> {
    let path = directory.join(settings_file::FILE);
    let text = files::read_text(&path)?;
    let configuration =
        Configuration::parse(&path.display().to_string(), &text).map_err(ConfigurationError::Problems)?;
    Ok(configuration.deployment(None)?.clone())
}
