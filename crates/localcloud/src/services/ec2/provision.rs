//! The types of EC2 that have a record here. Identifiers and attributes are the generic resource's; the record
//! is ours.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use template::Value as Attribute;

use super::instances::{self, InstanceState, Protection};
use super::volumes::Volume;
use super::{addresses, durations, launch_templates, networks, refused, run, snapshots, tags, volumes};
use crate::generic;
use crate::properties;
use crate::resource::{Desired, Live, ProvisionError, Provisioned, ResourceType, answer_at};
use crate::{Input, World};

const INSTANCE: &str = "AWS::EC2::Instance";
const VOLUME: &str = "AWS::EC2::Volume";
const VPC: &str = "AWS::EC2::VPC";
const SECURITY_GROUP: &str = "AWS::EC2::SecurityGroup";
const ATTACHMENT: &str = "AWS::EC2::VolumeAttachment";
/// The type of launch templates.
pub(super) const LAUNCH_TEMPLATE: &str = "AWS::EC2::LaunchTemplate";

const ANY: ResourceType = ResourceType { create, update, delete, finish_delete, ..generic::ANY };

/// The types.
pub const TYPES: &[ResourceType] = &[
    ResourceType { name: INSTANCE, ..ANY },
    ResourceType { name: VOLUME, leave_snapshot, ..ANY },
    ResourceType { name: ATTACHMENT, ..ANY },
    ResourceType {
        name: LAUNCH_TEMPLATE,
        // A launch template is what its default version says; CloudFormation makes each version it writes the default.
        live: Some(Live {
            ask: |world, id| {
                let asked = json!({"LaunchTemplateId": id, "LaunchTemplateVersion": ["$Default"]});
                let answer = launch_templates::describe_versions(world, Input(&asked));
                answer_at(answer, "/launchTemplateVersionSet/0/launchTemplateData")
            },
            within: Some("LaunchTemplateData"),
            properties: &[("ImageId", "imageId"), ("InstanceType", "instanceType"), ("UserData", "userData")],
        }),
        ..ANY
    },
    ResourceType { name: VPC, ..ANY },
    ResourceType { name: "AWS::EC2::Subnet", ..ANY },
    ResourceType { name: SECURITY_GROUP, ..ANY },
];

/// Create.
///
/// # Errors
/// In EC2's words.
pub fn create(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let input = Input(&properties);
    match desired.type_name {
        INSTANCE => create_instance(world, desired, input),
        VOLUME => {
            let zone = run::zone(world, None, input.string("AvailabilityZone"));
            let volume = Volume::wanted(world, input, &zone, 1)?;
            let provisioned = generic::create(world, desired)?;
            volumes::add(world, &provisioned.physical_id, volume);
            set_tags(world, desired, input, &provisioned.physical_id);
            Ok(provisioned)
        }
        ATTACHMENT => {
            let text = |name: &str| input.string(name).unwrap_or_default();
            let device = input.string("Device").unwrap_or("/dev/sdf");
            volumes::attach(world, text("VolumeId"), text("InstanceId"), device)?;
            match generic::create(world, desired) {
                Ok(provisioned) => Ok(provisioned),
                Err(error) => {
                    volumes::detach(world, text("VolumeId"));
                    Err(error)
                }
            }
        }
        LAUNCH_TEMPLATE => {
            if let Some(name) = input.string("LaunchTemplateName") {
                launch_templates::check_name_free(world, name)?;
            }
            let provisioned = generic::create(world, desired)?;
            let id = provisioned.physical_id.clone();
            let name = match provisioned.attributes.get("LaunchTemplateName") {
                Some(Attribute::String(name)) => name.clone(),
                _ => id.clone(),
            };
            let description = input.string("VersionDescription").map(str::to_owned);
            launch_templates::add(world, &id, &name, description, data(input));
            set_tags(world, desired, input, &id);
            Ok(provisioned)
        }
        _ => {
            let provisioned = generic::create(world, desired)?;
            let id = &provisioned.physical_id;
            let mut record = networks::record(world, id, input);
            // Recorded (`test_deploy_security_group_with_tags`): a name as CloudFormation makes them up.
            if desired.type_name == SECURITY_GROUP && !input.has("GroupName") {
                record["groupName"] = json!(desired.generated_name(&mut world.identities));
            }
            world.ec2.networks.insert(id.clone(), record);
            if desired.type_name == VPC {
                let group = provisioned.text("DefaultSecurityGroup").to_owned();
                let record = networks::default_group(world, &group, id);
                world.ec2.networks.insert(group, record);
            }
            set_tags(world, desired, input, id);
            Ok(provisioned)
        }
    }
}

fn data(input: Input<'_>) -> Value {
    input.object("LaunchTemplateData").map_or_else(|| Value::Object(Map::new()), |data| data.0.clone())
}

fn create_instance(
    world: &mut World,
    desired: &Desired<'_>,
    input: Input<'_>,
) -> Result<Provisioned, ProvisionError> {
    let data = run::launch_data(world, own_data(input))?;
    if !data.get("ImageId").is_some_and(Value::is_string) {
        return Err(refused("MissingParameter", "The request must contain the parameter ImageId").into());
    }
    Protection::parse(input)?;
    for volume in input.objects("Volumes") {
        volumes::check_attachable(world, volume.string("VolumeId").unwrap_or_default())?;
    }
    let mut provisioned = generic::create(world, desired)?;
    let id = provisioned.physical_id.clone();
    let subnet = run::subnet(&data);
    let zone = run::zone(world, subnet.as_deref(), input.string("AvailabilityZone"));
    let given = input.string("PrivateIpAddress").map(str::to_owned);
    let image = data.get("ImageId").and_then(Value::as_str);
    let address = addresses::address_of(world, &id, image, given);
    let launch = run::Launch {
        id: id.clone(),
        reservation: format!("r-{}", world.identities.hex(&format!("reservation of {id}"), 17)),
        index: 0,
        zone: zone.clone(),
        subnet: subnet.clone(),
        address: Some(address.clone()),
        data,
        tags: BTreeMap::new(),
    };
    if let Err(error) = run::launch(world, launch) {
        generic::finish_delete(world, desired.type_name, &id);
        return Err(error.into());
    }
    instances::enter(world, &id, InstanceState::Pending, Some(durations::LAUNCH));
    set_tags(world, desired, input, &id);
    for volume in input.objects("Volumes") {
        let text = |name: &str| volume.string(name).unwrap_or_default();
        volumes::attach(world, text("VolumeId"), &id, text("Device"))?;
    }
    let vpc =
        subnet.and_then(|subnet| world.ec2.networks.get(&subnet)).and_then(|subnet| subnet.get("vpcId"));
    let vpc = vpc.and_then(Value::as_str).unwrap_or_default().to_owned();
    for (name, value) in [
        ("PrivateDnsName", addresses::private_name(world, &address)),
        ("PrivateIp", address),
        ("AvailabilityZone", zone),
        ("VpcId", vpc),
    ] {
        let value = Attribute::String(value);
        world.generic.set_attribute(desired.type_name, &id, name, value.clone());
        provisioned.attributes.insert(name.to_owned(), value);
    }
    Ok(provisioned)
}

/// The properties of an instance that a launch template has as well.
fn own_data(input: Input<'_>) -> Map<String, Value> {
    let fields = input.0.as_object().into_iter().flatten();
    let own = fields.filter(|(name, _)| !matches!(name.as_str(), "Tags" | "Volumes" | "AvailabilityZone"));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Update in place.
///
/// # Errors
/// In EC2's words.
pub fn update(world: &mut World, desired: &Desired<'_>) -> Result<Provisioned, ProvisionError> {
    let properties = properties::to_json(desired.properties);
    let input = Input(&properties);
    let id = desired.physical_id.unwrap_or_default().to_owned();
    match desired.type_name {
        INSTANCE => {
            if !world.ec2.instances.contains_key(&id) {
                return Err(instances::not_found(&id).into());
            }
            let data = run::launch_data(world, own_data(input))?;
            let wanted = Protection::parse(input)?;
            // What no template said before or says now stays as somebody has set it.
            let was_said =
                desired.previous.is_some_and(|before| before.contains_key("DisableApiTermination"));
            let is_said = was_said || input.has("DisableApiTermination");
            let provisioned = generic::update(world, desired)?;
            instances::set_data(world, &id, data, is_said.then_some(wanted.from_termination));
            set_tags(world, desired, input, &id);
            Ok(provisioned)
        }
        VOLUME => {
            volumes::check_growth(world, &id, volumes::size(input)?)?;
            let zone = run::zone(world, None, input.string("AvailabilityZone"));
            let wanted = Volume::wanted(world, input, &zone, 1)?;
            let provisioned = generic::update(world, desired)?;
            if let Some(volume) = world.ec2.volumes.get_mut(&id) {
                volume.size_gib = wanted.size_gib.max(volume.size_gib);
                (volume.kind, volume.iops, volume.throughput) = (wanted.kind, wanted.iops, wanted.throughput);
            }
            set_tags(world, desired, input, &id);
            Ok(provisioned)
        }
        ATTACHMENT => generic::update(world, desired),
        LAUNCH_TEMPLATE => {
            let latest = |world: &World| {
                let latest = world.generic.attribute(LAUNCH_TEMPLATE, &id, "LatestVersionNumber");
                latest.cloned()
            };
            let before = latest(world);
            let provisioned = generic::update(world, desired)?;
            if latest(world) != before {
                let description = input.string("VersionDescription").map(str::to_owned);
                launch_templates::add_version(world, &id, description, data(input));
            }
            set_tags(world, desired, input, &id);
            Ok(provisioned)
        }
        _ => {
            let provisioned = generic::update(world, desired)?;
            let record = networks::record(world, &id, input);
            world.ec2.networks.insert(id.clone(), record);
            set_tags(world, desired, input, &id);
            Ok(provisioned)
        }
    }
}

/// Leave a snapshot of a volume that is about to be deleted; none of one that somebody has deleted already.
///
/// # Errors
/// When it can't be taken in the state the volume is in.
pub fn leave_snapshot(world: &mut World, desired: &Desired<'_>) -> Result<Option<String>, ProvisionError> {
    let volume = desired.physical_id.unwrap_or_default();
    if !world.ec2.volumes.contains_key(volume) {
        return Ok(None);
    }
    let tags = world.ec2.tags.get(volume).cloned().unwrap_or_default();
    Ok(Some(snapshots::begin(world, volume, "", tags)?))
}

/// Begin to delete.
///
/// # Errors
/// When an instance is protected or a volume attached.
pub fn delete(world: &mut World, desired: &Desired<'_>) -> Result<Duration, ProvisionError> {
    let id = desired.physical_id.unwrap_or_default();
    match desired.type_name {
        INSTANCE => {
            instances::check_termination(world, std::iter::once(id))?;
            instances::lost(world, id);
        }
        VOLUME => volumes::check_deletion(world, id)?,
        _ => {}
    }
    Ok(Duration::ZERO)
}

/// Gone.
pub fn finish_delete(world: &mut World, type_name: &str, physical_id: &str) {
    match type_name {
        // It is seen for a while.
        INSTANCE => instances::terminated(world, physical_id),
        ATTACHMENT => {
            // The identifier is `vol-…|i-…`.
            if let Some(volume) = physical_id.split('|').find(|part| part.starts_with("vol-")) {
                volumes::detach(world, volume);
            }
        }
        _ => {
            world.ec2.volumes.remove(physical_id);
            world.ec2.launch_templates.remove(physical_id);
            world.ec2.networks.remove(physical_id);
            // A VPC's default group goes with it.
            world.ec2.networks.retain(|_, record| {
                record.get("groupName") != Some(&json!("default"))
                    || record.get("vpcId") != Some(&json!(physical_id))
            });
            world.ec2.tags.remove(physical_id);
        }
    }
    generic::finish_delete(world, type_name, physical_id);
}

/// The template's tags, the stack's, and CloudFormation's own three. What somebody else tagged stays.
fn set_tags(world: &mut World, desired: &Desired<'_>, input: Input<'_>, id: &str) {
    let tags = world.ec2.tags.entry(id.to_owned()).or_default();
    tags.extend(desired.owner.tags.iter().cloned());
    tags.extend(tags::given(input, "Tags"));
    if desired.type_name == LAUNCH_TEMPLATE {
        tags.extend(tags::specified(input, "launch-template"));
    }
    tags.extend(desired.system_tags().map(|(key, value)| (key.to_owned(), value.to_owned())));
}
