//! What becomes of a template, line by line: a unified difference that a page can hold, whatever the templates' sizes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, ChangeTag, TextDiff};
use upgrade::UpdateKind;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// Lines of a difference that are kept. The longest template has a million bytes, and nobody reads all of it here.
const MOST_LINES: usize = 4000;

/// Characters of a line that are kept.
const MOST_CHARACTERS: usize = 400;

/// Two templates that have nothing in common are compared no longer than this; what is told then is right, and not the shortest.
const LONGEST: Duration = Duration::from_secs(2);

/// What stands where a value is kept secret, as with AWS.
const SECRET: &str = "****";

/// A default of a secret that is shorter may be any word.
const LEAST_TELLING: usize = 6;

/// Parameters marked NoEcho, and their defaults: nobody is shown these.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    names: BTreeSet<String>,
    values: BTreeSet<String>,
}

impl Secrets {
    #[must_use]
    pub fn new(names: &BTreeSet<String>, values: &BTreeSet<String>) -> Secrets {
        Secrets { names: names.clone(), values: values.clone() }
    }
}

/// What a stack's template becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateDifference {
    pub update: UpdateKind,
    pub stack_name: String,
    /// Lines that come and that go.
    pub added: usize,
    pub removed: usize,
    pub places: Vec<Place>,
    /// Lines of it that aren't kept.
    pub left_out: usize,
}

/// Lines that changed, with those around them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The first line's number in the deployed template and in the new one, from 1.
    pub before: usize,
    pub after: usize,
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    Same(String),
    Removed(String),
    Added(String),
}

impl TemplateDifference {
    #[must_use]
    pub fn new(
        update: UpdateKind,
        stack_name: &str,
        (before, after): (&str, &str),
        secrets: &Secrets,
    ) -> TemplateDifference {
        let (before, after) = (readable(before, secrets), readable(after, secrets));
        let diff =
            TextDiff::configure().algorithm(Algorithm::Myers).timeout(LONGEST).diff_lines(&before, &after);
        let mut told = TemplateDifference {
            update,
            stack_name: stack_name.to_owned(),
            added: 0,
            removed: 0,
            places: Vec::new(),
            left_out: 0,
        };
        let mut kept = 0;
        for operations in diff.grouped_ops(CONTEXT) {
            let Some(first) = operations.first() else { continue };
            let (from_before, from_after) = (first.old_range().start + 1, first.new_range().start + 1);
            let mut place = Place { before: from_before, after: from_after, lines: Vec::new() };
            for change in operations.iter().flat_map(|operation| diff.iter_changes(operation)) {
                match change.tag() {
                    ChangeTag::Equal => {}
                    ChangeTag::Delete => told.removed += 1,
                    ChangeTag::Insert => told.added += 1,
                }
                if kept == MOST_LINES {
                    told.left_out += 1;
                    continue;
                }
                kept += 1;
                let line = cut(change.value());
                place.lines.push(match change.tag() {
                    ChangeTag::Equal => Line::Same(line),
                    ChangeTag::Delete => Line::Removed(line),
                    ChangeTag::Insert => Line::Added(line),
                });
            }
            if !place.lines.is_empty() {
                told.places.push(place);
            }
        }
        told
    }
}

fn cut(line: &str) -> String {
    let line = line.trim_end();
    match line.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{} …", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

/// A template as lines: JSON is laid out, and the defaults of secrets are stars.
fn readable(text: &str, secrets: &Secrets) -> String {
    let json: Option<serde_json::Value> =
        text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten();
    let laid_out = json.and_then(|value| serde_json::to_string_pretty(&value).ok());
    let mut told = masked(laid_out.as_deref().unwrap_or(text), secrets);
    // However a template may have been written: what is long enough to be no word of its own stands nowhere else either.
    for value in secrets.values.iter().filter(|value| value.len() >= LEAST_TELLING) {
        told = told.replace(value.as_str(), SECRET);
    }
    told
}

/// Within each secret parameter whatever follows `Default` is stars, and so is what is written out where a password is wanted; their
/// further lines too. It errs by hiding too much.
fn masked(text: &str, secrets: &Secrets) -> String {
    let mut told = String::with_capacity(text.len());
    // How far the parameter, and the value that is hidden, are indented while one is within them.
    let (mut parameter, mut hidden) = (None, None);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let is_over =
            |begins: Option<usize>| !line.trim().is_empty() && begins.is_some_and(|begins| indent <= begins);
        if is_over(parameter) {
            (parameter, hidden) = (None, None);
        }
        if is_over(hidden) {
            hidden = None;
        }
        let (key, value) = key_and_value(line);
        if parameter.is_none() && secrets.names.contains(key) {
            parameter = Some(indent);
        }
        let default = line.find("Default").filter(|_| parameter.is_some());
        let written_out = is_password(key) && is_literal(value);
        if hidden.is_some() {
            let _ = writeln!(told, "{:indent$}{SECRET}", "");
        } else if let Some(at) = default {
            hidden = Some(indent);
            let _ = writeln!(told, "{}Default: {SECRET}", line.get(..at).unwrap_or_default());
        } else if written_out {
            hidden = Some(indent);
            let _ = writeln!(told, "{:indent$}{key}: {SECRET}", "");
        } else {
            let _ = writeln!(told, "{}", masked_within(line));
        }
    }
    told
}

/// A line with what is written out for a password in a mapping within it (`{User: ada, Password: …}`) hidden.
fn masked_within(line: &str) -> String {
    let mut told = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(':') {
        told.push_str(before);
        told.push(':');
        rest = after;
        let begins = before.rfind(['{', ',']);
        let key = begins.and_then(|at| before.get(at + 1..)).unwrap_or_default();
        let value = after.trim_start();
        // A quoted value ends at its quotation mark, another where the next key or the mapping's end is.
        let length = match value.chars().next() {
            Some(mark @ ('"' | '\'')) => quoted(value, mark),
            Some(_) | None => value.find([',', '}']),
        };
        let value = length.and_then(|length| value.get(..length)).unwrap_or(value);
        if is_password(key.trim().trim_matches(['"', '\''])) && is_literal(value.trim()) {
            let spaces = after.len() - after.trim_start().len();
            told.push_str(after.get(..spaces).unwrap_or_default());
            told.push_str(SECRET);
            rest = after.get(spaces + value.trim_end().len()..).unwrap_or_default();
        }
    }
    told.push_str(rest);
    told
}

/// How long a quoted value is, with its marks; `None`: it ends on another line. In single ones a mark is written twice, in double
/// ones after a backslash.
fn quoted(value: &str, mark: char) -> Option<usize> {
    let mut characters = value.char_indices().skip(1).peekable();
    while let Some((at, one)) = characters.next() {
        let is_written = match one {
            '\\' => mark == '"',
            one if one == mark => mark == '\'' && characters.peek().is_some_and(|(_, next)| *next == mark),
            _ => continue,
        };
        if is_written {
            characters.next();
        } else if one == mark {
            return Some(at + 1);
        }
    }
    None
}

/// The key that a line of YAML, or of JSON that is laid out, begins, and what follows it; both may be empty.
fn key_and_value(line: &str) -> (&str, &str) {
    let (key, value) = line.trim_start().split_once(':').unwrap_or_default();
    (key.trim().trim_start_matches("- ").trim_matches(['"', '\'']), value.trim())
}

/// Whether a property of this name holds what opens something.
fn is_password(key: &str) -> bool {
    let key = key.to_lowercase();
    ["password", "passphrase", "secretstring", "secretkey", "privatekey", "apikey", "token"]
        .iter()
        .any(|ending| key.ends_with(ending))
}

/// Whether a value is written out, and isn't taken from elsewhere.
fn is_literal(value: &str) -> bool {
    let bare = value.trim_end_matches(',').trim_matches(['"', '\'']);
    let is_from_elsewhere =
        value.starts_with(['!', '{', '[', '&', '*', '#']) || bare.starts_with("{{resolve:");
    !bare.is_empty() && !is_from_elsewhere && !matches!(bare, "true" | "false" | "null")
}

#[cfg(test)]
mod tests;
