//! The templates' difference, line by line: folded, and never more of it at once than somebody asked for.

use maud::{Markup, html};
use upgrade::UpdateKind;

use crate::proposals::{Line, Place, TemplateDifference};
use crate::words::counted;

/// Lines that are shown at once: about a screen.
const FIRST_LINES: usize = 40;

/// And for each time that more is asked for.
const MORE_LINES: usize = 200;

/// What becomes of each stack's template; nothing where an earlier look kept none.
pub(super) fn templates(all: &[TemplateDifference]) -> Markup {
    html! {
        @if !all.is_empty() {
            section aria-labelledby="templates" {
                h2 #templates { "The template, before and after" }
                @for one in all { (of_one(one)) }
            }
        }
    }
}

fn of_one(difference: &TemplateDifference) -> Markup {
    let TemplateDifference { update, stack_name, added, removed, places, left_out } = difference;
    let name = html! { @if *update != UpdateKind::Primary { (update.title()) " " } (stack_name) };
    html! {
        @if places.is_empty() { p { "The text of " (name) "'s template stays as it is." } }
        @else {
            details.group {
                summary { (name) ": " (counted(*added, "line")) " added, " (removed) " removed, in "
                    (counted(places.len(), "place")) }
                p.sub { "The deployed template against the new one. Defaults of NoEcho parameters are " code { "****" } "." }
                (shown(&rows(places), FIRST_LINES))
                @if *left_out > 0 { p.sub { (left_out) " more lines of it are too many for a page: compare the files." } }
            }
        }
    }
}

/// A row of what is shown.
enum Row<'a> {
    /// Where the lines that follow stand.
    Place(&'a Place),
    Line(&'a Line),
}

fn rows(places: &[Place]) -> Vec<Row<'_>> {
    let of = |place| [Row::Place(place)].into_iter().chain(place.lines.iter().map(Row::Line));
    places.iter().flat_map(of).collect()
}

fn row(row: &Row<'_>) -> Markup {
    // The sign tells it without colour, the word to whoever listens.
    let (class, sign, said, text) = match row {
        Row::Place(Place { before, after, .. }) => {
            return html! { div.place { "Line " (before) @if before != after { ", now " (after) } } };
        }
        Row::Line(Line::Same(text)) => ("same", " ", "", text),
        Row::Line(Line::Removed(text)) => ("was", "−", "removed: ", text),
        Row::Line(Line::Added(text)) => ("will", "+", "added: ", text),
    };
    html! { div class=(class) { span.sign aria-hidden="true" { (sign) } span.hidden { (said) } code { (text) } } }
}

/// So many rows, and the rest folded within, piece by piece.
fn shown(rows: &[Row<'_>], most: usize) -> Markup {
    let (first, more) = rows.split_at(rows.len().min(most));
    html! {
        div.lines tabindex="0" role="region" aria-label="Lines of the template" {
            @for one in first { (row(one)) }
        }
        @if !more.is_empty() { details { summary { (more.len()) " more lines" } (shown(more, MORE_LINES)) } }
    }
}
