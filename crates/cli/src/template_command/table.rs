//! A release as a person reads it. It fits a terminal of 80 columns; colours are quiet and are dropped where there is
//! no terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use template::{Limit, Parameter};
use upgrade::Part;

use super::release::{Count, Labelled, Policy, Release};
use crate::words::counted;

const HEADING: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();
const WARNING: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));

/// The whole table.
pub(crate) fn render(release: &Release<'_>, width: usize) -> String {
    let mut text = String::new();
    head(&mut text, release, width);
    parameters(&mut text, release, width);
    rules(&mut text, release, width);
    resources(&mut text, release, width);
    capabilities(&mut text, release, width);
    names(&mut text, release, width);
    data(&mut text, release, width);
    maintenance(&mut text, release, width);
    limits(&mut text, release);
    text
}

/// Writing to a string cannot fail.
fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

fn heading(text: &mut String, words: &str) {
    let _ = writeln!(text, "\n{HEADING}{words}{HEADING:#}");
}

fn head(text: &mut String, release: &Release<'_>, width: usize) {
    let _ = writeln!(text, "{HEADING}{}{HEADING:#}", release.template.name);
    match &release.version {
        Some(version) => {
            let commit =
                version.commit.as_ref().map(|commit| format!(", commit {commit}")).unwrap_or_default();
            line(
                text,
                &format!("  Version {}{commit} (Metadata: {})", version.version, version.metadata_key),
            );
        }
        None => line(text, "  Version not told: no entry of Metadata ends in ::VersionInfo"),
    }
    if let Some(description) = &release.template.description {
        wrapped(text, 2, description, width, Style::new());
    }
    if !release.template.transforms.is_empty() {
        line(text, &format!("  Transform: {}", release.template.transforms.join(", ")));
    }
}

fn parameters(text: &mut String, release: &Release<'_>, width: usize) {
    let count = release.template.parameters.len();
    let needed = release.template.parameters.values().filter(|one| one.default.is_none()).count();
    heading(text, &format!("{}, {needed} without a default", counted(count, "parameter")));
    for group in &release.groups {
        let label = group.label.as_deref().unwrap_or("(in no group)");
        let _ = writeln!(text, "  {QUIET}{label}{QUIET:#}");
        for one in &group.parameters {
            parameter(text, one, width);
        }
    }
}

fn parameter(text: &mut String, labelled: &Labelled<'_>, width: usize) {
    let Labelled { label, parameter } = labelled;
    let value = match (&parameter.default, parameter.no_echo) {
        (None, false) => "needs a value".to_owned(),
        (None, true) => "needs a value, secret".to_owned(),
        // A default of a secret stands in the template for everybody to read, and yet it is none of ours to repeat.
        (Some(_), true) => "default ****, secret".to_owned(),
        (Some(default), false) if default.is_empty() => "default empty".to_owned(),
        (Some(default), false) => format!("default {}", shortened(default, 40)),
    };
    line(text, &format!("    {:<36} {}, {value}", parameter.name, parameter.type_name));
    let mut about: Vec<String> = Vec::new();
    about.extend(label.clone());
    about.extend(parameter.description.clone());
    if !about.is_empty() {
        wrapped(text, 6, &about.join(": "), width, QUIET);
    }
    let constraints = constraints(parameter);
    if !constraints.is_empty() {
        wrapped(text, 6, &constraints.join("; "), width, QUIET);
    }
}

/// The constraints of a parameter in words.
pub(super) fn constraints(parameter: &Parameter) -> Vec<String> {
    let mut words = Vec::new();
    if !parameter.allowed_values.is_empty() {
        words.push(format!("one of {}", parameter.allowed_values.join(", ")));
    }
    words.extend(parameter.allowed_pattern.as_ref().map(|pattern| format!("pattern {pattern}")));
    match (parameter.min_value, parameter.max_value) {
        (Some(least), Some(most)) => words.push(format!("from {least} to {most}")),
        (Some(least), None) => words.push(format!("at least {least}")),
        (None, Some(most)) => words.push(format!("at most {most}")),
        (None, None) => {}
    }
    match (parameter.min_length, parameter.max_length) {
        (Some(least), Some(most)) => words.push(format!("{least} to {most} characters")),
        (Some(least), None) => words.push(format!("at least {least} characters")),
        (None, Some(most)) => words.push(format!("at most {most} characters")),
        (None, None) => {}
    }
    words
}

fn rules(text: &mut String, release: &Release<'_>, width: usize) {
    let template = release.template;
    if !template.rules.is_empty() {
        heading(text, &counted(template.rules.len(), "rule"));
        for rule in template.rules.values() {
            let said: Vec<&str> =
                rule.assertions.iter().filter_map(|assertion| assertion.description.as_deref()).collect();
            line(text, &format!("  {}", rule.name));
            if !said.is_empty() {
                wrapped(text, 6, &said.join(" "), width, QUIET);
            }
        }
    }
}

fn resources(text: &mut String, release: &Release<'_>, width: usize) {
    let template = release.template;
    let conditional = template.resources.values().filter(|one| one.condition.is_some()).count();
    let count = |count: &Count| match (count.always, count.conditional) {
        (always, 0) => always.to_string(),
        (0, conditional) => format!("0 to {conditional}"),
        (always, conditional) => format!("{always} to {}", always + conditional),
    };
    heading(
        text,
        &format!(
            "{}, {conditional} of them on one of {}",
            counted(template.resources.len(), "resource"),
            counted(template.conditions.len(), "condition")
        ),
    );
    for (service, types) in &release.services {
        let types: Vec<String> =
            types.iter().map(|(name, number)| format!("{name} {}", count(number))).collect();
        columns(text, service, &types.join(", "), width);
    }
}

fn capabilities(text: &mut String, release: &Release<'_>, width: usize) {
    heading(text, "Capabilities to acknowledge");
    if release.capabilities.is_empty() {
        line(text, "  none");
    }
    for needed in &release.capabilities {
        let because: Vec<&str> = needed.because_of.iter().map(String::as_str).collect();
        line(text, &format!("  {}", needed.capability.word()));
        wrapped(text, 6, &format!("because of {}", because.join(", ")), width, QUIET);
    }
}

fn names(text: &mut String, release: &Release<'_>, width: usize) {
    if release.custom_named.is_empty() {
        return;
    }
    let words = "with names of the template's choice: they can't be replaced while the name stays";
    heading(text, &format!("{} {words}", counted(release.custom_named.len(), "resource")));
    for one in &release.custom_named {
        let what = format!("{} ({})", one.resource.type_name, one.properties.join(", "));
        columns(text, &one.resource.logical_id, &what, width);
    }
}

fn data(text: &mut String, release: &Release<'_>, width: usize) {
    if release.stateful.is_empty() {
        return;
    }
    heading(text, &format!("{} that hold data", counted(release.stateful.len(), "resource")));
    for one in &release.stateful {
        let lost = |policy: &Policy| policy.word() == "Delete";
        let what = format!(
            "{}: deleted {}, replaced {}",
            one.resource.type_name,
            one.deletion_policy.word(),
            one.update_replace_policy.word()
        );
        let style = if lost(&one.deletion_policy) || lost(&one.update_replace_policy) {
            WARNING
        } else {
            Style::new()
        };
        styled_columns(text, &one.resource.logical_id, &what, width, style);
    }
}

fn maintenance(text: &mut String, release: &Release<'_>, width: usize) {
    heading(text, &format!("What maintenance would touch (profile {})", release.profile));
    let found = match &release.maintenance {
        Ok(found) => found,
        Err(why) => return wrapped(text, 2, &format!("can't be seen: {why}"), width, WARNING),
    };
    for part in Part::ALL {
        let ids = found.survey.parts.get(&part).map(Vec::as_slice).unwrap_or_default();
        let ids = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
        columns(text, part.title(), &ids, width);
    }
    for database in &found.survey.databases {
        let parameter = match &database.storage_parameter {
            Some(parameter) => format!("parameter {parameter}"),
            None => "no parameter: the template itself".to_owned(),
        };
        columns(text, &format!("storage of {}", database.logical_id), &parameter, width);
    }
    if !found.survey.dedicated_machine_tags.is_empty() {
        let tags: Vec<String> = found
            .survey
            .dedicated_machine_tags
            .iter()
            .map(|(key, value)| format!("{key}={}", value.as_deref().unwrap_or("*")))
            .collect();
        columns(text, "dedicated machines", &format!("tags {}", tags.join(" and ")), width);
    }
    if !found.survey.backup_parameters.is_empty() {
        columns(text, "backup parameters", &found.survey.backup_parameters.join(", "), width);
    }
    for problem in &found.survey.problems {
        wrapped(text, 2, &problem.to_string(), width, WARNING);
    }
    if !found.taken_as_empty.is_empty() {
        let words = format!(
            "Seen with every parameter at its default; without a default and taken as empty: {}",
            found.taken_as_empty.join(", ")
        );
        wrapped(text, 2, &words, width, QUIET);
    }
}

fn limits(text: &mut String, release: &Release<'_>) {
    heading(text, "CloudFormation's limits");
    for used in &release.limits {
        let words = used.to_string();
        let style = match (used.is_exceeded(), used.limit) {
            // Not refused: it must come from S3.
            (true, Limit::InlineBytes) | (false, _) => Style::new(),
            (true, _) => WARNING,
        };
        let _ = writeln!(text, "  {style}{words}{style:#}");
    }
}

/// A name, and beside it text that goes on under itself.
fn columns(text: &mut String, name: &str, what: &str, width: usize) {
    styled_columns(text, name, what, width, Style::new());
}

fn styled_columns(text: &mut String, name: &str, what: &str, width: usize, style: Style) {
    const COLUMN: usize = 26;
    if name.chars().count() < COLUMN {
        let mut lines = String::new();
        wrapped(&mut lines, COLUMN + 2, what, width, style);
        let indent = COLUMN + 2;
        let rest = lines.strip_prefix(&" ".repeat(indent)).unwrap_or(&lines);
        let _ = write!(text, "  {name:<COLUMN$}{rest}");
    } else {
        line(text, &format!("  {name}"));
        wrapped(text, COLUMN + 2, what, width, style);
    }
}

/// Text broken at spaces below an indent; a word that is too long stands alone.
fn wrapped(text: &mut String, indent: usize, words: &str, width: usize, style: Style) {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(last) if indent + last.chars().count() + 1 + word.chars().count() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    for line in lines {
        let _ = writeln!(text, "{:indent$}{style}{line}{style:#}", "");
    }
}

fn shortened(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        return words.replace('\n', " ");
    }
    let start: String = words.chars().take(most).collect();
    format!("{}…", start.replace('\n', " "))
}
