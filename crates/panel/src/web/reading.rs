//! The pages' handlers: they ask, and show. Whatever is done is done by the API.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use conductor::JournalError;
use maud::{Markup, html};

use super::failure::Failure;
use super::request::Asker;
use crate::access::Deed;
use crate::backend::{DeploymentSummary, GatePicture};
use crate::live::{Listed, LiveError, Untold};
use crate::pages::{self, Card, LINES_A_PAGE, MaintenancePage, Page, Shown};
use crate::panel::Panel;

/// Runs on a page of the history.
const RUNS_A_PAGE: usize = 50;

/// How long a look at a deployment may hold a page up.
const LOOK_SECONDS: u64 = 5;

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
        let last = runs.iter().rev().find(|run| run.deployment == settings.name).cloned();
        async move {
            let look = panel.looks.look_within(&settings.name, LOOK_SECONDS);
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
    Ok(page(&asker, "/", "Overview", pages::overview(&cards, panel.now())))
}

pub(crate) async fn history(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let runs = page_of_runs(&panel, query.get("before").map(String::as_str), RUNS_A_PAGE).await?;
    let older =
        (runs.len() == RUNS_A_PAGE).then(|| runs.last().map(|run| run.summary.run_id.clone())).flatten();
    let mut proposals = HashMap::new();
    for run in &runs {
        let run_id = &run.summary.run_id;
        proposals.extend(panel.proposals.of_run(run_id)?.map(|proposal| (run_id.clone(), proposal)));
    }
    Ok(page(
        &asker,
        "/history",
        "History",
        pages::history(&runs, &panel.live.unread(), &proposals, older.as_deref()),
    ))
}

/// Runs, newest first, before a run.
pub(crate) async fn page_of_runs(
    panel: &Panel,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<Listed>, Failure> {
    let runs = panel.live.runs().await?;
    let end = match before {
        None => runs.len(),
        Some(before) => runs.iter().position(|run| run.run_id == before).ok_or(Failure::NotFound)?,
    };
    let newest_first = runs.iter().take(end).rev().take(limit);
    Ok(panel.live.listed(newest_first.cloned().collect()).await)
}

pub(crate) async fn run(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(run_id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let picture = match panel.live.run(&run_id).await {
        Ok(picture) => picture,
        // It has a page like every other: where users are is told by the deployment's own.
        Err(LiveError::Journal(
            error @ (JournalError::Damaged { .. }
            | JournalError::NotBegun { .. }
            | JournalError::NoSuchRun { .. }),
        )) => {
            let runs = panel.live.runs().await?;
            let run = runs.iter().find(|run| run.run_id == run_id).ok_or(Failure::NotFound)?;
            let why = Untold::of(run, LiveError::Journal(error));
            return Ok(page(&asker, "/history", &run_id, pages::untold(run, &why)));
        }
        Err(error) => return Err(error.into()),
    };
    let all = picture.telling.lines();
    let before = query.get("before").and_then(|text| text.parse::<usize>().ok());
    let end = before.unwrap_or(all.len()).min(all.len());
    let begin = end.saturating_sub(LINES_A_PAGE);
    let shown = all.get(begin..end).unwrap_or_default();
    let may = asker.person.role.may(Deed::Decide);
    let claim = panel.live.carried_out_by(&run_id).await?;
    let regions = pages::regions(&picture, may, claim.as_ref(), panel.now());
    let run = pages::run(
        &picture,
        claim.is_some(),
        panel.now(),
        regions,
        shown,
        (begin > 0).then_some(begin),
        before.is_none(),
    );
    // The last of an upgrade's five pages.
    let proposal = panel.proposals.of_run(&run_id)?;
    let body = html! {
        @if let Some(proposal) = &proposal { (pages::steps_of_run(proposal)) }
        (run)
    };
    Ok(page(&asker, "/history", &run_id, body))
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
    let look = panel.looks.look(&name).await;
    let runs = panel.live.runs().await?;
    let last = match runs.iter().rev().find(|run| run.deployment == name) {
        None => None,
        // One that can't be read is said, and hides nothing: maintenance is left without a journal, too.
        Some(run) => {
            let last = panel.live.run(&run.run_id).await;
            Some(last.map_err(|why| (run.run_id.clone(), Untold::of(run, why))))
        }
    };
    let shown = Shown { settings: &settings, may: asker.person.role.may(Deed::Run) };
    let (last, untold) = match &last {
        Some(Ok(last)) => (Some(&**last), None),
        Some(Err((run_id, why))) => (None, Some((run_id.as_str(), why))),
        None => (None, None),
    };
    let claim = match last {
        Some(last) => panel.live.carried_out_by(&last.plan.run_id).await?,
        None => None,
    };
    let knows_closer = look.as_ref().is_ok_and(|look| match &look.gate {
        GatePicture::Closed(found) | GatePicture::Stopped(found) => {
            runs.iter().any(|run| run.run_id == found.run_id)
        }
        GatePicture::Open | GatePicture::AtWork | GatePicture::Unknown(_) => false,
    });
    let shown = MaintenancePage { shown, look: &look, last, claim: claim.as_ref(), untold, knows_closer };
    Ok(page(&asker, "", "System maintenance", pages::maintenance(&shown)))
}

pub(crate) async fn banner(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let settings = settings_of(&panel, &name)?;
    let banner = panel.looks.banner(&name).await.map(|banner| (*banner).clone());
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
