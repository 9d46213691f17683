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
    let left = |network: &dyn Network| until.saturating_sub(network.now());
    let mut path = PathTo { to, source: network.source(to).ok(), traces: Vec::new(), mtu: None, loss: None };
    let mut series = 0;
    if wishes.hops {
        for protocol in protocols(destination, wishes, to, network) {
            let mut options = PathOptions::new(protocol);
            options.one_flow = wishes.one_flow;
            if protocol == sockets::Protocol::Tcp {
                options.port = destination.port;
            }
            options.limit = options.limit.min(left(network) / 2);
            let trace = one_trace(to, &options, series, network);
            let is_enough = matches!(trace.stop, Stop::Arrived | Stop::NotSent);
            path.traces.push(trace);
            series += 1;
            if is_enough || left(network) < options.limit * 2 {
                break;
            }
        }
    }
    let nothing_leaves = path.traces.iter().any(|trace| trace.error == Some(NotSent::NoRoute));
    let asks = [sockets::Protocol::Udp, sockets::Protocol::Icmp];
    let Some(protocol) = asks.into_iter().find(|protocol| network.supports(*protocol, to).is_ok()) else { return path };
    if nothing_leaves {
        return path;
    }
    let rtt = time_to_destination(&path.traces);
    if wishes.mtu && left(network) >= FOR_MTU {
        path.mtu = Some(mtu::measure(network, to, protocol, rtt, series));
        series += 1;
    }
    if wishes.loss && left(network) >= FOR_LOSS {
        let rtt = rtt.unwrap_or(Duration::from_millis(300));
        path.loss = Some(loss::measure(network, to, protocol, rtt, series));
    }
    path
}

/// One trace of one kind.
#[must_use]
pub fn one_trace(to: IpAddr, options: &PathOptions, series: u32, network: &mut dyn Network) -> Trace {
    let one_flow_first = network.shares_flows(options.protocol);
    let supported = network.supports(options.protocol, to);
    let mut run = Run::new(network, to, options.protocol, series);
    let error = supported.and_then(|()| trace::trace(&mut run, options)).err();
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

/// Which kinds of trace are made, one after the other until one arrives.
fn protocols(
    destination: &Destination,
    wishes: &PathWishes,
    to: IpAddr,
    network: &mut dyn Network,
) -> Vec<sockets::Protocol> {
    use sockets::Protocol::{Icmp, Tcp, Udp};
    if let Some(protocol) = wishes.protocol {
        return vec![protocol];
    }
    let order = if destination.takes_connections { [Tcp, Udp, Icmp] } else { [Udp, Icmp, Tcp] };
    let mut possible: Vec<_> = order.into_iter().filter(|protocol| network.supports(*protocol, to).is_ok()).collect();
    if !destination.takes_connections {
        possible.retain(|protocol| *protocol != Tcp);
    }
    possible.truncate(2); // two ways that fail are enough to say so
    if possible.is_empty() { vec![order[0]] } else { possible } // which then says why not
}

/// The middle of the times that the destination answered in.
fn time_to_destination(traces: &[Trace]) -> Option<Duration> {
    let arrived = |probe: &&ProbeRecord| probe.reply.as_ref().is_some_and(|reply| reply.meaning == Meaning::Arrived);
    let probes = traces.iter().flat_map(|trace| &trace.probes);
    let mut times: Vec<u64> = probes.filter(arrived).filter_map(ProbeRecord::rtt_us).collect();
    times.sort_unstable();
    times.get(times.len() / 2).map(|time| Duration::from_micros(*time))
}
