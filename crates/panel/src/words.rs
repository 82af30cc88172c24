//! Times, durations and standings as people read them.

use conductor::Claim;
use maud::{Markup, html};
use upgrade::{BannerLevel, Ending, HealthFinding, Maintenance, Outcome, RunKind, Timestamp, Users};

use crate::live::{RunStatus, Unreadable};
use crate::moment::iso;

/// A time. The script puts it into the reader's zone; without it, it is UTC and says so.
pub(crate) fn when(at: Timestamp) -> Markup {
    moment(&iso(at), false)
}

/// Only the time of the day.
pub(crate) fn clock(at: Timestamp) -> Markup {
    moment(&iso(at), true)
}

/// A time that was written as RFC 3339, UTC.
pub(crate) fn moment(iso: &str, short: bool) -> Markup {
    let day = iso.get(..10).unwrap_or(iso);
    let time = iso.get(11..19).unwrap_or_default();
    html! {
        time datetime=(iso) title={ (day) " " (time) " UTC" } data-short[short] {
            @if !short { (day) " " } (time) @if !short { " UTC" }
        }
    }
}

/// Since when a deployment is in maintenance, and by whom, as its gate tells it: ` since 22:00:00 UTC, by ada`.
pub(crate) fn since_by(found: &Maintenance) -> Markup {
    let Maintenance { run_id: _, since, by, state: _ } = found;
    html! {
        @if let Some(since) = since { " since " (when(*since)) }
        @if let Some(by) = by { ", by " strong { (by) } }
        @if since.is_none() && by.is_none() { " (its gate doesn't tell since when, or by whom)" }
    }
}

/// `12 s`, `3 min 05 s`, `1 h 02 min`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0 => "under 1 s".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A time to come, as nobody knows it to the second: `90 s`, `12 min`, `1 h 05 min`.
pub(crate) fn roughly(milliseconds: u64) -> String {
    match (milliseconds / 1000, milliseconds.div_ceil(60_000)) {
        (0, _) => "a moment".to_owned(),
        (seconds @ 1..120, _) => format!("{seconds} s"),
        (_, minutes @ ..60) => format!("{minutes} min"),
        (_, minutes) => format!("{} h {:02} min", minutes / 60, minutes % 60),
    }
}

/// `1 job`, `2 jobs`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
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
    pub(crate) fn class(self) -> &'static str {
        match self {
            Tone::Quiet => "quiet",
            Tone::Good => "good",
            Tone::Busy => "busy",
            Tone::Mind => "mind",
            Tone::Bad => "bad",
        }
    }
}

/// Where a run stands, in a few words; of one that has ended what it came to. Where the deployment's users are, only a look
/// tells.
pub(crate) fn run_status(status: &RunStatus) -> (Tone, String) {
    let RunStatus { kind, step, is_asked, has_failed, outcome } = status;
    let Some(outcome) = outcome else {
        return match (is_asked, has_failed) {
            (true, _) => (Tone::Bad, "waits for a decision".to_owned()),
            (false, true) => (Tone::Mind, format!("leaving: {}", step.title())),
            (false, false) => (Tone::Busy, step.title().to_owned()),
        };
    };
    let tone = match outcome {
        Outcome::Upgraded | Outcome::OutOfMaintenance => Tone::Good,
        Outcome::NotUpgraded { .. } | Outcome::WentBack { .. } | Outcome::InMaintenance => Tone::Mind,
        Outcome::GateClosed { .. } => Tone::Bad,
    };
    (tone, Ending { kind: *kind, outcome, seen: None }.title().to_lowercase())
}

/// What is shown of a deployment's runs may not be all.
pub(crate) fn runs_unread(deployment: &str, reason: &str) -> Markup {
    html! {
        p.notice.mind {
            "The runs of " (deployment) " can't be read, so what is shown of them is what was known before: " (reason)
        }
    }
}

/// Why a run can't be read, in a list or on its own page.
pub(crate) fn unreadable(why: &Unreadable) -> Markup {
    let tone = match why {
        Unreadable::NotBegun => Tone::Quiet,
        Unreadable::NoAnswer(_) => Tone::Mind,
        Unreadable::Damaged(_) => Tone::Bad,
    };
    pill(tone, why.word())
}

/// Maintenance mode as users know it: on or off; `Err`: nobody could look.
pub(crate) fn maintenance_mode(users: &Result<Users, String>) -> Markup {
    match users {
        Ok(Users::In | Users::AtWork) => pill(Tone::Good, "off"),
        Ok(Users::Out(_) | Users::Stopped(_)) => pill(Tone::Mind, "on"),
        Err(_) => pill(Tone::Quiet, "unknown"),
    }
}

/// How healthy the platform is, by its parts; `None`: the settings ask none.
pub(crate) fn health(parts: &Result<Vec<HealthFinding>, String>) -> Option<Markup> {
    let parts = match parts {
        Ok(parts) => parts,
        Err(why) => return Some(html! { span title=(why) { (pill(Tone::Quiet, "unknown")) } }),
    };
    let well = parts.iter().filter(|part| part.healthy).count();
    let tone = if well == parts.len() { Tone::Good } else { Tone::Bad };
    (!parts.is_empty()).then(|| pill(tone, &format!("{well} of {} healthy", parts.len())))
}

/// What it means for users, in a sentence.
pub(crate) fn means_for_users(users: &Users) -> &'static str {
    match users {
        Users::In => "Users reach the platform.",
        Users::Out(_) => "Users get the maintenance page.",
        Users::AtWork => "Work goes on.",
        Users::Stopped(_) => "Work is stopped. There is no gate, so users still reach the platform.",
    }
}

/// Who carries a run out, and what is being done: `process 7 on build-host: Terminate jobs`.
pub(crate) fn carried_out_by(claim: &Claim) -> Markup {
    let Claim { holder, doing, beat_at: _ } = claim;
    html! { (holder) @if !doing.is_empty() { ": " (doing) } }
}

pub(crate) fn level_word(level: BannerLevel) -> &'static str {
    match level {
        BannerLevel::Info => "info",
        BannerLevel::Warning => "warning",
        BannerLevel::Critical => "critical",
    }
}

/// Words with a dot of their tone.
pub(crate) fn pill(tone: Tone, text: &str) -> Markup {
    html! { span class={ "pill " (tone.class()) } { (text) } }
}

/// What a run is for; `None`: that can't be read.
pub(crate) fn purpose(kind: Option<RunKind>) -> &'static str {
    match kind {
        None => "Unknown",
        Some(RunKind::Upgrade) => "Upgrade",
        Some(RunKind::EnterMaintenance) => "Enable maintenance",
        Some(RunKind::LeaveMaintenance) => "Disable maintenance",
    }
}
