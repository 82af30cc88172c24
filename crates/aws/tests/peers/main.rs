//! The port against emulators that nobody here wrote: moto (Apache-2.0) for the services, MiniStack (MIT) for an update
//! that rolls back and for what it has of the fleet. Both are in tools/test-requirements.txt.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws::{AwsCloud, Connection, Transport};
use conductor::{Clock, Cloud};
use upgrade::{Act, FleetAct, Memory, Note, NotedResource, Observation, Query, Timestamp};

/// What is seen, of the kind that it must be.
macro_rules! seen {
    ($cloud:expr, $query:expr, $variant:path) => {
        match crate::ask($cloud, $query).await {
            $variant(seen) => seen,
            other => panic!("{other:?}"),
        }
    };
}

mod ministack;
mod moto;
mod state;

/// A program of the tests' virtual environment.
fn program(name: &str) -> PathBuf {
    let venv = std::env::var_os("SLACKWATER_VENV")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"), PathBuf::from);
    let program = venv.join("bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: run the tests with tools/test, which installs it",
        program.display()
    );
    program
}

/// An emulator, ended with the value.
struct Peer {
    process: Child,
    endpoint_url: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _reaped_before = self.process.wait();
    }
}

impl Peer {
    async fn start(name: &str, arguments: impl Fn(&mut Command, u16)) -> Peer {
        let program = program(name);
        // A port that is free now; when another process is quicker, the next is tried.
        for _ in 0..5 {
            let port = free_port().await;
            let mut command = Command::new(&program);
            arguments(&mut command, port);
            let process =
                command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the emulator starts");
            let mut peer = Peer { process, endpoint_url: format!("http://127.0.0.1:{port}") };
            if peer.is_ready(port).await {
                return peer;
            }
        }
        panic!("{name} did not start");
    }

    /// Wait until it takes connections, or has ended.
    async fn is_ready(&mut self, port: u16) -> bool {
        for _ in 0..600 {
            if self.process.try_wait().expect("its state").is_some() {
                return false;
            }
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }

    fn cloud(&self) -> AwsCloud {
        let clock = Clock::system();
        AwsCloud::new(&Connection {
            region: "us-east-1".to_owned(),
            endpoint_url: self.endpoint_url.clone(),
            access_key_id: "AKIATEST".to_owned(),
            secret_access_key: "test".to_owned(),
            transport: Transport::Network,
            now: Arc::new(move || clock.system_time()),
        })
    }
}

async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    listener.local_addr().expect("its address").port()
}

async fn ask(cloud: &AwsCloud, query: impl Into<Query>) -> Observation {
    let query = query.into();
    cloud.observe(&query).await.unwrap_or_else(|error| panic!("{query:?}: {error}"))
}

async fn tell(cloud: &AwsCloud, act: &(impl Into<Act> + Clone)) {
    let act: Act = act.clone().into();
    cloud.act(&act).await.unwrap_or_else(|error| panic!("{act:?}: {error}"));
}

/// Do it twice: each act is safe to repeat.
async fn tell_twice(cloud: &AwsCloud, act: &(impl Into<Act> + Clone)) {
    tell(cloud, act).await;
    tell(cloud, act).await;
}

/// A note as a run writes it.
fn note(physical_id: &str) -> String {
    Note::on(physical_id, Timestamp(1_767_225_600_000), "run-1").by("ada").with("min", -1).write()
}

/// Write a note on a thing; twice.
async fn write_note(cloud: &AwsCloud, thing: &NotedResource) {
    let memory = Memory { resource: thing.clone(), text: note(thing.physical_id()) };
    tell_twice(cloud, &FleetAct::Remember { memories: vec![memory] }).await;
}

/// Take the note off a thing; twice.
async fn take_note_off(cloud: &AwsCloud, thing: NotedResource) {
    tell_twice(cloud, &FleetAct::Forget { resources: vec![thing] }).await;
}
