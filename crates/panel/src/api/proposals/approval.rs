//! A plan's approval, and its beginning.

use schemars::JsonSchema;
use serde::Deserialize;
use upgrade::{ApprovedPlan, NotApproved};

use super::answers::ProposalSummary;
use super::audit_name;
use crate::api::audited::audited;
use crate::api::deployments::Started;
use crate::api::operation::Optional;
use crate::proposals::{Proposal, ProposalError, RehearsalStanding, Stage, missed_notice};
use crate::web::{Call, Failure, FieldError};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::api) struct Approval {
    plan_sha256: String,
    /// Capabilities of CloudFormation that are sent.
    #[serde(default)]
    capabilities: Vec<String>,
    /// Resources, by logical id, of which it is known that their data goes.
    #[serde(default)]
    losses: Vec<String>,
}

/// Approve a proposal's plan, and no other.
pub(in crate::api) async fn approve(call: Call, sent: Approval) -> Result<ProposalSummary, Failure> {
    let object = format!("{}: {}", audit_name(&call), sent.plan_sha256);
    audited(&call, "approve plan", &object, async { Ok(approve_plan(&call, &sent)?.into()) }).await
}

fn approve_plan(call: &Call, sent: &Approval) -> Result<Proposal, Failure> {
    let Call { panel, asker, id, .. } = call;
    let before = panel.proposals.get(id)?;
    let preparation = panel.proposals.preparation(&before)?;
    let rehearsal = panel.proposals.rehearsal(&before)?;
    let plan = preparation.as_ref().and_then(|preparation| preparation.plan.as_ref());
    let now = panel.now();
    panel.proposals.change(id, None, |proposal| {
        match &proposal.stage {
            Stage::Seen | Stage::Approved(_) => {}
            Stage::Unseen | Stage::Looking { .. } | Stage::Failed { .. } => {
                return Err(Failure::Conflict("The deployment must be looked at first.".to_owned()));
            }
            Stage::Begun { .. } | Stage::Discarded { .. } => return Err(ProposalError::Ended.into()),
        }
        let (Some(preparation), Some(plan)) = (&preparation, plan) else {
            return Err(Failure::Conflict("There is no plan: something stands in its way.".to_owned()));
        };
        let approved =
            ApprovedPlan::new(plan.clone(), &sent.plan_sha256, &asker.signature(), now).map_err(|error| {
                match error {
                    NotApproved::OtherPlan { .. } => Failure::Conflict(
                        "The plan is another one by now. Read it again before you approve it.".to_owned(),
                    ),
                    NotApproved::Nobody => Failure::Conflict(error.to_string()),
                }
            })?;
        let wanted = preparation.capabilities().into_iter().map(|one| ("capabilities", one));
        let losses = preparation.foretold.iter().flat_map(|foretold| &foretold.losses);
        let wanted = wanted.chain(losses.map(|one| ("losses", one.as_str())));
        let missing: Vec<FieldError> = wanted
            .filter(|(kind, one)| {
                let given = if *kind == "losses" { &sent.losses } else { &sent.capabilities };
                !given.iter().any(|given| given == one)
            })
            .map(|(kind, one)| FieldError { field: kind.to_owned(), detail: format!("{one} must be sent.") })
            .collect();
        if !missing.is_empty() {
            return Err(Failure::Fields { errors: missing });
        }
        let person = &asker.person.name;
        if panel.two_person_approval && proposal.authors.iter().any(|one| one.eq_ignore_ascii_case(person)) {
            return Err(Failure::Conflict(
                "Two people are wanted: whoever proposed or changed this can't approve it. Ask somebody else."
                    .to_owned(),
            ));
        }
        if panel.rehearsal_required {
            let of = if proposal.revision == before.revision { &rehearsal } else { &RehearsalStanding::None };
            if let Some(wanting) = of.is_wanting(preparation.at) {
                return Err(Failure::Conflict(wanting));
            }
        }
        proposal.stage = Stage::Approved(approved.approval().clone());
        Ok(())
    })
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(in crate::api) struct Begin {
    /// It is begun even when users no longer have the notice that was meant for them.
    without_notice: bool,
}

/// Begin the run of an approved plan.
pub(in crate::api) async fn run(call: Call, Optional(sent): Optional<Begin>) -> Result<Started, Failure> {
    let work = async { Ok(Started { run_id: begin_run(&call, sent.without_notice).await? }) };
    audited(&call, "run plan", &audit_name(&call), work).await
}

async fn begin_run(call: &Call, without_notice: bool) -> Result<String, Failure> {
    let Call { panel, asker, id, .. } = call;
    let proposal = panel.proposals.get(id)?;
    let approval = match &proposal.stage {
        Stage::Approved(approval) => approval.clone(),
        Stage::Begun { run_id, .. } => return Ok(run_id.clone()),
        Stage::Discarded { .. } => return Err(ProposalError::Ended.into()),
        Stage::Unseen | Stage::Looking { .. } | Stage::Failed { .. } | Stage::Seen => {
            return Err(Failure::Conflict("Its plan is not approved.".to_owned()));
        }
    };
    let preparation = panel.proposals.preparation(&proposal)?;
    let at = preparation.as_ref().map(|preparation| preparation.at);
    let plan = preparation.and_then(|preparation| preparation.plan);
    let gone = || Failure::Conflict("The approved plan is no longer there: look again.".to_owned());
    let (plan, drawn_at) = plan.zip(at).ok_or_else(gone)?;
    let approved =
        ApprovedPlan::new(plan, &approval.plan_sha256, &approval.by, approval.at).map_err(|_| gone())?;
    let plan = approved.plan();
    if let (Some(missed), false) = (missed_notice(&proposal, plan, drawn_at, panel.now()), without_notice) {
        return Err(Failure::Conflict(missed));
    }
    let run_id = plan.run_id.clone();
    // A process that died between the two writes has begun it already.
    if panel.live.run(&run_id).await.is_err() {
        let runs = panel.live.runs().await?;
        // Its own beginning may have broken off after the claim; whether it can be begun again, the claim tells.
        let mut others =
            runs.iter().filter(|run| run.run_id != run_id && run.deployment == proposal.deployment);
        if let Some(run) = others.find(|run| !run.ended) {
            return Err(Failure::Conflict(format!("Run {} has not ended; one run at a time.", run.run_id)));
        }
        panel.backend.start(approved).await?;
        panel.looks.forget(&proposal.deployment);
    }
    let (by, at) = (asker.signature(), panel.now());
    panel.proposals.change(id, None, |proposal| {
        proposal.stage = Stage::Begun { run_id: run_id.clone(), approval, by, at };
        Ok::<_, ProposalError>(())
    })?;
    Ok(run_id)
}
