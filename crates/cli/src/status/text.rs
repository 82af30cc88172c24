//! A deployment's standing as a person reads it. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use upgrade::{HealthFinding, Looked, Unsaved};

use super::Standing;
use crate::change_table::wrap;
use crate::listed_run::ListedRun;
use crate::words::{counted, moment};

/// A line's first words, so that they stand below each other.
const LABEL: usize = 13;

/// All of it.
pub(super) fn render(standing: &Standing, width: usize) -> String {
    let mut text = head(standing);
    gate(&mut text, standing, width);
    health(&mut text, &standing.health, width);
    at_work(&mut text, standing, width);
    workers(&mut text, standing);
    services(&mut text, standing);
    queues(&mut text, standing);
    notes(&mut text, standing, width);
    last_run(&mut text, standing, width);
    left_behind(&mut text, standing, width);
    attention(&mut text, standing, width);
    text.push('\n');
    text
}

/// What concerns maintenance.
pub(crate) fn maintenance(standing: &Standing, width: usize) -> String {
    let mut text = head(standing);
    gate(&mut text, standing, width);
    queues(&mut text, standing);
    if let Ok(jobs) = &standing.at_work.jobs {
        line(&mut text, "Jobs", &format!("{} unfinished", jobs.len()));
    }
    workers(&mut text, standing);
    services(&mut text, standing);
    notes(&mut text, standing, width);
    last_run(&mut text, standing, width);
    left_behind(&mut text, standing, width);
    attention(&mut text, standing, width);
    text
}

fn line(text: &mut String, label: &str, words: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {label:<LABEL$}{words}");
}

fn head(standing: &Standing) -> String {
    let bold = Style::new().bold();
    let mut text = format!(
        "{bold}{}{bold:#} (stack {}, {})\n",
        standing.deployment, standing.stack, standing.stack_status
    );
    let version = standing.version.as_deref().unwrap_or("its template tells none");
    line(&mut text, "Release", version);
    text
}

fn gate(text: &mut String, standing: &Standing, width: usize) {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let words = match &standing.gate {
        Err(reason) => format!("cannot be looked at: {reason}"),
        Ok(gate) if gate.gateless && !gate.closed => "none, by the settings; work goes on".to_owned(),
        Ok(gate) if gate.run.is_none() => "open; users are let in".to_owned(),
        Ok(gate) => {
            let since = gate.since.map_or_else(String::new, |since| format!(" since {}", moment(since)));
            let run = gate.run.as_deref().unwrap_or("an unknown run");
            let by = gate.by.as_ref().map_or_else(String::new, |by| format!(", by {by}"));
            match gate.gateless {
                true => format!("none, by the settings; {red}WORK IS STOPPED{red:#}{since}{by} (run {run})"),
                false if !gate.open.is_empty() => format!(
                    "{red}CLOSED IN PART{red:#}{since}{by} (run {run}); users come in by {}",
                    gate.open.join(", ")
                ),
                false => format!("{red}CLOSED{red:#}{since}{by} (run {run}); users see the maintenance page"),
            }
        }
    };
    line(text, "Gate", &words);
    // One door is the gate itself.
    if standing.doors.len() > 1 {
        line(text, "Ways in", &format!("{}:", standing.doors.len()));
        for door in &standing.doors {
            wrap(text, door, width);
        }
    }
}

/// Who is well is counted, who isn't is named.
fn health(text: &mut String, parts: &Looked<Vec<HealthFinding>>, width: usize) {
    let Some(parts) = looked(text, "Health", parts) else { return };
    if parts.is_empty() {
        return;
    }
    let sick: Vec<_> = parts.iter().filter(|part| !part.healthy).collect();
    let well = format!("{} of {} healthy", parts.len() - sick.len(), counted(parts.len(), "part"));
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    line(text, "Health", &if sick.is_empty() { well } else { format!("{red}{well}{red:#}:") });
    for part in sick {
        wrap(text, &format!("{}: {}", part.what, part.detail), width);
    }
}

fn looked<'a, T>(text: &mut String, label: &str, found: &'a Looked<T>) -> Option<&'a T> {
    match found {
        Ok(found) => Some(found),
        Err(reason) => {
            line(text, label, &format!("cannot be looked at: {reason}"));
            None
        }
    }
}

fn at_work(text: &mut String, standing: &Standing, width: usize) {
    let work = &standing.at_work;
    match &work.sessions {
        None => line(text, "Sessions", "not seen: the settings name no platform adapter that lists them"),
        Some(found) => {
            if let Some(sessions) = looked(text, "Sessions", found) {
                let unsaved = sessions.iter().filter(|one| one.unsaved != Unsaved::No).count();
                line(
                    text,
                    "Sessions",
                    &format!("{} ({unsaved} unsaved, or perhaps unsaved)", sessions.len()),
                );
                let owned = sessions.iter().map(|one| {
                    let unsaved = match one.unsaved {
                        Unsaved::No => "",
                        Unsaved::Yes { .. } => " (unsaved)",
                        Unsaved::Unknown => " (perhaps unsaved)",
                    };
                    (one.owner.as_str(), format!("{}{unsaved}", one.name))
                });
                by_owner(text, owned, width);
            }
        }
    }
    if let Some(found) = &work.computations
        && let Some(computations) = looked(text, "Computations", found)
    {
        line(text, "Computations", &computations.len().to_string());
        by_owner(text, computations.iter().map(|one| (one.owner.as_str(), one.name.clone())), width);
    }
    if let Some(jobs) = looked(text, "Jobs", &work.jobs) {
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        for job in jobs {
            *states.entry(job.status.as_str()).or_default() += 1;
        }
        let states: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
        let states = if states.is_empty() { String::new() } else { format!(" ({})", states.join(", ")) };
        line(text, "Jobs", &format!("{} unfinished{states}", jobs.len()));
        let owned = jobs.iter().map(|job| (job.owner.as_deref().unwrap_or("nobody named"), job.name.clone()));
        by_owner(text, owned, width);
    }
    if let Some(machines) = looked(text, "Machines", &work.machines)
        && !machines.is_empty()
    {
        line(text, "Machines", &format!("{} outside of every group", counted(machines.len(), "machine")));
        let owned = machines.iter().map(|machine| {
            let name = machine.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            let owner = machine.owner.as_deref().unwrap_or("nobody named");
            (owner, format!("{}{name}, {}", machine.instance_id, machine.state))
        });
        by_owner(text, owned, width);
    }
}

/// Everybody with the first of what is theirs.
fn by_owner<'a>(text: &mut String, works: impl Iterator<Item = (&'a str, String)>, width: usize) {
    let mut owners: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (owner, work) in works {
        owners.entry(owner).or_default().push(work);
    }
    for (owner, works) in owners {
        let more = works.len().saturating_sub(4);
        let shown = works.into_iter().take(4).collect::<Vec<_>>().join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        wrap(text, &format!("{owner}: {shown}{more}"), width);
    }
}

fn workers(text: &mut String, standing: &Standing) {
    let Some(groups) = looked(text, "Workers", &standing.worker_groups) else { return };
    for group in groups {
        let warm = group.instances.iter().filter(|instance| instance.in_warm_pool).count();
        let at_work = group.instances.len() - warm;
        let warm = if warm > 0 { format!(" and {warm} warm") } else { String::new() };
        let words =
            format!("{}: {at_work}{warm} (sizes {} to {})", group.name, group.min_size, group.max_size);
        line(text, "Workers", &words);
    }
}

fn services(text: &mut String, standing: &Standing) {
    let Some(services) = looked(text, "ECS services", &standing.ecs_services) else { return };
    for service in services {
        let words = format!(
            "{}: {} of {}",
            service.name(),
            service.running_count,
            counted(usize::try_from(service.desired_count).unwrap_or(0), "task")
        );
        line(text, "ECS services", &words);
    }
}

fn queues(text: &mut String, standing: &Standing) {
    if let Some(queues) = looked(text, "Job queues", &standing.job_queues) {
        let disabled = queues.iter().filter(|queue| !queue.enabled).count();
        line(text, "Job queues", &format!("{}, {disabled} of them disabled", queues.len()));
    }
}

/// What maintenance has noted on resources, and what it muted or shows.
fn notes(text: &mut String, standing: &Standing, width: usize) {
    let notes: Vec<(&str, &str)> = standing.notes().collect();
    if !notes.is_empty() {
        line(
            text,
            "Notes",
            &format!("how {} before maintenance:", if notes.len() == 1 { "it was" } else { "they were" }),
        );
        for (name, note) in notes {
            wrap(text, &format!("{name}: {note}"), width);
        }
    }
    if let Some(muted) = looked(text, "Alarms", &standing.muted_alarms)
        && !muted.is_empty()
    {
        line(text, "Alarms", &format!("{} muted", muted.len()));
    }
    if let Some(found) = &standing.banner
        && let Some(Some(banner)) = looked(text, "Banner", found)
    {
        line(text, "Banner", &format!("\"{banner}\""));
    }
}

fn last_run(text: &mut String, standing: &Standing, width: usize) {
    let Some(run) = &standing.last_run else {
        let words = match standing.journal_unreadable {
            Some(_) => "unknown: the journal can't be read",
            None => "none that is known here",
        };
        line(text, "Last run", words);
        return;
    };
    let holder = run.holder.as_ref().map(|holder| format!(" ({holder})")).unwrap_or_default();
    line(text, "Last run", &format!("{}, {}: {}{holder}", run.run, moment(run.began), run.state));
    let reason = match &run.outcome {
        Some(
            upgrade::Outcome::NotUpgraded { reason }
            | upgrade::Outcome::WentBack { reason }
            | upgrade::Outcome::GateClosed { reason },
        ) => reason,
        Some(
            upgrade::Outcome::Upgraded | upgrade::Outcome::InMaintenance | upgrade::Outcome::OutOfMaintenance,
        )
        | None => return,
    };
    wrap(text, reason, width);
}

/// As the run's events told it: whether it has been deleted since, nobody looks.
fn left_behind(text: &mut String, standing: &Standing, width: usize) {
    let Some(ListedRun { left_behind, .. }) = &standing.last_run else { return };
    if left_behind.is_empty() {
        return;
    }
    line(
        text,
        "Left behind",
        "by CloudFormation's clean-up after that run, to be deleted by hand if it wasn't yet:",
    );
    for one in left_behind {
        wrap(text, one, width);
    }
}

fn attention(text: &mut String, standing: &Standing, width: usize) {
    if standing.attention.is_empty() {
        return;
    }
    let yellow = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
    let _ = writeln!(text, "  {yellow}Needs attention:{yellow:#}");
    for one in &standing.attention {
        wrap(text, &format!("- {one}"), width);
    }
}

#[cfg(test)]
mod tests {
    use upgrade::HealthFinding;

    use super::health;

    #[test]
    fn who_is_well_is_counted_and_who_is_not_is_named() {
        let part = |what: &str, healthy| HealthFinding {
            what: what.to_owned(),
            healthy,
            detail: "1 of 2 targets".to_owned(),
        };
        let told = |parts| {
            let mut text = String::new();
            health(&mut text, &parts, 80);
            anstream::adapter::strip_str(&text).to_string()
        };
        assert_eq!(told(Ok(Vec::new())), "");
        assert_eq!(told(Ok(vec![part("platform", true)])), "  Health       1 of 1 part healthy\n");
        let sick = told(Ok(vec![part("platform", true), part("target group web", false)]));
        assert!(sick.starts_with("  Health       1 of 2 parts healthy:\n"), "{sick}");
        assert!(sick.ends_with("target group web: 1 of 2 targets\n"), "{sick}");
        assert!(told(Err("throttled".to_owned())).contains("cannot be looked at: throttled"));
    }
}
