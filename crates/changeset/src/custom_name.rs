//! A resource whose name the template chooses can't be replaced: the new one would need the name while the
//! old one has it (user guide, "Name Type"). Read by [`crate::expect`] and by the local cloud's engine.

use indexmap::IndexMap;
use template::Value;

use crate::compare::same;
use crate::facts::{self, ReplacementStrategy, ResourceType};

/// The properties whose values, all of them staying, stand in the way of a replacement. Empty where nothing
/// does.
pub fn in_the_way(
    type_name: &str,
    before: &IndexMap<String, Value>,
    after: &IndexMap<String, Value>,
) -> Vec<String> {
    let Some(facts) = facts::resource_type(type_name) else { return Vec::new() };
    if facts.replacement_strategy == ReplacementStrategy::DeleteThenCreate {
        return Vec::new();
    }
    let names = identifying(facts).or_else(|| own_name(facts).map(|name| vec![name])).unwrap_or_default();
    let stays = |name: &String| {
        let (before, after) = (before.get(name), after.get(name));
        before.is_some() && same(before, after)
    };
    if names.iter().all(stays) { names } else { Vec::new() }
}

/// The property whose value alone is the resource's name, where its template can give one.
pub(crate) fn naming_property(facts: &ResourceType) -> Option<String> {
    let alone = identifying(facts).filter(|names| names.len() == 1).and_then(|mut names| names.pop());
    let names_it = |property: &String| property.ends_with("Name") || property.ends_with("Identifier");
    alone.filter(names_it).or_else(|| own_name(facts))
}

/// The properties that together identify the resource, if the template gives all of them.
pub(crate) fn identifying(facts: &ResourceType) -> Option<Vec<String>> {
    let given = |name: &String| facts.properties.contains_key(name) && !facts.read_only.contains_key(name);
    let names = &facts.primary_identifier;
    (!names.is_empty() && names.iter().all(given)).then(|| names.clone())
}

/// Types whose name counts only within what they belong to, which the name alone doesn't tell.
const NAMED_WITHIN_ANOTHER: [&str; 9] = [
    "AWS::ControlTower::EnabledBaseline",
    "AWS::ECS::ExpressGatewayService",
    "AWS::Glue::UserDefinedFunction",
    "AWS::Kinesis::StreamConsumer",
    "AWS::Lambda::WebFunctionEndpoint",
    "AWS::Omics::WorkflowVersion",
    "AWS::PinpointEmail::ConfigurationSetEventDestination",
    "AWS::RDS::DBProxyTargetGroup",
    "AWS::SSM::ServiceSetting",
];

/// Types of which two may have the same name (their API references: an id of AWS's making tells them apart).
pub(crate) const NAMED_ALIKE: [&str; 12] = [
    "AWS::DataPipeline::Pipeline",
    "AWS::DirectoryService::MicrosoftAD",
    "AWS::DirectoryService::SimpleAD",
    "AWS::EMR::Cluster",
    "AWS::EMR::InstanceFleetConfig",
    "AWS::EMR::InstanceGroupConfig",
    "AWS::EMR::Step",
    "AWS::Pinpoint::App",
    "AWS::Route53::HostedZone",
    "AWS::Route53Resolver::ResolverQueryLoggingConfig",
    "AWS::Route53Resolver::ResolverRuleAssociation",
    "AWS::Shield::Protection",
];

/// The property that names the resource, where an id of AWS's making identifies it.
///
/// Assumption: a create-only text called `Name`, or the type's last words and `Name`, `Identifier` or `Id` (`TopicName`,
/// `ComputeEnvironmentName`, `GroupName` of a security group, `ReplicationGroupId`), is a name that must be unique. AWS lists such
/// types under "Name Type" without their properties' rules.
fn own_name(facts: &ResourceType) -> Option<String> {
    if NAMED_WITHIN_ANOTHER.contains(&facts.name.as_str()) {
        return None;
    }
    let last_word = facts.name.rsplit("::").next()?;
    let is_name = |name: &String| {
        facts.create_only.iter().any(|path| path.strip_prefix('/') == Some(name.as_str()))
            && !facts.read_only.contains_key(name)
            && facts.properties.get(name).is_some_and(|property| property.kind.as_deref() != Some("array"))
    };
    let ends =
        last_word.char_indices().filter(|(_, one)| one.is_ascii_uppercase()).map(|(at, _)| &last_word[at..]);
    let called = ends.flat_map(|words| ["Name", "Identifier", "Id"].map(|end| format!("{words}{end}")));
    std::iter::once("Name".to_owned()).chain(called).find(is_name)
}
