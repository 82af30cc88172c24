//! The local cloud in this process: its files, its port, and how the SDK reaches it.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use aws::{AwsCloud, Connection, Transport};
use conductor::{Clock, DataDirectory};
use localcloud::faults::Faults;
use localcloud::{AccessKeys, Config, LocalCloud};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::error::CliError;
use crate::seed::{Caller, SeedError};

/// A local cloud that listens.
pub(crate) struct Running {
    /// Where it listens, such as `http://127.0.0.1:4580`.
    pub endpoint_url: String,
    keys: AccessKeys,
    region: String,
    server: JoinHandle<()>,
}

/// Take a loopback port; 0 is any free one.
pub(crate) async fn listen(port: u16) -> Result<TcpListener, CliError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => CliError::PortInUse { port },
        _ => CliError::Listen { port, source },
    })
}

/// The file in which a data directory's local cloud lives.
pub(crate) const CLOUD_FILE: &str = "cloud.sqlite";

/// Start the local cloud of a data directory: the one that is there, or a new one of this configuration.
pub(crate) fn start(
    listener: TcpListener,
    directory: &DataDirectory,
    config: Option<Config>,
    faults: Option<&Faults>,
) -> Result<Running, CliError> {
    let path = directory.join(CLOUD_FILE);
    let clock = localcloud::Clock::system();
    let cloud = match config {
        Some(config) => LocalCloud::open(&path, config, clock, None)?,
        None => LocalCloud::reopen(&path, clock)?,
    };
    if let Some(faults) = faults {
        cloud.set_faults(faults).map_err(CliError::Faults)?;
    }
    let address = listener.local_addr().map_err(|source| CliError::Listen { port: 0, source })?;
    let (keys, region) = (cloud.keys().clone(), cloud.region().to_owned());
    let server = tokio::spawn(async move {
        // It is ended with the process; it never ends by itself on a loopback listener.
        let _ended = localcloud::server::serve(listener, cloud, std::future::pending()).await;
    });
    Ok(Running { endpoint_url: format!("http://{address}"), keys, region, server })
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Running {
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
    pub(crate) fn write_environment(&self, directory: &DataDirectory) -> Result<(), CliError> {
        let path = directory.join("aws.env");
        let unwritable = |source| CliError::Unwritable { path: path.clone(), source };
        let mut options = std::fs::File::options();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(unwritable)?;
        io::Write::write_all(&mut file, self.environment().as_bytes()).map_err(unwritable)
    }
}
