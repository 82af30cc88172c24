//! Instances: their states over time, how they are shown, how they end. An instance of an Auto Scaling group
//! follows its group; one that is terminated here leaves its group, which notices and replaces it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Timer, addresses, durations, filter, paged, refused, tags, volumes};
use crate::services::auto_scaling;
use crate::{AwsError, Input, Timestamp, World, timers};

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>
const FILTERS: &[filter::Known] = &[
    ("availability-zone", "placement.availabilityZone"),
    ("block-device-mapping.volume-id", "blockDeviceMapping.ebs.volumeId"),
    ("iam-instance-profile.arn", "iamInstanceProfile.arn"),
    ("image-id", "imageId"),
    ("instance-id", "instanceId"),
    ("instance-state-code", "instanceState.code"),
    ("instance-state-name", "instanceState.name"),
    ("instance-type", "instanceType"),
    ("instance.group-id", "groupSet.groupId"),
    ("key-name", "keyName"),
    ("launch-time", "launchTime"),
    ("network-interface.subnet-id", "subnetId"),
    ("network-interface.vpc-id", "vpcId"),
    ("private-dns-name", "privateDnsName"),
    ("private-ip-address", "privateIpAddress"),
    ("subnet-id", "subnetId"),
    ("vpc-id", "vpcId"),
];

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InstanceState {
    /// On its way up.
    Pending,
    /// Up.
    Running,
    /// On its way out.
    ShuttingDown,
    /// Gone, to be seen for a while.
    Terminated,
    /// On its way to being kept for later.
    Stopping,
    /// Kept for later.
    Stopped,
}

impl InstanceState {
    fn to_api(self) -> Value {
        let (code, name) = match self {
            InstanceState::Pending => (0, "pending"),
            InstanceState::Running => (16, "running"),
            InstanceState::ShuttingDown => (32, "shutting-down"),
            InstanceState::Terminated => (48, "terminated"),
            InstanceState::Stopping => (64, "stopping"),
            InstanceState::Stopped => (80, "stopped"),
        };
        json!({"code": code, "name": name})
    }

    /// There is no way back from these.
    pub(super) fn is_ending(self) -> bool {
        matches!(self, InstanceState::ShuttingDown | InstanceState::Terminated)
    }
}

/// What the API may not do to an instance. Auto Scaling, which follows its own protection from scale-in, may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Protection {
    pub(super) from_termination: bool,
    pub(super) from_stop: bool,
}

impl Protection {
    /// What a request or a template says.
    pub(super) fn parse(input: Input<'_>) -> Result<Protection, AwsError> {
        let said = |name: &str| Ok(super::flag(input, name)?.unwrap_or(false));
        Ok(Protection {
            from_termination: said("DisableApiTermination")?,
            from_stop: said("DisableApiStop")?,
        })
    }
}

/// An instance.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) reservation: String,
    /// Its number among those of its launch.
    pub(super) index: u64,
    pub(super) launched: Timestamp,
    pub(super) state: InstanceState,
    /// Counts its states, so that a timer of an earlier one is known as stale.
    pub(super) step: u64,
    /// What it was launched with, as a launch template would say it.
    pub(super) data: Value,
    pub(super) zone: String,
    pub(super) subnet: Option<String>,
    pub(super) address: String,
    pub(super) protection: Protection,
    /// Why it ended: a code, and words.
    pub(super) reason: Option<(&'static str, &'static str)>,
}

impl Instance {
    fn security_groups(&self) -> Vec<&str> {
        let data = Input(&self.data);
        let direct: Vec<&str> = data.strings("SecurityGroupIds").collect();
        if direct.is_empty() {
            let first = data.objects("NetworkInterfaces").next();
            return first
                .into_iter()
                .flat_map(|first| first.strings("Groups").chain(first.strings("GroupSet")))
                .collect();
        }
        direct
    }

    fn to_api(&self, world: &World, id: &str) -> Value {
        let data = Input(&self.data);
        let networks = &world.ec2.networks;
        let groups: Vec<Value> = self
            .security_groups()
            .into_iter()
            .map(|id| json!({"groupId": id, "groupName": networks.get(id).and_then(|group| group.get("groupName"))}))
            .collect();
        let devices: Vec<Value> = world
            .ec2
            .volumes
            .iter()
            .filter_map(|(volume, record)| Some((volume, record.attachment.as_ref()?)))
            .filter(|(_, attachment)| attachment.instance == id)
            .map(|(volume, attachment)| {
                json!({"deviceName": attachment.device, "ebs": {
                    "volumeId": volume,
                    "status": "attached",
                    "attachTime": attachment.at.iso8601(),
                    "deleteOnTermination": attachment.goes_with_instance,
                }})
            })
            .collect();
        let profile = data.0.get("IamInstanceProfile").map(|profile| profile_arn(world, profile));
        let is_gone = self.state == InstanceState::Terminated;
        // A terminated instance has no network any more.
        let while_there = |value: Value| if is_gone { Value::Null } else { value };
        let vpc = self
            .subnet
            .as_ref()
            .and_then(|subnet| networks.get(subnet))
            .and_then(|subnet| subnet.get("vpcId"));
        json!({
            "instanceId": id,
            "imageId": data.string("ImageId"),
            "instanceState": self.state.to_api(),
            "privateDnsName": while_there(json!(addresses::private_name(world, &self.address))),
            "privateIpAddress": while_there(json!(self.address)),
            "dnsName": "",
            "reason": if self.reason.is_some() { "User initiated" } else { "" },
            "stateReason": self.reason.map(|(code, words)| json!({"code": code, "message": words})),
            "keyName": data.string("KeyName"),
            "amiLaunchIndex": self.index,
            "instanceType": data.string("InstanceType"),
            "launchTime": self.launched.iso8601(),
            "placement": {"availabilityZone": self.zone, "tenancy": "default"},
            "monitoring": {"state": "disabled"},
            "subnetId": while_there(json!(self.subnet)),
            "vpcId": while_there(json!(vpc)),
            "architecture": "x86_64",
            "rootDeviceType": "ebs",
            "rootDeviceName": "/dev/xvda",
            "blockDeviceMapping": devices,
            "virtualizationType": "hvm",
            "hypervisor": "xen",
            "groupSet": groups,
            "iamInstanceProfile": profile.map(|arn| json!({"arn": arn})),
            "ebsOptimized": data.0.get("EbsOptimized"),
            "tagSet": tags::tag_set(world, id),
        })
    }
}

/// A profile is given by its ARN, by its name, or by an object with either.
fn profile_arn(world: &World, profile: &Value) -> String {
    let profile =
        profile.as_str().or_else(|| Input(profile).string("Arn")).or_else(|| Input(profile).string("Name"));
    match profile.unwrap_or_default() {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        name => {
            let config = &world.config;
            format!("arn:{}:iam::{}:instance-profile/{name}", config.partition, config.account_id)
        }
    }
}

/// Put an instance into a state that lasts for a time, or until something happens.
pub(super) fn enter(world: &mut World, id: &str, state: InstanceState, lasts: Option<Duration>) {
    let Some(instance) = world.ec2.instances.get_mut(id) else { return };
    instance.state = state;
    instance.step += 1;
    let timer = Timer::Instance { id: id.to_owned(), step: instance.step };
    if let Some(lasts) = lasts {
        world.schedule(lasts, timers::Timer::Ec2(timer));
    }
}

/// An instance's state has lasted its time.
pub(super) fn step_is_over(world: &mut World, id: &str, step: u64) {
    let Some(instance) = world.ec2.instances.get(id) else { return };
    if instance.step != step {
        return;
    }
    match instance.state {
        InstanceState::Pending => enter(world, id, InstanceState::Running, None),
        InstanceState::Stopping => enter(world, id, InstanceState::Stopped, None),
        InstanceState::ShuttingDown => {
            terminated(world, id);
            auto_scaling::instance_is_dead(world, id);
        }
        InstanceState::Terminated => {
            world.ec2.instances.remove(id);
            world.ec2.tags.remove(id);
        }
        // These last.
        InstanceState::Running | InstanceState::Stopped => {}
    }
}

/// An instance's group has brought it into a state. What has begun to end goes on to its end.
pub(crate) fn follow(world: &mut World, id: &str, state: InstanceState) {
    let Some(instance) = world.ec2.instances.get_mut(id) else { return };
    if state == InstanceState::Terminated {
        terminated(world, id);
    } else if !instance.state.is_ending() && instance.state != state {
        enter(world, id, state, None);
    }
}

/// Whether an instance is terminated, or was.
pub(crate) fn is_gone(world: &World, id: &str) -> bool {
    world.ec2.instances.get(id).is_none_or(|instance| instance.state == InstanceState::Terminated)
}

/// The group of an instance is gone without having terminated it.
pub(crate) fn lost(world: &mut World, id: &str) {
    let is_ending = world.ec2.instances.get(id).is_none_or(|instance| instance.state.is_ending());
    if !is_ending {
        shut_down(world, id);
    }
}

/// Begin to end an instance.
pub(super) fn shut_down(world: &mut World, id: &str) {
    if let Some(instance) = world.ec2.instances.get_mut(id) {
        instance.reason =
            Some(("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown"));
    }
    enter(world, id, InstanceState::ShuttingDown, Some(durations::TERMINATION));
}

/// An instance is gone; it is seen for a while.
pub(super) fn terminated(world: &mut World, id: &str) {
    let is_new = world.ec2.instances.get(id).is_some_and(|found| found.state != InstanceState::Terminated);
    if !is_new {
        return;
    }
    let now = world.now;
    world.security_token.end_machine(id, now);
    volumes::leave(world, id);
    enter(world, id, InstanceState::Terminated, None);
    let visible = world.scaled(durations::VISIBLE).max(durations::SHORTEST_VISIBLE);
    let Some(step) = world.ec2.instances.get(id).map(|instance| instance.step) else { return };
    let timer = Timer::Instance { id: id.to_owned(), step };
    let at = world.now.after(visible);
    world.timers.schedule(at, timers::Timer::Ec2(timer));
}

pub(super) fn not_found(id: &str) -> AwsError {
    refused("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))
}

/// The ids of a request, all of which exist.
fn ids<'a>(world: &World, input: Input<'a>) -> Result<Vec<&'a str>, AwsError> {
    let ids: Vec<&str> = input.strings("InstanceId").collect();
    for id in &ids {
        if !id.starts_with("i-") {
            return Err(refused("InvalidInstanceID.Malformed", format!("Invalid id: \"{id}\"")));
        }
        if !world.ec2.instances.contains_key(*id) {
            return Err(not_found(id));
        }
    }
    Ok(ids)
}

/// All of them or none, but for protected ones: "The specified instances that are in the same Availability Zone as the
/// protected instance are not terminated. The specified instances that are in different Availability Zones, where no other
/// specified instances are protected, are successfully terminated", and "the request fails". One that is terminated
/// already stays so.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html>
pub(super) fn terminate(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let ids = ids(world, input)?;
    if ids.is_empty() {
        return Err(super::missing("InstanceId"));
    }
    let refusal = check_termination(world, ids.iter().copied()).err();
    let held: Vec<String> = ids
        .iter()
        .filter(|id| refusal.is_some() && is_protected(world, id).is_some())
        .filter_map(|id| Some(world.ec2.instances.get(*id)?.zone.clone()))
        .collect();
    let mut changes = Vec::new();
    for id in ids {
        if world.ec2.instances.get(id).is_some_and(|instance| held.contains(&instance.zone)) {
            continue;
        }
        let Some(before) = world.ec2.instances.get(id).map(|instance| instance.state) else { continue };
        if !before.is_ending() {
            shut_down(world, id);
        }
        let after = world.ec2.instances.get(id).map(|instance| instance.state.to_api());
        changes.push(json!({"instanceId": id, "currentState": after, "previousState": before.to_api()}));
    }
    match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(json!({"instancesSet": changes})),
    }
}

/// Stop instances: all of them or none. One that is stopped already stays so.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html>
pub(super) fn stop(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let held = |id: &&str| world.ec2.instances.get(*id).is_some_and(|instance| instance.protection.from_stop);
    if let Some(id) = ids(world, input)?.into_iter().find(held) {
        return Err(not_permitted(id, "stopped", "disableApiStop"));
    }
    change(world, input, "stopped", |state| match state {
        InstanceState::Running => Some(Some((InstanceState::Stopping, durations::STOP))),
        InstanceState::Stopping | InstanceState::Stopped => Some(None),
        InstanceState::Pending | InstanceState::ShuttingDown | InstanceState::Terminated => None,
    })
}

/// Start stopped instances: all of them or none. One that runs already goes on.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StartInstances.html>
pub(super) fn start(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    change(world, input, "started", |state| match state {
        InstanceState::Stopped => Some(Some((InstanceState::Pending, durations::LAUNCH))),
        InstanceState::Pending | InstanceState::Running => Some(None),
        InstanceState::Stopping | InstanceState::ShuttingDown | InstanceState::Terminated => None,
    })
}

/// Bring every instance of a request into the state that its present one leads to; `None` is no way from there.
///
/// Assumption: an instance of an Auto Scaling group can't be stopped here. AWS lets it, and the group replaces it.
fn change(
    world: &mut World,
    input: Input<'_>,
    verb: &str,
    next: impl Fn(InstanceState) -> Option<Option<(InstanceState, Duration)>>,
) -> Result<Value, AwsError> {
    let ids = ids(world, input)?;
    if ids.is_empty() {
        return Err(super::missing("InstanceId"));
    }
    let mut steps = Vec::new();
    for id in ids {
        let Some(before) = world.ec2.instances.get(id).map(|instance| instance.state) else { continue };
        let step = next(before).filter(|_| !auto_scaling::has_member(world, id)).ok_or_else(|| {
            let words = format!("The instance '{id}' is not in a state from which it can be {verb}.");
            refused("IncorrectInstanceState", words)
        })?;
        steps.push((id, before, step));
    }
    let mut changes = Vec::new();
    for (id, before, step) in steps {
        if let Some((state, lasts)) = step {
            enter(world, id, state, Some(lasts));
        }
        let after = world.ec2.instances.get(id).map(|instance| instance.state.to_api());
        changes.push(json!({"instanceId": id, "currentState": after, "previousState": before.to_api()}));
    }
    Ok(json!({"instancesSet": changes}))
}

/// The attribute that keeps the API from terminating an instance. One with stop protection stays as well: "Stop
/// protection also protects your instance from accidental termination"
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-stop-protection.html>).
fn is_protected(world: &World, id: &str) -> Option<&'static str> {
    let instance = world.ec2.instances.get(id).filter(|instance| !instance.state.is_ending())?;
    match instance.protection {
        Protection { from_termination: true, .. } => Some("disableApiTermination"),
        Protection { from_stop: true, .. } => Some("disableApiStop"),
        Protection { from_termination: false, from_stop: false } => None,
    }
}

/// A protected instance stays.
pub(super) fn check_termination<'a>(
    world: &World,
    mut ids: impl Iterator<Item = &'a str>,
) -> Result<(), AwsError> {
    match ids.find_map(|id| Some((id, is_protected(world, id)?))) {
        Some((id, attribute)) => Err(not_permitted(id, "terminated", attribute)),
        None => Ok(()),
    }
}

fn not_permitted(id: &str, what: &str, attribute: &str) -> AwsError {
    refused(
        "OperationNotPermitted",
        format!(
            "The instance '{id}' may not be {what}. Modify its '{attribute}' instance attribute and try again."
        ),
    )
}

/// Reservations with those of their instances that are meant.
pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let filters = filter::parse(input, FILTERS)?;
    let ids = ids(world, input)?;
    let mut reservations: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (id, instance) in &world.ec2.instances {
        if ids.is_empty() || ids.contains(&id.as_str()) {
            let shown = instance.to_api(world, id);
            if filters.take(&shown) {
                reservations.entry(&instance.reservation).or_default().push(shown);
            }
        }
    }
    let shown =
        reservations.into_iter().map(|(id, instances)| (id.to_owned(), reservation(world, id, instances)));
    paged(input, "reservationSet", shown)
}

/// A reservation with its instances.
pub(super) fn reservation(world: &World, id: &str, instances: Vec<Value>) -> Value {
    json!({
        "reservationId": id,
        "ownerId": world.config.account_id,
        "groupSet": [],
        "instancesSet": instances,
    })
}

/// Instances as they are shown.
pub(super) fn to_api(world: &World, ids: &[String]) -> Vec<Value> {
    ids.iter().filter_map(|id| Some(world.ec2.instances.get(id)?.to_api(world, id))).collect()
}

/// Change what an instance was launched with, and maybe its protection from termination.
pub(super) fn set_data(
    world: &mut World,
    id: &str,
    data: Map<String, Value>,
    from_termination: Option<bool>,
) {
    if let Some(instance) = world.ec2.instances.get_mut(id) {
        instance.data = Value::Object(data);
        instance.protection.from_termination =
            from_termination.unwrap_or(instance.protection.from_termination);
    }
}
