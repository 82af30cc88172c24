//! What a template's Metadata says to people: groups and labels of its parameters, and the vendor's version.

use indexmap::IndexMap;

use crate::node::{Entry, Node};
use crate::template::Template;

/// `AWS::CloudFormation::Interface`: how a console shows the parameters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interface {
    /// `ParameterGroups`, in order.
    pub groups: Vec<ParameterGroup>,
    /// `ParameterLabels`: what to call a parameter, by its name.
    pub labels: IndexMap<String, String>,
}

/// A group of parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterGroup {
    /// Its heading.
    pub label: Option<String>,
    /// The parameters' names, in order. The template may lack some of them.
    pub parameters: Vec<String>,
}

/// A vendor's version, as `Metadata` carries it: `CodeOcean::VersionInfo: {Version, Commit}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// What stands before `::VersionInfo`.
    pub vendor: String,
    /// `Version`.
    pub version: String,
    /// `Commit`.
    pub commit: Option<String>,
}

impl Template {
    /// The groups and labels of the parameters. What has not the documented form is left out: it is only shown.
    pub fn interface(&self) -> Interface {
        let Some(node) = self.metadata_entry("AWS::CloudFormation::Interface") else {
            return Interface::default();
        };
        let groups = node.get("ParameterGroups").and_then(Node::as_sequence);
        let labels = node.get("ParameterLabels").and_then(Node::as_mapping);
        Interface {
            groups: groups
                .unwrap_or_default()
                .iter()
                .map(|group| ParameterGroup {
                    label: default_text(group.get("Label")),
                    parameters: group
                        .get("Parameters")
                        .and_then(Node::as_sequence)
                        .unwrap_or_default()
                        .iter()
                        .filter_map(|name| name.scalar_text().map(str::to_owned))
                        .collect(),
                })
                .collect(),
            labels: labels
                .into_iter()
                .flatten()
                .filter_map(|(name, Entry { value, .. })| Some((name.clone(), default_text(Some(value))?)))
                .collect(),
        }
    }

    /// The vendor's version: the first entry of `Metadata` whose key ends in `::VersionInfo` and that has a
    /// `Version`.
    pub fn version_info(&self) -> Option<VersionInfo> {
        let entries = self.metadata.as_ref()?.as_mapping()?;
        entries.iter().find_map(|(key, Entry { value, .. })| {
            let text = |name: &str| value.get(name)?.scalar_text().map(str::to_owned);
            Some(VersionInfo {
                vendor: key.strip_suffix("::VersionInfo")?.to_owned(),
                version: text("Version")?,
                commit: text("Commit"),
            })
        })
    }

    fn metadata_entry(&self, key: &str) -> Option<&Node> {
        self.metadata.as_ref()?.get(key)
    }
}

/// `{default: text}`, as labels are written.
fn default_text(node: Option<&Node>) -> Option<String> {
    node?.get("default")?.scalar_text().map(str::to_owned)
}
