//! What only one resource can have at a time: a name, an address block of a VPC, a listener's port. A replacement is made before
//! the old resource is cleaned up, and so is what a template has under a new logical id: then two want the same.
//!
//! The rules are the lines of `data/exclusive.txt` and the names of [`crate::custom_name`].

use std::sync::OnceLock;

use indexmap::IndexMap;
use template::{Part, Value};

use crate::custom_name::{NAMED_ALIKE, identifying, naming_property};
use crate::facts;

static TEXT: &str = include_str!("../../data/exclusive.txt");

/// What becomes of a second resource that wants what another one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It isn't made: its creation, or its update, fails.
    Refused,
    /// It is made over the first one; when that is removed, it is gone as well.
    Overwritten,
}

/// A line of the table.
#[derive(Debug)]
pub struct Rule {
    /// The type.
    pub type_name: &'static str,
    /// The key, as it is written there.
    pub key: &'static str,
    /// What becomes of the second one.
    pub effect: Effect,
    /// The service's words, `{}` for the key's last value.
    pub words: &'static str,
    /// Where that is known from.
    pub source: &'static str,
    parts: Vec<KeyPart>,
    owner: Option<Vec<&'static str>>,
}

#[derive(Debug)]
struct KeyPart {
    path: Vec<&'static str>,
    is_optional: bool,
    is_address_block: bool,
    /// A condition in place of a part: the property must be there, with this value unless it is empty.
    wanted: Option<&'static str>,
}

/// What a resource has, and no other may have.
#[derive(Debug, Clone)]
pub struct Claim {
    domain: Domain,
    key: Vec<Value>,
    owner: Option<Value>,
}

#[derive(Debug, Clone, Copy)]
enum Domain {
    Table(&'static Rule),
    /// A name of this type.
    Name(&'static str),
}

/// Every rule of the table.
pub fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| TEXT.lines().filter_map(|line| read_line(line).ok().flatten()).collect())
}

/// What a resource with these evaluated properties has for itself alone.
pub fn claims(type_name: &str, properties: &IndexMap<String, Value>) -> Vec<Claim> {
    let own = || rules().iter().filter(|rule| rule.type_name == type_name);
    let mut found: Vec<Claim> = own().flat_map(|rule| of_rule(rule, properties)).collect();
    // What is made over another one of its name isn't refused for the name.
    if own().all(|rule| rule.effect == Effect::Refused) {
        found.extend(name(type_name, properties));
    }
    found
}

impl Claim {
    /// Whether another resource can't have `other` as well. What isn't known beforehand is the same only where it is the same
    /// attribute of the same new resource.
    pub fn conflicts_with(&self, other: &Claim) -> bool {
        let one_domain = match (self.domain, other.domain) {
            (Domain::Table(one), Domain::Table(other)) => std::ptr::eq(one, other),
            (Domain::Name(one), Domain::Name(other)) => one == other,
            (Domain::Table(_), Domain::Name(_)) | (Domain::Name(_), Domain::Table(_)) => false,
        };
        let is_block = |place: usize| match self.domain {
            Domain::Table(rule) => rule.parts.get(place).is_some_and(|part| part.is_address_block),
            Domain::Name(_) => false,
        };
        one_domain
            && self.key.len() == other.key.len()
            && self.key.iter().zip(&other.key).enumerate().all(|(place, (one, other))| {
                if is_block(place) { overlap(one, other) } else { is_certainly_same(one, other) }
            })
            && match (&self.owner, &other.owner) {
                (Some(one), Some(other)) => !one.equals_as_text(other),
                (None, _) | (_, None) => true,
            }
    }

    /// Whether it is a name, whose refusal where it stays CloudFormation words itself.
    pub fn is_name(&self) -> bool {
        matches!(self.domain, Domain::Name(_))
    }

    /// The last part of it that is known: of a name, the name.
    pub fn text(&self) -> Option<&str> {
        self.key.iter().rev().find_map(Value::scalar_text)
    }

    /// What becomes of the second one that wants it.
    pub fn effect(&self) -> Effect {
        match self.domain {
            Domain::Table(rule) => rule.effect,
            Domain::Name(_) => Effect::Refused,
        }
    }

    /// The service's words to the second one. A value that isn't known yet is left out.
    pub fn words(&self) -> String {
        let last = self.text().unwrap_or_default();
        // What nobody has asked AWS for is called by its logical id.
        let last = last.strip_prefix("{{deployed:").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(last);
        match self.domain {
            Domain::Table(rule) => rule.words.replace("{}", last),
            Domain::Name(_) => format!("{last} already exists"),
        }
    }
}

/// The name that the template gives, which no second resource of the type may have, with what it belongs to: the names of a
/// function's aliases, of a VPC's security groups.
fn name(type_name: &str, properties: &IndexMap<String, Value>) -> Option<Claim> {
    let facts = facts::resource_type(type_name)?;
    if NAMED_ALIKE.contains(&type_name) {
        return None;
    }
    let names = naming_property(facts).map(|name| vec![name]).or_else(|| identifying(facts))?;
    let mut key: Vec<Value> =
        names.iter().map(|name| properties.get(name).cloned()).collect::<Option<_>>()?;
    // What identifies it does so alone.
    let create_only = if identifying(facts).is_some() { &[][..] } else { facts.create_only.as_slice() };
    let parents = create_only.iter().filter_map(|path| path.strip_prefix('/')).filter(|property| {
        let is_parent = ["Id", "Arn", "ARN", "Name", "Identifier"].iter().any(|end| property.ends_with(end));
        is_parent && !property.contains('/') && !names.iter().any(|name| name == property)
    });
    // The name itself is the last, for words.
    let parents = parents.map(|property| properties.get(property).cloned().unwrap_or(Value::Null));
    key.splice(0..0, parents);
    Some(Claim { domain: Domain::Name(facts.name.as_str()), key, owner: None })
}

fn of_rule(rule: &'static Rule, properties: &IndexMap<String, Value>) -> Vec<Claim> {
    let mut keys: Vec<Vec<Value>> = vec![Vec::new()];
    for part in &rule.parts {
        let mut values = values_at(properties, &part.path);
        if let Some(wanted) = part.wanted {
            // A condition on the resource, and no part of what is exclusive.
            if !values.iter().any(|value| wanted.is_empty() || value.scalar_text() == Some(wanted)) {
                return Vec::new();
            }
            continue;
        }
        if values.is_empty() && part.is_optional {
            values.push(Value::Null);
        }
        let longer = |key: Vec<Value>| {
            values
                .iter()
                .map(|value| key.iter().cloned().chain([value.clone()]).collect())
                .collect::<Vec<_>>()
        };
        keys = keys.into_iter().flat_map(longer).collect();
    }
    let owner = rule.owner.as_ref().and_then(|path| values_at(properties, path).into_iter().next());
    keys.into_iter().map(|key| Claim { domain: Domain::Table(rule), key, owner: owner.clone() }).collect()
}

fn values_at(properties: &IndexMap<String, Value>, path: &[&str]) -> Vec<Value> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    let mut found: Vec<&Value> = properties.get(*first).into_iter().collect();
    for part in rest {
        found = found
            .into_iter()
            .flat_map(|value| match (value, *part) {
                (Value::List(items), "*") => items.iter().collect(),
                (Value::Map(entries), name) => entries.get(name).into_iter().collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    found.into_iter().cloned().collect()
}

/// The same, whatever becomes of what only AWS knows.
fn is_certainly_same(one: &Value, other: &Value) -> bool {
    let is_outside = |value: &Value| {
        value
            .first_unknown()
            .is_some_and(|unknown| unknown.parts.iter().any(|part| matches!(part, Part::Outside(_))))
    };
    one.equals_as_text(other) && !is_outside(one)
}

fn overlap(one: &Value, other: &Value) -> bool {
    match (one.scalar_text().and_then(address_block), other.scalar_text().and_then(address_block)) {
        (Some((one, one_bits)), Some((other, other_bits))) => {
            let shared = one_bits.min(other_bits);
            shared == 0 || (one ^ other).checked_shr(32 - shared).unwrap_or(0) == 0
        }
        _ => is_certainly_same(one, other),
    }
}

/// `10.0.0.0/16` as an address and the count of its fixed bits.
fn address_block(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32)?;
    Some((address.parse::<std::net::Ipv4Addr>().ok()?.to_bits(), bits))
}

/// Reads one line; the error says what is wrong with it.
fn read_line(line: &'static str) -> Result<Option<Rule>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (rule, source) = line.rsplit_once(" | ").ok_or("a line needs ` | ` and a source")?;
    let mut words = rule.splitn(4, ' ');
    let (Some(type_name), Some(key), Some(effect), Some(words)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err("a line begins with TYPE KEY EFFECT WORDS");
    };
    let effect = match effect {
        "refused" => Effect::Refused,
        "overwritten" => Effect::Overwritten,
        _ => return Err("the effect is `refused` or `overwritten`"),
    };
    let path = |text: &'static str| text.split('/').collect::<Vec<_>>();
    let (properties, owner) = match key.split_once('@') {
        Some((properties, owner)) => (properties, Some(path(owner))),
        None => (key, None),
    };
    let parts = properties
        .split('+')
        .filter(|part| *part != "-")
        .map(|part| KeyPart {
            path: path(part.split('!').next().unwrap_or(part).trim_end_matches(['?', '~'])),
            wanted: part.split_once('!').map(|(_, value)| value),
            is_optional: part.ends_with('?'),
            is_address_block: part.ends_with('~'),
        })
        .collect();
    Ok(Some(Rule { type_name, key, effect, words, source, parts, owner }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_names_properties_that_exist() {
        let mut count = 0;
        for (number, line) in TEXT.lines().enumerate() {
            let rule = read_line(line).unwrap_or_else(|wrong| panic!("line {}: {wrong}", number + 1));
            let Some(rule) = rule else { continue };
            count += 1;
            let facts = facts::resource_type(rule.type_name).expect(rule.type_name);
            let owner = rule.owner.iter().map(|path| path[0]);
            for name in rule.parts.iter().map(|part| part.path[0]).chain(owner) {
                assert!(facts.properties.contains_key(name), "{} has no {name}", rule.type_name);
            }
            assert!(!rule.source.is_empty());
        }
        assert_eq!(rules().len(), count);
    }

    #[test]
    fn address_blocks_overlap_by_their_shared_bits() {
        for (one, other, expected) in [
            ("10.0.0.0/16", "10.0.3.0/24", true),
            ("10.0.0.0/24", "10.0.1.0/24", false),
            ("10.0.0.0/24", "10.0.0.0/24", true),
            ("0.0.0.0/0", "10.0.0.0/24", true),
            ("10.0.0.1/32", "10.0.0.0/32", false),
        ] {
            assert_eq!(overlap(&Value::string(one), &Value::string(other)), expected, "{one} {other}");
        }
    }
}
