//! How long an update takes: each resource after those it needs, and the clean-up at last. What makes it long is its critical path.
//!
//! Assumption: CloudFormation takes up at once whatever is free, and nothing waits for anything but what it needs.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};

use serde::{Deserialize, Serialize};
use template::CycleError;

use crate::change_set::PolicyAction;
use crate::durations::{Figure, Operation, Provenance, usual};
use crate::expect::{Expectation, Expected};
use crate::facts::{self, ReplacementStrategy};
use crate::predict::Side;
use crate::rules::no_return::Loss;

/// How long resources of one stack took earlier, from its own events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnEvents {
    by_resource: BTreeMap<(String, Operation), Vec<u64>>,
    by_type: BTreeMap<(String, Operation), Vec<u64>>,
}

/// One event of a stack, as far as it tells of time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedEvent {
    /// Seconds since any fixed moment.
    pub at_seconds: f64,
    /// The resource.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// Such as `UPDATE_IN_PROGRESS`.
    pub status: String,
}

impl OwnEvents {
    /// What a stack's events tell, in any order. A resource whose operation failed, or whose beginning isn't among them, tells
    /// nothing; of several the last one counts.
    pub fn of_events(mut events: Vec<TimedEvent>) -> OwnEvents {
        events.sort_by(|one, other| one.at_seconds.total_cmp(&other.at_seconds));
        let mut begun: BTreeMap<(String, Operation), f64> = BTreeMap::new();
        let mut own = OwnEvents::default();
        for event in events {
            let Some((word, state)) = event.status.split_once('_') else { continue };
            let operation = match word {
                "CREATE" => Operation::Create,
                "UPDATE" => Operation::Update,
                "DELETE" => Operation::Delete,
                _ => continue,
            };
            let key = (event.logical_id, operation);
            match state {
                // "Resource creation Initiated" is a second event of the same beginning.
                "IN_PROGRESS" => {
                    begun.entry(key).or_insert(event.at_seconds);
                }
                "COMPLETE" => {
                    if let Some(since) = begun.remove(&key) {
                        let seconds = (event.at_seconds - since).max(0.0).round() as u64;
                        own.by_type.entry((event.resource_type, operation)).or_default().push(seconds);
                        own.by_resource.entry(key).or_default().push(seconds);
                    }
                }
                _ => {
                    begun.remove(&key);
                }
            }
        }
        own
    }

    /// How many operations they tell of.
    pub fn len(&self) -> usize {
        self.by_resource.len()
    }

    /// Whether they tell nothing.
    pub fn is_empty(&self) -> bool {
        self.by_resource.is_empty()
    }

    /// Every time that was measured of a resource, oldest first; where there is none, those of its type in this stack. In seconds.
    pub fn samples(&self, logical_id: &str, type_name: &str, operation: Operation) -> &[u64] {
        let own = self.by_resource.get(&(logical_id.to_owned(), operation));
        own.or_else(|| self.by_type.get(&(type_name.to_owned(), operation))).map_or(&[], Vec::as_slice)
    }

    /// The resource's own time, else the median of its type in this stack, else what is usual.
    pub fn figure(&self, logical_id: &str, type_name: &str, operation: Operation) -> Figure {
        let last = self.by_resource.get(&(logical_id.to_owned(), operation)).and_then(|all| all.last());
        let own = last.copied().or_else(|| {
            let mut all = self.by_type.get(&(type_name.to_owned(), operation))?.clone();
            all.sort_unstable();
            all.get(all.len() / 2).copied()
        });
        match own {
            Some(seconds) => Figure { seconds, provenance: Provenance::OwnEvents },
            None => usual(type_name, operation),
        }
    }
}

/// One operation of the update, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// The resource.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// What is done.
    pub operation: Operation,
    /// Seconds after the update's beginning.
    pub begins_seconds: u64,
    /// How long it takes.
    pub figure: Figure,
    after: Option<usize>,
}

impl Timed {
    /// Seconds after the update's beginning.
    pub fn ends_seconds(&self) -> u64 {
        self.begins_seconds.saturating_add(self.figure.seconds)
    }
}

/// How long an update takes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// Until the last resource is made or changed: until then a failure is rolled back.
    pub update_seconds: u64,
    /// The clean-up after that.
    pub clean_up_seconds: u64,
    /// Every operation, in the order of its beginning.
    pub operations: Vec<Timed>,
    /// The operations that make it as long as it is, in their order, the clean-up's at last.
    pub critical_path: Vec<Timed>,
    /// The first operation after which a rollback can't bring back what was, and why.
    pub point_of_no_return: Option<PointOfNoReturn>,
}

/// Where an update can't be taken back any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointOfNoReturn {
    /// The resource.
    pub logical_id: String,
    /// The earliest time, in seconds after the update's beginning.
    pub begins_seconds: u64,
    /// What is lost, as a clause.
    pub why: String,
    /// How many more such resources there are.
    pub more: usize,
}

impl Display for PointOfNoReturn {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let PointOfNoReturn { logical_id, begins_seconds, why, more } = self;
        write!(
            formatter,
            "{logical_id}, {} after the beginning at the earliest: {why}.",
            minutes(*begins_seconds)
        )?;
        match more {
            0 => Ok(()),
            1 => formatter.write_str(" One more such resource follows."),
            more => write!(formatter, " {more} more such resources follow."),
        }
    }
}

/// Seconds as people say them: `40 s`, `3 min 20 s`.
pub fn minutes(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

impl Estimate {
    /// How much of the operations' time is from where, in percent.
    pub fn shares(&self) -> BTreeMap<Provenance, u64> {
        let mut seconds: BTreeMap<Provenance, u64> = BTreeMap::new();
        for one in &self.operations {
            *seconds.entry(one.figure.provenance).or_default() += one.figure.seconds;
        }
        let all: u64 = seconds.values().sum();
        seconds.into_iter().map(|(from, part)| (from, (part * 100).checked_div(all).unwrap_or(0))).collect()
    }
}

/// Estimates an update from what is expected of it.
///
/// # Errors
/// Resources that need each other.
pub fn estimate(
    before: Option<&Side<'_>>,
    after: &Side<'_>,
    expectations: &[Expectation],
    own: &OwnEvents,
) -> Result<Estimate, CycleError> {
    let expected: BTreeMap<&str, &Expectation> =
        expectations.iter().map(|one| (one.logical_id.as_str(), one)).collect();
    let mut operations: Vec<Timed> = Vec::new();
    // By resource: when those that need it may begin, and the operation that this waits for.
    let mut ready: BTreeMap<String, (u64, Option<usize>)> = BTreeMap::new();
    let graph = after.dependencies()?;
    for logical_id in graph.topological_order() {
        let begins = latest(graph.dependencies_of(logical_id), &ready);
        let operation = expected.get(logical_id).and_then(|one| match one.expected {
            Expected::Added | Expected::Replaced | Expected::MayBeReplaced => Some((one, Operation::Create)),
            Expected::UpdatedInPlace | Expected::MayBeUpdated | Expected::InstancesReplaced => {
                Some((one, Operation::Update))
            }
            Expected::Unchanged | Expected::Removed | Expected::Fails => None,
        });
        let end = push(&mut operations, own, begins, operation.map(|(one, operation)| (*one, operation)));
        ready.insert(logical_id.to_owned(), end);
    }
    let (update_seconds, last) = latest(ready.keys().map(String::as_str), &ready);
    // The clean-up removes whatever nothing needs any more first.
    let mut gone: BTreeMap<String, (u64, Option<usize>)> = BTreeMap::new();
    if let Some(before) = before {
        let graph = before.dependencies()?;
        for logical_id in graph.topological_order().into_iter().rev() {
            let free = latest(graph.dependents_of(logical_id), &gone);
            let begins = if free.0 > update_seconds { free } else { (update_seconds, last) };
            let deleted = expected.get(logical_id).filter(|one| is_deleted(one));
            let end = push(&mut operations, own, begins, deleted.map(|one| (*one, Operation::Delete)));
            gone.insert(logical_id.to_owned(), end);
        }
    }
    let (end_seconds, last_of_all) = latest(gone.keys().map(String::as_str), &gone);
    let (end_seconds, last_of_all) =
        if end_seconds > update_seconds { (end_seconds, last_of_all) } else { (update_seconds, last) };
    let mut critical_path = Vec::new();
    let mut place = last_of_all;
    while let Some(one) = place.and_then(|place| operations.get(place)) {
        critical_path.push(one.clone());
        place = one.after;
    }
    critical_path.reverse();
    let point_of_no_return = point_of_no_return(&operations, &expected);
    operations.sort_by(|one, other| {
        (one.begins_seconds, &one.logical_id).cmp(&(other.begins_seconds, &other.logical_id))
    });
    Ok(Estimate {
        update_seconds,
        clean_up_seconds: end_seconds - update_seconds,
        operations,
        critical_path,
        point_of_no_return,
    })
}

fn latest<'a>(
    needed: impl Iterator<Item = &'a str>,
    ready: &BTreeMap<String, (u64, Option<usize>)>,
) -> (u64, Option<usize>) {
    needed
        .filter_map(|id| ready.get(id))
        .fold((0, None), |latest, one| if one.0 > latest.0 { *one } else { latest })
}

fn push(
    operations: &mut Vec<Timed>,
    own: &OwnEvents,
    (begins_seconds, after): (u64, Option<usize>),
    operation: Option<(&Expectation, Operation)>,
) -> (u64, Option<usize>) {
    let Some((one, operation)) = operation else { return (begins_seconds, after) };
    let figure = own.figure(&one.logical_id, &one.resource_type, operation);
    let timed = Timed {
        logical_id: one.logical_id.clone(),
        resource_type: one.resource_type.clone(),
        operation,
        begins_seconds,
        figure,
        after,
    };
    let ends = timed.ends_seconds();
    operations.push(timed);
    (ends, Some(operations.len() - 1))
}

fn is_deleted(one: &Expectation) -> bool {
    matches!(one.expected, Expected::Removed | Expected::Replaced)
        && !matches!(one.old_resource, Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain))
}

fn point_of_no_return(
    operations: &[Timed],
    expected: &BTreeMap<&str, &Expectation>,
) -> Option<PointOfNoReturn> {
    let mut lost: Vec<(&Timed, String)> = operations
        .iter()
        .filter(|timed| timed.operation != Operation::Delete)
        .filter_map(|timed| {
            let one = expected.get(timed.logical_id.as_str())?;
            let line = one.no_way_back.iter().find(|line| line.loss == Loss::Lost);
            let by_line = line.map(|line| format!("{} changes: {}", line.property, line.why));
            Some((timed, by_line.or_else(|| goes_first(one))?))
        })
        .collect();
    lost.sort_by_key(|(timed, _)| timed.begins_seconds);
    let more = lost.len().saturating_sub(1);
    lost.into_iter().next().map(|(timed, why)| PointOfNoReturn {
        logical_id: timed.logical_id.clone(),
        begins_seconds: timed.begins_seconds,
        why,
        more,
    })
}

/// The old resource of a type that is deleted before the new one is made takes its data with it.
fn goes_first(one: &Expectation) -> Option<String> {
    let facts = facts::resource_type(&one.resource_type)?;
    (one.expected == Expected::Replaced
        && facts.replacement_strategy == ReplacementStrategy::DeleteThenCreate
        && facts.stateful.is_some())
    .then(|| "it is deleted with its data before the new one is made".to_owned())
}
