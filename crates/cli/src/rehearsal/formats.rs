//! A rehearsal for other programs: Markdown for a pull request or a ticket, SARIF for a code host, JUnit for a pipeline.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::circumstances::ASSUMED;
use super::every_failure::Failure;
use super::many::{Spread, StepSpread, Unfinished};
use super::pictures::{escaped, in_a_line};
use super::summary::End;
use super::told::Told;
use crate::words::duration;

/// More failures than a comment should have.
const SHOWN: usize = 30;

/// As Markdown.
#[must_use]
pub fn markdown(told: &Told) -> String {
    let mut text = String::new();
    let distribution = &told.distribution;
    let versions = match (&told.from_version, &told.to_version) {
        (Some(from), Some(to)) => format!(" {from} to {to}"),
        (Some(_) | None, _) => String::new(),
    };
    let _ = writeln!(text, "## Rehearsal of {}{}\n", cell(&told.deployment), cell(&versions));
    let ends: Vec<String> =
        distribution.ends.iter().map(|(end, count)| format!("{count} {}", end.title())).collect();
    let _ =
        writeln!(text, "Rehearsed {} times, seed {}: {}.\n", distribution.runs, told.seed, ends.join(", "));
    let row = |text: &mut String, name: &str, spread: &Spread| {
        let Spread { p5, median, p90, p95, p99 } = *spread;
        let all: Vec<String> = [p5, median, p90, p95, p99].into_iter().map(duration).collect();
        let _ = writeln!(text, "| {} | {} |", cell(name), all.join(" | "));
    };
    let _ = writeln!(text, "| | 5 % | half | 90 % | 95 % | 99 % |\n|---|---|---|---|---|---|");
    if let Some(spread) = &distribution.downtime {
        row(&mut text, "**Users out**", spread);
    }
    for StepSpread { step, took: spread } in &distribution.steps {
        row(&mut text, step.title(), spread);
    }
    if !distribution.critical.is_empty() {
        let _ = writeln!(
            text,
            "\n| What makes the update long | in of 100 runs | half | 90 % | known from |\n|---|---|---|---|---|"
        );
        for one in distribution.critical.iter().take(10) {
            let _ = writeln!(
                text,
                "| {} ({}) | {} | {} | {} | {} |",
                cell(&one.logical_id),
                cell(&one.resource_type),
                one.percent,
                duration(one.took.median),
                duration(one.took.p90),
                one.provenance.title()
            );
        }
    }
    if let Some(point) = &told.point_of_no_return {
        let _ = writeln!(text, "\nPoint of no return: {}", cell(&point.to_string()));
    }
    if let Some(failures) = &told.failures {
        let _ = writeln!(text, "\n{}.", in_a_line(failures));
        let needing: Vec<&Failure> = failures.outcomes.iter().filter(|one| one.needs_a_person()).collect();
        if !needing.is_empty() {
            let _ = writeln!(text, "\n| Needs a person | how it ends | way out |\n|---|---|---|");
        }
        for one in needing.iter().take(SHOWN) {
            let way = one.ways_out.first().map(|way| format!("{} {}", way.answer, way.skip.join(",")));
            let _ = writeln!(
                text,
                "| {} | {}: {} | {} |",
                cell(&one.title),
                one.end.title(),
                cell(&one.reason),
                cell(way.as_deref().unwrap_or("").trim())
            );
        }
        if needing.len() > SHOWN {
            let _ = writeln!(text, "\nand {} more", needing.len() - SHOWN);
        }
    }
    let _ = writeln!(text, "\n<details><summary>What this is worth</summary>\n");
    for (from, percent) in &distribution.provenance {
        let _ = writeln!(text, "- {percent} % of the times by {}", from.title());
    }
    let _ = writeln!(text, "- Assumed: {ASSUMED}");
    for sentence in &told.not_simulated {
        let _ = writeln!(text, "- Not simulated: {}", cell(sentence));
    }
    let _ = writeln!(text, "\n</details>");
    text
}

/// Text within a cell of a table.
fn cell(text: &str) -> String {
    escaped(text).replace('|', "\\|").replace('\n', " ")
}

/// Whether a failure is worth a finding: whatever needs a person.
fn findings(told: &Told) -> Vec<&Failure> {
    told.failures.iter().flat_map(|failures| &failures.outcomes).filter(|one| one.needs_a_person()).collect()
}

/// SARIF 2.1.0, the form of code hosts: a result for each run that didn't finish, and for each failure that needs a person.
/// `template`: the file that it is about.
#[must_use]
pub fn sarif(told: &Told, template: &str) -> Value {
    let level = |end: End| match end {
        End::Broken | End::KeptOut => "error",
        End::Held => "warning",
        End::Finished | End::RolledBack => "note",
    };
    let location =
        json!([{"physicalLocation": {"artifactLocation": {"uri": template}, "region": {"startLine": 1}}}]);
    let result = |rule: &str, level: &str, text: String| json!({"ruleId": rule, "level": level, "message": {"text": text}, "locations": location});
    let unfinished = told.distribution.unfinished.iter().map(|Unfinished { seed, end, reason }| {
        result("rehearsal/unfinished", "error", format!("Seed {seed}: {}: {reason}", end.title()))
    });
    let failures = findings(told).into_iter().map(|one| {
        let text = format!("{}: {}: {}", one.title, one.end.title(), one.reason);
        result("rehearsal/needs-a-person", level(one.end), text)
    });
    let results: Vec<Value> = unfinished.chain(failures).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "slackwater",
                "version": told.program,
                "rules": [
                    {"id": "rehearsal/unfinished", "shortDescription": {"text": "A rehearsed upgrade did not finish"}},
                    {"id": "rehearsal/needs-a-person", "shortDescription": {"text": "A failure after which a person is needed"}},
                ],
            }},
            "results": results,
        }],
    })
}

/// JUnit's form of a report: a case for the runs together, and one for each thing that was made to fail.
#[must_use]
pub fn junit(told: &Told) -> String {
    let distribution = &told.distribution;
    let outcomes: Vec<&Failure> = told.failures.iter().flat_map(|failures| &failures.outcomes).collect();
    let needing = outcomes.iter().filter(|one| one.needs_a_person()).count();
    let unfinished = distribution.unfinished.len();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        r#"<testsuite name="slackwater rehearse {}" tests="{}" failures="{}">"#,
        escaped(&told.deployment),
        1 + outcomes.len(),
        needing + usize::from(unfinished > 0)
    );
    let _ = write!(
        text,
        r#"  <testcase classname="runs" name="{} runs from seed {}""#,
        distribution.runs, told.seed
    );
    match distribution.unfinished.first() {
        None => text.push_str("/>\n"),
        Some(Unfinished { seed, end, reason }) => {
            let _ = writeln!(
                text,
                r#"><failure message="{} of {} did not finish">seed {seed}: {}: {}</failure></testcase>"#,
                unfinished,
                distribution.runs,
                end.title(),
                escaped(reason)
            );
        }
    }
    for one in outcomes {
        let seconds = one.whole / 1000;
        let _ = write!(
            text,
            r#"  <testcase classname="{}" name="{}" time="{seconds}""#,
            escaped(one.cause.group()),
            escaped(&one.title)
        );
        match one.needs_a_person() {
            false => text.push_str("/>\n"),
            true => {
                let _ = writeln!(
                    text,
                    r#"><failure message="{}">{}</failure></testcase>"#,
                    one.end.title(),
                    escaped(&one.reason)
                );
            }
        }
    }
    text.push_str("</testsuite>\n");
    text
}
