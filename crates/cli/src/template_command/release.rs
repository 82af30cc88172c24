//! What a release is, read off its template alone. Facts for a person; how they look is in `table`, how they are sent
//! elsewhere in `json`.

use std::collections::{BTreeMap, BTreeSet};

use changeset::capabilities::{NeededCapability, capabilities};
use changeset::permissions::{PermissionGroup, Permissions, Why};
use changeset::{custom_name, facts};
use indexmap::IndexMap;
use template::{
    Evaluation, LimitUse, Node, Outside, Parameter, ParameterInputs, ParameterType, Pseudo, Resource,
    Template, Value, resolve_parameters,
};
use upgrade::{Profile, Survey};

/// A release.
#[derive(Debug)]
pub(crate) struct Release<'t> {
    /// Its template.
    pub template: &'t Template,
    /// Its version, and the entry of `Metadata` that tells it.
    pub version: Option<Version>,
    /// The parameters in their groups.
    pub groups: Vec<Group<'t>>,
    /// The resources by service and type.
    pub services: BTreeMap<String, BTreeMap<String, Count>>,
    /// What the operator has to acknowledge, and why.
    pub capabilities: Vec<NeededCapability>,
    /// Resources with names of the template's choice: they can't be replaced.
    pub custom_named: Vec<CustomNamed<'t>>,
    /// Resources that hold data.
    pub stateful: Vec<StatefulResource<'t>>,
    /// What it uses of CloudFormation's limits.
    pub limits: Vec<LimitUse>,
    /// The profile that fits it.
    pub profile: String,
    /// What maintenance would touch; the reason when that can't be seen.
    pub maintenance: Result<Maintenance, String>,
}

/// A release's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub version: String,
    pub commit: Option<String>,
    /// The key in `Metadata`.
    pub metadata_key: String,
}

/// Parameters that stand together.
#[derive(Debug)]
pub(crate) struct Group<'t> {
    /// `None`: those that stand in no group.
    pub label: Option<String>,
    pub parameters: Vec<Labelled<'t>>,
}

/// A parameter and what a console calls it.
#[derive(Debug)]
pub(crate) struct Labelled<'t> {
    pub label: Option<String>,
    pub parameter: &'t Parameter,
}

/// How many resources there are of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    pub always: usize,
    pub conditional: usize,
}

/// A resource that has a name of the template's choice.
#[derive(Debug)]
pub(crate) struct CustomNamed<'t> {
    pub resource: &'t Resource,
    /// The properties that name it.
    pub properties: Vec<String>,
}

/// A resource that holds data.
#[derive(Debug)]
pub(crate) struct StatefulResource<'t> {
    pub resource: &'t Resource,
    /// What becomes of it when it leaves the stack; what isn't said is CloudFormation's default.
    pub deletion_policy: Policy,
    /// What becomes of the old one when it is replaced.
    pub update_replace_policy: Policy,
}

/// A policy as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Policy {
    /// As written.
    Written(String),
    /// A function decides.
    Computed,
    /// Not written: CloudFormation's default.
    Default(&'static str),
}

impl Policy {
    pub(crate) fn word(&self) -> &str {
        match self {
            Policy::Written(word) => word,
            Policy::Computed => "computed",
            Policy::Default(word) => word,
        }
    }
}

/// What maintenance would touch, and which values were taken for granted to find it.
#[derive(Debug)]
pub(crate) struct Maintenance {
    pub survey: Survey,
    /// Parameters that have no default and were given no value: they count as empty.
    pub taken_as_empty: Vec<String>,
}

/// Read a release off its template. `given` are parameter values, for conditions; `profile` is the owner's.
pub(crate) fn read<'t>(
    template: &'t Template,
    given: &BTreeMap<String, String>,
    pseudo: &Pseudo,
    profile: Option<&Profile>,
) -> Release<'t> {
    let profile = profile.cloned().unwrap_or_else(|| Profile::from_template(template));
    Release {
        template,
        version: version(template, &profile),
        groups: groups(template),
        services: services(template),
        capabilities: capabilities(template),
        custom_named: custom_named(template),
        stateful: stateful(template),
        limits: template.limits(),
        maintenance: maintenance(template, given, pseudo, &profile),
        profile: profile.name,
    }
}

fn version(template: &Template, profile: &Profile) -> Option<Version> {
    let info = profile.version(template).ok().flatten()?;
    let metadata_key = match &profile.version_metadata_key {
        Some(key) => key.text.clone(),
        None => format!("{}::VersionInfo", info.vendor),
    };
    Some(Version { version: info.version, commit: info.commit, metadata_key })
}

/// In the order of the interface; those that it forgets come last.
fn groups(template: &Template) -> Vec<Group<'_>> {
    let interface = template.interface();
    let mut left: IndexMap<&str, &Parameter> =
        template.parameters.iter().map(|(name, parameter)| (name.as_str(), parameter)).collect();
    fn labelled<'t>(interface: &template::Interface, parameter: &'t Parameter) -> Labelled<'t> {
        Labelled { label: interface.labels.get(&parameter.name).cloned(), parameter }
    }
    let mut groups = Vec::new();
    for group in &interface.groups {
        let parameters: Vec<Labelled<'_>> = group
            .parameters
            .iter()
            .filter_map(|name| left.shift_remove(name.as_str()))
            .map(|parameter| labelled(&interface, parameter))
            .collect();
        if !parameters.is_empty() {
            groups.push(Group { label: group.label.clone(), parameters });
        }
    }
    if !left.is_empty() {
        groups.push(Group {
            label: None,
            parameters: left.into_values().map(|parameter| labelled(&interface, parameter)).collect(),
        });
    }
    groups
}

fn services(template: &Template) -> BTreeMap<String, BTreeMap<String, Count>> {
    let mut services: BTreeMap<String, BTreeMap<String, Count>> = BTreeMap::new();
    for resource in template.resources.values() {
        let (service, type_name) = service_and_type(&resource.type_name);
        let count = services.entry(service).or_default().entry(type_name).or_default();
        match resource.condition {
            Some(_) => count.conditional += 1,
            None => count.always += 1,
        }
    }
    services
}

/// `AWS::EC2::VPC` is of `EC2`, `Custom::X` of `Custom`, a partner's `Vendor::Service::Type` of `Vendor::Service`.
fn service_and_type(type_name: &str) -> (String, String) {
    let shortened = type_name.strip_prefix("AWS::").unwrap_or(type_name);
    match shortened.rsplit_once("::") {
        Some((service, kind)) => (service.to_owned(), kind.to_owned()),
        None => (shortened.to_owned(), shortened.to_owned()),
    }
}

fn custom_named(template: &Template) -> Vec<CustomNamed<'_>> {
    let named = |resource: &Resource| -> Vec<String> {
        let Some(properties) = resource.properties.as_ref().and_then(Node::as_mapping) else {
            return Vec::new();
        };
        // Only which properties are given matters here, not their values.
        let given: IndexMap<String, Value> =
            properties.keys().map(|name| (name.clone(), Value::Bool(true))).collect();
        let names = custom_name::in_the_way(&resource.type_name, &given, &given);
        // What is named by another resource's id is an attachment to it, not a name.
        let is_name = |name: &String| {
            let node = properties.get(name).map(|entry| &entry.value);
            !node.and_then(Node::only_entry).is_some_and(|(function, argument)| {
                function == "Fn::GetAtt"
                    || (function == "Ref"
                        && argument.value.as_str().is_some_and(|id| template.resources.contains_key(id)))
            })
        };
        if names.iter().all(is_name) { names } else { Vec::new() }
    };
    template
        .resources
        .values()
        .map(|resource| CustomNamed { resource, properties: named(resource) })
        .filter(|one| !one.properties.is_empty())
        .collect()
}

fn stateful(template: &Template) -> Vec<StatefulResource<'_>> {
    let holds_data = |resource: &&Resource| {
        facts::resource_type(&resource.type_name).is_some_and(|facts| facts.stateful.is_some())
    };
    template
        .resources
        .values()
        .filter(holds_data)
        .map(|resource| StatefulResource {
            resource,
            deletion_policy: policy(resource.deletion_policy.as_ref(), default_deletion(resource)),
            update_replace_policy: policy(resource.update_replace_policy.as_ref(), "Delete"),
        })
        .collect()
}

fn policy(node: Option<&Node>, default: &'static str) -> Policy {
    match node {
        None => Policy::Default(default),
        Some(node) => match node.as_str() {
            Some(word) => Policy::Written(word.to_owned()),
            None => Policy::Computed,
        },
    }
}

/// Deletion keeps a snapshot of a database that is in no cluster, and of a cluster, unless told otherwise (user guide,
/// "DeletionPolicy attribute", default behavior).
fn default_deletion(resource: &Resource) -> &'static str {
    let in_cluster = resource
        .properties
        .as_ref()
        .is_some_and(|properties| properties.get("DBClusterIdentifier").is_some());
    match resource.type_name.as_str() {
        "AWS::RDS::DBCluster" => "Snapshot",
        "AWS::RDS::DBInstance" if !in_cluster => "Snapshot",
        _ => "Delete",
    }
}

fn maintenance(
    template: &Template,
    given: &BTreeMap<String, String>,
    pseudo: &Pseudo,
    profile: &Profile,
) -> Result<Maintenance, String> {
    let mut loose = template.clone();
    let mut taken_as_empty = Vec::new();
    for (name, parameter) in &mut loose.parameters {
        // Only conditions are asked for; whether a value would be allowed is CloudFormation's to say.
        parameter.type_name = match parameter.type_name.is_list() {
            true => ParameterType::CommaDelimitedList,
            false => ParameterType::String,
        };
        parameter.allowed_values.clear();
        parameter.allowed_pattern = None;
        (parameter.min_length, parameter.max_length) = (None, None);
        (parameter.min_value, parameter.max_value) = (None, None);
        if let Some(value) = given.get(name) {
            parameter.default = Some(value.clone());
        } else if parameter.default.is_none() {
            parameter.default = Some(String::new());
            taken_as_empty.push(name.clone());
        }
    }
    let parameters = resolve_parameters(&loose, &ParameterInputs::default())
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let loose = loose.expand(&parameters, pseudo).map_err(|error| error.to_string())?;
    let outside = Outside::default();
    let evaluation =
        Evaluation::new(&loose, &parameters, pseudo, &outside).map_err(|error| error.to_string())?;
    Ok(Maintenance { survey: profile.survey(&evaluation), taken_as_empty })
}

/// The least rights of a role that CloudFormation assumes: to create, change and delete every type in the template. Which
/// ARNs a handler touches isn't published, so resources are `*`.
pub(crate) fn deployment_role(template: &Template) -> Permissions {
    let mut permissions = Permissions { groups: BTreeMap::new(), unknown_types: BTreeSet::new() };
    if template.parameters.values().any(|parameter| parameter.type_name.is_ssm_value()) {
        add(&mut permissions, Why::ReadParameters, "ssm:GetParameters", None);
    }
    for resource in template.resources.values() {
        let handlers = facts::resource_type(&resource.type_name).and_then(|facts| facts.handlers.as_ref());
        let Some(handlers) = handlers else {
            permissions.unknown_types.insert(resource.type_name.clone());
            continue;
        };
        for (why, handler) in [
            (Why::Create, &handlers.create),
            (Why::Update, &handlers.update),
            (Why::Delete, &handlers.delete),
        ] {
            for action in handler.iter().flat_map(|handler| &handler.permissions) {
                let why = if action == "iam:PassRole" { Why::PassRole } else { why };
                add(&mut permissions, why, action, Some(&resource.logical_id));
            }
        }
    }
    permissions
}

fn add(permissions: &mut Permissions, why: Why, action: &str, because_of: Option<&str>) {
    let group: &mut PermissionGroup = permissions.groups.entry(why).or_default();
    group.actions.insert(action.to_owned());
    group.because_of.extend(because_of.map(str::to_owned));
}
