//! Checks and a plan as a person reads them: what will change, what is at risk, what users will notice, who is working
//! right now, what must be decided.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use upgrade::{CheckResult, ParameterRow, Piece, Plan, RunKind, UnpinnedPiece, UpdateKind, Verdict};

use crate::change_table::{self, wrap};
use crate::words::{duration, moment};

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

/// Which stack is meant, where it isn't the platform's own.
fn of_stack(update: UpdateKind) -> String {
    match update {
        UpdateKind::Primary => String::new(),
        UpdateKind::BackupStack | UpdateKind::RoleStack | UpdateKind::WayBack => {
            format!(" [{}]", update.title())
        }
    }
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
        let _ = writeln!(
            text,
            "  About {} until UPDATE_COMPLETE; an estimate, not a promise.",
            duration(update.estimated_seconds * 1000)
        );
        let point = match &update.point_of_no_return {
            Some(point) => format!("Point of no return: {point}"),
            None => "No point of no return is known before the clean-up.".to_owned(),
        };
        wrap(&mut text, &point, width);
    }
    if !plan.risks.is_empty() {
        let _ = writeln!(text, "\nWhat is at risk:");
        for risk in &plan.risks {
            let certain = if risk.certain { "" } else { " (perhaps)" };
            let of = risk.logical_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
            let _ = writeln!(text, "  {}{certain}:{of}{}", risk.kind, of_stack(risk.update));
            wrap(&mut text, &risk.because, width);
        }
    }
    if !plan.pieces.is_empty() || !plan.unpinned.is_empty() {
        let _ = writeln!(text, "\nWhat the templates bring in, held to what it is now:");
        for piece in &plan.pieces {
            let Piece { update, what, url, sha256 } = piece;
            let sha256: String = sha256.chars().take(12).collect();
            wrap(&mut text, &format!("{what}{}: {url} ({sha256}…)", of_stack(*update)), width);
        }
        for piece in &plan.unpinned {
            let UnpinnedPiece { update, what, why } = piece;
            wrap(&mut text, &format!("NOT held to what it is: {what}{}: {why}", of_stack(*update)), width);
        }
    }
    let _ = writeln!(text, "\nWhat users will notice:");
    for sentence in plan.users_notice(moment) {
        wrap(&mut text, &sentence, width);
    }
    if plan.kind != RunKind::LeaveMaintenance {
        let _ = writeln!(text, "\nWho is working right now:");
        wrap(&mut text, &plan.at_work.counts(), width);
        for line in plan.at_work.by_owner() {
            wrap(&mut text, &line, width);
        }
    }
    let _ = writeln!(text, "\nSteps:");
    for planned in &plan.steps {
        let deadline = match plan.deadline_seconds(planned) {
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
