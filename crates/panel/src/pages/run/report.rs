//! A run's report as Markdown: what a ticket or a wiki takes.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use upgrade::{Ending, Plan, Report, Timestamp};

use crate::live::RunPicture;
use crate::moment::iso;
use crate::web::{Call, Failure};
use crate::words::{duration, purpose};

/// `GET /runs/{run_id}/report.md`.
pub(super) async fn download(call: Call) -> Result<Response, Failure> {
    let picture = call.panel.live.run(&call.id).await?;
    // A run's id is letters, digits and hyphens: of a run that there is, it can be nothing else.
    let name = format!("attachment; filename=\"{}.md\"", picture.plan.run_id);
    let headers = [(CONTENT_TYPE, "text/markdown; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, markdown(&picture)).into_response())
}

fn markdown(picture: &RunPicture) -> String {
    let (plan, report, state) = (&*picture.plan, picture.telling.report(), picture.telling.state());
    let mut text = String::new();
    let release = plan
        .to_version
        .as_deref()
        .map(|to| format!(" {} → {to}", plan.from_version.as_deref().unwrap_or("?")));
    let _ = writeln!(
        text,
        "# {}{} of {}\n",
        purpose(Some(plan.kind)),
        escaped(&release.unwrap_or_default()),
        escaped(&plan.deployment)
    );
    facts(&mut text, plan, report);
    if let Some(outcome) = &report.outcome {
        let ending = Ending { kind: plan.kind, outcome, seen: report.seen.as_ref() };
        let _ = writeln!(text, "\n## {}\n", ending.title());
        if let Some(reason) = ending.reason() {
            let _ = writeln!(text, "Because: {}\n", escaped(reason));
        }
        for sentence in ending.sentences(moment) {
            let _ = writeln!(text, "{}\n", escaped(&sentence));
        }
    } else {
        let _ = writeln!(text, "\n## It has not ended\n");
    }
    let causes = state.iter().flat_map(|state| state.updates.iter());
    let causes = causes
        .filter_map(|(kind, update)| Some(format!("{}: {}", kind.title(), update.root_cause.as_ref()?)));
    list(&mut text, "Root cause", causes);
    list(&mut text, "Decisions", report.decisions.iter().cloned());
    list(&mut text, "Could not be put back", report.still_to_put_back.iter().cloned());
    list(&mut text, "Left behind by CloudFormation's clean-up", report.left_behind.iter().cloned());
    list(&mut text, "Came back behind the closed gate", report.came_back.iter().cloned());
    list(&mut text, "Remarks", report.remarks.iter().cloned());
    let _ = writeln!(text, "## Steps\n\n| began (UTC) | step | took |\n|---|---|---|");
    for step in &report.steps {
        let took = step.milliseconds().map(duration).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {} | {took} |",
            moment(step.started_at).trim_end_matches(" UTC"),
            step.step.title()
        );
    }
    stopped(&mut text, report);
    text
}

fn facts(text: &mut String, plan: &Plan, report: &Report) {
    let _ = writeln!(text, "- Run: `{}`", plan.run_id);
    let _ = writeln!(text, "- Stack: `{}`", plan.stack_name);
    let _ = writeln!(text, "- Plan's SHA-256: `{}`", plan.sha256());
    if let Some(approval) = &report.approval {
        let _ = writeln!(text, "- Approved by {}, {}", escaped(&approval.by), moment(approval.at));
    }
    let took = duration(report.last_at.milliseconds_since(report.started_at));
    let _ = writeln!(
        text,
        "- Began {}, last heard of {} ({took})",
        moment(report.started_at),
        moment(report.last_at)
    );
    if let Some((since, until)) = report.gate_closed {
        let until = until
            .map(|until| format!(" until {} ({})", moment(until), duration(until.milliseconds_since(since))));
        let _ = writeln!(text, "- Maintenance mode on from {}{}", moment(since), until.unwrap_or_default());
    }
}

fn list(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "## {title}\n");
    for line in lines {
        let _ = writeln!(text, "- {}", escaped(&line));
    }
    text.push('\n');
}

fn stopped(text: &mut String, report: &Report) {
    let nobody = || "not known".to_owned();
    let rows = report
        .stopped_sessions
        .iter()
        .map(|one| ("session", one.name.clone(), one.owner.clone()))
        .chain(
            report
                .stopped_computations
                .iter()
                .map(|one| ("computation", one.name.clone(), one.owner.clone())),
        )
        .chain(
            report
                .stopped_jobs
                .iter()
                .map(|one| ("job", one.name.clone(), one.owner.clone().unwrap_or_else(nobody))),
        )
        .chain(
            report.stopped_instances.iter().map(|(group, one)| ("instance", one.id.clone(), group.clone())),
        )
        .chain(report.stopped_tasks.iter().map(|one| ("task", one.arn.clone(), one.service_arn.clone())))
        .chain(report.stopped_machines.iter().map(|one| ("machine", one.instance_id.clone(), String::new())));
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## What was stopped\n\n| what | name | whose |\n|---|---|---|");
    for (what, name, whose) in rows {
        let _ = writeln!(text, "| {what} | {} | {} |", escaped(&name), escaped(&whose));
    }
}

/// `2026-11-29 22:15:00 UTC`.
fn moment(at: Timestamp) -> String {
    format!("{} UTC", iso(at).get(..19).unwrap_or_default().replace('T', " "))
}

/// As text of Markdown, on one line: what somebody named a session begins no table, link or tag.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '|' | '\\' | '[' | ']' | '*' | '_' | '#' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_people_name_things_is_text_and_nothing_else() {
        assert_eq!(escaped("a|b\n<img>[x](y) *z*"), "a\\|b &lt;img>\\[x\\](y) \\*z\\*");
    }
}
