//! Where the packets go, where they stop, how large they may be, and how many are lost. Pure strategy over the small
//! [`Network`]; a simulated one is as good.
//!
//! - `trace`: which probe when; `mtu`, `loss`: the same for packet sizes and lost packets;
//! - `run`: what is out and what came back; `meaning`: what an answer means;
//! - `report`: the record of every probe; `hops`: what it comes to;
//! - `diagnosis`: what it says, in sentences; `atlas`: the record as RIPE Atlas writes it.

mod atlas;
mod diagnosis;
mod hops;
mod loss;
mod meaning;
mod mtu;
mod options;
mod report;
mod run;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod simulation_tests;
mod trace;

use std::net::IpAddr;
use std::time::{Duration, Instant};

pub use atlas::atlas;
pub use diagnosis::findings;
pub use options::PathOptions;
pub use report::{
    Hop, LossReport, LossVerdict, Meaning, MtuReport, MtuVerdict, NotSent, PathReport, PathTo, ProbeRecord, Protocol,
    Reply, Router, Stop, Trace,
};

use self::meaning::not_sent;
use self::run::{Run, micros};
use crate::platform::sockets::{self, Network, SendError};

/// Where packets are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The addresses that the name stands for; the first of each family is asked.
    pub addresses: Vec<IpAddr>,
    /// The service's port.
    pub port: u16,
    /// Whether the service takes connections, so that TCP goes where its users go.
    pub takes_connections: bool,
}

/// What is wanted of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathWishes {
    /// The hops.
    pub hops: bool,
    /// The largest packet.
    pub mtu: bool,
    /// The loss at the destination.
    pub loss: bool,
    /// How to trace; `None`: as suits the service, and another way if that does not arrive.
    pub protocol: Option<sockets::Protocol>,
    /// Keep to one flow.
    pub one_flow: bool,
}

/// The time that is kept for a measurement; less is not begun with.
const FOR_MTU: Duration = Duration::from_secs(2);
const FOR_LOSS: Duration = Duration::from_secs(4);

/// Asks about the paths until `until` at the latest, one address of each family side by side, with the network of this
/// machine.
#[must_use]
pub fn trace(destination: &Destination, wishes: &PathWishes, until: Instant) -> PathReport {
    let first = |v4: bool| destination.addresses.iter().copied().find(|address| address.is_ipv4() == v4);
    let asked: Vec<IpAddr> = [first(true), first(false)].into_iter().flatten().collect();
    let ask = |to: IpAddr| {
        let mut network = sockets::network();
        let time = until.saturating_duration_since(Instant::now());
        path_to(to, destination, wishes, time, network.as_mut())
    };
    let paths = std::thread::scope(|scope| {
        let threads: Vec<_> = asked.iter().map(|to| scope.spawn(|| ask(*to))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    PathReport { paths }
}

/// All that is wanted of the path to one address, in `time`.
#[must_use]
pub fn path_to(
    to: IpAddr,
    destination: &Destination,
    wishes: &PathWishes,
    time: Duration,
    network: &mut dyn Network,
) -> PathTo {
    let until = network.now() + time;
    let mut asking = Asking { to, destination, wishes, until, network, series: 0 };
    let mut path = PathTo { to, source: asking.network.source(to).ok(), traces: Vec::new(), mtu: None, loss: None };
    if wishes.hops {
        path.traces = asking.traces();
    }
    if path.traces.last().is_some_and(|trace| trace.stop != Stop::Arrived) {
        return path; // nothing that is sent there tells anything more
    }
    let ways = [sockets::Protocol::Udp, sockets::Protocol::Icmp];
    let Some(way) = ways.into_iter().find(|way| asking.network.supports(*way, to).is_ok()) else { return path };
    let rtt = time_to_destination(&path.traces);
    if wishes.mtu && asking.left() >= FOR_MTU {
        let answers = path.traces.iter().any(|trace| trace.stop == Stop::Arrived && trace.protocol == way.into());
        asking.series += 1;
        path.mtu = Some(mtu::measure(asking.network, to, way, rtt, answers, asking.series));
    }
    if wishes.loss && asking.left() >= FOR_LOSS {
        let rtt = rtt.unwrap_or(Duration::from_millis(300));
        asking.series += 1;
        path.loss = Some(loss::measure(asking.network, to, way, rtt, asking.series));
    }
    path
}

/// One address, while it is asked.
struct Asking<'a> {
    to: IpAddr,
    destination: &'a Destination,
    wishes: &'a PathWishes,
    until: Duration,
    network: &'a mut dyn Network,
    /// How many series of probes there were.
    series: u32,
}

impl Asking<'_> {
    fn left(&self) -> Duration {
        self.until.saturating_sub(self.network.now())
    }

    /// A trace of the first kind that is possible. If it ends in silence or is forbidden, one of another kind, provided
    /// that anybody answers that at all.
    fn traces(&mut self) -> Vec<Trace> {
        let mut ways = self.ways().into_iter();
        let Some(first) = ways.next() else { return Vec::new() };
        let trace = self.trace(first, None);
        let settled = match trace.stop {
            Stop::Arrived | Stop::NotSent => true,
            Stop::Refused => !trace.probes.iter().any(|probe| is(probe, Meaning::Prohibited)),
            Stop::GaveUp => false,
        };
        let second = ways.next().filter(|_| !settled && self.left() > Duration::from_secs(2));
        let Some(second) = second else { return vec![trace] };
        let slowest = trace.probes.iter().filter_map(ProbeRecord::rtt_us).max().unwrap_or(0);
        let knock = self.trace(second, Some(Duration::from_micros(slowest)));
        let second = if knock.stop == Stop::GaveUp { knock } else { self.trace(second, None) };
        vec![trace, second]
    }

    /// `knock`: only a few probes that go as far as they can; the slowest answer so far says how long to wait.
    fn trace(&mut self, protocol: sockets::Protocol, knock: Option<Duration>) -> Trace {
        let mut options = PathOptions::new(protocol);
        options.one_flow = self.wishes.one_flow;
        if protocol == sockets::Protocol::Tcp {
            options.port = self.destination.port;
        }
        options.limit = options.limit.min(self.left() / 2);
        self.series += 1;
        record(self.to, &options, self.series, self.network, knock)
    }

    /// Which kinds of trace are made, the best first.
    fn ways(&mut self) -> Vec<sockets::Protocol> {
        use sockets::Protocol::{Icmp, Tcp, Udp};
        if let Some(protocol) = self.wishes.protocol {
            return vec![protocol];
        }
        let order: &[_] = if self.destination.takes_connections { &[Tcp, Udp, Icmp] } else { &[Udp, Icmp] };
        let possible: Vec<_> =
            order.iter().copied().filter(|way| self.network.supports(*way, self.to).is_ok()).collect();
        if possible.is_empty() { vec![order[0]] } else { possible } // which then says why not
    }
}

fn is(probe: &ProbeRecord, meaning: Meaning) -> bool {
    probe.reply.as_ref().is_some_and(|reply| reply.meaning == meaning)
}

/// One trace of one kind, whatever comes of it.
#[must_use]
pub fn one_trace(to: IpAddr, options: &PathOptions, series: u32, network: &mut dyn Network) -> Trace {
    record(to, options, series, network, None)
}

fn record(to: IpAddr, options: &PathOptions, series: u32, network: &mut dyn Network, knock: Option<Duration>) -> Trace {
    let one_flow_first = network.shares_flows(options.protocol);
    let supported = network.supports(options.protocol, to);
    let mut run = Run::new(network, to, options.protocol, series);
    let send = |()| match knock {
        Some(slowest) => trace::knock(&mut run, options, slowest),
        None => trace::trace(&mut run, options),
    };
    let error = supported.and_then(send).err();
    let took = run.now();
    let probes = run.finish();
    let arrived_ttl = trace::arrival(&probes);
    let stop = match (&error, arrived_ttl, trace::end(&probes)) {
        (Some(_), ..) => Stop::NotSent,
        (None, Some(_), _) => Stop::Arrived,
        (None, None, Some(_)) => Stop::Refused,
        (None, None, None) => Stop::GaveUp,
    };
    Trace {
        protocol: options.protocol.into(),
        port: (options.protocol != sockets::Protocol::Icmp).then_some(options.port),
        one_flow_first,
        stop,
        error: error.as_ref().map(not_sent),
        reason: error.as_ref().map(SendError::to_string),
        arrived_ttl,
        took_us: micros(took),
        hops: hops::hops(&probes),
        probes,
    }
}

/// The middle of the times that the destination answered in.
fn time_to_destination(traces: &[Trace]) -> Option<Duration> {
    let probes = traces.iter().flat_map(|trace| &trace.probes);
    let mut times: Vec<u64> =
        probes.filter(|probe| is(probe, Meaning::Arrived)).filter_map(ProbeRecord::rtt_us).collect();
    times.sort_unstable();
    times.get(times.len() / 2).map(|time| Duration::from_micros(*time))
}
