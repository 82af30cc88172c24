//! What rehearsals cost. Prints, medians over several: one full rehearsal (a platform of three stacks is created and put to work, its
//! upgrade planned and carried out, the longest resource taking forty virtual minutes); a run on a fork; a hundred with spread on all
//! cores; every failure of a sample. And how long the run is in virtual time.
//!
//! `cargo bench --package cli --bench rehearsal`

#[path = "../tests/house/common.rs"]
#[expect(dead_code, reason = "the tests share more than this needs")]
mod common;
#[path = "../tests/house/linked.rs"]
mod linked;

use std::sync::Arc;
use std::time::Duration;

use changeset::durations::Operation;
use cli::planning::NewRelease;
use cli::rehearsal::every_failure::every_failure;
use cli::rehearsal::many::{histories, runs};
use cli::rehearsal::summary::{End, Summary};
use cli::rehearsal::{Rehearsal, Variation, virtual_time};
use common::{Releases, code_ocean, sample};
use linked::snapshot_with_linked_stacks;
use localcloud::Pace;

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 7;

/// As usual, but that one resource takes forty minutes.
#[derive(Debug)]
struct Slow(&'static str);

impl Pace for Slow {
    fn resource(&self, _: &str, logical_id: &str, _: &str, _: Operation) -> Option<Duration> {
        (logical_id == self.0).then_some(Duration::from_secs(2400))
    }

    fn service(&self, _: &str) -> f64 {
        1.0
    }
}

fn main() {
    // `cargo test --benches` only wants to know that it builds and runs.
    let benches = std::env::args().any(|argument| argument == "--bench");
    measure("sample", &sample(), "Database", benches);
    if let Some(releases) = code_ocean() {
        measure("Code Ocean", &releases, "ServicesAutoScalingGroup", benches);
    }
}

fn stand(releases: &Releases) -> Rehearsal {
    let to = NewRelease::of("to.yaml", releases.to.clone(), None).expect("a template");
    virtual_time()
        .expect("a runtime")
        .block_on(Rehearsal::prepare(&snapshot_with_linked_stacks(releases), to, &releases.parameters))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn measure(name: &str, releases: &Releases, slow: &'static str, benches: bool) {
    let times = if benches { RUNS } else { 1 };
    let (mut preparing, mut running) = (Vec::new(), Vec::new());
    let mut told = None;
    let variation = Variation { pace: Some(Arc::new(Slow(slow))), ..Variation::default() };
    for _ in 0..times {
        let (rehearsal, prepared) = timed(|| stand(releases));
        let (came, ran) = timed(|| rehearsal.run(&variation).unwrap_or_else(|error| panic!("{error}")));
        let summary = Summary::of(0, &came);
        assert_eq!(summary.end, End::Finished, "{:?}", summary.reason);
        preparing.push(prepared);
        running.push(ran);
        told = Some((rehearsal, came));
    }
    let Some((rehearsal, came)) = told else { return };
    let resources: usize = rehearsal
        .stage
        .clouds()
        .map(|cloud| {
            let count = |world: &localcloud::World| {
                world.cloudformation.stacks.values().map(|stack| stack.resources.len()).sum::<usize>()
            };
            cloud.inspect(count).expect("a sound world")
        })
        .sum();
    println!(
        "{name}: {resources} resources, {} updates, {} virtual s, {} records, {} calls: prepared in {:.0} ms, run in {:.0} ms",
        rehearsal.plan.updates.len(),
        came.ended_at.milliseconds_since(came.began_at) / 1000,
        came.records.len(),
        came.calls.len(),
        milliseconds(median(preparing)),
        milliseconds(median(running)),
    );
    let count = if benches { 100 } else { 2 };
    let histories = histories(&snapshot_with_linked_stacks(releases));
    let (summaries, took) = timed(|| runs(&rehearsal, &histories, 1, count, &|_| true).expect("they run"));
    let finished = summaries.iter().filter(|one| one.end == End::Finished).count();
    println!(
        "{name}: {count} with spread in {:.1} s of wall time, {finished} finished; a thousand would take {:.0} s",
        took.as_secs_f64(),
        took.as_secs_f64() * 1000.0 / count as f64
    );
    let most = if benches { 20 } else { 1 };
    let (failures, took) = timed(|| every_failure(&rehearsal, most, &|_, _| true).expect("they run"));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{name}: {} failures in {:.1} s of wall time, {:.0} ms of processor time each; {}",
        failures.outcomes.len(),
        took.as_secs_f64(),
        milliseconds(took) * cores as f64 / failures.outcomes.len() as f64,
        cli::rehearsal::pictures::in_a_line(&failures)
    );
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the wall clock")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = std::time::Instant::now();
    let done = work();
    (done, began.elapsed())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations[durations.len() / 2]
}
