//! Probes that are out, and the answers as they come back to them: what trace, path MTU and loss have in common.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::meaning::{meaning, not_sent};
use super::report::{ProbeRecord, Reply};
use crate::platform::sockets::{Answer, AnswerKind, Network, Probe, Protocol, SendError};

/// One series of probes to one destination.
pub(super) struct Run<'n> {
    network: &'n mut dyn Network,
    to: IpAddr,
    protocol: Protocol,
    /// When the series began, on the network's clock.
    began: Duration,
    /// The number of the first probe; so that a late answer to an earlier series is not taken for one to this.
    first_id: u32,
    /// The record so far.
    pub records: Vec<ProbeRecord>,
    /// Answers that quote too little to say which probe of their flow they belong to.
    pub unclear: Vec<Answer>,
    heard: Vec<Answer>,
}

/// What is new about a probe that is sent.
pub(super) struct Send {
    pub ttl: u8,
    pub attempt: u16,
    pub flow: u16,
    pub size: Option<u16>,
    pub port: u16,
}

/// More unclear answers than a series has probes come from somebody who floods us.
const MOST_UNCLEAR: usize = 300;

/// The time to live of probes that are to arrive.
pub(super) const FAR: u8 = 64;

impl<'n> Run<'n> {
    /// `series` counts the series on this network.
    pub fn new(network: &'n mut dyn Network, to: IpAddr, protocol: Protocol, series: u32) -> Self {
        let (began, first_id) = (network.now(), series << 16);
        Self { network, to, protocol, began, first_id, records: Vec::new(), unclear: Vec::new(), heard: Vec::new() }
    }

    /// The time since the series began.
    pub fn now(&self) -> Duration {
        self.network.now().saturating_sub(self.began)
    }

    pub fn network(&mut self) -> &mut dyn Network {
        self.network
    }

    /// Sends one probe. What can't be sent stands in the record as well.
    pub fn send(&mut self, send: &Send) -> Result<(), SendError> {
        let id = self.first_id + u32::try_from(self.records.len()).expect("a series has a few hundred probes");
        let probe = Probe {
            id,
            to: SocketAddr::new(self.to, send.port),
            protocol: self.protocol,
            ttl: send.ttl,
            flow: send.flow,
            size: send.size.unwrap_or(0),
        };
        let sent = self.network.send(&probe);
        let at = sent.as_ref().map_or_else(|_| self.now(), |at| at.saturating_sub(self.began));
        self.records.push(ProbeRecord {
            ttl: send.ttl,
            attempt: send.attempt,
            flow: send.flow,
            size: send.size,
            sent_us: micros(at),
            reply: None,
            error: sent.as_ref().err().map(not_sent),
        });
        sent.map(drop)
    }

    /// Listens until something comes, or until `until`. Whether it was news: a first answer to a probe.
    pub fn listen(&mut self, until: Duration) -> bool {
        let mut heard = std::mem::take(&mut self.heard);
        self.network.wait(self.began + until, &mut heard);
        let mut news = false;
        for answer in heard.drain(..) {
            news |= self.take(answer);
        }
        self.heard = heard;
        news
    }

    /// Listens for a time, whatever comes.
    pub fn pause(&mut self, time: Duration) {
        let until = self.now() + time;
        while self.now() < until {
            self.listen(until);
        }
    }

    /// Ends the series: late answers are not waited for. What is left is the record.
    pub fn finish(self) -> Vec<ProbeRecord> {
        for record in &self.records {
            self.network.close(record.flow);
        }
        self.records
    }

    /// Gives each unclear answer to the oldest probe of its flow that has none: right where all go to one place, one
    /// after the other.
    pub fn assign_by_order(&mut self) {
        let mut unclear: VecDeque<Answer> = std::mem::take(&mut self.unclear).into();
        while let Some(answer) = unclear.pop_front() {
            let at = micros(answer.at.saturating_sub(self.began));
            let waiting = |record: &&mut ProbeRecord| {
                record.flow == answer.flow && record.reply.is_none() && record.error.is_none() && record.sent_us <= at
            };
            if let Some(record) = self.records.iter_mut().find(waiting) {
                record.reply = Some(reply(&answer, self.to, at.saturating_sub(record.sent_us), true));
            }
        }
    }

    /// Gives an unclear answer to the probe of its flow at the hop where the same sender, and it alone, answered another
    /// flow.
    pub fn assign_by_sender(&mut self) {
        for answer in std::mem::take(&mut self.unclear) {
            let at = micros(answer.at.saturating_sub(self.began));
            let mut hops: Vec<u8> = self.records.iter().filter(|r| answered_by(r, &answer)).map(|r| r.ttl).collect();
            hops.dedup();
            let [ttl] = hops[..] else { continue };
            let is_it = |record: &&mut ProbeRecord| {
                (record.ttl, record.flow) == (ttl, answer.flow) && record.reply.is_none() && record.sent_us <= at
            };
            if let Some(record) = self.records.iter_mut().find(is_it) {
                record.reply = Some(reply(&answer, self.to, at - record.sent_us, true));
            }
        }
    }

    fn take(&mut self, answer: Answer) -> bool {
        let Some(id) = answer.id else {
            let room = self.unclear.len() < MOST_UNCLEAR;
            if room {
                self.unclear.push(answer);
            }
            return room;
        };
        let index = id.checked_sub(self.first_id).and_then(|index| usize::try_from(index).ok());
        let Some(record) = index.and_then(|index| self.records.get_mut(index)) else { return false };
        let is_first = record.reply.is_none() && record.flow == answer.flow;
        if is_first {
            let rtt = micros(answer.at.saturating_sub(self.began)).saturating_sub(record.sent_us);
            record.reply = Some(reply(&answer, self.to, rtt, false));
        }
        is_first
    }
}

fn answered_by(record: &ProbeRecord, answer: &Answer) -> bool {
    let reply = record.reply.as_ref().filter(|reply| !reply.inferred);
    record.flow != answer.flow && answer.from.is_some() && reply.is_some_and(|reply| reply.from == answer.from)
}

fn reply(answer: &Answer, to: IpAddr, rtt_us: u64, inferred: bool) -> Reply {
    let (icmp, mtu) = match answer.kind {
        AnswerKind::Icmp { kind, code, mtu } => (Some([kind, code]), mtu),
        _ => (None, None),
    };
    let meaning = meaning(answer, to);
    Reply { from: answer.from, rtt_us, meaning, reply_ttl: answer.reply_ttl, icmp, mtu, inferred }
}

/// A time in microseconds.
pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
