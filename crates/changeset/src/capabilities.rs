//! Which capabilities the operator has to acknowledge, as AWS decides it from the template's text.
//!
//! Sources: API reference, `CreateChangeSet`, `Capabilities`; AWS looks at every resource of the template,
//! also at those whose condition doesn't hold (`ValidateTemplate` answers without parameters).

use std::collections::BTreeSet;

use template::{Node, Resource, Template};

/// An acknowledgement that AWS asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// The template holds IAM resources.
    Iam,
    /// The template holds IAM resources with names of its own; includes [`Capability::Iam`].
    NamedIam,
    /// The template uses macros. Needed when a stack is made or updated directly; creating a change set
    /// doesn't ask for it.
    AutoExpand,
}

impl Capability {
    /// The word in AWS's API.
    pub fn word(self) -> &'static str {
        match self {
            Capability::Iam => "CAPABILITY_IAM",
            Capability::NamedIam => "CAPABILITY_NAMED_IAM",
            Capability::AutoExpand => "CAPABILITY_AUTO_EXPAND",
        }
    }
}

/// A capability and what makes it necessary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededCapability {
    /// Which.
    pub capability: Capability,
    /// The resources or macros that need it.
    pub because_of: BTreeSet<String>,
}

/// The IAM types of the API reference with the property that names them, if they have one.
const IAM_TYPES: [(&str, Option<&str>); 8] = [
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    // Its PolicyName is required and doesn't make it a named resource.
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserToGroupAddition", None),
];

/// The capabilities that a template needs. At most one of the two IAM ones is given: the stronger.
pub fn capabilities(template: &Template) -> Vec<NeededCapability> {
    let mut unnamed = BTreeSet::new();
    let mut named = BTreeSet::new();
    for resource in template.resources.values() {
        if let Some((_, name)) = IAM_TYPES.iter().find(|(type_name, _)| *type_name == resource.type_name) {
            unnamed.insert(resource.logical_id.clone());
            if name.is_some_and(|name| has_property(resource, name)) {
                named.insert(resource.logical_id.clone());
            }
        }
    }
    let mut needed = Vec::new();
    if !named.is_empty() {
        needed.push(NeededCapability { capability: Capability::NamedIam, because_of: named });
    } else if !unnamed.is_empty() {
        needed.push(NeededCapability { capability: Capability::Iam, because_of: unnamed });
    }
    let mut macros: BTreeSet<String> = template.declared_transforms().map(str::to_owned).collect();
    embedded(&template.root, &mut macros);
    if !macros.is_empty() {
        needed.push(NeededCapability { capability: Capability::AutoExpand, because_of: macros });
    }
    needed
}

fn has_property(resource: &Resource, name: &str) -> bool {
    resource.properties.as_ref().is_some_and(|properties| properties.get(name).is_some())
}

/// The macros called by `Fn::Transform`. Depth is bounded by the template reader.
fn embedded(node: &Node, into: &mut BTreeSet<String>) {
    if let Some(call) = node.get("Fn::Transform") {
        let calls = call.as_sequence().unwrap_or(std::slice::from_ref(call));
        into.extend(calls.iter().filter_map(|call| call.get("Name")?.as_str().map(str::to_owned)));
    }
    for child in node.children() {
        embedded(child, into);
    }
}
