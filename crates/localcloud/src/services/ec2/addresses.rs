//! Private addresses and the names that follow from them.

use super::processes;
use crate::World;

/// The private address of an instance of an image: loopback for a process, where one that is given counts if a
/// process can have it.
pub(super) fn address_of(
    world: &mut World,
    entity: &str,
    image: Option<&str>,
    given: Option<String>,
) -> String {
    let is_process = image == Some(processes::IMAGE);
    match given {
        Some(given) if !is_process || processes::is_loopback(&given) => given,
        Some(_) | None if is_process => processes::address_for(world, entity),
        Some(_) | None => private_address(world, entity),
    }
}

/// An address for an entity: drawn, in 10.0.0.0/16, whatever its subnet's block is.
fn private_address(world: &mut World, entity: &str) -> String {
    let drawn = world.identities.hex(&format!("address of {entity}"), 4);
    let octet = |from: usize| {
        let digits = drawn.get(from..from + 2).unwrap_or_default();
        u8::from_str_radix(digits, 16).unwrap_or_default()
    };
    format!("10.0.{}.{}", octet(0), octet(2))
}

/// `ip-10-0-1-2.ec2.internal`; the first Region's names differ from the others'.
pub(super) fn private_name(world: &World, address: &str) -> String {
    let host = address.replace('.', "-");
    match world.config.region.as_str() {
        "us-east-1" => format!("ip-{host}.ec2.internal"),
        region => format!("ip-{host}.{region}.compute.internal"),
    }
}
