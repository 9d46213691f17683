//! The record of a trace: every probe and what came of it. All else is derived from that.

use std::net::IpAddr;

use serde::Serialize;

use crate::platform::sockets;

/// What was learned about the paths to one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PathReport {
    /// One entry an address that was asked: the first of each family.
    pub paths: Vec<PathTo>,
}

/// What was learned about the path to one address. What was not asked for is `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PathTo {
    /// The destination.
    #[cfg_attr(test, schemars(with = "String"))]
    pub to: IpAddr,
    /// The address that packets to there leave from.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub source: Option<IpAddr>,
    /// The traces, in the order in which they were made. One that did not arrive is followed by one of another kind.
    pub traces: Vec<Trace>,
    /// The largest packet that passes.
    pub mtu: Option<MtuReport>,
    /// How many packets are lost.
    pub loss: Option<LossReport>,
}

/// One trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Trace {
    /// How the probes travelled.
    pub protocol: Protocol,
    /// The port of the service, or the first of those that nobody listens on.
    pub port: Option<u16>,
    /// Whether all first tries took one flow, and thus one path. Where not, each probe is a flow of its own.
    pub one_flow_first: bool,
    /// How it ended.
    pub stop: Stop,
    /// Why nothing could be sent.
    pub error: Option<NotSent>,
    /// The same in words.
    pub reason: Option<String>,
    /// The number of hops to the destination, if it answered.
    pub arrived_ttl: Option<u8>,
    /// How long the trace took, in microseconds.
    pub took_us: u64,
    /// The hops, derived from the probes.
    pub hops: Vec<Hop>,
    /// Every probe of the trace, in the order of sending.
    pub probes: Vec<ProbeRecord>,
}

/// What is known of one hop of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hop {
    /// How many hops away it is.
    pub ttl: u8,
    /// Probes that were sent to it.
    pub sent: u32,
    /// Answers to them.
    pub answered: u32,
    /// Who answered, in the order in which they were first heard. Several are parallel paths.
    pub routers: Vec<Router>,
}

/// One of those that answered at a hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Router {
    /// Its address, if the system tells.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub address: Option<IpAddr>,
    /// What its answers meant.
    pub meaning: Meaning,
    /// How many answers.
    pub answered: u32,
    /// The shortest, middle and longest time to an answer, in microseconds.
    pub rtt_us: [u64; 3],
    /// How many hops its answers came back through, as far as their time to live tells.
    pub hops_back: Option<u8>,
}

/// How probes travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Datagrams to ports where probably nobody listens.
    Udp,
    /// First packets of connections.
    Tcp,
    /// Echo requests.
    Icmp,
}

/// How a trace ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The destination answered.
    Arrived,
    /// Somebody on the way said that it goes no further.
    Refused,
    /// Nobody answered any more, and the time was over.
    GaveUp,
    /// Nothing could be sent.
    NotSent,
}

/// Why a probe did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotSent {
    /// This machine has no route to there.
    NoRoute,
    /// This machine does not permit it.
    NotPermitted,
    /// The packet is larger than the first link takes.
    TooBig,
    /// This system can't do it.
    NotSupported,
    /// Another fault of this machine.
    Failed,
}

/// One probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeRecord {
    /// How many hops it might live.
    pub ttl: u8,
    /// Which try of this hop, from 0.
    pub attempt: u16,
    /// Which flow.
    pub flow: u16,
    /// Bytes of the whole packet, where that matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u16>,
    /// When it was sent, in microseconds since the trace began.
    pub sent_us: u64,
    /// What came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// Why it was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<NotSent>,
}

/// What came back for a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reply {
    /// Who answered, if the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub from: Option<IpAddr>,
    /// Time from sending to answer, in microseconds.
    pub rtt_us: u64,
    /// What it means.
    pub meaning: Meaning,
    /// What the answer's own time to live had left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_ttl: Option<u8>,
    /// Type and code of an ICMP or ICMPv6 message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp: Option<[u8; 2]>,
    /// What the next link takes, in bytes, if the message says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// The answer quoted too little of the probe; it was assigned by its sender or its order.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inferred: bool,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// A router on the way: the probe's time was over there.
    Hop,
    /// The destination.
    Arrived,
    /// Somebody else answered as only the destination should.
    InItsName,
    /// It can't be reached, somebody says.
    Unreachable,
    /// It must not be reached, somebody says.
    Prohibited,
    /// Too big for the next link.
    TooBig,
    /// Anything else.
    Other,
}

/// What is known of the largest packet that passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MtuReport {
    /// How the probes travelled.
    pub protocol: Protocol,
    /// What was found.
    pub verdict: MtuVerdict,
    /// The largest packet that was answered, in bytes with the IP header.
    pub passes: Option<u16>,
    /// The smallest packet that surely does not pass.
    pub fails: Option<u16>,
    /// Who said what the next link takes.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub told_by: Option<IpAddr>,
    /// What they said, in bytes.
    pub told: Option<u16>,
    /// Every probe of this measurement.
    pub probes: Vec<ProbeRecord>,
}

/// The cases of a path MTU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MtuVerdict {
    /// Packets of 1500 bytes pass, or as many as this machine's own link takes.
    Full,
    /// Less passes, and the path says so: systems adapt to it.
    Told,
    /// Larger packets vanish without a word: connections hang.
    BlackHole,
    /// Not to be known: the destination does not answer, or not often enough.
    Unknown,
}

/// How many packets to the destination, or their answers, were lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LossReport {
    /// How the probes travelled.
    pub protocol: Protocol,
    /// Whether it could be measured.
    pub verdict: LossVerdict,
    /// Probes that were sent.
    pub sent: u32,
    /// Probes that were answered.
    pub answered: u32,
    /// Loss in percent.
    pub percent: f64,
    /// The true loss is between these, in percent, with 95 % certainty (Wilson's interval).
    pub between: [f64; 2],
    /// Every probe of this measurement.
    pub probes: Vec<ProbeRecord>,
}

/// Whether loss could be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LossVerdict {
    /// The figures tell the loss.
    Measured,
    /// The destination answers only so many a second: what is missing was not lost.
    AnswersLimited,
    /// The destination does not answer such probes.
    Silent,
}

impl From<sockets::Protocol> for Protocol {
    fn from(protocol: sockets::Protocol) -> Self {
        match protocol {
            sockets::Protocol::Udp => Self::Udp,
            sockets::Protocol::Tcp => Self::Tcp,
            sockets::Protocol::Icmp => Self::Icmp,
        }
    }
}

impl Protocol {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Icmp => "ICMP",
        }
    }
}

impl ProbeRecord {
    /// Time to the answer, if there was one.
    #[must_use]
    pub fn rtt_us(&self) -> Option<u64> {
        self.reply.as_ref().map(|reply| reply.rtt_us)
    }
}

impl Meaning {
    /// Whether no answer can come from farther along the path.
    #[must_use]
    pub fn is_the_end(self) -> bool {
        matches!(self, Self::Arrived | Self::InItsName | Self::Unreachable | Self::Prohibited)
    }
}
