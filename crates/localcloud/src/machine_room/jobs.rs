//! Batch jobs of the container image `local/process`: one task for each attempt.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::holder::{Holder, Order, word};
use super::report::Report;
use super::{Place, machine};
use crate::services::batch::{self, Process};
use crate::{LocalCloud, World};

/// Between SIGTERM and SIGKILL: the ECS agent's default (`ECS_CONTAINER_STOP_TIMEOUT`).
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html>
const GRACE: Duration = Duration::from_secs(30);
/// The least of that, not scaled.
const SHORTEST_GRACE: Duration = Duration::from_millis(200);

/// The attempts that run.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    running: BTreeMap<Attempt, Option<oneshot::Sender<Duration>>>,
    tasks: JoinSet<Attempt>,
}

/// A job, and how many attempts it had before.
type Attempt = (String, usize);

/// What the world wants of jobs.
#[derive(Debug)]
pub(super) struct WantedJobs {
    attempts: Vec<(Attempt, batch::ProcessGoal)>,
    grace: Duration,
}

/// What the world wants.
pub(super) fn wanted(world: &World) -> WantedJobs {
    let attempts = batch::wanted_processes(world).into_iter();
    WantedJobs {
        attempts: attempts.map(|(job, before, wanted)| ((job, before), wanted)).collect(),
        grace: world.scaled(GRACE).max(SHORTEST_GRACE),
    }
}

impl Jobs {
    /// Start and stop until it is so.
    pub(super) fn reconcile(&mut self, cloud: &LocalCloud, place: &Place, wanted: &WantedJobs) {
        for (attempt, stop) in &mut self.running {
            let runs_on = wanted.attempts.contains(&(attempt.clone(), batch::ProcessGoal::Running));
            if !runs_on && let Some(stop) = stop.take() {
                // A task that has ended has nothing to stop.
                let _ended = stop.send(wanted.grace);
            }
        }
        for (attempt, what) in &wanted.attempts {
            if *what == batch::ProcessGoal::Stopping || self.running.contains_key(attempt) {
                continue;
            }
            let (stop, stopped) = oneshot::channel();
            self.running.insert(attempt.clone(), Some(stop));
            let (cloud, place, attempt) = (cloud.clone(), place.clone(), attempt.clone());
            self.tasks.spawn(async move {
                run(&cloud, &place, &attempt.0, stopped).await;
                attempt
            });
        }
    }

    /// Wait until one has ended; for ever when none runs.
    pub(super) async fn ended(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(attempt)) => {
                self.running.remove(&attempt);
            }
            // A task that failed has let go of its process, which ends with that.
            Some(Err(_failed)) => {}
            None => std::future::pending().await,
        }
    }

    /// End them all. What became of them is told to nobody: their host is gone, as the next machine room will say.
    pub(super) async fn end_all(&mut self) {
        for stop in self.running.values_mut() {
            if let Some(stop) = stop.take() {
                let _ended = stop.send(super::CLOSING_GRACE);
            }
        }
        while self.tasks.join_next().await.is_some() {}
        self.running.clear();
    }
}

async fn run(cloud: &LocalCloud, place: &Place, job: &str, mut stopped: oneshot::Receiver<Duration>) {
    let found = cloud.inspect(|world| batch::process(world, job)).ok().flatten();
    let Some(process) = found else { return };
    // Refused when the job was terminated meanwhile.
    let Ok(credentials) = cloud.report(&Report::JobStarts { job: job.to_owned() }) else { return };
    let (code, timed_out) = match start(place, &process, &credentials) {
        Err(_cannot_start) => (127, false),
        Ok(mut holder) => {
            let over = async {
                match process.timeout {
                    // A promise about the job's own work, which isn't any quicker here: not scaled.
                    Some(timeout) => tokio::time::sleep(timeout).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                code = holder.exited() => {
                    // A container ends with its first process.
                    holder.kill().await;
                    (code, false)
                }
                asked = &mut stopped => {
                    let Ok(grace) = asked else { return };
                    (holder.end(grace).await, false)
                }
                () = over => {
                    let grace = cloud.inspect(|world| world.scaled(GRACE)).unwrap_or(GRACE);
                    (holder.end(grace.max(SHORTEST_GRACE)).await, true)
                }
            }
        }
    };
    if place.is_closing() {
        return;
    }
    // A world that wants to hear nothing any more has broken; nobody is left to tell.
    let _told = cloud.report(&Report::JobEnded { job: job.to_owned(), code, timed_out });
}

fn start(place: &Place, process: &Process, credentials: &serde_json::Value) -> io::Result<Holder> {
    let home = place.folder.join("jobs").join(&process.job);
    machine::folder(&home)?;
    let mut log = machine::log(&place.folder.join("logs").join(&process.log_stream))?;
    let mut environment = machine::environment(place, &home, credentials);
    let own = process.variables.iter().map(|(name, value)| (name.clone(), OsString::from(value)));
    environment.extend(own.filter(|(name, _)| is_variable(name)));
    let command: Vec<OsString> = process.command.iter().map(word).collect();
    if command.is_empty() {
        machine::note(&mut log, "the job has no command");
        return Err(io::Error::other("no command"));
    }
    Holder::start(Order { command: &command, environment: &environment, home: &home, log })
}

/// What the operating system can't carry is left out.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}
