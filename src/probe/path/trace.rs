//! The trace itself: which probe when, and when it is enough.
//!
//! 1. One probe to each hop, in ascending order and along one flow where the system can: a first wave, then as far ahead
//!    as answers have come, and a few more whenever all is quiet. It ends with the destination's answer, or a refusal.
//! 2. The other tries, up to that hop only, each along a flow of its own, so that parallel paths show.
//! 3. What is missing is waited for, by the times that were seen.
//!
//! So a path costs about three times its round trip, the destination sees a handful of packets, and no router is asked
//! more often than it answers.

use std::time::Duration;

use super::options::PathOptions;
use super::report::{Meaning, ProbeRecord};
use super::run::{FAR, Run, Send};
use crate::platform::sockets::{Protocol, SendError};

/// The first wave: most destinations are farther, so that it bothers nobody, and most of a path is known after it.
const FIRST_WAVE: u8 = 8;
/// How far beyond the farthest answer is asked.
const AHEAD: u8 = 4;
/// After so long without an answer, the next hops are asked without it.
const STALL: Duration = Duration::from_millis(50);
/// After so long without an answer when all hops were asked, the other tries begin.
const QUIET: Duration = Duration::from_millis(300);
/// An answer may be so much later than the slowest one known.
const SLOWER: u32 = 3;
/// The shortest wait for an answer.
const SHORTEST: Duration = Duration::from_millis(100);
/// The shortest wait for an answer to a further try while the destination is not known.
const SHORTEST_UNKNOWN: Duration = Duration::from_millis(400);
/// How many hops behind the last one that answered are tried again.
const BEHIND: u8 = 3;

/// Sends the probes of a trace and waits for their answers. An error where not one could be sent.
pub(super) fn trace(run: &mut Run<'_>, options: &PathOptions) -> Result<(), SendError> {
    let mut tracer =
        Tracer { shared: run.network().shares_flows(options.protocol), run, options, pace: options.pace() };
    tracer.first_pass()?;
    tracer.other_tries();
    tracer.wait_for_the_rest();
    tracer.run.assign_by_sender();
    Ok(())
}

/// A few probes that go as far as they can: does anybody answer this kind at all?
pub(super) fn knock(run: &mut Run<'_>, options: &PathOptions, slowest: Duration) -> Result<(), SendError> {
    let mut tracer = Tracer { shared: false, run, options, pace: options.pace() };
    for attempt in 0..PathOptions::MOST_TRIES {
        let sent = tracer.send(FAR, attempt);
        tracer.only_if_none_was_sent(sent)?;
        tracer.run.pause(options.pace());
    }
    let until = tracer.run.now() + (slowest * SLOWER).max(SHORTEST_UNKNOWN);
    while tracer.run.now() < until && end(&tracer.run.records).is_none() {
        tracer.run.listen(until);
    }
    Ok(())
}

struct Tracer<'a, 'n> {
    run: &'a mut Run<'n>,
    options: &'a PathOptions,
    shared: bool,
    pace: Duration,
}

impl Tracer<'_, '_> {
    fn first_pass(&mut self) -> Result<(), SendError> {
        let farthest = self.options.max_ttl.clamp(1, PathOptions::FARTHEST);
        let (mut next, mut allowed) = (1, FIRST_WAVE);
        let mut last_event = self.run.now();
        loop {
            while next <= allowed.min(farthest) && end(&self.run.records).is_none() {
                let sent = self.send(next, 0);
                self.only_if_none_was_sent(sent)?;
                next += 1;
                last_event = self.run.now();
            }
            let all_asked = next > farthest;
            if end(&self.run.records).is_some() || (all_asked && self.run.now() >= last_event + QUIET) {
                return Ok(());
            }
            let until = last_event + if all_asked { QUIET } else { STALL };
            if self.run.listen(until) {
                last_event = self.run.now();
                allowed = allowed.max(farthest_answer(&self.run.records).saturating_add(AHEAD));
            } else if !all_asked && self.run.now() >= until {
                allowed = allowed.saturating_add(AHEAD);
            }
        }
    }

    fn other_tries(&mut self) {
        for attempt in 1..self.options.tries.clamp(1, PathOptions::MOST_TRIES) {
            let mut ttl = 1;
            while ttl <= self.last_hop() {
                // A probe that can't be sent stands in the record.
                let _ = self.send(ttl, attempt);
                if self.options.protocol != Protocol::Tcp {
                    self.run.pause(self.pace);
                }
                ttl += 1;
            }
        }
    }

    fn wait_for_the_rest(&mut self) {
        loop {
            let last = self.last_hop_that_matters();
            let missing = self.run.records.iter().filter(|r| r.ttl <= last && r.reply.is_none() && r.error.is_none());
            let until = missing.map(|record| Duration::from_micros(record.sent_us) + self.patience(record)).max();
            match until {
                Some(until) if until > self.run.now() => self.run.listen(until),
                _ => return,
            };
        }
    }

    /// How long to wait for the answer to a probe.
    fn patience(&self, record: &ProbeRecord) -> Duration {
        let slowest = self.run.records.iter().filter_map(ProbeRecord::rtt_us).max().unwrap_or(0);
        let slow = Duration::from_micros(slowest) * SLOWER;
        match (end(&self.run.records), record.attempt) {
            (Some(_), _) => slow.max(SHORTEST).min(self.options.limit.max(Duration::from_micros(slowest))),
            (None, 0) => slow.max(self.options.limit),
            (None, _) => slow.max(SHORTEST_UNKNOWN.min(self.options.limit)),
        }
    }

    /// The last hop that is asked more than once.
    fn last_hop(&self) -> u8 {
        let records = &self.run.records;
        let asked = records.iter().map(|record| record.ttl).max().unwrap_or(0);
        end(records).unwrap_or_else(|| farthest_answer(records).saturating_add(BEHIND).min(asked))
    }

    fn last_hop_that_matters(&self) -> u8 {
        end(&self.run.records).unwrap_or(u8::MAX)
    }

    fn send(&mut self, ttl: u8, attempt: u8) -> Result<(), SendError> {
        let flow = match (self.shared, attempt == 0 || self.options.one_flow) {
            (true, true) => 0,
            _ => 1 + u16::from(attempt) * u16::from(PathOptions::FARTHEST) + u16::from(ttl),
        };
        // Firewalls that let traceroute through know its hundred ports.
        let port =
            if self.options.protocol == Protocol::Udp { self.options.port + flow % 100 } else { self.options.port };
        let sent = self.run.send(&Send { ttl, attempt: attempt.into(), flow, size: None, port });
        if self.options.protocol == Protocol::Tcp {
            self.run.pause(self.pace);
        }
        sent
    }

    /// One probe that fails is a line in the record; a few without one that left are an answer.
    fn only_if_none_was_sent(&self, sent: Result<(), SendError>) -> Result<(), SendError> {
        const ENOUGH: usize = 3;
        let Err(error) = sent else { return Ok(()) };
        let records = &self.run.records;
        let hopeless = !matches!(error, SendError::Other(_)) || records.len() >= ENOUGH;
        if hopeless && records.iter().all(|record| record.error.is_some()) { Err(error) } else { Ok(()) }
    }
}

/// The nearest hop at which the path ended.
pub(super) fn end(records: &[ProbeRecord]) -> Option<u8> {
    let ends = |record: &&ProbeRecord| record.reply.as_ref().is_some_and(|reply| reply.meaning.is_the_end());
    records.iter().filter(ends).map(|record| record.ttl).min()
}

/// The nearest hop at which the destination answered.
pub(super) fn arrival(records: &[ProbeRecord]) -> Option<u8> {
    let arrived = |r: &&ProbeRecord| r.reply.as_ref().is_some_and(|reply| reply.meaning == Meaning::Arrived);
    records.iter().filter(arrived).map(|record| record.ttl).min()
}

fn farthest_answer(records: &[ProbeRecord]) -> u8 {
    records.iter().filter(|record| record.reply.is_some()).map(|record| record.ttl).max().unwrap_or(0)
}
