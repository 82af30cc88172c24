//! What is decided when a plan is approved, in ten lines at most: the last that is read before the question.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use changeset::risks::RiskKind;
use upgrade::{AtWork, Fate, OnUnhealthy, Plan, Unsaved};

use crate::history::History;
use crate::terminal::fitting;
use crate::words::{counted, duration, moment};

/// As wide as the words before the lines.
const LABEL: usize = 12;

/// The lines, each within `width` columns.
pub(crate) fn render(plan: &Plan, history: &History, width: usize) -> String {
    let room = width.saturating_sub(LABEL + 2);
    let mut text = String::new();
    let release =
        |version: &Option<String>| version.clone().unwrap_or_else(|| "an unnamed release".to_owned());
    let title = format!(
        "To decide: {} (stack {}) from {} to {}",
        plan.deployment,
        plan.stack_name,
        release(&plan.from_version),
        release(&plan.to_version)
    );
    let bold = Style::new().bold();
    let _ = writeln!(text, "{bold}{}{bold:#}", cut(&title, width));
    let mut line = |label: &str, style: Style, words: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {label:<LABEL$}{style}{}{style:#}", cut(&words, room));
    };
    let (plain, red) = (Style::new(), Style::new().bold().fg_color(Some(AnsiColor::Red.into())));
    let yellow = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
    let (fails, changes) = changes(plan);
    line("Changes", if fails { red } else { plain }, changes);
    let lost = lost_with(plan);
    match lost.is_empty() {
        true => line("Data", plain, "none is lost".to_owned()),
        false => line("Data", red, format!("LOST with {}", fitting(&lost, room.saturating_sub(10)))),
    }
    let others = risk_counts(plan);
    match others.is_empty() {
        true => line("Other risks", plain, "none known".to_owned()),
        false => line("Other risks", yellow, fitting(&others, room)),
    }
    line("Users", plain, users(plan, history));
    line("At work now", plain, at_work(plan));
    let point = plan.updates.iter().find_map(|update| update.point_of_no_return.as_ref());
    match point {
        Some(point) => {
            let at = duration(point.begins_seconds * 1000);
            line(
                "No return",
                yellow,
                format!("from {} on, {at} after the update's beginning", point.logical_id),
            );
        }
        None => line("No return", plain, "no point of it is known before the clean-up".to_owned()),
    }
    line("If it fails", plain, if_it_fails(plan));
    let accepted = accepted(plan);
    if !accepted.is_empty() {
        line("Accepted", plain, fitting(&accepted, room));
    }
    line("Plan", plain, plan.sha256());
    text
}

/// Whether something fails for certain, and how many resources fare how, the gravest first.
fn changes(plan: &Plan) -> (bool, String) {
    let mut counts: BTreeMap<Fate, usize> = BTreeMap::new();
    for change in plan.updates.iter().flat_map(|update| &update.expected) {
        *counts.entry(change.expected).or_default() += 1;
    }
    counts.remove(&Fate::Unchanged);
    let word = |fate: &Fate| match fate {
        Fate::Fails => "fails",
        Fate::InstancesReplaced => "with new instances",
        Fate::UpdatedInPlace => "changed",
        Fate::Removed
        | Fate::Replaced
        | Fate::MayBeReplaced
        | Fate::Added
        | Fate::MayBeUpdated
        | Fate::Unchanged => fate.word(),
    };
    let parts: Vec<String> = counts.iter().map(|(fate, count)| format!("{count} {}", word(fate))).collect();
    let words = if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
    (counts.contains_key(&Fate::Fails), words)
}

/// Whose data goes.
fn lost_with(plan: &Plan) -> Vec<String> {
    let lost = plan.risks.iter().filter(|risk| risk.kind == RiskKind::DataLost.title());
    let names: BTreeSet<String> =
        lost.map(|risk| risk.logical_id.clone().unwrap_or_else(|| "the template".to_owned())).collect();
    names.into_iter().collect()
}

/// `interruption (3)`, `cannot be undone (1)`, in the plan's own order. Lost data has its own line, and capabilities are acknowledged
/// with the plan.
fn risk_counts(plan: &Plan) -> Vec<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let told_elsewhere = [RiskKind::DataLost, RiskKind::CapabilityNeeded].map(RiskKind::title);
    let others = plan.risks.iter().filter(|risk| !told_elsewhere.contains(&risk.kind.as_str()));
    for risk in others {
        match counts.iter_mut().find(|(kind, _)| *kind == risk.kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((&risk.kind, 1)),
        }
    }
    counts.iter().map(|(kind, count)| format!("{kind} ({count})")).collect()
}

/// How much is at work; what is none isn't told.
fn at_work(plan: &Plan) -> String {
    let AtWork { sessions, computations, jobs, worker_instances, service_tasks, dedicated_machines } =
        &plan.at_work;
    let unsaved = sessions.iter().filter(|session| session.unsaved != Unsaved::No).count();
    let counts = [
        (sessions.len(), "session"),
        (unsaved, "of them unsaved"),
        (computations.len(), "computation"),
        (jobs.len(), "job"),
        (*worker_instances, "worker"),
        (dedicated_machines.len(), "dedicated machine"),
        (*service_tasks, "ECS task"),
    ];
    let there = counts.iter().filter(|(count, _)| *count > 0);
    let there: Vec<String> = there
        .map(|(count, noun)| match *noun {
            "of them unsaved" => format!("{count} {noun}"),
            noun => counted(*count, noun),
        })
        .collect();
    if there.is_empty() { "nobody and nothing that is seen".to_owned() } else { there.join(", ") }
}

fn users(plan: &Plan, history: &History) -> String {
    let lasts = match history.kept_out() {
        Some(milliseconds) => format!("about {}", duration(milliseconds)),
        None => {
            let updates: u64 = plan.updates.iter().map(|update| update.estimated_seconds).sum();
            format!("the updates alone take about {}", duration(updates * 1000))
        }
    };
    if plan.found.is_some() {
        return format!("in maintenance already, which ends with it; {lasts}");
    }
    let from = match plan.announcement.closes_at {
        Some(at) => format!("from {} on", moment(at)),
        None => "at once".to_owned(),
    };
    match plan.gateless {
        true => format!("not kept out; their work is stopped {from}; {lasts}"),
        false => format!("kept out {from}; {lasts}"),
    }
}

fn if_it_fails(plan: &Plan) -> String {
    let rolled_back = match plan.maintenance.stay_closed_on_failure {
        true => "rolled back, and users stay out",
        false => "rolled back, and maintenance ends",
    };
    let unhealthy = match plan.health.on_failure {
        OnUnhealthy::Ask => "you are asked",
        OnUnhealthy::GoBack => "it goes back",
        OnUnhealthy::Open => "users are let in all the same",
        OnUnhealthy::StayClosed => "users stay out",
    };
    format!("{rolled_back}; not healthy: {unhealthy}")
}

/// `2 by eve`, `3 by Ada (settings, until 2027-03-31)`; of what, stands above.
fn accepted(plan: &Plan) -> Vec<String> {
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &plan.accepted {
        *by.entry(&one.who).or_default() += 1;
    }
    let mut by: Vec<(&str, usize)> = by.into_iter().collect();
    by.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    by.into_iter().map(|(who, count)| format!("{count} by {who}")).collect()
}

/// At most `width` characters.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
