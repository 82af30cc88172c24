//! What the updates will do: what AWS will say, what we expect, and why.

use maud::{Markup, html};
use upgrade::{ExpectedChange, Fate, PlannedRisk, StackUpdate, UpdateKind};

use crate::words::{Tone, counted, pill};

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

/// One stack's update, the gravest first.
pub(super) fn update(update: &StackUpdate) -> Markup {
    let mut changes: Vec<&ExpectedChange> = update.expected.iter().collect();
    changes.sort_by(|one, other| (one.expected, &one.logical_id).cmp(&(other.expected, &other.logical_id)));
    let (unchanged, changed): (Vec<&ExpectedChange>, Vec<_>) =
        changes.into_iter().partition(|change| change.expected == Fate::Unchanged);
    let id = format!("changes-{}", update.stack_name);
    html! {
        h3 id=(id) { "The " (update.kind.title()) " " (update.stack_name)
            @if let (Some(from), Some(to)) = (&update.from_version, &update.to_version) { ", " (from) " → " (to) }
        }
        @if let Some(point) = &update.point_of_no_return { p.notice { strong { "Point of no return" } ": " (point) } }
        p.sub { (counted(changed.len(), "change")) @if !unchanged.is_empty() { ", and " (unchanged.len()) " that AWS will list though nothing happens to them" } "." }
        @if !changed.is_empty() {
            div.scroll tabindex="0" role="region" aria-labelledby=(id) { table.changes {
                thead { tr { th { "Resource" } th { "We expect" } th { "AWS will say" } th { "Why" } } }
                tbody { @for change in changed { tr {
                    td { (change.logical_id) br; small { (change.resource_type) } }
                    td { (pill(tone(change.expected), change.expected.word())) }
                    td { (aws_answer(change)) @if change.differs_from_aws { " " (pill(Tone::Mind, "differs")) } }
                    td { @for because in &change.because { p { (because) } } }
                } } }
            } }
        }
        @if !unchanged.is_empty() { details {
            summary { (counted(unchanged.len(), "resource")) " that stay as they are" }
            ul.names { @for change in unchanged { li { (change.logical_id) " · AWS will say: " (aws_answer(change)) } } }
        } }
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
