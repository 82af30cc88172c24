//! A change set as a person reads it: what we expect, where AWS's words differ and why; what is replaced and
//! what is lost comes first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use upgrade::{ExpectedChange, Fate};

/// The table, with a line of totals before it. Colours are written as ANSI sequences; the printing side drops
/// them where there is no terminal.
pub(crate) fn render(expected: &[ExpectedChange], width: usize) -> String {
    let mut sorted: Vec<&ExpectedChange> = expected.iter().collect();
    sorted.sort_by_key(|change| (change.expected, change.logical_id.as_str()));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {}", totals(&sorted));
    let widest =
        |of: fn(&ExpectedChange) -> &String| sorted.iter().map(|change| of(change).len()).max().unwrap_or(0);
    let names = widest(|change| &change.logical_id).min(44);
    // Types stand below each other where there is room for that.
    let fits = 24 + names + widest(|change| &change.resource_type) <= width;
    let names = if fits { names } else { 0 };
    let (unchanged, changed): (Vec<_>, Vec<_>) =
        sorted.into_iter().partition(|change| change.expected == Fate::Unchanged);
    for change in changed {
        let style = style(change.expected);
        let word = change.expected.word();
        let _ = writeln!(
            text,
            "  {style}{word:<18}{style:#}  {:<names$}  {}",
            change.logical_id, change.resource_type
        );
        if change.differs_from_aws {
            wrap(&mut text, &in_aws_words(change), width);
        }
        if change.expected < Fate::Added || change.differs_from_aws {
            for because in &change.because {
                wrap(&mut text, because, width);
            }
        }
    }
    if !unchanged.is_empty() {
        let style = style(Fate::Unchanged);
        let _ = writeln!(
            text,
            "  {style}{:<18}{style:#}  though AWS lists them, since what they read stays the same:",
            "unchanged"
        );
        let ids: Vec<&str> = unchanged.iter().map(|change| change.logical_id.as_str()).collect();
        wrap(&mut text, &ids.join(", "), width);
    }
    text
}

/// AWS's two answers: without and with property values.
fn in_aws_words(change: &ExpectedChange) -> String {
    let said = |words: &Option<String>| words.clone().unwrap_or_else(|| "nothing".to_owned());
    let (plain, values) = (said(&change.aws_plain), said(&change.aws_values));
    if plain == values {
        format!("AWS will say: {plain}.")
    } else {
        format!("AWS will say: {plain}; with property values: {values}.")
    }
}

fn totals(sorted: &[&ExpectedChange]) -> String {
    let mut counts: BTreeMap<Fate, usize> = BTreeMap::new();
    for change in sorted {
        *counts.entry(change.expected).or_default() += 1;
    }
    let parts: Vec<String> = counts.iter().map(|(fate, count)| format!("{count} {}", fate.word())).collect();
    if parts.is_empty() { "No changes.".to_owned() } else { format!("{}.", parts.join(", ")) }
}

/// Red is for what fails, yellow for what wants a look.
fn style(fate: Fate) -> Style {
    match fate {
        Fate::Fails => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
        Fate::Removed | Fate::Replaced | Fate::MayBeReplaced | Fate::InstancesReplaced => {
            Style::new().fg_color(Some(AnsiColor::Yellow.into()))
        }
        Fate::Added => Style::new(),
        Fate::UpdatedInPlace | Fate::MayBeUpdated => Style::new(),
        Fate::Unchanged => Style::new().dimmed(),
    }
}

/// Add a sentence below an entry, broken at spaces.
pub(crate) fn wrap(text: &mut String, sentence: &str, width: usize) {
    const INDENT: &str = "      ";
    let mut line = String::from(INDENT);
    for word in sentence.split_whitespace() {
        if line.len() > INDENT.len() && line.chars().count() + 1 + word.chars().count() > width {
            text.push_str(line.trim_end());
            text.push('\n');
            line = String::from(INDENT);
        }
        if line.len() > INDENT.len() {
            line.push(' ');
        }
        line.push_str(word);
    }
    text.push_str(line.trim_end());
    text.push('\n');
}
