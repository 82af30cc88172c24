//! Waiting for signals: creation policies, wait conditions, and rolling updates that wait for new instances.
//!
//! A wait is a chain of looks, each a little later, until the signals are there or the time is over. So a world in
//! which everything takes no time still lets instances come up between two looks.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use template::Value;

use super::apply::{self, Change};
use super::{Step, Work, group, pump, resource_status, schedule};
use crate::World;
use crate::cloudformation::stack::{Properties, Stack, StackResource};
use crate::cloudformation::status::Status;
use crate::cloudformation::walk::TaskIndex;
use crate::faults::FaultPhase;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(15);
const WAIT_CONDITION: &str = "AWS::CloudFormation::WaitCondition";

/// Signals by their unique id, and whether each says success.
pub type Signals = BTreeMap<String, bool>;

/// What a resource waits for.
#[derive(Debug, Clone)]
pub struct Waiting {
    needed: u64,
    /// `MinSuccessfulInstancesPercent`, of groups alone.
    percent: Option<u64>,
    timeout: Duration,
    waited: Duration,
    /// Whether the signals go to a handle instead of to the resource.
    by_handle: bool,
}

/// How a wait stands.
enum Wait {
    Waits,
    Satisfied,
    Failed(String),
}

/// Let a resource that has been made wait for its signals; `false` when it needs none.
pub fn begin(
    world: &mut World,
    stack: &mut Stack,
    task: TaskIndex,
    logical_id: &str,
    change: &Change,
) -> bool {
    let Some(resource) = stack.resources.get(logical_id) else { return false };
    let Some(waiting) = signals_to_wait_for(resource, change.creation_policy()) else { return false };
    let Some(operation) = stack.operation.as_mut() else { return false };
    operation.waiting.insert(logical_id.to_owned(), waiting);
    schedule(world, stack, task, Step::Look, LOOK);
    true
}

/// What a new resource waits for (user guide, "CreationPolicy attribute" and `AWS::CloudFormation::WaitCondition`).
///
/// Assumption: the time begins when the service is done with the resource.
fn signals_to_wait_for(resource: &StackResource, creation_policy: Option<&Value>) -> Option<Waiting> {
    let part = |name: &str| match creation_policy {
        Some(Value::Map(parts)) => parts.get(name),
        _ => None,
    };
    let waiting = match part("ResourceSignal") {
        Some(Value::Map(signal)) => Waiting {
            needed: number(signal, "Count").unwrap_or(1),
            percent: (resource.type_name == group::TYPE).then(|| {
                let instances = part("AutoScalingCreationPolicy");
                let given = match instances {
                    Some(Value::Map(settings)) => number(settings, "MinSuccessfulInstancesPercent"),
                    _ => None,
                };
                given.unwrap_or(100)
            }),
            timeout: signal
                .get("Timeout")
                .and_then(Value::scalar_text)
                .and_then(iso8601_duration)
                .unwrap_or(Duration::from_secs(300)),
            waited: Duration::ZERO,
            by_handle: false,
        },
        _ if resource.type_name == WAIT_CONDITION => Waiting {
            needed: number(&resource.properties, "Count").unwrap_or(1),
            percent: None,
            timeout: Duration::from_secs(number(&resource.properties, "Timeout").unwrap_or(43_200)),
            waited: Duration::ZERO,
            by_handle: true,
        },
        _ => return None,
    };
    (waiting.needed > 0).then_some(waiting)
}

fn number(properties: &Properties, name: &str) -> Option<u64> {
    properties.get(name)?.scalar_text()?.parse().ok()
}

/// `PT1H30M`, as far as CloudFormation uses it; `None` for what isn't one.
pub fn iso8601_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix("PT")?;
    let mut seconds = 0u64;
    while !rest.is_empty() {
        let length = rest.find(|character: char| !character.is_ascii_digit())?;
        let (digits, unit) = rest.split_at_checked(length)?;
        let unit_seconds = match unit.chars().next()? {
            'H' => 3600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit_seconds)?)?;
        rest = unit.get(1..)?;
    }
    // Longer than any that AWS takes; still a duration.
    Some(Duration::from_secs(seconds.min(1_000_000)))
}

/// The signals that come by themselves, those that came already not among them.
///
/// Assumption, made here alone: no user data runs in this cloud, so whatever is to signal from inside a resource
/// does so, with success, as soon as it can: an instance of a group when it is in service, anything else at the
/// first look. A fault of the phase `Signal` lets them say failure with its words, or nothing when it has none.
pub fn spontaneous(
    world: &mut World,
    stack: &Stack,
    resource: &StackResource,
    needed: u64,
) -> Vec<(String, bool)> {
    let fault = world.faults.reason(&stack.name, &resource.logical_id, FaultPhase::Signal);
    let success = match fault.as_deref() {
        Some("") => return Vec::new(),
        Some(_) => false,
        None => true,
    };
    let received = stack.operation.as_ref().and_then(|operation| operation.signals.get(&resource.logical_id));
    let is_new = |id: &String| !received.is_some_and(|received| received.contains_key(id));
    let ids: Vec<String> = if resource.type_name == group::TYPE {
        let instances = group::instances_of(world, resource);
        instances.into_iter().filter(|instance| instance.in_service).map(|instance| instance.id).collect()
    } else {
        let id = resource.physical_id.as_deref().unwrap_or_default();
        let id = id.rsplit('/').next().unwrap_or(id);
        // More signals than a template can ask for are not sent.
        (1..=needed.min(1000))
            .map(|number| if number == 1 { id.to_owned() } else { format!("{id}-{number}") })
            .collect()
    };
    ids.into_iter().filter(is_new).map(|id| (id, success)).collect()
}

/// Write signals down, each with its event.
pub fn receive(world: &mut World, stack: &mut Stack, logical_id: &str, signals: Vec<(String, bool)>) {
    let Some(operation) = stack.operation.as_mut() else { return };
    let target = operation.target.clone();
    let by_handle = operation.waiting.get(logical_id).is_some_and(|waiting| waiting.by_handle);
    let known = operation.signals.entry(logical_id.to_owned()).or_default();
    let new: Vec<(String, bool)> = signals.into_iter().filter(|(id, _)| !known.contains_key(id)).collect();
    known.extend(new.iter().cloned());
    let status = stack.resources.get(logical_id).map(|resource| resource.status);
    let in_progress = match status {
        Some(status @ (Status::CreateInProgress | Status::UpdateInProgress)) if !by_handle => status,
        _ => return,
    };
    for (id, success) in new {
        let word = if success { "SUCCESS" } else { "FAILURE" };
        let words = Some(format!("Received {word} signal with UniqueId {id}"));
        resource_status(world, stack, target.as_ref(), logical_id, in_progress, words);
    }
}

/// It is time to look again.
pub fn check_signals(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str) {
    let Some(resource) = stack.resources.get(logical_id).cloned() else { return };
    let Some(waiting) = stack.operation.as_mut().and_then(|operation| operation.waiting.get_mut(logical_id))
    else {
        return;
    };
    let needed = waiting.needed;
    waiting.waited += LOOK.min(waiting.timeout.saturating_sub(waiting.waited));
    let signals = spontaneous(world, stack, &resource, needed);
    receive(world, stack, logical_id, signals);
    settle(world, stack, task, logical_id);
    let waiting = stack.operation.as_ref().and_then(|operation| operation.waiting.get(logical_id));
    if let Some(left) = waiting.map(|waiting| waiting.timeout.saturating_sub(waiting.waited)) {
        schedule(world, stack, task, Step::Look, left.min(LOOK));
    }
}

/// A signal came from outside; what waits for it may go on.
pub fn arrive(world: &mut World, stack: &mut Stack, logical_id: &str, id: String, success: bool) {
    receive(world, stack, logical_id, vec![(id, success)]);
    let Some(operation) = stack.operation.as_ref() else { return };
    let task = operation.walk.running().into_iter().find(|index| {
        operation
            .walk
            .task(*index)
            .is_some_and(|task| task.logical_id == logical_id && matches!(task.work, Work::Apply(_)))
    });
    if let Some(task) = task.filter(|_| operation.waiting.contains_key(logical_id)) {
        settle(world, stack, task, logical_id);
        pump(world, stack);
    }
}

fn settle(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str) {
    let Some(operation) = stack.operation.as_mut() else { return };
    let Some(waiting) = operation.waiting.get(logical_id).cloned() else { return };
    let signals = operation.signals.get(logical_id).cloned().unwrap_or_default();
    match standing(&waiting, &signals) {
        Wait::Waits => {}
        Wait::Satisfied => {
            operation.waiting.remove(logical_id);
            if let Some(resource) = stack.resources.get_mut(logical_id).filter(|_| waiting.by_handle) {
                let data: serde_json::Map<String, serde_json::Value> =
                    signals.keys().map(|id| (id.clone(), json!(""))).collect();
                let data = serde_json::Value::Object(data).to_string();
                resource.attributes.insert("Data".to_owned(), Value::String(data));
            }
            apply::completed(world, stack, task, logical_id);
        }
        Wait::Failed(words) => {
            operation.waiting.remove(logical_id);
            apply::failed(world, stack, task, logical_id, words);
        }
    }
}

/// The words are those that people quote from their events.
fn standing(waiting: &Waiting, signals: &Signals) -> Wait {
    let count = |wanted: bool| signals.values().filter(|success| **success == wanted).count() as u64;
    let (successes, failures) = (count(true), count(false));
    let is_over = waiting.waited >= waiting.timeout;
    if successes >= waiting.needed {
        return Wait::Satisfied;
    }
    if let Some(percent) = waiting.percent {
        if !is_over && successes.saturating_add(failures) < waiting.needed {
            return Wait::Waits;
        }
        return match satisfied(successes, waiting.needed, percent) {
            true => Wait::Satisfied,
            false => Wait::Failed(unsatisfied(successes, waiting.needed, percent)),
        };
    }
    let failed = signals.iter().find(|(_, success)| !**success).map(|(id, _)| id);
    match (failed, waiting.by_handle) {
        (Some(id), true) => {
            Wait::Failed(format!("WaitCondition received failed message: '' for uniqueId: {id}"))
        }
        (Some(id), false) => Wait::Failed(format!("Received FAILURE signal with UniqueId {id}")),
        (None, _) if !is_over => Wait::Waits,
        (None, true) => Wait::Failed(format!(
            "WaitCondition timed out. Received {successes} conditions when expecting {}",
            waiting.needed
        )),
        (None, false) => Wait::Failed(format!(
            "Failed to receive {} resource signal(s) within the specified duration",
            waiting.needed.saturating_sub(successes)
        )),
    }
}

/// Whether enough of the instances have said success.
pub fn satisfied(successes: u64, needed: u64, percent: u64) -> bool {
    successes.saturating_mul(100) >= needed.saturating_mul(percent)
}

/// What is said when not enough have.
pub fn unsatisfied(successes: u64, needed: u64, percent: u64) -> String {
    format!(
        "Received {successes} SUCCESS signal(s) out of {needed}.  Unable to satisfy {percent}% \
         MinSuccessfulInstancesPercent requirement"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [
            ("PT5M", Some(300)),
            ("PT1H2M3S", Some(3723)),
            ("PT", Some(0)),
            ("5M", None),
            ("PT5X", None),
            ("PTM", None),
        ] {
            assert_eq!(iso8601_duration(text), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
