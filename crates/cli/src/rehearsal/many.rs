//! Many runs of one rehearsal, with spread, and what they come to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use changeset::durations::{Operation, Provenance};
use changeset::estimate::{OwnEvents, TimedEvent};
use schemars::JsonSchema;
use serde::Serialize;
use upgrade::{Fate, Plan, Step};

use super::durations::Drawn;
use super::summary::{End, Summary};
use super::{Rehearsal, Variation};
use crate::error::CliError;
use crate::snapshot::{Snapshot, StackSnapshot};
use crate::words;

/// How a time is spread over runs, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    pub p5: u64,
    pub median: u64,
    pub p90: u64,
    pub p95: u64,
    pub p99: u64,
}

impl Spread {
    /// Of these times; `None`: there are none.
    #[must_use]
    pub fn of(mut all: Vec<u64>) -> Option<Spread> {
        all.sort_unstable();
        // The nearest rank: a time that a run really took.
        let at = |percent: usize| {
            let rank = (all.len() * percent).div_ceil(100).max(1);
            all.get(rank - 1).copied()
        };
        Some(Spread { p5: at(5)?, median: at(50)?, p90: at(90)?, p95: at(95)?, p99: at(99)? })
    }
}

/// A resource that was on the critical path.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Longest {
    pub logical_id: String,
    pub resource_type: String,
    /// In how many of a hundred finished runs.
    pub percent: usize,
    /// How long it took there, in milliseconds.
    pub took: Spread,
    /// Where its time is from: `own-events`, `documented`, `averages`, `assumed`.
    #[schemars(with = "String")]
    pub provenance: Provenance,
}

/// How long a step takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepSpread {
    #[serde(serialize_with = "words::as_title")]
    #[schemars(with = "String")]
    pub step: Step,
    pub took: Spread,
}

/// A run that didn't finish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unfinished {
    pub seed: u64,
    pub end: End,
    pub reason: String,
}

/// What the runs came to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    pub runs: usize,
    pub ends: BTreeMap<End, usize>,
    /// How long users were kept out by runs that finished.
    pub downtime: Option<Spread>,
    pub whole: Option<Spread>,
    /// Each step of finished runs that takes any time, in their order.
    pub steps: Vec<StepSpread>,
    /// The resources that make the update long, the most frequent first.
    pub critical: Vec<Longest>,
    /// Of the time of the update's operations, how much is known from where, in percent.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub provenance: BTreeMap<Provenance, u64>,
    /// The downtimes of finished runs, sorted, in milliseconds.
    pub downtimes: Vec<u64>,
    /// Runs that didn't finish.
    pub unfinished: Vec<Unfinished>,
}

/// What the stacks' own events say of how long things take there.
#[must_use]
pub fn histories(snapshot: &Snapshot) -> Arc<Vec<(String, OwnEvents)>> {
    let of = |stack: &StackSnapshot| {
        use time::format_description::well_known::Rfc3339;
        let timed = stack.events.iter().filter_map(|event| {
            let at = time::OffsetDateTime::parse(&event.at, &Rfc3339).ok()?;
            Some(TimedEvent {
                at_seconds: at.unix_timestamp_nanos() as f64 / 1e9,
                logical_id: event.logical_id.clone(),
                resource_type: event.resource_type.clone(),
                status: event.status.clone(),
            })
        });
        (stack.name.clone(), OwnEvents::of_events(timed.collect()))
    };
    Arc::new(snapshot.stacks.iter().map(of).filter(|(_, own)| !own.is_empty()).collect())
}

/// Run the rehearsal so often, each time with other durations, on as many threads as there are cores. The same seed gives the same.
/// `progress` hears how many are done; where it says no, the rest isn't begun.
///
/// # Errors
/// The first run that broke one of the program's own rules.
pub fn runs(
    rehearsal: &Rehearsal,
    histories: &Arc<Vec<(String, OwnEvents)>>,
    seed: u64,
    count: usize,
    progress: &(dyn Fn(usize) -> bool + Sync),
) -> Result<Vec<Summary>, CliError> {
    on_every_core(count, progress, &|number| {
        let seed = seed.wrapping_add(number as u64);
        let drawn = Drawn { histories: Arc::clone(histories), seed };
        rehearsal.run(&Variation::drawn(drawn)).map(|came| Summary::of(seed, &came))
    })
}

/// A conducting's futures are deep.
const STACK_BYTES: usize = 16 << 20;

/// Do so many pieces of work, as many at once as there are cores; what came of each, in their order. `progress` hears how many are
/// done; where it says no, the rest isn't begun.
///
/// # Errors
/// The first piece that failed, after which none is begun.
pub(crate) fn on_every_core<T: Send>(
    count: usize,
    progress: &(dyn Fn(usize) -> bool + Sync),
    piece: &(dyn Fn(usize) -> Result<T, CliError> + Sync),
) -> Result<Vec<T>, CliError> {
    let (next, done, stopped) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let found: Mutex<Vec<(usize, Result<T, CliError>)>> = Mutex::new(Vec::with_capacity(count));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count || stopped.load(Ordering::Relaxed) {
                return;
            }
            let came = piece(number);
            let failed = came.is_err();
            found.lock().unwrap_or_else(PoisonError::into_inner).push((number, came));
            if failed || !progress(1 + done.fetch_add(1, Ordering::Relaxed)) {
                stopped.store(true, Ordering::Relaxed);
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    std::thread::scope(|scope| {
        let thread = || std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work).is_ok();
        // Where the system has no more threads, those that there are do all of it.
        if (0..cores).filter(|_| thread()).count() == 0 {
            work();
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, came)| came).collect()
}

impl Distribution {
    /// What these runs came to.
    #[must_use]
    pub fn of(plan: &Plan, histories: &[(String, OwnEvents)], summaries: &[Summary]) -> Distribution {
        let finished: Vec<&Summary> = summaries.iter().filter(|one| one.end == End::Finished).collect();
        let mut ends = BTreeMap::new();
        for summary in summaries {
            *ends.entry(summary.end).or_default() += 1;
        }
        let mut downtimes: Vec<u64> = finished.iter().filter_map(|one| one.downtime).collect();
        downtimes.sort_unstable();
        let mut steps: Vec<(Step, Vec<u64>)> = Vec::new();
        for (step, took) in finished.iter().flat_map(|one| &one.steps) {
            match steps.iter_mut().find(|(known, _)| known == step) {
                Some((_, all)) => all.push(*took),
                None => steps.push((*step, vec![*took])),
            }
        }
        let mut critical: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
        for one in finished.iter().flat_map(|one| &one.critical) {
            critical.entry((&one.logical_id, &one.resource_type)).or_default().push(one.milliseconds);
        }
        let figures = Drawn { histories: Arc::new(histories.to_vec()), seed: 0 };
        let mut critical: Vec<Longest> = critical
            .into_iter()
            .filter_map(|((logical_id, resource_type), all)| {
                let operation = operation_of(plan, logical_id);
                let figure = figures.figure(&plan.stack_name, logical_id, resource_type, operation);
                Some(Longest {
                    logical_id: logical_id.to_owned(),
                    resource_type: resource_type.to_owned(),
                    percent: (all.len() * 100).checked_div(finished.len())?.min(100),
                    took: Spread::of(all)?,
                    provenance: figure.provenance,
                })
            })
            .filter(|one| one.took.p90 >= 1000)
            .collect();
        critical.sort_by_key(|one| std::cmp::Reverse(one.took.median * one.percent as u64));
        Distribution {
            runs: summaries.len(),
            ends,
            downtime: Spread::of(downtimes.clone()),
            whole: Spread::of(finished.iter().map(|one| one.whole).collect()),
            steps: steps
                .into_iter()
                .filter_map(|(step, all)| Some(StepSpread { step, took: Spread::of(all)? }))
                .filter(|one| one.took.p99 >= 1000)
                .collect(),
            critical,
            provenance: provenance(plan, &figures),
            downtimes,
            unfinished: summaries
                .iter()
                .filter(|one| one.end != End::Finished)
                .map(|one| Unfinished {
                    seed: one.seed,
                    end: one.end,
                    reason: one.reason.clone().unwrap_or_default(),
                })
                .collect(),
        }
    }
}

fn operation_of(plan: &Plan, logical_id: &str) -> Operation {
    let expected = plan.primary().and_then(|update| {
        update.expected.iter().find(|one| one.logical_id == logical_id).map(|one| one.expected)
    });
    expected.and_then(operation).unwrap_or(Operation::Update)
}

/// What CloudFormation does with a resource of which this is expected.
pub(super) fn operation(fate: Fate) -> Option<Operation> {
    match fate {
        Fate::Added | Fate::Replaced | Fate::MayBeReplaced => Some(Operation::Create),
        Fate::UpdatedInPlace | Fate::InstancesReplaced | Fate::MayBeUpdated => Some(Operation::Update),
        Fate::Removed => Some(Operation::Delete),
        Fate::Unchanged | Fate::Fails => None,
    }
}

/// Of the time of every operation of every update, how much is known from where, in percent.
fn provenance(plan: &Plan, figures: &Drawn) -> BTreeMap<Provenance, u64> {
    let mut seconds: BTreeMap<Provenance, u64> = BTreeMap::new();
    for update in &plan.updates {
        for one in &update.expected {
            let Some(operation) = operation(one.expected) else { continue };
            let figure = figures.figure(&update.stack_name, &one.logical_id, &one.resource_type, operation);
            *seconds.entry(figure.provenance).or_default() += figure.seconds;
        }
    }
    let all: u64 = seconds.values().sum();
    seconds.into_iter().map(|(from, part)| (from, (part * 100).checked_div(all).unwrap_or(0))).collect()
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn a_spread_is_of_times_that_were_taken() {
        assert_eq!(Spread::of(Vec::new()), None);
        let one = Spread::of(vec![7]).expect("there is one");
        assert_eq!((one.p5, one.median, one.p99), (7, 7, 7));
        let hundred = Spread::of((1..=100).rev().collect()).expect("there are some");
        assert_eq!((hundred.p5, hundred.median, hundred.p90, hundred.p95, hundred.p99), (5, 50, 90, 95, 99));
    }
}
