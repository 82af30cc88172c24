//! Every template of a plan pinned by its content: our own copy under its hash, so that nobody who may write to where it
//! came from changes what was approved.

use aws::PinnedTemplate;
use upgrade::{UpdateKind, sha256_of};

use super::release::NewRelease;
use crate::error::CliError;
use crate::site::Site;

/// Our own copy of a template; one that wasn't there before is noted as written.
///
/// # Errors
/// As of [`place`].
pub(super) async fn pin(
    site: &Site,
    update: UpdateKind,
    release: &NewRelease,
) -> Result<PinnedTemplate, CliError> {
    let pinned = place(site, update, release).await?;
    if pinned.is_new {
        site.written.note(pinned.url.clone());
    }
    Ok(pinned)
}

/// Our own copy of a template, where the stack's CloudFormation reads it. Without a bucket to put it into, an address that
/// names one version for ever will do.
///
/// # Errors
/// When there is neither, or the copy can't be written, or the stack's own rights don't let it be read.
async fn place(site: &Site, update: UpdateKind, release: &NewRelease) -> Result<PinnedTemplate, CliError> {
    let clouds = &site.ports.clouds;
    let cloud = clouds.cloud_for(update)?;
    let (settings, bytes) = (&site.settings, &release.bytes);
    let own_bucket = match update {
        UpdateKind::BackupStack => settings.backup_stack.as_ref().map(|stack| &stack.template_bucket),
        UpdateKind::RoleStack => settings.role_stack.as_ref().map(|stack| &stack.template_bucket),
        UpdateKind::Primary | UpdateKind::WayBack => None,
    };
    if let Some(Some(bucket)) = own_bucket {
        return Ok(cloud.pin_template(bucket, bytes).await?);
    }
    if let Some(bucket) = &settings.template_bucket {
        let pinned = clouds.primary.pin_template(bucket, bytes).await?;
        match update {
            UpdateKind::BackupStack | UpdateKind::RoleStack => pinned.can_be_read_by(cloud).await?,
            UpdateKind::Primary | UpdateKind::WayBack => {}
        }
        return Ok(pinned);
    }
    let versioned = match &release.url {
        Some(url) => cloud.versioned_template_url(url).await?,
        None => None,
    };
    match versioned {
        Some(url) => Ok(PinnedTemplate { url, sha256: sha256_of(bytes), is_new: false }),
        None => {
            let (deployment, template) = (&settings.name, &release.name);
            Err(CliError::bad_input(format!(
                "{template} can be changed after it was approved: deployment {deployment} names no template_bucket that a copy could be kept in, and {template} is not one version of an object on S3"
            ))
            .hint(
                "write template_bucket = \"…\" into its settings (a bucket of your own), or name a version of the object: s3://BUCKET/KEY?versionId=ID; nothing was touched",
            ))
        }
    }
}
