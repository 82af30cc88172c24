//! `AWS::Serverless::StateMachine`: a state machine of Step Functions with its role, its alias and its events.

use regex_lite::Regex;

use super::Expansion;
use super::events::{self, Called};
use super::generated::{Generated, tag_list};
use super::json_text;
use super::problem::Expanded;
use super::role::{Role, assumed_by};
use super::s3_address::S3Address;
use super::source::{Declared, Form, Source};
use super::tree::{Map, list, map};
use crate::node::Node;

/// The type.
pub(super) const TYPE: &str = "AWS::Serverless::StateMachine";

const PROPERTIES: &[Declared] = &[
    ("Definition", Form::Map, false),
    ("DefinitionUri", Form::TextOrMap, false),
    ("Logging", Form::Map, false),
    ("Role", Form::Text, false),
    ("RolePath", Form::Any, false),
    ("DefinitionSubstitutions", Form::Map, false),
    ("Events", Form::MapOfMaps, false),
    ("Name", Form::Text, false),
    ("Type", Form::Text, false),
    ("Tags", Form::Map, false),
    ("PropagateTags", Form::Bool, false),
    ("Policies", Form::TextOrMapOrList, false),
    ("Tracing", Form::Map, false),
    ("PermissionsBoundary", Form::Text, false),
    ("AutoPublishAlias", Form::Any, false),
    ("DeploymentPreference", Form::Any, false),
    ("UseAliasAsEventTarget", Form::Exactly(&Form::Bool), false),
];

/// Types that get the state machine's tags when `PropagateTags` is set.
const TAGGED: [&str; 3] = ["AWS::StepFunctions::StateMachine", "AWS::IAM::Role", "AWS::SQS::Queue"];

/// Writes out a state machine.
pub(super) fn expand(expansion: &mut Expansion<'_>, id: &str, node: &Node) -> Expanded<Vec<Generated>> {
    let source = Source::read(id, TYPE, node, &[PROPERTIES])?;
    let mut machine = Generated::new(id, "AWS::StepFunctions::StateMachine", &source.attributes);
    machine.depends_on = source.depends_on.clone();
    define(&source, &mut machine)?;
    let made_by = tag_list([("stateMachine:createdBy", &Node::from("SAM"))]);
    let tags = [made_by, tag_list(source.get("Tags").into_iter().flat_map(Node::pairs))].concat();
    let mut made = Vec::new();
    match (source.something("Role"), source.something("Policies")) {
        (Some(_), Some(_)) => return source.wrong("a state machine has Role or Policies, not both"),
        (Some(role), None) => machine.set("RoleArn", role),
        (None, _) => {
            let role = role(expansion, &source, tags.clone())?;
            machine.set("RoleArn", role.attribute("Arn"));
            made.push(role);
        }
    }
    for (name, given) in [
        ("StateMachineName", "Name"),
        ("StateMachineType", "Type"),
        ("LoggingConfiguration", "Logging"),
        ("TracingConfiguration", "Tracing"),
    ] {
        machine.set_some(name, source.get(given));
    }
    machine.set("Tags", tags);
    let alias = alias(&source, &machine, &mut made)?;
    let target = alias.as_ref().filter(|_| source.something("UseAliasAsEventTarget").is_some());
    let mut nobody = Generated::new("", "AWS::IAM::Role", &Map::new());
    let target = target.unwrap_or(&machine);
    let mut called = Called {
        function_id: id,
        target,
        arn: target.reference(),
        role: &mut nobody,
        starts: Some(source.something("PermissionsBoundary").cloned()),
    };
    made.extend(events::expand(expansion, &mut called, source.get("Events"))?);
    made.extend(alias);
    made.push(machine);
    if let Some(tags) = source.something("Tags").filter(|_| source.something("PropagateTags").is_some()) {
        let tags = tag_list(tags.pairs());
        for resource in made.iter_mut().filter(|one| TAGGED.contains(&one.type_name)) {
            resource.set("Tags", tags.clone());
        }
    }
    Ok(made)
}

/// Sets what the state machine does: a definition in S3, or one in the template as text, its functions replaced by names.
fn define(source: &Source, machine: &mut Generated) -> Expanded<()> {
    let mut substitutions = source.something("DefinitionSubstitutions").cloned();
    match (source.something("Definition"), source.something("DefinitionUri")) {
        (Some(_), Some(_)) => {
            return source.wrong("a state machine has Definition or DefinitionUri, not both");
        }
        (None, None) => return source.wrong("a state machine needs Definition or DefinitionUri"),
        (Some(definition), None) => {
            let mut definition = definition.clone();
            let mut found = Vec::new();
            replace_functions(&mut definition, &mut found);
            if !found.is_empty() {
                let all = substitutions.get_or_insert_with(|| Node::from(Map::new()));
                for (index, value) in found.into_iter().enumerate() {
                    all.put(&substitution(index), value);
                }
            }
            let text = json_text::indented(&definition);
            let lines: Vec<Node> = text.split('\n').map(Node::from).collect();
            machine.set("DefinitionString", map! {"Fn::Join" => list!["\n", lines]});
        }
        (None, Some(uri)) => {
            let address = S3Address::read(&source.logical_id, "DefinitionUri", uri)?;
            let mut location = map! {"Bucket" => address.bucket, "Key" => address.key};
            if let Some(version) = address.version {
                location.put("Version", version);
            }
            machine.set("DefinitionS3Location", location);
        }
    }
    machine.set_some("DefinitionSubstitutions", substitutions.as_ref());
    Ok(())
}

/// The name of the substitution at a place.
fn substitution(index: usize) -> String {
    format!("definition_substitution_{}", index + 1)
}

/// Replaces functions and dynamic references by the names of substitutions, in the order of keys; gives what they were.
fn replace_functions(node: &mut Node, found: &mut Vec<Node>) {
    let mut replace = |child: &mut Node| {
        if child.is_function() || is_dynamic(child) {
            let name = Node::from(format!("${{{}}}", substitution(found.len())));
            found.push(std::mem::replace(child, name));
        } else {
            replace_functions(child, found);
        }
    };
    if let Some(elements) = node.elements_mut() {
        elements.iter_mut().for_each(replace);
    } else if let Some(entries) = node.entries_mut() {
        let mut keys: Vec<String> = entries.keys().cloned().collect();
        keys.sort();
        for key in keys {
            if let Some(entry) = entries.get_mut(&key) {
                replace(&mut entry.value);
            }
        }
    }
}

fn is_dynamic(node: &Node) -> bool {
    let pattern = Regex::new(r"^\{\{resolve:([a-z-]+):(.+)\}\}$");
    node.as_str().is_some_and(|text| pattern.is_ok_and(|pattern| pattern.is_match(text)))
}

fn role(expansion: &Expansion<'_>, source: &Source, tags: Vec<Node>) -> Expanded<Generated> {
    let mut policies = match source.something("Policies") {
        None => Vec::new(),
        Some(given) => given.as_sequence().map_or_else(|| vec![given.clone()], <[Node]>::to_vec),
    };
    let is_traced = source.get("Tracing").and_then(|tracing| tracing.get("Enabled")?.as_bool()) == Some(true);
    if is_traced {
        let name =
            if expansion.partition == "aws" { "AWSXrayWriteOnlyAccess" } else { "AWSXRayDaemonWriteAccess" };
        policies.push(Node::from(name));
    }
    Role {
        owner: &source.logical_id,
        attributes: &source.handed_on(),
        partition: expansion.partition,
        assumed: assumed_by("states.amazonaws.com"),
        policies: Some(&Node::from(policies)),
        managed_arns: Vec::new(),
        documents: Vec::new(),
        path: source.get("RolePath"),
        boundary: source.get("PermissionsBoundary"),
        tags,
    }
    .generate()
}

/// A version and the alias that points to it, if the state machine publishes one. The alias is given back.
fn alias(source: &Source, machine: &Generated, made: &mut Vec<Generated>) -> Expanded<Option<Generated>> {
    let something = |name: &str| source.something(name);
    let Some(name) = something("AutoPublishAlias") else {
        return match something("UseAliasAsEventTarget").or(something("DeploymentPreference")) {
            Some(_) => source.wrong("UseAliasAsEventTarget and DeploymentPreference need AutoPublishAlias"),
            None => Ok(None),
        };
    };
    let Some(name) = name.as_str().filter(|name| name.chars().all(|one| one.is_ascii_alphanumeric())) else {
        return source.wrong("AutoPublishAlias of a state machine is an alphanumeric text");
    };
    let id = source.logical_id.as_str();
    let mut attributes = source.handed_on();
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        attributes.entry(policy.to_owned()).or_insert_with(|| Node::from("Retain"));
    }
    let mut version =
        Generated::new(format!("{id}Version"), "AWS::StepFunctions::StateMachineVersion", &attributes);
    version.set("StateMachineArn", machine.reference());
    version.set("StateMachineRevisionId", machine.attribute("StateMachineRevisionId"));
    let mut preference =
        something("DeploymentPreference").cloned().unwrap_or_else(|| map! {"Type" => "ALL_AT_ONCE"});
    if preference.as_mapping().is_none() {
        return source.wrong("DeploymentPreference is a map");
    }
    preference.put("StateMachineVersionArn", version.reference());
    let alias_id = format!("{id}Alias{name}");
    let mut alias = Generated::new(alias_id, "AWS::StepFunctions::StateMachineAlias", &source.handed_on());
    alias.set("Name", name);
    alias.set("DeploymentPreference", preference);
    made.push(version);
    Ok(Some(alias))
}
