//! Fills a pattern such as `arn:{partition}:s3:::{BucketName}` or `vpc-{hex:17}`.

use std::collections::BTreeMap;

use template::Value;

use super::text;
use crate::World;
use crate::resource::Desired;

/// Where the parts of a pattern come from.
pub struct Source<'w, 'd> {
    world: &'w mut World,
    desired: &'d Desired<'d>,
    entity: String,
    /// What has been made so far.
    pub made: BTreeMap<String, Value>,
}

impl<'w, 'd> Source<'w, 'd> {
    /// For one resource. Every resource draws from a stream of its own.
    pub fn new(world: &'w mut World, desired: &'d Desired<'d>) -> Source<'w, 'd> {
        let entity = format!("{}/{}", desired.owner.stack_id, desired.logical_id);
        Source { world, desired, entity, made: BTreeMap::new() }
    }

    /// A pattern with its parts filled in.
    pub fn fill(&mut self, pattern: &str) -> String {
        let mut filled = String::with_capacity(pattern.len() + 16);
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let (part, after) = after.split_once('}').unwrap_or((after, ""));
            let mut alternatives = part.split('|');
            let first = alternatives.next().map(|name| self.part(name)).unwrap_or_default();
            let value = alternatives.fold(first, |value, name| match (value.is_empty(), self.part(name)) {
                (false, _) => value,
                (true, other) if other.is_empty() => name.to_owned(),
                (true, other) => other,
            });
            filled.push_str(&value);
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    fn part(&mut self, part: &str) -> String {
        if let Some(name) = part.strip_suffix('/').filter(|name| !name.is_empty()) {
            let value = self.part(name);
            return if value.is_empty() { value } else { value + "/" };
        }
        let (kind, length) = part.split_once(':').unwrap_or((part, ""));
        if kind == "count" {
            let entity = format!("{} {}", self.desired.type_name, self.part(length));
            return self.world.generic.next_of(&entity).to_string();
        }
        let length: usize = length.parse().unwrap_or(12);
        match kind {
            // An empty JSON object, where a type's attribute is JSON text.
            "" => "{}".to_owned(),
            "hex" => self.world.identities.hex(&self.entity, length),
            "alnum" => self.world.identities.alphanumeric(&self.entity, length),
            "lower" => self.world.identities.alphanumeric(&self.entity, length).to_lowercase(),
            "upper" => self.world.identities.alphanumeric(&self.entity, length).to_uppercase(),
            "uuid" => self.world.identities.uuid(&self.entity),
            "octet" => {
                let hex = self.world.identities.hex(&self.entity, 2);
                u8::from_str_radix(&hex, 16).unwrap_or_default().to_string()
            }
            "partition" => self.world.config.partition.clone(),
            "region" => self.world.config.region.clone(),
            "account" => self.world.config.account_id.clone(),
            "suffix" => {
                if self.world.config.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
                    .to_owned()
            }
            "stack" => self.desired.owner.stack_name.clone(),
            "logical" => self.desired.logical_id.to_owned(),
            "now" => self.world.now.iso8601(),
            name => match (self.made.get(name), text(self.desired.properties, name)) {
                (Some(Value::String(text)), _) => text.clone(),
                (_, Some(text)) => text.to_owned(),
                _ => String::new(),
            },
        }
    }

    /// A name as CloudFormation makes them up: `stack-LogicalId-Kdps7TfbhFx5` (recorded).
    pub fn generated_name(&mut self, lower: bool, longest: usize) -> String {
        let random = self.world.identities.alphanumeric(&self.entity, 12);
        let mut prefix = format!("{}-{}", self.desired.owner.stack_name, self.desired.logical_id);
        let room = longest.saturating_sub(random.len() + 1);
        prefix = prefix.chars().take(room).collect();
        let name = format!("{}-{random}", prefix.trim_end_matches('-'));
        if lower { name.to_lowercase() } else { name }
    }
}
