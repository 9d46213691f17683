//! `/proc/net/route`, `/proc/net/ipv6_route`, and `/proc/net/tcp` and its like.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::surroundings::Gateway;

/// Packets that match are refused (`RTF_REJECT` of linux/route.h).
const REJECT: u32 = 0x200;
/// A TCP socket that listens.
const LISTENS: &str = "0A";
/// A UDP socket that is not connected: it hears everybody.
const UNCONNECTED: &str = "07";

/// The default routes of IPv4.
pub fn gateways_v4(route: &str) -> Vec<Gateway> {
    let gateway = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[interface, destination, router, flags, _, _, metric, mask, ..] = words.as_slice() else { return None };
        let refused = u32::from_str_radix(flags, 16).ok()? & REJECT != 0;
        let everywhere = [destination, mask].iter().all(|word| word.bytes().all(|b| b == b'0'));
        let router = v4(router)?;
        (everywhere && !refused).then(|| Gateway {
            is_v6: false,
            router: (!router.is_unspecified()).then_some(router.into()),
            interface: interface.to_owned(),
            metric: metric.parse().ok(),
        })
    };
    route.lines().skip(1).filter_map(gateway).collect()
}

/// The default routes of IPv6.
pub fn gateways_v6(route: &str) -> Vec<Gateway> {
    let gateway = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[destination, "00", _, _, router, metric, _, _, flags, interface] = words.as_slice() else { return None };
        let refused = u32::from_str_radix(flags, 16).ok()? & REJECT != 0;
        let everywhere = destination.bytes().all(|b| b == b'0');
        // Every machine has a refusing route on the loopback interface.
        let router = Ipv6Addr::from_bits(u128::from_str_radix(router, 16).ok()?);
        (everywhere && !refused && interface != "lo").then(|| Gateway {
            is_v6: true,
            router: (!router.is_unspecified()).then_some(router.into()),
            interface: interface.to_owned(),
            metric: u32::from_str_radix(metric, 16).ok(),
        })
    };
    route.lines().filter_map(gateway).collect()
}

/// Sockets of `user` that wait for somebody: address, and the number by which the process knows the socket.
pub fn listening(table: &str, is_tcp: bool, user: u32) -> Vec<(SocketAddr, u64)> {
    let wanted = if is_tcp { LISTENS } else { UNCONNECTED };
    let socket = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[_, local, remote, state, _, _, _, owner, _, inode, ..] = words.as_slice() else { return None };
        let everybody = remote.ends_with(":0000");
        let ours = state == wanted && everybody && owner.parse() == Ok(user);
        let address = address(local).filter(|_| ours)?;
        Some((address, inode.parse().ok()?))
    };
    table.lines().skip(1).filter_map(socket).collect()
}

fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let ip = match ip.len() {
        8 => IpAddr::V4(v4(ip)?),
        32 => {
            let mut octets = [0; 16];
            for (n, word) in octets.chunks_exact_mut(4).enumerate() {
                word.copy_from_slice(&v4(ip.get(n * 8..n * 8 + 8)?)?.octets());
            }
            IpAddr::V6(octets.into())
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// The kernel prints the bytes of an address as one number of its own byte order.
fn v4(hex: &str) -> Option<Ipv4Addr> {
    u32::from_str_radix(hex, 16).ok().map(|number| Ipv4Addr::from(number.to_ne_bytes()))
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn ways_out_are_told_from_other_routes() {
        let route = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
                     eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
                     eth0\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\nrubbish\n";
        let found = gateways_v4(route);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].router, found[0].metric), (Some("10.0.0.1".parse().expect("an address")), Some(100)));
        let zero = "0".repeat(32);
        let route = format!(
            "{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo\n"
        );
        let found = gateways_v6(&route);
        assert_eq!((found.len(), found[0].router), (1, Some("fe80::1".parse().expect("an address"))));
    }

    #[test]
    fn only_listening_sockets_of_the_user_are_named() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                     0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 x\n\
                     1: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 x\n\
                     2: 0100007F:1F92 0100007F:0050 01 00000000:00000000 00:00000000 00000000  1000        0 4713 1 x\n\
                     3: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 0:0 0:0 0 1000 0 4714 1 x\n";
        let found = listening(table, true, 1000);
        let found: Vec<(String, u64)> =
            found.into_iter().map(|(address, inode)| (address.to_string(), inode)).collect();
        assert_eq!(found, [("127.0.0.1:8080".to_owned(), 4711), ("[::1]:22".to_owned(), 4714)]);
    }
}
