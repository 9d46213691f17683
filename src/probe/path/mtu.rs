//! The largest packet that passes to a destination, mostly within one round trip.
//!
//! A destination, or a router, that answers only a few times a second must not look like one that large packets do not
//! reach. So the largest is always sent first: of a row that is cut off by such a limit, the small ones are missing. A
//! black hole is only claimed when larger packets were silent again and again while a smaller one sent after them passed.

use std::net::IpAddr;
use std::time::Duration;

use super::options::PathOptions;
use super::report::{Meaning, MtuReport, MtuVerdict, ProbeRecord};
use super::run::{FAR, Run, Send};
use crate::platform::sockets::{Network, Protocol};

/// What links are known to take, largest first: Ethernet, PPPoE, tunnels of many kinds, IPv6's least, IPv4's least.
const SIZES: [u16; 20] = [
    1500, 1492, 1480, 1476, 1472, 1468, 1460, 1454, 1450, 1440, 1430, 1420, 1412, 1400, 1380, 1350, 1300, 1280, 1006,
    576,
];
/// The shortest wait for an answer; the rest goes by the round trip.
const SHORTEST: Duration = Duration::from_millis(100);
/// Waiting for an answer, in round trips.
const ROUND_TRIPS: u32 = 3;
/// After so long a router that has said all it may in a burst says one more thing (Linux: one a second).
const REFILL: Duration = Duration::from_millis(1_050);
/// How many sizes one round asks for while it closes in.
const A_ROUND: u16 = 12;
/// How many rounds close in; 12 x 12 sizes are more than any gap in [`SIZES`] but the last.
const ROUNDS: usize = 4;

/// Measures. `rtt` is the time to the destination; `None`: not known, then a second is waited once. `answers`: it is known
/// to answer such probes.
pub(super) fn measure(
    network: &mut dyn Network,
    to: IpAddr,
    protocol: Protocol,
    rtt: Option<Duration>,
    answers: bool,
    series: u32,
) -> MtuReport {
    let run = Run::new(network, to, protocol, series);
    let mut search = Search { run, to, wait: rtt.map(wait_for), attempt: 0, protocol, burst_at: Duration::ZERO };
    let verdict = search.verdict(answers);
    let (passes, told) = (search.passes(), search.told());
    let fails = search.fails(passes, verdict);
    MtuReport {
        protocol: protocol.into(),
        verdict,
        passes,
        fails,
        told_by: told.and_then(|(_, by)| by),
        told: told.map(|(mtu, _)| mtu),
        probes: search.run.finish(),
    }
}

struct Search<'n> {
    run: Run<'n>,
    to: IpAddr,
    protocol: Protocol,
    wait: Option<Duration>,
    attempt: u16,
    /// When many sizes were sent at once.
    burst_at: Duration,
}

impl Search<'_> {
    fn verdict(&mut self, answers: bool) -> MtuVerdict {
        let top = SIZES[0];
        let Some(top) = self.first_that_leaves(top) else { return MtuVerdict::Unknown };
        self.round(&[self.floor()]);
        if self.passes().is_none() && self.told().is_none() {
            // One of two may be lost; or the destination has said all it may for now.
            if answers {
                self.run.pause(REFILL);
            }
            self.round(&[top, self.floor()]);
        }
        if let Some(verdict) = self.follow_what_is_told(top) {
            return verdict;
        }
        if self.passes().is_none() {
            return MtuVerdict::Unknown;
        }
        let below: Vec<u16> = SIZES.into_iter().filter(|size| *size <= top && *size > self.floor()).collect();
        self.burst_at = self.run.now();
        self.round(&below);
        if let Some(verdict) = self.follow_what_is_told(top) {
            return verdict;
        }
        self.close_in(top)
    }

    /// Sends the largest packet that this machine's own link takes, and then says how large it is.
    fn first_that_leaves(&mut self, top: u16) -> Option<u16> {
        let sizes = SIZES.into_iter().filter(|size| *size <= top);
        sizes.into_iter().find(|size| self.send(*size))
    }

    /// Goes after what routers say until it passes. `None`: nobody says anything, or what they say does not pass.
    fn follow_what_is_told(&mut self, top: u16) -> Option<MtuVerdict> {
        const MOST: usize = 4; // each link on the way can be narrower than the one before
        for _ in 0..MOST {
            match (self.told(), self.passes()) {
                (_, Some(passes)) if passes == top => return Some(MtuVerdict::Full),
                (Some((told, _)), Some(passes)) if passes >= told => return Some(MtuVerdict::Told),
                (Some((told, _)), _) => self.round(&[told, told, self.floor()]),
                (None, _) => return None,
            }
        }
        // The destination says nothing, but a router did: that is the narrowest link as far as anybody knows.
        match (self.told(), self.passes()) {
            (Some(_), None) => Some(MtuVerdict::Told),
            _ => None,
        }
    }

    /// Between the largest that passes and the smallest that does not.
    fn close_in(&mut self, top: u16) -> MtuVerdict {
        let mut silent_rounds = 0;
        for _ in 0..ROUNDS {
            let Some(passes) = self.passes() else { return MtuVerdict::Unknown };
            if passes >= top {
                return MtuVerdict::Full;
            }
            let above = self.smallest_silent(passes).unwrap_or(top);
            let mut sizes = between(passes, above);
            let exact = sizes.is_empty();
            sizes.insert(0, above);
            sizes.push(above);
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            sizes.push(passes);
            let before = self.run.records.len();
            self.round(&sizes);
            let larger_passed = self.passes() > Some(passes);
            let control_passed = self.run.records[before..].iter().any(|r| r.size == Some(passes) && arrived(r));
            match (larger_passed, control_passed) {
                (true, _) => silent_rounds = 0,
                (false, true) => silent_rounds += 1,
                (false, false) => return MtuVerdict::Unknown, // it has stopped answering at all
            }
            if silent_rounds > 0 && (exact || self.smallest_silent(passes) == Some(passes + 1)) {
                break;
            }
        }
        if silent_rounds > 0 { self.ask_once_more(top) } else { MtuVerdict::Unknown }
    }

    /// A router may have been silent because it had said as much as it may in this second.
    fn ask_once_more(&mut self, top: u16) -> MtuVerdict {
        let Some(passes) = self.passes() else { return MtuVerdict::Unknown };
        let above = self.smallest_silent(passes).unwrap_or(top);
        let since_the_burst = self.run.now().saturating_sub(self.burst_at);
        self.run.pause(REFILL.saturating_sub(since_the_burst));
        self.round(&[above, passes]);
        match self.follow_what_is_told(top) {
            Some(verdict) => verdict,
            None if self.passes() == Some(passes) => MtuVerdict::BlackHole,
            None => MtuVerdict::Unknown,
        }
    }

    /// Sends one packet of each size and waits until all are answered, or the time is over.
    fn round(&mut self, sizes: &[u16]) {
        let first = self.run.records.len();
        for size in sizes {
            self.send(*size);
        }
        let began = self.run.now();
        loop {
            let wait = self.wait.unwrap_or(Duration::from_secs(1));
            let missing = |r: &ProbeRecord| r.reply.is_none() && r.error.is_none();
            let mut records = self.run.records[first.saturating_sub(1)..].iter();
            if self.run.now() >= began + wait || !records.any(missing) {
                break;
            }
            self.run.listen(began + wait);
            let slowest = self.run.records.iter().filter_map(ProbeRecord::rtt_us).max();
            self.wait = slowest.map(|slowest| wait_for(Duration::from_micros(slowest))).or(self.wait);
        }
    }

    /// Whether it left.
    fn send(&mut self, size: u16) -> bool {
        self.attempt += 1;
        // A flow of its own each: what belongs to what is then known however little is quoted.
        let flow = self.attempt;
        let port = if self.protocol == Protocol::Udp { PathOptions::UDP_PORT + flow % 100 } else { 0 };
        let send = Send { ttl: FAR, attempt: self.attempt, flow, size: Some(size), port };
        self.run.send(&send).is_ok()
    }

    /// The least that everybody must take.
    fn floor(&self) -> u16 {
        if self.to.is_ipv4() { 576 } else { 1280 }
    }

    /// The largest that was answered by the destination.
    fn passes(&self) -> Option<u16> {
        self.run.records.iter().filter(|record| arrived(record)).filter_map(|record| record.size).max()
    }

    /// The smallest above `passes` that was sent and not answered.
    fn smallest_silent(&self, passes: u16) -> Option<u16> {
        self.run.records.iter().filter_map(|record| record.size).filter(|size| *size > passes).min()
    }

    /// The least that a router says its next link takes, if it makes sense.
    fn told(&self) -> Option<(u16, Option<IpAddr>)> {
        let told = |record: &ProbeRecord| {
            let reply = record.reply.as_ref().filter(|reply| reply.meaning == Meaning::TooBig)?;
            let mtu = u16::try_from(reply.mtu?).ok()?;
            // Old routers say 0, and a forger anything: below the floor nobody has to believe it.
            (mtu >= self.floor() && Some(mtu) < record.size).then_some((mtu, reply.from))
        };
        self.run.records.iter().filter_map(told).min_by_key(|(mtu, _)| *mtu)
    }

    fn fails(&self, passes: Option<u16>, verdict: MtuVerdict) -> Option<u16> {
        match verdict {
            MtuVerdict::BlackHole => self.smallest_silent(passes?),
            MtuVerdict::Told => self.told().map(|(mtu, _)| mtu.saturating_add(1)),
            MtuVerdict::Full | MtuVerdict::Unknown => None,
        }
    }
}

fn wait_for(rtt: Duration) -> Duration {
    (rtt * ROUND_TRIPS).clamp(SHORTEST, Duration::from_secs(1))
}

fn arrived(record: &ProbeRecord) -> bool {
    record.reply.as_ref().is_some_and(|reply| reply.meaning == Meaning::Arrived)
}

/// Some sizes strictly between, the next one above `passes` among them.
fn between(passes: u16, fails: u16) -> Vec<u16> {
    let gap = fails.saturating_sub(passes).saturating_sub(1);
    let step = gap.div_ceil(A_ROUND).max(1);
    (0..gap).step_by(step.into()).map(|offset| passes + 1 + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_in_asks_for_the_next_size_and_for_no_more_than_a_round() {
        assert!(between(1300, 1301).is_empty());
        assert_eq!(between(1300, 1303), [1301, 1302]);
        let sizes = between(1300, 1350);
        assert!(sizes.contains(&1301) && sizes.len() <= 12, "{sizes:?}");
    }
}
