//! The part of the cloud that is real: load balancers that listen, instances and jobs that are processes.
//!
//! The [`World`](crate::World) stays what it is, a function of its seed and its requests. The machine room lives beside
//! it: it looks at the world for what should exist, makes the machine so, and reports what really happened as a request
//! that is logged like any other, so a replay comes to the same world. It is level-triggered: a wake-up carries no data;
//! each time everything is looked at again.
//!
//! - Only what carries the image `local/process`, by exactly this name, becomes a process.
//! - Everything is on loopback: listeners on 127.0.0.1, each instance on an address of its own in 127.64.0.0/10. Linux
//!   lets programs bind any of them; other systems need an alias of the loopback interface for each.
//! - Listeners speak plain HTTP, also for HTTPS: nobody has a certificate for loopback. What they forward says `https` all
//!   the same (`X-Forwarded-Proto`).
//! - Nothing outlives this program (`holder`).
//!
//! Nothing here decides what should exist: the services do.

mod balancers;
mod checks;
mod forward;
mod holder;
mod instances;
mod jobs;
mod machine;
mod proxy;
mod report;
mod strays;
mod traffic;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use report::Room;
pub(crate) use report::{REPORT, Report, get_endpoints, report};

use crate::{AwsError, LocalCloud, Timestamp};

/// How long processes may take to end when the machine room closes.
const CLOSING_GRACE: Duration = Duration::from_secs(3);
/// The least time between two looks, so that a world in a hurry doesn't keep this one busy.
const BREATH: Duration = Duration::from_millis(5);
/// The most time between two looks, should a wake-up be missed.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Why there is no machine room.
#[derive(Debug, thiserror::Error)]
pub enum MachineRoomError {
    /// Its folder has no place.
    #[error("cannot use {}: {source}", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The world can't be told.
    #[error(transparent)]
    World(#[from] AwsError),
}

/// What every machine's process needs to know of this one.
#[derive(Debug, Clone)]
struct Place {
    /// Absolute, and without symbolic links: it marks the processes.
    folder: PathBuf,
    endpoint_url: String,
    region: String,
    closing: Arc<AtomicBool>,
}

impl Place {
    /// Whether what ends now ends because the machine room closes.
    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// A machine room at work. When it is dropped its processes are killed without having been asked; [`MachineRoom::close`]
/// asks them, and waits.
#[derive(Debug)]
pub struct MachineRoom {
    close: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl MachineRoom {
    /// Begin to make the machine as the world says. What an earlier machine room of this folder left behind is ended
    /// first. Needs tokio's runtime, with its clock not paused.
    ///
    /// `folder` is where each machine has its working folder and its log; what it is in must be there. `endpoint_url` is how its processes reach the
    /// cloud.
    ///
    /// # Errors
    /// When the folder has no place, or the world can't be told that it is open.
    pub fn open(
        cloud: LocalCloud,
        folder: PathBuf,
        endpoint_url: &str,
    ) -> Result<MachineRoom, MachineRoomError> {
        let unusable = |source| MachineRoomError::Folder { folder: folder.clone(), source };
        let place = Place {
            folder: whole(&folder).map_err(unusable)?,
            endpoint_url: endpoint_url.to_owned(),
            region: cloud.region().to_owned(),
            closing: Arc::default(),
        };
        strays::kill_all_under(&place.folder);
        cloud.report(&Report::Opened)?;
        let (close, closed) = watch::channel(false);
        let task = tokio::spawn(work(cloud, place, closed));
        Ok(MachineRoom { close, task: Some(task) })
    }

    /// End every process, and wait until none is left.
    pub async fn close(mut self) {
        let _told = self.close.send(true);
        if let Some(task) = self.task.take() {
            // One that failed has dropped its processes, which ends them.
            let _ended = task.await;
        }
    }
}

impl Drop for MachineRoom {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Where load balancers listen, as `GET /_slackwater/endpoints` says it. Listeners keep their ports, so this can be
/// asked as soon as a cloud is open; one that is new has a `url` when the machine room has given it one.
///
/// # Errors
/// When an earlier request ended in a fault of ours.
pub fn endpoints(cloud: &LocalCloud) -> Result<Vec<serde_json::Value>, AwsError> {
    cloud.inspect(crate::services::load_balancing::endpoints)
}

/// A folder's whole path, without symbolic links. The folder itself is made with the first machine.
fn whole(folder: &Path) -> io::Result<PathBuf> {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = folder.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(above.canonicalize()?.join(name))
}

async fn work(cloud: LocalCloud, place: Place, mut closed: watch::Receiver<bool>) {
    let traffic = traffic::Traffic::default();
    let mut instances = instances::Instances::default();
    let mut jobs = jobs::Jobs::default();
    let mut balancers = balancers::Balancers::new(&cloud, &traffic);
    let mut checks = checks::Checks::default();
    loop {
        let look = cloud.inspect(|world| {
            let next = world.timers.next();
            (
                instances.wanted(world),
                jobs::wanted(world),
                balancers::wanted(world),
                checks::wanted(world),
                next,
            )
        });
        // A world that has broken answers no more; what runs goes on until this program ends.
        let Ok((wanted_instances, wanted_jobs, wanted_listeners, wanted_checks, next)) = look else { break };
        balancers.reconcile(&wanted_listeners).await;
        instances.reconcile(&cloud, &place, &traffic, &wanted_instances);
        jobs.reconcile(&cloud, &place, &wanted_jobs);
        checks.reconcile(&cloud, &wanted_checks);
        tokio::time::sleep(BREATH).await;
        tokio::select! {
            _asked = closed.wait_for(|closed| *closed) => break,
            () = cloud.changed() => {}
            () = instances.ended() => {}
            () = jobs.ended() => {}
            () = tokio::time::sleep(rest(cloud.clock().now(), next)) => {}
        }
    }
    // The value that is waited for is borrowed, and must not be kept.
    drop(closed.wait_for(|closed| *closed).await);
    place.closing.store(true, Ordering::Relaxed);
    checks.end_all();
    tokio::join!(instances.end_all(), jobs.end_all(), balancers.end_all());
}

/// Until the world's next timer, within bounds.
fn rest(now: Timestamp, next: Option<Timestamp>) -> Duration {
    let until = next.map_or(LONGEST_REST, |next| Duration::from_millis(next.0.saturating_sub(now.0)));
    until.min(LONGEST_REST)
}
