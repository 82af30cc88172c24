//! A release that an operator names: a file, or an S3 URL.

use std::path::Path;

use aws::AwsCloud;
use conductor::{Clock, NoRandomness, random_word};
use template::Template;

use crate::error::CliError;
use crate::files;
use crate::site::Site;

/// A release, read and found sound.
#[derive(Debug, Clone)]
pub struct NewRelease {
    /// The file's name or the URL, for messages.
    pub name: String,
    /// The template's bytes.
    pub bytes: Vec<u8>,
    /// The template.
    pub template: Template,
    /// Where it was read on S3, if it was.
    pub url: Option<String>,
}

impl NewRelease {
    /// Read what is named: `https://…` and `s3://…` from S3, anything else from a file.
    pub async fn read(site: &Site, cloud: &AwsCloud, named: &str) -> Result<NewRelease, CliError> {
        if is_on_s3(named) {
            let bytes = cloud.get_template(named).await?;
            return NewRelease::of(named, bytes, Some(named.to_owned()));
        }
        NewRelease::of(named, files::read(&site.path(named))?, None)
    }

    /// A file of the operator's, whose path is from where they are.
    pub(crate) async fn named(site: &Site, named: &str) -> Result<NewRelease, CliError> {
        if is_on_s3(named) {
            return NewRelease::read(site, &site.ports.clouds.primary, named).await;
        }
        NewRelease::of(named, files::read(Path::new(named))?, None)
    }

    /// A release by its bytes.
    pub fn of(name: &str, bytes: Vec<u8>, url: Option<String>) -> Result<NewRelease, CliError> {
        let template = Template::parse(name, &bytes)?;
        Ok(NewRelease { name: name.to_owned(), bytes, template, url })
    }
}

/// Whether what is named is read from S3, and not from a file.
pub(super) fn is_on_s3(named: &str) -> bool {
    named.starts_with("https://") || named.starts_with("s3://")
}

/// `production-20261123-071530-k3f9`. The last letters are random: two that are begun within a second differ.
///
/// # Errors
/// The machine gives no random bytes.
pub fn run_id(deployment: &str, clock: &Clock) -> Result<String, NoRandomness> {
    let moment = crate::words::moment_in_names(clock.now());
    Ok(format!("{deployment}-{moment}-{}", random_word(4)?))
}

#[cfg(test)]
mod tests {
    use conductor::Clock;

    use super::run_id;

    #[tokio::test]
    async fn two_runs_begun_at_one_moment_have_two_ids() {
        let clock = Clock::starting_at(upgrade::Timestamp(1_795_418_130_000));
        let ids = [(), ()].map(|()| run_id("production", &clock).expect("random"));
        assert_ne!(ids[0], ids[1]);
        for id in ids {
            let random = id.strip_prefix("production-20261123-071530-").expect("its deployment and time");
            assert!(random.len() == 4 && random.bytes().all(|one| one.is_ascii_alphanumeric()), "{id}");
        }
    }
}
