//! Functions that give a truth: conditions and the assertions of rules.
//!
//! Three-valued: a known false decides an And whatever else is unknown, a known true an Or.

use super::Functions;
use crate::evaluate_error::EvaluateError;
use crate::function::{Call, Function, call};
use crate::node::{Node, Position};
use crate::value::{Unknown, Value};

/// A truth, or what it depends on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Truth {
    /// It holds or it doesn't.
    Known(bool),
    /// Nobody can say here.
    Unknown(Unknown),
}

impl Functions<'_, '_> {
    /// The truth of a node: a function, or the text of a boolean (a parameter's, say).
    pub(crate) fn truth(self, node: &Node) -> Result<Truth, EvaluateError> {
        match call(node) {
            Some(found) => self.truth_call(found),
            None => self.as_truth(self.some_value(node)?, node.at),
        }
    }

    fn as_truth(self, value: Value, at: Position) -> Result<Truth, EvaluateError> {
        match value {
            Value::Unknown(unknown) => Ok(Truth::Unknown(unknown)),
            value => match value.scalar_text() {
                Some("true") => Ok(Truth::Known(true)),
                Some("false") => Ok(Truth::Known(false)),
                _ => Err(EvaluateError::WrongArguments {
                    location: self.evaluation.location(at),
                    function: "a condition",
                    expected: "must be Fn::Equals, Fn::And, Fn::Or, Fn::Not, Condition or a boolean"
                        .to_owned(),
                }),
            },
        }
    }

    pub(super) fn truth_call(self, found: Call<'_>) -> Result<Truth, EvaluateError> {
        let arguments = found.argument.as_sequence().unwrap_or_default();
        match (found.function, arguments) {
            (Function::Condition, _) => match found.argument.as_str() {
                Some(name) => self.named_condition(name, found.argument.at),
                None => Err(self.wrong(found.function, found.argument.at, "")),
            },
            (Function::And, conditions) if (2..=10).contains(&conditions.len()) => {
                self.any(conditions, false)
            }
            (Function::Or, conditions) if (2..=10).contains(&conditions.len()) => self.any(conditions, true),
            (Function::Not, [condition]) => Ok(match self.truth(condition)? {
                Truth::Known(holds) => Truth::Known(!holds),
                unknown => unknown,
            }),
            (Function::Equals, [left, right]) => {
                let (left, right) = (self.some_value(left)?, self.some_value(right)?);
                Ok(equal(&left, &right))
            }
            (Function::Contains, [list, wanted]) => {
                let (list, wanted) = (self.some_value(list)?, self.some_value(wanted)?);
                let list = self.members(found, list)?;
                Ok(contains(&list, &wanted))
            }
            (Function::EachMemberEquals, [list, wanted]) => {
                let (list, wanted) = (self.some_value(list)?, self.some_value(wanted)?);
                let list = self.members(found, list)?;
                Ok(every(list.iter().map(|member| equal(member, &wanted))))
            }
            (Function::EachMemberIn, [inner, outer]) => {
                let (inner, outer) = (self.some_value(inner)?, self.some_value(outer)?);
                let (inner, outer) = (self.members(found, inner)?, self.members(found, outer)?);
                Ok(every(inner.iter().map(|member| contains(&outer, member))))
            }
            (
                Function::And
                | Function::Or
                | Function::Not
                | Function::Equals
                | Function::Contains
                | Function::EachMemberEquals
                | Function::EachMemberIn,
                _,
            ) => Err(self.wrong(found.function, found.argument.at, "")),
            (
                Function::Ref
                | Function::GetAtt
                | Function::Sub
                | Function::Join
                | Function::Select
                | Function::Split
                | Function::FindInMap
                | Function::If
                | Function::Base64
                | Function::Cidr
                | Function::GetAvailabilityZones
                | Function::ImportValue
                | Function::Transform
                | Function::Length
                | Function::ToJsonString
                | Function::RefAll
                | Function::ValueOf
                | Function::ValueOfAll,
                _,
            ) => {
                let value = self.call(found)?.unwrap_or(Value::Null);
                self.as_truth(value, found.argument.at)
            }
        }
    }

    /// The truth of a condition of the template.
    pub(super) fn named_condition(self, name: &str, at: Position) -> Result<Truth, EvaluateError> {
        match self.evaluation.condition(name) {
            Some(holds) => Ok(Truth::Known(holds)),
            None => Err(EvaluateError::Unresolved {
                location: self.evaluation.location(at),
                what: "condition",
                name: name.to_owned(),
            }),
        }
    }

    /// Whether one of the conditions is `wanted`; else the opposite. So And looks for a false, Or for a true.
    fn any(self, conditions: &[Node], wanted: bool) -> Result<Truth, EvaluateError> {
        let mut cause = None;
        for condition in conditions {
            match self.truth(condition)? {
                Truth::Known(holds) if holds == wanted => return Ok(Truth::Known(wanted)),
                Truth::Known(_) => {}
                Truth::Unknown(unknown) => cause = cause.or(Some(unknown)),
            }
        }
        Ok(cause.map_or(Truth::Known(!wanted), Truth::Unknown))
    }

    /// The members of a list argument; a single text counts as a list of one.
    fn members(self, found: Call<'_>, value: Value) -> Result<Vec<Value>, EvaluateError> {
        match value {
            Value::List(members) => Ok(members),
            Value::String(_) | Value::Unknown(_) => Ok(vec![value]),
            other => {
                let got = format!("here is {}", other.kind_name());
                Err(self.wrong(found.function, found.argument.at, &got))
            }
        }
    }

    /// The values that only rules ask for. All parameters of a type are known; attributes of existing things in
    /// the account (`Fn::ValueOf`) are not.
    pub(super) fn rule_value(self, found: Call<'_>) -> Result<Value, EvaluateError> {
        match found.function {
            Function::RefAll => {
                let Some(type_name) = found.argument.as_str() else {
                    return Err(self.wrong(found.function, found.argument.at, ""));
                };
                let mut all = Vec::new();
                for parameter in self.evaluation.parameters.0.values() {
                    if parameter.type_name.element_name() == type_name {
                        match &parameter.value {
                            Value::List(members) => all.extend(members.iter().cloned()),
                            value => all.push(value.clone()),
                        }
                    }
                }
                Ok(Value::List(all))
            }
            _ => match found.list() {
                Some([what, attribute]) => Ok(Value::outside(format!(
                    "{} of {} in the account",
                    attribute.scalar_text().unwrap_or("an attribute"),
                    what.scalar_text().unwrap_or("a parameter"),
                ))),
                None => Err(self.wrong(found.function, found.argument.at, "")),
            },
        }
    }
}

fn equal(left: &Value, right: &Value) -> Truth {
    match left.first_unknown().or(right.first_unknown()) {
        Some(unknown) => Truth::Unknown(unknown.clone()),
        None => Truth::Known(left.equals_as_text(right)),
    }
}

fn contains(list: &[Value], wanted: &Value) -> Truth {
    let mut cause = None;
    for member in list {
        match equal(member, wanted) {
            Truth::Known(true) => return Truth::Known(true),
            Truth::Known(false) => {}
            Truth::Unknown(unknown) => cause = cause.or(Some(unknown)),
        }
    }
    cause.map_or(Truth::Known(false), Truth::Unknown)
}

fn every(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut cause = None;
    for truth in truths {
        match truth {
            Truth::Known(false) => return Truth::Known(false),
            Truth::Known(true) => {}
            Truth::Unknown(unknown) => cause = cause.or(Some(unknown)),
        }
    }
    cause.map_or(Truth::Known(true), Truth::Unknown)
}
