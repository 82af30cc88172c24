//! Page 2: parameters, in the template's own groups, with what has changed seen at a glance.

use maud::{Markup, html};
use upgrade::{CheckResult, ParameterConstraints, ParameterPlace, ParameterRow, Verdict};

use super::wizard::Wizard;
use crate::access::Permission;
use crate::pages::form::{Send, form};
use crate::proposals::{Preparation, Proposal};
use crate::words::{Tone, counted, pill};

/// The check that says what a database's storage should be.
const STORAGE_CHECK: &str = "database-storage";

pub(super) fn page(wizard: &Wizard<'_>, proposal: &Proposal, preparation: &Preparation) -> Markup {
    let path = format!("/proposals/{}", proposal.id);
    let (here, next) = (wizard.page(2), wizard.page(3));
    let rows = &preparation.parameters;
    let telling = rows.iter().filter(|row| tells(row)).count();
    let may = wizard.may(Permission::Plan);
    let groups = groups(rows);
    html! {
        (wizard.head(2))
        (storage(preparation.checks.iter().find(|check| check.id == STORAGE_CHECK), may, &path, &here))
        @if rows.is_empty() { p.empty { "The release has no parameters." } }
        p { (counted(rows.len(), "parameter")) ", "
            @if telling == 0 { "none of which has changed." } @else { strong { (telling) " to look at" } ":" }
        }
        (glance(rows))
        @let fields = html! {
            @for (group, rows) in &groups {
                fieldset.group disabled[!may] {
                    legend { h2 { (group) } }
                    @for row in rows { (parameter(row, proposal)) }
                }
            }
            @if may { div.buttons { button.primary { "Save, and next: Options" } a.button href=(next) { "Next without saving" } } }
        };
        (form(Send { method: "PATCH", path: &path, then: &next }, "parameters", &fields))
        @if !may { (wizard.only_reading(3)) }
    }
}

/// What is new, gone, moved or refused, before the long list; each leads to its place there.
fn glance(rows: &[ParameterRow]) -> Markup {
    html! {
        @if rows.iter().any(tells) { ul.glance { @for row in rows.iter().filter(|row| tells(row)) { li {
            a href={ "#at-" (row.name) } { (row.label.as_deref().unwrap_or(&row.name)) } " " (mark(row)) " "
            span.sub { (origins(row)) }
            @if let Some(error) = &row.constraint_error { span.wrong { (error) } }
        } } } }
    }
}

/// Whether somebody should look at it.
fn tells(row: &ParameterRow) -> bool {
    row.changed_default || row.place != ParameterPlace::Kept || row.constraint_error.is_some()
}

/// In the order of the template's groups; what is in none comes last.
fn groups(rows: &[ParameterRow]) -> Vec<(&str, Vec<&ParameterRow>)> {
    let mut groups: Vec<(&str, Vec<&ParameterRow>)> = Vec::new();
    let mut others = Vec::new();
    for row in rows {
        match &row.group {
            None => others.push(row),
            Some(name) => match groups.iter_mut().find(|(known, _)| known == name) {
                Some((_, rows)) => rows.push(row),
                None => groups.push((name, vec![row])),
            },
        }
    }
    if !others.is_empty() {
        groups.push((if groups.is_empty() { "Parameters" } else { "Other parameters" }, others));
    }
    groups
}

fn storage(check: Option<&CheckResult>, may: bool, path: &str, here: &str) -> Markup {
    let Some(check) = check else { return html! {} };
    let (tone, words) = match check.verdict {
        Verdict::Passed => (Tone::Good, "as it should be"),
        Verdict::Skipped => (Tone::Quiet, "not looked at"),
        Verdict::Warning => (Tone::Mind, "look at it"),
        Verdict::Failed => (Tone::Bad, "must be set right"),
    };
    html! {
        section.card aria-labelledby="storage" {
            h2 #storage { "Database storage " (pill(tone, words)) }
            ul { @for line in &check.evidence { li { (line) } } }
            @if let Some(advice) = &check.advice { p { (advice) } }
            @for fix in &check.fixes {
                p.sub { (fix.because) }
                @if may {
                    (form(Send { method: "PATCH", path, then: here }, "", &html! {
                        input type="hidden" name={ "parameters." (fix.parameter) } value=(fix.value) data-type="exact";
                        button.primary { "Set " (fix.parameter) " to " (fix.value) }
                    }))
                }
            }
        }
    }
}

fn parameter(row: &ParameterRow, proposal: &Proposal) -> Markup {
    let id = format!("p-{}", row.name);
    let about = format!("{id}-about");
    let label = row.label.as_deref().unwrap_or(&row.name);
    html! {
        div.parameter.telling[tells(row)] id={ "at-" (row.name) } {
            div.name {
                @if row.secret || row.constraints.is_none() { strong { (label) } } @else { label for=(id) { (label) } }
                @if label != row.name { " " small { code { (row.name) } } }
                " " (mark(row))
            }
            div.value {
                @match (&row.constraints, row.place) {
                    (_, ParameterPlace::Gone) => p.sub { "Leaves the template, and its value with it." },
                    (_, ParameterPlace::Kept) if row.secret => p { "Kept, not shown." },
                    (_, ParameterPlace::New) if row.secret => {
                        p.notice.bad { "New and secret: it can't be given here. Set it on the stack first, with the deployed release." }
                    },
                    (None, ParameterPlace::Kept | ParameterPlace::New) => p.sub { "It can't be given here." },
                    (Some(constraints), ParameterPlace::Kept | ParameterPlace::New) => {
                        @let value = proposal.choices.given.get(&row.name).or(row.will_be.as_ref()).map_or("", String::as_str);
                        (input(row, constraints, value, &id, &about))
                    },
                }
                p.sub id=(about) {
                    @if let Some(description) = row.constraints.as_ref().and_then(|one| one.description.as_ref()) { (description) br; }
                    (origins(row))
                }
                @if let Some(error) = &row.constraint_error { p.wrong { (error) } }
                @if let (Some(new), true, false) = (&row.new_default, row.changed_default, row.secret)
                    && row.will_be.as_ref() != Some(new) && row.constraints.is_some() {
                    button type="button" data-for=(id) data-value=(new) { "Take the new default for " (label) }
                }
            }
        }
    }
}

/// What has become of it, in a word.
fn mark(row: &ParameterRow) -> Markup {
    match row.place {
        ParameterPlace::New => pill(Tone::Busy, "new"),
        ParameterPlace::Gone => pill(Tone::Quiet, "gone"),
        ParameterPlace::Kept if row.changed_default => pill(Tone::Mind, "default changed"),
        ParameterPlace::Kept => html! {},
    }
}

/// Where its values are from.
fn origins(row: &ParameterRow) -> Markup {
    let shown = |value: &Option<String>| match value {
        None => html! { "none" },
        Some(_) if row.secret => html! { "set, not shown" },
        Some(text) if text.is_empty() => html! { "empty" },
        Some(text) => html! { code.wrap { (text) } },
    };
    html! {
        @match row.place {
            ParameterPlace::Kept => {
                "Now " (shown(&row.current))
                @if row.changed_default { " · default was " (shown(&row.old_default)) ", is " strong { (shown(&row.new_default)) } }
                @else if row.new_default.is_some() && row.new_default != row.current { " · default " (shown(&row.new_default)) }
            },
            ParameterPlace::New => { "Default " (shown(&row.new_default)) },
            ParameterPlace::Gone => { "Was " (shown(&row.current)) },
        }
    }
}

/// A field, with what the template asks of its value for our script; the server asks again.
fn input(
    row: &ParameterRow,
    constraints: &ParameterConstraints,
    value: &str,
    id: &str,
    about: &str,
) -> Markup {
    let name = format!("parameters.{}", row.name);
    let invalid = row.constraint_error.is_some().then_some("true");
    let is_list = constraints.type_name.starts_with("List<") || constraints.type_name == "CommaDelimitedList";
    let is_number = matches!(constraints.type_name.as_str(), "Number" | "List<Number>");
    if !constraints.allowed_values.is_empty() && !is_list {
        let known = constraints.allowed_values.iter().any(|allowed| allowed == value);
        return html! {
            select id=(id) name=(name) data-type="exact" aria-describedby=(about) aria-invalid=[invalid] {
                // What the stack has, though the release takes it no longer: the server says so.
                @if !known { option value=(value) selected { (value) " (no longer allowed)" } }
                @for allowed in &constraints.allowed_values {
                    option value=(allowed) selected[allowed == value] { @if allowed.is_empty() { "(empty)" } @else { (allowed) } }
                }
            }
        };
    }
    html! {
        input id=(id) name=(name) value=(value) data-type="exact" data-check autocomplete="off" spellcheck="false"
            inputmode=[(is_number && !is_list).then_some("decimal")]
            data-list[is_list] data-numeric[is_number]
            data-least=[constraints.min_value.as_deref()] data-most=[constraints.max_value.as_deref()]
            data-least-length=[constraints.min_length] data-most-length=[constraints.max_length]
            data-pattern=[constraints.allowed_pattern.as_deref()] data-words=[constraints.constraint_description.as_deref()]
            aria-describedby=(about) aria-invalid=[invalid];
    }
}
