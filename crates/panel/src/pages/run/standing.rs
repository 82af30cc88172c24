//! Where a run stands, and what its end left.

use conductor::Claim;
use maud::{Markup, html};
use upgrade::{Approval, Ending, Maintenance, Plan, Question, Report, RunKind, State, UpdateKind, Users};

use super::events::root_failure;
use crate::live::{RunDigest, RunPicture};
use crate::moment::iso;
use crate::words::{Tone, clock, counted, duration, means_for_users, pill, run_status, since_by, when};

/// Lines after a failure that are shown above it.
const LINES_AFTER: usize = 20;

/// `claim`: who carries it out.
pub(super) fn standing(picture: &RunPicture, claim: Option<&Claim>) -> Markup {
    let (plan, report, state) = (&*picture.plan, picture.telling.report(), picture.telling.state());
    let (tone, words) = match RunDigest::new(picture) {
        Ok(digest) => run_status(&digest.status),
        Err(_) => (Tone::Quiet, "not begun".to_owned()),
    };
    let ending = report.outcome.as_ref().map(|outcome| Ending {
        kind: plan.kind,
        outcome,
        seen: report.seen.as_ref(),
    });
    // Why it ended, or is about to; where that names an update's root cause, it is said there, and once.
    let why = ending.as_ref().and_then(Ending::reason).or(state.and_then(|state| state.failure.as_deref()));
    let causes = state.iter().flat_map(|state| &state.updates);
    let causes = causes.filter_map(|(kind, update)| Some((kind, update.root_cause.as_deref()?)));
    let causes: Vec<_> = causes.collect();
    let names_a_cause = why.is_some_and(|why| causes.iter().any(|(_, cause)| why.contains(cause)));
    html! {
        div class={ "standing " (tone.class()) } {
            p.big { (pill(tone, &words)) }
            @if report.outcome.is_none() { p { (gate_as_seen(plan, state, report)) } }
            @if report.times_resumed + report.times_stood_still > 0 { p.sub {
                @if report.times_resumed > 0 { "Resumed " (counted(report.times_resumed, "time")) "." }
                @if report.times_stood_still > 0 {
                    " Its machine stood still " (counted(report.times_stood_still, "time")) "."
                }
            } }
            @if let Some(Approval { by, at, plan_sha256: _ }) = &report.approval {
                p.sub { "Approved by " (by) ", " (when(*at)) }
            }
            // What it does, the steps tell, and sooner than its claim.
            @if let Some(Claim { holder, doing: _, beat_at: _ }) = claim { p.sub { "Carried out by " (holder) } }
            @if let Some(why) = why.filter(|_| !names_a_cause) {
                p { (if ending.is_some() { "Because: " } else { without(plan.kind) }) (why) }
            }
            @if let Some(ending) = &ending {
                p.sub { @match &report.seen { Some(seen) => { "As it was seen at its end, " (when(seen.at)) ":" }, None => "At its end:" } }
                @for sentence in ending.sentences_with(mode) { p { (with_commands(&sentence)) } }
            }
            @if let Some(found) = &report.found {
                p { "It found maintenance mode on" (since_by(found)) " (run " code.wrap { (found.run_id) } ")." }
            }
            @if let Some(by) = state.and_then(|state| state.stop.as_ref()) { p { (by) " asked it to stop." } }
        }
        @for (kind, cause) in causes {
            div.notice.bad.cause {
                h2 { "Root cause" @if *kind != UpdateKind::Primary { ", " (kind.title()) } }
                p { @match why.filter(|why| why.contains(cause)) {
                    Some(why) => { @if ending.is_none() { (without(plan.kind)) } (why) },
                    None => (cause),
                } }
                @if let Some(line) = root_failure(picture.telling.lines()) {
                    p { a href={ "/runs/" (plan.run_id) "?before=" (line.number + LINES_AFTER) "#line-" (line.number) } { "Where it happened, among the events" } }
                }
            }
        }
        @if !report.still_to_put_back.is_empty() {
            div.notice.bad { h2 { "Could not be put back" } ul { @for line in &report.still_to_put_back { li { (line) } } }
                p { "System maintenance tells what of it still is so, and goes on with it." } }
        }
        @if !report.left_behind.is_empty() {
            div.notice.mind { h2 { "Left behind by CloudFormation's clean-up" } ul { @for line in &report.left_behind { li { (line) } } }
                p { "No update will ever touch it again: delete it by hand." } }
        }
        @if !report.came_back.is_empty() {
            div.notice.mind { h2 { "Came back behind the closed gate" } ul { @for line in &report.came_back { li { (line) } } } }
        }
        @for remark in &report.remarks { p.notice.mind { (remark) } }
        @if report.seen.as_ref().is_some_and(|seen| seen.users.maintenance().is_some() || !seen.still_to_put_back.is_empty()) {
            p { a.button href={ "/deployments/" (plan.deployment) "/maintenance" } { "To system maintenance" } }
        }
    }
}

/// What a run that has failed, or was stopped, ends without.
fn without(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Upgrade => "It ends without the update: ",
        RunKind::EnterMaintenance => "It ends without maintenance: ",
        RunKind::LeaveMaintenance => "It ends, and maintenance goes on: ",
    }
}

/// A sentence whose commands stand in backticks, as it reads on a terminal.
fn with_commands(sentence: &str) -> Markup {
    html! { @for (place, part) in sentence.split('`').enumerate() {
        @if place % 2 == 1 { code { (part) } } @else { (part) }
    } }
}

/// Maintenance mode as it was seen, in a sentence.
fn mode(users: &Users) -> String {
    let Some(Maintenance { run_id: _, since, by, state: _ }) = users.maintenance() else {
        return format!("Maintenance mode is off. {}", means_for_users(users));
    };
    let since = since.map(|at| iso(at).get(..19).unwrap_or_default().replace('T', " "));
    let since = since.map(|since| format!(" since {since} UTC")).unwrap_or_default();
    let by = by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
    format!("Maintenance mode is on{since}{by}. {}", means_for_users(users))
}

/// The gate, as the run saw it last: what it is at this moment, only a look tells.
fn gate_as_seen(plan: &Plan, state: Option<&State>, report: &Report) -> Markup {
    let doors = state.map(|state| state.doors.as_slice()).unwrap_or_default();
    let is_gone = state.is_some_and(|state| matches!(state.question, Some(Question::GateGone { .. })));
    let is_open = state.is_some_and(|state| state.taken.begun) && doors.iter().any(|door| !door.closed);
    html! {
        @match report.gate_closed {
            _ if plan.gateless => "There is no gate: work is stopped, and nobody is kept out",
            _ if is_gone => "The gate is gone: the run has seen it",
            Some((since, Some(until))) => {
                "The run opened the gate at " (clock(until)) ", " (duration(until.milliseconds_since(since))) " after it was closed"
            },
            Some((since, None)) if is_open => { "The gate closed " (when(since)) ", and a new listener was seen open" },
            Some((since, None)) => { "The gate was last seen closed, since " (when(since)) },
            None if report.found.is_some() => "The gate was closed when the run found it",
            None if plan.found.is_some() => "The gate was closed when the plan was drawn up; the run has not come to it yet",
            None => "The run has not closed the gate",
        }
        " (" a href={ "/deployments/" (plan.deployment) "/maintenance" } { "look now" } ")"
    }
}
