//! What is done with a proposal: made, changed, looked at, approved, carried out, given up.

mod checks;

use std::collections::BTreeMap;

use upgrade::{Acceptance, ApprovedPlan, NotApproved, Plan, Timestamp, UpdateOptions};

use self::checks::{check_acceptances, check_sessions, check_template, differing, values};
use super::{audited, audited_now};
use crate::panel::Panel;
use crate::proposals::{Preparation, Proposal, ProposalError, Stage, WishedTemplate};
use crate::web::{Asker, Call, Failure, FieldError};

/// The longest reason for accepting something.
const MOST_REASON: usize = 500;

/// A shorter notice than this is not missed when it has passed.
pub(crate) const NOTICE_TO_KEEP_MILLISECONDS: u64 = 60_000;

/// What is changed in a proposal; `None` stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProposalChange {
    /// Another release.
    pub(crate) template: Option<WishedTemplate>,
    /// Parameters: a value to give it, `None` to give it none any more.
    pub(crate) parameters: BTreeMap<String, Option<String>>,
    /// All settings of the stack operation.
    pub(crate) options: Option<UpdateOptions>,
    /// Sessions that may be stopped unsaved, all of them.
    pub(crate) force_sessions: Option<Vec<String>>,
    /// When the gate closes; `Some(None)`: after the settings' notice.
    pub(crate) closes_at: Option<Option<Timestamp>>,
    /// Checks and losses to accept: why, by what. An empty reason takes an acceptance back.
    pub(crate) accept: BTreeMap<String, String>,
}

/// Make a proposal, and begin to look at its deployment.
pub(crate) fn propose(call: &Call, template: WishedTemplate) -> Result<Proposal, Failure> {
    let Call { panel, asker, id: deployment, .. } = call;
    audited_now(panel, asker, "propose upgrade", deployment, || {
        check_template(&template)?;
        let proposal = panel.proposals.make(deployment, template, &asker.person.name, panel.now())?;
        begin_look(panel, &proposal.id)
    })
}

/// Change a proposal. What changes voids its approval, and is looked at anew.
pub(crate) fn change(call: &Call, change: ProposalChange) -> Result<Proposal, Failure> {
    let Call { panel, asker, id, .. } = call;
    let object = format!("{}: {}", audit_name(panel, id), audit_words(&change));
    audited_now(panel, asker, "change proposal", &object, || apply(panel, asker, id, change))
}

/// A proposal as the audit trail names it.
fn audit_name(panel: &Panel, id: &str) -> String {
    match panel.proposals.get(id) {
        Ok(proposal) => format!("{} ({id})", proposal.deployment),
        Err(_) => id.to_owned(),
    }
}

/// What is changed, by name; never a value.
fn audit_words(change: &ProposalChange) -> String {
    let listed = |what: &str, names: Vec<&String>| {
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
    };
    let (accepted, taken_back): (Vec<_>, Vec<_>) =
        change.accept.iter().partition(|(_, why)| !why.trim().is_empty());
    let only = |what: &str, is: bool| is.then(|| what.to_owned());
    let words = [
        only("release", change.template.is_some()),
        listed("accepts", accepted.into_iter().map(|(what, _)| what).collect()),
        listed("takes back", taken_back.into_iter().map(|(what, _)| what).collect()),
        only("options", change.options.is_some()),
        only("window", change.closes_at.is_some()),
        only("sessions", change.force_sessions.is_some()),
        listed("parameters", change.parameters.keys().collect()),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn apply(panel: &Panel, asker: &Asker, id: &str, change: ProposalChange) -> Result<Proposal, Failure> {
    if let Some(template) = &change.template {
        check_template(template)?;
    }
    let before = panel.proposals.get(id)?;
    let seen = panel.proposals.preparation(&before)?;
    let values = values(&change.parameters, seen.as_ref())?;
    if let Some(Some(closes_at)) = change.closes_at
        && closes_at <= panel.now()
    {
        return Err(Failure::field("closesAt", "That time has passed. Empty it, or choose another."));
    }
    check_acceptances(&change.accept, seen.as_ref())?;
    check_sessions(change.force_sessions.as_deref().unwrap_or_default(), seen.as_ref())?;
    let moved = change.template.is_some();
    let person = &asker.person.name;
    let proposal = panel.proposals.change(id, change.template, |proposal| {
        let decided = Proposal { authors: Vec::new(), ..proposal.clone() };
        let choices = &mut proposal.choices;
        if moved {
            // What was accepted of another release was accepted for what it said then.
            choices.accepted.clear();
        }
        for (name, value) in values {
            match value {
                Some(value) => drop(choices.given.insert(name, value)),
                None => drop(choices.given.remove(&name)),
            }
        }
        if let Some(options) = change.options {
            choices.options = seen.as_ref().map_or(options.clone(), |seen| differing(options, &seen.stack));
        }
        if let Some(force_sessions) = change.force_sessions {
            choices.force_sessions = force_sessions;
        }
        if let Some(closes_at) = change.closes_at {
            choices.closes_at = closes_at;
        }
        // Whoever decides on what will be done is an author; whoever accepts a warning is named beside it.
        let authored = moved || decided != Proposal { authors: Vec::new(), ..proposal.clone() };
        if authored && !proposal.authors.iter().any(|author| author.eq_ignore_ascii_case(person)) {
            proposal.authors.push(person.clone());
        }
        for (what, why) in change.accept {
            proposal.choices.accepted.retain(|one| one.what != what);
            if !why.trim().is_empty() {
                let (who, why) = (asker.signature(), why.trim().to_owned());
                let of = warnings_read(seen.as_ref(), &what);
                proposal.choices.accepted.push(Acceptance { what, who, why, of });
            }
        }
        Ok::<_, ProposalError>(())
    })?;
    if !moved && proposal == before {
        return Ok(proposal);
    }
    begin_look(panel, id)
}

/// What is accepted with a check that is accepted by itself: when it warns of something else later, that is to be decided
/// anew.
fn warnings_read(seen: Option<&Preparation>, what: &str) -> Vec<String> {
    let checks = seen.into_iter().flat_map(|seen| &seen.checks);
    let mut singly = checks.filter(|check| check.accepted_singly && check.id == what);
    singly.next().map(|check| check.warnings.clone()).unwrap_or_default()
}

/// Look at the deployment again, as a task: the proposal says when it is over.
pub(crate) fn prepare(call: &Call) -> Result<Proposal, Failure> {
    let Call { panel, asker, id, .. } = call;
    audited_now(panel, asker, "look for proposal", &audit_name(panel, id), || begin_look(panel, id))
}

fn begin_look(panel: &Panel, id: &str) -> Result<Proposal, Failure> {
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

/// What was acknowledged with an approval.
#[derive(Debug, Clone, Default)]
pub(crate) struct Acknowledged {
    /// The plan's hash, as its approver read it.
    pub(crate) plan_sha256: String,
    /// Capabilities of CloudFormation.
    pub(crate) capabilities: Vec<String>,
    /// Resources whose data goes with them.
    pub(crate) losses: Vec<String>,
}

/// Approve a proposal's plan, and no other.
pub(crate) fn approve(call: &Call, acknowledged: &Acknowledged) -> Result<Proposal, Failure> {
    let Call { panel, asker, id, .. } = call;
    let object = format!("{}: {}", audit_name(panel, id), acknowledged.plan_sha256);
    audited_now(panel, asker, "approve plan", &object, || approve_plan(panel, asker, id, acknowledged))
}

fn approve_plan(
    panel: &Panel,
    asker: &Asker,
    id: &str,
    acknowledged: &Acknowledged,
) -> Result<Proposal, Failure> {
    let preparation = panel.proposals.preparation(&panel.proposals.get(id)?)?;
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
        let approved = ApprovedPlan::new(plan.clone(), &acknowledged.plan_sha256, &asker.signature(), now)
            .map_err(|error| match error {
                NotApproved::OtherPlan { .. } => Failure::Conflict(
                    "The plan is another one by now. Read it again before you approve it.".to_owned(),
                ),
                NotApproved::Nobody => Failure::Conflict(error.to_string()),
            })?;
        let wanted = preparation.capabilities().into_iter().map(|one| ("capabilities", one));
        let losses = preparation.foretold.iter().flat_map(|foretold| &foretold.losses);
        let wanted = wanted.chain(losses.map(|one| ("losses", one.as_str())));
        let missing: Vec<FieldError> = wanted
            .filter(|(kind, one)| {
                let given = if *kind == "losses" { &acknowledged.losses } else { &acknowledged.capabilities };
                !given.iter().any(|given| given == one)
            })
            .map(|(kind, one)| FieldError {
                field: kind.to_owned(),
                detail: format!("{one} must be acknowledged."),
            })
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
        proposal.stage = Stage::Approved(approved.approval().clone());
        Ok(())
    })
}

/// Begin the run of an approved plan. Gives the run.
pub(crate) async fn begin(call: &Call, without_notice: bool) -> Result<String, Failure> {
    let object = audit_name(&call.panel, &call.id);
    audited(call, "run plan", &object, begin_run(call, without_notice)).await
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

/// Says so when users would not have the notice that was meant for them: less than half of it is left, or the time that
/// somebody chose has passed.
pub(crate) fn missed_notice(
    proposal: &Proposal,
    plan: &Plan,
    drawn_at: Timestamp,
    now: Timestamp,
) -> Option<String> {
    let closes_at = plan.announcement.closes_at?;
    if proposal.choices.closes_at.is_some_and(|chosen| chosen <= now) {
        return Some(
            "The time that was chosen for the gate to close has passed. Choose another, or say that it may close at once."
                .to_owned(),
        );
    }
    let promised = closes_at.milliseconds_since(drawn_at);
    let left = closes_at.milliseconds_since(now);
    if promised < NOTICE_TO_KEEP_MILLISECONDS || left * 2 >= promised {
        return None;
    }
    Some(format!(
        "Users were to be told {} minutes before the gate closes, and {} are left. Look again for a new time, or say that \
         the shorter notice will do.",
        promised / 60_000,
        left / 60_000
    ))
}

/// Give a proposal up.
pub(crate) fn discard(call: &Call) -> Result<(), Failure> {
    let Call { panel, asker, id, .. } = call;
    let (by, at) = (asker.signature(), panel.now());
    audited_now(panel, asker, "discard proposal", &audit_name(panel, id), || {
        let discarded = panel.proposals.change(id, None, |proposal| {
            proposal.stage = Stage::Discarded { by, at };
            Ok::<_, Failure>(())
        });
        discarded.map(drop)
    })
}
