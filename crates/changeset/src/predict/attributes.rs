//! The attributes of a resource that change sets know besides its properties. `DependsOn` and `Condition` are
//! not among them.

use template::{Node, Resource};

use crate::change_set::Attribute;

/// The attributes with their nodes, `None` where the template has none.
pub(crate) fn attributes(resource: &Resource) -> [(Attribute, Option<&Node>); 5] {
    [
        (Attribute::Metadata, resource.metadata.as_ref()),
        (Attribute::CreationPolicy, resource.creation_policy.as_ref()),
        (Attribute::UpdatePolicy, resource.update_policy.as_ref()),
        (Attribute::DeletionPolicy, resource.deletion_policy.as_ref()),
        (Attribute::UpdateReplacePolicy, resource.update_replace_policy.as_ref()),
    ]
}

/// How AWS words a property: tags are an attribute of their own and then have no name (user guide, "Example
/// change sets").
///
/// Assumption: only the property of the very name `Tags`; of types that call it otherwise nothing is
/// recorded.
pub(crate) fn attribute_of_property(name: &str) -> (Attribute, Option<String>) {
    if name == "Tags" { (Attribute::Tags, None) } else { (Attribute::Properties, Some(name.to_owned())) }
}
