//! The clock of this machine against a time server's, by SNTP (RFC 4330): one packet of 48 bytes each way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::failure::{Failure, FailureKind, micros};
use super::finding::{Finding, Sureness};
use super::http::findings::length;

/// The port of NTP.
pub const PORT: u16 = 123;
/// How long one packet is waited for.
const TRY: Duration = Duration::from_millis(1_500);
/// A packet may get lost.
const TRIES: u32 = 3;
/// From 1900, when NTP's time begins, to 1970.
const TO_1970_S: i128 = 2_208_988_800;
/// NTP's seconds have 32 bits and begin anew in 2036.
const ERA_S: i128 = 1 << 32;
/// Worth a word: log lines of two machines no longer match by the second.
const NOTICE_US: u64 = 1_000_000;
/// Logins and certificates begin to fail.
const PROBLEM_US: u64 = 60_000_000;

/// What a time server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClockReport {
    /// The server.
    #[cfg_attr(test, schemars(with = "String"))]
    pub server: IpAddr,
    /// This machine's clock less the server's, in microseconds; right to about half the round trip.
    pub difference_us: Option<i64>,
    /// There and back, without the server's own time.
    pub round_trip_us: Option<u64>,
    /// How far the server is from a reference clock; 16: it has none.
    pub stratum: Option<u8>,
    /// Whether the server says that it does not know the time.
    pub unsynchronised: bool,
    /// Why there is no time.
    pub failure: Option<Failure>,
    /// How often it was asked.
    pub tries: u32,
}

/// Asks `server`, until `until` at the latest.
#[must_use]
pub fn probe(server: SocketAddr, until: Instant) -> ClockReport {
    let mut report = ClockReport {
        server: server.ip(),
        difference_us: None,
        round_trip_us: None,
        stratum: None,
        unsynchronised: false,
        failure: Some(Failure::timeout()),
        tries: 0,
    };
    while report.tries < TRIES && Instant::now() < until {
        report.tries += 1;
        match ask(server, until.min(Instant::now() + TRY)) {
            Ok(said) => {
                report.difference_us = Some(said.difference_us);
                report.round_trip_us = Some(said.round_trip_us);
                report.stratum = Some(said.stratum);
                report.unsynchronised = said.unsynchronised;
                report.failure = None;
                break;
            }
            Err(failure) => {
                let again = failure.kind == FailureKind::Timeout;
                report.failure = Some(failure);
                if !again {
                    break;
                }
            }
        }
    }
    report
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    difference_us: i64,
    round_trip_us: u64,
    stratum: u8,
    unsynchronised: bool,
}

fn ask(server: SocketAddr, until: Instant) -> Result<Said, Failure> {
    let fail = |e: std::io::Error| Failure::of(&e);
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).map_err(fail)?;
    socket.connect(server).map_err(fail)?;
    let sent = micros_since_1970();
    let began = Instant::now();
    // The server sends this back; it is random instead of our time, so that a forger cannot guess it (RFC 9109 in spirit).
    let mut cookie = [0; 8];
    getrandom::fill(&mut cookie).map_err(|e| Failure::new(FailureKind::Other, format!("no random numbers: {e}")))?;
    let mut packet = [0; 48];
    packet[0] = 0b00_100_011; // version 4, client
    packet[40..48].copy_from_slice(&cookie);
    socket.send(&packet).map_err(fail)?;
    let mut answer = [0; 128];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::timeout());
        }
        socket.set_read_timeout(Some(left)).map_err(fail)?;
        let n = socket.recv(&mut answer).map_err(fail)?;
        let took = micros(began.elapsed());
        if answer[..n].get(24..32) == Some(&cookie[..]) {
            return read(&answer[..n], sent, took);
        }
    }
}

/// What an answer says to a question that was sent at `sent` (microseconds since 1970) and answered after `took`.
fn read(answer: &[u8], sent: i128, took: u64) -> Result<Said, Failure> {
    let malformed = |detail: &str| Failure::new(FailureKind::Malformed, detail);
    let answer: &[u8; 48] = answer.first_chunk().ok_or_else(|| malformed("an answer that is too short"))?;
    if answer[0] & 7 != 4 {
        return Err(malformed("what came is not the answer of a time server"));
    }
    let (leap, stratum) = (answer[0] >> 6, answer[1]);
    if stratum == 0 {
        // "Kiss of death": four letters say why the server does not want to.
        let letters: String =
            answer[12..16].iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| char::from(*b)).collect();
        return Err(Failure::new(FailureKind::Refused, format!("the time server declines ({letters})")));
    }
    let stamp = |at: usize| -> Option<i128> {
        let word = |at: usize| answer[at..at + 4].try_into().map(u32::from_be_bytes).ok();
        let (seconds, fraction) = (i128::from(word(at)?), i128::from(word(at + 4)?));
        // Whichever era is nearest to our own time.
        let since_1970 = (seconds - TO_1970_S) * 1_000_000 + ((fraction * 1_000_000) >> 32);
        let era = ERA_S * 1_000_000;
        Some(since_1970 + (sent - since_1970 + era / 2).div_euclid(era) * era)
    };
    let (Some(received), Some(answered)) = (stamp(32), stamp(40)) else { return Err(malformed("no time")) };
    let back = sent + i128::from(took);
    let difference = (sent - received + back - answered) / 2;
    let round_trip = i128::from(took) - (answered - received);
    Ok(Said {
        difference_us: i64::try_from(difference).map_err(|_| malformed("a time out of all bounds"))?,
        round_trip_us: u64::try_from(round_trip.max(0)).unwrap_or(took),
        stratum,
        unsynchronised: leap == 3 || stratum > 15,
    })
}

fn micros_since_1970() -> i128 {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i128::from(micros(since)),
        Err(before) => -i128::from(micros(before.duration())),
    }
}

/// What the report says about the server `name`.
#[must_use]
pub fn findings(name: &str, report: &ClockReport) -> Vec<Finding> {
    if let Some(failure) = &report.failure {
        let says = format!("the time server {name} gives no time: {failure}");
        let finding = Finding::problem("clock.no-answer", Sureness::Certain, says);
        return vec![finding.because("clock.failure", &failure.detail).because("clock.tries", report.tries)];
    }
    let Some(difference) = report.difference_us else { return Vec::new() };
    let far = difference.unsigned_abs();
    let way = if difference > 0 { "ahead of" } else { "behind" };
    let finding = if report.unsynchronised {
        let says = format!("the time server {name} says that it does not know the time itself");
        Finding::notice("clock.server-unsynchronised", Sureness::Certain, says)
    } else if far >= PROBLEM_US {
        let says = format!("the clock of this machine is {} {way} the time server {name}", length(far / 1_000_000));
        Finding::problem("clock.differs", Sureness::Likely, says)
    } else if far >= NOTICE_US {
        let says = format!("the clock of this machine is {} s {way} the time server {name}", far / 1_000_000);
        Finding::notice("clock.differs", Sureness::Likely, says)
    } else {
        let says = format!("the clock of this machine is within {} ms of the time server {name}", far / 1000 + 1);
        Finding::fine("clock.right", says)
    };
    let finding = finding.because("clock.difference_us", difference);
    vec![finding.because("clock.round_trip_us", report.round_trip_us.unwrap_or_default())]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::probe::Severity;

    /// 2026-11-24T10:00:00Z
    const SENT: i128 = 1_795_514_400_000_000;

    fn answer(received_us: i128, answered_us: i128) -> [u8; 48] {
        let mut packet = [0; 48];
        packet[0] = 0b00_100_100;
        packet[1] = 2;
        for (at, us) in [(32, received_us), (40, answered_us)] {
            let seconds = (us.div_euclid(1_000_000) + TO_1970_S).rem_euclid(ERA_S);
            let fraction = (us.rem_euclid(1_000_000) << 32) / 1_000_000;
            packet[at..at + 4].copy_from_slice(&u32::try_from(seconds).expect("32 bits").to_be_bytes());
            packet[at + 4..at + 8].copy_from_slice(&u32::try_from(fraction).expect("32 bits").to_be_bytes());
        }
        packet
    }

    #[test]
    fn the_difference_is_what_is_left_when_the_way_is_taken_off() {
        // The server is 300 s ahead; 20 ms there, 5 ms at the server, 20 ms back.
        let ahead = SENT + 300_000_000 + 20_000;
        let said = read(&answer(ahead, ahead + 5_000), SENT, 45_000).expect("an answer");
        assert!((said.difference_us + 300_000_000).abs() <= 1, "{said:?}");
        assert!(said.round_trip_us.abs_diff(40_000) <= 1, "{said:?}");
    }

    #[test]
    fn a_time_after_2036_is_read_in_its_era() {
        let sent = SENT + 20 * 365 * 86_400 * 1_000_000;
        let said = read(&answer(sent, sent), sent, 0).expect("an answer");
        assert!(said.difference_us.abs() <= 1, "{said:?}");
    }

    #[test]
    fn a_server_that_declines_is_not_asked_again() {
        let mut packet = answer(SENT, SENT);
        packet[1] = 0;
        packet[12..16].copy_from_slice(b"RATE");
        let failure = read(&packet, SENT, 0).expect_err("declined");
        assert_eq!((failure.kind, failure.detail.as_str()), (FailureKind::Refused, "the time server declines (RATE)"));
    }

    #[test]
    fn a_server_on_this_machine_is_asked_and_a_forged_answer_is_passed_over() {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback");
        let address = socket.local_addr().expect("bound");
        std::thread::spawn(move || {
            let mut question = [0; 64];
            let (_, asker) = socket.recv_from(&mut question).expect("a question");
            let now = micros_since_1970() + 300_000_000;
            let mut packet = answer(now, now);
            socket.send_to(&packet, asker).expect("a forgery, without the cookie");
            packet[24..32].copy_from_slice(&question[40..48]);
            socket.send_to(&packet, asker).expect("sent");
        });
        let report = probe(address, Instant::now() + Duration::from_secs(60));
        let found = findings("time.example", &report);
        assert_eq!((found[0].code, found[0].severity), ("clock.differs", Severity::Problem), "{report:?}");
        assert!(found[0].sentence.contains("5 min behind"), "{found:?}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..128), took: u64) {
            let _ = read(&bytes, SENT, took);
        }
    }
}
