//! What a type's identifiers and attributes look like, read from `data/attributes.txt`; where that has nothing,
//! from the type's facts.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use changeset::facts::{self, ResourceType};
use indexmap::IndexMap;
use template::Value;

use super::pattern::Source;
use super::text;
use crate::World;
use crate::resource::{Desired, is_custom};

static TEXT: &str = include_str!("../../data/attributes.txt");

/// How a type's name is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Naming {
    property: &'static str,
    lower: bool,
    /// What the made-up name is, where it doesn't begin with the stack's.
    pattern: Option<&'static str>,
    longest: usize,
}

/// One type's lines.
#[derive(Debug, Default)]
struct Shape {
    naming: Option<Naming>,
    patterns: IndexMap<&'static str, &'static str>,
}

fn shapes() -> &'static BTreeMap<&'static str, Shape> {
    static SHAPES: OnceLock<BTreeMap<&'static str, Shape>> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let mut made: BTreeMap<&'static str, Shape> = BTreeMap::new();
        for line in TEXT.lines() {
            // A line that can't be read is left out here and found by the test below.
            let _ = read_line(line, &mut made);
        }
        made
    })
}

/// `TYPE name PROPERTY any|lower|bare|cfn LONGEST` or `TYPE ATTRIBUTE PATTERN`.
fn read_line(line: &'static str, into: &mut BTreeMap<&'static str, Shape>) -> Option<()> {
    if line.is_empty() || line.starts_with('#') {
        return Some(());
    }
    let mut words = line.split_whitespace();
    let (type_name, what) = (words.next()?, words.next()?);
    let shape = into.entry(type_name).or_default();
    if what == "name" {
        let property = words.next()?;
        let (lower, pattern) = match words.next()? {
            "lower" => (true, None),
            "bare" => (false, Some("{logical}-{alnum:12}")),
            // Recorded (`test_stack_deploy_order`): `CFN-A-xvqPt7CmcHKX`.
            "cfn" => (false, Some("CFN-{logical}-{alnum:12}")),
            "any" => (false, None),
            _ => return None,
        };
        shape.naming = Some(Naming { property, lower, pattern, longest: words.next()?.parse().ok()? });
    } else {
        shape.patterns.insert(what, words.next()?);
    }
    words.next().is_none().then_some(())
}

/// The property with which a template names a resource of this type itself, where the name is unique in the
/// account, so that two can't stand side by side.
pub fn name_property(type_name: &str) -> Option<&'static str> {
    shapes().get(type_name)?.naming.map(|naming| naming.property)
}

/// All attributes of a new resource.
pub fn attributes(source: &mut Source<'_, '_>, desired: &Desired<'_>) -> BTreeMap<String, Value> {
    let shape = shapes().get(desired.type_name);
    if let Some(naming) = shape.and_then(|shape| shape.naming) {
        let name = match (text(desired.properties, naming.property), naming.pattern) {
            (Some(given), _) => given.to_owned(),
            (None, Some(pattern)) => source.fill(pattern),
            (None, None) => source.generated_name(naming.lower, naming.longest),
        };
        source.made.insert(naming.property.to_owned(), Value::String(name));
    }
    for (attribute, pattern) in shape.into_iter().flat_map(|shape| &shape.patterns) {
        let value = filled(source, pattern);
        source.made.insert((*attribute).to_owned(), value);
    }
    if is_custom(desired.type_name) {
        let id = source.generated_name(false, 255);
        source.made.entry("Id".to_owned()).or_insert(Value::String(id));
        return std::mem::take(&mut source.made);
    }
    match facts::resource_type(desired.type_name) {
        Some(facts) => from_facts(source, desired, facts),
        None => {
            let id = source.generated_name(false, 255);
            source.made.entry("Id".to_owned()).or_insert(Value::String(id));
        }
    }
    std::mem::take(&mut source.made)
}

/// A pattern's value: text, or a list where the pattern is one in brackets.
fn filled(source: &mut Source<'_, '_>, pattern: &str) -> Value {
    match pattern.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
        Some(list) => Value::List(list.split(',').map(|item| Value::String(source.fill(item))).collect()),
        None => Value::String(source.fill(pattern)),
    }
}

/// The attributes that the data file doesn't have, made up by their JSON type and name.
fn from_facts(source: &mut Source<'_, '_>, desired: &Desired<'_>, facts: &ResourceType) {
    for name in &facts.reference {
        let written = text(desired.properties, name).is_some();
        if facts.read_only.contains_key(name) || source.made.contains_key(name) || written {
            continue;
        }
        // A writable part of the identifier that the template leaves out: optional parts stay out, the only
        // part is made up.
        if facts.reference.len() == 1 {
            let made_up = source.generated_name(false, 255);
            source.made.insert(name.clone(), Value::String(made_up));
        }
    }
    // Names that a template leaves out and may read all the same, as older types allow.
    for path in &facts.create_only {
        let Some(name) = path.strip_prefix('/').filter(|name| name.ends_with("Name") && !name.contains('/'))
        else {
            continue;
        };
        if text(desired.properties, name).is_none()
            && !source.made.contains_key(name)
            && !facts.reference.contains(&name.to_owned())
        {
            let made_up = source.generated_name(false, 63);
            source.made.insert(name.to_owned(), Value::String(made_up));
        }
    }
    for (name, json_type) in &facts.read_only {
        if source.made.contains_key(name) || name.contains('*') {
            continue;
        }
        let value = made_up(source, facts, name, json_type);
        source.made.insert(name.clone(), value);
    }
}

fn made_up(source: &mut Source<'_, '_>, facts: &ResourceType, name: &str, json_type: &str) -> Value {
    match json_type {
        "integer" | "number" => Value::String("1".to_owned()),
        "boolean" => Value::String("false".to_owned()),
        "array" => Value::List(vec![Value::String(source.fill("{lower:12}"))]),
        "object" => Value::Map(IndexMap::new()),
        _ => {
            let mut parts = facts.name.split("::");
            let service = parts.nth(1).unwrap_or("service").to_lowercase();
            let kind = parts.next().unwrap_or("resource").to_lowercase();
            Value::String(if name.to_lowercase().ends_with("arn") {
                source
                    .fill(&format!("arn:{{partition}}:{service}:{{region}}:{{account}}:{kind}/{{lower:12}}"))
            } else if name.ends_with("Id") || name.ends_with("ID") {
                // The identifier of a resource that has no name of its own: `stack-LogicalId-Kdps7TfbhFx5`.
                if facts.reference.iter().any(|part| part == name) {
                    source.generated_name(false, 255)
                } else {
                    source.fill(&format!("{kind}-{{hex:17}}"))
                }
            } else {
                source.fill(&format!("{}-{{lower:12}}", name.to_lowercase().replace('.', "-")))
            })
        }
    }
}

/// Bring attributes that follow from properties up to date after an update.
pub fn refresh(attributes: &mut BTreeMap<String, Value>, world: &mut World, desired: &Desired<'_>) {
    let Some(shape) = shapes().get(desired.type_name) else { return };
    for (attribute, pattern) in &shape.patterns {
        let follows =
            pattern.contains('{') && parts(pattern).all(|part| desired.properties.contains_key(part));
        if follows {
            let mut source = Source::new(world, desired);
            let value = filled(&mut source, pattern);
            attributes.insert((*attribute).to_owned(), value);
        }
    }
}

fn parts(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('{').skip(1).map(|part| {
        let part = part.split('}').next().unwrap_or_default();
        part.split(['|', ':', '/']).next().unwrap_or_default()
    })
}

/// The physical id: what `Ref` gives, its parts joined by `|`, optional parts left out.
pub fn reference(desired: &Desired<'_>, attributes: &BTreeMap<String, Value>) -> String {
    let names: &[String] = facts::resource_type(desired.type_name).map_or(&[], |facts| &facts.reference);
    let parts: Vec<&str> = names
        .iter()
        .filter_map(|name| match attributes.get(name) {
            Some(Value::String(text)) => Some(text.as_str()),
            _ => text(desired.properties, name),
        })
        .filter(|part| !part.is_empty())
        .collect();
    match (parts.is_empty(), attributes.get("Id")) {
        (false, _) => parts.join("|"),
        (true, Some(Value::String(id))) => id.clone(),
        (true, _) => format!("{}-{}", desired.owner.stack_name, desired.logical_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_every_type_and_attribute_exists() {
        let mut made = BTreeMap::new();
        for (number, line) in TEXT.lines().enumerate() {
            assert!(read_line(line, &mut made).is_some(), "data/attributes.txt:{}: {line}", number + 1);
        }
        for (type_name, shape) in &made {
            let facts = facts::resource_type(type_name);
            let facts = facts
                .unwrap_or_else(|| panic!("data/attributes.txt names {type_name}, which no schema knows"));
            if let Some(naming) = shape.naming {
                assert!(
                    facts.properties.contains_key(naming.property),
                    "{type_name} has no property {}",
                    naming.property
                );
            }
        }
    }
}
