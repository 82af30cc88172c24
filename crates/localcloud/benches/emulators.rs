//! The same upgrade on this cloud and on other emulators of AWS, side by side, over TCP, with boto3 as the client of all:
//! a template of what all of them know, the sample platform, and Code Ocean VPC. What an emulator can't do is printed in
//! its own words. This cloud works instantly, as the others do.
//!
//! ```text
//! python3 -m venv target/peers && target/peers/bin/pip install boto3 'moto[server]' ministack
//! SLACKWATER_PEERS=target/peers cargo bench --package localcloud --bench emulators
//! ```

#[expect(dead_code, reason = "each benchmark uses what it needs")]
mod common;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::signing::keys;
use common::{code_ocean, code_ocean_parameters, measures, serve};
use localcloud::{Clock, Config, LocalCloud, Speed};
use serde_json::{Value, json};

const RUNS: usize = 5;

fn main() {
    if !measures() {
        return;
    }
    let Some(peers) = std::env::var_os("SLACKWATER_PEERS").map(PathBuf::from) else {
        println!(
            "LEFT OUT: SLACKWATER_PEERS names no virtual environment; the head of this benchmark says how to make one"
        );
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let sample = |version: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../deploy/sample/{version}.yaml"))
    };
    let reduced =
        |number: u8| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("benches/reduced-{number}.yaml"));
    let mut platforms = vec![
        ("reduced", reduced(1), reduced(2), json!({})),
        ("sample", sample("1.0.0"), sample("1.1.0"), json!({})),
    ];
    if let (Some(old), Some(new)) = (code_ocean("v3.7.0"), code_ocean("v3.8.2")) {
        platforms.push((
            "Code Ocean",
            file("old.yaml", &old),
            file("new.yaml", &new),
            code_ocean_parameters(),
        ));
    }
    println!(
        "{:<11} {:<12} {:>10} {:>10} {:>11} {:>10}",
        "", "", "resources", "create", "change set", "update"
    );
    for (name, old, new, parameters) in &platforms {
        let config = Config { speed: Speed::Instant, throttling: false, ..Config::default() };
        let ours = serve(LocalCloud::in_memory(config, Clock::system(), keys()));
        tell(name, "Slackwater", &run(&peers, ours, old, new, parameters));
        for (peer, program, port_variable) in
            [("moto", "moto_server", None), ("MiniStack", "ministack", Some("GATEWAY_PORT"))]
        {
            match Peer::start(&peers, program, port_variable) {
                Ok(started) => tell(name, peer, &run(&peers, started.address, old, new, parameters)),
                Err(why) => println!("{name:<11} {peer:<12} {why}"),
            }
        }
    }
}

/// Another emulator, ended with the value.
struct Peer {
    process: Child,
    address: SocketAddr,
}

impl Peer {
    fn start(peers: &Path, program: &str, port_variable: Option<&str>) -> Result<Peer, String> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.map_err(|error| error.to_string())?;
        let mut command = Command::new(peers.join("bin").join(program));
        match port_variable {
            Some(name) => command.env(name, address.port().to_string()),
            None => command.args(["-p", &address.port().to_string()]),
        };
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let peer = Peer { process: process.map_err(|error| format!("{program}: {error}"))?, address };
        for _ in 0..600 {
            if TcpStream::connect(address).is_ok() {
                return Ok(peer);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(format!("{program} doesn't listen within a minute"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn run(
    peers: &Path,
    address: SocketAddr,
    old: &Path,
    new: &Path,
    parameters: &Value,
) -> Result<Vec<Value>, String> {
    let output = Command::new(peers.join("bin/python"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/emulators.py"))
        .arg(format!("http://{address}"))
        .args([old, new])
        .args([parameters.to_string(), RUNS.to_string()])
        .env("AWS_ACCESS_KEY_ID", keys().access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", keys().secret_access_key)
        .env("AWS_CONFIG_FILE", "/dev/null")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| format!("the client failed: {error}"))
}

fn tell(platform: &str, emulator: &str, runs: &Result<Vec<Value>, String>) {
    let runs = match runs {
        Ok(runs) => runs,
        Err(why) => return println!("{platform:<11} {emulator:<12} {why}"),
    };
    let middle = |part: &str| {
        let mut seconds: Vec<f64> = runs.iter().filter_map(|run| run[part].as_f64()).collect();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).map_or("-".to_owned(), |seconds| format!("{:.0} ms", seconds * 1000.0))
    };
    let resources = runs.last().and_then(|run| run["resources"].as_u64());
    let resources = resources.map_or("-".to_owned(), |count| count.to_string());
    println!(
        "{platform:<11} {emulator:<12} {resources:>10} {:>10} {:>11} {:>10}",
        middle("create"),
        middle("change set"),
        middle("update")
    );
    let words = runs.iter().find_map(|run| run.as_object()?.values().find_map(Value::as_str));
    if let Some(words) = words {
        println!("{:<11} {:<12} {words}", "", "");
    }
}
