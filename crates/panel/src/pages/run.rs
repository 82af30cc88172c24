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
use maud::{PreEscaped, html};

use self::events::{LINES_A_PAGE, lines};
use self::mark::Mark;
use self::regions::{TIMELINE, regions, timeline_now};
use super::upgrade::way_of_run;
use crate::access::Permission;
use crate::live::{LiveError, Unreadable};
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
    let shown = all.get(begin..end).unwrap_or_default();
    let older = (begin > 0).then_some(begin);
    // A page of older lines doesn't go on while one looks.
    let is_newest = before.is_none();
    let regions = regions(&picture, call.asker.may(Permission::Decide), claim.as_ref(), panel.now());
    let proposal = panel.proposals.by_run(run_id)?;
    let mark = Mark { told: picture.telling.told(), held: claim.is_some() };
    let (plan, report) = (&*picture.plan, picture.telling.report());
    let stream = format!("/runs/{}/stream?after={mark}", plan.run_id);
    let body = html! {
        // A run is the last of an upgrade's five pages.
        @if let Some(proposal) = &proposal { (way_of_run(proposal)) }
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
                    @if shown.is_empty() { p.empty { "Nothing has happened yet." } }
                    ol.events #events tabindex="0" aria-labelledby="events-title" { (lines(shown)) }
                    @if let Some(older) = older {
                        p { a.button href={ "/runs/" (plan.run_id) "?before=" (older) } { "Older events" } }
                    }
                    @if !is_newest { p { a href={ "/runs/" (plan.run_id) } { "Newest events" } } }
                }
            }
            div id=(TIMELINE) { (timeline_now(&picture, panel.now())) }
            div #stopped { (PreEscaped(regions.stopped)) }
        }
        (plan::plan(plan))
    };
    Ok(call.frame("/history", run_id, body).into_response())
}
