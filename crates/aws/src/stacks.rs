//! The stacks of an account and Region, for choosing one.

use std::collections::BTreeMap;

use serde_json::Value;
use upgrade::PortError;

use crate::cloud::AwsCloud;
use crate::cloudformation::on_stack;
use crate::cloudformation::stack::Stack;
use crate::concurrency::all;
use crate::endpoints::CLOUDFORMATION;
use crate::wire::query::Form;

/// A stack, as far as one must know it to choose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackListed {
    pub stack_name: String,
    pub stack_id: String,
    /// Such as `UPDATE_COMPLETE`.
    pub status: String,
    /// What its template says of itself.
    pub description: Option<String>,
    /// The vendor's version in the template's metadata: what stands before `::VersionInfo`, and its `Version`. `None` as
    /// well when the template can't be read.
    pub version: Option<(String, String)>,
    /// Parameter values. A NoEcho parameter is `****`, as AWS shows it.
    pub parameters: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// The stack that it is nested in.
    pub parent_id: Option<String>,
    pub role_arn: Option<String>,
}

impl AwsCloud {
    /// Every stack that isn't deleted, by name, each with its template's version: one call a hundred stacks or so, and one
    /// for each stack.
    pub async fn stacks(&self) -> Result<Vec<StackListed>, PortError> {
        let stacks = self.wire.list(&Form::new(&CLOUDFORMATION, "DescribeStacks"), "Stacks").await;
        let stacks: Vec<Stack> = stacks.map_err(|error| self.origin.explain(error.into()))?;
        let mut listed = all(stacks, async |stack| Ok(self.listed(stack).await)).await?;
        listed.sort_by(|one, other| one.stack_name.cmp(&other.stack_name));
        Ok(listed)
    }

    async fn listed(&self, stack: Stack) -> StackListed {
        let stack_id = stack.stack_id.clone().unwrap_or_default();
        // A stack whose template can't be summarised can be chosen all the same.
        let summary = self.wire.query(&on_stack("GetTemplateSummary", &stack_id)).await.ok();
        StackListed {
            stack_id,
            version: summary.and_then(|summary| version(summary.text_of("Metadata"))),
            parameters: stack.parameters().collect(),
            tags: stack.tags().collect(),
            stack_name: stack.stack_name.unwrap_or_default(),
            status: stack.stack_status,
            description: stack.description,
            parent_id: stack.parent_id,
            role_arn: stack.role_arn,
        }
    }
}

/// `{"CodeOcean::VersionInfo": {"Version": "3.8.2"}}`.
fn version(metadata: &str) -> Option<(String, String)> {
    let Ok(Value::Object(entries)) = serde_json::from_str(metadata) else { return None };
    entries.iter().find_map(|(key, entry)| {
        let vendor = key.strip_suffix("::VersionInfo")?;
        let version = match entry.get("Version")? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        Some((vendor.to_owned(), version))
    })
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_templates_metadata_tells_its_version() {
        for (metadata, found) in [
            (
                r#"{"CodeOcean::VersionInfo": {"Version": "3.8.2", "Commit": "x"}}"#,
                Some(("CodeOcean", "3.8.2")),
            ),
            (r#"{"A": 1, "Sample::VersionInfo": {"Version": 2}}"#, Some(("Sample", "2"))),
            (r#"{"Sample::VersionInfo": {"Version": {}}}"#, None),
            (r#"{"Sample": {"Version": "1"}}"#, None),
            ("", None),
        ] {
            let found = found.map(|(vendor, version): (&str, &str)| (vendor.to_owned(), version.to_owned()));
            assert_eq!(version(metadata), found, "{metadata}");
        }
    }
}
