//! How soon `slackwater serve` answers after it was started, and what it holds in memory when nobody asks anything.
//! Prints both.
//!
//! `cargo bench --package cli --bench serve`

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 9;

/// How long it is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(3);

const SETTINGS: &str = "[deployments.lab]\nstack = \"lab\"\nregion = \"us-east-1\"\n";

fn main() {
    // `cargo test --benches` only wants to know that it builds and runs.
    let in_earnest = std::env::args().any(|argument| argument == "--bench");
    println!("profile: {}", if cfg!(debug_assertions) { "dev" } else { "release" });
    let runs = if in_earnest { RUNS } else { 1 };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("slackwater.toml"), SETTINGS).expect("written");
    let mut starts = Vec::new();
    let mut resident = 0;
    for run in 0..runs {
        let (served, took) = start(folder.path());
        starts.push(took);
        if run + 1 == runs {
            std::thread::sleep(if in_earnest { IDLE } else { Duration::ZERO });
            resident = served.resident_kib();
        }
    }
    starts.sort();
    println!(
        "from its start to its first answer: median {} ms, most {} ms",
        starts[starts.len() / 2].as_millis(),
        starts[starts.len() - 1].as_millis()
    );
    println!("resident when idle: {:.1} MB", resident as f64 * 1024.0 / 1e6);
}

/// A panel that is served; ended with the value.
struct Served(Child);

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall clock")]
fn start(folder: &std::path::Path) -> (Served, Duration) {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_slackwater"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.join("data"))
        .arg("--config")
        .arg(folder.join("slackwater.toml"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut said = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    said.read_line(&mut line).expect("readable");
    let address = line.trim().rsplit('/').next().expect("an address").to_owned();
    let mut stream = TcpStream::connect(&address).expect("it listens");
    stream.write_all(b"GET /sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("readable");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    (Served(child), began.elapsed())
}

impl Served {
    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("told");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended_before = self.0.kill();
        let _reaped_before = self.0.wait();
    }
}
