//! The timeline: a picture of what became of a run's stacks, one lane a stack, one bar a resource, coloured by state. It grows
//! while one looks.

use std::collections::HashMap;

use maud::{Markup, html};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upgrade::{StackEvent, Timestamp};

use crate::moment::iso;
use crate::words::{counted, duration};

/// Pixels of a row.
const ROW: usize = 20;

/// Pixels of the whole time, where no script has made it wider.
const WIDTH: usize = 700;

/// Milliseconds of an update below which its axis has tenths of a second.
const TENTHS_BELOW: u64 = 20_000;

/// Resources that are drawn while one looks on: it is drawn again each second.
pub(super) const MOST_ROWS: usize = 200;

/// What is drawn of whom.
pub(super) struct Timeline<'a> {
    pub(super) events: &'a [StackEvent],
    /// Every stack that is updated: what a person calls it, and its name.
    pub(super) stacks: Vec<(&'a str, &'a str)>,
    /// Ends the bars that are still going on, while the run does.
    pub(super) now: u64,
    pub(super) ended: bool,
    /// Rows that are drawn; `None`: all.
    pub(super) most: Option<usize>,
    /// Where all of them are.
    pub(super) whole: &'a str,
}

/// Since when, which status, and whether what was done was being taken back.
type Was<'a> = (u64, &'a str, bool);

/// A resource's way, or the stack's own.
#[derive(Default)]
struct Row<'a> {
    logical_id: &'a str,
    /// Oldest first.
    states: Vec<Was<'a>>,
}

impl Row<'_> {
    /// Whether somebody who looks wants to see it before others: it failed, or it goes on.
    fn is_wanted(&self) -> bool {
        self.states.iter().any(|(_, status, _)| status.ends_with("_FAILED")) || self.is_under_way()
    }

    fn is_under_way(&self) -> bool {
        self.states.last().is_some_and(|(_, status, _)| status.ends_with("_IN_PROGRESS"))
    }
}

/// A stack's: its own way first, then its resources'.
struct Lane<'a> {
    title: &'a str,
    stack: Row<'a>,
    rows: Vec<Row<'a>>,
    places: HashMap<&'a str, usize>,
    rolls_back: bool,
}

/// Each stack's events: stacks are updated one after the other, so what comes after a stack's own event is its resources'.
fn lanes<'a>(events: &'a [StackEvent], stacks: &[(&'a str, &'a str)]) -> Vec<Lane<'a>> {
    let mut lanes: Vec<Lane<'a>> = Vec::new();
    let mut here = None;
    for event in events {
        let Some(at) = milliseconds(&event.timestamp) else { continue };
        let of = stacks.iter().find(|(_, name)| event.is_of_stack(name));
        let known = of.and_then(|(title, _)| lanes.iter().position(|lane| lane.title == *title));
        if of.is_some() || here.is_none() {
            here = Some(known.unwrap_or_else(|| {
                let (title, name) = of.or(stacks.last()).copied().unwrap_or_default();
                let stack = Row { logical_id: name, states: Vec::new() };
                let (rows, places) = (Vec::new(), HashMap::new());
                lanes.push(Lane { title, stack, rows, places, rolls_back: false });
                lanes.len() - 1
            }));
        }
        let Some(lane) = here.and_then(|here| lanes.get_mut(here)) else { continue };
        if of.is_some() {
            // What happens from then on takes back what was done, whatever a resource's own status says; a new update doesn't.
            lane.rolls_back = event.status.contains("ROLLBACK");
            lane.stack.states.push((at, &event.status, lane.rolls_back));
            continue;
        }
        let place = *lane.places.entry(&event.logical_id).or_insert_with(|| {
            lane.rows.push(Row { logical_id: &event.logical_id, states: Vec::new() });
            lane.rows.len() - 1
        });
        if let Some(row) = lane.rows.get_mut(place) {
            row.states.push((at, &event.status, lane.rolls_back));
        }
    }
    lanes
}

/// Of more rows than are drawn, those that somebody wants to see, in their order.
fn choose(lanes: &mut [Lane<'_>], most: usize) {
    let mut left = most;
    let all = || lanes.iter().flat_map(|lane| &lane.rows);
    let wanted = all().filter(|row| row.is_wanted()).count().min(most);
    let mut others = most - wanted;
    for lane in lanes {
        lane.rows.retain(|row| {
            let room = if row.is_wanted() { left > 0 } else { others > 0 && left > 0 };
            if room {
                left -= 1;
                others -= usize::from(!row.is_wanted());
            }
            room
        });
    }
}

/// The picture; nothing without any resource's event.
pub(super) fn timeline(drawn: &Timeline<'_>) -> Markup {
    let Timeline { events, stacks, now, ended, most, whole } = drawn;
    let mut lanes = lanes(events, stacks);
    let count: usize = lanes.iter().map(|lane| lane.rows.len()).sum();
    if count == 0 {
        return html! {};
    }
    let moments = || {
        let states = |row: &Row<'_>| row.states.iter().map(|(at, ..)| *at).collect::<Vec<_>>();
        lanes.iter().flat_map(move |lane| lane.rows.iter().chain([&lane.stack]).flat_map(states))
    };
    let first = moments().min().unwrap_or_default();
    let last = moments().max().unwrap_or_default();
    let goes_on =
        !ended && lanes.iter().any(|lane| lane.rows.iter().chain([&lane.stack]).any(Row::is_under_way));
    let end = if goes_on { (*now).max(last) } else { last };
    let axis = Axis { first, span: end.saturating_sub(first).max(1000), end };
    let most = most.unwrap_or(count);
    choose(&mut lanes, most);
    let shown = count.min(most);
    let height = (shown + lanes.len()) * ROW;
    let mut place = 0;
    let rows = lanes
        .iter()
        .flat_map(|lane| [(&lane.stack, true)].into_iter().chain(lane.rows.iter().map(|row| (row, false))));
    let rows = rows.map(|(row, is_stack)| {
        place += ROW;
        (place - ROW, row, is_stack)
    });
    let rows: Vec<_> = rows.collect();
    html! {
        figure.timeline data-first=(axis.first) data-span=(axis.span) data-height=(height) {
            figcaption { "Timeline: " (counted(count, "resource")) " in " (duration(axis.span))
                @if count > shown { ", " (shown) " of them drawn, what failed or goes on among them. " a href=(whole) { "All of them" } }
            }
            // Only script makes it wider.
            p.zoom hidden {
                button type="button" data-zoom="out" { "Narrower" } " "
                button type="button" data-zoom="in" { "Wider" } " "
                span role="status" {}
            }
            div.lanes tabindex="0" role="region" aria-label="Timeline" {
                div.corner {}
                svg.axis width=(WIDTH) height="20" aria-hidden="true" {
                    @for quarter in 0..=4_u64 {
                        text.tick x={ (quarter * 25) "%" } y="14" text-anchor=(match quarter { 0 => "start", 4 => "end", _ => "middle" }) {
                            (axis.tick(quarter, 4))
                        }
                    }
                }
                ol.names {
                    @for lane in &lanes {
                        li.lane { (lane.title) " " span.sub { (lane.stack.logical_id) } }
                        @for row in &lane.rows { li title=(row.logical_id) { (row.logical_id) } }
                    }
                }
                svg.bars width=(WIDTH) height=(height) role="img" aria-label={ "One bar a resource, by state, over " (duration(axis.span)) } {
                    @for quarter in 0..=4 { line.grid x1={ (quarter * 25) "%" } x2={ (quarter * 25) "%" } y1="0" y2=(height) {} }
                    @for (top, row, is_stack) in &rows { (bar(row, *top, *is_stack, &axis)) }
                }
            }
            p.legend {
                span.made { "made" } span.changed { "changed" } span.removed { "removed" }
                span.back { "rolled back" } span.failed { "failed" }
            }
        }
    }
}

/// One row's states.
fn bar(row: &Row<'_>, top: usize, is_stack: bool, axis: &Axis) -> Markup {
    html! {
        @for (number, (at, status, is_back)) in row.states.iter().enumerate() {
            @if status.ends_with("_IN_PROGRESS") {
                @let until = row.states.get(number + 1).map_or(axis.end, |(at, ..)| *at);
                // However short, it is seen.
                rect class=(class(status, *is_back)) x=(axis.share(*at)) width=(axis.length(*at, until))
                    y=(top + if is_stack { 7 } else { 4 }) height=(if is_stack { 6 } else { ROW - 8 }) {
                    title { (row.logical_id) ": " (status) ", " (duration(until.saturating_sub(*at))) }
                }
            } @else {
                circle class=(class(status, *is_back)) cx=(axis.share(*at)) cy=(top + ROW / 2) r="4" {
                    title { (row.logical_id) ": " (status) }
                }
            }
        }
    }
}

/// What the width is of, in milliseconds.
struct Axis {
    first: u64,
    span: u64,
    end: u64,
}

impl Axis {
    /// A moment's place, in thousandths of a percent of the width.
    fn place(&self, at: u64) -> u64 {
        (at.saturating_sub(self.first) * 100_000 / self.span).min(100_000)
    }

    fn share(&self, at: u64) -> String {
        percent(self.place(at))
    }

    fn length(&self, from: u64, to: u64) -> String {
        percent((self.place(to) - self.place(from)).max(200))
    }

    /// A time of the day on the axis, UTC; of a short update with tenths of a second, or all of them would read the same. The script
    /// puts it into the reader's zone.
    fn tick(&self, number: u64, of: u64) -> Markup {
        let at = self.first + self.span * number / of;
        let iso = iso(Timestamp(at));
        let time = iso.get(11..19).unwrap_or_default();
        let tenths = if self.span < TENTHS_BELOW { format!(".{}", at % 1000 / 100) } else { String::new() };
        html! { tspan data-clock=(at) { (time) } (tenths) }
    }
}

fn percent(thousandths: u64) -> String {
    format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
}

fn class(status: &str, is_back: bool) -> &'static str {
    if status.ends_with("_FAILED") {
        "failed"
    } else if is_back || status.contains("ROLLBACK") {
        "back"
    } else if status.starts_with("DELETE") {
        "removed"
    } else if status.starts_with("CREATE") {
        "made"
    } else {
        "changed"
    }
}

fn milliseconds(timestamp: &str) -> Option<u64> {
    let moment = OffsetDateTime::parse(timestamp, &Rfc3339).ok()?;
    u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests;
