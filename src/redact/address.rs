//! IP addresses: found by hand-written matchers, mapped so that neighbours stay neighbours and nobody can be found.
//!
//! IPv4 goes to 240.0.0.0/4 without 255/8 (reserved, RFC 1112 section 4), IPv6 to 3fff::/20 (documentation, RFC 9637).
//! Addresses already there count as placeholders, so mapping twice changes nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Privacy;
use super::placeholder::Pseudonyms;

/// One address in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) address: Address,
}

/// An address of either family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Address {
    /// `ipv4` or `ipv6`.
    pub(super) fn family(self) -> &'static str {
        match self {
            Self::V4(_) => "ipv4",
            Self::V6(_) => "ipv6",
        }
    }

    /// The address that stands in its place.
    pub(super) fn mapped(self, keys: &Pseudonyms) -> String {
        match self {
            Self::V4(address) => map_v4(address, keys).to_string(),
            Self::V6(address) => map_v6(address, keys).to_string(),
        }
    }
}

/// The addresses in `text` that do not stay as they are under `privacy`, each with its prefix length where one follows.
pub(super) fn find(text: &[u8], privacy: Privacy, found: &mut Vec<Found>) {
    find_v4(text, privacy, found);
    find_v6(text, privacy, found);
}

/// Looks around each full stop: most stand in words, and are done with at the next byte.
fn find_v4(text: &[u8], privacy: Privacy, found: &mut Vec<Found>) {
    let mut from = 0;
    for dot in memchr::memchr_iter(b'.', text) {
        let around = dot.checked_sub(1).map(|before| text[before]).zip(text.get(dot + 1));
        if dot < from || !around.is_some_and(|(before, after)| before.is_ascii_digit() && after.is_ascii_digit()) {
            continue;
        }
        let digits = text[from..dot].iter().rev().take(4).take_while(|b| b.is_ascii_digit()).count();
        let start = dot - digits;
        if !(1..=3).contains(&digits) {
            continue;
        }
        let Some((address, end)) = parse_v4(text, start) else { continue };
        from = end;
        if stands_alone(text, start, end, privacy, address) && !stays_v4(address, privacy) {
            found.push(Found { start, end: with_prefix(text, end, 32), address: Address::V4(address) });
        }
    }
}

/// Four numbers up to 255 with full stops between, from `start` on.
fn parse_v4(text: &[u8], start: usize) -> Option<(Ipv4Addr, usize)> {
    let mut octets = [0u8; 4];
    let mut at = start;
    for (n, octet) in octets.iter_mut().enumerate() {
        if n > 0 {
            (text.get(at) == Some(&b'.')).then_some(())?;
            at += 1;
        }
        let digits = text[at..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
        let value = text[at..at + digits].iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
        // A leading zero is how versions and dates are written; some read such a number as octal.
        let plain = digits == 1 || (digits > 1 && text[at] != b'0');
        *octet = u8::try_from(value).ok().filter(|_| plain)?;
        at += digits;
    }
    Some((octets.into(), at))
}

/// Whether an address is no part of a longer number: `1.2.3.4.5` and `v1.2.3.4` are versions, not addresses.
fn stands_alone(text: &[u8], start: usize, end: usize, privacy: Privacy, address: Ipv4Addr) -> bool {
    let before = start.checked_sub(1).map_or(b' ', |at| text[at]);
    let (after, after2) = (text.get(end).copied().unwrap_or(b' '), text.get(end + 1).copied().unwrap_or(b' '));
    let fifth = after == b'.' && after2.is_ascii_digit();
    // Versions begin with small numbers; whoever wants all addresses gone gives up those that do not.
    let fifth = fifth && !(privacy == Privacy::Strict && address.octets()[0] >= 10);
    let inside = before.is_ascii_alphanumeric() || matches!(before, b'.' | b'_') || after.is_ascii_alphanumeric();
    !inside && !fifth && !is_version(&text[..start])
}

fn is_version(before: &[u8]) -> bool {
    let tail: Vec<u8> = before.iter().rev().take(9).rev().map(u8::to_ascii_lowercase).collect();
    let tail = tail.trim_ascii_end();
    ["version", "version:", "version=", "ver.", "release"].iter().any(|label| tail.ends_with(label.as_bytes()))
}

/// The end of `/n` after an address: the length of a network's prefix belongs to the network. It is written as it was.
fn with_prefix(text: &[u8], end: usize, most: u32) -> usize {
    if text.get(end) != Some(&b'/') {
        return end;
    }
    let digits = text[end + 1..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let after = end + 1 + digits;
    let length = text[end + 1..after].iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0'));
    let ends = text.get(after).is_none_or(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'/'));
    // What goes on with a full stop and a number is another address.
    let ends = ends && !(text.get(after) == Some(&b'.') && text.get(after + 1).is_some_and(u8::is_ascii_digit));
    if (1..=3).contains(&digits) && length <= most && ends { after } else { end }
}

/// Looks around each colon.
fn find_v6(text: &[u8], privacy: Privacy, found: &mut Vec<Found>) {
    let in_address = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let mut from = 0;
    for colon in memchr::memchr_iter(b':', text) {
        if colon < from {
            continue;
        }
        let start = colon - text[from..colon].iter().rev().take(4).take_while(|b| b.is_ascii_hexdigit()).count();
        // The longest address has 45 characters; what is longer is none, but it is passed over as a whole.
        let run = text[colon..].iter().take_while(|b| in_address(b)).count();
        from = colon + run;
        if run < 2 || !(text[colon + 1] == b':' || text[colon + 1..from].contains(&b':')) {
            continue;
        }
        let mut end = from;
        while end > start && text[end - 1] == b'.' || end > start + 2 && text[end - 1] == b':' && text[end - 2] != b':'
        {
            end -= 1;
        }
        let before = start.checked_sub(1).map_or(b' ', |at| text[at]);
        let after = text.get(end).copied().unwrap_or(b' ');
        if end - start > 45 || [before, after].iter().any(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            continue;
        }
        let written = &text[start..end];
        // Eight groups, the last two perhaps written as an IPv4 address, unless `::` stands for some: no time of day has that.
        let colons = written.iter().filter(|b| **b == b':').count();
        if colons < 6 && memchr::memmem::find(written, b"::").is_none() {
            continue;
        }
        let parsed = std::str::from_utf8(written).ok().and_then(|t| t.parse::<Ipv6Addr>().ok());
        let Some(address) = parsed else { continue };
        // Eight groups written out are an address wherever it may lie.
        let whole =
            privacy == Privacy::Strict && !is_placeholder_v6(address) && written.split(|b| *b == b':').count() == 8;
        if (whole || !stays_v6(address, privacy)) && looks_like_v6(text, start, end) {
            found.push(Found { start, end: with_prefix(text, end, 128), address: Address::V6(address) });
        }
    }
}

/// Whether what parses as an address is meant as one. `::` separates words, `::add` names a function, and eight pairs
/// of hexadecimal digits are a hardware address.
fn looks_like_v6(text: &[u8], start: usize, end: usize) -> bool {
    let written = &text[start..end];
    if written == b"::" {
        let before = text[..start].trim_ascii_end();
        let (spaced, first) = (before.len() < start, before.is_empty());
        let last = text[end..].iter().find(|b| **b != b' ').is_none_or(|b| matches!(b, b'\r' | b'\n'));
        let joined = matches!(text.get(end), Some(b'/' | b']' | b',' | b'%'))
            || before.ends_with(b"=")
            || before.ends_with(b"[");
        return joined || (last && (spaced || first));
    }
    let pairs = written.split(|b| *b == b':').all(|group| group.len() == 2);
    let digits = written.iter().any(u8::is_ascii_digit);
    !pairs && (digits || !written.starts_with(b"::"))
}

fn stays_v4(address: Ipv4Addr, privacy: Privacy) -> bool {
    let [a, b, ..] = address.octets();
    if (240..255).contains(&a) {
        return true; // a placeholder
    }
    let not_public = a == 0
        || a == 255
        || address.is_loopback()
        || address.is_multicast()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT, RFC 6598
        || (a == 198 && (18..20).contains(&b)); // benchmarking, RFC 2544
    not_public && privacy == Privacy::Standard
}

fn is_placeholder_v6(address: Ipv6Addr) -> bool {
    address.segments()[0] == 0x3fff && address.segments()[1] < 0x1000
}

fn stays_v6(address: Ipv6Addr, privacy: Privacy) -> bool {
    let first = address.segments()[0];
    let second = address.segments()[1];
    if is_placeholder_v6(address) {
        return true;
    }
    let documentation = first == 0x2001 && second == 0x0db8;
    match privacy {
        Privacy::Standard => first & 0xe000 != 0x2000 || documentation,
        // Only what can be an address on a network; `a::b` in a stack trace is none.
        Privacy::Strict => {
            let unicast = first & 0xe000 == 0x2000 || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
            let special =
                first == 0 || first == 0x64 && second == 0xff9b || first & 0xff00 == 0xff00 || first == 0x0100;
            !(unicast || special)
        }
    }
}

/// 20 bits of keyed hash for the /24, then a keyed permutation of the last octet, so that a /24 stays together.
fn map_v4(address: Ipv4Addr, keys: &Pseudonyms) -> Ipv4Addr {
    let [a, b, c, host] = address.octets();
    let tag = keys.tag("ipv4", &[a, b, c]);
    let bits = u32::from_be_bytes([tag[0], tag[1], tag[2], tag[3]]) % (15 << 16);
    let [_, top, mid, low] = bits.to_be_bytes();
    Ipv4Addr::new(240 + top, mid, low, permute(host, &tag[4..12]))
}

/// A four-round Feistel network over the two halves of a byte: a permutation for every key.
fn permute(byte: u8, key: &[u8]) -> u8 {
    let (mut left, mut right) = (byte >> 4, byte & 15);
    for round in key.chunks_exact(2).take(4) {
        let mixed = (right.wrapping_mul(round[0] | 1).wrapping_add(round[1])).rotate_left(3) & 15;
        (left, right) = (right, left ^ mixed);
    }
    left << 4 | right
}

/// 28 bits of keyed hash for the /48, then 80 bits for the rest.
fn map_v6(address: Ipv6Addr, keys: &Pseudonyms) -> Ipv6Addr {
    let octets = address.octets();
    let network = keys.tag("ipv6-network", &octets[..6]);
    let host = keys.tag("ipv6-host", &octets);
    let mut mapped = [0u8; 16];
    mapped[0] = 0x3f;
    mapped[1] = 0xff;
    mapped[2] = network[0] & 0x0f;
    mapped[3..6].copy_from_slice(&network[1..4]);
    mapped[6..].copy_from_slice(&host[..10]);
    Ipv6Addr::from(mapped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, privacy: Privacy) -> Vec<&str> {
        let mut all = Vec::new();
        find(text.as_bytes(), privacy, &mut all);
        all.into_iter().map(|f| &text[f.start..f.end]).collect()
    }

    #[test]
    fn public_addresses_are_found_and_versions_times_and_private_ones_stay() {
        let text = "from 81.2.69.142:443, [2a02:26f0:3500::1]:443 at 10:15:00 v1.2.3.4 1.2.3.4.5 version 4.3.2.1 std::fs::File \
                    10.0.0.1 127.0.0.1 192.0.2.7 fe80::1 ::1 aa:bb:cc:dd:ee:ff 240.1.2.3 3fff:12::2 seen 2a02::5.";
        assert_eq!(found(text, Privacy::Standard), ["81.2.69.142", "2a02:26f0:3500::1", "2a02::5"]);
    }

    #[test]
    fn strict_privacy_takes_every_address_however_it_is_written() {
        for (text, address) in [
            ("10.7.0.1 and", "10.7.0.1"),
            ("(172.20.3.4)", "172.20.3.4"),
            ("192.168.7.1,", "192.168.7.1"),
            ("at 192.168.7.1.", "192.168.7.1"),
            ("192.168.7.1@eth1", "192.168.7.1"),
            ("192.168.7.1.9", "192.168.7.1"),
            ("10.1.0.0/16 via", "10.1.0.0/16"),
            ("10.1.0.0/99", "10.1.0.0"),
            ("0.0.0.0:80", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"),
            ("127.0.0.1", "127.0.0.1"),
            ("224.0.0.251", "224.0.0.251"),
            ("ssh root@fd12:3456::7", "fd12:3456::7"),
            ("on ::1 now", "::1"),
            ("from=:: to", "::"),
            ("listen [::]:80", "::"),
            ("default ::/0", "::/0"),
            ("route ::", "::"),
            ("::ffff:10.0.0.7", "::ffff:10.0.0.7"),
            ("64:ff9b::198.51.100.9/96", "64:ff9b::198.51.100.9/96"),
            ("2001:db8:7::10.0.0.1", "2001:db8:7::10.0.0.1"),
            ("ff02::1:2", "ff02::1:2"),
            ("fe80::1%eth0", "fe80::1"),
            ("2001:db8::7.", "2001:db8::7"),
            ("8A4D:1:22:333:4:55:6:77", "8A4D:1:22:333:4:55:6:77"),
        ] {
            let found = found(text, Privacy::Strict);
            assert_eq!(found.iter().max_by_key(|f| f.len()), Some(&address), "{text}");
        }
        for text in [
            "12:34:56",
            "std::fs::File",
            "a::b",
            "call ::add",
            "x :: y",
            "00:11:22:33:44:55:66:77",
            "aa:bb:cc:dd:ee:ff",
            "v10.2.3.4",
            "version 10.2.3.4",
            "1.2.3.4.5",
            "256.7.0.9",
            "310.20.3.4",
            "::ffff:10.20.3",
            "name1::2",
            "10.0.0",
            "240.1.2.3",
            "3fff:12::2",
            "1.02.3.4",
        ] {
            assert_eq!(found(text, Privacy::Strict), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_long_run_of_colons_or_digits_costs_one_look() {
        let text = format!("{} {}", "1:".repeat(50_000), "1.".repeat(50_000));
        assert_eq!(found(&text, Privacy::Strict), [""; 0]);
    }

    #[test]
    fn a_24_stays_together_and_no_two_of_its_hosts_meet() {
        let keys = Pseudonyms::new(b"k");
        let mapped: std::collections::BTreeSet<Ipv4Addr> =
            (0..=255).map(|host| map_v4(Ipv4Addr::new(81, 2, 69, host), &keys)).collect();
        assert_eq!(mapped.len(), 256);
        assert!(mapped.iter().all(|a| a.octets()[0] >= 240 && a.octets()[0] < 255));
        let prefixes: std::collections::BTreeSet<[u8; 3]> =
            mapped.iter().map(|a| [a.octets()[0], a.octets()[1], a.octets()[2]]).collect();
        assert_eq!(prefixes.len(), 1);
    }

    #[test]
    fn a_48_stays_together_in_the_documentation_range() {
        let keys = Pseudonyms::new(b"k");
        let one = map_v6("2a02:26f0:3500::1".parse().expect("address"), &keys);
        let two = map_v6("2a02:26f0:3500:7::9".parse().expect("address"), &keys);
        assert_eq!(one.segments()[..3], two.segments()[..3]);
        assert_ne!(one, two);
        assert!(stays_v6(one, Privacy::Strict));
    }
}
