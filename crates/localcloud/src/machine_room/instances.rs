//! Instances of the image `local/process`: one task each, from the start of its process until everything that it
//! started is gone.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::holder::{Holder, Order, word};
use super::report::Report;
use super::{Place, machine, traffic::Traffic};
use crate::services::ec2::{self, Process};
use crate::services::load_balancing;
use crate::{LocalCloud, World};

/// How long an operating system may take to shut down before an instance is switched off. EC2 documents no number;
/// this is what systemd gives a service by default (`DefaultTimeoutStopSec`).
const GRACE: Duration = Duration::from_secs(90);
/// The least of that, not scaled.
const SHORTEST_GRACE: Duration = Duration::from_millis(500);

/// The instances that run.
#[derive(Debug, Default)]
pub(super) struct Instances {
    running: BTreeMap<String, Running>,
    tasks: JoinSet<String>,
}

#[derive(Debug)]
struct Running {
    run: u64,
    /// Sent once; `None` when it has been.
    stop: Option<oneshot::Sender<Stop>>,
}

/// How an instance is to end.
#[derive(Debug, Clone, Copy)]
struct Stop {
    /// How long requests that are under way may go on before.
    drain: Duration,
    grace: Duration,
}

/// What the world wants of instances.
#[derive(Debug)]
pub(super) struct WantedInstances {
    runs: Vec<(String, u64)>,
    /// For those that should not run any more.
    drains: BTreeMap<String, Duration>,
    grace: Duration,
}

impl Instances {
    /// What the world wants, given what runs.
    pub(super) fn wanted(&self, world: &World) -> WantedInstances {
        let runs = ec2::wanted_processes(world);
        let leaving = self.running.iter().filter(|(id, running)| {
            running.stop.is_some() && !runs.iter().any(|(wanted, run)| wanted == *id && *run == running.run)
        });
        let drains = leaving.map(|(id, _)| {
            // Whoever terminates an instance directly ends its connections with it.
            let drain = if ec2::drains(world, id) {
                load_balancing::longest_drain(world, id)
            } else {
                Duration::ZERO
            };
            (id.clone(), world.scaled(drain))
        });
        WantedInstances { drains: drains.collect(), grace: world.scaled(GRACE).max(SHORTEST_GRACE), runs }
    }

    /// Start and stop until it is so. What has to end first is started by a later call.
    pub(super) fn reconcile(
        &mut self,
        cloud: &LocalCloud,
        place: &Place,
        traffic: &Traffic,
        wanted: &WantedInstances,
    ) {
        for (id, drain) in &wanted.drains {
            if let Some(stop) = self.running.get_mut(id).and_then(|running| running.stop.take()) {
                // A task that has ended has nothing to stop.
                let _ended = stop.send(Stop { drain: *drain, grace: wanted.grace });
            }
        }
        for (id, run) in &wanted.runs {
            if self.running.contains_key(id) {
                continue;
            }
            let (stop, stopped) = oneshot::channel();
            self.running.insert(id.clone(), Running { run: *run, stop: Some(stop) });
            let (cloud, place, traffic, id) = (cloud.clone(), place.clone(), traffic.clone(), id.clone());
            self.tasks.spawn(async move {
                live(&cloud, &place, &traffic, &id, stopped).await;
                id
            });
        }
    }

    /// Wait until one has ended; for ever when none runs.
    pub(super) async fn ended(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(id)) => {
                self.running.remove(&id);
            }
            // A task that failed has let go of its process, which ends with that.
            Some(Err(_failed)) => {}
            None => std::future::pending().await,
        }
    }

    /// End them all.
    pub(super) async fn end_all(&mut self) {
        for running in self.running.values_mut() {
            if let Some(stop) = running.stop.take() {
                let _ended = stop.send(Stop { drain: Duration::ZERO, grace: super::CLOSING_GRACE });
            }
        }
        while self.tasks.join_next().await.is_some() {}
        self.running.clear();
    }
}

async fn live(
    cloud: &LocalCloud,
    place: &Place,
    traffic: &Traffic,
    id: &str,
    stopped: oneshot::Receiver<Stop>,
) {
    let found = cloud.inspect(|world| ec2::process(world, id)).ok().flatten();
    let Some(process) = found else { return };
    let holder = match start(cloud, place, &process) {
        Ok(holder) => holder,
        Err(error) => {
            let home = place.folder.join(id);
            if let Ok(mut log) = machine::log(&home.join("output.log")) {
                machine::note(&mut log, &format!("the instance's process can't be started: {error}"));
            }
            None
        }
    };
    // The instance runs for as long as it is wanted, whatever its process does.
    let stop = stopped.await;
    let (Some(holder), Ok(stop)) = (holder, stop) else { return };
    traffic.quiet(id, stop.drain).await;
    holder.end(stop.grace).await;
}

/// Start an instance's process; `None` when its user data is nothing that can be run.
fn start(cloud: &LocalCloud, place: &Place, process: &Process) -> io::Result<Option<Holder>> {
    let home = place.folder.join(&process.id);
    machine::folder(&home)?;
    let mut log = machine::log(&home.join("output.log"))?;
    let Some(command) = command(&home, process, &mut log)? else { return Ok(None) };
    let report = Report::InstanceStarts { instance: process.id.clone() };
    let credentials = cloud.report(&report).map_err(io::Error::other)?;
    let mut environment = machine::environment(place, &home, &credentials);
    environment.insert("LOCAL_PRIVATE_IP".to_owned(), process.address.to_string().into());
    environment.insert("LOCAL_INSTANCE_ID".to_owned(), process.id.as_str().into());
    Holder::start(Order { command: &command, environment: &environment, home: &home, log }).map(Some)
}

/// User data that begins with `#!` is a script, as for cloud-init; anything else isn't run.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html>
fn command(home: &Path, process: &Process, log: &mut File) -> io::Result<Option<Vec<OsString>>> {
    let Some(script) = &process.user_data else {
        machine::note(log, "there is no user data, or it isn't base64: nothing runs");
        return Ok(None);
    };
    let first = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let Some(interpreter) = first.strip_prefix("#!").map(str::trim).filter(|line| !line.is_empty()) else {
        machine::note(log, "the user data doesn't begin with #!, so it isn't a script: nothing runs");
        return Ok(None);
    };
    let path = home.join("user-data");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o700).open(&path)?;
    io::Write::write_all(&mut file, script)?;
    // As the kernel does it: the rest of the line is one argument. Through the interpreter, since a file that has just
    // been written can't always be executed.
    let (interpreter, argument) = match interpreter.split_once(char::is_whitespace) {
        Some((interpreter, argument)) => (interpreter, Some(argument.trim())),
        None => (interpreter, None),
    };
    let mut command = vec![word(interpreter)];
    command.extend(argument.map(word));
    command.push(path.into_os_string());
    Ok(Some(command))
}
