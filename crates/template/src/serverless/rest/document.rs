//! An API's description in the making, which remembers what its printed form depends on: the order of keys ([`KeyOrder`]) and which
//! texts came from the template.

use indexmap::IndexMap;

use super::key_order::KeyOrder;
use crate::node::{Node, NodeKind, Position};
use crate::serverless::number;

/// A text, and whether it came from the template: Python 2.7 printed those as `u'…'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serverless) struct Word {
    pub(in crate::serverless) text: String,
    pub(in crate::serverless) of_template: bool,
}

/// A part of a description.
#[derive(Debug, Clone)]
pub(in crate::serverless) enum Part {
    Null,
    Bool(bool),
    Number(String),
    Text(Word),
    List(Vec<Part>),
    Map(PartMap),
}

/// A map of a description.
#[derive(Debug, Clone, Default)]
pub(in crate::serverless) struct PartMap {
    entries: IndexMap<String, (Word, Part)>,
    /// Nothing for a map whose keys come as they were put in.
    order: Option<KeyOrder>,
}

impl Word {
    /// A text of the transform's own.
    pub(in crate::serverless) fn own(text: impl Into<String>) -> Word {
        Word { text: text.into(), of_template: false }
    }

    /// A text of the template.
    pub(in crate::serverless) fn given(text: impl Into<String>) -> Word {
        Word { text: text.into(), of_template: true }
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Part {
        Part::Text(Word::own(text))
    }
}

impl From<Word> for Part {
    fn from(word: Word) -> Part {
        Part::Text(word)
    }
}

impl From<PartMap> for Part {
    fn from(map: PartMap) -> Part {
        Part::Map(map)
    }
}

impl Part {
    /// A part of the template.
    pub(in crate::serverless) fn given(node: &Node) -> Part {
        match &node.kind {
            NodeKind::Null => Part::Null,
            NodeKind::Bool(truth) => Part::Bool(*truth),
            NodeKind::Number(text) => Part::Number(text.clone()),
            NodeKind::String(text) => Part::Text(Word::given(text)),
            NodeKind::Sequence(elements) => Part::List(elements.iter().map(Part::given).collect()),
            NodeKind::Mapping(entries) => {
                let mut map = PartMap::hashed();
                for (key, entry) in entries {
                    map.set(Word::given(key), Part::given(&entry.value));
                }
                Part::Map(map)
            }
        }
    }

    /// A plain map of the transform's own, with one key.
    pub(in crate::serverless) fn plain(key: &str, value: impl Into<Part>) -> Part {
        let mut map = PartMap::default();
        map.set(Word::own(key), value);
        Part::Map(map)
    }

    /// `{Fn::If: [condition, part, nothing]}`.
    pub(in crate::serverless) fn under(condition: Word, part: Part) -> Part {
        let nothing = Part::plain("Ref", "AWS::NoValue");
        Part::plain("Fn::If", Part::List(vec![Part::Text(condition), part, nothing]))
    }

    pub(in crate::serverless) fn as_map(&self) -> Option<&PartMap> {
        match self {
            Part::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(in crate::serverless) fn as_map_mut(&mut self) -> Option<&mut PartMap> {
        match self {
            Part::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value under a key of a map.
    pub(in crate::serverless) fn get(&self, key: &str) -> Option<&Part> {
        self.as_map()?.get(key)
    }

    /// Whether there is something in it.
    pub(in crate::serverless) fn is_something(&self) -> bool {
        self.node().is_something()
    }

    /// A deep copy, whose keys may come in another order.
    pub(in crate::serverless) fn copied(&self) -> Part {
        match self {
            Part::List(elements) => Part::List(elements.iter().map(Part::copied).collect()),
            Part::Map(map) => {
                let entries = map.entries.iter();
                let entries = entries.map(|(key, (word, part))| (key.clone(), (word.clone(), part.copied())));
                Part::Map(PartMap {
                    entries: entries.collect(),
                    order: map.order.as_ref().map(KeyOrder::copied),
                })
            }
            scalar => scalar.clone(),
        }
    }

    /// What is in a choice between parts, but for nothing; the part itself if it is none.
    pub(in crate::serverless) fn choices(&mut self) -> Vec<&mut Part> {
        if self.get("Fn::If").is_none() {
            return vec![self];
        }
        match self.as_map_mut().and_then(|map| map.get_mut("Fn::If")) {
            Some(Part::List(arguments)) => {
                let is_nothing = |part: &Part| part.node().is_no_value();
                arguments.iter_mut().skip(1).filter(|part| !is_nothing(part)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The part as a tree.
    pub(in crate::serverless) fn node(&self) -> Node {
        let kind = match self {
            Part::Null => NodeKind::Null,
            Part::Bool(truth) => NodeKind::Bool(*truth),
            Part::Number(text) => NodeKind::Number(text.clone()),
            Part::Text(word) => NodeKind::String(word.text.clone()),
            Part::List(elements) => NodeKind::Sequence(elements.iter().map(Part::node).collect()),
            Part::Map(map) => {
                return Node::from_pairs(map.pairs().map(|(word, part)| (word.text.clone(), part.node())));
            }
        };
        Node::new(kind, Position::default())
    }

    /// The part as Python 2.7 printed it.
    pub(in crate::serverless) fn printed(&self) -> String {
        match self {
            Part::Null => "None".to_owned(),
            Part::Bool(truth) => if *truth { "True" } else { "False" }.to_owned(),
            Part::Number(text) => {
                let is_long = text.parse::<i128>().is_ok_and(|number| number > i128::from(i64::MAX));
                format!("{}{}", number::plain(text), if is_long { "L" } else { "" })
            }
            Part::Text(word) => word.printed(),
            Part::List(elements) => {
                let elements: Vec<String> = elements.iter().map(Part::printed).collect();
                format!("[{}]", elements.join(", "))
            }
            Part::Map(map) => {
                let pairs = map.pairs().map(|(key, part)| format!("{}: {}", key.printed(), part.printed()));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl PartMap {
    /// A map whose keys come by their hashes.
    pub(in crate::serverless) fn hashed() -> PartMap {
        PartMap { entries: IndexMap::new(), order: Some(KeyOrder::default()) }
    }

    /// Such a map with keys that are put in together.
    pub(in crate::serverless) fn hashed_of(key: &str, value: impl Into<Part>) -> PartMap {
        let mut map = PartMap::hashed();
        map.set(Word::own(key), value);
        map
    }

    pub(in crate::serverless) fn get(&self, key: &str) -> Option<&Part> {
        self.entries.get(key).map(|(_, part)| part)
    }

    pub(in crate::serverless) fn get_mut(&mut self, key: &str) -> Option<&mut Part> {
        self.entries.get_mut(key).map(|(_, part)| part)
    }

    /// Sets the value of a key; one that is there keeps its word.
    pub(in crate::serverless) fn set(&mut self, key: Word, value: impl Into<Part>) {
        if let Some(order) = &mut self.order {
            order.add(&key.text);
        }
        match self.entries.get_mut(&key.text) {
            Some((_, part)) => *part = value.into(),
            None => {
                self.entries.insert(key.text.clone(), (key, value.into()));
            }
        }
    }

    /// Sets the value of a key of the transform's own.
    pub(in crate::serverless) fn put(&mut self, key: &str, value: impl Into<Part>) {
        self.set(Word::own(key), value);
    }

    /// Sets a key of the transform's own that isn't there, as part of another map.
    pub(in crate::serverless) fn add_beside(&mut self, key: &str, value: impl Into<Part>) {
        if !self.entries.contains_key(key) {
            self.update(key, value);
        }
    }

    /// Sets a key of the transform's own, as part of another map, for which room is made first.
    pub(in crate::serverless) fn update(&mut self, key: &str, value: impl Into<Part>) {
        if let Some(order) = &mut self.order {
            order.merge(&[key.to_owned()]);
        }
        self.put(key, value);
    }

    /// Keys and values to be changed, in no order.
    pub(in crate::serverless) fn values_mut(&mut self) -> impl Iterator<Item = (&Word, &mut Part)> {
        self.entries.values_mut().map(|(word, part)| (&*word, part))
    }

    /// The value of a key, which is set if it isn't there.
    pub(in crate::serverless) fn entry(&mut self, key: Word, default: PartMap) -> &mut Part {
        if !self.entries.contains_key(&key.text) {
            self.set(key.clone(), default);
        }
        let (_, part) = self.entries.entry(key.text.clone()).or_insert((key, Part::Null));
        part
    }

    pub(in crate::serverless) fn remove(&mut self, key: &str) -> Option<Part> {
        if let Some(order) = &mut self.order {
            order.remove(key);
        }
        self.entries.shift_remove(key).map(|(_, part)| part)
    }

    /// Keys and values in their order.
    pub(in crate::serverless) fn pairs(&self) -> Box<dyn Iterator<Item = (&Word, &Part)> + '_> {
        match &self.order {
            None => Box::new(self.entries.values().map(|(word, part)| (word, part))),
            Some(order) => Box::new(
                order.keys().filter_map(|key| self.entries.get(key)).map(|(word, part)| (word, part)),
            ),
        }
    }

    /// The keys in their order.
    pub(in crate::serverless) fn keys(&self) -> Vec<Word> {
        self.pairs().map(|(word, _)| word.clone()).collect()
    }
}

impl Word {
    fn printed(&self) -> String {
        if !self.of_template {
            return quoted(&self.text);
        }
        let mut escaped = String::new();
        for one in self.text.chars() {
            match one {
                '\\' => escaped.push_str("\\\\"),
                '\n' => escaped.push_str("\\n"),
                '\r' => escaped.push_str("\\r"),
                '\t' => escaped.push_str("\\t"),
                ' '..='~' => escaped.push(one),
                '\0'..='\u{ff}' => escaped.push_str(&format!("\\x{:02x}", u32::from(one))),
                '\u{100}'..='\u{ffff}' => escaped.push_str(&format!("\\u{:04x}", u32::from(one))),
                _ => escaped.push_str(&format!("\\U{:08x}", u32::from(one))),
            }
        }
        format!("u{}", quoted(&escaped).replace("\\\\", "\\"))
    }
}

/// A text as Python writes it: in single quotes, or in double ones if it has single ones alone.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut written = String::from(quote);
    for one in text.chars() {
        match one {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            one if one == quote => {
                written.push('\\');
                written.push(one);
            }
            '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{ad}' => {
                written.push_str(&format!("\\x{:02x}", u32::from(one)));
            }
            one => written.push(one),
        }
    }
    written.push(quote);
    written
}
