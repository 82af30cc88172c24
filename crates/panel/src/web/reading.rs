//! The pages' handlers: they ask, and show. Whatever is done is done by the API.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use conductor::RunSummary;
use futures_util::stream::{self, StreamExt as _};
use http::HeaderMap;
use maud::{Markup, html};
use upgrade::Timestamp;

use super::failure::Failure;
use super::request::Asker;
use crate::access::Deed;
use crate::backend::DeploymentSummary;
use crate::live::RunPicture;
use crate::pages::{self, Card, LINES_A_PAGE, Page, Shown};
use crate::panel::Panel;

/// Runs on a page of the history.
const RUNS_A_PAGE: usize = 50;

/// How long a look at a deployment may hold a page up.
const LOOK_SECONDS: u64 = 5;

/// A stream is ended now and then; the browser comes back, and whoever may no longer look is turned away.
const STREAM_SECONDS: u64 = 600;

pub(super) fn page(asker: &Asker, here: &str, title: &str, body: Markup) -> Response {
    let person = Some(&asker.person);
    Page { title, here, person, form_token: &asker.form_token, refreshes: false, body }.into_response()
}

pub(crate) async fn overview(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
) -> Result<Response, Failure> {
    let runs = panel.live.runs().await?;
    let looks = panel.backend.deployments().into_iter().map(|settings| {
        let panel = panel.clone();
        async move {
            let look =
                tokio::time::timeout(Duration::from_secs(LOOK_SECONDS), panel.backend.look(&settings.name));
            let look = look.await.ok();
            (settings, look)
        }
    });
    let mut cards = Vec::new();
    for (settings, look) in futures_util::future::join_all(looks).await {
        let last = match runs.iter().rev().find(|run| run.deployment == settings.name) {
            None => None,
            Some(run) => Some((run.clone(), panel.live.run(&run.run_id).await?)),
        };
        cards.push(Card { settings, look, last });
    }
    Ok(page(&asker, "/", "Overview", pages::overview(&cards, panel.now())))
}

pub(crate) async fn history(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let runs = page_of_runs(&panel, query.get("before").map(String::as_str), RUNS_A_PAGE).await?;
    let older = (runs.len() == RUNS_A_PAGE).then(|| runs.last().map(|(run, _)| run.run_id.clone())).flatten();
    Ok(page(&asker, "/history", "History", pages::history(&runs, older.as_deref())))
}

/// Runs, newest first, before a run.
pub(crate) async fn page_of_runs(
    panel: &Panel,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<(RunSummary, Arc<RunPicture>)>, Failure> {
    let mut runs = panel.live.runs().await?;
    if let Some(before) = before {
        let place = runs.iter().position(|run| run.run_id == before).ok_or(Failure::NotFound)?;
        runs.truncate(place);
    }
    let mut shown = Vec::new();
    for run in runs.into_iter().rev().take(limit) {
        let picture = panel.live.run(&run.run_id).await?;
        shown.push((run, picture));
    }
    Ok(shown)
}

/// Whether somebody carries the run out.
pub(crate) async fn is_held(panel: &Panel, run_id: &str) -> Result<bool, Failure> {
    let runs = panel.live.runs().await?;
    let lease = runs.into_iter().find(|run| run.run_id == run_id).and_then(|run| run.lease);
    Ok(lease.is_some_and(|lease| !lease.is_free(panel.now())))
}

pub(crate) async fn run(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(run_id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let picture = panel.live.run(&run_id).await?;
    let all = picture.telling.lines();
    let before = query.get("before").and_then(|text| text.parse::<usize>().ok());
    let end = before.unwrap_or(all.len()).min(all.len());
    let begin = end.saturating_sub(LINES_A_PAGE);
    let shown = all.get(begin..end).unwrap_or_default();
    let may = asker.person.role.may(Deed::Decide);
    let held = is_held(&panel, &run_id).await?;
    let regions = pages::regions(&picture, may, held, panel.now());
    let run = pages::run(&picture, regions, shown, (begin > 0).then_some(begin), before.is_none());
    // The last of an upgrade's five pages.
    let proposal = panel.proposals.of_run(&run_id)?;
    let body = html! {
        @if let Some(proposal) = &proposal { (pages::steps_of_run(proposal)) }
        (run)
    };
    Ok(page(&asker, "/history", &run_id, body))
}

/// The run as it goes on. Each message's id is the number of records it has told: a browser that comes back says the
/// last one in `Last-Event-ID`, and goes on from there.
pub(crate) async fn stream(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(run_id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    panel.live.run(&run_id).await?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = last.or(query.get("after").map(String::as_str)).and_then(|text| text.parse::<usize>().ok());
    let until = panel.now().0.saturating_add(STREAM_SECONDS * 1000);
    let watch = panel.live.watch();
    let begin = Following { panel, asker, run_id, told: after, watch, until, over: false };
    let events = stream::unfold(begin, Following::next).map(Ok::<_, std::convert::Infallible>);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response())
}

struct Following {
    panel: Panel,
    asker: Asker,
    run_id: String,
    /// Records that the page knows; `None`: none, so that everything comes.
    told: Option<usize>,
    watch: tokio::sync::watch::Receiver<u64>,
    until: u64,
    over: bool,
}

impl Following {
    async fn next(mut self) -> Option<(Event, Following)> {
        loop {
            if self.over || self.panel.now().0 >= self.until {
                return None;
            }
            // Marked before the look, so that what is written during it wakes us again.
            self.watch.borrow_and_update();
            let picture = self.panel.live.run(&self.run_id).await.ok()?;
            let told = picture.telling.told();
            if self.told != Some(told) {
                let event = self.message(&picture).await?;
                self.told = Some(told);
                self.over = picture.telling.report().outcome.is_some();
                return Some((event, self));
            }
            let left = Duration::from_millis(self.until.saturating_sub(self.panel.now().0));
            match tokio::time::timeout(left, self.watch.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return None,
            }
        }
    }

    async fn message(&self, picture: &RunPicture) -> Option<Event> {
        let may = self.asker.person.role.may(Deed::Decide);
        let held = is_held(&self.panel, &self.run_id).await.ok()?;
        let now: Timestamp = self.panel.now();
        let regions = pages::regions(picture, may, held, now);
        let new = picture.telling.lines_since(self.told.unwrap_or(0));
        // A page that knows little is given what a page shows.
        let new = new.get(new.len().saturating_sub(LINES_A_PAGE)..).unwrap_or_default();
        let data = serde_json::json!({
            "regions": regions,
            "lines": pages::lines(new).into_string(),
            "ended": picture.telling.report().outcome.is_some(),
        });
        Some(Event::default().id(picture.telling.told().to_string()).data(data.to_string()))
    }
}

pub(super) fn settings_of(panel: &Panel, name: &str) -> Result<DeploymentSummary, Failure> {
    panel.backend.deployments().into_iter().find(|one| one.name == name).ok_or(Failure::NotFound)
}

pub(crate) async fn maintenance(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let settings = settings_of(&panel, &name)?;
    let look = panel.backend.look(&name).await;
    let runs = panel.live.runs().await?;
    let last = match runs.iter().rev().find(|run| run.deployment == name) {
        None => None,
        Some(run) => Some(panel.live.run(&run.run_id).await?),
    };
    let shown = Shown { settings: &settings, may: asker.person.role.may(Deed::Run) };
    Ok(page(&asker, "", "System maintenance", pages::maintenance(&shown, &look, last.as_deref())))
}

pub(crate) async fn banner(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let settings = settings_of(&panel, &name)?;
    let banner = panel.backend.banner(&name).await;
    let may = asker.person.role.may(Deed::Announce);
    let shown = Shown { settings: &settings, may };
    Ok(page(&asker, "", "User banner", pages::banner(&shown, &banner)))
}

pub(crate) async fn access(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let before = query.get("before").and_then(|text| text.parse().ok());
    let (people, tokens) = (panel.access.people()?, panel.access.tokens()?);
    let trail = panel.access.audit_trail(before, 100)?;
    Ok(page(&asker, "/access", "Access", pages::access(&people, &tokens, &trail)))
}

pub(crate) async fn account(Extension(asker): Extension<Asker>) -> Response {
    page(&asker, "/account", "Your account", pages::account(&asker.person))
}
