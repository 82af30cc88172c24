//! Trees that an expansion builds and changes, and the questions that it asks them.
//!
//! What is built has no place of its own ([`Position::default`]) until [`settle`] gives it the one of the resource that it came
//! from; what the author wrote keeps its place wherever it goes.

use indexmap::IndexMap;

use crate::node::{Entry, Node, NodeKind, Position};

/// A map in the making, in the order of its keys.
pub(super) type Map = IndexMap<String, Node>;

/// A map of `key => value`.
macro_rules! map {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::node::Node::from_pairs([$((String::from($key), $crate::node::Node::from($value))),*])
    };
}

/// A list of values.
macro_rules! list {
    ($($value:expr),* $(,)?) => {
        $crate::node::Node::from(vec![$($crate::node::Node::from($value)),*])
    };
}

pub(super) use {list, map};

impl From<&str> for Node {
    fn from(text: &str) -> Node {
        Node::string(text, Position::default())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Node {
        Node::string(text, Position::default())
    }
}

impl From<bool> for Node {
    fn from(truth: bool) -> Node {
        Node::new(NodeKind::Bool(truth), Position::default())
    }
}

impl From<Vec<Node>> for Node {
    fn from(elements: Vec<Node>) -> Node {
        Node::new(NodeKind::Sequence(elements), Position::default())
    }
}

impl From<&Node> for Node {
    fn from(node: &Node) -> Node {
        node.clone()
    }
}

impl From<Map> for Node {
    fn from(entries: Map) -> Node {
        Node::from_pairs(entries)
    }
}

impl Node {
    /// A map without a place, of keys and values.
    pub(crate) fn from_pairs(pairs: impl IntoIterator<Item = (String, Node)>) -> Node {
        let entries = pairs.into_iter().map(|(key, value)| (key, Entry::new(Position::default(), value)));
        Node::new(NodeKind::Mapping(entries.collect()), Position::default())
    }

    /// The entries of a map, to be changed.
    pub(super) fn entries_mut(&mut self) -> Option<&mut IndexMap<String, Entry>> {
        match &mut self.kind {
            NodeKind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements of a list, to be changed.
    pub(super) fn elements_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.kind {
            NodeKind::Sequence(elements) => Some(elements),
            _ => None,
        }
    }

    /// The value under a key of a map, to be changed.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries_mut()?.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Puts a value under a key of a map; what is no map stays as it is.
    pub(super) fn put(&mut self, key: &str, value: impl Into<Node>) {
        if let Some(entries) = self.entries_mut() {
            let value = value.into();
            match entries.get_mut(key) {
                Some(entry) => entry.value = value,
                None => {
                    entries.insert(key.to_owned(), Entry::new(value.at, value));
                }
            }
        }
    }

    /// Takes a key out of a map.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        self.entries_mut()?.shift_remove(key).map(|entry| entry.value)
    }

    /// Keys and values of a map; nothing for what is none.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.as_mapping().into_iter().flatten().map(|(key, entry)| (key.as_str(), &entry.value))
    }

    /// Whether there is something in it: not empty, not false, not zero.
    pub(super) fn is_something(&self) -> bool {
        match &self.kind {
            NodeKind::Null => false,
            NodeKind::Bool(truth) => *truth,
            NodeKind::Number(text) => text.parse::<f64>().is_ok_and(|number| number != 0.0),
            NodeKind::String(text) => !text.is_empty(),
            NodeKind::Sequence(elements) => !elements.is_empty(),
            NodeKind::Mapping(entries) => !entries.is_empty(),
        }
    }

    /// Whether this is a call of a function, by its form: a map with one key that is a function's.
    pub(super) fn is_function(&self) -> bool {
        self.only_entry()
            .is_some_and(|(key, _)| key == "Ref" || key == "Condition" || key.starts_with("Fn::"))
    }

    /// The arguments of this call of `Fn::If`.
    pub(super) fn if_arguments(&self) -> Option<&Node> {
        self.only_entry().filter(|(key, _)| *key == "Fn::If").map(|(_, entry)| &entry.value)
    }

    /// Whether this is `{Ref: AWS::NoValue}`.
    pub(super) fn is_no_value(&self) -> bool {
        self.reference_name() == Some("AWS::NoValue")
    }

    /// The name in a `Ref`.
    pub(super) fn reference_name(&self) -> Option<&str> {
        self.only_entry().filter(|(key, _)| *key == "Ref").and_then(|(_, entry)| entry.value.as_str())
    }

    /// Whether this is `true` or `false`, as a truth and not as text.
    pub(super) fn as_bool(&self) -> Option<bool> {
        match self.kind {
            NodeKind::Bool(truth) => Some(truth),
            _ => None,
        }
    }
}

/// `{Ref: name}`.
pub(super) fn reference(name: &str) -> Node {
    map! {"Ref" => name}
}

/// `{Fn::GetAtt: [logical id, attribute]}`.
pub(super) fn attribute(logical_id: &str, attribute: &str) -> Node {
    map! {"Fn::GetAtt" => list![logical_id, attribute]}
}

/// `{Fn::If: [condition, value, other]}`.
pub(super) fn conditional(condition: impl Into<Node>, value: Node, other: Option<Node>) -> Node {
    let other = other.unwrap_or_else(|| reference("AWS::NoValue"));
    map! {"Fn::If" => list![condition.into(), value, other]}
}

/// Gives what was built the place of what it came from.
pub(super) fn settle(node: &mut Node, at: Position) {
    if node.at == Position::default() {
        node.at = at;
    }
    let at = node.at;
    match &mut node.kind {
        NodeKind::Sequence(elements) => elements.iter_mut().for_each(|element| settle(element, at)),
        NodeKind::Mapping(entries) => {
            for entry in entries.values_mut() {
                if entry.key_at == Position::default() {
                    entry.key_at = at;
                }
                settle(&mut entry.value, entry.key_at);
            }
        }
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => {}
    }
}
