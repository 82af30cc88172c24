//! What a node of a template is once conditions are decided: data, a function, or nothing.
//!
//! No value is computed here.

use indexmap::IndexMap;
use template::{Entry, Node, NodeKind};

use super::Side;

/// A node after its `Fn::If`s.
pub(crate) enum Shape<'n> {
    /// `AWS::NoValue`: as if the entry weren't there.
    NoValue,
    /// A function that gives a value, with its key and argument.
    Function(&'n str, &'n Node),
    /// Plain data.
    Map(&'n IndexMap<String, Entry>),
    /// Plain data.
    List(&'n [Node]),
    /// Plain data.
    Scalar,
}

/// Follows `Fn::If` to the branch that is taken.
pub(crate) fn taken<'n>(side: &Side<'_>, mut node: &'n Node) -> &'n Node {
    while let Some(("Fn::If", entry)) = node.only_entry() {
        let Some([name, if_true, if_false]) = entry.value.as_sequence() else { break };
        node = match name.as_str().and_then(|name| side.condition(name)) {
            Some(true) => if_true,
            Some(false) => if_false,
            // Evaluating will say what is wrong with it.
            None => break,
        };
    }
    node
}

/// What a node is; `node` must have gone through [`taken`].
pub(crate) fn shape(node: &Node) -> Shape<'_> {
    if let Some((key, entry)) = node.only_entry()
        && (key == "Ref" || key.starts_with("Fn::"))
    {
        let no_value = key == "Ref" && entry.value.as_str() == Some("AWS::NoValue");
        return if no_value { Shape::NoValue } else { Shape::Function(key, &entry.value) };
    }
    match &node.kind {
        // A macro's call beside other keys changes the whole map.
        NodeKind::Mapping(entries) if entries.contains_key("Fn::Transform") => {
            Shape::Function("Fn::Transform", node)
        }
        NodeKind::Mapping(entries) => Shape::Map(entries),
        NodeKind::Sequence(elements) => Shape::List(elements),
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => Shape::Scalar,
    }
}

/// A function inside a property, with the path at which its value will stand.
pub(crate) struct Leaf<'n> {
    /// Such as `/Environment/Variables/NAME`.
    pub(crate) path: String,
    /// The function.
    pub(crate) node: &'n Node,
}

/// Every function in the taken branches of a property, with its path. Depth is bounded by the template
/// reader.
pub(crate) fn leaves<'n>(side: &Side<'_>, path: &str, node: &'n Node, into: &mut Vec<Leaf<'n>>) {
    let node = taken(side, node);
    match shape(node) {
        Shape::NoValue | Shape::Scalar => {}
        Shape::Function(..) => into.push(Leaf { path: path.to_owned(), node }),
        Shape::Map(entries) => {
            for (key, entry) in entries {
                leaves(side, &format!("{path}/{key}"), &entry.value, into);
            }
        }
        Shape::List(elements) => {
            let present =
                elements.iter().filter(|element| !matches!(shape(taken(side, element)), Shape::NoValue));
            for (index, element) in present.enumerate() {
                leaves(side, &format!("{path}/{index}"), element, into);
            }
        }
    }
}
