//! `slackwater demo`: a platform from nothing to its next release, on a local cloud in this process. The lab, with real
//! processes behind real listeners ([`lab`]); or a vendor's releases, simulated ([`vendor`]).

mod directory;
mod http_client;
mod lab;
mod lab_releases;
mod lab_site;
mod onlooker;
mod panel;
mod people;
mod processes;
mod proof;
mod settings_file;
mod vendor;

use std::path::Path;
use std::process::ExitCode;

use conductor::{DataDirectory, DataDirectoryError};

pub(crate) use directory::{NoDemo, Notes};
pub use http_client::DemoError;
pub use vendor::{Scenario, accepted, demo_settings, populate};

use crate::arguments::{ConfigFile, Demo};
use crate::error::CliError;
use crate::journal::Journal;
use crate::local_cloud::{CLOUD_FILE, Running};
use crate::operate::{self, ApprovalError};
use crate::site::Site;

pub(crate) async fn run(arguments: Demo) -> Result<ExitCode, CliError> {
    match (arguments.from.clone(), arguments.to.clone()) {
        (Some(from), Some(to)) => vendor::run(arguments, &from, &to).await,
        (Some(_) | None, _) => lab::run(arguments).await,
    }
}

/// The demo's deployment within reach: on the local cloud of its own directory, with the settings that lie there.
pub(crate) async fn site_of(running: &Running, directory: &DataDirectory) -> Result<Site, CliError> {
    if directory.join(settings_file::FILE).exists() {
        return lab_site::site_of(running, directory);
    }
    let runs = directory::runs_here(directory).await?;
    let Some(run) = runs.last() else { return Err(NoDemo { path: directory.path().to_owned() }.into()) };
    vendor::site_of(running, directory, &run.stack_name)
}

/// The journal of a lab whose program has ended: it is in a bucket of the lab's own cloud, which is opened for it and held as
/// long as the second value lives. `None`: there is no such lab, it runs, or other settings are meant.
pub(crate) async fn stopped_lab(
    config: &ConfigFile,
    path: &Path,
) -> Result<Option<(Journal, DataDirectory)>, CliError> {
    let whole = |path: &Path| path.canonicalize().ok();
    let own = path.join(settings_file::FILE);
    let is_meant = match &config.path {
        Some(given) => whole(given).is_some() && whole(given) == whole(&own),
        None => !Path::new(settings_file::FILE).exists() || whole(path) == whole(Path::new(".")),
    };
    if !is_meant || !own.exists() || !path.join(CLOUD_FILE).exists() {
        return Ok(None);
    }
    match DataDirectory::take(path) {
        Ok(directory) => Ok(Some((lab_site::stopped_journal(&directory).await?, directory))),
        Err(DataDirectoryError::InUse { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Ask for approval on a thread of its own: the cloud, the lab and whoever looks at them through the panel go on meanwhile,
/// and a signal is heard.
async fn approved() -> Result<(), CliError> {
    let (answer, has_answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Interrupted meanwhile, nobody waits for the answer.
        let _gone = answer.send(operate::approve("Carry it out? Users are kept out meanwhile."));
    });
    Ok(has_answer.await.map_err(|_| ApprovalError::NotApproved)??)
}
