//! Rolling updates: a group's instances are replaced in batches through the group's own API (user guide,
//! "UpdatePolicy attribute", `AutoScalingRollingUpdate`). The words of the events are those that people quote.
//!
//! Assumptions, AWS documenting none of it: instances are terminated in the order of their launch; the group is
//! looked at every few seconds; a group that doesn't come to where it should within two hours fails.

use std::time::Duration;

use serde_json::json;
use template::Value;

use super::group::{self, Instance, Sizes};
use super::signals::{self, iso8601_duration};
use super::{Step, resource_status, schedule};
use crate::World;
use crate::cloudformation::stack::Stack;
use crate::cloudformation::status::Status;
use crate::cloudformation::walk::TaskIndex;
use crate::services::Service;

const LOOK: Duration = Duration::from_secs(10);
const MOST_LOOKS: u32 = 720;

/// `AutoScalingRollingUpdate`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    batch: usize,
    minimum_in_service: usize,
    percent: u64,
    pause: Duration,
    waits: bool,
    suspended: Vec<String>,
}

impl Settings {
    /// The settings of an evaluated `UpdatePolicy`; what isn't given is AWS's default.
    pub fn from_policy(update_policy: Option<&Value>) -> Settings {
        let policy = match update_policy {
            Some(Value::Map(parts)) => parts.get("AutoScalingRollingUpdate"),
            _ => None,
        };
        let setting = |name: &str| match policy {
            Some(Value::Map(settings)) => settings.get(name),
            _ => None,
        };
        let text = |name: &str| setting(name).and_then(Value::scalar_text);
        let waits = text("WaitOnResourceSignals") == Some("true");
        let usual_pause = if waits { Duration::from_secs(300) } else { Duration::ZERO };
        let suspended = match setting("SuspendProcesses") {
            Some(Value::List(names)) => {
                names.iter().filter_map(Value::scalar_text).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        Settings {
            batch: text("MaxBatchSize").and_then(|text| text.parse().ok()).unwrap_or(1).max(1),
            minimum_in_service: text("MinInstancesInService").and_then(|text| text.parse().ok()).unwrap_or(0),
            percent: text("MinSuccessfulInstancesPercent").and_then(|text| text.parse().ok()).unwrap_or(100),
            pause: text("PauseTime").and_then(iso8601_duration).unwrap_or(usual_pause),
            waits,
            suspended,
        }
    }
}

/// What the update waits for.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// The group has as many instances in service as it should.
    Filling,
    /// The instances of a batch are gone.
    Terminating(Vec<String>),
    /// New instances signal.
    Signals(Vec<String>),
    /// The pause is over.
    Pausing,
}

/// A rolling update under way.
#[derive(Debug, Clone)]
pub struct Rolling {
    group: String,
    settings: Settings,
    /// Instances still to be replaced, in order.
    obsolete: Vec<String>,
    total: usize,
    /// What the group is to be asked for in the end.
    wanted: Sizes,
    /// Instances that were there or have been counted.
    known: Vec<String>,
    successes: u64,
    failures: u64,
    stage: Stage,
    looks: u32,
    waited: Duration,
    /// The processes that were suspended for it.
    suspended: Vec<String>,
}

/// How far a rolling update has come.
pub enum Progress {
    /// It goes on.
    Again,
    /// Every instance has been replaced.
    Done,
    /// It failed.
    Failed(String),
}

/// Begin to replace `obsolete` instances; `false` when there are none.
pub fn begin(
    world: &mut World,
    stack: &mut Stack,
    task: TaskIndex,
    logical_id: &str,
    settings: &Settings,
    obsolete: &[Instance],
) -> bool {
    let Some(group) = stack.resources.get(logical_id).and_then(|resource| resource.physical_id.clone())
    else {
        return false;
    };
    let now = group::instances(world, &group);
    let obsolete: Vec<String> = obsolete
        .iter()
        .filter(|old| now.iter().any(|instance| instance.id == old.id))
        .map(|old| old.id.clone())
        .collect();
    if obsolete.is_empty() {
        return false;
    }
    let wanted = group::sizes(world, &group);
    let mut words = format!(
        "Rolling update initiated. Terminating {} obsolete instance(s) in batches of {}",
        obsolete.len(),
        settings.batch.min(obsolete.len())
    );
    if settings.minimum_in_service > 0 {
        words.push_str(&format!(
            ", while keeping at least {} instance(s) in service",
            settings.minimum_in_service
        ));
    }
    words.push('.');
    let pause = duration_text(settings.pause);
    if settings.waits {
        words.push_str(&format!(
            " Waiting on resource signals with a timeout of {pause} when new instances are added to the autoscaling group."
        ));
    } else if !settings.pause.is_zero() {
        words.push_str(&format!(
            " Pausing for {pause} when new instances are added to the autoscaling group."
        ));
    }
    say(world, stack, logical_id, words);
    let suspended = suspend(world, &group, &settings.suspended);
    let grown = i64::try_from(settings.minimum_in_service + settings.batch).unwrap_or(i64::MAX);
    let temporary = wanted.desired.max(grown.min(wanted.maximum));
    say(
        world,
        stack,
        logical_id,
        format!("Temporarily setting autoscaling group MinSize and DesiredCapacity to {temporary}."),
    );
    let sizes = Sizes { minimum: temporary, desired: temporary, ..wanted };
    // A group that refuses its own size says so at the next look, by not coming to it.
    let _refused = group::resize(world, &group, sizes);
    let rolling = Rolling {
        group,
        settings: settings.clone(),
        total: obsolete.len(),
        known: now.into_iter().map(|instance| instance.id).collect(),
        obsolete,
        wanted,
        successes: 0,
        failures: 0,
        stage: Stage::Filling,
        looks: 0,
        waited: Duration::ZERO,
        suspended,
    };
    if let Some(operation) = stack.operation.as_mut() {
        operation.signals.remove(logical_id);
        operation.rolling.insert(logical_id.to_owned(), rolling);
    }
    schedule(world, stack, task, Step::Roll, LOOK);
    true
}

/// It is time to look at the group again.
pub fn check_group(world: &mut World, stack: &mut Stack, task: TaskIndex, logical_id: &str) -> Progress {
    let Some(mut rolling) = stack.operation.as_mut().and_then(|one| one.rolling.remove(logical_id)) else {
        return Progress::Done;
    };
    rolling.looks += 1;
    let progress = step(world, stack, logical_id, &mut rolling);
    match progress {
        Progress::Again => {
            schedule(world, stack, task, Step::Roll, LOOK);
            if let Some(operation) = stack.operation.as_mut() {
                operation.rolling.insert(logical_id.to_owned(), rolling);
            }
        }
        Progress::Done | Progress::Failed(_) => {
            resume(world, &rolling.group, &rolling.suspended);
            // What the template asks for; after a failure the rollback asks for what was.
            let _refused = group::resize(world, &rolling.group, rolling.wanted);
        }
    }
    progress
}

/// A rolling update ends before its end: the group's processes and sizes are as they were before it.
pub fn break_off(world: &mut World, rolling: Rolling) {
    resume(world, &rolling.group, &rolling.suspended);
    let _refused = group::resize(world, &rolling.group, rolling.wanted);
}

fn step(world: &mut World, stack: &mut Stack, logical_id: &str, rolling: &mut Rolling) -> Progress {
    let instances = group::instances(world, &rolling.group);
    match rolling.stage.clone() {
        Stage::Terminating(batch) => {
            let there = group::all_ids(world, &rolling.group);
            if batch.iter().any(|id| there.contains(id)) {
                return patience(rolling);
            }
            let done = rolling.total - rolling.obsolete.len();
            let percent = done * 100 / rolling.total.max(1);
            let words =
                format!("Successfully terminated instance(s) [{}] (Progress {percent}%).", batch.join(","));
            say(world, stack, logical_id, words);
            rolling.stage = Stage::Filling;
            rolling.looks = 0;
            Progress::Again
        }
        Stage::Filling => {
            let desired = usize::try_from(group::sizes(world, &rolling.group).desired).unwrap_or_default();
            let new: Vec<String> = instances
                .iter()
                .filter(|instance| !rolling.known.contains(&instance.id))
                .map(|instance| instance.id.clone())
                .collect();
            let is_full = if rolling.settings.waits {
                instances.len() >= desired
            } else {
                instances.iter().filter(|instance| instance.in_service).count() >= desired
            };
            if !is_full {
                return patience(rolling);
            }
            rolling.known.extend(new.iter().cloned());
            if new.is_empty() {
                return next_batch(world, stack, logical_id, rolling, &instances);
            }
            rolling.waited = Duration::ZERO;
            if rolling.settings.waits {
                let words = format!(
                    "New instance(s) added to autoscaling group - Waiting on {} resource signal(s) with a timeout of {}.",
                    new.len(),
                    duration_text(rolling.settings.pause)
                );
                say(world, stack, logical_id, words);
                rolling.stage = Stage::Signals(new);
            } else {
                rolling.stage = Stage::Pausing;
            }
            Progress::Again
        }
        Stage::Signals(awaited) => await_signals(world, stack, logical_id, rolling, &awaited, &instances),
        Stage::Pausing => {
            rolling.waited += LOOK;
            if rolling.waited < rolling.settings.pause {
                return Progress::Again;
            }
            next_batch(world, stack, logical_id, rolling, &instances)
        }
    }
}

fn await_signals(
    world: &mut World,
    stack: &mut Stack,
    logical_id: &str,
    rolling: &mut Rolling,
    awaited: &[String],
    instances: &[Instance],
) -> Progress {
    rolling.waited += LOOK;
    if let Some(resource) = stack.resources.get(logical_id).cloned() {
        let mut sent = signals::spontaneous(world, stack, &resource, 0);
        sent.retain(|(id, _)| awaited.contains(id));
        signals::receive(world, stack, logical_id, sent);
    }
    let received =
        stack.operation.as_ref().and_then(|one| one.signals.get(logical_id)).cloned().unwrap_or_default();
    let missing = awaited.iter().filter(|id| !received.contains_key(*id)).count();
    let is_over = rolling.waited >= rolling.settings.pause;
    if missing > 0 && !is_over {
        return Progress::Again;
    }
    if missing > 0 {
        let words = format!(
            "Failed to receive {missing} resource signal(s) for the current batch.  Each resource signal timeout is \
             counted as a FAILURE."
        );
        say(world, stack, logical_id, words);
    }
    let successes = awaited.iter().filter(|id| received.get(*id) == Some(&true)).count() as u64;
    rolling.successes += successes;
    rolling.failures += (awaited.len() as u64).saturating_sub(successes);
    let total = rolling.total as u64;
    // As soon as too many have failed, waiting for the others is in vain.
    let best = total.saturating_sub(rolling.failures.min(total));
    if !signals::satisfied(best, total, rolling.settings.percent) {
        return Progress::Failed(signals::unsatisfied(
            rolling.successes.min(total),
            total,
            rolling.settings.percent,
        ));
    }
    next_batch(world, stack, logical_id, rolling, instances)
}

/// Terminate the next instances, or end when there are none left.
fn next_batch(
    world: &mut World,
    stack: &mut Stack,
    logical_id: &str,
    rolling: &mut Rolling,
    instances: &[Instance],
) -> Progress {
    rolling.looks = 0;
    // Somebody else may have terminated some of them meanwhile.
    rolling.obsolete.retain(|id| instances.iter().any(|instance| instance.id == *id));
    if rolling.obsolete.is_empty() {
        return Progress::Done;
    }
    let in_service = instances.iter().filter(|instance| instance.in_service).count();
    let allowed = in_service.saturating_sub(rolling.settings.minimum_in_service).max(1);
    let count = rolling.settings.batch.min(allowed).min(rolling.obsolete.len());
    let batch: Vec<String> = rolling.obsolete.drain(..count).collect();
    let new = instances
        .iter()
        .filter(|one| !rolling.obsolete.contains(&one.id) && !batch.contains(&one.id))
        .count();
    let desired = usize::try_from(rolling.wanted.desired).unwrap_or_default();
    let replacing = desired.saturating_sub(new).min(count);
    let words =
        format!("Terminating instance(s) [{}]; replacing with {replacing} new instance(s).", batch.join(","));
    say(world, stack, logical_id, words);
    let sizes = group::sizes(world, &rolling.group);
    let shrink = count - replacing;
    let smaller = sizes.desired.saturating_sub(i64::try_from(shrink).unwrap_or_default());
    let refused = group::resize(world, &rolling.group, Sizes { minimum: smaller.max(0), ..sizes }).err();
    let terminated =
        batch.iter().enumerate().try_for_each(|(place, id)| group::terminate(world, id, place < shrink));
    if let Some(error) = terminated.err().or(refused) {
        return Progress::Failed(error.message);
    }
    rolling.stage = Stage::Terminating(batch);
    Progress::Again
}

fn patience(rolling: &Rolling) -> Progress {
    match rolling.looks < MOST_LOOKS {
        true => Progress::Again,
        false => Progress::Failed("Group did not stabilize.".to_owned()),
    }
}

fn say(world: &mut World, stack: &mut Stack, logical_id: &str, words: String) {
    let definition = stack.operation.as_ref().and_then(|operation| operation.target.clone());
    resource_status(world, stack, definition.as_ref(), logical_id, Status::UpdateInProgress, Some(words));
}

/// `PT5M`, as CloudFormation writes it.
fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')];
    let text: String = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if text.is_empty() { "PT0S".to_owned() } else { format!("PT{text}") }
}

/// Suspend a group's processes; gives those that weren't suspended before.
fn suspend(world: &mut World, group: &str, processes: &[String]) -> Vec<String> {
    let before = group::suspended(world, group);
    let new: Vec<String> = processes.iter().filter(|process| !before.contains(process)).cloned().collect();
    if !new.is_empty() {
        let input = json!({"AutoScalingGroupName": group, "ScalingProcesses": new});
        // A process that the group doesn't know stays as it is.
        let _refused = Service::AutoScaling.call(world, "SuspendProcesses", crate::Input(&input));
    }
    new
}

fn resume(world: &mut World, group: &str, processes: &[String]) {
    if !processes.is_empty() {
        let input = json!({"AutoScalingGroupName": group, "ScalingProcesses": processes});
        let _refused = Service::AutoScaling.call(world, "ResumeProcesses", crate::Input(&input));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written() {
        for (seconds, text) in [(0, "PT0S"), (300, "PT5M"), (3723, "PT1H2M3S")] {
            assert_eq!(duration_text(Duration::from_secs(seconds)), text);
        }
    }
}
