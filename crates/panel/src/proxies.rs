//! Proxies that stand before the panel, and who asks through them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;
use ipnet::IpNet;

/// An address, or a network of them (`10.0.0.0/16`), from which a proxy of ours asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

/// A text that names no address and no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an address, or a network such as 10.0.0.0/16, is wanted")]
pub struct NoNetwork;

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Network, NoNetwork> {
        let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        address.or_else(|_| text.parse()).map(Network).map_err(|_| NoNetwork)
    }
}

/// The proxies whose word counts. What others write into `X-Forwarded-For` is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies(Vec<Network>);

impl Proxies {
    /// There is none: whoever connects is who asks.
    #[must_use]
    pub fn none() -> Proxies {
        Proxies::default()
    }

    /// One on this machine.
    #[must_use]
    pub fn on_this_machine() -> Proxies {
        let here = [
            IpNet::from(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            IpNet::from(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)),
        ];
        Proxies(here.map(Network).to_vec())
    }

    /// Those that ask from these.
    #[must_use]
    pub fn named(networks: Vec<Network>) -> Proxies {
        Proxies(networks)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|Network(network)| network.contains(&address))
    }

    /// The address that asks: the peer's, or, where that is a proxy's, the last one that a proxy saw and that is none
    /// itself. Whatever stands before it in the header, somebody may have made up.
    pub(crate) fn address(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
        let mut address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.to_canonical());
        let values = headers.get_all("x-forwarded-for").iter();
        let texts: Vec<&str> = values.map(|value| value.to_str().unwrap_or_default()).collect();
        for told in texts.iter().rev().flat_map(|text| text.rsplit(',')) {
            if !self.has(address) {
                break;
            }
            // What can't be read was seen by the proxy before it, which is as much as anybody knows.
            let Some(told) = forwarded(told.trim()) else { break };
            address = told;
        }
        address
    }
}

/// An address as proxies write it: alone, or with its port.
fn forwarded(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>();
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    address.or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::{Network, NoNetwork, Proxies};
    use http::HeaderMap;
    use std::net::IpAddr;

    fn named(texts: &[&str]) -> Proxies {
        Proxies::named(texts.iter().map(|text| text.parse().expect("a network")).collect())
    }

    #[test]
    fn only_what_named_proxies_saw_counts() {
        let alb = named(&["10.0.0.0/16"]);
        let two = named(&["10.0.0.0/16", "203.0.113.9"]);
        let cases: [(&str, &Proxies, &str, &[&str], &str); 14] = [
            ("no proxy", &Proxies::none(), "198.51.100.7", &["1.2.3.4"], "198.51.100.7"),
            ("no proxy, from here", &Proxies::none(), "127.0.0.1", &["1.2.3.4"], "127.0.0.1"),
            ("a stranger plays the proxy", &alb, "198.51.100.7", &["1.2.3.4"], "198.51.100.7"),
            ("this machine isn't named", &alb, "127.0.0.1", &["1.2.3.4"], "127.0.0.1"),
            ("through the proxy", &alb, "10.0.3.4", &["198.51.100.7"], "198.51.100.7"),
            ("made up before it", &alb, "10.0.3.4", &["127.0.0.1, 10.0.0.1, 198.51.100.7"], "198.51.100.7"),
            (
                "made up in a header of its own",
                &alb,
                "10.0.3.4",
                &["1.2.3.4", "198.51.100.7"],
                "198.51.100.7",
            ),
            ("through two", &two, "10.0.3.4", &["1.2.3.4, 198.51.100.7, 203.0.113.9"], "198.51.100.7"),
            ("the second isn't named", &alb, "10.0.3.4", &["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
            ("only proxies", &alb, "10.0.3.4", &["10.0.0.1"], "10.0.0.1"),
            ("nothing", &alb, "10.0.3.4", &[], "10.0.3.4"),
            ("not an address", &alb, "10.0.3.4", &["1.2.3.4, unknown"], "10.0.3.4"),
            ("with a port", &alb, "10.0.3.4", &["198.51.100.7:5123"], "198.51.100.7"),
            ("as IPv6", &named(&["fd00::/8"]), "fd00::1", &["[2001:db8::1]:80"], "2001:db8::1"),
        ];
        let tried = cases.len();
        for (case, proxies, peer, told, expected) in cases {
            let mut headers = HeaderMap::new();
            for one in told {
                headers.append("x-forwarded-for", one.parse().expect("a value"));
            }
            let peer: IpAddr = peer.parse().expect("an address");
            assert_eq!(proxies.address(Some(peer), &headers).to_string(), expected, "{case}");
        }
        println!("attacks: proxies: {tried} of {tried} held");
        let mapped: IpAddr = "::ffff:10.0.3.4".parse().expect("an address");
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "198.51.100.7".parse().expect("a value"));
        assert_eq!(alb.address(Some(mapped), &headers).to_string(), "198.51.100.7", "IPv4 on an IPv6 socket");
    }

    #[test]
    fn what_names_no_network_is_refused() {
        for text in ["", "proxy.example", "10.0.0.0/33", "10.0.0", "*"] {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
    }
}
