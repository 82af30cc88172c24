//! Whether a rehearsal's range holds what then happens: upgrades whose times are of another distribution than the rehearsal draws
//! from, measured once each, and counted.
//!
//! Each deployment has its own truth: of each type how many times longer than usual it takes there, and of each operation a Weibull
//! distribution around that. With history, the stack's events tell how long four earlier updates took; without, nothing is known.
//!
//! `cargo bench --package cli --bench honesty` (`SLACKWATER_DEPLOYMENTS` and `SLACKWATER_RUNS` for other numbers than 200 and 100).

#[path = "../tests/house/common.rs"]
#[expect(dead_code, reason = "the tests share more than this needs")]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use changeset::durations::{Operation, usual};
use cli::planning::NewRelease;
use cli::rehearsal::circumstances::Circumstances;
use cli::rehearsal::drawn::{normal, uniform};
use cli::rehearsal::many::{Distribution, histories, runs};
use cli::rehearsal::summary::{End, Summary};
use cli::rehearsal::{Rehearsal, Variation, virtual_time};
use cli::snapshot::{EventSnapshot, Snapshot};
use common::{Releases, code_ocean, sample};
use localcloud::Pace;
use template::Template;
use upgrade::Fate;

/// How far a type's time in a deployment is from the usual one: standard deviation of its logarithm.
const TYPE_WIDTH: f64 = 0.6;
/// The shape of the Weibull distribution of each operation: its standard deviation is about a third of its mean.
const SHAPE: f64 = 3.3;
/// Jobs end by themselves, exponentially, after so many seconds in the mean.
const JOB_SECONDS: f64 = 3_600.0;
/// Earlier updates that the history knows.
const EARLIER: u64 = 4;

/// How long things really take in one deployment, this time.
#[derive(Debug, Clone, Copy)]
struct Truth {
    deployment: u64,
    time: u64,
}

impl Truth {
    fn seconds(self, logical_id: &str, type_name: &str, operation: Operation) -> f64 {
        let of_type = (TYPE_WIDTH * normal(self.deployment ^ 0xdead, &[type_name])).exp();
        let drawn = uniform(self.deployment.wrapping_mul(1000) + self.time, &[logical_id, type_name]);
        // The mean of the distribution is Γ(1 + 1/shape) = 0.897.
        let noise = (-drawn.ln()).powf(1.0 / SHAPE) / 0.897;
        usual(type_name, operation).seconds as f64 * of_type * noise
    }
}

impl Pace for Truth {
    fn resource(&self, _: &str, logical_id: &str, type_name: &str, operation: Operation) -> Option<Duration> {
        Some(Duration::from_secs_f64(self.seconds(logical_id, type_name, operation)))
    }

    fn service(&self, signing_name: &str) -> f64 {
        let drawn = uniform(self.deployment.wrapping_mul(1000) + self.time, &["service", signing_name]);
        (-drawn.ln()).powf(1.0 / SHAPE) / 0.897
    }

    fn job(&self, job_id: &str) -> Option<Duration> {
        let drawn = uniform(self.deployment.wrapping_mul(1000) + self.time, &["job", job_id]);
        Some(Duration::from_secs_f64(JOB_SECONDS * -drawn.ln()))
    }
}

fn main() {
    let number =
        |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    // `cargo test --benches` only wants to know that it builds and runs.
    let benches = std::env::args().any(|argument| argument == "--bench");
    let deployments = number("SLACKWATER_DEPLOYMENTS", if benches { 200 } else { 2 });
    let count = number("SLACKWATER_RUNS", if benches { 100 } else { 5 });
    measure("sample", &sample(), deployments, count);
    if let Some(releases) = code_ocean().filter(|_| benches) {
        measure("Code Ocean", &releases, deployments, count);
    }
}

fn measure(name: &str, releases: &Releases, deployments: u64, count: u64) {
    let (with, without) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let widths = std::sync::Mutex::new((Vec::new(), Vec::new()));
    let text = String::from_utf8(releases.from.clone()).expect("a template is text");
    let template = Template::parse("from.yaml", text.as_bytes()).expect("a template");
    let made_up = Snapshot::of_template("platform", &text, &template, &releases.parameters);
    let to = NewRelease::of("to.yaml", releases.to.clone(), None).expect("a template");
    let runtime = virtual_time().expect("a runtime");
    let rehearsal = runtime
        .block_on(Rehearsal::prepare(&made_up, to, &releases.parameters))
        .unwrap_or_else(|error| panic!("{error}"));
    for deployment in 0..deployments {
        let mut snapshot = made_up.clone();
        let truth = Truth { deployment, time: EARLIER };
        let measured = rehearsal
            .run(&Variation {
                pace: Some(Arc::new(truth)),
                circumstances: Some(Circumstances::draw(deployment ^ 0xbeef)),
                ..Variation::default()
            })
            .map(|came| Summary::of(0, &came))
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(measured.end, End::Finished, "{:?}", measured.reason);
        let downtime = measured.downtime.expect("users were out");
        for has_history in [true, false] {
            snapshot.stacks[0].events = match has_history {
                true => history(&rehearsal, deployment),
                false => Vec::new(),
            };
            let histories = histories(&snapshot);
            let seed = deployment * 10_000;
            let count = usize::try_from(count).expect("not so many");
            let summaries = runs(&rehearsal, &histories, seed, count, &|_| true)
                .unwrap_or_else(|error| panic!("{error}"));
            let distribution = Distribution::of(&rehearsal.plan, &histories, &summaries);
            let spread = distribution.downtime.expect("runs finished");
            let holds = (spread.p5..=spread.p95).contains(&downtime);
            let width = spread.p95 as f64 / spread.p5 as f64;
            let mut widths = widths.lock().expect("nothing panics");
            let (hits, all) = if has_history { (&with, &mut widths.0) } else { (&without, &mut widths.1) };
            hits.fetch_add(usize::from(holds), Ordering::Relaxed);
            all.push(width);
        }
    }
    let (mut of_with, mut of_without) = widths.into_inner().expect("nothing panics");
    let middle = |all: &mut Vec<f64>| {
        all.sort_by(f64::total_cmp);
        (all[all.len() / 2], all[all.len() - 1])
    };
    let ((with_middle, with_most), (middle, most)) = (middle(&mut of_with), middle(&mut of_without));
    println!(
        "{name}: of {deployments} upgrades, {count} rehearsals each: with history {} in the range of 5 to 95 %, which is {with_middle:.2} times as wide as its lower end ({with_most:.2} at most); without {}, {middle:.2} times ({most:.2})",
        with.into_inner(),
        without.into_inner(),
    );
}

/// The events of earlier updates, as DescribeStackEvents would tell them.
fn history(rehearsal: &Rehearsal, deployment: u64) -> Vec<EventSnapshot> {
    let mut events = Vec::new();
    let update = rehearsal.plan.primary().expect("it has an update");
    for time in 0..EARLIER {
        let truth = Truth { deployment, time };
        for one in &update.expected {
            let (operation, word) = match one.expected {
                Fate::Added | Fate::Replaced | Fate::MayBeReplaced => (Operation::Create, "CREATE"),
                Fate::UpdatedInPlace | Fate::InstancesReplaced | Fate::MayBeUpdated => {
                    (Operation::Update, "UPDATE")
                }
                Fate::Removed => (Operation::Delete, "DELETE"),
                Fate::Unchanged | Fate::Fails => continue,
            };
            let began = 1_700_000_000_000 + i64::try_from(time).expect("few") * 86_400_000;
            let took = truth.seconds(&one.logical_id, &one.resource_type, operation) * 1000.0;
            for (at, state) in [(began, "IN_PROGRESS"), (began + took as i64, "COMPLETE")] {
                let at = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000);
                let format = &time::format_description::well_known::Rfc3339;
                events.push(EventSnapshot {
                    at: at.expect("a time").format(format).expect("a time"),
                    logical_id: one.logical_id.clone(),
                    resource_type: one.resource_type.clone(),
                    status: format!("{word}_{state}"),
                });
            }
        }
    }
    events
}
