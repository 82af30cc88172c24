//! Whether the platform works, as the load balancer and Slackwater ask; and the watch behind the answer.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::Web;
use crate::clock::UnixSeconds;

/// A worker that hasn't been heard of for so long is gone.
pub(super) const WORKER_SILENCE_SECONDS: i64 = 15;
/// A computation may wait so long without a worker before it is a fault: workers have to be launched.
const WAIT_FOR_WORKER_SECONDS: i64 = 300;

/// How the platform is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Health {
    Ok,
    /// Works for most.
    Degraded(String),
    /// Works for nobody.
    Down(String),
}

impl Web {
    /// How the platform is now.
    pub(super) fn health(&self) -> Health {
        let platform = match self.platform() {
            Ok(platform) => platform,
            Err(failure) => return Health::Down(failure.to_string()),
        };
        if let Some(words) = self.0.dependency.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Health::Down(words.clone());
        }
        let waiting = match platform.store.check().and_then(|()| platform.store.waiting_since()) {
            Ok(waiting) => waiting,
            Err(error) => return Health::Down(error.to_string()),
        };
        let now = self.0.clock.now().0;
        let without_worker = now - self.0.worker_seen.load(Ordering::Relaxed);
        match waiting {
            Some(since)
                if now - since.0 > WAIT_FOR_WORKER_SECONDS && without_worker > WAIT_FOR_WORKER_SECONDS =>
            {
                Health::Degraded("computations wait, and no worker asks for one".to_owned())
            }
            Some(_) | None => Health::Ok,
        }
    }
}

pub(super) async fn healthz(State(web): State<Web>) -> (StatusCode, String) {
    match web.health() {
        Health::Ok => (StatusCode::OK, "ok\n".to_owned()),
        Health::Degraded(words) => (StatusCode::OK, format!("degraded: {words}\n")),
        Health::Down(words) => (StatusCode::SERVICE_UNAVAILABLE, format!("down: {words}\n")),
    }
}

pub(super) async fn version(State(web): State<Web>) -> Json<Value> {
    Json(json!({"name": "lab", "version": web.0.config.release.to_string()}))
}

/// Ask the service that this one needs, every second, for ever.
pub(super) async fn watch(web: &Web) {
    let Some(address) = web.0.config.requires.as_deref() else { return std::future::pending().await };
    loop {
        let asked = tokio::time::timeout(Duration::from_secs(1), TcpStream::connect(address)).await;
        let found = match asked {
            Ok(Ok(_connection)) => None,
            Ok(Err(error)) => Some(format!("{address}, which this release needs, can't be reached: {error}")),
            Err(_) => Some(format!("{address}, which this release needs, does not answer")),
        };
        *web.0.dependency.lock().unwrap_or_else(PoisonError::into_inner) = found;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Computations whose worker is gone are over.
pub(super) fn give_up_lost_computations(web: &Web) {
    let Ok(platform) = web.platform() else { return };
    let now = web.0.clock.now();
    if let Err(error) = platform.store.give_up(UnixSeconds(now.0 - WORKER_SILENCE_SECONDS), now) {
        eprintln!("lost computations could not be looked for: {error}");
    }
}
