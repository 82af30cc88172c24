//! The template as a tree that remembers where each node stands.
//!
//! Short forms (`!Sub`) are already written out (`{"Fn::Sub": …}`); aliases and merge keys are refused, as
//! CloudFormation does, or expanded when the caller asks for it ([`crate::Aliases`]). JSON and YAML of the same
//! template give the same tree but for the positions.

use indexmap::IndexMap;

/// A place in a template file. Line and column count from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

/// One node of a template, with the place where it starts.
#[derive(Debug, Clone)]
pub struct Node {
    /// What the node is.
    pub kind: NodeKind,
    /// Where it starts.
    pub at: Position,
}

/// What a node is. Numbers keep the text they were written with: CloudFormation passes it on.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// Text.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A map, in the order of the file.
    Mapping(IndexMap<String, Entry>),
}

/// The value under a key of a mapping, with the place of the key.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where the key stands.
    pub key_at: Position,
    /// Where the same key stood before, which counts no more: of two equal keys CloudFormation takes the last, in YAML and in
    /// JSON, and says nothing (cdk-real-drift 1074 and 1133, aws-cli 2404).
    pub displaced: Option<Position>,
    /// What stands under it.
    pub value: Node,
}

impl Entry {
    /// A key that stands in its map once.
    pub fn new(key_at: Position, value: Node) -> Entry {
        Entry { key_at, displaced: None, value }
    }

    /// The same key with another value.
    pub(crate) fn holding(&self, value: Node) -> Entry {
        Entry { value, ..*self }
    }
}

impl PartialEq for Node {
    /// Equal content; positions and the order of keys don't count.
    fn eq(&self, other: &Node) -> bool {
        self.kind == other.kind
    }
}

impl PartialEq for NodeKind {
    fn eq(&self, other: &NodeKind) -> bool {
        match (self, other) {
            (NodeKind::Null, NodeKind::Null) => true,
            (NodeKind::Bool(left), NodeKind::Bool(right)) => left == right,
            (NodeKind::Number(left), NodeKind::Number(right))
            | (NodeKind::String(left), NodeKind::String(right)) => left == right,
            (NodeKind::Sequence(left), NodeKind::Sequence(right)) => left == right,
            (NodeKind::Mapping(left), NodeKind::Mapping(right)) => left == right,
            (
                NodeKind::Null
                | NodeKind::Bool(_)
                | NodeKind::Number(_)
                | NodeKind::String(_)
                | NodeKind::Sequence(_)
                | NodeKind::Mapping(_),
                _,
            ) => false,
        }
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.value == other.value
    }
}

impl Node {
    /// A node at a place.
    pub fn new(kind: NodeKind, at: Position) -> Node {
        Node { kind, at }
    }

    /// Text at a place.
    pub fn string(text: impl Into<String>, at: Position) -> Node {
        Node::new(NodeKind::String(text.into()), at)
    }

    /// The entries, if this is a mapping.
    pub fn as_mapping(&self) -> Option<&IndexMap<String, Entry>> {
        match &self.kind {
            NodeKind::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::Sequence(elements) => Some(elements),
            _ => None,
        }
    }

    /// The text, if this is a string (not a number or a boolean).
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a string, a number or a boolean, as CloudFormation passes it on.
    pub fn scalar_text(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) | NodeKind::Number(text) => Some(text),
            NodeKind::Bool(true) => Some("true"),
            NodeKind::Bool(false) => Some("false"),
            NodeKind::Null | NodeKind::Sequence(_) | NodeKind::Mapping(_) => None,
        }
    }

    /// The value under a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.get(key).map(|entry| &entry.value)
    }

    /// The key and entry of a mapping with exactly one, which is how functions are written.
    pub fn only_entry(&self) -> Option<(&str, &Entry)> {
        let entries = self.as_mapping()?;
        if entries.len() != 1 {
            return None;
        }
        entries.first().map(|(key, entry)| (key.as_str(), entry))
    }

    /// The elements of a list or the values of a map, in order.
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        let elements = self.as_sequence().unwrap_or_default().iter();
        let values = self.as_mapping().into_iter().flat_map(IndexMap::values);
        elements.chain(values.map(|entry| &entry.value))
    }

    /// What the node is, in words for messages.
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Null => "null",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Number(_) => "a number",
            NodeKind::String(_) => "a string",
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a map",
        }
    }
}
