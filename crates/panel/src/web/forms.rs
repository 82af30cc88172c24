//! The pages' handlers: read what a browser sent, ask or act, show a page or lead to one.

use std::collections::HashMap;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use maud::Markup;
use upgrade::{Banner, RunKind, Timestamp};

use super::failure::Failure;
use super::guard::{has_cookie, set_cookie};
use super::request::{Asker, Visitor, session};
use crate::access::{Audited, Deed, Role};
use crate::act;
use crate::backend::{DeploymentSummary, MaintenanceWish};
use crate::live::Listed;
use crate::pages::{self, Card, LINES_A_PAGE, Made, Page, Shown};
use crate::panel::Panel;

/// Runs on a page of the history.
const RUNS_A_PAGE: usize = 50;

/// How long a look at a deployment may hold a page up.
const LOOK_SECONDS: u64 = 5;

type Fields = Form<Vec<(String, String)>>;

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.trim())
}

fn page(asker: &Asker, here: &str, title: &str, body: Markup) -> Response {
    let person = Some(&asker.person);
    Page { title, here, person, form_token: &asker.form_token, body }.into_response()
}

fn stranger(visitor: &Visitor, title: &str, body: Markup) -> Response {
    Page { title, here: "", person: None, form_token: &visitor.form_token, body }.into_response()
}

/// Only our own pages: nobody is led elsewhere by a link to us.
fn our_own(to: &str) -> &str {
    let ours = to.starts_with('/')
        && !to.starts_with("//")
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if ours { to } else { "/" }
}

pub(crate) async fn sign_in_page(
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let to = our_own(query.get("to").map_or("/", String::as_str));
    stranger(&visitor, "Sign in", pages::sign_in(&visitor.form_token, to, None))
}

pub(crate) async fn sign_in(
    State(panel): State<Panel>,
    Extension(visitor): Extension<Visitor>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let (name, to) = (field(&fields, "name"), our_own(field(&fields, "to")));
    // Spaces belong to a password.
    let given = fields.iter().find(|(found, _)| found == "password").map(|(_, value)| value.clone());
    let now = panel.now();
    let noted = |who: &str, done: bool, detail: &str| {
        let address = visitor.address.to_string();
        let entry = Audited { who, address: &address, act: "sign in", object: "", done, detail };
        panel.access.audit(entry, now)
    };
    if let Err(wait) = panel.limits.attempt(name, visitor.address, now) {
        noted(name, false, "too many attempts")?;
        return Err(Failure::TooMany(wait));
    }
    let known = panel.access.password_of(name)?;
    let (person, hash) = known.unzip();
    let right = panel.passwords.is(given.unwrap_or_default(), hash).await;
    let (true, Some(person)) = (right, person) else {
        let locked = panel.limits.wrong(name, panel.now());
        noted(name, false, if locked { "wrong; the name is locked for a while" } else { "wrong" })?;
        let body = pages::sign_in(&visitor.form_token, to, Some("That name and password don't go together."));
        let mut response = stranger(&visitor, "Sign in", body);
        *response.status_mut() = http::StatusCode::UNAUTHORIZED;
        return Ok(response);
    };
    panel.limits.right(name);
    noted(&person, true, "")?;
    enter(&panel, &person, to)
}

/// A new session, whatever cookie the browser had.
fn enter(panel: &Panel, person: &str, to: &str) -> Result<Response, Failure> {
    let minted = panel.access.begin_session(person, panel.now())?;
    let value = set_cookie(
        panel.origins,
        panel.origins.session_cookie(),
        minted.text(),
        crate::access::SESSION_SECONDS,
    );
    let mut response = Redirect::to(to).into_response();
    let value = HeaderValue::from_str(&value).map_err(|error| Failure::Ours(error.to_string()))?;
    response.headers_mut().append(SET_COOKIE, value);
    Ok(response)
}

pub(crate) async fn sign_out(State(panel): State<Panel>, headers: HeaderMap) -> Result<Response, Failure> {
    let name = panel.origins.session_cookie();
    if let Some(secret) = session(panel.origins, &headers) {
        panel.access.end_session(secret)?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    if has_cookie(&headers, name)
        && let Ok(value) = HeaderValue::from_str(&set_cookie(panel.origins, name, "", 0))
    {
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(response)
}

pub(crate) async fn set_up_page(
    State(panel): State<Panel>,
    Extension(visitor): Extension<Visitor>,
    Path(secret): Path<String>,
) -> Result<Response, Failure> {
    if panel.access.has_people()? || !panel.access.is_setup(&secret, panel.now())? {
        return Err(crate::access::AccessError::NoSetup.into());
    }
    Ok(stranger(&visitor, "Set up", pages::set_up(&visitor.form_token, &secret, None)))
}

pub(crate) async fn set_up(
    State(panel): State<Panel>,
    Extension(visitor): Extension<Visitor>,
    Path(secret): Path<String>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let now = panel.now();
    panel.limits.attempt("", visitor.address, now).map_err(Failure::TooMany)?;
    if panel.access.has_people()? || !panel.access.is_setup(&secret, now)? {
        return Err(crate::access::AccessError::NoSetup.into());
    }
    let name = field(&fields, "name");
    let password = fields.iter().find(|(found, _)| found == "password").map(|(_, value)| value.clone());
    let made = match panel.passwords.hash(name, password.unwrap_or_default()).await {
        Err(error) => Err(Failure::from(error)),
        Ok(hash) => panel.access.set_up(&secret, name, &hash, now).map_err(Failure::from),
    };
    if let Err(failure) = made {
        let body = pages::set_up(&visitor.form_token, &secret, Some(&failure.to_string()));
        let mut response = stranger(&visitor, "Set up", body);
        *response.status_mut() = failure.status();
        return Ok(response);
    }
    let address = visitor.address.to_string();
    let entry = Audited { who: name, address: &address, act: "set up", object: name, done: true, detail: "" };
    panel.access.audit(entry, now)?;
    enter(&panel, name, "/")
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
        let last = runs.iter().rev().find(|run| run.deployment == settings.name).cloned();
        let last = panel.live.listed(last.into_iter().collect()).await?.pop();
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
    let older =
        (runs.len() == RUNS_A_PAGE).then(|| runs.last().map(|run| run.summary.run_id.clone())).flatten();
    Ok(page(&asker, "/history", "History", pages::history(&runs, older.as_deref())))
}

/// Runs, newest first, before a run.
pub(crate) async fn page_of_runs(
    panel: &Panel,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<Listed>, Failure> {
    let mut runs = panel.live.runs().await?;
    if let Some(before) = before {
        let place = runs.iter().position(|run| run.run_id == before).ok_or(Failure::NotFound)?;
        runs.truncate(place);
    }
    Ok(panel.live.listed(runs.into_iter().rev().take(limit).collect()).await?)
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
    let held = panel.live.is_held(&run_id).await?;
    let regions = pages::regions(&picture, may, &asker.form_token, held);
    let body = pages::run(
        &picture,
        held,
        panel.now(),
        regions,
        shown,
        (begin > 0).then_some(begin),
        before.is_none(),
    );
    Ok(page(&asker, "/history", &run_id, body))
}

pub(crate) async fn stop(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(run_id): Path<String>,
) -> Result<Redirect, Failure> {
    act::stop(&panel, &asker, &run_id).await?;
    Ok(to_run(&run_id))
}

pub(crate) async fn answer(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(run_id): Path<String>,
    Form(fields): Fields,
) -> Result<Redirect, Failure> {
    let skip = fields.iter().filter(|(name, _)| name == "skip").map(|(_, id)| id.clone()).collect();
    act::answer(&panel, &asker, &run_id, field(&fields, "answer"), skip).await?;
    Ok(to_run(&run_id))
}

pub(crate) async fn resume(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(run_id): Path<String>,
) -> Result<Redirect, Failure> {
    act::resume(&panel, &asker, &run_id).await?;
    Ok(to_run(&run_id))
}

/// The run is there: its id has been looked up, so it is one of ours and fits into an address.
fn to_run(run_id: &str) -> Redirect {
    Redirect::to(&format!("/runs/{run_id}"))
}

fn settings_of(panel: &Panel, name: &str) -> Result<DeploymentSummary, Failure> {
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
    let shown =
        Shown { settings: &settings, may: asker.person.role.may(Deed::Run), form_token: &asker.form_token };
    Ok(page(&asker, "", "System maintenance", pages::maintenance(&shown, &look, last.as_deref())))
}

pub(crate) async fn enable(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    Form(fields): Fields,
) -> Result<Redirect, Failure> {
    settings_of(&panel, &name)?;
    let minutes = |name: &str, most: u64| match field(&fields, name) {
        "" => Ok(None),
        text => match text.parse::<u64>() {
            Ok(minutes) if minutes <= most => Ok(Some(minutes * 60)),
            Ok(_) | Err(_) => Err(Failure::BadInput(format!("Minutes are a number up to {most}."))),
        },
    };
    let notice = minutes("notice_minutes", 10_080)?;
    let escalation = match field(&fields, "escalation") {
        "" => None,
        word => Some(pages::escalation(word).ok_or_else(|| Failure::BadInput("No such policy.".to_owned()))?),
    };
    let message = field(&fields, "message");
    let wish = MaintenanceWish {
        closes_at: notice.map(|seconds| Timestamp(panel.now().0.saturating_add(seconds * 1000))),
        message: (!message.is_empty()).then(|| message.to_owned()),
        grace_seconds: minutes("grace_minutes", 1440)?,
        escalation,
        force_sessions: Vec::new(),
    };
    let run_id = act::maintenance(&panel, &asker, &name, RunKind::EnterMaintenance, wish).await?;
    Ok(to_run(&run_id))
}

pub(crate) async fn disable(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
) -> Result<Redirect, Failure> {
    settings_of(&panel, &name)?;
    let wish = MaintenanceWish::default();
    let run_id = act::maintenance(&panel, &asker, &name, RunKind::LeaveMaintenance, wish).await?;
    Ok(to_run(&run_id))
}

pub(crate) async fn banner(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let settings = settings_of(&panel, &name)?;
    let banner = panel.backend.banner(&name).await;
    let may = asker.person.role.may(Deed::Announce);
    let shown = Shown { settings: &settings, may, form_token: &asker.form_token };
    Ok(page(&asker, "", "User banner", pages::banner(&shown, &banner)))
}

pub(crate) async fn set_banner(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    Form(fields): Fields,
) -> Result<Redirect, Failure> {
    settings_of(&panel, &name)?;
    let level = pages::level(field(&fields, "level"));
    let banner = Banner {
        // Browsers send CRLF.
        text: field(&fields, "text").replace("\r\n", "\n"),
        level: level.ok_or_else(|| Failure::BadInput("No such level.".to_owned()))?,
        from: local_time(field(&fields, "from"))?,
        until: local_time(field(&fields, "until"))?,
    };
    act::banner(&panel, &asker, &name, Some(banner)).await?;
    Ok(Redirect::to(&format!("/deployments/{name}/banner")))
}

/// `2026-11-25T08:30`, as browsers send it, as RFC 3339.
fn local_time(text: &str) -> Result<Option<String>, Failure> {
    let shape = |text: &str| text.len() == 16 && text.is_ascii();
    match text {
        "" => Ok(None),
        text if shape(text) => {
            let whole = format!("{text}:00Z");
            time::OffsetDateTime::parse(&whole, &time::format_description::well_known::Rfc3339)
                .map(|_| Some(whole))
                .map_err(|_| Failure::BadInput("That is no time.".to_owned()))
        }
        _ => Err(Failure::BadInput("That is no time.".to_owned())),
    }
}

pub(crate) async fn clear_banner(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
) -> Result<Redirect, Failure> {
    settings_of(&panel, &name)?;
    act::banner(&panel, &asker, &name, None).await?;
    Ok(Redirect::to(&format!("/deployments/{name}/banner")))
}

pub(crate) async fn access(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Failure> {
    let before = query.get("before").and_then(|text| text.parse().ok());
    access_page(&panel, &asker, before, None)
}

fn access_page(
    panel: &Panel,
    asker: &Asker,
    before: Option<i64>,
    made: Option<&Made<'_>>,
) -> Result<Response, Failure> {
    let (people, tokens) = (panel.access.people()?, panel.access.tokens()?);
    let trail = panel.access.audit_trail(before, 100)?;
    Ok(page(asker, "/access", "Access", pages::access(&people, &tokens, &trail, made, &asker.form_token)))
}

fn role_of(fields: &[(String, String)]) -> Result<Role, Failure> {
    Role::named(field(fields, "role")).ok_or_else(|| Failure::BadInput("No such role.".to_owned()))
}

pub(crate) async fn add_person(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Form(fields): Fields,
) -> Result<Redirect, Failure> {
    let password = fields.iter().find(|(name, _)| name == "password").map(|(_, value)| value.clone());
    let role = role_of(&fields)?;
    act::add_person(&panel, &asker, field(&fields, "name"), role, password.unwrap_or_default()).await?;
    Ok(Redirect::to("/access"))
}

pub(crate) async fn change_person(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Form(fields): Fields,
) -> Result<Redirect, Failure> {
    let disabled = field(&fields, "disabled") == "yes";
    act::change_person(&panel, &asker, field(&fields, "name"), role_of(&fields)?, disabled)?;
    Ok(Redirect::to("/access"))
}

pub(crate) async fn mint_token(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Form(fields): Fields,
) -> Result<Response, Failure> {
    let (name, days) = (field(&fields, "name"), field(&fields, "days").parse().unwrap_or(0));
    let minted = act::mint_token(&panel, &asker, name, role_of(&fields)?, days)?;
    access_page(&panel, &asker, None, Some(&Made { name, secret: minted.text() }))
}

pub(crate) async fn revoke_token(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Form(fields): Fields,
) -> Result<Redirect, Failure> {
    let id = field(&fields, "id").parse().map_err(|_| Failure::NotFound)?;
    act::revoke_token(&panel, &asker, id)?;
    Ok(Redirect::to("/access"))
}
