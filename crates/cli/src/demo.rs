//! `slackwater demo`: a platform from nothing to its next release, on a local cloud in this process. The lab, with real
//! processes behind real listeners ([`lab`]); or a vendor's releases, simulated ([`vendor`]).

mod directory;
mod http_client;
mod lab;
mod lab_releases;
mod onlooker;
mod panel;
mod people;
mod processes;
mod proof;
mod settings_file;
mod vendor;

use std::future::Future;
use std::process::ExitCode;

use conductor::DataDirectory;

pub(crate) use directory::Notes;
pub use http_client::DemoError;
pub use vendor::{Scenario, accepted, demo_settings, populate};

use crate::arguments::Demo;
use crate::error::CliError;
use crate::interruption::Signals;
use crate::local_cloud::Running;
use crate::operate;
use crate::site::Site;

pub(crate) async fn run(arguments: Demo) -> Result<ExitCode, CliError> {
    match (arguments.from.clone(), arguments.to.clone()) {
        (Some(from), Some(to)) => vendor::run(arguments, &from, &to).await,
        (Some(_) | None, _) => lab::run(arguments).await,
    }
}

/// The demo's deployment within reach: on the local cloud of its own directory, with the settings that lie there.
pub(crate) fn site_of(
    running: &Running,
    directory: &DataDirectory,
    stack_name: &str,
) -> Result<Site, CliError> {
    if directory.join(settings_file::FILE).exists() {
        return lab::site_of(running, directory);
    }
    vendor::site_of(running, directory, stack_name)
}

/// Let the work go on until it is done or a signal asks for its end. A run has its own: it is left as it should be.
pub(crate) async fn until_interrupted<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    let mut signals = Signals::listen().map_err(CliError::Runtime)?;
    tokio::select! {
        done = work => Ok(done),
        _ = signals.next() => Err(CliError::Interrupted),
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
    has_answer.await.map_err(|_| CliError::NotApproved)?
}
