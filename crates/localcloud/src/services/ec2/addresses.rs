//! Private addresses and the names that follow from them.

use crate::World;

/// An address for an entity: drawn, in 10.0.0.0/16, whatever its subnet's block is.
pub(super) fn private_address(world: &mut World, entity: &str) -> String {
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
