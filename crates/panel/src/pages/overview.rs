//! Overview: every deployment, and what needs attention.

use std::sync::Arc;

use maud::{Markup, html};
use upgrade::{Ending, Outcome, Timestamp};

use super::untold::pill_of;
use super::words::{Tone, carried_out_by, counted, pill, purpose_of, since_by, standing_in, when};
use crate::backend::{BackendError, DeploymentSummary, GatePicture, Look};
use crate::live::{Listed, Untold};
use crate::proposals::{Proposal, Standing};

/// A deployment on the overview.
pub(crate) struct Card {
    /// Its settings.
    pub(crate) settings: DeploymentSummary,
    /// How it is; `None`: it isn't looked at yet.
    pub(crate) look: Option<Result<Arc<Look>, BackendError>>,
    /// Its last run.
    pub(crate) last: Option<Listed>,
    /// Why its runs could not be read.
    pub(crate) unread: Option<String>,
    /// The upgrade in the making.
    pub(crate) proposal: Option<Proposal>,
}

/// The page.
pub(crate) fn overview(cards: &[Card], now: Timestamp) -> Markup {
    html! {
        h1 { "Overview" }
        @if cards.is_empty() {
            p.empty { "The settings name no deployment. " code { "slackwater init" } " writes the first." }
        }
        div.cards { @for card in cards { (one(card, now)) } }
    }
}

fn one(card: &Card, now: Timestamp) -> Markup {
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
            @if let Some(reason) = &card.unread { (unread(&settings.name, reason)) }
            @if let Some(Listed { summary: run, digest }) = &card.last {
                p.last {
                    a href={ "/runs/" (run.run_id) } {
                        @if run.ended || digest.is_err() { "Last run: " } @else { "Running: " } (purpose_of(run.kind))
                    }
                    " "
                    @match digest {
                        Ok(digest) => { @let (tone, words) = standing_in(&digest.standing); (pill(tone, &words)) },
                        Err(why) => (pill_of(why)),
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

/// What is shown of a deployment's runs may not be all.
pub(crate) fn unread(deployment: &str, reason: &str) -> Markup {
    html! {
        p.notice.mind {
            "The runs of " (deployment) " can't be read, so what is shown of them is what was known before: " (reason)
        }
    }
}

/// The run that may come next.
fn next(proposal: &Proposal) -> Markup {
    let (tone, words) = match &proposal.standing {
        Standing::Approved(_) => (Tone::Good, "approved, ready to run"),
        Standing::Failed { .. } => (Tone::Bad, "could not be looked at"),
        Standing::Looking { .. } => (Tone::Busy, "looking"),
        Standing::Unseen | Standing::Seen | Standing::Begun { .. } | Standing::Discarded { .. } => {
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
            div { dt { "Users" } dd { (gate(&look.gate)) } }
            div { dt { "Jobs" } dd { (count(&look.jobs)) } }
            div { dt { "Workers" } dd {
                @match &look.workers {
                    Ok(groups) => (counted(groups.iter().map(|group| group.instances).sum(), "instance")),
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

/// Whether users are let in.
pub(super) fn gate(gate: &GatePicture) -> Markup {
    match gate {
        GatePicture::Open => pill(Tone::Good, "let in"),
        GatePicture::Closed(_) => pill(Tone::Mind, "kept out"),
        GatePicture::AtWork => pill(Tone::Good, "at work"),
        GatePicture::Stopped(_) => pill(Tone::Mind, "work stopped"),
        GatePicture::Unknown(_) => pill(Tone::Quiet, "unknown"),
    }
}

/// What a person should see first. Of users it tells what was seen now, and not what a run has left behind it.
fn attention(card: &Card, now: Timestamp) -> Vec<(Tone, Markup)> {
    let look = card.look.as_ref().and_then(|look| look.as_ref().ok());
    let mut found = Vec::new();
    if let Some(Listed { summary, digest: Err(why @ (Untold::Damaged(_) | Untold::Unread(_))) }) = &card.last
    {
        let words = html! { "The last run's journal can't be read (" (summary.run_id) "): " (why.reason()) };
        found.push((Tone::Bad, words));
    }
    if let Some(Listed { summary: run, digest: Ok(digest) }) = &card.last {
        let standing = &digest.standing;
        if let Some(outcome) = &standing.outcome {
            let ending = Ending { kind: standing.kind, outcome, seen: None };
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
        } else if standing.is_asked {
            found.push((Tone::Bad, html! { "A run waits for a person's decision." }));
        } else if !run.ended && run.carried_out_by(now).is_none() {
            found.push((Tone::Mind, html! { "A run has not ended, and nobody carries it out." }));
        }
    }
    match look.map(|look| (&look.gate, &look.taken_away)) {
        Some((GatePicture::Closed(maintenance) | GatePicture::Stopped(maintenance), _)) => {
            found.push((Tone::Mind, html! { "In maintenance" (since_by(maintenance)) "." }));
        }
        Some((gate @ (GatePicture::Open | GatePicture::AtWork), Ok(left))) if !left.is_empty() => {
            let words = html! { (if *gate == GatePicture::AtWork { "Work goes on" } else { "Users are let in" }) ", and " (counted(left.len(), "thing")) " of maintenance "
            (if left.len() == 1 { "is" } else { "are" }) " still to be put back: see System maintenance." };
            found.push((Tone::Mind, words));
        }
        Some((GatePicture::Open | GatePicture::AtWork | GatePicture::Unknown(_), _)) | None => {}
    }
    if let Some(look) = look
        && look.status.ends_with("_FAILED")
    {
        found.push((Tone::Bad, html! { "The stack is " (look.status) "." }));
    }
    found
}
