//! Network interfaces as every system lists them. The list comes from the kernel; no packet leaves the machine.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sysinfo::Networks;

/// An address with the length of its network's prefix in bits.
pub(super) type Address = (IpAddr, u8);

/// Addresses by interface name; empty when the system does not say.
pub(super) fn addresses() -> BTreeMap<String, Vec<Address>> {
    let Ok(networks) = Networks::new_with_refreshed_list() else { return BTreeMap::new() };
    networks
        .iter()
        .map(|(name, network)| {
            let mut addresses: Vec<Address> = network.ip_networks().iter().map(|ip| (ip.addr, ip.prefix)).collect();
            addresses.sort_unstable();
            (name.to_string_lossy().into_owned(), addresses)
        })
        .collect()
}

/// The addresses among `addresses` by which the internet knows the machine.
pub(super) fn public(addresses: &BTreeMap<String, Vec<Address>>) -> Vec<IpAddr> {
    let mut public: Vec<IpAddr> = addresses.values().flatten().map(|(ip, _)| *ip).filter(is_public).collect();
    public.sort_unstable();
    public.dedup();
    public
}

/// Whether `ip` names one machine on the internet. `IpAddr::is_global` is not stable yet; this follows IANA's registries
/// of special-purpose addresses, and counts 240.0.0.0/4 and 3fff::/20 as special because placeholders live there.
fn is_public(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(*v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(*v6),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b); // carrier-grade NAT
    let benchmark = a == 198 && (b == 18 || b == 19);
    let assignments = (a, b, c) == (192, 0, 0);
    !(a == 0
        || a >= 224
        || shared
        || benchmark
        || assignments
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let documentation = (first, second) == (0x2001, 0x0db8) || (first == 0x3fff && second < 0x1000);
    first & 0xe000 == 0x2000 && !documentation // 2000::/3 is all that IANA has handed out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_the_internet_knows_are_public() {
        for (text, expected) in [
            ("8.8.8.8", true),
            ("192.168.1.2", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("169.254.1.1", false),
            ("203.0.113.9", false),
            ("240.1.2.3", false),
            ("2a02:8108::1", true),
            ("fe80::1", false),
            ("fd00::1", false),
            ("2001:db8::1", false),
            ("3fff:0abc::1", false),
            ("::ffff:8.8.4.4", true),
            ("::1", false),
        ] {
            let ip: IpAddr = text.parse().expect("an address");
            assert_eq!(is_public(&ip), expected, "{text}");
        }
    }

    #[test]
    fn an_address_on_two_interfaces_is_listed_once() {
        let ip: IpAddr = "8.8.8.8".parse().expect("an address");
        let map = BTreeMap::from([("a".to_owned(), vec![(ip, 24)]), ("b".to_owned(), vec![(ip, 24)])]);
        assert_eq!(public(&map), [ip]);
    }
}
