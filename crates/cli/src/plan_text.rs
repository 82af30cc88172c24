//! Checks and a plan as a person reads them: what will change, what is at risk, what users will notice, who is working
//! right now, what must be decided.

pub(crate) mod decision;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use upgrade::{
    Acceptance, CheckResult, ParameterRow, Piece, Plan, Proposal, RunKind, UnpinnedPiece, UpdateKind,
    Verdict, in_the_way,
};

use crate::change_table::{self, wrap};
use crate::terminal;
use crate::words::{duration, moment};

fn style(verdict: Verdict) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match verdict {
        // Colour is for what wants a look.
        Verdict::Passed => Style::new(),
        Verdict::Skipped => Style::new().dimmed(),
        Verdict::Warning => color(AnsiColor::Yellow),
        Verdict::Failed => color(AnsiColor::Red).bold(),
    }
}

/// What stands in the way first, then what warns and is accepted; what passed is counted, and shown where `verbose`.
pub(crate) fn checks(
    results: &[CheckResult],
    accepted: &[Acceptance],
    verbose: bool,
    width: usize,
) -> String {
    let open = in_the_way(results, accepted);
    let is_open = |result: &&CheckResult| open.iter().any(|one| one.id == result.id);
    let of = |verdict: Verdict| results.iter().filter(move |result| result.verdict == verdict);
    let (warned, settled): (Vec<&CheckResult>, Vec<&CheckResult>) = of(Verdict::Warning).partition(is_open);
    let counts = [
        (of(Verdict::Failed).count(), "failed"),
        (warned.len(), "to be accepted"),
        (settled.len(), "accepted"),
        (of(Verdict::Passed).count(), "passed"),
        (of(Verdict::Skipped).count(), "not looked at"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let more = if verbose { "" } else { " (--verbose shows all)" };
    let mut text = terminal::fold(&format!("Checks: {}{more}\n", counts.join(", ")), width);
    for result in of(Verdict::Failed).chain(warned) {
        whole(&mut text, result, width);
    }
    for result in settled {
        let by = accepted.iter().find(|one| one.covers(result));
        match by.filter(|_| !verbose) {
            Some(Acceptance { what: _, who, why, of: _ }) => {
                row(&mut text, "accepted", Style::new(), result);
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                wrap(&mut text, &format!("by {who}{why}"), width);
            }
            None => whole(&mut text, result, width),
        }
    }
    if verbose {
        for result in of(Verdict::Passed).chain(of(Verdict::Skipped)) {
            whole(&mut text, result, width);
        }
    }
    text
}

fn row(text: &mut String, word: &str, style: Style, result: &CheckResult) {
    let _ = writeln!(text, "  {style}{word:<8}{style:#} {:<22} {}", result.id, result.title);
}

/// A check with its evidence, its advice and what it offers.
fn whole(text: &mut String, result: &CheckResult, width: usize) {
    let word = match result.verdict {
        Verdict::Passed => "passed",
        Verdict::Skipped => "skipped",
        Verdict::Warning => "warning",
        Verdict::Failed => "FAILED",
    };
    row(text, word, style(result.verdict), result);
    for line in &result.evidence {
        wrap(text, line, width);
    }
    if let Some(advice) = &result.advice {
        wrap(text, &format!("-> {advice}"), width);
    }
    for fix in &result.fixes {
        wrap(text, &format!("--fix sets {}={}: {}", fix.parameter, fix.value, fix.because), width);
    }
}

/// Parameters that a person must look at: new ones, changed ones, those whose default moved.
pub(crate) fn parameters(rows: &[ParameterRow], width: usize) -> String {
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
    for row in telling {
        let _ = writeln!(text, "  {}", row.name);
        let now = match row.current {
            Some(_) => format!("now {}", shown(&row.current, row.secret)),
            None => "new".to_owned(),
        };
        let mut values = vec![now, format!("will be {}", shown(&row.will_be, row.secret))];
        if row.changed_default {
            values.push(format!(
                "the default was {} and is {}",
                shown(&row.old_default, row.secret),
                shown(&row.new_default, row.secret)
            ));
        }
        wrap(&mut text, &values.join("; "), width);
        if let Some(error) = &row.constraint_error {
            wrap(&mut text, error, width);
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

/// What the stack is to have afterwards beside its template: tags, topics, alarms, the role; nothing of what stays as it is.
fn stack_options(proposal: &Proposal) -> Vec<String> {
    let Proposal {
        change_set_name: _,
        template_url: _,
        template_sha256: _,
        parameters: _,
        capabilities: _,
        role_arn,
        tags,
        notification_arns,
        rollback_triggers,
        monitoring_minutes,
    } = proposal;
    let or_none = |list: String| if list.is_empty() { "none".to_owned() } else { list };
    let mut lines = Vec::new();
    lines.extend(role_arn.as_ref().map(|role| format!("CloudFormation assumes {role}.")));
    if let Some(tags) = tags {
        let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        lines.push(format!("The stack's tags afterwards: {}.", or_none(tags.join(", "))));
    }
    if let Some(topics) = notification_arns {
        lines.push(format!("The stack's events go to: {}.", or_none(topics.join(", "))));
    }
    if let Some(alarms) = rollback_triggers {
        let watched = match monitoring_minutes {
            Some(minutes) if !alarms.is_empty() => format!(", watched for {minutes} min after the update"),
            Some(minutes) if *minutes > 0 => format!(", so its {minutes} min of monitoring watch nothing"),
            Some(_) | None => String::new(),
        };
        lines.push(format!("Alarms that roll it back: {}{watched}.", or_none(alarms.join(", "))));
    }
    lines
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
        for line in stack_options(&update.proposal) {
            wrap(&mut text, &line, width);
        }
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
            let of = risk.logical_id.as_deref().unwrap_or("the template");
            let _ = writeln!(text, "  {}{certain}: {of}{}", risk.kind, of_stack(risk.update));
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
    terminal::fold(&text, width)
}
