//! From the tree to the sections: what must be a map, a list or text, and which keys there may be.
//!
//! Wording follows AWS's recorded answers ("Every Resources object must contain a Type member."). Functions and
//! references are not looked at here; `check` does that.

use indexmap::IndexMap;

use crate::location::Location;
use crate::node::{Entry, Node, NodeKind, Position};
use crate::parameter::{Parameter, ParameterType};
use crate::read_error::TemplateError;
use crate::template::{Assertion, LANGUAGE_EXTENSIONS, Output, Resource, Rule, Template};

const SECTIONS: [&str; 12] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
    "Fn::Transform",
];

const RESOURCE_ATTRIBUTES: [&str; 11] = [
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "Metadata",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Version",
    "Fn::Transform",
];

type Entries = IndexMap<String, Entry>;
type Read<T> = Result<T, TemplateError>;

/// Reads all sections of a template.
pub(crate) fn template(name: &str, size_bytes: usize, root: Node) -> Read<Template> {
    let reader = Reader { file: name };
    reader.no_nulls(&root, &mut Vec::new())?;
    let entries = reader.mapping(&root, "a template is a map of sections")?;
    let transforms = match entries.get("Transform") {
        Some(entry) => reader.transforms(&entry.value)?,
        None => Vec::new(),
    };
    let foreign = transforms.iter().any(|one| one != LANGUAGE_EXTENSIONS && one != "AWS::Include");
    for (key, entry) in entries {
        if !SECTIONS.contains(&key.as_str()) && !foreign {
            return Err(reader.structure(
                entry.key_at,
                format!(
                    "Invalid template property or properties [{key}]; the sections are {}",
                    SECTIONS[..10].join(", ")
                ),
            ));
        }
    }
    if let Some(version) = entries.get("AWSTemplateFormatVersion")
        && version.value.scalar_text() != Some("2010-09-09")
    {
        return Err(reader.structure(
            version.value.at,
            "unsupported template version; the only one is \"2010-09-09\"".to_owned(),
        ));
    }
    let description = match entries.get("Description") {
        Some(entry) => Some(reader.text(&entry.value, "Description must be a string")?),
        None => None,
    };
    let parameters = reader.members(entries, "Parameters", |key, entry| reader.parameter(key, entry))?;
    let mappings = reader.members(entries, "Mappings", |key, entry| reader.map_of_maps(key, entry))?;
    let conditions = reader.members(entries, "Conditions", |key, entry| match &entry.value.kind {
        NodeKind::Mapping(_) => Ok(entry.value.clone()),
        _ => Err(reader
            .structure(entry.value.at, format!("condition {key:?} must be a function such as Fn::Equals"))),
    })?;
    let rules = reader.members(entries, "Rules", |key, entry| reader.rule(key, entry))?;
    let resources =
        reader.members(entries, "Resources", |key, entry| reader.resource(key, entry, foreign))?;
    let outputs = reader.members(entries, "Outputs", |key, entry| reader.output(key, entry))?;
    let unexpanded = ["Resources", "Outputs", "Conditions", "Mappings", "Parameters"]
        .iter()
        .filter_map(|section| entries.get(*section)?.value.as_mapping())
        .flat_map(IndexMap::keys)
        .any(|key| is_expansion_key(key))
        || entries.contains_key("Fn::Transform")
        || transforms.iter().any(|one| one == "AWS::Include");
    if resources.is_empty() && !unexpanded && !foreign {
        let at = entries.get("Resources").map_or(root.at, |one| one.value.at);
        return Err(reader.structure(at, "At least one Resources member must be defined.".to_owned()));
    }
    Ok(Template {
        name: name.to_owned(),
        size_bytes,
        description,
        metadata: entries.get("Metadata").map(|entry| entry.value.clone()),
        transforms,
        done_transforms: Vec::new(),
        parameters,
        mappings,
        conditions,
        rules,
        resources,
        outputs,
        unexpanded,
        root,
    })
}

/// A key that stands for others which an expansion will bring.
pub(crate) fn is_expansion_key(key: &str) -> bool {
    key == "Fn::Transform" || key.starts_with("Fn::ForEach::")
}

struct Reader<'name> {
    file: &'name str,
}

/// Whether a resource of the type can be left as a snapshot (user guide, "DeletionPolicy attribute", Snapshot). What a transform or a
/// module makes of a type is decided later. Assumption: the words of the refusal.
fn leaves_snapshots(type_name: &str) -> bool {
    const TYPES: [&str; 8] = [
        "AWS::DocDB::DBCluster",
        "AWS::EC2::Volume",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::Neptune::DBCluster",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
    ];
    TYPES.contains(&type_name)
        || !type_name.starts_with("AWS::")
        || type_name.starts_with("AWS::Serverless::")
}

impl Reader<'_> {
    fn structure(&self, at: Position, reason: String) -> TemplateError {
        TemplateError::Structure { location: Location::new(self.file, at), reason }
    }

    fn mapping<'node>(&self, node: &'node Node, must: &str) -> Read<&'node Entries> {
        node.as_mapping()
            .ok_or_else(|| self.structure(node.at, format!("{must}, but here is {}", node.kind_name())))
    }

    fn text(&self, node: &Node, must: &str) -> Read<String> {
        node.scalar_text()
            .map(str::to_owned)
            .ok_or_else(|| self.structure(node.at, format!("{must}, but here is {}", node.kind_name())))
    }

    fn optional_text(&self, entries: &Entries, key: &str) -> Read<Option<String>> {
        entries.get(key).map(|entry| self.text(&entry.value, &format!("{key} must be a string"))).transpose()
    }

    /// AWS refuses null anywhere: "[/Outputs/MyOutput/Value] 'null' values are not allowed in templates".
    fn no_nulls<'node>(&self, node: &'node Node, path: &mut Vec<&'node str>) -> Read<()> {
        match &node.kind {
            NodeKind::Null => Err(TemplateError::NullValue {
                location: Location::new(self.file, node.at),
                path: path.iter().flat_map(|key| ["/", key]).collect(),
            }),
            NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => Ok(()),
            NodeKind::Sequence(elements) => elements.iter().try_for_each(|one| self.no_nulls(one, path)),
            NodeKind::Mapping(entries) => {
                for (key, entry) in entries {
                    path.push(key);
                    self.no_nulls(&entry.value, path)?;
                    path.pop();
                }
                Ok(())
            }
        }
    }

    /// Reads each member of a section, loops and includes aside.
    fn members<T>(
        &self,
        sections: &Entries,
        section: &str,
        read: impl Fn(&str, &Entry) -> Read<T>,
    ) -> Read<IndexMap<String, T>> {
        let mut members = IndexMap::new();
        let Some(entry) = sections.get(section) else {
            return Ok(members);
        };
        for (key, entry) in self.mapping(&entry.value, &format!("Any {section} member must be an object"))? {
            if is_expansion_key(key) {
                continue;
            }
            // "Template format error: Resource name AWS::NoValue is non alphanumeric." Rules and mappings aside,
            // AWS says the same of parameters, conditions and outputs (conditions may have more characters).
            let alphanumeric = key.chars().all(|one| one.is_ascii_alphanumeric());
            if key.is_empty() || (!alphanumeric && ["Resources", "Parameters", "Outputs"].contains(&section))
            {
                return Err(self.structure(
                    entry.key_at,
                    format!(
                        "{} name {key} is non alphanumeric; use only letters and digits",
                        section.trim_end_matches('s')
                    ),
                ));
            }
            members.insert(key.clone(), read(key, entry)?);
        }
        Ok(members)
    }

    fn transforms(&self, node: &Node) -> Read<Vec<String>> {
        let one =
            |node: &Node| match &node.kind {
                NodeKind::String(name) => Ok(name.clone()),
                NodeKind::Mapping(entries) => match entries.get("Name").map(|name| &name.value) {
                    Some(Node { kind: NodeKind::String(name), .. }) => Ok(name.clone()),
                    // AWS's words.
                    _ => Err(self
                        .structure(node.at, "Key Name of transform definition must be a string.".to_owned())),
                },
                _ => Err(self.structure(
                    node.at,
                    format!(
                        "a transform is a name or a map with Name and Parameters, but here is {}",
                        node.kind_name()
                    ),
                )),
            };
        match &node.kind {
            NodeKind::Sequence(elements) => elements.iter().map(one).collect(),
            _ => Ok(vec![one(node)?]),
        }
    }

    fn parameter(&self, name: &str, entry: &Entry) -> Read<Parameter> {
        let entries = self.mapping(&entry.value, "Any Parameters member must be an object")?;
        const ATTRIBUTES: [&str; 11] = [
            "Type",
            "Default",
            "NoEcho",
            "AllowedValues",
            "AllowedPattern",
            "MinLength",
            "MaxLength",
            "MinValue",
            "MaxValue",
            "ConstraintDescription",
            "Description",
        ];
        for (key, attribute) in entries {
            if !ATTRIBUTES.contains(&key.as_str()) {
                return Err(self.structure(
                    attribute.key_at,
                    format!(
                        "Invalid template parameter property '{key}'; a parameter has {}",
                        ATTRIBUTES.join(", ")
                    ),
                ));
            }
        }
        let Some(type_entry) = entries.get("Type") else {
            return Err(self.structure(
                entry.key_at,
                format!("Template format error: Every Parameters object must contain a Type member; add one to {name}"),
            ));
        };
        let type_text = self.text(&type_entry.value, "Type must be a string")?;
        let type_name = ParameterType::parse(&type_text).ok_or_else(|| {
            self.structure(
                type_entry.value.at,
                format!("Unrecognized parameter type: {type_text}; use String, Number, CommaDelimitedList, List<Number>, an AWS-specific type or an SSM type"),
            )
        })?;
        let allowed_values = match entries.get("AllowedValues").map(|one| &one.value) {
            None => Vec::new(),
            Some(node) => node
                .as_sequence()
                .ok_or_else(|| self.structure(node.at, "AllowedValues must be a list".to_owned()))?
                .iter()
                .map(|one| self.text(one, "each of AllowedValues must be a string"))
                .collect::<Read<_>>()?,
        };
        let no_echo = match entries.get("NoEcho").map(|one| &one.value) {
            None => false,
            Some(node) => self.boolean(node, "NoEcho must be true or false")?,
        };
        Ok(Parameter {
            name: name.to_owned(),
            at: entry.key_at,
            type_name,
            default: self.optional_text(entries, "Default")?,
            no_echo,
            allowed_values,
            allowed_pattern: self.optional_text(entries, "AllowedPattern")?,
            min_length: self.number(entries, "MinLength")?,
            max_length: self.number(entries, "MaxLength")?,
            min_value: self.number(entries, "MinValue")?,
            max_value: self.number(entries, "MaxValue")?,
            constraint_description: self.optional_text(entries, "ConstraintDescription")?,
            description: self.optional_text(entries, "Description")?,
        })
    }

    fn boolean(&self, node: &Node, must: &str) -> Read<bool> {
        match self.text(node, must)?.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.structure(node.at, must.to_owned())),
        }
    }

    fn number<T: std::str::FromStr>(&self, entries: &Entries, key: &str) -> Read<Option<T>> {
        let Some(entry) = entries.get(key) else {
            return Ok(None);
        };
        let must = format!("{key} must be a number");
        match self.text(&entry.value, &must)?.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.structure(entry.value.at, must)),
        }
    }

    fn map_of_maps(&self, name: &str, entry: &Entry) -> Read<Node> {
        let levels = self.mapping(&entry.value, "Every Mappings member must be a map")?;
        for (key, level) in levels {
            if is_expansion_key(key) {
                continue;
            }
            // AWS's words, from the recording of a mapping with one level only.
            let attributes =
                self.mapping(&level.value, &format!("Every Mappings member {key} must be a map"))?;
            for (attribute, value) in attributes {
                let fits = match &value.value.kind {
                    // A list of maps is seen in published templates (aws-genomics-workflows).
                    NodeKind::Sequence(elements) => elements.iter().all(|one| one.as_sequence().is_none()),
                    NodeKind::Mapping(_) => is_expansion_key(attribute),
                    _ => true,
                };
                if !fits {
                    return Err(self.structure(
                        value.value.at,
                        format!("Every Mappings attribute must be a String or a List; {name}::{key}::{attribute} is neither"),
                    ));
                }
            }
        }
        Ok(entry.value.clone())
    }

    fn rule(&self, name: &str, entry: &Entry) -> Read<Rule> {
        let entries = self.mapping(&entry.value, "a rule must be a map")?;
        for (key, attribute) in entries {
            // That a rule may carry a description itself is seen in a published template (Datadog's).
            if !["RuleCondition", "Assertions", "AssertDescription"].contains(&key.as_str()) {
                return Err(self.structure(
                    attribute.key_at,
                    format!("Invalid rule property '{key}'; a rule has RuleCondition and Assertions"),
                ));
            }
        }
        let Some(assertions) = entries.get("Assertions") else {
            return Err(self.structure(entry.key_at, format!("rule {name:?} needs Assertions; add a list")));
        };
        let elements = assertions
            .value
            .as_sequence()
            .ok_or_else(|| self.structure(assertions.value.at, "Assertions must be a list".to_owned()))?;
        let assertions = elements
            .iter()
            .map(|node| {
                let entries = self.mapping(node, "an assertion must be a map")?;
                let Some(assert) = entries.get("Assert") else {
                    return Err(self.structure(node.at, "an assertion needs Assert; add it".to_owned()));
                };
                Ok(Assertion {
                    at: node.at,
                    assert: assert.value.clone(),
                    description: self.optional_text(entries, "AssertDescription")?,
                })
            })
            .collect::<Read<_>>()?;
        Ok(Rule {
            name: name.to_owned(),
            at: entry.key_at,
            condition: entries.get("RuleCondition").map(|one| one.value.clone()),
            assertions,
        })
    }

    fn resource(&self, logical_id: &str, entry: &Entry, foreign: bool) -> Read<Resource> {
        // AWS's words for this and the next two.
        let entries = self.mapping(&entry.value, "Any Resources member must be an object")?;
        for (key, attribute) in entries {
            if !RESOURCE_ATTRIBUTES.contains(&key.as_str()) && !foreign {
                return Err(self.structure(
                    attribute.key_at,
                    format!(
                        "Invalid template resource property '{key}'; if it is a property of {logical_id}, indent it under Properties"
                    ),
                ));
            }
        }
        let type_name = match entries.get("Type") {
            Some(one) => self.text(&one.value, "Type must be a string")?,
            None if entries.contains_key("Fn::Transform") => String::new(),
            None => {
                return Err(self.structure(
                    entry.key_at,
                    format!(
                        "Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
                    ),
                ));
            }
        };
        if let Some(properties) = entries.get("Properties") {
            self.mapping(&properties.value, "Properties must be a map")?;
        }
        for policy in ["CreationPolicy", "UpdatePolicy"] {
            let Some(entry) = entries.get(policy).filter(|_| !foreign) else {
                continue;
            };
            // AWS's words (cfn-lint 4641). A function can't stand for the whole of it; it can in it.
            let must = format!("Template format error: Expected an object: {policy} must be a map");
            let policies = self.mapping(&entry.value, &must)?;
            if let Some((key, inner)) = policies.iter().next()
                && (key == "Ref" || key.starts_with("Fn::"))
                && key != "Fn::Transform"
                && key != "Fn::If"
            {
                return Err(self.structure(inner.key_at, format!("{must}, but here is {key}")));
            }
        }
        let depends_on = match entries.get("DependsOn").map(|one| &one.value) {
            None => Vec::new(),
            Some(node) => {
                const MUST: &str = "DependsOn must be a logical id or a list of them";
                match &node.kind {
                    NodeKind::Sequence(elements) => {
                        elements.iter().map(|one| self.text(one, MUST)).collect::<Read<_>>()?
                    }
                    _ => vec![self.text(node, MUST)?],
                }
            }
        };
        let node = |key: &str| entries.get(key).map(|one| one.value.clone());
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            let Some(one) = entries.get(policy) else { continue };
            if one.value.as_str() == Some("Snapshot") && !leaves_snapshots(&type_name) {
                return Err(self.structure(
                    one.key_at,
                    format!("Resource type {type_name} does not support {policy} Snapshot"),
                ));
            }
        }
        Ok(Resource {
            logical_id: logical_id.to_owned(),
            at: entry.key_at,
            type_name,
            condition: self.optional_text(entries, "Condition")?,
            depends_on,
            properties: node("Properties"),
            metadata: node("Metadata"),
            deletion_policy: node("DeletionPolicy"),
            update_replace_policy: node("UpdateReplacePolicy"),
            creation_policy: node("CreationPolicy"),
            update_policy: node("UpdatePolicy"),
        })
    }

    fn output(&self, name: &str, entry: &Entry) -> Read<Output> {
        let entries = self.mapping(&entry.value, "Any Outputs member must be an object")?;
        for (key, attribute) in entries {
            if !["Value", "Description", "Export", "Condition"].contains(&key.as_str()) {
                return Err(self.structure(
                    attribute.key_at,
                    format!("Invalid template output property '{key}'; an output has Value, Description, Export and Condition"),
                ));
            }
        }
        let Some(value) = entries.get("Value") else {
            // AWS's words.
            return Err(self.structure(
                entry.key_at,
                format!("Template format error: Every Outputs member must contain a Value object; add one to {name}"),
            ));
        };
        let export_name = match entries.get("Export").map(|one| &one.value) {
            None => None,
            Some(node) => Some(
                node.get("Name")
                    .ok_or_else(|| self.structure(node.at, "Export must be a map with a Name".to_owned()))?
                    .clone(),
            ),
        };
        Ok(Output {
            name: name.to_owned(),
            at: entry.key_at,
            value: value.value.clone(),
            export_name,
            condition: self.optional_text(entries, "Condition")?,
            description: self.optional_text(entries, "Description")?,
        })
    }
}
