//! A resource of a serverless type as its author wrote it: its properties by name, each of the form that the transform asks for.

use super::generated::{handed_on, tag_list};
use super::problem::{Expanded, unknown, wrong};
use super::tree::Map;
use crate::node::{Node, NodeKind};

/// The attributes that the resource of the same logical id keeps.
const KEPT: [&str; 5] = ["DeletionPolicy", "UpdatePolicy", "Condition", "UpdateReplacePolicy", "Metadata"];

/// What a property may be. But for [`Form::Exactly`], a map with one key passes as a function.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Passed on as it is.
    Any,
    Text,
    Bool,
    Number,
    Map,
    List,
    TextOrMap,
    BoolOrMap,
    /// A map whose values are maps.
    MapOfMaps,
    /// A map whose values are texts.
    MapOfTexts,
    /// A map whose values are numbers or maps.
    MapOfNumbers,
    TextOrTexts,
    /// A list whose elements are texts or maps.
    ListOfTextsOrMaps,
    /// A text, a map or a list of those.
    TextOrMapOrList,
    /// No function in its place.
    Exactly(&'static Form),
    /// Exactly one of these texts, or a function.
    OneOf(&'static [&'static str]),
}

impl Form {
    fn is_of(self, node: &Node) -> bool {
        let text = || node.as_str().is_some();
        let map = || node.as_mapping().is_some();
        let text_or_map = |one: &Node| one.as_str().is_some() || one.as_mapping().is_some();
        let each_value = |of: &dyn Fn(&Node) -> bool| map() && node.pairs().all(|(_, value)| of(value));
        let each_element =
            |of: &dyn Fn(&Node) -> bool| node.as_sequence().is_some_and(|elements| elements.iter().all(of));
        match self {
            Form::Any => true,
            Form::Text => text(),
            Form::Bool => node.as_bool().is_some(),
            Form::Number => is_whole(node),
            Form::Map => map(),
            Form::List => node.as_sequence().is_some(),
            Form::TextOrMap => text_or_map(node),
            Form::BoolOrMap => node.as_bool().is_some() || map(),
            Form::TextOrTexts => text() || each_element(&|one| one.as_str().is_some()),
            Form::MapOfMaps => each_value(&|value| value.as_mapping().is_some()),
            Form::MapOfTexts => each_value(&|value| value.as_str().is_some()),
            Form::MapOfNumbers => each_value(&|value| is_whole(value) || value.as_mapping().is_some()),
            Form::ListOfTextsOrMaps => each_element(&text_or_map),
            Form::TextOrMapOrList => text_or_map(node) || each_element(&text_or_map),
            Form::Exactly(form) => form.is_of(node),
            Form::OneOf(texts) => node.as_str().is_some_and(|text| texts.contains(&text)),
        }
    }

    fn takes(self, node: &Node) -> bool {
        let is_call = || node.only_entry().is_some();
        self.is_of(node) || (!matches!(self, Form::Exactly(_)) && is_call())
    }
}

/// Whether this is a whole number; the transform takes a truth for one, too.
fn is_whole(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Number(text) => !text.contains(['.', 'e', 'E']),
        NodeKind::Bool(_) => true,
        _ => false,
    }
}

/// A property's name, its form, and whether it must be there.
pub(super) type Declared = (&'static str, Form, bool);

/// A resource or an event with its properties.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) logical_id: String,
    /// The whole of it, for places.
    pub(super) node: Node,
    pub(super) depends_on: Option<Node>,
    pub(super) attributes: Map,
    properties: Map,
}

impl Source {
    /// Reads the properties of a resource or an event; `what` is its type, for messages.
    ///
    /// # Errors
    /// A property that isn't in the list, one of another form, one that is missing.
    pub(super) fn read(
        logical_id: &str,
        what: &str,
        node: &Node,
        declared: &[&[Declared]],
    ) -> Expanded<Source> {
        let mut properties = Map::new();
        if let Some(found) = node.get("Properties") {
            if found.as_mapping().is_none() {
                return wrong(logical_id, found, format!("the Properties of {what} must be a map"));
            }
            for (name, value) in found.pairs() {
                let Some((_, form, _)) = declared.iter().copied().flatten().find(|(one, ..)| *one == name)
                else {
                    return unknown(logical_id, value, format!("the property {name} of {what}"));
                };
                if !form.takes(value) {
                    let reason = format!("the property {name} of {what} can't be {}", value.kind_name());
                    return wrong(logical_id, value, reason);
                }
                properties.insert(name.to_owned(), value.clone());
            }
        }
        for (name, ..) in declared.iter().copied().flatten().filter(|(.., required)| *required) {
            if !properties.contains_key(*name) {
                return wrong(logical_id, node, format!("{what} needs the property {name}"));
            }
        }
        let kept = KEPT.iter().filter_map(|name| Some(((*name).to_owned(), node.get(name)?.clone())));
        Ok(Source {
            logical_id: logical_id.to_owned(),
            depends_on: node.get("DependsOn").cloned(),
            attributes: kept.collect(),
            properties,
            node: node.clone(),
        })
    }

    /// A property, if it was given.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.properties.get(name)
    }

    /// A property in which there is something.
    pub(super) fn something(&self, name: &str) -> Option<&Node> {
        self.get(name).filter(|value| value.is_something())
    }

    /// A property, to be changed.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        self.properties.get_mut(name)
    }

    /// All that were given.
    pub(super) fn properties(&self) -> &Map {
        &self.properties
    }

    /// The tags of what is made of it: what made it, more of the transform's own, and the author's.
    pub(super) fn tags(&self, more: Vec<Node>) -> Expanded<Vec<Node>> {
        const MADE_BY: &str = "lambda:createdBy";
        const RESERVED: [&str; 3] =
            [MADE_BY, "serverlessrepo:applicationId", "serverlessrepo:semanticVersion"];
        let given = self.get("Tags");
        if let Some(reserved) = RESERVED.iter().find(|one| given.and_then(|given| given.get(one)).is_some()) {
            return self.wrong(format!("the tag {reserved} is AWS's own; give it another key"));
        }
        let made_by = tag_list([(MADE_BY, &Node::from("SAM"))]);
        Ok([made_by, more, tag_list(given.into_iter().flat_map(Node::pairs))].concat())
    }

    /// The attributes that what is made for it takes over.
    pub(super) fn handed_on(&self) -> Map {
        handed_on(&self.attributes)
    }

    /// A mistake in it.
    pub(super) fn wrong<T>(&self, reason: impl Into<String>) -> Expanded<T> {
        wrong(&self.logical_id, &self.node, reason)
    }

    /// Something in it that isn't known here.
    pub(super) fn unknown<T>(&self, what: impl Into<String>) -> Expanded<T> {
        unknown(&self.logical_id, &self.node, what)
    }
}
