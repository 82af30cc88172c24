//! Proposals over the API: what comes in, and what goes out.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upgrade::{Timestamp, UpdateOptions};

use super::handlers::{Answered, Done, Wanted, known_deployment, limit, read};
use crate::act::{self, Acknowledged, ProposalChange};
use crate::pages;
use crate::panel::Panel;
use crate::proposals::{Preparation, Proposal, Standing, TemplateChoice, WishedTemplate};
use crate::web::{Asker, Failure};

/// `{"url": …}`, `{"release": …}`, or `{"fileName": …, "file": …}`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct TemplateBody {
    url: Option<String>,
    release: Option<String>,
    file: Option<String>,
    file_name: Option<String>,
}

impl TemplateBody {
    fn wished(self) -> Result<WishedTemplate, Failure> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        match (given(self.url), given(self.release), given(self.file)) {
            (Some(url), None, None) => Ok(WishedTemplate::Url(url.trim().to_owned())),
            (None, Some(version), None) => Ok(WishedTemplate::Release(version)),
            (None, None, Some(text)) => Ok(WishedTemplate::File {
                name: self.file_name.unwrap_or_else(|| "template".to_owned()),
                text,
            }),
            (None, None, None) => Err(Failure::BadInput(
                "Give the release: a URL, a file, or a version of the catalogue.".to_owned(),
            )),
            (_, _, _) => Err(Failure::BadInput("Give one of URL, file and release.".to_owned())),
        }
    }
}

pub(crate) async fn releases(State(panel): State<Panel>, Path(name): Path<String>) -> Answered {
    known_deployment(&panel, &name)?;
    let releases = panel.backend.releases(&name).await?;
    let releases = releases.iter().map(|one| {
        json!({
            "version": one.version, "fromAtLeast": one.from_at_least, "requiredStop": one.required_stop,
            "notes": one.notes,
        })
    });
    Ok(Json(json!({"releases": releases.collect::<Vec<_>>()})))
}

pub(crate) async fn list(
    State(panel): State<Panel>,
    Path(name): Path<String>,
    Query(query): Wanted,
) -> Answered {
    known_deployment(&panel, &name)?;
    let limit = limit(&query)?;
    let proposals = panel.proposals.list(&name, query.get("before").map(String::as_str), limit)?;
    let next = (proposals.len() == limit).then(|| proposals.last().map(|last| last.id.clone())).flatten();
    let shown: Vec<Value> = proposals.iter().map(summary).collect();
    Ok(Json(json!({"proposals": shown, "nextBefore": next})))
}

pub(crate) async fn make(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(name): Path<String>,
    body: bytes::Bytes,
) -> Answered {
    known_deployment(&panel, &name)?;
    let sent: TemplateBody = read(&body)?;
    let proposal = act::propose(&panel, &asker, &name, sent.wished()?)?;
    Ok(Json(summary(&proposal)))
}

pub(crate) async fn get(State(panel): State<Panel>, Path(id): Path<String>) -> Answered {
    let proposal = panel.proposals.get(&id)?;
    let preparation = panel.proposals.preparation(&proposal)?;
    let mut value = summary(&proposal);
    if let Some(object) = value.as_object_mut() {
        object.insert("preparation".to_owned(), json!(preparation.as_ref().map(prepared)));
    }
    Ok(Json(value))
}

/// How far it has come, in a word.
pub(crate) fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Unseen => "not-looked-at",
        Standing::Looking { .. } => "looking",
        Standing::Failed { .. } => "look-failed",
        Standing::Seen => "looked-at",
        Standing::Approved(_) => "approved",
        Standing::Begun { .. } => "begun",
        Standing::Discarded { .. } => "discarded",
    }
}

fn summary(proposal: &Proposal) -> Value {
    let (kind, text) = match &proposal.template {
        TemplateChoice::Url(url) => ("url", url),
        TemplateChoice::File { name } => ("file", name),
        TemplateChoice::Release(version) => ("release", version),
    };
    let approval = proposal.standing.approval();
    let (run_id, begun_by) = match &proposal.standing {
        Standing::Begun { run_id, by, .. } => (Some(run_id), Some(by)),
        Standing::Unseen
        | Standing::Looking { .. }
        | Standing::Failed { .. }
        | Standing::Seen
        | Standing::Approved(_)
        | Standing::Discarded { .. } => (None, None),
    };
    let reason = match &proposal.standing {
        Standing::Failed { reason, .. } => Some(reason),
        Standing::Unseen
        | Standing::Looking { .. }
        | Standing::Seen
        | Standing::Approved(_)
        | Standing::Begun { .. }
        | Standing::Discarded { .. } => None,
    };
    let options = &proposal.options;
    let tags: Option<BTreeMap<_, _>> = options.tags.as_ref().map(|tags| tags.iter().cloned().collect());
    json!({
        "proposalId": proposal.id,
        "deployment": proposal.deployment,
        "proposedBy": proposal.made_by,
        "authors": proposal.authors,
        "proposedAt": pages::iso(proposal.made_at),
        "template": {"kind": kind, "text": text},
        "parameters": proposal.given,
        "accepted": proposal.accepted,
        "options": {
            "roleArn": options.role_arn, "tags": tags, "notificationArns": options.notification_arns,
            "rollbackTriggers": options.rollback_triggers,
        },
        "forceSessions": proposal.force_sessions,
        "closesAt": proposal.closes_at.map(pages::iso),
        "standing": word(&proposal.standing),
        "reason": reason,
        "approvedBy": approval.map(|approval| &approval.by),
        "approvedAt": approval.map(|approval| pages::iso(approval.at)),
        "approvedPlan": approval.map(|approval| &approval.plan_sha256),
        "runId": run_id,
        "begunBy": begun_by,
    })
}

fn prepared(preparation: &Preparation) -> Value {
    let foretold = preparation.foretold.as_ref().map(|foretold| {
        json!({
            "updates": foretold.updates.iter().map(|update| json!({
                "update": update.kind.title(), "stack": update.stack_name, "fromVersion": update.from_version,
                "toVersion": update.to_version, "changes": update.expected,
            })).collect::<Vec<_>>(),
            "risks": foretold.risks,
            "permissions": serde_json::from_str::<Value>(&foretold.permissions).unwrap_or(Value::Null),
            "losses": foretold.losses,
        })
    });
    json!({
        "at": pages::iso(preparation.at),
        "toVersion": preparation.to_version,
        "checks": preparation.checks,
        "parameters": preparation.parameters,
        "foretold": foretold,
        "atWork": preparation.at_work,
        "expectation": preparation.expectation,
        "capabilities": preparation.capabilities(),
        "planSha256": preparation.plan.as_ref().map(upgrade::Plan::sha256),
        "inTheWay": preparation.in_the_way,
        "noPlanBecause": preparation.undrawn,
    })
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct ChangeBody {
    template: Option<TemplateBody>,
    parameters: BTreeMap<String, Option<String>>,
    options: Option<OptionsBody>,
    force_sessions: Option<Vec<String>>,
    closes_at: Option<String>,
    accept: BTreeMap<String, String>,
}

/// What is left out stays as the stack has it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct OptionsBody {
    role_arn: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    notification_arns: Option<Vec<String>>,
    rollback_triggers: Option<Vec<String>>,
}

pub(crate) async fn change(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: bytes::Bytes,
) -> Answered {
    let sent: ChangeBody = read(&body)?;
    let closes_at = sent.closes_at.map(|text| match text.as_str() {
        "" => Ok(None),
        text => moment(text).map(Some),
    });
    let change = ProposalChange {
        template: sent.template.map(TemplateBody::wished).transpose()?,
        parameters: sent.parameters,
        options: sent.options.map(options).transpose()?,
        force_sessions: sent.force_sessions,
        closes_at: closes_at.transpose()?,
        accept: sent.accept,
    };
    Ok(Json(summary(&act::change(&panel, &asker, &id, change)?)))
}

fn moment(text: &str) -> Result<Timestamp, Failure> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
    parsed
        .and_then(|at| u64::try_from(at.unix_timestamp()).ok())
        .map(|seconds| Timestamp(seconds.saturating_mul(1000)))
        .ok_or_else(|| Failure::field("closesAt", "A time is RFC 3339, such as 2026-11-25T22:00:00Z."))
}

/// CloudFormation's limits (API reference, CreateChangeSet and RollbackConfiguration).
fn options(sent: OptionsBody) -> Result<UpdateOptions, Failure> {
    let arn = |text: &str| text.starts_with("arn:") && text.split(':').count() >= 6 && text.len() <= 2048;
    let role_arn = sent.role_arn.filter(|text| !text.is_empty());
    if role_arn.as_deref().is_some_and(|text| !arn(text)) {
        return Err(Failure::field("options.roleArn", "A role is named by its ARN."));
    }
    let lists = [
        (
            "options.notificationArns",
            &sent.notification_arns,
            "SNS topics are named by their ARNs, five at most.",
        ),
        (
            "options.rollbackTriggers",
            &sent.rollback_triggers,
            "Alarms are named by their ARNs, five at most.",
        ),
    ];
    for (field, list, words) in lists {
        if list.as_ref().is_some_and(|list| list.len() > 5 || !list.iter().all(|text| arn(text))) {
            return Err(Failure::field(field, words));
        }
    }
    let fits = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256 && !key.starts_with("aws:")
    };
    if sent.tags.as_ref().is_some_and(|tags| tags.len() > 50 || !tags.iter().all(fits)) {
        return Err(Failure::field(
            "options.tags",
            "At most 50 tags; a key has 1 to 128 characters and doesn't begin with aws:, a value at most 256.",
        ));
    }
    Ok(UpdateOptions {
        role_arn,
        tags: sent.tags.map(|tags| tags.into_iter().collect()),
        notification_arns: sent.notification_arns,
        rollback_triggers: sent.rollback_triggers,
    })
}

pub(crate) async fn look(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Answered {
    Ok(Json(summary(&act::look(&panel, &asker, &id)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ApprovalBody {
    plan_sha256: String,
    #[serde(default)]
    capabilities: Vec<String>,
    #[serde(default)]
    losses: Vec<String>,
}

pub(crate) async fn approve(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: bytes::Bytes,
) -> Answered {
    let sent: ApprovalBody = read(&body)?;
    let acknowledged =
        Acknowledged { plan_sha256: sent.plan_sha256, capabilities: sent.capabilities, losses: sent.losses };
    Ok(Json(summary(&act::approve(&panel, &asker, &id, &acknowledged)?)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct RunBody {
    without_notice: bool,
}

pub(crate) async fn run(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: bytes::Bytes,
) -> Answered {
    let sent: RunBody = if body.is_empty() { RunBody::default() } else { read(&body)? };
    let run_id = act::begin(&panel, &asker, &id, sent.without_notice).await?;
    Ok(Json(json!({"runId": run_id})))
}

pub(crate) async fn discard(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Done {
    act::discard(&panel, &asker, &id)?;
    Ok(StatusCode::NO_CONTENT)
}
