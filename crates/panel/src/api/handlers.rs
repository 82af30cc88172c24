//! The API's handlers, and the JSON that goes out and comes in: counterparts of our inner types, written here alone.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use conductor::Claim;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use upgrade::{Answer, Banner, Limit, LineKind, Maintenance, Outcome, Question, Seen, Timestamp, Users};

use crate::act;
use crate::backend::{GatePicture, LeavingWish, MaintenanceWish};
use crate::live::{Listed, RunPicture};
use crate::pages;
use crate::panel::Panel;
use crate::proposals::Standing;
use crate::web::{Asker, Failure, page_of_runs};

/// A failure, as the API tells it.
pub(crate) struct Problem(Failure);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.0.answer(true)
    }
}

impl<E: Into<Failure>> From<E> for Problem {
    fn from(error: E) -> Problem {
        Problem(error.into())
    }
}

pub(super) type Answered = Result<Json<Value>, Problem>;
pub(super) type Done = Result<StatusCode, Problem>;
pub(super) type Wanted = Query<HashMap<String, String>>;

/// Things on a page of the API.
const USUAL_LIMIT: usize = 50;
const MOST_LIMIT: usize = 500;

pub(super) fn limit(query: &HashMap<String, String>) -> Result<usize, Failure> {
    match query.get("limit").map(|text| text.parse::<usize>()) {
        None => Ok(USUAL_LIMIT),
        Some(Ok(limit)) if (1..=MOST_LIMIT).contains(&limit) => Ok(limit),
        Some(Ok(_) | Err(_)) => Err(Failure::BadInput(format!("limit is 1 to {MOST_LIMIT}."))),
    }
}

/// What was sent, or why it can't be read.
pub(super) fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body)
        .and_then(|value| serde_json::from_value(with_whole_numbers(value)))
        .map_err(|error| Failure::BadInput(format!("The body can't be read: {error}.")))
}

/// JSON Schema's integers are numbers without a fraction, so `60.0` is one; serde's are not.
fn with_whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            // Below 2^53 a float that is whole is exactly that integer.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
                json!(float as i64)
            }
            Some(_) | None => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(with_whole_numbers).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Value::Object(fields.map(|(name, value)| (name, with_whole_numbers(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

pub(crate) async fn document() -> Json<Value> {
    Json(super::document())
}

pub(crate) async fn deployments(State(panel): State<Panel>) -> Json<Value> {
    let all = panel.backend.deployments();
    let all = all.iter().map(|one| json!({"name": one.name, "stack": one.stack, "region": one.region}));
    Json(json!({"deployments": all.collect::<Vec<_>>()}))
}

pub(crate) async fn deployment(State(panel): State<Panel>, Path(name): Path<String>) -> Answered {
    let look = panel.looks.look(&name).await?;
    let (gate, maintenance) = match &look.gate {
        GatePicture::Open => ("open", None),
        GatePicture::Closed(maintenance) => ("closed", Some(maintenance)),
        GatePicture::AtWork => ("none", None),
        GatePicture::Stopped(maintenance) => ("none", Some(maintenance)),
        GatePicture::Unknown(_) => ("unknown", None),
    };
    let taken_away = look.taken_away.as_ref().map(|lines| lines.iter().map(|line| json!(line)).collect());
    let jobs = look.jobs.as_ref().map(|jobs| {
        let jobs = jobs.iter();
        jobs.map(|job| json!({"id": job.id, "name": job.name, "status": job.status, "owner": job.owner}))
            .collect()
    });
    let workers = look.workers.as_ref().map(|groups| {
        let groups = groups.iter();
        groups.map(|group| json!({"name": group.name, "instances": group.instances})).collect()
    });
    let services = look.services.as_ref().map(|services| {
        let services = services.iter();
        services
            .map(|one| json!({"name": one.name, "running": one.running, "desired": one.desired}))
            .collect()
    });
    let sessions = look.sessions.as_ref().map(|sessions| {
        sessions
            .as_ref()
            .map(|all| all.iter().map(|one| json!({"name": one.name, "owner": one.owner})).collect())
    });
    Ok(Json(json!({
        "name": name,
        "at": pages::iso(look.at),
        "version": look.version,
        "stackStatus": look.status,
        "gate": gate,
        "doors": look.doors,
        "gateRun": maintenance.map(|maintenance| &maintenance.run_id),
        "gateSince": maintenance.and_then(|maintenance| maintenance.since).map(pages::iso),
        "gateBy": maintenance.and_then(|maintenance| maintenance.by.as_ref()),
        "takenAway": known(taken_away),
        "jobs": known(jobs),
        "workers": known(workers),
        "services": known(services),
        "sessions": sessions.map(known),
    })))
}

/// A list, or why there is none.
fn known(things: Result<Vec<Value>, &String>) -> Value {
    match things {
        Ok(items) => json!({"items": items, "unknownBecause": null}),
        Err(reason) => json!({"items": null, "unknownBecause": reason}),
    }
}

pub(crate) async fn runs(State(panel): State<Panel>, Query(query): Wanted) -> Answered {
    let limit = limit(&query)?;
    let runs = page_of_runs(&panel, query.get("before").map(String::as_str), limit).await?;
    let next = (runs.len() == limit).then(|| runs.last().map(|run| run.summary.run_id.clone())).flatten();
    let runs: Vec<Value> = runs.iter().map(listed).collect();
    Ok(Json(json!({"runs": runs, "nextBefore": next})))
}

/// As [`summary`] has it. Of a damaged run only what the journal's own list says.
fn listed(run: &Listed) -> Value {
    let Listed { summary: run, digest } = run;
    let digest = digest.as_ref();
    let ok = digest.ok();
    json!({
        "runId": run.run_id,
        "deployment": run.deployment,
        "stack": run.stack_name,
        "kind": run.kind,
        "fromVersion": ok.and_then(|digest| digest.from_version.as_ref()),
        "toVersion": ok.and_then(|digest| digest.to_version.as_ref()),
        "startedAt": pages::iso(ok.map_or(run.created_at, |digest| digest.started_at)),
        "lastAt": pages::iso(ok.map_or(run.created_at, |digest| digest.last_at)),
        "standing": digest.map_or_else(
            |why| format!("{}: {}", why.word(), why.reason()),
            |digest| pages::standing_in(&digest.standing).1,
        ),
        "ended": run.ended,
        "outcome": ok.and_then(|digest| digest.standing.outcome.as_ref()).map(outcome),
    })
}

fn summary(picture: &RunPicture) -> Value {
    let (plan, report) = (&picture.plan, picture.telling.report());
    json!({
        "runId": plan.run_id,
        "deployment": plan.deployment,
        "stack": plan.stack_name,
        "kind": plan.kind,
        "fromVersion": plan.from_version,
        "toVersion": plan.to_version,
        "startedAt": pages::iso(report.started_at),
        "lastAt": pages::iso(report.last_at),
        "standing": pages::standing(plan.kind, picture.telling.state()).1,
        "ended": report.outcome.is_some(),
        "outcome": report.outcome.as_ref().map(outcome),
    })
}

fn outcome(outcome: &Outcome) -> Value {
    let (word, reason) = match outcome {
        Outcome::Upgraded => ("upgraded", None),
        Outcome::NotUpgraded { reason } => ("not-upgraded", Some(reason)),
        Outcome::WentBack { reason } => ("went-back", Some(reason)),
        Outcome::InMaintenance => ("in-maintenance", None),
        Outcome::OutOfMaintenance => ("out-of-maintenance", None),
        Outcome::GateClosed { reason } => ("gate-closed", Some(reason)),
    };
    json!({"word": word, "reason": reason})
}

/// What was seen of the deployment when a run had ended. What it is by now, the deployment's own operation tells.
fn seen(seen: &Seen) -> Value {
    let Seen { at, stack_status, release, users, doors, still_to_put_back, not_come_back, not_running } =
        seen;
    let doors: Vec<Value> =
        doors.iter().map(|door| json!({"listenerArn": door.listener_arn, "closed": door.closed})).collect();
    let (gate, found) = match users {
        Users::In => ("open", None),
        Users::Out(found) => ("closed", Some(maintenance(found))),
        Users::AtWork => ("none", None),
        Users::Stopped(found) => ("none", Some(maintenance(found))),
    };
    json!({
        "at": pages::iso(*at), "stackStatus": stack_status, "version": release, "gate": gate, "doors": doors, "maintenance": found,
        "stillToPutBack": still_to_put_back, "notComeBack": not_come_back,
        "notRunning": not_running,
    })
}

fn maintenance(found: &Maintenance) -> Value {
    let Maintenance { run_id, since, by, state: _ } = found;
    json!({"runId": run_id, "since": since.map(pages::iso), "by": by})
}

/// Who carries a run out, what was being done when that was last said, and when that was.
fn carried_out_by(claim: &Claim) -> Value {
    let Claim { holder, doing, beat_at } = claim;
    json!({"holder": holder.to_string(), "doing": doing, "at": pages::iso(*beat_at)})
}

fn answers(question: &Question) -> Vec<&'static str> {
    question.answers().iter().map(Answer::word).collect()
}

pub(crate) async fn run(State(panel): State<Panel>, Path(run_id): Path<String>) -> Answered {
    let picture = panel.live.run(&run_id).await?;
    let claim = panel.live.carried_out_by(&run_id).await?;
    let (plan, report) = (&picture.plan, picture.telling.report());
    let state = picture.telling.state();
    let mut value = summary(&picture);
    let steps: Vec<Value> = report
        .steps
        .iter()
        .map(|step| {
            json!({
                "step": step.step.title(),
                "startedAt": pages::iso(step.started_at),
                "endedAt": step.ended_at.map(pages::iso),
                "milliseconds": step.milliseconds(),
                "acts": step.acts,
            })
        })
        .collect();
    let question = state.and_then(|state| state.question.as_ref()).map(|question| match question {
        Question::RollbackFailed { root_cause, resources, refused, .. } => json!({
            "kind": "rollback-failed",
            "rootCause": root_cause,
            "refused": refused,
            "resources": resources.iter().map(|one| &one.logical_id).collect::<Vec<_>>(),
            "answers": ["retry", "skip", "look-again", "stay-closed"],
        }),
        Question::Unseen { error, minutes, .. } => json!({
            "kind": "unseen", "error": error, "minutes": minutes, "answers": answers(question),
        }),
        Question::NoCredentials { step, error, can_leave: _ } => json!({
            "kind": "no-credentials", "step": step.title(), "error": error, "answers": answers(question),
        }),
        Question::Unhealthy { findings, can_go_back: _ } => json!({
            "kind": "unhealthy", "findings": findings, "answers": answers(question),
        }),
        Question::Leaving { step, held, can_go_back: _, tried_on } => json!({
            "kind": "leaving", "step": step.title(), "held": held, "triedOn": tried_on, "answers": answers(question),
        }),
        Question::GateGone { updating, doors } => json!({
            "kind": "gate-gone", "updating": updating, "doors": doors, "answers": answers(question),
        }),
        Question::WindowPassed { closes_at } => json!({
            "kind": "window-passed", "closesAt": pages::iso(*closes_at), "answers": answers(question),
        }),
    });
    let jobs: Vec<Value> = report
        .stopped_jobs
        .iter()
        .map(|job| json!({"id": job.id, "name": job.name, "owner": job.owner}))
        .collect();
    let proposal = panel.proposals.of_run(&run_id)?;
    let begun_by = proposal.as_ref().and_then(|proposal| match &proposal.standing {
        Standing::Begun { by, .. } => Some(by),
        Standing::Unseen
        | Standing::Looking { .. }
        | Standing::Failed { .. }
        | Standing::Seen
        | Standing::Approved(_)
        | Standing::Discarded { .. } => None,
    });
    let approval = report.approval.as_ref();
    if let Some(object) = value.as_object_mut() {
        object.insert("proposedBy".to_owned(), json!(proposal.as_ref().map(|proposal| &proposal.made_by)));
        object.insert("approvedBy".to_owned(), json!(approval.map(|approval| &approval.by)));
        object.insert("approvedAt".to_owned(), json!(approval.map(|approval| pages::iso(approval.at))));
        object.insert("begunBy".to_owned(), json!(begun_by));
        object.insert("planSha256".to_owned(), json!(plan.sha256()));
        object.insert("carriedOut".to_owned(), json!(claim.is_some()));
        object.insert("carriedOutBy".to_owned(), json!(claim.as_ref().map(carried_out_by)));
        object.insert("steps".to_owned(), json!(steps));
        object.insert(
            "waitingOn".to_owned(),
            json!(state.map_or(&[][..], |state| state.waiting_on.as_slice())),
        );
        let limit = state.and_then(|state| Limit::of(plan, state, panel.now()));
        let limit = limit.map(|Limit { at, then }| json!({"at": pages::iso(at), "then": then.to_string()}));
        object.insert("until".to_owned(), json!(limit));
        object.insert("question".to_owned(), json!(question));
        object.insert("stoppedJobs".to_owned(), json!(jobs));
        object.insert("decisions".to_owned(), json!(report.decisions));
        object.insert("remarks".to_owned(), json!(report.remarks));
        object.insert("found".to_owned(), json!(report.found.as_ref().map(maintenance)));
        object.insert("cameBack".to_owned(), json!(report.came_back));
        object.insert("stillToPutBack".to_owned(), json!(report.still_to_put_back));
        object.insert("leftBehind".to_owned(), json!(report.left_behind));
        object.insert("seen".to_owned(), json!(report.seen.as_ref().map(seen)));
    }
    Ok(Json(value))
}

pub(crate) async fn lines(
    State(panel): State<Panel>,
    Path(run_id): Path<String>,
    Query(query): Wanted,
) -> Answered {
    let limit = limit(&query)?;
    let picture = panel.live.run(&run_id).await?;
    let all = picture.telling.lines();
    let before = match query.get("before").map(|text| text.parse::<usize>()) {
        None => all.len(),
        Some(Ok(before)) => before.min(all.len()),
        Some(Err(_)) => return Err(Failure::BadInput("before is a line's number.".to_owned()).into()),
    };
    let begin = before.saturating_sub(limit);
    let shown: Vec<Value> = all.get(begin..before).unwrap_or_default().iter().rev().map(line).collect();
    Ok(Json(json!({"lines": shown, "nextBefore": (begin > 0).then_some(begin)})))
}

fn line(line: &upgrade::Line) -> Value {
    let (kind, text) = match &line.kind {
        LineKind::Step(step) => ("step", step.title().to_owned()),
        LineKind::Act(act) => ("act", act.clone()),
        LineKind::Stack(event) => {
            let reason = event.status_reason.as_deref().unwrap_or_default();
            ("stack", format!("{} {} {reason}", event.status, event.logical_id).trim_end().to_owned())
        }
        LineKind::Failed(error) => ("failed", error.clone()),
        LineKind::FailedAgain(times) => ("failed-again", times.to_string()),
        LineKind::Stop { by } => ("stop", by.clone()),
        LineKind::Decision { by, what } => ("decision", format!("{by}: {what}")),
        LineKind::Asked => ("asked", String::new()),
        LineKind::Resumed => ("resumed", String::new()),
        LineKind::StoodStill => ("stood-still", String::new()),
        LineKind::CameBack(what) => ("came-back", what.clone()),
        LineKind::Ended(..) => ("ended", String::new()),
    };
    json!({"number": line.number, "at": pages::iso(line.at), "kind": kind, "text": text})
}

pub(crate) async fn stop(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(run_id): Path<String>,
) -> Done {
    act::stop(&panel, &asker, &run_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    answer: String,
    #[serde(default)]
    skip: Vec<String>,
}

pub(crate) async fn answer(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(run_id): Path<String>,
    body: bytes::Bytes,
) -> Done {
    let sent: AnswerBody = read(&body)?;
    act::answer(&panel, &asker, &run_id, &sent.answer, sent.skip).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn resume(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(run_id): Path<String>,
) -> Done {
    act::resume(&panel, &asker, &run_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct MaintenanceBody {
    message: Option<String>,
    notice_seconds: Option<u32>,
    grace_seconds: Option<u32>,
    escalation: Option<String>,
    force_sessions: Vec<String>,
}

pub(crate) async fn enable(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    body: bytes::Bytes,
) -> Answered {
    let sent: MaintenanceBody = if body.is_empty() { MaintenanceBody::default() } else { read(&body)? };
    known_deployment(&panel, &name)?;
    let escalation = sent.escalation.as_deref().map(|word| {
        pages::escalation(word)
            .ok_or_else(|| Failure::BadInput("escalation is wait, stop or force.".to_owned()))
    });
    let notice =
        sent.notice_seconds.map(|seconds| Timestamp(panel.now().0.saturating_add(u64::from(seconds) * 1000)));
    let wish = MaintenanceWish {
        closes_at: notice,
        message: sent.message,
        grace_seconds: sent.grace_seconds.map(u64::from),
        escalation: escalation.transpose()?,
        force_sessions: sent.force_sessions,
    };
    let run_id = act::enter_maintenance(&panel, &asker, &name, wish).await?;
    Ok(Json(json!({"runId": run_id})))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct LeavingBody {
    stop_run: bool,
    while_updating: bool,
    although_unhealthy: bool,
}

pub(crate) async fn disable(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    body: bytes::Bytes,
) -> Answered {
    let LeavingBody { stop_run, while_updating, although_unhealthy } =
        if body.is_empty() { LeavingBody::default() } else { read(&body)? };
    known_deployment(&panel, &name)?;
    let wish = LeavingWish { stop_run, while_updating, although_unhealthy };
    let run_id = act::leave_maintenance(&panel, &asker, &name, wish).await?;
    Ok(Json(json!({"runId": run_id})))
}

pub(super) fn known_deployment(panel: &Panel, name: &str) -> Result<(), Failure> {
    let known = panel.backend.deployments().iter().any(|one| one.name == name);
    if known { Ok(()) } else { Err(Failure::NotFound) }
}

pub(crate) async fn banner(State(panel): State<Panel>, Path(name): Path<String>) -> Answered {
    let banner = panel.looks.banner(&name).await?;
    Ok(Json(banner.as_ref().as_ref().map_or(Value::Null, |banner| {
        json!({
            "text": banner.text,
            "level": pages::level_word(banner.level),
            "from": banner.from,
            "until": banner.until,
        })
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BannerBody {
    text: String,
    level: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    until: Option<String>,
}

pub(crate) async fn set_banner(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    body: bytes::Bytes,
) -> Done {
    let sent: BannerBody = read(&body)?;
    known_deployment(&panel, &name)?;
    let level = pages::level(&sent.level);
    let level = level.ok_or_else(|| Failure::BadInput("level is info, warning or critical.".to_owned()))?;
    for time in sent.from.iter().chain(&sent.until) {
        time::OffsetDateTime::parse(time, &time::format_description::well_known::Rfc3339)
            .map_err(|_| Failure::BadInput("Times are RFC 3339.".to_owned()))?;
    }
    let banner = Banner { text: sent.text, level, from: sent.from, until: sent.until };
    act::banner(&panel, &asker, &name, Some(banner)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn clear_banner(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
) -> Done {
    known_deployment(&panel, &name)?;
    act::banner(&panel, &asker, &name, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
