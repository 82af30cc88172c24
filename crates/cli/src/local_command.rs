//! `slackwater local`: the local cloud by itself, for any client.

use std::path::Path;
use std::process::ExitCode;

use conductor::DataDirectory;
use localcloud::faults::Faults;
use localcloud::{Config, Speed};

use crate::answers::{self, LoadBalancerReady, LocalCloudReady};
use crate::arguments::{Format, Local};
use crate::error::{CliError, Exit};
use crate::files::{self, FileError};
use crate::local_cloud::{self, CLOUD_FILE, ENVIRONMENT_FILE, Endpoint, LocalCloudError, Running};
use crate::signals::asked_to_end;

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
        return Err(LocalCloudError::FixedSpeed { path: directory.path().to_owned() }.into());
    }
    let mut running =
        local_cloud::start(listener, &directory, config, faults.as_ref(), arguments.log_requests)?;
    running.write_environment(&directory)?;
    if arguments.format == Format::Json {
        answers::print(&ready(&running, &directory));
    } else {
        tell_shell(&running, &directory);
    }
    tokio::select! {
        asked = asked_to_end() => asked.map_err(CliError::cannot_start)?,
        error = running.ended() => return Err(error),
    }
    running.stop().await?;
    Ok(Exit::Done.into())
}

/// The lines that a shell sets, and where load balancers listen of a cloud that was here before. Where new ones listen is said at
/// /_slackwater/endpoints.
fn tell_shell(running: &Running, directory: &DataDirectory) {
    print!("{}", running.environment());
    for endpoint in running.endpoints() {
        println!("# load balancer {}, port {}: {}", endpoint.load_balancer, endpoint.port, endpoint.url);
    }
    println!(
        "# ready on {}; the same lines are in {}",
        running.endpoint_url,
        directory.join(ENVIRONMENT_FILE).display()
    );
}

fn ready(running: &Running, directory: &DataDirectory) -> LocalCloudReady {
    let load_balancer = |Endpoint { load_balancer: name, port, url }| LoadBalancerReady { name, port, url };
    LocalCloudReady {
        endpoint_url: running.endpoint_url.clone(),
        region: running.region().to_owned(),
        environment_file: directory.join(ENVIRONMENT_FILE).display().to_string(),
        load_balancers: running.endpoints().into_iter().map(load_balancer).collect(),
    }
}

fn faults_file(path: &Path) -> Result<Faults, CliError> {
    let text = files::read_text(path)?;
    Faults::parse(&text).map_err(|error| FileError::malformed(path, error).into())
}
