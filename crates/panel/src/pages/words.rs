//! Times, durations and standings as people read them.

use conductor::Claim;
use maud::{Markup, html};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upgrade::{Ending, Maintenance, Outcome, RunKind, State, Step, Timestamp};

use crate::live::Standing;

/// `2026-11-25T01:02:03Z`.
pub(crate) fn iso(at: Timestamp) -> String {
    let seconds = i64::try_from(at.0 / 1000).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// A time. The script puts it into the reader's zone; without it, it is UTC and says so.
pub(super) fn when(at: Timestamp) -> Markup {
    moment(&iso(at), false)
}

/// Only the time of the day.
pub(super) fn clock(at: Timestamp) -> Markup {
    moment(&iso(at), true)
}

/// A time that was written as RFC 3339, UTC.
pub(super) fn moment(iso: &str, short: bool) -> Markup {
    let day = iso.get(..10).unwrap_or(iso);
    let time = iso.get(11..19).unwrap_or_default();
    html! {
        time datetime=(iso) title={ (day) " " (time) " UTC" } data-short[short] {
            @if !short { (day) " " } (time) @if !short { " UTC" }
        }
    }
}

/// Since when a deployment is in maintenance, and by whom, as its gate tells it: ` since 22:00:00 UTC, by ada`.
pub(super) fn since_by(found: &Maintenance) -> Markup {
    let Maintenance { run_id: _, since, by, state: _ } = found;
    html! {
        @if let Some(since) = since { " since " (when(*since)) }
        @if let Some(by) = by { ", by " strong { (by) } }
        @if since.is_none() && by.is_none() { " (its gate doesn't tell since when, or by whom)" }
    }
}

/// `12 s`, `3 min 05 s`, `1 h 02 min`.
pub(super) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0 => "under 1 s".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 job`, `2 jobs`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// How urgently something wants to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Quiet,
    Good,
    Busy,
    Mind,
    Bad,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Tone::Quiet => "quiet",
            Tone::Good => "good",
            Tone::Busy => "busy",
            Tone::Mind => "mind",
            Tone::Bad => "bad",
        }
    }
}

/// Where a run stands, in a few words.
pub(crate) fn standing(kind: RunKind, state: Option<&State>) -> (Tone, String) {
    let Some(state) = state else { return (Tone::Quiet, "not begun".to_owned()) };
    match &state.outcome {
        Some(outcome) => ended(kind, outcome),
        None => goes_on(state.question.is_some(), state.failure.is_some(), state.step),
    }
}

/// Where a run of a list stands, in the same words.
pub(crate) fn standing_in(standing: &Standing) -> (Tone, String) {
    match &standing.outcome {
        Some(outcome) => ended(standing.kind, outcome),
        None => goes_on(standing.is_asked, standing.has_failed, standing.step),
    }
}

fn goes_on(is_asked: bool, has_failed: bool, step: Step) -> (Tone, String) {
    match (is_asked, has_failed) {
        (true, _) => (Tone::Bad, "waits for a decision".to_owned()),
        (false, true) => (Tone::Mind, format!("leaving: {}", step.title())),
        (false, false) => (Tone::Busy, step.title().to_owned()),
    }
}

/// What the run came to; where the deployment's users are is told from a look.
fn ended(kind: RunKind, outcome: &Outcome) -> (Tone, String) {
    let tone = match outcome {
        Outcome::Upgraded | Outcome::OutOfMaintenance => Tone::Good,
        Outcome::NotUpgraded { .. } | Outcome::WentBack { .. } | Outcome::InMaintenance => Tone::Mind,
        Outcome::GateClosed { .. } => Tone::Bad,
    };
    (tone, Ending { kind, outcome, seen: None }.title().to_lowercase())
}

/// Who carries a run out, and what is being done: `process 7 on build-host: Terminate jobs`.
pub(super) fn carried_out_by(claim: &Claim) -> Markup {
    let Claim { holder, doing, beat_at: _ } = claim;
    html! { (holder) @if !doing.is_empty() { ": " (doing) } }
}

/// Words with a dot of their tone.
pub(super) fn pill(tone: Tone, text: &str) -> Markup {
    html! { span class={ "pill " (tone.class()) } { (text) } }
}

/// What a run is for; `None`: that can't be read.
pub(super) fn purpose_of(kind: Option<RunKind>) -> &'static str {
    kind.map_or("Unknown", purpose)
}

/// What a run is for.
pub(super) fn purpose(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Upgrade => "Upgrade",
        RunKind::EnterMaintenance => "Enable maintenance",
        RunKind::LeaveMaintenance => "Disable maintenance",
    }
}
