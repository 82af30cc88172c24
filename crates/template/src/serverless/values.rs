//! Values that the transform knows before anything is deployed, put into the trees: parameters, the Region and the partition, and
//! the names of what was generated.
//!
//! The transform looks into `Ref` and `Fn::Sub` only, and only where it asks for it: most of a template keeps its functions.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::problem::{Expanded, wrong};
use super::tree::reference;
use crate::node::{Node, NodeKind};

/// What parameters and pseudo parameters give, by name.
#[derive(Debug, Default)]
pub(super) struct Values(pub(super) BTreeMap<String, Node>);

impl Values {
    /// The tree with the values in it. `node` is changed where the transform changes what it looks at: a function in place of a
    /// value gives its value to the caller alone, what stands inside a tree stays resolved in it.
    pub(super) fn resolve(&self, of: &str, node: &mut Node) -> Expanded<Node> {
        let resolved = self.resolved(of, node)?;
        if node.only_entry().is_none_or(|(key, _)| key != "Ref") {
            *node = resolved.clone();
        }
        Ok(resolved)
    }

    /// The tree with the values in it.
    pub(super) fn resolved(&self, of: &str, node: &Node) -> Expanded<Node> {
        let here = match node.only_entry() {
            Some(("Ref", entry)) => entry.value.as_str().and_then(|name| self.0.get(name)).cloned(),
            Some(("Fn::Sub", entry)) => {
                let mut copy = node.clone();
                if let Some(text) = sub_text(&entry.value) {
                    let text = self.substituted(of, text, node)?;
                    set_sub_text(&mut copy, text);
                }
                Some(copy)
            }
            _ => None,
        };
        let node = here.as_ref().unwrap_or(node);
        let kind = match &node.kind {
            NodeKind::Sequence(elements) => NodeKind::Sequence(
                elements.iter().map(|element| self.resolved(of, element)).collect::<Expanded<_>>()?,
            ),
            NodeKind::Mapping(entries) => {
                let mut resolved = IndexMap::with_capacity(entries.len());
                for (key, entry) in entries {
                    resolved.insert(key.clone(), entry.holding(self.resolved(of, &entry.value)?));
                }
                NodeKind::Mapping(resolved)
            }
            scalar => scalar.clone(),
        };
        Ok(Node::new(kind, node.at))
    }

    fn substituted(&self, of: &str, text: &str, at: &Node) -> Expanded<String> {
        let mut problem = None;
        let text = replace_names(text, |name| match self.0.get(name) {
            Some(value) if value.as_str().is_none() => {
                problem = Some(name.to_owned());
                None
            }
            value => value.and_then(Node::as_str).map(str::to_owned),
        });
        match problem {
            Some(name) => wrong(of, at, format!("Fn::Sub takes texts, and {name} gives none; use Fn::Join")),
            None => Ok(text),
        }
    }
}

/// A value from `Mappings`, where `Fn::FindInMap` stands with three texts; the tree as it is otherwise.
pub(super) fn find_in_map(mappings: Option<&Node>, node: &Node) -> Node {
    let found = (|| {
        let (key, entry) = node.only_entry()?;
        let [map, top, second] = entry.value.as_sequence().filter(|_| key == "Fn::FindInMap")? else {
            return None;
        };
        mappings?.get(map.as_str()?)?.get(top.as_str()?)?.get(second.as_str()?).cloned()
    })();
    found.unwrap_or_else(|| node.clone())
}

/// The text of a `Fn::Sub`'s argument.
fn sub_text(argument: &Node) -> Option<&str> {
    argument.as_str().or_else(|| argument.as_sequence()?.first()?.as_str())
}

fn set_sub_text(call: &mut Node, text: String) {
    let Some(argument) = call.get_mut("Fn::Sub") else {
        return;
    };
    let at = argument.at;
    match argument.elements_mut().and_then(|elements| elements.first_mut()) {
        Some(first) => *first = Node::string(text, first.at),
        None => *argument = Node::string(text, at),
    }
}

/// Replaces each `${name}` for which there is a text. Names have letters, digits and dots, or are a pseudo parameter's.
fn replace_names(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = rest.split_at(start);
        written.push_str(before);
        let inner = after.get(2..).unwrap_or_default();
        let found = inner.find('}').and_then(|end| inner.get(..end)).filter(|name| is_name(name));
        match found {
            Some(name) => {
                match value(name) {
                    Some(text) => written.push_str(&text),
                    None => written.push_str(&format!("${{{name}}}")),
                }
                rest = inner.get(name.len() + 1..).unwrap_or_default();
            }
            None => {
                written.push_str("${");
                rest = inner;
            }
        }
    }
    written.push_str(rest);
    written
}

fn is_name(name: &str) -> bool {
    let plain = !name.is_empty() && name.chars().all(|one| one.is_ascii_alphanumeric() || one == '.');
    let pseudo = name.strip_prefix("AWS::").is_some_and(|rest| {
        rest.starts_with(|one: char| one.is_ascii_uppercase())
            && rest.chars().all(|one| one.is_ascii_alphabetic())
    });
    plain || pseudo
}

/// The names that the author may use for what was generated: the new logical ids of resources whose id changed, and for a
/// resource and a property (`MyFunction.Alias`) the logical id of what it stands for.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// New logical ids by the old ones.
    pub(super) changed: IndexMap<String, String>,
    /// Logical ids by resource and property.
    pub(super) parts: BTreeMap<(String, String), String>,
}

impl Names {
    /// Replaces the names everywhere in a tree.
    pub(super) fn apply(&self, node: &mut Node) {
        if !self.changed.is_empty() {
            self.depends_on(node);
            self.each(node, &|node| self.changed_in(node));
        }
        if !self.parts.is_empty() {
            self.each(node, &|node| self.parts_in(node));
        }
    }

    fn depends_on(&self, node: &mut Node) {
        if let Some(named) = node.get_mut("DependsOn") {
            let renamed = |one: &mut Node| {
                if let Some(new) = one.as_str().and_then(|old| self.changed.get(old)) {
                    *one = Node::string(new.as_str(), one.at);
                }
            };
            match named.elements_mut() {
                Some(elements) => elements.iter_mut().for_each(renamed),
                None => renamed(named),
            }
        }
        for_each_child(node, &mut |child| self.depends_on(child));
    }

    fn each(&self, node: &mut Node, change: &dyn Fn(&mut Node)) {
        change(node);
        for_each_child(node, &mut |child| self.each(child, change));
    }

    fn changed_in(&self, node: &mut Node) {
        match node.only_entry() {
            Some(("Ref", _)) => {
                if let Some(new) = node.reference_name().and_then(|old| self.changed.get(old)) {
                    *node = Node::new(reference(new).kind, node.at);
                }
            }
            Some(("Fn::GetAtt", entry)) => {
                if let Some(path) = attribute_path(&entry.value)
                    && let Some((old, rest)) = path.split_once('.')
                    && let Some(new) = self.changed.get(old)
                {
                    set_attribute_path(node, new, rest);
                }
            }
            Some(("Fn::Sub", entry)) => {
                if let Some(text) = sub_text(&entry.value) {
                    let text = replace_names(text, |name| {
                        let old = name.split('.').next().unwrap_or_default();
                        let new = self.changed.get(old)?;
                        Some(format!("${{{name}}}").replace(old, new))
                    });
                    set_sub_text(node, text);
                }
            }
            _ => {}
        }
    }

    fn part(&self, logical_id: &str, property: &str) -> Option<&str> {
        self.parts.get(&(logical_id.to_owned(), property.to_owned())).map(String::as_str)
    }

    fn parts_in(&self, node: &mut Node) {
        match node.only_entry() {
            Some(("Ref", _)) => {
                if let Some(found) = node.reference_name().and_then(|name| {
                    let (logical_id, property) = name.split_once('.')?;
                    self.part(logical_id, property)
                }) {
                    *node = Node::new(reference(found).kind, node.at);
                }
            }
            Some(("Fn::GetAtt", entry)) => {
                if let Some(path) = attribute_path(&entry.value)
                    && let [logical_id, property, rest @ ..] = path.split('.').collect::<Vec<_>>().as_slice()
                    && let Some(found) = self.part(logical_id, property)
                {
                    let (found, rest) = (found.to_owned(), rest.join("."));
                    set_attribute_path(node, &found, &rest);
                }
            }
            Some(("Fn::Sub", entry)) => {
                if let Some(text) = sub_text(&entry.value) {
                    let text = replace_names(text, |name| {
                        let mut words = name.split('.');
                        let (logical_id, property) = (words.next()?, words.next()?);
                        let found = self.part(logical_id, property)?;
                        Some(format!("${{{name}}}").replace(&format!("{logical_id}.{property}"), found))
                    });
                    set_sub_text(node, text);
                }
            }
            _ => {}
        }
    }
}

/// `Fn::GetAtt`'s argument as one text, if it is a list of two or more texts.
fn attribute_path(argument: &Node) -> Option<String> {
    let elements = argument.as_sequence().filter(|elements| elements.len() >= 2)?;
    let words: Option<Vec<&str>> = elements.iter().map(Node::as_str).collect();
    words.map(|words| words.join("."))
}

fn set_attribute_path(call: &mut Node, logical_id: &str, rest: &str) {
    let at = call.at;
    let words = std::iter::once(logical_id).chain(rest.split('.').filter(|word| !word.is_empty()));
    let elements = words.map(|word| Node::string(word, at)).collect();
    call.put("Fn::GetAtt", Node::new(NodeKind::Sequence(elements), at));
}

fn for_each_child(node: &mut Node, change: &mut dyn FnMut(&mut Node)) {
    match &mut node.kind {
        NodeKind::Sequence(elements) => elements.iter_mut().for_each(change),
        NodeKind::Mapping(entries) => entries.values_mut().for_each(|entry| change(&mut entry.value)),
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => {}
    }
}
