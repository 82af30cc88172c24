//! Pages of a list. A token says where the next page begins, and of what; nothing else is remembered.

use serde_json::{Value as Json, json};

use crate::AwsError;

/// The page of `items` that begins where `token` says, and the token of the next one.
pub fn page<'a, Item>(
    items: &'a [Item],
    token: Option<&str>,
    length: usize,
) -> Result<(&'a [Item], Option<String>), AwsError> {
    let start = match token {
        None => 0,
        Some(token) => {
            let start = token.strip_prefix("page-").and_then(|start| start.parse::<usize>().ok());
            start
                .filter(|start| *start <= items.len())
                .ok_or_else(|| AwsError::validation("Invalid NextToken"))?
        }
    };
    let end = start.saturating_add(length).min(items.len());
    let next = (end < items.len()).then(|| format!("page-{end}"));
    Ok((items.get(start..end).unwrap_or_default(), next))
}

/// An answer with one page.
pub fn answer(name: &str, items: Vec<Json>, next: Option<String>) -> Json {
    let mut made = json!({ name: items });
    if let (Some(next), Some(entries)) = (next, made.as_object_mut()) {
        entries.insert("NextToken".to_owned(), json!(next));
    }
    made
}
