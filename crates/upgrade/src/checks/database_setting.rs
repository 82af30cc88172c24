//! What an update sends for a property of a database, and whether it touches the database at all.

use changeset::expect::Expected;
use template::{Evaluation, Node, Outside, Part, ResourceValues, Template, Unknown, Value};

use super::finding::Finding;
use super::stack_tags::is_retagged;
use super::{CheckInput, ParameterFix};
use crate::draft::ReleaseSide;

/// A value that a template gives a database, and the parameter that it comes from.
pub(super) struct Sent {
    pub(super) text: String,
    pub(super) parameter: Option<String>,
}

fn expected(input: &CheckInput<'_>, logical_id: &str) -> Option<Expected> {
    input.expectations().iter().find(|one| one.logical_id == logical_id).map(|one| one.expected)
}

/// Whether a database leaves with this update, or is made anew.
pub(super) fn leaves(input: &CheckInput<'_>, logical_id: &str) -> bool {
    matches!(expected(input, logical_id), Some(Expected::Removed | Expected::Replaced))
}

/// Whether the update changes a database. What can't be foretold counts as touched.
pub(super) fn is_touched(input: &CheckInput<'_>, logical_id: &str) -> bool {
    input.foretold.is_err()
        || is_retagged(input)
        || expected(input, logical_id).is_some_and(|expected| expected != Expected::Unchanged)
}

/// What the update sends for a database's property: by the profile's parameter, the parameter that the template refers
/// to, the literal, or whatever the template's functions give.
pub(super) fn sent(
    input: &CheckInput<'_>,
    logical_id: &str,
    property: &str,
    of_profile: Option<&str>,
) -> Option<Sent> {
    let node = property_of(input.after, logical_id, property);
    let parameter = of_profile.or_else(|| node?.get("Ref")?.as_str());
    let parameter = parameter.and_then(|name| input.after.parameters.get(name));
    if let Some(parameter) = parameter {
        let stored = || input.before.parameters.0.get(&parameter.name).map(|stored| &stored.text);
        let value = input.given.get(&parameter.name).or_else(stored).or(parameter.default.as_ref())?;
        return Some(Sent { text: value.clone(), parameter: Some(parameter.name.clone()) });
    }
    let node = node?;
    if let Some(text) = node.scalar_text() {
        return Some(Sent { text: text.to_owned(), parameter: None });
    }
    let drafted = input.foretold.ok()?;
    let (side, outside) = (&drafted.after, Outside::default());
    let evaluation = Evaluation::new(&side.template, &side.parameters, &drafted.pseudo, &outside).ok()?;
    let value = evaluation.evaluate(node, &NothingDeployed).ok()?;
    Some(Sent { text: value.scalar_text()?.to_owned(), parameter: None })
}

/// What the deployed release says: a literal, or what a parameter that stands there alone has.
pub(super) fn stored(side: &ReleaseSide, logical_id: &str, property: &str) -> Option<String> {
    let node = property_of(&side.template, logical_id, property)?;
    match node.get("Ref").and_then(Node::as_str) {
        Some(parameter) => Some(side.parameters.0.get(parameter)?.text.clone()),
        None => node.scalar_text().map(|text| text.to_owned()),
    }
}

fn property_of<'t>(template: &'t Template, logical_id: &str, property: &str) -> Option<&'t Node> {
    template.resources.get(logical_id)?.properties.as_ref()?.get(property)
}

/// Offer a value for the parameter that a setting comes from, if it takes that.
pub(super) fn offer(
    input: &CheckInput<'_>,
    parameter: Option<&str>,
    value: &str,
    because: &str,
    finding: &mut Finding,
) {
    let Some(parameter) = parameter else { return };
    let Some(declared) = input.after.parameters.get(parameter).filter(|declared| !declared.no_echo) else {
        return;
    };
    let is_allowed =
        declared.allowed_values.is_empty() || declared.allowed_values.iter().any(|one| one == value);
    let number: Option<f64> = value.parse().ok();
    if !is_allowed || declared.max_value.zip(number).is_some_and(|(most, number)| number > most) {
        finding.note(format!("{parameter} doesn't take {value}: only the vendor can help."));
        return;
    }
    finding.offer(ParameterFix {
        parameter: parameter.to_owned(),
        value: value.to_owned(),
        because: format!("{because}."),
    });
}

/// Resources of which nothing is known, for evaluating a property that reads none.
struct NothingDeployed;

impl ResourceValues for NothingDeployed {
    fn reference(&self, logical_id: &str) -> Value {
        unknown(logical_id, None)
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Value {
        unknown(logical_id, Some(attribute))
    }
}

fn unknown(logical_id: &str, attribute: Option<&str>) -> Value {
    let part = Part::Resource { logical_id: logical_id.to_owned(), attribute: attribute.map(str::to_owned) };
    Value::Unknown(Unknown { parts: vec![part] })
}
