//! Logical ids that tell by a hash what they were made for: a new layer, version or deployment is a new resource.
//!
//! The hash is the beginning of a SHA-1 over text, or over compact JSON with sorted keys and nothing but ASCII.

use sha1::{Digest, Sha1};

use super::number;
use crate::node::{Node, NodeKind};

/// How many hexadecimal digits a logical id gets.
const DIGITS: usize = 10;

/// The digits of a text; none for no text.
pub(super) fn digits_of_text(text: &str) -> String {
    digits(text, DIGITS)
}

/// The first digits of a text's hash; none for no text.
pub(super) fn digits(text: &str, count: usize) -> String {
    if text.is_empty() {
        return String::new();
    }
    let hash = Sha1::digest(text.as_bytes());
    let mut written: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    written.truncate(count);
    written
}

/// The digits of a tree: of its own text if it is text, of its JSON otherwise; none for what is empty.
pub(super) fn digits_of(node: &Node) -> String {
    match node.as_str() {
        Some(text) => digits_of_text(text),
        None if node.is_something() => digits_of_text(&sorted_json(node)),
        None => String::new(),
    }
}

/// Compact JSON with sorted keys.
pub(super) fn sorted_json(node: &Node) -> String {
    let mut text = String::new();
    write(node, &mut text);
    text
}

fn write(node: &Node, text: &mut String) {
    match &node.kind {
        NodeKind::Null => text.push_str("null"),
        NodeKind::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        NodeKind::Number(number) => text.push_str(&number::plain(number)),
        NodeKind::String(string) => write_text(string, text),
        NodeKind::Sequence(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(element, text);
            }
            text.push(']');
        }
        NodeKind::Mapping(_) => {
            let mut pairs: Vec<(&str, &Node)> = node.pairs().collect();
            pairs.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (index, (key, value)) in pairs.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_text(key, text);
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
    }
}

fn write_text(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text.push('"');
}
