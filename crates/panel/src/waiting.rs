//! What waits for whoever looks: questions of runs, runs that nobody carries out, plans to be approved or begun.

use upgrade::RunKind;

use crate::access::Permission;
use crate::live::{ListedRun, LiveError};
use crate::panel::Panel;
use crate::proposals::{ProposalError, Stage};
use crate::web::Asker;

/// Something that somebody is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) deployment: String,
    pub(crate) what: WaitsFor,
    /// Where it is done.
    pub(crate) path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    /// A run asks.
    Decision(RunKind),
    /// A run that has not ended is carried out by nobody.
    Somebody(RunKind),
    /// A plan that may be approved, by this person.
    Approval,
    /// An approved plan that may be begun.
    Beginning,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum WaitingError {
    #[error(transparent)]
    Runs(#[from] LiveError),
    #[error(transparent)]
    Proposals(#[from] ProposalError),
}

/// What this person may do of what is to be done, the most urgent first.
pub(crate) async fn waiting(panel: &Panel, asker: &Asker) -> Result<Vec<Waiting>, WaitingError> {
    let mut found = Vec::new();
    if asker.may(Permission::Decide) {
        found.extend(of_runs(panel).await?);
    }
    for settings in panel.backend.deployments() {
        let Some(proposal) = panel.proposals.open_of(&settings.name)? else { continue };
        let what = match &proposal.stage {
            Stage::Seen if asker.may(Permission::Approve) => {
                let own = panel.two_person_approval && proposal.authors.contains(&asker.person.name);
                (!own && panel.proposals.has_plan(&proposal)?).then_some(WaitsFor::Approval)
            }
            Stage::Approved(_) if asker.may(Permission::Run) => Some(WaitsFor::Beginning),
            Stage::Seen
            | Stage::Approved(_)
            | Stage::Unseen
            | Stage::Looking { .. }
            | Stage::Failed { .. }
            | Stage::Begun { .. }
            | Stage::Discarded { .. } => None,
        };
        let path = format!("/deployments/{}/upgrade/review", settings.name);
        found.extend(what.map(|what| Waiting { deployment: settings.name, what, path }));
    }
    Ok(found)
}

async fn of_runs(panel: &Panel) -> Result<Vec<Waiting>, LiveError> {
    let runs = panel.live.runs().await?;
    let under_way = runs.iter().filter(|run| !run.ended && run.set_aside.is_none()).cloned().collect();
    let now = panel.now();
    let mut found = Vec::new();
    for ListedRun { summary, digest } in panel.live.listed(under_way).await {
        let Ok(digest) = digest else { continue };
        let kind = digest.status.kind;
        let what = match (digest.status.outcome, digest.status.is_asked, summary.carried_out_by(now)) {
            (Some(_), ..) => None,
            (None, true, _) => Some(WaitsFor::Decision(kind)),
            (None, false, None) => Some(WaitsFor::Somebody(kind)),
            (None, false, Some(_)) => None,
        };
        let path = format!("/runs/{}", summary.run_id);
        found.extend(what.map(|what| Waiting { deployment: summary.deployment, what, path }));
    }
    found.sort_by_key(|one| !matches!(one.what, WaitsFor::Decision(_)));
    Ok(found)
}
