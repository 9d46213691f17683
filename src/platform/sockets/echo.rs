//! Echo requests and what answers them, as bytes: for systems that hand out whole ICMP packets. Pure.
//!
//! RFC 792 and RFC 4443. What comes in is from a stranger: nothing here trusts a length.

use std::net::IpAddr;

use super::AnswerKind;

/// What a received ICMP packet says about one of our requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub identifier: u16,
    pub sequence: u16,
    pub kind: AnswerKind,
    /// What the packet's time to live had left, if its IP header is there.
    pub ttl: Option<u8>,
}

/// An echo request with `zeros` bytes of payload.
pub(super) fn request(to: IpAddr, identifier: u16, sequence: u16, zeros: usize) -> Vec<u8> {
    let mut packet = vec![if to.is_ipv4() { 8 } else { 128 }, 0, 0, 0];
    packet.extend(identifier.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.resize(8 + zeros, 0);
    if to.is_ipv4() {
        // For ICMPv6 the kernel does it, since addresses are part of the sum.
        let sum = checksum(&packet).to_be_bytes();
        packet[2..4].copy_from_slice(&sum);
    }
    packet
}

/// RFC 1071.
fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)));
    let mut sum: u32 = words.sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded into 16 bits")
}

/// Reads a packet about a request to an IPv4 address; it begins with its IP header or without.
pub(super) fn hear_v4(packet: &[u8]) -> Option<Heard> {
    // No ICMP type is in use that looks like the first byte of an IPv4 header, 0x45 to 0x4F.
    let (ttl, icmp) = match packet.first()? >> 4 {
        4 => (packet.get(8).copied(), behind_v4_header(packet)?),
        _ => (None, packet),
    };
    let (kind, code) = (*icmp.first()?, *icmp.get(1)?);
    if kind == 0 {
        return ours(icmp, AnswerKind::Reply, ttl);
    }
    let mtu = (kind == 3 && code == 4).then(|| number(icmp, 6)).flatten().map(u32::from);
    let quoted = behind_v4_header(icmp.get(8..)?)?;
    if !matches!(kind, 3 | 4 | 11 | 12) || *quoted.first()? != 8 {
        return None;
    }
    ours(quoted, AnswerKind::Icmp { kind, code, mtu }, ttl)
}

/// Reads a packet about a request to an IPv6 address; such packets come without their IP header.
pub(super) fn hear_v6(icmp: &[u8]) -> Option<Heard> {
    const HEADER: usize = 40;
    let (kind, code) = (*icmp.first()?, *icmp.get(1)?);
    if kind == 129 {
        return ours(icmp, AnswerKind::Reply, None);
    }
    let mtu = (kind == 2).then(|| icmp.get(4..)?.first_chunk().map(|&four| u32::from_be_bytes(four))).flatten();
    let quoted = icmp.get(8..)?.get(HEADER..)?;
    if !matches!(kind, 1..=4) || *quoted.first()? != 128 {
        return None;
    }
    ours(quoted, AnswerKind::Icmp { kind, code, mtu }, None)
}

fn behind_v4_header(packet: &[u8]) -> Option<&[u8]> {
    let length = usize::from(packet.first()? & 0x0F) * 4;
    if packet[0] >> 4 == 4 && length >= 20 { packet.get(length..) } else { None }
}

fn ours(echo: &[u8], kind: AnswerKind, ttl: Option<u8>) -> Option<Heard> {
    Some(Heard { identifier: number(echo, 4)?, sequence: number(echo, 6)?, kind, ttl })
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|&two| u16::from_be_bytes(two))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v4() -> IpAddr {
        [192, 0, 2, 1].into()
    }

    fn header(ttl: u8) -> Vec<u8> {
        let mut header = vec![0; 20];
        (header[0], header[8], header[9]) = (0x45, ttl, 1);
        header
    }

    #[test]
    fn a_request_has_a_checksum_that_adds_up() {
        assert_eq!(checksum(&request(v4(), 0x1234, 7, 5)), 0);
    }

    #[test]
    fn a_reply_is_heard_with_and_without_its_header() {
        let mut reply = request(v4(), 0x1234, 7, 4);
        reply[0] = 0;
        let without = hear_v4(&reply).expect("a reply");
        assert_eq!(
            (without.identifier, without.sequence, without.kind, without.ttl),
            (0x1234, 7, AnswerKind::Reply, None)
        );
        let with = [header(60), reply].concat();
        assert_eq!(hear_v4(&with), Some(Heard { ttl: Some(60), ..without }));
    }

    #[test]
    fn a_router_is_heard_by_what_it_quotes() {
        let mut exceeded = vec![11, 0, 0, 0, 0, 0, 0, 0];
        exceeded.extend(header(1));
        exceeded.extend(&request(v4(), 9, 8, 0)[..8]);
        let heard = hear_v4(&exceeded).expect("eight quoted bytes are enough");
        assert_eq!((heard.identifier, heard.sequence), (9, 8));
        let mut too_big = vec![2, 0, 0, 0, 0, 0, 5, 120];
        too_big.extend([0; 40]);
        too_big.extend(request([0_u16; 8].into(), 9, 8, 0));
        assert_eq!(hear_v6(&too_big).map(|h| h.kind), Some(AnswerKind::Icmp { kind: 2, code: 0, mtu: Some(1400) }));
    }

    #[test]
    fn what_is_about_somebody_elses_packet_is_not_heard() {
        let mut unreachable = vec![3, 3, 0, 0, 0, 0, 0, 0];
        unreachable.extend(header(1));
        unreachable.extend([0x82, 0x9A, 0, 53, 0, 20, 0, 0]); // UDP
        assert_eq!(hear_v4(&unreachable), None);
        assert_eq!(hear_v4(&request(v4(), 1, 1, 0)), None, "our own request on the loopback interface");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), kind in 0_u8..20) {
            let _ = (hear_v4(&bytes), hear_v6(&bytes));
            let error = [vec![kind, 4, 0, 0, 0, 0, 0, 0], bytes].concat();
            let _ = (hear_v4(&error), hear_v6(&error));
        }
    }
}
