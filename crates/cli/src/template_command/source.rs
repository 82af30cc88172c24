//! Where the template comes from: a file, S3, or a deployment. For a file nothing is asked of a cloud.

use std::path::Path;

use aws::{AwsCloud, AwsConnection, Pace};

use crate::arguments::ConfigFile;
use crate::configuration::ConfigurationError;
use crate::error::CliError;
use crate::inputs::Release;
use crate::site::{self, Site};

/// Read what is named. A file of that name comes before a deployment.
pub(super) async fn read(named: &str, config: &ConfigFile) -> Result<Release, CliError> {
    if named.starts_with("https://") || named.starts_with("s3://") {
        let bytes = cloud_for_url(config).await?.get_template(named).await?;
        return Release::parse(named, bytes);
    }
    let path = Path::new(named);
    if path.exists() || !may_be_a_deployment(named) {
        return Release::read(path);
    }
    match site::configuration(config) {
        Ok(configuration) => {
            let settings = configuration.deployment(Some(named))?.clone();
            let site = Site::of(settings, configuration.directory(), "template").await?;
            let deployment = site.ports.clouds.primary.deployment(&site.settings.stack).await?;
            let name = format!("{} (as deployed)", deployment.stack_name);
            Release::parse(&name, deployment.template.into_bytes())
        }
        // Without settings it can only have been meant as a file.
        Err(ConfigurationError::NoFile { .. }) => Release::read(path),
        Err(other) => Err(other.into()),
    }
}

/// A deployment's name has letters, digits and hyphens; a file's has a dot or a slash, most likely.
fn may_be_a_deployment(named: &str) -> bool {
    !named.is_empty() && named.chars().all(|one| one.is_ascii_alphanumeric() || one == '-')
}

/// With the rights of the only deployment of the settings, else with what the environment offers. A public template
/// needs credentials as well: the request is signed.
async fn cloud_for_url(config: &ConfigFile) -> Result<AwsCloud, CliError> {
    if let Ok(configuration) = site::configuration(config)
        && let Ok(settings) = configuration.deployment(None)
    {
        let site = Site::of(settings.clone(), configuration.directory(), "template").await?;
        return Ok(site.ports.clouds.primary);
    }
    let connection = AwsConnection { pace: Pace::Documented, ..AwsConnection::default() };
    Ok(AwsCloud::connect(&connection).await?)
}
