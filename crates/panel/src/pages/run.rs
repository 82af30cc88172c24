//! A run: where it stands, what it waits for, what happened.

mod decision;
mod events;
mod mark;
mod plan;
mod regions;
mod standing;
mod steps;
mod stopped;
mod stream;
mod timeline;
mod unreadable;

use axum::Extension;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use conductor::JournalError;
use maud::{Markup, PreEscaped, html};
use upgrade::{Line, Timestamp};

use self::events::{LINES_A_PAGE, lines};
use self::mark::Mark;
use self::regions::{Regions, TIMELINE, regions, timeline_now};
use super::upgrade::way_of_run;
use crate::access::Permission;
use crate::live::{LiveError, RunPicture, Unreadable};
use crate::web::{Call, Failure, Page};
use crate::words::{purpose, when};

pub(in crate::pages) use stopped::stopped;

pub(super) const PAGES: &[Page] = &[
    Page::new("/runs/{run_id}", || get(show)),
    Page::new("/runs/{run_id}/stream", || get(stream::stream).layer(Extension(stream::Messages::default()))),
];

async fn show(call: Call) -> Result<Response, Failure> {
    let (panel, run_id) = (&call.panel, &call.id);
    let picture = match panel.live.run(run_id).await {
        Ok(picture) => picture,
        // It has a page like every other: where users are is told by the deployment's own.
        Err(LiveError::Journal(
            error @ (JournalError::Damaged { .. }
            | JournalError::NotBegun { .. }
            | JournalError::NoSuchRun { .. }),
        )) => {
            let runs = panel.live.runs().await?;
            let run = runs.iter().find(|run| run.run_id == *run_id).ok_or(Failure::NotFound)?;
            let why = Unreadable::new(run, LiveError::Journal(error));
            return Ok(call.frame("/history", run_id, unreadable::page(run, &why)).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let all = picture.telling.lines();
    let before = call.query("before").and_then(|text| text.parse::<usize>().ok());
    let end = before.unwrap_or(all.len()).min(all.len());
    let begin = end.saturating_sub(LINES_A_PAGE);
    let claim = panel.live.carried_out_by(run_id).await?;
    let may_decide = call.asker.may(Permission::Decide);
    let shown = RunPage {
        picture: &picture,
        held: claim.is_some(),
        now: panel.now(),
        lines: all.get(begin..end).unwrap_or_default(),
        older: (begin > 0).then_some(begin),
        is_newest: before.is_none(),
    };
    let regions = regions(&picture, may_decide, claim.as_ref(), shown.now);
    // The last of an upgrade's five pages.
    let proposal = panel.proposals.by_run(run_id)?;
    let body = html! {
        @if let Some(proposal) = &proposal { (way_of_run(proposal)) }
        (page(shown, regions))
    };
    Ok(call.frame("/history", run_id, body).into_response())
}

/// What the page shows beside its regions.
struct RunPage<'a> {
    picture: &'a RunPicture,
    /// Whether somebody carries the run out.
    held: bool,
    now: Timestamp,
    lines: &'a [Line],
    /// The line that the page of older ones ends before.
    older: Option<usize>,
    /// Whether it goes on while one looks: a page of older lines doesn't.
    is_newest: bool,
}

fn page(shown: RunPage<'_>, regions: Regions) -> Markup {
    let RunPage { picture, held, now, lines: events, older, is_newest } = shown;
    let (plan, report) = (&*picture.plan, picture.telling.report());
    let mark = Mark { told: picture.telling.told(), held };
    let stream = format!("/runs/{}/stream?after={mark}", plan.run_id);
    html! {
        header.head {
            p.crumb { a href="/history" { "History" } " / " (plan.deployment) }
            h1 { (purpose(Some(plan.kind)))
                @if let Some(to) = &plan.to_version { " " (plan.from_version.as_deref().unwrap_or("?")) " → " (to) }
            }
            p.sub { "Run " code { (plan.run_id) } " · stack " (plan.stack_name) " · began " (when(report.started_at)) }
        }
        div data-live=[(report.outcome.is_none() && is_newest).then_some(stream)] {
            p.offline role="status" hidden { "Connection lost. The run goes on; this page catches up by itself." }
            div #standing aria-live="polite" { (PreEscaped(regions.standing)) }
            div #decide { (PreEscaped(regions.decide)) }
            div.split {
                section aria-labelledby="steps-title" { h2 #steps-title { "Steps" } div #steps { (PreEscaped(regions.steps)) } }
                section aria-labelledby="events-title" {
                    h2 #events-title { "Events" }
                    @if events.is_empty() { p.empty { "Nothing has happened yet." } }
                    ol.events #events tabindex="0" aria-labelledby="events-title" { (lines(events)) }
                    @if let Some(older) = older {
                        p { a.button href={ "/runs/" (plan.run_id) "?before=" (older) } { "Older events" } }
                    }
                    @if !is_newest { p { a href={ "/runs/" (plan.run_id) } { "Newest events" } } }
                }
            }
            div id=(TIMELINE) { (timeline_now(picture, now)) }
            div #stopped { (PreEscaped(regions.stopped)) }
        }
        (plan::plan(plan))
    }
}
