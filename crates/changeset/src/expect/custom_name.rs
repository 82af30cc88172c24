//! A resource whose name the template chooses can't be replaced: the new one would need the name while the
//! old one has it.

use crate::facts::{self, ReplacementStrategy, ResourceType};
use crate::predict::property_tree::Tree;

/// The sentence that says so, when replacing would meet its own name.
pub(super) fn collision(type_name: &str, before: &Tree<'_>, after: &Tree<'_>) -> Option<String> {
    let facts = facts::resource_type(type_name)?;
    if facts.replacement_strategy == ReplacementStrategy::DeleteThenCreate {
        return None;
    }
    let stays = |name: &str| match (before.get(name), after.get(name)) {
        (Some(before), Some(after)) => before.same(after).then(|| after.text()),
        (None, _) | (_, None) => None,
    };
    let names = identifying(facts).or_else(|| own_name(facts).map(|name| vec![name]))?;
    let mut values = Vec::with_capacity(names.len());
    for name in &names {
        values.push(stays(name)?);
    }
    Some(format!(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing: {} stays {}. \
         Rename it and update the stack again.",
        names.join(" and "),
        values.join(" and ")
    ))
}

/// The properties that together identify the resource, if the template gives all of them.
fn identifying(facts: &ResourceType) -> Option<Vec<String>> {
    let given = |name: &String| facts.properties.contains_key(name) && !facts.read_only.contains_key(name);
    let names = &facts.primary_identifier;
    (!names.is_empty() && names.iter().all(given)).then(|| names.clone())
}

/// The property that names the resource, where an id of AWS's making identifies it.
///
/// Assumption: a create-only property called `Name`, or the type's last word and `Name` (`TopicName`,
/// `ComputeEnvironmentName`), is a name that must be unique. AWS lists such types under "Name Type" without
/// their properties' rules.
fn own_name(facts: &ResourceType) -> Option<String> {
    let last_word = facts.name.rsplit("::").next()?;
    let candidates = ["Name".to_owned(), format!("{last_word}Name")];
    candidates
        .into_iter()
        .find(|name| facts.create_only.iter().any(|path| path.strip_prefix('/') == Some(name.as_str())))
}
