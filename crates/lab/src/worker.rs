//! The worker: asks the web service for a computation, runs it as a process, tells its log as it grows, its
//! results and its end; then asks again. One computation at a time; it needs no folder but its own.

mod client;
mod run;

use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::aws_api::AwsApi;
use crate::identity::Secret;
use client::{Client, ClientError};

/// How often an idle worker asks, and a busy one tells.
pub(crate) const BEAT: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// The internal address of the web service, such as `http://10.0.0.1:8081`.
    pub web: String,
    pub token: Secret,
    /// What it calls itself: the instance's id.
    pub name: String,
    /// Where computations run; each in a folder that is removed afterwards.
    pub scratch: PathBuf,
    /// A lifecycle hook of its Auto Scaling group that it completes once the web service has answered it.
    pub launch_hook: Option<LaunchHook>,
}

/// A launch hook that waits for this worker.
#[derive(Debug, Clone)]
pub struct LaunchHook {
    pub api: AwsApi,
    pub name: String,
}

#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Signals can't be waited for, or the folder can't be used.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
    /// The web service will never answer this worker.
    #[error("the web service refuses this worker: {0}")]
    Refused(String),
}

/// Work until SIGTERM or SIGINT; a computation that runs then is ended and reported as failed.
///
/// # Errors
/// When the token is wrong, or the system refuses.
pub async fn run(config: WorkerConfig) -> Result<(), WorkerError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (end, ending) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        let _worker_is_over = end.send(true);
    });
    std::fs::create_dir_all(&config.scratch)?;
    let client = Client::new(&config.web, config.token.clone(), &config.name);
    println!("worker {} asks {}", config.name, config.web);
    work(&config, &client, ending).await
}

async fn work(
    config: &WorkerConfig,
    client: &Client,
    mut ending: watch::Receiver<bool>,
) -> Result<(), WorkerError> {
    let mut hook = config.launch_hook.as_ref();
    let mut silent = false;
    while !*ending.borrow() {
        let claimed = client.claim().await;
        match &claimed {
            Ok(_) => silent = false,
            // Said once: the web service is away for as long as an upgrade takes.
            Err(error) if !silent => {
                silent = true;
                eprintln!("worker {}: {error}; asking on", config.name);
            }
            Err(_) => {}
        }
        if claimed.is_ok()
            && let Some(hook) = hook.take()
            && let Err(error) = hook.api.complete_launch_hook(&config.name, &hook.name).await
        {
            eprintln!("worker {}: the launch hook was not completed: {error}", config.name);
        }
        match claimed {
            Ok(Some(work)) => run::run(&config.scratch, client, &work, ending.clone()).await,
            Err(ClientError::Unauthorized) => return Err(WorkerError::Refused("wrong token".to_owned())),
            Ok(None) | Err(_) => {
                let _ended = tokio::time::timeout(BEAT, ending.wait_for(|ending| *ending)).await;
            }
        }
    }
    Ok(())
}
