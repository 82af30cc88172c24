//! How soon `slackwater serve` answers after it was started, what it holds in memory when nobody asks anything, and how much
//! longer a run takes while two hundred viewers reload their pages. Prints all of it.
//!
//! `cargo bench --package cli --bench serve`

#[expect(dead_code, reason = "tests need more of it")]
#[path = "../tests/operator/cloud.rs"]
mod cloud;
#[expect(dead_code, reason = "tests need more of it")]
#[path = "../tests/operator/panel.rs"]
mod panel;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const RUNS: usize = 9;

/// Viewers who reload their page as soon as they have it.
const VIEWERS: usize = 200;

/// Times that maintenance is entered and left, alone and before viewers.
const ROUNDS: usize = 5;

/// Between two questions whether a run has ended: eight who ask all the time would be what is measured.
const ASKED_EVERY: Duration = Duration::from_millis(100);

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
    if in_earnest {
        crowd(ROUNDS, VIEWERS);
        load(8, 50, VIEWERS, "60");
    } else {
        crowd(1, 3);
        load(1, 2, 3, "instant");
    }
}

/// How long it takes to enter and leave maintenance, alone and while viewers look on.
fn crowd(rounds: usize, viewers: usize) {
    let cloud = cloud::Cloud::with_sample();
    let served = panel::Served::start(&cloud);
    let ada = served.set_up(&cloud);
    let mut number = 0;
    let mut runs = |rounds: usize| {
        let mut times: Vec<Took> = (0..rounds)
            .map(|_| {
                number += 1;
                enter_and_leave(&served, &ada, "production", number)
            })
            .collect();
        times.sort_by_key(|took| took.steps);
        times.swap_remove(times.len() / 2)
    };
    // The first one finds everything cold.
    runs(1);
    let alone = runs(rounds);
    let (over, pages, slowest) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let before = std::thread::scope(|scope| {
        for _ in 0..viewers {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let took = reload(&served, &ada);
                    pages.fetch_add(1, Ordering::Relaxed);
                    slowest.fetch_max(millis(took), Ordering::Relaxed);
                }
            });
        }
        let before = runs(rounds);
        over.store(true, Ordering::Relaxed);
        before
    });
    println!(
        "maintenance entered and left, median of {rounds}, by the steps: alone {} ms, before {viewers} viewers who reload {} ms: \
         {:.2} times (seen by somebody who is one of them: {} ms and {} ms); {} pages meanwhile, the slowest after {} ms",
        alone.steps.as_millis(),
        before.steps.as_millis(),
        before.steps.as_secs_f64() / alone.steps.as_secs_f64(),
        alone.whole.as_millis(),
        before.whole.as_millis(),
        pages.load(Ordering::Relaxed),
        slowest.load(Ordering::Relaxed),
    );
}

/// Runs of all stacks at once in one `serve` of many deployments, with pages open on them, against one of them alone.
fn load(stacks: usize, deployments: usize, pages: usize, speed: &str) {
    let template = cloud::sample("1.0.0");
    let seed = (0..stacks).map(|number| {
        format!("[[stack]]\nname = \"stack{number}\"\ntemplate = \"{}\"\n", template.display())
    });
    let cloud = cloud::Cloud::with(speed, &seed.collect::<String>());
    // Once each stack has one, the first has another.
    let settings = (0..deployments)
        .map(|number| cloud::deployment(&format!("d{number}"), &format!("stack{}", number % stacks)));
    cloud.write("slackwater.toml", &settings.collect::<String>());
    let served = panel::Served::start(&cloud);
    let ada = served.set_up(&cloud);
    let resident = || resident_kib(served.child().id()) as f64 * 1024.0 / 1e6;
    let run = |number: usize, round: usize| enter_and_leave(&served, &ada, &format!("d{number}"), round);
    run(0, 0);
    let alone = run(0, 1).steps;
    let runs = served.ask("GET", "/api/v1/runs?limit=1", &[("cookie", &ada.cookie)], "");
    let (_, id) = runs.split_once("\"runId\":\"").expect("a run");
    let id = id.split('"').next().expect("an id");
    println!(
        "{deployments} deployments of {stacks} stacks at --speed {speed}, a run of one alone: {} ms by its steps",
        alone.as_millis()
    );
    // What the runs take from each other, and then what the pages take from them.
    for (round, pages) in [(2, 0), (3, pages), (4, pages), (5, pages)] {
        let over = AtomicBool::new(false);
        let before = resident();
        let slowest = std::thread::scope(|scope| {
            for number in 0..pages {
                let (over, served, ada) = (&over, &served, &ada);
                scope.spawn(move || {
                    // The overview with all deployments, a deployment's own, a run's, each as people leave them open.
                    let page = match number % 4 {
                        0 => "/".to_owned(),
                        1 => format!("/deployments/d{}/maintenance", number % deployments),
                        2 => "/history".to_owned(),
                        _ => format!("/runs/{id}"),
                    };
                    while !over.load(Ordering::Relaxed) {
                        let answer = served.ask("GET", &page, &[("cookie", &ada.cookie)], "");
                        assert!(answer.starts_with("HTTP/1.1 200"), "{page}: {answer}");
                        std::thread::sleep(Duration::from_secs(2));
                    }
                });
            }
            let run = &run;
            let runs: Vec<_> = (0..stacks).map(|number| scope.spawn(move || run(number, round))).collect();
            let slowest =
                runs.into_iter().map(|run| run.join().expect("it ends")).max_by_key(|took| took.steps);
            over.store(true, Ordering::Relaxed);
            slowest.expect("a run")
        });
        let (step, longest) = &slowest.longest;
        println!(
            "{stacks} runs at once, {pages} pages that come anew every 2 s: the slowest {} ms by its steps, {:.2} times one \
             alone (the longest: {step}, {longest} ms); resident {before:.1} MB before, {:.1} MB after",
            slowest.steps.as_millis(),
            slowest.steps.as_secs_f64() / alone.as_secs_f64(),
            resident(),
        );
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall clock")]
fn reload(served: &panel::Served, ada: &panel::Browser) -> Duration {
    let began = Instant::now();
    let page = served.ask("GET", "/", &[("cookie", &ada.cookie)], "");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    began.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall clock")]
fn enter_and_leave(served: &panel::Served, ada: &panel::Browser, deployment: &str, number: usize) -> Took {
    let began = Instant::now();
    let mut steps = Vec::new();
    for act in ["enable", "disable"] {
        let path = format!("/deployments/{deployment}/maintenance/{act}");
        let begun = served.press(ada, &path, &format!("{deployment}-{act}-{number}"));
        assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
        let (_, id) = begun.split_once("\"runId\":\"").expect("a run");
        let run = format!("/api/v1/runs/{}", id.split('"').next().expect("an id"));
        let answer = loop {
            let answer = served.ask("GET", &run, &[("cookie", &ada.cookie)], "");
            if answer.contains("\"ended\":true") {
                break answer;
            }
            std::thread::sleep(ASKED_EVERY);
        };
        steps.extend(steps_of(&answer));
    }
    let milliseconds = steps.iter().map(|(_, milliseconds)| milliseconds).sum();
    let longest = steps.into_iter().max_by_key(|(_, milliseconds)| *milliseconds).expect("a step");
    Took { whole: began.elapsed(), steps: Duration::from_millis(milliseconds), longest }
}

/// How long two runs took: seen from outside, and by the durations of their steps.
struct Took {
    whole: Duration,
    steps: Duration,
    longest: (String, u64),
}

fn steps_of(answer: &str) -> Vec<(String, u64)> {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let run: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let steps = run["steps"].as_array().expect("steps");
    let of =
        |step: &serde_json::Value| Some((step["step"].as_str()?.to_owned(), step["milliseconds"].as_u64()?));
    steps.iter().filter_map(of).collect()
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
        resident_kib(self.0.id())
    }
}

fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("told");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ended_before = self.0.kill();
        let _reaped_before = self.0.wait();
    }
}
