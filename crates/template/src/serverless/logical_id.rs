//! Logical ids that tell by a hash what they were made for: a new layer, version or deployment is a new resource.
//!
//! The hash is the beginning of a SHA-1 over text, or over compact JSON with sorted keys and nothing but ASCII.

use sha1::{Digest, Sha1};

use super::json_text;
use crate::node::Node;

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
        None if node.is_something() => digits_of_text(&json_text::compact(node)),
        None => String::new(),
    }
}
