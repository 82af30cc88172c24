//! How long a rehearsal takes: the platform created and put to work, the plan, the upgrade, in process and in
//! virtual time. Prints wall times, medians over several runs, and the virtual time that passed.
//!
//! `cargo bench --package cli --bench rehearsal`

#[path = "../tests/house/common.rs"]
mod common;

use std::time::Duration;

use common::{Rehearsal, Releases, code_ocean, sample, virtual_time};
use upgrade::Outcome;

const RUNS: usize = 7;

fn main() {
    // `cargo test --benches` only wants to know that it builds and runs.
    let runs = if std::env::args().any(|argument| argument == "--bench") { RUNS } else { 1 };
    println!("{:<12} {:>10} {:>10} {:>10}   virtual time of the run", "", "prepare", "run", "records");
    measure("sample", &sample(), runs);
    if let Some(releases) = code_ocean() {
        measure("Code Ocean", &releases, runs);
    }
}

fn measure(name: &str, releases: &Releases, runs: usize) {
    let (mut preparing, mut running) = (Vec::new(), Vec::new());
    let mut told = (0, Duration::ZERO);
    for _ in 0..runs {
        let runtime = virtual_time();
        let rehearsal = runtime.block_on(async { Rehearsal::new(1) });
        let ((site, plan), prepared) = timed(|| runtime.block_on(rehearsal.prepare(releases)));
        let ((outcome, records), ran) = timed(|| runtime.block_on(rehearsal.upgrade(&site, &plan)));
        assert_eq!(outcome, Outcome::Upgraded);
        let stacks =
            rehearsal.local.inspect(|world| world.cloudformation.stacks.len()).expect("a sound world");
        assert_eq!(stacks, 1);
        let virtually = records[records.len() - 1].at().milliseconds_since(records[0].at());
        told = (records.len(), Duration::from_millis(virtually));
        preparing.push(prepared);
        running.push(ran);
    }
    println!(
        "{name:<12} {:>7.1} ms {:>7.1} ms {:>10}   {} s",
        median(preparing).as_secs_f64() * 1000.0,
        median(running).as_secs_f64() * 1000.0,
        told.0,
        told.1.as_secs()
    );
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall clock")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = std::time::Instant::now();
    let done = work();
    (done, began.elapsed())
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations[durations.len() / 2]
}
