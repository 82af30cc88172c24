//! Job definitions and their revisions.

use serde_json::{Map, Value, json};

use super::{check_name, paged, refused, required};
use crate::{AwsError, Input, World};

/// Settings that only travel through.
const DESCRIBED: &[&str] = &[
    "type",
    "parameters",
    "schedulingPriority",
    "containerProperties",
    "nodeProperties",
    "retryStrategy",
    "propagateTags",
    "timeout",
    "platformCapabilities",
    "eksProperties",
    "ecsProperties",
    "tags",
];

/// One revision.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) revision: u64,
    pub(super) arn: String,
    pub(super) is_active: bool,
    pub(super) described: Map<String, Value>,
}

pub(super) fn register_definition(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "jobDefinitionName")?;
    required(input, "type")?;
    let (arn, revision) = register(world, name, input)?;
    Ok(json!({"jobDefinitionName": name, "jobDefinitionArn": arn, "revision": revision}))
}

/// Register the next revision; gives its ARN and number. Numbers of inactive revisions are not used again.
pub(super) fn register(world: &mut World, name: &str, input: Input<'_>) -> Result<(String, u64), AwsError> {
    check_name(name)?;
    let of_name = world.batch.definitions.values().filter(|definition| definition.name == name);
    let revision = of_name.map(|definition| definition.revision).max().unwrap_or(0) + 1;
    let arn = world.arn("batch", &format!("job-definition/{name}:{revision}"));
    let described =
        DESCRIBED.iter().filter_map(|name| Some(((*name).to_owned(), input.0.get(*name)?.clone()))).collect();
    let definition =
        Definition { name: name.to_owned(), revision, arn: arn.clone(), is_active: true, described };
    world.batch.definitions.insert(arn.clone(), definition);
    Ok((arn, revision))
}

pub(super) fn deregister(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let wanted = required(input, "jobDefinition")?;
    deactivate(world, wanted);
    Ok(json!({}))
}

/// Make a revision (`name:revision`, or its ARN) inactive.
pub(super) fn deactivate(world: &mut World, wanted: &str) {
    let arn = find(world, wanted).map(|definition| definition.arn.clone());
    if let Some(definition) = arn.and_then(|arn| world.batch.definitions.get_mut(&arn)) {
        definition.is_active = false;
    }
}

/// An active revision by ARN, by `name:revision`, or the newest by name.
pub(super) fn find<'w>(world: &'w World, wanted: &str) -> Option<&'w Definition> {
    let active = world.batch.definitions.values().filter(|definition| definition.is_active);
    let fits = active.filter(|definition| {
        definition.arn == wanted
            || definition.name == wanted
            || wanted.rsplit_once(':').is_some_and(|(name, revision)| {
                definition.name == name && revision.parse() == Ok(definition.revision)
            })
    });
    fits.max_by_key(|definition| definition.revision)
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let wanted: Vec<&str> = input.strings("jobDefinitions").collect();
    let name = input.string("jobDefinitionName");
    let status = match input.string("status") {
        None => None,
        Some("ACTIVE") => Some(true),
        Some("INACTIVE") => Some(false),
        Some(_) => return Err(refused("status must be either ACTIVE or INACTIVE")),
    };
    let found = world.batch.definitions.values().filter(|definition| {
        let short = format!("{}:{}", definition.name, definition.revision);
        (wanted.is_empty() || wanted.contains(&definition.arn.as_str()) || wanted.contains(&short.as_str()))
            && name.is_none_or(|name| definition.name == name)
            && status.is_none_or(|active| definition.is_active == active)
    });
    let page = paged(
        input,
        found.map(|definition| {
            (format!("{} {:010}", definition.name, definition.revision), to_api(definition))
        }),
    )?;
    Ok(super::answer("jobDefinitions", page))
}

fn to_api(definition: &Definition) -> Value {
    let mut fields = definition.described.clone();
    fields.insert("jobDefinitionName".to_owned(), json!(definition.name));
    fields.insert("jobDefinitionArn".to_owned(), json!(definition.arn));
    fields.insert("revision".to_owned(), json!(definition.revision));
    fields.insert("status".to_owned(), json!(if definition.is_active { "ACTIVE" } else { "INACTIVE" }));
    fields.entry("type").or_insert_with(|| json!("container"));
    Value::Object(fields)
}
