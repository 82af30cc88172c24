//! A rehearsal as a person reads it on the terminal.

use std::fmt::Write as _;

use super::circumstances::ASSUMED;
use super::compared::Range;
use super::every_failure::{Failure, Failures, Sampled};
use super::many::{Distribution, Spread, StepSpread, Unfinished};
use super::pictures::timeline_text;
use super::summary::End;
use super::told::{Affected, Told};
use crate::change_table::wrap;
use crate::words::{counted, duration};

/// More resources of the critical path, and more failures, than anybody reads.
const SHOWN: usize = 8;
const SHOWN_FAILURES: usize = 20;

/// Bars of the distribution.
const BINS: usize = 12;
const BAR: usize = 40;

pub(crate) fn render(told: &Told, width: usize) -> String {
    let mut text = String::new();
    let Told { distribution, .. } = told;
    let versions = match (&told.from_version, &told.to_version) {
        (Some(from), Some(to)) => format!(", {from} to {to}"),
        (None, Some(to)) => format!(" to {to}"),
        (Some(_) | None, None) => String::new(),
    };
    line(
        &mut text,
        &format!(
            "{}{versions}: rehearsed {}, seed {}, slackwater {}",
            told.deployment,
            times(distribution.runs),
            told.seed,
            told.program
        ),
    );
    outcome(&mut text, distribution, width);
    histogram(&mut text, &distribution.downtimes);
    affected(&mut text, &told.affected, width);
    line(&mut text, "\nThe run in the middle, in its course");
    text.push_str(&timeline_text(&told.timeline, width));
    time(&mut text, distribution, width);
    match &told.point_of_no_return {
        Some(point) => wrap(&mut text, &format!("Point of no return: {point}"), width),
        None => line(&mut text, "  No point of no return is known before the clean-up."),
    }
    if let Some(failures) = &told.failures {
        every_failure(&mut text, failures, width);
    }
    honesty(&mut text, told, width);
    text
}

fn line(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}

fn times(runs: usize) -> String {
    if runs == 1 { "once".to_owned() } else { format!("{runs} times") }
}

fn outcome(text: &mut String, distribution: &Distribution, width: usize) {
    let ends: Vec<String> =
        distribution.ends.iter().map(|(end, count)| format!("{count} {}", end.title())).collect();
    wrap(text, &format!("Ends: {}.", ends.join(", ")), width);
    match distribution.downtime {
        Some(Spread { p5, median, p90, p95, p99 }) if distribution.runs > 1 => {
            wrap(
                text,
                &format!(
                    "Users out: {} in the middle; {} in 90 of 100 runs, {} in 99. Between {} and {} in nine of ten.",
                    duration(median),
                    duration(p90),
                    duration(p99),
                    duration(p5),
                    duration(p95)
                ),
                width,
            );
        }
        Some(Spread { median, .. }) => wrap(text, &format!("Users out: {}.", duration(median)), width),
        None => line(text, "  Users out: not at all."),
    }
    if let Some(whole) = distribution.whole {
        let of_many = if distribution.runs > 1 { " in the middle" } else { "" };
        wrap(text, &format!("From beginning to end: {}{of_many}.", duration(whole.median)), width);
    }
    for Unfinished { seed, end, reason } in distribution.unfinished.iter().take(SHOWN) {
        wrap(text, &format!("Seed {seed}: {}: {reason}", end.title()), width);
    }
}

/// How often users are out for how long.
fn histogram(text: &mut String, downtimes: &[u64]) {
    let (Some(least), Some(most)) = (downtimes.first(), downtimes.last()) else { return };
    if downtimes.len() < BINS || least == most {
        return;
    }
    let step = (most - least).div_ceil(BINS as u64).max(1);
    let mut bins = [0_usize; BINS];
    for downtime in downtimes {
        let bin = usize::try_from((downtime - least) / step).unwrap_or(BINS - 1).min(BINS - 1);
        bins[bin] += 1;
    }
    let highest = bins.iter().copied().max().unwrap_or(1).max(1);
    line(text, "\nUsers out, how often");
    for (bin, count) in bins.iter().enumerate() {
        let from = duration(least + step * bin as u64);
        let _ = writeln!(text, "  {from:>12}  {:<BAR$} {count}", "▇".repeat((count * BAR).div_ceil(highest)));
    }
}

fn affected(text: &mut String, affected: &Affected, width: usize) {
    let Affected { sessions, computations, jobs, tasks, instances, owners } = affected;
    let parts = [
        (*sessions, "session"),
        (*computations, "computation"),
        (*jobs, "job"),
        (*tasks, "task"),
        (*instances, "instance"),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, noun)| counted(count, noun)).collect();
    if parts.is_empty() {
        return;
    }
    let of = if owners.is_empty() { String::new() } else { format!(", of {}", owners.join(", ")) };
    line(text, "\nWho is affected");
    wrap(text, &format!("{}{of}.", parts.join(", ")), width);
}

fn time(text: &mut String, distribution: &Distribution, width: usize) {
    // One run has no spread.
    let has_spread = distribution.runs > 1;
    line(
        text,
        if has_spread { "\nWhere the time goes (middle, 90 of 100)" } else { "\nWhere the time goes" },
    );
    for StepSpread { step, took: spread } in &distribution.steps {
        let _ = write!(text, "  {:<44} {:>12}", step.title(), duration(spread.median));
        if has_spread {
            let _ = write!(text, " {:>12}", duration(spread.p90));
        }
        line(text, "");
    }
    if !distribution.critical.is_empty() {
        line(text, "\nWhat makes the update long");
    }
    for one in distribution.critical.iter().take(SHOWN) {
        let (what, by) = (format!("{} ({})", one.logical_id, one.resource_type), one.provenance.title());
        let (median, p90) = (duration(one.took.median), duration(one.took.p90));
        let words = match has_spread {
            true => format!("{what}, in {} of 100 runs: {median}, in 90 of 100 {p90}; by {by}", one.percent),
            false => format!("{what}: {median}; by {by}"),
        };
        wrap(text, &words, width);
    }
    line(text, "");
}

fn every_failure(text: &mut String, failures: &Failures, width: usize) {
    line(text, "\nEverything that can fail, one thing at a time");
    let mut header = format!("  {:<36} {:>7}", "", "tried");
    for end in End::ALL {
        let _ = write!(header, " {:>12}", short(end));
    }
    line(text, &header);
    for (group, ends) in &failures.ends {
        let tried: usize = ends.values().sum();
        let mut row = format!("  {group:<36} {tried:>7}");
        for end in End::ALL {
            let _ = write!(row, " {:>12}", ends.get(&end).copied().unwrap_or(0));
        }
        line(text, &row);
    }
    for (group, Sampled { tried, there }) in &failures.sampled {
        wrap(text, &format!("Of {there} with \"{group}\" {tried} were tried, evenly spread."), width);
    }
    let unmet: Vec<&str> = failures.unmet.iter().map(String::as_str).collect();
    if !unmet.is_empty() {
        let named = unmet.iter().take(SHOWN).copied().collect::<Vec<_>>().join("; ");
        let more = match unmet.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        wrap(text, &format!("The run never came to {} of these: {named}{more}.", unmet.len()), width);
    }
    let needing: Vec<&Failure> = failures.outcomes.iter().filter(|one| one.needs_a_person()).collect();
    if needing.is_empty() {
        line(text, "  None needs a person.");
        return;
    }
    wrap(text, &format!("{} of {} need a person:", needing.len(), failures.outcomes.len()), width);
    for one in needing.iter().take(SHOWN_FAILURES) {
        wrap(text, &format!("{}: {}: {}", one.title, one.end.title(), one.reason), width);
        if let Some(way) = one.ways_out.first() {
            let skip = if way.skip.is_empty() { String::new() } else { format!(" {}", way.skip.join(",")) };
            wrap(
                text,
                &format!(
                    "    the way out: {}{skip}, which leaves {}, {}",
                    way.answer,
                    way.stack_status,
                    way.end.title()
                ),
                width,
            );
        }
    }
    if needing.len() > SHOWN_FAILURES {
        wrap(text, &format!("and {} more (--output json has all)", needing.len() - SHOWN_FAILURES), width);
    }
}

fn short(end: End) -> &'static str {
    match end {
        End::Finished => "finished",
        End::RolledBack => "rolled back",
        End::Held => "a person",
        End::KeptOut => "kept out",
        End::Broken => "broken",
    }
}

/// What a rehearsal is worth.
fn honesty(text: &mut String, told: &Told, width: usize) {
    line(text, "\nWhat this is worth");
    let shares: Vec<String> = told
        .distribution
        .provenance
        .iter()
        .map(|(from, percent)| format!("{percent} % {}", from.title()))
        .collect();
    if !shares.is_empty() {
        wrap(text, &format!("Times by {}.", shares.join(", ")), width);
    }
    if !told.assumed.is_empty() {
        wrap(text, &format!("Nobody has measured: {}.", told.assumed.join(", ")), width);
    }
    if !told.compared.is_empty() {
        let held = told.compared.iter().filter(|one| one.holds()).count();
        let all: Vec<String> = told
            .compared
            .iter()
            .map(|one| {
                let Range { least, most } = one.rehearsed;
                format!(
                    "{} took {} ({} to {})",
                    one.run_id,
                    duration(one.downtime),
                    duration(least),
                    duration(most)
                )
            })
            .collect();
        wrap(
            text,
            &format!(
                "Earlier rehearsals of this deployment: {held} of {} held: {}.",
                all.len(),
                all.join("; ")
            ),
            width,
        );
    } else if told.taken_at.is_some() {
        wrap(text, "No earlier rehearsal of this deployment was held against an upgrade.", width);
    }
    wrap(text, &format!("Assumed: {ASSUMED}"), width);
    for sentence in &told.not_simulated {
        wrap(text, &format!("Not simulated: {sentence}"), width);
    }
    if !told.made_up.is_empty() {
        wrap(text, &format!("Secrets were made up: {}.", told.made_up.join(", ")), width);
    }
    if !told.accepted.is_empty() {
        wrap(
            text,
            &format!("Checks that warn, and were accepted for the rehearsal: {}.", told.accepted.join(", ")),
            width,
        );
    }
}
