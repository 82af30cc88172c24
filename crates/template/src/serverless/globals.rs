//! `Globals`: properties that every resource of a type gets, unless it has its own.
//!
//! Maps are merged, lists follow each other, anything else is the resource's own; functions count as one value.

use super::problem::{Expanded, unknown, wrong};
use crate::node::{Node, NodeKind};

/// The sections of `Globals` that are known here, each with the properties that AWS takes there.
const SECTIONS: [(&str, &[&str]); 6] = [
    (
        "Function",
        &[
            "Handler",
            "Runtime",
            "CodeUri",
            "DeadLetterQueue",
            "Description",
            "MemorySize",
            "Timeout",
            "VpcConfig",
            "Environment",
            "Tags",
            "PropagateTags",
            "Tracing",
            "KmsKeyArn",
            "AutoPublishAlias",
            "AutoPublishAliasAllProperties",
            "Layers",
            "DeploymentPreference",
            "RolePath",
            "PermissionsBoundary",
            "ReservedConcurrentExecutions",
            "ProvisionedConcurrencyConfig",
            "AssumeRolePolicyDocument",
            "EventInvokeConfig",
            "FileSystemConfigs",
            "CodeSigningConfigArn",
            "Architectures",
            "SnapStart",
            "EphemeralStorage",
            "FunctionUrlConfig",
            "RuntimeManagementConfig",
            "LoggingConfig",
            "RecursiveLoop",
            "SourceKMSKeyArn",
            "TenancyConfig",
            "DurableConfig",
            "PublishToLatestPublished",
            "VersionDeletionPolicy",
        ],
    ),
    (
        "Api",
        &[
            "Auth",
            "Name",
            "DefinitionUri",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "MergeDefinitions",
            "Variables",
            "EndpointConfiguration",
            "MethodSettings",
            "BinaryMediaTypes",
            "MinimumCompressionSize",
            "Cors",
            "GatewayResponses",
            "AccessLogSetting",
            "CanarySetting",
            "TracingEnabled",
            "OpenApiVersion",
            "Domain",
            "AlwaysDeploy",
            "PropagateTags",
            "SecurityPolicy",
            "EndpointAccessMode",
        ],
    ),
    (
        "HttpApi",
        &[
            "Auth",
            "AccessLogSettings",
            "StageVariables",
            "Tags",
            "CorsConfiguration",
            "DefaultRouteSettings",
            "Domain",
            "RouteSettings",
            "FailOnWarnings",
            "PropagateTags",
        ],
    ),
    ("SimpleTable", &["SSESpecification"]),
    ("LayerVersion", &["PublishLambdaVersion"]),
    ("StateMachine", &["PropagateTags"]),
];

/// Properties whose lists are the resource's own where it has one, instead of following each other.
const REPLACED: [&str; 1] = ["Architectures"];

/// Merges `Globals` into the resources and takes the section out of the template.
pub(super) fn merge(template: &mut Node) -> Expanded<()> {
    let Some(globals) = template.take("Globals") else {
        return Ok(());
    };
    if globals.as_mapping().is_none() {
        return wrong("Globals", &globals, "the section is a map of resource types");
    }
    for (section, properties) in globals.pairs() {
        let Some((_, known)) = SECTIONS.iter().find(|(name, _)| *name == section) else {
            return unknown("Globals", properties, format!("the section {section}"));
        };
        if properties.as_mapping().is_none() {
            return wrong("Globals", properties, format!("{section} is a map of properties"));
        }
        if let Some((name, value)) = properties.pairs().find(|(name, _)| !known.contains(name)) {
            return unknown("Globals", value, format!("{section}.{name}"));
        }
    }
    let Some(resources) = template.get_mut("Resources").and_then(Node::entries_mut) else {
        return Ok(());
    };
    for (logical_id, entry) in resources {
        let resource = &mut entry.value;
        let ignored = resource.get("IgnoreGlobals").cloned();
        let type_name = resource.get("Type").and_then(Node::as_str).unwrap_or_default();
        let section = type_name.strip_prefix("AWS::Serverless::").unwrap_or_default();
        let Some(global) = globals.get(section) else {
            continue;
        };
        let mut global = global.clone();
        match ignored.filter(Node::is_something) {
            None => {}
            Some(all) if all.as_str() == Some("*") => continue,
            Some(list) => {
                let Some(names) = list.as_sequence() else {
                    return wrong(logical_id, &list, "IgnoreGlobals is \"*\" or a list of properties");
                };
                for name in names {
                    if name.as_str().and_then(|name| global.take(name)).is_none() {
                        return wrong(logical_id, name, "IgnoreGlobals names what Globals doesn't have");
                    }
                }
            }
        }
        let merged = match resource.get("Properties") {
            Some(own) => merged(&global, own, &[]),
            None => global,
        };
        resource.put("Properties", merged);
    }
    Ok(())
}

fn merged(global: &Node, own: &Node, path: &[&str]) -> Node {
    match (&global.kind, &own.kind) {
        (NodeKind::Mapping(left), NodeKind::Mapping(_)) if !global.is_function() && !own.is_function() => {
            let mut made = Node::new(NodeKind::Mapping(left.clone()), own.at);
            for (key, value) in own.pairs() {
                let value = match global.get(key) {
                    Some(global) => merged(global, value, &[path, &[key]].concat()),
                    None => value.clone(),
                };
                made.put(key, value);
            }
            made
        }
        (NodeKind::Sequence(left), NodeKind::Sequence(right)) if !matches!(path, [name] if REPLACED.contains(name)) => {
            Node::new(NodeKind::Sequence([left.as_slice(), right.as_slice()].concat()), own.at)
        }
        _ => own.clone(),
    }
}
