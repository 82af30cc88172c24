//! Who and what is at work, how the platform is before anything begins, and which alarms maintenance will set off.

use std::collections::{BTreeMap, BTreeSet};

use template::Node;

use super::finding::{Finding, count, list};
use super::{Check, CheckInput, CheckResult, Version};
use crate::circumstances::{Circumstances, Looked};
use crate::observation;
use crate::platform::{PlatformHealth, Unsaved};
use crate::policy::Escalation;

/// Whether the platform is well now. One that isn't can't be told from one that the upgrade broke.
pub(super) const PLATFORM_HEALTH: Check = Check::new("platform-health", "Platform is well before", platform);

fn platform(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let Circumstances { platform_status, health, .. } = input.circumstances;
    let unwell =
        "Bring it into order first: a platform that was unwell before can't prove itself well afterwards.";
    for sick in health.iter().filter(|one| !one.healthy && one.what != observation::HealthFinding::PLATFORM) {
        finding.warn(
            format!(
                "{} is not healthy ({}): after the update it won't be waited for.",
                sick.what, sick.detail
            ),
            unwell,
        );
    }
    let status = match platform_status {
        None if health.is_empty() => {
            return finding.skipped("Nothing that would prove it healthy could be asked.");
        }
        None => return finding.done(),
        Some(Err(reason)) => {
            finding.warn(
                format!("The platform doesn't answer: {reason}"),
                "See why before the upgrade: afterwards it can't be told from what the upgrade broke.",
            );
            return finding.done();
        }
        Some(Ok(status)) => status,
    };
    let detail = status.detail.as_ref().map_or_else(String::new, |detail| format!(" ({detail})"));
    match status.health {
        PlatformHealth::Ok => finding.note(format!("The platform says that it is well{detail}.")),
        PlatformHealth::Degraded => {
            finding.warn(format!("The platform says that it is degraded{detail}."), unwell)
        }
        PlatformHealth::Down => finding.warn(format!("The platform says that it is down{detail}."), unwell),
    }
    let deployed = input.version_before();
    if let (Some(answers), Some(deployed)) = (&status.version, &deployed) {
        let same = match (Version::parse(answers), Version::parse(deployed)) {
            (Some(answers), Some(deployed)) => answers == deployed,
            (Some(_) | None, Some(_) | None) => answers == deployed,
        };
        if same {
            finding.note(format!("It answers as {answers}, which is deployed."));
        } else {
            finding.warn(
                format!("It answers as {answers}, and the stack's template is {deployed}: an earlier upgrade didn't reach it."),
                "Find out which is true before adding a third version.",
            );
        }
    }
    finding.done()
}

/// What one person has at work.
#[derive(Default)]
struct Work {
    sessions: usize,
    unsaved: Vec<String>,
    computations: usize,
    jobs: usize,
    machines: usize,
}

/// Running workloads by owner, and what becomes of them.
pub(super) const WORKLOADS: Check = Check::new("workloads", "Who is at work", at_work);

fn at_work(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let around = input.circumstances;
    let mut owners: BTreeMap<&str, Work> = BTreeMap::new();
    let mut blind = Vec::new();
    let sessions = looked(around.sessions.as_ref(), "sessions", &mut blind);
    for session in sessions {
        let work = owners.entry(&session.owner).or_default();
        work.sessions += 1;
        match session.unsaved {
            Unsaved::No => {}
            Unsaved::Yes { items } => {
                work.unsaved.push(format!("{} ({})", session.name, count(items as usize, "item")))
            }
            Unsaved::Unknown => work.unsaved.push(format!("{} (can't tell)", session.name)),
        }
    }
    for computation in looked(around.computations.as_ref(), "computations", &mut blind) {
        owners.entry(&computation.owner).or_default().computations += 1;
    }
    for job in looked(Some(&around.jobs), "jobs", &mut blind) {
        owners.entry(job.owner.as_deref().unwrap_or("nobody named")).or_default().jobs += 1;
    }
    for machine in looked(Some(&around.dedicated_machines), "dedicated machines", &mut blind) {
        owners.entry(machine.owner.as_deref().unwrap_or("nobody named")).or_default().machines += 1;
    }
    let mut unsaved = false;
    for (owner, work) in &owners {
        let parts: Vec<String> = [
            (work.sessions, "session"),
            (work.computations, "computation"),
            (work.jobs, "job"),
            (work.machines, "machine"),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| count(number, what))
        .collect();
        let mut line = format!("{owner}: {}.", parts.join(", "));
        if !work.unsaved.is_empty() {
            unsaved = true;
            line.push_str(&format!(" Unsaved: {}.", list(work.unsaved.iter().map(String::as_str))));
        }
        finding.note(line);
    }
    let number = |of: fn(&Work) -> usize| owners.values().map(of).sum::<usize>();
    let ended = number(|work| work.computations + work.jobs);
    if unsaved {
        let what = match (around.platform.save, input.maintenance.sessions.escalation) {
            (true, Escalation::Stop) => "they are saved first, and the run stops if one can't be",
            (true, Escalation::Wait) => "they are saved first, and the run waits for those that can't be",
            (true, Escalation::Force) => {
                "they are saved first; those that the policy names are stopped even unsaved"
            }
            (false, Escalation::Stop | Escalation::Wait | Escalation::Force) => {
                "the platform can't save them, so people have to do it themselves"
            }
        };
        finding.warn(
            format!("Sessions hold unsaved work: {what}."),
            "Tell their owners when the gate closes, early enough to save.",
        );
    }
    if ended > 0 {
        finding.warn(
            format!("Computations and jobs that are not done by then will be ended: {ended} now."),
            "Upgrade when they are done, or tell their owners that they will have to run them again.",
        );
    }
    if number(|work| work.machines) > 0 {
        finding.warn(
            "Dedicated machines are terminated with everything on their root volumes.",
            "Ask their owners to move what they need.",
        );
    }
    match &around.worker_groups {
        Ok(groups) => {
            let instances: usize = groups.iter().map(|group| group.instances.len()).sum();
            finding.note(format!(
                "{} in {} will end, and come back afterwards.",
                count(instances, "worker instance"),
                count(groups.len(), "group")
            ));
        }
        Err(reason) => blind.push(format!("workers ({reason})")),
    }
    match &around.obstacles.services {
        Ok(services) if services.is_empty() => {}
        Ok(services) => {
            let tasks: usize = services.iter().map(|service| service.tasks.len()).sum();
            finding.note(format!(
                "{} of {} will end, and come back afterwards.",
                count(tasks, "task"),
                count(services.len(), "ECS service")
            ));
        }
        Err(reason) => blind.push(format!("ECS services ({reason})")),
    }
    if !blind.is_empty() {
        finding.warn(
            format!("Could not be looked at: {}. What runs there isn't in this list.", blind.join(", ")),
            "Look yourself who is at work.",
        );
    }
    if around.sessions.is_none() {
        finding.note("The platform's adapter doesn't list sessions.");
    }
    if around.computations.is_none() {
        finding.note("The platform's adapter doesn't list computations.");
    }
    finding.done()
}

/// What was found; what could not be looked at is remembered.
fn looked<'a, T>(of: Option<&'a Looked<Vec<T>>>, what: &str, blind: &mut Vec<String>) -> &'a [T] {
    match of {
        None => &[],
        Some(Ok(found)) => found,
        Some(Err(reason)) => {
            blind.push(format!("{what} ({reason})"));
            &[]
        }
    }
}

/// Alarms that act, on what maintenance stops.
pub(super) const ALARMS: Check = Check::new("alarms", "Alarms", alarms);

fn alarms(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let alarms = match &input.circumstances.alarms {
        Ok(alarms) => alarms,
        Err(reason) => return finding.skipped(format!("Alarms could not be looked at: {reason}")),
    };
    let targets = input.targets;
    let stopped: BTreeSet<&str> = (targets.listeners.iter())
        .chain(&targets.target_groups)
        .chain(&targets.job_queues)
        .chain(&targets.worker_groups)
        .chain(&targets.ecs_services)
        .map(|target| target.logical_id.as_str())
        .collect();
    let mut fire = Vec::new();
    for alarm in alarms {
        if alarm.state == "ALARM" {
            finding.warn(
                format!("{} ({}) is in ALARM now.", alarm.name, alarm.metric),
                "See what it says before the upgrade: afterwards it can't be told from what the upgrade broke.",
            );
        }
        if !alarm.actions_enabled {
            finding.note(format!("{} does nothing when it fires, and stays so.", alarm.name));
        } else if watches(input, &alarm.logical_id, &stopped) {
            fire.push(format!("{} ({})", alarm.name, alarm.metric));
        }
    }
    if fire.is_empty() {
        finding.note(format!(
            "{} looked at; none that acts watches what maintenance stops.",
            count(alarms.len(), "alarm")
        ));
    } else {
        let fire = list(fire.iter().map(String::as_str));
        if input.maintenance.mute_alarms {
            finding.note(format!("Watch what maintenance stops, and are muted meanwhile: {fire}."));
        } else {
            finding.warn(
                format!("Watch what maintenance stops, and will fire: {fire}."),
                "Let the policy mute the stack's alarms, or tell whoever is on call.",
            );
        }
    }
    finding.done()
}

/// Whether an alarm's template names one of these, anywhere in what it measures.
fn watches(input: &CheckInput<'_>, alarm: &str, stopped: &BTreeSet<&str>) -> bool {
    let Some(properties) =
        input.before.template.resources.get(alarm).and_then(|resource| resource.properties.as_ref())
    else {
        return false;
    };
    ["Dimensions", "Metrics"].iter().filter_map(|name| properties.get(name)).any(|node| names(node, stopped))
}

/// Whether a resource is referred to. Depth is bounded by the template reader.
fn names(node: &Node, wanted: &BTreeSet<&str>) -> bool {
    let target = match node.only_entry() {
        Some(("Ref", entry)) => entry.value.as_str(),
        Some(("Fn::GetAtt", entry)) => match entry.value.as_sequence() {
            Some(parts) => parts.first().and_then(Node::as_str),
            None => entry.value.as_str().and_then(|text| text.split('.').next()),
        },
        Some(("Fn::Sub", entry)) => {
            let text = entry.value.as_sequence().and_then(|parts| parts.first()).unwrap_or(&entry.value);
            let text = text.as_str().unwrap_or_default();
            let named =
                |id: &&&str| text.contains(&format!("${{{id}}}")) || text.contains(&format!("${{{id}."));
            wanted.iter().find(named).copied()
        }
        Some(_) | None => None,
    };
    target.is_some_and(|target| wanted.contains(target)) || node.children().any(|child| names(child, wanted))
}
