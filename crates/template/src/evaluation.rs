//! A template with its parameters: which conditions hold, which resources are there, what their properties are.
//!
//! Conditions are decided once, when an evaluation is made. The functions themselves are in `functions`.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;

use crate::condition_order::condition_order;
use crate::dynamic_reference::dynamic_references;
use crate::evaluate_error::EvaluateError;
use crate::functions::{Functions, Made, Truth};
use crate::location::Location;
use crate::node::{Node, Position};
use crate::read::{Aliases, read};
use crate::resolve::ResolvedParameters;
use crate::template::{Output, Resource, Template};
use crate::value::{ResourceValues, Unknown, Value};

/// What the pseudo parameters give (`AWS::NoValue` aside, which removes what it stands in).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pseudo {
    /// `AWS::AccountId`.
    pub account_id: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::Partition`.
    pub partition: String,
    /// `AWS::URLSuffix`.
    pub url_suffix: String,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::StackId`.
    pub stack_id: String,
    /// `AWS::NotificationARNs`.
    pub notification_arns: Vec<String>,
}

impl Pseudo {
    /// What a pseudo parameter gives: `None` if there is none of this name, `Some(None)` for `AWS::NoValue`.
    pub(crate) fn value(&self, name: &str) -> Option<Option<Value>> {
        let text = match name {
            "AWS::AccountId" => &self.account_id,
            "AWS::Region" => &self.region,
            "AWS::Partition" => &self.partition,
            "AWS::URLSuffix" => &self.url_suffix,
            "AWS::StackName" => &self.stack_name,
            "AWS::StackId" => &self.stack_id,
            "AWS::NotificationARNs" => {
                return Some(Some(Value::List(self.notification_arns.iter().map(Value::string).collect())));
            }
            "AWS::NoValue" => return Some(None),
            _ => return None,
        };
        Some(Some(Value::String(text.clone())))
    }
}

/// Whether this is the name of a pseudo parameter.
pub(crate) fn is_pseudo_parameter(name: &str) -> bool {
    matches!(
        name,
        "AWS::AccountId"
            | "AWS::Region"
            | "AWS::Partition"
            | "AWS::URLSuffix"
            | "AWS::StackName"
            | "AWS::StackId"
            | "AWS::NotificationARNs"
            | "AWS::NoValue"
    )
}

/// What a template asks of the world outside its stack. What is missing here evaluates to an unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outside {
    /// The exports of other stacks, by name.
    pub imports: BTreeMap<String, String>,
    /// The zones of a Region. A Region that is not here is taken to have the zones a, b and c.
    pub availability_zones: BTreeMap<String, Vec<String>>,
    /// The snippets that `AWS::Include` brings, by their `Location`.
    pub includes: BTreeMap<String, String>,
    /// What dynamic references of resources give, by their whole text; the others stay as they are, as in outputs all do.
    pub dynamic_references: BTreeMap<String, String>,
}

/// A template with its parameters, ready to evaluate.
pub struct Evaluation<'a> {
    pub(crate) template: &'a Template,
    pub(crate) parameters: &'a ResolvedParameters,
    pub(crate) pseudo: &'a Pseudo,
    pub(crate) outside: &'a Outside,
    pub(crate) conditions: HashMap<&'a str, bool>,
    pub(crate) includes: HashMap<&'a str, Node>,
}

/// An output whose condition holds.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluatedOutput {
    /// Its key.
    pub name: String,
    /// `Value`.
    pub value: Value,
    /// `Export.Name`.
    pub export_name: Option<Value>,
    /// `Description`.
    pub description: Option<String>,
}

/// What `DeletionPolicy` and `UpdateReplacePolicy` may be (user guide, "DeletionPolicy attribute"; only deletion has
/// `RetainExceptOnCreate`).
pub(crate) const POLICIES: [&str; 4] = ["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];

/// Resources about which nothing is known: for conditions and rules, which can't refer to any.
pub(crate) struct NoResources;

impl ResourceValues for NoResources {
    fn reference(&self, logical_id: &str) -> Value {
        Value::outside(format!("the resource {logical_id}"))
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        Value::outside(format!("{attribute} of the resource {logical_id}"))
    }
}

impl<'a> Evaluation<'a> {
    /// Decides every condition of the template.
    ///
    /// # Errors
    /// Loops that are not written out ([`Template::expand`]); conditions that need each other, that can't be evaluated or that depend on what isn't known; includes that
    /// can't be read.
    pub fn new(
        template: &'a Template,
        parameters: &'a ResolvedParameters,
        pseudo: &'a Pseudo,
        outside: &'a Outside,
    ) -> Result<Evaluation<'a>, EvaluateError> {
        if let Some(at) = first_loop(template) {
            return Err(EvaluateError::NotExpanded { location: Location::new(&template.name, at) });
        }
        let mut includes = HashMap::new();
        for (name, text) in &outside.includes {
            let node = read(name, text.as_bytes(), Aliases::Expand)
                .map_err(|error| EvaluateError::Include { name: name.clone(), error: Box::new(error) })?;
            includes.insert(name.as_str(), node);
        }
        let mut evaluation = Evaluation {
            template,
            parameters,
            pseudo,
            outside,
            conditions: HashMap::with_capacity(template.conditions.len()),
            includes,
        };
        for name in condition_order(template)? {
            let Some(node) = template.conditions.get(name) else {
                continue;
            };
            match Functions::new(&evaluation, &NoResources, &Made::default()).truth(node)? {
                Truth::Known(holds) => {
                    evaluation.conditions.insert(name, holds);
                }
                Truth::Unknown(cause) => {
                    return Err(EvaluateError::UndecidedCondition {
                        location: evaluation.location(node.at),
                        condition: name.to_owned(),
                        cause: evaluation.redact(&cause.to_string()),
                    });
                }
            }
        }
        Ok(evaluation)
    }

    /// The template.
    pub fn template(&self) -> &'a Template {
        self.template
    }

    /// The parameters.
    pub fn parameters(&self) -> &'a ResolvedParameters {
        self.parameters
    }

    /// The pseudo parameters.
    pub fn pseudo(&self) -> &'a Pseudo {
        self.pseudo
    }

    /// Whether a condition holds; nothing if the template has no such condition.
    pub fn condition(&self, name: &str) -> Option<bool> {
        self.conditions.get(name).copied()
    }

    /// Whether the template has this resource and its condition holds.
    pub fn is_active(&self, logical_id: &str) -> bool {
        self.template
            .resources
            .get(logical_id)
            .is_some_and(|resource| self.holds(resource.condition.as_deref()))
    }

    /// The resources whose condition holds, in the template's order.
    pub fn active_resources(&self) -> impl Iterator<Item = &'a Resource> {
        self.template.resources.values().filter(|resource| self.holds(resource.condition.as_deref()))
    }

    fn holds(&self, condition: Option<&str>) -> bool {
        condition.is_none_or(|name| self.condition(name) == Some(true))
    }

    /// Evaluates a node of a resource. Entries that are `AWS::NoValue` are dropped; a node that is itself `AWS::NoValue`
    /// gives null.
    ///
    /// # Errors
    /// What CloudFormation would refuse: see [`EvaluateError`].
    pub fn evaluate(&self, node: &Node, resources: &dyn ResourceValues) -> Result<Value, EvaluateError> {
        let mut value = self.with_references(node, resources)?;
        if !self.outside.dynamic_references.is_empty() {
            self.resolve_references(&mut value);
        }
        Ok(value)
    }

    /// The same with dynamic references as they are, which outputs keep.
    fn with_references(&self, node: &Node, resources: &dyn ResourceValues) -> Result<Value, EvaluateError> {
        Ok(Functions::new(self, resources, &Made::default()).value(node)?.unwrap_or(Value::Null))
    }

    /// Evaluates the properties of a resource, in the template's order.
    ///
    /// # Errors
    /// As [`Evaluation::evaluate`].
    pub fn properties(
        &self,
        resource: &Resource,
        resources: &dyn ResourceValues,
    ) -> Result<IndexMap<String, Value>, EvaluateError> {
        let Some(node) = &resource.properties else {
            return Ok(IndexMap::new());
        };
        match self.evaluate(node, resources)? {
            Value::Map(properties) => Ok(properties),
            Value::Null => Ok(IndexMap::new()),
            // The output of a macro over all properties: one unknown under the macro's key.
            Value::Unknown(unknown) => {
                Ok(IndexMap::from([("Fn::Transform".to_owned(), Value::Unknown(unknown))]))
            }
            other => Err(EvaluateError::WrongArguments {
                location: self.location(node.at),
                function: "Properties",
                expected: format!("must be a map, but here is {}", other.kind_name()),
            }),
        }
    }

    /// Puts what the outside gives of dynamic references in their places: after all functions, as CloudFormation does.
    fn resolve_references(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let given = &self.outside.dynamic_references;
                let known = dynamic_references(text).filter_map(|one| Some((one.text, given.get(one.text)?)));
                let resolved = known.fold(None, |made: Option<String>, (reference, given)| {
                    Some(made.as_deref().unwrap_or(text).replace(reference, given))
                });
                if let Some(resolved) = resolved {
                    *text = resolved;
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.resolve_references(item)),
            Value::Map(entries) => entries.values_mut().for_each(|value| self.resolve_references(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unknown(_) => {}
        }
    }

    /// Evaluates `DeletionPolicy` or `UpdateReplacePolicy`: text, or a function where `AWS::LanguageExtensions` is
    /// declared. Nothing if there is none, or if it is `AWS::NoValue`.
    ///
    /// # Errors
    /// As [`Evaluation::evaluate`], and a policy that CloudFormation doesn't have.
    pub fn policy(&self, node: Option<&Node>) -> Result<Option<String>, EvaluateError> {
        let Some(node) = node else {
            return Ok(None);
        };
        match self.evaluate(node, &NoResources)? {
            Value::Null => Ok(None),
            value => match value.scalar_text() {
                Some(text) if POLICIES.contains(&text) => Ok(Some(text.to_owned())),
                _ => Err(EvaluateError::WrongArguments {
                    location: self.location(node.at),
                    function: "a policy",
                    expected: format!("must be one of {}", POLICIES.join(", ")),
                }),
            },
        }
    }

    /// Evaluates the outputs whose condition holds.
    ///
    /// # Errors
    /// As [`Evaluation::evaluate`].
    pub fn outputs(&self, resources: &dyn ResourceValues) -> Result<Vec<EvaluatedOutput>, EvaluateError> {
        let evaluate = |node: &Node| {
            self.with_references(node, resources).map_err(|mut error| {
                if let EvaluateError::InactiveResource { block, .. } = &mut error {
                    *block = "Outputs";
                }
                error
            })
        };
        self.active_outputs()
            .map(|output| {
                Ok(EvaluatedOutput {
                    name: output.name.clone(),
                    value: evaluate(&output.value)?,
                    export_name: output.export_name.as_ref().map(evaluate).transpose()?,
                    description: output.description.clone(),
                })
            })
            .collect()
    }

    /// The outputs whose condition holds, in the template's order.
    pub fn active_outputs(&self) -> impl Iterator<Item = &'a Output> {
        self.template.outputs.values().filter(|output| self.holds(output.condition.as_deref()))
    }

    pub(crate) fn location(&self, at: Position) -> Location {
        Location::new(&self.template.name, at)
    }

    /// Stars out the values of secret parameters in a text made for a message.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut redacted = text.to_owned();
        for parameter in self.parameters.0.values() {
            if parameter.no_echo && !parameter.text.is_empty() {
                redacted = redacted.replace(&parameter.text, "****");
            }
        }
        redacted
    }
}

/// Where the first loop over members of a section stands.
fn first_loop(template: &Template) -> Option<Position> {
    ["Conditions", "Resources", "Outputs"]
        .iter()
        .filter_map(|section| template.root.get(section)?.as_mapping())
        .flatten()
        .find(|(key, _)| key.starts_with("Fn::ForEach::"))
        .map(|(_, entry)| entry.key_at)
}

impl std::fmt::Debug for Evaluation<'_> {
    /// The template's name only: parameters may be secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Evaluation").field("template", &self.template.name).finish_non_exhaustive()
    }
}

impl std::fmt::Display for Unknown {
    /// What isn't known, in words for messages; the known text around it is left out.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use crate::value::Part;
        match self.parts.iter().find(|part| !matches!(part, Part::Text(_))) {
            Some(Part::Resource { logical_id, attribute: Some(attribute) }) => {
                write!(formatter, "{attribute} of the resource {logical_id}")
            }
            Some(Part::Resource { logical_id, attribute: None }) => {
                write!(formatter, "the resource {logical_id}")
            }
            Some(Part::Outside(what)) => formatter.write_str(what),
            Some(Part::Text(_)) | None => formatter.write_str("something unknown"),
        }
    }
}
