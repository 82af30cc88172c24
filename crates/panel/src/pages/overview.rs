//! Overview: every deployment, and what needs attention.

use maud::{Markup, html};
use upgrade::{Outcome, Timestamp};

use super::words::{Tone, counted, pill, purpose_of, standing_in, when};
use crate::backend::{BackendError, DeploymentSummary, GatePicture, Look};
use crate::live::Listed;
use crate::proposals::{Proposal, Standing};

/// A deployment on the overview.
pub(crate) struct Card {
    /// Its settings.
    pub(crate) settings: DeploymentSummary,
    /// How it is; `None`: it isn't looked at yet.
    pub(crate) look: Option<Result<Look, BackendError>>,
    /// Its last run.
    pub(crate) last: Option<Listed>,
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
            @if let Some(Listed { summary: run, digest }) = &card.last {
                @let (tone, words) = digest.as_ref().map_or_else(
                    |_| (Tone::Bad, "damaged".to_owned()),
                    |digest| standing_in(&digest.standing),
                );
                p.last {
                    a href={ "/runs/" (run.run_id) } {
                        @if run.ended || digest.is_err() { "Last run: " } @else { "Running: " } (purpose_of(run.kind))
                    }
                    " " (pill(tone, &words)) " "
                    span.sub { "began " (when(run.created_at)) }
                }
            } @else { p.last.sub { "Nothing was run yet." } }
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
            div { dt { "Stack" } dd { (look.status) } }
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
        GatePicture::Closed { .. } => pill(Tone::Mind, "kept out"),
        GatePicture::Unknown(_) => pill(Tone::Quiet, "unknown"),
    }
}

/// What a person should see first.
fn attention(card: &Card, now: Timestamp) -> Vec<(Tone, String)> {
    let mut found = Vec::new();
    if let Some(Listed { summary, digest: Err(why) }) = &card.last {
        found.push((Tone::Bad, format!("The last run's journal can't be read ({}): {why}", summary.run_id)));
    }
    if let Some(Listed { summary: run, digest: Ok(digest) }) = &card.last {
        match &digest.standing.outcome {
            Some(Outcome::GateClosed { reason }) => {
                found.push((Tone::Bad, format!("The last run ended before maintenance was left: {reason}")));
            }
            Some(Outcome::NotUpgraded { reason } | Outcome::WentBack { reason }) => {
                found.push((Tone::Mind, format!("The last upgrade did not stand: {reason}")));
            }
            Some(Outcome::Upgraded | Outcome::InMaintenance | Outcome::OutOfMaintenance) | None => {}
        }
        if digest.standing.is_asked && digest.standing.outcome.is_none() {
            found.push((Tone::Bad, "A run waits for a person's decision.".to_owned()));
        } else if !run.ended && run.lease.as_ref().is_none_or(|lease| lease.is_free(now)) {
            found.push((Tone::Mind, "A run has not ended, and nobody carries it out.".to_owned()));
        }
    }
    if let Some(Ok(Look { gate: GatePicture::Closed { .. }, .. })) = &card.look {
        found.push((Tone::Mind, "In maintenance: users are kept out until it is disabled.".to_owned()));
    }
    if let Some(Ok(look)) = &card.look
        && look.status.ends_with("_FAILED")
    {
        found.push((Tone::Bad, format!("The stack is {}.", look.status)));
    }
    found
}
