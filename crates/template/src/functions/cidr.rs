//! `Fn::Cidr`: the first subnets of an address block (user guide, "Fn::Cidr").

use std::net::IpAddr;

/// The first `count` subnets with `bits` host bits each, in order. Without `bits`, AWS's own examples leave IPv4
/// blocks with 8 bits a subnet and IPv6 blocks with 64; assumed so.
///
/// # Errors
/// What is wrong with the arguments, without saying their values.
pub(super) fn subnets(block: &str, count: &str, bits: Option<&str>) -> Result<Vec<String>, &'static str> {
    let (address, prefix) =
        block.split_once('/').ok_or("the address block is not an address, a slash and a length")?;
    let address: IpAddr = address.trim().parse().map_err(|_| "the address block has no valid address")?;
    let (width, base, default_bits) = match address {
        IpAddr::V4(address) => (32_u32, u128::from(u32::from(address)), 8),
        IpAddr::V6(address) => (128, u128::from(address), 64),
    };
    let prefix: u32 = prefix
        .trim()
        .parse()
        .ok()
        .filter(|length| *length <= width)
        .ok_or("the address block has no valid length")?;
    let count: u32 = count
        .trim()
        .parse()
        .ok()
        .filter(|count| (1..=256).contains(count))
        .ok_or("the count is not between 1 and 256")?;
    let bits: u32 = match bits {
        None => default_bits,
        Some(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|bits| (1..=width).contains(bits))
            .ok_or("the number of subnet bits is not valid")?,
    };
    let free_bits = width - prefix;
    if bits > free_bits {
        return Err("a subnet would be larger than the address block");
    }
    if free_bits - bits < 32 && u64::from(count) > 1_u64 << (free_bits - bits) {
        return Err("the address block has no room for so many subnets");
    }
    let network = match free_bits {
        128 => 0,
        _ => base >> free_bits << free_bits,
    };
    let length = width - bits;
    Ok((0..count)
        .map(|index| {
            let offset = u128::from(index).checked_shl(bits).unwrap_or(0);
            let address = network | offset;
            let address = match u32::try_from(address) {
                Ok(address) if width == 32 => IpAddr::V4(address.into()),
                _ => IpAddr::V6(address.into()),
            };
            format!("{address}/{length}")
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_are_counted_from_the_block() {
        type Case =
            (&'static str, &'static str, Option<&'static str>, Result<&'static [&'static str], &'static str>);
        let cases: [Case; 9] = [
            ("192.168.0.0/24", "3", Some("5"), Ok(&["192.168.0.0/27", "192.168.0.32/27", "192.168.0.64/27"])),
            ("10.0.5.9/16", "2", Some("8"), Ok(&["10.0.0.0/24", "10.0.1.0/24"])),
            ("10.0.0.0/16", "1", None, Ok(&["10.0.0.0/24"])),
            ("2001:db8::/56", "2", Some("64"), Ok(&["2001:db8::/64", "2001:db8:0:1::/64"])),
            ("::/0", "1", Some("128"), Ok(&["::/0"])),
            ("0.0.0.0/0", "1", Some("32"), Ok(&["0.0.0.0/0"])),
            ("10.0.0.0/24", "5", Some("6"), Err("the address block has no room for so many subnets")),
            ("10.0.0.0/24", "1", Some("9"), Err("a subnet would be larger than the address block")),
            ("10.0.0/24", "1", Some("6"), Err("the address block has no valid address")),
        ];
        for (block, count, bits, expected) in cases {
            let expected = expected.map(|list| list.iter().map(|one| one.to_string()).collect());
            assert_eq!(subnets(block, count, bits), expected, "{block} {count} {bits:?}");
        }
    }
}
