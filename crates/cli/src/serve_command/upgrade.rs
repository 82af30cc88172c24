//! Upgrades for the panel: the catalogue's releases, and everything that `slackwater plan` finds out.

use panel::BackendError;
use panel::proposals::{Preparation, Secrets, TemplateDifference, WishedTemplate};
use upgrade::{CatalogueEntry, PortError, UpgradeChoices, release_version, version_sources};

use super::reached::Reached;
use super::refusals::{refused, unreachable};
use crate::error::CliError;
use crate::history::History;
use crate::planning::{
    NewRelease, NoPlan, Prepared, TemplateTexts, UpgradeRequest, catalogue_file, catalogue_of, inherited,
    prepare, run_id,
};
use crate::site::Site;

impl Reached {
    /// The catalogue's releases. A file is read without asking any cloud, so that the page is there at once.
    pub(super) async fn releases(&self, deployment: &str) -> Result<Vec<CatalogueEntry>, BackendError> {
        let settings = self.settings(deployment)?;
        let Some(named) = &settings.catalogue else { return Ok(Vec::new()) };
        let file = catalogue_file(self.configuration.directory(), named).map_err(refused)?;
        let found = match file {
            Some(catalogue) => catalogue,
            None => {
                let site = self.site(deployment).await?;
                catalogue_of(&site).await.map_err(described)?.unwrap_or_default()
            }
        };
        Ok(found.releases)
    }

    /// Look, check, and draw the plan up.
    pub(super) async fn prepare(
        &self,
        deployment: &str,
        template: WishedTemplate,
        choices: UpgradeChoices,
    ) -> Result<Preparation, BackendError> {
        // With what is expected by the journal as it is now, for this plan alone.
        let settings = self.settings(deployment)?.clone();
        let mut site = Site::of(settings, self.configuration.directory(), "panel")
            .await
            .map_err(unreachable)?
            .kept_in(&self.data);
        let journal = site.journal(&self.data).await.map_err(refused)?;
        let history = History::of(&journal, deployment, None).await.map_err(refused)?;
        let inherited = inherited(&journal, deployment).await;
        drop(journal);
        let run_id = run_id(deployment, &site.clock).map_err(refused)?;
        site.expected_milliseconds = history.kept_out();
        let release = release(&site, template).await?;
        let sources = version_sources(site.profile.as_ref(), &release.template);
        let to_version = release_version(&release.template, &sources, |_| None);
        let request = UpgradeRequest { release, choices, take_fixes: false, run_id, inherited };
        let prepared = prepare(&site, &request).await.map_err(described)?;
        Ok(preparation(&site, prepared, to_version, &history))
    }
}

pub(super) async fn release(site: &Site, wished: WishedTemplate) -> Result<NewRelease, BackendError> {
    match wished {
        WishedTemplate::Url(url) => {
            NewRelease::read(site, &site.ports.clouds.primary, &url).await.map_err(described)
        }
        WishedTemplate::File { name, text } => {
            NewRelease::of(&name, text.into_bytes(), None).map_err(described)
        }
        WishedTemplate::Release(version) => {
            let found = catalogue_of(site).await.map_err(described)?.unwrap_or_default();
            let entry = found.releases.into_iter().find(|one| one.version == version);
            let Some(entry) = entry else {
                return Err(BackendError::Refused(format!("the catalogue has no release {version}")));
            };
            NewRelease::read(site, &site.ports.clouds.primary, &entry.template).await.map_err(described)
        }
    }
}

/// A cloud that doesn't answer may the next time; a template that can't be read will not.
pub(super) fn described(error: CliError) -> BackendError {
    match error.downcast_ref::<PortError>() {
        Some(error) => BackendError::Unreachable(error.to_string()),
        None => BackendError::Refused(error.to_string()),
    }
}

fn preparation(
    site: &Site,
    prepared: Prepared,
    to_version: Option<String>,
    history: &History,
) -> Preparation {
    let Prepared {
        checks,
        parameters,
        resources: _,
        sessions: _,
        at_work,
        stack,
        version,
        accepted: _,
        foretold,
        templates,
        plan,
    } = prepared;
    let (plan, in_the_way, undrawn) = match plan {
        Ok(plan) => (Some(plan), Vec::new(), None),
        Err(NoPlan::Blocked(checks)) => (None, checks, None),
        Err(NoPlan::Undrawn(error)) => (None, Vec::new(), Some(error.to_string())),
    };
    Preparation {
        at: site.clock.now(),
        from_version: version,
        to_version,
        checks,
        parameters,
        stack,
        foretold,
        templates: templates.iter().map(difference).collect(),
        at_work,
        expectation: history.expectation(),
        plan,
        in_the_way,
        undrawn,
    }
}

/// What a review shows of a stack's templates.
fn difference(texts: &TemplateTexts) -> TemplateDifference {
    let TemplateTexts { update, stack_name, before, after, secret_names, secret_defaults } = texts;
    TemplateDifference::new(
        *update,
        stack_name,
        (before, after),
        &Secrets::new(secret_names, secret_defaults),
    )
}
