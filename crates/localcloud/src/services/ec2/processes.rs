//! Instances that are operating system processes: those of the image `local/process`. Which ones should run is said
//! here; the machine room sees to it. Without one they are simulated like any other.

use std::net::Ipv4Addr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::instances::{Instance, InstanceState};
use crate::services::auto_scaling;
use crate::{Input, World};

/// The image, by exactly this name.
pub(crate) const IMAGE: &str = "local/process";

/// An instance that should run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// The instance's id.
    pub(crate) id: String,
    /// Which of its runs is meant: another one after it was stopped and started.
    pub(crate) run: u64,
    /// Its private address, in 127.0.0.0/8.
    pub(crate) address: Ipv4Addr,
    /// Decoded; `None` when there is none or it isn't base64.
    pub(crate) user_data: Option<Vec<u8>>,
}

/// Whether launch data names the image.
pub(super) fn is_image(data: Input<'_>) -> bool {
    data.string("ImageId") == Some(IMAGE)
}

/// The processes that should run: ids with the number of their run.
pub(crate) fn wanted_processes(world: &World) -> Vec<(String, u64)> {
    if !world.machine_room.is_open {
        return Vec::new();
    }
    let running = world.ec2.instances.iter().filter(|(_, instance)| is_wanted(instance));
    running.map(|(id, instance)| (id.clone(), instance.step)).collect()
}

fn is_wanted(instance: &Instance) -> bool {
    instance.state == InstanceState::Running && is_image(Input(&instance.data))
}

/// What is needed to start a process that should run.
pub(crate) fn process(world: &World, id: &str) -> Option<Process> {
    let instance = world.ec2.instances.get(id).filter(|instance| is_wanted(instance))?;
    let user_data = Input(&instance.data).string("UserData");
    Some(Process {
        id: id.to_owned(),
        run: instance.step,
        address: instance.address.parse().ok()?,
        user_data: user_data.and_then(|text| {
            let compact: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
            STANDARD.decode(compact).ok()
        }),
    })
}

/// Whether an instance is on its way out together with its group's connections to it: then requests that are under
/// way may end before its process does.
pub(crate) fn drains(world: &World, id: &str) -> bool {
    auto_scaling::has_member(world, id)
}

/// Whether an instance is a process here, running or not.
pub(crate) fn is_process(world: &World, id: &str) -> bool {
    world.machine_room.is_open
        && world.ec2.instances.get(id).is_some_and(|instance| is_image(Input(&instance.data)))
}

/// The private address of an instance, and whether it runs.
pub(crate) fn address(world: &World, id: &str) -> Option<(Ipv4Addr, bool)> {
    let instance = world.ec2.instances.get(id)?;
    Some((instance.address.parse().ok()?, instance.state == InstanceState::Running))
}

/// The ARN of the role that an instance's profile hands out.
pub(crate) fn role_of_process(world: &World, id: &str) -> Option<String> {
    let instance = world.ec2.instances.get(id)?;
    let profile = instance.data.get("IamInstanceProfile")?;
    let named = profile
        .as_str()
        .or_else(|| Input(profile).string("Arn"))
        .or_else(|| Input(profile).string("Name"))?;
    world.iam.role_of_profile(named)
}

/// A loopback address for an instance, that no other instance has: in 127.64.0.0/10, away from what people use. Every
/// cloud draws its own, since several on one machine share them.
pub(super) fn address_for(world: &mut World, entity: &str) -> String {
    let mark = world.security_token.own_mark();
    loop {
        let drawn = world.identities.hex(&format!("loopback address of {entity} in {mark}"), 6);
        let octet = |from: usize| {
            let digits = drawn.get(from..from + 2).unwrap_or_default();
            u8::from_str_radix(digits, 16).unwrap_or_default()
        };
        let address = Ipv4Addr::new(127, 64 + octet(0) % 64, octet(2), octet(4).clamp(1, 254)).to_string();
        if !world.ec2.instances.values().any(|instance| instance.address == address) {
            return address;
        }
    }
}

/// Whether an address is one that a process here can have.
pub(super) fn is_loopback(address: &str) -> bool {
    address.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}
