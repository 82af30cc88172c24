//! Launch templates and their versions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{filter, number, paged, refused, required, tags, template_data};
use crate::{AwsError, Input, Timestamp, World};

/// The most versions of one template that are kept; AWS's quota is 10,000.
const MOST_VERSIONS: usize = 10_000;

/// A launch template.
#[derive(Debug, Clone)]
pub(super) struct LaunchTemplate {
    pub(super) name: String,
    pub(super) created: Timestamp,
    pub(super) default: u64,
    /// By number. There is always one.
    pub(super) versions: BTreeMap<u64, Version>,
}

/// One version.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) description: Option<String>,
    pub(super) created: Timestamp,
    /// As a template writes it.
    pub(super) data: Value,
}

/// A version that was found.
pub(crate) struct Resolved {
    /// The launch template's id.
    pub(crate) id: String,
    /// The version's number.
    pub(crate) version: u64,
    /// Its data, as a template writes it.
    pub(crate) data: Value,
}

impl LaunchTemplate {
    pub(super) fn latest(&self) -> u64 {
        self.versions.last_key_value().map_or(1, |(number, _)| *number)
    }

    /// The number that `$Latest`, `$Default`, nothing or a number means.
    fn number(&self, version: Option<&str>) -> Option<u64> {
        match version.unwrap_or("$Default") {
            "$Latest" => Some(self.latest()),
            "$Default" | "" => Some(self.default),
            number => number.parse().ok(),
        }
    }

    fn to_api(&self, world: &World, id: &str) -> Value {
        json!({
            "launchTemplateId": id,
            "launchTemplateName": self.name,
            "createTime": self.created.iso8601(),
            "createdBy": creator(world),
            "defaultVersionNumber": self.default,
            "latestVersionNumber": self.latest(),
            "tagSet": tags::tag_set(world, id),
        })
    }

    fn version_shown(&self, world: &World, id: &str, number: u64, version: &Version) -> Value {
        json!({
            "launchTemplateId": id,
            "launchTemplateName": self.name,
            "versionNumber": number,
            "versionDescription": version.description,
            "createTime": version.created.iso8601(),
            "createdBy": creator(world),
            "defaultVersion": number == self.default,
            "launchTemplateData": template_data::to_api(&version.data),
        })
    }
}

fn creator(world: &World) -> String {
    format!("arn:{}:iam::{}:root", world.config.partition, world.config.account_id)
}

pub(super) fn not_found(id: &str) -> AwsError {
    refused(
        "InvalidLaunchTemplateId.NotFound",
        format!("The specified launch template, with template ID {id}, does not exist."),
    )
}

fn name_not_found(name: &str) -> AwsError {
    refused(
        "InvalidLaunchTemplateName.NotFoundException",
        format!("The specified launch template, with template name {name}, does not exist."),
    )
}

/// The launch template that an id or a name means.
fn find<'w>(world: &'w World, input: Input<'_>) -> Result<(&'w str, &'w LaunchTemplate), AwsError> {
    let templates = &world.ec2.launch_templates;
    match (input.string("LaunchTemplateId"), input.string("LaunchTemplateName")) {
        (Some(id), _) => {
            templates.get_key_value(id).map(|(id, found)| (id.as_str(), found)).ok_or_else(|| not_found(id))
        }
        (None, Some(name)) => templates
            .iter()
            .find(|(_, template)| template.name == name)
            .map(|(id, found)| (id.as_str(), found))
            .ok_or_else(|| name_not_found(name)),
        (None, None) => Err(super::missing("LaunchTemplateId")),
    }
}

/// The version that a specification means, if there is one.
pub(crate) fn resolve(world: &World, specification: Input<'_>) -> Option<Resolved> {
    required_version(world, specification).ok()
}

/// The version that a specification means.
pub(super) fn required_version(world: &World, specification: Input<'_>) -> Result<Resolved, AwsError> {
    let (id, template) = find(world, specification)?;
    let asked = specification.string("Version");
    let number = template.number(asked);
    match number.and_then(|number| Some((number, template.versions.get(&number)?))) {
        Some((version, found)) => Ok(Resolved { id: id.to_owned(), version, data: found.data.clone() }),
        None => Err(version_not_found(asked.unwrap_or_default())),
    }
}

fn version_not_found(version: &str) -> AwsError {
    refused(
        "InvalidLaunchTemplateId.VersionNotFound",
        format!("Could not find the specified version {version} for the launch template."),
    )
}

/// Put a launch template with its first version there.
pub(super) fn add(world: &mut World, id: &str, name: &str, description: Option<String>, data: Value) {
    let first = Version { description, created: world.now, data };
    let template = LaunchTemplate {
        name: name.to_owned(),
        created: world.now,
        default: 1,
        versions: BTreeMap::from([(1, first)]),
    };
    world.ec2.launch_templates.insert(id.to_owned(), template);
}

/// One version more; gives its number.
pub(super) fn add_version(
    world: &mut World,
    id: &str,
    description: Option<String>,
    data: Value,
) -> Option<u64> {
    let created = world.now;
    let template = world.ec2.launch_templates.get_mut(id)?;
    let number = template.latest().saturating_add(1);
    template.versions.insert(number, Version { description, created, data });
    Some(number)
}

pub(super) fn create(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let name = required(input, "LaunchTemplateName")?;
    check_name_free(world, name)?;
    let data = input.object("LaunchTemplateData").ok_or_else(|| super::missing("LaunchTemplateData"))?;
    let id = format!("lt-{}", world.identities.hex(&format!("launch template {name}"), 17));
    let description = input.string("VersionDescription").map(str::to_owned);
    add(world, &id, name, description, template_data::from_request(data.0));
    world.ec2.tags.insert(id.clone(), tags::specified(input, "launch-template"));
    let shown = world.ec2.launch_templates.get(&id).map(|template| template.to_api(world, &id));
    Ok(json!({"launchTemplate": shown}))
}

/// A name is an account's only one.
pub(super) fn check_name_free(world: &World, name: &str) -> Result<(), AwsError> {
    if world.ec2.launch_templates.values().any(|template| template.name == name) {
        return Err(refused(
            "InvalidLaunchTemplateName.AlreadyExistsException",
            "Launch template name already in use.",
        ));
    }
    Ok(())
}

/// From a source version with what is given over it, or from what is given alone.
pub(super) fn create_version(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let (id, template) = find(world, input)?;
    let given = input.object("LaunchTemplateData").ok_or_else(|| super::missing("LaunchTemplateData"))?;
    if template.versions.len() >= MOST_VERSIONS {
        return Err(refused("VersionLimitExceeded", "The launch template has too many versions."));
    }
    let mut data = template_data::from_request(given.0);
    if let Some(source) = input.string("SourceVersion") {
        let found = template.number(Some(source)).and_then(|number| template.versions.get(&number));
        let mut merged = found.ok_or_else(|| version_not_found(source))?.data.clone();
        if let (Some(merged), Value::Object(given)) = (merged.as_object_mut(), data) {
            merged.extend(given);
        }
        data = merged;
    }
    let id = id.to_owned();
    let description = input.string("VersionDescription").map(str::to_owned);
    let number = add_version(world, &id, description, data);
    tell_cloudformation(world, &id);
    let template = world.ec2.launch_templates.get(&id);
    let shown = template.zip(number).and_then(|(template, number)| {
        Some(template.version_shown(world, &id, number, template.versions.get(&number)?))
    });
    Ok(json!({"launchTemplateVersion": shown}))
}

/// A stack's launch template counts on from the version that somebody else made.
fn tell_cloudformation(world: &mut World, id: &str) {
    let Some(template) = world.ec2.launch_templates.get(id) else { return };
    let text = |number: u64| template::Value::String(number.to_string());
    let attributes =
        [("LatestVersionNumber", text(template.latest())), ("DefaultVersionNumber", text(template.default))];
    for (name, value) in attributes {
        world.generic.set_attribute(super::provision::LAUNCH_TEMPLATE, id, name, value);
    }
}

/// The default version is all that can be changed.
pub(super) fn modify(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let (id, template) = find(world, input)?;
    let asked = required(input, "SetDefaultVersion")?;
    let number = template.number(Some(asked)).filter(|number| template.versions.contains_key(number));
    let number = number.ok_or_else(|| version_not_found(asked))?;
    let id = id.to_owned();
    if let Some(template) = world.ec2.launch_templates.get_mut(&id) {
        template.default = number;
    }
    tell_cloudformation(world, &id);
    let shown = world.ec2.launch_templates.get(&id).map(|template| template.to_api(world, &id));
    Ok(json!({"launchTemplate": shown}))
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let filters = filter::parse(
        input,
        &[("create-time", "createTime"), ("launch-template-name", "launchTemplateName")],
    )?;
    let templates = &world.ec2.launch_templates;
    let ids: Vec<&str> = input.strings("LaunchTemplateId").collect();
    let names: Vec<&str> = input.strings("LaunchTemplateName").collect();
    if let Some(id) = ids.iter().find(|id| !templates.contains_key(**id)) {
        return Err(not_found(id));
    }
    if let Some(name) = names.iter().find(|name| !templates.values().any(|template| template.name == **name))
    {
        return Err(name_not_found(name));
    }
    let found = templates.iter().filter(|(id, template)| {
        (ids.is_empty() && names.is_empty())
            || ids.contains(&id.as_str())
            || names.contains(&template.name.as_str())
    });
    let shown = found.map(|(id, template)| (id.clone(), template.to_api(world, id)));
    paged(input, "launchTemplates", shown.filter(|(_, shown)| filters.take(shown)))
}

/// The newest first. Of one template, all versions or some; of all templates, `$Latest` or `$Default`.
pub(super) fn describe_versions(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let filters = filter::parse(
        input,
        &[
            ("create-time", "createTime"),
            ("image-id", "launchTemplateData.imageId"),
            ("instance-type", "launchTemplateData.instanceType"),
            ("is-default-version", "defaultVersion"),
        ],
    )?;
    let asked: Vec<&str> = input.strings("LaunchTemplateVersion").collect();
    let names_one = input.has("LaunchTemplateId") || input.has("LaunchTemplateName");
    // Over all templates only the aliases mean something.
    let by_alias = !asked.is_empty() && asked.iter().all(|version| version.starts_with('$'));
    if !names_one && !by_alias {
        return Err(super::missing("LaunchTemplateId"));
    }
    let templates: Vec<(&str, &LaunchTemplate)> = if names_one {
        vec![find(world, input)?]
    } else {
        world.ec2.launch_templates.iter().map(|(id, template)| (id.as_str(), template)).collect()
    };
    let bound = |name: &str| -> Result<Option<u64>, AwsError> {
        Ok(number(input, name)?.and_then(|number| u64::try_from(number).ok()))
    };
    let (least, most) = (bound("MinVersion")?.unwrap_or(0), bound("MaxVersion")?.unwrap_or(u64::MAX));
    let mut shown = Vec::new();
    for (id, template) in templates {
        let mut numbers = Vec::new();
        for version in &asked {
            let number =
                template.number(Some(version)).filter(|number| template.versions.contains_key(number));
            numbers.push(number.ok_or_else(|| version_not_found(version))?);
        }
        for (number, version) in &template.versions {
            let is_meant =
                if asked.is_empty() { (least..=most).contains(number) } else { numbers.contains(number) };
            if is_meant {
                // A key that grows as the numbers go down.
                let key = format!("{id} {:020}", u64::MAX - number);
                shown.push((key, template.version_shown(world, id, *number, version)));
            }
        }
    }
    shown.retain(|(_, shown)| filters.take(shown));
    paged(input, "launchTemplateVersionSet", shown)
}
