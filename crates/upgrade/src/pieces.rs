//! What a template brings in from elsewhere while it is deployed: nested stacks' templates, snippets of `AWS::Include`,
//! and what nobody can look at beforehand. Told from the template and its parameters; reading it is somebody else's.
//!
//! A nested template is deployed with what its parent gives it, part of which is known only while the update is under
//! way. Such a value is a mark here: an address in which it turns up can't be told, and what depends on a condition of a
//! template that has such values is not certain to be deployed.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use template::{
    EvaluateError, Evaluation, GivenParameter, Node, Outside, ParameterInputs, Pseudo, RepositoryApplication,
    Resource, ResourceValues, Template, TemplateError, Value, resolve_parameters,
};

use crate::draft::{DraftError, ReleaseSide};

/// Stands for a value that isn't known. No address has such a letter.
const UNKNOWN: &str = "\u{fffd}unknown\u{fffd}";

/// Something that a template brings in by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateReference {
    /// Such as `nested stack Network`.
    pub what: String,
    /// Its address, without a signature; why it can't be told.
    pub url: Result<String, String>,
    /// The address as the template has it, by which an include is expanded.
    pub location: String,
    /// What it is to the template.
    pub kind: ReferenceKind,
    /// Whether it is deployed for certain; else it depends on values that aren't known.
    pub certain: bool,
}

/// What something is to the template that brings it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A snippet of `AWS::Include`.
    Snippet,
    /// A nested stack's template, with the parameters that it is given; `None`: a value that isn't known.
    NestedStack {
        /// By name.
        parameters: BTreeMap<String, Option<String>>,
    },
    /// A stack set's template, which is deployed elsewhere.
    StackSet,
}

/// Something that a template brings in and that can't be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unaskable {
    /// Such as `application Logging`.
    pub what: String,
    pub why: String,
}

/// Snippets that the template includes, as far as they aren't expanded yet; each location once.
///
/// # Errors
/// When the template can't be evaluated.
pub fn included_snippets(
    release: &ReleaseSide,
    pseudo: &Pseudo,
) -> Result<Vec<TemplateReference>, EvaluateError> {
    let Masked(parameters, _) = masked(release);
    let outside = Outside::default();
    let evaluation = Evaluation::new(&release.template, &parameters, pseudo, &outside)?;
    let mut calls = Vec::new();
    if let Some(transforms) = release.template.root.get("Transform") {
        calls.extend(transforms.as_sequence().unwrap_or(std::slice::from_ref(transforms)));
    }
    collect_macro_calls(&release.template.root, &mut calls);
    let mut found: Vec<TemplateReference> = Vec::new();
    let locations = calls
        .into_iter()
        .filter(|call| call.get("Name").and_then(Node::as_str) == Some("AWS::Include"))
        .filter_map(|call| call.get("Parameters")?.get("Location"));
    for location in locations {
        let url = address(&evaluation, location, &NothingKnown);
        let location = url.clone().unwrap_or_default();
        let reference = TemplateReference {
            what: "included snippet".to_owned(),
            url: url.map(|url| unsigned(&url)),
            location,
            kind: ReferenceKind::Snippet,
            // Macros run before conditions are looked at (user guide, "AWS::Include transform").
            certain: true,
        };
        if !found.contains(&reference) {
            found.push(reference);
        }
    }
    Ok(found)
}

/// The release with snippets written out, by their location.
///
/// # Errors
/// When a snippet can't be read or doesn't fit.
pub fn with_snippets(
    release: &ReleaseSide,
    pseudo: &Pseudo,
    snippets: BTreeMap<String, String>,
) -> Result<ReleaseSide, TemplateError> {
    let outside = Outside { includes: snippets, ..Outside::default() };
    let template = release.template.expand_with(&release.parameters, pseudo, &outside)?;
    Ok(ReleaseSide { template, parameters: release.parameters.clone() })
}

/// Templates that the release's stacks and stack sets are made from. `physical_ids` are those of the stack's resources,
/// by logical id, where there are any.
///
/// # Errors
/// When the template can't be evaluated.
pub fn nested_templates(
    release: &ReleaseSide,
    pseudo: &Pseudo,
    physical_ids: &BTreeMap<String, String>,
) -> Result<Vec<TemplateReference>, EvaluateError> {
    let Masked(parameters, unknown) = masked(release);
    let undecided = undecided_conditions(&release.template, &unknown);
    let outside = Outside::default();
    let evaluation = Evaluation::new(&release.template, &parameters, pseudo, &outside)?;
    let resources = Deployed(physical_ids);
    let mut found = Vec::new();
    for resource in release.template.resources.values() {
        let Some(properties) = &resource.properties else { continue };
        let certain = !resource.condition.as_ref().is_some_and(|name| undecided.contains(name.as_str()))
            && !chooses_by(properties, &undecided);
        if certain && !evaluation.is_active(&resource.logical_id) {
            continue;
        }
        let named = |kind: &str| format!("{kind} {}", resource.logical_id);
        let given = || ReferenceKind::NestedStack { parameters: given(&evaluation, properties, &resources) };
        let (what, location, kind) = match resource.type_name.as_str() {
            "AWS::CloudFormation::Stack" => (named("nested stack"), properties.get("TemplateURL"), given()),
            "AWS::CloudFormation::StackSet" => {
                (named("stack set"), properties.get("TemplateURL"), ReferenceKind::StackSet)
            }
            _ => continue,
        };
        let Some(location) = location.filter(|one| !is_application(one)) else { continue };
        let url = address(&evaluation, location, &resources);
        let location = url.clone().unwrap_or_default();
        found.push(TemplateReference { what, url: url.map(|url| unsigned(&url)), location, kind, certain });
    }
    Ok(found)
}

/// What a template brings in that only CloudFormation can ask for: applications of the Serverless Application
/// Repository, macros of somebody's own.
#[must_use]
pub fn unaskable(template: &Template) -> Vec<Unaskable> {
    let mut found: Vec<Unaskable> = Vec::new();
    let mut push = |what: String, why: &str| {
        let one = Unaskable { what, why: why.to_owned() };
        if !found.contains(&one) {
            found.push(one);
        }
    };
    let is_application_of_repository = |resource: &&Resource| {
        let location = resource.properties.as_ref().and_then(|properties| properties.get("TemplateURL"));
        resource.type_name == "AWS::CloudFormation::Stack" && location.is_some_and(is_application)
    };
    for resource in template.resources.values().filter(is_application_of_repository) {
        push(
            format!("application {}", resource.logical_id),
            "it is of the Serverless Application Repository, whose content CloudFormation asks for itself",
        );
    }
    let mut calls = Vec::new();
    collect_macro_calls(&template.root, &mut calls);
    let called = calls.into_iter().filter_map(|call| call.get("Name").and_then(Node::as_str));
    for name in template.transforms.iter().map(String::as_str).chain(called) {
        // AWS's own macros are AWS's word.
        if !name.starts_with("AWS::") {
            push(
                format!("macro {name}"),
                "it is a function of its owner's, which may answer otherwise any time",
            );
        }
    }
    found
}

/// A nested template with what its parent gives it, loops expanded.
///
/// # Errors
/// When it can't be read, or its parameters don't fit.
pub fn nested_release(
    name: &str,
    bytes: &[u8],
    given: &BTreeMap<String, Option<String>>,
    pseudo: &Pseudo,
) -> Result<ReleaseSide, DraftError> {
    let mut template = Template::parse(name, bytes)?;
    let is_unknown = |key: &str| given.get(key).is_some_and(Option::is_none);
    for (key, parameter) in &mut template.parameters {
        // A mark keeps to no constraint.
        if is_unknown(key) {
            parameter.allowed_values.clear();
            parameter.allowed_pattern = None;
            (parameter.min_length, parameter.max_length) = (None, None);
            (parameter.min_value, parameter.max_value) = (None, None);
        }
    }
    let inputs: IndexMap<String, GivenParameter> = given
        .iter()
        .map(|(key, value)| {
            // A number's check wants a number; its value is marked below.
            let numeric = template.parameters.get(key).is_some_and(|one| one.type_name.is_numeric());
            let mark = if numeric { "0" } else { UNKNOWN };
            (key.clone(), GivenParameter::Value(value.clone().unwrap_or_else(|| mark.to_owned())))
        })
        .collect();
    let inputs = ParameterInputs { given: &inputs, ..ParameterInputs::default() };
    let mut parameters = resolve_parameters(&template, &inputs).map_err(DraftError::Parameters)?;
    for (key, resolved) in &mut parameters.0 {
        if is_unknown(key) || matches!(resolved.value, Value::Unknown(_)) {
            resolved.text = UNKNOWN.to_owned();
            resolved.value = mark_of(&resolved.value);
        }
    }
    let template = template.expand(&parameters, pseudo)?;
    Ok(ReleaseSide { template, parameters })
}

/// The pseudo parameters of a nested stack, whose name CloudFormation chooses.
#[must_use]
pub fn nested_pseudo(parent: &Pseudo) -> Pseudo {
    Pseudo { stack_name: UNKNOWN.to_owned(), stack_id: UNKNOWN.to_owned(), ..parent.clone() }
}

/// Parameters with a mark for each secret, and the names of the others that aren't known.
struct Masked(template::ResolvedParameters, BTreeSet<String>);

fn masked(release: &ReleaseSide) -> Masked {
    let mut parameters = release.parameters.clone();
    let is_marked = |value: &Value| match value {
        Value::List(elements) => elements.iter().any(|one| one.scalar_text() == Some(UNKNOWN)),
        other => other.scalar_text() == Some(UNKNOWN),
    };
    let unknown = parameters.0.iter().filter(|(_, one)| !one.no_echo && is_marked(&one.value));
    let unknown = unknown.map(|(name, _)| name.clone()).collect();
    for secret in parameters.0.values_mut().filter(|one| one.no_echo) {
        secret.value = mark_of(&secret.value);
    }
    Masked(parameters, unknown)
}

fn mark_of(value: &Value) -> Value {
    let mark = Value::String(UNKNOWN.to_owned());
    if matches!(value, Value::List(_)) { Value::List(vec![mark]) } else { mark }
}

/// Resources of which nothing is known.
struct NothingKnown;

impl ResourceValues for NothingKnown {
    fn reference(&self, logical_id: &str) -> Value {
        Value::outside(format!("the resource {logical_id}"))
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        Value::outside(format!("{attribute} of the resource {logical_id}"))
    }
}

/// Resources whose physical ids are known.
struct Deployed<'a>(&'a BTreeMap<String, String>);

impl ResourceValues for Deployed<'_> {
    fn reference(&self, logical_id: &str) -> Value {
        match self.0.get(logical_id) {
            Some(physical_id) => Value::String(physical_id.clone()),
            None => NothingKnown.reference(logical_id),
        }
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        NothingKnown.attribute(logical_id, attribute)
    }
}

/// An address as text, or why it can't be told.
fn address(
    evaluation: &Evaluation<'_>,
    location: &Node,
    resources: &dyn ResourceValues,
) -> Result<String, String> {
    let value = evaluation.evaluate(location, resources).map_err(|error| error.to_string())?;
    match (value.first_unknown(), value.scalar_text()) {
        (Some(unknown), _) => Err(format!("its address depends on {unknown}")),
        (None, Some(text)) if text.contains(UNKNOWN) => {
            Err("its address depends on a value that is known only while the update is under way".to_owned())
        }
        (None, Some(text)) => Ok(text.to_owned()),
        (None, None) => Err(format!("its address is no text but {}", value.kind_name())),
    }
}

/// `Parameters` of a nested stack, as text: of a list CloudFormation makes one with commas.
fn given(
    evaluation: &Evaluation<'_>,
    properties: &Node,
    resources: &dyn ResourceValues,
) -> BTreeMap<String, Option<String>> {
    let entries = properties.get("Parameters").and_then(Node::as_mapping).into_iter().flatten();
    entries
        .filter_map(|(name, entry)| {
            let known = match evaluation.evaluate(&entry.value, resources) {
                Ok(Value::Null) => return None,
                Ok(Value::List(elements)) => {
                    let texts: Option<Vec<&str>> = elements.iter().map(Value::scalar_text).collect();
                    texts.map(|texts| texts.join(","))
                }
                Ok(value) => value.scalar_text().map(str::to_owned),
                Err(_) => None,
            };
            Some((name.clone(), known.filter(|text| !text.contains(UNKNOWN))))
        })
        .collect()
}

/// An address without its query, but for a version: a signature is a secret, and no part of what is meant.
fn unsigned(url: &str) -> String {
    let Some((address, query)) = url.split_once('?') else { return url.to_owned() };
    if !address.starts_with("https://") {
        return url.to_owned();
    }
    match query.split(['&', '#']).find(|pair| pair.starts_with("versionId=")) {
        Some(version) => format!("{address}?{version}"),
        None => address.to_owned(),
    }
}

/// Arguments of every `Fn::Transform`.
fn collect_macro_calls<'a>(node: &'a Node, into: &mut Vec<&'a Node>) {
    into.extend(node.get("Fn::Transform"));
    // As deep as a template may nest, which the reader has a limit for.
    for child in node.children() {
        collect_macro_calls(child, into);
    }
}

/// Conditions that a value decides which isn't known.
fn undecided_conditions<'a>(template: &'a Template, unknown: &BTreeSet<String>) -> BTreeSet<&'a str> {
    let mut undecided = BTreeSet::new();
    loop {
        let before = undecided.len();
        for (name, node) in &template.conditions {
            if refers_to(node, "Ref", &|one| unknown.contains(one))
                || refers_to(node, "Condition", &|one| undecided.contains(one))
            {
                undecided.insert(name.as_str());
            }
        }
        if undecided.len() == before {
            return undecided;
        }
    }
}

/// Whether a function of a condition names one of these. Conditions take no `Fn::Sub` (user guide,
/// "Condition functions").
fn refers_to(node: &Node, function: &str, names: &dyn Fn(&str) -> bool) -> bool {
    let named = node.get(function).and_then(Node::as_str).is_some_and(names);
    named || node.children().any(|child| refers_to(child, function, names))
}

/// Whether `Fn::If` with one of these conditions is in a node.
fn chooses_by(node: &Node, conditions: &BTreeSet<&str>) -> bool {
    let condition = node.get("Fn::If").and_then(Node::as_sequence).and_then(<[Node]>::first);
    condition.and_then(Node::as_str).is_some_and(|name| conditions.contains(name))
        || node.children().any(|child| chooses_by(child, conditions))
}

/// Whether a `TemplateURL` names an application of the Serverless Application Repository instead of an address.
fn is_application(location: &Node) -> bool {
    location.as_str().is_some_and(|url| RepositoryApplication::of(url).is_some())
}

#[cfg(test)]
mod tests;
