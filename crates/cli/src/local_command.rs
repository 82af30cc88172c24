//! `slackwater local`: the local cloud by itself, for any client.

use std::path::Path;
use std::process::ExitCode;

use conductor::DataDirectory;
use localcloud::faults::Faults;
use localcloud::{Config, Speed};

use crate::arguments::Local;
use crate::error::{CliError, DONE};
use crate::local_cloud::{self, CLOUD_FILE};

pub(crate) async fn run(arguments: Local) -> Result<ExitCode, CliError> {
    let faults = match &arguments.faults {
        Some(path) => Some(faults_file(path)?),
        None => None,
    };
    let listener = local_cloud::listen(arguments.port).await?;
    let directory = DataDirectory::take(&arguments.data.path)?;
    // A cloud that is there keeps what it was made with.
    let config = (!directory.join(CLOUD_FILE).exists()).then(|| Config {
        region: arguments.region.clone(),
        speed: arguments.speed.unwrap_or(Speed::Times(1.0)),
        ..Config::default()
    });
    if config.is_none() && arguments.speed.is_some() {
        return Err(CliError::FixedSpeed { path: directory.path().to_owned() });
    }
    let mut running =
        local_cloud::start(listener, &directory, config, faults.as_ref(), arguments.log_requests)?;
    running.write_environment(&directory)?;
    print!("{}", running.environment());
    // Those of a cloud that was here before. Where new ones listen is said at /_slackwater/endpoints.
    for endpoint in running.endpoints() {
        println!("# load balancer {}, port {}: {}", endpoint.load_balancer, endpoint.port, endpoint.url);
    }
    println!(
        "# ready on {}; the same lines are in {}",
        running.endpoint_url,
        directory.join("aws.env").display()
    );
    tokio::select! {
        asked = asked_to_end() => asked.map_err(CliError::Runtime)?,
        error = running.ended() => return Err(error),
    }
    running.stop().await?;
    Ok(ExitCode::from(DONE))
}

/// Ctrl-C, or what a service manager sends.
pub(crate) async fn asked_to_end() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        asked = tokio::signal::ctrl_c() => asked,
        _asked = terminate.recv() => Ok(()),
    }
}

fn faults_file(path: &Path) -> Result<Faults, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CliError::Unreadable { path: path.to_owned(), source })?;
    Faults::parse(&text)
        .map_err(|error| CliError::Malformed { path: path.to_owned(), reason: error.to_string() })
}
