//! Names that a template chooses: the refusal of a replacement that would meet its own, and the name that is taken. The
//! rules are in [`crate::custom_name`].

use template::Value;

use super::Refusal;
use crate::custom_name::{in_the_way, naming_property};
use crate::facts;
use crate::predict::property_tree::Tree;

/// The refusal, when replacing would meet its own name.
pub(super) fn collision(type_name: &str, before: &Tree<'_>, after: &Tree<'_>) -> Option<Refusal> {
    let names = in_the_way(type_name, &before.entries(), &after.entries());
    let values: Vec<String> = names.iter().filter_map(|name| after.get(name)).map(Tree::text).collect();
    (!names.is_empty()).then_some(Refusal::CustomName { properties: names, names: values })
}

/// The name that a new physical resource takes, where its template gives it one that is known beforehand. Somebody
/// else's resource may have it already.
pub(super) fn taken(type_name: &str, tree: &Tree<'_>) -> Option<String> {
    match tree.get(&naming_property(facts::resource_type(type_name)?)?)?.value() {
        // `{{deployed:…}}` and `{{resolve:…}}` stand for what nobody has asked for.
        Value::String(text) if !text.is_empty() && !text.contains("{{") => Some(text),
        _ => None,
    }
}
