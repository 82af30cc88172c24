//! Proposals over the API: what comes in, and what goes out.

use std::collections::BTreeMap;

use ::time::OffsetDateTime;
use ::time::format_description::well_known::Rfc3339;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use upgrade::{CatalogueEntry, Timestamp, UpdateOptions};

use super::deployments::Started;
use super::operation::{Done, Optional, limit};
use super::time::Time;
use crate::act::{self, Acknowledged, ProposalChange};
use crate::proposals::{self, MOST_TEMPLATE_BYTES, TemplateChoice, WishedTemplate};
use crate::web::{Call, Failure};

#[derive(Serialize, JsonSchema)]
pub(super) struct Releases {
    releases: Vec<Release>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Release {
    version: String,
    from_at_least: Option<String>,
    required_stop: bool,
    notes: Option<String>,
}

pub(super) async fn releases(call: Call) -> Result<Releases, Failure> {
    call.deployment()?;
    let releases = call.panel.backend.releases(&call.id).await?.into_iter();
    let releases = releases.map(|CatalogueEntry { version, from_at_least, required_stop, notes, .. }| {
        Release { version, from_at_least, required_stop, notes }
    });
    Ok(Releases { releases: releases.collect() })
}

/// `{"url": …}`, `{"release": …}`, or `{"fileName": …, "file": …}`.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Template {
    url: Option<String>,
    release: Option<String>,
    file_name: Option<String>,
    #[schemars(length(max = MOST_TEMPLATE_BYTES))]
    file: Option<String>,
}

impl Template {
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

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Proposals {
    proposals: Vec<ProposalSummary>,
    /// The proposal that the next page ends before.
    next_before: Option<String>,
}

/// An upgrade in the making.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProposalSummary {
    proposal_id: String,
    deployment: String,
    proposed_by: String,
    /// Everybody who decided on its release, values or options, whoever proposed it first.
    authors: Vec<String>,
    proposed_at: Time,
    template: ChosenTemplate,
    /// Values that are given; every other parameter keeps its own, or takes the new default.
    parameters: BTreeMap<String, String>,
    accepted: Vec<Acceptance>,
    options: Options,
    force_sessions: Vec<String>,
    /// When the gate closes; `null`: after the settings' notice.
    closes_at: Option<Time>,
    standing: StageWord,
    /// Why the deployment could not be looked at.
    reason: Option<String>,
    approved_by: Option<String>,
    approved_at: Option<Time>,
    /// The SHA-256 of the plan that was approved.
    approved_plan: Option<String>,
    run_id: Option<String>,
    begun_by: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct ChosenTemplate {
    kind: TemplateKind,
    /// The URL, the file's name, or the version.
    text: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum TemplateKind {
    Url,
    File,
    Release,
}

/// A check or a loss that somebody accepted.
#[derive(Serialize, JsonSchema)]
struct Acceptance {
    /// The check's id, or the resource's logical id.
    what: String,
    who: String,
    why: String,
    /// The warnings that it is about, where it is about these alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    of: Vec<String>,
}

/// How far a proposal has come.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum StageWord {
    NotLookedAt,
    Looking,
    LookFailed,
    LookedAt,
    Approved,
    Begun,
    Discarded,
}

impl From<proposals::Proposal> for ProposalSummary {
    fn from(proposal: proposals::Proposal) -> ProposalSummary {
        let proposals::Proposal {
            id,
            deployment,
            revision: _,
            made_by,
            authors,
            made_at,
            template,
            choices,
            stage,
        } = proposal;
        let (kind, text) = match template {
            TemplateChoice::Url(url) => (TemplateKind::Url, url),
            TemplateChoice::File { name } => (TemplateKind::File, name),
            TemplateChoice::Release(version) => (TemplateKind::Release, version),
        };
        let approval = stage.approval().cloned();
        let (run_id, begun_by) = stage.begun().map(|(run_id, by)| (run_id.to_owned(), by.to_owned())).unzip();
        let (standing, reason) = match stage {
            proposals::Stage::Unseen => (StageWord::NotLookedAt, None),
            proposals::Stage::Looking { .. } => (StageWord::Looking, None),
            proposals::Stage::Failed { reason, .. } => (StageWord::LookFailed, Some(reason)),
            proposals::Stage::Seen => (StageWord::LookedAt, None),
            proposals::Stage::Approved(_) => (StageWord::Approved, None),
            proposals::Stage::Begun { .. } => (StageWord::Begun, None),
            proposals::Stage::Discarded { .. } => (StageWord::Discarded, None),
        };
        let accepted = choices.accepted.into_iter();
        ProposalSummary {
            proposal_id: id,
            deployment,
            proposed_by: made_by,
            authors,
            proposed_at: made_at.into(),
            template: ChosenTemplate { kind, text },
            parameters: choices.given,
            accepted: accepted
                .map(|upgrade::Acceptance { what, who, why, of }| Acceptance { what, who, why, of })
                .collect(),
            options: choices.options.into(),
            force_sessions: choices.force_sessions,
            closes_at: choices.closes_at.map(Time::from),
            standing,
            reason,
            approved_by: approval.as_ref().map(|approval| approval.by.clone()),
            approved_at: approval.as_ref().map(|approval| approval.at.into()),
            approved_plan: approval.map(|approval| approval.plan_sha256),
            run_id,
            begun_by,
        }
    }
}

pub(super) async fn list(call: Call) -> Result<Proposals, Failure> {
    call.deployment()?;
    let limit = limit(&call)?;
    let proposals = call.panel.proposals.list(&call.id, call.query("before"), limit)?;
    let next = (proposals.len() == limit).then(|| proposals.last().map(|last| last.id.clone())).flatten();
    Ok(Proposals { proposals: proposals.into_iter().map(ProposalSummary::from).collect(), next_before: next })
}

pub(super) async fn make(call: Call, sent: Template) -> Result<ProposalSummary, Failure> {
    call.deployment()?;
    Ok(act::propose(&call, sent.wished()?)?.into())
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Proposal {
    #[serde(flatten)]
    summary: ProposalSummary,
    /// `null`: the deployment wasn't looked at for it as it is now.
    preparation: Option<Preparation>,
}

/// A JSON object.
type Object = Map<String, Value>;

/// What was found out for a proposal.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Preparation {
    at: Time,
    to_version: Option<String>,
    #[schemars(with = "Vec<Object>")]
    checks: Vec<upgrade::CheckResult>,
    #[schemars(with = "Vec<Object>")]
    parameters: Vec<upgrade::ParameterRow>,
    /// `null`: what the updates will do can't be told as things are.
    foretold: Option<Foretold>,
    #[schemars(with = "Object")]
    at_work: upgrade::AtWork,
    /// How long users will be kept out, in a sentence.
    expectation: String,
    capabilities: Vec<String>,
    plan_sha256: Option<String>,
    /// The checks that stand in the way of a plan, by id.
    in_the_way: Vec<String>,
    /// Why there is no plan, where it isn't checks.
    no_plan_because: Option<String>,
}

/// What the updates will do.
#[derive(Serialize, JsonSchema)]
struct Foretold {
    updates: Vec<Update>,
    #[schemars(with = "Vec<Object>")]
    risks: Vec<upgrade::PlannedRisk>,
    /// The least IAM policy of the primary stack's update.
    permissions: Value,
    /// Resources whose data goes with them, by logical id.
    losses: Vec<String>,
}

/// The update of one stack.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Update {
    update: String,
    stack: String,
    from_version: Option<String>,
    to_version: Option<String>,
    #[schemars(with = "Vec<Object>")]
    changes: Vec<upgrade::ExpectedChange>,
}

impl From<proposals::Preparation> for Preparation {
    fn from(found: proposals::Preparation) -> Preparation {
        let capabilities = found.capabilities().into_iter().map(str::to_owned).collect();
        let update = |update: upgrade::StackUpdate| Update {
            update: update.kind.title().to_owned(),
            stack: update.stack_name,
            from_version: update.from_version,
            to_version: update.to_version,
            changes: update.expected,
        };
        let foretold =
            found.foretold.map(|upgrade::Foretold { updates, risks, permissions, losses }| Foretold {
                updates: updates.into_iter().map(update).collect(),
                risks,
                permissions: serde_json::from_str(&permissions).unwrap_or(Value::Null),
                losses,
            });
        Preparation {
            at: found.at.into(),
            to_version: found.to_version,
            checks: found.checks,
            parameters: found.parameters,
            foretold,
            at_work: found.at_work,
            expectation: found.expectation,
            capabilities,
            plan_sha256: found.plan.as_ref().map(upgrade::Plan::sha256),
            in_the_way: found.in_the_way,
            no_plan_because: found.undrawn,
        }
    }
}

pub(super) async fn get(call: Call) -> Result<Proposal, Failure> {
    let proposal = call.panel.proposals.get(&call.id)?;
    let preparation = call.panel.proposals.preparation(&proposal)?.map(Preparation::from);
    Ok(Proposal { summary: proposal.into(), preparation })
}

/// What is left out stays.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(rename = "ProposalChange")]
pub(super) struct Change {
    template: Option<Template>,
    /// Values that are given; `null`: none any more.
    parameters: BTreeMap<String, Option<String>>,
    /// All settings of the stack operation.
    options: Option<Options>,
    /// Sessions that may be stopped unsaved, all of them.
    force_sessions: Option<Vec<String>>,
    /// When the gate closes, RFC 3339; empty: after the settings' notice.
    closes_at: Option<String>,
    /// Why checks and losses are accepted, by what; an empty reason takes an acceptance back.
    accept: BTreeMap<String, String>,
}

/// Settings of the stack operation; what is left out stays as the stack has it.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    role_arn: Option<String>,
    #[schemars(extend("maxProperties" = MOST_TAGS))]
    tags: Option<BTreeMap<String, String>>,
    #[schemars(length(max = MOST_ARNS))]
    notification_arns: Option<Vec<String>>,
    #[schemars(length(max = MOST_ARNS))]
    rollback_triggers: Option<Vec<String>>,
}

/// CloudFormation's limits (API reference, CreateChangeSet and RollbackConfiguration).
const MOST_TAGS: usize = 50;
const MOST_ARNS: usize = 5;

impl From<UpdateOptions> for Options {
    fn from(options: UpdateOptions) -> Options {
        let UpdateOptions { role_arn, tags, notification_arns, rollback_triggers } = options;
        let tags = tags.map(|tags| tags.into_iter().collect());
        Options { role_arn, tags, notification_arns, rollback_triggers }
    }
}

impl Options {
    fn checked(self) -> Result<UpdateOptions, Failure> {
        let Options { role_arn, tags, notification_arns, rollback_triggers } = self;
        let arn = |text: &str| text.starts_with("arn:") && text.split(':').count() >= 6 && text.len() <= 2048;
        let role_arn = role_arn.filter(|text| !text.is_empty());
        if role_arn.as_deref().is_some_and(|text| !arn(text)) {
            return Err(Failure::field("options.roleArn", "A role is named by its ARN."));
        }
        for (field, list, words) in [
            ("notificationArns", &notification_arns, "SNS topics are named by their ARNs, five at most."),
            ("rollbackTriggers", &rollback_triggers, "Alarms are named by their ARNs, five at most."),
        ] {
            if list.as_ref().is_some_and(|list| list.len() > MOST_ARNS || !list.iter().all(|text| arn(text)))
            {
                return Err(Failure::field(&format!("options.{field}"), words));
            }
        }
        let fits = |(key, value): (&String, &String)| {
            (1..=128).contains(&key.chars().count())
                && value.chars().count() <= 256
                && !key.starts_with("aws:")
        };
        if tags.as_ref().is_some_and(|tags| tags.len() > MOST_TAGS || !tags.iter().all(fits)) {
            return Err(Failure::field(
                "options.tags",
                "At most 50 tags; a key has 1 to 128 characters and doesn't begin with aws:, a value at most 256.",
            ));
        }
        let tags = tags.map(|tags| tags.into_iter().collect());
        Ok(UpdateOptions { role_arn, tags, notification_arns, rollback_triggers })
    }
}

pub(super) async fn change(call: Call, sent: Change) -> Result<ProposalSummary, Failure> {
    let closes_at = sent.closes_at.map(|text| match text.as_str() {
        "" => Ok(None),
        text => moment(text).map(Some),
    });
    let change = ProposalChange {
        template: sent.template.map(Template::wished).transpose()?,
        parameters: sent.parameters,
        options: sent.options.map(Options::checked).transpose()?,
        force_sessions: sent.force_sessions,
        closes_at: closes_at.transpose()?,
        accept: sent.accept,
    };
    Ok(act::change(&call, change)?.into())
}

fn moment(text: &str) -> Result<Timestamp, Failure> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
    parsed
        .and_then(|at| u64::try_from(at.unix_timestamp()).ok())
        .map(|seconds| Timestamp(seconds.saturating_mul(1000)))
        .ok_or_else(|| Failure::field("closesAt", "A time is RFC 3339, such as 2026-11-25T22:00:00Z."))
}

pub(super) async fn prepare(call: Call) -> Result<ProposalSummary, Failure> {
    Ok(act::prepare(&call)?.into())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Approval {
    plan_sha256: String,
    /// Capabilities of CloudFormation that are acknowledged.
    #[serde(default)]
    capabilities: Vec<String>,
    /// Resources, by logical id, of which it is known that their data goes.
    #[serde(default)]
    losses: Vec<String>,
}

pub(super) async fn approve(call: Call, sent: Approval) -> Result<ProposalSummary, Failure> {
    let Approval { plan_sha256, capabilities, losses } = sent;
    Ok(act::approve(&call, &Acknowledged { plan_sha256, capabilities, losses })?.into())
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Begin {
    /// It is begun even when users no longer have the notice that was meant for them.
    without_notice: bool,
}

pub(super) async fn run(call: Call, Optional(sent): Optional<Begin>) -> Result<Started, Failure> {
    Ok(Started { run_id: act::begin(&call, sent.without_notice).await? })
}

pub(super) async fn discard(call: Call) -> Result<Done, Failure> {
    act::discard(&call)?;
    Ok(Done)
}
