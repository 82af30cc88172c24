//! What a release is, read off its template.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Answer;

/// `slackwater template`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReleaseTold {
    /// The file's name, or the address.
    pub name: String,
    pub version: Option<ReleaseVersion>,
    pub description: Option<String>,
    pub transforms: Vec<String>,
    pub parameter_groups: Vec<ParameterGroup>,
    pub rules: Vec<TemplateRule>,
    /// How many there are.
    pub conditions: usize,
    pub resources: Vec<ResourceCount>,
    pub capabilities: Vec<Capability>,
    /// Resources with names of the template's choice: they can't be replaced.
    pub custom_named: Vec<CustomNamed>,
    /// Resources that hold data.
    pub stateful: Vec<Stateful>,
    pub limits: Vec<LimitUsed>,
    pub maintenance: Touched,
    /// What CloudFormation needs to deploy it.
    pub deployment_role: DeploymentRole,
}

impl Answer for ReleaseTold {
    const NAME: &'static str = "template";
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReleaseVersion {
    pub version: String,
    pub commit: Option<String>,
    /// The entry of `Metadata` that tells it.
    pub metadata_key: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ParameterGroup {
    /// `null`: those that stand in no group.
    pub label: Option<String>,
    pub parameters: Vec<TemplateParameter>,
}

/// A parameter, in the template's own words.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateParameter {
    pub name: String,
    /// What a console calls it.
    pub label: Option<String>,
    #[serde(rename = "type")]
    pub type_name: String,
    pub description: Option<String>,
    /// `****` where it is secret.
    pub default: Option<String>,
    pub no_echo: bool,
    /// Empty: there is no such constraint.
    pub allowed_values: Vec<String>,
    pub allowed_pattern: Option<String>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub min_value: Option<f64>,
    pub max_value: Option<f64>,
    pub constraint_description: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TemplateRule {
    pub name: String,
    /// What each assertion says of itself.
    pub assertions: Vec<Option<String>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ResourceCount {
    pub service: String,
    #[serde(rename = "type")]
    pub type_name: String,
    pub unconditional: usize,
    pub conditional: usize,
}

/// A capability that has to be acknowledged.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Capability {
    /// Such as `CAPABILITY_NAMED_IAM`.
    pub capability: String,
    pub because_of: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomNamed {
    pub logical_id: String,
    #[serde(rename = "type")]
    pub type_name: String,
    /// The properties that name it.
    pub properties: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stateful {
    pub logical_id: String,
    #[serde(rename = "type")]
    pub type_name: String,
    pub deletion_policy: DataPolicy,
    pub update_replace_policy: DataPolicy,
}

/// What becomes of data.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DataPolicy {
    /// Such as `Retain`; `computed`: a function decides.
    pub policy: String,
    /// Whether the template says so; else it is CloudFormation's default.
    pub written: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LimitUsed {
    /// Such as `resources`.
    pub limit: LimitWord,
    pub used: usize,
    pub maximum: usize,
}

/// A limit of CloudFormation's. `mapping-attributes`: of the fullest mapping. `inline-bytes`: of a template in the request itself.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LimitWord {
    Resources,
    Parameters,
    Outputs,
    Mappings,
    MappingAttributes,
    DescriptionBytes,
    InlineBytes,
    Bytes,
}

/// What maintenance would touch.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Touched {
    /// The profile by which it is found.
    pub profile: String,
    /// Logical ids by part, with the words of the settings (`docs/settings.md`).
    pub parts: BTreeMap<String, Vec<String>>,
    /// By database: the parameter that pins its storage.
    pub storage_parameters: BTreeMap<String, Option<String>>,
    /// Tags that dedicated machines bear.
    pub dedicated_machine_tags: Vec<MachineTag>,
    /// Parameters that point at a backup stack.
    pub backup_parameters: Vec<String>,
    /// What can't be told, a sentence each.
    pub problems: Vec<String>,
    /// Parameters that count as empty, for they have neither a default nor a value.
    pub taken_as_empty: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MachineTag {
    pub key: String,
    /// `null`: any.
    pub value: Option<String>,
}

/// The least rights of a role that deploys it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentRole {
    /// As IAM takes it.
    pub policy: Value,
    /// Types whose handlers' rights aren't published.
    pub unknown_types: Vec<String>,
}
