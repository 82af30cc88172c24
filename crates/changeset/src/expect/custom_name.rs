//! The sentence of a replacement that would meet its own name. The rule is in [`crate::custom_name`].

use indexmap::IndexMap;
use template::Value;

use crate::custom_name::in_the_way;
use crate::predict::property_tree::Tree;

/// The sentence that says so, when replacing would meet its own name.
pub(super) fn collision(type_name: &str, before: &Tree<'_>, after: &Tree<'_>) -> Option<String> {
    let properties = |tree: &Tree<'_>| match tree.value() {
        Value::Map(entries) => entries,
        _ => IndexMap::new(),
    };
    let names = in_the_way(type_name, &properties(before), &properties(after));
    let values: Vec<String> = names.iter().filter_map(|name| after.get(name)).map(Tree::text).collect();
    (!names.is_empty()).then(|| {
        format!(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing: {} stays {}. \
             Rename it and update the stack again.",
            names.join(" and "),
            values.join(" and ")
        )
    })
}
