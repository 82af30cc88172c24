//! Overview: every deployment, and what needs attention.

use std::sync::Arc;

use axum::Extension;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderMap;
use maud::{Markup, html};
use upgrade::{Ending, Outcome, Timestamp, Users};

use super::follow::{self, BUSY_SECONDS, Made, Parts, QUIET_SECONDS};
use super::form::notify_button;
use crate::access::Permission;
use crate::backend::{BackendError, DeploymentSummary, Look};
use crate::live::{ListedRun, Unreadable};
use crate::proposals::{Proposal, Stage};
use crate::waiting::{Waiting, WaitsFor, waiting};
use crate::web::{Call, Failure, Frame, Icon, Page, waiting_count};
use crate::words::{
    Tone, carried_out_by, counted, health, maintenance_mode, pill, purpose, run_status, runs_unread,
    since_by, unreadable, when,
};

pub(super) const PAGES: &[Page] = &[
    Page { link: Some("Overview"), ..Page::new("/", || get(show)) },
    Page::new("/overview/stream", || get(stream).layer(Extension(Made::default()))),
];

/// Lines of what is to be put back that a card shows; the deployment's own page has them all.
const MOST_LINES: usize = 4;

/// How long a look at a deployment may hold the page up.
const LOOK_SECONDS: u64 = 5;

/// A deployment on the overview.
struct Card {
    settings: DeploymentSummary,
    /// How it is; `None`: it isn't looked at yet.
    look: Option<Result<Arc<Look>, BackendError>>,
    last: Option<ListedRun>,
    /// Why its runs could not be read.
    unread: Option<String>,
    /// The upgrade in the making.
    proposal: Option<Proposal>,
}

async fn show(call: Call) -> Result<Response, Failure> {
    let parts = parts(&call).await?;
    let stream = format!("/overview/stream?{}", follow::shown(&parts));
    let body = html! {
        h1 { "Overview" }
        @if call.asker.may(Permission::Decide) { (notify_button()) }
        div data-follow=(stream) data-now=(call.panel.now().0) {
            p.offline role="status" hidden { "Connection lost. This page catches up by itself." }
            // The count stands in the navigation.
            @for (name, html) in parts.regions.iter().filter(|(name, _)| *name != "waiting") {
                div id=(name) aria-live=[(*name == "waits").then_some("polite")] { (html) }
            }
        }
    };
    let (title, tone) = tab(parts.is_urgent);
    let refreshes = parts.again_seconds == BUSY_SECONDS;
    Ok(Frame { icon: Icon::of(tone), refreshes, ..call.frame("/", title, body) }.into_response())
}

/// The page's title, and its picture's tone.
fn tab(is_urgent: bool) -> (&'static str, Tone) {
    if is_urgent { ("Something waits for you", Tone::Bad) } else { ("Overview", Tone::Quiet) }
}

async fn stream(
    call: Call,
    Extension(made): Extension<Made>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    follow::follow(call, made, &headers, |call| Box::pin(async move { parts(&call).await }))
}

async fn parts(call: &Call) -> Result<Parts, Failure> {
    let panel = &call.panel;
    let runs = panel.live.runs().await?;
    let looks = panel.backend.deployments().into_iter().map(|settings| {
        let last = runs.iter().rev().find(|run| run.deployment == settings.name).cloned();
        async move {
            let look = panel.looks.deployment_within(&settings.name, LOOK_SECONDS);
            let last = panel.live.listed(last.into_iter().collect());
            let (look, mut last) = tokio::join!(look, last);
            (settings, look, last.pop())
        }
    });
    let unread = panel.live.unread();
    let mut cards = Vec::new();
    for (settings, look, last) in futures_util::future::join_all(looks).await {
        let proposal = panel.proposals.open_of(&settings.name)?;
        let unread = unread.get(&settings.name).cloned();
        cards.push(Card { settings, look, last, unread, proposal });
    }
    // What can't be told is told by the cards.
    let waits = waiting(panel, &call.asker).await.unwrap_or_default();
    let is_busy = cards.iter().any(|card| {
        let goes_on = card.last.as_ref().is_some_and(|last| !last.summary.ended);
        goes_on
            || card
                .look
                .as_ref()
                .is_none_or(|look| look.as_ref().is_ok_and(|look| look.maintenance().is_some()))
    });
    Ok(Parts {
        regions: vec![
            ("waiting", waiting_count(waits.len())),
            ("waits", waits_for_you(&waits)),
            ("deployments", deployments(&cards, panel.now())),
        ],
        again_seconds: if is_busy { BUSY_SECONDS } else { QUIET_SECONDS },
        is_urgent: !waits.is_empty(),
    })
}

/// What whoever looks is to do.
fn waits_for_you(waits: &[Waiting]) -> Markup {
    let (title, tone) = tab(!waits.is_empty());
    html! {
        span data-title=(title) data-icon=(Icon::of(tone).path()) {}
        @if !waits.is_empty() {
            section.question aria-labelledby="waits-title" {
                h2 #waits-title { "Waits for you" }
                ul { @for Waiting { deployment, what, path } in waits {
                    li { a href=(path) { @match what {
                        WaitsFor::Decision(kind) => { (purpose(Some(*kind))) ": a decision is needed" },
                        WaitsFor::Somebody(kind) => { (purpose(Some(*kind))) ": it has not ended, and nobody carries it out" },
                        WaitsFor::Approval => "An upgrade is ready to be approved",
                        WaitsFor::Beginning => "An approved upgrade is ready to run",
                    } } " " span.sub { (deployment) } }
                } }
            }
        }
    }
}

fn deployments(cards: &[Card], now: Timestamp) -> Markup {
    html! {
        @if cards.is_empty() {
            p.empty { "The settings name no deployment. " code { "slackwater init" } " writes the first." }
        }
        div.cards { @for card in cards { (article(card, now)) } }
    }
}

fn article(card: &Card, now: Timestamp) -> Markup {
    let settings = &card.settings;
    html! {
        article.card aria-labelledby={ "d-" (settings.name) } {
            header {
                h2 id={ "d-" (settings.name) } { (settings.name) }
                p.sub { (settings.stack) " · " (settings.region) }
            }
            @for (tone, words) in attention(card, now) { p class={ "notice " (tone.class()) } { (words) } }
            @match &card.look {
                None => p.loading { "Looking …" },
                Some(Err(error)) => p.notice.mind { "It could not be looked at: " (error) },
                Some(Ok(look)) => (picture(look)),
            }
            @if let Some(reason) = &card.unread { (runs_unread(&settings.name, reason)) }
            @if let Some(ListedRun { summary: run, digest }) = &card.last {
                p.last {
                    a href={ "/runs/" (run.run_id) } {
                        @if run.ended || digest.is_err() { "Last run: " } @else { "Running: " } (purpose(run.kind))
                    }
                    " "
                    @match digest {
                        Ok(digest) => { @let (tone, words) = run_status(&digest.status); (pill(tone, &words)) },
                        Err(why) => (unreadable(why)),
                    }
                    " " span.sub { "began " (when(run.created_at))
                        @if let Some(claim) = run.carried_out_by(now) { " · " (carried_out_by(claim)) } }
                }
            } @else if card.unread.is_none() { p.last.sub { "Nothing was run yet." } }
            @if let Some(proposal) = &card.proposal { (next(proposal)) }
            footer {
                a.button href={ "/deployments/" (settings.name) "/upgrade" } { "Upgrade" }
                a.button href={ "/deployments/" (settings.name) "/maintenance" } { "System maintenance" }
                @if settings.has_banner { a.button href={ "/deployments/" (settings.name) "/banner" } { "User banner" } }
            }
        }
    }
}

/// The run that may come next.
fn next(proposal: &Proposal) -> Markup {
    let (tone, words) = match &proposal.stage {
        Stage::Approved(_) => (Tone::Good, "approved, ready to run"),
        Stage::Failed { .. } => (Tone::Bad, "could not be looked at"),
        Stage::Looking { .. } => (Tone::Busy, "looking"),
        Stage::Unseen | Stage::Seen | Stage::Begun { .. } | Stage::Discarded { .. } => {
            (Tone::Quiet, "in the making")
        }
    };
    html! {
        p.last {
            "Next: " a href={ "/deployments/" (proposal.deployment) "/upgrade/review" } { "Upgrade" } " "
            span.wrap { (proposal.template.in_words()) } " " (pill(tone, words)) " "
            span.sub { "proposed by " (proposal.made_by) }
        }
    }
}

fn picture(look: &Look) -> Markup {
    html! {
        dl.facts {
            div { dt { "Version" } dd { (look.version.as_deref().unwrap_or("not told")) } }
            div { dt { "Stack" } dd { (breakable(&look.status)) } }
            div { dt { "Maintenance mode" } dd { (maintenance_mode(&look.users)) } }
            @if let Some(health) = health(&look.health) { div { dt { "Health" } dd { (health) } } }
            div { dt { "Jobs" } dd { (count(&look.jobs)) } }
            div { dt { "Workers" } dd {
                @match &look.workers {
                    Ok(groups) => (counted(groups.iter().map(|group| group.instances.len()).sum(), "instance")),
                    Err(error) => span.sub title=(error) { "unknown" },
                }
            } }
            @if let Some(sessions) = &look.sessions { div { dt { "Sessions" } dd { (count(sessions)) } } }
            @if let Some(computations) = &look.computations { div { dt { "Computations" } dd { (count(computations)) } } }
        }
        p.sub { "Looked at " (when(look.at)) }
    }
}

/// A long word of AWS's, which a narrow column breaks between its parts.
fn breakable(status: &str) -> Markup {
    html! { @for (place, part) in status.split('_').enumerate() { @if place > 0 { "_" wbr; } (part) } }
}

fn count<T>(things: &Result<Vec<T>, String>) -> Markup {
    html! {
        @match things {
            Ok(things) => (things.len()),
            Err(error) => span.sub title=(error) { "unknown" },
        }
    }
}

/// What a person should see first. Of users it tells what was seen now, and not what a run has left behind it.
fn attention(card: &Card, now: Timestamp) -> Vec<(Tone, Markup)> {
    let look = card.look.as_ref().and_then(|look| look.as_ref().ok());
    let mut found = Vec::new();
    if let Some(ListedRun {
        summary,
        digest: Err(why @ (Unreadable::Damaged(_) | Unreadable::NoAnswer(_))),
    }) = &card.last
    {
        let words = html! { "The last run's journal can't be read (" (summary.run_id) "): " (why.reason()) };
        found.push((Tone::Bad, words));
    }
    if let Some(ListedRun { summary: run, digest: Ok(digest) }) = &card.last {
        let status = &digest.status;
        if let Some(outcome) = &status.outcome {
            let ending = Ending { kind: status.kind, outcome, seen: None };
            let tone = match outcome {
                Outcome::GateClosed { .. } => Tone::Bad,
                Outcome::NotUpgraded { .. }
                | Outcome::WentBack { .. }
                | Outcome::Upgraded
                | Outcome::InMaintenance
                | Outcome::OutOfMaintenance => Tone::Mind,
            };
            if let Some(reason) = ending.reason() {
                found.push((tone, html! { "The last run: " (ending.title().to_lowercase()) ". " (reason) }));
            }
        } else if status.is_asked {
            found.push((Tone::Bad, html! { "A run waits for a person's decision." }));
        } else if !run.ended && run.carried_out_by(now).is_none() {
            found.push((Tone::Mind, html! { "A run has not ended, and nobody carries it out." }));
        }
    }
    if let Some(look) = look {
        found.extend(maintenance(look));
    }
    if let Some(look) = look
        && look.status.ends_with("_FAILED")
    {
        found.push((Tone::Bad, html! { "The stack is " (look.status) "." }));
    }
    found
}

/// Maintenance mode, and what of it is left though it is off: muted alarms too, which nobody would miss.
fn maintenance(look: &Look) -> Option<(Tone, Markup)> {
    if let Some(found) = look.maintenance() {
        return Some((Tone::Mind, html! { "Maintenance mode is on" (since_by(found)) "." }));
    }
    let is_off = matches!(look.users, Ok(Users::In | Users::AtWork));
    let left = look.taken_away.as_ref().ok().filter(|left| is_off && !left.is_empty())?;
    let words = html! {
        "Maintenance mode is off, and " (counted(left.len(), "thing")) " of it "
        (if left.len() == 1 { "is" } else { "are" }) " still to be put back:"
        ul.glance {
            @for line in left.iter().take(MOST_LINES) { li { (line) } }
            @if left.len() > MOST_LINES { li { "and " (left.len() - MOST_LINES) " more: see System maintenance" } }
        }
    };
    Some((Tone::Mind, words))
}
