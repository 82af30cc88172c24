//! The upgrade's five pages. They show the deployment's open proposal; what is done to it is done by the API.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;

use super::failure::Failure;
use super::reading::settings_of;
use super::request::Asker;
use crate::backend::DeploymentSummary;
use crate::pages::{self, Page, Wizard};
use crate::panel::Panel;
use crate::proposals::{Preparation, Proposal, Standing};

type Asked = (State<Panel>, Extension<Asker>, Path<String>);

/// What the pages show.
struct Found {
    settings: DeploymentSummary,
    proposal: Option<Proposal>,
    preparation: Option<Preparation>,
}

fn find(panel: &Panel, name: &str) -> Result<Found, Failure> {
    let settings = settings_of(panel, name)?;
    let proposal = panel.proposals.open_of(name)?;
    let preparation = match &proposal {
        Some(proposal) => panel.proposals.preparation(proposal)?,
        None => None,
    };
    Ok(Found { settings, proposal, preparation })
}

impl Found {
    fn wizard<'a>(&'a self, panel: &Panel, asker: &'a Asker) -> Wizard<'a> {
        Wizard {
            settings: &self.settings,
            proposal: self.proposal.as_ref(),
            preparation: self.preparation.as_ref(),
            person: &asker.person,
            two_person_approval: panel.two_person_approval,
            now: panel.now(),
        }
    }

    fn is_looking(&self) -> bool {
        self.proposal.as_ref().is_some_and(|one| matches!(one.standing, Standing::Looking { .. }))
    }
}

fn shown(asker: &Asker, title: &str, refreshes: bool, body: Markup) -> Response {
    let person = Some(&asker.person);
    Page { title, here: "", person, form_token: &asker.form_token, refreshes, body }.into_response()
}

/// Page 1. It needs no look, so that another release can be chosen during one.
pub(crate) async fn template(
    (State(panel), Extension(asker), Path(name)): Asked,
) -> Result<Response, Failure> {
    let found = find(&panel, &name)?;
    let releases = panel.backend.releases(&name).await;
    let body = pages::template(&found.wizard(&panel, &asker), &releases);
    Ok(shown(&asker, "Upgrade: template", false, body))
}

/// A page about what was found out: without a proposal one begins at page 1.
async fn about(
    (State(panel), Extension(asker), Path(name)): Asked,
    title: &str,
    page: fn(&Wizard<'_>, &Proposal, &Preparation) -> Markup,
    number: usize,
) -> Result<Response, Failure> {
    let found = find(&panel, &name)?;
    let Some(proposal) = &found.proposal else {
        return Ok(Redirect::to(&format!("/deployments/{name}/upgrade")).into_response());
    };
    let wizard = found.wizard(&panel, &asker);
    let body = match &found.preparation {
        Some(preparation) => page(&wizard, proposal, preparation),
        None => wizard.unready(proposal, number),
    };
    Ok(shown(&asker, title, found.is_looking(), body))
}

/// Page 2.
pub(crate) async fn details(asked: Asked) -> Result<Response, Failure> {
    about(asked, "Upgrade: details", pages::details, 2).await
}

/// Page 3.
pub(crate) async fn options(asked: Asked) -> Result<Response, Failure> {
    about(asked, "Upgrade: options", pages::options, 3).await
}

/// Page 4.
pub(crate) async fn review(asked: Asked) -> Result<Response, Failure> {
    about(asked, "Upgrade: review", pages::review, 4).await
}

/// Page 5 is the run's own; before there is one, it says so.
pub(crate) async fn events((State(panel), Extension(asker), Path(name)): Asked) -> Result<Response, Failure> {
    let found = find(&panel, &name)?;
    if found.proposal.is_none() {
        let last = panel.proposals.list(&name, None, 1)?.pop();
        if let Some(Proposal { standing: Standing::Begun { run_id, .. }, .. }) = last {
            return Ok(Redirect::to(&format!("/runs/{run_id}")).into_response());
        }
    }
    Ok(shown(&asker, "Upgrade: events", false, pages::no_events(&found.wizard(&panel, &asker))))
}

/// A proposal by its id, to be read: what was proposed, who approved it, what came of it.
pub(crate) async fn ended(
    State(panel): State<Panel>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let proposal = panel.proposals.get(&id)?;
    if proposal.standing.is_open() {
        let to = format!("/deployments/{}/upgrade/review", proposal.deployment);
        return Ok(Redirect::to(&to).into_response());
    }
    let preparation = panel.proposals.last_preparation(&id)?;
    Ok(shown(&asker, "Upgrade", false, pages::ended(&proposal, preparation.as_ref())))
}
