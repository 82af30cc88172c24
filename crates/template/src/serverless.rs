//! `AWS::Serverless-2016-10-31`, written out: what a serverless template's resources become before CloudFormation works on them.
//!
//! What comes out is what AWS's own program for it writes (the package `aws-sam-translator`, with which a test compares, template by
//! template). A type, a property or an event that isn't known here is refused by its name: a change set with resources that AWS
//! wouldn't make, or without some that it makes, is worse than none.
//!
//! Parameters must have their values, since the transform looks at some of them. The value of a secret (`NoEcho`) and one
//! that only the parameter store knows stay references.

mod application;
mod deployment;
mod events;
mod function;
mod generated;
mod globals;
mod http;
mod implicit;
mod json_text;
mod layer_version;
mod logical_id;
mod number;
mod policy_templates;
mod problem;
mod rest;
mod role;
mod s3_address;
mod simple_table;
mod source;
mod state_machine;
mod tree;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::evaluation::Pseudo;
use crate::location::Location;
use crate::node::{Entry, Node, NodeKind, Position};
use crate::read_error::TemplateError;
use crate::resolve::ResolvedParameters;
use crate::value::Value;

pub use application::RepositoryApplication;

use function::invocation;
use generated::Generated;
use implicit::Order;
use problem::{Expanded, Problem, unknown, wrong};
use values::{Names, Values};

/// The transform's name.
pub const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

/// The prefix of the types that the transform writes out.
const PREFIX: &str = "AWS::Serverless::";

/// How many bytes `Globals` may come to, written once for each resource. A template may have 1 MB in all; parts of it go to other
/// types of resources.
const MOST_BYTES_OF_GLOBALS: usize = 8 * 1_048_576;

/// Which generated type may bear the logical id of a resource of which type that the template has.
const SAME_LOGICAL_ID: [(&str, &str); 10] = [
    ("AWS::Lambda::Function", "AWS::Serverless::Function"),
    ("AWS::Lambda::LayerVersion", "AWS::Serverless::LayerVersion"),
    ("AWS::S3::Bucket", "AWS::S3::Bucket"),
    ("AWS::SNS::Topic", "AWS::SNS::Topic"),
    ("AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable"),
    ("AWS::CloudFormation::Stack", "AWS::Serverless::Application"),
    ("AWS::Cognito::UserPool", "AWS::Cognito::UserPool"),
    ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine"),
    ("AWS::ApiGateway::RestApi", "AWS::Serverless::Api"),
    ("AWS::ApiGatewayV2::Api", "AWS::Serverless::HttpApi"),
];

/// Writes out the serverless resources of a template. The transform's own declaration goes.
///
/// # Errors
/// What AWS refuses, and what isn't known here ([`TemplateError::Serverless`]).
pub(crate) fn expand(
    file: &str,
    root: &Node,
    parameters: &ResolvedParameters,
    pseudo: &Pseudo,
) -> Result<Node, TemplateError> {
    expanded(root, parameters, pseudo).map_err(|problem| {
        let Problem { at, of, reason, unknown } = problem;
        let at = if at == Position::default() { root.at } else { at };
        TemplateError::Serverless { location: Location::new(file, at), of, reason, unknown }
    })
}

/// An expansion under way.
struct Expansion<'a> {
    values: Values,
    partition: &'a str,
    /// The template's resources as the transform takes them up, `Globals` merged in.
    resources: IndexMap<String, Entry>,
    /// `Mappings`.
    mappings: Option<Node>,
    /// `Conditions`, to which some are added.
    conditions: Option<Node>,
    names: Names,
    /// The destinations of outcomes that functions have of `Globals`, as the first of them made them.
    destinations: invocation::Shared,
    /// The usage plan that REST APIs share.
    shared_plan: rest::usage_plan::SharedPlan,
    /// What functions ask of CodeDeploy.
    preferences: Vec<deployment::Preference>,
    /// The descriptions of the template's REST APIs.
    described: IndexMap<String, rest::Described>,
    /// The descriptions of its HTTP APIs.
    described_http: IndexMap<String, http::Described>,
    /// Whether `ServerlessRestApi` is one that events make.
    implicit_rest: bool,
    /// The HTTP APIs whose tags come in the order of Python 2.7.
    hashed_tags: BTreeSet<String>,
    /// The names of the functions that REST APIs serve.
    function_names: IndexMap<String, String>,
}

impl Expansion<'_> {
    /// A resource of the template.
    fn resource(&self, logical_id: &str) -> Option<&Node> {
        self.resources.get(logical_id).map(|entry| &entry.value)
    }

    /// Adds a condition to the template.
    fn add_condition(&mut self, source: &source::Source, name: &str, condition: Node) -> Expanded<()> {
        match &mut self.conditions {
            Some(conditions) => conditions.put(name, condition),
            None => return source.wrong("it is made under a condition, and the template has no Conditions"),
        }
        Ok(())
    }

    /// Lets `logical_id.property` stand for a generated resource.
    fn name_part(&mut self, logical_id: &str, property: &str, made: &Generated) {
        self.names.parts.insert((logical_id.to_owned(), property.to_owned()), made.logical_id.clone());
    }
}

fn expanded(root: &Node, parameters: &ResolvedParameters, pseudo: &Pseudo) -> Expanded<Node> {
    let mut template = root.clone();
    let nothing = Node::from_pairs([]);
    let resources = root.get("Resources").unwrap_or(&nothing);
    if !resources.is_something() {
        return wrong("Resources", resources, "a serverless template needs resources");
    }
    for (logical_id, resource) in resources.pairs() {
        if resource.get("Connectors").is_some() {
            return unknown(logical_id, resource, "the attribute Connectors");
        }
    }
    check_size(&template)?;
    let hashed_tags = with_hashed_tags(&template);
    let mut order = Order::of(&template);
    let (mut described, mut described_http) = match template.get_mut("Resources") {
        Some(resources) => (rest::descriptions(resources), http::descriptions(resources)),
        None => (IndexMap::new(), IndexMap::new()),
    };
    let implicit_rest = implicit::rest(&mut template, &mut order, &mut described)?;
    implicit::http(&mut template, &mut order, &mut described_http)?;
    let destinations = invocation::Shared::of(&template);
    globals::merge(&mut template)?;
    if let Some(resources) = template.get_mut("Resources") {
        rest::set_versions(resources, &mut described);
    }
    let ids = template.get("Resources").map(|resources| order.ids(resources)).unwrap_or_default();
    let resources = template.get("Resources").and_then(Node::as_mapping).cloned().unwrap_or_default();
    let mut expansion = Expansion {
        values: known_values(parameters, pseudo),
        partition: &pseudo.partition,
        resources,
        mappings: root.get("Mappings").cloned(),
        conditions: template.get("Conditions").cloned(),
        names: Names::default(),
        destinations,
        shared_plan: rest::usage_plan::SharedPlan::default(),
        preferences: Vec::new(),
        described,
        described_http,
        implicit_rest,
        hashed_tags,
        function_names: IndexMap::new(),
    };
    let mut written = expansion.resources.clone();
    for (logical_id, resource) in in_order(&expansion.resources, &ids)? {
        if resource.get("Type").and_then(Node::as_str) == Some(function::TYPE) {
            implicit::function_names(
                &expansion.values,
                &logical_id,
                &resource,
                &mut expansion.function_names,
            )?;
        }
        let made = write_out(&mut expansion, &logical_id, &resource)?;
        let key_at = expansion.resources.get(&logical_id).map_or(resource.at, |entry| entry.key_at);
        written.shift_remove(&logical_id);
        for one in made {
            put(&expansion, &mut written, &logical_id, key_at, one)?;
        }
    }
    for one in deployment::expand(&mut expansion)? {
        written.insert(one.logical_id.clone(), Entry::new(Position::default(), one.into_node()));
    }
    template.put("Resources", Node::new(NodeKind::Mapping(written), resources_at(root)));
    if let Some(conditions) = expansion.conditions.take() {
        template.put("Conditions", conditions);
    }
    without_transform(&mut template);
    expansion.names.apply(&mut template);
    let at = template.at;
    tree::settle(&mut template, at);
    Ok(template)
}

/// Refuses what becomes more than a template may be, before it is written: CloudFormation takes 500 resources, and an event is one at
/// least; what `Globals` says is written once for each resource.
fn check_size(template: &Node) -> Expanded<()> {
    const MOST_RESOURCES: usize = 500;
    let resources = template.get("Resources").into_iter().flat_map(Node::pairs);
    let is_serverless =
        |one: &Node| one.get("Type").and_then(Node::as_str).is_some_and(|name| name.starts_with(PREFIX));
    let serverless: Vec<(&str, &Node)> = resources.filter(|(_, one)| is_serverless(one)).collect();
    let events = |one: &Node| {
        let events = one.get("Properties").and_then(|properties| properties.get("Events"));
        events.and_then(Node::as_mapping).map_or(0, IndexMap::len)
    };
    let count = serverless.len() + serverless.iter().map(|(_, one)| events(one)).sum::<usize>();
    if count > MOST_RESOURCES {
        let reason = format!(
            "the serverless resources and their events become more than the {MOST_RESOURCES} resources that a template may have; split it"
        );
        return wrong("Resources", template, reason);
    }
    if let Some(globals) = template.get("Globals") {
        let bytes = json_text::compact(globals).len().saturating_mul(serverless.len());
        if bytes > MOST_BYTES_OF_GLOBALS {
            return wrong(
                "Globals",
                globals,
                "written once for each resource it is more than a template may have; shorten it",
            );
        }
    }
    Ok(())
}

/// The HTTP APIs whose own tags come in the order of Python 2.7, which is so where a REST API is in the template.
fn with_hashed_tags(template: &Node) -> BTreeSet<String> {
    let globals = template.get("Globals").and_then(|globals| globals.get("HttpApi")?.get("Tags"));
    if globals.is_some() || !Order::of(template).is_old() {
        return BTreeSet::new();
    }
    let pairs = template.get("Resources").into_iter().flat_map(Node::pairs);
    let is_api = |resource: &Node| resource.get("Type").and_then(Node::as_str) == Some(http::TYPE);
    let has_tags = |resource: &Node| resource.get("Properties").is_some_and(|all| all.get("Tags").is_some());
    pairs.filter(|(_, one)| is_api(one) && has_tags(one)).map(|(id, _)| id.to_owned()).collect()
}

fn resources_at(root: &Node) -> Position {
    root.get("Resources").map_or(root.at, |resources| resources.at)
}

/// The serverless resources in the order in which the transform takes them: functions first, since their events change APIs.
fn in_order(resources: &IndexMap<String, Entry>, ids: &[String]) -> Expanded<Vec<(String, Node)>> {
    let mut found: Vec<(u8, String, Node)> = Vec::new();
    for (logical_id, entry) in ids.iter().filter_map(|id| resources.get_key_value(id)) {
        let type_name = entry.value.get("Type").and_then(Node::as_str).unwrap_or_default();
        if !type_name.starts_with(PREFIX) {
            continue;
        }
        if let Some(condition) =
            entry.value.get("Condition").filter(|one| one.is_something() && one.as_str().is_none())
        {
            return wrong(logical_id, condition, "Condition is the name of a condition");
        }
        let place = match type_name {
            function::TYPE => 0,
            state_machine::TYPE => 1,
            rest::TYPE | http::TYPE => 2,
            _ => 3,
        };
        found.push((place, logical_id.clone(), entry.value.clone()));
    }
    found.sort_by_key(|(place, ..)| *place);
    Ok(found.into_iter().map(|(_, logical_id, resource)| (logical_id, resource)).collect())
}

fn write_out(expansion: &mut Expansion<'_>, logical_id: &str, resource: &Node) -> Expanded<Vec<Generated>> {
    match resource.get("Type").and_then(Node::as_str).unwrap_or_default() {
        function::TYPE => function::expand(expansion, logical_id, resource),
        application::TYPE => application::expand(expansion, logical_id, resource),
        layer_version::TYPE => layer_version::expand(expansion, logical_id, resource),
        http::TYPE => http::expand(expansion, logical_id, resource),
        rest::TYPE => rest::expand(expansion, logical_id, resource),
        state_machine::TYPE => state_machine::expand(expansion, logical_id, resource),
        simple_table::TYPE => simple_table::expand(logical_id, resource),
        other => unknown(logical_id, resource, format!("the type {other}")),
    }
}

/// Puts a generated resource among the others. One of another type that bears its logical id is refused.
fn put(
    expansion: &Expansion<'_>,
    written: &mut IndexMap<String, Entry>,
    source: &str,
    at: Position,
    made: Generated,
) -> Expanded<()> {
    if let Some(taken) = expansion.resource(&made.logical_id) {
        let type_name = taken.get("Type").and_then(Node::as_str).unwrap_or_default();
        if !SAME_LOGICAL_ID.contains(&(made.type_name, type_name)) {
            let reason = format!(
                "it makes a resource {}, and the template has another one of that name; rename one",
                made.logical_id
            );
            return wrong(source, taken, reason);
        }
    }
    let logical_id = made.logical_id.clone();
    let mut node = made.into_node();
    tree::settle(&mut node, at);
    written.insert(logical_id, Entry::new(at, node));
    Ok(())
}

/// Takes the transform out of the template's `Transform`.
fn without_transform(template: &mut Node) {
    let Some(declared) = template.take("Transform") else {
        return;
    };
    let one = std::slice::from_ref(&declared);
    let is_other = |node: &&Node| {
        node.as_str() != Some(SERVERLESS) && node.get("Name").and_then(Node::as_str) != Some(SERVERLESS)
    };
    let others: Vec<Node> = declared.as_sequence().unwrap_or(one).iter().filter(is_other).cloned().collect();
    if !others.is_empty() {
        template.put("Transform", Node::new(NodeKind::Sequence(others), declared.at));
    }
}

/// What the transform is told of parameters, and what it knows of where it runs.
fn known_values(parameters: &ResolvedParameters, pseudo: &Pseudo) -> Values {
    let known = parameters.0.iter().filter(|(_, parameter)| !parameter.no_echo);
    let mut values: BTreeMap<String, Node> =
        known.filter_map(|(name, parameter)| Some((name.clone(), node_of(&parameter.value)?))).collect();
    values.insert("AWS::Region".to_owned(), Node::from(pseudo.region.as_str()));
    values.insert("AWS::Partition".to_owned(), Node::from(pseudo.partition.as_str()));
    Values(values)
}

/// A parameter's value as a tree; nothing if it isn't known.
fn node_of(value: &Value) -> Option<Node> {
    match value {
        Value::Null | Value::Map(_) | Value::Unknown(_) => None,
        Value::Bool(truth) => Some(Node::from(*truth)),
        Value::Number(text) => Some(Node::new(NodeKind::Number(text.clone()), Position::default())),
        Value::String(text) => Some(Node::from(text.as_str())),
        Value::List(elements) => elements.iter().map(node_of).collect::<Option<Vec<_>>>().map(Node::from),
    }
}
