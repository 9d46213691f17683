//! What the kernel says beside a received packet: its control messages, taken apart. Pure: bytes in, facts out.
//!
//! Layouts: cmsg(3) and ip(7) and `linux/errqueue.h`. The bytes come from the kernel, but what they tell comes from a
//! stranger, so nothing here trusts a length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Where an error was made: `ee_origin` of `struct sock_extended_err`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// On this machine.
    Local,
    /// By an ICMP or ICMPv6 message.
    Icmp,
    /// Something else, such as a time stamp.
    Other,
}

/// `struct sock_extended_err` and the address behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExtendedError {
    /// Who made it.
    pub origin: Origin,
    /// The system's number of the error.
    pub errno: u32,
    /// ICMP type.
    pub kind: u8,
    /// ICMP code.
    pub code: u8,
    /// For "too big", the MTU.
    pub value: u32,
    /// Who sent the message.
    pub offender: Option<IpAddr>,
}

/// All that was said about one packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Control {
    pub error: Option<ExtendedError>,
    /// What the packet's time to live had left.
    pub ttl: Option<u8>,
    /// When the kernel received it, since 1970.
    pub received: Option<Duration>,
}

impl Control {
    /// Reads control messages as recvmsg(2) filled them in.
    pub fn parse(mut bytes: &[u8]) -> Self {
        const HEADER: usize = size_of::<libc::cmsghdr>();
        let mut all = Self::default();
        while bytes.len() >= HEADER {
            let length = word(bytes, 0);
            let (Some(level), Some(kind)) = (int(bytes, size_of::<usize>()), int(bytes, size_of::<usize>() + 4)) else {
                break;
            };
            if length < HEADER || length > bytes.len() {
                break; // cut off, or nonsense
            }
            all.take(level, kind, &bytes[HEADER..length]);
            let next = length.next_multiple_of(size_of::<usize>());
            bytes = bytes.get(next..).unwrap_or_default();
        }
        all
    }

    fn take(&mut self, level: i32, kind: i32, body: &[u8]) {
        match (level, kind) {
            (libc::SOL_IP, libc::IP_RECVERR) | (libc::SOL_IPV6, libc::IPV6_RECVERR) => {
                self.error = extended_error(body);
            }
            (libc::SOL_IP, libc::IP_TTL) | (libc::SOL_IPV6, libc::IPV6_HOPLIMIT) => {
                self.ttl = int(body, 0).and_then(|ttl| u8::try_from(ttl).ok());
            }
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => self.received = time(body),
            _ => {}
        }
    }
}

fn extended_error(body: &[u8]) -> Option<ExtendedError> {
    let fixed: &[u8; 16] = body.first_chunk()?;
    let number = |at: usize| u32::from_ne_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let origin = match fixed[4] {
        libc::SO_EE_ORIGIN_LOCAL => Origin::Local,
        libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => Origin::Icmp,
        _ => Origin::Other,
    };
    let offender = address(&body[16..]);
    Some(ExtendedError { origin, errno: number(0), kind: fixed[5], code: fixed[6], value: number(8), offender })
}

/// A `sockaddr_in` or `sockaddr_in6`.
fn address(body: &[u8]) -> Option<IpAddr> {
    let family = u16::from_ne_bytes(*body.first_chunk()?);
    match i32::from(family) {
        libc::AF_INET => body.get(4..8)?.first_chunk().map(|&octets: &[u8; 4]| Ipv4Addr::from(octets).into()),
        libc::AF_INET6 => body.get(8..24)?.first_chunk().map(|&octets: &[u8; 16]| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

/// A `struct timespec` of two 64-bit or two 32-bit numbers.
fn time(body: &[u8]) -> Option<Duration> {
    let (seconds, nanoseconds) = match body.len() {
        16 => (
            i64::from_ne_bytes(*body.first_chunk()?).try_into().ok()?,
            i64::from_ne_bytes(*body.get(8..)?.first_chunk()?).try_into().ok()?,
        ),
        8 => (int(body, 0)?.try_into().ok()?, int(body, 4)?.try_into().ok()?),
        _ => return None,
    };
    (nanoseconds < 1_000_000_000).then(|| Duration::new(seconds, nanoseconds))
}

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..)?.first_chunk().map(|&four| i32::from_ne_bytes(four))
}

/// `cmsg_len`, which the kernel writes as a `size_t`; 0 where there is none.
fn word(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |&word| usize::from_ne_bytes(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One control message, padded as the kernel pads.
    fn message(level: i32, kind: i32, body: &[u8]) -> Vec<u8> {
        let mut bytes = (16 + body.len()).to_ne_bytes().to_vec();
        bytes.extend(level.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    fn time_exceeded_from(offender: &[u8]) -> Vec<u8> {
        let mut body = 113_u32.to_ne_bytes().to_vec();
        body.extend([libc::SO_EE_ORIGIN_ICMP, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        body.extend(offender);
        body
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_router_its_answer_and_its_time_are_read() {
        let mut sender = u16::try_from(libc::AF_INET).expect("small").to_ne_bytes().to_vec();
        sender.extend([0, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        let mut bytes = message(libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, &{
            let mut time = 1_700_000_000_i64.to_ne_bytes().to_vec();
            time.extend(5_i64.to_ne_bytes());
            time
        });
        bytes.extend(message(libc::SOL_IP, libc::IP_TTL, &60_i32.to_ne_bytes()));
        bytes.extend(message(libc::SOL_IP, libc::IP_RECVERR, &time_exceeded_from(&sender)));
        let control = Control::parse(&bytes);
        assert_eq!(control.ttl, Some(60));
        assert_eq!(control.received, Some(Duration::new(1_700_000_000, 5)));
        let error = control.error.expect("there is one");
        assert_eq!((error.origin, error.kind, error.code, error.errno), (Origin::Icmp, 11, 0, 113));
        assert_eq!(error.offender, Some("10.0.0.1".parse().expect("an address")));
    }

    #[test]
    fn an_error_without_a_sender_is_still_an_error() {
        let control =
            Control::parse(&message(libc::SOL_IP, libc::IP_RECVERR, &time_exceeded_from(&[0, 0, 0, 0, 0, 0])));
        assert_eq!(control.error.and_then(|error| error.offender), None);
        assert!(control.error.is_some());
        assert_eq!(Control::parse(&message(libc::SOL_IP, libc::IP_RECVERR, &[0; 15])), Control::default());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Control::parse(&bytes);
        }

        #[test]
        fn no_length_in_a_message_makes_it_panic(
            kinds in prop::collection::vec((0_usize..5, 0_usize..80, any::<i32>()), 0..6),
            filler in prop::collection::vec(any::<u8>(), 80),
        ) {
            const KNOWN: [(i32, i32); 5] = [
                (libc::SOL_IP, libc::IP_RECVERR), (libc::SOL_IPV6, libc::IPV6_RECVERR), (libc::SOL_IP, libc::IP_TTL),
                (libc::SOL_IPV6, libc::IPV6_HOPLIMIT), (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS),
            ];
            let mut bytes = Vec::new();
            for (which, length, lie) in kinds {
                let mut one = message(KNOWN[which].0, KNOWN[which].1, &filler[..length]);
                if lie % 3 == 0 {
                    one[..4].copy_from_slice(&lie.to_ne_bytes());
                }
                bytes.extend(one);
            }
            let _ = Control::parse(&bytes);
        }
    }
}
