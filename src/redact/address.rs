//! IP addresses: found by hand-written matchers, mapped so that neighbours stay neighbours and nobody can be found.
//!
//! IPv4 goes to 240.0.0.0/4 without 255/8 (reserved, RFC 1112 section 4), IPv6 to 3fff::/20 (documentation, RFC 9637).
//! Addresses already there count as placeholders, so mapping twice changes nothing.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use regex::bytes::Regex;

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

fn candidates() -> &'static (Regex, Regex) {
    static PATTERNS: OnceLock<(Regex, Regex)> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        let pattern = |text| Regex::new(text).expect("a constant pattern");
        (
            pattern(r"(?-u)[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}"),
            pattern(r"(?-u)[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"),
        )
    })
}

/// The addresses in `text` that do not stay as they are under `privacy`.
pub(super) fn find(text: &[u8], privacy: Privacy, found: &mut Vec<Found>) {
    let (v4, v6) = candidates();
    for m in v4.find_iter(text) {
        let (start, end) = (m.start(), m.end());
        let before = text[..start].last().copied().unwrap_or(b' ');
        let after = text.get(end).copied().unwrap_or(b' ');
        let after2 = text.get(end + 1).copied().unwrap_or(b' ');
        // `1.2.3.4.5` and `v1.2.3.4` are versions, not addresses.
        let inside = before.is_ascii_alphanumeric()
            || matches!(before, b'.' | b'_')
            || after.is_ascii_alphanumeric()
            || (after == b'.' && after2.is_ascii_digit())
            || is_version(&text[..start]);
        let parsed = std::str::from_utf8(m.as_bytes()).ok().and_then(|t| t.parse::<Ipv4Addr>().ok());
        if let Some(address) = parsed.filter(|a| !inside && !stays_v4(*a, privacy)) {
            found.push(Found { start, end, address: Address::V4(address) });
        }
    }
    for m in v6.find_iter(text) {
        let (start, mut end) = (m.start(), m.end());
        while end > start && matches!(text[end - 1], b'.')
            || end > start + 2 && text[end - 1] == b':' && text[end - 2] != b':'
        {
            end -= 1;
        }
        let before = text[..start].last().copied().unwrap_or(b' ');
        let after = text.get(end).copied().unwrap_or(b' ');
        if before.is_ascii_alphanumeric() || before == b'_' || after.is_ascii_alphanumeric() || after == b'_' {
            continue;
        }
        let parsed = std::str::from_utf8(&text[start..end]).ok().and_then(|t| t.parse::<Ipv6Addr>().ok());
        if let Some(address) = parsed.filter(|a| !stays_v6(*a, privacy)) {
            found.push(Found { start, end, address: Address::V6(address) });
        }
    }
}

fn is_version(before: &[u8]) -> bool {
    let tail: Vec<u8> = before.iter().rev().take(9).rev().map(u8::to_ascii_lowercase).collect();
    let tail = tail.trim_ascii_end();
    ["version", "version:", "version=", "ver.", "release"].iter().any(|label| tail.ends_with(label.as_bytes()))
}

fn stays_v4(address: Ipv4Addr, privacy: Privacy) -> bool {
    let [a, b, ..] = address.octets();
    if a >= 240 || a == 0 || address.is_loopback() || address.is_multicast() {
        return true;
    }
    let not_public = address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT, RFC 6598
        || (a == 198 && (18..20).contains(&b)); // benchmarking, RFC 2544
    not_public && privacy == Privacy::Standard
}

fn stays_v6(address: Ipv6Addr, privacy: Privacy) -> bool {
    let first = address.segments()[0];
    let second = address.segments()[1];
    let placeholder = first == 0x3fff && second < 0x1000;
    if placeholder || address.is_loopback() || address.is_unspecified() || address.is_multicast() {
        return true;
    }
    let documentation = first == 0x2001 && second == 0x0db8;
    match privacy {
        Privacy::Standard => first & 0xe000 != 0x2000 || documentation,
        // Only what can be an address on a network; `a::b` in a stack trace is none.
        Privacy::Strict => !(first & 0xe000 == 0x2000 || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80),
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
        assert_eq!(found("10.0.0.1 fe80::1 127.0.0.1 ::1", Privacy::Strict), ["10.0.0.1", "fe80::1"]);
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
