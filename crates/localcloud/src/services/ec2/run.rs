//! Launching: by a request, for an Auto Scaling group, for a template's instance.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::instances::{self, Instance, InstanceState, Protection};
use super::volumes::{Attachment, Volume};
use super::{addresses, durations, launch_templates, refused, tags, template_data, volumes};
use crate::{AwsError, Input, World};

/// The most instances of one call.
const MOST: i64 = 1000;
/// The root device of Amazon's own images, and the size of its volume there.
const ROOT: (&str, u64) = ("/dev/xvda", 8);
/// What an instance is that nobody gave a type (API reference, `InstanceType`).
const USUAL_TYPE: &str = "m1.small";

/// An instance that is to be launched.
pub(super) struct Launch {
    pub(super) id: String,
    pub(super) reservation: String,
    pub(super) index: u64,
    pub(super) zone: String,
    pub(super) subnet: Option<String>,
    /// Drawn when it isn't given.
    pub(super) address: Option<String>,
    /// As a launch template would say it.
    pub(super) data: Map<String, Value>,
    /// Beside those that the data specifies.
    pub(super) tags: BTreeMap<String, String>,
}

/// Launch an instance with its volumes; it is `pending`. The caller says what ends that.
pub(super) fn launch(world: &mut World, launch: Launch) -> Result<(), AwsError> {
    let Launch { id, reservation, index, zone, subnet, address, mut data, tags: given } = launch;
    data.entry("InstanceType").or_insert(json!(USUAL_TYPE));
    let data = Value::Object(data);
    let devices = devices(world, Input(&data), &zone)?;
    let protection = Protection::parse(Input(&data))?;
    let address = addresses::address_of(world, &id, Input(&data).string("ImageId"), address);
    let mut instance_tags = tags::specified(Input(&data), "instance");
    instance_tags.extend(given);
    let volume_tags = tags::specified(Input(&data), "volume");
    let now = world.now;
    let instance = Instance {
        reservation,
        index,
        launched: now,
        state: InstanceState::Pending,
        step: 0,
        data,
        zone,
        subnet,
        address,
        protection,
        reason: None,
    };
    world.ec2.instances.insert(id.clone(), instance);
    world.ec2.tags.insert(id.clone(), instance_tags);
    for (device, goes_with_instance, mut volume) in devices {
        let volume_id = format!("vol-{}", world.identities.hex(&format!("volume of {id}"), 17));
        volume.attachment = Some(Attachment { instance: id.clone(), device, at: now, goes_with_instance });
        world.ec2.tags.insert(volume_id.clone(), volume_tags.clone());
        volumes::add(world, &volume_id, volume);
    }
    Ok(())
}

/// The volumes of an instance: the root's and those its block devices name.
fn devices(world: &World, data: Input<'_>, zone: &str) -> Result<Vec<(String, bool, Volume)>, AwsError> {
    let (root, root_gib) = ROOT;
    let mut devices = Vec::new();
    for mapping in data.objects("BlockDeviceMappings") {
        let Some(ebs) = mapping.object("Ebs") else { continue };
        let goes = super::flag(ebs, "DeleteOnTermination")?.unwrap_or(true);
        let device = mapping.string("DeviceName").unwrap_or(root).to_owned();
        devices.push((device, goes, Volume::wanted(world, ebs, zone, root_gib)?));
    }
    let is_root = |device: &str| device == root || device == "/dev/sda1";
    if !devices.iter().any(|(device, ..)| is_root(device)) {
        let nothing = json!({});
        devices.insert(0, (root.to_owned(), true, Volume::wanted(world, Input(&nothing), zone, root_gib)?));
    }
    Ok(devices)
}

/// What a request or a template's instance is launched with: its launch template's data under its own.
///
/// # Errors
/// When there is no such launch template or version.
pub(super) fn launch_data(world: &World, own: Map<String, Value>) -> Result<Map<String, Value>, AwsError> {
    let own_value = Value::Object(own);
    let Some(specification) = Input(&own_value).object("LaunchTemplate") else {
        return Ok(object(own_value));
    };
    let resolved = launch_templates::required_version(world, specification)?;
    let mut data = object(resolved.data);
    let Value::Object(own) = own_value else { return Ok(data) };
    data.extend(own);
    Ok(data)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The zone of a subnet, else the one that is asked for, else the Region's first.
pub(super) fn zone(world: &World, subnet: Option<&str>, asked: Option<&str>) -> String {
    let of_subnet = subnet.and_then(|subnet| world.ec2.networks.get(subnet));
    let of_subnet = of_subnet.and_then(|subnet| Input(subnet).string("availabilityZone"));
    of_subnet.or(asked).map_or_else(|| format!("{}a", world.config.region), str::to_owned)
}

/// The subnet of launch data.
pub(super) fn subnet(data: &Map<String, Value>) -> Option<String> {
    let direct = data.get("SubnetId").and_then(Value::as_str);
    let interfaces = data.get("NetworkInterfaces").and_then(Value::as_array);
    let first = interfaces.and_then(|interfaces| interfaces.first());
    direct.or_else(|| first.and_then(|first| Input(first).string("SubnetId"))).map(str::to_owned)
}

pub(super) fn run(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let count = |name: &str| super::number(input, name)?.ok_or_else(|| super::missing(name));
    let (least, most) = (count("MinCount")?, count("MaxCount")?);
    if least < 1 || most < least || most > MOST {
        return Err(refused(
            "InvalidParameterValue",
            format!(
                "Value ({least}) for parameter minCount is invalid. It must be between 1 and maxCount, {most}."
            ),
        ));
    }
    let mut own = object(template_data::from_request(input.0));
    for name in ["MinCount", "MaxCount", "ClientToken"] {
        own.shift_remove(name);
    }
    let data = launch_data(world, own)?;
    if !data.get("ImageId").is_some_and(Value::is_string) {
        return Err(super::missing("ImageId"));
    }
    let subnet = subnet(&data);
    let placement = data.get("Placement").and_then(|placement| Input(placement).string("AvailabilityZone"));
    let zone = zone(world, subnet.as_deref(), placement);
    // What could be refused is refused before anything is there.
    devices(world, Input(&Value::Object(data.clone())), &zone)?;
    Protection::parse(Input(&Value::Object(data.clone())))?;
    let reservation = format!("r-{}", world.identities.hex("reservation", 17));
    let mut ids = Vec::new();
    for index in 0..most.unsigned_abs() {
        let id = format!("i-{}", world.identities.hex("instance", 17));
        launch(
            world,
            Launch {
                id: id.clone(),
                reservation: reservation.clone(),
                index,
                zone: zone.clone(),
                subnet: subnet.clone(),
                address: None,
                data: data.clone(),
                tags: BTreeMap::new(),
            },
        )?;
        instances::enter(world, &id, InstanceState::Pending, Some(durations::LAUNCH));
        ids.push(id);
    }
    let shown = instances::to_api(world, &ids);
    Ok(instances::reservation(world, &reservation, shown))
}

/// An instance that an Auto Scaling group launches.
pub(crate) struct GroupMember {
    /// The instance's id, which the group draws.
    pub(crate) id: String,
    /// The group's name.
    pub(crate) group: String,
    /// Where.
    pub(crate) zone: String,
    /// The subnet there, if the group has any.
    pub(crate) subnet: Option<String>,
    /// Its type.
    pub(crate) instance_type: String,
    /// `LaunchTemplateId` or `LaunchTemplateName`, and `Version`; null without one.
    pub(crate) launch_template: Value,
    /// The group's tags that are propagated.
    pub(crate) tags: BTreeMap<String, String>,
}

/// Launch an instance of a group. It follows the group from now on.
///
/// A launch template that isn't known here, or that can't be launched, gives an instance without its data: whether
/// a group can launch at all is the group's business.
pub(crate) fn launch_for_group(world: &mut World, member: GroupMember) {
    let resolved = launch_templates::resolve(world, Input(&member.launch_template));
    let mut tags = member.tags;
    tags.insert("aws:autoscaling:groupName".to_owned(), member.group.clone());
    if let Some(resolved) = &resolved {
        tags.insert("aws:ec2launchtemplate:id".to_owned(), resolved.id.clone());
        tags.insert("aws:ec2launchtemplate:version".to_owned(), resolved.version.to_string());
    }
    let mut data = resolved.map(|resolved| object(resolved.data)).unwrap_or_default();
    data.insert("InstanceType".to_owned(), json!(member.instance_type));
    if devices(world, Input(&Value::Object(data.clone())), &member.zone).is_err() {
        data.shift_remove("BlockDeviceMappings");
    }
    if Protection::parse(Input(&Value::Object(data.clone()))).is_err() {
        data.shift_remove("DisableApiTermination");
        data.shift_remove("DisableApiStop");
    }
    let reservation = format!("r-{}", world.identities.hex(&format!("reservation of {}", member.group), 17));
    let subnet = member.subnet.or_else(|| subnet(&data));
    let _launched = launch(
        world,
        Launch { id: member.id, reservation, index: 0, zone: member.zone, subnet, address: None, data, tags },
    );
}
