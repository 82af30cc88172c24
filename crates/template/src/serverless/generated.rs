//! A resource that an expansion writes into the template.

use super::tree::{Map, attribute, reference};
use crate::node::Node;

/// The attributes that a generated resource takes over from the resource that it was made for.
const HANDED_ON: [&str; 3] = ["Condition", "DeletionPolicy", "UpdateReplacePolicy"];

/// A resource of CloudFormation's own, in the making.
#[derive(Debug, Clone)]
pub(super) struct Generated {
    pub(super) logical_id: String,
    pub(super) type_name: &'static str,
    pub(super) depends_on: Option<Node>,
    /// `Condition`, `DeletionPolicy`, `Metadata` and their like.
    pub(super) attributes: Map,
    pub(super) properties: Map,
}

impl Generated {
    /// A resource with these attributes and nothing else yet.
    pub(super) fn new(logical_id: impl Into<String>, type_name: &'static str, attributes: &Map) -> Generated {
        Generated {
            logical_id: logical_id.into(),
            type_name,
            depends_on: None,
            attributes: attributes.clone(),
            properties: Map::new(),
        }
    }

    /// Sets a property.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Node>) {
        self.properties.insert(name.to_owned(), value.into());
    }

    /// Sets a property if there is a value for it.
    pub(super) fn set_some(&mut self, name: &str, value: Option<&Node>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Those of its attributes that what is made for it takes over.
    pub(super) fn handed_on(&self) -> Map {
        handed_on(&self.attributes)
    }

    /// `Ref` of it.
    pub(super) fn reference(&self) -> Node {
        reference(&self.logical_id)
    }

    /// `Fn::GetAtt` of it.
    pub(super) fn attribute(&self, name: &str) -> Node {
        attribute(&self.logical_id, name)
    }

    /// As it stands in a template.
    pub(super) fn into_node(self) -> Node {
        let Generated { logical_id: _, type_name, depends_on, attributes, properties } = self;
        let mut entries = Map::from([("Type".to_owned(), Node::from(type_name))]);
        if let Some(depends_on) = depends_on.filter(Node::is_something) {
            entries.insert("DependsOn".to_owned(), depends_on);
        }
        entries.extend(attributes);
        entries.insert("Properties".to_owned(), Node::from(properties));
        Node::from(entries)
    }
}

/// Those of some attributes that generated resources take over.
pub(super) fn handed_on(attributes: &Map) -> Map {
    let kept = HANDED_ON.iter().filter_map(|name| Some(((*name).to_owned(), attributes.get(*name)?.clone())));
    kept.collect()
}

/// `[{Key: …, Value: …}]` of a map of tags.
pub(super) fn tag_list<'a>(tags: impl IntoIterator<Item = (&'a str, &'a Node)>) -> Vec<Node> {
    let pair = |(key, value): (&str, &Node)| {
        Node::from_pairs([("Key".to_owned(), Node::from(key)), ("Value".to_owned(), value.clone())])
    };
    tags.into_iter().map(pair).collect()
}
