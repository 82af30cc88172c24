//! Tags as most services read and write them: a list of `Key` and `Value`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Input;

/// The tags under `Tags`, of which those count that have a key and a value.
pub(super) fn read(input: Input<'_>) -> BTreeMap<String, String> {
    let pair = |tag: Input<'_>| Some((tag.string("Key")?.to_owned(), tag.string("Value")?.to_owned()));
    input.objects("Tags").filter_map(pair).collect()
}

/// Tags as a list.
pub(super) fn list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}
