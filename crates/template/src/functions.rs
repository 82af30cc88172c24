//! What each function of the language gives (user guide, "Intrinsic function reference").
//!
//! Here: references, the choice between functions, and plain data. Text functions are in `functions/text`, list
//! functions in `functions/list`, truths in `functions/truth`. The unknown passes through every one of them; what
//! it becomes follows AWS's recordings: plain `Fn::Sub` keeps the text around it, Join, Select, Split and Sub with
//! a map collapse to the bare unknown.

mod cidr;
mod list;
mod text;
mod truth;

use std::cell::Cell;

use indexmap::IndexMap;

pub use list::zones_of_region;
pub(crate) use truth::Truth;

use crate::evaluate_error::EvaluateError;
use crate::evaluation::Evaluation;
use crate::function::{Call, Function, GetAttArguments, call, get_att_arguments, value_call};
use crate::node::{Entry, Node, NodeKind, Position};
use crate::value::{Part, ResourceValues, Unknown, Value};

/// The result of a function: nothing is `AWS::NoValue`.
pub(crate) type Evaluated = Result<Option<Value>, EvaluateError>;

/// How many includes may be open inside each other.
const MAXIMUM_OPEN_INCLUDES: u8 = 3;

/// How much the functions of one node may make, in bytes of text and 32 for each value: a template of 1 MB that
/// repeats a long parameter would otherwise fill the memory. What a resource is made of never comes near.
const MAXIMUM_MADE: usize = 2 * 1_048_576;

/// What the functions of one node have made so far.
#[derive(Default)]
pub(crate) struct Made(Cell<usize>);

/// Evaluates nodes for one evaluation and one source of resource values.
#[derive(Clone, Copy)]
pub(crate) struct Functions<'e, 'a> {
    evaluation: &'e Evaluation<'a>,
    resources: &'e dyn ResourceValues,
    made: &'e Made,
    open_includes: u8,
}

impl<'e, 'a> Functions<'e, 'a> {
    pub(crate) fn new(
        evaluation: &'e Evaluation<'a>,
        resources: &'e dyn ResourceValues,
        made: &'e Made,
    ) -> Functions<'e, 'a> {
        Functions { evaluation, resources, made, open_includes: 0 }
    }

    /// The value of a node. The depth of recursion is the tree's, which reading has limited.
    pub(crate) fn value(self, node: &Node) -> Evaluated {
        match &node.kind {
            NodeKind::Null => Ok(Some(Value::Null)),
            NodeKind::Bool(truth) => Ok(Some(Value::Bool(*truth))),
            NodeKind::Number(text) => Ok(Some(Value::Number(text.clone()))),
            NodeKind::String(text) => Ok(Some(Value::String(text.clone()))),
            NodeKind::Sequence(elements) => self.elements(elements),
            NodeKind::Mapping(entries) => match value_call(node) {
                Some(found) => self.call(found),
                None => self.entries(entries),
            },
        }
    }

    /// The value of a node, where `AWS::NoValue` makes no sense and counts as null.
    fn some_value(self, node: &Node) -> Result<Value, EvaluateError> {
        Ok(self.value(node)?.unwrap_or(Value::Null))
    }

    fn elements(self, elements: &[Node]) -> Evaluated {
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            if let Some(value) = self.value(element)? {
                values.push(value);
            }
        }
        Ok(Some(Value::List(values)))
    }

    fn entries(self, entries: &IndexMap<String, Entry>) -> Evaluated {
        let mut values = IndexMap::with_capacity(entries.len());
        if let Some(entry) = entries.get("Fn::Transform") {
            self.merge_transform(entry, &mut values)?;
        }
        for (key, entry) in entries {
            if let Some(name) = key.strip_prefix("Fn::") {
                if name == "Transform" {
                    continue;
                }
                if name.starts_with("ForEach::") {
                    return Err(EvaluateError::NotExpanded {
                        location: self.evaluation.location(entry.key_at),
                    });
                }
                if entries.len() == 1 {
                    // A macro's own function: `check` lets it pass only where a macro is declared.
                    return Ok(Some(Value::outside(format!("the output of {key}"))));
                }
            }
            if let Some(value) = self.value(&entry.value)? {
                values.entry(key.clone()).or_insert(value);
            }
        }
        Ok(Some(Value::Map(values)))
    }

    /// `Fn::Transform` beside other keys: what it brings joins them, and wins (recorded on AWS).
    fn merge_transform(
        self,
        entry: &Entry,
        values: &mut IndexMap<String, Value>,
    ) -> Result<(), EvaluateError> {
        match self.transform(&entry.value, entry.key_at)? {
            Some(Value::Map(brought)) => {
                values.extend(brought);
            }
            Some(other) => {
                values.insert("Fn::Transform".to_owned(), other);
            }
            None => {}
        }
        Ok(())
    }

    fn call(self, found: Call<'_>) -> Evaluated {
        let value = self.result(found)?;
        // A choice makes nothing of its own; counting it would count what stands in it once for each level.
        if found.function != Function::If
            && let Some(value) = &value
        {
            self.count(made_by(value), found.at)?;
        }
        Ok(value)
    }

    /// Counts what a function has made.
    fn count(self, made: usize, at: Position) -> Result<(), EvaluateError> {
        let sum = self.made.0.get().saturating_add(made);
        self.made.0.set(sum);
        if sum > MAXIMUM_MADE {
            return Err(EvaluateError::TooMuch {
                location: self.evaluation.location(at),
                limit_bytes: MAXIMUM_MADE,
            });
        }
        Ok(())
    }

    fn result(self, found: Call<'_>) -> Evaluated {
        match found.function {
            Function::Ref => self.reference(found),
            Function::GetAtt => self.get_att(found),
            Function::Sub => self.substitute(found),
            Function::Join => self.join(found),
            Function::Select => self.select(found),
            Function::Split => self.split(found),
            Function::FindInMap => self.find_in_map(found),
            Function::If => self.choose(found),
            Function::Base64 => self.base64(found),
            Function::Cidr => self.cidr(found),
            Function::GetAvailabilityZones => self.availability_zones(found),
            Function::ImportValue => self.import_value(found),
            Function::Transform => self.transform(found.argument, found.at),
            Function::Length => self.length(found),
            Function::ToJsonString => self.to_json_string(found),
            Function::RefAll | Function::ValueOf | Function::ValueOfAll => self.rule_value(found).map(Some),
            Function::Equals
            | Function::And
            | Function::Or
            | Function::Not
            | Function::Contains
            | Function::EachMemberEquals
            | Function::EachMemberIn
            | Function::Condition => Ok(Some(match self.truth_call(found)? {
                Truth::Known(holds) => Value::Bool(holds),
                Truth::Unknown(cause) => Value::Unknown(cause),
            })),
        }
    }

    /// The error for arguments that a function can't take.
    fn wrong(self, function: Function, at: Position, got: &str) -> EvaluateError {
        let mut expected = function.takes().to_owned();
        if !got.is_empty() {
            expected.push_str("; ");
            expected.push_str(got);
        }
        EvaluateError::WrongArguments {
            location: self.evaluation.location(at),
            function: function.key(),
            expected,
        }
    }

    /// The text that a node gives, or the unknown it depends on.
    fn text(self, found: Call<'_>, node: &Node) -> Result<Result<String, Unknown>, EvaluateError> {
        match self.some_value(node)? {
            Value::Unknown(unknown) => Ok(Err(unknown)),
            value => match value.scalar_text() {
                Some(text) => Ok(Ok(text.to_owned())),
                None => {
                    let got = format!("here is {}", value.kind_name());
                    Err(self.wrong(found.function, node.at, &got))
                }
            },
        }
    }

    fn reference(self, found: Call<'_>) -> Evaluated {
        if let Some(name) = found.argument.as_str() {
            return self.reference_to(name, found.argument.at);
        }
        match self.text(found, found.argument)? {
            Ok(name) => self.reference_to(&name, found.argument.at),
            Err(unknown) => Ok(Some(Value::Unknown(unknown))),
        }
    }

    /// What `Ref` of a name gives.
    fn reference_to(self, name: &str, at: Position) -> Evaluated {
        let Evaluation { template, parameters, pseudo, .. } = self.evaluation;
        if let Some(value) = pseudo.value(name) {
            return Ok(value);
        }
        if let Some(parameter) = parameters.0.get(name) {
            return Ok(Some(parameter.value.clone()));
        }
        if template.parameters.contains_key(name) {
            return Err(EvaluateError::ParameterNotResolved {
                location: self.evaluation.location(at),
                name: name.to_owned(),
            });
        }
        if self.must_be_active(name, at)? {
            return Ok(Some(self.resources.reference(name)));
        }
        self.not_in_template(name, at)
    }

    /// Whether the template has this resource; an error if it is not active.
    fn must_be_active(self, logical_id: &str, at: Position) -> Result<bool, EvaluateError> {
        let Some(resource) = self.evaluation.template.resources.get(logical_id) else {
            return Ok(false);
        };
        if self.evaluation.is_active(logical_id) {
            return Ok(true);
        }
        Err(EvaluateError::InactiveResource {
            location: self.evaluation.location(at),
            logical_id: logical_id.to_owned(),
            condition: resource.condition.clone().unwrap_or_default(),
            block: "Resources",
        })
    }

    /// A name that the template as written does not have: a macro's work, or a mistake.
    fn not_in_template(self, name: &str, at: Position) -> Evaluated {
        if self.evaluation.template.has_foreign_macro() {
            return Ok(Some(Value::outside(format!("{name}, which only the template's transform makes"))));
        }
        Err(EvaluateError::Unresolved {
            location: self.evaluation.location(at),
            what: "resource or parameter",
            name: self.evaluation.redact(name),
        })
    }

    fn get_att(self, found: Call<'_>) -> Evaluated {
        let (logical_id, attribute) = match get_att_arguments(found.argument) {
            Some(GetAttArguments::Dotted(logical_id, attribute)) => {
                (logical_id.to_owned(), attribute.to_owned())
            }
            Some(GetAttArguments::Two(logical_id, attribute)) => {
                match (self.text(found, logical_id)?, self.text(found, attribute)?) {
                    (Ok(logical_id), Ok(attribute)) => (logical_id, attribute),
                    (Err(unknown), _) | (_, Err(unknown)) => {
                        return Ok(Some(Value::Unknown(unknown)));
                    }
                }
            }
            None => return Err(self.wrong(found.function, found.argument.at, "")),
        };
        self.attribute_of(&logical_id, &attribute, found.argument.at)
    }

    /// What `Fn::GetAtt` of a resource gives.
    fn attribute_of(self, logical_id: &str, attribute: &str, at: Position) -> Evaluated {
        if self.must_be_active(logical_id, at)? {
            return Ok(Some(self.resources.attribute(logical_id, attribute)));
        }
        self.not_in_template(logical_id, at)
    }

    fn choose(self, found: Call<'_>) -> Evaluated {
        let Some([condition, holds, fails]) = found.list() else {
            return Err(self.wrong(found.function, found.argument.at, ""));
        };
        match self.condition_argument(found, condition)? {
            Truth::Known(true) => self.value(holds),
            Truth::Known(false) => self.value(fails),
            Truth::Unknown(cause) => Ok(Some(Value::Unknown(cause.collapsed()))),
        }
    }

    /// The first argument of `Fn::If`: a condition's name, or a truth.
    fn condition_argument(self, found: Call<'_>, node: &Node) -> Result<Truth, EvaluateError> {
        match node.as_str() {
            Some(name) => self.named_condition(name, node.at),
            None if call(node).is_some() => self.truth(node),
            None => {
                let got = format!("the condition is {}", node.kind_name());
                Err(self.wrong(found.function, node.at, &got))
            }
        }
    }

    fn find_in_map(self, found: Call<'_>) -> Evaluated {
        let arguments = found.argument.as_sequence().unwrap_or_default();
        let ([mapping, top_level, second_level], default) = match arguments {
            [mapping, top_level, second_level] => ([mapping, top_level, second_level], None),
            [mapping, top_level, second_level, options] => {
                ([mapping, top_level, second_level], options.get("DefaultValue"))
            }
            _ => return Err(self.wrong(found.function, found.argument.at, "")),
        };
        let mut names = [String::new(), String::new(), String::new()];
        for (name, node) in names.iter_mut().zip([mapping, top_level, second_level]) {
            match self.text(found, node)? {
                Ok(text) => *name = text,
                Err(unknown) => return Ok(Some(Value::Unknown(unknown.collapsed()))),
            }
        }
        let [mapping, top_level_key, second_level_key] = names;
        let levels = self.evaluation.template.mappings.get(&mapping);
        if levels.is_none() && default.is_none() {
            return Err(EvaluateError::Unresolved {
                location: self.evaluation.location(found.argument.at),
                what: "mapping",
                name: self.evaluation.redact(&mapping),
            });
        }
        let value = levels.and_then(|node| node.get(&top_level_key)?.get(&second_level_key));
        match (value, default) {
            // Mappings hold no functions, but an include may stand in them.
            (Some(node), _) => self.value(node),
            (None, Some(default)) => self.value(default),
            (None, None) => Err(EvaluateError::NotInMapping {
                location: self.evaluation.location(found.argument.at),
                mapping: self.evaluation.redact(&mapping),
                top_level_key: self.evaluation.redact(&top_level_key),
                second_level_key: self.evaluation.redact(&second_level_key),
            }),
        }
    }

    fn import_value(self, found: Call<'_>) -> Evaluated {
        Ok(Some(match self.text(found, found.argument)? {
            Err(unknown) => Value::Unknown(unknown.collapsed()),
            Ok(name) => match self.evaluation.outside.imports.get(&name) {
                Some(value) => Value::String(value.clone()),
                None => Value::outside(format!("the export {}", self.evaluation.redact(&name))),
            },
        }))
    }

    /// `Fn::Transform`: `AWS::Include` brings a snippet, any other macro's output is unknown.
    fn transform(self, argument: &Node, at: Position) -> Evaluated {
        let Some(name) = argument.get("Name").and_then(Node::as_str) else {
            return Err(self.wrong(Function::Transform, argument.at, "here Name is no string"));
        };
        if name != "AWS::Include" {
            return Ok(Some(Value::outside(format!("the output of the macro {name}"))));
        }
        let Some(location) = argument.get("Parameters").and_then(|one| one.get("Location")) else {
            return Err(self.wrong(
                Function::Transform,
                argument.at,
                "AWS::Include needs Parameters with a Location",
            ));
        };
        let found = Call { function: Function::Transform, argument, at };
        let address = match self.text(found, location)? {
            Ok(address) => address,
            Err(unknown) => return Ok(Some(Value::Unknown(unknown.collapsed()))),
        };
        let Some(snippet) = self.evaluation.includes.get(address.as_str()) else {
            return Ok(Some(Value::outside(format!("the include {}", self.evaluation.redact(&address)))));
        };
        if self.open_includes >= MAXIMUM_OPEN_INCLUDES {
            return Err(EvaluateError::IncludesTooDeep { location: self.evaluation.location(at) });
        }
        Functions { open_includes: self.open_includes + 1, ..self }.value(snippet)
    }
}

/// What a value takes: the bytes of its texts and 32 for each value.
fn made_by(value: &Value) -> usize {
    32 + match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) | Value::String(text) => text.len(),
        Value::List(elements) => elements.iter().map(made_by).sum(),
        Value::Map(entries) => entries.iter().map(|(key, value)| key.len() + made_by(value)).sum(),
        Value::Unknown(unknown) => unknown
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) | Part::Outside(text) => 32 + text.len(),
                Part::Resource { .. } => 64,
            })
            .sum(),
    }
}
