//! From bytes to the tree: size and encoding first, then JSON or YAML.
//!
//! Both readers give the same tree but for the positions. Nothing here knows what a template's sections are.

use std::collections::HashMap;

use indexmap::IndexMap;
use indexmap::map::Entry as Slot;

use crate::location::Location;
use crate::node::{Entry, Node, Position};
use crate::read_error::TemplateError;
use crate::{read_json, read_yaml};

/// The largest template CloudFormation takes from S3 (user guide, "CloudFormation quotas": 1 MB).
pub const MAXIMUM_TEMPLATE_BYTES: usize = 1_048_576;

/// How deep lists and maps may nest. CloudFormation has a limit and does not say which; the deepest template
/// seen has 30 levels. Every walk over the tree is recursive, so this also bounds the stack.
pub const MAXIMUM_DEPTH: usize = 100;

/// How many values aliases may add to a tree when they are expanded at all.
pub const MAXIMUM_ALIASED_VALUES: usize = 100_000;

/// What to do with YAML aliases and merge keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aliases {
    /// Refuse them as CloudFormation does: the user guide ("CloudFormation template format") lists aliases and
    /// hash merges as not supported, and the service answers "YAML aliases are not allowed in CloudFormation
    /// templates". An anchor that nothing uses is harmless.
    #[default]
    Refuse,
    /// Write them out, as `aws cloudformation package` does before it uploads a template.
    Expand,
}

/// Reads a template's text into its tree. `file` is the name used in messages.
///
/// # Errors
/// Too large, not UTF-8, empty, not well-formed, nested too deep, aliases.
pub fn read(file: &str, bytes: &[u8], aliases: Aliases) -> Result<Node, TemplateError> {
    let start = Position { line: 1, column: 1 };
    if bytes.len() > MAXIMUM_TEMPLATE_BYTES {
        return Err(TemplateError::TooLarge {
            location: Location::new(file, start),
            size_bytes: bytes.len(),
            limit_bytes: MAXIMUM_TEMPLATE_BYTES,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| TemplateError::NotUtf8 {
        location: Location::new(file, position_after(bytes, error.valid_up_to())),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // CloudFormation decides by the first character: what begins with a brace is JSON and gets JSON's errors.
    match text.trim_start().chars().next() {
        None => Err(TemplateError::Empty { location: Location::new(file, start) }),
        Some('{' | '[') => read_json::read(file, text).or_else(|error| match error {
            // It then reads it as YAML, of which JSON is a part: trailing commas, comments, keys without quotes and single
            // quotes pass (cfn_nag 203, amplify-cli PR 509, Sceptre 1087, five templates of four published platforms).
            TemplateError::NotWellFormed { .. } => read_yaml::read(file, text, aliases).map_err(|_| error),
            error => Err(error),
        }),
        Some(_) => read_yaml::read(file, text, aliases),
    }
}

/// The place after the first `count` bytes, which are valid UTF-8.
fn position_after(bytes: &[u8], count: usize) -> Position {
    let mut at = Position { line: 1, column: 1 };
    for byte in bytes.iter().take(count) {
        if *byte == b'\n' {
            at.line += 1;
            at.column = 1;
        } else if byte & 0xC0 != 0x80 {
            at.column += 1;
        }
    }
    at
}

/// Adds a key that was read to a map: the last of equal ones counts.
pub(crate) fn read_key(entries: &mut IndexMap<String, Entry>, key: String, key_at: Position, value: Node) {
    let mut entry = Entry::new(key_at, value);
    entry.displaced = entries.get(&key).map(|first| first.key_at);
    entries.insert(key, entry);
}

/// Adds a key that an expansion wrote, refusing it when it is there already.
pub(crate) fn insert_key(
    file: &str,
    entries: &mut IndexMap<String, Entry>,
    key: String,
    entry: Entry,
) -> Result<(), TemplateError> {
    match entries.entry(key) {
        Slot::Occupied(first) => Err(TemplateError::DuplicateKey {
            location: Location::new(file, entry.key_at),
            key: first.key().clone(),
            first_line: first.get().key_at.line,
        }),
        Slot::Vacant(slot) => {
            slot.insert(entry);
            Ok(())
        }
    }
}

/// The nodes that anchors name, by the parser's anchor number, with their sizes.
pub(crate) type Anchors = HashMap<usize, (Node, TreeSize)>;

/// How large a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TreeSize {
    /// Values in it, itself included.
    pub(crate) values: usize,
    /// Levels of lists and maps.
    pub(crate) depth: usize,
}

/// Measures a tree (whose depth is limited already).
pub(crate) fn tree_size(node: &Node) -> TreeSize {
    let children: Box<dyn Iterator<Item = &Node> + '_> = match (node.as_sequence(), node.as_mapping()) {
        (Some(elements), _) => Box::new(elements.iter()),
        (_, Some(entries)) => Box::new(entries.values().map(|entry| &entry.value)),
        _ => {
            return TreeSize { values: 1, depth: 0 };
        }
    };
    children.map(tree_size).fold(TreeSize { values: 1, depth: 1 }, |whole, part| TreeSize {
        values: whole.values + part.values,
        depth: whole.depth.max(part.depth + 1),
    })
}
