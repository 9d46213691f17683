//! `/proc/net/dev`, `/proc/net/route` and `/proc/net/ipv6_route`.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

/// Name and counters of each interface in `/proc/net/dev`.
pub fn counters(dev: &str) -> Vec<(String, Value)> {
    dev.lines()
        .filter_map(|line| {
            let (name, numbers) = line.rsplit_once(':')?;
            let numbers: Vec<u64> = numbers.split_whitespace().map_while(|word| word.parse().ok()).collect();
            // bytes packets errs drop fifo frame compressed multicast, then the same eight for what was sent
            let [rx, rx_packets, rx_errors, rx_dropped, _, _, _, _, tx, tx_packets, tx_errors, tx_dropped, ..] =
                numbers[..]
            else {
                return None;
            };
            let counters = json!({
                "received_bytes": rx, "received_packets": rx_packets,
                "received_errors": rx_errors, "received_dropped": rx_dropped,
                "sent_bytes": tx, "sent_packets": tx_packets,
                "sent_errors": tx_errors, "sent_dropped": tx_dropped,
            });
            Some((name.trim().to_owned(), counters))
        })
        .collect()
}

/// The route goes through a gateway (`RTF_GATEWAY` of linux/route.h).
const GATEWAY: u32 = 0x2;
/// Packets that match are refused (`RTF_REJECT`).
const REJECT: u32 = 0x200;
/// The entry is an address of this machine (`RTF_LOCAL`).
const LOCAL: u32 = 0x8000_0000;

/// The main table of IPv4.
pub fn routes_v4(route: &str) -> Vec<Value> {
    route.lines().skip(1).filter_map(route_v4).collect()
}

fn route_v4(line: &str) -> Option<Value> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let &[interface, destination, gateway, flags, _, _, metric, mask, ..] = words.as_slice() else { return None };
    // The kernel prints the bytes of an address as one number of its own byte order.
    let address = |hex| u32::from_str_radix(hex, 16).ok().map(|number: u32| Ipv4Addr::from(number.to_ne_bytes()));
    let prefix = u32::from(address(mask)?).count_ones();
    let flags = u32::from_str_radix(flags, 16).ok()?;
    Some(json!({
        "destination": format!("{}/{prefix}", address(destination)?),
        "gateway": (flags & GATEWAY != 0).then_some(address(gateway)?.to_string()),
        "interface": interface,
        "metric": metric.parse::<u64>().ok(),
        "rejects": flags & REJECT != 0,
    }))
}

/// The routes of IPv6, without the machine's own addresses and multicast, which are most of the table.
pub fn routes_v6(ipv6_route: &str) -> Vec<Value> {
    ipv6_route.lines().filter_map(route_v6).collect()
}

fn route_v6(line: &str) -> Option<Value> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let &[destination, prefix, _, _, gateway, metric, _, _, flags, interface] = words.as_slice() else { return None };
    let address =
        |hex: &str| (hex.len() == 32).then(|| u128::from_str_radix(hex, 16).ok()).flatten().map(Ipv6Addr::from);
    let hex = |text| u32::from_str_radix(text, 16).ok();
    let (destination, flags) = (address(destination)?, hex(flags)?);
    // The kernel's own "nothing matches" stands in the table as well.
    let last_resort = interface == "lo" && flags & REJECT != 0;
    if flags & LOCAL != 0 || last_resort || destination.is_multicast() {
        return None;
    }
    Some(json!({
        "destination": format!("{destination}/{}", hex(prefix).filter(|bits| *bits <= 128)?),
        "gateway": (flags & GATEWAY != 0).then_some(address(gateway)?.to_string()),
        "interface": interface,
        "metric": hex(metric),
        "rejects": flags & REJECT != 0,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_every_interface_are_read() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
                    face |bytes    packets errs drop fifo frame compressed multicast|bytes packets\n    \
                    lo: 100 2 0 0 0 0 0 0 100 2 0 0 0 0 0 0\n  eth0.5:7 6 5 4 3 2 1 0 17 16 15 14 13 12 11 10\n bad: 1 2\n";
        let list = counters(text);
        assert_eq!(list.len(), 2);
        assert_eq!(list[1].0, "eth0.5");
        assert_eq!(list[1].1["received_errors"], 5);
        assert_eq!(list[1].1["sent_dropped"], 14);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn routes_are_told_as_people_write_them() {
        let text = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                    eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
                    eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\nshort\t1\n";
        let routes = routes_v4(text);
        assert_eq!(routes.len(), 2);
        assert_eq!(routes[0]["destination"], "0.0.0.0/0");
        assert_eq!(routes[0]["gateway"], "192.168.1.1");
        assert_eq!(routes[1]["destination"], "192.168.1.0/24");
        assert_eq!(routes[1]["gateway"], Value::Null);
    }

    #[test]
    fn ipv6_routes_leave_out_own_addresses_and_multicast() {
        let zero = "0".repeat(32);
        let text = format!(
            "{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 1 0 00000003 eth0\n\
             fe800000000000000000000000000000 40 {zero} 00 {zero} 00000100 1 0 00000001 eth0\n\
             fe800000000000000000000000000002 80 {zero} 00 {zero} 00000000 1 0 80200001 eth0\n\
             ff000000000000000000000000000000 08 {zero} 00 {zero} 00000100 1 0 00000001 eth0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo\n\
             {zero} ffff {zero} 00 {zero} 00000100 1 0 00000001 eth0\nxyz\n"
        );
        let routes = routes_v6(&text);
        assert_eq!(routes.len(), 2);
        assert_eq!(routes[0]["destination"], "::/0");
        assert_eq!(routes[0]["gateway"], "fe80::1");
        assert_eq!(routes[1]["destination"], "fe80::/64");
    }

    #[test]
    fn garbage_gives_nothing() {
        for text in ["", "\n\n", ":::", "é é é é é é é é é é", "\0"] {
            assert!(counters(text).is_empty() && routes_v4(text).is_empty() && routes_v6(text).is_empty(), "{text}");
        }
    }
}
