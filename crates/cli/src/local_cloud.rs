//! The local cloud in this process: its files, its port, and how the SDK reaches it.

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use aws::{AwsCloud, Connection, Transport};
use conductor::{Clock, DataDirectory};
use localcloud::faults::Faults;
use localcloud::observe::Observed;
use localcloud::server::ServeError;
use localcloud::{AccessKeys, Config, LocalCloud};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{CliError, Exit};
use crate::files::{self, FileError};
use crate::seed::{Caller, SeedError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalCloudError {
    #[error("port {port} on this machine is in use")]
    PortInUse { port: u16 },
    #[error("the local cloud cannot listen on port {port}: {source}")]
    Listen { port: u16, source: io::Error },
    #[error("the local cloud cannot take the faults: {0}")]
    Faults(localcloud::AwsError),
    #[error("{} holds a local cloud already, and its speed was fixed when it was made", path.display())]
    FixedSpeed { path: PathBuf },
}

impl From<LocalCloudError> for CliError {
    fn from(error: LocalCloudError) -> CliError {
        match error {
            LocalCloudError::PortInUse { .. } => CliError::new(Exit::BadInput, error)
                .hint("choose another with --port, or --port 0 for any free one; nothing was started"),
            LocalCloudError::FixedSpeed { .. } => CliError::new(Exit::BadInput, error)
                .hint("leave --speed out, or use another --data-dir; nothing was started"),
            LocalCloudError::Listen { .. } | LocalCloudError::Faults(_) => CliError::new(Exit::Failed, error),
        }
    }
}

impl LocalCloudError {
    /// Why a port can't be listened on.
    pub(crate) fn listening(port: u16, source: io::Error) -> LocalCloudError {
        match source.kind() {
            io::ErrorKind::AddrInUse => LocalCloudError::PortInUse { port },
            _ => LocalCloudError::Listen { port, source },
        }
    }
}

/// A local cloud that listens.
pub(crate) struct Running {
    /// Where it listens, such as `http://127.0.0.1:4580`.
    pub endpoint_url: String,
    keys: AccessKeys,
    region: String,
    server: JoinHandle<Result<(), ServeError>>,
    /// Sent once.
    stop: Option<oneshot::Sender<()>>,
    cloud: LocalCloud,
}

/// Take a loopback port; 0 is any free one.
pub(crate) async fn listen(port: u16) -> Result<TcpListener, LocalCloudError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    bound.map_err(|source| LocalCloudError::listening(port, source))
}

/// The file with the lines that a shell sets.
pub(crate) const ENVIRONMENT_FILE: &str = "aws.env";

/// The file in which a data directory's local cloud lives.
pub(crate) const CLOUD_FILE: &str = "cloud.sqlite";

/// The folder in which a data directory's machines have their working folders and logs.
pub(crate) const MACHINES_FOLDER: &str = "machines";

/// Start the local cloud of a data directory, with its machine room: the one that is there, or a new one of this configuration.
pub(crate) fn start(
    listener: TcpListener,
    directory: &DataDirectory,
    config: Option<Config>,
    faults: Option<&Faults>,
    logs_requests: bool,
) -> Result<Running, CliError> {
    let path = directory.join(CLOUD_FILE);
    let clock = localcloud::Clock::system();
    let cloud = match config {
        Some(config) => LocalCloud::open(&path, config, clock, None)?,
        None => LocalCloud::reopen(&path, clock)?,
    };
    let cloud = if logs_requests { cloud.observed(Arc::new(print_line)) } else { cloud };
    if let Some(faults) = faults {
        cloud.set_faults(faults).map_err(LocalCloudError::Faults)?;
    }
    let address = listener.local_addr().map_err(|source| LocalCloudError::listening(0, source))?;
    let (keys, region) = (cloud.keys().clone(), cloud.region().to_owned());
    let (stop, stopped) = oneshot::channel();
    let served = localcloud::server::serve_with_machines(
        listener,
        cloud.clone(),
        directory.join(MACHINES_FOLDER),
        async move {
            // Without anybody left to stop it, it ends as well.
            let _asked = stopped.await;
        },
    );
    let server = tokio::spawn(served);
    Ok(Running { endpoint_url: format!("http://{address}"), keys, region, server, stop: Some(stop), cloud })
}

/// A data directory's local cloud, opened in this process for questions: nothing listens, and nothing of it runs.
pub(crate) fn in_process(directory: &DataDirectory, clock: Clock) -> Result<AwsCloud, CliError> {
    let cloud = LocalCloud::reopen(&directory.join(CLOUD_FILE), localcloud::Clock::system())?;
    let (keys, region) = (cloud.keys().clone(), cloud.region().to_owned());
    Ok(AwsCloud::new(&Connection {
        region,
        endpoint_url: "http://localhost".to_owned(),
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key,
        transport: Transport::InProcess(Arc::new(move |request| cloud.call(request))),
        now: Arc::new(move || clock.system_time()),
    }))
}

/// One request, one line. Nobody is left to be told when standard error is closed.
fn print_line(observed: &Observed) {
    let _unread = writeln!(io::stderr().lock(), "{observed}");
}

/// A load balancer's listener, and where it listens here.
pub(crate) struct Endpoint {
    /// The load balancer's name.
    pub load_balancer: String,
    /// The port that it has on AWS.
    pub port: u64,
    /// Such as `http://127.0.0.1:8080`.
    pub url: String,
}

/// Its processes are killed without being asked; [`Running::stop`] asks them.
impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Running {
    /// Stop listening, end every process that runs for it, and wait until none is left.
    pub(crate) async fn stop(mut self) -> Result<(), CliError> {
        // It may have ended by itself already, with what it answers.
        let _ended = self.stop.take().map(|stop| stop.send(()));
        match (&mut self.server).await {
            Ok(served) => Ok(served?),
            Err(failed) => Err(CliError::cannot_start(io::Error::other(failed))),
        }
    }

    /// Wait until it ends by itself, which it does only when it can't serve.
    pub(crate) async fn ended(&mut self) -> CliError {
        match (&mut self.server).await {
            Ok(Err(error)) => error.into(),
            Ok(Ok(())) => CliError::cannot_start(io::Error::other("the local cloud has ended")),
            Err(failed) => CliError::cannot_start(io::Error::other(failed)),
        }
    }

    /// Where load balancers have listened before, and do again.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let found = localcloud::machine_room::endpoints(&self.cloud).unwrap_or_default().into_iter();
        found
            .filter_map(|found| {
                Some(Endpoint {
                    load_balancer: found.get("loadBalancerName")?.as_str()?.to_owned(),
                    port: found.get("port")?.as_u64()?,
                    url: found.get("url")?.as_str()?.to_owned(),
                })
            })
            .collect()
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// What nobody else can know: secrets of its own processes are made of it.
    pub(crate) fn secret(&self) -> &str {
        &self.keys.secret_access_key
    }

    /// The SDK, pointed at it.
    pub(crate) fn sdk(&self, clock: Clock) -> AwsCloud {
        AwsCloud::new(&Connection {
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            access_key_id: self.keys.access_key_id.clone(),
            secret_access_key: self.keys.secret_access_key.clone(),
            transport: Transport::Network,
            now: Arc::new(move || clock.system_time()),
        })
    }

    /// The cloud as a seed calls it.
    pub(crate) fn caller(&self, clock: Clock) -> Result<Caller, SeedError> {
        Ok(Caller::at(&self.endpoint_url, self.keys.clone(), &self.region, clock)?)
    }

    /// What a shell sources to reach it with other programs.
    pub(crate) fn environment(&self) -> String {
        format!(
            "export AWS_ENDPOINT_URL={}\nexport AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={}\nexport AWS_REGION={region}\nexport AWS_DEFAULT_REGION={region}\n",
            self.endpoint_url,
            self.keys.access_key_id,
            self.keys.secret_access_key,
            region = self.region,
        )
    }

    /// Write it to the data directory, readable by its owner only.
    pub(crate) fn write_environment(&self, directory: &DataDirectory) -> Result<(), FileError> {
        files::write_private(&directory.join(ENVIRONMENT_FILE), self.environment().as_bytes())
    }
}
