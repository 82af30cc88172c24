//! Proposals and what was found out for them, as they are given.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::options::Options;
use crate::answers::{AtWork, Check, ExpectedChange, ListedParameter, Risk};
use crate::moment::Moment;
use crate::proposals::{self, TemplateChoice};

/// An upgrade in the making.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct ProposalSummary {
    proposal_id: String,
    deployment: String,
    proposed_by: String,
    /// Everybody who decided on its release, values or options, whoever proposed it first.
    authors: Vec<String>,
    proposed_at: Moment,
    template: ChosenTemplate,
    /// Values that are given; every other parameter keeps its own, or takes the new default.
    parameters: BTreeMap<String, String>,
    accepted: Vec<upgrade::Acceptance>,
    options: Options,
    force_sessions: Vec<String>,
    /// When the gate closes; `null`: after the settings' notice.
    closes_at: Option<Moment>,
    standing: StageWord,
    /// Why the deployment could not be looked at.
    reason: Option<String>,
    approved_by: Option<String>,
    approved_at: Option<Moment>,
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
        ProposalSummary {
            proposal_id: id,
            deployment,
            proposed_by: made_by,
            authors,
            proposed_at: made_at.into(),
            template: ChosenTemplate { kind, text },
            parameters: choices.given,
            accepted: choices.accepted,
            options: choices.options.into(),
            force_sessions: choices.force_sessions,
            closes_at: choices.closes_at.map(Moment::from),
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

/// What was found out for a proposal.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Preparation {
    at: Moment,
    to_version: Option<String>,
    checks: Vec<Check>,
    parameters: Vec<ListedParameter>,
    /// `null`: what the updates will do can't be told as things are.
    foretold: Option<Foretold>,
    at_work: AtWork,
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
    risks: Vec<Risk>,
    /// The least IAM policy of the primary stack's update.
    permissions: Value,
    /// Resources whose data goes with them, by logical id.
    losses: Vec<String>,
    /// What becomes of each property that changes.
    properties: Vec<ChangedProperty>,
}

/// A property of a resource, before and after. Secrets are `****`, and a long value is cut.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ChangedProperty {
    update: String,
    logical_id: String,
    /// Such as `Environment/Variables/NAME`.
    path: String,
    /// `null`: there was none.
    before: Option<String>,
    /// `null`: there will be none.
    after: Option<String>,
}

impl From<upgrade::ChangedProperty> for ChangedProperty {
    fn from(changed: upgrade::ChangedProperty) -> ChangedProperty {
        let upgrade::ChangedProperty { update, logical_id, path, before, after } = changed;
        ChangedProperty { update: update.title().to_owned(), logical_id, path, before, after }
    }
}

/// The update of one stack.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Update {
    update: String,
    stack: String,
    from_version: Option<String>,
    to_version: Option<String>,
    changes: Vec<ExpectedChange>,
}

impl From<proposals::Preparation> for Preparation {
    fn from(found: proposals::Preparation) -> Preparation {
        let capabilities = found.capabilities().into_iter().map(str::to_owned).collect();
        let update = |update: upgrade::StackUpdate| Update {
            update: update.kind.title().to_owned(),
            stack: update.stack_name,
            from_version: update.from_version,
            to_version: update.to_version,
            changes: update.expected.into_iter().map(ExpectedChange::from).collect(),
        };
        let foretold =
            found.foretold.map(|upgrade::Foretold { updates, risks, permissions, losses, properties }| {
                Foretold {
                    updates: updates.into_iter().map(update).collect(),
                    risks: risks.into_iter().map(Risk::from).collect(),
                    permissions: serde_json::from_str(&permissions).unwrap_or(Value::Null),
                    losses,
                    properties: properties.into_iter().map(ChangedProperty::from).collect(),
                }
            });
        Preparation {
            at: found.at.into(),
            to_version: found.to_version,
            checks: found.checks.into_iter().map(Check::from).collect(),
            parameters: found.parameters.into_iter().map(ListedParameter::from).collect(),
            foretold,
            at_work: AtWork::from(&found.at_work),
            expectation: found.expectation,
            capabilities,
            plan_sha256: found.plan.as_ref().map(upgrade::Plan::sha256),
            in_the_way: found.in_the_way,
            no_plan_because: found.undrawn,
        }
    }
}
