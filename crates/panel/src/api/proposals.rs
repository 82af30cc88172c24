//! Proposals over the API: made, changed, looked at, rehearsed, approved, carried out, given up.

mod answers;
mod approval;
mod change;
mod checks;
mod options;
mod rehearsal;
mod template;

use schemars::JsonSchema;
use serde::Serialize;
use upgrade::CatalogueEntry;

use self::answers::{Preparation, ProposalSummary};
use self::checks::check_template;
use self::template::Template;
use super::audited::audited;
use super::operation::{Done, limit};
use crate::panel::Panel;
use crate::proposals::{self, ProposalError, Stage};
use crate::web::{Call, Failure};

pub(super) use approval::{approve, run};
pub(super) use change::change;
pub(super) use rehearsal::{rehearsal, rehearse};

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

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Proposals {
    proposals: Vec<ProposalSummary>,
    /// The proposal that the next page ends before.
    next_before: Option<String>,
}

pub(super) async fn list(call: Call) -> Result<Proposals, Failure> {
    call.deployment()?;
    let limit = limit(&call)?;
    let proposals = call.panel.proposals.list(&call.id, call.query("before"), limit)?;
    let next = (proposals.len() == limit).then(|| proposals.last().map(|last| last.id.clone())).flatten();
    Ok(Proposals { proposals: proposals.into_iter().map(ProposalSummary::from).collect(), next_before: next })
}

/// Make a proposal, and begin to look at its deployment.
pub(super) async fn make(call: Call, sent: Template) -> Result<ProposalSummary, Failure> {
    call.deployment()?;
    let template = sent.wished()?;
    let (panel, deployment, person) = (&call.panel, &call.id, &call.asker.person.name);
    let work = async {
        check_template(&template)?;
        let proposal = panel.proposals.make(deployment, template, person, panel.now())?;
        Ok(begin_look(panel, &proposal.id)?.into())
    };
    audited(&call, "propose upgrade", deployment, work).await
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Proposal {
    #[serde(flatten)]
    summary: ProposalSummary,
    /// `null`: the deployment wasn't looked at for it as it is now.
    preparation: Option<Preparation>,
}

pub(super) async fn get(call: Call) -> Result<Proposal, Failure> {
    let proposal = call.panel.proposals.get(&call.id)?;
    let preparation = call.panel.proposals.preparation(&proposal)?.map(Preparation::from);
    Ok(Proposal { summary: proposal.into(), preparation })
}

/// Look at the deployment again, as a task: the proposal says when it is over.
pub(super) async fn prepare(call: Call) -> Result<ProposalSummary, Failure> {
    let work = async { Ok(begin_look(&call.panel, &call.id)?.into()) };
    audited(&call, "look for proposal", &audit_name(&call), work).await
}

fn begin_look(panel: &Panel, id: &str) -> Result<proposals::Proposal, Failure> {
    let since = panel.now();
    let proposal = panel.proposals.change(id, None, |proposal| {
        proposal.revision += 1;
        proposal.stage = Stage::Looking { since };
        Ok::<_, ProposalError>(())
    })?;
    let template = panel.proposals.template(&proposal)?;
    let (panel, looked) = (panel.clone(), proposal.clone());
    tokio::spawn(async move {
        let found = panel.backend.prepare(&looked.deployment, &template, &looked.choices).await;
        let found = found.map_err(|error| error.to_string());
        if let Err(error) = panel.proposals.end_look(&looked.id, looked.revision, found, panel.now()) {
            // There is nobody to answer: the proposal goes on looking until somebody asks again.
            eprintln!("slackwater: {error}");
        }
    });
    Ok(proposal)
}

/// Give a proposal up.
pub(super) async fn discard(call: Call) -> Result<Done, Failure> {
    let (by, at) = (call.asker.signature(), call.panel.now());
    let work = async {
        call.panel.proposals.change(&call.id, None, |proposal| {
            proposal.stage = Stage::Discarded { by, at };
            Ok::<_, Failure>(())
        })?;
        Ok(Done)
    };
    audited(&call, "discard proposal", &audit_name(&call), work).await
}

/// A proposal as the audit trail names it.
fn audit_name(call: &Call) -> String {
    match call.panel.proposals.get(&call.id) {
        Ok(proposal) => format!("{} ({})", proposal.deployment, call.id),
        Err(_) => call.id.clone(),
    }
}
