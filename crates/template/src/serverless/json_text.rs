//! Trees as the JSON that the transform hashes and writes into texts: sorted keys, nothing but ASCII.

use super::number;
use crate::node::{Node, NodeKind};

/// Compact JSON.
pub(super) fn compact(node: &Node) -> String {
    let mut writer = Writer { text: String::new(), indent: None };
    writer.write(node, 0);
    writer.text
}

/// JSON of a line for each value, indented by four spaces.
pub(super) fn indented(node: &Node) -> String {
    let mut writer = Writer { text: String::new(), indent: Some(4) };
    writer.write(node, 0);
    writer.text
}

struct Writer {
    text: String,
    indent: Option<usize>,
}

impl Writer {
    fn write(&mut self, node: &Node, level: usize) {
        match &node.kind {
            NodeKind::Null => self.text.push_str("null"),
            NodeKind::Bool(truth) => self.text.push_str(if *truth { "true" } else { "false" }),
            NodeKind::Number(number) => self.text.push_str(&number::plain(number)),
            NodeKind::String(string) => self.write_text(string),
            NodeKind::Sequence(elements) if elements.is_empty() => self.text.push_str("[]"),
            NodeKind::Mapping(entries) if entries.is_empty() => self.text.push_str("{}"),
            NodeKind::Sequence(elements) => {
                self.text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    self.next(index, level + 1);
                    self.write(element, level + 1);
                }
                self.line(level);
                self.text.push(']');
            }
            NodeKind::Mapping(_) => {
                let mut pairs: Vec<(&str, &Node)> = node.pairs().collect();
                pairs.sort_by_key(|(key, _)| *key);
                self.text.push('{');
                for (index, (key, value)) in pairs.into_iter().enumerate() {
                    self.next(index, level + 1);
                    self.write_text(key);
                    self.text.push_str(if self.indent.is_some() { ": " } else { ":" });
                    self.write(value, level + 1);
                }
                self.line(level);
                self.text.push('}');
            }
        }
    }

    fn next(&mut self, index: usize, level: usize) {
        if index > 0 {
            self.text.push(',');
        }
        self.line(level);
    }

    fn line(&mut self, level: usize) {
        if let Some(indent) = self.indent {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(' ', indent * level));
        }
    }

    fn write_text(&mut self, string: &str) {
        self.text.push('"');
        for character in string.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '\u{8}' => self.text.push_str("\\b"),
                '\u{c}' => self.text.push_str("\\f"),
                ' '..='~' => self.text.push(character),
                other => {
                    let mut units = [0; 2];
                    for unit in other.encode_utf16(&mut units) {
                        self.text.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        self.text.push('"');
    }
}
