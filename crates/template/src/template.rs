//! A template and its sections, as its author wrote them. No value is known here yet.

use indexmap::IndexMap;

use crate::node::{Node, Position};
use crate::parameter::Parameter;
use crate::read::{Aliases, read};
use crate::read_error::TemplateError;
use crate::{check, structure};

/// The transform that adds `Fn::ForEach`, `Fn::Length`, `Fn::ToJsonString` and defaults in `Fn::FindInMap`.
pub const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

/// A template that has been read and whose structure is sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The file's name, for messages.
    pub name: String,
    /// The size of the text it was read from, in bytes.
    pub size_bytes: usize,
    /// The whole tree, short forms written out.
    pub root: Node,
    /// `Description`.
    pub description: Option<String>,
    /// `Metadata`.
    pub metadata: Option<Node>,
    /// `Transform`: the macros' names in order. `AWS::Include` at the top is here too.
    pub transforms: Vec<String>,
    /// The macros whose work [`Template::expand`] has done: they stand in `Transform` no more, and CloudFormation asks for
    /// `CAPABILITY_AUTO_EXPAND` for them all the same.
    pub done_transforms: Vec<String>,
    /// `Parameters`.
    pub parameters: IndexMap<String, Parameter>,
    /// `Mappings`, each a map of maps.
    pub mappings: IndexMap<String, Node>,
    /// `Conditions`.
    pub conditions: IndexMap<String, Node>,
    /// `Rules`.
    pub rules: IndexMap<String, Rule>,
    /// `Resources`, without the loops that are still to be expanded.
    pub resources: IndexMap<String, Resource>,
    /// `Outputs`, without the loops that are still to be expanded.
    pub outputs: IndexMap<String, Output>,
    /// Whether a section holds `Fn::ForEach` or `Fn::Transform`, so that names may be missing until
    /// [`Template::expand`] has run.
    pub unexpanded: bool,
}

/// A member of `Resources`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its key.
    pub logical_id: String,
    /// Where the key stands.
    pub at: Position,
    /// `Type`.
    pub type_name: String,
    /// `Condition`: the condition under which it exists.
    pub condition: Option<String>,
    /// `DependsOn`, always as a list.
    pub depends_on: Vec<String>,
    /// `Properties`: a mapping node, in which `Fn::Transform` may stand.
    pub properties: Option<Node>,
    /// `Metadata`.
    pub metadata: Option<Node>,
    /// `DeletionPolicy`.
    pub deletion_policy: Option<Node>,
    /// `UpdateReplacePolicy`.
    pub update_replace_policy: Option<Node>,
    /// `CreationPolicy`.
    pub creation_policy: Option<Node>,
    /// `UpdatePolicy`.
    pub update_policy: Option<Node>,
}

impl Resource {
    /// The nodes in which functions are evaluated, in the order of the user guide.
    pub fn evaluated_nodes(&self) -> impl Iterator<Item = &Node> {
        [
            &self.properties,
            &self.metadata,
            &self.creation_policy,
            &self.update_policy,
            &self.deletion_policy,
            &self.update_replace_policy,
        ]
        .into_iter()
        .flatten()
    }
}

/// A member of `Outputs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its key.
    pub name: String,
    /// Where the key stands.
    pub at: Position,
    /// `Value`.
    pub value: Node,
    /// `Export.Name`.
    pub export_name: Option<Node>,
    /// `Condition`.
    pub condition: Option<String>,
    /// `Description`.
    pub description: Option<String>,
}

/// A member of `Rules`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its key.
    pub name: String,
    /// Where the key stands.
    pub at: Position,
    /// `RuleCondition`: the rule applies only if this holds.
    pub condition: Option<Node>,
    /// `Assertions`, all of which must hold.
    pub assertions: Vec<Assertion>,
}

/// One assertion of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    /// Where it stands.
    pub at: Position,
    /// `Assert`.
    pub assert: Node,
    /// `AssertDescription`: what people see when it doesn't hold.
    pub description: Option<String>,
}

/// A key that another one of the same map has displaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplacedKey {
    /// The key.
    pub key: String,
    /// Where the one stands that counts: the last.
    pub at: Position,
    /// Where the one before it stands, which counts no more.
    pub first_at: Position,
}

fn displaced_in(node: &Node, found: &mut Vec<DisplacedKey>) {
    for element in node.as_sequence().unwrap_or_default() {
        displaced_in(element, found);
    }
    for (key, entry) in node.as_mapping().into_iter().flatten() {
        if let Some(first_at) = entry.displaced {
            found.push(DisplacedKey { key: key.clone(), at: entry.key_at, first_at });
        }
        displaced_in(&entry.value, found);
    }
}

impl Template {
    /// Reads a template and checks its structure. `name` is the file name used in messages; the bytes must be
    /// UTF-8 JSON or YAML. Aliases are refused, as CloudFormation does.
    ///
    /// # Errors
    /// The first thing that CloudFormation would refuse before it knows any parameter, with its place.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Template, TemplateError> {
        Template::parse_with(name, bytes, Aliases::Refuse)
    }

    /// Like [`Template::parse`], but lets the caller expand YAML aliases as `aws cloudformation package` does.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn parse_with(name: &str, bytes: &[u8], aliases: Aliases) -> Result<Template, TemplateError> {
        let root = read(name, bytes, aliases)?;
        Template::from_tree(name, bytes.len(), root)
    }

    /// Makes a template of a tree that was read, expanded or built already.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn from_tree(name: &str, size_bytes: usize, root: Node) -> Result<Template, TemplateError> {
        let template = structure::template(name, size_bytes, root)?;
        check::check(&template)?;
        Ok(template)
    }

    /// The keys that stand twice in their map, with the place of the one that counts and of the one before it. CloudFormation says
    /// nothing of them; whoever wrote both meant one of them to be there as well.
    pub fn displaced_keys(&self) -> Vec<DisplacedKey> {
        let mut found = Vec::new();
        displaced_in(&self.root, &mut found);
        found
    }

    /// The macros that the template declares or declared, those whose work is done first.
    pub fn declared_transforms(&self) -> impl Iterator<Item = &str> {
        self.done_transforms.iter().chain(&self.transforms).map(String::as_str)
    }

    /// Whether [`Template::expand`] has something to write out here even without an include: loops or serverless resources.
    pub fn has_known_macro(&self) -> bool {
        self.has_transform(LANGUAGE_EXTENSIONS) || self.has_transform(crate::SERVERLESS)
    }

    /// Whether the template declares a transform.
    pub fn has_transform(&self, transform: &str) -> bool {
        self.transforms.iter().any(|name| name == transform)
    }

    /// Whether a macro other than `AWS::LanguageExtensions` and `AWS::Include` will rewrite the template, so
    /// that it may refer to what only the macro makes.
    pub fn has_foreign_macro(&self) -> bool {
        self.transforms.iter().any(|name| name != LANGUAGE_EXTENSIONS && name != "AWS::Include")
    }
}
