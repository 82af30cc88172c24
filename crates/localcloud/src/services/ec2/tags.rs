//! Tags of everything that EC2 has.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{filter, instances, launch_templates, networks, paged, refused, snapshots, volumes};
use crate::{AwsError, Input, World};

/// The most tags of one resource.
const MOST_TAGS: usize = 50;
/// The most resources of one call.
const MOST_RESOURCES: usize = 1000;

/// Resource types by the beginning of their ids.
const TYPES: &[(&str, &str)] = &[
    ("i-", "instance"),
    ("vol-", "volume"),
    ("snap-", "snapshot"),
    ("lt-", "launch-template"),
    ("vpc-", "vpc"),
    ("subnet-", "subnet"),
    ("sg-", "security-group"),
];

fn type_of(id: &str) -> &'static str {
    TYPES.iter().find(|(beginning, _)| id.starts_with(beginning)).map_or("", |(_, name)| name)
}

/// Something that exists, or its own refusal.
fn check_exists(world: &World, id: &str) -> Result<(), AwsError> {
    let state = &world.ec2;
    let (exists, refusal) = match type_of(id) {
        "instance" => (state.instances.contains_key(id), instances::not_found(id)),
        "volume" => (state.volumes.contains_key(id), volumes::not_found(id)),
        "snapshot" => (state.snapshots.contains_key(id), snapshots::not_found(id)),
        "launch-template" => (state.launch_templates.contains_key(id), launch_templates::not_found(id)),
        "vpc" => (state.networks.contains_key(id), networks::VPCS.not_found(id)),
        "subnet" => (state.networks.contains_key(id), networks::SUBNETS.not_found(id)),
        "security-group" => (state.networks.contains_key(id), networks::SECURITY_GROUPS.not_found(id)),
        _ => (false, refused("InvalidID", format!("The ID '{id}' is not valid"))),
    };
    if exists { Ok(()) } else { Err(refusal) }
}

/// The tags of a `Tag` or `Tags` list.
pub(super) fn given(input: Input<'_>, list: &str) -> BTreeMap<String, String> {
    let pairs = input.objects(list).filter_map(|tag| {
        let key = tag.string("Key").filter(|key| !key.is_empty())?;
        Some((key.to_owned(), tag.string("Value").unwrap_or_default().to_owned()))
    });
    pairs.collect()
}

/// The tags that specifications give to a type of resource, in a request (`TagSpecification`) or a template.
pub(super) fn specified(input: Input<'_>, resource_type: &str) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for (specifications, list) in [("TagSpecification", "Tag"), ("TagSpecifications", "Tags")] {
        for specification in input.objects(specifications) {
            if specification.string("ResourceType") == Some(resource_type) {
                tags.extend(given(specification, list));
            }
        }
    }
    tags
}

/// `tagSet` of a resource.
pub(super) fn tag_set(world: &World, id: &str) -> Value {
    let tags = world.ec2.tags.get(id).into_iter().flatten();
    tags.map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn resources<'a>(world: &World, input: Input<'a>) -> Result<Vec<&'a str>, AwsError> {
    let ids: Vec<&str> = input.strings("ResourceId").collect();
    if ids.is_empty() {
        return Err(super::missing("resourceIdSet"));
    }
    if ids.len() > MOST_RESOURCES {
        return Err(refused(
            "InvalidParameterValue",
            format!("At most {MOST_RESOURCES} resources can be tagged"),
        ));
    }
    for id in &ids {
        check_exists(world, id)?;
    }
    Ok(ids)
}

pub(super) fn create(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let ids = resources(world, input)?;
    let given = given(input, "Tag");
    check_own(given.keys().map(String::as_str))?;
    check_lengths(&given)?;
    if given.is_empty() {
        return Err(super::missing("tagSet"));
    }
    for id in &ids {
        let mut tags = world.ec2.tags.get(*id).cloned().unwrap_or_default();
        tags.extend(given.clone());
        if tags.keys().filter(|key| !key.starts_with("aws:")).count() > MOST_TAGS {
            return Err(refused(
                "TagLimitExceeded",
                format!("The maximum number of Tags for a resource has been reached: {MOST_TAGS}"),
            ));
        }
    }
    for id in ids {
        world.ec2.tags.entry(id.to_owned()).or_default().extend(given.clone());
    }
    Ok(json!({"return": true}))
}

/// Without tags all are deleted; with a value, only when it is that one. Those of AWS's own stay.
pub(super) fn delete(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let ids = resources(world, input)?;
    let keys: Vec<(&str, Option<&str>)> =
        input.objects("Tag").filter_map(|tag| Some((tag.string("Key")?, tag.string("Value")))).collect();
    check_own(keys.iter().map(|(key, _)| *key))?;
    for id in ids {
        let Some(tags) = world.ec2.tags.get_mut(id) else { continue };
        tags.retain(|key, value| {
            let is_meant = keys.is_empty()
                || keys.iter().any(|(meant, with)| meant == key && with.is_none_or(|with| with == value));
            key.starts_with("aws:") || !is_meant
        });
    }
    Ok(json!({"return": true}))
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>; assumption: the words.
fn check_lengths(tags: &BTreeMap<String, String>) -> Result<(), AwsError> {
    let too_long = |what: &str, most: usize| {
        refused(
            "InvalidParameterValue",
            format!("Tag {what} exceeds the maximum length of {most} characters"),
        )
    };
    for (key, value) in tags {
        if key.chars().count() > 128 {
            return Err(too_long("key", 128));
        }
        if value.chars().count() > 256 {
            return Err(too_long("value", 256));
        }
    }
    Ok(())
}

fn check_own<'a>(mut keys: impl Iterator<Item = &'a str>) -> Result<(), AwsError> {
    if keys.any(|key| key.starts_with("aws:")) {
        return Err(refused(
            "InvalidParameterValue",
            "Value ( aws: ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use",
        ));
    }
    Ok(())
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let filters = filter::parse(
        input,
        &[
            ("resource-id", "resourceId"),
            ("resource-type", "resourceType"),
            ("key", "key"),
            ("value", "value"),
        ],
    )?;
    let all =
        world.ec2.tags.iter().flat_map(|(id, tags)| tags.iter().map(move |(key, value)| (id, key, value)));
    let shown = all.map(|(id, key, value)| {
        let tag = json!({"resourceId": id, "resourceType": type_of(id), "key": key, "value": value});
        // `tag:KEY` looks at the tag itself.
        let mut filtered = tag.clone();
        filtered["tagSet"] = json!([{"key": key, "value": value}]);
        (format!("{id} {key}"), tag, filtered)
    });
    let found = shown.filter(|(_, _, filtered)| filters.take(filtered)).map(|(key, tag, _)| (key, tag));
    paged(input, "tagSet", found)
}
