//! What an answer means: by type and code, and by who sent it. The system's own numbers for it differ.

use std::net::IpAddr;

use super::report::{Meaning, NotSent};
use crate::platform::sockets::{Answer, AnswerKind, SendError};

/// The meaning of an answer on the way to `to`. A firewall may forge the destination's answers, so only one that comes
/// from there is an arrival.
pub(super) fn meaning(answer: &Answer, to: IpAddr) -> Meaning {
    let from_there = answer.from == Some(to);
    let in_its_name = if from_there { Meaning::Arrived } else { Meaning::InItsName };
    let AnswerKind::Icmp { kind, code, .. } = answer.kind else {
        return if from_there || answer.from.is_none() { Meaning::Arrived } else { Meaning::InItsName };
    };
    // RFC 792, 1122 and 1812; RFC 4443.
    match (to, kind, code) {
        (IpAddr::V4(_), 11, 0) | (IpAddr::V6(_), 3, 0) => Meaning::Hop,
        // Protocol or port unreachable.
        (IpAddr::V4(_), 3, 2 | 3) | (IpAddr::V6(_), 1, 4) => in_its_name,
        (IpAddr::V4(_), 3, 4) | (IpAddr::V6(_), 2, _) => Meaning::TooBig,
        (IpAddr::V4(_), 3, 9 | 10 | 13) | (IpAddr::V6(_), 1, 1 | 5 | 6) => Meaning::Prohibited,
        (IpAddr::V4(_), 3, _) | (IpAddr::V6(_), 1, _) => Meaning::Unreachable,
        _ => Meaning::Other,
    }
}

/// What goes into the record of a probe that did not leave.
pub(super) fn not_sent(error: &SendError) -> NotSent {
    match error {
        SendError::NoRoute => NotSent::NoRoute,
        SendError::NotPermitted => NotSent::NotPermitted,
        SendError::TooBig => NotSent::TooBig,
        SendError::NotSupported(_) => NotSent::NotSupported,
        SendError::Other(_) => NotSent::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn means(from: &str, to: &str, kind: u8, code: u8) -> Meaning {
        let from = Some(from.parse().expect("an address"));
        let kind = AnswerKind::Icmp { kind, code, mtu: None };
        let answer = Answer { id: None, flow: 0, at: Duration::ZERO, from, reply_ttl: None, kind };
        meaning(&answer, to.parse().expect("an address"))
    }

    #[test]
    fn only_the_destination_can_say_that_we_arrived() {
        assert_eq!(means("192.0.2.9", "192.0.2.9", 3, 3), Meaning::Arrived);
        assert_eq!(means("192.0.2.1", "192.0.2.9", 3, 3), Meaning::InItsName);
        assert_eq!(means("2001:db8::9", "2001:db8::9", 1, 4), Meaning::Arrived);
        assert_eq!(means("2001:db8::1", "2001:db8::9", 1, 4), Meaning::InItsName);
    }

    #[test]
    fn the_two_families_number_the_same_things_differently() {
        let v4 = |kind, code| means("192.0.2.1", "192.0.2.9", kind, code);
        let v6 = |kind, code| means("2001:db8::1", "2001:db8::9", kind, code);
        assert_eq!((v4(11, 0), v6(3, 0)), (Meaning::Hop, Meaning::Hop));
        assert_eq!((v4(3, 1), v6(1, 3)), (Meaning::Unreachable, Meaning::Unreachable));
        assert_eq!((v4(3, 13), v6(1, 1)), (Meaning::Prohibited, Meaning::Prohibited));
        assert_eq!((v4(3, 4), v6(2, 0)), (Meaning::TooBig, Meaning::TooBig));
        assert_eq!((v4(12, 0), v6(4, 1)), (Meaning::Other, Meaning::Other));
        assert_eq!(v4(3, 0), Meaning::Unreachable, "which is a hop's answer in the other family");
    }
}
