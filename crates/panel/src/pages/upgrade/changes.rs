//! What the updates will do, as a review shows it: how much of what, then each resource with what becomes of its properties.

use maud::{Markup, html};
use upgrade::{
    ChangedProperty, ExpectedChange, Fate, Foretold, ParameterRow, PlannedRisk, StackUpdate, UpdateKind,
};

use crate::words::{Tone, counted, pill};

/// What is done to resources, the gravest first: each is a group of its own.
const GROUPS: [Fate; 9] = [
    Fate::Fails,
    Fate::Removed,
    Fate::Replaced,
    Fate::MayBeReplaced,
    Fate::InstancesReplaced,
    Fate::Added,
    Fate::UpdatedInPlace,
    Fate::MayBeUpdated,
    Fate::Unchanged,
];

/// A group that is longer is folded, however grave.
const MOST_OPEN: usize = 6;

/// A risk's line.
pub(super) fn risks(risks: &[PlannedRisk]) -> Markup {
    html! {
        @if risks.is_empty() { p { (pill(Tone::Good, "none known")) " Nothing that holds data or keeps users out for longer is touched." } }
        @else { ul.risks { @for risk in risks { li {
            strong { (risk.kind) } @if let Some(id) = &risk.logical_id { " · " code { (id) } }
            @if !risk.certain { " · perhaps" }
            @if risk.update != UpdateKind::Primary { " · " (risk.update.title()) }
            br; span.wrap { (risk.because) }
        } } } }
    }
}

/// How much of what, over all stacks: `3 replaced`, `1 removed`, `39 changed in place`.
pub(super) fn counts(foretold: &Foretold, parameters: &[ParameterRow]) -> Markup {
    let all = || foretold.updates.iter().flat_map(|update| &update.expected);
    let of = |fate: Fate| all().filter(|change| change.expected == fate).count();
    let tags = foretold.updates.iter().map(|update| {
        update.expected.iter().filter(|change| is_of_tags_alone(change, update, foretold)).count()
    });
    let tags: usize = tags.sum();
    let values = parameters.iter().filter(|row| changes(row)).count();
    let touched = all().filter(|change| change.expected != Fate::Unchanged).count();
    html! {
        @if tags > 0 && tags == touched { p { "Nothing but tags changes." } }
        ul.counts aria-label="What will change" {
            @for fate in GROUPS.into_iter().filter(|fate| of(*fate) > 0) {
                li { (pill(tone(fate), &format!("{} {}", of(fate), fate.word()))) }
            }
            @if tags > 0 { li { (pill(Tone::Quiet, &format!("{tags} of them in nothing but tags"))) } }
            @if values > 0 { li { (pill(Tone::Quiet, &counted(values, "parameter"))) } }
        }
    }
}

/// Every stack's changes, with a field that finds one of them.
pub(super) fn changes_of_all(foretold: &Foretold, parameters: &[ParameterRow]) -> Markup {
    html! {
        // What is folded is found as well: only script searches, and without it the browser does.
        div.find data-find="changes-of-all" hidden {
            label { "Find a resource, type or property" input type="search" autocomplete="off"; }
            p.sub role="status" {}
        }
        div #changes-of-all {
            (parameter_diff(parameters))
            @for one in foretold.updates.iter().rev() { (update(one, foretold)) }
        }
    }
}

/// Parameters that get another value, before and after.
fn parameter_diff(parameters: &[ParameterRow]) -> Markup {
    let changed: Vec<&ParameterRow> = parameters.iter().filter(|row| changes(row)).collect();
    html! {
        @if !changed.is_empty() {
            details.group open[changed.len() <= MOST_OPEN] {
                summary { (counted(changed.len(), "parameter")) " with another value" }
                @for row in changed { div.change data-entry {
                    p { strong { (row.name) } @if let Some(label) = &row.label { " " small { (label) } } }
                    @if row.secret { p.sub { "It is marked NoEcho: its value is shown to nobody." } }
                    @else { (before_and_after(row.current.as_deref(), row.will_be.as_deref())) }
                } }
            }
        }
    }
}

fn changes(row: &ParameterRow) -> bool {
    row.current != row.will_be
}

/// One stack's update, the gravest first.
fn update(update: &StackUpdate, foretold: &Foretold) -> Markup {
    let id = format!("changes-{}", update.stack_name);
    html! {
        section aria-labelledby=(id) {
            h3 id=(id) { "The " (update.kind.title()) " " (update.stack_name)
                @if let (Some(from), Some(to)) = (&update.from_version, &update.to_version) { ", " (from) " → " (to) }
            }
            @if let Some(point) = &update.point_of_no_return { p.notice { strong { "Point of no return" } ": " (point) } }
            @for fate in GROUPS { (group(fate, update, foretold)) }
        }
    }
}

fn group(fate: Fate, update: &StackUpdate, foretold: &Foretold) -> Markup {
    let mut changes: Vec<&ExpectedChange> =
        update.expected.iter().filter(|change| change.expected == fate).collect();
    changes.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
    let is_open = tone(fate) == Tone::Bad && changes.len() <= MOST_OPEN;
    html! {
        @if !changes.is_empty() {
            details.group open[is_open] {
                summary { (pill(tone(fate), &format!("{} {}", changes.len(), fate.word())))
                    @if fate == Fate::Unchanged { " " span.sub { "AWS will list them, though nothing happens to them" } } }
                @for change in changes { (one_change(change, update, foretold)) }
            }
        }
    }
}

fn one_change(change: &ExpectedChange, update: &StackUpdate, foretold: &Foretold) -> Markup {
    let properties: Vec<&ChangedProperty> = properties(change, update, foretold).collect();
    html! {
        div.change data-entry {
            p { strong.wrap { (change.logical_id) } " " small.wrap { (change.resource_type) }
                @if change.differs_from_aws { " " (pill(Tone::Mind, "AWS says something else")) }
                @if is_of_tags_alone(change, update, foretold) { " " (pill(Tone::Quiet, "only tags")) }
            }
            @for because in &change.because { p.wrap { (because) } }
            p.sub { "AWS will say: " (aws_answer(change)) }
            @if !properties.is_empty() {
                details {
                    summary { (counted(properties.len(), "value")) ", before and after" }
                    @for one in properties { div.property {
                        p.wrap { code { (one.path) } }
                        (before_and_after(one.before.as_deref(), one.after.as_deref()))
                    } }
                }
            }
        }
    }
}

fn properties<'a>(
    change: &'a ExpectedChange,
    update: &'a StackUpdate,
    foretold: &'a Foretold,
) -> impl Iterator<Item = &'a ChangedProperty> {
    let of = move |one: &&ChangedProperty| one.update == update.kind && one.logical_id == change.logical_id;
    foretold.properties.iter().filter(of)
}

/// Whether nothing of it changes but its tags, as AWS's change set with property values will say.
fn is_of_tags_alone(change: &ExpectedChange, update: &StackUpdate, foretold: &Foretold) -> bool {
    let mut all = properties(change, update, foretold).peekable();
    let is_in_place = matches!(change.expected, Fate::UpdatedInPlace | Fate::MayBeUpdated);
    is_in_place && all.peek().is_some() && all.all(ChangedProperty::is_tag)
}

fn before_and_after(before: Option<&str>, after: Option<&str>) -> Markup {
    let value = |text: Option<&str>| {
        html! {
            @match text {
                None => span.sub { "nothing" },
                // AWS's own word for what nobody knows yet (API reference, ResourceTargetDefinition).
                Some("{{changeSet:KNOWN_AFTER_APPLY}}") => span.sub { "known when it is done" },
                Some(text) => code.value { (text) },
            }
        }
    };
    html! {
        dl.diff {
            div.was { dt { "before" } dd { (value(before)) } }
            div.will { dt { "after" } dd { (value(after)) } }
        }
    }
}

fn tone(fate: Fate) -> Tone {
    match fate {
        Fate::Fails | Fate::Removed | Fate::Replaced => Tone::Bad,
        Fate::MayBeReplaced | Fate::InstancesReplaced => Tone::Mind,
        Fate::Added => Tone::Good,
        Fate::UpdatedInPlace | Fate::MayBeUpdated => Tone::Busy,
        Fate::Unchanged => Tone::Quiet,
    }
}

/// AWS's two answers: without and with property values.
fn aws_answer(change: &ExpectedChange) -> String {
    let words = |said: &Option<String>| said.clone().unwrap_or_else(|| "nothing".to_owned());
    let (plain, values) = (words(&change.aws_plain), words(&change.aws_values));
    if plain == values { plain } else { format!("{plain}; with property values: {values}") }
}

#[cfg(test)]
mod tests;
