//! Reading the catalogue of releases that a deployment's settings name: a file beside them, or an object on S3.

use std::path::Path;

use template::Template;
use upgrade::{Profile, ReleaseFacts, release_version};

use crate::configuration::{Catalogue, ConfigurationError, parse_catalogue};
use crate::error::CliError;
use crate::files;
use crate::planning::release::is_on_s3;
use crate::site::Site;

/// The catalogue of a deployment within reach; `None`: its settings name none.
///
/// # Errors
/// It can't be read, or isn't as it should be.
pub(crate) async fn catalogue_of(site: &Site) -> Result<Option<Catalogue>, CliError> {
    let Some(named) = &site.settings.catalogue else { return Ok(None) };
    if !is_on_s3(named) {
        return catalogue_file(&site.directory, named);
    }
    let bytes = site.ports.clouds.primary.get_template(named).await?;
    Ok(Some(parse(named, &String::from_utf8_lossy(&bytes))?))
}

/// The catalogue where that is a file beside the settings; `None`: it is on S3, and needs a cloud to be read.
///
/// # Errors
/// As [`catalogue_of`].
pub(crate) fn catalogue_file(directory: &Path, named: &str) -> Result<Option<Catalogue>, CliError> {
    if is_on_s3(named) {
        return Ok(None);
    }
    let path = directory.join(named);
    Ok(Some(parse(named, &files::read_text(&path)?)?))
}

fn parse(named: &str, text: &str) -> Result<Catalogue, ConfigurationError> {
    Ok(parse_catalogue(named, text)?)
}

/// What is known of the release: the catalogue's word before the template's own.
pub(super) fn release_facts(
    catalogue: Option<Catalogue>,
    template: &Template,
    profile: &Profile,
) -> ReleaseFacts {
    let version = release_version(template, &profile.version_sources(), |_| None);
    let own = ReleaseFacts { version, ..ReleaseFacts::from_template(template) };
    let entry = catalogue.and_then(|catalogue| {
        let stops: Vec<String> = catalogue
            .releases
            .iter()
            .filter(|entry| entry.required_stop)
            .map(|entry| entry.version.clone())
            .collect();
        let found =
            catalogue.releases.into_iter().find(|entry| Some(&entry.version) == own.version.as_ref())?;
        Some(ReleaseFacts {
            version: Some(found.version),
            least_version_from: found.from_at_least,
            required_stops: stops,
            least_backup_version: found.backup_at_least,
        })
    });
    entry.unwrap_or_default().or(own)
}
