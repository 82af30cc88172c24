//! The upgrade in five pages. They show the deployment's open proposal; what is done to it is done by the API.

mod changes;
mod details;
mod options;
mod rehearsal;
mod review;
mod template;
mod templates;
mod wizard;

use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};

use self::rehearsal::Shown;
use self::wizard::Wizard;
use crate::access::Permission;
use crate::backend::DeploymentSummary;
use crate::proposals::{Preparation, Proposal, RehearsalStanding, Stage};
use crate::web::{Call, Failure, Frame, Page};

pub(in crate::pages) use wizard::way_of_run;

pub(super) const PAGES: &[Page] = &[
    Page::new("/deployments/{name}/upgrade", || get(template)),
    Page::new("/deployments/{name}/upgrade/details", || {
        get(async |call: Call| about(&call, "Upgrade: details", details::page, 2))
    }),
    Page::new("/deployments/{name}/upgrade/options", || {
        get(async |call: Call| about(&call, "Upgrade: options", options::page, 3))
    }),
    Page::new("/deployments/{name}/upgrade/review", || {
        get(async |call: Call| about(&call, "Upgrade: review", review::page, 4))
    }),
    Page::new("/deployments/{name}/upgrade/events", || get(events)),
    Page::new("/proposals/{proposal_id}", || get(ended)),
    Page::new("/proposals/{proposal_id}/rehearsal", || get(rehearsed)),
];

/// What the pages show.
struct OpenProposal {
    settings: DeploymentSummary,
    proposal: Option<Proposal>,
    preparation: Option<Preparation>,
    rehearsal: RehearsalStanding,
}

impl OpenProposal {
    fn read(call: &Call) -> Result<OpenProposal, Failure> {
        let (settings, proposals) = (call.deployment()?, &call.panel.proposals);
        let proposal = proposals.open_of(&settings.name)?;
        let (preparation, rehearsal) = match &proposal {
            Some(proposal) => (proposals.preparation(proposal)?, proposals.rehearsal(proposal)?),
            None => (None, RehearsalStanding::None),
        };
        Ok(OpenProposal { settings, proposal, preparation, rehearsal })
    }

    fn wizard<'a>(&'a self, call: &'a Call) -> Wizard<'a> {
        Wizard {
            settings: &self.settings,
            proposal: self.proposal.as_ref(),
            preparation: self.preparation.as_ref(),
            rehearsal: &self.rehearsal,
            person: &call.asker.person,
            two_person_approval: call.panel.two_person_approval,
            rehearsal_required: call.panel.rehearsal_required,
            now: call.panel.now(),
        }
    }
}

/// Page 1. It needs no look, so that another release can be chosen during one.
async fn template(call: Call) -> Result<Response, Failure> {
    let found = OpenProposal::read(&call)?;
    let releases = call.panel.backend.releases(&found.settings.name).await;
    let body = template::page(&found.wizard(&call), &releases);
    Ok(call.frame("", "Upgrade: template", body).into_response())
}

/// A page about what was found out: without a proposal one begins at page 1.
fn about(
    call: &Call,
    title: &str,
    page: fn(&Wizard<'_>, &Proposal, &Preparation) -> Markup,
    number: usize,
) -> Result<Response, Failure> {
    let found = OpenProposal::read(call)?;
    let Some(proposal) = &found.proposal else {
        return Ok(Redirect::to(&format!("/deployments/{}/upgrade", found.settings.name)).into_response());
    };
    let wizard = found.wizard(call);
    let body = match &found.preparation {
        Some(preparation) => page(&wizard, proposal, preparation),
        None => wizard.unready(proposal, number),
    };
    let is_rehearsed = matches!(found.rehearsal, RehearsalStanding::UnderWay(_));
    let refreshes = is_rehearsed || matches!(proposal.stage, Stage::Looking { .. });
    Ok(Frame { refreshes, ..call.frame("", title, body) }.into_response())
}

/// Page 5 is the run's own; before there is one, it says so.
async fn events(call: Call) -> Result<Response, Failure> {
    let found = OpenProposal::read(&call)?;
    if found.proposal.is_none() {
        let last = call.panel.proposals.list(&found.settings.name, None, 1)?.pop();
        if let Some(Proposal { stage: Stage::Begun { run_id, .. }, .. }) = last {
            return Ok(Redirect::to(&format!("/runs/{run_id}")).into_response());
        }
    }
    Ok(call.frame("", "Upgrade: events", no_events(&found.wizard(&call))).into_response())
}

/// A proposal by its id, to be read: what was proposed, who approved it, what came of it.
async fn ended(call: Call) -> Result<Response, Failure> {
    let proposals = &call.panel.proposals;
    let proposal = proposals.get(&call.id)?;
    if proposal.stage.is_open() {
        let to = format!("/deployments/{}/upgrade/review", proposal.deployment);
        return Ok(Redirect::to(&to).into_response());
    }
    let preparation = proposals.last_preparation(&call.id)?;
    let rehearsal = proposals.rehearsal(&proposal)?;
    let body = review::ended(&proposal, preparation.as_ref(), &rehearsal);
    Ok(call.frame("", "Upgrade", body).into_response())
}

/// What came of rehearsing a proposal, open or ended.
async fn rehearsed(call: Call) -> Result<Response, Failure> {
    let proposal = call.panel.proposals.get(&call.id)?;
    let standing = call.panel.proposals.rehearsal(&proposal)?;
    let body = rehearsal::page(&Shown {
        proposal: &proposal,
        standing: &standing,
        required: call.panel.rehearsal_required,
        may: call.asker.may(Permission::Plan),
        here: &rehearsal::address(&proposal),
    });
    let refreshes = matches!(standing, RehearsalStanding::UnderWay(_));
    Ok(Frame { refreshes, ..call.frame("", "Rehearsal", body) }.into_response())
}

/// The fifth page before there is a run.
fn no_events(wizard: &Wizard<'_>) -> Markup {
    html! {
        (wizard.head(5))
        p.empty { "Nothing runs yet. Once the plan is approved and begun, what happens is shown here, newest first." }
        p { a.button href=(wizard.page(if wizard.proposal.is_some() { 4 } else { 1 })) {
            @if wizard.proposal.is_some() { "To the review" } @else { "Choose a release" }
        } }
    }
}
