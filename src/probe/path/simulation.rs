//! A network that exists only in a file, for tests of the strategy: known truth, no sockets, no waiting. The files are
//! in `fixtures/networks/`; their keys are the fields here.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use super::report::{MtuVerdict, Stop};
use crate::platform::sockets::{Answer, AnswerKind, Network, Probe, Protocol, SendError};

/// A file: a path with its faults, and what is to be found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixture {
    /// What it is about.
    #[expect(dead_code, reason = "for the reader of the file")]
    pub about: String,
    pub to: IpAddr,
    /// Whether the target is a service that takes connections.
    #[serde(default)]
    pub service: bool,
    pub source: IpAddr,
    /// Nothing leaves the machine: `no route` or `not permitted`.
    pub cannot_send: Option<String>,
    #[serde(default)]
    pub hops: Vec<HopText>,
    pub destination: DestinationText,
    pub expect: Expectation,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HopText {
    /// Several are parallel; the flow decides.
    pub from: Vec<IpAddr>,
    /// To here and back.
    pub rtt_ms: u64,
    pub silent: bool,
    /// So many answers at once, then so many a second.
    pub limit: Option<[f64; 2]>,
    /// Quotes only 8 bytes of what it answers.
    pub quotes_little: bool,
    /// What is lost on the link behind it, 0 to 1.
    pub loss: f64,
    /// Larger packets do not go on, and it says so.
    pub says_over: Option<u16>,
    /// Larger packets do not go on.
    pub drops_over: Option<u16>,
    /// Nothing goes on, and it says so: `unreachable`, `prohibited`, or `closed` in the destination's name.
    pub refuses: Option<String>,
    /// Nothing of this protocol goes on.
    pub drops: Option<String>,
    /// All that is left goes round between this and the hop before.
    pub loops: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DestinationText {
    pub rtt_ms: u64,
    /// `udp`, `tcp`, `icmp`.
    pub answers: Vec<String>,
    pub limit: Option<[f64; 2]>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    /// Of the last trace.
    pub stop: Stop,
    pub hops: Option<u8>,
    /// Codes of severity problem or notice, all of them.
    pub findings: Vec<String>,
    /// Codes of severity fine that are among the findings.
    #[serde(default)]
    pub fine: Vec<String>,
    pub mtu: Option<u16>,
    pub mtu_verdict: Option<String>,
    /// The trace is over after so long.
    pub within_ms: u64,
    /// Probes that reach the destination in one trace.
    pub at_most_at_the_destination: Option<usize>,
}

impl Expectation {
    pub fn verdict(&self) -> Option<MtuVerdict> {
        Some(match self.mtu_verdict.as_deref()? {
            "full" => MtuVerdict::Full,
            "told" => MtuVerdict::Told,
            "black hole" => MtuVerdict::BlackHole,
            "unknown" => MtuVerdict::Unknown,
            other => panic!("no verdict is called {other}"),
        })
    }
}

/// The path of a [`Fixture`] as a network with a clock of its own.
pub(super) struct Simulation {
    fixture: Fixture,
    now: Duration,
    random: u64,
    coming: Vec<Answer>,
    /// Tokens of each hop's limit, and when they were counted.
    tokens: BTreeMap<usize, (f64, Duration)>,
    /// Probes that reached the destination.
    pub arrived: usize,
}

impl Simulation {
    pub fn new(fixture: &Fixture, seed: u64) -> Self {
        let random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let (fixture, coming) = (fixture.clone(), Vec::new());
        Self { fixture, now: Duration::ZERO, random, coming, tokens: BTreeMap::new(), arrived: 0 }
    }

    fn chance(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn may_answer(&mut self, place: usize, limit: Option<[f64; 2]>) -> bool {
        let Some([at_once, per_second]) = limit else { return true };
        let (tokens, counted) = self.tokens.get(&place).copied().unwrap_or((at_once, self.now));
        let tokens = (tokens + (self.now - counted).as_secs_f64() * per_second).min(at_once);
        let may = tokens >= 1.0;
        self.tokens.insert(place, (if may { tokens - 1.0 } else { tokens }, self.now));
        may
    }

    fn answer(
        &mut self,
        probe: &Probe,
        rtt_ms: u64,
        from: IpAddr,
        hops_back: usize,
        kind: AnswerKind,
        id: Option<u32>,
    ) {
        let jitter = Duration::from_micros((self.chance() * 300.0) as u64);
        let at = self.now + Duration::from_millis(rtt_ms) + jitter;
        let reply_ttl = u8::try_from(65 - hops_back).ok();
        let id = if probe.protocol == Protocol::Tcp { Some(probe.id) } else { id };
        self.coming.push(Answer { id, flow: probe.flow, at, from: Some(from), reply_ttl, kind });
    }

    /// Lets the probe travel.
    fn travel(&mut self, probe: &Probe) {
        let hops = self.fixture.hops.clone();
        let (v4, word) = (probe.to.is_ipv4(), word(probe.protocol));
        let icmp = |v4_code: (u8, u8), v6_code: (u8, u8), mtu| {
            let (kind, code) = if v4 { v4_code } else { v6_code };
            AnswerKind::Icmp { kind, code, mtu }
        };
        let last = usize::from(probe.ttl);
        for (at, hop) in hops.iter().enumerate() {
            let distance = at + 1;
            let Some(from) = hop.from.get(arm(probe.flow, hop.from.len())).copied() else { continue };
            // A flow with one probe needs no quotation.
            let id = (!hop.quotes_little || probe.flow != 0).then_some(probe.id);
            // A router looks the route up before it looks at the time to live.
            if let Some(how) = &hop.refuses {
                let kind = match how.as_str() {
                    "unreachable" => icmp((3, 1), (1, 3), None),
                    "prohibited" => icmp((3, 13), (1, 1), None),
                    _ => icmp((3, 3), (1, 4), None),
                };
                if !hop.silent && self.may_answer(at, hop.limit) {
                    self.answer(probe, hop.rtt_ms, from, distance, kind, id);
                }
                return;
            }
            if hop.drops.as_deref().is_some_and(|drops| drops == word || drops == "all") {
                return;
            }
            // In a loop every second hop is the one before.
            let looping = hop.loops && last >= distance;
            let back = if looping && (last - distance) % 2 == 1 { at - 1 } else { at };
            if distance == last || looping {
                let who = &hops[back];
                let from = if back == at { from } else { who.from[0] };
                if !who.silent && self.may_answer(back, who.limit) {
                    self.answer(probe, who.rtt_ms, from, back + 1, icmp((11, 0), (3, 0), None), id);
                }
                return;
            }
            if let Some(mtu) = hop.says_over.filter(|mtu| probe.size > *mtu) {
                if !hop.silent && self.may_answer(at, hop.limit) {
                    self.answer(probe, hop.rtt_ms, from, distance, icmp((3, 4), (2, 0), Some(mtu.into())), id);
                }
                return;
            }
            let lost = self.chance() < hop.loss;
            if lost || hop.drops_over.is_some_and(|most| probe.size > most) {
                return;
            }
        }
        self.arrived += 1;
        let destination = self.fixture.destination.clone();
        if !destination.answers.iter().any(|answers| answers == word) || !self.may_answer(usize::MAX, destination.limit)
        {
            return;
        }
        let kind = match probe.protocol {
            Protocol::Udp => icmp((3, 3), (1, 4), None),
            Protocol::Tcp => AnswerKind::Connected,
            Protocol::Icmp => AnswerKind::Reply,
        };
        self.answer(probe, destination.rtt_ms, probe.to.ip(), hops.len() + 1, kind, Some(probe.id));
    }
}

/// Which of parallel routers a flow takes.
fn arm(flow: u16, routers: usize) -> usize {
    (usize::from(flow).wrapping_mul(40_503) >> 4) % routers.max(1)
}

fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Udp => "udp",
        Protocol::Tcp => "tcp",
        Protocol::Icmp => "icmp",
    }
}

impl Network for Simulation {
    fn supports(&mut self, protocol: Protocol, _to: IpAddr) -> Result<(), SendError> {
        match protocol {
            Protocol::Icmp => Err(SendError::NotSupported("not simulated")),
            _ => Ok(()),
        }
    }

    fn shares_flows(&self, protocol: Protocol) -> bool {
        protocol != Protocol::Tcp
    }

    fn source(&mut self, _to: IpAddr) -> Result<IpAddr, SendError> {
        match self.fixture.cannot_send.as_deref() {
            Some("no route") => Err(SendError::NoRoute),
            _ => Ok(self.fixture.source),
        }
    }

    fn send(&mut self, probe: &Probe) -> Result<Duration, SendError> {
        match self.fixture.cannot_send.as_deref() {
            Some("no route") => return Err(SendError::NoRoute),
            Some(_) => return Err(SendError::NotPermitted),
            None => self.travel(probe),
        }
        Ok(self.now)
    }

    fn close(&mut self, flow: u16) {
        self.coming.retain(|answer| answer.flow != flow);
    }

    fn wait(&mut self, until: Duration, answers: &mut Vec<Answer>) {
        let next = self.coming.iter().map(|answer| answer.at).min().filter(|next| *next <= until);
        self.now = self.now.max(next.unwrap_or(until));
        let (here, later) = self.coming.drain(..).partition(|answer| answer.at <= self.now);
        (self.coming, _) = (later, answers.extend::<Vec<Answer>>(here));
    }

    fn now(&self) -> Duration {
        self.now
    }
}
