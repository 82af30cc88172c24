//! The web service: pages for users and the REST API on one address; Slackwater's contract and the workers' API on
//! another, so that they are reached while users are kept out.
//!
//! One web service at a time works with a data folder: it holds the folder's lock. Another that starts meanwhile
//! (a rolling update, a second instance) stands by, unhealthy, until the first one is gone.

mod answers;
mod callers;
mod code_ocean;
mod computation_pages;
mod contract;
mod health;
mod html;
mod job_pages;
mod live;
mod overview_page;
mod pages;
mod session_pages;
pub(crate) mod worker_api;

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::aws_api::AwsApi;
use crate::clock::Clock;
use crate::identity::Secret;
use crate::release::Release;
use crate::session::{Sessions, sessions_folder};
use crate::store::{Store, StoreError};

#[derive(Debug, Clone)]
pub struct WebConfig {
    pub release: Release,
    /// Where users and the REST API come in.
    pub listen: SocketAddr,
    /// Where Slackwater and the workers come in.
    pub admin_listen: SocketAddr,
    /// The folder of everything that lasts.
    pub data: PathBuf,
    pub admin_token: Secret,
    pub worker_token: Secret,
    /// Where system jobs and pipelines are submitted; `None`: nowhere.
    pub batch: Option<Batch>,
    /// Another service, `host:port`, without which this one is not ready.
    pub requires: Option<String>,
}

/// AWS Batch, as far as the platform submits to it.
#[derive(Debug, Clone)]
pub struct Batch {
    pub api: AwsApi,
    /// Kinds of jobs that can be submitted.
    pub kinds: Vec<JobKind>,
}

/// A kind of job: what it is called, its queue and its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobKind {
    /// Such as `inventory`.
    pub name: String,
    /// Name or ARN of the job queue.
    pub queue: String,
    /// Name or ARN of the job definition.
    pub definition: String,
}

#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("cannot use the data folder {}: {source}", path.display())]
    Data { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Serving ended by itself.
    #[error("the server ended: {0}")]
    Server(std::io::Error),
}

/// What every request is answered from.
#[derive(Clone)]
struct Web(Arc<Inner>);

struct Inner {
    config: WebConfig,
    clock: Clock,
    /// There once the data folder is ours.
    platform: OnceLock<Arc<Platform>>,
    /// What is wrong with the service that this one needs.
    dependency: Mutex<Option<String>>,
    /// When a worker last asked for something, in seconds since 1970.
    worker_seen: AtomicI64,
}

/// The data folder, open.
struct Platform {
    store: Arc<Store>,
    sessions: Sessions,
    data: PathBuf,
}

impl Platform {
    fn computation_folder(&self, id: &str) -> PathBuf {
        self.data.join("computations").join(id)
    }
}

/// Serve until SIGTERM or SIGINT, then end every session's processes.
///
/// # Errors
/// When it can't listen, or the data folder or its database can't be used.
pub async fn serve(config: WebConfig) -> Result<(), WebError> {
    let users = listen(config.listen).await?;
    let internal = listen(config.admin_listen).await?;
    let mut terminate = signal(SignalKind::terminate()).map_err(WebError::Server)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(WebError::Server)?;
    say_where(&config, &users, &internal);
    let web = Web(Arc::new(Inner {
        clock: Clock::system(),
        platform: OnceLock::new(),
        dependency: Mutex::new(config.requires.as_ref().map(|_| "not asked yet".to_owned())),
        worker_seen: AtomicI64::new(0),
        config,
    }));
    let outcome = tokio::select! {
        outcome = axum::serve(users, public(&web)).into_future() => outcome.map_err(WebError::Server),
        outcome = axum::serve(internal, admin(&web)).into_future() => outcome.map_err(WebError::Server),
        error = take_over(&web) => Err(error),
        () = health::watch(&web) => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    if let Some(platform) = web.0.platform.get() {
        platform.sessions.stop_all().await;
    }
    outcome
}

async fn listen(address: SocketAddr) -> Result<TcpListener, WebError> {
    TcpListener::bind(address).await.map_err(|source| WebError::Listen { address, source })
}

/// One line that says where it listens: with port 0 nobody knows before.
fn say_where(config: &WebConfig, users: &TcpListener, internal: &TcpListener) {
    if let (Ok(users), Ok(internal)) = (users.local_addr(), internal.local_addr()) {
        println!("lab {} listens on http://{users} and http://{internal}", config.release);
    }
}

/// Wait for the data folder, open it, and look after it; comes back only when that fails.
async fn take_over(web: &Web) -> WebError {
    let config = &web.0.config;
    let failed = |source| WebError::Data { path: config.data.clone(), source };
    let _lock = match lock(&config.data).await {
        Ok(lock) => lock,
        Err(error) => return failed(error),
    };
    let store = match Store::open(&config.data.join("lab.sqlite"), config.release) {
        Ok(store) => Arc::new(store),
        Err(error) => return error.into(),
    };
    if let Err(error) = store.hear_from_now(web.0.clock.now()) {
        return error.into();
    }
    let folder = sessions_folder(&config.data);
    let sessions = Sessions::new(Arc::clone(&store), folder, web.0.clock, config.release);
    let platform = Arc::new(Platform { store, sessions, data: config.data.clone() });
    if web.0.platform.set(platform).is_err() {
        return failed(std::io::Error::other("opened twice"));
    }
    println!("lab {} is ready", config.release);
    loop {
        health::give_up_lost_computations(web);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The lock ends with the process, whatever ends it.
async fn lock(data: &Path) -> Result<File, std::io::Error> {
    std::fs::create_dir_all(data)?;
    let file = File::create(data.join("lock"))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn public(web: &Web) -> Router {
    pages::router()
        .nest("/api/v1", code_ocean::router())
        .merge(health_router())
        .layer(axum::middleware::map_response(pages::harden))
        .with_state(web.clone())
}

fn admin(web: &Web) -> Router {
    Router::new()
        .nest("/slackwater/v1", contract::router(web))
        .nest("/worker/v1", worker_api::router(web))
        .merge(health_router())
        .with_state(web.clone())
}

fn health_router() -> Router<Web> {
    Router::new().route("/healthz", get(health::healthz)).route("/version", get(health::version))
}
