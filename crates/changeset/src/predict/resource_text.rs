//! The text of a property as AWS compares it without property values: parameters, mappings, conditions and
//! pseudo parameters are resolved, a reference to a resource stays literal.
//!
//! A function that holds such a reference stays a function, with its arguments resolved: `Fn::Join` of "a"
//! and a reference differs from `Fn::Join` of "b" and the same reference.

use indexmap::IndexMap;
use template::{EvaluateError, Node, NodeKind, Value};

use super::Side;
use super::causes::{Referred, referred};
use super::node_shape::{Shape, shape, taken};
use super::resource_values::Unresolved;

/// The text of a node, `None` for `AWS::NoValue`. Depth is bounded by the template reader.
pub(crate) fn text(side: &Side<'_>, node: &Node) -> Result<Option<Value>, EvaluateError> {
    let node = taken(side, node);
    Ok(match shape(node) {
        Shape::NoValue => None,
        Shape::Scalar => Some(side.evaluate(node, &Unresolved)?),
        Shape::Map(entries) => {
            Some(Value::Map(map(side, entries.iter().map(|(key, entry)| (key, &entry.value)))?))
        }
        Shape::List(elements) => Some(list(side, elements)?),
        Shape::Function(key, argument) => {
            // These keep their text around the reference, so that their value tells all.
            let tells_all =
                matches!(key, "Ref" | "Fn::GetAtt") || (key == "Fn::Sub" && argument.as_str().is_some());
            if tells_all || !refers_to_a_resource(side, node) {
                Some(side.evaluate(node, &Unresolved)?).filter(|value| *value != Value::Null)
            } else if key == "Fn::Sub" {
                Some(function(key, substitution(side, node, argument)?))
            } else {
                text(side, argument)?.map(|argument| function(key, argument))
            }
        }
    })
}

fn map<'n>(
    side: &Side<'_>,
    entries: impl Iterator<Item = (&'n String, &'n Node)>,
) -> Result<IndexMap<String, Value>, EvaluateError> {
    let mut made = IndexMap::new();
    for (key, node) in entries {
        if let Some(value) = text(side, node)? {
            made.insert(key.clone(), value);
        }
    }
    Ok(made)
}

fn list(side: &Side<'_>, elements: &[Node]) -> Result<Value, EvaluateError> {
    let mut made = Vec::with_capacity(elements.len());
    for element in elements {
        made.extend(text(side, element)?);
    }
    Ok(Value::List(made))
}

fn function(key: &str, argument: Value) -> Value {
    Value::Map(IndexMap::from([(key.to_owned(), argument)]))
}

fn refers_to_a_resource(side: &Side<'_>, node: &Node) -> bool {
    referred(side, node).iter().any(|referred| matches!(referred, Referred::Resource { .. }))
}

/// `Fn::Sub` with a map of variables: the text with its own references resolved, and the variables' texts
/// beside it.
fn substitution(side: &Side<'_>, node: &Node, argument: &Node) -> Result<Value, EvaluateError> {
    let (Some([template_text, variables]), at) = (argument.as_sequence(), node.at) else {
        return side.evaluate(node, &Unresolved);
    };
    let (Some(written), Some(entries)) = (template_text.as_str(), variables.as_mapping()) else {
        return side.evaluate(node, &Unresolved);
    };
    // A variable of the map is hidden from the evaluation behind characters that no template has.
    let mut hidden = written.to_owned();
    for name in entries.keys() {
        hidden = hidden.replace(&format!("${{{name}}}"), &format!("\u{f8ff}{name}\u{f8ff}"));
    }
    let alone = Node::new(
        NodeKind::Mapping(IndexMap::from([(
            "Fn::Sub".to_owned(),
            template::Entry::new(at, Node::string(hidden, template_text.at)),
        )])),
        at,
    );
    let resolved = side.evaluate(&alone, &Unresolved)?;
    let variables = map(side, entries.iter().map(|(key, entry)| (key, &entry.value)))?;
    Ok(Value::List(vec![resolved, Value::Map(variables)]))
}
