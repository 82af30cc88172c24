//! What happened in a run, line by line.

use maud::{Markup, html};
use upgrade::{Ending, Line, LineKind};

use crate::words::{Tone, clock, moment};

/// Lines on a page. Older ones are a page away, so that ten thousand cost no more than these.
pub(super) const LINES_A_PAGE: usize = 200;

/// Lines, newest first.
pub(super) fn lines(shown: &[Line]) -> Markup {
    html! { @for line in shown.iter().rev() { (one_line(line)) } }
}

fn one_line(line: &Line) -> Markup {
    let (tone, words) = line_words(&line.kind);
    let time = match &line.kind {
        LineKind::Stack(event) => moment(&event.timestamp, true),
        LineKind::Step(_)
        | LineKind::Act(_)
        | LineKind::Failed(_)
        | LineKind::FailedAgain(_)
        | LineKind::Stop { .. }
        | LineKind::Decision { .. }
        | LineKind::CameBack(_)
        | LineKind::Asked
        | LineKind::Resumed
        | LineKind::StoodStill
        | LineKind::Ended(..) => clock(line.at),
    };
    html! { li class=(tone.class()) data-n=(line.number) { (time) " " (words) } }
}

fn line_words(kind: &LineKind) -> (Tone, Markup) {
    match kind {
        LineKind::Step(step) => (Tone::Busy, html! { strong { (step.title()) } }),
        LineKind::Act(act) => (Tone::Quiet, html! { span { (act) } }),
        LineKind::Stack(event) => {
            let tone = if event.is_root_failure() {
                Tone::Bad
            } else if event.status.ends_with("_FAILED") || event.status.contains("ROLLBACK") {
                Tone::Mind
            } else if event.status.ends_with("_COMPLETE") {
                Tone::Good
            } else {
                Tone::Quiet
            };
            let words = html! {
                span { span.status { (event.status) } " " (event.logical_id) " " small { (event.resource_type) }
                @if let Some(reason) = &event.status_reason { br; span.reason { (reason) } } }
            };
            (tone, words)
        }
        LineKind::Failed(error) => (Tone::Mind, html! { span { (error) } }),
        LineKind::FailedAgain(times) => (Tone::Mind, html! { span { "the same " (times) " times more" } }),
        LineKind::Stop { by } => (Tone::Mind, html! { span { (by) " asks to stop" } }),
        LineKind::Decision { by, what } => (Tone::Busy, html! { span { (by) " decides: " (what) } }),
        LineKind::Asked => (Tone::Bad, html! { strong { "A person must decide" } }),
        LineKind::Resumed => (Tone::Quiet, html! { span { "Another process goes on" } }),
        LineKind::StoodStill => {
            (Tone::Quiet, html! { span { "The machine that carries it out stood still, and goes on" } })
        }
        LineKind::CameBack(what) => (Tone::Mind, html! { span { (what) } }),
        LineKind::Ended(kind, outcome, seen) => {
            let ending = Ending { kind: *kind, outcome, seen: seen.as_ref() };
            let tone = match (ending.needs_somebody(), ending.reason()) {
                (true, _) => Tone::Bad,
                (false, Some(_)) => Tone::Mind,
                (false, None) => Tone::Good,
            };
            (
                tone,
                html! { strong { (ending.title()) @if let Some(reason) = ending.reason() { ": " (reason) } } },
            )
        }
    }
}
