//! Overview: every deployment, and what needs attention.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use upgrade::{Ending, Outcome, Timestamp, Users};

use crate::backend::{BackendError, DeploymentSummary, Look};
use crate::live::{ListedRun, Unreadable};
use crate::proposals::{Proposal, Stage};
use crate::web::{Call, Failure, Page};
use crate::words::{
    Tone, carried_out_by, counted, pill, purpose, run_status, runs_unread, since_by, unreadable, users, when,
};

pub(super) const PAGES: &[Page] = &[Page { link: Some("Overview"), ..Page::new("/", || get(show)) }];

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
    Ok(call.frame("/", "Overview", page(&cards, panel.now())).into_response())
}

fn page(cards: &[Card], now: Timestamp) -> Markup {
    html! {
        h1 { "Overview" }
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
            div { dt { "Users" } dd { (users(&look.users)) } }
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
    match look.map(|look| (&look.users, &look.taken_away)) {
        Some((Ok(Users::Out(maintenance) | Users::Stopped(maintenance)), _)) => {
            found.push((Tone::Mind, html! { "In maintenance" (since_by(maintenance)) "." }));
        }
        Some((Ok(seen @ (Users::In | Users::AtWork)), Ok(left))) if !left.is_empty() => {
            let words = html! { (if *seen == Users::AtWork { "Work goes on" } else { "Users are let in" }) ", and " (counted(left.len(), "thing")) " of maintenance "
            (if left.len() == 1 { "is" } else { "are" }) " still to be put back: see System maintenance." };
            found.push((Tone::Mind, words));
        }
        Some((Ok(Users::In | Users::AtWork) | Err(_), _)) | None => {}
    }
    if let Some(look) = look
        && look.status.ends_with("_FAILED")
    {
        found.push((Tone::Bad, html! { "The stack is " (look.status) "." }));
    }
    found
}
