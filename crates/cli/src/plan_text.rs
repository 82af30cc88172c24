//! Checks and a plan as a person reads them: what will change, what is at risk, what users will notice, who is working
//! right now, what must be decided.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use upgrade::{AtWork, CheckResult, ParameterRow, Plan, RunKind, Step, Unsaved, UpdateKind, Verdict};

use crate::change_table::{self, wrap};
use crate::words::{counted, duration, moment};

fn style(verdict: Verdict) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match verdict {
        Verdict::Passed => color(AnsiColor::Green),
        Verdict::Skipped => Style::new().dimmed(),
        Verdict::Warning => color(AnsiColor::Yellow),
        Verdict::Failed => color(AnsiColor::Red).bold(),
    }
}

/// Every check in a line; what isn't simply passed with its evidence and advice.
pub(crate) fn checks(results: &[CheckResult], width: usize) -> String {
    let mut text = String::new();
    for result in results {
        let style = style(result.verdict);
        let word = match result.verdict {
            Verdict::Passed => "passed",
            Verdict::Skipped => "skipped",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED",
        };
        let _ = writeln!(text, "  {style}{word:<8}{style:#} {:<22} {}", result.id, result.title);
        if matches!(result.verdict, Verdict::Warning | Verdict::Failed) {
            for line in &result.evidence {
                wrap(&mut text, line, width);
            }
            if let Some(advice) = &result.advice {
                wrap(&mut text, &format!("-> {advice}"), width);
            }
        }
        for fix in &result.fixes {
            wrap(&mut text, &format!("--fix sets {}={}: {}", fix.parameter, fix.value, fix.because), width);
        }
    }
    text
}

/// Parameters that a person must look at: new ones, changed ones, those whose default moved.
pub(crate) fn parameters(rows: &[ParameterRow]) -> String {
    let shown = |value: &Option<String>, secret: bool| match value {
        Some(_) if secret => "(secret)".to_owned(),
        Some(text) if text.is_empty() => "\"\"".to_owned(),
        Some(text) => text.clone(),
        None => "-".to_owned(),
    };
    let telling: Vec<&ParameterRow> = rows
        .iter()
        .filter(|row| row.changed_default || row.current != row.will_be || row.constraint_error.is_some())
        .collect();
    let mut text = String::new();
    if telling.is_empty() {
        return text;
    }
    let _ = writeln!(
        text,
        "  {:<36} {:<20} {:<20} {:<20} will be",
        "parameter", "now", "old default", "new default"
    );
    for row in telling {
        let _ = writeln!(
            text,
            "  {:<36} {:<20} {:<20} {:<20} {}",
            row.name,
            shown(&row.current, row.secret),
            shown(&row.old_default, row.secret),
            shown(&row.new_default, row.secret),
            shown(&row.will_be, row.secret)
        );
        if let Some(error) = &row.constraint_error {
            let _ = writeln!(text, "      {error}");
        }
    }
    text
}

/// The plan.
pub(crate) fn plan(plan: &Plan, width: usize) -> String {
    let mut text = String::new();
    let title = match plan.kind {
        RunKind::Upgrade => "Upgrade",
        RunKind::EnterMaintenance => "Maintenance",
        RunKind::LeaveMaintenance => "Leaving maintenance",
    };
    let release = |version: &Option<String>| {
        version.clone().unwrap_or_else(|| "a release that tells no version".to_owned())
    };
    let releases = match plan.kind {
        RunKind::Upgrade => format!(" from {} to {}", release(&plan.from_version), release(&plan.to_version)),
        RunKind::EnterMaintenance | RunKind::LeaveMaintenance => String::new(),
    };
    let _ = writeln!(text, "{title} of {} (stack {}){releases}", plan.deployment, plan.stack_name);
    let _ = writeln!(text, "  plan {}", plan.sha256());
    for update in &plan.updates {
        let versions = match (&update.from_version, &update.to_version) {
            (Some(from), Some(to)) => format!(", {from} to {to}"),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "\nWhat will change in the {} {}{versions}:",
            update.kind.title(),
            update.stack_name
        );
        text.push_str(&change_table::render(&update.expected, width));
    }
    if !plan.risks.is_empty() {
        let _ = writeln!(text, "\nWhat is at risk:");
        for risk in &plan.risks {
            let certain = if risk.certain { "" } else { " (perhaps)" };
            let of = risk.logical_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
            let stack = match risk.update {
                UpdateKind::Primary => String::new(),
                other => format!(" [{}]", other.title()),
            };
            let _ = writeln!(text, "  {}{certain}:{of}{stack}", risk.kind);
            wrap(&mut text, &risk.because, width);
        }
    }
    users(&mut text, plan, width);
    if plan.kind != RunKind::LeaveMaintenance {
        at_work(&mut text, &plan.at_work, width);
    }
    let _ = writeln!(text, "\nSteps:");
    for planned in &plan.steps {
        let deadline = match planned.deadline_seconds.or_else(|| drain_deadline(plan, planned.step)) {
            Some(seconds) => format!("at most {}", duration(seconds * 1000)),
            None => "as long as it takes".to_owned(),
        };
        let _ = writeln!(text, "  {:<40} {deadline}", planned.step.title());
    }
    if !plan.accepted.is_empty() {
        let _ = writeln!(text, "\nAccepted:");
        for one in &plan.accepted {
            let why = if one.why.is_empty() { String::new() } else { format!(": {}", one.why) };
            let _ = writeln!(text, "  {} by {}{why}", one.what, one.who);
        }
    }
    text
}

pub(crate) fn drain_deadline(plan: &Plan, step: Step) -> Option<u64> {
    let policy = &plan.maintenance;
    match step {
        Step::SaveSessions => Some(policy.sessions.deadline_seconds),
        Step::StopComputations => Some(policy.computations.deadline_seconds),
        Step::TerminateJobs => Some(policy.jobs.deadline_seconds),
        Step::TerminateWorkers | Step::TerminateDedicatedMachines => Some(policy.workers.deadline_seconds),
        Step::CheckHealth => Some(plan.health.deadline_seconds),
        _ => None,
    }
}

fn users(text: &mut String, plan: &Plan, width: usize) {
    let _ = writeln!(text, "\nWhat users will notice:");
    match (&plan.announcement.banner, plan.announcement.closes_at) {
        (Some(banner), _) => wrap(text, &format!("At once, a banner: \"{}\"", banner.text), width),
        (None, Some(_)) => wrap(text, "No banner: the platform's adapter shows none.", width),
        (None, None) => {}
    }
    let from = match plan.announcement.closes_at {
        Some(at) => format!("From {} UTC", moment(at)),
        None => "From the beginning".to_owned(),
    };
    match plan.kind {
        RunKind::LeaveMaintenance => wrap(text, "They are let in.", width),
        RunKind::Upgrade | RunKind::EnterMaintenance => {
            let admitted = match plan.gate.admitted.as_slice() {
                [] => String::new(),
                admitted => format!(" ({} pass)", admitted.join(", ")),
            };
            let until = match plan.kind {
                RunKind::Upgrade => "until the new release has proved healthy",
                RunKind::EnterMaintenance | RunKind::LeaveMaintenance => "until maintenance is disabled",
            };
            wrap(
                text,
                &format!("{from}, the maintenance page instead of the platform{admitted}, {until}."),
                width,
            );
            if !plan.platform.sessions {
                wrap(
                    text,
                    "Their sessions can't be seen: this platform has no adapter, so whatever is unsaved is lost with the workers.",
                    width,
                );
            } else if !plan.platform.save {
                wrap(
                    text,
                    "Their sessions can't be saved by us: people must save and stop them themselves.",
                    width,
                );
            }
        }
    }
}

fn at_work(text: &mut String, work: &AtWork, width: usize) {
    let _ = writeln!(text, "\nWho is working right now:");
    let counts = [
        counted(work.sessions.len(), "session"),
        counted(work.computations.len(), "computation"),
        counted(work.jobs.len(), "job"),
        counted(work.worker_instances, "worker"),
        counted(work.dedicated_machines.len(), "dedicated machine"),
    ];
    wrap(text, &format!("{}.", counts.join(", ")), width);
    let mut owners: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for session in &work.sessions {
        let unsaved = match session.unsaved {
            Unsaved::No => "",
            Unsaved::Yes { .. } => ", unsaved",
            Unsaved::Unknown => ", perhaps unsaved",
        };
        owners.entry(&session.owner).or_default().push(format!("session {}{unsaved}", session.name));
    }
    for computation in &work.computations {
        owners.entry(&computation.owner).or_default().push(format!("computation {}", computation.name));
    }
    for job in &work.jobs {
        if let Some(owner) = &job.owner {
            owners.entry(owner).or_default().push(format!("job {}", job.name));
        }
    }
    for (owner, works) in owners {
        let more = works.len().saturating_sub(5);
        let shown = works.into_iter().take(5).collect::<Vec<_>>().join("; ");
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        wrap(text, &format!("{owner}: {shown}{more}"), width);
    }
}
