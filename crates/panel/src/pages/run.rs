//! A run: where it stands, what it waits for, what happened.

mod decision;
mod events;
mod glance;
mod mark;
mod plan;
mod regions;
mod report;
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
use upgrade::{Line, Plan};

use self::events::{Filter, LINES_A_PAGE, lines};
use self::mark::Mark;
use self::regions::{TIMELINE, regions, timeline_now, whole_timeline};
use super::form::{copy_button, notify_button};
use super::upgrade::way_of_run;
use crate::access::Permission;
use crate::console::Console;
use crate::live::{LiveError, Unreadable};
use crate::panel::Panel;
use crate::usual::Usual;
use crate::web::{Call, Failure, Frame, Page};
use crate::words::{purpose, when};

pub(in crate::pages) use glance::glance;
pub(in crate::pages) use steps::held;
pub(in crate::pages) use stopped::stopped;

pub(super) const PAGES: &[Page] = &[
    Page::new("/runs/{run_id}", || get(show)),
    Page::new("/runs/{run_id}/report.md", || get(report::download)),
    Page::new("/runs/{run_id}/timeline", || get(show_timeline)),
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
    let filter = Filter::new(call.query("show"), call.query("find"));
    let (shown, older) = match filter.is_of_all() {
        true => (all.get(begin..end).unwrap_or_default().iter().collect(), (begin > 0).then_some(begin)),
        false => found(all.get(..end).unwrap_or_default(), &filter),
    };
    let console = console(panel, &picture.plan);
    // A page of older lines doesn't go on while one looks.
    let is_newest = before.is_none();
    let usual = Usual::of_run(panel, &picture.plan).await;
    let regions = regions(&picture, &usual, call.asker.may(Permission::Decide), claim.as_ref(), panel.now());
    let proposal = panel.proposals.by_run(run_id)?;
    let mark = Mark { told: picture.telling.told(), held: claim.is_some() };
    let (plan, report) = (&*picture.plan, picture.telling.report());
    let stream = format!("/runs/{}/stream?after={mark}", plan.run_id);
    let is_live = report.outcome.is_none() && is_newest;
    let body = html! {
        // A run is the last of an upgrade's five pages.
        @if let Some(proposal) = &proposal { (way_of_run(proposal)) }
        header.head {
            p.crumb { a href="/history" { "History" } " / " (plan.deployment) }
            h1 { (purpose(Some(plan.kind)))
                @if let Some(to) = &plan.to_version { " " (plan.from_version.as_deref().unwrap_or("?")) " → " (to) }
            }
            p.sub { "Run " code { (plan.run_id) } " " (copy_button(&plan.run_id, "Copy the run's id")) " · stack " (plan.stack_name) " · began " (when(report.started_at)) }
        }
        @if is_live { (notify_button()) }
        div data-live=[is_live.then_some(stream)] data-now=(panel.now().0) {
            p.offline role="status" hidden { "Connection lost. The run goes on; this page catches up by itself." }
            div #standing aria-live="polite" { (PreEscaped(regions.standing)) }
            div #glance { (PreEscaped(regions.glance)) }
            div #decide { (PreEscaped(regions.decide)) }
            div.split {
                section aria-labelledby="steps-title" { h2 #steps-title { "Steps" } div #steps { (PreEscaped(regions.steps)) } }
                section aria-labelledby="events-title" {
                    h2 #events-title { "Events" }
                    (filter.fields(&plan.run_id))
                    @if shown.is_empty() { p.empty { (if filter.is_of_all() { "Nothing has happened yet." } else { "Nothing like that has happened." }) } }
                    ol.events #events tabindex="0" aria-labelledby="events-title" { (lines(shown.into_iter(), console.as_ref())) }
                    @if let Some(older) = older {
                        p { a.button href={ "/runs/" (plan.run_id) "?before=" (older) "&" (filter.query()) } { "Older events" } }
                    }
                    @if let Some(console) = &console {
                        p.sub { "In AWS's console: "
                            @for (place, (name, page)) in console.pages().iter().enumerate() {
                                @if place > 0 { ", " } a href=(page) rel="noreferrer" { (name) }
                            }
                        }
                    }
                    @if !is_newest { p { a href={ "/runs/" (plan.run_id) } { "Newest events" } } }
                }
            }
            div id=(TIMELINE) { (timeline_now(&picture, panel.now())) }
            div #stopped { (PreEscaped(regions.stopped)) }
        }
        section.take aria-labelledby="take-title" {
            h2 #take-title { "Report" }
            div.buttons {
                a.button href={ "/runs/" (plan.run_id) "/report.md" } download={ (plan.run_id) ".md" } { "Markdown" }
                a.button href={ "/api/v1/runs/" (plan.run_id) } download={ (plan.run_id) ".json" } { "JSON" }
                button type="button" data-print hidden { "Print" }
            }
        }
        (plan::plan(plan))
    };
    let title = glance::title(&picture);
    let icon = glance::icon(&picture);
    Ok(Frame { icon, refreshes: is_live, ..call.frame("/history", &title, body) }.into_response())
}

/// The timeline by itself, with every resource: as it is now, for whoever looks closer.
async fn show_timeline(call: Call) -> Result<Response, Failure> {
    let picture = call.panel.live.run(&call.id).await?;
    let plan = &*picture.plan;
    let run = format!("/runs/{}", plan.run_id);
    let body = html! {
        header.head {
            p.crumb { a href="/history" { "History" } " / " (plan.deployment) " / " a href=(run) { (plan.run_id) } }
            h1 { "Timeline" }
            p.sub { "As it was " (when(call.panel.now())) ". It comes anew when the page does; " a href=(run) { "the run's page" } " shows by itself what happens." }
        }
        @let picture = whole_timeline(&picture, call.panel.now());
        @if picture.0.is_empty() { p.empty { "No stack has told of anything yet." } } @else { (picture) }
    };
    Ok(call.frame("/history", "Timeline", body).into_response())
}

/// The newest lines that are wanted, oldest first, and before which line there are more.
fn found<'a>(all: &'a [Line], filter: &Filter) -> (Vec<&'a Line>, Option<usize>) {
    let mut wanted = all.iter().rev().filter(|line| filter.wants(line));
    let mut shown: Vec<&Line> = wanted.by_ref().take(LINES_A_PAGE).collect();
    shown.reverse();
    let older = wanted.next().and(shown.first()).map(|first| first.number);
    (shown, older)
}

/// AWS's console, where the run's stack is in it.
fn console(panel: &Panel, plan: &Plan) -> Option<Console> {
    let all = panel.backend.deployments();
    let is_there = all.iter().any(|one| one.name == plan.deployment && one.has_console);
    is_there.then(|| Console::of_stack(&plan.stack_id)).flatten()
}
