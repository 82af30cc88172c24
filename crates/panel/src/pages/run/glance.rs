//! A run at a glance: which step of how many, how far it is, how long it takes yet, and what time alone brings about.

use std::collections::HashSet;

use maud::{Markup, html};
use upgrade::{Fate, Limit, OnUnhealthy, Plan, Report, RunningReport, Step, Then, Timestamp, UpdateKind};

use super::steps::to_come;
use crate::live::{RunDigest, RunPicture};
use crate::usual::{Left, Usual};
use crate::web::Icon;
use crate::words::{Tone, clock, duration, roughly, run_status};

/// What a tab says of a run: `Decision needed – production`.
pub(super) fn title(picture: &RunPicture) -> String {
    let (plan, telling) = (&*picture.plan, &picture.telling);
    let words = match RunDigest::new(picture).map(|digest| digest.status) {
        Err(_) => "Not begun".to_owned(),
        Ok(status) if status.outcome.is_none() && status.is_asked => "Decision needed".to_owned(),
        Ok(status) => {
            let (_, words) = run_status(&status);
            let place = match status.outcome {
                None => place(plan, telling).map(|(number, of)| format!("{number}/{of} ")),
                Some(_) => None,
            };
            format!("{}{}", place.unwrap_or_default(), capitalized(&words))
        }
    };
    format!("{words} – {}", plan.deployment)
}

/// And its picture.
pub(super) fn icon(picture: &RunPicture) -> Icon {
    Icon::of(RunDigest::new(picture).map_or(Tone::Quiet, |digest| run_status(&digest.status).0))
}

/// `held`: somebody carries it out. Its title and its picture are the tab's, wherever `is_page` says that this is the run's own.
pub(in crate::pages) fn glance(
    picture: &RunPicture,
    usual: &Usual,
    held: bool,
    is_page: bool,
    now: Timestamp,
) -> Markup {
    let (plan, report, state) = (&*picture.plan, picture.telling.report(), picture.telling.state());
    let goes_on = report.outcome.is_none();
    let (title, icon) = (title(picture), icon(picture));
    html! {
        div.glance-now data-title=[is_page.then_some(title)] data-icon=[is_page.then(|| icon.path())] {
            @if let Some(state) = state.filter(|_| goes_on) {
                @if let Some((number, of)) = place(plan, &picture.telling) {
                    div.meter {
                        p #place { strong { "Step " (number) " of " (of) } " · " (state.step.title()) }
                        progress aria-labelledby="place" max=(of) value=(number - 1) {}
                    }
                }
                @if let Step::FollowUpdate(kind) = state.step && let Some((done, of)) = resources(plan, report, kind) {
                    div.meter {
                        p #resources { strong { (done) " of " (of) } " resources"
                            @if state.updates.get(&kind).is_some_and(|update| update.rolling_back) { " · rolling back" }
                        }
                        progress aria-labelledby="resources" max=(of) value=(done) {}
                    }
                }
                p.sub {
                    "In this step for " (lasting(state.step_started_at, now))
                    // The wait for an announced time is as long as it was said to be.
                    @if let Some(usual) = usual.step_in_words(state.step).filter(|_| state.step != Step::AwaitWindow) { ", usually " (usual) }
                    " · " (lasting(report.started_at, now)) " in all"
                }
                @if held && state.question.is_none() {
                    (left(plan, report, usual, now))
                    @if let Some(limit) = Limit::next(plan, state, now) { (deadline(state.step, limit, now)) }
                    @else if let Some(at) = plan.announcement.closes_at.filter(|at| *at > now && report.gate_closed.is_none() && !state.step.is_leaving()) {
                        p.deadline { "The gate closes at " (clock(at)) ", " (in_so_long(at, now)) "." }
                    }
                }
            } @else if !goes_on {
                p.sub { "It took " (duration(report.last_at.milliseconds_since(report.started_at))) "." }
            }
        }
    }
}

/// For how long something goes on; the script counts on.
fn lasting(since: Timestamp, now: Timestamp) -> Markup {
    html! { span data-since=(since.0) { (duration(now.milliseconds_since(since))) } }
}

/// `in 12 min`; the script counts on.
fn in_so_long(at: Timestamp, now: Timestamp) -> Markup {
    html! { "in " span data-until=(at.0) { (roughly(at.milliseconds_since(now))) } }
}

/// How long it takes yet, as a rule.
fn left(plan: &Plan, report: &Report, usual: &Usual, now: Timestamp) -> Markup {
    let Some(under_way) = report.steps.last() else { return html! {} };
    let to_come = to_come(plan, report);
    let rest = to_come.iter().copied();
    let known = usual.left(under_way.step, under_way.started_at, rest).map(|left| {
        // The announced time is waited for, whatever other runs waited.
        let waits = under_way.step == Step::AwaitWindow || to_come.contains(&Step::AwaitWindow);
        let closes_at = plan.announcement.closes_at.filter(|_| waits);
        Left { step_ends: closes_at.map_or(left.step_ends, |at| at.max(left.step_ends)), ..left }
    });
    let all = [under_way.step].into_iter().chain(to_come.iter().copied());
    html! {
        @if let Some(known) = known {
            p { "Usually over in " strong { span data-until=(known.step_ends.0) data-rest=(known.rest) { (roughly(known.milliseconds(now))) } }
                " " span.sub { "(" (usual.sources(all)) ")" } }
        } @else if usual.step(under_way.step).is_none() {
            p.sub { "How long it takes is not known yet: no earlier run and no rehearsal tells." }
        }
    }
}

/// What ends the step by itself, as a time of the day.
fn deadline(step: Step, Limit { at, then }: Limit, now: Timestamp) -> Markup {
    let (time, left) = (clock(at), in_so_long(at, now));
    let (what, unless) = held_by(step);
    html! {
        p.deadline { @match then {
            Then::Closes => { "The gate closes at " (time) ", " (left) "." },
            Then::Told => { (what) " may end by themselves until " (time) ", " (left) "; then they are told to end." },
            Then::Forced => { (what) " end by force at " (time) ", " (left) ", unless " (unless) " before." },
            Then::PutBack => { "At " (time) ", " (left) ", the run gives up and puts everything back, unless " (what.to_lowercase()) " have ended before." },
            Then::Failed => { "This step has failed if it isn't done by " (time) ", " (left) "." },
            Then::Unhealthy(OnUnhealthy::Ask) => { "If the platform isn't healthy by " (time) ", " (left) ", a person is asked." },
            Then::Unhealthy(OnUnhealthy::GoBack | OnUnhealthy::Open | OnUnhealthy::StayClosed) | Then::LooksOnceMore => {
                "At " (time) ", " (left) ", " (then) "."
            },
        } }
    }
}

/// What a drain waits for, and what it would have been before.
fn held_by(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::SaveSessions => ("Sessions", "saved"),
        Step::StopComputations => ("Computations", "they end"),
        Step::TerminateJobs => ("Jobs", "they end"),
        Step::StopServices => ("Tasks", "they end"),
        Step::TerminateWorkers => ("Workers", "they end"),
        Step::TerminateDedicatedMachines => ("Machines", "they end"),
        // No other has a drain's limits.
        _ => ("What is left", "it ends"),
    }
}

/// Which step of how many; `None`: it is in none of the plan's, such as the way back's.
fn place(plan: &Plan, telling: &RunningReport) -> Option<(usize, usize)> {
    let step = telling.state()?.step;
    let place = plan.steps.iter().position(|planned| planned.step == step)?;
    Some((place + 1, plan.steps.len()))
}

/// How many of the resources that an update is expected to touch are done; `None`: none is expected.
fn resources(plan: &Plan, report: &Report, kind: UpdateKind) -> Option<(usize, usize)> {
    let update = plan.update(kind)?;
    let expected = update.expected.iter().filter(|change| change.expected != Fate::Unchanged);
    let expected: HashSet<&str> = expected.map(|change| change.logical_id.as_str()).collect();
    // Other stacks' events come before its own beginning.
    let began = report
        .stack_events
        .iter()
        .rposition(|event| event.is_of_stack(&update.stack_name) && event.status == "UPDATE_IN_PROGRESS");
    let events = began.and_then(|place| report.stack_events.get(place..)).unwrap_or_default();
    let done = events.iter().filter(|event| event.status.ends_with("_COMPLETE"));
    let done: HashSet<&str> =
        done.map(|event| event.logical_id.as_str()).filter(|id| expected.contains(id)).collect();
    (!expected.is_empty()).then_some((done.len(), expected.len()))
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
