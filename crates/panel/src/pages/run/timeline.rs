//! The timeline: a picture of an update, one bar a resource, coloured by state. It grows while one looks.

use std::collections::HashMap;

use maud::{Markup, html};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upgrade::{StackEvent, Timestamp};

use crate::moment::iso;
use crate::words::{counted, duration};

const ROW: usize = 20;
const NAMES: usize = 260;
const WIDTH: usize = 700;

/// Milliseconds of an update below which its axis has tenths of a second.
const TENTHS_BELOW: u64 = 20_000;

/// Resources that are drawn; the rest is told in words.
const MOST_ROWS: usize = 200;

/// A resource's way through the update.
struct Row<'a> {
    logical_id: &'a str,
    /// Its states, oldest first: since when, which, and whether the stack was being rolled back.
    states: Vec<(u64, &'a str, bool)>,
}

/// The picture of these events; nothing without any. `now` ends the bars that are still going on.
pub(super) fn timeline(events: &[StackEvent], stack_name: &str, now: u64, ended: bool) -> Markup {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut last = 0;
    // What happens to a resource from then on takes back what was done, whatever its own status says.
    let rolls_back = events
        .iter()
        .rfind(|event| event.is_of_stack(stack_name) && event.status.ends_with("ROLLBACK_IN_PROGRESS"));
    let rolls_back_at = rolls_back.and_then(|event| milliseconds(&event.timestamp));
    for event in events.iter().filter(|event| !event.is_of_stack(stack_name)) {
        let Some(at) = milliseconds(&event.timestamp) else { continue };
        let is_back = rolls_back_at.is_some_and(|since| at >= since);
        last = last.max(at);
        let place = *places.entry(&event.logical_id).or_insert_with(|| {
            rows.push(Row { logical_id: &event.logical_id, states: Vec::new() });
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(place) {
            row.states.push((at, &event.status, is_back));
        }
    }
    let Some(first) = rows.iter().filter_map(|row| row.states.first()).map(|(at, ..)| *at).min() else {
        return html! {};
    };
    let end = if ended { last } else { now.max(last) };
    let span = end.saturating_sub(first).max(1000);
    let x = |at: u64| {
        NAMES + usize::try_from(at.saturating_sub(first) * WIDTH as u64 / span).unwrap_or(WIDTH).min(WIDTH)
    };
    let shown = rows.len().min(MOST_ROWS);
    let height = shown * ROW + 24;
    html! {
        figure.timeline {
            figcaption { "Timeline: " (counted(rows.len(), "resource")) " in " (duration(span))
                @if rows.len() > shown { ", the first " (shown) " drawn" }
            }
            div.scroll tabindex="0" role="region" aria-label="Timeline of the update" {
                svg viewBox={ "0 0 " (NAMES + WIDTH + 8) " " (height) } width=(NAMES + WIDTH + 8) height=(height)
                    role="img" aria-label={ "One bar a resource, by state, over " (duration(span)) } {
                    @for quarter in 0..=4 {
                        @let at = NAMES + WIDTH * quarter / 4;
                        line.grid x1=(at) x2=(at) y1="0" y2=(height - 18) {}
                        text.tick x=(at) y=(height - 4) text-anchor=(if quarter == 4 { "end" } else { "middle" }) {
                            (tick(first + span * quarter as u64 / 4, span))
                        }
                    }
                    @for (index, row) in rows.iter().take(shown).enumerate() {
                        text.name x=(NAMES - 8) y=(index * ROW + 14) text-anchor="end" { (short(row.logical_id)) }
                        @for (number, (at, status, is_back)) in row.states.iter().enumerate() {
                            @if status.ends_with("_IN_PROGRESS") {
                                @let until = row.states.get(number + 1).map_or(end, |(at, ..)| *at);
                                rect class=(class(status, *is_back)) x=(x(*at)) y=(index * ROW + 4)
                                    width=(x(until).saturating_sub(x(*at)).max(2)) height=(ROW - 8) rx="3" {
                                    title { (row.logical_id) ": " (status) ", " (duration(until.saturating_sub(*at))) }
                                }
                            } @else {
                                circle class=(class(status, *is_back)) cx=(x(*at)) cy=(index * ROW + ROW / 2) r="4" {
                                    title { (row.logical_id) ": " (status) }
                                }
                            }
                        }
                    }
                }
            }
            p.legend {
                span.made { "made" } span.changed { "changed" } span.removed { "removed" }
                span.back { "rolled back" } span.failed { "failed" }
            }
        }
    }
}

/// A time of the day on the axis, UTC; of a short update with tenths of a second, or all of them would read the same. The script
/// puts it into the reader's zone.
fn tick(at: u64, span: u64) -> Markup {
    let iso = iso(Timestamp(at));
    let time = iso.get(11..19).unwrap_or_default();
    let tenths = if span < TENTHS_BELOW { format!(".{}", at % 1000 / 100) } else { String::new() };
    html! { tspan data-clock=(at) { (time) } (tenths) }
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

/// A name that fits beside its bar.
fn short(name: &str) -> String {
    let count = name.chars().count();
    if count <= 34 {
        return name.to_owned();
    }
    let front: String = name.chars().take(20).collect();
    let back: String = name.chars().skip(count - 12).collect();
    format!("{front}…{back}")
}

fn milliseconds(timestamp: &str) -> Option<u64> {
    let moment = OffsetDateTime::parse(timestamp, &Rfc3339).ok()?;
    u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::tick;

    #[test]
    fn no_two_marks_of_an_axis_read_the_same() {
        for span in [1000, 1900, 8000, 19_999, 20_000, 61_000, 7_200_000] {
            let marks: Vec<String> = (0..=4)
                .map(|quarter| tick(span * quarter / 4, span).into_string())
                .map(|mark| mark.split_once('>').map(|(_, shown)| shown.to_owned()).unwrap_or_default())
                .collect();
            let mut different = marks.clone();
            different.dedup();
            assert_eq!(marks, different, "{span} ms");
        }
    }
}
