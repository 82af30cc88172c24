//! Where a template tells which release it is: in its metadata, or, with vendors that write none, in a mapping or a parameter.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use template::{Node, Template};

use crate::profile::Profile;

/// A place in a template that tells its release's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionSource {
    /// An entry of `Metadata`, by its key: a text, or a map with `Version`.
    Metadata(String),
    /// A value of `Mappings`: the mapping and its two keys, as `Fn::FindInMap` takes them.
    Mapping([String; 3]),
    /// A parameter, by its name: the value that it has, or its default. A `NoEcho` one tells nothing.
    Parameter(String),
}

impl VersionSource {
    /// `MAPPING.KEY.KEY`; `None`: it isn't of that form.
    #[must_use]
    pub fn mapping(text: &str) -> Option<VersionSource> {
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        <[String; 3]>::try_from(parts).ok().map(VersionSource::Mapping)
    }

    /// What the template says there. `value` gives a parameter's value where it has one.
    fn read(&self, template: &Template, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let text = |node: Option<&Node>| node.and_then(Node::scalar_text).map(str::to_owned);
        let said = match self {
            VersionSource::Metadata(key) => {
                let entry = template.metadata.as_ref()?.get(key);
                text(entry).or_else(|| text(entry?.get("Version")))
            }
            VersionSource::Mapping([mapping, first, second]) => {
                text(template.mappings.get(mapping)?.get(first)?.get(second))
            }
            VersionSource::Parameter(name) => {
                let parameter = template.parameters.get(name).filter(|parameter| !parameter.no_echo)?;
                value(name).or_else(|| parameter.default.clone())
            }
        }?;
        // An image's digest is no part of its version.
        said.split('@').next().filter(|version| !version.is_empty()).map(str::to_owned)
    }
}

/// The version that a template tells, at the first place that does. `sources`: those of its profile; none: metadata whose key
/// ends in `::VersionInfo`.
#[must_use]
pub fn release_version(
    template: &Template,
    sources: &[VersionSource],
    value: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    if sources.is_empty() {
        return template.version_info().map(|info| info.version);
    }
    sources.iter().find_map(|source| source.read(template, &value))
}

/// The same of a deployed template's text; `None` also where it can't be read.
#[must_use]
pub fn deployed_version(
    template_text: &str,
    sources: &[VersionSource],
    value: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    release_version(&*read_before(template_text)?, sources, value)
}

/// A deployed template, read once for each text: whoever asks how a deployment stands asks again.
fn read_before(text: &str) -> Option<Arc<Template>> {
    const KEPT: usize = 4;
    static READ: Mutex<VecDeque<([u8; 32], Arc<Template>)>> = Mutex::new(VecDeque::new());
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    // What is kept is whole, whoever panicked beside it.
    let kept = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, template)) = kept().iter().find(|(known, _)| *known == digest) {
        return Some(Arc::clone(template));
    }
    let template = Arc::new(Template::parse("the deployed template", text.as_bytes()).ok()?);
    let mut kept = kept();
    kept.truncate(KEPT - 1);
    kept.push_front((digest, Arc::clone(&template)));
    Some(template)
}

/// Where a template of this profile tells its version; without one, of the profile that the template itself tells.
#[must_use]
pub fn version_sources(profile: Option<&Profile>, template: &Template) -> Vec<VersionSource> {
    profile.map_or_else(|| Profile::from_template(template).version_sources(), Profile::version_sources)
}

#[cfg(test)]
mod tests {
    use template::Template;

    use super::{VersionSource, release_version};

    #[test]
    fn a_version_is_told_by_the_first_place_that_has_one() {
        let text = br#"
Parameters: {AppVersion: {Type: String, Default: v1}, Bare: {Type: String}, Key: {Type: String, Default: v1, NoEcho: true}}
Mappings: {App: {Tags: {Image: "v2@sha256:0123", Empty: "@sha256:0123"}}}
Metadata: {"Lab::VersionInfo": {Version: v3}, Release: v4}
Resources: {Topic: {Type: "AWS::SNS::Topic"}}
"#;
        let template = Template::parse("release.yaml", text).expect("a template");
        let mapping = |text| VersionSource::mapping(text).expect("three parts");
        let parameter = |name: &str| VersionSource::Parameter(name.to_owned());
        let metadata = |key: &str| VersionSource::Metadata(key.to_owned());
        for (sources, deployed, told) in [
            (vec![], None, Some("v3")),
            (vec![metadata("Release")], None, Some("v4")),
            (vec![metadata("Lab::VersionInfo")], None, Some("v3")),
            (vec![mapping("App.Tags.Image")], None, Some("v2")),
            (vec![mapping("App.Tags.Empty"), mapping("App.Tags.Image")], None, Some("v2")),
            (vec![mapping("App.Tags.Gone"), parameter("AppVersion")], None, Some("v1")),
            (vec![parameter("AppVersion")], Some("v0"), Some("v0")),
            (vec![parameter("Bare"), parameter("Gone")], None, None),
            (vec![parameter("Key")], Some("v0"), None),
        ] {
            let version = release_version(&template, &sources, |_| deployed.map(str::to_owned));
            assert_eq!(version.as_deref(), told, "{sources:?}");
        }
        assert_eq!(VersionSource::mapping("App.Tags"), None);
    }
}
