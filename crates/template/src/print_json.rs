//! Trees and values as JSON text. Numbers keep the text they were written with.

use crate::node::{Node, NodeKind};
use crate::value::{Part, Value};

/// A tree as JSON, indented by two spaces. Reading it back gives an equal tree.
pub fn node_to_json(node: &Node) -> String {
    let mut text = String::new();
    write_node(node, 0, &mut text);
    text.push('\n');
    text
}

fn write_node(node: &Node, indent: usize, text: &mut String) {
    match &node.kind {
        NodeKind::Null => text.push_str("null"),
        NodeKind::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        NodeKind::Number(number) => text.push_str(number),
        NodeKind::String(string) => write_string(string, text),
        NodeKind::Sequence(elements) if elements.is_empty() => text.push_str("[]"),
        NodeKind::Mapping(entries) if entries.is_empty() => text.push_str("{}"),
        NodeKind::Sequence(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                new_line(index, indent + 1, text);
                write_node(element, indent + 1, text);
            }
            new_line(0, indent, text);
            text.push(']');
        }
        NodeKind::Mapping(entries) => {
            text.push('{');
            for (index, (key, entry)) in entries.iter().enumerate() {
                new_line(index, indent + 1, text);
                write_string(key, text);
                text.push_str(": ");
                write_node(&entry.value, indent + 1, text);
            }
            new_line(0, indent, text);
            text.push('}');
        }
    }
}

/// A line break before a member, after a comma unless it is the first.
fn new_line(index: usize, indent: usize, text: &mut String) {
    if index > 0 {
        text.push(',');
    }
    text.push('\n');
    for _ in 0..indent {
        text.push_str("  ");
    }
}

/// A value as compact JSON. What isn't known yet is written as the name of what it depends on, in braces of its own:
/// only for people to read.
pub fn value_to_json(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => text.push_str(number),
        Value::String(string) => write_string(string, text),
        Value::List(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(element, text);
            }
            text.push(']');
        }
        Value::Map(entries) => {
            text.push('{');
            for (index, (key, entry)) in entries.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(key, text);
                text.push(':');
                write_value(entry, text);
            }
            text.push('}');
        }
        Value::Unknown(unknown) => {
            let mut whole = String::new();
            for part in &unknown.parts {
                match part {
                    Part::Text(known) => whole.push_str(known),
                    Part::Resource { logical_id, attribute } => {
                        whole.push_str("${");
                        whole.push_str(logical_id);
                        if let Some(attribute) = attribute {
                            whole.push('.');
                            whole.push_str(attribute);
                        }
                        whole.push('}');
                    }
                    Part::Outside(what) => {
                        whole.push_str("${");
                        whole.push_str(what);
                        whole.push('}');
                    }
                }
            }
            write_string(&whole, text);
        }
    }
}

fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control < ' ' => {
                text.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}
